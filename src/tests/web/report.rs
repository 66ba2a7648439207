//! Reports are rebuilt from the log alone and hold what was shown, byte for byte (C9.3).

use crate::harness::{Client, TestApp, id};
use crate::serve::server::{ServerDir, TestServer};
use aerodb_control::ledger::{LedgerReader, TRAIL_OTHERS_MAX};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::explanation::Explanation;
use aerodb_control::model::report::{ActionReport, BlobContent};
use aerodb_control::observe::report;
use aerodb_control::store::{DATABASE_FILE, StoreReader};
use rusqlite::Connection;
use serde_json::{Value, json};

fn address(number: u8) -> String {
    format!("/api/v1/actions/{}/report", id(number))
}

async fn rebuilt(client: &Client, number: u8) -> ActionReport {
    let body = client.get(&address(number)).await.expect(200).body;
    serde_json::from_str(&body).expect("a report")
}

fn database(app: &TestApp) -> Connection {
    Connection::open(app.dir().join(DATABASE_FILE)).expect("the file")
}

#[tokio::test]
async fn a_report_of_nothing_or_of_a_window_that_cannot_be_is_refused_by_name() {
    let app = TestApp::new().await;
    let anna = app.auditor();
    for (path, status, field) in [
        (address(9), 404, None),
        ("/api/v1/actions/x/report".to_owned(), 400, Some("action_id")),
        ("/api/v1/report".to_owned(), 400, Some("from")),
        ("/api/v1/report?from=2026-01-01T00:00:00Z".to_owned(), 400, Some("to")),
        ("/api/v1/report?from=yesterday&to=2026-01-01T00:00:00Z".to_owned(), 400, Some("from")),
        (
            "/api/v1/report?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z".to_owned(),
            400,
            Some("to"),
        ),
        (
            "/api/v1/report?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&limit=0".to_owned(),
            400,
            Some("limit"),
        ),
        (
            "/api/v1/report?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&limit=51".to_owned(),
            400,
            Some("limit"),
        ),
    ] {
        let reply = anna.get(&path).await.expect(status);
        assert_eq!(reply.json()["refusal"]["field"].as_str(), field, "{path}");
        let page = path.replace("/api/v1", "");
        if page != "/report" {
            anna.get(&page).await.expect(status);
        }
        assert_eq!(app.anonymous().get(&path).await.status.as_u16(), 401);
    }
}

/// C9.3.
#[tokio::test]
async fn what_was_shown_comes_back_byte_for_byte_when_the_cluster_is_another_one() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let shown = olga.request(1, "switchover", json!({"to": "n2"})).await.expect(201).json();
    let explanation: Explanation =
        serde_json::from_value(shown["explanation"].clone()).expect("an explanation");
    app.clock.advance_millis(1);
    olga.confirm(&shown).await.expect(200);
    let first = olga.get(&address(1)).await.expect(200).body;
    let text = olga.get(&format!("/actions/{}/report.md", id(1))).await.expect(200).body;

    drop(olga);
    app.clock.advance_millis(86_400_000 * 365);
    let olga = app.sign_in("olga").await;
    olga.run(2, "take_offline", json!({"node": "n1"})).await;
    olga.run(3, "stop_writes", json!({})).await;
    drop(olga);
    let app = app.restart().await;
    let olga = app.sign_in("olga").await;
    assert_eq!(olga.get(&address(1)).await.expect(200).body, first, "a year and a restart later");

    let told: ActionReport = serde_json::from_str(&first).expect("a report");
    let bytes = explanation.canonical();
    let kept = told.kept(&Hash::of(&bytes)).expect("the explanation is kept");
    assert_eq!(kept.content, BlobContent::Canonical(String::from_utf8(bytes).expect("text")));
    assert_eq!(told.explanation().expect("it reads"), explanation);
    assert_eq!(told.digest, explanation.digest());
    assert_eq!(json!(told.digest), shown["digest"], "the digest that the operator was shown");
    for kept in &told.kept {
        let BlobContent::Canonical(text) = &kept.content else { panic!("{kept:?}") };
        assert_eq!(Hash::of(text.as_bytes()), kept.hash);
        // The Markdown prints the same bytes on a line of their own.
        assert!(text.is_ascii() && text_has_line(&markdown(&olga, 1).await, text));
    }
    assert_eq!(told.kept.len(), 4, "shown, seen, judged by, seen after it");
    let seen = told.seen().expect("kept");
    assert_eq!(json!(seen.observation), shown["observation"]);
    assert!(told.judged_by().expect("it was confirmed").is_ok());
    assert!(told.after().expect("it ran").is_ok());
    assert_eq!(markdown(&olga, 1).await, text);
}

async fn markdown(client: &Client, number: u8) -> String {
    client.get(&format!("/actions/{}/report.md", id(number))).await.expect(200).body
}

fn text_has_line(text: &str, wanted: &str) -> bool {
    text.lines().any(|line| line.trim_start() == wanted)
}

/// C3.4, C9.1.
#[tokio::test]
async fn every_end_of_an_action_is_told_as_the_log_has_it() {
    let app = crate::workflow::finding::with_an_open_action().await;
    let olga = app.operator();
    let open = markdown(&olga, 1).await;
    assert!(open.contains("The log holds no end of it."), "{open}");
    assert!(open.contains("and typed aerodb"), "{open}");
    let why = json!({"reason": "after the stop"});
    olga.post(&format!("/api/v1/actions/{}/resolve", id(1)), &why).await.expect(200);
    assert!(markdown(&olga, 1).await.contains("Stage: voided: it never ran and never can"));

    olga.request(2, "resume_writes", json!({})).await.expect(412);
    let rejected = markdown(&olga, 2).await;
    assert!(rejected.contains("violated: "), "{rejected}");
    assert!(rejected.contains("Nobody decided anything about it."), "{rejected}");

    let explained = olga.request(3, "stop_writes", json!({})).await.expect(201).json();
    olga.post(&format!("/api/v1/actions/{}/withdraw", id(3)), &why).await.expect(200);
    assert!(markdown(&olga, 3).await.contains("olga (operator) Nothing ran. Withdrawn: after"));
    olga.confirm(&explained).await.expect(409);

    let stale = olga.request(4, "stop_writes", json!({})).await.expect(201).json();
    olga.run(5, "take_offline", json!({"node": "n3"})).await;
    olga.confirm(&stale).await.expect(409);
    let told = rebuilt(&olga, 4).await;
    assert!(!told.moved.is_empty() && told.judged_by().expect("it was judged").is_ok());
    assert!(markdown(&olga, 4).await.contains("confirmed what was no longer true"));
    assert_eq!(told.kept.len(), 4, "both explanations and both observations");
    for number in 1..=5 {
        let page = olga.get(&format!("/actions/{}/report", id(number))).await.expect(200).body;
        for part in ["Request", "Explanation", "Decision", "Outcome", "Records", "Kept bytes"] {
            assert!(page.contains(&format!("<h2>{part}</h2>")), "{number}: {part}");
        }
    }
}

#[tokio::test]
async fn a_blob_that_is_lost_or_damaged_is_named_and_everything_else_is_still_told() {
    let app = TestApp::new().await;
    let olga = app.operator();
    olga.run(1, "stop_writes", json!({})).await;
    let told = rebuilt(&olga, 1).await;
    let [explanation, seen] = [told.kept[0].hash, told.kept[1].hash];
    let raw = database(&app);
    raw.execute_batch("DROP TRIGGER blob_update; DROP TRIGGER blob_delete").expect("triggers");
    raw.execute("DELETE FROM blob WHERE sha256 = ?1", [explanation.bytes()]).expect("deleted");
    raw.execute(
        "UPDATE blob SET encoding = 0, data = x'7b7d', raw_len = 2 WHERE sha256 = ?1",
        [seen.bytes()],
    )
    .expect("changed");
    let told = rebuilt(&olga, 1).await;
    assert!(told.explanation().expect_err("deleted").contains("does not hold it"));
    assert!(told.seen().expect_err("changed").contains("other bytes"));
    assert!(told.after().expect("recorded").is_ok());
    let text = markdown(&olga, 1).await;
    assert!(text.contains("The explanation cannot be shown again"), "{text}");
    assert!(text.contains(&format!("sha256 {explanation}, named by #")), "{text}");
    assert!(text.contains("Receipt: "), "{text}");
    let page = olga.get(&format!("/actions/{}/report", id(1))).await.expect(200).body;
    assert!(page.contains("The explanation: cannot be shown again"));
}

#[tokio::test]
async fn a_window_holds_every_record_of_it_once_and_each_of_its_actions_whole() {
    let app = TestApp::new().await;
    let olga = app.operator();
    olga.request(1, "stop_writes", json!({})).await.expect(201);
    app.clock.advance_millis(1_000);
    let from = "2026-01-01T00:01:01.000Z";
    let explained = olga.get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    olga.confirm(&explained).await.expect(200);
    // Where the clock went back, a record is of the time that it read: not in this window.
    app.clock.advance_millis(-3_600_000);
    // It ends every session, with the next request; and this is an hour without use.
    app.anonymous().get("/healthz").await.expect(200);
    let olga = app.sign_in("olga").await;
    olga.request(2, "resume_writes", json!({})).await.expect(201);
    app.clock.advance_millis(3_600_000);
    let olga = app.sign_in("olga").await;
    let why = json!({"reason": "changed my mind"});
    olga.post(&format!("/api/v1/actions/{}/withdraw", id(9)), &why).await.expect(404);
    olga.request(3, "resume_writes", json!({})).await.expect(201);
    app.clock.advance_millis(1_000);
    olga.request(4, "resume_writes", json!({})).await.expect(201);

    let (mut records, mut actions, mut after) = (Vec::new(), Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/report?from={from}&to={from}&limit=2{after}");
        let page = olga.get(&path).await.expect(200).json();
        let list = |name: &str| page[name].as_array().expect("a list").clone();
        assert!(list("records").len() <= 2);
        records.extend(list("records"));
        actions.extend(list("actions"));
        let Some(next) = page["next_after"].as_u64() else { break };
        after = format!("&after={next}");
    }
    let kinds: Vec<_> = records.iter().map(|r| r["entry"]["kind"].clone()).collect();
    let ran = ["confirmed", "dispatched", "executed"];
    let rest = ["signed_in", "declined", "requested", "explained"];
    assert_eq!(kinds, [&ran[..], &rest[..]].concat());
    let ids: Vec<_> = actions.iter().map(|a| a["id"].clone()).collect();
    assert_eq!(ids, [json!(id(1)), json!(id(3))], "each once, and none that does not exist");
    let whole: Value = olga.get(&address(1)).await.expect(200).json();
    assert_eq!(actions[0], whole, "with what was asked before the window");
    let empty = "from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z";
    let page = olga.get(&format!("/report.md?{empty}")).await.expect(200).body;
    assert!(page.contains("The log holds no record of this window."), "{page}");
    assert!(page.ends_with("\nComplete: 0 records and 0 actions.\n"), "{page}");

    // Without a limit it is one document, of the same records and actions.
    let path = format!("/api/v1/report?from={from}&to={from}");
    let whole: Value = olga.get(&path).await.expect(200).json();
    assert_eq!((&whole["records"], &whole["actions"]), (&json!(records), &json!(actions)));
    assert_eq!(whole["complete"], json!({"records": 7, "actions": 2}));
    assert_eq!(whole["next_after"], Value::Null);
    let reply = olga.get(&format!("/report.md?from={from}&to={from}")).await.expect(200);
    assert_eq!(reply.body.matches("\n## Action ").count(), 2);
    assert!(reply.body.ends_with("\nComplete: 7 records and 2 actions.\n"), "{}", reply.body);
    let named = reply.headers["content-disposition"].to_str().expect("text");
    let stamp = "20260101T000101000Z";
    let name = format!("test-aerodb-report-from-{stamp}-to-{stamp}-whole.md");
    assert_eq!(named, format!("attachment; filename=\"{name}\""));
    let part = olga.get(&format!("/report.md?from={from}&to={from}&limit=2")).await.expect(200);
    assert!(part.body.contains("Part: 2 records of 7, from record "), "{}", part.body);
    // The page says how much of the window it is, and leads to all of it.
    let page = olga.get(&format!("/report?from={from}&to={from}&limit=2")).await.expect(200).body;
    assert!(page.contains("A part: 2 of 7 records, "), "{page}");
    let page = olga.get(&format!("/report?from={from}&to={from}")).await.expect(200).body;
    assert!(page.contains("Complete: 7 records."), "{page}");
}

#[tokio::test]
async fn a_report_says_when_the_log_holds_more_of_an_action_than_it_lists() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let explained = olga.request(1, "stop_writes", json!({})).await.expect(201).json();
    olga.confirm(&explained).await.expect(200);
    let others = usize::try_from(TRAIL_OTHERS_MAX).expect("a small number");
    for round in 0..=others {
        let told = rebuilt(&olga, 1).await;
        assert!(!told.more_records, "after {round}");
        assert_eq!(told.records.len(), 5 + round);
        olga.confirm(&explained).await.expect(200);
    }
    let told = rebuilt(&olga, 1).await;
    assert!(told.more_records && told.records.len() == 5 + others);
    for page in ["", "/report"] {
        let page = olga.get(&format!("/actions/{}{page}", id(1))).await.expect(200).body;
        assert!(page.contains("The log holds more repeated and declined attempts"), "{page}");
    }
    assert!(markdown(&olga, 1).await.contains("More: aerodb-control log --action"));
}

#[tokio::test]
async fn nothing_that_was_typed_becomes_markup_in_a_report() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let reason = "# Approved ``` &lt;b> [x](http://evil.example) | - a";
    let body = json!({
        "action_id": id(1), "kind": "stop_writes", "params": {}, "reason": reason,
    });
    olga.post("/api/v1/actions", &body).await.expect(201);
    let text = markdown(&olga, 1).await;
    let ours = ["#", "##", "Rebuilt"];
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("    ")) {
        assert!(ours.contains(&line.split(' ').next().expect("a word")), "{line}");
        assert!(!line.contains("Approved"), "{line}");
    }
    let page = olga.get(&format!("/actions/{}/report", id(1))).await.expect(200).body;
    assert!(page.contains("# Approved ``` &amp;lt;b&gt; [x]"), "escaped once more");
}

#[tokio::test]
async fn a_copy_of_the_file_alone_gives_the_report_of_the_console() {
    let app = TestApp::new().await;
    let olga = app.operator();
    olga.run(1, "stop_writes", json!({})).await;
    let online = rebuilt(&olga, 1).await;
    let elsewhere = tempfile::tempdir().expect("a directory");
    let copy = elsewhere.path().join("copy.sqlite");
    database(&app).execute("VACUUM INTO ?1", [copy.to_str().expect("text")]).expect("a copy");
    let reader = LedgerReader::new(StoreReader::open_read_only(&copy).expect("it reads"));
    let one = ActionId::parse(&id(1)).expect("an id");
    assert_eq!(report::action(&reader, one).expect("a report"), online);
}

#[test]
fn the_command_prints_what_the_console_gives_with_a_server_and_without() {
    let place = ServerDir::new();
    let server: TestServer = place.start(None);
    let session = server.set_up();
    let explained = server.request(&session, &id(1), "stop_writes", json!({}));
    server.confirm(&session, &explained);
    let (_, json) = server.get(&session, &address(1));
    let said = |words: &[&str], code: i32| {
        let ended = place.command(None, words, "");
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        String::from_utf8(ended.stdout).expect("text")
    };
    let one = id(1);
    let words = ["report", &one, "--data", "data"];
    let running = said(&words, 0);
    assert!(running.starts_with(&format!("# Report of the action {one}\n")), "{running}");
    server.kill();
    assert_eq!(said(&words, 0), running, "the server is gone");
    let as_json = said(&["report", &one, "--json", "--data", "data"], 0);
    assert_eq!(serde_json::from_str::<Value>(&as_json).expect("JSON"), json);
    said(&["report", &id(9), "--data", "data"], 2);
    said(&["report", "--data", "data"], 2);
    said(&["report", "--from", "2026-01-01T00:00:00Z", "--data", "data"], 2);
    let (from, to) = ("2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    let window = ["report", "--from", from, "--to", to, "--data", "data"];
    let window = said(&window, 0);
    assert!(window.contains(&format!("## Action {one}")), "{window}");
    let last = window.lines().last().expect("a line");
    assert!(last.starts_with("Complete: ") && last.ends_with(" and 1 action."), "{last}");
    let as_json = ["report", "--from", from, "--to", to, "--json", "--data", "data"];
    let as_json: Value = serde_json::from_str(&said(&as_json, 0)).expect("one document");
    assert_eq!(as_json["complete"]["actions"], 1);
    let turned = ["report", "--from", to, "--to", from, "--data", "data"];
    said(&turned, 2);
}
