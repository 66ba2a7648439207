//! Where no kernel can prove the outcome, an operator's word closes the action; nowhere else.

use crate::harness::{TestApp, id};
use crate::kernel::mute::MuteApp;
use aerodb_control::model::session::Session;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

fn path(number: u8, what: &str) -> String {
    format!("/api/v1/actions/{}/{what}", id(number))
}

fn found(executed: &str) -> Value {
    json!({"executed": executed, "evidence": "the fence shows in the engine's own status"})
}

pub(crate) async fn kinds(app: &MuteApp) -> Vec<String> {
    let page = app.olga.get("/api/v1/log?limit=200").await.expect(200).json();
    let records = page["records"].as_array().expect("records").clone();
    let kind = |r: &Value| r["entry"]["kind"].as_str().expect("a kind").to_owned();
    records.iter().rev().map(kind).collect()
}

/// An action whose answer is lost.
async fn unknown(app: &MuteApp, number: u8) -> Value {
    let explained = app.olga.request(number, "stop_writes", json!({})).await.expect(201).json();
    let shown = app.olga.confirm(&explained).await.expect(200).json();
    assert_eq!(shown["stage"], "unknown", "{shown}");
    explained
}

async fn fence(app: &MuteApp) -> Value {
    app.olga.get("/api/v1/cluster").await.expect(200).json()["write_fence"].clone()
}

/// C4.1, C4.2.
#[tokio::test]
async fn a_kernel_that_can_resolve_takes_no_finding_and_the_refusal_names_the_invariant() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let explained = olga.request(1, "stop_writes", json!({})).await.expect(201).json();
    let refused = olga.post(&path(1, "finding"), &found("no")).await.expect(409);
    assert_eq!(refused.code(), "wrong_stage", "it is not open");
    olga.confirm(&explained).await.expect(200);
    let refused = olga.post(&path(1, "finding"), &found("no")).await.expect(409);
    assert_eq!(refused.code(), "wrong_stage", "what has a receipt is not found otherwise");
    olga.post(&path(9, "finding"), &found("no")).await.expect(404);
    // An open action, as a stop of the process leaves it, of a kernel that can resolve.
    app.house.quiet().await;
    let app = with_an_open_action().await;
    let refused = app.operator().post(&path(1, "finding"), &found("yes")).await.expect(409);
    assert_eq!(refused.code(), "provable");
    assert_eq!(refused.json()["refusal"]["invariants"], json!(["no_proof"]));
    assert_eq!(refused.json()["refusal"]["executed"], "unknown", "never more than is known");
    assert_eq!(app.record_kinds().await.last().map(String::as_str), Some("declined"));
    let page = app.operator().get(&format!("/actions/{}", id(1))).await.expect(200).body;
    assert!(page.contains("/resolve\"") && !page.contains("/finding\""));
}

/// The records of an order that was dispatched and never ended, written beside the server.
pub(crate) async fn with_an_open_action() -> TestApp {
    use aerodb_control::ledger::Draft;
    use aerodb_control::model::canonical::Hash;
    use aerodb_control::model::record::Entry;
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    let ledger = crate::records::ledger_beside(app.dir(), app.clock.clone());
    let action = aerodb_control::model::action::ActionId::parse(&id(1)).expect("an id");
    let digest = Hash::parse(explained["digest"].as_str().expect("text")).expect("a digest");
    let snapshot = explained["records"][1]["entry"]["snapshot"].as_str().expect("a hash");
    let snapshot = Hash::parse(snapshot).expect("a hash");
    let entries = [
        Entry::Confirmed {
            digest,
            typed_target: Some("aerodb".to_owned()),
            snapshot,
            proved: None,
        },
        Entry::Dispatched { generation: Some(1), session: Session::none() },
    ];
    let olga = Some(crate::records::alice());
    let drafts = entries.map(|entry| Draft::new(olga.clone(), Some(action), entry));
    ledger.append(drafts.into()).await.expect("appended");
    app
}

/// C6.3, C7.3.
/// `nothing_unresolved`.
#[tokio::test]
async fn an_outcome_that_nobody_can_prove_is_closed_by_a_finding_and_by_nothing_else() {
    let app = MuteApp::new().await;
    let explained = unknown(&app, 1).await;
    assert_eq!(fence(&app).await, "standing", "it really ran");
    // Until then nothing else runs.
    let other = app.olga.request(2, "resume_writes", json!({})).await.expect(409);
    assert_eq!(other.code(), "unresolved");
    let why = json!({"reason": "what became of it"});
    let refused = app.olga.post(&path(1, "resolve"), &why).await.expect(409);
    assert_eq!(refused.code(), "cannot_settle");
    assert_eq!(refused.json()["refusal"]["executed"], "unknown");
    assert_eq!(
        app.link.resolutions.load(Ordering::SeqCst),
        0,
        "it was not asked for the impossible"
    );
    let page = app.olga.get(&format!("/actions/{}", id(1))).await.expect(200).body;
    assert!(page.contains("/finding\"") && !page.contains("/resolve\""));
    let ticked = |input: &str| input.split('>').next().is_some_and(|tag| tag.contains(" checked"));
    assert!(!page.split("<input").skip(1).any(ticked), "nothing is ticked in advance");

    let done = app.olga.post(&path(1, "finding"), &found("yes")).await.expect(200).json();
    assert_eq!(done["stage"], "found_executed");
    assert_eq!(done["outcome"]["result"], "found");
    assert_eq!(
        (&done["outcome"]["by"], &done["outcome"]["executed"]),
        (&json!("olga"), &json!("yes"))
    );
    // The same delivery again is a repetition; another word comes too late.
    let again = app.olga.post(&path(1, "finding"), &found("yes")).await.expect(200).json();
    assert_eq!(again["duplicate"], true);
    let late = app.olga.post(&path(1, "finding"), &found("no")).await.expect(409);
    assert_eq!(late.code(), "wrong_stage");
    // A late confirmation is answered with what is known, and sends nothing.
    let repeated = app.olga.confirm(&explained).await.expect(200).json();
    assert_eq!((&repeated["stage"], &repeated["duplicate"]), (&done["stage"], &json!(true)));
    assert_eq!(app.link.orders.load(Ordering::SeqCst), 1);
    let kinds = kinds(&app).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "finding").count(), 1);
    // The cluster is free again, from the state that it is in.
    app.olga.request(3, "resume_writes", json!({})).await.expect(201);
    let verified = aerodb_control::ledger::verify_file(
        app.store.path(),
        &aerodb_control::ledger::ExpectedLog::default(),
        &mut |_| {},
    );
    verified.expect("a whole log");
}

#[tokio::test]
async fn an_order_that_was_lost_on_the_way_is_found_not_executed() {
    let app = MuteApp::new().await;
    MuteApp::set(&app.link.loses_orders);
    unknown(&app, 1).await;
    assert_eq!(fence(&app).await, "lifted");
    let done = app.olga.post(&path(1, "finding"), &found("no")).await.expect(200).json();
    assert_eq!(done["stage"], "found_not_executed");
    let page = app.olga.get(&format!("/actions/{}", id(1))).await.expect(200).body;
    assert!(page.contains("Found: it did not run"));
    assert!(
        page.contains("the fence shows in the engine&#x27;s own status")
            || page.contains("the fence shows in the engine's own status")
    );
}

#[tokio::test]
async fn a_proof_that_the_kernel_holds_is_resolved_and_never_overruled_by_a_word() {
    let app = MuteApp::new().await;
    unknown(&app, 1).await;
    MuteApp::set(&app.link.shows_receipts);
    for word in ["no", "yes"] {
        let refused = app.olga.post(&path(1, "finding"), &found(word)).await.expect(409);
        assert_eq!(refused.code(), "provable");
        assert_eq!(refused.json()["refusal"]["found"], "a receipt: it ran");
    }
    let page = app.olga.get(&format!("/actions/{}", id(1))).await.expect(200).body;
    assert!(page.contains("/resolve\"") && !page.contains("/finding\""));
    let why = json!({"reason": "it holds a receipt"});
    let done = app.olga.post(&path(1, "resolve"), &why).await.expect(200).json();
    assert_eq!(
        (&done["stage"], &done["outcome"]["result"]),
        (&json!("executed"), &json!("executed"))
    );
    assert_eq!(app.link.resolutions.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn while_the_kernel_cannot_be_asked_for_a_proof_no_word_is_taken() {
    let app = MuteApp::new().await;
    unknown(&app, 1).await;
    MuteApp::set(&app.link.is_cut);
    let refused = app.olga.post(&path(1, "finding"), &found("yes")).await.expect(502);
    assert_eq!(refused.code(), "kernel_unreachable");
    assert_eq!(kinds(&app).await.last().map(String::as_str), Some("declined"));
}

#[tokio::test]
async fn a_finding_without_a_verdict_or_evidence_is_refused_by_name() {
    let app = MuteApp::new().await;
    unknown(&app, 1).await;
    for (body, field) in [
        (json!({"evidence": "e"}), "executed"),
        (json!({"executed": "maybe", "evidence": "e"}), "executed"),
        (json!({"executed": true, "evidence": "e"}), "executed"),
        (json!({"executed": "yes"}), "evidence"),
        (json!({"executed": "yes", "evidence": " "}), "evidence"),
        (json!({"executed": "yes", "evidence": "a\u{202e}b"}), "evidence"),
        (json!({"executed": "yes", "evidence": "e", "force": "1"}), "force"),
    ] {
        let reply = app.olga.post(&path(1, "finding"), &body).await.expect(400);
        assert_eq!(reply.json()["refusal"]["field"], field, "{body}");
        assert_eq!(kinds(&app).await.last().map(String::as_str), Some("declined"));
    }
    let form = [("executed", "yes"), ("evidence", "seen")];
    let place = format!("/actions/{}", id(1));
    let done = app.olga.post_form(&format!("{place}/finding"), &form).await.expect(303);
    assert_eq!(done.location, Some(place));
}

#[tokio::test]
async fn a_freeze_does_not_keep_an_outcome_unknown() {
    let app = MuteApp::new().await;
    unknown(&app, 1).await;
    let freeze = json!({"freeze_id": id(9), "reason": "an audit"});
    app.olga.post("/api/v1/freeze", &freeze).await.expect(200);
    let done = app.olga.post(&path(1, "finding"), &found("yes")).await.expect(200).json();
    assert_eq!(done["stage"], "found_executed");
    let refused = app.olga.request(2, "resume_writes", json!({})).await.expect(409);
    assert_eq!(refused.code(), "frozen");
}

#[tokio::test]
async fn a_receipt_of_another_action_proves_nothing() {
    let app = MuteApp::new().await;
    MuteApp::set(&app.link.mixes_up);
    unknown(&app, 1).await;
    assert_eq!(fence(&app).await, "standing", "it did run, and nobody can know that from this");
    let shown = app.olga.get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    let why = shown["outcome"]["why"].as_str().expect("why");
    assert!(why.contains("the receipt of eeeeeeee-"), "{why}");
    MuteApp::set(&app.link.shows_receipts);
    let why = json!({"reason": "what does it hold?"});
    let refused = app.olga.post(&path(1, "resolve"), &why).await.expect(409);
    assert_eq!(refused.code(), "cannot_settle");
    assert_eq!(refused.json()["refusal"]["executed"], "unknown");
    assert_eq!(kinds(&app).await.last().map(String::as_str), Some("declined"));
}
