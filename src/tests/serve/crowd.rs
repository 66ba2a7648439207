//! A crowd that sends slowly and opens streams from many addresses, while an operator completes an
//! action. `make crowd` brings 10,000 of each; a small one goes with the other tests.

use crate::serve::server::{ClientSession, ServerDir, TestServer};
use aerodb_control::serve::CONNECTIONS_MAX;
use aerodb_control::web::STREAMS_IN_ALL;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;

/// Addresses that the crowd comes from.
const ADDRESSES: usize = 50;
/// Connections that are being made at once.
const AT_ONCE: usize = 64;
/// How much memory the server may need beside what it had, in KiB: 2,048 connections, each with its
/// buffers.
const MEMORY_KIB_MAX: u64 = 256 * 1024;

fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// The most memory that the server had at once, in KiB.
fn peak_kib(server: &TestServer) -> u64 {
    let status = format!("/proc/{}/status", server.process());
    let status = std::fs::read_to_string(status).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

async fn connect(to: SocketAddr, number: usize) -> std::io::Result<TcpStream> {
    let last = u8::try_from(2 + number % ADDRESSES).expect("below 255");
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
    socket.connect(to).await
}

/// Sends this on a new connection, and gives what became of it: the status of the answer, or that the
/// connection was ended. `None` where no answer is waited for.
async fn attempt(
    to: SocketAddr,
    number: usize,
    says: Arc<str>,
    waits: bool,
) -> (&'static str, Option<TcpStream>) {
    let Ok(mut stream) = connect(to, number).await else { return ("not connected", None) };
    if stream.write_all(says.as_bytes()).await.is_err() {
        return ("ended by the server", None);
    }
    if !waits {
        return ("held", Some(stream));
    }
    let mut head = [0; 12];
    match stream.read_exact(&mut head).await {
        Err(_) => ("ended by the server", None),
        Ok(_) => match &head[9..] {
            b"200" => ("200: a stream", Some(stream)),
            b"429" => ("429: no more streams", None),
            b"401" => ("401", None),
            _ => ("another status", None),
        },
    }
}

/// Brings so many, and holds those that stay.
async fn bring(
    to: SocketAddr,
    count: usize,
    says: &str,
    waits: bool,
) -> (BTreeMap<&'static str, usize>, Vec<TcpStream>) {
    let (says, turns) = (Arc::<str>::from(says), Arc::new(Semaphore::new(AT_ONCE)));
    let mut under_way = tokio::task::JoinSet::new();
    for number in 0..count {
        let (says, turns) = (Arc::clone(&says), Arc::clone(&turns));
        under_way.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("it is open");
            attempt(to, number, says, waits).await
        });
    }
    let (mut became, mut held) = (BTreeMap::new(), Vec::new());
    while let Some(done) = under_way.join_next().await {
        let (what, stream) = done.expect("no panic");
        *became.entry(what).or_default() += 1;
        held.extend(stream);
    }
    (became, held)
}

fn act(server: &TestServer, session: &ClientSession, number: u8, kind: &str) {
    let id = crate::harness::id(number);
    let explained = server.request(session, &id, kind, json!({}));
    let (status, done) = server.confirm(session, &explained);
    assert_eq!((status, &done["stage"]), (200, &json!("executed")), "{done}");
}

#[test]
fn an_operator_completes_actions_among_a_crowd_of_slow_clients_and_streams() {
    let slow = setting("CROWD_SLOW", 2_500);
    let streams = setting("CROWD_STREAMS", 500);
    // Those who hold a stream are connections of the server, and it has no more of them.
    let open = streams.min(CONNECTIONS_MAX) + AT_ONCE;
    let files = u64::try_from(slow + open + 500).expect("a number");
    assert!(rlimit::increase_nofile_limit(files).expect("a limit") >= files);
    let place = ServerDir::new();
    let server = place.start(None);
    let session = server.set_up();
    let before = peak_kib(&server);
    let to: SocketAddr =
        server.console.strip_prefix("http://").expect("an address").parse().expect("an address");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let half = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ";
    let (became, held) = runtime.block_on(bring(to, slow, half, false));
    println!("{slow} slow connections from {ADDRESSES} addresses: {became:?}");
    assert_eq!(became.values().sum::<usize>(), slow);
    act(&server, &session, 1, "stop_writes");
    let ask = "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ";
    let ask = format!("{ask}{}\r\n\r\n", session.0);
    let (became, open) = runtime.block_on(bring(to, streams, &ask, true));
    println!("{streams} attempts at a stream: {became:?}");
    assert_eq!(became.values().sum::<usize>(), streams);
    assert!((1..=STREAMS_IN_ALL).contains(&open.len()), "{} streams", open.len());
    act(&server, &session, 2, "resume_writes");
    let after = peak_kib(&server);
    println!(
        "an operator completed 2 actions; at most {CONNECTIONS_MAX} connections; peak memory \
         {} MiB before, {} MiB after",
        before / 1024,
        after / 1024
    );
    assert!(after - before < MEMORY_KIB_MAX, "{before} to {after} KiB");
    drop((held, open));
    server.kill();
}
