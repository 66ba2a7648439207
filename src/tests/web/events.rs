//! Events say that something changed, to whoever may know it, and do nothing else (C8.3).

use crate::harness::{Client, TestApp};
use aerodb_control::model::answer::StateVersion;
use aerodb_control::web::{STREAMS_IN_ALL, STREAMS_PER_SESSION};
use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::json;

/// An open stream.
struct Ear(Body);

impl Ear {
    async fn open(client: &Client) -> Result<Self, u16> {
        let response = client.response("/api/v1/events").await;
        match response.status().as_u16() {
            200 => Ok(Self(response.into_body())),
            status => Err(status),
        }
    }

    /// The next event, whatever it is, or that the stream has ended.
    async fn event(&mut self) -> Option<String> {
        let frame = self.0.frame().await?.expect("a frame");
        Some(String::from_utf8(frame.into_data().expect("data").to_vec()).expect("text"))
    }

    /// The next change, or that the stream has ended.
    async fn next(&mut self) -> Option<StateVersion> {
        let mut text = self.event().await?;
        while text.starts_with("event: alive\n") {
            text = self.event().await?;
        }
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
        assert!(data.bytes().all(|b| b.is_ascii_digit() || b == b'.'), "numbers only: {text}");
        Some(StateVersion::parse(data).expect("two numbers"))
    }
}

#[tokio::test]
async fn nobody_who_is_not_signed_in_hears_anything() {
    let app = TestApp::new().await;
    assert_eq!(Ear::open(&app.anonymous()).await.err(), Some(401));
}

/// A proxy that collects or compresses what it passes on would hold every event back.
#[tokio::test]
async fn a_proxy_is_told_to_pass_each_event_on_as_it_comes() {
    let app = TestApp::new().await;
    let response = app.operator().response("/api/v1/events").await;
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    assert_eq!(response.headers()["cache-control"], "no-cache, no-transform");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
}

/// A browser does not show comments to a page, and some proxies strip them: silence has to be an event.
#[tokio::test]
async fn a_server_without_news_says_that_it_is_alive_in_an_event_with_a_name() {
    let app = TestApp::new().await;
    let mut ear = Ear::open(&app.observer()).await.expect("a stream");
    ear.next().await.expect("the present state");
    // Two of them before ten seconds are over.
    let soon = std::time::Duration::from_millis(4_900);
    let said = tokio::time::timeout(soon, ear.event()).await.expect("not silent");
    assert_eq!(said.as_deref(), Some("event: alive\ndata: alive\n\n"));
}

#[tokio::test]
async fn a_session_holds_so_many_streams_and_no_more_and_others_hold_theirs() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let mut open = Vec::new();
    for _ in 0..STREAMS_PER_SESSION {
        open.push(Ear::open(&olga).await.expect("a place"));
    }
    let refused = olga.get("/api/v1/events").await.expect(429);
    assert_eq!(refused.code(), "too_many_streams");
    assert!(Ear::open(&app.observer()).await.is_ok(), "another session");
    olga.get("/api/v1/overview").await.expect(200);
    drop(open.pop());
    open.push(Ear::open(&olga).await.expect("the place that was given back"));
    assert_eq!(Ear::open(&olga).await.err(), Some(429));
}

#[tokio::test]
async fn all_sessions_together_hold_so_many_streams_and_no_more() {
    let app = TestApp::new().await;
    let mut open = Vec::new();
    let sessions = STREAMS_IN_ALL / STREAMS_PER_SESSION;
    for number in 0..sessions {
        let name = format!("p{number}");
        let issued = app.house.access.issue_token(&name, 60_000).await.expect("a token");
        let client = Client::new(app.house.console.clone(), issued.token);
        for _ in 0..STREAMS_PER_SESSION {
            open.push(Ear::open(&client).await.expect("a place"));
        }
    }
    assert_eq!(Ear::open(&app.operator()).await.err(), Some(429));
    drop(open);
    assert!(Ear::open(&app.operator()).await.is_ok(), "every place was given back");
}

#[tokio::test]
async fn a_change_of_the_cluster_and_a_record_are_heard_and_reading_is_not() {
    let app = TestApp::new().await;
    let mut ear = Ear::open(&app.observer()).await.expect("a stream");
    let first = ear.next().await.expect("the present state");
    let head = app.auditor().get("/api/v1/log/head").await.expect(200).json();
    assert_eq!(head["size"], json!(first.log));
    app.operator().get("/api/v1/overview").await.expect(200);
    let why = json!({"freeze_id": crate::harness::id(9), "reason": "a drill"});
    app.operator().post("/api/v1/freeze", &why).await.expect(200);
    let frozen = ear.next().await.expect("a record");
    assert_eq!(frozen, StateVersion { log: first.log + 1, ..first }, "reading was no news");
    app.data().put("/kv/a", "1").await.expect(200);
    let written = ear.next().await.expect("a change");
    assert!(written.cluster > frozen.cluster && written.log == frozen.log);
    // Opened again, it begins with the present, so nothing in between is missed.
    let mut again = Ear::open(&app.observer()).await.expect("a stream");
    assert_eq!(again.next().await, Some(written));
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_tells_it_nothing_more() {
    let app = TestApp::new().await;
    let oscar = app.sign_in("oscar").await;
    let mut ear = Ear::open(&oscar).await.expect("a stream");
    ear.next().await.expect("the present state");
    oscar.post("/api/v1/logout", &json!({})).await.expect(204);
    assert_eq!(ear.next().await, None, "signed out");

    let mut ear = Ear::open(&app.program()).await.expect("a stream");
    ear.next().await.expect("the present state");
    app.clock.advance_millis(60_000_001);
    app.data().put("/kv/a", "1").await.expect(200);
    assert_eq!(ear.next().await, None, "the token has ended");
}
