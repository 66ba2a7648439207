//! What no program can see of a host, attested to the ladder through the public router: the check that
//! waited for it passes with it, is unknown without, and fails where the node answers.

use super::app::LadderApp;
use super::state::n;
use super::words::foreign;
use super::workflow::kinds;
use crate::harness::{Reply, id};
use serde_json::{Value, json};

/// Asks for a node to be made anew, with these words.
async fn asked(app: &LadderApp, number: u8, node: &str, attested: &Value) -> Reply {
    let body = json!({
        "action_id": id(number), "kind": "rebuild_node", "params": {"node": node},
        "attested": attested, "reason": "its host burnt",
    });
    app.olga.post("/api/v1/actions", &body).await
}

/// The check that waits for somebody's word.
fn of_host(action: &Value) -> Value {
    let checks = action["explanation"]["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["invariant"] == "host_is_off").expect("the check").clone()
}

/// C6.1: what nobody attested is unknown, and unknown rejects.
#[tokio::test]
async fn what_nobody_attested_is_unknown_and_rejects() {
    let app = LadderApp::new().await;
    let refused = asked(&app, 1, "n3", &json!({})).await.expect(412).json();
    assert_eq!(refused["refusal"]["invariants"], json!(["host_is_off"]));
    let told = app.action(&id(1)).await;
    assert_eq!(of_host(&told)["verdict"], "unknown");
    assert_eq!(kinds(&told), ["requested", "rejected"]);
    // A program that knows no attestations asks as it always did.
    app.asks(2, "rebuild_node", json!({"node": "n3"})).await.expect(412);
}

/// C4.2: what is attested has the one form that the spec names, and no other action takes it.
#[tokio::test]
async fn what_the_spec_does_not_ask_for_is_refused_by_its_name() {
    let app = LadderApp::new().await;
    for (attested, field) in [
        (json!({"host_off": "no"}), "attested.host_off"),
        (json!({"host_is_off": "yes"}), "attested.host_is_off"),
        (json!({"host_off": "yes", "force": "yes"}), "attested.force"),
    ] {
        let refused = asked(&app, 1, "n3", &attested).await.expect(400).json();
        assert_eq!(refused["refusal"]["field"], field, "{refused}");
    }
    let path = "/api/v1/explain?kind=detach_standby&node=n4&reason=r&attested.host_off=yes";
    let refused = app.olga.get(path).await.expect(400).json();
    assert_eq!(refused["refusal"]["field"], "attested.host_off", "{refused}");
}

/// C2.5: it is evidence for one check, against no observation, and for no other check.
#[tokio::test]
async fn a_word_against_what_is_observed_makes_no_check_pass() {
    let app = LadderApp::new().await;
    let word = json!({"host_off": "yes"});
    let refused = asked(&app, 1, "n2", &word).await.expect(412).json();
    assert_eq!(refused["refusal"]["invariants"], json!(["host_is_off"]));
    let check = of_host(&app.action(&id(1)).await);
    assert_eq!(
        (&check["verdict"], &check["evidence"][0]["observed"]),
        (&json!("fail"), &json!("it answers"))
    );
    app.ladder.cut(1);
    let refused = asked(&app, 2, "n1", &word).await.expect(412).json();
    assert_eq!(refused["refusal"]["invariants"], json!(["rung_copies"]));
    assert_eq!(of_host(&app.action(&id(2)).await)["verdict"], "pass");
    // A node that answers again before it is confirmed is another state than the one explained.
    let explained = asked(&app, 3, "n3", &word).await.expect(201).json();
    app.ladder.regain(3);
    let stale = app.olga.confirm(&explained).await.expect(409).json();
    assert_eq!(stale["refusal"]["code"], "stale");
    let nodes = app.ladder.change(|state| state.nodes[&n(3)].follows.clone());
    assert_eq!((nodes, app.ladder.change(|state| state.receipts.len())), (Some(n(1)), 0));
}

/// C3.3, C9.1: the word stands under a name in the explanation, the record and the report, and reaches the
/// kernel with the order.
#[tokio::test]
async fn a_node_whose_host_is_attested_to_be_off_is_made_anew() {
    let app = LadderApp::new().await;
    let word = json!({"host_off": "yes"});
    let explained = asked(&app, 1, "n3", &word).await.expect(201).json();
    let check = of_host(&explained);
    assert_eq!(check["verdict"], "pass");
    assert_eq!(check["evidence"][0]["source"], "attested by olga in this request");
    assert_eq!(explained["explanation"]["attested"], word);
    let page = app.page(&format!("/actions/{}", id(1))).await;
    assert!(page.contains("The old host of the node is off."), "{page}");
    let done = app.olga.confirm(&explained).await.expect(200).json();
    assert_eq!(done["stage"], "executed", "{done}");
    assert_eq!(done["outcome"]["differences"], json!([]), "{done}");
    let requested = &done["records"].as_array().expect("records")[0]["entry"];
    assert_eq!(requested["attested"], word);
    let cluster = app.oscar.get("/api/v1/cluster").await.expect(200).json();
    let n3 = &cluster["nodes"].as_array().expect("nodes")[2];
    assert_eq!((&n3["role"], &n3["follows"]), (&json!("standby"), &json!("n1")), "{n3}");
    let report = app.anna.get(&format!("/actions/{}/report.md", id(1))).await.expect(200).body;
    assert!(report.contains("The old host of the node is off."), "{report}");
    assert_eq!(foreign(&report), Vec::<String>::new());
}

/// A write that waited for the node waits no more, as it was predicted.
#[tokio::test]
async fn a_synchronous_standby_that_is_made_anew_lets_writes_go_on_as_it_was_explained() {
    let app = LadderApp::new().await;
    app.ladder.cut(2);
    let cluster = app.oscar.get("/api/v1/cluster").await.expect(200).json();
    assert_eq!(cluster["writes"], "waiting");
    let explained = asked(&app, 1, "n2", &json!({"host_off": "yes"})).await.expect(201).json();
    let effects = explained["explanation"]["effects"].to_string();
    assert!(effects.contains("waiting"), "{effects}");
    let done = app.olga.confirm(&explained).await.expect(200).json();
    assert_eq!(done["outcome"]["differences"], json!([]), "{done}");
    let cluster = app.oscar.get("/api/v1/cluster").await.expect(200).json();
    assert_eq!(cluster["writes"], "accepted");
}
