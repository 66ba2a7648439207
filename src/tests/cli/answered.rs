//! The real program against a server that answers what a test tells it to: what is sent, what is
//! printed where, and the code it ends with.

use aerodb_control::model::action::ActionId;
use aerodb_control::model::refusal::{Executed, Refusal, RefusalCode};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

const SECRET: &str = "aerodb_session_0123456789";
pub const ID: &str = "6f1c2a34-0b5d-4e6f-8a90-112233445566";

/// One request as it arrived.
pub struct Sent {
    pub line: String,
    authorization: Option<String>,
    body: String,
}

/// A server with one answer for each request that it expects, in order.
pub struct ScriptedServer {
    pub url: String,
    sent: Receiver<Sent>,
}

impl ScriptedServer {
    pub fn answering(answers: Vec<(u16, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (sender, sent) = mpsc::channel();
        thread::spawn(move || {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().expect("a connection");
                // A test that looks at nothing has dropped its end.
                let _ = sender.send(read(&stream));
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all((head + &body).as_bytes()).expect("the client reads");
            }
        });
        Self { url, sent }
    }

    pub fn seen(&self) -> Vec<Sent> {
        self.sent.try_iter().collect()
    }
}

fn read(stream: &TcpStream) -> Sent {
    let mut lines = BufReader::new(stream);
    let (mut line, mut length, mut authorization) = (String::new(), 0usize, None);
    lines.read_line(&mut line).expect("a request line");
    loop {
        let mut header = String::new();
        lines.read_line(&mut header).expect("a header");
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a number"),
            "authorization" => authorization = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).expect("the body");
    let line = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    Sent { line, authorization, body: String::from_utf8(body).expect("UTF-8") }
}

/// A person at a terminal, with a home of their own.
pub struct Person {
    pub home: tempfile::TempDir,
}

pub struct CommandOutput {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Person {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a folder") }
    }

    pub fn runs(&self, url: &str, words: &[&str]) -> CommandOutput {
        self.runs_with(url, words, "", &[])
    }

    pub fn runs_with(
        &self,
        url: &str,
        words: &[&str],
        input: &str,
        env: &[(&str, &str)],
    ) -> CommandOutput {
        let mut child = Command::new(env!("CARGO_BIN_EXE_aerodb-control"))
            .args(words)
            .env_clear()
            .env("HOME", self.home.path())
            .env("AERODB_CONTROL_URL", url)
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A program that reads no input has closed its end.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let ended = child.wait_with_output().expect("the program ends");
        CommandOutput {
            code: ended.status.code().expect("not killed"),
            out: String::from_utf8(ended.stdout).expect("UTF-8"),
            err: String::from_utf8(ended.stderr).expect("UTF-8"),
        }
    }

    fn signed_in(url: &str) -> Self {
        let person = Self::new();
        let done = person.runs_with(url, &["login", "ada"], "a long enough password\n", &[]);
        assert_eq!(done.code, 0, "{}", done.err);
        person
    }

    fn session_file(&self) -> PathBuf {
        self.home.path().join(".config/aerodb-control/session.json")
    }
}

fn session() -> (u16, Value) {
    let expires_at = "2026-01-31T09:45:00.000Z";
    let body =
        json!({ "name": "ada", "role": "operator", "token": SECRET, "expires_at": expires_at });
    (200, body)
}

pub fn refused(status: u16, refusal: &Refusal) -> (u16, Value) {
    (status, json!({ "type": "about:blank", "status": status, "refusal": refusal }))
}

#[test]
fn a_command_line_that_cannot_be_read_ends_with_2_and_sends_nothing() {
    let person = Person::new();
    for words in [
        &["promote"][..],
        &["request", "switchover", "--to", "n2"],
        &["confirm", ID],
        &["confirm", "not-an-id", "--digest", "00"],
        &["confirm", ID, "--digest", "00", "--force"],
        &["status", "--url", "http://user:secret@127.0.0.1"],
    ] {
        let done = person.runs("http://127.0.0.1:1", words);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{words:?}: {}", done.err);
    }
}

#[test]
fn a_server_that_is_not_there_ends_with_10_and_says_that_nothing_was_sent() {
    let person = Person::new();
    for words in [
        &["status"][..],
        &["request", "stop_writes", "--reason", "r"],
        &["confirm", ID, "--digest", "00"],
    ] {
        let done = person.runs("http://127.0.0.1:1", words);
        assert_eq!((done.code, done.out.as_str()), (10, ""), "{words:?}");
        assert!(done.err.contains("Nothing was sent"), "{}", done.err);
    }
}

#[test]
fn a_refusal_goes_to_stderr_for_people_and_to_stdout_for_programs() {
    let refusal = Refusal::new(RefusalCode::Busy, "Another action \u{1b}[31mruns.");
    let answer = refused(409, &refusal);
    let seen = (200, json!({"after_refusal": 7}));
    let server =
        ScriptedServer::answering(vec![seen.clone(), answer.clone(), seen, answer.clone()]);
    let words = ["confirm", ID, "--digest", "00", "--confirm-target", "n2"];
    let person = Person::new();
    let done = person.runs(&server.url, &words);
    assert_eq!((done.code, done.out.as_str()), (9, ""));
    assert!(done.err.contains("⟨U+001B⟩[31mruns"), "{}", done.err);
    let done = person.runs(&server.url, &[&words[..], &["--json"]].concat());
    assert_eq!((done.code, done.err.as_str()), (9, ""));
    assert_eq!(serde_json::from_str::<Value>(&done.out).expect("JSON"), answer.1);
    for (number, sent) in server.seen().into_iter().enumerate() {
        if number % 2 == 0 {
            assert_eq!(sent.line, format!("GET /api/v1/actions/{ID}"));
            continue;
        }
        assert_eq!(sent.line, format!("POST /api/v1/actions/{ID}/confirm"));
        assert_eq!(sent.body, r#"{"digest":"00","typed_target":"n2","after_refusal":"7"}"#);
    }
}

#[test]
fn what_may_have_run_ends_with_6_whatever_the_refusal() {
    let mut refusal = Refusal::new(RefusalCode::Internal, "It broke on the way.");
    refusal.executed = Executed::Unknown;
    let server = ScriptedServer::answering(vec![(200, json!({})), refused(500, &refusal)]);
    let done = Person::new().runs(&server.url, &["confirm", ID, "--digest", "00"]);
    assert_eq!(done.code, 6);
    assert!(done.err.contains("It may have run"), "{}", done.err);
}

#[test]
fn the_secret_of_a_session_is_in_a_private_file_and_nowhere_else() {
    let server = ScriptedServer::answering(vec![session(), session()]);
    let person = Person::signed_in(&server.url);
    let mode = person.session_file().metadata().expect("kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let input = "ada\na long enough password\n";
    let done = person.runs_with(&server.url, &["login", "--json"], input, &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(!done.out.contains(SECRET) && !done.err.contains("long enough"), "{}", done.out);
    let bodies: Vec<String> = server.seen().into_iter().map(|sent| sent.body).collect();
    let wanted = r#"{"name":"ada","password":"a long enough password"}"#;
    assert_eq!(bodies, [wanted, wanted]);
}

#[test]
fn the_session_is_carried_and_a_token_of_the_environment_wins() {
    let refusal = Refusal::new(RefusalCode::NotPermitted, "Not with this.");
    let no = refused(403, &refusal);
    let server = ScriptedServer::answering(vec![session(), no.clone(), no]);
    let person = Person::signed_in(&server.url);
    assert_eq!(person.runs(&server.url, &["status"]).code, 8);
    let env = [("AERODB_CONTROL_TOKEN", "aerodb_token_x")];
    assert_eq!(person.runs_with(&server.url, &["status"], "", &env).code, 8);
    let carried: Vec<_> = server.seen().into_iter().map(|sent| sent.authorization).collect();
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    assert_eq!(carried, [None, bearer(SECRET), bearer("aerodb_token_x")]);
}

#[test]
fn signing_out_forgets_the_session_only_when_the_server_has_ended_it() {
    let server = ScriptedServer::answering(vec![session(), (200, json!({}))]);
    let person = Person::signed_in(&server.url);
    let kept = || std::fs::read_to_string(person.session_file()).expect("a file").contains(SECRET);
    let unavailable = Refusal::new(RefusalCode::AuditUnavailable, "No record can be written.");
    let failing = ScriptedServer::answering(vec![session(), refused(503, &unavailable)]);
    let input = "a long enough password\n";
    assert_eq!(person.runs_with(&failing.url, &["login", "ada"], input, &[]).code, 0);
    assert_eq!(person.runs(&failing.url, &["logout"]).code, 7);
    assert_eq!(person.runs(&server.url, &["logout"]).code, 0);
    assert!(kept(), "the session of the other server stands, and so does its secret");
    assert_eq!(person.runs(&server.url, &["logout"]).code, 8);
}

#[test]
fn a_rejected_request_reads_the_action_once_and_ends_with_3() {
    let id = ActionId::parse(ID).expect("valid");
    let refusal = Refusal::new(RefusalCode::Rejected, "No majority.").about(id);
    let gone = Refusal::new(RefusalCode::NotFound, "No such action.");
    let server = ScriptedServer::answering(vec![refused(412, &refusal), refused(404, &gone)]);
    let words = ["request", "failover", "--to", "n3", "--reason", "r", "--action-id", ID];
    let done = Person::new().runs(&server.url, &words);
    assert_eq!(done.code, 3);
    assert!(done.err.contains("No majority."), "{}", done.err);
    let lines: Vec<String> = server.seen().into_iter().map(|sent| sent.line).collect();
    assert_eq!(lines, ["POST /api/v1/actions".to_owned(), format!("GET /api/v1/actions/{ID}")]);
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let refusal = Refusal::new(RefusalCode::Busy, "Another action runs.");
    let busy = refused(409, &refusal);
    let server = ScriptedServer::answering(vec![busy.clone(), busy]);
    let person = Person::new();
    for _ in 0..2 {
        let words = ["request", "switchover", "--to", "n2", "--reason", "r"];
        assert_eq!(person.runs(&server.url, &words).code, 9);
    }
    let bodies: Vec<Value> =
        server.seen().iter().map(|sent| serde_json::from_str(&sent.body).expect("JSON")).collect();
    let ids: Vec<&str> = bodies.iter().map(|b| b["action_id"].as_str().expect("text")).collect();
    assert!(ids.iter().all(|id| ActionId::parse(id).is_ok()) && ids.first() != ids.last());
    assert!(bodies.iter().all(|b| b["kind"] == "switchover" && b["params"] == json!({"to": "n2"})));
}

#[test]
fn a_freeze_is_declared_and_lifted_with_a_reason_and_what_it_refuses_ends_with_9() {
    let frozen = Refusal::new(RefusalCode::Frozen, "olga declared a freeze.");
    let none = Refusal::new(RefusalCode::NoFreeze, "No freeze stands.");
    let (frozen, none) = (refused(409, &frozen), refused(409, &none));
    let server = ScriptedServer::answering(vec![(200, json!({})), frozen.clone(), frozen, none]);
    let person = Person::new();
    for words in [&["freeze"][..], &["unfreeze"], &["unfreeze", "--freeze", "7"]] {
        assert_eq!(person.runs(&server.url, words).code, 2, "a reason is needed: {words:?}");
    }
    let confirm = ["confirm", ID, "--digest", "00"];
    assert_eq!(person.runs(&server.url, &confirm).code, 9);
    let freeze = ["freeze", "--reason", "an audit", "--freeze-id", ID];
    assert_eq!(person.runs(&server.url, &freeze).code, 9);
    let words = ["unfreeze", "--reason", "done", "--freeze", "7"];
    assert_eq!(person.runs(&server.url, &words).code, 2);
    let sent: Vec<_> = server.seen().into_iter().map(|sent| (sent.line, sent.body)).collect();
    let post = |path: &str, body: &str| (format!("POST /api/v1/{path}"), body.to_owned());
    assert_eq!(
        sent[2..],
        [
            post("freeze", &format!(r#"{{"freeze_id":"{ID}","reason":"an audit"}}"#)),
            post("unfreeze", r#"{"freeze":"7","reason":"done"}"#),
        ]
    );
}

#[test]
fn a_misspelt_variable_ends_every_command_before_anything_is_sent() {
    let person = Person::new();
    for (name, words) in [
        ("AERODB_CONTROL_URI", &["confirm", ID, "--digest", "00"][..]),
        ("AERODB_CONTROL_TOKEM", &["status"]),
        ("AERODB_DATA", &["account", "add", "eve", "--role", "operator"]),
    ] {
        let done = person.runs_with("http://127.0.0.1:1", words, "", &[(name, "x")]);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{name}: {}", done.err);
        assert!(done.err.contains(name) && done.err.contains("Nothing was done"), "{}", done.err);
    }
}
