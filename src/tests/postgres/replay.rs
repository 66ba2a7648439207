//! What a real server once sent as a base backup, sent again with something wrong in it.

use crate::postgres::backup::{name, plan, receipt, refused};
use crate::postgres::hostile::{HostileServer, message, patience, welcome};
use crate::postgres::machine::TestCluster;
use crate::postgres::replication::{address, credential};
use crate::postgres_bench::node::SUPERUSER;
use aerodb_control::kernel::postgres::backup::{BackupPlan, create_backup, verify_backup};
use aerodb_control::kernel::postgres::config::NodeAddress;
use aerodb_control::kernel::postgres::prepare::OPERATOR_ROLE;
use aerodb_control::kernel::postgres::replication::ReplicationClient;
use aerodb_control::kernel::progress::ProgressReporter;
use std::io;
use std::path::Path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A row of a table, found in the archive by it.
const ROW: &str = "a-row-that-is-in-one-file-alone";

/// Passes one connection on, and gives all that the server said.
async fn listened(listener: TcpListener, server: NodeAddress) -> io::Result<Vec<u8>> {
    let (client, _) = listener.accept().await?;
    let server = TcpStream::connect((server.host.as_str(), server.port)).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asks = tokio::spawn(async move {
        let asked = tokio::io::copy(&mut from_client, &mut to_server).await;
        to_server.shutdown().await.and(asked)
    });
    let (mut said, mut part) = (Vec::new(), vec![0; 65_536]);
    loop {
        let length = from_server.read(&mut part).await?;
        if length == 0 {
            break;
        }
        said.extend_from_slice(&part[..length]);
        to_client.write_all(&part[..length]).await?;
    }
    asks.await??;
    Ok(said)
}

/// The messages of a server.
fn messages(mut said: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some(head) = said.first_chunk::<5>() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize + 1;
        found.push(said[..length].to_vec());
        said = &said[length..];
    }
    found
}

/// What the server answers to a base backup, message by message, and what it answers before.
struct RecordedBackup {
    identity: Vec<u8>,
    backup: Vec<Vec<u8>>,
    plan: BackupPlan,
}

async fn recorded(dir: &Path) -> RecordedBackup {
    let cluster = TestCluster::new();
    let fill = format!("create table t as select '{ROW}' as only");
    cluster.node(0).unwrap().sql(SUPERUSER, &fill).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let node = address(&cluster, 0);
    let port = listener.local_addr().unwrap().port();
    let here = NodeAddress { host: "127.0.0.1".to_owned(), port, ..node.clone() };
    let listening = tokio::spawn(listened(listener, node));
    let credential = credential(cluster.dir(), OPERATOR_ROLE);
    let client = ReplicationClient::connect(&here, &credential, None, patience(), "test").await;
    let mut client = client.unwrap();
    let plan = plan(dir, &mut client, "whole").await;
    create_backup(&mut client, plan.clone(), receipt).await.unwrap();
    client.close().await;
    let all = messages(&listening.await.unwrap().unwrap());
    let answers: Vec<&[Vec<u8>]> = all.split_inclusive(|one| one[0] == b'Z').collect();
    let [_, _, identity, backup] = answers[..] else { panic!("{} answers", answers.len()) };
    std::fs::remove_dir_all(&plan.dir).unwrap();
    RecordedBackup { identity: identity.concat(), backup: backup.to_vec(), plan }
}

/// Where in the messages a text stands: the message, and the byte in it.
fn place(messages: &[Vec<u8>], text: &str) -> (usize, usize) {
    let in_one = |one: &Vec<u8>| one.windows(text.len()).position(|part| part == text.as_bytes());
    let found = messages.iter().enumerate().find_map(|(at, one)| Some((at, in_one(one)?)));
    found.unwrap_or_else(|| panic!("{text} is in no message"))
}

/// The numbers of the messages with parts of the archive or the manifest, in their order.
fn parts(messages: &[Vec<u8>]) -> Vec<usize> {
    let is_part = |one: &Vec<u8>| one[0] == b'd' && one.get(5) == Some(&b'd');
    messages.iter().enumerate().filter(|(_, one)| is_part(one)).map(|(at, _)| at).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_with_anything_wrong_in_it_becomes_no_backup() {
    let dir = tempfile::tempdir().unwrap();
    let password = crate::postgres::replication::password_file(dir.path(), "none");
    let RecordedBackup { identity, backup, plan } = recorded(dir.path()).await;
    let serve = |messages: Vec<u8>, closes| {
        HostileServer::answering(vec![welcome(), identity.clone(), messages], closes)
    };
    let server = serve(backup.concat(), true);
    let mut client = server.client(&password).await.unwrap();
    let again = create_backup(&mut client, plan.clone(), receipt).await.unwrap();
    let path = plan.dir.join("whole");
    assert_eq!(verify_backup(&path, &ProgressReporter::unheard()).unwrap(), again);
    assert_eq!(again.name, name("whole"));
    std::fs::remove_dir_all(&path).unwrap();

    let parts = parts(&backup);
    let (first, middle, last) = (parts[0], parts[parts.len() / 2], parts[parts.len() - 1]);
    let end = backup.iter().position(|one| one[0] == b'c').unwrap();
    let flipped = |(at, byte): (usize, usize)| {
        let mut other = backup.clone();
        other[at][byte] ^= 1;
        other
    };
    let without = |from: usize, to: usize| [&backup[..from], &backup[to..]].concat();
    let with = |at: usize, more: Vec<u8>| [&backup[..at], &[more], &backup[at..]].concat();
    let row = place(&backup, ROW);
    let mut swapped = backup.clone();
    swapped.swap(middle, middle + 1);
    for (said, wrong) in [
        ("the manifest says", flipped(row)),
        ("checksum mismatch", flipped(place(&backup, "ustar"))),
        ("its SHA-256 is", flipped(place(&backup, "\"Path\": \"PG_VERSION\""))),
        ("its SHA-256 is", flipped(place(&backup, "\"WAL-Ranges\""))),
        ("base.tar is damaged", without(first, first + 1)),
        ("base.tar is damaged", without(middle, middle + 1)),
        ("base.tar is damaged", with(middle, backup[middle].clone())),
        ("base.tar is damaged", swapped),
        ("backup_manifest is damaged", without(last, last + 1)),
        ("does not belong there", without(first - 1, first)),
        ("a second archive", with(middle, message(b'd', b"nagain\0\0"))),
        ("a part of a base backup", with(middle, message(b'd', b"?"))),
        ("a part of a base backup", with(middle, message(b'd', b""))),
        ("no number", with(middle, message(b'd', b"p1"))),
        ("does not belong there", with(middle, message(b'Z', b"I"))),
        ("does not belong there", with(end + 1, message(b'Z', b"I"))),
        ("the server refuses", with(middle, message(b'E', b"SERROR\0VERROR\0C57P01\0Mgone\0\0"))),
        ("it does not end with a checksum", without(end - 1, end)),
        ("was lost", without(end, backup.len())),
        ("was lost", without(middle, backup.len())),
        ("was lost", without(first, backup.len())),
    ] {
        let server = serve(wrong.concat(), true);
        let mut client = server.client(&password).await.unwrap();
        let error = refused(&mut client, &plan).await.to_string();
        assert!(error.contains(said), "{said:?}: {error}");
    }
    // In the middle of a message, and with a silence in place of an end.
    let whole = backup.concat();
    for cut in [1, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        let server = serve(whole[..cut].to_vec(), true);
        let mut client = server.client(&password).await.unwrap();
        let error = refused(&mut client, &plan).await.to_string();
        assert!(error.contains("was lost"), "{cut}: {error}");
    }
    let server = serve(whole[..whole.len() / 2].to_vec(), false);
    let mut client = server.client(&password).await.unwrap();
    let error = refused(&mut client, &plan).await.to_string();
    assert!(error.contains("nothing came for 3000 ms"), "{error}");
}
