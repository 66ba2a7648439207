//! The lists that a form narrows down: what is refused, what is left, and what the address says.

use crate::harness::{Client, TestApp, id};
use aerodb_control::model::ambient::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn ask(client: &Client, number: u8, kind: &str, params: Value, reason: &str) {
    let body = json!({"action_id": id(number), "kind": kind, "params": params, "reason": reason});
    client.post("/api/v1/actions", &body).await.expect(201);
}

/// Four requests, by two operators, a minute after one another.
async fn requested() -> TestApp {
    let app = TestApp::new().await;
    app.house.access.add_account("otto", "operator", crate::harness::PASSWORD).await.expect("otto");
    let otto = app.sign_in("otto").await;
    let olga = app.operator();
    ask(&olga, 1, "switchover", json!({"to": "n2"}), "the disk of n1 grows warm").await;
    app.clock.advance_millis(60_000);
    ask(&otto, 2, "switchover", json!({"to": "n3"}), "planned work").await;
    app.clock.advance_millis(60_000);
    ask(&olga, 3, "stop_writes", json!({}), "planned work in the room").await;
    app.clock.advance_millis(60_000);
    ask(&otto, 4, "take_offline", json!({"node": "n2"}), "a new disk").await;
    app
}

fn ids(answer: &Value) -> BTreeSet<String> {
    let actions = answer["actions"].as_array().expect("a list").iter();
    actions.map(|line| line["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn a_field_that_only_records_have_is_refused_by_its_name_wherever_actions_are_listed() {
    let app = requested().await;
    let olga = app.operator();
    for query in ["kind=confirmed", "stage=executed", "node=n%201", "actor=Olga", "since=later"] {
        let field = query.split('=').next().expect("a field");
        for path in ["/api/v1/actions", "/api/v1/actions.csv", "/api/v1/actions.md"] {
            let answer = olga.get(&format!("{path}?{query}")).await.expect(400).json();
            assert_eq!(answer["refusal"]["field"], field, "{path} {query}");
        }
        let page = olga.get(&format!("/actions?{query}")).await.expect(400).body;
        assert!(page.contains("role=\"alert\"") && page.contains("action=\"/actions\""), "{page}");
    }
}

#[tokio::test]
async fn actions_are_found_by_who_asked_why_what_where_and_when_on_every_door() {
    let app = requested().await;
    let olga = app.operator();
    let newest = olga.get("/api/v1/actions?limit=1").await.expect(200).json();
    let asked_at = Timestamp::parse(newest["actions"][0]["requested_at"].as_str().expect("a time"));
    let since = asked_at.expect("a time").plus_millis(-90_000);
    for (query, numbers) in [
        (String::new(), vec![1, 2, 3, 4]),
        ("actor=otto".to_owned(), vec![2, 4]),
        ("text=planned+WORK".to_owned(), vec![2, 3]),
        ("action_kind=switchover".to_owned(), vec![1, 2]),
        ("node=n2".to_owned(), vec![1, 4]),
        ("text=disk&actor=otto".to_owned(), vec![4]),
        (format!("since={since}"), vec![3, 4]),
        (format!("until={since}"), vec![1, 2]),
        ("actor=nora".to_owned(), vec![]),
    ] {
        let wanted: BTreeSet<_> = numbers.into_iter().map(id).collect();
        let answer = olga.get(&format!("/api/v1/actions?{query}")).await.expect(200).json();
        assert_eq!(ids(&answer), wanted, "{query}");
        let page = olga.get(&format!("/actions?{query}")).await.expect(200).body;
        let (_, found) = page.split_once("id=\"found\"").expect("the list");
        let csv = olga.get(&format!("/api/v1/actions.csv?{query}")).await.expect(200).body;
        for number in 1..=4 {
            let id = id(number);
            let href = format!("<a href=\"/actions/{id}\">");
            assert_eq!(found.contains(&href), wanted.contains(&id), "{query}: {id}: {found}");
            assert_eq!(csv.contains(&id), wanted.contains(&id), "{query}: {id}: {csv}");
        }
    }
    let first = olga.get("/actions?limit=1&actor=otto").await.expect(200).body;
    assert!(
        first.contains("href=\"/actions?actor=otto&amp;before="),
        "the filter is kept: {first}"
    );
}

#[tokio::test]
async fn why_something_was_asked_stands_in_its_line() {
    let app = requested().await;
    let page = app.observer().get("/actions").await.expect(200).body;
    assert!(page.contains("<td class=\"says\">planned work in the room</td>"), "{page}");
    let whole = format!("<code>{}</code>", id(3));
    assert!(page.contains(&whole), "what a command takes can be read: {page}");
    let csv = app.observer().get("/api/v1/actions.csv").await.expect(200).body;
    assert!(csv.lines().next().expect("a head").ends_with(",interrupted,reason"), "{csv}");
    assert!(csv.contains("planned work in the room"), "{csv}");
}

/// What a form cannot be asked for with is told beside the form as it was filled in.
#[tokio::test]
async fn a_refused_filter_is_shown_on_its_own_page_with_everything_that_was_typed() {
    let app = TestApp::new().await;
    for (path, query, kept) in [
        ("/log", "node=n%201&actor=olga", ["value=\"n 1\"", "value=\"olga\""]),
        ("/log", "since=yesterday&text=disk", ["value=\"yesterday\"", "value=\"disk\""]),
        ("/timeline", "node=n%201&actor=olga", ["value=\"n 1\"", "value=\"olga\""]),
        ("/actions", "until=%3Cb%3E&node=n2", ["value=\"&lt;b&gt;\"", "value=\"n2\""]),
    ] {
        let page = app.observer().get(&format!("{path}?{query}")).await.expect(400).body;
        assert!(page.contains("role=\"alert\""), "{path}: {page}");
        let (_, form) = page.split_once("role=\"search\"").expect("a form");
        let form = form.split_once("</form>").expect("its end").0;
        for value in kept {
            assert!(form.contains(value), "{path}: {value}: {form}");
        }
        assert!(page.contains("<details open"), "{path}: {page}");
        assert!(!page.contains("id=\"found\""), "{path}: nothing was looked for: {page}");
    }
}

/// An address that is kept shows the same for ever.
#[tokio::test]
async fn a_window_that_is_asked_for_by_a_word_becomes_an_address_with_two_times() {
    let app = TestApp::new().await;
    let olga = app.operator();
    for (path, names) in [
        ("/log", ["since", "until"]),
        ("/actions", ["since", "until"]),
        ("/report", ["from", "to"]),
    ] {
        let page = olga.get(&format!("{path}?last=week")).await.expect(400).body;
        assert!(page.contains("one of hour, night, day"), "{path}: {page}");
        let page = olga.get(path).await.expect(200).body;
        for word in ["hour", "night", "day"] {
            let link = format!("href=\"{path}?last={word}\"");
            assert!(page.contains(&link), "{path}: {link}: {page}");
            let reply = olga.get(&format!("{path}?last={word}")).await.expect(303);
            let to = reply.location.expect("an address");
            assert!(to.starts_with(&format!("{path}?")) && !to.contains("last="), "{to}");
            for name in names {
                assert!(to.contains(&format!("{name}=20")), "{to}");
            }
            let shown = olga.get(&to).await.expect(200).body;
            assert!(!shown.contains("role=\"alert\""), "{to}: {shown}");
        }
    }
    let kept = olga.get("/log?last=hour&actor=olga").await.expect(303).location.expect("it");
    assert!(kept.contains("actor=olga"), "{kept}");
}

#[tokio::test]
async fn a_time_is_read_as_a_person_types_it_and_nothing_is_guessed() {
    let app = requested().await;
    let olga = app.operator();
    for bad in
        ["1.2.2026", "2026-02-30", "2026-01-31T09:30[Europe/Berlin]", "09:30", "2026-01-31 9:30"]
    {
        let query = serde_urlencoded::to_string([("since", bad)]).expect("a query");
        let answer = olga.get(&format!("/api/v1/log?{query}")).await.expect(400).json();
        assert_eq!(answer["refusal"]["field"], "since", "{bad}");
    }
    for (typed, meant) in [
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2026-01-31 09:30", "2026-01-31T09:30:00Z"),
        ("2026-01-31T09:30:15", "2026-01-31T09:30:15Z"),
        ("2026-01-31T09:30:00+02:00", "2026-01-31T07:30:00Z"),
    ] {
        let read = Timestamp::parse_typed(typed).expect(typed);
        assert_eq!(read, Timestamp::parse(meant).expect("a time"), "{typed}");
    }
}
