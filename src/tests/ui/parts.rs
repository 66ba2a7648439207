//! The parts of a page that follow the server: drawn there alone, and put in place by the browser.

use crate::harness::{Reply, TestApp, id};
use crate::ui::all::draw;
use crate::ui::fixtures as made;
use aerodb_control::kernel::embedded::spec::SPEC;
use aerodb_control::model::action::Stage;
use aerodb_control::model::actor::ActorRole;
use aerodb_control::model::compared::Compared;
use aerodb_control::ui::Part;
use aerodb_control::web::render;
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use serde_json::json;

fn part_of(number: u8, what: &str) -> String {
    format!("/parts/actions/{}/{what}", id(number))
}

fn header_of(reply: &Reply, name: header::HeaderName) -> &str {
    reply.headers.get(name).map_or("", |value| value.to_str().expect("text"))
}

async fn drawn(part: Part) -> String {
    let body = render::parts(&SPEC, vec![part])
        .await
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}

/// C5.1: there is one drawing, and the page has it.
#[tokio::test]
async fn a_part_is_byte_for_byte_what_stands_in_the_page_of_whoever_asks() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let board = app.stakeholder(2, "board", &id(1)).await;
    let readers = [app.operator(), app.observer(), app.auditor(), board];
    let overview = ("/".to_owned(), "/parts/overview".to_owned());
    let moved = (format!("/actions/{}", id(1)), part_of(1, "moved"));
    for (number, client) in readers.iter().chain([&app.at_observers(&app.operator())]).enumerate() {
        // Whether a confirmation would be refused is nothing for whoever looks through a link.
        let shown = if number == 3 { vec![&overview] } else { vec![&overview, &moved] };
        for (page, part) in shown {
            let (page, part) = (client.get(page).await.expect(200), client.get(part).await);
            let part = part.expect(200);
            // The overview brings the strip along, which stands elsewhere on its page.
            let (strip, rest) = part.body.split_at(part.body.find("<div id=\"now\"").unwrap_or(0));
            // And the notice the button, which only an operator has.
            let button = rest.find("<button id=\"confirm-button\"").filter(|_| number == 0);
            let (rest, button) = rest.split_at(button.unwrap_or(rest.len()));
            assert_eq!(rest.starts_with("<p id=\"moved\"") && number == 0, !button.is_empty());
            assert!(page.body.contains(button), "{button}");
            assert!(rest.len() > 100 && page.body.contains(rest), "{rest}");
            assert!(page.body.contains(strip), "{strip}");
            assert_eq!(header_of(&part, header::CONTENT_TYPE), "text/html; charset=utf-8");
            assert_eq!(header_of(&part, header::CACHE_CONTROL), "no-store");
        }
    }
    let (asks, reads) = (app.operator(), app.observer());
    assert!(asks.get("/parts/overview").await.body.contains("/actions/new"));
    assert!(!reads.get("/parts/overview").await.body.contains("/actions/new"));
}

/// C8.4: how far the kernel is stands in the page as the part has it.
#[tokio::test]
async fn progress_is_drawn_once_and_its_end_is_put_in_its_place() {
    let mut answer = made::answer(Stage::Dispatched, "plain");
    let progress = aerodb_control::model::progress::Progress {
        action_id: answer.id,
        doing: "reading <b>the</b> state".to_owned(),
        done: 3,
        total: 9,
        unit: aerodb_control::model::progress::Unit::Rows,
    };
    answer.under_way = Some(progress);
    let viewer = Some(ActorRole::Observer);
    let part = drawn(Part::Progress { answer: Box::new(answer.clone()), viewer }).await;
    let page = draw(viewer, crate::ui::all::view(answer)).await;
    assert!(page.contains(&part), "{part}");
    assert!(part.contains("3 of 9 rows") && !part.contains("<b>"), "{part}");
    let answer = Box::new(made::executed(Vec::new()));
    let ended = drawn(Part::Progress { answer, viewer }).await;
    assert!(ended.contains("Executed once, as explained"), "{ended}");
    assert!(ended.contains("It is over.") && !ended.contains("3 of 9"), "{ended}");
    let app = TestApp::new().await;
    app.operator().run(1, "switchover", json!({"to": "n2"})).await;
    let told = app.observer().get(&part_of(1, "progress")).await.expect(200);
    assert!(
        told.body.contains("It is over.") && told.body.contains("Executed once"),
        "{}",
        told.body
    );
    app.observer().get(&part_of(9, "progress")).await.expect(404);
}

/// C3.3: what is said to have moved is what the confirmation is refused for.
#[tokio::test]
async fn the_notice_of_an_open_explanation_says_what_moved_and_when_it_waits_no_more() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let still = app.observer().get(&part_of(1, "moved")).await.expect(200).body;
    assert!(still.contains("data-state=\"still\""), "{still}");
    app.operator().run(2, "take_offline", json!({"node": "n3"})).await;
    let moved = app.observer().get(&part_of(1, "moved")).await.expect(200).body;
    assert!(moved.contains("data-state=\"moved\""), "{moved}");
    assert!(moved.contains("n3 reachable: yes -&gt; no"), "{moved}");
    let refused = app.operator().confirm(&explained.json()).await.expect(409).json();
    let wanted = json!({"subject": {"node": "n3"}, "fact": "reachable", "before": true,
        "after": false});
    let told = refused["refusal"]["moved"].as_array().expect("a list");
    assert!(told.contains(&wanted), "{refused}");
    let ended = app.observer().get(&part_of(1, "moved")).await.expect(200).body;
    assert!(ended.contains("no longer waits for a confirmation: it is stale"), "{ended}");
}

/// C10.2: a part is for whoever may see its page, and nobody is sent to sign in by one.
#[tokio::test]
async fn a_part_is_refused_to_whom_its_page_is_refused() {
    let app = TestApp::new().await;
    for number in [1, 2] {
        app.operator().request(number, "switchover", json!({"to": "n2"})).await.expect(201);
    }
    let board = app.stakeholder(3, "board", &id(1)).await;
    for what in ["moved", "progress"] {
        board.get(&part_of(1, what)).await.expect(200);
        board.get(&part_of(2, what)).await.expect(403);
        app.operator().get(&part_of(9, what)).await.expect(404);
        app.operator().get(&format!("/parts/actions/x/{what}")).await.expect(400);
    }
    for path in ["/parts/overview".to_owned(), part_of(1, "moved"), part_of(1, "progress")] {
        let refused = app.anonymous().get(&path).await.expect(401);
        assert_eq!(header_of(&refused, header::CONTENT_TYPE), "application/problem+json");
    }
}

/// A stakeholder is told that a fact moved, and no word of it that is not shown.
#[tokio::test]
async fn what_moved_is_redacted_as_the_page_is() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let board = app.stakeholder(2, "board", &id(1)).await;
    let freeze = json!({"freeze_id": id(3), "reason": "a secret of olga"});
    app.operator().post("/api/v1/freeze", &freeze).await.expect(200);
    let whole = app.operator().get(&part_of(1, "moved")).await.expect(200).body;
    let shown = board.get(&part_of(1, "moved")).await.expect(200).body;
    assert!(whole.contains("a secret of olga"), "{whole}");
    assert!(shown.contains("freeze: none") && shown.contains("redacted"), "{shown}");
    assert!(!shown.contains("olga") && !shown.contains("secret"), "{shown}");
}

/// What follows from state alone is sent once.
#[tokio::test]
async fn a_part_without_a_time_has_a_tag() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let client = app.observer();
    for path in [part_of(1, "moved"), part_of(1, "progress")] {
        let first = client.get(&path).await.expect(200);
        let held = header_of(&first, header::ETAG).to_owned();
        app.clock.advance_millis(61_000);
        let again = Request::get(&path).header(header::IF_NONE_MATCH, &held);
        let again = client.send(again.body(Body::empty()).expect("a request")).await.expect(304);
        assert_eq!(again.body, "", "{path}");
    }
    let overview = client.get("/parts/overview").await.expect(200);
    assert_eq!(header_of(&overview, header::ETAG), "");
}

/// A part carries the policy of a page and not one script, whatever a node or a person said.
#[tokio::test]
async fn hostile_text_is_inert_in_every_part() {
    let text = made::HOSTILE;
    let overview = made::overview(made::headless(text), text);
    let then = made::answer(Stage::Explained, text).explanation.pinned;
    let mut now = then.clone();
    now.freeze = overview.freeze.clone().or(now.freeze);
    now.nodes.clear();
    let action = made::answer(Stage::Explained, text).action;
    let compared = Compared { action, stage: Stage::Explained, then, now, later: Vec::new() };
    let viewer = Some(ActorRole::Operator);
    for part in [
        Part::Overview { overview: Box::new(overview.clone()), viewer, unfinished: Box::default() },
        Part::Moved(Some(Box::new(compared))),
    ] {
        let response = render::parts(&SPEC, vec![part.clone()]).await;
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'nonce-"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        let html = drawn(part).await;
        assert!(!html.contains("<script") && !html.contains(['\u{202e}', '\u{1b}']), "{html}");
        for tag in html.split('<').filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
            assert!(!tag.contains("\" onload="), "an attribute was broken out of: {tag}");
        }
    }
    let page = draw(viewer, made::overview_page(overview.clone())).await;
    let part =
        drawn(Part::Overview { overview: Box::new(overview), viewer, unfinished: Box::default() })
            .await;
    assert!(page.contains(&part));
}

/// The decision is not open while it is known to be refused, and says who changed the cluster meanwhile.
#[tokio::test]
async fn confirming_is_shut_while_a_pinned_fact_differs_and_the_notice_says_who_did_what() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let button = |part: &str| {
        let (_, rest) = part.split_once("<button id=\"confirm-button\"").expect("the button");
        rest.split_once('>').expect("its end").0.to_owned()
    };
    let still = app.operator().get(&part_of(1, "moved")).await.expect(200).body;
    assert!(!button(&still).contains("disabled"), "{still}");
    assert!(!still.contains("Since then"), "{still}");
    app.operator().run(2, "stop_writes", json!({})).await;
    let seen = app.observer().get(&part_of(1, "moved")).await.expect(200).body;
    assert!(seen.contains("Since then") && !seen.contains("confirm-button"), "{seen}");
    let moved = app.operator().get(&part_of(1, "moved")).await.expect(200).body;
    assert!(button(&moved).contains("disabled"), "{moved}");
    assert!(moved.contains("Since then: stop writes by olga at 2026-"), "{moved}");
    let page = app.operator().get(&format!("/actions/{}", id(1))).await.expect(200).body;
    assert_eq!(page.matches("id=\"confirm-button\"").count(), 1, "{page}");
    // What moved back is as it was explained.
    app.operator().run(3, "resume_writes", json!({})).await;
    let back = app.operator().get(&part_of(1, "moved")).await.expect(200).body;
    assert!(!button(&back).contains("disabled"), "{back}");
    let why = json!({"reason": "not now"});
    let path = format!("/api/v1/actions/{}/withdraw", id(1));
    app.operator().post(&path, &why).await.expect(200);
    let ended = app.operator().get(&part_of(1, "moved")).await.expect(200).body;
    assert!(button(&ended).contains("disabled"), "{ended}");
}

/// C10.2: who did it is not for somebody with a link.
#[tokio::test]
async fn who_did_what_meanwhile_is_not_told_to_a_stakeholder() {
    let app = TestApp::new().await;
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let board = app.stakeholder(2, "board", &id(1)).await;
    app.operator().run(3, "stop_writes", json!({})).await;
    let moved = board.get(&part_of(1, "moved")).await.expect(200).body;
    assert!(moved.contains("Since then: stop writes by redacted"), "{moved}");
    assert!(!moved.contains("olga"), "{moved}");
}
