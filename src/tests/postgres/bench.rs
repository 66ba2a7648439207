//! The clusters themselves: what every other test of this kernel relies on.

use crate::postgres::load::{ClientLoad, lost, make_table, rows_on, until_written};
use crate::postgres::machine::{CANARY, TestCluster};
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::proxy::LinkMode;
use crate::postgres_bench::until;
use std::fs;
use tokio_postgres::NoTls;

const IN_RECOVERY: &str = "select pg_is_in_recovery()";

/// Waits until a standby has replayed what its primary has written.
fn replays(cluster: &TestCluster, standby: usize) {
    let lsn = cluster.node(0).unwrap().sql(SUPERUSER, "select pg_current_wal_lsn()").unwrap();
    let has = format!("select pg_last_wal_replay_lsn() >= '{lsn}'");
    until("the standby replays", || {
        Ok((cluster.node(standby)?.sql(SUPERUSER, &has)? == "t").then_some(()))
    })
    .unwrap();
}

#[test]
fn a_cluster_streams_stops_in_order_and_starts_again_as_it_was() {
    let mut cluster = TestCluster::new();
    let of = |cluster: &TestCluster, sql: &str| {
        [0, 1, 2].map(|number| cluster.node(number).unwrap().sql(SUPERUSER, sql).unwrap())
    };
    assert_eq!(of(&cluster, IN_RECOVERY), ["f", "t", "t"]);
    let slots = "select string_agg(slot_name, ' ' order by slot_name) from pg_replication_slots";
    assert_eq!(of(&cluster, slots), ["n2 n3", "n1 n3", "n1 n2"]);
    let one = "select system_identifier from pg_control_system()";
    let [a, b, c] = of(&cluster, one);
    assert!(a == b && b == c, "{a} {b} {c}");
    cluster.node(0).unwrap().sql(SUPERUSER, "create table t (n int)").unwrap();
    replays(&cluster, 2);
    cluster.stop().unwrap();
    assert!(cluster.node(0).unwrap().sql(SUPERUSER, "select 1").is_err());
    let found = cluster.node(0).unwrap().control_data().unwrap();
    assert!(found.contains("shut down\n"), "{found}");
    for number in [0, 1, 2] {
        cluster.node_mut(number).unwrap().start().unwrap();
    }
    cluster.streams(0).unwrap();
    assert_eq!(of(&cluster, "select count(*) from t"), ["0", "0", "0"]);
}

#[test]
fn a_killed_server_is_gone_with_its_processes_and_recovers_at_its_next_start() {
    let mut cluster = TestCluster::new();
    let pids =
        "select string_agg(pid::text, ' ') from pg_stat_activity where pid <> pg_backend_pid()";
    let pids = cluster.node(0).unwrap().sql(SUPERUSER, pids).unwrap();
    cluster.node_mut(0).unwrap().kill().unwrap();
    for pid in pids.split(' ') {
        let process = std::path::PathBuf::from(format!("/proc/{pid}"));
        until("a process is gone", || Ok((!process.exists()).then_some(()))).unwrap();
    }
    let found = cluster.node(0).unwrap().control_data().unwrap();
    assert!(found.contains("in production\n"), "{found}");
    cluster.node_mut(0).unwrap().start().unwrap();
    let log = cluster.node(0).unwrap().log().unwrap();
    assert!(log.contains("database system was not properly shut down"), "{log}");
}

#[test]
fn a_paused_server_answers_nobody_and_goes_on_where_it_was() {
    let mut cluster = TestCluster::new();
    cluster.node_mut(0).unwrap().pause().unwrap();
    let mut client = cluster.node(0).unwrap().client("psql", SUPERUSER, SUPERUSER);
    let mut client = client.env("PGCONNECT_TIMEOUT", "2").args(["-c", "select 1"]).spawn().unwrap();
    assert!(!client.wait().unwrap().success());
    cluster.node_mut(0).unwrap().go_on().unwrap();
    assert_eq!(cluster.node(0).unwrap().sql(SUPERUSER, "select 1").unwrap(), "1");
    // What stands still can be ended too.
    cluster.node_mut(1).unwrap().pause().unwrap();
    cluster.node_mut(1).unwrap().kill().unwrap();
    cluster.node_mut(2).unwrap().pause().unwrap();
}

#[test]
fn a_sync_rule_holds_a_commit_back_while_no_standby_answers() {
    let layout = ClusterLayout {
        sync_rule: "ANY 1 (n2, n3)".to_owned(),
        proxied: true,
        ..ClusterLayout::default()
    };
    let cluster = TestCluster::laid_out(layout);
    let primary = cluster.node(0).unwrap();
    primary.sql(SUPERUSER, "create table t (n int)").unwrap();
    let proxy = cluster.proxy(0).unwrap();
    let mut names = proxy.names();
    names.sort();
    assert_eq!(names, ["n2", "n3"], "a connection is known by its name");
    proxy.set_for("n", LinkMode::HoldRequests);
    let mut writer = primary.client("psql", SUPERUSER, SUPERUSER);
    let mut writer = writer.args(["-c", "insert into t values (1)"]).spawn().unwrap();
    let waits = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'";
    until("the commit waits", || Ok((primary.sql(SUPERUSER, waits)? == "1").then_some(())))
        .unwrap();
    assert!(writer.try_wait().unwrap().is_none());
    proxy.set(LinkMode::Pass);
    assert!(writer.wait().unwrap().success());
    proxy.set_for("n2", LinkMode::Refuse);
    let names = "select string_agg(application_name, ' ') from pg_stat_replication";
    until("n2 is cut off", || Ok((primary.sql(SUPERUSER, names)? == "n3").then_some(()))).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_sent_arrives_after_it_has_gone_where_a_proxy_held_it() {
    let cluster =
        TestCluster::laid_out(ClusterLayout { proxied: true, ..ClusterLayout::default() });
    let (primary, proxy) = (cluster.node(0).unwrap(), cluster.proxy(0).unwrap());
    primary.sql(SUPERUSER, "create table t (n int)").unwrap();
    let (host, port) = cluster.address(0).unwrap();
    let config = format!(
        "host={host} port={port} user={SUPERUSER} password={SUPERUSER}-{CANARY} \
         dbname={SUPERUSER} application_name=late"
    );
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    proxy.set_for("late", LinkMode::HoldRequests);
    let insert = async move { client.batch_execute("insert into t values (1)").await };
    let insert = tokio::spawn(insert);
    until("bytes are held", || Ok((proxy.kept("late") > 0).then_some(()))).unwrap();
    connection.abort();
    assert!(insert.await.unwrap().is_err(), "nobody knows what became of it");
    assert_eq!(primary.sql(SUPERUSER, "select count(*) from t").unwrap(), "0");
    proxy.set(LinkMode::Pass);
    let rows = || Ok((primary.sql(SUPERUSER, "select count(*) from t")? == "1").then_some(()));
    until("the row is there", rows).unwrap();
}

#[test]
fn the_files_of_a_cluster_go_with_it() {
    let cluster = TestCluster::new();
    let data = cluster.node(0).unwrap().data().to_owned();
    assert!(fs::metadata(&data).is_ok());
    drop(cluster);
    assert!(fs::metadata(&data).is_err());
}

/// Without the rules of this kernel: what they are there for.
#[test]
fn a_standby_that_was_cut_off_misses_what_clients_were_told() {
    let mut cluster =
        TestCluster::laid_out(ClusterLayout { proxied: true, ..ClusterLayout::default() });
    make_table(cluster.node(0).unwrap());
    replays(&cluster, 1);
    let load = ClientLoad::start(cluster.node(0).unwrap(), cluster.dir());
    until_written(cluster.node(0).unwrap(), 20);
    cluster.proxy(0).unwrap().set_for("n", LinkMode::HoldAnswers);
    let before = rows_on(cluster.node(1).unwrap());
    until_written(cluster.node(0).unwrap(), before.values().sum::<u64>() + 40);
    cluster.node_mut(0).unwrap().kill().unwrap();
    let told = load.acknowledged();
    cluster.proxy(0).unwrap().set(LinkMode::Refuse);
    cluster.node(1).unwrap().sql(SUPERUSER, "select pg_promote(true, 20)").unwrap();
    let there = rows_on(cluster.node(1).unwrap());
    assert!(lost(&told, &there) > 0, "told {told:?}, there {there:?}");
    cluster.node_mut(0).unwrap().start().unwrap();
    assert_eq!(lost(&told, &rows_on(cluster.node(0).unwrap())), 0, "they are where they were told");
}
