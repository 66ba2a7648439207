//! Guessing at a sign-in costs whoever guesses, and nobody else.

use crate::harness::{Client, PASSWORD, Reply, TestApp};
use aerodb_control::web::throttle::{ATTEMPTS_AT_ONCE, ONE_MORE_MS, TOLD_EVERY_MS};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use serde_json::{Value, json};
use std::net::SocketAddr;

const GUESSER: &str = "192.0.2.66:40000";
const OWNER: &str = "198.51.100.7:40000";

/// `POST` from an address, in the form of the door.
async fn post(client: &Client, from: &str, path: &str, body: String) -> Reply {
    let media = if path.starts_with("/api/") {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    let request = Request::post(path).header(header::CONTENT_TYPE, media);
    let mut request = request.body(Body::from(body)).expect("a request");
    let from: SocketAddr = from.parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(from));
    client.send(request).await
}

async fn sign_in(app: &TestApp, from: &str, password: &str) -> Reply {
    let body = json!({"name": "olga", "password": password}).to_string();
    post(&app.anonymous(), from, "/api/v1/login", body).await
}

/// Guesses until this many were made; how many were checked.
async fn guess(app: &TestApp, from: &str, times: u32) -> u32 {
    let mut checked = 0;
    for number in 0..times {
        let reply = sign_in(app, from, &format!("a wrong guess {number}")).await;
        match reply.status.as_u16() {
            401 => checked += 1,
            429 => {
                assert_eq!(reply.code(), "too_many_attempts");
                let wait = reply.headers[header::RETRY_AFTER].to_str().expect("text").to_owned();
                let wait: i64 = wait.parse().expect("seconds");
                assert!((1..=ONE_MORE_MS / 1000).contains(&wait), "{wait}");
            }
            other => panic!("{other}: {}", reply.body),
        }
    }
    checked
}

#[tokio::test]
async fn whoever_guesses_is_turned_away_and_the_owner_signs_in_from_elsewhere() {
    let app = TestApp::new().await;
    assert_eq!(guess(&app, GUESSER, 100).await, ATTEMPTS_AT_ONCE);
    // The same account: it is never locked.
    sign_in(&app, OWNER, PASSWORD).await.expect(200);
    // Even the right password has to wait there: whether it is right is not told.
    sign_in(&app, GUESSER, PASSWORD).await.expect(429);
    app.clock.advance_millis(ONE_MORE_MS);
    assert_eq!(guess(&app, GUESSER, 5).await, 1);
    app.clock.advance_millis(ONE_MORE_MS);
    sign_in(&app, GUESSER, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_right_password_costs_no_attempt_however_often() {
    let app = TestApp::new().await;
    for _ in 0..3 * ATTEMPTS_AT_ONCE {
        sign_in(&app, OWNER, PASSWORD).await.expect(200);
    }
    assert_eq!(guess(&app, OWNER, 20).await, ATTEMPTS_AT_ONCE);
}

#[tokio::test]
async fn a_host_that_chooses_its_last_64_bits_is_one_address() {
    let app = TestApp::new().await;
    let mut checked = 0;
    for number in 0..3 * ATTEMPTS_AT_ONCE {
        checked += guess(&app, &format!("[2001:db8::{number:x}]:4000"), 1).await;
    }
    assert_eq!(checked, ATTEMPTS_AT_ONCE);
    sign_in(&app, "[2001:db8:0:1::1]:4000", PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_same_time_do_not_pass_together() {
    let app = TestApp::new().await;
    let mut under_way = tokio::task::JoinSet::new();
    for number in 0..5 * ATTEMPTS_AT_ONCE {
        let client = app.anonymous();
        let body = json!({"name": "olga", "password": format!("guess number {number}")});
        under_way.spawn(async move {
            post(&client, GUESSER, "/api/v1/login", body.to_string()).await.status.as_u16()
        });
    }
    let statuses = under_way.join_all().await;
    let checked = statuses.iter().filter(|status| **status == 401).count();
    let turned_away = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!(checked + turned_away, statuses.len());
    assert_eq!(u32::try_from(checked).expect("a small number"), ATTEMPTS_AT_ONCE);
}

/// C9.4: what is turned away is on record by number, and a stranger cannot fill the disk.
#[tokio::test]
async fn a_thousand_guesses_leave_a_record_of_each_that_was_checked_and_one_a_minute() {
    let app = TestApp::new().await;
    let before = app.record_kinds().await.len();
    guess(&app, GUESSER, 1_000).await;
    app.clock.advance_millis(TOLD_EVERY_MS);
    // The attempts that came back are spent, and the next one tells of all that were not told.
    let checked = guess(&app, GUESSER, 7).await;
    assert_eq!(checked, 6);
    let kinds = app.record_kinds().await.split_off(before);
    let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
    let failed = usize::try_from(ATTEMPTS_AT_ONCE + checked).expect("a small number");
    assert_eq!((count("sign_in_failed"), count("denied")), (failed, 2), "{kinds:?}");
    let page = app.auditor().get("/api/v1/log?kind=denied").await.expect(200).json();
    let found: Vec<&str> = page["records"]
        .as_array()
        .expect("records")
        .iter()
        .filter_map(|record| record["entry"]["refusal"]["found"].as_str())
        .collect();
    assert_eq!(found.len(), 2, "{page}");
    let told = u32::try_from(1_000 - 1).expect("a small number") - ATTEMPTS_AT_ONCE + 1;
    assert!(found[0].starts_with(&format!("{told} turned away from 192.0.2.66")), "{found:?}");
    assert!(found[1].starts_with("1 turned away from 192.0.2.66"), "{found:?}");
}

#[tokio::test]
async fn the_page_of_a_sign_in_says_how_long_to_wait_and_so_does_the_set_up() {
    let app = TestApp::new().await;
    guess(&app, GUESSER, ATTEMPTS_AT_ONCE).await;
    let body = "name=olga&password=another+guess".to_owned();
    let reply = post(&app.anonymous(), GUESSER, "/login", body).await.expect(429);
    assert_eq!(reply.headers[header::RETRY_AFTER], "10");
    assert!(reply.body.contains("No account is locked."), "{}", reply.body);
    assert!(reply.headers.get(header::SET_COOKIE).is_none());
    let link = "token=aerodb_setup_00&name=eve&password=a+quiet+harbour+at+dusk".to_owned();
    let reply = post(&app.anonymous(), GUESSER, "/setup", link.clone()).await.expect(429);
    assert_eq!(reply.headers[header::RETRY_AFTER], "10");
    post(&app.anonymous(), OWNER, "/setup", link).await.expect(410);
}

/// A session of a browser, and its cookie.
async fn browser(app: &TestApp, cookie: Option<&str>) -> String {
    let body = serde_urlencoded::to_string([("name", "olga"), ("password", PASSWORD)]);
    let mut request = Request::post("/login")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.expect("fields")))
        .expect("a request");
    if let Some(cookie) = cookie {
        let value = cookie.parse().expect("a header value");
        request.headers_mut().insert(header::COOKIE, value);
    }
    let reply = app.anonymous().send(request).await.expect(303);
    let set = reply.headers[header::SET_COOKIE].to_str().expect("text").to_owned();
    set.split(';').next().expect("a pair").to_owned()
}

async fn seen(app: &TestApp, cookie: &str) -> (u16, Value) {
    let request = Request::get("/api/v1/session").header(header::COOKIE, cookie);
    let request = request.body(Body::empty()).expect("a request");
    let reply = app.anonymous().send(request).await;
    (reply.status.as_u16(), reply.json())
}

#[tokio::test]
async fn signing_in_again_ends_the_session_that_the_browser_held_and_takes_none_over() {
    let app = TestApp::new().await;
    let first = browser(&app, None).await;
    assert_eq!(seen(&app, &first).await.0, 200);
    let elsewhere = browser(&app, None).await;
    let second = browser(&app, Some(&first)).await;
    assert_ne!(first, second);
    assert_eq!(seen(&app, &first).await.0, 401, "the earlier one is over");
    assert_eq!(seen(&app, &second).await.0, 200);
    assert_eq!(seen(&app, &elsewhere).await.0, 200, "another browser's is not");
    assert_eq!(app.record_kinds().await.last().map(String::as_str), Some("signed_out"));
    // A session that somebody else chose is never taken over.
    let name = first.split('=').next().expect("a name").to_owned();
    let planted = format!("{name}=aerodb_session_cookie_{}", "0".repeat(64));
    let fresh = browser(&app, Some(&planted)).await;
    assert_ne!(fresh, planted);
    assert_eq!(seen(&app, &planted).await.0, 401);
}
