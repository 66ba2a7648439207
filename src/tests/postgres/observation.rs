//! Observations of real clusters: still where nothing happens, and unknown where nothing is known.
#![expect(clippy::disallowed_methods, reason = "how long a node is waited for is promised")]

use crate::postgres::machine::TestCluster;
use crate::postgres::observed::{
    DEADLINE, Observed, Reconnecting, fact, gap, node, node_id, pinned,
};
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use aerodb_control::kernel::postgres::spec::{SPEC, facts};
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::facts::{Fact, Facts, Value};
use aerodb_control::model::spec::{FactOf, PRIMARY, REACHABLE, ROLE, WRITES};
use std::time::Instant;

/// What is only said where something stopped.
const BESIDE: [&str; 6] = [
    facts::PRIMARY_SINCE,
    facts::PRIMARY_WHY,
    facts::WRITES_SINCE,
    facts::WRITES_WHY,
    facts::UNREACHABLE_SINCE,
    facts::UNREACHABLE_WHY,
];

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn unread(facts: &Facts, of: FactOf) -> Vec<String> {
    let all = SPEC.facts_of(of).filter(|fact| !BESIDE.contains(&fact.key));
    all.filter(|fact| !matches!(facts.get(fact.key), Some(Fact::Known(_))))
        .map(|fact| format!("{}: {:?}", fact.key, facts.get(fact.key)))
        .collect()
}

/// A standby of a timeline is never further than its primary.
fn assert_ordered(state: &ClusterState) {
    let flushed = |number| node(state, number).facts.position(facts::FLUSHED);
    let primary = *flushed(0).known().expect("the primary");
    for number in [1, 2] {
        let standby = *flushed(number).known().expect("a standby");
        assert_eq!(standby.branch, primary.branch);
        assert!(standby.offset <= primary.offset, "{standby:?} {primary:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_the_spec_declares_is_read_and_nothing_else() {
    let cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    let state = observed.state().await;
    assert_eq!(state.facts.text(PRIMARY).known().map(String::as_str), Some("n1"));
    assert_eq!(state.facts.text(WRITES).known().map(String::as_str), Some("accepted"));
    // A copy of a template that nobody has written to since has replayed no transaction.
    let no_lag = [facts::REPLAY_DELAY];
    for number in [0, 1, 2] {
        let mut missing = unread(&node(&state, number).facts, FactOf::Node);
        missing.retain(|fact| !no_lag.iter().any(|key| fact.starts_with(key)));
        assert_eq!(missing, Vec::<String>::new(), "{}", node_id(number));
        let of_node = node(&state, number).facts.iter();
        let undeclared = of_node.filter(|(key, _)| SPEC.fact(FactOf::Node, key).is_none());
        assert_eq!(undeclared.map(|(key, _)| key.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
    }
    assert_eq!(unread(&state.facts, FactOf::Cluster), Vec::<String>::new());
    assert_eq!(fact(&state, 0, facts::RIGHTS_MISSING), Value::Names(Vec::new()));
    assert_eq!(fact(&state, 1, facts::FOLLOWS), text("n1"));
    assert_eq!(fact(&state, 1, facts::UPSTREAM), text("n1"));
    assert_eq!(fact(&state, 1, facts::DIRECT), Value::Flag(true));
    let items: Vec<String> = state
        .items
        .iter()
        .map(|item| format!("{} {} {}", item.node, item.kind, item.name))
        .collect();
    for wanted in ["n1 follower n2", "n1 follower n3", "n1 slot n2", "n1 slot n3", "n2 slot n1"] {
        assert!(items.iter().any(|item| item == wanted), "{wanted}: {items:?}");
    }
    for item in &state.items {
        let declared: Vec<&str> = SPEC.facts_of_item(&item.kind).map(|fact| fact.key).collect();
        let said: Vec<&str> = item.facts.iter().map(|(key, _)| key.as_str()).collect();
        assert!(declared.iter().all(|key| said.contains(key)), "{declared:?} {said:?}");
        assert_eq!(declared.len(), said.len(), "{item:?}");
    }
}

/// C5.1, C8.4: a confirmation holds on a cluster that works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_bound_stands_still_while_clients_connect_and_write_all_the_time() {
    let layout = ClusterLayout {
        sync_rule: "ANY 1 (n2, n3)".to_owned(),
        settings: "autovacuum = on\nautovacuum_naptime = 1s\ncheckpoint_timeout = 30s\n".to_owned(),
        ..ClusterLayout::default()
    };
    let cluster = TestCluster::laid_out(layout);
    let observed = Observed::of(&cluster);
    let first = observed.until("both stream", |state| {
        [1, 2].iter().all(|&number| {
            node(state, number).facts.text(facts::RECEIVER).known().map(String::as_str)
                == Some("streaming")
        })
    });
    let first = pinned(&first.await);
    let load = Reconnecting::start(&cluster, 0);
    let before = fact(&observed.state().await, 0, facts::FLUSHED);
    let began = Instant::now();
    for number in 0..300 {
        let state = observed.state().await;
        assert_ordered(&state);
        let now = pinned(&state);
        let moved: Vec<String> = first.moved(&now).iter().map(|it| SPEC.change(it)).collect();
        assert_eq!(moved, Vec::<String>::new(), "observation {number}");
    }
    println!("300 observations under load: {} ms each", began.elapsed().as_millis() / 300);
    assert_ne!(fact(&observed.state().await, 0, facts::FLUSHED), before, "clients wrote");
    drop(load);
}

/// C8.4: each in its own words, since the first look that failed, and nobody is waited for longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_answer_is_unknown_in_its_own_words_and_the_others_are_read() {
    let mut cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    observed.state().await;
    let assert_lost = |state: &ClusterState, words: &str| {
        assert_eq!(fact(state, 2, REACHABLE), Value::Flag(false), "{words}");
        let why = gap(state, 2, ROLE);
        assert!(why.contains(words), "{words}: {why}");
        assert_eq!(fact(state, 2, facts::UNREACHABLE_WHY), text(&why));
        assert_eq!(fact(state, 0, ROLE), text("primary"));
        assert_eq!(fact(state, 1, ROLE), text("standby"));
        assert!(state.items_of(&node_id(2)).next().is_none());
    };
    cluster.node_mut(2).unwrap().pause().unwrap();
    let began = Instant::now();
    let paused = observed.state().await;
    assert!(began.elapsed() < DEADLINE * 2, "{:?}", began.elapsed());
    assert_lost(&paused, "no answer within 1500 ms");
    let since = fact(&paused, 2, facts::UNREACHABLE_SINCE);
    observed.clock.advance_millis(60_000);
    let began = Instant::now();
    let paused = observed.state().await;
    assert!(began.elapsed() < DEADLINE * 2, "{:?}", began.elapsed());
    assert_lost(&paused, "no session within 1500 ms");
    assert_eq!(fact(&paused, 2, facts::UNREACHABLE_SINCE), since, "the first look that failed");
    cluster.node_mut(2).unwrap().kill().unwrap();
    let killed = observed.state().await;
    assert_lost(&killed, "Connection refused");
    assert_eq!(fact(&killed, 2, facts::UNREACHABLE_SINCE), since);
    assert_eq!(
        pinned(&killed).nodes.last(),
        pinned(&paused).nodes.last(),
        "why and since when bind nothing"
    );
    cluster.node_mut(2).unwrap().start().unwrap();
    let back = observed.until("n3 streams", |state| {
        state.node(&node_id(2)).and_then(|it| it.facts.text(facts::RECEIVER).known().cloned())
            == Some("streaming".to_owned())
    });
    let back = back.await;
    assert_eq!(fact(&back, 2, REACHABLE), Value::Flag(true));
    assert!(node(&back, 2).facts.get(facts::UNREACHABLE_SINCE).is_none());
}

/// C8.4: a server that was restarted answers, though the session that was kept for it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_a_restart_ended_is_no_node_that_does_not_answer() {
    let mut cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    let before = observed.state().await;
    cluster.node_mut(1).unwrap().kill().unwrap();
    cluster.node_mut(1).unwrap().start().unwrap();
    let after = observed.state().await;
    assert_eq!(fact(&after, 1, REACHABLE), Value::Flag(true));
    let started = |state| fact(state, 1, facts::STARTED);
    assert_ne!(started(&before), started(&after), "another generation");
    assert_eq!(fact(&before, 0, facts::STARTED), fact(&after, 0, facts::STARTED));
}

/// A node without a connection left answers over the one that was kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_free_connection_says_so_and_a_session_that_was_kept_goes_on() {
    let cluster = TestCluster::new();
    let kept = Observed::of(&cluster);
    kept.state().await;
    let limit = "alter role aerodb_observer connection limit 0";
    cluster.node(0).unwrap().sql(SUPERUSER, limit).unwrap();
    let late = Observed::of(&cluster);
    let state = late.until("the limit has arrived everywhere", |state| {
        state.nodes.iter().all(|node| node.reachable().known() == Some(&false))
    });
    let state = state.await;
    for number in [0, 1, 2] {
        let why = gap(&state, number, ROLE);
        assert!(why.starts_with("the server has no connection left (53300: "), "{why}");
    }
    assert!(matches!(state.facts.get(PRIMARY), Some(Fact::Unknown { .. })));
    assert!(matches!(state.facts.get(WRITES), Some(Fact::Unknown { .. })));
    let state = kept.state().await;
    assert_eq!(state.facts.text(PRIMARY).known().map(String::as_str), Some("n1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_the_observer_lacks_is_named_and_its_facts_are_unknown() {
    let cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    observed.state().await;
    let primary = cluster.node(0).unwrap();
    let revoke = "revoke select on pg_file_settings from aerodb_observer; \
                  revoke execute on function pg_switch_wal() from aerodb_operator;\n";
    primary.sql("aerodb_control", revoke).unwrap();
    let state = observed.state().await;
    let why = gap(&state, 0, facts::SYNC_RULE_WRITTEN);
    assert!(why.contains("may not read pg_file_settings"), "{why}");
    let missing = fact(&state, 0, facts::RIGHTS_MISSING).to_string();
    assert!(missing.contains("pg_switch_wal"), "{missing}");
    primary.sql("aerodb_control", "revoke select on cp.branch from aerodb_observer").unwrap();
    let state = observed.state().await;
    assert!(gap(&state, 0, facts::NODE_BRANCH).contains("tables of this control plane"));
    assert!(state.facts.get(WRITES).is_some_and(|fact| fact.known().is_none()), "logins unknown");
    primary.sql(SUPERUSER, "revoke pg_monitor from aerodb_observer").unwrap();
    let state = observed.state().await;
    let why = gap(&state, 0, ROLE);
    assert!(why.starts_with("the observer's role lacks a right (42501: "), "{why}");
}

/// C5.2: who looked when changes nothing, and who looks at once shares one look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_look_at_once_are_answered_by_few_readings_that_began_after_they_asked() {
    let cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    observed.state().await;
    let began = Instant::now();
    observed.state().await;
    let one = began.elapsed();
    let began = Instant::now();
    let looks = (0..40).map(|_| {
        let shared = std::sync::Arc::clone(&observed.observer);
        tokio::spawn(async move { shared.observe().await.expect("a state") })
    });
    let mut ids = std::collections::BTreeSet::new();
    for look in looks.collect::<Vec<_>>() {
        ids.insert(look.await.unwrap().observation.id);
    }
    assert!(ids.len() <= 4, "{} readings", ids.len());
    println!("one look {one:?}, forty at once {:?}", began.elapsed());
}

/// C8.3: nothing looks where nobody listens, and who listens hears of what nobody here did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_hears_of_a_change_that_somebody_else_made() {
    let cluster = TestCluster::new();
    let every = std::time::Duration::from_millis(50);
    let observed = Observed::with(&cluster, |config| config.watch = Some(every));
    let mut changes = observed.observer.changes();
    observed.state().await;
    cluster
        .node(0)
        .unwrap()
        .sql(SUPERUSER, "select pg_create_physical_replication_slot('x')")
        .unwrap();
    tokio::time::timeout(DEADLINE * 4, changes.changed())
        .await
        .expect("in time")
        .expect("a number");
    drop(changes);
    let alone = Observed::of(&cluster);
    let changes = alone.observer.changes();
    alone.state().await;
    cluster.node(0).unwrap().sql(SUPERUSER, "select pg_drop_replication_slot('x')").unwrap();
    assert_eq!(*changes.borrow(), 0, "nobody looks by itself where the settings say so");
    alone.state().await;
    assert_eq!(*changes.borrow(), 1, "an observation that differs is a change");
    alone.state().await;
    assert_eq!(*changes.borrow(), 1);
}
