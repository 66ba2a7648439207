//! The data API through its router: what clients of the database are answered.

use crate::kernel::contract::{Bench, n, run};
use crate::kernel::embedded_bench::Embedded;
use aerodb_control::kernel::embedded::data_api::{KEY_CHARS_MAX, VALUE_BYTES_MAX, router};
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;

async fn send(router: &Router, method: &str, path: &str, body: Vec<u8>) -> (StatusCode, Vec<u8>) {
    let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
}

async fn json(router: &Router, method: &str, path: &str, body: Vec<u8>) -> (u16, Value) {
    let (status, body) = send(router, method, path, body).await;
    let text = String::from_utf8(body).unwrap();
    (status.as_u16(), serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")))
}

#[tokio::test]
async fn bad_input_is_refused_by_name_and_appends_nothing() {
    let bench = Embedded::found(3);
    let router = router(Arc::clone(bench.own()));
    let before = bench.kernel().observe().await.unwrap();
    let long = "k".repeat(KEY_CHARS_MAX + 1);
    for key in [long.as_str(), "%20", "a%0Ab", "%C3%A9", "%FF", "a%00"] {
        for method in ["PUT", "GET", "DELETE"] {
            let (status, body) = json(&router, method, &format!("/kv/{key}"), vec![]).await;
            assert_eq!((status, &body["error"]), (400, &Value::from("bad_key")), "{method} {key}");
        }
    }
    let (status, body) = json(&router, "PUT", "/kv/a", vec![0; VALUE_BYTES_MAX + 1]).await;
    assert_eq!((status, &body["error"]), (413, &Value::from("value_too_large")));
    assert_eq!(send(&router, "PUT", "/kv/", vec![]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(send(&router, "POST", "/kv/a", vec![]).await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(bench.kernel().observe().await.unwrap(), before);
}

#[tokio::test]
async fn a_value_comes_back_byte_for_byte() {
    let bench = Embedded::found(3);
    let router = router(Arc::clone(bench.own()));
    let (status, body) = json(&router, "GET", "/kv/a", vec![]).await;
    assert_eq!((status, &body["error"]), (404, &Value::from("no_such_key")));
    let key = "k".repeat(KEY_CHARS_MAX);
    let value: Vec<u8> = (0..=255).cycle().take(VALUE_BYTES_MAX).collect();
    let path = format!("/kv/{key}");
    let (status, body) = json(&router, "PUT", &path, value.clone()).await;
    assert_eq!((status, &body["key"], &body["epoch"]), (200, &key.into(), &1.into()), "{body}");
    assert_eq!(send(&router, "GET", &path, vec![]).await, (StatusCode::OK, value));
    let (_, deleted) = json(&router, "DELETE", &path, vec![]).await;
    assert_eq!(deleted["position"].as_u64(), body["position"].as_u64().map(|p| p + 1));
    assert_eq!(send(&router, "GET", &path, vec![]).await.0, StatusCode::NOT_FOUND);
    let (status, text) = send(&router, "GET", "/", vec![]).await;
    assert_eq!((status, text.ends_with(b"\n")), (StatusCode::OK, true));
}

#[tokio::test]
async fn a_refusal_says_since_when_and_why() {
    let bench = Embedded::found(3);
    let router = router(Arc::clone(bench.own()));
    json(&router, "PUT", "/kv/a", b"1".to_vec()).await;
    run(bench.kernel(), 1, Action::StopWrites {}).await;
    let (status, body) = json(&router, "PUT", "/kv/a", b"2".to_vec()).await;
    assert_eq!((status, &body["error"]), (503, &Value::from("writes_stopped")));
    assert_eq!(body["since"], "2026-01-31T09:45:00.000Z");
    assert!(body["sentence"].as_str().unwrap().contains("an operator stopped writes"), "{body}");
    assert_eq!(send(&router, "GET", "/kv/a", vec![]).await, (StatusCode::OK, b"1".to_vec()));
    run(bench.kernel(), 2, Action::TakeOffline { node: n(1) }).await;
    for method in ["PUT", "GET", "DELETE"] {
        let (status, body) = json(&router, method, "/kv/a", vec![]).await;
        assert_eq!((status, &body["error"]), (503, &Value::from("no_primary")), "{method}");
        assert!(body["sentence"].as_str().unwrap().contains("n1, the primary, was taken offline"));
    }
}

#[tokio::test]
async fn writes_that_arrive_together_are_all_acknowledged_at_their_own_positions() {
    let bench = Embedded::found(3);
    let router = router(Arc::clone(bench.own()));
    let mut writes = Vec::new();
    for number in 0..300 {
        let router = router.clone();
        writes.push(tokio::spawn(async move {
            json(&router, "PUT", &format!("/kv/k{number}"), b"v".to_vec()).await
        }));
    }
    let mut positions = Vec::new();
    for write in writes {
        let (status, body) = write.await.unwrap();
        assert_eq!(status, 200, "{body}");
        positions.push(body["position"].as_u64().unwrap());
    }
    positions.sort_unstable();
    let first = positions[0];
    assert_eq!(positions, (first..first + 300).collect::<Vec<_>>());
}
