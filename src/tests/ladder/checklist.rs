//! A longer piece of work on the ladder, as a list of facts.

use super::SPEC;
use super::app::LadderApp;
use super::checks::checks;
use aerodb_control::model::attestation::Request;
use aerodb_control::model::checklist::ChecklistRow;
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::spec::ChecklistSpec;
use aerodb_control::model::text::NodeId;
use serde_json::json;

pub(super) const CHECKLISTS: &[ChecklistSpec] = &[ChecklistSpec {
    key: "planned_promotion",
    title: "Planned promotion",
    help: "A standby takes over while the primary is well.",
    node: "The standby that becomes primary.",
}];

/// The facts between a standby and its promotion.
pub(super) fn rows(state: &ClusterState, node: &NodeId) -> Vec<ChecklistRow> {
    let primary = state.primary_node().map(|primary| primary.id.to_string());
    let mut asked = vec![("promote_standby", "to", node.to_string())];
    asked.extend(primary.map(|primary| ("stop_writes_of", "node", primary)));
    let row = |(kind, name, value): (&str, &str, String)| {
        let params = [(name.to_owned(), value)].into();
        let action = SPEC.parse(kind, &params).expect("an action");
        let judged = checks(state, &Request::from(action.clone()));
        let first = judged.checks.iter().find(|check| check.verdict != Verdict::Pass);
        ChecklistRow {
            statement: format!("{kind} can run."),
            verdict: Verdict::of(&judged.checks),
            found: first.map_or_else(|| "all pass".to_owned(), |check| check.statement.clone()),
            source: "the checks of the action".to_owned(),
            action: Some(action),
            by_hand: None,
        }
    };
    let mut rows: Vec<_> = asked.into_iter().rev().map(row).collect();
    rows.push(ChecklistRow {
        statement: "The old host is off.".to_owned(),
        verdict: Verdict::Unknown,
        found: "nobody can see it from here".to_owned(),
        source: "the host".to_owned(),
        action: None,
        by_hand: Some("Look at <b>the machine</b>.".to_owned()),
    });
    rows
}

/// C2.2, C8.4, C10.1: refusals first; then facts with links to forms, in the order of the kernel, and no
/// form, no button and no step that follows another.
#[tokio::test]
async fn a_checklist_shows_facts_and_links_to_forms_and_nothing_in_it_acts() {
    let app = LadderApp::new().await;
    for (path, code) in [
        ("/api/v1/checklists/unheard_of/n2", 404),
        ("/api/v1/checklists/planned_promotion/n99", 404),
        ("/api/v1/checklists/planned_promotion/N2", 400),
        ("/api/v1/checklists/planned_promotion/%F6", 400),
    ] {
        app.olga.get(path).await.expect(code);
    }
    let records = app.olga.get("/api/v1/log").await.expect(200).json();
    let list = app.olga.get("/api/v1/checklists/planned_promotion/n2").await.expect(200).json();
    let rows = list["rows"].as_array().expect("rows");
    let verdicts: Vec<_> =
        rows.iter().map(|row| row["verdict"].as_str().expect("a word")).collect();
    assert_eq!(verdicts, ["pass", "fail", "unknown"]);
    assert_eq!(rows[1]["action"], json!({"kind": "promote_standby", "params": {"to": "n2"}}));
    let html = app.page("/checklists/planned_promotion/n2").await;
    assert!(html.contains("/actions/new?kind=promote_standby&amp;to=n2"), "{html}");
    assert!(html.contains("&lt;b&gt;the machine&lt;/b&gt;"), "text is text: {html}");
    assert!(!html.contains("action=\"/actions\""), "a form would act: {html}");
    let overview = app.page("/").await;
    assert!(overview.contains("/checklists/planned_promotion/n2"), "{overview}");
    let after = app.olga.get("/api/v1/log").await.expect(200).json();
    assert_eq!(after, records, "looking leaves no record of an action");
}
