//! The embedded kernel through its port: idle time, restarts, failures, everything in any order.

use crate::kernel::contract::{Bench, TypedState, epoch, id, n, order, refused, run};
use crate::kernel::embedded_bench::{Embedded, FixedEntropy, config, founded};
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::spec::SPEC;
use aerodb_control::kernel::embedded::store::{NodeIdentity, NodeStore};
use aerodb_control::kernel::embedded::view::Writes;
use aerodb_control::kernel::embedded::{
    DataError, EmbeddedConfig, EmbeddedKernel, OpenError, ServiceHistory, Write,
};
use aerodb_control::kernel::{CommandKernel, ObserveKernel};
use aerodb_control::model::action::LogPosition;
use aerodb_control::model::ambient::Clock;
use aerodb_control::model::cluster::ReceiptStatus;
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::facts::Fact;
use aerodb_control::model::session::Session;
use aerodb_control::model::text::PlaceName;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

const MINUTE: i64 = 60_000;

async fn put(kernel: &EmbeddedKernel, key: &str) -> Result<u64, DataError> {
    let write = Write::Put { key: key.to_owned(), value: key.into() };
    kernel.write(write).await.map(|written| written.position)
}

/// C2.1.
#[tokio::test]
async fn nothing_happens_in_ten_minutes_in_which_nodes_go_and_come_back() {
    let mut bench = Embedded::found(3);
    run(bench.kernel(), 1, Action::Switchover { to: n(2) }).await;
    bench.restart();
    let before = bench.kernel().observe().await.unwrap();
    assert_eq!(before.view().cluster.primary, Fact::Known(None));
    for minute in 0..10u64 {
        for node in 1..=3 {
            bench.own().partition(&n(node)).await;
            bench.clock.advance(MINUTE / 6);
            bench.own().partition(&n(1 + (node + minute) % 3)).await;
            bench.kernel().observe().await.unwrap();
            bench.clock.advance(MINUTE / 6);
            for node in 1..=3 {
                bench.own().heal(&n(node)).await;
            }
        }
        if minute % 4 == 3 {
            bench.restart();
        }
        let state = bench.kernel().observe().await.unwrap();
        assert_eq!(state.view().cluster, before.view().cluster, "minute {minute}");
        assert_eq!(state.nodes, before.nodes, "minute {minute}");
    }
    let receipt = bench.kernel().receipt(id(1)).await.unwrap();
    assert!(matches!(receipt, ReceiptStatus::Executed { .. }));
    assert!(matches!(put(bench.own(), "a").await, Err(DataError::Refused { .. })));
}

/// C2.5.
/// C1.2: it needs no control plane to keep `acknowledged_writes_kept`.
#[tokio::test]
async fn acknowledged_writes_survive_restarts_and_failovers_to_any_complete_node() {
    let mut bench = Embedded::found(3);
    let mut keys = Vec::new();
    for round in 0..4u8 {
        for number in 0..5 {
            let key = format!("k{round}-{number}");
            put(bench.own(), &key).await.unwrap();
            keys.push(key);
        }
        bench.restart();
        assert!(matches!(bench.own().read("k0-0").await, Err(DataError::Refused { .. })));
        let to = n(1 + u64::from(round) % 3);
        run(bench.kernel(), 10 + round, Action::Failover { to }).await;
        for key in &keys {
            assert_eq!(bench.own().read(key).await.unwrap().unwrap(), key.as_bytes());
        }
    }
    bench.own().write(Write::Delete { key: "k0-0".to_owned() }).await.unwrap();
    assert_eq!(bench.own().read("k0-0").await.unwrap(), None);
}

/// C2.5, C4.1.
#[tokio::test]
async fn a_failover_to_a_node_that_lacks_a_write_is_refused_by_the_kernel_itself() {
    let mut bench = Embedded::found(3);
    run(bench.kernel(), 1, Action::TakeOffline { node: n(3) }).await;
    put(bench.own(), "a").await.unwrap();
    bench.restart();
    run(bench.kernel(), 2, Action::BringOnline { node: n(3) }).await;
    let refusal = refused(bench.kernel(), 3, Action::Failover { to: n(3) }, Some(1)).await;
    assert_eq!(refusal.rule, "target_log_complete");
    assert!(refusal.sentence.contains("n1 holds position"), "{}", refusal.sentence);
    run(bench.kernel(), 4, Action::Failover { to: n(2) }).await;
    let state = bench.kernel().observe().await.unwrap();
    let last = |node| state.view().node(&n(node)).unwrap().positions.last.clone();
    assert_eq!(last(3), last(2), "n3 received what it missed");
}

/// C7.1.
/// `receipt_once`.
#[tokio::test]
async fn fifty_deliveries_of_one_order_are_one_execution() {
    let bench = Embedded::found(3);
    let mut deliveries = Vec::new();
    for _ in 0..50 {
        let kernel = Arc::clone(bench.own());
        let stop = order(1, Action::StopWrites {}, Some(1));
        deliveries
            .push(tokio::spawn(async move { kernel.apply(stop, Session::none()).await.unwrap() }));
    }
    let mut firsts = 0;
    let mut positions = BTreeMap::new();
    for delivery in deliveries {
        let receipt = delivery.await.unwrap();
        firsts += usize::from(!receipt.duplicate);
        *positions.entry(receipt.position).or_insert(0) += 1;
    }
    assert_eq!((firsts, positions.len()), (1, 1));
}

#[tokio::test]
async fn refused_writes_say_since_when_and_why_and_append_nothing() {
    let mut bench = Embedded::found(3);
    let last = |state: &aerodb_control::model::cluster::ClusterState| {
        state.view().nodes.iter().map(|node| node.positions.last.clone()).collect::<Vec<_>>()
    };
    run(bench.kernel(), 1, Action::StopWrites {}).await;
    let stopped_at = bench.clock.now();
    let before = last(&bench.kernel().observe().await.unwrap());
    bench.clock.advance(MINUTE);
    let refused = |error: DataError| match error {
        DataError::Refused { error, refused } => (error, refused),
        DataError::Unknown { why } => panic!("{why}"),
    };
    let (error, since) = refused(put(bench.own(), "a").await.unwrap_err());
    assert_eq!((error, since.since), ("writes_stopped", stopped_at));
    assert_eq!(last(&bench.kernel().observe().await.unwrap()), before);
    run(bench.kernel(), 2, Action::ResumeWrites {}).await;
    run(bench.kernel(), 3, Action::TakeOffline { node: n(2) }).await;
    bench.clock.advance(MINUTE);
    run(bench.kernel(), 4, Action::TakeOffline { node: n(3) }).await;
    let lost_at = bench.clock.now();
    bench.clock.advance(MINUTE);
    let (error, since) = refused(put(bench.own(), "a").await.unwrap_err());
    assert_eq!((error, since.since), ("no_quorum", lost_at));
    bench.restart();
    let (error, since) = refused(put(bench.own(), "a").await.unwrap_err());
    assert_eq!(error, "no_primary");
    assert_eq!(since.since, lost_at, "the earliest cause still stands, also after a restart");
    assert!(since.why.contains("nobody is primary"), "{}", since.why);
}

#[tokio::test]
async fn a_change_is_announced_and_a_look_is_not() {
    let bench = Embedded::found(3);
    let changes = bench.kernel().changes();
    bench.kernel().observe().await.unwrap();
    bench.kernel().receipt(id(1)).await.unwrap();
    bench.own().read("a").await.unwrap();
    refused(bench.kernel(), 1, Action::ResumeWrites {}, Some(1)).await;
    assert_eq!(*changes.borrow(), 0);
    put(bench.own(), "a").await.unwrap();
    assert_eq!(*changes.borrow(), 1);
    run(bench.kernel(), 2, Action::StopWrites {}).await;
    assert_eq!(*changes.borrow(), 2);
}

fn reopen(
    bench: &Embedded,
    change: impl FnOnce(&mut EmbeddedConfig),
) -> Result<EmbeddedKernel, OpenError> {
    let mut config = config(bench.dir.path(), bench.nodes);
    change(&mut config);
    let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
    EmbeddedKernel::open(&config, ServiceHistory::Before, clock, &FixedEntropy(2))
}

#[tokio::test]
async fn a_directory_is_served_once_and_only_as_what_it_is() {
    let mut bench = Embedded::found(3);
    let other = Embedded::found(3);
    assert!(matches!(reopen(&bench, |_| {}), Err(OpenError::Locked { .. })));
    bench.close();
    let five =
        reopen(&bench, |c| c.nodes = aerodb_control::kernel::embedded::NodeCount::Exactly(5));
    assert!(matches!(five, Err(OpenError::Size { found: 3, .. })));
    let too_many =
        reopen(&bench, |c| c.nodes = aerodb_control::kernel::embedded::NodeCount::Exactly(102));
    assert!(matches!(too_many, Err(OpenError::Nodes { .. })));
    let kept =
        reopen(&bench, |c| c.nodes = aerodb_control::kernel::embedded::NodeCount::ToFoundWith(5))
            .expect("it keeps its own");
    assert!(kept.describe().cluster.contains("3 nodes"), "{}", kept.describe().cluster);
    drop(kept);
    let renamed = reopen(&bench, |c| c.environment = PlaceName::parse("production").unwrap());
    assert!(matches!(renamed, Err(OpenError::Foreign { .. })));
    let dir = bench.dir.path().join("kernel");
    // Nodes whose switchboard was lost are not taken for an empty directory.
    fs::rename(dir.join("switchboard.sqlite"), dir.join("kept")).unwrap();
    assert!(matches!(reopen(&bench, |_| {}), Err(OpenError::MetadataMissing { .. })));
    fs::rename(dir.join("kept"), dir.join("switchboard.sqlite")).unwrap();
    reopen(&bench, |_| {}).unwrap();
    drop(other);
}

#[tokio::test]
async fn the_file_of_another_cluster_is_refused() {
    let mut bench = Embedded::found(1);
    bench.close();
    let foreign = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
    let config = config(foreign.path(), 1);
    drop(founded(&config, clock, &FixedEntropy(2)).unwrap());
    for file in ["kernel/n1/node.sqlite", "kernel/n1/node.seal"] {
        fs::copy(foreign.path().join(file), bench.dir.path().join(file)).unwrap();
    }
    let Err(OpenError::NoNode { why }) = reopen(&bench, |_| {}) else { panic!("foreign") };
    assert!(why.contains("belongs to"), "{why}");
}

#[tokio::test]
async fn the_founding_leaves_a_birth_record_and_appoints_n1_once() {
    let mut bench = Embedded::found(3);
    assert!(bench.own().describe().start_note.contains("n1 was appointed"));
    let state = bench.kernel().observe().await.unwrap();
    assert_eq!(state.view().cluster.primary, Fact::Known(Some(n(1))));
    assert_eq!(epoch(&state), Some(1));
    let cluster_id = state.identity.id.clone();
    bench.close();
    for number in 1..=3 {
        let path = bench.dir.path().join(format!("kernel/n{number}/node.sqlite"));
        let identity = NodeIdentity { cluster_id: cluster_id.clone(), number, voters: 3 };
        let store = NodeStore::open(&path, &identity).unwrap();
        let (sentence, founded_at) = store.birth().unwrap().unwrap();
        assert_eq!(sentence, "n1 was appointed primary by the founding of the cluster");
        assert_eq!(founded_at, bench.clock.now());
    }
    bench.open().unwrap();
    let state = bench.kernel().observe().await.unwrap();
    assert_eq!(state.view().cluster.primary, Fact::Known(None));
    assert_eq!(state.identity.id, cluster_id);
}

fn found(bench: &Embedded) -> Result<EmbeddedKernel, OpenError> {
    let clock: Arc<dyn Clock> = Arc::clone(&bench.clock) as Arc<dyn Clock>;
    founded(&config(bench.dir.path(), bench.nodes), clock, &FixedEntropy(2))
}

#[tokio::test]
async fn a_founding_that_was_interrupted_is_completed_by_who_asks_again_and_by_no_start() {
    let mut bench = Embedded::found(3);
    bench.close();
    let dir = bench.dir.path().join("kernel");
    fs::remove_dir_all(&dir).unwrap();
    assert!(matches!(reopen(&bench, |_| {}), Err(OpenError::NotFounded { .. })));
    fs::create_dir(&dir).unwrap();
    assert!(matches!(reopen(&bench, |_| {}), Err(OpenError::NotFounded { .. })));
    // As it is before the cluster metadata is in place: some nodes, and the mark of a founding.
    for number in 1..=2 {
        let node = dir.join(format!("n{number}"));
        fs::create_dir(&node).unwrap();
        let identity = NodeIdentity { cluster_id: "c".to_owned(), number, voters: 3 };
        drop(NodeStore::create(&node.join("node.sqlite"), &identity).unwrap());
    }
    fs::write(dir.join("founding"), "").unwrap();
    fs::write(dir.join("switchboard.unfinished"), "half a file").unwrap();
    assert!(matches!(reopen(&bench, |_| {}), Err(OpenError::FoundingUnfinished { .. })));
    let kernel = found(&bench).unwrap();
    assert!(!dir.join("founding").exists());
    let state = kernel.observe().await.unwrap();
    assert_eq!(state.view().cluster.primary, Fact::Known(Some(n(1))));
    drop(kernel);
    assert!(matches!(found(&bench), Err(OpenError::NotEmpty { .. })));
}

#[tokio::test]
async fn a_mark_of_a_founding_in_a_cluster_that_served_replaces_nothing() {
    let mut bench = Embedded::found(3);
    put(bench.own(), "a").await.unwrap();
    bench.close();
    let dir = bench.dir.path().join("kernel");
    fs::write(dir.join("founding"), "").unwrap();
    assert!(matches!(reopen(&bench, |_| {}), Err(OpenError::FoundingUnfinished { .. })));
    fs::rename(dir.join("switchboard.sqlite"), dir.join("kept")).unwrap();
    assert!(matches!(found(&bench), Err(OpenError::MoreThanFounded { .. })));
    fs::rename(dir.join("kept"), dir.join("switchboard.sqlite")).unwrap();
    // Where the founding came to its end but for the mark, the mark is all that goes.
    drop(found(&bench).unwrap());
    let kernel = reopen(&bench, |_| {}).unwrap();
    run(&kernel, 1, Action::Failover { to: n(2) }).await;
    assert_eq!(kernel.read("a").await.unwrap().unwrap(), b"a");
}

/// Numbers from a seed, so that a failing run can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Any action in any state: what passes every check runs exactly as predicted, and what does not is
/// refused by the kernel itself. Acknowledged writes are never lost, and no epoch begins unasked.
async fn any_order(nodes: u64, seed: u64, steps: u8) {
    let mut bench = Embedded::found(nodes);
    let mut numbers = Numbers(seed);
    let mut acknowledged = Vec::new();
    for step in 1..=steps {
        let kinds = u64::try_from(SPEC.actions.len()).unwrap();
        let entry = &SPEC.actions[usize::try_from(numbers.below(kinds)).unwrap()];
        let node = n(1 + numbers.below(nodes));
        let action = match entry.kind.word() {
            "stop_writes" => Action::StopWrites {},
            "resume_writes" => Action::ResumeWrites {},
            "add_replica" if numbers.below(2) == 0 => {
                let state = bench.kernel().observe().await.unwrap();
                Action::AddReplica { node: state.view().cluster.next_node }
            }
            "create_backup" => {
                let name = format!("b{}", numbers.below(3));
                Action::CreateBackup { name: PlaceName::parse(&name).unwrap() }
            }
            "purge_log" => {
                let up_to = (1 + numbers.below(u64::from(step))).to_string();
                let up_to = LogPosition::parse_field("up_to", &up_to).unwrap();
                Action::PurgeLog { node, up_to }
            }
            _ => Action::try_from(&entry.on(&node).unwrap()).unwrap(),
        };
        let before = bench.kernel().observe().await.unwrap();
        let checks = bench.kernel().checks(&before, &action.clone().into());
        println!("nodes {nodes} seed {seed} step {step}: {}", action.title());
        let highest =
            before.view().nodes.iter().filter_map(|n| n.pinned.epoch.known()).max().copied();
        if checks.checks.iter().all(|check| check.verdict == Verdict::Pass) {
            run(bench.kernel(), step, action).await;
        } else {
            refused(bench.kernel(), step, action, epoch(&before)).await;
            let after = bench.kernel().observe().await.unwrap();
            let same =
                after.view().nodes.iter().filter_map(|n| n.pinned.epoch.known()).max().copied();
            assert_eq!(same, highest);
        }
        let key = format!("k{step}");
        let state = bench.kernel().observe().await.unwrap();
        let written = put(bench.own(), &key).await;
        assert_eq!(written.is_ok(), state.view().cluster.writes == Fact::Known(Writes::Accepted));
        acknowledged.extend(written.ok().map(|_| key));
        if bench.own().read("k0").await.is_ok() {
            for key in &acknowledged {
                assert_eq!(bench.own().read(key).await.unwrap().unwrap(), key.as_bytes());
            }
        }
        match numbers.below(12) {
            0 => bench.restart(),
            1 => bench.own().partition(&n(1 + numbers.below(nodes))).await,
            2 | 3 => bench.own().heal(&n(1 + numbers.below(nodes))).await,
            _ => {}
        }
    }
    for step in 1..=steps {
        let resolved = bench.kernel().resolve(id(step), &Session::none()).await.unwrap();
        assert_eq!(bench.kernel().resolve(id(step), &Session::none()).await.unwrap(), resolved);
    }
}

#[tokio::test]
async fn a_cluster_of_one_runs_as_predicted_in_any_order() {
    any_order(1, 11, 80).await;
}

/// C1.2, C5.1.
#[tokio::test]
async fn a_cluster_of_three_runs_as_predicted_in_any_order() {
    any_order(3, 1, 120).await;
    any_order(3, 2, 120).await;
}

#[tokio::test]
async fn a_cluster_of_five_runs_as_predicted_in_any_order() {
    any_order(5, 3, 120).await;
}
