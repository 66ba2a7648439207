//! The same against the built program, over a socket: the head of a request and five bytes, then the
//! account is removed on the host, then the rest.

use crate::harness::{PASSWORD, confirmation, id};
use crate::serve::server::{ClientSession, ServerDir, TestServer};
use aerodb_control::crash::InjectedBug;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Long enough that only a missing answer is ever met by it.
const NEVER: Duration = Duration::from_mins(1);

/// Reads until the server has said this much.
fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the server goes on");
        said.extend(byte);
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// Sends a request of which the rest comes after `meanwhile`; gives the status line.
fn late(
    server: &TestServer,
    session: &ClientSession,
    path: &str,
    body: &Value,
    meanwhile: impl FnOnce(),
) -> String {
    let address = server.console.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(NEVER)).expect("a limit");
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        session.0,
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    // It says so when something asks for the body: by then the head was judged.
    assert!(until(&mut stream, "\r\n\r\n").starts_with("HTTP/1.1 100"));
    let (first, rest) = body.split_at(5);
    stream.write_all(first.as_bytes()).expect("sent");
    meanwhile();
    stream.write_all(rest.as_bytes()).expect("sent");
    until(&mut stream, "\r\n").trim().to_owned()
}

fn on_the_host(place: &ServerDir, words: &[&str], input: &str) {
    let output = place.command(None, words, input);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What a removed operator could still do. Nothing, if the program is sound.
fn acted(variables: impl IntoIterator<Item = (&'static str, OsString)>) -> Vec<String> {
    let place = ServerDir::new();
    let server = place.start_under(variables).expect("a server");
    let olga = server.set_up();
    let mut acted = Vec::new();
    let settings = place.settings();
    let settings = settings.to_str().expect("text");
    for (name, takes_role) in [("otto", false), ("oskar", true), ("ottilie", false)] {
        let add = ["account", "add", name, "--role", "operator", "--config", settings];
        on_the_host(&place, &add, &format!("{PASSWORD}\n"));
        let body = json!({"name": name, "password": PASSWORD});
        let (status, session) = server.post(&ClientSession(String::new()), "/api/v1/login", &body);
        assert_eq!(status, 200, "{session}");
        let session = ClientSession(session["token"].as_str().expect("a token").to_owned());
        let (path, body) = if name == "ottilie" {
            ("/api/v1/freeze".to_owned(), json!({"freeze_id": id(9), "reason": "a drill"}))
        } else {
            let number = u8::try_from(name.len()).expect("a small number");
            let node = json!({"node": "n1"});
            let explained = server.request(&session, &id(number), "verify_node", node);
            (format!("/api/v1/actions/{}/confirm", id(number)), confirmation(&explained))
        };
        let status = late(&server, &session, &path, &body, || {
            let role = ["account", "role", name, "--role", "observer", "--config", settings];
            let remove = ["account", "remove", name, "--config", settings];
            on_the_host(&place, if takes_role { &role } else { &remove }, "");
        });
        if status != "HTTP/1.1 401 Unauthorized" {
            acted.push(format!("{name} acted by {path}: {status}"));
        }
    }
    let (_, log) = server.get(&olga, "/api/v1/log?limit=200");
    for record in log["records"].as_array().expect("records") {
        let kind = record["entry"]["kind"].as_str().expect("a kind");
        if ["confirmed", "dispatched", "executed", "frozen"].contains(&kind) {
            acted.push(format!("a record says {kind}: {}", record["actor"]["name"]));
        }
    }
    server.kill();
    acted
}

/// C3.1, C5.2.
#[test]
fn a_removed_operator_acts_by_no_request_that_began_before() {
    assert_eq!(acted([]), Vec::<String>::new());
}

/// C12.3: the check finds a control plane that breaks it.
#[test]
fn a_control_plane_that_trusts_the_head_of_a_request_is_found() {
    for fault in InjectedBug::AUTHORITY {
        let found = acted([("AERODB_SABOTAGE", OsString::from(fault.word()))]);
        assert!(found.iter().any(|line| line.contains("executed")), "{}: {found:?}", fault.word());
        println!("{}: found: {found:?}", fault.word());
    }
}
