//! A link from a ticket opens the page for somebody who is signed in, though their browser keeps the cookie back.

use crate::harness::{Client, TestApp, id};
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;

async fn follow(client: &Client, path: &str, site: &str, rest: [&str; 2]) -> (u16, String, String) {
    let request = Request::get(path).header("sec-fetch-site", site);
    let request = request.header("sec-fetch-mode", rest[0]).header("sec-fetch-dest", rest[1]);
    let reply = client.send(request.body(Body::empty()).expect("a request")).await;
    let refresh = reply.headers.get(header::REFRESH).map(|value| value.to_str().expect("text"));
    let refresh = refresh.unwrap_or_default().to_owned();
    (reply.status.as_u16(), refresh, reply.location.unwrap_or_default())
}

const PAGE: [&str; 2] = ["navigate", "document"];

#[tokio::test]
async fn what_is_no_person_following_a_link_is_sent_to_sign_in_or_refused_as_before() {
    let app = TestApp::new().await;
    let stranger = app.anonymous();
    for (site, rest) in [
        ("same-origin", PAGE),
        ("none", PAGE),
        ("cross-site", ["navigate", "iframe"]),
        ("cross-site", ["no-cors", "image"]),
        ("cross-site", ["cors", "empty"]),
    ] {
        let (status, refresh, location) = follow(&stranger, "/log", site, rest).await;
        assert_eq!((status, refresh.as_str()), (303, ""), "{site} {rest:?}");
        assert_eq!(location, "/login?next=%2Flog", "{site} {rest:?}");
    }
    let (status, refresh, _) = follow(&stranger, "/api/v1/log", "cross-site", PAGE).await;
    assert_eq!((status, refresh.as_str()), (401, ""));
}

/// C8.3: the second look reads, as the first one would have.
#[tokio::test]
async fn a_link_from_another_site_is_followed_once_more_from_this_one() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let before = app.record_kinds().await;
    let path = format!("/actions/{}", id(1));
    for site in ["cross-site", "same-site"] {
        let (status, refresh, _) = follow(&app.anonymous(), &path, site, PAGE).await;
        assert_eq!((status, refresh), (200, format!("0; url={path}")), "{site}");
    }
    // With the cookie there is nothing to do again.
    let (status, refresh, _) = follow(&app.observer(), &path, "cross-site", PAGE).await;
    assert_eq!((status, refresh.as_str()), (200, ""));
    assert_eq!(app.record_kinds().await, before);
}
