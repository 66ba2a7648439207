//! Nodes join, take a vote and leave: one at a time, by an order, and never so that a majority
//! rests on a node that holds nothing.

use crate::kernel::contract::{Bench, TypedState, id, n, order, refused, run};
use crate::kernel::embedded_bench::Embedded;
use aerodb_control::kernel::CommandKernel;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::spec::EngineInvariant;
use aerodb_control::kernel::embedded::view::{Role, Writes};
use aerodb_control::kernel::embedded::{EmbeddedKernel, Write};
use aerodb_control::model::action::LogPosition;
use aerodb_control::model::cluster::{ClusterState, ReceiptStatus};
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::facts::Fact;
use aerodb_control::model::invariant::InvariantId;
use aerodb_control::model::session::Session;
use aerodb_control::model::text::NodeId;

fn add(node: u64) -> Action {
    Action::AddReplica { node: n(node) }
}

fn grant(node: u64) -> Action {
    Action::GrantVote { node: n(node) }
}

fn remove(node: u64) -> Action {
    Action::RemoveReplica { node: n(node) }
}

async fn put(kernel: &EmbeddedKernel, key: &str) {
    let write = Write::Put { key: key.to_owned(), value: key.into() };
    kernel.write(write).await.unwrap();
}

async fn look(bench: &Embedded) -> ClusterState {
    bench.kernel().observe().await.unwrap()
}

fn names(nodes: &[NodeId]) -> String {
    nodes.iter().map(NodeId::as_str).collect::<Vec<_>>().join(" ")
}

fn violated(kernel: &dyn CommandKernel, state: &ClusterState, action: &Action) -> Vec<InvariantId> {
    let checks = kernel.checks(state, &action.clone().into()).checks;
    let against = checks.into_iter().filter(|check| check.verdict != Verdict::Pass);
    against.map(|check| check.invariant).collect()
}

#[tokio::test]
async fn a_change_of_members_that_would_cost_a_majority_is_refused() {
    let bench = Embedded::found(3);
    let e = Some(1);
    let cases = [
        (add(3), "node_is_new"),
        (add(5), "node_is_new"),
        (Action::AddReplica { node: NodeId::parse("spare").unwrap() }, "node_is_new"),
        (grant(2), "target_is_learner"),
        (grant(4), "node_is_member"),
        (remove(4), "node_is_member"),
        (remove(1), "target_not_primary"),
    ];
    for (number, (action, rule)) in (10..).zip(cases) {
        assert_eq!(
            refused(bench.kernel(), number, action.clone(), e).await.rule,
            rule,
            "{action:?}"
        );
    }
    let moved = refused(bench.kernel(), 20, add(4), Some(2)).await;
    assert_eq!(moved.rule, "epoch_moved");
    // Two of three can be reached: the third one can be removed, and neither of the two.
    bench.own().partition(&n(3)).await;
    let state = look(&bench).await;
    assert_eq!(violated(bench.kernel(), &state, &remove(2)), [EngineInvariant::QuorumRemains]);
    assert_eq!(refused(bench.kernel(), 21, remove(2), e).await.rule, "quorum_remains");
    assert!(violated(bench.kernel(), &state, &remove(3)).is_empty());
    // Without a majority nothing about the members can be decided, and unknown is no pass.
    bench.own().partition(&n(2)).await;
    let state = look(&bench).await;
    for action in [add(4), remove(3), grant(3)] {
        let against = violated(bench.kernel(), &state, &action);
        assert!(against.contains(&EngineInvariant::QuorumReachable.id()), "{against:?}");
    }
    bench.own().partition(&n(1)).await;
    let state = look(&bench).await;
    let checks = bench.kernel().checks(&state, &remove(2).into()).checks;
    let unknown = checks.iter().filter(|check| check.verdict == Verdict::Unknown);
    let unknown: Vec<_> = unknown.map(|check| check.invariant).collect();
    assert!(unknown.contains(&EngineInvariant::NotPrimary.id()), "{unknown:?}");
}

#[tokio::test]
async fn a_new_node_learns_everything_and_votes_only_when_it_is_granted_a_vote() {
    let mut bench = Embedded::found(3);
    for key in ["a", "b"] {
        put(bench.own(), key).await;
    }
    run(bench.kernel(), 1, add(4)).await;
    let state = look(&bench).await;
    let view = state.view();
    let n4 = view.node(&n(4)).unwrap();
    assert_eq!(n4.pinned.role, Fact::Known(Role::Learner));
    assert_eq!(n4.positions.last, view.node(&n(1)).unwrap().positions.last, "it has caught up");
    assert_eq!(
        (names(&state.view().cluster.voters).as_str(), state.view().cluster.quorum),
        ("n1 n2 n3", 2)
    );
    // It counts for nothing: two voters lost are a majority lost.
    bench.own().partition(&n(2)).await;
    bench.own().partition(&n(3)).await;
    assert_eq!(look(&bench).await.view().cluster.writes, Fact::Known(Writes::Stopped));
    bench.own().heal(&n(2)).await;
    bench.own().heal(&n(3)).await;
    let state = look(&bench).await;
    let failover = violated(bench.kernel(), &state, &Action::Switchover { to: n(4) });
    assert_eq!(failover, [EngineInvariant::TargetIsStandby]);
    // One that lags has no vote to take; at rest one that can be reached never lags.
    bench.own().partition(&n(4)).await;
    put(bench.own(), "c").await;
    assert_eq!(refused(bench.kernel(), 2, grant(4), Some(1)).await.rule, "target_reachable");
    bench.own().heal(&n(4)).await;
    run(bench.kernel(), 3, grant(4)).await;
    bench.restart();
    let state = look(&bench).await;
    assert_eq!(
        (names(&state.view().cluster.voters).as_str(), state.view().cluster.quorum),
        ("n1 n2 n3 n4", 3)
    );
    run(bench.kernel(), 4, Action::Failover { to: n(4) }).await;
    for key in ["a", "b", "c"] {
        assert_eq!(bench.own().read(key).await.unwrap().unwrap(), key.as_bytes());
    }
    for number in [1, 3] {
        let receipt = bench.kernel().receipt(id(number)).await.unwrap();
        assert!(matches!(receipt, ReceiptStatus::Executed { .. }));
    }
}

#[tokio::test]
async fn a_node_that_joins_after_a_purge_receives_the_whole_state() {
    let mut bench = Embedded::found(1);
    put(bench.own(), "a").await;
    let checkpoint = Action::TakeCheckpoint { node: n(1) };
    let kept = run(bench.kernel(), 1, checkpoint).await.position.unwrap();
    let up_to = LogPosition::parse_field("up_to", &kept.to_string()).unwrap();
    run(bench.kernel(), 2, Action::PurgeLog { node: n(1), up_to }).await;
    for node in [2, 3] {
        let number = u8::try_from(node).unwrap();
        run(bench.kernel(), 10 * number, add(node)).await;
        run(bench.kernel(), 10 * number + 1, grant(node)).await;
    }
    put(bench.own(), "b").await;
    run(bench.kernel(), 40, Action::Switchover { to: n(3) }).await;
    run(bench.kernel(), 41, Action::TakeOffline { node: n(1) }).await;
    bench.restart();
    run(bench.kernel(), 42, Action::Failover { to: n(2) }).await;
    for key in ["a", "b"] {
        assert_eq!(bench.own().read(key).await.unwrap().unwrap(), key.as_bytes());
    }
    // The receipts from before the new nodes existed.
    let receipt = bench.kernel().apply(order(1, add(9), None), Session::none()).await.unwrap();
    assert!(receipt.duplicate);
}

#[tokio::test]
async fn a_node_that_left_is_gone_with_its_name_and_the_last_voter_stays() {
    let mut bench = Embedded::found(3);
    put(bench.own(), "a").await;
    // One that is lost can be removed: the others need no word from it.
    bench.own().partition(&n(3)).await;
    run(bench.kernel(), 1, remove(3)).await;
    let file = bench.dir.path().join("kernel/n3/node.sqlite");
    assert!(file.exists(), "its files stay");
    bench.own().heal(&n(3)).await;
    bench.restart();
    let state = look(&bench).await;
    assert_eq!((names(&state.view().cluster.voters).as_str(), state.nodes.len()), ("n1 n2", 2));
    run(bench.kernel(), 2, Action::Failover { to: n(2) }).await;
    assert_eq!(refused(bench.kernel(), 3, add(3), Some(2)).await.rule, "node_is_new");
    run(bench.kernel(), 4, add(4)).await;
    run(bench.kernel(), 5, remove(4)).await;
    assert_eq!(look(&bench).await.view().cluster.next_node, n(5));
    run(bench.kernel(), 6, remove(1)).await;
    put(bench.own(), "b").await;
    let last = violated(bench.kernel(), &look(&bench).await, &remove(2));
    let expected = [
        EngineInvariant::NotPrimary,
        EngineInvariant::VoterRemains,
        EngineInvariant::QuorumRemains,
    ];
    assert_eq!(last, expected);
    bench.restart();
    // Also when nobody is primary.
    let last = violated(bench.kernel(), &look(&bench).await, &remove(2));
    assert!(last.contains(&EngineInvariant::VoterRemains.id()));
    run(bench.kernel(), 7, Action::Failover { to: n(2) }).await;
    for key in ["a", "b"] {
        assert_eq!(bench.own().read(key).await.unwrap().unwrap(), key.as_bytes());
    }
}

#[tokio::test]
async fn a_cluster_has_room_for_a_hundred_and_one() {
    let bench = Embedded::found(99);
    run(bench.kernel(), 1, add(100)).await;
    run(bench.kernel(), 2, add(101)).await;
    assert_eq!(refused(bench.kernel(), 3, add(102), Some(1)).await.rule, "room_for_node");
    run(bench.kernel(), 4, remove(100)).await;
    run(bench.kernel(), 5, add(102)).await;
    put(bench.own(), "a").await;
}

#[tokio::test]
async fn what_an_attempt_left_behind_is_no_member_and_in_nobodys_way() {
    let mut bench = Embedded::found(3);
    bench.close();
    // The process ended while the files of n4 were laid out: half a file, and on no list.
    let dir = bench.dir.path().join("kernel/n4");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("node.sqlite"), "half a file").unwrap();
    bench.open().unwrap();
    assert_eq!(look(&bench).await.nodes.len(), 3);
    run(bench.kernel(), 1, Action::Failover { to: n(1) }).await;
    run(bench.kernel(), 2, add(4)).await;
    assert_eq!(look(&bench).await.nodes.len(), 4);
}
