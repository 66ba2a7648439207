//! The built program over HTTP, judged from outside: what clients were told about a key has one order
//! that explains it all, over kills, pauses, starts and failovers (C1.2, C7.1).
//!
//! The judge is somebody else's. `LINEARIZABLE_ROUNDS` plays more rounds than the few of an ordinary
//! run.

use crate::fault_panel::Rng;
use crate::faults::campaign_net::pass;
use crate::legal_steps::illegal_steps;
use crate::serve::server::{ClientSession, ServerDir, TestServer, agent};
use serde_json::json;
use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester as _, LinearizabilityTester};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const CLIENTS: u32 = 4;
const KEYS: u64 = 3;
/// Operations of one client in one round: with more the search for an order takes too long.
const OPERATIONS: u32 = 16;
const ROUNDS: u32 = 4;
/// Attempts of one client in one round; the server is away for some of them.
const ATTEMPTS_MAX: u32 = 2_000;

type StoredValue = Option<u64>;

/// What a client did, and what it was told; the numbers are moments in one order.
struct ClientOperation {
    key: u64,
    asked: u64,
    did: RegisterOp<StoredValue>,
    told: Option<(u64, RegisterRet<StoredValue>)>,
}

/// Everything that the clients of one round share.
struct Round<'a> {
    number: u32,
    moments: &'a AtomicU64,
    values: &'a AtomicU64,
    data: Mutex<String>,
    history: Mutex<Vec<ClientOperation>>,
}

impl<'a> Round<'a> {
    fn new(
        number: u32,
        server: &TestServer,
        moments: &'a AtomicU64,
        values: &'a AtomicU64,
    ) -> Self {
        let data = Mutex::new(server.data.clone());
        Self { number, moments, values, data, history: Mutex::default() }
    }

    fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::SeqCst)
    }

    /// One client from its first operation to its last. It never sends anything twice.
    fn client(&self, seed: u64) {
        let mut rng = Rng::seeded(seed);
        let mut left = OPERATIONS;
        for _ in 0..ATTEMPTS_MAX {
            if left == 0 {
                return;
            }
            let key = rng.below(KEYS);
            let (did, asked) = match rng.below(5) {
                0 | 1 => (RegisterOp::Read, self.moment()),
                2 => (RegisterOp::Write(None), self.moment()),
                _ => {
                    let value = self.values.fetch_add(1, Ordering::SeqCst);
                    (RegisterOp::Write(Some(value)), self.moment())
                }
            };
            let answer = self.send(key, &did);
            let ended = self.moment();
            let told = match (answer, &did) {
                // Refused: it is proven that nothing was appended. A read without an answer says nothing.
                (ClientResult::Refused, _) | (ClientResult::Lost, RegisterOp::Read) => {
                    pass(20);
                    continue;
                }
                (ClientResult::Lost, _) => None,
                (ClientResult::Done, _) => Some((ended, RegisterRet::WriteOk)),
                (ClientResult::Read(value), _) => Some((ended, RegisterRet::ReadOk(value))),
            };
            left -= 1;
            let operation = ClientOperation { key, asked, did, told };
            self.history.lock().expect("the history").push(operation);
        }
    }

    fn send(&self, key: u64, did: &RegisterOp<StoredValue>) -> ClientResult {
        let data = self.data.lock().expect("an address").clone();
        let url = format!("{data}/kv/r{}-{key}", self.number);
        let answer = match did {
            RegisterOp::Read => agent().get(url).call(),
            RegisterOp::Write(None) => agent().delete(url).call(),
            RegisterOp::Write(Some(value)) => agent().put(url).send(value.to_string()),
        };
        let mut answer = match answer {
            Ok(answer) => answer,
            // Nobody listened, so nothing was sent.
            Err(ureq::Error::Io(e)) if e.kind() == ErrorKind::ConnectionRefused => {
                return ClientResult::Refused;
            }
            Err(_) => return ClientResult::Lost,
        };
        let status = answer.status().as_u16();
        let Ok(body) = answer.body_mut().read_to_string() else { return ClientResult::Lost };
        match (status, did) {
            (200, RegisterOp::Read) => ClientResult::Read(Some(body.parse().expect("a number"))),
            (404, RegisterOp::Read) => ClientResult::Read(None),
            (200..=299, _) => ClientResult::Done,
            (503, _) => ClientResult::Refused,
            _ => ClientResult::Lost,
        }
    }
}

enum ClientResult {
    Done,
    Read(StoredValue),
    /// Nothing was done.
    Refused,
    /// It may have been done.
    Lost,
}

/// Whether what happened to each key can be explained by one order.
fn judge(history: Vec<ClientOperation>) {
    let mut keys: BTreeMap<u64, Vec<ClientOperation>> = BTreeMap::new();
    for operation in history {
        keys.entry(operation.key).or_default().push(operation);
    }
    for (key, operations) in keys {
        let mut moments = BTreeMap::new();
        for (client, operation) in (0_u32..).zip(&operations) {
            moments.insert(operation.asked, (client, None));
            if let Some((ended, ret)) = &operation.told {
                moments.insert(*ended, (client, Some(ret.clone())));
            }
        }
        let mut tester = LinearizabilityTester::new(Register(None));
        for (client, ended) in moments.into_values() {
            let done = match ended {
                None => tester.on_invoke(client, operations[client as usize].did.clone()),
                Some(ret) => tester.on_return(client, ret),
            };
            done.expect("each operation begins and ends once");
        }
        assert!(tester.is_consistent(), "no order explains what clients were told of key {key}");
    }
}

/// Makes some node primary after a start; nobody is before an operator asks.
fn lead(server: &TestServer, session: &ClientSession, number: &mut u64) {
    for node in ["n1", "n2", "n3"] {
        *number += 1;
        let ask = json!({"action_id": format!("00000000-0000-4000-8000-{number:012}"), "kind": "failover", "params": {"to": node},
            "reason": "clients wait"});
        let (_, explained) = server.post(session, "/api/v1/actions", &ask);
        if explained["stage"] == "explained"
            && server.confirm(session, &explained).1["stage"] == "executed"
        {
            return;
        }
    }
    panic!("no node can be made primary");
}

#[test]
fn what_clients_are_told_over_kills_and_pauses_has_one_order() {
    let rounds = std::env::var("LINEARIZABLE_ROUNDS").ok().and_then(|r| r.parse().ok());
    let place = ServerDir::new();
    let mut server = place.start(None);
    let session = server.set_up();
    let (moments, values) = (AtomicU64::new(0), AtomicU64::new(1));
    let (mut operations, mut unknown) = (0, 0);
    let mut rng = Rng::seeded(7);
    let mut used = 0;
    for number in 0..rounds.unwrap_or(ROUNDS) {
        let round = Round::new(number, &server, &moments, &values);
        server = thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let seed = u64::from(number * CLIENTS + client);
                    let round = &round;
                    scope.spawn(move || round.client(seed))
                })
                .collect();
            pass(5 + rng.below(40));
            let next = if number.is_multiple_of(2) {
                server.kill();
                let next = place.start(None);
                lead(&next, &session, &mut used);
                next.data.clone_into(&mut round.data.lock().expect("an address"));
                next
            } else {
                server.signal("-STOP");
                pass(100);
                server.signal("-CONT");
                server
            };
            for client in clients {
                client.join().expect("a client");
            }
            next
        });
        let mut history = round.history.into_inner().expect("the history");
        // A last look at every key: what was acknowledged last is what is there.
        let last = Round::new(number, &server, &moments, &values);
        for key in 0..KEYS {
            let asked = last.moment();
            let ClientResult::Read(value) = last.send(key, &RegisterOp::Read) else {
                panic!("a key cannot be read at the end of round {number}")
            };
            let told = Some((last.moment(), RegisterRet::ReadOk(value)));
            history.push(ClientOperation { key, asked, did: RegisterOp::Read, told });
        }
        operations += history.len();
        unknown += history.iter().filter(|operation| operation.told.is_none()).count();
        judge(history);
    }
    server.kill();
    let ledger = place.data().join("control.sqlite");
    assert_eq!(illegal_steps(&ledger), Vec::<String>::new());
    println!(
        "{operations} operations, {unknown} of them without an answer: one order for each key"
    );
}

#[test]
fn the_judge_finds_a_lost_write_and_a_stale_read() {
    let write = |asked, value| ClientOperation {
        key: 0,
        asked,
        did: RegisterOp::Write(Some(value)),
        told: Some((asked + 1, RegisterRet::WriteOk)),
    };
    let read = |asked, value| ClientOperation {
        key: 0,
        asked,
        did: RegisterOp::Read,
        told: Some((asked + 1, RegisterRet::ReadOk(value))),
    };
    judge(vec![write(0, 1), write(2, 2), read(4, Some(2))]);
    for bad in [vec![write(0, 1), read(2, None)], vec![write(0, 1), write(2, 2), read(4, Some(1))]]
    {
        assert!(std::panic::catch_unwind(|| judge(bad)).is_err());
    }
}
