//! Makes a log as long as it is asked for: the ledger itself appends it, so it verifies.

use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::ledger::note::LogSigner;
use aerodb_control::ledger::{Draft, Ledger};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::actor::{Actor, ActorRole, AuthMethod, CredentialKind};
use aerodb_control::model::ambient::{Clock, Timestamp};
use aerodb_control::model::attestation::Attestations;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::receipt::{LedgerRef, Receipt};
use aerodb_control::model::record::{Delivery, Entry, LearnedBy};
use aerodb_control::model::session::Session;
use aerodb_control::model::text::{ActorName, NodeId, Reason};
use aerodb_control::store::Store;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Records of one append: a transaction as large as this costs next to nothing for being durable.
pub(crate) const BATCH: usize = 1_000;
/// Records of the last append.
const LAST: usize = 400;
/// Records of one action, from the request to a repeated confirmation.
const STORY: u64 = 8;
/// 2026-01-31T09:45:00Z.
const START_MS: i64 = 1_769_852_700_000;
/// One story a second.
const STEP_MS: i64 = 1_000;
/// Different observations and explanations: many actions saw the same.
const SNAPSHOTS: u64 = 2_000;

/// Stands still until it is moved.
#[derive(Default)]
pub(crate) struct BenchClock(AtomicI64);

impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(START_MS + self.0.load(Ordering::SeqCst))
    }

    fn name(&self) -> &'static str {
        "bench"
    }
}

/// A number that looks random and is the same in every run (the finalizer of `SplitMix64`).
pub(crate) fn mix(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The id of the action with this number.
pub(crate) fn action_id(number: u64) -> ActionId {
    let bytes = [mix(number).to_be_bytes(), mix(!number).to_be_bytes()].concat();
    ActionId::from_random(bytes.try_into().unwrap())
}

/// About the time of a record.
pub(crate) fn time_of(seq: u64) -> String {
    let batch = seq / BATCH as u64 * BATCH as u64;
    let millis = START_MS + i64::try_from(batch / STORY).unwrap() * STEP_MS;
    Timestamp::from_millis(millis).to_string()
}

/// A ledger that grows.
pub(crate) struct Generator {
    ledger: Ledger,
    clock: Arc<BenchClock>,
}

impl Generator {
    /// Begins a log with a start and a key.
    pub(crate) async fn new(dir: &Path) -> Self {
        let store = Store::found(dir).unwrap();
        let clock = Arc::new(BenchClock::default());
        let ledger = Ledger::open(&store, clock.clone()).unwrap();
        let signer = LogSigner::new("aerodb/bench/1", &[7; 32]).unwrap();
        let boot = Entry::Boot {
            version: "0".to_owned(),
            cluster: "bench".to_owned(),
            note: "A cluster was founded.".to_owned(),
            interrupted: vec![],
            log_key: Some(signer.public().to_string()),
            settings: None,
            last_run: None,
        };
        let ledger = ledger.signing(signer);
        ledger.append(vec![Draft::new(None, None, boot)]).await.unwrap();
        Self { ledger, clock }
    }

    /// Appends one record of about the usual size, durable when it returns.
    pub(crate) async fn append_one(&self, number: usize) {
        let number = number as u64;
        self.ledger.append(vec![request(number)]).await.unwrap();
    }

    /// Appends stories until there are so many records.
    pub(crate) async fn grow_to(&self, size: u64) {
        let mut size_now = self.ledger.reader().head().unwrap().size;
        let mut number = 0;
        while size_now < size {
            // The last ones by themselves: what is not under a signed head yet has a limit.
            let left = usize::try_from(size - size_now).unwrap();
            let wanted = if left > LAST { (left - LAST).min(BATCH) } else { left };
            self.clock.0.store(i64::try_from(number).unwrap() * STEP_MS, Ordering::SeqCst);
            let mut drafts = Vec::with_capacity(wanted);
            // A story is never cut: an action that stays open would hold up the next one.
            while drafts.len() + 8 <= wanted {
                drafts.extend(story(number));
                number += 1;
            }
            while drafts.len() < wanted && left <= BATCH {
                drafts.push(Draft::new(
                    Some(actor(number)),
                    None,
                    Entry::SignedIn { by: AuthMethod::Password },
                ));
            }
            size_now += drafts.len() as u64;
            self.ledger.append(drafts).await.unwrap();
        }
    }
}

fn actor(number: u64) -> Actor {
    let name = ActorName::parse(&format!("operator-{}", mix(number) % 40)).unwrap();
    Actor { name, role: ActorRole::Operator, via: CredentialKind::Session }
}

fn action(number: u64) -> Action {
    let node = NodeId::parse(&format!("n{}", mix(number) / 7 % 9 + 1)).unwrap();
    match mix(number) % 6 {
        0 => Action::Failover { to: node },
        1 | 2 => Action::Switchover { to: node },
        3 => Action::TakeOffline { node },
        4 => Action::BringOnline { node },
        _ => Action::StopWrites {},
    }
}

fn request(number: u64) -> Draft {
    let words = ["planned", "urgent", "monthly", "repeated"];
    let things = ["disk", "kernel", "memory", "rack", "network", "power", "patch"];
    let word = words[usize::try_from(mix(number) % 4).unwrap()];
    let thing = things[usize::try_from(mix(number) / 4 % 7).unwrap()];
    let reason = format!("{word} work on the {thing} of this node, ticket {}", number % 5_000);
    let reason = Reason::parse(&reason).unwrap();
    let entry = Entry::Requested {
        action: action(number).into(),
        reason,
        attested: Attestations::default(),
    };
    Draft::new(Some(actor(number)), Some(action_id(number)), entry)
}

/// Everything about one action, as a control plane records it.
fn story(number: u64) -> Vec<Draft> {
    let id = action_id(number);
    let seen = mix(number) % SNAPSHOTS;
    let text = |what: &str| -> Vec<u8> {
        let lines = (0..40).map(|line| format!("{what} {seen} {line} {}\n", mix(seen + line)));
        lines.collect::<String>().into_bytes()
    };
    let (explanation, snapshot) = (text("explanation"), text("observation"));
    let (explained, observed) = (Hash::of(&explanation), Hash::of(&snapshot));
    let digest = Hash::of(id.bytes());
    let receipt = Receipt {
        action_id: id,
        action: action(number).into(),
        generation: Some(number),
        position: Some(number * 3),
        executed_at: Timestamp::from_millis(START_MS),
        witness: LedgerRef { seq: number, hash: digest },
        result: format!("It is done in epoch {number}."),
        verification: None,
        duplicate: false,
    };
    let by = |entry| Draft::new(Some(actor(number)), Some(id), entry);
    let again = || Entry::Duplicate {
        delivery: Delivery::Confirmation,
        shown: Some(aerodb_control::model::action::Stage::Executed),
    };
    vec![
        Draft::new(Some(actor(number)), None, Entry::SignedIn { by: AuthMethod::Password }),
        request(number),
        by(Entry::Explained {
            digest,
            explanation: explained,
            snapshot: observed,
            relied_on: vec![],
        })
        .with_blobs([explanation, snapshot]),
        by(Entry::Confirmed { digest, typed_target: None, snapshot: observed, proved: None }),
        by(Entry::Dispatched { generation: Some(number), session: Session::none() }),
        by(Entry::Executed {
            receipt,
            learned_by: LearnedBy::Answer,
            snapshot: Some(observed),
            differences: vec![],
        }),
        by(again()),
        by(again()),
    ]
}
