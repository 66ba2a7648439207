//! A whole workflow over the ladder, through the public router.

use super::app::LadderApp;
use super::contract::action;
use super::words::foreign;
use crate::harness::id;
use aerodb_control::ledger::{ExpectedLog, verify_file};
use aerodb_control::store::DATABASE_FILE;
use serde_json::{Value, json};

/// The records of an action, by kind.
pub(super) fn kinds(action: &Value) -> Vec<&str> {
    let records = action["records"].as_array().expect("records");
    records.iter().map(|record| record["entry"]["kind"].as_str().expect("a kind")).collect()
}

/// C3.1, C3.2, C3.3, C3.4.
#[tokio::test]
async fn a_request_is_explained_confirmed_and_executed_once_in_the_words_of_its_kernel() {
    let app = LadderApp::new().await;
    let explained = app.asks(1, "stop_writes_of", json!({"node": "n1"})).await.expect(201).json();
    let explanation = &explained["explanation"];
    assert_eq!(explanation["typed_target"], "orders");
    let effect = json!({
        "subject": "cluster", "fact": "writes", "before": "accepted", "after": "stopped",
    });
    assert_eq!(explanation["effects"], json!([effect]));
    assert_eq!(explanation["engine_command"], "ladder: set default_transaction_read_only");
    let items = explanation["pinned"]["items"].as_array().expect("what a node has several of");
    assert_eq!((items.len(), &items[0]["name"]), (2, &json!("reports")));
    // An observer reads it and confirms nothing.
    let told = app.action(&id(1)).await;
    assert_eq!(told["digest"], explained["digest"]);
    app.oscar.confirm(&explained).await.expect(403);
    let done = app.olga.confirm(&explained).await.expect(200).json();
    assert_eq!(done["stage"], "executed", "{done}");
    assert_eq!(done["outcome"]["differences"], json!([]), "{done}");
    assert_eq!(kinds(&done), ["requested", "explained", "confirmed", "dispatched", "executed"]);
    let again = app.olga.confirm(&explained).await.expect(200).json();
    assert_eq!((&again["stage"], &again["duplicate"]), (&json!("executed"), &json!(true)));
    let orders = app.ladder.change(|state| state.receipts.len());
    assert_eq!(orders, 1, "nothing ran again");
}

/// Two timelines, predicted as they were found.
#[tokio::test]
async fn a_promotion_turns_history_off_and_is_found_as_it_was_explained() {
    let app = LadderApp::new().await;
    app.olga.run(1, "stop_writes_of", json!({"node": "n1"})).await;
    let done = app.olga.run(2, "promote_standby", json!({"to": "n2"})).await;
    assert_eq!(done["outcome"]["differences"], json!([]), "{done}");
    assert_eq!(done["outcome"]["receipt"]["epoch"], 4);
    let cluster = app.oscar.get("/api/v1/cluster").await.expect(200).json();
    assert_eq!((&cluster["primary"], &cluster["timeline"]), (&json!("n2"), &json!(4)));
    let checked = app.olga.run(3, "run_checkpoint", json!({"node": "n4"})).await;
    assert_eq!(checked["outcome"]["differences"], json!([]), "{checked}");
}

/// C4.2: the refusal names the invariant of this kernel, in its words.
#[tokio::test]
async fn a_rejection_names_the_invariant_of_its_kernel() {
    let app = LadderApp::new().await;
    let refused = app.asks(1, "promote_standby", json!({"to": "n2"})).await.expect(412).json();
    let refusal = &refused["refusal"];
    assert_eq!(refusal["invariants"], json!(["writes_halted"]));
    assert!(refusal["sentence"].as_str().expect("text").contains("No node accepts writes"));
    let page = app.page(&format!("/actions/{}", id(1))).await;
    assert!(page.contains("Promote n2") && page.contains("No node accepts writes."), "{page}");
    // A slot that the node does not have is a field at fault, as a node that is no member is.
    for (number, params, field) in [
        (2, json!({"node": "n9", "slot": "reports"}), "node"),
        (3, json!({"node": "n1", "slot": "absent"}), "slot"),
    ] {
        let refused = app.asks(number, "drop_slot", params).await.expect(412).json();
        assert_eq!(refused["refusal"]["field"], field, "{refused}");
    }
    app.asks(4, "drop_slot", json!({"node": "n1"})).await.expect(400);
    let refused = app.asks(5, "switchover", json!({"to": "n2"})).await.expect(400).json();
    assert_eq!(refused["refusal"]["field"], "kind");
    assert!(refused.to_string().contains("promote_standby"), "{refused}");
}

/// C3.3: a pinned fact of a node, and one of a slot.
#[tokio::test]
async fn a_confirmation_is_stale_where_a_pinned_fact_moved_and_not_where_a_position_did() {
    let app = LadderApp::new().await;
    let dropped = json!({"node": "n1", "slot": "reports"});
    let explained = app.asks(1, "drop_slot", dropped.clone()).await.expect(201).json();
    app.ladder.change(|state| state.write(100_000));
    app.ladder.cut(4);
    let stale = app.olga.confirm(&explained).await.expect(409).json();
    assert_eq!(stale["refusal"]["code"], "stale");
    let moved = stale["refusal"]["moved"].to_string();
    assert!(moved.contains("reachable") && !moved.contains("flushed"), "{moved}");
    app.ladder.regain(4);
    let explained = app.asks(2, "drop_slot", dropped.clone()).await.expect(201).json();
    app.ladder.change(|state| {
        let n1 = state.nodes.get_mut(&super::state::n(1)).expect("n1");
        n1.slots.get_mut("reports").expect("the slot").is_active = true;
    });
    let stale = app.olga.confirm(&explained).await.expect(409).json();
    let moved = json!({
        "subject": {"item": {"kind": "slot", "node": "n1", "name": "reports"}},
        "fact": "active", "before": false, "after": true,
    });
    assert!(stale["refusal"]["moved"].as_array().expect("facts").contains(&moved), "{stale}");
    app.ladder.change(|state| {
        let n1 = state.nodes.get_mut(&super::state::n(1)).expect("n1");
        n1.slots.get_mut("reports").expect("the slot").is_active = false;
    });
    // What moves all the time moves beside an open confirmation.
    let explained = app.asks(3, "drop_slot", dropped).await.expect(201).json();
    app.ladder.change(|state| state.write(100_000));
    let done = app.olga.confirm(&explained).await.expect(200).json();
    assert_eq!(done["outcome"]["differences"], json!([]), "{done}");
    let cluster = app.oscar.get("/api/v1/cluster").await.expect(200).json();
    assert_eq!(cluster["items"].as_array().expect("items").len(), 1);
}

/// C9.1, C9.3: reads of the log, its verification and the report, by everybody who may.
#[tokio::test]
async fn the_log_of_it_is_read_verified_and_reported_in_the_words_of_its_kernel() {
    let app = LadderApp::new().await;
    app.olga.run(1, "run_checkpoint", json!({"node": "n2"})).await;
    for client in [&app.oscar, &app.anna] {
        let log = client.get("/api/v1/log?limit=200").await.expect(200).json();
        let kinds: Vec<_> = log["records"].as_array().expect("records").iter().rev().collect();
        assert!(kinds.iter().any(|record| record["entry"]["kind"] == "executed"), "{log}");
    }
    let report = app.anna.get(&format!("/actions/{}/report.md", id(1))).await.expect(200).body;
    assert!(report.contains("run a checkpoint on n2"), "{report}");
    assert!(report.contains("for timeline 3"), "{report}");
    assert_eq!(foreign(&report), Vec::<String>::new());
    let window = "/report.md?from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z";
    let window = app.anna.get(window).await.expect(200).body;
    assert_eq!(foreign(&window), Vec::<String>::new());
    let by_node = app.anna.get("/api/v1/log?node=n2&kind=requested").await.expect(200).json();
    assert_eq!(by_node["records"].as_array().expect("records").len(), 1);
    let by_kind = app.anna.get("/api/v1/log?action_kind=run_checkpoint").await.expect(200).json();
    assert!(!by_kind["records"].as_array().expect("records").is_empty());
    let verified =
        verify_file(&app.dir().join(DATABASE_FILE), &ExpectedLog::default(), &mut |_| {});
    verified.expect("a whole log");
}

/// The timeline of the console: what the kernel did stands between the order and its answer.
#[tokio::test]
async fn events_of_this_kernel_are_ordered_beside_the_log_by_their_receipts() {
    let app = LadderApp::new().await;
    app.olga.run(1, "stop_writes_of", json!({"node": "n1"})).await;
    app.olga.run(2, "promote_standby", json!({"to": "n2"})).await;
    let timeline = app.anna.get("/api/v1/timeline?limit=50").await.expect(200).json();
    let text = timeline.to_string();
    assert!(text.contains("timeline_began") && text.contains("\"4.16818176."), "{text}");
    assert_eq!(foreign(&text), Vec::<String>::new());
    assert_eq!(action("promote_standby", &json!({"to": "n2"})).node(), Some(super::state::n(2)));
}
