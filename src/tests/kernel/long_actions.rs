//! An order that takes long: its page shows how far it is, everybody sees it, nobody else gets a
//! turn, and a browser that goes away stops nothing.

use crate::harness::id;
use crate::kernel::mute::MuteApp;
use serde_json::json;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_page_is_answered_while_a_long_order_runs_and_the_order_runs_to_its_end() {
    let app = MuteApp::new().await;
    MuteApp::set(&app.link.holds_orders);
    let explained = app.olga.request(1, "create_backup", json!({"name": "monday"})).await;
    let explained = explained.expect(201).json();
    let page = format!("/actions/{}", id(1));
    let digest = explained["digest"].as_str().expect("a digest").to_owned();
    let confirm = [("digest", digest.as_str())];
    let answered = app.olga.post_form(&format!("{page}/confirm"), &confirm).await.expect(303);
    assert_eq!(answered.location.as_deref(), Some(page.as_str()));

    // It runs: the page, the overview and the API say how far it is, and of whom.
    let shown = app.olga.get(&page).await.expect(200).body;
    assert!(shown.contains("reading the state: 40 of 100 rows"), "{shown}");
    assert!(!shown.contains("/resolve\""), "what runs is not resolved");
    let overview = app.olga.get("/").await.expect(200).body;
    assert!(overview.contains("reading the state: 40 of 100 rows"));
    let read = app.olga.get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    assert_eq!((&read["stage"], &read["under_way"]["done"]), (&json!("dispatched"), &json!(40)));
    let other = app.olga.request(2, "stop_writes", json!({})).await.expect(201).json();
    assert!(other["under_way"].is_null(), "it is another action");
    assert_eq!(app.olga.confirm(&other).await.expect(409).code(), "busy");

    // Delivered again, the page comes again; nothing is sent again.
    app.olga.post_form(&format!("{page}/confirm"), &confirm).await.expect(303);
    let mut held = app.link.held.subscribe();
    app.link.released.notify_one();
    held.wait_for(Option::is_none).await.expect("the link stands");
    let ended = app.olga.post_form(&format!("{page}/confirm"), &confirm).await.expect(303);
    assert_eq!(ended.location.as_deref(), Some(page.as_str()));
    let read = app.olga.get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    assert_eq!(read["stage"], "unknown");
    assert!(read["under_way"].is_null());
    assert_eq!(app.link.orders.load(Ordering::SeqCst), 1, "it was sent once");
}

#[tokio::test]
async fn a_program_that_sent_json_waits_for_the_outcome() {
    let app = MuteApp::new().await;
    MuteApp::set(&app.link.holds_orders);
    let explained = app.olga.request(1, "create_backup", json!({"name": "monday"})).await;
    let explained = explained.expect(201).json();
    let mut held = app.link.held.subscribe();
    let release = async {
        held.wait_for(Option::is_some).await.expect("the link stands");
        app.link.released.notify_one();
    };
    let (outcome, ()) = tokio::join!(app.olga.confirm(&explained), release);
    assert_eq!(outcome.expect(200).json()["stage"], "unknown");
}
