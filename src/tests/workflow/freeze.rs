//! A freeze: what it refuses, what it leaves alone, and who lifts it.

use crate::harness::{TestApp, id};
use crate::records::{TO_UNKNOWN, ledger_in, reason, shell, step, steps};
use aerodb_control::ledger::{Draft, LedgerError, chain};
use aerodb_control::model::action::Stage;
use aerodb_control::model::record::Entry;
use serde_json::{Value, json};

const FREEZE: &str = "/api/v1/freeze";
const UNFREEZE: &str = "/api/v1/unfreeze";

/// The body of a declaration under an id that no other one has.
fn declaration(number: u8, reason: &str) -> Value {
    json!({"freeze_id": id(number), "reason": reason})
}

async fn freeze(app: &TestApp) -> Value {
    // As many records as the log has: no two declarations of a test have the same.
    let number = u8::try_from(app.record_kinds().await.len()).expect("a short log");
    let body = declaration(number, "the auditors are in the house");
    app.operator().post(FREEZE, &body).await.expect(200).json()
}

async fn lift(app: &TestApp) -> Value {
    let overview = app.operator().get("/api/v1/overview").await.expect(200).json();
    let body = json!({"reason": "they have left", "freeze": overview["freeze"]["seq"].to_string()});
    app.operator().post(UNFREEZE, &body).await.expect(200).json()
}

async fn last_kinds(app: &TestApp, count: usize) -> Vec<String> {
    let kinds = app.record_kinds().await;
    kinds[kinds.len() - count..].to_vec()
}

#[tokio::test]
async fn while_a_freeze_stands_a_request_is_rejected_with_who_since_when_and_why() {
    let app = TestApp::new().await;
    let declared = freeze(&app).await;
    assert_eq!(declared["freeze"]["by"], "olga");
    app.clock.advance_millis(90_000);
    let reply = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(409);
    assert_eq!(reply.code(), "frozen");
    let refusal = &reply.json()["refusal"];
    assert_eq!(refusal["invariants"], json!(["not_frozen"]));
    assert_eq!(refusal["executed"], "no");
    let found = "by olga since 2026-01-01T00:01:00.000Z: the auditors are in the house";
    assert_eq!(refusal["found"], found);
    assert!(refusal["sentence"].as_str().expect("text").contains(found), "{refusal}");
    assert_eq!(last_kinds(&app, 2).await, ["requested", "rejected"]);
    // A failover while nobody is primary is the way out of an open action, and of no freeze.
    let app = app.restart().await;
    let olga = app.sign_in("olga").await;
    let reply = olga.request(2, "failover", json!({"to": "n2"})).await.expect(409);
    assert_eq!(reply.code(), "frozen");
    assert!(app.cluster().await["primary"].is_null());
}

#[tokio::test]
async fn a_confirmation_is_refused_as_frozen_and_runs_after_the_freeze_if_nothing_moved() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let explained = explained.json();
    freeze(&app).await;
    for _ in 0..3 {
        let reply = app.operator().confirm(&explained).await.expect(409);
        assert_eq!(reply.code(), "frozen");
        assert!(reply.json()["refusal"]["moved"].is_null(), "frozen, not stale");
        assert_eq!(reply.json()["refusal"]["action_id"], id(1));
    }
    assert_eq!(last_kinds(&app, 3).await, ["declined", "declined", "declined"]);
    assert_eq!(app.cluster().await["primary"], "n1");
    lift(&app).await;
    // A copy of one of them that comes only now has had its answer (C7.2).
    for _ in 0..2 {
        let late = app.operator().confirm(&explained).await.expect(409);
        assert_eq!(late.code(), "frozen");
        assert_eq!(late.json()["refusal"]["executed"], "no");
    }
    assert_eq!(last_kinds(&app, 2).await, ["duplicate", "duplicate"]);
    assert_eq!(app.cluster().await["primary"], "n1");
    let page = format!("/actions/{}", id(1));
    let shown = app.operator().get(&format!("/api/v1{page}")).await.expect(200).json();
    let seen = format!("name=\"after_refusal\" value=\"{}\"", shown["after_refusal"]);
    assert!(app.operator().get(&page).await.expect(200).body.contains(&seen));
    let done = app.operator().confirm(&shown).await.expect(200).json();
    assert_eq!(done["stage"], "executed");
    assert_eq!(app.cluster().await["primary"], "n2");
}

#[tokio::test]
async fn what_moved_during_a_freeze_is_stale_after_it() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    freeze(&app).await;
    let n2 = aerodb_control::model::text::NodeId::numbered(2);
    app.kernel().partition(&n2).await;
    assert_eq!(app.operator().confirm(&explained.json()).await.expect(409).code(), "frozen");
    lift(&app).await;
    let shown = app.operator().get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    assert_eq!(app.operator().confirm(&shown).await.expect(409).code(), "stale");
}

#[tokio::test]
async fn a_repeated_delivery_of_what_ran_before_is_answered_during_a_freeze() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    app.operator().confirm(&explained).await.expect(200);
    freeze(&app).await;
    let again = app.operator().confirm(&explained).await.expect(200).json();
    assert_eq!((&again["stage"], &again["duplicate"]), (&json!("executed"), &json!(true)));
    let again = app.operator().request(1, "stop_writes", json!({})).await.expect(200).json();
    assert_eq!(again["duplicate"], true);
}

#[tokio::test]
async fn a_freeze_that_arrives_while_an_action_runs_neither_waits_for_it_nor_cancels_it() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let explained = olga.request(1, "switchover", json!({"to": "n2"})).await.expect(201).json();
    let freezing = async {
        while !app.record_kinds().await.contains(&"confirmed".to_owned()) {
            tokio::task::yield_now().await;
        }
        freeze(&app).await
    };
    let (done, _) = tokio::join!(olga.confirm(&explained), freezing);
    assert_eq!(done.expect(200).json()["stage"], "executed");
    assert_eq!(app.cluster().await["primary"], "n2");
    let reply = olga.request(2, "stop_writes", json!({})).await.expect(409);
    assert_eq!(reply.code(), "frozen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_freeze_and_a_confirmation_at_once_have_one_order_and_the_log_shows_it() {
    let app = TestApp::new().await;
    let (mut ran, mut held) = (0, 0);
    for number in 1..=24 {
        let kind = if ran % 2 == 0 { "stop_writes" } else { "resume_writes" };
        let explained = app.operator().request(number, kind, json!({})).await.expect(201).json();
        let (one, two) = (app.operator(), app.operator());
        let confirming = tokio::spawn(async move { one.confirm(&explained).await });
        let freezing =
            tokio::spawn(async move { two.post(FREEZE, &declaration(number, "now")).await });
        let (done, declared) = (confirming.await.expect("done"), freezing.await.expect("done"));
        let declared = declared.expect(200).json()["record"]["seq"].clone();
        let records = app.operator().get(&format!("/api/v1/log?action={}", id(number))).await;
        let records = records.expect(200).json()["records"].clone();
        let records = records.as_array().expect("records").clone();
        let confirmed = records.iter().find(|r| r["entry"]["kind"] == "confirmed");
        match (done.status.as_u16(), confirmed) {
            (200, Some(record)) => {
                assert!(record["seq"].as_u64() < declared.as_u64(), "{record} {declared}");
                ran += 1;
            }
            (409, None) => {
                assert_eq!(done.code(), "frozen");
                assert_eq!(records[0]["entry"]["kind"], "declined");
                held += 1;
            }
            other => panic!("{other:?}: {}", done.body),
        }
        lift(&app).await;
        if held > 0 && ran > 0 && number > 8 {
            break;
        }
        let withdraw = format!("/api/v1/actions/{}/withdraw", id(number));
        app.operator().post(&withdraw, &json!({"reason": "next"})).await;
    }
    println!("{ran} ran before their freeze, {held} were held by it");
    assert!(ran + held > 0);
}

#[tokio::test]
async fn a_second_freeze_and_the_lifting_of_none_are_refused_and_recorded() {
    let app = TestApp::new().await;
    let reply = app.operator().post(UNFREEZE, &json!({"reason": "again"})).await.expect(400);
    assert_eq!(reply.json()["refusal"]["field"], "freeze", "which freeze is never guessed");
    let lift = json!({"reason": "again", "freeze": "1"});
    let reply = app.operator().post(UNFREEZE, &lift).await.expect(409);
    assert_eq!(reply.code(), "no_freeze");
    assert_eq!(reply.json()["refusal"]["invariants"], json!(["freeze_standing"]));
    assert_eq!(last_kinds(&app, 1).await, ["declined"]);
    freeze(&app).await;
    let reply = app.operator().post(FREEZE, &declaration(99, "again")).await.expect(409);
    assert_eq!(reply.code(), "frozen");
    assert!(reply.body.contains("olga declared a freeze at 2026-01-01T00:01:00.000Z"));
    assert_eq!(last_kinds(&app, 2).await, ["frozen", "declined"]);
}

#[tokio::test]
async fn a_late_delivery_that_lifted_one_freeze_never_lifts_the_next() {
    let app = TestApp::new().await;
    let seq = freeze(&app).await["freeze"]["seq"].to_string();
    let form = [("reason", "they have left"), ("freeze", seq.as_str())];
    app.operator().post_form("/unfreeze", &form).await.expect(303);
    freeze(&app).await;
    let reply = app.operator().post_form("/unfreeze", &form).await.expect(409);
    assert!(reply.body.contains("freeze_standing"), "{}", reply.body);
    let named = json!({"reason": "they have left", "freeze": seq});
    assert_eq!(app.operator().post(UNFREEZE, &named).await.expect(409).code(), "no_freeze");
    let overview = app.observer().get("/api/v1/overview").await.expect(200).json();
    assert_eq!(overview["freeze"]["reason"], "the auditors are in the house");
}

#[tokio::test]
async fn a_freeze_without_a_reason_or_with_more_than_one_is_refused_by_name() {
    let app = TestApp::new().await;
    for (path, body, field) in [
        (FREEZE, json!({"freeze_id": id(1)}), "reason"),
        (FREEZE, json!({"reason": "x"}), "freeze_id"),
        (FREEZE, json!({"freeze_id": "1", "reason": "x"}), "freeze_id"),
        (FREEZE, declaration(1, " "), "reason"),
        (FREEZE, declaration(1, "<b>x</b>"), "reason"),
        (FREEZE, json!({"freeze_id": id(1), "reason": "x", "until": "noon"}), "until"),
        (UNFREEZE, json!({"reason": "x"}), "freeze"),
        (UNFREEZE, json!({"reason": "x", "freeze": "all"}), "freeze"),
        (UNFREEZE, json!({"reason": "x", "freeze": "18446744073709551615"}), "freeze"),
    ] {
        let reply = app.operator().post(path, &body).await.expect(400);
        assert_eq!(reply.json()["refusal"]["field"], field, "{body}");
        assert_eq!(last_kinds(&app, 1).await, ["declined"]);
    }
    let reply = app.operator().post_form("/unfreeze", &[("reason", "x")]).await.expect(400);
    assert!(reply.body.contains("freeze"), "a form names the freeze that its page showed");
    app.operator().request(1, "stop_writes", json!({})).await.expect(201);
}

#[tokio::test]
async fn withdrawing_stays_possible_and_the_freeze_survives_a_restart() {
    let app = TestApp::new().await;
    app.operator().request(1, "stop_writes", json!({})).await.expect(201);
    freeze(&app).await;
    let app = app.restart().await;
    let olga = app.sign_in("olga").await;
    let withdraw = format!("/api/v1/actions/{}/withdraw", id(1));
    let done = olga.post(&withdraw, &json!({"reason": "not now"})).await.expect(200).json();
    assert_eq!(done["stage"], "withdrawn");
    let reply = olga.request(2, "stop_writes", json!({})).await.expect(409);
    assert_eq!(reply.code(), "frozen");
}

#[tokio::test]
async fn every_page_shows_the_freeze_and_only_an_operator_finds_the_form_that_lifts_it() {
    let app = TestApp::new().await;
    app.operator().request(1, "stop_writes", json!({})).await.expect(201);
    let action = format!("/actions/{}", id(1));
    let pages = ["/", "/actions", "/actions/new", &action, "/log", "/reference"];
    let banner = "data-notice=\"freeze\"";
    let page = app.operator().get("/actions").await.expect(200).body;
    assert!(page.contains("action=\"/freeze\"") && !page.contains(banner));
    freeze(&app).await;
    for path in pages {
        for who in [app.operator(), app.observer()] {
            let page = who.get(path).await.expect(200).body;
            assert_eq!(page.matches(banner).count(), 1, "{path}");
            assert!(page.contains("the auditors are in the house"), "{path}");
        }
    }
    assert!(!app.anonymous().get("/login").await.expect(200).body.contains("auditors"));
    let page = app.operator().get("/actions").await.expect(200).body;
    assert!(page.contains("action=\"/unfreeze\"") && !page.contains("action=\"/freeze\""));
    let page = app.observer().get("/actions").await.expect(200).body;
    assert!(!page.contains("/unfreeze") && !page.contains("action=\"/freeze\""));
    lift(&app).await;
    assert!(!app.operator().get("/").await.expect(200).body.contains(banner));
}

#[tokio::test]
async fn the_ledger_and_its_file_hold_the_rules_of_a_freeze_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    let by = |entry| Draft::new(Some(crate::records::alice()), None, entry);
    let declare = || by(Entry::Frozen { freeze_id: None, reason: reason("stop") });
    let lift = |freeze| by(Entry::Unfrozen { freeze, reason: reason("go on") });
    ledger.append(steps(id_of(1), &[Stage::Requested, Stage::Explained])).await.unwrap();
    let none = ledger.append(vec![lift(0)]).await.expect_err("none stands");
    assert!(matches!(none, LedgerError::NoFreeze { asked: 0, stands: None }), "{none}");
    ledger.append(vec![declare()]).await.unwrap();
    let stands = ledger.reader().freeze().unwrap().expect("it stands");
    assert_eq!((stands.seq, stands.by.as_str()), (2, "alice"));
    for draft in [step(id_of(1), Stage::Confirmed), declare()] {
        let error = ledger.append(vec![draft]).await.expect_err("frozen");
        assert!(matches!(&error, LedgerError::Frozen { freeze } if freeze.seq == 2), "{error}");
    }
    let request = steps(id_of(2), &[Stage::Requested, Stage::Explained]);
    assert!(matches!(ledger.append(request).await, Err(LedgerError::Frozen { .. })));
    ledger.append(steps(id_of(2), &[Stage::Requested, Stage::Rejected])).await.unwrap();
    let other = ledger.append(vec![lift(1)]).await.expect_err("another one");
    assert!(matches!(other, LedgerError::NoFreeze { asked: 1, stands: Some(_) }), "{other}");
    let nobody = Draft::new(None, None, Entry::Frozen { freeze_id: None, reason: reason("x") });
    assert!(matches!(ledger.append(vec![nobody]).await, Err(LedgerError::Malformed { .. })));
    // The same, for somebody who writes to the file directly.
    let raw = shell(store.path());
    let size = ledger.reader().head().unwrap().size;
    let refused = |kind: &str| {
        let sql = format!("INSERT INTO entry (seq, at_ms, kind) VALUES ({size}, 9e12, '{kind}')");
        raw.execute_batch(&sql).expect_err(kind).to_string()
    };
    assert!(refused("frozen").contains("a freeze stands"));
    let id = id_of(1);
    raw.execute_batch("BEGIN").unwrap();
    let sql = "INSERT INTO entry (seq, at_ms, kind, action) VALUES (?2, 9e12, 'x', ?1)";
    raw.execute(sql, rusqlite::params![id.bytes(), size]).unwrap();
    let sql = "INSERT INTO transition (action, f, t, seq) VALUES (?1, 2, 4, ?2)";
    let error = raw.execute(sql, rusqlite::params![id.bytes(), size]).expect_err("confirmed");
    assert!(error.to_string().contains("a freeze stands"), "{error}");
    raw.execute_batch("ROLLBACK").unwrap();
    ledger.append(vec![lift(2)]).await.unwrap();
    assert_eq!(ledger.reader().freeze().unwrap(), None);
    let size = ledger.reader().head().unwrap().size;
    let sql = format!("INSERT INTO entry (seq, at_ms, kind) VALUES ({size}, 9e12, 'unfrozen')");
    assert!(raw.execute_batch(&sql).expect_err("none").to_string().contains("no freeze stands"));
    ledger.append(vec![step(id_of(1), Stage::Confirmed)]).await.unwrap();
    aerodb_control::ledger::verify_file(
        store.path(),
        &aerodb_control::ledger::ExpectedLog::default(),
        &mut |_| {},
    )
    .unwrap();
}

/// The verdict on a log of these records, however they came to be there.
pub(crate) fn verified(entries: Vec<Draft>) -> Result<chain::Verified, chain::Broken> {
    let mut leaves: Vec<Vec<u8>> = Vec::new();
    for (seq, draft) in (0u64..).zip(entries) {
        let prev = leaves.last().map(|leaf| aerodb_control::model::canonical::Hash::of_leaf(leaf));
        let record = aerodb_control::model::record::Record {
            v: aerodb_control::model::record::RECORD_VERSION,
            seq,
            at: aerodb_control::model::ambient::Timestamp::from_millis(0),
            clock: "test".to_owned(),
            actor: draft.actor,
            action_id: draft.action_id,
            entry: draft.entry,
            prev,
            host: None,
            clock_back_ms: None,
            issued: None,
            ended: None,
        };
        leaves.push(record.leaf());
    }
    chain::verify(leaves)
}

#[tokio::test]
async fn a_log_in_which_something_was_confirmed_during_a_freeze_does_not_verify() {
    let by = |entry| Draft::new(Some(crate::records::alice()), None, entry);
    let declare = || by(Entry::Frozen { freeze_id: None, reason: reason("stop") });
    let lift = |freeze| by(Entry::Unfrozen { freeze, reason: reason("go on") });
    let asked = || steps(id_of(1), &[Stage::Requested, Stage::Explained]);
    let confirmed = || step(id_of(1), Stage::Confirmed);
    for (bad, at) in [
        ([asked(), vec![declare(), confirmed()]].concat(), 3),
        ([vec![declare()], asked()].concat(), 2),
        (vec![declare(), declare()], 1),
        (vec![lift(0)], 0),
        ([asked(), vec![declare(), lift(1)]].concat(), 3),
    ] {
        assert_eq!(verified(bad).expect_err("a freeze stands").seq, at);
    }
    let mut running = steps(id_of(1), &TO_UNKNOWN);
    running.insert(3, declare());
    running.push(lift(3));
    verified(running).unwrap();
}

fn id_of(number: u8) -> aerodb_control::model::action::ActionId {
    crate::records::id(number)
}

#[tokio::test]
async fn a_freeze_speaks_against_every_node_wherever_rules_against_nodes_are_listed() {
    let app = TestApp::new().await;
    let olga = app.operator();
    olga.post(FREEZE, &declaration(9, "a drill")).await.expect(200);
    let overview = olga.get("/api/v1/overview").await.expect(200).json();
    for table in overview["target_checks"].as_array().expect("tables") {
        for candidate in table["candidates"].as_array().expect("nodes") {
            let against = candidate["against"].as_array().expect("checks");
            assert!(against.iter().any(|check| check["invariant"] == "not_frozen"), "{candidate}");
        }
    }
    for kind in ["switchover", "take_offline"] {
        let page = olga.get(&format!("/actions/new?kind={kind}")).await.expect(200).body;
        assert!(!page.contains("All pre-conditions pass"), "{kind}");
    }
}
