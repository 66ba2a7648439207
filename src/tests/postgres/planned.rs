//! A planned switchover under load, by an operator, action by action: nothing that a client was told is
//! lost, and the old primary comes back as a standby without being made anew.

use super::app::PgApp;
use super::load::{ClientLoad, lost, make_table, rows_on, until_written};
use super::machine::TestCluster;
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::template::APP;
use crate::postgres_bench::until;
use serde_json::json;

/// C3.1, C4.3, C2.5: every step is a request of its own, and what a promotion needs is proven.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switchover_under_load_loses_nothing_that_a_client_was_told() {
    let layout =
        ClusterLayout { sync_rule: "ANY 1 (n2, n3)".to_owned(), ..ClusterLayout::default() };
    let mut app = PgApp::over(TestCluster::laid_out(layout)).await;
    make_table(app.cluster.node(0).unwrap());
    let load = ClientLoad::start(app.cluster.node(0).unwrap(), app.cluster.dir());
    until_written(app.cluster.node(0).unwrap(), 100);

    // Before anybody is disturbed: where n1 will follow, and what commits will wait for on n2.
    app.runs("write_upstream", json!({"node": "n1", "upstream": "n2"})).await;
    app.runs("write_sync_standbys", json!({"node": "n2", "rule": "ANY 1 (n1, n3)"})).await;
    app.runs("reload", json!({"node": "n2"})).await;
    app.runs("checkpoint", json!({"node": "n1"})).await;

    // A primary that answers is no case for a promotion, however much is attested.
    let word = json!({"old_primary_out": "yes", "no_local_commits": "yes"});
    let rules = app.refuses("promote", json!({"node": "n2"}), word.clone()).await;
    assert!(rules.contains(&"no_primary_answers".to_owned()), "{rules:?}");

    app.runs("stop_logins", json!({"node": "n1"})).await;
    // The sessions that were open go on, so nobody may say that writes have ended.
    let rules = app.refuses("mark_barrier", json!({"node": "n1"}), json!({})).await;
    assert_eq!(rules, ["sessions_ended"]);
    app.runs("end_sessions", json!({"node": "n1"})).await;
    let told = load.acknowledged();
    let written: u64 = told.values().sum();
    assert!(written >= 100, "{told:?}");
    app.runs("mark_barrier", json!({"node": "n1"})).await;

    // A person stops the old primary, and says what its files say.
    let n1 = app.cluster.node_mut(0).unwrap();
    n1.stop().unwrap();
    n1.make_standby().unwrap();
    let said = n1.control_data().unwrap();
    let receivers = "select count(*) from pg_stat_wal_receiver";
    for number in [1, 2] {
        let node = app.cluster.node(number).unwrap();
        let gone = || Ok((node.sql(SUPERUSER, receivers)? == "0").then_some(()));
        until("the stream ends", gone).unwrap();
    }
    let rules = app.refuses("promote", json!({"node": "n2"}), json!({"control_data": said})).await;
    assert_eq!(rules, ["no_other_writer"], "nobody said that it stays down");
    let attested = json!({"control_data": said, "old_primary_out": "yes"});
    app.runs_attested("promote", json!({"node": "n2"}), attested).await;
    app.runs("write_upstream", json!({"node": "n3", "upstream": "n2"})).await;
    app.runs("reload", json!({"node": "n3"})).await;
    let streams = "select count(*) from pg_stat_replication where application_name = 'n3'";
    let n2 = app.cluster.node(1).unwrap();
    until("n3 follows n2", || Ok((n2.sql(SUPERUSER, streams)? == "1").then_some(()))).unwrap();
    app.runs("mark_branch", json!({"node": "n2"})).await;
    app.runs("resume_logins", json!({"node": "n2"})).await;

    let there = rows_on(app.cluster.node(1).unwrap());
    assert_eq!(lost(&told, &there), 0, "told {told:?}, there {there:?}");
    app.cluster.node_mut(0).unwrap().start().unwrap();
    app.cluster.streams(1).unwrap();
    let log = app.cluster.node(0).unwrap().log().unwrap();
    assert!(!log.contains("forked off"), "it rejoins as it is: {log}");
    let load = ClientLoad::start(app.cluster.node(1).unwrap(), &again(&app));
    until_written(app.cluster.node(1).unwrap(), there.values().sum::<u64>() + 50);
    drop(load);
    let shown = app.shows().await;
    assert_eq!(shown["primary"], "n2", "{shown:#}");
    println!("{written} rows were acknowledged before, none was lost");
    let sql = format!("select rolcanlogin from pg_roles where rolname = '{APP}'");
    assert_eq!(app.cluster.node(1).unwrap().sql(SUPERUSER, &sql).unwrap(), "t");
}

/// A folder beside the first one, for the notes of the second load.
fn again(app: &PgApp) -> std::path::PathBuf {
    app.cluster.dir().join("n2")
}
