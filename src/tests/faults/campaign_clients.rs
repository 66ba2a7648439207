//! The clients of the crash campaign: each asks for the same actions, confirms them, resolves what is
//! open, and sends everything more than once.

use crate::faults::campaign_checks::ClientClaims;
use crate::faults::campaign_net::{exchange, pass, request};
use crate::faults::fault_disk::Rng;
use crate::kernel_words::CATALOGUE;
use crate::serve::prepared::{ActionStep, candidates};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

/// How often a client sends what is not answered.
const TRIES: usize = 12;

/// One action of a run: all clients ask for the same.
pub struct Plan {
    /// Its id.
    pub id: String,
    step: OnceLock<ActionStep>,
}

/// A request that was sent once and may be sent again for ever.
type Message = (String, String);

impl Plan {
    /// An action under a fresh id; what it is, the first client to come to it chooses.
    pub fn new(rng: &mut Rng) -> Self {
        let bytes = (u128::from(rng.next()) << 64 | u128::from(rng.next())).to_be_bytes();
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string();
        Self { id, step: OnceLock::new() }
    }
}

/// What the clients of one installation have said and were told, over all runs.
#[derive(Default)]
pub struct Talk {
    /// What they were told.
    pub told: Mutex<ClientClaims>,
    sent: Mutex<Vec<Message>>,
}

/// One of the clients.
pub struct CampaignClient<'a> {
    /// What all have said.
    pub talk: &'a Talk,
    /// The session of the operator.
    pub token: &'a str,
    /// The proxy, through which everything goes that changes anything.
    pub proxy: SocketAddr,
    /// The server, for questions.
    pub server: SocketAddr,
    /// Whether the server is gone.
    pub over: &'a AtomicBool,
    /// What decides for it.
    pub rng: Rng,
}

impl CampaignClient<'_> {
    /// Works through the actions of a run, until the server is gone.
    pub fn work(&mut self, plans: &[Plan]) {
        // Some operators look first at what the stop left behind.
        if self.rng.below(3) == 0 && self.resolve_what_is_open().is_none() {
            return;
        }
        for plan in plans {
            if self.act(plan).is_none() {
                return;
            }
        }
    }

    /// Asks for an action and confirms it, all of it more than once. `None` when the run is over.
    fn act(&mut self, plan: &Plan) -> Option<()> {
        let (kind, params) = plan.step.get_or_init(|| self.choose()).clone();
        let body = json!({
            "action_id": plan.id, "kind": kind, "params": params, "reason": "a campaign",
        });
        let (status, asked) = self.insist("/api/v1/actions".to_owned(), &body)?;
        if self.rng.below(2) == 0 {
            self.send_old()?;
        }
        if status > 201 || asked["stage"] != "explained" {
            return self.resolve_what_is_open();
        }
        let about = |step: &str| format!("/api/v1/actions/{}/{step}", plan.id);
        if self.rng.below(40) == 0 {
            self.insist(about("withdraw"), &json!({"reason": "another mind"}))?;
        }
        let body = crate::harness::confirmation(&asked);
        for _ in 0..=self.rng.below(2) {
            self.insist(about("confirm"), &body)?;
        }
        self.send_old()?;
        if self.rng.below(4) == 0 { self.resolve_what_is_open() } else { Some(()) }
    }

    /// An action whose checks pass now, of any kind; any action where none does.
    fn choose(&mut self) -> ActionStep {
        let mut steps: Vec<ActionStep> = CATALOGUE
            .actions()
            .flat_map(|entry| candidates(entry).into_iter().map(|params| (entry.kind, params)))
            .collect();
        for place in (1..steps.len()).rev() {
            let other = usize::try_from(self.rng.below(place as u64 + 1)).expect("an index");
            steps.swap(place, other);
        }
        let passes = |(kind, params): &&ActionStep| {
            let mut path = format!("/api/v1/explain?kind={kind}&reason=a%20campaign");
            for (name, value) in params.as_object().expect("parameters") {
                path.push_str(&format!("&{name}={}", value.as_str().expect("text")));
            }
            let get = request("GET", &path, self.token, "");
            let answer = exchange(self.server, &get).map(|(_, answer)| answer);
            let checks = answer.as_ref().and_then(|a| a["explanation"]["checks"].as_array());
            checks.is_some_and(|checks| checks.iter().all(|check| check["verdict"] == "pass"))
        };
        steps.iter().find(passes).unwrap_or(&steps[0]).clone()
    }

    /// Resolves what a stop left open, where something did.
    fn resolve_what_is_open(&mut self) -> Option<()> {
        let get = request("GET", "/api/v1/overview", self.token, "");
        let (_, overview) = exchange(self.server, &get)?;
        if let Some(id) = overview["in_doubt"]["action_id"].as_str() {
            let why = json!({"reason": "after the stop"});
            self.insist(format!("/api/v1/actions/{id}/resolve"), &why)?;
        }
        Some(())
    }

    /// Sends through the proxy until an answer comes, and notes it.
    fn insist(&mut self, path: String, body: &Value) -> Option<(u16, Value)> {
        let message = (path, body.to_string());
        self.talk.sent.lock().expect("what was sent").push(message.clone());
        (0..TRIES).find_map(|_| self.send(&message))
    }

    /// Sends something that any client sent at any time before.
    fn send_old(&mut self) -> Option<()> {
        let message = {
            let sent = self.talk.sent.lock().expect("what was sent");
            let index = self.rng.below(sent.len() as u64);
            sent[usize::try_from(index).expect("an index")].clone()
        };
        self.send(&message);
        (!self.over.load(Ordering::SeqCst)).then_some(())
    }

    fn send(&mut self, (path, body): &Message) -> Option<(u16, Value)> {
        if self.over.load(Ordering::SeqCst) {
            return None;
        }
        if self.rng.below(4) == 0 {
            pass(self.rng.below(10));
        }
        let bytes = request("POST", path, self.token, body);
        let (status, answer) = exchange(self.proxy, &bytes)?;
        if status < 300 {
            self.talk.told.lock().expect("what was told").note(&answer);
        }
        Some((status, answer))
    }
}
