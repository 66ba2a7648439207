//! What somebody tries whom nobody knows is on record, and fills no disk (C9.4).

use crate::harness::TestApp;
use aerodb_control::workflow::{PLACES_MAX, SUMMED_MS};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use serde_json::{Value, json};
use std::net::SocketAddr;

async fn tries(app: &TestApp, from: &str) {
    let request = Request::post("/api/v1/freeze").header(header::CONTENT_TYPE, "application/json");
    let mut request = request.body(Body::from("{}")).expect("a request");
    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(from.parse().expect("an address")));
    app.anonymous().send(request).await.expect(401);
}

/// The records of denials, oldest first: how many more each stands for, and from where.
async fn denied(app: &TestApp) -> Vec<(Option<u64>, Option<String>)> {
    let page = app.auditor().get("/api/v1/log?kind=denied&limit=200").await.expect(200).json();
    let records = page["records"].as_array().expect("records");
    let of = |record: &Value| {
        let found = record["entry"]["refusal"]["found"].as_str().map(str::to_owned);
        (record["entry"]["times"].as_u64(), found)
    };
    records.iter().rev().map(of).collect()
}

/// C9.4.
#[tokio::test]
async fn a_thousand_attempts_of_a_stranger_within_a_minute_are_two_records() {
    let app = TestApp::new().await;
    for number in 0..1_000 {
        tries(&app, "192.0.2.1:1").await;
        if number == 0 {
            assert_eq!(denied(&app).await, [(None, None)], "the first is on record at once");
        }
    }
    tries(&app, "192.0.2.2:1").await;
    assert_eq!(denied(&app).await.len(), 2, "another place has a first of its own");
    app.clock.advance_millis(SUMMED_MS);
    app.observer().get("/api/v1/cluster").await.expect(200);
    let summed = (Some(999), Some("999 more from 192.0.2.1 within a minute".to_owned()));
    assert_eq!(denied(&app).await[2..], [summed]);
    // After the minute the next one is a first again, and nothing is told twice.
    tries(&app, "192.0.2.1:1").await;
    app.clock.advance_millis(SUMMED_MS);
    app.observer().get("/api/v1/cluster").await.expect(200);
    assert_eq!(denied(&app).await.len(), 4);
}

/// C9.4.
#[tokio::test]
async fn what_is_not_told_when_the_server_stops_is_told_then() {
    let app = TestApp::new().await;
    for _ in 0..5 {
        tries(&app, "192.0.2.1:1").await;
    }
    app.house.close().await;
    let told = denied(&app).await;
    assert_eq!((told.len(), told[1].0), (2, Some(4)), "{told:?}");
}

#[tokio::test]
async fn whoever_comes_from_very_many_places_is_summed_as_one() {
    let app = TestApp::new().await;
    let more = 50;
    for number in 0..PLACES_MAX + more {
        let [high, low] = u16::try_from(number).expect("a small number").to_be_bytes();
        tries(&app, &format!("10.0.{high}.{low}:1")).await;
    }
    app.clock.advance_millis(SUMMED_MS);
    app.house.close().await;
    let page = app.auditor().get("/api/v1/log?kind=denied&limit=1").await.expect(200).json();
    let last = &page["records"][0]["entry"];
    assert_eq!(last["times"], json!(more - 1), "{last}");
}
