//! What somebody with a link reads: state, what happened and when, and nothing that leads to a refusal.

use crate::harness::{Client, TestApp, id};
use aerodb_control::model::text::NodeId;
use serde_json::json;
use std::collections::BTreeSet;

/// A cluster in which much is going on, and somebody with a link to its first action.
async fn busy() -> (TestApp, Client) {
    let app = TestApp::new().await;
    let olga = app.operator();
    let first = olga.request(1, "switchover", json!({"to": "n2"})).await.expect(201).json();
    olga.confirm(&first).await.expect(200);
    let backup = olga.request(2, "create_backup", json!({"name": "before-monday"})).await;
    olga.confirm(&backup.expect(201).json()).await.expect(200);
    olga.request(3, "create_backup", json!({"name": "after-monday"})).await.expect(201);
    olga.request(4, "failover", json!({"to": "n2"})).await.expect(412);
    app.kernel().partition(&NodeId::numbered(3)).await;
    let freeze = json!({"freeze_id": id(5), "reason": "a week of holidays"});
    olga.post("/api/v1/freeze", &freeze).await.expect(200);
    let board = app.stakeholder(6, "board", &id(1)).await;
    (app, board)
}

fn pages() -> Vec<String> {
    let of_action = ["", "/moved", "/progress"].map(|part| match part {
        "" => format!("/actions/{}", id(1)),
        part => format!("/parts/actions/{}{part}", id(1)),
    });
    let others = ["/", "/timeline", "/timeline?kind=actions", "/timeline?node=n%201", "/help"];
    let parts = ["/parts/overview", "/parts/status"];
    others.into_iter().chain(parts).map(str::to_owned).chain(of_action).collect()
}

#[tokio::test]
async fn no_page_of_a_stakeholder_leads_to_an_address_that_is_refused_to_them() {
    let (app, board) = busy().await;
    let mut found = BTreeSet::new();
    for page in pages() {
        let body = board.get(&page).await.body;
        for part in body.split("href=\"/").skip(1).chain(body.split("action=\"/").skip(1)) {
            let address = part.split('"').next().expect("an address").replace("&amp;", "&");
            found.insert((format!("/{address}"), page.clone()));
        }
    }
    assert!(
        found.iter().any(|(address, _)| *address == format!("/actions/{}", id(1))),
        "{found:?}"
    );
    for (address, page) in found {
        let is_file = address.starts_with("/pkg/") || address == "/favicon.svg";
        let is_sign_out = address == "/logout";
        if is_file || is_sign_out {
            continue;
        }
        let status = board.head_status(&address).await;
        assert!([200, 303].contains(&status), "{page} leads to {address}: {status}");
    }
    // The same addresses exist for others: it is the reader who is led elsewhere.
    let whole = app.observer().get("/").await.expect(200).body;
    assert!(whole.contains("href=\"/nodes/n1\""), "{whole}");
}

/// C10.2: what is hidden is said to be hidden, in words and once, and no cell stands for it.
#[tokio::test]
async fn what_a_stakeholder_may_not_see_is_left_out_and_said_so_once() {
    let (_app, board) = busy().await;
    for page in ["/", "/timeline", "/parts/overview", &format!("/actions/{}", id(1))] {
        let body = board.get(page).await.expect(200).body;
        assert_eq!(body.matches("redacted").count(), 1, "{page}: {body}");
        assert!(body.contains("every name that a person gave are redacted"), "{page}: {body}");
        for hidden in ["olga", "monday", "holidays"] {
            assert!(!body.contains(hidden), "{page}: {hidden}: {body}");
        }
    }
}

#[tokio::test]
async fn a_stakeholder_reads_sentences_of_what_happened_and_how_the_cluster_stands() {
    let (app, board) = busy().await;
    let overview = board.get("/").await.expect(200).body.replace("<!>", "");
    for says in [
        "<dt>Primary</dt><dd><span>n2</span>",
        "<dt>Writes</dt><dd><span>accepted</span>",
        "<dt>Frozen</dt>",
        "<dt>Reachable voters</dt><dd><span>2</span><small class=\"margin\">No further failure",
        "<th scope=\"row\">n3</th>",
        "Waiting for confirmation",
        "<strong>Create a backup</strong>",
    ] {
        assert!(overview.contains(says), "{says}: {overview}");
    }
    assert!(!overview.contains("Free space"), "what is sensitive is not there at all: {overview}");
    let told = board.get("/timeline").await.expect(200).body;
    for says in [
        "Switchover to n2: was requested.",
        "Switchover to n2: ran, once.",
        "Create a backup: was explained and waits for a confirmation.",
        "Failover to n2: was rejected, because a condition does not hold or is unknown; nothing ran.",
        "n3: ",
        "Frozen.",
    ] {
        assert!(told.contains(says), "{says}: {told}");
    }
    let whole = app.observer().get("/timeline").await.expect(200).body;
    let times = |page: &str| page.matches("<time ").count();
    let in_main = |page: &str| page.split_once("id=\"main\"").expect("the content").1.to_owned();
    assert_eq!(times(&in_main(&told)), times(&in_main(&whole)) - 1, "nothing is passed over");
    let action = board.get(&format!("/actions/{}", id(1))).await.expect(200).body;
    assert!(action.contains("It ran, once."), "{action}");
    assert!(!action.contains("<form class=\"form\" method=\"post\""), "{action}");
}
