//! Sessions on a real server: who is let in, what a session may do, and what its ends prove.

use crate::postgres::kernel_config::{credential, kernel_config};
use crate::postgres::machine::{CANARY, TestCluster};
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::proxy::LinkMode;
use crate::postgres_bench::until;
use aerodb_control::kernel::postgres::config::PostgresConfig;
use aerodb_control::kernel::postgres::connection::{ConnectError, Connection, Dialer, SqlError};
use std::fs;
use std::time::Duration;

fn dialer(config: &PostgresConfig) -> Dialer {
    Dialer::new(config).expect("a dialer")
}

async fn operator(config: &PostgresConfig, name: &str) -> Connection {
    dialer(config).operator(&config.nodes[0], name).await.expect("a session")
}

async fn refusal(connection: &mut Connection, sql: &str) -> String {
    match connection.query(sql, &[]).await.expect_err(sql) {
        SqlError::Refused { code, message } => {
            assert!(!message.contains(CANARY), "{message}");
            code
        }
        other => panic!("{sql}: {other:?}"),
    }
}

async fn setting(connection: &mut Connection, name: &str) -> String {
    let row = connection.query_one(&format!("show {name}"), &[]).await.expect(name);
    row.get(0)
}

#[tokio::test]
async fn whoever_cannot_prove_who_it_is_has_no_session_and_no_error_holds_a_password() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().expect("a directory");
    let config = kernel_config(&cluster, dir.path());
    let refused = async |config: &PostgresConfig| {
        let tried = dialer(config).observer(&config.nodes[0], "test").await;
        let error = tried.expect_err("no session");
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
        error
    };
    let mut other = config.clone();
    let password = config.observer.password_file.clone().expect("a file");
    fs::write(&password, format!("wrong-{CANARY}")).expect("a file");
    let error = refused(&config).await;
    assert!(matches!(&error, ConnectError::Refused { code, .. } if code == "28P01"), "{error}");
    // The file is read anew: no restart is needed where it was put right.
    credential(dir.path(), &config.observer.role);
    let connection = dialer(&config).observer(&config.nodes[0], "test").await.expect("a session");
    connection.close().await;
    other.observer.password_file = None;
    let error = refused(&other).await;
    assert!(matches!(error, ConnectError::Untrusted { .. }), "{error}");
    other.observer.password_file = Some(dir.path().join("nowhere"));
    let error = refused(&other).await;
    assert!(matches!(error, ConnectError::Password { .. }), "{error}");
    other.observer = config.observer.clone();
    other.database = "nowhere".to_owned();
    let error = refused(&other).await;
    assert!(matches!(&error, ConnectError::Refused { code, .. } if code == "3D000"), "{error}");
    let primary = cluster.node(0).unwrap();
    primary.sql(SUPERUSER, "alter role aerodb_observer connection limit 0").unwrap();
    let error = refused(&config).await;
    assert!(matches!(&error, ConnectError::Refused { code, .. } if code == "53300"), "{error}");
    other = config.clone();
    other.nodes[0].port = 1;
    let error = refused(&other).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn an_observer_changes_nothing_and_an_operator_only_what_it_was_granted() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().expect("a directory");
    let config = kernel_config(&cluster, dir.path());
    for node in &config.nodes {
        let mut observer = dialer(&config).observer(node, "test").await.expect("a session");
        for write in ["create table pg_temp.t (n int)", "select nextval('cp.contract_n_seq')"] {
            let code = refusal(&mut observer, write).await;
            assert!(["25006", "42501"].contains(&code.as_str()), "{write}: {code}");
        }
        assert_eq!(setting(&mut observer, "statement_timeout").await, "3s");
        assert_eq!(setting(&mut observer, "transaction_isolation").await, "repeatable read");
        assert_eq!(setting(&mut observer, "search_path").await, "pg_catalog");
        assert_eq!(refusal(&mut observer, "select pg_reload_conf()").await, "42501");
        observer.close().await;
    }
    let mut session = operator(&config, "aerodb-control/0123abcd/an-order").await;
    for (name, value) in [
        ("application_name", "aerodb-control/0123abcd/an-order"),
        ("synchronous_commit", "local"),
        ("statement_timeout", "0"),
        ("lock_timeout", "5s"),
        ("default_transaction_read_only", "off"),
    ] {
        assert_eq!(setting(&mut session, name).await, value, "{name}");
    }
    for bad in [
        "alter system set archive_command = 'true'",
        "select pg_read_file('postgresql.conf')",
        "copy (select 1) to program 'true'",
        "delete from cp.receipt",
        "update cp.receipt set kind = 'x'",
        "insert into cp.fenceable values ('postgres')",
        "alter role app nologin",
        "set role aerodb_fence",
    ] {
        assert_eq!(refusal(&mut session, bad).await, "42501", "{bad}");
    }
    session.batch("alter system set wal_keep_size = '48MB'").await.expect("it was granted");
    session.close().await;
    // A name that the server would cut is cut here, at a whole character.
    let long = format!("{}ö", "x".repeat(62));
    let mut session = operator(&config, &long).await;
    assert_eq!(setting(&mut session, "application_name").await, "x".repeat(62));
    session.close().await;
}

#[tokio::test]
async fn what_a_server_warns_of_is_there_before_its_result_and_belongs_to_no_later_one() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().expect("a directory");
    let mut session = operator(&kernel_config(&cluster, dir.path()), "test").await;
    let warns = "do $$ begin raise warning 'one'; raise notice 'two'; raise info 'three'; end $$";
    session.execute(warns, &[]).await.expect("it ran");
    let said: Vec<_> = session.take_notices().iter().map(ToString::to_string).collect();
    assert_eq!(said, ["WARNING 01000: one", "NOTICE 00000: two", "INFO 00000: three"]);
    session.query_one("select 1", &[]).await.expect("a row");
    assert_eq!(session.take_notices(), []);
    // It warns, and then refuses.
    let both = "do $$ begin raise warning 'one'; raise 'no' using errcode = 'AE001'; end $$";
    assert_eq!(refusal(&mut session, both).await, "AE001");
    assert_eq!(session.take_notices().len(), 1);
    let none = session.query_one("select 1 where false", &[]).await;
    assert!(matches!(none, Err(SqlError::Lost { .. })), "{none:?}");
    session.close().await;
}

#[tokio::test]
async fn a_deadline_proves_nothing_and_cancels_nothing() {
    let cluster = TestCluster::new();
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = kernel_config(&cluster, dir.path());
    config.deadlines.order = Duration::from_millis(300);
    let mut session = operator(&config, "late").await;
    let late = session.query("select pg_sleep(600)", &[]).await.expect_err("no answer");
    assert_eq!(late, SqlError::Deadline { after: config.deadlines.order });
    assert!(!session.is_open());
    let after = session.query("select 1", &[]).await.expect_err("it may be behind the other");
    assert!(
        matches!(&after, SqlError::Lost { why } if why.contains("nothing was sent")),
        "{after}"
    );
    session.close().await;
    let primary = cluster.node(0).unwrap();
    let runs = "select count(*) from pg_stat_activity where application_name = 'late' \
                and state = 'active' and query like '%pg_sleep%'";
    assert_eq!(primary.sql(SUPERUSER, runs).unwrap(), "1", "nobody cancelled it");
    let ends = "select pg_terminate_backend(pid) from pg_stat_activity \
                where application_name = 'late'";
    primary.sql(SUPERUSER, ends).unwrap();
}

#[tokio::test]
async fn a_session_that_ended_is_lost_and_is_not_made_again() {
    let cluster =
        TestCluster::laid_out(ClusterLayout { proxied: true, ..ClusterLayout::default() });
    let dir = tempfile::tempdir().expect("a directory");
    let config = kernel_config(&cluster, dir.path());
    let primary = cluster.node(0).unwrap();
    let mut idle = operator(&config, "idle").await;
    let ends = "select pg_terminate_backend(pid) from pg_stat_activity \
                where application_name = 'idle'";
    primary.sql(SUPERUSER, ends).unwrap();
    let lost = idle.query("select 1", &[]).await.expect_err("it is gone");
    assert!(matches!(lost, SqlError::Lost { .. }), "{lost}");
    let lost = idle.query("select 1", &[]).await.expect_err("it stays so");
    assert!(matches!(lost, SqlError::Lost { .. }), "{lost}");
    // Ended by its own statement: fatal, so nobody says what became of it.
    let mut own = operator(&config, "own").await;
    let ends = "select pg_terminate_backend(pg_backend_pid())";
    let lost = own.query(ends, &[]).await.expect_err("it is gone");
    assert!(matches!(&lost, SqlError::Lost { why } if why.contains("57P01")), "{lost}");
    let mut cut = operator(&config, "cut").await;
    cluster.proxy(0).unwrap().set_for("cut", LinkMode::Refuse);
    let lost = cut.query("select 1", &[]).await.expect_err("it was cut");
    assert!(matches!(lost, SqlError::Lost { .. }), "{lost}");
    // Nothing answers, and nothing says so.
    let mut config = config;
    config.deadlines.connect = Duration::from_millis(300);
    cluster.proxy(0).unwrap().set(LinkMode::Stall);
    let late = dialer(&config).operator(&config.nodes[0], "late").await.expect_err("no session");
    assert_eq!(late, ConnectError::Deadline { after: config.deadlines.connect });
    cluster.proxy(0).unwrap().set(LinkMode::Pass);
    let gone = "select count(*) from pg_stat_activity where application_name in ('own', 'cut')";
    until("their sessions are gone", || Ok((primary.sql(SUPERUSER, gone)? == "0").then_some(())))
        .unwrap();
}
