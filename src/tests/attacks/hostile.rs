//! Hostile text through every field in which text can be sent, and what comes out of it: nothing that
//! is live in a page, moves a terminal, is computed by a spreadsheet or forges a line.
//!
//! `make hostile` sends all 500 texts; a part of them, from every family, goes with the other tests.

use crate::attacks::inert::{computed, hidden, live, marked_up};
use crate::attacks::payloads::{PayloadRng, encoded, payload};
use crate::harness::{Client, PASSWORD, Reply, TestApp, id};
use crate::serve::server::ServerDir;
use aerodb_control::web::throttle::ONE_MORE_MS;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SEED: u64 = 20_261_123;

fn count() -> usize {
    let asked = std::env::var("HOSTILE_PAYLOADS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(12)
}

/// What was looked at, by kind.
type MediaCounts = BTreeMap<&'static str, usize>;

/// Judges an answer by its kind, and says what was live in it.
fn judge(reply: &Reply, seen: &mut MediaCounts) -> Vec<String> {
    let media = reply.headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let media = media.unwrap_or_default().split(';').next().unwrap_or_default();
    let (kind, mut found) = match media {
        "text/html" => ("pages", live(&reply.body)),
        "text/csv" => ("tables", computed(&reply.body)),
        "text/markdown" => ("documents", marked_up(&reply.body)),
        "application/json" | "application/problem+json" => {
            let parsed = serde_json::from_str::<Value>(&reply.body).err();
            let mut found = hidden(&reply.body);
            found.extend(parsed.map(|error| error.to_string()));
            ("answers", found)
        }
        _ => ("others", hidden(&reply.body)),
    };
    *seen.entry(kind).or_default() += 1;
    for (name, value) in &reply.headers {
        let text = String::from_utf8_lossy(value.as_bytes());
        found.extend(hidden(&text).iter().map(|found| format!("{name}: {found}")));
        let leaves = name == header::LOCATION && (!text.starts_with('/') || text.starts_with("//"));
        found.extend(leaves.then(|| format!("it leads elsewhere: {text}")));
    }
    if reply.status.is_server_error() {
        found.push(format!("status {}", reply.status));
    }
    found
}

/// Every address with text in it.
fn addresses(text: &str) -> Vec<String> {
    let mut addresses: Vec<String> = [
        "/actions/@",
        "/actions/@/report",
        "/actions/@/report.md",
        "/nodes/@",
        "/log/@",
        "/observations/@",
        "/reference/actions/@",
        "/setup/@",
        "/link/@",
        "/access?@=x",
        "/timeline?kind=@",
        "/timeline?node=@",
        "/timeline?actor=@",
        "/timeline?action=@",
        "/login?next=@",
        "/@",
        "/actions?before=@",
        "/actions?limit=@",
        "/timeline?before=@",
        "/timeline?limit=@",
        "/report?since=@&until=@",
        "/report.md?since=@",
        "/preferences?theme=@",
        "/preferences?@=x",
        "/log?text=@",
        "/log?actor=@",
        "/log?kind=@",
        "/log?stage=@",
        "/log?action_kind=@",
        "/log?node=@",
        "/log?action=@",
        "/log?since=@",
        "/log?until=@",
        "/log?before=@",
        "/log?@=1",
        "/actions/new?kind=@",
        "/actions/new?kind=switchover&to=@",
        "/actions/new?kind=switchover&reason=@",
        "/actions/new?kind=remove_node&node=@",
    ]
    .iter()
    .map(|form| form.replace('@', text))
    .collect();
    addresses.extend(
        [
            "/actions/@",
            "/actions/@/report",
            "/nodes/@",
            "/nodes/@/overview",
            "/log/@",
            "/log/blobs/@",
            "/log/tile/@",
            "/log/proof/@",
            "/log/consistency?from=@",
            "/observations/@",
            "/report?since=@",
            "/timeline?before=@",
            "/timeline?actor=@",
            "/access?@=x",
            "/log?text=@",
            "/log?actor=@",
            "/log.csv?text=@",
            "/log.md?kind=@",
            "/log.json?text=@",
            "/actions.csv?before=@",
            "/kernel/events?before=@",
            "/explain?kind=@&reason=x",
            "/explain?kind=switchover&to=@&reason=x",
            "/explain?kind=switchover&to=n2&reason=@",
            "/explain?kind=switchover&@=x&reason=x",
        ]
        .iter()
        .map(|form| format!("/api/v1{}", form.replace('@', text))),
    );
    addresses
}

/// Every body with text in it, by where it is sent.
fn bodies(text: &str, action: &str) -> Vec<(String, Value)> {
    let asked = |kind: &str, to: &str, reason: &str, id: &str| json!({"action_id": id, "kind": kind, "params": {"to": to}, "reason": reason});
    let fresh = id(200);
    let link = |id: &str, name: &str, scope: &str, expires: &str| json!({"link_id": id, "name": name, "scope": scope, "expires": expires});
    let params = |kind: &str, params: Value| json!({"action_id": fresh, "kind": kind, "params": params, "reason": "r"});
    let mut all = vec![
        ("/actions".to_owned(), asked(text, "n2", "r", &fresh)),
        ("/actions".to_owned(), asked("switchover", text, "r", &fresh)),
        ("/actions".to_owned(), asked("switchover", "n2", text, &fresh)),
        ("/actions".to_owned(), asked("switchover", "n2", "r", text)),
        ("/freeze".to_owned(), json!({"freeze_id": text, "reason": "r"})),
        ("/freeze".to_owned(), json!({"freeze_id": fresh, "reason": text})),
        ("/unfreeze".to_owned(), json!({"freeze": text, "reason": "r"})),
        ("/unfreeze".to_owned(), json!({"freeze": "0", "reason": text})),
        ("/login".to_owned(), json!({"name": text, "password": "not the one"})),
        ("/login".to_owned(), json!({"name": "olga", "password": text})),
        ("/logout".to_owned(), json!({text: "x"})),
        ("/setup".to_owned(), json!({"token": text, "name": "eve", "password": "p"})),
        ("/setup".to_owned(), json!({"token": "t", "name": text, "password": text})),
        ("/link".to_owned(), json!({"token": text})),
        ("/links".to_owned(), link(text, "board", "cluster", "1h")),
        ("/links".to_owned(), link(&fresh, text, "cluster", "1h")),
        ("/links".to_owned(), link(&fresh, "board", text, "1h")),
        ("/links".to_owned(), link(&fresh, "board", "cluster", text)),
        (format!("/links/{fresh}/revoke"), json!({text: text})),
        ("/actions".to_owned(), params("purge_log", json!({"node": "n2", "up_to": text}))),
        ("/actions".to_owned(), params("create_backup", json!({"name": text}))),
    ];
    for (verb, body) in [
        ("confirm", json!({"digest": text, "typed_target": "n2"})),
        ("confirm", json!({"digest": "00".repeat(32), "typed_target": text})),
        ("confirm", json!({"digest": "00".repeat(32), "after_refusal": text})),
        ("confirm", json!({"digest": "00".repeat(32), "typed_target": "n2", "password": text})),
        ("withdraw", json!({"reason": text, "x": "y"})),
        ("resolve", json!({"reason": text})),
        ("finding", json!({"executed": text, "evidence": "e"})),
        ("finding", json!({"executed": "yes", "evidence": text})),
        ("finding", json!({text: text})),
    ] {
        all.push((format!("/actions/{action}/{verb}"), body));
    }
    all
}

/// The headers that are read, with text in them.
fn headers(text: &str) -> Vec<(HeaderName, HeaderValue)> {
    let names = [
        header::COOKIE,
        header::AUTHORIZATION,
        header::USER_AGENT,
        header::REFERER,
        header::ACCEPT,
        header::ORIGIN,
        header::IF_NONE_MATCH,
        header::CONTENT_TYPE,
        header::ACCEPT_LANGUAGE,
        HeaderName::from_static("sec-fetch-site"),
        HeaderName::from_static("x-forwarded-for"),
        HeaderName::from_static("x-forwarded-host"),
    ];
    let short: String = text.chars().take(2_000).collect();
    let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).ok();
    names.into_iter().filter_map(|name| Some((name, value(&short)?))).collect()
}

async fn form(client: &Client, path: &str, body: &Value) -> Reply {
    let mut fields = Vec::new();
    for (name, value) in body.as_object().expect("an object") {
        match value {
            Value::Object(inner) => fields.extend(inner),
            _ => fields.push((name, value)),
        }
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields: Vec<(String, String)> =
        fields.into_iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    client.post_form(path, &fields).await
}

/// Sends one text through every field, and gives what was live, with where.
async fn send_everywhere(app: &TestApp, text: &str, seen: &mut MediaCounts) -> Vec<String> {
    let mut found = Vec::new();
    let olga = app.operator();
    let mut note = |place: &str, reply: &Reply, seen: &mut MediaCounts| {
        let place: String = place.chars().take(60).collect();
        found.extend(judge(reply, seen).into_iter().map(|what| format!("{place}: {what}")));
    };
    let short: String = text.chars().take(3_000).collect();
    for mut address in addresses(&encoded(&short)) {
        // Long lists are read at the end; here it is the filter that matters.
        if address.contains("/log") && address.contains('?') {
            address.push_str("&limit=3");
        }
        note(&address, &olga.get(&address).await, seen);
    }
    for (path, body) in bodies(text, &id(1)) {
        let is_open = matches!(path.as_str(), "/login" | "/logout" | "/setup" | "/link");
        let client = if is_open { app.anonymous() } else { olga.clone() };
        note(&path, &client.post(&format!("/api/v1{path}"), &body).await, seen);
        note(&path, &form(&client, &path, &body).await, seen);
    }
    for (name, value) in headers(text) {
        for (method, path) in [(Method::GET, "/log"), (Method::POST, "/actions")] {
            let request = Request::builder().method(method).uri(path).header(&name, &value);
            let reply = olga.send(request.body(Body::empty()).expect("a request")).await;
            note(&format!("{name} of {path}"), &reply, seen);
        }
    }
    let key = format!("/kv/{}", encoded(&short));
    note("the key", &app.data().put(&key, text).await, seen);
    let value: String = text.chars().take(10_000).collect();
    app.data().put("/kv/planted", &value).await.expect(200);
    // A value is given back byte for byte, and never as a page.
    let back = app.data().get("/kv/planted").await.expect(200);
    assert_eq!(back.body, value);
    assert_eq!(back.headers[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(back.headers["x-content-type-options"], "nosniff");
    found
}

/// Every page and file that shows what is on record.
async fn read_all(app: &TestApp, seen: &mut MediaCounts) -> Vec<String> {
    let mut found = Vec::new();
    let head = app.auditor().get("/api/v1/log?limit=1").await.expect(200).json();
    let newest = head["records"][0]["seq"].as_u64().expect("a number");
    for form in [
        "/log",
        "/api/v1/log",
        "/api/v1/log.csv",
        "/api/v1/log.json",
        "/api/v1/log.md",
        "/log/print",
    ] {
        let mut before = newest + 1;
        while before > 0 {
            let path = format!("{form}?limit=200&before={before}");
            let reply = app.auditor().get(&path).await.expect(200);
            found.extend(judge(&reply, seen).into_iter().map(|what| format!("{path}: {what}")));
            before = before.saturating_sub(200);
        }
    }
    for path in ["/", "/actions", "/timeline", "/api/v1/actions.csv", "/api/v1/actions.md"] {
        let reply = app.auditor().get(path).await.expect(200);
        found.extend(judge(&reply, seen).into_iter().map(|what| format!("{path}: {what}")));
    }
    for path in ["/actions/@/report", "/actions/@/report.md", "/actions/@", "/api/v1/actions/@"] {
        let reply = app.auditor().get(&path.replace('@', &id(1))).await.expect(200);
        found.extend(judge(&reply, seen).into_iter().map(|what| format!("{path}: {what}")));
    }
    let mut dice = PayloadRng::new(SEED);
    for _ in 0..40 {
        let seq = dice.below(usize::try_from(newest).expect("a number"));
        for path in [format!("/log/{seq}"), format!("/api/v1/log/{seq}")] {
            let reply = app.auditor().get(&path).await.expect(200);
            found.extend(judge(&reply, seen).into_iter().map(|what| format!("{path}: {what}")));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_through_every_field_is_live_nowhere() {
    let app = TestApp::new().await;
    let olga = app.operator();
    olga.request(1, "stop_writes", json!({})).await.expect(201);
    let state = app.cluster().await;
    let (mut seen, mut found, count) = (MediaCounts::new(), Vec::new(), count());
    for number in 0..count {
        let text = payload(number, SEED);
        found.extend(send_everywhere(&app, &text, &mut seen).await);
        // Wrong passwords and links each time, and nobody is kept out. All of it fits into one session,
        // of those too who read it at the end, and are not away for hours before.
        app.clock.advance_millis(7 * ONE_MORE_MS);
        for reader in [app.auditor(), app.observer()] {
            reader.get("/api/v1/session").await.expect(200);
        }
    }
    let sent: usize = seen.values().sum();
    found.extend(read_all(&app, &mut seen).await);
    assert!(found.is_empty(), "{} live:\n{}", found.len(), found.join("\n"));
    assert!(seen.keys().count() >= 4 && sent >= 60 * count, "{seen:?}");
    let now = app.cluster().await;
    assert_eq!((&now["epoch"], &now["primary"]), (&state["epoch"], &state["primary"]));
    println!("{count} texts, {sent} requests, answers by kind {seen:?}: 0 live");
}

/// What the server tells a collector, and what a command tells a terminal.
#[test]
fn hostile_text_moves_no_terminal_and_forges_no_line_of_the_log() {
    let place = ServerDir::new();
    let mut asked = 0;
    let text = crate::serve::journal::lines(&place, "text", |console, setup| {
        let agent = crate::serve::server::agent();
        let token = setup.rsplit('/').next().expect("a token");
        let fields = [("token", token), ("name", "olga"), ("password", PASSWORD)];
        agent.post(format!("{console}/setup")).send_form(fields).expect("an answer");
        for number in 0..12 {
            let text: String = payload(number, SEED).chars().take(2_000).collect();
            if text.contains('\0') {
                continue;
            }
            let body = json!({"name": "olga", "password": text});
            agent
                .post(format!(
                    "{console}/api/v1/actions/{}/confirm",
                    encoded(&text.chars().take(1).collect::<String>())
                ))
                .send_json(&body)
                .expect("an answer");
            for words in [
                vec!["--url", console, "login", text.as_str()],
                vec!["--url", console, "request", text.as_str(), "--reason", "r"],
                vec![
                    "--url",
                    console,
                    "explain",
                    "switchover",
                    "--to",
                    text.as_str(),
                    "--reason",
                    "r",
                ],
                vec!["--url", console, "log", "--actor", text.as_str()],
                vec!["--url", text.as_str(), "status"],
                vec!["--ca-file", text.as_str(), "status"],
                vec!["verify-log", text.as_str()],
            ] {
                let output = place.command(None, &words, "wrong\n");
                assert_ne!(output.status.code(), Some(0), "{words:?}");
                for stream in [&output.stdout, &output.stderr] {
                    let said = String::from_utf8(stream.clone()).expect("text");
                    assert_eq!(hidden(&said), Vec::<String>::new(), "{words:?}: {said}");
                }
                asked += 1;
            }
        }
    });
    assert_eq!(hidden(&text), Vec::<String>::new(), "{text}");
    assert!(text.lines().count() > 10 && asked > 50, "{asked}: {text}");
    let is_line = |line: &str| line.starts_with("20") && line.contains(" INFO ");
    assert!(text.lines().all(is_line), "a line of its own: {text}");
}
