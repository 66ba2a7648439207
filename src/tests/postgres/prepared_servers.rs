//! What `prepare` makes is what `verify` asks for, and what is missing or too much is named.

use crate::postgres::kernel_config::kernel_config;
use crate::postgres::machine::TestCluster;
use crate::postgres_bench::node::SUPERUSER;
use aerodb_control::kernel::postgres::config::{NodeAddress, OwnSchema, PostgresConfig};
use aerodb_control::kernel::postgres::connection::{Dialer, SqlError};
use aerodb_control::kernel::postgres::founding;
use aerodb_control::kernel::postgres::prepare::{OWN_DATABASE, PrepareOptions, script};
use aerodb_control::kernel::postgres::rights::{ExpectedRights, wrong_rights};

async fn wrong(config: &PostgresConfig, node: &NodeAddress) -> Vec<String> {
    let dialer = Dialer::new(config).expect("a dialer");
    let mut session = dialer.operator(node, "test").await.expect("a session");
    let expected = ExpectedRights {
        observer: &config.observer.role,
        operator: &config.operator.role,
        own_schema: config.own_schema,
    };
    let wrong = wrong_rights(&mut session, expected).await.expect("an answer");
    session.close().await;
    wrong.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn prepared_servers_lack_nothing_and_whatever_is_changed_is_named() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().expect("a directory");
    let config = kernel_config(&cluster, dir.path());
    for node in &config.nodes {
        assert_eq!(wrong(&config, node).await, Vec::<String>::new(), "{node}");
    }
    let primary = cluster.node(0).unwrap();
    for (sql, undone, said) in [
        (
            "alter role aerodb_observer superuser",
            "alter role aerodb_observer nosuperuser",
            vec!["too much: aerodb_observer: superuser"],
        ),
        (
            "alter role aerodb_operator bypassrls createdb noreplication",
            "alter role aerodb_operator nobypassrls nocreatedb replication",
            vec![
                "missing: aerodb_operator: replication",
                "too much: aerodb_operator: bypassrls",
                "too much: aerodb_operator: createdb",
            ],
        ),
        (
            "grant alter system on parameter archive_command to aerodb_operator",
            "revoke alter system on parameter archive_command from aerodb_operator",
            vec!["too much: aerodb_operator: alter system set archive_command"],
        ),
        (
            "revoke alter system on parameter wal_keep_size from aerodb_operator",
            "grant alter system on parameter wal_keep_size to aerodb_operator",
            vec!["missing: aerodb_operator: alter system set wal_keep_size"],
        ),
        (
            "grant execute on function pg_read_file(text) to aerodb_observer",
            "revoke execute on function pg_read_file(text) from aerodb_observer",
            vec!["too much: aerodb_observer: execute pg_read_file(text)"],
        ),
        (
            "revoke execute on function pg_promote(boolean, integer) from aerodb_operator",
            "grant execute on function pg_promote(boolean, integer) to aerodb_operator",
            vec!["missing: aerodb_operator: execute pg_promote(boolean,integer)"],
        ),
        (
            "grant update on cp.receipt to aerodb_operator",
            "revoke update on cp.receipt from aerodb_operator",
            vec!["too much: aerodb_operator: update on cp.receipt"],
        ),
        (
            "grant aerodb_fence to aerodb_operator",
            "revoke aerodb_fence from aerodb_operator",
            // With what the other role has of its own.
            vec![
                "too much: aerodb_operator: delete on cp.stopped_login",
                "too much: aerodb_operator: insert on cp.stopped_login",
                "too much: aerodb_operator: member of aerodb_fence",
            ],
        ),
        (
            "revoke select on cp.fenceable from aerodb_operator",
            "grant select on cp.fenceable to aerodb_operator",
            vec!["missing: aerodb_operator: select on cp.fenceable"],
        ),
        (
            "insert into cp.fenceable values ('gone'), ('postgres'); revoke app from aerodb_fence",
            "delete from cp.fenceable where role <> 'app'; grant app to aerodb_fence with admin option",
            vec![
                "missing: app: admin option for aerodb_fence",
                "missing: gone: that role exists",
                "missing: postgres: is no superuser, whose login nobody else can stop",
            ],
        ),
    ] {
        primary.sql(OWN_DATABASE, sql).unwrap();
        assert_eq!(wrong(&config, &config.nodes[0]).await, said, "{sql}");
        primary.sql(OWN_DATABASE, undone).unwrap();
    }
    assert_eq!(wrong(&config, &config.nodes[0]).await, Vec::<String>::new());
    // Somebody who wants no database of ours: in another one, what needs it is not asked for.
    let refused = PostgresConfig {
        database: SUPERUSER.to_owned(),
        own_schema: OwnSchema::Refused,
        ..config.clone()
    };
    assert!(!wrong(&refused, &config.nodes[0]).await.is_empty(), "functions are a database's own");
    let options = PrepareOptions { version: None, logins: vec![], own_schema: OwnSchema::Refused };
    let parts = script(&options).expect("a script").parts;
    primary.sql(SUPERUSER, &parts.last().expect("a part").sql).unwrap();
    assert_eq!(wrong(&refused, &config.nodes[0]).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_script_that_ran_is_refused_and_changes_nothing_the_second_time() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().expect("a directory");
    let config = kernel_config(&cluster, dir.path());
    let options = PrepareOptions { version: None, logins: vec![], own_schema: OwnSchema::Present };
    let printed = script(&options).expect("a script").to_string();
    let primary = cluster.node(0).unwrap();
    let refused = primary.sql(SUPERUSER, &printed).expect_err("it ran already").to_string();
    assert!(refused.contains("aerodb_owner") && refused.contains("already exists"), "{refused}");
    assert_eq!(wrong(&config, &config.nodes[0]).await, Vec::<String>::new());
}

#[tokio::test]
async fn logins_are_stopped_and_resumed_as_they_were_confirmed_or_not_at_all() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().expect("a directory");
    let config = kernel_config(&cluster, dir.path());
    let dialer = Dialer::new(&config).expect("a dialer");
    let mut session = dialer.operator(&config.nodes[0], "test").await.expect("a session");
    let mut call = async |function: &str, id: u8, roles: &str| {
        let sql = format!(
            "select cp.{function}('{id:08}-0000-4000-8000-000000000000', {roles}, 1, 'h')::text"
        );
        match session.query_one(&sql, &[]).await {
            Ok(row) => row.get::<_, String>(0),
            Err(SqlError::Refused { code, .. }) => code,
            Err(other) => panic!("{sql}: {other}"),
        }
    };
    for roles in ["'{}'", "'{postgres}'", "'{app,postgres}'", "null"] {
        assert_eq!(call("stop_logins", 1, roles).await, "AE001", "{roles}");
    }
    assert_eq!(call("resume_logins", 1, "'{}'").await, "AE002");
    assert_eq!(call("stop_logins", 1, "'{app}'").await, "{\"roles\": [\"app\"]}");
    assert_eq!(call("stop_logins", 2, "'{}'").await, "AE002");
    assert_eq!(call("resume_logins", 1, "'{app}'").await, "23505", "an id runs once");
    let can = "select rolcanlogin from pg_roles where rolname = 'app'";
    let primary = cluster.node(0).unwrap();
    assert_eq!(primary.sql(OWN_DATABASE, can).unwrap(), "f");
    assert_eq!(call("resume_logins", 3, "'{app}'").await, "{\"roles\": [\"app\"]}");
    assert_eq!(primary.sql(OWN_DATABASE, can).unwrap(), "t");
    let rows = "select string_agg(kind, ' ' order by at) from cp.receipt";
    assert_eq!(primary.sql(OWN_DATABASE, rows).unwrap(), "stop_logins resume_logins");
}

#[tokio::test]
async fn the_nodes_that_answer_say_which_cluster_it_is() {
    let mut cluster = TestCluster::new();
    let dir = tempfile::tempdir().expect("a directory");
    let config = kernel_config(&cluster, dir.path());
    let system = "select system_identifier from pg_control_system()";
    let system = cluster.node(0).unwrap().sql(SUPERUSER, system).unwrap();
    cluster.node_mut(0).unwrap().kill().unwrap();
    let lines = founding::ask(&config).await.expect("two nodes answer").lines();
    assert!(lines[0].starts_with("n1 at ") && !lines[0].contains(&system), "{lines:?}");
    assert!(lines[1].ends_with(&system) && lines[2].ends_with(&system), "{lines:?}");
    for number in [1, 2] {
        cluster.node_mut(number).unwrap().kill().unwrap();
    }
    let refused = founding::ask(&config).await.expect_err("nobody answers").to_string();
    for name in ["n1 at ", "n2 at ", "n3 at ", "nothing was founded"] {
        assert!(refused.contains(name), "{refused}");
    }
    assert!(!config.dir.exists());
}
