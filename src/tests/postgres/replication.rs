//! The replication protocol: what a server that is none can do with it, and what real ones answer.

use crate::postgres::hostile::{
    HostileServer, authentication, message, patience, ready, rows, welcome,
};
use crate::postgres::machine::{CANARY, TestCluster};
use crate::postgres_bench::cluster::ClusterLayout;
use crate::postgres_bench::node::SUPERUSER;
use crate::postgres_bench::until;
use aerodb_control::kernel::postgres::config::{DatabaseCredential, Deadlines, NodeAddress};
use aerodb_control::kernel::postgres::connection::ConnectError;
use aerodb_control::kernel::postgres::prepare::{OBSERVER_ROLE, OPERATOR_ROLE};
use aerodb_control::kernel::postgres::replication::{ReplicationClient, ReplicationError};
use aerodb_control::model::text::NodeId;
use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file with a password.
pub fn password_file(dir: &Path, password: &str) -> PathBuf {
    let path = dir.join(format!("password-{}", password.len()));
    let mut options = fs::File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
    std::io::Write::write_all(&mut file.unwrap(), password.as_bytes()).unwrap();
    path
}

/// The file with the password of a role of the control plane.
pub fn credential(dir: &Path, role: &str) -> DatabaseCredential {
    let password = format!("{}-{CANARY}", role.replace('_', "-"));
    let password_file = Some(password_file(dir, &password));
    DatabaseCredential { role: role.to_owned(), password_file }
}

/// Where a node of a cluster is.
pub fn address(cluster: &TestCluster, number: usize) -> NodeAddress {
    let id = NodeId::parse(cluster.node(number).unwrap().name()).unwrap();
    let (host, port) = cluster.address(number).unwrap();
    NodeAddress::parse(id, &format!("{host}:{port}")).unwrap()
}

/// A session of the operator's role.
pub async fn operator(cluster: &TestCluster, number: usize) -> ReplicationClient {
    let (node, credential) = (address(cluster, number), credential(cluster.dir(), OPERATOR_ROLE));
    let order = Duration::from_mins(1);
    let deadlines = Deadlines { order, ..patience() };
    ReplicationClient::connect(&node, &credential, None, deadlines, "aerodb-control/test")
        .await
        .unwrap()
}

/// The demand for SCRAM.
fn scram(mechanisms: &str) -> Vec<u8> {
    authentication(10, mechanisms.as_bytes())
}

#[tokio::test]
async fn a_server_that_wants_a_password_in_another_way_gets_nothing_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let password = password_file(dir.path(), CANARY);
    for (said, demand) in [
        ("other than SCRAM-SHA-256", authentication(3, b"")),
        ("other than SCRAM-SHA-256", authentication(5, b"salt")),
        ("other than SCRAM-SHA-256", authentication(7, b"")),
        ("does not offer SCRAM-SHA-256", scram("PLAIN\0\0")),
        ("does not offer SCRAM-SHA-256", scram("SCRAM-SHA-256-PLUS\0\0")),
        ("does not offer SCRAM-SHA-256", scram("\0")),
    ] {
        let server = HostileServer::answering(vec![demand], false);
        let refused = server.client(&password).await.expect_err(said);
        assert!(matches!(refused, ConnectError::Untrusted { .. }), "{refused:?}");
        let words = refused.to_string();
        assert!(words.contains(said) && words.contains("no password was sent"), "{words}");
        let heard = server.heard();
        let heard = String::from_utf8_lossy(&heard);
        assert!(heard.contains("operator") && !heard.contains(CANARY), "{heard:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_prove_that_it_knows_the_password_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let password = password_file(dir.path(), CANARY);
    let offer = || scram("SCRAM-SHA-256\0\0");
    let challenge = |text: &str| authentication(11, text.as_bytes());
    for (said, answers) in [
        ("does not belong there", vec![offer(), welcome()]),
        ("does not belong there", vec![offer(), authentication(12, b"v=AAAA")]),
        ("challenge is not one of SCRAM", vec![offer(), challenge("r=ours,s=AAAA,i=4096")]),
        ("challenge is not one of SCRAM", vec![offer(), challenge("nothing")]),
        ("other than SCRAM-SHA-256", vec![welcome().split_off(9)]),
    ] {
        let server = HostileServer::answering(answers, false);
        let refused = server.client(&password).await.expect_err(said);
        assert!(matches!(refused, ConnectError::Untrusted { .. }), "{refused:?}");
        assert!(refused.to_string().contains(said), "{refused}");
        assert!(!String::from_utf8_lossy(&server.heard()).contains(CANARY));
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_no_longer_than_was_agreed() {
    let dir = tempfile::tempdir().unwrap();
    let password = password_file(dir.path(), CANARY);
    let server = HostileServer::answering(Vec::new(), false);
    let late = server.client(&password).await.expect_err("no answer");
    assert!(matches!(late, ConnectError::Deadline { .. }), "{late:?}");
    server.heard();
    // The answer to the first question comes with the one to the second: it is not taken for it.
    let late = rows(&[&[Some("7"), Some("1"), Some("0/1"), None]]);
    let answers = vec![welcome(), Vec::new(), [late, ready()].concat()];
    let server = HostileServer::answering(answers, false);
    let mut client = server.client(&password).await.unwrap();
    let silent = client.identify_system().await.expect_err("no answer");
    assert!(matches!(silent, ReplicationError::Deadline { .. }), "{silent:?}");
    assert_eq!(client.identify_system().await.expect_err("it stays so"), silent);
    drop(client);
    let heard = String::from_utf8_lossy(&server.heard()).into_owned();
    assert_eq!(heard.matches("IDENTIFY_SYSTEM").count(), 1, "nothing is sent twice");
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_and_ends_what_can_be_understood() {
    let dir = tempfile::tempdir().unwrap();
    let password = password_file(dir.path(), CANARY);
    let row = |values: &[Option<&str>]| [rows(&[values]), ready()].concat();
    let (id, one, lsn) = (Some("7"), Some("1"), Some("0/1"));
    let mut endless = vec![b'D'];
    endless.extend(i32::MAX.to_be_bytes());
    for (said, answer) in [
        ("0 rows", [rows(&[]), ready()].concat()),
        ("2 rows", [rows(&[&[id, one, lsn], &[id, one, lsn]]), ready()].concat()),
        ("without a value", row(&[id, one, None, None])),
        ("without a value", row(&[id])),
        ("for a number", row(&[Some("-7"), one, lsn, None])),
        ("for a number", row(&[id, Some("1 "), lsn, None])),
        ("for a number", row(&[id, Some("4294967296"), lsn, None])),
        ("for an LSN", row(&[id, one, Some("0/"), None])),
        ("for an LSN", row(&[id, one, Some("0/123456789"), None])),
        ("does not belong there", [rows(&[&[id, one, lsn]]), rows(&[])].concat()),
        ("does not belong there", message(b'H', &[0, 0, 0])),
        ("does not belong there", ready()),
        ("cannot be read", message(b'?', b"what")),
        ("cannot be read", [message(b'T', &[0, 0]), message(b'D', &[0, 9])].concat()),
        ("cannot be read", vec![b'D', 0, 0, 0, 3]),
        ("2147483647 bytes", endless),
    ] {
        let server = HostileServer::answering(vec![welcome(), answer], false);
        let mut client = server.client(&password).await.unwrap();
        let error = client.identify_system().await.expect_err(said);
        assert!(matches!(error, ReplicationError::Unexpected { .. }), "{error:?}");
        assert!(error.to_string().contains(said), "{said:?}: {error}");
    }
    let whole = row(&[id, one, lsn, None]);
    for cut in [0, 1, 5, whole.len() / 2, whole.len() - 1] {
        let server = HostileServer::answering(vec![welcome(), whole[..cut].to_vec()], true);
        let error = server.client(&password).await.unwrap().identify_system().await;
        assert!(matches!(error, Err(ReplicationError::Lost { .. })), "{cut}: {error:?}");
    }
    let server = HostileServer::answering(vec![welcome(), whole], false);
    let found = server.client(&password).await.unwrap().identify_system().await.unwrap();
    assert_eq!((found.system_identifier, found.position.timeline, found.position.lsn), (7, 1, 1));
}

#[tokio::test]
async fn an_error_is_told_in_the_words_of_the_server_and_a_history_of_another_timeline_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let password = password_file(dir.path(), CANARY);
    let said = b"SFEHLER\0VERROR\0C58P01\0MIt is not there.\0DNowhere.\0HLook.\0\0";
    let refused = [message(b'E', said), ready()].concat();
    let history = |name: &str| [rows(&[&[Some(name), Some("1\t0/5\twhy\n")]]), ready()].concat();
    let answers =
        vec![welcome(), refused, history("00000003.history"), history("00000002.history")];
    let server = HostileServer::answering(answers, false);
    let mut client = server.client(&password).await.unwrap();
    assert!(client.timeline_history(1).await.unwrap().is_empty(), "nobody is asked");
    let error = client.timeline_history(2).await.expect_err("refused");
    assert_eq!(error.code(), Some("58P01"));
    assert!(error.to_string().contains("It is not there. DETAIL: Nowhere. HINT: Look."), "{error}");
    let other = client.timeline_history(2).await.expect_err("another");
    assert!(other.to_string().contains("another history"), "{other}");
    let forks = client.timeline_history(2).await.unwrap();
    assert_eq!(forks.iter().map(|one| (one.timeline, one.lsn)).collect::<Vec<_>>(), [(1, 5)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_role_that_may_replicate_and_its_password_open_a_session() {
    let cluster = TestCluster::new();
    let node = address(&cluster, 0);
    let wrong = DatabaseCredential {
        role: OPERATOR_ROLE.to_owned(),
        password_file: Some(password_file(cluster.dir(), &format!("wrong-{CANARY}"))),
    };
    let unset = DatabaseCredential { role: OPERATOR_ROLE.to_owned(), password_file: None };
    let connect = |credential| {
        let node = node.clone();
        async move { ReplicationClient::connect(&node, &credential, None, patience(), "test").await }
    };
    let refused = connect(wrong).await.expect_err("another password");
    assert!(
        matches!(&refused, ConnectError::Refused { code, .. } if code == "28P01"),
        "{refused:?}"
    );
    assert!(!format!("{refused} {refused:?}").contains(CANARY), "{refused}");
    let refused = connect(unset).await.expect_err("no password");
    assert!(matches!(refused, ConnectError::Password { .. }), "{refused:?}");
    let refused = connect(credential(cluster.dir(), OBSERVER_ROLE)).await.expect_err("no right");
    assert!(
        matches!(&refused, ConnectError::Refused { code, .. } if code == "42501"),
        "{refused:?}"
    );
    let client = connect(credential(cluster.dir(), OPERATOR_ROLE)).await.unwrap();
    let pids = "select string_agg(pid::text, ' ') from pg_stat_activity \
                where backend_type = 'walsender' and application_name = 'test'";
    let pid = client.backend_pid().to_string();
    assert_eq!(cluster.node(0).unwrap().sql(SUPERUSER, pids).unwrap(), pid);
    client.close().await;
    until("the session is gone", || {
        Ok(cluster.node(0)?.sql(SUPERUSER, pids)?.is_empty().then_some(()))
    })
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_says_which_system_it_is_and_a_new_timeline_where_it_forked() {
    let cluster = TestCluster::laid_out(ClusterLayout::default());
    let id = "select system_identifier from pg_control_system()";
    let id: u64 = cluster.node(0).unwrap().sql(SUPERUSER, id).unwrap().parse().unwrap();
    for number in [0, 1, 2] {
        let found = operator(&cluster, number).await.identify_system().await.unwrap();
        assert_eq!((found.system_identifier, found.position.timeline), (id, 1));
        assert!(found.position.lsn > 0);
    }
    let promoted = cluster.node(1).unwrap();
    promoted.sql(SUPERUSER, "select pg_promote(true, 30)").unwrap();
    let mut client = operator(&cluster, 1).await;
    assert_eq!(client.identify_system().await.unwrap().position.timeline, 2);
    let absent = client.timeline_history(9).await.expect_err("there is none");
    assert_eq!(absent.code(), Some("58P01"), "{absent}");
    let forks = client.timeline_history(2).await.expect("the session goes on after an error");
    let file = fs::read_to_string(promoted.data().join("pg_wal/00000002.history")).unwrap();
    let [fork] = forks[..] else { panic!("{forks:?}") };
    assert_eq!(fork.timeline, 1);
    let written = file.split_whitespace().nth(1).unwrap();
    assert_eq!(fork.to_string(), format!("{written} on timeline 1"));
}
