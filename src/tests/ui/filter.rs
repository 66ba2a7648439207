//! The timeline, narrowed down: nothing that is asked for is missing, nothing else is there, and the
//! order is the one that it had.

use crate::harness::{Client, TestApp, id};
use crate::ui::timeline::{eventful, events, page, records};
use aerodb_control::model::event::KernelEvent;
use aerodb_control::model::record::Record;
use aerodb_control::model::timeline::Timeline;
use serde_json::{Value, json};

/// Every page of this many rows under a filter, put together.
async fn whole(client: &Client, filter: &str, limit: u32) -> Vec<Timeline> {
    let mut pages = vec![page(client, &format!("limit={limit}&{filter}")).await];
    while let Some(key) = pages.last().and_then(|page| page.next_before) {
        assert!(pages.len() < 500, "{filter} comes to an end");
        pages.push(page(client, &format!("limit={limit}&before={key}&{filter}")).await);
    }
    pages
}

/// A filter, and what it leaves, said here once more in another way.
struct FilterCase {
    filter: String,
    record: fn(&Record, &Value) -> bool,
    event: fn(&KernelEvent) -> bool,
}

fn case(
    filter: &str,
    record: fn(&Record, &Value) -> bool,
    event: fn(&KernelEvent) -> bool,
) -> FilterCase {
    FilterCase { filter: filter.to_owned(), record, event }
}

/// Whether the leaf of a record names an observation.
fn observed(leaf: &Value) -> bool {
    leaf["entry"]["snapshot"].is_string()
}

fn cases() -> Vec<FilterCase> {
    let one = format!("action={}", id(1));
    let mut cases = vec![
        case("kind=confirmed", |r, _| r.entry.word() == "confirmed", |_| false),
        case("kind=node_lost", |_, _| false, |e| e.kind.word() == "node_lost"),
        case("kind=kernel_events", |_, _| false, |_| true),
        case("kind=observations", |_, leaf| observed(leaf), |_| false),
        case("kind=actions", |r, _| r.entry.stage().is_some(), |e| e.action_id.is_some()),
        case(
            "kind=refusals",
            |r, leaf| {
                let refused = leaf["entry"]["refusal"].is_object();
                refused || ["rejected", "stale", "sign_in_failed"].contains(&r.entry.word())
            },
            |e| e.kind.word() == "election_refused",
        ),
        case(
            "actor=oscar",
            |r, _| r.actor.as_ref().is_some_and(|actor| actor.name.as_str() == "oscar"),
            |_| false,
        ),
        case(
            &one,
            |r, _| r.action_id.is_some_and(|action| action.to_string() == id(1)),
            |e| e.action_id.is_some_and(|action| action.to_string() == id(1)),
        ),
        case(
            "kind=kernel_events&node=n2",
            |_, _| false,
            |e| e.node.as_ref().is_some_and(|node| node.as_str() == "n2"),
        ),
    ];
    let both = format!("{one}&kind=executed");
    let of_one = |r: &Record, _: &Value| {
        r.entry.word() == "executed" && r.action_id.is_some_and(|a| a.to_string() == id(1))
    };
    cases.push(case(&both, of_one, |_| false));
    cases
}

#[tokio::test]
async fn a_filter_that_nothing_can_have_is_refused_by_its_name_on_both_doors() {
    let app = TestApp::new().await;
    for query in ["kind=promoted", "node=n%201", "actor=Olga", "action=7", "text=disk"] {
        let field = query.split('=').next().expect("a field");
        let api = app.observer().get(&format!("/api/v1/timeline?{query}")).await.expect(400);
        assert_eq!(api.json()["refusal"]["field"], field, "{query}");
        app.observer().get(&format!("/timeline?{query}")).await.expect(400);
    }
}

/// C8.1: what is left stands in the order that it had, on pages of any size.
#[tokio::test]
async fn pages_of_a_filter_put_together_hold_exactly_what_it_leaves() {
    let app = eventful().await;
    let anna = app.auditor();
    app.operator().request(6, "switchover", json!({"to": "n3"})).await.expect(412);
    let all = whole(&anna, "", 200).await;
    for FilterCase { filter, record, event } in cases() {
        let wanted: Vec<_> = records(&all)
            .iter()
            .map(|placed| &placed.record.record)
            .filter(|r| record(r, &serde_json::to_value(r).expect("JSON")))
            .map(|r| r.seq)
            .collect();
        let happened: Vec<_> =
            events(&all).iter().map(|e| &e.event).filter(|e| event(e)).map(|e| e.place).collect();
        assert!(wanted.len() + happened.len() > 0, "{filter} is tried");
        for limit in [1, 7, 200] {
            let pages = whole(&anna, &filter, limit).await;
            let seqs: Vec<_> = records(&pages).iter().map(|r| r.record.record.seq).collect();
            let places: Vec<_> = events(&pages).iter().map(|e| e.event.place).collect();
            assert_eq!((&seqs, &places), (&wanted, &happened), "{filter} in pages of {limit}");
        }
    }
}

/// What an address within the page leads to is on the page.
#[tokio::test]
async fn the_page_keeps_the_filter_and_leads_nowhere_that_is_not_there() {
    let app = eventful().await;
    let mut joins = 0;
    for query in ["", "?limit=3", "?kind=actions&limit=5", "?kind=kernel_events", "?node=n2"] {
        let page = app.observer().get(&format!("/timeline{query}")).await.expect(200).body;
        for part in page.split("href=\"#").skip(1) {
            let target = part.split('"').next().expect("an address");
            assert!(page.contains(&format!("id=\"{target}\"")), "{query}: #{target}");
            joins += 1;
        }
        let kept = page.matches("/timeline?kind=actions&amp;before=").count();
        assert_eq!(kept, usize::from(query.contains("kind=actions")), "{query}: the next page");
        let is_open = page.contains("<details open") && page.contains("name=\"kind\"");
        assert_eq!(
            is_open,
            query.contains('=') && query != "?limit=3",
            "{query}: what is set shows"
        );
    }
    assert!(joins > 5, "{joins} joins within pages");
    let page = app.observer().get("/timeline?kind=observations").await.expect(200).body;
    assert!(page.contains("<option value=\"observations\" selected>"), "{page}");
    let seen = page.matches("<a href=\"/observations/").count();
    assert!(seen >= 12, "{seen} records lead to what they saw");
}
