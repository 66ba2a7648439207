//! What an older kernel forgot is not called void: an action in doubt stays in doubt (C7.3, C9.5). And
//! a control plane that does not compare is found out.

use crate::harness::{TestApp, id};
use crate::records::ledger_beside;
use crate::serve::witness_kept::{Side, accept, keep, put_back};
use crate::still_time::ManualClock;
use aerodb_control::ledger::Draft;
use aerodb_control::model::action::ActionId;
use aerodb_control::model::record::Entry;
use aerodb_control::model::session::Session;
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// Records that an explained action was confirmed and sent, as a control plane does that is killed
/// before the answer.
async fn send_into_silence(dir: &Path, id: &str) {
    let ledger = ledger_beside(dir, ManualClock::new());
    let id = ActionId::parse(id).expect("an id");
    let steps = ledger.reader().steps(id).expect("its steps");
    let explained = steps.last().expect("it is explained").record.clone();
    let Entry::Explained { digest, snapshot, .. } = explained.entry else {
        panic!("{explained:?}")
    };
    let asked = steps.first().and_then(|step| step.record.actor.clone());
    let confirmed = Entry::Confirmed { digest, typed_target: None, snapshot, proved: None };
    for entry in [confirmed, Entry::Dispatched { generation: Some(1), session: Session::none() }] {
        let draft = Draft::new(asked.clone(), Some(id), entry);
        ledger.append(vec![draft]).await.expect("it is recorded");
    }
}

/// C7.3, C9.5: `witnesses_agree`. The kernel holds nothing about it, and proves nothing by that.
#[tokio::test]
async fn what_an_older_kernel_forgot_is_never_recorded_as_void() {
    let app = TestApp::new().await;
    let mut kept = None;
    let app = app.restart_after(async |dir| kept = Some(keep(dir, Side::Kernel))).await;
    app.operator().run(1, "failover", json!({"to": "n1"})).await;
    app.operator().request(2, "stop_writes", json!({})).await.expect(201);
    let kept = kept.expect("a copy");
    let app = app
        .restart_after(async |dir| {
            send_into_silence(dir, &id(2)).await;
            put_back(kept.path(), dir, Side::Kernel);
        })
        .await;
    assert!(app.house.mismatch.is_some(), "action 1 is not in the kernel any more");
    let app = app.restart_after(async |dir| assert!(accept(dir, "aerodb").await.is_ok())).await;
    assert_eq!(app.house.mismatch, None);

    let path = format!("/api/v1/actions/{}", id(2));
    let olga = app.operator();
    let shown = olga.get(&path).await.expect(200).json();
    assert_eq!(
        (&shown["stage"], &shown["closing"]),
        (&json!("unknown"), &json!("finding")),
        "{shown}"
    );
    let resolved =
        olga.post(&format!("{path}/resolve"), &json!({"reason": "what became of it"})).await;
    let refusal = resolved.expect(409).json()["refusal"].clone();
    assert_eq!(refusal["code"], "cannot_settle", "{refusal}");
    assert_eq!(refusal["executed"], "unknown", "{refusal}");
    let kinds = app.record_kinds().await;
    assert!(!kinds.contains(&"voided".to_owned()), "{kinds:?}");
    let finding = json!({"executed": "no", "evidence": "the journal of n1 has no such entry"});
    let found = olga.post(&format!("{path}/finding"), &finding).await.expect(200).json();
    assert_eq!(found["stage"], "found_not_executed", "{found}");
}

/// C12.3, C9.5. A start that does not hold receipts against the log is found out by the tests of it.
#[test]
fn a_start_that_compares_no_receipt_is_found() {
    let test =
        "serve::witness::an_older_log_is_read_and_changes_nothing_until_it_is_accepted_by_name";
    let run = |fault: &str| {
        Command::new(std::env::current_exe().expect("this program"))
            .args([test, "--exact"])
            .env("AERODB_SABOTAGE", fault)
            .output()
            .expect("it runs")
    };
    let told = run("receipt_not_compared");
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(!told.status.success() && said.contains("1 failed"), "{said}");
    assert!(said.contains("something is found"), "{said}");
    let told = run("");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
}
