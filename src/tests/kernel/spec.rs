//! What a kernel says of itself is what it does: the checks of an action are the pre-conditions that the
//! catalogue lists, and pages, commands, documents and the description of the API say the same.

use crate::harness::TestApp;
use crate::kernel::contract::Bench as _;
use crate::kernel::embedded_bench::Embedded;
use crate::kernel_words::CATALOGUE;
use aerodb_control::kernel::COMPILED_IN;
use aerodb_control::kernel::embedded::spec::SPEC;
use aerodb_control::model::action::Action;
use aerodb_control::model::invariant::Invariant;
use aerodb_control::model::session::Session;
use aerodb_control::model::spec::{ActionSpec, Impact, ParameterKind};
use aerodb_control::model::timeline_filter::TimelineKind;
use aerodb_control::{text, web};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A value for each parameter: what is asked for need not be possible.
fn sample(entry: &ActionSpec) -> BTreeMap<String, String> {
    let value = |kind| match kind {
        ParameterKind::Member { .. } => "n2",
        ParameterKind::Joining => "n4",
        ParameterKind::Position { .. } => "1",
        ParameterKind::Name | ParameterKind::Item { .. } => "nightly",
        ParameterKind::Text { .. } => "ANY 1 (n2, n3)",
    };
    let pair = |p: &aerodb_control::model::spec::ParameterSpec| {
        (p.name.to_owned(), value(p.kind).to_owned())
    };
    entry.parameters.iter().map(pair).collect()
}

fn ids(list: &Value) -> Vec<String> {
    let text = |id: &Value| id.as_str().expect("an id").to_owned();
    list.as_array().expect("a list").iter().map(text).collect()
}

async fn explanation(app: &TestApp, entry: &ActionSpec) -> Value {
    let mut path = format!("/api/v1/explain?kind={}&reason=a%20drill", entry.kind);
    for (name, value) in sample(entry) {
        path.push_str(&format!("&{name}={value}"));
    }
    app.observer().get(&path).await.expect(200).json()["explanation"].clone()
}

/// C5.1, C12.1: whatever the state, an action is checked for what the catalogue lists, and then for what the
/// control plane itself wants, in that order.
#[tokio::test]
async fn every_action_is_checked_for_exactly_what_the_catalogue_says() {
    let app = TestApp::new().await;
    for state in ["whole", "without a primary"] {
        if state != "whole" {
            app.operator().run(1, "take_offline", json!({"node": "n1"})).await;
        }
        for entry in CATALOGUE.actions() {
            let told = explanation(&app, entry).await;
            let checks = told["checks"].as_array().expect("checks");
            let checked: Vec<Value> = checks.iter().map(|c| c["invariant"].clone()).collect();
            let own = [Invariant::NothingUnresolved.id(), Invariant::NotFrozen.id()];
            let wanted: Vec<Value> =
                entry.preconditions.iter().chain(&own).map(|id| json!(id)).collect();
            assert_eq!(checked, wanted, "{} in a cluster {state}", entry.kind);
            let not_checked = ids(&told["not_checked"]);
            for sentence in entry.not_checked {
                assert!(
                    not_checked.iter().any(|told| told == sentence),
                    "{}: {sentence}",
                    entry.kind
                );
            }
            for id in ids(&told["relies_on"]) {
                let known = CATALOGUE.invariants().any(|invariant| invariant.id.word() == id);
                assert!(known, "{}: {id}", entry.kind);
            }
            let is_typed = !told["typed_target"].is_null();
            assert_eq!(is_typed, entry.impact != Impact::Contained, "{}", entry.kind);
        }
    }
}

/// C12.1: the page, the command, the document and the API name for every action what it is checked for.
#[tokio::test]
async fn pages_commands_documents_and_the_api_say_the_same_of_every_action() {
    let app = TestApp::new().await;
    let documents: BTreeMap<String, String> =
        text::action_pages(&COMPILED_IN).into_iter().collect();
    let listed = app.observer().get("/api/v1/catalogue").await.expect(200).json();
    let described = web::openapi::document(CATALOGUE);
    let schemas = &described["components"]["schemas"];
    for (place, entry) in CATALOGUE.actions().enumerate() {
        let kind = entry.kind;
        let page = app.observer().get(&format!("/reference/actions/{kind}")).await.expect(200).body;
        let command = text::catalogue(CATALOGUE, &[entry]);
        let document = &documents[&format!("actions/embedded/{kind}.md")];
        for id in entry.preconditions {
            let statement = CATALOGUE.statement(*id);
            assert!(page.contains(&format!("<code>{id}</code>")), "{kind}: {id}");
            assert!(command.as_str().contains(&format!("    {id}: {statement}")), "{kind}: {id}");
            assert!(document.contains(&format!("| `{id}` | {statement} |")), "{kind}: {id}");
        }
        for sentence in entry.not_checked.iter().chain(entry.effects) {
            assert!(command.as_str().contains(sentence), "{kind}: {sentence}");
            assert!(document.contains(sentence), "{kind}: {sentence}");
        }
        assert_eq!(listed[place], json!(entry));
        assert_eq!(schemas["ActionKind"]["oneOf"][place]["const"], json!(kind));
        let params = &schemas["Action"]["oneOf"][place]["properties"]["params"];
        let names: Vec<&str> = entry.parameters.iter().map(|p| p.name).collect();
        let taken = params["required"].as_array().cloned().unwrap_or_default();
        assert_eq!(taken, names.iter().map(|name| json!(name)).collect::<Vec<_>>(), "{kind}");
    }
    let invariants = schemas["Invariant"]["oneOf"].as_array().expect("invariants");
    assert_eq!(invariants.len(), CATALOGUE.invariants().count());
}

/// C2.5, C6.1: what a kernel does not know is refused by its name, by its checks and by the kernel itself.
#[tokio::test]
async fn an_action_of_another_kernel_passes_no_check_and_is_not_executed() {
    let bench = Embedded::found(3);
    let foreign = r#"{"kind":"failover","params":{"mode":"fast","to":"n2"}}"#;
    let foreign: Action = serde_json::from_str(foreign).expect("the form of an action");
    let state = bench.kernel().observe().await.expect("a state");
    let told = bench.kernel().checks(&state, &foreign.clone().into()).checks;
    let [check] = told.as_slice() else { panic!("one check: {told:?}") };
    assert_eq!(check.invariant, Invariant::InputValid);
    assert!(check.evidence[0].observed.contains("mode"), "{check:?}");
    let order = crate::kernel::contract::foreign_order(1, foreign);
    let refused = bench.kernel().apply(order, Session::none()).await.expect_err("it is not known");
    assert!(refused.to_string().contains("mode"), "{refused}");
    let after = bench.kernel().observe().await.expect("a state");
    assert_eq!(state.pinned(&SPEC, None), after.pinned(&SPEC, None));
}

/// Every word of the kernel's events can be asked for, and none means two things.
#[test]
fn no_word_of_an_event_is_the_word_of_a_record_or_of_another_event() {
    let words = TimelineKind::words(CATALOGUE);
    assert_eq!(words.len(), words.iter().collect::<BTreeSet<_>>().len(), "{words:?}");
    for event in SPEC.events {
        let kind = TimelineKind::parse(CATALOGUE, event.kind.word()).expect("a word");
        assert_eq!(kind, TimelineKind::Event(event.kind));
    }
}

/// C2.2: everything is offered in the order of the catalogue, on every node that it can be about.
#[tokio::test]
async fn what_is_offered_stands_in_the_order_of_the_catalogue_and_parses_back() {
    let bench = Embedded::found(3);
    let state = bench.kernel().observe().await.expect("a state");
    let offers = bench.kernel().offers(&state);
    let mut kinds: Vec<_> = offers.iter().map(Action::kind).collect();
    kinds.dedup();
    let offered =
        |entry: &&ActionSpec| entry.parameters.is_empty() || entry.node_parameter().is_some();
    let wanted: Vec<_> = SPEC.actions.iter().filter(offered).map(|entry| entry.kind).collect();
    assert_eq!(kinds, wanted);
    for action in &offers {
        assert_eq!(SPEC.parse(action.kind().word(), action.params()).as_ref(), Ok(action));
    }
    assert_eq!(offers, bench.kernel().offers(&state));
}
