//! What the store of a node must keep: its log, its promises, and every transaction that it
//! acknowledged, whatever else the disk had not yet been told to keep.

use aerodb_control::kernel::embedded::command::{Accepted, Bytes, Command};
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::state_machine::Applied;
use aerodb_control::kernel::embedded::store::{Batch, NodeIdentity, NodeStore};
use aerodb_control::kernel::embedded::view::Fence;
use aerodb_control::model::action::ActionId;
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::receipt::LedgerRef;
use raft::eraftpb::{Entry, HardState};
use raft::{GetEntriesContext, Storage};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) fn identity() -> NodeIdentity {
    NodeIdentity { cluster_id: "c1".to_owned(), number: 1, voters: 3 }
}

pub(crate) fn file(dir: &TempDir) -> PathBuf {
    dir.path().join("node.sqlite")
}

pub(crate) fn create() -> (TempDir, NodeStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = NodeStore::create(&file(&dir), &identity()).unwrap();
    fs::copy(dir.path().join("node.seal"), dir.path().join("first.seal")).unwrap();
    (dir, store)
}

pub(crate) fn reopen(dir: &TempDir, store: NodeStore) -> NodeStore {
    drop(store);
    NodeStore::open(&file(dir), &identity()).unwrap()
}

pub(crate) fn entry(index: u64, term: u64, command: &Command) -> Entry {
    Entry { index, term, data: command.encode().into(), ..Entry::default() }
}

pub(crate) fn put(index: u64, term: u64, value: &str) -> Entry {
    let value = Bytes(value.into());
    entry(index, term, &Command::Put { key: format!("k{index}"), value })
}

pub(crate) fn promise(term: u64, vote: u64, commit: u64) -> HardState {
    HardState { term, vote, commit, ..HardState::default() }
}

pub(crate) fn log(store: &NodeStore) -> Vec<Entry> {
    let end = store.last_index().unwrap() + 1;
    store.entries(1, end, None, GetEntriesContext::empty(false)).unwrap()
}

fn append(store: &mut NodeStore, entries: Vec<Entry>) {
    store.save(Batch { entries, ..Batch::default() }).unwrap();
}

#[test]
fn an_empty_store_has_an_empty_log_and_three_voters() {
    let (_dir, store) = create();
    assert_eq!((store.first_index().unwrap(), store.last_index().unwrap()), (1, 0));
    assert_eq!(store.term(0).unwrap(), 0);
    assert!(store.term(1).is_err());
    let state = store.initial_state().unwrap();
    assert_eq!(state.conf_state.voters, [1, 2, 3]);
    assert_eq!(state.hard_state, HardState::default());
}

#[test]
fn a_suffix_that_conflicts_is_replaced_and_nothing_of_it_is_left() {
    let (dir, mut store) = create();
    append(&mut store, (1..=5).map(|i| put(i, 1, "old")).collect());
    append(&mut store, vec![put(3, 2, "new"), put(4, 2, "new")]);
    let expected = vec![put(1, 1, "old"), put(2, 1, "old"), put(3, 2, "new"), put(4, 2, "new")];
    assert_eq!(log(&store), expected);
    let store = reopen(&dir, store);
    assert_eq!(log(&store), expected);
    let terms: Vec<_> = (1..=4).map(|i| store.term(i).unwrap()).collect();
    assert_eq!(terms, [1, 1, 2, 2]);
    assert!(store.term(5).is_err());
}

#[test]
fn entries_are_limited_by_bytes_but_never_to_none() {
    let (_dir, mut store) = create();
    append(&mut store, (1..=3).map(|i| put(i, 1, "x")).collect());
    let read = |max: u64| store.entries(1, 4, max, GetEntriesContext::empty(false)).unwrap().len();
    assert_eq!((read(0), read(1), read(u64::MAX)), (1, 1, 3));
}

#[test]
fn promises_and_the_state_machine_are_the_same_after_a_reopen() {
    let (dir, mut store) = create();
    let entries = vec![put(1, 1, "a"), put(2, 1, "b")];
    let batch = Batch {
        entries: entries.clone(),
        hard_state: Some(promise(1, 2, 0)),
        committed: None,
        snapshot: None,
        apply: Vec::new(),
    };
    store.save(batch).unwrap();
    let apply = vec![entries[0].clone()];
    store.save(Batch { committed: Some(1), apply, ..Batch::default() }).unwrap();
    let store = reopen(&dir, store);
    let state = store.initial_state().unwrap().hard_state;
    assert_eq!((state.term, state.vote, state.commit, store.applied()), (1, 2, 1, 1));
    assert_eq!(store.value("k1").unwrap().as_deref(), Some(&b"a"[..]));
    assert_eq!(store.value("k2").unwrap(), None, "committed is not applied");
}

#[test]
fn a_gap_a_committed_entry_and_a_skipped_application_are_bugs_that_change_nothing() {
    let (dir, mut store) = create();
    let batch = Batch {
        entries: vec![put(1, 1, "a"), put(2, 1, "b")],
        hard_state: Some(promise(1, 1, 1)),
        ..Batch::default()
    };
    store.save(batch).unwrap();
    let before = log(&store);
    let bugs = [
        Batch { entries: vec![put(4, 1, "gap")], ..Batch::default() },
        Batch { entries: vec![put(1, 2, "committed")], ..Batch::default() },
        Batch { entries: vec![put(3, 1, "x"), put(5, 1, "gap")], ..Batch::default() },
        Batch { apply: vec![put(2, 1, "b")], ..Batch::default() },
    ];
    for bug in bugs {
        let panicked = catch_unwind(AssertUnwindSafe(|| drop(store.save(bug)))).is_err();
        assert!(panicked);
        // A store whose save failed saves nothing more.
        store = reopen(&dir, store);
        assert_eq!(log(&store), before);
    }
    assert_eq!((log(&store), store.applied()), (before, 0));
}

#[test]
fn a_failure_in_the_middle_of_a_batch_leaves_nothing_of_it() {
    let (dir, mut store) = create();
    let unreadable = Entry { index: 2, term: 1, data: b"{}"[..].into(), ..Entry::default() };
    let entries = vec![put(1, 1, "a"), unreadable];
    let hard_state = Some(promise(1, 1, 2));
    let batch = Batch { entries: entries.clone(), hard_state, apply: entries, ..Batch::default() };
    store.save(batch).unwrap_err();
    let store = reopen(&dir, store);
    assert_eq!((store.last_index().unwrap(), store.applied()), (0, 0));
    assert_eq!(store.value("k1").unwrap(), None);
}

#[test]
fn a_store_of_another_node_or_cluster_is_refused_and_none_is_made_twice() {
    let (dir, store) = create();
    drop(store);
    for other in [
        NodeIdentity { cluster_id: "c2".to_owned(), ..identity() },
        NodeIdentity { number: 2, ..identity() },
        NodeIdentity { voters: 5, ..identity() },
    ] {
        NodeStore::open(&file(&dir), &other).unwrap_err();
    }
    NodeStore::create(&file(&dir), &identity()).unwrap_err();
    NodeStore::open(&dir.path().join("absent.sqlite"), &identity()).unwrap_err();
    assert!(!dir.path().join("absent.sqlite").exists());
}

pub(crate) fn stop(number: u8, expected_epoch: u64, fence: Fence) -> Command {
    let order = Accepted {
        action_id: ActionId::from_random([number; 16]),
        action: Action::StopWrites {},
        expected_epoch: Some(expected_epoch),
        witness: LedgerRef { seq: 1, hash: Hash::of(b"record") },
        at: Timestamp::from_millis(5),
    };
    Command::Fence { order, fence }
}

#[test]
fn an_effect_and_its_receipt_are_one_and_a_late_entry_leaves_neither() {
    let (dir, mut store) = create();
    let settle = |number: u8| Command::Settle {
        action_id: ActionId::from_random([number; 16]),
        at: Timestamp::from_millis(6),
    };
    let commands = [
        settle(1),
        stop(1, 1, Fence::Standing),
        stop(2, 9, Fence::Standing),
        stop(3, 1, Fence::Lifted),
        stop(4, 1, Fence::Standing),
        stop(4, 1, Fence::Standing),
        settle(4),
    ];
    let entries: Vec<Entry> = (1..).zip(&commands).map(|(i, c)| entry(i, 1, c)).collect();
    let hard_state = Some(promise(1, 1, 7));
    store.save(Batch { entries: entries.clone(), hard_state, ..Batch::default() }).unwrap();
    let applied = store.save(Batch { apply: entries, ..Batch::default() }).unwrap();
    let rules: Vec<String> = applied
        .iter()
        .map(|(_, applied)| match applied {
            Applied::Refused(refusal) => refusal.rule.clone(),
            Applied::Executed(receipt) if receipt.duplicate => "executed before".to_owned(),
            Applied::Executed(_) => "executed".to_owned(),
            Applied::Resolved(_) => "settled".to_owned(),
            Applied::Done => "done".to_owned(),
        })
        .collect();
    let expected = [
        "settled",
        "voided",
        "epoch_moved",
        "fence_moved",
        "executed",
        "executed before",
        "settled",
    ];
    assert_eq!(rules, expected);
    let store = reopen(&dir, store);
    assert_eq!(store.fence().unwrap().0, Fence::Standing);
    for number in 1..=4 {
        let id = ActionId::from_random([number; 16]);
        assert_eq!(store.receipt(id).unwrap().is_some(), number == 4);
        assert_eq!(store.tombstone(id).unwrap().is_some(), number == 1);
    }
}

/// Copies the files as they are, and cuts the write-ahead log to a length: a crash of the machine
/// that kept no more of it, and nothing of the count of saves, which is not synced.
fn crashed(from: &Path, log_bytes: u64) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(from.join("first.seal"), dir.path().join("node.seal")).unwrap();
    fs::copy(from.join("node.sqlite"), file(&dir)).unwrap();
    let log = dir.path().join("node.sqlite-wal");
    fs::copy(from.join("node.sqlite-wal"), &log).unwrap();
    fs::OpenOptions::new().write(true).open(&log).unwrap().set_len(log_bytes).unwrap();
    dir
}

const LOG_HEADER: u64 = 32;
const FRAME: u64 = 24 + 4096;

#[test]
fn what_was_acknowledged_is_there_after_a_crash_and_the_rest_is_absent_without_a_trace() {
    let (dir, mut store) = create();
    let wal = dir.path().join("node.sqlite-wal");
    // The length of the log at each acknowledgement: all that a crash then could keep.
    let mut acknowledged = vec![LOG_HEADER];
    for index in 1..=12 {
        let entries = vec![put(index, 1, &"v".repeat(3000))];
        let hard_state = Some(promise(1, 1, index));
        store.save(Batch { entries: entries.clone(), hard_state, ..Batch::default() }).unwrap();
        store.save(Batch { apply: entries, ..Batch::default() }).unwrap();
        acknowledged.push(fs::metadata(&wal).unwrap().len());
        let lost = crashed(dir.path(), *acknowledged.last().unwrap());
        let after = NodeStore::open(&file(&lost), &identity()).unwrap();
        assert_eq!((after.last_index().unwrap(), after.applied()), (index, index));
    }
    let end = *acknowledged.last().unwrap();
    assert_eq!(
        (end - LOG_HEADER) % FRAME,
        0,
        "the pages have the size that the test takes them for"
    );
    let boundaries = (0..=(end - LOG_HEADER) / FRAME).map(|frame| LOG_HEADER + frame * FRAME);
    for length in boundaries.flat_map(|b| [b, b + 1, b + FRAME / 2]).filter(|l| *l <= end) {
        let lost = crashed(dir.path(), length);
        let after = NodeStore::open(&file(&lost), &identity()).unwrap();
        let kept = acknowledged.iter().filter(|at| **at <= length).count() as u64 - 1;
        let applied = after.applied();
        assert!(applied == kept, "{applied} applied of {kept} kept at {length} bytes");
        assert_eq!(log(&after).len() as u64, after.last_index().unwrap());
        for index in 1..=applied {
            assert!(after.value(&format!("k{index}")).unwrap().is_some());
        }
        assert_eq!(after.value(&format!("k{}", applied + 1)).unwrap(), None);
    }
}

#[test]
fn a_damaged_log_gives_up_its_end_and_never_half_a_transaction() {
    let (dir, mut store) = create();
    for index in 1..=6 {
        append(&mut store, vec![put(index, 1, &"v".repeat(6000))]);
    }
    let end = fs::metadata(dir.path().join("node.sqlite-wal")).unwrap().len();
    for frame in 0..(end - LOG_HEADER) / FRAME {
        let lost = crashed(dir.path(), end);
        let log_file = lost.path().join("node.sqlite-wal");
        let mut bytes = fs::read(&log_file).unwrap();
        bytes[usize::try_from(LOG_HEADER + frame * FRAME + 100).unwrap()] ^= 0xff;
        fs::write(&log_file, bytes).unwrap();
        let after = NodeStore::open(&file(&lost), &identity()).unwrap();
        assert_eq!(log(&after).len() as u64, after.last_index().unwrap());
        assert!(after.last_index().unwrap() < 6);
        drop(after);
        // Where the count was kept, as it is after a kill, the loss is noticed.
        let killed = crashed(dir.path(), end);
        fs::copy(dir.path().join("node.seal"), killed.path().join("node.seal")).unwrap();
        drop(NodeStore::open(&file(&killed), &identity()).unwrap());
        let killed = crashed(dir.path(), LOG_HEADER + frame * FRAME);
        fs::copy(dir.path().join("node.seal"), killed.path().join("node.seal")).unwrap();
        let refused = NodeStore::open(&file(&killed), &identity()).unwrap_err().to_string();
        assert!(refused.contains("it, or node.sqlite-wal, is older"), "{refused}");
    }
}
