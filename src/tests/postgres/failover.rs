//! Who may be promoted when the primary is gone: the cases in which it is proven that nothing acknowledged
//! is lost, and every one in which it only looks so.

use super::app::PgApp;
use super::load::{ClientLoad, RowsByClient, lost, make_table, rows_on, until_written};
use super::machine::TestCluster;
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::proxy::LinkMode;
use crate::postgres_bench::until;
use serde_json::{Value, json};

fn sync() -> ClusterLayout {
    ClusterLayout {
        sync_rule: "ANY 1 (n2, n3)".to_owned(),
        proxied: true,
        ..ClusterLayout::default()
    }
}

/// Everything that a person can say, but for what the files of the old primary say.
pub(super) fn every_word() -> Value {
    json!({"old_primary_out": "yes", "no_local_commits": "yes"})
}

pub(super) fn with_control_data(said: &str) -> Value {
    let mut word = every_word();
    word["control_data"] = said.into();
    word
}

pub(super) async fn refused(app: &PgApp, node: &str, attested: Value) -> Vec<String> {
    app.refuses("promote", json!({"node": node}), attested).await
}

/// Waits until neither standby receives anything.
fn streams_end(app: &PgApp) {
    let receivers = "select count(*) from pg_stat_wal_receiver";
    for number in [1, 2] {
        let node = app.cluster.node(number).unwrap();
        let gone = || Ok((node.sql(SUPERUSER, receivers)? == "0").then_some(()));
        until("the stream ends", gone).unwrap();
    }
}

/// A cluster whose clients write until its primary is killed.
fn killed_under_load(app: &mut PgApp) -> RowsByClient {
    make_table(app.cluster.node(0).unwrap());
    let load = ClientLoad::start(app.cluster.node(0).unwrap(), app.cluster.dir());
    until_written(app.cluster.node(0).unwrap(), 100);
    app.cluster.node_mut(0).unwrap().kill().unwrap();
    streams_end(app);
    load.acknowledged()
}

/// Takes a standby away from its upstream, which is what a proof under a contract needs.
pub(super) async fn detach(app: &PgApp, node: &str) {
    app.runs("write_upstream", json!({"node": node, "upstream": "none"})).await;
    app.runs("reload", json!({"node": node})).await;
}

fn held(app: &PgApp, number: usize) -> String {
    let sql = "select greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())";
    app.cluster.node(number).unwrap().sql(SUPERUSER, sql).unwrap()
}

/// Case B.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_contract_the_furthest_of_enough_detached_standbys_may_be_promoted() {
    let mut app = PgApp::over(TestCluster::laid_out(sync())).await;
    app.runs("declare_sync_contract", json!({"node": "n1"})).await;
    let told = killed_under_load(&mut app);
    // One standby that is still attached could still acknowledge for a primary that nobody sees.
    for node in ["n2", "n3"] {
        let rules = refused(&app, node, every_word()).await;
        assert!(rules.contains(&"acknowledged_commits_kept".to_owned()), "{rules:?}");
    }
    detach(&app, "n2").await;
    assert!(!refused(&app, "n2", every_word()).await.is_empty(), "one of two is not enough");
    detach(&app, "n3").await;
    let (mut first, mut second) = (("n2", 1), ("n3", 2));
    let further = format!("select '{}'::pg_lsn < '{}'::pg_lsn", held(&app, 1), held(&app, 2));
    if app.cluster.node(1).unwrap().sql(SUPERUSER, &further).unwrap() == "t" {
        (first, second) = (second, first);
    }
    if held(&app, 1) != held(&app, 2) {
        let rules = refused(&app, second.0, every_word()).await;
        assert!(rules.contains(&"none_further".to_owned()), "{rules:?}");
    }
    // What nobody said is not so.
    for missing in ["old_primary_out", "no_local_commits"] {
        let mut word = every_word();
        word.as_object_mut().unwrap().remove(missing);
        assert!(!refused(&app, first.0, word).await.is_empty(), "{missing}");
    }
    app.runs_attested("promote", json!({"node": first.0}), every_word()).await;
    let there = rows_on(app.cluster.node(first.1).unwrap());
    assert_eq!(lost(&told, &there), 0, "told {told:?}, there {there:?}");
}

/// Case C: a lower bound of what would be lost is no permission to lose it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_contract_or_a_clean_stop_nothing_that_is_said_allows_a_promotion() {
    let mut app = PgApp::over(TestCluster::laid_out(sync())).await;
    killed_under_load(&mut app);
    let crashed = app.cluster.node(0).unwrap().control_data().unwrap();
    for node in ["n2", "n3"] {
        for word in [json!({}), every_word(), with_control_data(&crashed)] {
            let rules = refused(&app, node, word).await;
            assert!(rules.contains(&"acknowledged_commits_kept".to_owned()), "{rules:?}");
        }
    }
    detach(&app, "n2").await;
    detach(&app, "n3").await;
    let rules = refused(&app, "n2", every_word()).await;
    assert!(rules.contains(&"acknowledged_commits_kept".to_owned()), "{rules:?}");
}

/// Case A2, and before it everything that is not a clean stop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_stop_is_proven_by_the_state_and_the_place_of_the_last_record_together() {
    let mut app = PgApp::over(TestCluster::laid_out(sync())).await;
    make_table(app.cluster.node(0).unwrap());
    let running = app.cluster.node(0).unwrap().control_data().unwrap();
    app.cluster.node_mut(0).unwrap().stop().unwrap();
    streams_end(&app);
    let stopped = app.cluster.node(0).unwrap().control_data().unwrap();
    for node in ["n2", "n3"] {
        app.runs("checkpoint", json!({"node": node})).await;
    }
    let other_system = stopped
        .lines()
        .map(|line| match line.strip_prefix("Database system identifier:") {
            Some(_) => "Database system identifier:           7000000000000000000".to_owned(),
            None => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n");
    let not_stopped = stopped.replace("shut down\n", "in production\n");
    let half = stopped.lines().take(8).collect::<Vec<_>>().join("\n");
    for (what, said) in [
        ("a server that runs", running.as_str()),
        ("another cluster", &other_system),
        ("a server that was not stopped in order", &not_stopped),
        ("half of it", &half),
        ("no such text", "Database cluster state: shut down"),
    ] {
        let rules = refused(&app, "n2", with_control_data(said)).await;
        assert!(!rules.is_empty(), "{what}");
    }
    let alone = json!({"control_data": stopped});
    assert!(!refused(&app, "n2", alone).await.is_empty(), "nobody said that it stays down");
    let word = json!({"control_data": stopped, "old_primary_out": "yes"});
    app.runs_attested("promote", json!({"node": "n2"}), word.clone()).await;
    // The same words again, and the other standby: one promotion is all that they are for.
    let rules = refused(&app, "n3", word).await;
    assert!(rules.contains(&"no_primary_answers".to_owned()), "{rules:?}");
}

/// The records of a clean stop and of a recovery after a crash are alike, and a standby that was cut off in
/// between shows all of them and misses what came after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recovery_that_looks_like_a_clean_stop_is_none() {
    let layout = ClusterLayout { proxied: true, ..ClusterLayout::default() };
    let mut app = PgApp::over(TestCluster::laid_out(layout)).await;
    make_table(app.cluster.node(0).unwrap());
    app.cluster.node_mut(0).unwrap().kill().unwrap();
    app.cluster.node_mut(0).unwrap().start().unwrap();
    app.cluster.streams(0).unwrap();
    let proxy = app.cluster.proxy(0).unwrap();
    for standby in ["n2", "n3"] {
        proxy.set_for(standby, LinkMode::Refuse);
    }
    let rows = "insert into written (client) select 1 from generate_series(1, 50)";
    app.cluster.node(0).unwrap().sql("app", rows).unwrap();
    app.cluster.node_mut(0).unwrap().kill().unwrap();
    let said = app.cluster.node(0).unwrap().control_data().unwrap();
    assert!(said.contains("in production\n"), "{said}");
    streams_end(&app);
    for node in ["n2", "n3"] {
        app.runs("checkpoint", json!({"node": node})).await;
        let rules = refused(&app, node, with_control_data(&said)).await;
        assert!(rules.contains(&"acknowledged_commits_kept".to_owned()), "{rules:?}");
    }
    let there = rows_on(app.cluster.node(1).unwrap());
    assert_eq!(there.values().sum::<u64>(), 0, "it would have missed them: {there:?}");
}

/// Case D: a primary that answers, and one that nobody sees but a standby still hears.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_answers_or_still_sends_is_no_case_for_a_promotion() {
    let app = PgApp::over(TestCluster::laid_out(sync())).await;
    let rules = refused(&app, "n2", every_word()).await;
    assert!(rules.contains(&"no_primary_answers".to_owned()), "{rules:?}");
    let proxy = app.cluster.proxy(0).unwrap();
    proxy.set_for("aerodb-control", LinkMode::Refuse);
    let rules = refused(&app, "n2", every_word()).await;
    assert!(rules.contains(&"not_receiving".to_owned()), "{rules:?}");
    assert!(!rules.contains(&"no_primary_answers".to_owned()), "nobody sees it: {rules:?}");
    for standby in ["n2", "n3"] {
        proxy.set_for(standby, LinkMode::Refuse);
    }
    streams_end(&app);
    let rules = refused(&app, "n2", every_word()).await;
    assert!(rules.contains(&"acknowledged_commits_kept".to_owned()), "{rules:?}");
    assert_eq!(app.cluster.node(0).unwrap().sql(SUPERUSER, "select 1").unwrap(), "1");
}
