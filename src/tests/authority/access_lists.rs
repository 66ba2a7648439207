//! Who can get in, in lists that are longer than a page: every row is shown once, whatever its list.

use crate::harness::{Client, PASSWORD, TestApp};
use aerodb_control::model::link::ACCESS_ROWS_MAX;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What tells a row from the others, and the order that it stands in.
fn key(list: &str, row: &Value) -> (i64, String) {
    let text = |field: &str| row[field].as_str().expect("text").to_owned();
    let newest = |field: &str| {
        let at = aerodb_control::model::ambient::Timestamp::parse(&text(field)).expect("a time");
        -at.millis()
    };
    match list {
        "accounts" => (0, text("name")),
        "sessions" => (newest("began_at"), String::new()),
        "links" => (newest("issued_at"), text("id")),
        _ => (newest("issued_at"), text("name")),
    }
}

/// Every row of a list, by following what each answer names as the rest.
async fn walk(client: &Client, path: &str, list: &str) -> (Vec<Value>, usize) {
    let (mut rows, mut pages) = (Vec::new(), 0);
    let mut address = path.to_owned();
    loop {
        let answer = client.get(&address).await.expect(200).json();
        let page = answer[list].as_array().expect("a list").clone();
        assert!(page.len() <= ACCESS_ROWS_MAX as usize);
        if pages > 0 {
            let others = ["accounts", "sessions", "links", "tokens"];
            let others = others.iter().filter(|other| **other != list);
            let empty = others.filter_map(|other| answer[*other].as_array());
            assert!(empty.into_iter().all(Vec::is_empty), "one list alone");
            assert_eq!(answer["list"], list);
        }
        rows.extend(page);
        pages += 1;
        let more = answer["more"].as_array().expect("more").iter().find(|m| m["list"] == list);
        let Some(more) = more.cloned() else { return (rows, pages) };
        let after =
            serde_urlencoded::to_string([("after", more["after"].as_str().expect("a key"))]);
        address = format!("{path}?list={list}&{}", after.expect("a query"));
    }
}

/// C10.1: 500 accounts, and more of everything than a page holds, all made in one moment.
#[tokio::test]
async fn every_row_of_a_long_list_is_shown_once_and_in_order() {
    let app = TestApp::new().await;
    let access = &app.house.access;
    let per_account = 10;
    for number in 0..500 {
        access.add_account(&format!("p{number:03}"), "observer", PASSWORD).await.expect("made");
    }
    for number in 0..21 * per_account {
        let name = format!("p{:03}", number % 21);
        access.sign_in(&name, PASSWORD).await.expect("a session");
    }
    for number in 0..230 {
        access.issue_token(&format!("t{number:03}"), 60_000).await.expect("a token");
    }
    let olga = app.operator();
    for number in 0..205 {
        let body = json!({
            "link_id": format!("00000000-0000-4000-8000-{number:012x}"),
            "name": format!("l{number:03}"), "scope": "cluster", "expires": "1h",
        });
        olga.post("/api/v1/links", &body).await.expect(201);
    }
    let (anna, everybody) = (app.auditor(), "/api/v1/access/all");
    for (client, path, list, count, pages) in [
        (&anna, everybody, "accounts", 503, 3),
        (&anna, everybody, "sessions", 21 * per_account + 3, 2),
        (&anna, everybody, "links", 205, 2),
        (&anna, everybody, "tokens", 231, 2),
        (&olga, "/api/v1/access", "links", 205, 2),
        (&olga, "/api/v1/access", "tokens", 231, 2),
        (&olga, "/api/v1/access", "sessions", 1, 1),
    ] {
        let (rows, walked) = walk(client, path, list).await;
        assert_eq!((rows.len(), walked), (count, pages), "{path} {list}");
        let keys: Vec<_> = rows.iter().map(|row| key(list, row)).collect();
        assert!(keys.is_sorted(), "{path} {list}");
        if list != "sessions" {
            assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), count, "each once");
        }
    }
    // Nobody's session stands on both pages: every account has all of its own.
    let (rows, _) = walk(&anna, everybody, "sessions").await;
    let of = |name: &str| rows.iter().filter(|row| row["account"] == name).count();
    assert!((0..21).all(|number| of(&format!("p{number:03}")) == per_account));
    the_pages_lead_on(&app).await;
}

async fn the_pages_lead_on(app: &TestApp) {
    let first = app.auditor().get("/access/all").await.expect(200).body;
    let link = "/access/all?list=accounts&amp;after=p196";
    assert!(first.contains(link) && first.contains("The next 200 accounts"), "{first}");
    let next = app.auditor().get("/access/all?list=accounts&after=p196").await.expect(200).body;
    assert!(next.contains(">p197<") && next.contains(">p396<") && !next.contains(">p196<"));
    assert!(!next.contains(">p397<") && !next.contains("<h2>Tokens</h2>"));
    let links = app.operator().get("/access?list=links").await.expect(200).body;
    assert!(links.contains("/access?list=links&amp;after=") && !links.contains("link-scope"));
    for (query, field) in [
        ("?list=people", "list"),
        ("?after=p100", "after"),
        ("?list=links&after=x", "after"),
        ("?list=links&after=1.x", "after"),
        ("?list=tokens&after=x.1", "after"),
        ("?list=accounts&limit=5", "limit"),
    ] {
        let reply = app.auditor().get(&format!("/api/v1/access/all{query}")).await.expect(400);
        assert_eq!(reply.json()["refusal"]["field"], field, "{query}");
    }
    // Accounts are an auditor's alone, also as a part.
    let reply = app.operator().get("/api/v1/access?list=accounts").await.expect(400);
    assert!(!reply.body.contains("p100"));
}
