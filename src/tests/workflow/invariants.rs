//! Invariants that no other test breaks: what happens when they cannot be kept.

use crate::harness::{confirmation, id};
use crate::kernel::contract::{Bench, TypedState, n, run};
use crate::kernel::embedded_bench::Embedded;
use crate::kernel::mute::MuteApp;
use aerodb_control::kernel::embedded::Write;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::spec::EngineInvariant;
use aerodb_control::kernel::embedded::spec::facts::LAST;
use aerodb_control::kernel::embedded::view::Role;
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::facts::Fact;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// C1.1, C6.1, C8.4: `observation_whole`. What cannot be seen whole is not decided about.
#[tokio::test]
async fn while_the_cluster_cannot_be_observed_nothing_is_explained_asked_for_or_confirmed() {
    let app = MuteApp::new().await;
    let explained = app.olga.request(1, "stop_writes", json!({})).await.expect(201).json();
    app.olga.get("/readyz").await.expect(200);
    MuteApp::set(&app.link.is_cut);
    let confirm = format!("/api/v1/actions/{}/confirm", id(1));
    let mut replies = vec![
        app.olga.request(2, "stop_writes", json!({})).await,
        app.olga.post(&confirm, &confirmation(&explained)).await,
    ];
    for path in ["cluster", "overview", "nodes/n1", "explain?kind=stop_writes&reason=r"] {
        replies.push(app.olga.get(&format!("/api/v1/{path}")).await);
    }
    for reply in replies {
        let refusal: Value = reply.expect(502).json()["refusal"].clone();
        assert_eq!(refusal["code"], "kernel_unreachable", "{refusal}");
        assert_eq!(refusal["invariants"], json!(["observation_whole"]), "{refusal}");
        assert_eq!(refusal["executed"], "no", "{refusal}");
    }
    assert_eq!(app.link.orders.load(Ordering::SeqCst), 0);
    let shown = app.olga.get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    assert_eq!(shown["stage"], "explained", "it is neither spent nor stale");
    let ready = app.olga.get("/readyz").await.expect(503).body;
    assert!(ready.contains("the kernel does not answer"), "{ready}");
    let figures = app.olga.get("/metrics").await.expect(200).body;
    assert!(figures.contains("aerodb_control_recordable 1\n"), "{figures}");
}

/// C2.5, C6.1: `learner_caught_up`. A majority never rests on a node without the log.
#[tokio::test]
async fn a_learner_that_lacks_a_committed_entry_or_may_lack_one_takes_no_vote() {
    let bench = Embedded::found(3);
    run(bench.kernel(), 1, Action::AddReplica { node: n(4) }).await;
    let seen = bench.kernel().observe().await.expect("a state");
    let grant = Action::GrantVote { node: n(4) };
    let verdict = |last: Fact<u64>| {
        let mut state = seen.clone();
        let learner = state.nodes.iter_mut().find(|node| node.id == n(4)).expect("n4");
        learner.facts.set(LAST, last.map(|last| (*last).into()));
        let checks = bench.kernel().checks(&state, &grant.clone().into()).checks;
        let check = checks.into_iter().find(|c| c.invariant == EngineInvariant::LearnerCaughtUp);
        check.expect("the check").verdict
    };
    let held = *seen.view().node(&n(4)).expect("n4").positions.last.known().expect("a position");
    assert_eq!(verdict(Fact::Known(held - 1)), Verdict::Fail);
    assert_eq!(verdict(Fact::unknown(Timestamp::from_millis(0), "n4 is away")), Verdict::Unknown);
    assert_eq!(verdict(Fact::Known(held)), Verdict::Pass);
}

/// C2.5: `single_writer`. Whoever was primary of an epoch that ended is primary of nothing.
#[tokio::test]
async fn a_primary_that_was_taken_offline_comes_back_as_a_standby_of_the_later_epoch() {
    let bench = Embedded::found(3);
    let primaries = async || {
        let state = bench.kernel().observe().await.expect("a state").view();
        let is_primary = |role: &Fact<Role>| *role == Fact::Known(Role::Primary);
        let nodes = state.nodes.iter().filter(|node| is_primary(&node.pinned.role));
        nodes.map(|node| node.pinned.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(primaries().await, [n(1)]);
    // Cut off, it may still be primary to somebody: then nobody else becomes one.
    bench.own().partition(&n(1)).await;
    let (seen, failover) = (bench.kernel().observe().await.expect("a state"), n(2));
    let checks = bench.kernel().checks(&seen, &Action::Failover { to: failover }.into()).checks;
    let alive =
        checks.iter().find(|c| c.invariant == EngineInvariant::NoPrimaryAlive).expect("a check");
    assert_eq!(alive.verdict, Verdict::Unknown);
    assert_eq!(primaries().await, []);
    bench.own().heal(&n(1)).await;
    assert_eq!(primaries().await, [n(1)]);
    // Taken offline, it is known to be none.
    run(bench.kernel(), 1, Action::TakeOffline { node: n(1) }).await;
    run(bench.kernel(), 2, Action::Failover { to: n(2) }).await;
    assert_eq!(primaries().await, [n(2)]);
    let write = |key: &str| Write::Put { key: key.to_owned(), value: key.into() };
    bench.own().write(write("a")).await.expect("the new primary has a majority");
    run(bench.kernel(), 3, Action::BringOnline { node: n(1) }).await;
    assert_eq!(primaries().await, [n(2)]);
    let state = bench.kernel().observe().await.expect("a state").view();
    let old = state.node(&n(1)).expect("n1");
    assert_eq!(old.pinned.role, Fact::Known(Role::Standby));
    assert_eq!((&old.pinned.epoch, &state.cluster.epoch), (&Fact::Known(2), &Fact::Known(2)));
    bench.own().write(write("b")).await.expect("one writer");
    assert_eq!(bench.own().read("a").await.expect("served").expect("kept"), b"a");
}
