//! The lines that a server writes for a collector: every record once and in order, with its action, and
//! no secret.

use crate::harness::{PASSWORD, id};
use crate::serve::server::{PROGRAM, ServerDir};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// Runs a server until it is told to stop, lets `act` use it, and gives what it wrote.
pub fn lines(place: &ServerDir, form: &str, act: impl FnOnce(&str, &str)) -> String {
    use std::io::{BufRead as _, BufReader, Read as _};
    place.init();
    let mut child = Command::new(PROGRAM)
        .args(["serve", "--config"])
        .arg(place.settings())
        .args(["--listen", "127.0.0.1:0", "--log", form])
        .current_dir(place.folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .expect("the program starts");
    let (mut console, mut setup) = (String::new(), String::new());
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
        match line.expect("text").split_once(": ") {
            Some(("console", url)) => url.clone_into(&mut console),
            Some(("set-up link", url)) => url.clone_into(&mut setup),
            Some(("ready", _)) => break,
            _ => {}
        }
    }
    act(&console, &setup);
    let process = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &process]).status().expect("kill").success());
    let mut text = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut text).expect("text");
    assert!(child.wait().expect("a status").success());
    text
}

/// C8.1: the lines have the one order of the log, and none is missing.
#[test]
fn a_server_tells_every_record_once_in_order_with_its_action_and_no_secret() {
    let place = ServerDir::new();
    let mut secrets = vec![PASSWORD.to_owned()];
    let text = lines(&place, "json", |console, setup| {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .into();
        let token = setup.rsplit('/').next().expect("a token");
        let fields = [("token", token), ("name", "olga"), ("password", PASSWORD)];
        agent.post(format!("{console}/setup")).send_form(fields).expect("an answer");
        secrets.push(token.to_owned());
        let person = json!({"name": "olga", "password": PASSWORD});
        let mut answer =
            agent.post(format!("{console}/api/v1/login")).send_json(&person).expect("a session");
        let session: Value = answer.body_mut().read_json().expect("JSON");
        let session = session["token"].as_str().expect("a token").to_owned();
        let asked = json!({
            "action_id": id(1), "kind": "stop_writes", "params": {}, "reason": "a line\u{202e}break",
        });
        for reason in ["a line\u{202e}break", "planned"] {
            let mut asked = asked.clone();
            asked["reason"] = json!(reason);
            let request = agent.post(format!("{console}/api/v1/actions"));
            let request = request.header("authorization", format!("Bearer {session}"));
            request.send_json(&asked).expect("an answer");
        }
        secrets.push(session);
    });
    let told: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let seqs: Vec<u64> = told.iter().map(|line| line["seq"].as_u64().expect("a number")).collect();
    // The founding was before the server ran.
    assert_eq!(seqs, (1..=u64::try_from(told.len()).expect("a few")).collect::<Vec<_>>());
    let kinds: Vec<&str> = told.iter().map(|line| line["kind"].as_str().expect("a kind")).collect();
    let wanted = [
        "boot",
        "setup_link_issued",
        "account_created",
        "signed_in",
        "signed_in",
        "declined",
        "requested",
        "explained",
        "stopped",
    ];
    assert_eq!(kinds, wanted);
    let explained = told.iter().rev().nth(1).expect("a line");
    assert_eq!((&explained["action_id"], &explained["actor"]), (&json!(id(1)), &json!("olga")));
    assert_eq!((&explained["stage"], &explained["level"]), (&json!("explained"), &json!("INFO")));
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret}");
    }
    assert!(!text.contains('\u{202e}'));
}

#[test]
fn a_server_that_is_told_to_be_quiet_is() {
    let place = ServerDir::new();
    assert_eq!(lines(&place, "off", |_, _| {}), "");
    assert!(lines(&place, "text", |_, _| {}).contains("kind=\"boot\""));
}
