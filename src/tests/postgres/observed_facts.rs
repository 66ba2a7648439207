//! What is said of a cluster: settings that wait, passwords that stay where they are, histories that part,
//! writes that wait, and others who decide.

use crate::postgres::machine::{CANARY, TestCluster};
use crate::postgres::observed::{Observed, fact, gap, is};
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::proxy::LinkMode;
use crate::postgres_bench::template::{APP, REPLICATOR};
use aerodb_control::kernel::postgres::spec::facts;
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::facts::{Fact, Value};
use aerodb_control::model::spec::{PRIMARY, WRITES};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// No text that may hold a password leaves a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_node_points_to_is_read_and_the_password_beside_it_never() {
    let cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    let standby = cluster.node(1).unwrap();
    let write = |conninfo: &str| {
        let conninfo = conninfo.replace('\'', "''");
        standby
            .sql(SUPERUSER, &format!("alter system set primary_conninfo = '{conninfo}'"))
            .unwrap();
    };
    let (host, port) = cluster.address(2).unwrap();
    for (conninfo, upstream) in [
        (format!("host={host} port={port} password={CANARY}"), Some("n3".to_owned())),
        (format!("port=1 password='{CANARY}'  port = {port} host='{host}'"), Some("n3".to_owned())),
        (format!("host=elsewhere port=5432 password={CANARY}"), Some("elsewhere:5432".to_owned())),
        (format!("host=::1 port=1 password={CANARY}"), Some("[::1]:1".to_owned())),
        (format!("application_name='host={host} port={port}' password={CANARY}"), None),
        (format!("host={host} password={CANARY}"), None),
        (format!("host={host} port={port} password='it\\'s {CANARY}'"), None),
        (format!("postgresql://me:{CANARY}@{host}:{port}/db"), None),
    ] {
        write(&conninfo);
        let state = observed.state().await;
        let json = serde_json::to_string(&state).unwrap();
        assert!(!json.contains(CANARY), "{json}");
        assert_eq!(fact(&state, 1, facts::UPSTREAM), text("n1"), "nothing was reloaded");
        assert_eq!(fact(&state, 1, facts::UPSTREAM_SECRET), Value::Flag(true), "{conninfo}");
        match upstream {
            Some(named) => assert_eq!(fact(&state, 1, facts::UPSTREAM_WRITTEN), text(&named)),
            None => assert!(gap(&state, 1, facts::UPSTREAM_WRITTEN).contains("primary_conninfo")),
        }
        let pending = fact(&state, 1, facts::PENDING);
        assert_eq!(pending, Value::Names(vec!["primary_conninfo".to_owned()]));
    }
    standby.sql(SUPERUSER, "alter system set primary_conninfo = ''").unwrap();
    let state = observed.state().await;
    assert_eq!(fact(&state, 1, facts::UPSTREAM_WRITTEN), Value::None);
    assert_eq!(fact(&state, 1, facts::UPSTREAM_SECRET), Value::Flag(false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reload_changes_is_told_from_what_needs_a_restart_and_from_what_changes_nothing() {
    let cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    let primary = cluster.node(0).unwrap();
    let pending = |state: &ClusterState| fact(state, 0, facts::PENDING);
    let state = observed.state().await;
    assert_eq!(pending(&state), Value::Names(Vec::new()));
    // The same in other words.
    primary
        .sql(
            SUPERUSER,
            "alter system set wal_receiver_status_interval = '1000ms';\n\
             alter system set max_wal_size = '65536kB';\nalter system set autovacuum = 'no';\n\
             alter system set archive_command = 'x';\n",
        )
        .unwrap();
    let state = observed.state().await;
    assert_eq!(pending(&state), Value::Names(Vec::new()));
    primary
        .sql(
            SUPERUSER,
            "alter system set max_wal_size = '128MB';\nalter system set max_connections = 200;\n\
             alter system set synchronous_standby_names = 'FIRST 1 (n2)';\n",
        )
        .unwrap();
    let state = observed.state().await;
    let names = ["max_wal_size", "synchronous_standby_names"].map(str::to_owned).to_vec();
    assert_eq!(pending(&state), Value::Names(names));
    assert_eq!(fact(&state, 0, facts::SYNC_RULE), Value::None);
    assert_eq!(fact(&state, 0, facts::SYNC_RULE_WRITTEN), text("FIRST 1 (n2)"));
    let restart = Value::Names(vec!["max_connections".to_owned()]);
    assert_eq!(fact(&state, 0, facts::PENDING_RESTART), restart);
    assert_eq!(fact(&state, 0, facts::SETTINGS_ERROR), Value::Names(Vec::new()));
    primary.sql(SUPERUSER, "select pg_reload_conf()").unwrap();
    let loaded = |state: &ClusterState| is(state, 0, facts::PENDING, &Value::Names(Vec::new()));
    let state = observed.until("it is loaded", loaded).await;
    assert_eq!(fact(&state, 0, facts::SYNC_RULE), text("FIRST 1 (n2)"));
    assert_eq!(fact(&state, 0, facts::PENDING_RESTART), restart);
    std::fs::write(primary.data().join("postgresql.auto.conf"), "no line at all\n").unwrap();
    let state = observed.state().await;
    let errors = fact(&state, 0, facts::SETTINGS_ERROR).to_string();
    assert!(errors.contains("postgresql.auto.conf:1"), "{errors}");
}

/// C2.1: PostgreSQL never refuses a promotion, so two histories are a thing that happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_primaries_are_both_named_and_the_one_beyond_the_fork_is_diverged() {
    let cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    observed.state().await;
    cluster.node(1).unwrap().sql(SUPERUSER, "select pg_promote()").unwrap();
    cluster.node(0).unwrap().sql(SUPERUSER, "create table only_there (n int)").unwrap();
    let state = observed.until("n2 is primary", |state| {
        state.facts.names(facts::PRIMARIES).known().is_some_and(|names| names.len() == 2)
    });
    let state = state.await;
    let why = match state.facts.get(PRIMARY) {
        Some(Fact::Unknown { unknown, .. }) => unknown.why.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(why, "n1 and n2 answer that they are primary");
    assert_eq!(state.facts.number(facts::TIMELINE).known(), Some(&2));
    assert_eq!(fact(&state, 0, facts::DIVERGED), Value::Flag(true));
    let Value::Number(beyond) = fact(&state, 0, facts::DIVERGED_BYTES) else { panic!("no number") };
    assert!(beyond > 0);
    assert_eq!(fact(&state, 1, facts::DIVERGED), Value::Flag(false));
    assert_eq!(fact(&state, 1, facts::TIMELINE), Value::Number(2));
    assert!(state.facts.get(WRITES).is_some_and(|fact| fact.known().is_none()));
    // n3 goes on with n1, and is where n1 is.
    let state = observed.until("n3 follows beyond the fork", |state| {
        is(state, 2, facts::DIVERGED, &Value::Flag(true))
    });
    assert_eq!(fact(&state.await, 2, facts::FOLLOWS), text("n1"));
}

/// The control file of a standby says 1 until its next restartpoint: what the receiver said is not lost with
/// the receiver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_followed_a_promotion_keeps_its_timeline_when_the_new_primary_dies() {
    let mut cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    // In order, so that neither standby has anything that the other has not.
    cluster.node_mut(0).unwrap().stop().unwrap();
    cluster.node(1).unwrap().sql(SUPERUSER, "select pg_promote()").unwrap();
    let (host, port) = cluster.address(1).unwrap();
    let standby = cluster.node(2).unwrap();
    let follow = format!(
        "alter system set primary_conninfo = 'host={host} port={port} user={REPLICATOR} \
         application_name=n3';\nselect pg_reload_conf();\n"
    );
    standby.sql(SUPERUSER, &follow).unwrap();
    cluster.node(1).unwrap().sql(SUPERUSER, "create table there (n int)").unwrap();
    observed
        .until("n3 follows n2", |state| {
            is(state, 2, facts::FOLLOWS, &text("n2"))
                && is(state, 2, facts::TIMELINE, &Value::Number(2))
        })
        .await;
    cluster.node_mut(1).unwrap().kill().unwrap();
    let state =
        observed.until("it receives nothing", |state| is(state, 2, facts::RECEIVER, &Value::None));
    assert_eq!(fact(&state.await, 2, facts::TIMELINE), Value::Number(2));
    let control = "select timeline_id from pg_control_checkpoint()";
    let control = cluster.node(2).unwrap().sql(SUPERUSER, control).unwrap();
    assert_eq!(control, "1", "what this test is about");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_wait_for_a_standby_and_logins_that_are_stopped_are_said_of_writes() {
    let layout = ClusterLayout {
        sync_rule: "FIRST 2 (n2, n3)".to_owned(),
        proxied: true,
        ..ClusterLayout::default()
    };
    let cluster = TestCluster::laid_out(layout);
    let observed = Observed::of(&cluster);
    let writes = |state: &ClusterState| state.facts.text(WRITES).known().cloned();
    observed
        .until("both are synchronous", |state| writes(state).as_deref() == Some("accepted"))
        .await;
    cluster.proxy(0).unwrap().set_for("n3", LinkMode::Refuse);
    let state =
        observed.until("n3 is cut off", |state| writes(state).as_deref() == Some("waiting"));
    let state = state.await;
    let why = state.facts.text(facts::WRITES_WHY).known().cloned().unwrap();
    assert!(why.contains("2 synchronous standbys") && why.ends_with("and 1 stream"), "{why}");
    let since = state.facts.text(facts::WRITES_SINCE);
    observed.clock.advance_millis(5_000);
    assert_eq!(observed.state().await.facts.text(facts::WRITES_SINCE), since);
    cluster.proxy(0).unwrap().set(LinkMode::Pass);
    observed.until("n3 is back", |state| writes(state).as_deref() == Some("accepted")).await;
    let primary = cluster.node(0).unwrap();
    let stop = "select cp.stop_logins(gen_random_uuid(), array['app'], 1, 'a hash')";
    primary.sql("aerodb_control", stop).unwrap();
    let state = observed.state().await;
    assert_eq!(writes(&state).as_deref(), Some("stopped"));
    assert_eq!(fact(&state, 0, facts::STOPPED_LOGINS), Value::Names(vec![APP.to_owned()]));
    assert_eq!(fact(&state, 0, facts::LOGIN_ROLES), Value::Names(Vec::new()));
}

/// C2.1: beside another one that decides, nothing is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_another_authority_is_a_mark_and_one_of_ours_is_none() {
    let cluster = TestCluster::new();
    let observed = Observed::of(&cluster);
    let state = observed.state().await;
    assert_eq!(state.facts.get(facts::OTHER_AUTHORITY), Some(&Fact::Known(Value::Names(vec![]))));
    let other = Observed::with(&cluster, |_| {});
    other.state().await;
    // Both began with the same entropy, as a copied data directory would.
    let state = observed.state().await;
    assert_eq!(state.facts.get(facts::OTHER_AUTHORITY), Some(&Fact::Known(Value::Names(vec![]))));
    let mut client = cluster.node(1).unwrap().client("psql", APP, APP);
    let client = client.env("PGAPPNAME", "Patroni heartbeat").args(["-c", "select pg_sleep(60)"]);
    let mut client = client.spawn().unwrap();
    let state = observed.until("the session is there", |state| {
        !is(state, 1, facts::MARKS, &Value::Names(Vec::new()))
    });
    let state = state.await;
    let marks = fact(&state, 1, facts::MARKS).to_string();
    assert_eq!(marks, "Patroni: a session is called Patroni heartbeat");
    let authority = state.facts.names(facts::OTHER_AUTHORITY);
    assert_eq!(authority.known(), Some(&vec!["Patroni".to_owned()]));
    client.kill().unwrap();
    client.wait().unwrap();
}
