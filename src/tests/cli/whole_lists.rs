//! Whole lists on the command line: a file that says that it is complete, and a log that is followed.

use crate::harness::{PASSWORD, id};
use crate::serve::server::{PROGRAM, ServerDir};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// C8.1: half a file never looks like a whole one, also where its end looks like one.
#[test]
fn a_file_that_was_cut_off_on_its_way_ends_the_command_with_an_error() {
    let place = ServerDir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let answers = std::thread::spawn(move || {
        for (length, body) in [(40, "seq,at\r\n0,2026\r\n"), (0, "seq,at\r\n0,2026\r\n"), (0, "")] {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut asked = [0; 4096];
            let read = stream.read(&mut asked).expect("a request");
            assert!(asked[..read].starts_with(b"GET /api/v1/log.csv"), "one list, one question");
            let length = if length == 0 { body.len() } else { length };
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all((head + body).as_bytes()).expect("the client reads");
        }
    });
    for (wanted, says) in [
        ("seq,at\r\n0,2026\r\n", ""),
        ("seq,at\r\n0,2026\r\n", "ends before the line that says that it is complete"),
        ("", "ends before the line that says that it is complete"),
    ] {
        let ended = place.command(None, &["log", "--export", "csv", "--url", &url], "");
        assert_eq!(ended.status.code(), Some(10), "{ended:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stdout), wanted);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!said.is_empty() && said.contains(says), "{said}");
    }
    answers.join().expect("three questions");
}

#[test]
fn a_list_is_printed_whole_in_each_form_and_a_log_is_followed_until_the_server_is_gone() {
    let place = ServerDir::new();
    let server = place.start(None);
    let session = server.set_up();
    let run = |arguments: &[&str], input: &str| place.command(Some(&server), arguments, input);
    assert_eq!(run(&["log", "--export", "csv"], "").status.code(), Some(8), "nobody is signed in");
    assert_eq!(run(&["log", "--follow"], "").status.code(), Some(8), "nobody is signed in");
    assert_eq!(run(&["status", "--watch"], "").status.code(), Some(8), "nobody is signed in");
    assert_eq!(run(&["login", "olga"], &format!("{PASSWORD}\n")).status.code(), Some(0));
    server.request(&session, &id(1), "stop_writes", json!({}));
    for (list, form, last) in [
        ("log", "csv", "complete,"),
        ("log", "json", "],\"end\":{\"complete\":{\"rows\":"),
        ("log", "markdown", "complete: "),
        ("actions", "csv", "complete,\"1 rows, which is everything\",test aerodb,"),
        ("actions", "json", "],\"end\":{\"complete\":{\"rows\":1}}}"),
        ("actions", "markdown", "complete: 1 rows"),
    ] {
        let printed = run(&[list, "--export", form], "");
        assert_eq!(printed.status.code(), Some(0), "{printed:?}");
        let text = String::from_utf8(printed.stdout).expect("text");
        assert!(text.lines().last().expect("a line").starts_with(last), "{list} {form}: {text}");
        assert!(text.contains(&id(1)), "{list} {form}: {text}");
    }
    let refused = run(&["actions", "--export", "csv", "--actor", "No One"], "");
    assert_eq!((refused.status.code(), &*refused.stdout), (Some(2), &b""[..]), "{refused:?}");
    let filtered = run(&["actions", "--action-kind", "switchover", "--json"], "");
    let filtered: Value = serde_json::from_slice(&filtered.stdout).expect("JSON");
    assert_eq!(filtered["actions"], json!([]));

    let mut follow = Command::new(PROGRAM)
        .args(["log", "--follow", "--json", "--kind", "requested", "--url", &server.console])
        .current_dir(place.folder())
        .env("XDG_CONFIG_HOME", place.folder().join("home"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(follow.stdout.take().expect("a pipe")).lines();
    let mut next = || -> Value {
        let line = lines.next().expect("a line").expect("text");
        serde_json::from_str(&line).expect("a record on each line")
    };
    assert_eq!(next()["action_id"], id(1), "what is there already");
    server.request(&session, &id(2), "stop_writes", json!({}));
    let later = next();
    assert_eq!(
        (&later["action_id"], &later["entry"]["kind"]),
        (&json!(id(2)), &json!("requested"))
    );
    server.terminate();
    assert!(server.ended_well());
    let ended = follow.wait_with_output().expect("it ends by itself");
    assert_eq!(ended.status.code(), Some(10), "{ended:?}");
}
