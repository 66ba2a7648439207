//! The log and the kernel side by side: whole, in the two orders that there are, and joined only by
//! evidence.

use crate::harness::{Client, TestApp, id};
use crate::kernel::mute::MuteApp;
use aerodb_control::model::record::Entry;
use aerodb_control::model::text::NodeId;
use aerodb_control::model::timeline::{PlacedEvent, PlacedRecord, Timeline};
use serde_json::json;

pub(crate) async fn page(client: &Client, query: &str) -> Timeline {
    let body = client.get(&format!("/api/v1/timeline?{query}")).await.expect(200).body;
    serde_json::from_str(&body).expect("a timeline")
}

/// Every page of this many rows, put together.
async fn whole(client: &Client, limit: u32) -> Vec<Timeline> {
    let mut pages = vec![page(client, &format!("limit={limit}")).await];
    while let Some(key) = pages.last().and_then(|page| page.next_before) {
        assert!(pages.len() < 500, "it comes to an end");
        pages.push(page(client, &format!("limit={limit}&before={key}")).await);
    }
    pages
}

pub(crate) fn records(pages: &[Timeline]) -> Vec<PlacedRecord> {
    let stretches = pages.iter().flat_map(|page| &page.stretches);
    stretches.flat_map(|stretch| stretch.records.clone()).collect()
}

pub(crate) fn events(pages: &[Timeline]) -> Vec<PlacedEvent> {
    let stretches = pages.iter().flat_map(|page| &page.stretches);
    stretches.flat_map(|stretch| stretch.events.clone()).collect()
}

/// A control plane with a history: roles changed, cables cut, a freeze, a denial, a restart.
pub(crate) async fn eventful() -> TestApp {
    let app = TestApp::new().await;
    let olga = app.operator();
    olga.run(1, "switchover", json!({"to": "n2"})).await;
    let n3 = NodeId::parse("n3").expect("a name");
    app.kernel().partition(&n3).await;
    olga.run(2, "stop_writes", json!({})).await;
    app.kernel().heal(&n3).await;
    olga.run(3, "take_offline", json!({"node": "n1"})).await;
    app.observer().request(4, "resume_writes", json!({})).await.expect(403);
    let freeze = json!({"freeze_id": id(9), "reason": "a drill"});
    let frozen = olga.post("/api/v1/freeze", &freeze).await.expect(200).json();
    let lift = json!({"freeze": frozen["freeze"]["seq"].to_string(), "reason": "over"});
    olga.post("/api/v1/unfreeze", &lift).await.expect(200);
    // Whoever holds the router holds the files.
    drop(olga);
    let app = app.restart().await;
    app.operator().run(5, "failover", json!({"to": "n3"})).await;
    app
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_by_its_name_on_both_doors() {
    let app = TestApp::new().await;
    for query in ["before=yesterday", "before=1_2", "limit=0", "limit=1000", "after=3"] {
        let field = query.split('=').next().expect("a field");
        let api = app.observer().get(&format!("/api/v1/timeline?{query}")).await.expect(400);
        assert_eq!(api.json()["refusal"]["field"], field, "{query}");
        app.observer().get(&format!("/timeline?{query}")).await.expect(400);
    }
}

#[tokio::test]
async fn pages_put_together_hold_every_record_and_every_event_once_in_their_orders() {
    let app = eventful().await;
    let anna = app.auditor();
    let log = anna.get("/api/v1/log?limit=200").await.expect(200).json();
    let seqs: Vec<_> =
        log["records"].as_array().expect("records").iter().map(|r| &r["seq"]).collect();
    let kernel = anna.get("/api/v1/kernel/events?limit=200").await.expect(200).json();
    let places: Vec<_> =
        kernel["events"].as_array().expect("events").iter().map(|e| &e["place"]).collect();
    assert!(seqs.len() > 20 && places.len() > 8, "{} {}", seqs.len(), places.len());
    for limit in [1, 2, 3, 7, 50, 200] {
        let pages = whole(&anna, limit).await;
        let rows = |page: &Timeline| {
            let rows = |s: &aerodb_control::model::timeline::ConcurrentGroup| {
                s.records.len() + s.events.len()
            };
            page.stretches.iter().map(rows).sum::<usize>()
        };
        assert!(pages.iter().all(|page| rows(page) <= limit as usize), "{limit}");
        let found: Vec<_> = records(&pages).iter().map(|r| json!(r.record.record.seq)).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), seqs, "pages of {limit}");
        let found: Vec<_> = events(&pages).iter().map(|e| json!(e.event.place)).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), places, "pages of {limit}");
    }
}

#[tokio::test]
async fn what_an_action_did_stands_between_its_order_and_its_answer_on_pages_of_any_size() {
    let app = eventful().await;
    for limit in [1, 3, 200] {
        let pages = whole(&app.auditor(), limit).await;
        let stretches: Vec<_> = pages.iter().flat_map(|page| &page.stretches).collect();
        assert!(stretches.iter().all(|stretch| !stretch.contradicts));
        let mut joined = 0;
        for (row, stretch) in stretches.iter().enumerate() {
            for placed in &stretch.events {
                let Some(action) = placed.event.action_id else { continue };
                let row_of = |kind: &str| {
                    stretches.iter().position(|other| {
                        other.records.iter().any(|r| {
                            let record = &r.record.record;
                            record.action_id == Some(action) && record.entry.word() == kind
                        })
                    })
                };
                assert!(row_of("dispatched").expect("sent") > row, "{placed:?}");
                assert!(row_of("executed").expect("answered") < row, "{placed:?}");
                assert!(placed.joins && placed.after_record.is_some(), "{placed:?}");
                joined += 1;
            }
        }
        assert!(joined >= 4, "{joined} events are the doing of an action");
    }
    // What no action did is joined to nothing, and claims no more than what came before it.
    let pages = whole(&app.auditor(), 200).await;
    let cut = events(&pages).into_iter().rfind(|e| e.event.kind.word() == "node_lost");
    let cut = cut.expect("a cable was cut");
    assert!(!cut.joins);
    let sent = |placed: &&PlacedRecord| {
        let record = &placed.record.record;
        let is_first = record.action_id.map(|a| a.to_string()) == Some(id(1));
        is_first && matches!(record.entry, Entry::Dispatched { .. })
    };
    let sent = records(&pages).iter().find(sent).expect("sent").record.record.seq;
    assert_eq!(cut.after_record, Some(sent));
}

#[tokio::test]
async fn the_page_marks_gaps_and_joins_and_leads_to_every_record() {
    let app = eventful().await;
    let page = app.observer().get("/timeline?limit=200").await.expect(200).body;
    let page = page.replace("<!>", "");
    for words in [
        "Gap: </strong>Before this start no control plane ran here",
        "Gap: </strong>Before this start the kernel did not run",
        "<li id=\"record-0\"",
        "href=\"/log/0\"",
        "after record <a href=\"#record-",
        "after event <a href=\"#event-",
        "<code>denied</code>",
        "<code>frozen</code>",
        "<code>epoch_began</code>",
        "no known order",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    for target in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().expect("one")) {
        assert!(target == "main" || page.contains(&format!("id=\"{target}\"")), "{target}");
    }
}

#[tokio::test]
async fn a_kernel_that_cannot_be_heard_is_a_gap_and_the_log_is_still_there() {
    let app = MuteApp::new().await;
    let heard = page(&app.olga, "limit=50").await;
    assert_eq!((heard.gap.clone(), events(&[heard]).is_empty()), (None, false));
    MuteApp::set(&app.link.is_cut);
    let unheard = page(&app.olga, "limit=1").await;
    assert!(unheard.gap.as_ref().is_some_and(|gap| gap.contains("cannot be read now")));
    // The next page asks for the newest events again, because none is known to be shown.
    let key = unheard.next_before.expect("there are more records");
    assert_eq!(key.event, None);
    let pages = whole(&app.olga, 1).await;
    let log = app.olga.get("/api/v1/log").await.expect(200).json();
    assert_eq!(records(&pages).len(), log["records"].as_array().expect("records").len());
    let shown = app.olga.get("/timeline").await.expect(200).body;
    assert!(shown.contains("A gap</h2>"), "{shown}");
}

#[tokio::test]
async fn without_a_majority_the_timeline_says_what_may_be_missing() {
    let app = TestApp::new().await;
    for node in ["n1", "n2"] {
        app.kernel().partition(&NodeId::parse(node).expect("a name")).await;
    }
    let cut = page(&app.observer(), "limit=50").await;
    assert!(cut.gap.is_some_and(|gap| gap.contains("No majority")));
}
