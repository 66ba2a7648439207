//! The one action of the ladder that runs in a session, and what becomes of an outcome that is not known,
//! through the public router.

use super::app::LadderApp;
use super::state::{LadderLoss, n};
use super::words::foreign;
use super::workflow::kinds;
use crate::harness::{Reply, id};
use serde_json::{Value, json};

/// Asks for a checkpoint of n2, or a stop of the writes, and confirms it; the action as it stands then.
async fn confirmed(app: &LadderApp, number: u8, kind: &str) -> Value {
    let node = if kind == "run_checkpoint" { "n2" } else { "n1" };
    let explained = app.asks(number, kind, json!({"node": node})).await.expect(201).json();
    app.olga.confirm(&explained).await.expect(200).json()
}

async fn resolves(app: &LadderApp, number: u8) -> Reply {
    let path = format!("/api/v1/actions/{}/resolve", id(number));
    app.olga.post(&path, &json!({"reason": "what became of it"})).await
}

async fn finds(app: &LadderApp, number: u8, executed: &str) -> Reply {
    let path = format!("/api/v1/actions/{}/finding", id(number));
    let found = json!({"executed": executed, "evidence": "pg_controldata of n2"});
    app.olga.post(&path, &found).await
}

fn entry(action: &Value, kind: &str) -> Value {
    let records = action["records"].as_array().expect("records").iter();
    let mut entries = records.map(|record| record["entry"].clone());
    entries.find(|entry| entry["kind"] == kind).expect(kind)
}

fn place(app: &LadderApp) -> u64 {
    app.ladder.change(|state| state.nodes[&n(2)].restart_point)
}

/// C4.2, C7.1: where no session can be opened nothing is sent, and the records say so.
#[tokio::test]
async fn where_no_session_is_opened_the_order_is_refused_and_nothing_ran() {
    let app = LadderApp::new().await;
    app.ladder.change(|state| state.is_full = true);
    let before = place(&app);
    let done = confirmed(&app, 1, "run_checkpoint").await;
    assert_eq!(done["stage"], "refused", "{done}");
    let refusal = &done["outcome"]["refusal"];
    assert_eq!(refusal["rule"], "no_connection_left");
    assert!(refusal["sentence"].as_str().expect("text").contains("n2 takes no more connections."));
    assert_eq!(entry(&done, "dispatched").get("session"), None, "there was none");
    assert_eq!((place(&app), app.ladder.change(|state| state.sessions)), (before, 0));
    // It holds nothing up, and what runs in no session needs no connection.
    let done = confirmed(&app, 2, "stop_writes_of").await;
    assert_eq!(done["stage"], "executed");
    assert_eq!(entry(&done, "dispatched"), json!({"kind": "dispatched", "expected_epoch": 3}));
}

/// C6.4: where it ran is on record before it is sent.
#[tokio::test]
async fn the_session_of_a_checkpoint_is_on_record_and_on_its_page() {
    let app = LadderApp::new().await;
    let done = confirmed(&app, 1, "run_checkpoint").await;
    assert_eq!(kinds(&done), ["requested", "explained", "confirmed", "dispatched", "executed"]);
    let session = &entry(&done, "dispatched")["session"];
    assert_eq!((&session["node"], &session["pid"]), (&json!("n2"), &json!(4201)), "{session}");
    let page = app.page(&format!("/actions/{}", id(1))).await;
    assert!(page.contains("node n2, pid 4201"), "{page}");
}

/// C7.3: a node that does not answer may answer later, so nobody has to testify.
#[tokio::test]
async fn a_node_that_does_not_answer_leaves_it_unknown_and_takes_no_finding() {
    let app = LadderApp::new().await;
    app.ladder.loses(LadderLoss::AfterIt);
    let open = confirmed(&app, 1, "run_checkpoint").await;
    assert_eq!((&open["stage"], &open["closing"]), (&json!("unknown"), &json!("resolution")));
    app.ladder.cut(2);
    let refused = resolves(&app, 1).await.expect(502).json();
    assert_eq!(refused["refusal"]["code"], "kernel_unreachable");
    let sentence = refused["refusal"]["sentence"].as_str().expect("text");
    assert!(sentence.contains("n2 does not answer"), "{sentence}");
    assert_eq!(finds(&app, 1, "yes").await.expect(409).code(), "provable");
    app.ladder.regain(2);
    assert_eq!(resolves(&app, 1).await.expect(409).code(), "cannot_settle");
    assert_eq!(finds(&app, 1, "yes").await.expect(200).json()["stage"], "found_executed");
}

/// C7.3: once the kernel said that it cannot tell, an operator says what was found, and until then nothing
/// else runs.
#[tokio::test]
async fn an_outcome_that_the_kernel_cannot_tell_is_closed_by_a_finding_and_holds_all_up_until_then()
{
    let app = LadderApp::new().await;
    for (number, loss, executed, stage) in [
        (1, LadderLoss::AfterIt, "yes", "found_executed"),
        (3, LadderLoss::OnTheWay, "no", "found_not_executed"),
    ] {
        app.ladder.loses(loss);
        let open = confirmed(&app, number, "run_checkpoint").await;
        assert_eq!((&open["stage"], &open["closing"]), (&json!("unknown"), &json!("resolution")));
        let held = app.asks(number + 1, "stop_writes_of", json!({"node": "n1"})).await;
        assert_eq!(held.expect(409).code(), "unresolved");
        assert_eq!(finds(&app, number, executed).await.expect(409).code(), "provable");
        let path = format!("/actions/{}", id(number));
        let page = app.page(&path).await;
        assert!(page.contains("/resolve\"") && !page.contains("/finding\""), "{page}");
        // No action of this kernel is a way out, and the page names none.
        assert!(page.contains("further mutations of this cluster are refused."), "{page}");
        for _ in 0..2 {
            let refused = resolves(&app, number).await.expect(409).json();
            assert_eq!(refused["refusal"]["code"], "cannot_settle");
            assert_eq!(refused["refusal"]["executed"], "unknown");
            let sentence = refused["refusal"]["sentence"].as_str().expect("text");
            assert!(sentence.contains("a checkpoint leaves no note on n2"), "{sentence}");
        }
        let page = app.page(&path).await;
        assert!(page.contains("/finding\""), "{page}");
        assert_eq!(foreign(&app.action(&id(number)).await.to_string()), Vec::<String>::new());
        let closed = finds(&app, number, executed).await.expect(200).json();
        assert_eq!(closed["stage"], stage);
        // It is closed, and nobody asks the kernel again.
        assert_eq!(resolves(&app, number).await.expect(409).code(), "wrong_stage");
    }
    app.olga.run(5, "stop_writes_of", json!({"node": "n1"})).await;
}

/// C7.3: what is noted where it is done is proven either way, and what was ruled out never runs.
#[tokio::test]
async fn what_runs_in_no_session_is_resolved_by_what_is_noted_of_it() {
    for (loss, stage) in [(LadderLoss::OnTheWay, "voided"), (LadderLoss::AfterIt, "executed")] {
        let app = LadderApp::new().await;
        app.ladder.loses(loss);
        let open = confirmed(&app, 1, "stop_writes_of").await;
        assert_eq!(open["stage"], "unknown", "{open}");
        assert_eq!(finds(&app, 1, "no").await.expect(409).code(), "provable");
        let resolved = resolves(&app, 1).await.expect(200).json();
        assert_eq!(resolved["stage"], stage, "{resolved}");
        let (receipts, voided) =
            app.ladder.change(|state| (state.receipts.len(), state.voided.len()));
        let ran = usize::from(stage == "executed");
        assert_eq!((receipts, voided), (ran, 1 - ran));
        let cluster = app.oscar.get("/api/v1/cluster").await.expect(200).json();
        assert_eq!(cluster["writes"] == "stopped", stage == "executed");
    }
}
