//! What cannot be read exactly is refused by name, and nothing else changes.

use crate::harness::{TestApp, id};
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

fn asked(change: impl Fn(&mut Value)) -> Value {
    let mut body = json!({
        "action_id": id(9), "kind": "switchover", "params": {"to": "n2"}, "reason": "a drill",
    });
    change(&mut body);
    body
}

/// C4.2: `input_valid`.
#[tokio::test]
async fn every_field_that_cannot_be_is_refused_by_name() {
    let app = TestApp::new().await;
    let before = app.cluster().await;
    let long = "x".repeat(2_000);
    let cases: Vec<(&str, Value)> = vec![
        ("action_id", asked(|b| b["action_id"] = json!("not-a-uuid"))),
        ("action_id", asked(|b| b["action_id"] = json!("00000000-0000-0000-0000-000000000000"))),
        ("action_id", asked(|b| b["action_id"] = json!(7))),
        ("action_id", asked(|b| drop(b.as_object_mut().map(|o| o.remove("action_id"))))),
        ("kind", asked(|b| b["kind"] = json!("promote"))),
        ("kind", asked(|b| b["kind"] = json!(["switchover"]))),
        ("params", asked(|b| b["params"] = json!("n2"))),
        ("to", asked(|b| b["params"] = json!({}))),
        ("to", asked(|b| b["params"] = json!({"to": 2}))),
        ("to", asked(|b| b["params"] = json!({"to": long}))),
        ("to", asked(|b| b["params"] = json!({"to": "N2"}))),
        ("to", asked(|b| b["params"] = json!({"to": "n2\u{1b}[2J"}))),
        ("force", asked(|b| b["params"] = json!({"to": "n2", "force": "yes"}))),
        ("node", asked(|b| b["params"] = json!({"to": "n2", "node": "n2"}))),
        ("reason", asked(|b| b["reason"] = json!(""))),
        ("reason", asked(|b| b["reason"] = json!(long))),
        ("reason", asked(|b| b["reason"] = json!("<script>alert(1)</script>"))),
        ("reason", asked(|b| b["reason"] = json!("a\u{202e}b"))),
        ("reason", asked(|b| b["reason"] = json!("a\u{0}b"))),
        ("reason", asked(|b| b["reason"] = json!({"why": "x"}))),
        ("extra", asked(|b| b["extra"] = json!("x"))),
    ];
    for (field, body) in &cases {
        let reply = app.operator().post("/api/v1/actions", body).await.expect(400);
        assert_eq!(reply.json()["refusal"]["field"], *field, "{body}");
        assert_eq!(reply.json()["refusal"]["executed"], "no");
        assert!(!reply.body.contains('\u{1b}') && !reply.body.contains('\u{202e}'));
    }
    let unknown = asked(|b| b["params"] = json!({"to": "n9"}));
    let reply = app.operator().post("/api/v1/actions", &unknown).await.expect(412);
    assert_eq!(reply.json()["refusal"]["field"], "to");
    println!("{} bad requests refused by name", cases.len() + 1);
    assert_eq!(app.cluster().await["epoch"], before["epoch"]);
}

#[tokio::test]
async fn a_body_that_is_too_large_malformed_or_of_another_kind_is_refused() {
    let app = TestApp::new().await;
    let send = |media: &'static str, body: Vec<u8>| {
        let client = app.operator();
        async move {
            let request = Request::post("/api/v1/actions").header(header::CONTENT_TYPE, media);
            client.send(request.body(Body::from(body)).expect("a request")).await
        }
    };
    let huge = format!("{{\"reason\":\"{}\"}}", "x".repeat(1_000_000));
    send("application/json", huge.into_bytes()).await.expect(413);
    send("application/json", b"{\"a\":".to_vec()).await.expect(400);
    send("application/json", b"[]".to_vec()).await.expect(400);
    send("application/json", vec![0xff, 0xfe]).await.expect(400);
    send("text/plain", b"{}".to_vec()).await.expect(415);
    send("application/x-www-form-urlencoded", b"kind=switchover".to_vec()).await.expect(415);
    let deep = "[".repeat(10_000);
    send("application/json", deep.into_bytes()).await.expect(400);
}

#[tokio::test]
async fn addresses_that_cannot_be_are_refused_and_name_the_parameter() {
    let app = TestApp::new().await;
    for (path, status) in [
        ("/api/v1/actions/nonsense", 400),
        ("/api/v1/actions/00000000-0000-4000-8000-0000000000ff", 404),
        ("/api/v1/nodes/n9", 404),
        ("/api/v1/nodes/N9", 400),
        ("/api/v1/log?limit=0", 400),
        ("/api/v1/log?limit=100000", 400),
        ("/api/v1/log?before=-1", 400),
        ("/api/v1/log?limit=1&limit=2", 400),
        ("/api/v1/log?colour=red", 400),
        ("/api/v1/log/99999999", 404),
        ("/api/v1/log/x", 400),
        ("/api/v1/explain?kind=switchover&to=n2", 400),
        ("/api/v1/explain?kind=stop_writes&to=n2&reason=x", 400),
        ("/api/v1/nothing", 404),
        ("/actions/nonsense", 400),
        ("/nothing", 404),
    ] {
        let reply = app.operator().get(path).await;
        assert_eq!(reply.status.as_u16(), status, "{path}: {}", reply.body);
    }
    let reply = app.operator().post("/api/v1/cluster", &json!({})).await.expect(405);
    assert_eq!(reply.code(), "method_not_allowed");
}

#[tokio::test]
async fn a_form_that_is_refused_is_drawn_again_with_what_was_typed() {
    let app = TestApp::new().await;
    let fields = [
        ("action_id", id(1)),
        ("kind", "switchover".to_owned()),
        ("to", "n2".to_owned()),
        ("reason", "before the <b>move</b>".to_owned()),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let reply = app.operator().post_form("/actions", &fields).await.expect(400);
    assert!(reply.body.contains("before the &lt;b&gt;move"), "the reason is kept, and inert");
    assert!(reply.body.contains(&id(1)), "the id is not spent");
}
