//! Every route with every role: who gets where, as one printed table (C10.1, C10.2).

use crate::harness::{Client, TestApp, id};
use aerodb_control::web::policy::{ACTS, Needs, READS};
use aerodb_control::workflow::SUMMED_MS;
use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;

fn concrete(path: &str) -> String {
    let path = path
        .replace("/nodes/{id}", "/nodes/n1")
        .replace("{key}/{node}", "host_maintenance/n1")
        .replace("{seq}", "0");
    let path = path.replace("{kind}", "switchover");
    let path = path.replace("{*place}", "entries/000.p/1").replace("{hash}", &"0".repeat(64));
    path.replace("{id}", &id(1)).replace("{token}", "spent").replace("{name}", "nobody")
}

async fn status(client: &Client, method: &str, path: &str) -> u16 {
    let path = concrete(path);
    if method == "GET" {
        // A stream does not end by itself; its head is enough, and oneshot returns at the head.
        return client.head_status(&path).await;
    }
    if path.starts_with("/api/") {
        client.post(&path, &json!({})).await.status.as_u16()
    } else {
        client.post_form(&path, &[]).await.status.as_u16()
    }
}

/// Every kind of reader, with the word at the head of its column.
const COLUMNS: [(&str, &str); 7] = [
    ("anonymous", "anon"),
    ("expired", "expired"),
    ("stakeholder", "stakeholder"),
    ("observer", "observer"),
    ("auditor", "auditor"),
    ("program", "program"),
    ("operator", "operator"),
];

/// C10.1: who may use which route is explicit.
#[tokio::test]
async fn the_access_matrix_is_as_recorded() {
    let app = TestApp::new().await;
    let expired = app.sign_in("olga").await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let stakeholder = app.stakeholder(2, "board", &id(1)).await;
    // Signing out ends a session, so who does it in a cell does nothing after it.
    let mut leaving = Vec::new();
    for (number, name) in [(3, "press"), (4, "guests")] {
        leaving.push(app.stakeholder(number, name, "cluster").await);
    }
    // Longer than any session lasts, and shorter than the link and the token do.
    app.clock.advance_millis(12 * 60 * 60 * 1000);
    let reads = READS.iter().map(|(_, path, needs)| ("GET", *path, *needs));
    let acts = ACTS.iter().map(|(_, path, needs)| ("POST", *path, *needs));
    let mut lines =
        vec![format!("{:<42} {:<9} {}", "route", "needs", COLUMNS.map(|(_, word)| word).join(" "))];
    for (method, path, needs) in reads.chain(acts) {
        let mut cells = Vec::new();
        // Attempts to sign in come back in this time: what is looked at is who may, not how often.
        app.clock.advance_millis(70_000);
        for (role, _) in COLUMNS {
            // Signing out ends a session, so every cell signs in afresh.
            let client = match role {
                "anonymous" => app.anonymous(),
                "expired" => expired.clone(),
                "stakeholder" if path.ends_with("/logout") => leaving.pop().expect("one for each"),
                "stakeholder" => stakeholder.clone(),
                "observer" => app.sign_in("oscar").await,
                "auditor" => app.sign_in("anna").await,
                "program" => app.program(),
                _ => app.sign_in("olga").await,
            };
            cells.push(status(&client, method, path).await);
        }
        let route = format!("{method} {path}");
        let cells: Vec<_> = std::iter::zip(cells, COLUMNS)
            .map(|(status, (_, word))| format!("{status:<width$}", width = word.len()))
            .collect();
        lines.push(format!("{route:<42} {:<9} {}", needs.word(), cells.join(" ").trim_end()));
    }
    insta::assert_snapshot!("access_matrix", lines.join("\n"));
}

/// C3.1, C9.4, C10.2.
#[tokio::test]
async fn every_mutating_route_is_denied_to_everyone_but_operators_and_recorded() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    let mut tried = 0;
    for (_, path, needs) in ACTS {
        if *needs != Needs::Operator {
            continue;
        }
        let path = concrete(path);
        for (client, code) in [
            (app.anonymous(), "not_signed_in"),
            (app.observer(), "not_permitted"),
            (app.auditor(), "not_permitted"),
            (app.program(), "not_permitted"),
        ] {
            // What a stranger tries within a minute is summed.
            app.clock.advance_millis(SUMMED_MS);
            let before = app.record_kinds().await.len();
            let reply = if path.starts_with("/api/") {
                client.post(&path, &crate::harness::confirmation(&explained)).await
            } else {
                client.post_form(&path, &[("digest", "x")]).await
            };
            let wanted = if code == "not_signed_in" { 401 } else { 403 };
            assert_eq!(reply.status.as_u16(), wanted, "{path}: {}", reply.body);
            let kinds = app.record_kinds().await;
            assert_eq!(kinds.len(), before + 1, "{path}");
            assert_eq!(kinds.last().map(String::as_str), Some("denied"), "{path}");
            tried += 1;
        }
    }
    println!("{tried} denials, each one record");
    assert_eq!(app.cluster().await["write_fence"], "lifted");
}

/// C3.1: a program carries no intent.
#[tokio::test]
async fn a_program_reads_and_never_confirms() {
    let app = TestApp::new().await;
    app.program().get("/api/v1/cluster").await.expect(200);
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    let reply = app.program().confirm(&explained).await.expect(403);
    assert_eq!(reply.json()["refusal"]["invariants"], json!(["operator_intent"]));
}

/// C10.2.
#[tokio::test]
async fn the_pages_of_an_observer_hold_no_form_but_signing_out() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    for path in ["/", "/actions", "/actions/new", "/actions/{id}", "/log", "/reference"] {
        let page = app.observer().get(&concrete(path)).await.expect(200).body;
        // A form that asks with GET leads to a page and changes nothing.
        let forms = page.matches("<form").count() - page.matches("<form method=\"get\"").count();
        let out = page.matches("action=\"/logout\"").count();
        assert_eq!((forms, out), (1, 1), "{path}");
    }
    let form = "/actions/new?kind=switchover&to=n2";
    let page = app.observer().get(form).await.expect(200).body;
    assert_eq!(page.matches("method=\"post\"").count(), 1, "no form to ask with");
}

/// C2.4, C9.4.
#[tokio::test]
async fn a_post_from_another_site_is_refused_and_recorded() {
    let app = TestApp::new().await;
    let send = |name: &'static str, value: &'static str| {
        let client = app.operator();
        async move {
            let request = Request::builder().method(Method::POST).uri("/actions");
            let request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(name, value);
            client.send(request.body(Body::empty()).expect("a request")).await
        }
    };
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "http://127.0.0.1:3999"),
        ("origin", "null"),
    ] {
        let reply = send(name, value).await.expect(403);
        assert!(reply.body.contains("another site"), "{name}: {value}");
        assert_eq!(app.record_kinds().await.last().map(String::as_str), Some("denied"));
    }
    send("sec-fetch-site", "same-origin").await.expect(400);
    send("origin", "http://127.0.0.1:7400").await.expect(400);
}

/// C10.1.
#[tokio::test]
async fn nobody_signed_in_sees_nothing() {
    let app = TestApp::new().await;
    for (_, path, needs) in READS {
        if *needs == Needs::Anyone {
            continue;
        }
        let reply = app.anonymous().get(&concrete(path)).await;
        let read_by_itself = ["/api/", "/parts/", "/metrics"];
        let is_page = !read_by_itself.iter().any(|below| path.starts_with(below));
        assert_eq!(reply.status.as_u16(), if is_page { 303 } else { 401 }, "{path}");
        assert!(!reply.body.contains("n1"), "{path}");
    }
}
