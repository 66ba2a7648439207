//! A tag on what follows from state alone: equal state, equal bytes, and no body where it is held.

use crate::harness::{Client, Reply, TestApp, id};
use aerodb_control::web::policy::{READS, Read};
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;
use sha2::{Digest, Sha256};

fn path_of(path: &str) -> String {
    let path = path
        .replace("/nodes/{id}", "/nodes/n1")
        .replace("{key}/{node}", "host_maintenance/n1")
        .replace("{seq}", "0");
    let path = path.replace("{id}", &id(1)).replace("{*place}", "0/000.p/3");
    let path = path.replace("/log/consistency", "/log/consistency?from=1");
    path.replace(
        "/api/v1/report",
        "/api/v1/report?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z",
    )
}

fn tag(reply: &Reply) -> Option<String> {
    reply.headers.get(header::ETAG).map(|tag| tag.to_str().expect("text").to_owned())
}

async fn ask(client: &Client, path: &str, held: &str) -> Reply {
    let request = Request::get(path).header(header::IF_NONE_MATCH, held);
    client.send(request.body(Body::empty()).expect("a request")).await
}

/// C5.1: equal state gives equal bytes, at another time, to another reader, and after a restart.
#[tokio::test]
async fn what_follows_from_state_alone_has_a_tag_and_is_sent_once() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let page = app.operator().get("/api/v1/log").await.expect(200).json();
    let explained = &page["records"][0]["entry"];
    let hash = |name: &str| explained[name].as_str().expect("a hash");
    let mut tagged = 0;
    for (route, path, _) in READS.iter().filter(|(_, path, _)| path.starts_with("/api/")) {
        if *route == Read::ApiEvents {
            continue;
        }
        let kept = if *route == Read::ApiObservation { "snapshot" } else { "explanation" };
        let path = path_of(path).replace("{hash}", hash(kept));
        let path = if *route == Read::ApiExplain {
            format!("{path}?kind=stop_writes&reason=r")
        } else {
            path
        };
        let reader = if *route == Read::ApiEverybody { app.auditor() } else { app.operator() };
        let first = reader.get(&path).await.expect(200);
        if !route.is_of_state() {
            assert_eq!(tag(&first), None, "{path}");
            continue;
        }
        let held = tag(&first).unwrap_or_else(|| panic!("{path} has a tag"));
        app.clock.advance_millis(61_000);
        let again = ask(&app.operator(), &path, &format!("\"other\", W/{held}")).await.expect(304);
        assert_eq!((again.body.as_str(), tag(&again)), ("", Some(held.clone())), "{path}");
        let whole = ask(&app.operator(), &path, "\"another\"").await.expect(200);
        assert_eq!((&whole.body, tag(&whole)), (&first.body, Some(held.clone())), "{path}");
        if !matches!(route, Read::ApiLogTile) {
            let digest = Sha256::digest(first.body.as_bytes());
            assert_eq!(held, format!("\"{}\"", hex::encode(digest)), "{path}");
        }
        tagged += 1;
    }
    println!("{tagged} routes with a tag");
    let log = "/api/v1/actions";
    let held = tag(&app.operator().get(log).await.expect(200)).expect("a tag");
    let app = app.restart().await;
    ask(&app.sign_in("olga").await, log, &held).await.expect(304);
}

#[tokio::test]
async fn a_tag_ends_with_the_state_and_tells_nobody_who_may_not_know() {
    let app = TestApp::new().await;
    let held = tag(&app.operator().get("/api/v1/log").await.expect(200)).expect("a tag");
    ask(&app.anonymous(), "/api/v1/log", &held).await.expect(401);
    ask(&app.anonymous(), "/api/v1/log", "*").await.expect(401);
    ask(&app.observer(), "/api/v1/log", &held).await.expect(304);
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let now = ask(&app.observer(), "/api/v1/log", &held).await.expect(200);
    assert_ne!(tag(&now), Some(held));
    let missing = ask(&app.operator(), "/api/v1/log/99", "*").await.expect(404);
    assert_eq!(tag(&missing), None, "a refusal is not kept");
}
