//! Requests, refusals and their records, through the public router.

use crate::harness::{TestApp, confirmation, id};
use serde_json::{Value, json};

/// C4.2, C6.1, C8.2.
#[tokio::test]
async fn a_request_with_a_failed_check_is_rejected_and_leaves_the_kernel_alone() {
    let app = TestApp::new().await;
    let before = app.cluster().await;
    let reply = app.operator().request(1, "failover", json!({"to": "n2"})).await.expect(412);
    assert_eq!(reply.code(), "rejected");
    assert_eq!(reply.json()["refusal"]["invariants"], json!(["no_primary_alive"]));
    let action = app.observer().get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    assert_eq!(action["stage"], "rejected");
    assert!(action["outcome"].is_null());
    assert_eq!(app.cluster().await["epoch"], before["epoch"]);
    let kinds = app.record_kinds().await;
    assert!(kinds.ends_with(&["requested".to_owned(), "rejected".to_owned()]), "{kinds:?}");
}

/// C3.2, C6.1.
#[tokio::test]
async fn a_rejected_action_can_never_be_confirmed() {
    let app = TestApp::new().await;
    app.operator().request(1, "resume_writes", json!({})).await.expect(412);
    let shown = app.operator().get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json();
    let reply = app.operator().confirm(&shown).await.expect(409);
    assert_eq!(reply.code(), "wrong_stage");
    assert_eq!(reply.json()["refusal"]["invariants"], json!(["stage_order"]));
}

/// C3.3.
/// `explanation_confirmed`.
#[tokio::test]
async fn a_confirmation_after_the_world_moved_is_stale_and_names_what_moved() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    app.operator().run(2, "take_offline", json!({"node": "n2"})).await;
    let receipts = app.cluster().await["epoch"].clone();
    let reply = app.operator().confirm(&explained.json()).await.expect(409);
    assert_eq!(reply.code(), "stale");
    assert!(reply.body.contains("n2 reachable: yes -> no"), "{}", reply.body);
    let moved = &reply.json()["refusal"]["moved"];
    let reach = json!({
        "subject": {"node": "n2"}, "fact": "reachable", "before": true, "after": false
    });
    assert!(moved.as_array().expect("a list").contains(&reach), "{moved}");
    assert_eq!(app.cluster().await["epoch"], receipts);
    let kinds = app.record_kinds().await;
    assert_eq!(kinds.last().map(String::as_str), Some("stale"));
    // The same delivery again is told the same, and is recorded as a repetition.
    let again = app.operator().confirm(&explained.json()).await.expect(409);
    assert_eq!(again.code(), "stale");
    assert_eq!(app.record_kinds().await.last().map(String::as_str), Some("duplicate"));
}

#[tokio::test]
async fn writes_that_only_move_positions_do_not_make_a_confirmation_stale() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    for number in 0..5 {
        app.data().put(&format!("/kv/k{number}"), "v").await.expect(200);
    }
    let done = app.operator().confirm(&explained.json()).await.expect(200).json();
    assert_eq!(done["stage"], "executed");
    assert_eq!(app.cluster().await["primary"], "n2");
}

/// C3.3.
/// `explanation_confirmed`.
#[tokio::test]
async fn a_digest_that_was_not_shown_confirms_nothing() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    let path = format!("/api/v1/actions/{}/confirm", id(1));
    let body = json!({"digest": "00".repeat(32), "typed_target": "aerodb"});
    let reply = app.operator().post(&path, &body).await.expect(422);
    assert_eq!(reply.code(), "not_what_was_explained");
    assert_eq!(app.cluster().await["write_fence"], "lifted");
    app.operator().post(&path, &confirmation(&explained)).await.expect(200);
}

#[tokio::test]
async fn a_disruptive_action_needs_the_name_of_its_target_typed() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let digest = &explained.json()["digest"];
    let path = format!("/api/v1/actions/{}/confirm", id(1));
    for typed in [json!(null), json!(""), json!("n3"), json!("N2"), json!("n2 ")] {
        let body = json!({"digest": digest, "typed_target": typed});
        let reply = app.operator().post(&path, &body).await.expect(422);
        assert_eq!(reply.json()["refusal"]["field"], "typed_target", "{typed}");
    }
    assert_eq!(app.cluster().await["primary"], "n1");
    let declined = app.record_kinds().await.iter().filter(|kind| *kind == "declined").count();
    assert_eq!(declined, 5);
}

/// What nothing brings back is not confirmed by one press, though no client notices it.
#[tokio::test]
async fn what_cannot_be_brought_back_needs_the_name_of_its_target_typed() {
    let app = TestApp::new().await;
    app.data().put("/kv/k", "v").await.expect(200);
    app.operator().run(1, "take_checkpoint", json!({"node": "n2"})).await;
    let params = json!({"node": "n2", "up_to": "1"});
    let explained = app.operator().request(2, "purge_log", params).await.expect(201).json();
    assert_eq!(explained["explanation"]["typed_target"], "n2");
    let path = format!("/api/v1/actions/{}/confirm", id(2));
    let body = json!({"digest": explained["digest"]});
    let reply = app.operator().post(&path, &body).await.expect(422);
    assert_eq!(reply.code(), "target_mistyped");
    assert_eq!(app.cluster().await["nodes"][1]["first"], 1, "nothing was purged");
    app.operator().confirm(&explained).await.expect(200);
    assert_eq!(app.cluster().await["nodes"][1]["first"], 2);
}

#[tokio::test]
async fn a_withdrawn_action_can_never_be_confirmed() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    let path = format!("/api/v1/actions/{}/withdraw", id(1));
    let why = json!({"reason": "not needed any more"});
    let reply = app.operator().post(&path, &why).await.expect(200).json();
    assert_eq!(reply["stage"], "withdrawn");
    assert_eq!(app.operator().confirm(&explained).await.expect(409).code(), "wrong_stage");
    let again = app.operator().post(&path, &why).await.expect(200).json();
    assert_eq!(again["duplicate"], true);
    let other = json!({"reason": "the window is over"});
    let other = app.operator().post(&path, &other).await.expect(409);
    assert_eq!(other.code(), "wrong_stage", "another reason is another request");
}

#[tokio::test]
async fn what_was_executed_is_not_resolved_and_no_record_says_so() {
    let app = TestApp::new().await;
    app.operator().run(1, "stop_writes", json!({})).await;
    let before = app.record_kinds().await.len();
    let path = format!("/api/v1/actions/{}/resolve", id(1));
    let why = json!({"reason": "to be sure"});
    let refused = app.operator().post(&path, &why).await.expect(409);
    assert_eq!(refused.code(), "wrong_stage");
    assert_eq!(refused.json()["refusal"]["executed"], "earlier");
    assert_eq!(app.record_kinds().await[before..], ["declined"]);
}

#[tokio::test]
async fn another_operator_cannot_confirm_what_was_explained_to_this_one() {
    let app = TestApp::new().await;
    let explained = app.operator().request(1, "stop_writes", json!({})).await.expect(201).json();
    app.house.access.add_account("oleg", "operator", crate::harness::PASSWORD).await.expect("oleg");
    let oleg = app.sign_in("oleg").await;
    let reply = oleg.confirm(&explained).await.expect(403);
    assert_eq!(reply.json()["refusal"]["invariants"], json!(["operator_intent"]));
    assert_eq!(app.cluster().await["write_fence"], "lifted");
}

#[tokio::test]
async fn every_action_runs_as_explained_and_leaves_one_record_for_each_stage() {
    let app = TestApp::new().await;
    let runs: [(&str, Value); 6] = [
        ("switchover", json!({"to": "n2"})),
        ("stop_writes", json!({})),
        ("resume_writes", json!({})),
        ("take_offline", json!({"node": "n2"})),
        ("failover", json!({"to": "n3"})),
        ("bring_online", json!({"node": "n2"})),
    ];
    for (number, (kind, params)) in (1u8..).zip(runs) {
        let done = app.operator().run(number, kind, params).await;
        assert_eq!(done["outcome"]["differences"], json!([]), "{kind}: as explained");
        assert_eq!(done["outcome"]["observed_after"], true);
        assert_eq!(done["outcome"]["receipt"]["duplicate"], false);
        let records = done["records"].as_array().expect("records").clone();
        let kinds: Vec<_> = records.iter().map(|r| r["entry"]["kind"].clone()).collect();
        let stages = ["requested", "explained", "confirmed", "dispatched", "executed"];
        assert_eq!(kinds, stages, "{kind}");
        // The kernel is a witness of the ledger: its receipt names the record of the dispatch.
        let witness = &done["outcome"]["receipt"]["witness"];
        assert_eq!(witness["seq"], records[3]["seq"]);
        assert_eq!(witness["hash"], records[3]["hash"]);
    }
    assert_eq!(app.cluster().await["primary"], "n3");
}

#[tokio::test]
async fn with_two_of_three_nodes_offline_a_failover_is_rejected_with_the_quorum_invariant() {
    let app = TestApp::new().await;
    app.operator().run(1, "take_offline", json!({"node": "n1"})).await;
    app.clock.advance_millis(5_000);
    app.operator().run(2, "take_offline", json!({"node": "n2"})).await;
    let reply = app.operator().request(3, "failover", json!({"to": "n3"})).await.expect(412);
    let invariants = reply.json()["refusal"]["invariants"].clone();
    let invariants = invariants.as_array().expect("a list");
    assert!(invariants.contains(&json!("quorum_reachable")), "{invariants:?}");
    let cluster = app.cluster().await;
    for (node, since) in [(0, "2026-01-01T00:01:00.000Z"), (1, "2026-01-01T00:01:05.000Z")] {
        assert_eq!(cluster["nodes"][node]["role"]["unknown"]["since"], since);
    }
    let page = app.operator().get("/").await.expect(200).body;
    assert!(page.contains("unknown") && page.contains("2026-01-01T00:01:05.000Z"));
}

#[tokio::test]
async fn after_a_restart_nobody_is_primary_until_an_operator_asks() {
    let app = TestApp::new().await;
    app.data().put("/kv/a", "1").await.expect(200);
    app.clock.advance_millis(60_000);
    let app = app.restart().await;
    let since = "2026-01-01T00:02:00.000Z";
    let cluster = app.cluster().await;
    assert!(cluster["primary"].is_null(), "{cluster}");
    assert_eq!(cluster["primary_since"], since);
    let refused = app.data().put("/kv/b", "2").await.expect(503);
    assert!(refused.body.contains("primary") && refused.body.contains(since), "{}", refused.body);
    assert!(app.observer().get("/").await.expect(200).body.contains(since));
    // Since when is kept: another restart does not move it.
    app.clock.advance_millis(60_000);
    let app = app.restart().await;
    assert_eq!(app.cluster().await["primary_since"], since);
    app.operator().run(1, "failover", json!({"to": "n2"})).await;
    assert_eq!(app.data().get("/kv/a").await.expect(200).body, "1");
    app.data().put("/kv/b", "2").await.expect(200);
}

#[tokio::test]
async fn a_second_control_plane_on_the_same_data_is_refused() {
    let app = TestApp::new().await;
    let store = aerodb_control::store::Store::open(app.dir());
    assert!(store.is_err(), "the directory is taken");
}

#[tokio::test]
async fn the_whole_flow_works_with_plain_forms() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let page = olga.get("/actions/new?kind=switchover&to=n2").await.expect(200).body;
    let field = |page: &str, name: &str| {
        let at = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("{name}: {page}"));
        let tag_start = page[..at].rfind('<').expect("a tag");
        let tag = &page[tag_start..tag_start + page[tag_start..].find('>').expect("its end")];
        let value = tag.split("value=\"").nth(1).expect("a value");
        value.split('"').next().expect("its end").to_owned()
    };
    let action = field(&page, "action_id");
    let fields = [
        ("action_id", action.as_str()),
        ("kind", "switchover"),
        ("to", "n2"),
        ("reason", "a drill"),
    ];
    let asked = olga.post_form("/actions", &fields).await.expect(303);
    let place = format!("/actions/{action}");
    assert_eq!(asked.location.as_deref(), Some(place.as_str()));
    let page = olga.get(&place).await.expect(200).body;
    let digest = field(&page, "digest");
    let wrong = [("digest", digest.as_str()), ("typed_target", "n3")];
    let again = olga.post_form(&format!("{place}/confirm"), &wrong).await.expect(422);
    assert!(again.body.contains("target_typed"), "the page names the invariant");
    let right = [("digest", digest.as_str()), ("typed_target", "n2")];
    let done = olga.post_form(&format!("{place}/confirm"), &right).await.expect(303);
    assert_eq!(done.location.as_deref(), Some(place.as_str()));
    let page = olga.get(&place).await.expect(200).body;
    assert!(page.contains("data-stage=\"executed\"") && page.contains("as explained"), "{page}");
    let rejected = [
        ("action_id", "00000000-0000-4000-8000-0000000000aa"),
        ("kind", "failover"),
        ("to", "n3"),
        ("reason", "a drill"),
    ];
    let asked = olga.post_form("/actions", &rejected).await.expect(303);
    let page = olga.get(&asked.location.expect("a place")).await.expect(200).body;
    assert!(page.contains("no_primary_alive"));
}
