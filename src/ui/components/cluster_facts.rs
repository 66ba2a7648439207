//! The facts about the cluster as a whole.

use crate::model::actor::ActorRole;
use crate::model::answer::WhyNot;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::facts::{Fact, Facts, Value};
use crate::model::spec::{FactOf, FactSpec, KernelSpec, Margin, PRIMARY, Show};
use crate::ui::components::nodes::request_form;
use crate::ui::components::words::{capital, escaped, fact, node, since, since_of};
use leptos::prelude::*;

/// The facts that the spec of the kernel shows large, each a value or the word unknown; where nobody is
/// primary, with the nodes that `target_checks` has nothing against.
#[must_use]
pub fn cluster_facts(
    spec: &KernelSpec,
    state: &ClusterState,
    target_checks: &[WhyNot],
    viewer: Option<ActorRole>,
) -> AnyView {
    let tiles = spec.facts_of(FactOf::Cluster).filter(|fact| fact.show == Show::Tile);
    // What the kernel does not say is not there.
    let tiles = tiles.filter_map(|of| {
        let value = state.facts.get(of.key)?;
        let is_nobody = of.key == PRIMARY && state.primary() == Fact::Known(None);
        let is_judged = is_nobody && !target_checks.is_empty();
        let targets = is_judged.then(|| targets(spec, state, target_checks, viewer));
        Some(tile(of, state, value, targets))
    });
    view! { <dl class="cluster-facts">{tiles.collect_view()}</dl> }.into_any()
}

/// How a fact among those of its subject is drawn: as what stopped, as what stops with the next failure, as
/// unknown, or plain.
#[must_use]
pub fn tone(of: &FactSpec, value: &Fact<Value>, facts: &Facts) -> &'static str {
    match (value, of.margin(facts)) {
        (Fact::Unknown { .. }, _) => "unknown",
        (Fact::Known(known), _) if of.is_alarm(known) => "stop",
        (Fact::Known(_), Some(Margin::Short(_))) => "stop",
        (Fact::Known(_), Some(Margin::Exhausted)) => "edge",
        (Fact::Known(_), Some(Margin::Spare) | None) => "plain",
    }
}

/// What the number of a fact means beside the one that is needed.
#[must_use]
pub fn margin(of: &FactSpec, facts: &Facts) -> Option<AnyView> {
    let words = capital(&of.margin(facts)?.words()?);
    Some(view! { <small class="margin">{words}</small> }.into_any())
}

fn tile(
    of: &FactSpec,
    state: &ClusterState,
    value: &Fact<Value>,
    beneath: Option<AnyView>,
) -> AnyView {
    let tone = tone(of, value, &state.facts);
    let primary = state.primary_node().filter(|_| of.key == PRIMARY);
    let shown = match primary {
        Some(primary) => view! { <span>{node(&primary.id)}</span> }.into_any(),
        None => fact(of, value),
    };
    let since = since_of(of, &state.facts).as_ref().map(since);
    let margin = margin(of, &state.facts);
    view! {
        <div data-tone=tone>
            <dt>{of.label}</dt>
            <dd>{shown} {margin} {since} {beneath}</dd>
        </div>
    }
    .into_any()
}

/// Where nobody is primary: every node that no rule speaks against, with where its log ends. The order is
/// that of the names; it ranks nothing (C2.2).
fn targets(
    spec: &KernelSpec,
    state: &ClusterState,
    target_checks: &[WhyNot],
    viewer: Option<ActorRole>,
) -> AnyView {
    let items: Vec<_> = state
        .nodes
        .iter()
        .filter_map(|one| {
            let free = |table: &&WhyNot| {
                table.candidates.iter().any(|c| c.node == one.id && c.against.is_empty())
            };
            let tables: Vec<_> = target_checks.iter().filter(free).collect();
            (!tables.is_empty()).then(|| target(spec, one, &tables, viewer))
        })
        .collect();
    if items.is_empty() {
        return view! { <small class="since">"No node passes every check as the next one."</small> }
            .into_any();
    }
    view! {
        <small class="since">"Pass every check, in the order of their names:"</small>
        <ul class="targets">{items}</ul>
    }
    .into_any()
}

fn target(
    spec: &KernelSpec,
    one: &NodeState,
    tables: &[&WhyNot],
    viewer: Option<ActorRole>,
) -> AnyView {
    let end = spec.fact(FactOf::Node, spec.position.end);
    let end = end.and_then(|of| {
        let words = one.facts.get(of.key)?.word(|value| of.words(value));
        Some(format!("{} {}", of.lower_label(), escaped(&words)))
    });
    let forms = (viewer == Some(ActorRole::Operator)).then(|| {
        let form = |table: &&WhyNot| view! { " " {request_form(table.kind, &one.id)} };
        tables.iter().map(form).collect_view()
    });
    view! { <li>{node(&one.id)} " " {end} {forms}</li> }.into_any()
}
