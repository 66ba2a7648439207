//! The log as people and programs ask for it: by filters in an address, without a script.

use crate::harness::TestApp;
use serde_json::json;

/// A control plane with one action that was asked for.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.operator().request(1, "take_offline", json!({ "node": "n3" })).await.expect(201);
    app
}

/// How many records a page links to.
fn records_on(page: &str) -> usize {
    let links = page.split("<a href=\"/log/").skip(1);
    links.filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).count()
}

#[tokio::test]
async fn a_filter_that_no_record_can_meet_is_a_refusal_that_names_it_on_both_doors() {
    let app = app().await;
    for (query, field) in [
        ("kind=promoted", "kind"),
        ("stage=done", "stage"),
        ("action_kind=promote", "action_kind"),
        ("actor=OLGA", "actor"),
        ("node=n%203", "node"),
        ("action=7", "action"),
        ("since=yesterday", "since"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
        ("text=%20-%20", "text"),
        ("limit=100000", "limit"),
        ("before=-1", "before"),
        ("order=time", "order"),
    ] {
        let reply = app.observer().get(&format!("/api/v1/log?{query}")).await.expect(400);
        assert_eq!(reply.json()["refusal"]["field"], field, "{query}");
        let page = app.observer().get(&format!("/log?{query}")).await.expect(400);
        assert!(page.body.contains(&format!("The field {field} must be")), "{query}");
    }
}

#[tokio::test]
async fn the_filters_of_an_address_give_the_same_records_on_the_page_and_in_the_api() {
    let app = app().await;
    for (query, kinds) in [
        ("node=n3", "explained requested"),
        ("stage=explained", "explained"),
        ("action_kind=take_offline&kind=requested", "requested"),
        ("actor=olga&text=DRILL", "requested"),
        ("action=00000000-0000-4000-8000-000000000001", "explained requested"),
        ("since=2026-01-01T00:00:00Z&until=2026-01-01T00:01:00Z", ""),
        ("since=2026-01-01T00:01:00Z&kind=boot", "boot"),
        ("node=n2", ""),
    ] {
        let api = app.observer().get(&format!("/api/v1/log?{query}")).await.expect(200).json();
        let records = api["records"].as_array().expect("records").iter();
        let found: Vec<_> = records.map(|r| r["entry"]["kind"].as_str().expect("a kind")).collect();
        assert_eq!(found.join(" "), kinds, "{query}");
        let page = app.observer().get(&format!("/log?{query}")).await.expect(200).body;
        assert_eq!(records_on(&page), found.len(), "{query}");
    }
}

#[tokio::test]
async fn the_page_says_what_it_is_narrowed_to_and_its_next_page_too() {
    let app = app().await;
    let page = app.observer().get("/log?actor=olga&text=%22a%22%20drill&limit=1").await;
    let page = page.expect(200).body;
    assert!(page.contains("<form method=\"get\" action=\"/log\" role=\"search\""), "{page}");
    assert!(page.contains("value=\"olga\"") && page.contains("&quot;a&quot; drill"), "{page}");
    let first = app.observer().get("/log?actor=olga&limit=1").await.expect(200).body;
    let (_, rest) = first.split_once("href=\"/log?actor=olga").expect("a next page");
    let (rest, _) = rest.split_once('"').expect("an address");
    let next = format!("/log?actor=olga{}", rest.replace("&amp;", "&"));
    let second = app.observer().get(&next).await.expect(200).body;
    assert_eq!(records_on(&second), 1, "{next}");
    assert_ne!(first, second);
}

#[tokio::test]
async fn every_kind_that_a_record_can_have_can_be_asked_for() {
    let source = crate::source::files::root().join("src/model/record/word.rs");
    let source = std::fs::read_to_string(source).expect("the source");
    let (_, words) = source.split_once("pub fn word(&self)").expect("the words");
    let words: Vec<_> = words.split('"').skip(1).step_by(2).collect();
    assert!(words.len() > 20, "{words:?}");
    let app = app().await;
    for word in words {
        app.observer().get(&format!("/api/v1/log?kind={word}")).await.expect(200);
    }
}
