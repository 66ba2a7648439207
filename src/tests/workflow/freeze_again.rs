//! A freeze that is delivered again, once or late, is answered with the first record and declares
//! nothing: what was lifted stays lifted (C7.2).

use crate::harness::{PASSWORD, TestApp, id};
use crate::records::{ledger_in, reason};
use aerodb_control::ledger::{Draft, LedgerError, chain};
use aerodb_control::model::action::ActionId;
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::record::{Entry, RECORD_VERSION, Record};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FREEZE: &str = "/api/v1/freeze";
const UNFREEZE: &str = "/api/v1/unfreeze";

fn declaration(reason: &str) -> Value {
    json!({"freeze_id": id(7), "reason": reason})
}

async fn lift(app: &TestApp, freeze: &Value) {
    let body = json!({"reason": "they have left", "freeze": freeze["seq"].to_string()});
    app.operator().post(UNFREEZE, &body).await.expect(200);
}

/// C7.2: a repeated delivery is answered with the first outcome, and never runs again.
#[tokio::test]
async fn a_freeze_that_is_delivered_again_after_it_was_lifted_declares_nothing() {
    let app = TestApp::new().await;
    let first = app.operator().post(FREEZE, &declaration("an audit")).await.expect(200).json();
    assert_eq!(first["duplicate"], false);
    let again = app.operator().post(FREEZE, &declaration("an audit")).await.expect(200).json();
    assert_eq!((&again["duplicate"], &again["record"]), (&json!(true), &first["record"]));
    assert_eq!(again["freeze"], first["freeze"], "it still stands");
    lift(&app, &first["freeze"]).await;
    let app = app.restart().await;
    let olga = app.sign_in("olga").await;
    for _ in 0..20 {
        let late = olga.post(FREEZE, &declaration("an audit")).await.expect(200).json();
        assert_eq!((&late["duplicate"], &late["record"]), (&json!(true), &first["record"]));
        assert!(late["freeze"].is_null(), "none stands: {late}");
    }
    let kinds = app.record_kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "frozen").count(), 1);
    assert_eq!(kinds.iter().filter(|kind| *kind == "duplicate").count(), 21);
    olga.request(1, "failover", json!({"to": "n2"})).await.expect(201);
}

/// C7.2: what an id stood for once it stands for ever.
#[tokio::test]
async fn another_freeze_under_a_spent_id_is_refused_whoever_sends_it() {
    let app = TestApp::new().await;
    app.house.access.add_account("otto", "operator", PASSWORD).await.expect("an account");
    let otto = app.sign_in("otto").await;
    let first = app.operator().post(FREEZE, &declaration("an audit")).await.expect(200).json();
    lift(&app, &first["freeze"]).await;
    for (who, why) in [(app.operator(), "something else"), (otto, "an audit")] {
        let reply = who.post(FREEZE, &declaration(why)).await.expect(422);
        assert_eq!(reply.code(), "action_id_reused");
        assert_eq!(app.record_kinds().await.last().map(String::as_str), Some("declined"));
    }
    let overview = app.observer().get("/api/v1/overview").await.expect(200).json();
    assert!(overview["freeze"].is_null());
}

/// C7.2: the database decides, in whatever order two deliveries arrive.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_deliveries_at_once_one_declares_and_every_other_is_a_repetition() {
    let app = TestApp::new().await;
    let sent: Vec<_> = (0..12)
        .map(|_| {
            let olga = app.operator();
            tokio::spawn(async move { olga.post(FREEZE, &declaration("an audit")).await })
        })
        .collect();
    let mut firsts = 0;
    for reply in sent {
        let answer = reply.await.expect("an answer").expect(200).json();
        firsts += usize::from(answer["duplicate"] == false);
    }
    assert_eq!(firsts, 1);
    assert_eq!(app.record_kinds().await.iter().filter(|kind| *kind == "frozen").count(), 1);
}

/// C7.2: a page that is sent twice declares once.
#[tokio::test]
async fn the_form_carries_the_id_under_which_it_is_one_freeze() {
    let app = TestApp::new().await;
    let page = app.operator().get("/actions").await.expect(200).body;
    let mark = "name=\"freeze_id\" value=\"";
    let at = page.find(mark).expect("a hidden field") + mark.len();
    let freeze_id = page[at..at + 36].to_owned();
    ActionId::parse(&freeze_id).expect("a fresh id");
    let form = [("freeze_id", freeze_id.as_str()), ("reason", "an audit")];
    app.operator().post_form("/freeze", &form).await.expect(303);
    let overview = app.operator().get("/api/v1/overview").await.expect(200).json();
    lift(&app, &overview["freeze"]).await;
    app.operator().post_form("/freeze", &form).await.expect(303);
    let overview = app.operator().get("/api/v1/overview").await.expect(200).json();
    assert!(overview["freeze"].is_null(), "the second delivery declared nothing");
    let page = app.operator().get("/actions").await.expect(200).body;
    assert!(!page.contains(&freeze_id), "every page has a fresh one");
}

/// C9.2: the rule is one of the log, and verification knows it.
#[tokio::test]
async fn neither_the_ledger_nor_its_verification_takes_a_freeze_id_twice() {
    let dir = tempfile::tempdir().expect("a directory");
    let (_store, ledger, _) = ledger_in(dir.path());
    let freeze_id = Some(ActionId::from_random([7; 16]));
    let entries = [
        Entry::Frozen { freeze_id, reason: reason("stop") },
        Entry::Unfrozen { freeze: 0, reason: reason("go on") },
        Entry::Frozen { freeze_id, reason: reason("stop") },
    ];
    let by = |entry| Draft::new(Some(crate::records::alice()), None, entry);
    ledger.append(vec![by(entries[0].clone()), by(entries[1].clone())]).await.expect("in order");
    let error = ledger.append(vec![by(entries[2].clone())]).await.expect_err("the same id");
    assert!(matches!(error, LedgerError::FreezeKnown { seq: 0 }), "{error}");
    let mut leaves: Vec<Vec<u8>> = Vec::new();
    for (seq, entry) in (0u64..).zip(entries) {
        let record = Record {
            v: RECORD_VERSION,
            seq,
            at: Timestamp::from_millis(0),
            clock: "test".to_owned(),
            actor: Some(crate::records::alice()),
            action_id: None,
            entry,
            prev: leaves.last().map(|leaf| Hash::of_leaf(leaf)),
            host: None,
            clock_back_ms: None,
            issued: None,
            ended: None,
        };
        leaves.push(record.leaf());
    }
    assert_eq!(chain::verify(leaves).expect_err("the id again").seq, 2);
}

/// C8.1: a record that nobody can filter for is a record that is hidden.
#[test]
fn a_filter_can_name_every_kind_of_record() {
    let schema = schemars::schema_for!(Entry);
    let variants = schema.get("oneOf").and_then(Value::as_array).expect("one of its kinds");
    let kind = |variant: &Value| {
        variant["properties"]["kind"]["const"].as_str().expect("a kind").to_owned()
    };
    let kinds: BTreeSet<String> = variants.iter().map(kind).collect();
    let words: BTreeSet<String> = Entry::WORDS.iter().map(|word| (*word).to_owned()).collect();
    assert_eq!(words, kinds);
}
