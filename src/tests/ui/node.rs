//! The page of one node: every fact with its source, and the same checks as a request gets.

use crate::harness::{TestApp, id};
use crate::kernel_words::CATALOGUE;
use serde_json::{Value, json};

#[tokio::test]
async fn a_node_that_is_none_and_a_name_that_is_none_are_told_apart_on_both_doors() {
    let app = TestApp::new().await;
    for (name, status, words) in [("n9", 404, "has no node n9"), ("N1", 400, "The field id must")] {
        let page = app.observer().get(&format!("/nodes/{name}")).await.expect(status);
        assert!(page.body.contains(words) && page.body.contains("<h1>Refused</h1>"), "{name}");
        let api = app.observer().get(&format!("/api/v1/nodes/{name}/overview")).await;
        assert!(api.expect(status).body.contains(words), "{name}");
    }
    for query in ["before=x", "after=1.1.1", "before=1.1"] {
        app.observer().get(&format!("/nodes/n1?{query}")).await.expect(400);
    }
}

/// What a request would be told, for the checks that do not pass.
async fn explained(app: &TestApp, action: &Value) -> (String, Vec<Value>) {
    let mut query = format!("kind={}&reason=r", action["kind"].as_str().expect("a kind"));
    for (name, value) in action["params"].as_object().expect("parameters") {
        query.push_str(&format!("&{name}={}", value.as_str().expect("text")));
    }
    let answer = app.operator().get(&format!("/api/v1/explain?{query}")).await.expect(200).json();
    let checks = answer["explanation"]["checks"].as_array().expect("checks").clone();
    let verdicts: Vec<_> = checks.iter().map(|c| c["verdict"].as_str().expect("a word")).collect();
    let verdict = ["fail", "unknown"].into_iter().find(|verdict| verdicts.contains(verdict));
    let verdict = verdict.unwrap_or("pass").to_owned();
    (verdict, checks.into_iter().filter(|check| check["verdict"] != "pass").collect())
}

#[tokio::test]
async fn every_action_that_names_a_node_is_judged_on_its_page_as_a_request_is() {
    let app = TestApp::new().await;
    let mut judged = 0;
    for step in 0..3 {
        match step {
            1 => drop(app.operator().run(1, "take_checkpoint", json!({"node": "n2"})).await),
            2 => {
                app.operator().run(2, "take_offline", json!({"node": "n1"})).await;
                let freeze = json!({"freeze_id": id(9), "reason": "a storage incident"});
                app.operator().post("/api/v1/freeze", &freeze).await.expect(200);
            }
            _ => {}
        }
        for node in ["n1", "n2", "n3"] {
            let path = format!("/api/v1/nodes/{node}/overview");
            let answer = app.observer().get(&path).await.expect(200).json();
            let actions = answer["actions"].as_array().expect("actions");
            let kinds: Vec<_> = actions.iter().map(|a| a["action"]["kind"].clone()).collect();
            let named = CATALOGUE.actions().filter(|action| action.node_parameter().is_some());
            assert_eq!(kinds, named.map(|action| json!(action.kind)).collect::<Vec<_>>());
            for action in actions {
                let (verdict, against) = explained(&app, &action["action"]).await;
                assert_eq!(action["verdict"], verdict, "{action}");
                assert_eq!(action["against"], json!(against), "{action}");
                judged += 1;
            }
        }
    }
    println!("{judged} judgements, each the same as that of a request");
}

#[tokio::test]
async fn the_page_shows_what_was_asked_and_what_happened_and_offers_nothing_to_an_observer() {
    let app = TestApp::new().await;
    app.operator().run(1, "take_offline", json!({"node": "n3"})).await;
    let page = app.operator().get("/nodes/n3").await.expect(200).body;
    for words in [
        "<h1>Node n3</h1>",
        "<code>node_lost</code>",
        &format!("/actions/{}", id(1)),
        "not known since",
        "/actions/new?kind=bring_online&amp;node=n3",
        "<span class=\"impossible\">Take n3 offline</span>",
        "<code>node_online</code>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = app.observer().get("/nodes/n3").await.expect(200).body;
    assert!(!page.contains("/actions/new"), "{page}");
    // A node that nothing was asked of says so.
    let page = app.observer().get("/nodes/n2").await.expect(200).body;
    assert!(page.contains("Nothing was asked of it."), "{page}");
}

#[tokio::test]
async fn the_name_of_a_node_leads_to_its_page_wherever_it_heads_a_row() {
    let app = TestApp::new().await;
    let overview = app.observer().get("/").await.expect(200).body;
    for node in ["n1", "n2", "n3"] {
        let link = format!("href=\"/nodes/{node}\"");
        // The table of nodes, and the two tables that say why not; the primary stands in the facts and
        // in the strip.
        let wanted = if node == "n1" { 5 } else { 3 };
        assert_eq!(overview.matches(&link).count(), wanted, "{node}");
    }
}
