//! Checkpoints, purged logs, and a node that is brought up with the whole state: nothing that was
//! acknowledged, executed or voided is lost on the way.

use crate::kernel::contract::{Bench, TypedState, epoch, id, n, order, refused, run};
use crate::kernel::embedded_bench::Embedded;
use aerodb_control::kernel::embedded::ProgressReporter;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::spec::EngineInvariant;
use aerodb_control::kernel::embedded::store::{NodeIdentity, NodeStore};
use aerodb_control::kernel::embedded::view::Positions;
use aerodb_control::kernel::embedded::{EmbeddedKernel, Write};
use aerodb_control::kernel::{ApplyError, Resolution};
use aerodb_control::model::action::LogPosition;
use aerodb_control::model::cluster::{ClusterState, ReceiptStatus};
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::facts::Fact;
use aerodb_control::model::session::Session;

const YEAR: i64 = 365 * 24 * 3600 * 1000;

async fn put(kernel: &EmbeddedKernel, key: &str) -> u64 {
    let write = Write::Put { key: key.to_owned(), value: key.into() };
    kernel.write(write).await.unwrap().position
}

fn checkpoint(node: u64) -> Action {
    Action::TakeCheckpoint { node: n(node) }
}

fn purge(node: u64, up_to: u64) -> Action {
    let up_to = LogPosition::parse_field("up_to", &up_to.to_string()).unwrap();
    Action::PurgeLog { node: n(node), up_to }
}

fn positions(state: &ClusterState, node: u64) -> Positions {
    state.view().node(&n(node)).unwrap().positions.clone()
}

/// The store of a node of a kernel that is closed.
fn store(bench: &Embedded, cluster_id: &str, number: u64) -> NodeStore {
    let path = bench.dir.path().join(format!("kernel/n{number}/node.sqlite"));
    let voters = bench.nodes;
    let identity = NodeIdentity { cluster_id: cluster_id.to_owned(), number, voters };
    NodeStore::open(&path, &identity).unwrap()
}

#[tokio::test]
async fn a_purge_is_refused_where_no_checkpoint_covers_it_or_the_log_does_not_hold_it() {
    let bench = Embedded::found(3);
    let e = Some(1);
    put(bench.own(), "a").await;
    for (number, action, rule) in [
        (1, checkpoint(9), "node_is_member"),
        (2, purge(9, 1), "node_is_member"),
        (3, purge(2, 1), "checkpoint_covers"),
    ] {
        assert_eq!(refused(bench.kernel(), number, action, e).await.rule, rule);
    }
    let kept = run(bench.kernel(), 4, checkpoint(2)).await.position.unwrap();
    // The checkpoint of another node covers nothing here, and none covers what comes after it.
    assert_eq!(refused(bench.kernel(), 5, purge(1, 1), e).await.rule, "checkpoint_covers");
    put(bench.own(), "b").await;
    assert_eq!(refused(bench.kernel(), 6, purge(2, kept + 1), e).await.rule, "checkpoint_covers");
    let refusal = refused(bench.kernel(), 7, purge(2, kept + 100), e).await;
    assert_eq!(refusal.invariants, [EngineInvariant::CheckpointCovers, EngineInvariant::LogHeld]);
    run(bench.kernel(), 8, purge(2, kept - 1)).await;
    assert_eq!(refused(bench.kernel(), 9, purge(2, kept - 1), e).await.rule, "log_held");
    run(bench.kernel(), 10, purge(2, kept)).await;
    run(bench.kernel(), 11, Action::TakeOffline { node: n(2) }).await;
    // What cannot be read is unknown, and unknown rejects.
    let state = bench.kernel().observe().await.unwrap();
    let unknown = |action: Action| {
        let checks = bench.kernel().checks(&state, &action.clone().into()).checks;
        let unknown = checks.into_iter().filter(|check| check.verdict == Verdict::Unknown);
        unknown.map(|check| check.invariant).collect::<Vec<_>>()
    };
    assert_eq!(
        unknown(purge(2, kept)),
        [EngineInvariant::CheckpointCovers, EngineInvariant::LogHeld]
    );
    assert_eq!(refused(bench.kernel(), 12, purge(2, kept), e).await.rule, "target_reachable");
    assert_eq!(refused(bench.kernel(), 13, checkpoint(2), e).await.rule, "target_reachable");
    run(bench.kernel(), 14, Action::TakeOffline { node: n(1) }).await;
    assert_eq!(refused(bench.kernel(), 15, checkpoint(3), None).await.rule, "primary_alive");
}

#[tokio::test]
async fn a_checkpoint_and_a_purge_run_once_and_are_there_after_a_restart() {
    let mut bench = Embedded::found(3);
    for key in ["a", "b", "c"] {
        put(bench.own(), key).await;
    }
    let kept = run(bench.kernel(), 1, checkpoint(2)).await.position.unwrap();
    run(bench.kernel(), 2, purge(2, kept)).await;
    let again =
        bench.kernel().apply(order(2, purge(2, kept), Some(1)), Session::none()).await.unwrap();
    assert!(again.duplicate);
    // An epoch for which it was not confirmed.
    let moved = bench.kernel().apply(order(3, checkpoint(2), Some(7)), Session::none()).await;
    assert!(matches!(moved, Err(ApplyError::Refused(r)) if r.rule == "epoch_moved"));
    for _ in 0..2 {
        let state = bench.kernel().observe().await.unwrap();
        let n2 = positions(&state, 2);
        assert_eq!((n2.first, n2.checkpoint), (Fact::Known(kept + 1), Fact::Known(Some(kept))));
        let n1 = positions(&state, 1);
        assert_eq!((n1.first, n1.checkpoint), (Fact::Known(1), Fact::Known(None)));
        bench.restart();
    }
    // The node that gave its log back leads, and the others go on from it.
    run(bench.kernel(), 4, Action::Failover { to: n(2) }).await;
    for key in ["a", "b", "c"] {
        assert_eq!(bench.own().read(key).await.unwrap().unwrap(), key.as_bytes());
    }
    put(bench.own(), "d").await;
    let state = bench.kernel().observe().await.unwrap();
    assert_eq!(positions(&state, 3).applied, positions(&state, 2).applied);
}

/// A cluster in which n3 missed entries that nobody else holds any more, and then returned: taken
/// offline, or cut off while the primary went on sending to it.
async fn with_n3_brought_up(offline: bool) -> Embedded {
    let bench = Embedded::found(3);
    put(bench.own(), "before").await;
    if offline {
        run(bench.kernel(), 1, Action::TakeOffline { node: n(3) }).await;
    } else {
        bench.own().partition(&n(3)).await;
    }
    run(bench.kernel(), 2, Action::StopWrites {}).await;
    run(bench.kernel(), 3, Action::ResumeWrites {}).await;
    assert!(matches!(
        bench.kernel().resolve(id(99), &Session::none()).await,
        Ok(Resolution::Voided(_))
    ));
    bench.own().write(Write::Delete { key: "before".to_owned() }).await.unwrap();
    for key in ["a", "b", "c"] {
        put(bench.own(), key).await;
    }
    for (number, node) in [(10, 1), (20, 2)] {
        let kept = run(bench.kernel(), number, checkpoint(node)).await.position.unwrap();
        run(bench.kernel(), number + 1, purge(node, kept)).await;
    }
    put(bench.own(), "d").await;
    if offline {
        run(bench.kernel(), 30, Action::BringOnline { node: n(3) }).await;
    } else {
        bench.own().heal(&n(3)).await;
    }
    bench
}

async fn holds_everything(bench: &Embedded) {
    for key in ["a", "b", "c", "d"] {
        assert_eq!(bench.own().read(key).await.unwrap().unwrap(), key.as_bytes());
    }
    assert_eq!(bench.own().read("before").await.unwrap(), None);
    for number in [2, 3, 10, 11, 20, 21] {
        let receipt = bench.kernel().receipt(id(number)).await.unwrap();
        assert!(matches!(receipt, ReceiptStatus::Executed { .. }), "{number}");
    }
    let void = bench.kernel().receipt(id(99)).await.unwrap();
    assert!(matches!(void, ReceiptStatus::Voided { .. }));
}

#[tokio::test]
async fn a_node_that_needs_purged_entries_is_brought_up_with_the_whole_state() {
    for offline in [true, false] {
        let mut bench = with_n3_brought_up(offline).await;
        let state = bench.kernel().observe().await.unwrap();
        let cluster_id = state.identity.id.clone();
        let (n1, n3) = (positions(&state, 1), positions(&state, 3));
        assert_eq!((&n3.last, &n3.applied), (&n1.last, &n1.applied), "offline: {offline}");
        assert!(n3.first.known() > Some(&1), "it holds no entry that led there");
        bench.close();
        // What n3 holds, without the others and without the switchboard.
        let alone = store(&bench, &cluster_id, 3);
        for number in [2, 3, 10, 11, 20, 21] {
            assert!(alone.receipt(id(number)).unwrap().is_some(), "{number}");
        }
        assert_eq!(alone.epochs().unwrap().len(), 1);
        assert!(alone.birth().unwrap().is_some());
        drop(alone);
        bench.clock.advance(10 * YEAR);
        bench.open().unwrap();
        run(bench.kernel(), 40, Action::Failover { to: n(3) }).await;
        holds_everything(&bench).await;
        bench.restart();
        run(bench.kernel(), 41, Action::Failover { to: n(2) }).await;
        holds_everything(&bench).await;
        // Years later the first answer, and an id that is void stays void.
        let late = bench
            .kernel()
            .apply(order(2, Action::StopWrites {}, Some(1)), Session::none())
            .await
            .unwrap();
        assert!(late.duplicate);
        let void = refused(bench.kernel(), 99, Action::StopWrites {}, Some(3)).await;
        assert_eq!(void.rule, "voided");
    }
}

#[tokio::test]
async fn equal_positions_have_equal_images_on_every_node() {
    let mut bench = with_n3_brought_up(true).await;
    let state = bench.kernel().observe().await.unwrap();
    let cluster_id = state.identity.id.clone();
    bench.close();
    let digest =
        |number| store(&bench, &cluster_id, number).image(&ProgressReporter::unheard()).unwrap().1;
    assert_eq!(digest(1), digest(3));
    assert_eq!(digest(1), digest(2));
}

#[tokio::test]
async fn a_checkpoint_that_was_damaged_is_never_sent() {
    let bench = Embedded::found(3);
    put(bench.own(), "a").await;
    run(bench.kernel(), 1, Action::TakeOffline { node: n(3) }).await;
    put(bench.own(), "b").await;
    let kept = run(bench.kernel(), 2, checkpoint(1)).await.position.unwrap();
    run(bench.kernel(), 3, purge(1, kept)).await;
    let e = epoch(&bench.kernel().observe().await.unwrap());
    let path = bench.dir.path().join("kernel/n1/node.sqlite");
    let db = rusqlite::Connection::open(path).unwrap();
    let frame: Vec<u8> =
        db.query_row("SELECT frame FROM checkpoint_frames", [], |row| row.get(0)).unwrap();
    let mut damaged = frame.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    db.execute("UPDATE checkpoint_frames SET frame = ?1", [damaged]).unwrap();
    drop(db);
    let online = order(5, Action::BringOnline { node: n(3) }, e);
    bench.kernel().apply(online, Session::none()).await.unwrap();
    let state = bench.kernel().observe().await.unwrap();
    let n1 = state.view().node(&n(1)).unwrap().pinned.clone();
    let why = &n1.unreachable.as_ref().expect("n1 stopped").why;
    assert!(why.contains("image") || why.contains("checkpoint"), "{why}");
    assert_eq!(bench.own().read("b").await.ok(), None, "n1 was primary, and nobody is now");
    run(bench.kernel(), 6, Action::Failover { to: n(2) }).await;
    assert_eq!(bench.own().read("b").await.unwrap().unwrap(), b"b");
}
