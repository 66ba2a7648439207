//! The same state and the same request give the same bytes, everywhere and always (C5.1).

use crate::harness::{TestApp, id};
use crate::kernel_words::CATALOGUE;
use aerodb_control::kernel::embedded::spec::SPEC;
use aerodb_control::model::answer::{ActionAnswer, ExplainAnswer};
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::invariant::InvariantId;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const QUESTION: &str = "/api/v1/explain?kind=failover&to=n2&reason=a%20drill";

fn explained(reply: &str) -> ExplainAnswer {
    serde_json::from_str(reply).expect("an answer")
}

/// C5.1.
#[tokio::test]
async fn fifty_answers_to_one_question_are_the_same_bytes_and_so_are_those_after_a_restart() {
    let app = TestApp::new().await.restart().await;
    let mut bytes = BTreeSet::new();
    for _ in 0..50 {
        let answer = explained(&app.operator().get(QUESTION).await.expect(200).body);
        bytes.insert(answer.explanation.canonical());
        app.clock.advance_millis(1_000);
    }
    let app = app.restart().await;
    let olga = app.sign_in("olga").await;
    let after = explained(&olga.get(QUESTION).await.expect(200).body);
    bytes.insert(after.explanation.canonical());
    assert_eq!(bytes.len(), 1, "one question, one state, one explanation");
    // The request itself, its stored form and its page carry the same explanation and digest.
    let asked = olga.request(1, "failover", json!({"to": "n2"})).await.expect(201);
    let asked: ActionAnswer = serde_json::from_str(&asked.body).expect("an answer");
    assert_eq!(asked.explanation.canonical(), after.explanation.canonical());
    assert_eq!((asked.digest, asked.explanation.digest()), (after.digest, after.digest));
    let page = olga.get(&format!("/actions/{}", id(1))).await.expect(200).body;
    assert!(page.contains(&after.digest.to_string()));
}

#[tokio::test]
async fn positions_are_shown_and_do_not_enter_the_digest() {
    let app = TestApp::new().await;
    let question = QUESTION.replace("failover", "switchover");
    let before = explained(&app.operator().get(&question).await.expect(200).body);
    app.data().put("/kv/a", "1").await.expect(200);
    let after = explained(&app.operator().get(&question).await.expect(200).body);
    assert_eq!(before.digest, after.digest);
    assert_ne!(before.observation.id, after.observation.id);
}

/// C3.3.
#[tokio::test]
async fn the_digest_changes_with_everything_that_it_binds() {
    let app = TestApp::new().await;
    let ask = async |client: crate::harness::Client, query: &str| {
        let reply = client.get(&format!("/api/v1/explain?{query}")).await.expect(200);
        explained(&reply.body).digest
    };
    let mut digests = BTreeSet::new();
    for query in [
        "kind=switchover&to=n2&reason=a",
        "kind=switchover&to=n2&reason=b",
        "kind=switchover&to=n3&reason=a",
        "kind=failover&to=n2&reason=a",
        "kind=stop_writes&reason=a",
    ] {
        digests.insert(ask(app.operator(), query).await);
    }
    digests.insert(ask(app.observer(), "kind=switchover&to=n2&reason=a").await);
    app.operator().run(1, "take_offline", json!({"node": "n3"})).await;
    digests.insert(ask(app.operator(), "kind=switchover&to=n2&reason=a").await);
    assert_eq!(digests.len(), 7);
}

/// C1.1, C4.2, C8.2.
#[tokio::test]
async fn the_why_not_table_names_every_rule_that_speaks_against_each_node() {
    let app = TestApp::new().await;
    app.operator().run(1, "take_offline", json!({"node": "n3"})).await;
    let overview = app.observer().get("/api/v1/overview").await.expect(200).json();
    let against = |kind: usize, node: usize| {
        let checks = overview["target_checks"][kind]["candidates"][node]["against"].clone();
        let list = checks.as_array().expect("checks").clone();
        list.iter().map(|c| (c["invariant"].clone(), c["verdict"].clone())).collect::<Vec<_>>()
    };
    let has = |list: &[(Value, Value)], id: &str, verdict: &str| {
        list.contains(&(json!(id), json!(verdict)))
    };
    assert!(has(&against(0, 0), "target_is_standby", "fail"), "{:?}", against(0, 0));
    assert!(against(0, 1).is_empty(), "{:?}", against(0, 1));
    assert!(has(&against(0, 2), "target_reachable", "fail"));
    assert!(has(&against(0, 2), "target_is_standby", "unknown"), "unknown is a verdict");
    assert!(has(&against(1, 1), "no_primary_alive", "fail"));
}

/// C3.2, C12.1.
#[tokio::test]
async fn explanations_read_as_recorded() {
    let app = TestApp::new().await;
    let mut texts = Vec::new();
    for (kind, query) in [
        ("switchover", "&to=n2"),
        ("failover", "&to=n2"),
        ("stop_writes", ""),
        ("resume_writes", ""),
        ("take_offline", "&node=n1"),
        ("bring_online", "&node=n1"),
        ("take_offline", "&node=n9"),
    ] {
        let path = format!("/api/v1/explain?kind={kind}{query}&reason=a%20drill");
        let answer = explained(&app.operator().get(&path).await.expect(200).body);
        texts.push(in_words(&answer));
    }
    insta::assert_snapshot!("explanations", texts.join("\n\n"));
}

fn in_words(answer: &ExplainAnswer) -> String {
    let explanation = &answer.explanation;
    let mut lines = vec![
        format!("{}: {}", CATALOGUE.title(&explanation.action), explanation.verdict().word()),
        format!("  $ {}", explanation.command),
        format!("  engine: {}", explanation.engine_command),
        format!("  type: {}", explanation.typed_target.as_deref().unwrap_or("nothing")),
    ];
    for check in &explanation.checks {
        lines.push(format!("  [{}] {}", check.verdict.word(), check.invariant));
        for evidence in &check.evidence {
            lines.push(format!(
                "      found {}; required {}; from {}",
                evidence.observed, evidence.required, evidence.source
            ));
        }
    }
    lines.extend(explanation.effects.iter().map(|effect| format!("  -> {}", SPEC.change(effect))));
    lines.extend(explanation.consequences.iter().map(|text| format!("  => {text}")));
    lines.extend(explanation.not_checked.iter().map(|text| format!("  not checked: {text}")));
    let relied: Vec<_> = explanation.relies_on.iter().map(InvariantId::word).collect();
    lines.push(format!("  relies on {}", relied.join(", ")));
    assert!(explanation.verdict() == Verdict::Pass || !explanation.violated().is_empty());
    lines.join("\n")
}
