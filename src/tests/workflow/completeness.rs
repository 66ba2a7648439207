//! Every mutating route leaves exactly its records: when it does what it is for, when it is repeated,
//! and for every way to be refused (C9.1, C9.4). The table is a `match` over the routes, so a route
//! without a row does not compile.

use crate::harness::{Client, PASSWORD, Reply, TestApp, confirmation, id};
use crate::kernel::mute::MuteApp;
use aerodb_control::web::policy::{ACTS, Act, Needs};
use aerodb_control::workflow::SUMMED_MS;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

/// One attempt: what is sent after what, the status of its answer, and the records that it adds.
struct AttemptRow {
    name: &'static str,
    before: &'static [Before],
    body: Value,
    status: u16,
    records: &'static [&'static str],
}

/// What is done first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// An action is explained under the first id.
    Explained,
    /// It is confirmed.
    Executed,
    /// It is withdrawn.
    Withdrawn,
    /// A fact that it is bound to moves.
    Moved,
    /// A freeze is declared.
    Frozen,
    /// A link is issued under the first id.
    Linked,
    /// The settings demand a second operator.
    Two,
    /// The same attempt is made once before.
    Repeated,
}

fn row(
    name: &'static str,
    before: &'static [Before],
    body: Value,
    status: u16,
    records: &'static [&'static str],
) -> AttemptRow {
    AttemptRow { name, before, body, status, records }
}

fn asks(kind: &str) -> Value {
    json!({"action_id": id(1), "kind": kind, "params": {}, "reason": "a drill"})
}

/// What a form and JSON have in common; a form's status of success is a redirection.
fn rows(act: Act) -> Vec<AttemptRow> {
    use Before::{Executed, Explained, Frozen, Linked, Moved, Repeated, Two, Withdrawn};
    let why = || json!({"reason": "why not"});
    // Stands for the digest and the name that the explanation asks for.
    let right = || json!({"right": "confirmation"});
    match act {
        Act::SignIn | Act::ApiSignIn => vec![
            row("done", &[], json!({"name": "olga", "password": PASSWORD}), 200, &["signed_in"]),
            row("wrong", &[], json!({"name": "olga", "password": "no"}), 401, &["sign_in_failed"]),
            row("nobody", &[], json!({"name": "x", "password": "no"}), 401, &["sign_in_failed"]),
            row("unread", &[], json!({"name": "olga"}), 400, &["denied"]),
        ],
        // Where no provider and no proxy is named; their other rows are with their own tests.
        Act::OidcStart => vec![
            row("nobody to ask", &[], json!({}), 404, &["denied"]),
            row("unread", &[], json!({"name": "olga"}), 400, &["denied"]),
        ],
        Act::OidcCallback => vec![
            row("nobody to ask", &[], json!({"state": "a", "code": "b"}), 404, &["denied"]),
            row("unread", &[], json!({"state": "a"}), 400, &["denied"]),
        ],
        Act::SignInByProxy => vec![
            row("no proxy", &[], json!({}), 404, &["denied"]),
            row("unread", &[], json!({"name": "olga"}), 400, &["denied"]),
        ],
        Act::SignOut | Act::ApiSignOut => {
            vec![row("done", &[], json!({}), 204, &["signed_out"])]
        }
        Act::SetUp => vec![
            row("unread", &[], json!({}), 400, &["denied"]),
            row(
                "spent",
                &[],
                json!({"token": "x", "name": "eve", "password": PASSWORD}),
                410,
                &["denied"],
            ),
        ],
        Act::Request | Act::ApiRequest => vec![
            row("done", &[], asks("stop_writes"), 201, &["requested", "explained"]),
            row("rejected", &[], asks("resume_writes"), 412, &["requested", "rejected"]),
            row("frozen", &[Frozen], asks("stop_writes"), 409, &["requested", "rejected"]),
            row("repeated", &[Explained], asks("stop_writes"), 200, &["duplicate"]),
            row("reused", &[Explained], asks("resume_writes"), 422, &["declined"]),
            row("unread", &[], asks("promote"), 400, &["declined"]),
        ],
        Act::Confirm | Act::ApiConfirm => vec![
            row("done", &[Explained], right(), 200, &["confirmed", "dispatched", "executed"]),
            row("repeated", &[Explained, Executed], right(), 200, &["duplicate"]),
            row("stale", &[Explained, Moved], right(), 409, &["stale"]),
            row("stale again", &[Explained, Moved, Repeated], right(), 409, &["duplicate"]),
            row("frozen", &[Explained, Frozen], right(), 409, &["declined"]),
            row("withdrawn", &[Explained, Withdrawn], right(), 409, &["declined"]),
            row("first of two", &[Two, Explained], right(), 200, &["first_confirmed"]),
            row("alone", &[Two, Explained, Repeated], right(), 409, &["declined"]),
            row("no proof", &[Explained], json!({"right": "x", "password": "x"}), 403, &["denied"]),
            row(
                "proved",
                &[Explained],
                json!({"right": "x", "password": PASSWORD}),
                200,
                &["proved_again", "confirmed", "dispatched", "executed"],
            ),
            row("mistyped", &[Explained], json!({"digest": "right"}), 422, &["declined"]),
            row("other", &[Explained], json!({"digest": "00".repeat(32)}), 422, &["declined"]),
            row(
                "other, repeated",
                &[Explained, Executed],
                json!({"digest": "right"}),
                422,
                &["declined"],
            ),
            row("unread", &[Explained], json!({}), 400, &["declined"]),
            row("no action", &[], json!({"digest": "00".repeat(32)}), 404, &["declined"]),
        ],
        Act::Withdraw | Act::ApiWithdraw => vec![
            row("done", &[Explained], why(), 200, &["withdrawn"]),
            row("frozen", &[Explained, Frozen], why(), 200, &["withdrawn"]),
            row("one of two", &[Two, Explained, Executed], why(), 200, &["withdrawn"]),
            row("repeated", &[Explained, Withdrawn], why(), 200, &["duplicate"]),
            row("otherwise", &[Explained, Withdrawn], json!({"reason": "o"}), 409, &["declined"]),
            row("too late", &[Explained, Executed], why(), 409, &["declined"]),
            row("unread", &[Explained], json!({}), 400, &["declined"]),
            row("no action", &[], why(), 404, &["declined"]),
        ],
        // Their successes need an action that is open: see the tests below.
        Act::Resolve | Act::ApiResolve => vec![
            row("not open", &[Explained], why(), 409, &["declined"]),
            row("executed", &[Explained, Executed], why(), 409, &["declined"]),
            row("unread", &[Explained], json!({}), 400, &["declined"]),
            row("no action", &[], why(), 404, &["declined"]),
        ],
        Act::Finding | Act::ApiFinding => vec![
            row("not open", &[Explained], found(), 409, &["declined"]),
            row("proven", &[Explained, Executed], found(), 409, &["declined"]),
            row("unread", &[Explained], json!({"executed": "maybe"}), 400, &["declined"]),
            row("no action", &[], found(), 404, &["declined"]),
        ],
        Act::Freeze | Act::ApiFreeze => vec![
            row("done", &[], declaration(7, "f"), 200, &["frozen"]),
            row("repeated", &[Frozen], declaration(8, "f"), 200, &["duplicate"]),
            row("reused", &[Frozen], declaration(8, "another"), 422, &["declined"]),
            row("stands", &[Frozen], declaration(7, "f"), 409, &["declined"]),
            row("unread", &[], json!({}), 400, &["declined"]),
        ],
        Act::Unfreeze | Act::ApiUnfreeze => vec![
            row("done", &[Frozen], json!({"reason": "x", "freeze": "stands"}), 200, &["unfrozen"]),
            row("another", &[Frozen], json!({"reason": "x", "freeze": "0"}), 409, &["declined"]),
            row("none", &[], json!({"reason": "x", "freeze": "0"}), 409, &["declined"]),
            row("unread", &[Frozen], json!({}), 400, &["declined"]),
        ],
        // Its success needs the secret: see the tests of links.
        Act::UseLink => vec![
            row("unread", &[], json!({}), 400, &["denied"]),
            row("spent", &[], json!({"token": "x"}), 410, &["denied"]),
        ],
        Act::IssueLink | Act::ApiIssueLink => vec![
            row("done", &[], link("board", "cluster", "1h"), 201, &["link_issued"]),
            row("repeated", &[Repeated], link("board", "cluster", "1h"), 200, &["duplicate"]),
            row("reused", &[Linked], link("others", "cluster", "1h"), 422, &["declined"]),
            row("taken", &[], link("olga", "cluster", "1h"), 400, &["declined"]),
            row("too long", &[], link("board", "cluster", "8d"), 400, &["declined"]),
            row("no action", &[], link("board", &id(9), "1h"), 404, &["declined"]),
            row("unread", &[], json!({}), 400, &["declined"]),
        ],
        Act::RevokeToken | Act::ApiRevokeToken => vec![
            row("done", &[], json!({}), 200, &["token_revoked"]),
            row("repeated", &[Repeated], json!({}), 200, &["duplicate"]),
            row("unread", &[], json!({"reason": "x"}), 400, &["declined"]),
        ],
        Act::RevokeLink | Act::ApiRevokeLink => vec![
            row("done", &[Linked], json!({}), 200, &["link_revoked"]),
            row("repeated", &[Linked, Repeated], json!({}), 200, &["duplicate"]),
            row("unread", &[Linked], json!({"reason": "x"}), 400, &["declined"]),
            row("no link", &[], json!({}), 404, &["declined"]),
        ],
    }
}

fn link(name: &str, scope: &str, expires: &str) -> Value {
    json!({"link_id": id(1), "name": name, "scope": scope, "expires": expires})
}

fn declaration(number: u8, reason: &str) -> Value {
    json!({"freeze_id": id(number), "reason": reason})
}

fn found() -> Value {
    json!({"executed": "yes", "evidence": "seen"})
}

/// A refusal that any route can meet: from elsewhere, of another kind, too large.
async fn sends_raw(client: &Client, path: &str, media: &str, site: &str, body: String) -> Reply {
    let request = Request::post(path).header(header::CONTENT_TYPE, media);
    let request = request.header("sec-fetch-site", site);
    client.send(request.body(Body::from(body)).expect("a request")).await
}

async fn sends(client: &Client, path: &str, body: &Value) -> Reply {
    if path.starts_with("/api/") {
        return client.post(path, body).await;
    }
    let mut fields = Vec::new();
    for (name, value) in body.as_object().expect("an object") {
        match value {
            Value::String(text) => fields.push((name.as_str(), text.as_str())),
            // The parameters of an action stand in a form by their own names; these have none.
            Value::Object(_) | Value::Null => {}
            other => panic!("{other}"),
        }
    }
    client.post_form(path, &fields).await
}

async fn prepare(app: &TestApp, before: Before) -> Option<Value> {
    let olga = app.operator();
    let shown = async || olga.get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    let post = async |path: String, body: Value| olga.post(&path, &body).await.expect(200);
    match before {
        Before::Explained => {
            return Some(olga.request(1, "stop_writes", json!({})).await.expect(201).json());
        }
        Before::Executed => drop(olga.confirm(&shown().await).await.expect(200)),
        Before::Withdrawn => {
            let path = format!("/api/v1/actions/{}/withdraw", id(1));
            post(path, json!({"reason": "why not"})).await;
        }
        Before::Moved => drop(olga.run(2, "take_offline", json!({"node": "n3"})).await),
        Before::Frozen => drop(post("/api/v1/freeze".to_owned(), declaration(8, "f")).await),
        Before::Linked => drop(app.link(1, "board", "cluster").await),
        Before::Two => {}
        Before::Repeated => unreachable!("the attempt itself is sent for it"),
    }
    None
}

/// The body as it is sent: what only the control plane knows is filled in.
async fn filled(app: &TestApp, body: &Value, explained: Option<&Value>) -> Value {
    let mut body = body.clone();
    if body.get("right").is_some() {
        let mut right = confirmation(explained.expect("it was explained"));
        if let Some(password) = body.get("password") {
            right["password"] = password.clone();
        }
        return right;
    }
    if body.get("digest") == Some(&json!("right")) {
        body["digest"] = explained.expect("it was explained")["digest"].clone();
    }
    if body.get("freeze") == Some(&json!("stands")) {
        let overview = app.operator().get("/api/v1/overview").await.expect(200).json();
        body["freeze"] = json!(overview["freeze"]["seq"].to_string());
    }
    body
}

/// The status that a page answers where JSON would answer this one.
fn of_page(act: Act, status: u16) -> u16 {
    let shows_action = matches!(act, Act::Request);
    match status {
        // The page of a new link is the one that shows its secret.
        200 | 201 if matches!(act, Act::IssueLink) => status,
        200 | 201 | 204 => 303,
        // A rejected request is an action with a page of its own.
        409 | 412 if shows_action => 303,
        other => other,
    }
}

/// C9.1, C9.4, C12.3.
#[tokio::test]
async fn every_mutating_route_leaves_exactly_its_records_and_so_does_every_refusal() {
    let (mut routes, mut attempts) = (0, 0);
    for (act, path, needs) in ACTS {
        let path = path.replace("{id}", &id(1)).replace("{name}", "metrics");
        let table = rows(*act);
        assert!(!table.is_empty(), "{path} has a row");
        routes += 1;
        for AttemptRow { name, before, body, status, records } in table {
            let app = if before.contains(&Before::Two) {
                crate::workflow::two_operators::for_control().await
            } else {
                TestApp::new().await
            };
            let mut explained = None;
            for step in before {
                if *step == Before::Repeated {
                    let sent = filled(&app, &body, explained.as_ref()).await;
                    sends(&app.operator(), &path, &sent).await;
                } else {
                    explained = prepare(&app, *step).await.or(explained);
                }
            }
            let body = filled(&app, &body, explained.as_ref()).await;
            let kinds = app.record_kinds().await.len();
            let client = if *needs == Needs::Anyone { app.anonymous() } else { app.operator() };
            let reply = sends(&client, &path, &body).await;
            let page = !path.starts_with("/api/");
            let wanted = if page { of_page(*act, status) } else { status };
            assert_eq!(reply.status.as_u16(), wanted, "{path}, {name}: {}", reply.body);
            assert_eq!(app.record_kinds().await[kinds..], *records, "{path}, {name}");
            attempts += 1;
        }
    }
    println!("{routes} routes, {attempts} attempts, each with exactly its records");
}

/// C9.4.
#[tokio::test]
async fn every_route_records_who_may_not_and_what_cannot_be_read() {
    let app = TestApp::new().await;
    let mut attempts = 0;
    let huge = format!("{{\"reason\":\"{}\"}}", "x".repeat(40_000));
    for (act, path, needs) in ACTS {
        let path = path.replace("{id}", &id(1)).replace("{name}", "metrics");
        let media = if path.starts_with("/api/") {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        let reads_a_body = !matches!(act, Act::SignOut | Act::ApiSignOut);
        let last = if *needs == Needs::Operator { "declined" } else { "denied" };
        let mut cases = vec![(app.operator(), media, "cross-site", String::new(), 403, "denied")];
        if reads_a_body {
            let text = "text/plain";
            cases.push((app.operator(), text, "same-origin", "x".to_owned(), 415, last));
            cases.push((app.operator(), media, "same-origin", huge.clone(), 413, last));
        }
        if *needs != Needs::Anyone {
            let page_of_sign_out = *act == Act::SignOut;
            let status = if page_of_sign_out { 303 } else { 401 };
            cases.push((app.anonymous(), media, "same-origin", "{}".to_owned(), status, "denied"));
        }
        if *needs == Needs::Operator {
            for client in [app.observer(), app.auditor(), app.program()] {
                cases.push((client, media, "same-origin", "{}".to_owned(), 403, "denied"));
            }
        }
        for (client, media, site, body, status, record) in cases {
            let before = app.record_kinds().await.len();
            let reply = sends_raw(&client, &path, media, site, body).await;
            assert_eq!(reply.status.as_u16(), status, "{path}: {}", reply.body);
            assert_eq!(app.record_kinds().await[before..], [record], "{path}, {status}");
            attempts += 1;
            // What a stranger tries within a minute is summed.
            app.clock.advance_millis(SUMMED_MS);
        }
        assert!(app.record_kinds().await.len() < 200, "one page of the log holds them all");
    }
    println!("{attempts} attempts refused, each with one record");
}

#[tokio::test]
async fn what_needs_an_open_action_leaves_its_records_too() {
    let app = crate::workflow::finding::with_an_open_action().await;
    let before = app.record_kinds().await.len();
    let why = json!({"reason": "after the stop"});
    let resolve = format!("/api/v1/actions/{}/resolve", id(1));
    assert_eq!(app.operator().post(&resolve, &why).await.expect(200).json()["stage"], "voided");
    assert_eq!(app.record_kinds().await[before..], ["settle_requested", "voided"]);
    let mute = MuteApp::new().await;
    let olga = &mute.olga;
    let explained = olga.request(1, "stop_writes", json!({})).await.expect(201).json();
    olga.confirm(&explained).await.expect(200);
    let finding = format!("/api/v1/actions/{}/finding", id(1));
    let again = app.operator().post(&resolve, &why).await.expect(200).json();
    assert_eq!((&again["stage"], &again["duplicate"]), (&json!("voided"), &json!(true)));
    assert_eq!(app.record_kinds().await[before + 2..], ["duplicate"]);
    for (path, body, status, records) in [
        (&resolve, &why, 409, &["settle_requested", "declined"][..]),
        (&finding, &found(), 200, &["finding"]),
        (&finding, &found(), 200, &["duplicate"]),
    ] {
        let before = crate::workflow::finding::kinds(&mute).await.len();
        olga.post(path, body).await.expect(status);
        assert_eq!(crate::workflow::finding::kinds(&mute).await[before..], *records, "{path}");
    }
}
