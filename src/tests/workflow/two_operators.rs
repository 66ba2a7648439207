//! Where the settings demand it, two operators confirm the same explanation before it runs (C3.1). One
//! alone never does: not twice, not from another session, not after losing the role.

use crate::harness::{Client, TestApp, confirmation, id};
use crate::records::{id as id_of, ledger_in, step, steps};
use aerodb_control::ledger::LedgerError;
use aerodb_control::model::action::Stage;
use aerodb_control::model::spec::ActionClass;
use serde_json::{Value, json};

/// Two operators for whatever changes what the cluster does; otto is the second one.
pub(crate) async fn for_control() -> TestApp {
    let app = TestApp::set(|config| config.second_operator = vec![ActionClass::Control]).await;
    let otto = app.house.access.add_account("otto", "operator", crate::harness::PASSWORD);
    otto.await.expect("an account");
    app
}

async fn explained(app: &TestApp) -> Value {
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201).json()
}

/// What olga has confirmed as the first of two.
async fn first_confirmed(app: &TestApp) -> Value {
    let explained = explained(app).await;
    let first = app.operator().confirm(&explained).await.expect(200).json();
    assert_eq!(first["stage"], "first_confirmed", "{first}");
    first
}

async fn shown(client: &Client) -> Value {
    client.get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json()
}

async fn primary(app: &TestApp) -> Value {
    app.cluster().await["primary"].clone()
}

/// C9.1, C9.4: `second_operator`.
#[tokio::test]
async fn one_operator_alone_runs_nothing_and_a_second_one_runs_it_once() {
    let app = for_control().await;
    let (olga, otto) = (app.operator(), app.sign_in("otto").await);
    let explained = explained(&app).await;
    assert_eq!(explained["explanation"]["pinned"]["second_operator"], true);
    let says = explained["explanation"]["consequences"].to_string();
    assert!(says.contains("only after a second operator"), "it is said beforehand: {says}");
    let relies = explained["explanation"]["relies_on"].to_string();
    assert!(relies.contains("second_operator"), "{relies}");
    assert_eq!(otto.confirm(&explained).await.expect(403).code(), "not_permitted", "not the first");

    let before = app.record_kinds().await.len();
    let first = olga.confirm(&explained).await.expect(200).json();
    assert_eq!(
        (&first["stage"], &first["confirmed_by"]),
        (&json!("first_confirmed"), &json!(["olga"]))
    );
    for olga in [app.operator(), app.sign_in("olga").await] {
        let refusal = olga.confirm(&explained).await.expect(409).json()["refusal"].clone();
        assert_eq!(refusal["code"], "second_operator", "{refusal}");
        assert_eq!(refusal["invariants"], json!(["second_operator"]), "{refusal}");
        assert_eq!(refusal["executed"], "no");
    }
    for other in [app.program(), app.observer(), app.auditor()] {
        assert_eq!(other.confirm(&explained).await.expect(403).code(), "not_permitted");
    }
    let mut wrong = confirmation(&explained);
    wrong["digest"] = json!("00".repeat(32));
    let path = format!("/api/v1/actions/{}/confirm", id(1));
    assert_eq!(otto.post(&path, &wrong).await.expect(422).code(), "not_what_was_explained");
    let mut wrong = confirmation(&explained);
    wrong["typed_target"] = json!("n3");
    assert_eq!(otto.post(&path, &wrong).await.expect(422).code(), "target_mistyped");
    assert_eq!(primary(&app).await, "n1");

    let done = otto.confirm(&shown(&otto).await).await.expect(200).json();
    assert_eq!(
        (&done["stage"], &done["confirmed_by"]),
        (&json!("executed"), &json!(["olga", "otto"]))
    );
    assert_eq!(done["digest"], explained["digest"]);
    assert_eq!(primary(&app).await, "n2");
    let steps: Vec<_> = app.record_kinds().await.split_off(before);
    let steps: Vec<_> = steps
        .iter()
        .filter(|kind| !matches!(&***kind, "declined" | "denied" | "signed_in"))
        .collect();
    assert_eq!(steps, ["first_confirmed", "confirmed", "dispatched", "executed"]);
    let epoch = app.cluster().await["epoch"].clone();
    for late in [&olga, &otto] {
        let again = late.confirm(&explained).await.expect(200).json();
        assert_eq!((&again["stage"], &again["duplicate"]), (&json!("executed"), &json!(true)));
    }
    assert_eq!(app.cluster().await["epoch"], epoch);
}

#[tokio::test]
async fn a_class_that_is_not_named_is_confirmed_by_whoever_asked_alone() {
    let app = for_control().await;
    let asked = app.operator().request(2, "take_offline", json!({"node": "n3"})).await.expect(201);
    assert_eq!(asked.json()["explanation"]["pinned"]["second_operator"], Value::Null);
    assert_eq!(app.operator().confirm(&asked.json()).await.expect(200).json()["stage"], "executed");
}

/// C7.2.
#[tokio::test(flavor = "multi_thread")]
async fn many_deliveries_of_both_confirmations_are_one_of_each_and_one_execution() {
    let app = for_control().await;
    let (explained, otto) = (explained(&app).await, app.sign_in("otto").await);
    for client in [app.operator(), otto] {
        let mut sent = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (client, explained) = (client.clone(), explained.clone());
            sent.spawn(async move { client.confirm(&explained).await.status.as_u16() });
        }
        let statuses = sent.join_all().await;
        assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
    }
    let kinds = app.record_kinds().await;
    for kind in ["first_confirmed", "confirmed", "dispatched", "executed"] {
        assert_eq!(kinds.iter().filter(|found| *found == kind).count(), 1, "{kind}");
    }
    assert_eq!(app.cluster().await["epoch"], 2);
}

/// C6.3, C3.3.
#[tokio::test]
async fn it_waits_through_a_restart_and_a_setting_that_changes_makes_it_stale() {
    // Nobody is primary after a restart of this cluster, so the next one moves nothing.
    let app = for_control().await.restart().await;
    let asked = async |app: &TestApp, number| {
        let reply = app.operator().request(number, "failover", json!({"to": "n2"})).await;
        reply.expect(201).json()
    };
    let waits = asked(&app, 1).await;
    let first = app.operator().confirm(&waits).await.expect(200).json();
    assert_eq!(first["stage"], "first_confirmed");
    let records = app.record_kinds().await.len();
    let app = app.restart().await;
    assert_eq!(app.record_kinds().await[records..], ["boot"], "nothing happens by itself");
    let waits = shown(&app.operator()).await;
    assert_eq!((&waits["stage"], &waits["interrupted"]), (&json!("first_confirmed"), &Value::Null));
    assert_eq!(primary(&app).await, Value::Null);
    let second = asked(&app, 2).await;
    app.operator().confirm(&second).await.expect(200);

    let app = app.restart_as(|config| config.second_operator.clear()).await;
    let refusal = {
        let otto = app.sign_in("otto").await;
        otto.confirm(&second).await.expect(409).json()["refusal"].clone()
    };
    assert_eq!(refusal["code"], "stale", "{refusal}");
    let moved = json!([{
        "subject": "control_plane", "fact": "second_operator", "before": "needed", "after": "not needed"
    }]);
    assert_eq!(refusal["moved"], moved);
    let alone = asked(&app, 3).await;
    let app = app.restart_as(|config| config.second_operator = vec![ActionClass::Control]).await;
    let refusal = app.operator().confirm(&alone).await.expect(409).json()["refusal"].clone();
    assert_eq!(refusal["code"], "stale", "{refusal}");
    let moved = json!([{
        "subject": "control_plane", "fact": "second_operator", "before": "not needed", "after": "needed"
    }]);
    assert_eq!(refusal["moved"], moved);

    let otto = app.sign_in("otto").await;
    assert_eq!(otto.confirm(&first).await.expect(200).json()["stage"], "executed");
    assert_eq!(primary(&app).await, "n2");
}

#[tokio::test]
async fn while_it_waits_others_may_act_and_what_they_move_makes_it_stale() {
    let app = for_control().await;
    let first = first_confirmed(&app).await;
    app.operator().run(2, "take_offline", json!({"node": "n3"})).await;
    let otto = app.sign_in("otto").await;
    let refusal = otto.confirm(&first).await.expect(409).json()["refusal"].clone();
    assert_eq!(refusal["code"], "stale", "{refusal}");
    assert_eq!(shown(&otto).await["stage"], "stale");
    assert_eq!(primary(&app).await, "n1");
}

#[tokio::test]
async fn either_operator_can_take_it_back_and_a_freeze_holds_it() {
    for who in ["olga", "otto"] {
        let app = for_control().await;
        let first = first_confirmed(&app).await;
        let (client, otto) = (app.sign_in(who).await, app.sign_in("otto").await);
        let freeze = json!({"freeze_id": id(8), "reason": "wait"});
        client.post("/api/v1/freeze", &freeze).await.expect(200);
        assert_eq!(otto.confirm(&first).await.expect(409).code(), "frozen");
        let path = format!("/api/v1/actions/{}/withdraw", id(1));
        let back = client.post(&path, &json!({"reason": "not now"})).await.expect(200).json();
        assert_eq!(back["stage"], "withdrawn", "{who}");
        assert_eq!(otto.confirm(&first).await.expect(409).code(), "wrong_stage");
        assert_eq!(primary(&app).await, "n1");
    }
}

/// C10.1.
#[tokio::test]
async fn a_first_operator_who_is_none_any_more_counts_for_nothing() {
    let app = for_control().await;
    let first = first_confirmed(&app).await;
    let otto = app.sign_in("otto").await;
    app.house.access.change_role("olga", "observer").await.expect("otto is one still");
    let refusal = otto.confirm(&first).await.expect(409).json()["refusal"].clone();
    assert_eq!(refusal["code"], "second_operator", "{refusal}");
    assert!(refusal["sentence"].as_str().is_some_and(|s| s.contains("no operator any more")));
    assert_eq!(shown(&otto).await["stage"], "first_confirmed", "it is neither stale nor spent");
    // The role comes back; what was refused does not run by a copy of it (C7.2).
    app.house.access.change_role("olga", "operator").await.expect("a role");
    assert_eq!(otto.confirm(&first).await.expect(409).code(), "second_operator", "a copy");
    assert_eq!(primary(&app).await, "n1");
    app.house.access.remove_account("olga").await.expect("otto is one still");
    let refused = otto.confirm(&shown(&otto).await).await.expect(409);
    assert_eq!(refused.code(), "second_operator");
    assert_eq!(primary(&app).await, "n1");
}

#[tokio::test]
async fn the_role_given_back_the_second_operator_confirms_what_is_shown_now() {
    let app = for_control().await;
    let first = first_confirmed(&app).await;
    let otto = app.sign_in("otto").await;
    app.house.access.change_role("olga", "auditor").await.expect("otto is one still");
    otto.confirm(&first).await.expect(409);
    app.house.access.change_role("olga", "operator").await.expect("a role");
    let done = otto.confirm(&shown(&otto).await).await.expect(200).json();
    assert_eq!(
        (&done["stage"], &done["confirmed_by"]),
        (&json!("executed"), &json!(["olga", "otto"]))
    );
}

#[tokio::test]
async fn every_door_names_both_operators_and_offers_the_second_step_to_another_one_only() {
    let app = for_control().await;
    let (olga, otto) = (app.operator(), app.sign_in("otto").await);
    let explained = explained(&app).await;
    let page = format!("/actions/{}", id(1));
    let (confirms, withdraws) =
        (format!("action=\"{page}/confirm\""), format!("action=\"{page}/withdraw\""));
    let asked = olga.get(&page).await.expect(200).body;
    assert!(asked.contains("Two operators confirm this") && asked.contains(&confirms));
    let digest = explained["digest"].as_str().expect("a digest");
    let fields = [("digest", digest), ("typed_target", "n2")];
    olga.post_form(&format!("{page}/confirm"), &fields).await.expect(303);
    let of_first = olga.get(&page).await.expect(200).body;
    assert!(of_first.contains("olga confirmed this as the first of two"), "{of_first}");
    assert!(!of_first.contains(&confirms) && of_first.contains(&withdraws));
    let of_second = otto.get(&page).await.expect(200).body;
    assert!(of_second.contains(&confirms) && of_second.contains(&withdraws));
    assert!(of_second.contains(digest), "the same digest is put before the second one");
    let of_observer = app.observer().get(&page).await.expect(200).body;
    assert!(!of_observer.contains(&confirms) && !of_observer.contains(&withdraws));
    otto.post_form(&format!("{page}/confirm"), &fields).await.expect(303);
    for address in [page.clone(), format!("{page}/report"), format!("{page}/report.md")] {
        let told = app.auditor().get(&address).await.expect(200).body;
        assert!(told.contains("olga") && told.contains("otto"), "{address}");
    }
}

#[tokio::test]
async fn the_ledger_and_its_file_take_no_second_confirmation_of_the_first_operator() {
    let dir = tempfile::tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    let waits = [Stage::Requested, Stage::Explained, Stage::FirstConfirmed];
    ledger.append(steps(id_of(1), &waits)).await.unwrap();
    let second = step(id_of(1), Stage::Confirmed);
    let mut same = step(id_of(1), Stage::Confirmed);
    same.actor = step(id_of(1), Stage::FirstConfirmed).actor;
    assert_ne!(same.actor, second.actor);
    let mut nobody = step(id_of(1), Stage::Confirmed);
    nobody.actor = None;
    for bad in [same.clone(), nobody] {
        let error = ledger.append(vec![bad]).await.expect_err("the first again");
        let LedgerError::Store(why) = &error else { panic!("{error}") };
        assert!(why.to_string().contains("a second operator confirms it"), "{why}");
    }
    assert!(ledger.reader().open_actions().unwrap().is_empty(), "it holds up nothing");
    ledger.append(vec![second]).await.unwrap();
    let expected = aerodb_control::ledger::ExpectedLog::default();
    aerodb_control::ledger::verify_file(store.path(), &expected, &mut |_| {}).unwrap();
    // And a log that somebody else wrote is found out.
    let forged = [steps(id_of(1), &waits), vec![same]].concat();
    let broken = crate::workflow::freeze::verified(forged).expect_err("one operator");
    assert_eq!((broken.seq, broken.why.contains("no second operator")), (3, true), "{broken:?}");
}
