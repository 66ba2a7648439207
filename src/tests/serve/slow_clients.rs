//! Whoever sends slowly, nothing, or from too many connections costs the others nothing.

use crate::serve::server::{ServerDir, TestServer};
use aerodb_control::serve::{CONNECTIONS_MAX, IDLE_FOR};
use serde_json::json;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Long enough that only a missing limit is ever met by it.
const NEVER: Duration = Duration::from_mins(1);

fn connect(server: &TestServer, says: &str) -> TcpStream {
    let address = server.console.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(NEVER)).expect("a limit");
    stream.write_all(says.as_bytes()).expect("sent");
    stream
}

/// Everything that the server says until it ends the connection.
fn to_the_end(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection was not ended: {error}"),
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// The head of the next answer; its body is read too.
fn answer(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        head.push(byte[0]);
    }
    let head =
        String::from_utf8(head).expect("text").to_lowercase().replace("http/1.1", "HTTP/1.1");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length {
        let mut body = vec![0; length.parse().expect("a number")];
        stream.read_exact(&mut body).expect("a body");
        return head;
    }
    let mut body = Vec::new();
    while !body.ends_with(b"\r\n0\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a body");
        body.push(byte[0]);
    }
    head
}

#[test]
fn a_connection_that_sends_nothing_or_half_of_something_is_ended() {
    let place = ServerDir::new();
    let server = place.start(None);
    let mut kept = connect(&server, "GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let nothing = connect(&server, "");
    let half_a_head = connect(&server, "GET / HTTP/1.1\r\nHost: 127");
    let half_a_body = connect(
        &server,
        "POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
         Content-Length: 500\r\n\r\n{\"name\":",
    );
    assert_eq!(to_the_end(nothing), "");
    to_the_end(half_a_head);
    assert!(to_the_end(half_a_body).starts_with("HTTP/1.1 400"));
    // Between two requests it may be idle for much longer than a head may take: a proxy that keeps its
    // connections is never the second one to learn that one is closed.
    let said = format!("keep-alive: timeout={}\r\n", IDLE_FOR.as_secs());
    assert!(IDLE_FOR > Duration::from_mins(2), "longer than common proxies keep theirs");
    let first = answer(&mut kept);
    assert!(first.starts_with("HTTP/1.1 200") && first.contains(&said), "{first}");
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").expect("still open");
    assert!(answer(&mut kept).starts_with("HTTP/1.1 200"));
    // And the head of a later request has as long as the first one.
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: 127").expect("still open");
    to_the_end(kept);
    server.kill();
}

#[test]
fn an_operator_completes_an_action_while_somebody_hoards_every_connection() {
    let wanted = u64::try_from(4 * CONNECTIONS_MAX).expect("a number");
    assert!(rlimit::increase_nofile_limit(wanted).expect("a limit") >= wanted);
    let place = ServerDir::new();
    let server = place.start(None);
    let session = server.set_up();
    let mut hoard = Vec::new();
    for number in 0..CONNECTIONS_MAX + 200 {
        hoard.push(connect(&server, if number % 2 == 0 { "" } else { "GET / HTTP/1.1\r\nHost" }));
    }
    let explained = server.request(&session, &crate::harness::id(1), "stop_writes", json!({}));
    for _ in 0..200 {
        hoard.push(connect(&server, "G"));
    }
    let (status, done) = server.confirm(&session, &explained);
    assert_eq!((status, &done["stage"]), (200, &json!("executed")), "{done}");
    drop(hoard);
    server.kill();
}
