//! What the store of a node must keep when it gives its log back, and when it receives the whole
//! state in place of a log.

use crate::kernel::node_store::{create, entry, file, identity, promise, put, reopen, stop};
use aerodb_control::kernel::embedded::ProgressReporter;
use aerodb_control::kernel::embedded::command::{Accepted, Command};
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::state_machine::Applied;
use aerodb_control::kernel::embedded::store::{Batch, NodeIdentity, NodeStore};
use aerodb_control::kernel::embedded::view::Fence;
use aerodb_control::model::action::{ActionId, LogPosition};
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::receipt::LedgerRef;
use aerodb_control::model::text::NodeId;
use raft::eraftpb::{Entry, Snapshot};
use raft::{Error, GetEntriesContext, Storage, StorageError};
use tempfile::TempDir;

fn id(number: u8) -> ActionId {
    ActionId::from_random([number; 16])
}

fn order(number: u8, action: Action) -> Accepted {
    Accepted {
        action_id: id(number),
        action,
        expected_epoch: Some(1),
        witness: LedgerRef { seq: 1, hash: Hash::of(b"record") },
        at: Timestamp::from_millis(5),
    }
}

fn checkpoint(number: u8, node: u64) -> Command {
    let node = NodeId::numbered(node);
    Command::Checkpoint {
        order: order(number, Action::TakeCheckpoint { node: node.clone() }),
        node,
    }
}

fn purge(number: u8, node: u64, up_to: u64) -> Command {
    let position = LogPosition::parse_field("up_to", &up_to.to_string()).unwrap();
    let node = NodeId::numbered(node);
    let action = Action::PurgeLog { node: node.clone(), up_to: position };
    Command::Purge { order: order(number, action), node, up_to }
}

fn settle(number: u8) -> Command {
    Command::Settle { action_id: id(number), at: Timestamp::from_millis(6) }
}

/// Appends and applies commands after what the store holds.
fn run(store: &mut NodeStore, commands: &[Command]) -> Vec<String> {
    let first = store.last_index().unwrap() + 1;
    let entries: Vec<Entry> = (first..).zip(commands).map(|(i, c)| entry(i, 1, c)).collect();
    let end = first + entries.len() as u64 - 1;
    let hard_state = Some(promise(1, 1, end));
    store.save(Batch { entries: entries.clone(), hard_state, ..Batch::default() }).unwrap();
    let applied = store.save(Batch { apply: entries, ..Batch::default() }).unwrap();
    let word = |applied: &Applied| match applied {
        Applied::Refused(refusal) => refusal.rule.clone(),
        Applied::Executed(receipt) if receipt.duplicate => "executed before".to_owned(),
        Applied::Executed(_) => "executed".to_owned(),
        Applied::Resolved(_) => "settled".to_owned(),
        Applied::Done => "done".to_owned(),
    };
    applied.iter().map(|(_, applied)| word(applied)).collect()
}

/// A store with data, a receipt, a void id, a late entry, a checkpoint at 5 and a log from 4 on.
fn full() -> (TempDir, NodeStore) {
    let (dir, mut store) = create();
    let data = Command::decode(&put(1, 1, "a").data).unwrap();
    let commands =
        [data, stop(1, 1, Fence::Standing), settle(2), stop(2, 1, Fence::Lifted), checkpoint(3, 1)];
    let words = ["done", "executed", "settled", "voided", "executed"];
    assert_eq!(run(&mut store, &commands), words);
    assert_eq!(run(&mut store, &[purge(4, 1, 3)]), ["executed"]);
    (dir, store)
}

#[test]
fn an_entry_that_comes_too_late_gives_no_log_back() {
    let (dir, mut store) = full();
    let commands = [
        purge(5, 1, 6),
        purge(6, 1, 3),
        purge(7, 2, 1),
        settle(8),
        purge(8, 1, 4),
        checkpoint(8, 1),
        purge(4, 1, 5),
    ];
    let words = [
        "checkpoint_moved",
        "log_purged",
        "checkpoint_moved",
        "settled",
        "voided",
        "voided",
        "executed before",
    ];
    assert_eq!(run(&mut store, &commands), words);
    let store = reopen(&dir, store);
    assert_eq!((store.first(), store.checkpoint().unwrap()), (4, Some(5)));
}

#[test]
fn a_log_that_was_given_back_says_so_and_the_rest_of_it_is_there() {
    let (dir, store) = full();
    let store = reopen(&dir, store);
    assert_eq!((store.first_index().unwrap(), store.last_index().unwrap()), (4, 6));
    assert!(matches!(store.term(2), Err(Error::Store(StorageError::Compacted))));
    assert_eq!(store.term(3).unwrap(), 1, "the place before the log is known");
    let context = || GetEntriesContext::empty(false);
    let gone = store.entries(3, 5, None, context());
    assert!(matches!(gone, Err(Error::Store(StorageError::Compacted))));
    let rest = store.entries(4, 7, None, context()).unwrap();
    assert_eq!(rest.iter().map(|entry| entry.index).collect::<Vec<_>>(), [4, 5, 6]);
    // The data, the receipt and the void id do not depend on the entries that made them.
    assert!(store.value("k1").unwrap().is_some());
    assert!(store.receipt(id(1)).unwrap().is_some() && store.tombstone(id(2)).unwrap().is_some());
}

fn second() -> (TempDir, NodeStore) {
    let dir = tempfile::tempdir().unwrap();
    let identity = NodeIdentity { number: 2, ..identity() };
    let store = NodeStore::create(&file(&dir), &identity).unwrap();
    (dir, store)
}

#[test]
fn the_whole_state_is_received_with_everything_that_must_never_be_lost() {
    let (_first, sender) = full();
    let snapshot = sender.snapshot(0, 2).unwrap();
    assert_eq!(snapshot.get_metadata().index, 5, "the checkpoint, which the log continues");
    let (dir, mut store) = second();
    store
        .save(Batch {
            hard_state: Some(promise(1, 0, 5)),
            snapshot: Some(snapshot),
            ..Batch::default()
        })
        .unwrap();
    drop(store);
    let identity = NodeIdentity { number: 2, ..identity() };
    let store = NodeStore::open(&file(&dir), &identity).unwrap();
    assert_eq!((store.first(), store.last_index().unwrap(), store.applied()), (6, 5, 5));
    assert!(store.value("k1").unwrap().is_some());
    assert!(store.receipt(id(1)).unwrap().is_some());
    assert!(store.tombstone(id(2)).unwrap().is_some());
    assert_eq!(store.fence().unwrap().0, Fence::Standing);
    // What it received it can pass on, although it never took a checkpoint itself.
    assert_eq!(store.snapshot(0, 3).unwrap(), sender.snapshot(0, 3).unwrap());
    // One that has to contain more than the checkpoint is made of the state as it is.
    assert_eq!(sender.snapshot(6, 2).unwrap().get_metadata().index, 6);
}

fn refuses(store: &mut NodeStore, snapshot: Snapshot, why: &str) {
    let hard_state = Some(promise(1, 0, snapshot.get_metadata().index));
    let before = store.image(&ProgressReporter::unheard()).unwrap();
    let batch = Batch { hard_state, snapshot: Some(snapshot), ..Batch::default() };
    let error = store.save(batch).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
    assert_eq!(store.image(&ProgressReporter::unheard()).unwrap(), before);
}

#[test]
fn a_state_that_is_not_what_was_sent_or_would_drop_a_receipt_is_refused_whole() {
    let (_first, sender) = full();
    let good = sender.snapshot(0, 2).unwrap();
    // A store whose save failed saves nothing more: every attempt meets a new one.
    let mut no_digest = good.clone();
    no_digest.data = b"short"[..].into();
    refuses(&mut second().1, no_digest, "no digest");
    for at in [0, 40, good.data.len() - 1] {
        let mut damaged = good.clone();
        let mut bytes = damaged.data.to_vec();
        bytes[at] ^= 1;
        damaged.data = bytes.into();
        refuses(&mut second().1, damaged, "an image");
    }
    let mut moved = good.clone();
    moved.mut_metadata().index = 6;
    refuses(&mut second().1, moved, "not what was announced");
    // A receipt that the state does not contain is never dropped, nor is a void id.
    for command in [stop(9, 1, Fence::Standing), settle(9)] {
        let (_dir, mut other) = second();
        run(&mut other, &[command]);
        refuses(&mut other, good.clone(), "the state has the digest");
    }
}
