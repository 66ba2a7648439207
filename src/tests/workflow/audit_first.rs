//! The record before the act: where it cannot be made durable, the kernel is not called (C6.4).
//!
//! A trigger that this file puts into the database, as a failing disk would, refuses one kind of
//! record, so the ledger fails at a chosen step of a real action.

use crate::harness::{TestApp, id};
use serde_json::json;

fn database(app: &TestApp) -> rusqlite::Connection {
    rusqlite::Connection::open(app.dir().join("control.sqlite")).expect("the database opens")
}

fn refuse(app: &TestApp, kind: &str) {
    let sql = format!(
        "CREATE TRIGGER failing BEFORE INSERT ON entry WHEN NEW.kind = '{kind}'
         BEGIN SELECT RAISE(ABORT, 'the disk failed'); END"
    );
    database(app).execute_batch(&sql).expect("a trigger");
}

fn mend(app: &TestApp) {
    database(app).execute_batch("DROP TRIGGER failing").expect("the trigger was there");
}

/// C6.4.
#[tokio::test]
async fn a_confirmation_that_cannot_be_recorded_never_reaches_the_kernel() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    refuse(&app, "confirmed");
    let reply = app.operator().confirm(&explained).await.expect(503);
    assert_eq!(reply.code(), "audit_unavailable");
    assert_eq!(reply.json()["refusal"]["invariants"], json!(["audit_first"]));
    assert_eq!(reply.json()["refusal"]["executed"], "no");
    assert_eq!(app.cluster().await["write_fence"], "lifted");
    mend(&app);
    app.operator().confirm(&explained).await.expect(200);
}

/// C6.4.
#[tokio::test]
async fn a_dispatch_that_cannot_be_recorded_never_reaches_the_kernel() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    refuse(&app, "dispatched");
    assert_eq!(app.operator().confirm(&explained).await.expect(503).code(), "audit_unavailable");
    assert_eq!(app.cluster().await["write_fence"], "lifted");
    mend(&app);
    let path = format!("/api/v1/actions/{}", id(1));
    let shown = app.operator().get(&path).await.expect(200).json();
    assert_eq!(
        (&shown["stage"], &shown["interrupted"]),
        (&json!("confirmed"), &json!("never_sent"))
    );
    let why = json!({"reason": "the disk is back"});
    let resolved = app.operator().post(&format!("{path}/resolve"), &why).await.expect(200).json();
    assert_eq!(resolved["stage"], "voided");
    assert_eq!(app.cluster().await["write_fence"], "lifted");
}

/// C2.6, C7.3.
#[tokio::test]
async fn an_outcome_that_cannot_be_recorded_is_unknown_and_is_never_called_not_executed() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    refuse(&app, "executed");
    let reply = app.operator().confirm(&explained).await.expect(503);
    assert_eq!(reply.json()["refusal"]["executed"], "unknown");
    assert_eq!(app.cluster().await["write_fence"], "standing", "it ran, once");
    let path = format!("/api/v1/actions/{}", id(1));
    let shown = app.operator().get(&path).await.expect(200).json();
    assert_eq!(shown["stage"], "unknown");
    assert_eq!(shown["kernel_says"]["status"], "executed");
    // A repeated delivery is told what everybody is told, and so is a withdrawal.
    let again = app.operator().confirm(&explained).await.expect(200).json();
    assert_eq!((&again["stage"], &again["duplicate"]), (&json!("unknown"), &json!(true)));
    let why = json!({"reason": "too late"});
    let late = app.operator().post(&format!("{path}/withdraw"), &why).await.expect(409);
    assert_eq!(late.json()["refusal"]["executed"], "unknown");
    // While it is open nothing else is started, and resolving finds the receipt.
    let other = app.operator().request(2, "take_offline", json!({"node": "n3"})).await.expect(409);
    assert_eq!(other.code(), "unresolved");
    let failed = app.operator().post(&format!("{path}/resolve"), &why).await.expect(503);
    assert_eq!(failed.json()["refusal"]["executed"], "unknown");
    mend(&app);
    let resolved = app.operator().post(&format!("{path}/resolve"), &why).await.expect(200).json();
    assert_eq!(resolved["stage"], "executed");
    let late = app.operator().post(&format!("{path}/withdraw"), &why).await.expect(409);
    assert_eq!(late.json()["refusal"]["executed"], "earlier");
}

#[tokio::test]
async fn a_ledger_that_became_read_only_stops_every_mutation_and_no_read() {
    use std::os::unix::fs::PermissionsExt;
    let app = TestApp::new().await;
    let done = app.operator().run(1, "stop_writes", json!({})).await;
    let explained = app.operator().request(2, "resume_writes", json!({})).await.expect(201).json();
    let file = app.dir().join("control.sqlite");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o400)).expect("a mode");
    let reply = app.operator().confirm(&explained).await.expect(503);
    assert_eq!(reply.code(), "audit_unavailable");
    assert_eq!(reply.json()["refusal"]["executed"], "no");
    let repeated = app.operator().confirm(&done).await.expect(503);
    assert_eq!(repeated.json()["refusal"]["executed"], "earlier", "it ran before");
    app.operator().request(3, "resume_writes", json!({})).await.expect(503);
    assert_eq!(app.cluster().await["write_fence"], "standing");
    for path in ["/", "/actions", "/log", "/api/v1/log/head"] {
        app.observer().get(path).await.expect(200);
    }
}

/// C9.4.
#[tokio::test]
async fn what_comes_while_the_server_stops_is_refused_and_recorded() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    app.house.close().await;
    let reply = app.operator().confirm(&explained).await.expect(503);
    assert_eq!(reply.code(), "shutting_down");
    assert_eq!(app.cluster().await["write_fence"], "lifted");
    assert_eq!(app.record_kinds().await.last().map(String::as_str), Some("declined"));
}

#[tokio::test]
async fn attempts_on_what_is_not_there_leave_records_too() {
    let app = TestApp::new().await;
    let nothing = format!("/api/v1/actions/{}", id(99));
    let digest = json!({"digest": "00".repeat(32)});
    let why = json!({"reason": "a guess"});
    for (path, body) in [("confirm", &digest), ("withdraw", &why), ("resolve", &why)] {
        let before = app.record_kinds().await.len();
        app.operator().post(&format!("{nothing}/{path}"), body).await.expect(404);
        let kinds = app.record_kinds().await;
        assert_eq!(kinds.len(), before + 1, "{path}");
        assert_eq!(kinds.last().map(String::as_str), Some("declined"), "{path}");
    }
    let fields =
        [("token", "aerodb_setup_guess"), ("name", "mallory"), ("password", "a long enough one")];
    app.anonymous().post_form("/setup", &fields).await.expect(410);
    assert_eq!(app.record_kinds().await.last().map(String::as_str), Some("denied"));
    app.operator().post("/api/v1/actions/%ff/confirm", &digest).await.expect(400);
}

#[tokio::test]
async fn a_failed_sign_in_keeps_no_name_that_nobody_has() {
    let app = TestApp::new().await;
    let body = json!({"name": "my secret pass phrase", "password": "x"});
    app.anonymous().post("/api/v1/login", &body).await.expect(401);
    let body = json!({"name": "oscar", "password": "x"});
    app.anonymous().post("/api/v1/login", &body).await.expect(401);
    let log = app.observer().get("/api/v1/log?kind=sign_in_failed").await.expect(200).json();
    let names: Vec<_> = log["records"].as_array().expect("records").iter().collect();
    assert_eq!(names[0]["entry"]["name"], "oscar");
    assert_eq!(names[1]["entry"]["name"], "(a name without an account)");
    let reply = app.observer().get("/api/v1/log?kind=nonsense").await.expect(400);
    assert_eq!(reply.json()["refusal"]["field"], "kind");
}
