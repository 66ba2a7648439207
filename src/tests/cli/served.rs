//! The program in a process of its own: set up, refused beside another one, stopped, and used from the
//! command line.

use crate::harness::PASSWORD;
use crate::serve::server::{ClientSession, ServerDir, agent, post};
use serde_json::{Value, json};
use std::process::Output;

#[test]
fn a_new_installation_is_set_up_through_its_link_once() {
    let place = ServerDir::new();
    let server = place.start(None);
    let session = server.set_up();
    let (status, cluster) = server.get(&session, "/api/v1/cluster");
    assert_eq!((status, &cluster["primary"]), (200, &json!("n1")));
    let token = server.setup.as_ref().and_then(|l| l.rsplit('/').next()).expect("a token");
    let fields = [("token", token), ("name", "mallory"), ("password", PASSWORD)];
    let again = agent().post(format!("{}/setup", server.console)).send_form(fields);
    assert_eq!(again.expect("an answer").status().as_u16(), 410);
    server.kill();
    let server = place.start(None);
    assert!(server.setup.is_none(), "an installation with an operator has no link");
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let place = ServerDir::new();
    let server = place.start(None);
    let settings = place.settings();
    let settings = settings.to_str().expect("text");
    let second = ["serve", "--config", settings, "--listen", "127.0.0.1:0"];
    let output = place.command(None, &second, "");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("another control plane"), "{said}");
    drop(server);
}

#[test]
fn a_ledger_without_its_cluster_starts_nothing_in_its_place() {
    let place = ServerDir::new();
    let server = place.start(None);
    server.set_up();
    server.kill();
    let kernel = place.data().join("kernel");
    std::fs::rename(&kernel, place.data().join("moved")).expect("a rename");
    let settings = place.settings();
    let serve = ["serve", "--config", settings.to_str().expect("text"), "--listen", "127.0.0.1:0"];
    let output = place.command(None, &serve, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("belongs to the cluster"));
    assert!(!kernel.exists(), "no cluster was founded");
    // The cluster of another installation does not fit either.
    let other = ServerDir::new();
    other.start(None).kill();
    std::fs::rename(other.data().join("kernel"), &kernel).expect("a rename");
    let output = place.command(None, &serve, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("do not belong together"));
}

#[test]
fn half_a_request_holds_up_neither_the_stop_nor_the_next_start() {
    use std::io::Write as _;
    let place = ServerDir::new();
    let server = place.start(None);
    server.set_up();
    let address = server.console.strip_prefix("http://").expect("a URL").to_owned();
    let mut slow = std::net::TcpStream::connect(address).expect("a connection");
    slow.write_all(b"GET / HTTP/1.1\r\nHost: 127").expect("half a request");
    server.terminate();
    assert!(server.ended_well(), "it stopped although a client was slow");
    drop(place.start(None));
}

/// C5.1, C11.1.
#[test]
fn a_switchover_on_the_command_line_shows_the_digest_of_the_browser_and_runs_once() {
    let place = ServerDir::new();
    let server = place.start(None);
    let session = server.set_up();
    let run = |arguments: &[&str], input: &str| place.command(Some(&server), arguments, input);
    let json_of = |output: &Output| -> Value {
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
    };
    assert_eq!(run(&["status"], "").status.code(), Some(8), "nobody is signed in");
    let output = run(&["login", "olga"], &format!("{PASSWORD}\n"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let asked = ["--to", "n2", "--reason", "a drill", "--json"];
    let explained = json_of(&run(&[&["explain", "switchover"], &asked[..]].concat(), ""));
    let path = "/api/v1/explain?kind=switchover&to=n2&reason=a%20drill";
    let (_, answer) = server.get(&session, path);
    assert_eq!(explained["digest"], answer["digest"]);
    assert_eq!(explained["explanation"], answer["explanation"]);
    let requested = json_of(&run(&[&["request", "switchover"], &asked[..]].concat(), ""));
    assert_eq!(requested["digest"], explained["digest"]);
    let (id, digest) = (requested["id"].as_str().expect("id"), requested["digest"].as_str());
    let digest = digest.expect("a digest");
    let confirm = ["confirm", id, "--digest", digest];
    assert_eq!(run(&confirm, "").status.code(), Some(2), "the target was not typed");
    let typed = [&confirm[..], &["--confirm-target", "n2"]].concat();
    assert_eq!(run(&typed, "").status.code(), Some(0));
    assert_eq!(run(&typed, "").status.code(), Some(0), "a repetition shows the outcome");
    assert_eq!(server.get(&session, "/api/v1/cluster").1["epoch"], 2);
    let rejected = run(&[&["request", "switchover"], &asked[..4]].concat(), "");
    assert_eq!(rejected.status.code(), Some(3), "n2 is primary already");
    let verified = run(&["verify-log", "--config", "Leptos.toml"], "");
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}

#[test]
fn an_account_can_be_added_while_the_server_runs() {
    let place = ServerDir::new();
    let server = place.start(None);
    server.set_up();
    let add = ["account", "add", "oscar", "--role", "observer", "--config", "Leptos.toml"];
    let output = place.command(None, &add, &format!("{PASSWORD}\n"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let again = place.command(None, &add, &format!("{PASSWORD}\n"));
    assert_eq!(again.status.code(), Some(2), "the name is taken");
    let body = json!({"name": "oscar", "password": PASSWORD});
    let (status, session) = post(&format!("{}/api/v1/login", server.console), None, &body);
    assert_eq!((status, &session["role"]), (200, &json!("observer")));
    let session = ClientSession(session["token"].as_str().expect("a token").to_owned());
    let wanted = json!({"kind": "stop_writes"});
    assert_eq!(server.post(&session, "/api/v1/actions", &wanted).0, 403);
    let verified = place.command(None, &["verify-log", "--config", "Leptos.toml"], "");
    assert_eq!(verified.status.code(), Some(0), "two writers, one chain: {verified:?}");
}
