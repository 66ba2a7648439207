//! A clock that stands still, entropy that repeats, and records for the tests of store, ledger and
//! authority.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::ledger::{Draft, Ledger, existing_key};
use aerodb_control::model::action::{ActionId, Stage};
use aerodb_control::model::actor::{Actor, ActorRole, CredentialKind};
use aerodb_control::model::ambient::{Clock, Entropy, Timestamp};
use aerodb_control::model::attestation::Attestations;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::receipt::{KernelRefusal, LedgerRef, Receipt, Tombstone};
use aerodb_control::model::record::{Entry, LearnedBy, ManualOutcome};
use aerodb_control::model::session::Session;
use aerodb_control::model::text::{ActorName, NodeId, Reason};
use aerodb_control::store::{Store, StoreError};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// The way to an outcome that is not known.
pub(crate) const TO_UNKNOWN: [Stage; 5] =
    [Stage::Requested, Stage::Explained, Stage::Confirmed, Stage::Dispatched, Stage::Unknown];

/// 2026-01-31T09:45:00Z.
pub(crate) const START_MS: i64 = 1_769_852_700_000;

/// Stands still until it is moved.
pub(crate) struct StillClock(AtomicI64);

impl StillClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(START_MS)))
    }

    pub(crate) fn set(&self, millis: i64) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn name(&self) -> &'static str {
        "still"
    }
}

/// The hashes of 0, 1, 2 and so on.
#[derive(Default)]
pub(crate) struct HashedEntropy(AtomicU64);

impl Entropy for HashedEntropy {
    fn bytes(&self) -> [u8; 32] {
        *Hash::of(&self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes()).bytes()
    }
}

pub(crate) fn id(number: u8) -> ActionId {
    ActionId::from_random([number; 16])
}

pub(crate) fn name(text: &str) -> ActorName {
    ActorName::parse(text).unwrap()
}

pub(crate) fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

pub(crate) fn alice() -> Actor {
    Actor { name: name("alice"), role: ActorRole::Operator, via: CredentialKind::Session }
}

/// The store of a directory, made where there is none.
pub(crate) fn store_in(dir: &Path) -> Store {
    match Store::open(dir) {
        Err(StoreError::NotFounded { .. }) => Store::found(dir).unwrap(),
        opened => opened.unwrap(),
    }
}

pub(crate) fn ledger_in(dir: &Path) -> (Store, Ledger, Arc<StillClock>) {
    let clock = StillClock::new();
    let store = store_in(dir);
    let ledger = Ledger::open(&store, clock.clone()).unwrap();
    (store, ledger, clock)
}

/// The log of a data directory beside the control plane that serves it, with the key that it names.
pub(crate) fn ledger_beside(dir: &Path, clock: Arc<dyn Clock>) -> Ledger {
    let ledger = Ledger::open(&Store::open_beside(dir).unwrap(), clock).unwrap();
    let named = ledger.reader().log_key().unwrap();
    let signer = existing_key(dir, named.as_ref()).unwrap().unwrap();
    ledger.signing(signer)
}

/// The database as somebody with a shell has it: no rule of ours holds on this connection.
pub(crate) fn shell(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF").unwrap();
    connection
}

fn to(node: &str) -> NodeId {
    NodeId::parse(node).unwrap()
}

pub(crate) fn snapshot_of(action: ActionId) -> Vec<u8> {
    format!("the cluster as {action} saw it, {}", "node after node, ".repeat(40)).into_bytes()
}

pub(crate) fn explanation_of(action: ActionId) -> Vec<u8> {
    // 32 bytes without a pattern: compression cannot help them.
    Hash::of(action.bytes()).bytes().to_vec()
}

/// A record of the given kind of step, with everything that it names.
pub(crate) fn step(action: ActionId, stage: Stage) -> Draft {
    let snapshot = snapshot_of(action);
    let explanation = explanation_of(action);
    let digest = Hash::of(action.bytes());
    let (snapshot_hash, explanation_hash) = (Hash::of(&snapshot), Hash::of(&explanation));
    let (entry, blobs) = match stage {
        Stage::Requested => {
            let action = Action::Switchover { to: to("n2") }.into();
            let attested = Attestations::default();
            let reason = reason("planned work on n1");
            (Entry::Requested { action, reason, attested }, vec![])
        }
        Stage::Explained => (
            Entry::Explained {
                digest,
                explanation: explanation_hash,
                snapshot: snapshot_hash,
                relied_on: vec![],
            },
            vec![explanation, snapshot],
        ),
        Stage::Rejected => (
            Entry::Rejected {
                digest,
                explanation: explanation_hash,
                snapshot: snapshot_hash,
                violated: vec![],
            },
            vec![explanation, snapshot],
        ),
        Stage::FirstConfirmed => (
            Entry::FirstConfirmed {
                digest,
                typed_target: Some("n2".to_owned()),
                snapshot: snapshot_hash,
                proved: None,
            },
            vec![snapshot],
        ),
        Stage::Confirmed => (
            Entry::Confirmed {
                digest,
                typed_target: Some("n2".to_owned()),
                snapshot: snapshot_hash,
                proved: None,
            },
            vec![snapshot],
        ),
        Stage::Withdrawn => (Entry::Withdrawn { reason: reason("not today") }, vec![]),
        Stage::Stale => (
            Entry::Stale {
                moved: vec![],
                digest,
                explanation: explanation_hash,
                snapshot: snapshot_hash,
            },
            vec![explanation, snapshot],
        ),
        Stage::Dispatched => {
            (Entry::Dispatched { generation: Some(3), session: Session::none() }, vec![])
        }
        Stage::Executed => (
            Entry::Executed {
                receipt: receipt(action),
                learned_by: LearnedBy::Answer,
                snapshot: None,
                differences: vec![],
            },
            vec![],
        ),
        Stage::Refused => (
            Entry::Refused {
                refusal: KernelRefusal {
                    rule: "epoch_moved".to_owned(),
                    sentence: "The epoch is 4 and the order was for 3.".to_owned(),
                    invariants: vec![],
                },
            },
            vec![],
        ),
        Stage::Unknown => (Entry::Unknown { why: "no answer came".to_owned() }, vec![]),
        Stage::Voided => (
            Entry::Voided {
                tombstone: Tombstone {
                    action_id: action,
                    voided_at: Timestamp::from_millis(START_MS),
                    result: "void in the log at 9".to_owned(),
                },
            },
            vec![],
        ),
        Stage::FoundExecuted => (finding(ManualOutcome::Executed), vec![]),
        Stage::FoundNotExecuted => (finding(ManualOutcome::NotExecuted), vec![]),
    };
    // Two operators confirm it, where two have to.
    let first = Actor { name: name("bob"), ..alice() };
    let actor = if stage == Stage::FirstConfirmed { first } else { alice() };
    Draft::new(Some(actor), Some(action), entry).with_blobs(blobs)
}

fn finding(executed: ManualOutcome) -> Entry {
    Entry::Finding { executed, evidence: reason("seen in the engine's own log") }
}

fn receipt(action: ActionId) -> Receipt {
    Receipt {
        action_id: action,
        action: Action::Switchover { to: to("n2") }.into(),
        generation: Some(4),
        position: Some(7),
        executed_at: Timestamp::from_millis(START_MS),
        witness: LedgerRef { seq: 3, hash: Hash::of(b"dispatched") },
        result: "n2 is primary of epoch 4".to_owned(),
        verification: None,
        duplicate: false,
    }
}

/// The same request, for a failover.
pub(crate) fn failover_request(action: ActionId) -> Draft {
    let entry = Entry::Requested {
        action: Action::Failover { to: to("n3") }.into(),
        reason: reason("n1 is gone"),
        attested: Attestations::default(),
    };
    Draft::new(Some(alice()), Some(action), entry)
}

pub(crate) fn steps(action: ActionId, stages: &[Stage]) -> Vec<Draft> {
    stages.iter().map(|stage| step(action, *stage)).collect()
}
