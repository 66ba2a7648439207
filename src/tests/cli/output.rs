//! What the program prints: whole or said not to be, for programs one JSON document, and hints that lead
//! to the same control plane.

use crate::cli::answered::{ID, Person, ScriptedServer, refused};
use crate::harness::id;
use crate::serve::server::{PROGRAM, ServerDir};
use aerodb_control::model::refusal::{Refusal, RefusalCode};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Runs the program with its standard output on a disk that is full.
fn on_a_full_disk(place: &ServerDir, words: &[&str], input: &str) -> Output {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    let mut child = Command::new(PROGRAM)
        .args(words)
        .current_dir(place.folder())
        .env("XDG_CONFIG_HOME", place.folder().join("home"))
        .stdin(Stdio::piped())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A command that reads no input has closed its end.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the program ends")
}

#[test]
fn no_command_ends_well_whose_answer_did_not_fit_on_the_disk() {
    let place = ServerDir::new();
    let server = place.start(None);
    let session = server.set_up();
    let explained = server.request(&session, &id(1), "stop_writes", json!({}));
    let digest = explained["digest"].as_str().expect("a digest").to_owned();
    let url = server.console.clone();
    let password = format!("{}\n", crate::harness::PASSWORD);
    let (one, window) = (id(1), ["--from", "2000-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"]);
    let settings = ["--config", "Leptos.toml"];
    let login = ["login", "olga", "--url", &url];
    assert_eq!(on_a_full_disk(&place, &login, &password).status.code(), Some(1));
    let at = |words: &[&'static str]| [words, &["--url"]].concat();
    let data = ["--data", "data"];
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["--help"],
        vec!["--version"],
        vec!["--version", "--json"],
        vec!["catalogue"],
        vec!["catalogue", "--json"],
        vec!["invariants"],
        vec!["contract"],
        vec!["completions", "bash"],
        vec!["man", "confirm"],
        [&["report", &one], &data[..]].concat(),
        [&["report"], &window[..], &data].concat(),
        [&["report", "--json"], &window[..], &data].concat(),
        [&["verify-log"], &settings[..]].concat(),
        [&["export-log", "exported"], &settings[..]].concat(),
        [&["report", "--url", &url], &window[..]].concat(),
    ];
    for words in [&["status"][..], &["log", "--json"], &["timeline"], &["actions"], &["nodes"]] {
        commands.push([&at(words)[..], &[&url]].concat());
    }
    for words in commands {
        let ended = on_a_full_disk(&place, &words, "");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("Standard output was not written whole"), "{words:?}: {said}");
    }
    // What a command did is not changed by it, and is said.
    let confirm =
        ["confirm", &one, "--digest", &digest, "--confirm-target", "aerodb", "--url", &url];
    let ended = on_a_full_disk(&place, &confirm, "");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("would have ended with 0") && said.contains("it ran, once"), "{said}");
    let ended = on_a_full_disk(&place, &confirm, "");
    assert_ne!(ended.status.code(), Some(0));
    // A refusal keeps its own code.
    let ended = on_a_full_disk(&place, &["promote", "--json"], "");
    assert_eq!(ended.status.code(), Some(2));
    server.kill();
}

#[test]
fn a_reader_that_goes_away_ends_nothing_badly() {
    for words in [&["completions", "bash"][..], &["catalogue", "--json"], &["--help"]] {
        let mut child = Command::new(PROGRAM)
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("the program ends");
        assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0), "{words:?}");
    }
}

#[test]
fn for_programs_every_outcome_is_one_json_document_on_standard_output() {
    let person = Person::new();
    for words in [
        &["promote", "--json"][..],
        &["--json", "confirm", ID],
        &["--json", "status", "--url", "nonsense"],
        &["request", "switchover", "--json"],
        &["serve", "--json", "--config", "gone.toml"],
        &["serve", "--json", "--listen", "nowhere"],
        &["report", "--json", ID, "--data", "gone"],
        &["verify-log", "--json", "gone"],
        &["man", "nothing", "--json"],
        &["status", "--json"],
    ] {
        let done = person.runs(NOWHERE, words);
        let said: Value = serde_json::from_str(&done.out)
            .unwrap_or_else(|error| panic!("{words:?}: {error}: {}", done.out));
        assert!(said["detail"].as_str().is_some_and(|text| !text.is_empty()), "{words:?}: {said}");
        assert!(done.code != 0 && done.err.is_empty(), "{words:?}: {}", done.err);
        assert_eq!(said["executed"], "no", "{words:?}");
    }
    for (words, key) in [(["--version", "--json"], "version"), (["--json", "--help"], "help")] {
        let done = person.runs(NOWHERE, &words);
        let said: Value = serde_json::from_str(&done.out).expect("one document");
        assert!(done.code == 0 && said[key].is_string(), "{said}");
    }
    // A hostile word is inert in it too.
    let done = person.runs(NOWHERE, &["--json", "\u{1b}[2J\u{202e}"]);
    assert!(done.out.is_ascii() || !done.out.contains(['\u{1b}', '\u{202e}']), "{}", done.out);
}

#[test]
fn a_secret_that_is_issued_stands_alone_on_standard_output() {
    let place = ServerDir::new();
    let session = place.start(None);
    session.set_up();
    session.kill();
    let words = ["token", "issue", "scraper", "--config", "Leptos.toml"];
    let ended = place.command(None, &words, "");
    let (out, err) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    let token = out.strip_suffix('\n').expect("a line");
    assert!(token.starts_with("aerodb_token_") && !token.contains(char::is_whitespace), "{out}");
    assert!(err.contains("shown this once") && !err.contains(token), "{err}");
    let data = place.data();
    assert!(err.contains(data.file_name().expect("a name").to_str().expect("text")), "{err}");
}

#[test]
fn a_hint_leads_to_the_control_plane_that_was_asked() {
    let refusal = Refusal::new(RefusalCode::NotSignedIn, "Nobody is signed in.");
    let page = json!({ "records": [], "next_before": 32 });
    let events = json!({ "events": [], "next_before": "2.14.0" });
    let actions = json!({ "actions": [], "next_before": 7 });
    let answers = vec![refused(401, &refusal), (200, page.clone()), (200, actions), (200, events)];
    let server = ScriptedServer::answering(answers);
    let option = format!(" --url {}", server.url);
    let person = Person::new();
    // The address of the environment is another one, so a hint without its own leads there.
    let said = |words: &[&str]| {
        let done = person.runs(NOWHERE, &[words, &["--url", &server.url]].concat());
        done.out + &done.err
    };
    let status = said(&["status"]);
    assert!(status.contains(&format!("aerodb-control login NAME{option}\n")), "{status}");
    let log = said(&["log", "--limit", "5"]);
    assert!(
        log.contains(&format!("Older: aerodb-control log --limit 5{option} --before 32")),
        "{log}"
    );
    let actions = said(&["actions"]);
    assert!(actions.contains(&format!("aerodb-control actions{option} --before 7")), "{actions}");
    let events = said(&["events"]);
    assert!(events.contains(&format!("aerodb-control events{option} --before 2.14.0")), "{events}");
    // Where the environment leads there already, the hint is short.
    let server = ScriptedServer::answering(vec![(200, page)]);
    let log = person.runs(&server.url, &["log"]).out;
    assert!(log.contains("Older: aerodb-control log --before 32"), "{log}");
}

/// C7.3: what may have run is never silent, and never called failed.
#[test]
fn a_confirmation_whose_answer_never_comes_says_so_and_goes_on_waiting() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let person = Person::new();
    let mut child = Command::new(PROGRAM)
        .args(["confirm", ID, "--digest", "00", "--url", &url])
        .env_clear()
        .env("HOME", person.home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The action is shown, and what is asked for after it is swallowed.
    let (mut first, _) = listener.accept().expect("a connection");
    let _ = first.read(&mut [0; 4096]).expect("a question");
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    first.write_all(answer.as_bytes()).expect("it reads");
    drop(first);
    let swallowed = listener.accept().expect("the confirmation");
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
    lines.read_line(&mut said).expect("a line");
    assert!(said.starts_with("No answer after 5 seconds; still waiting."), "{said}");
    assert!(said.ends_with(&format!("aerodb-control show {ID} --url {url}\n")), "{said}");
    assert_eq!(child.try_wait().expect("a child"), None, "it waits");
    drop((swallowed, listener));
    let ended = child.wait().expect("a status");
    assert_eq!(ended.code(), Some(6), "it may have run");
}
