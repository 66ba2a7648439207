//! The table of nodes.

use crate::model::action::ActionKind;
use crate::model::actor::ActorRole;
use crate::model::answer::WhyNot;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::facts::{Fact, Since, UnknownReason};
use crate::model::spec::{ActionSpec, FactOf, FactSpec, KernelSpec, REACHABLE, ROLE, Show};
use crate::model::text::NodeId;
use crate::ui::components::positions::{Lag, lag};
use crate::ui::components::words::{counted, fact_once, since, since_of};
use crate::ui::components::{badge, rules, words};
use leptos::prelude::*;

/// Every node with its facts and, for an operator, the forms that name it.
#[must_use]
pub fn nodes(
    spec: &KernelSpec,
    state: &ClusterState,
    why_not: &[WhyNot],
    viewer: Option<ActorRole>,
) -> AnyView {
    let asks = viewer == Some(ActorRole::Operator);
    let heading = asks.then(|| view! { <th scope="col">"Request"</th> });
    let columns: Vec<&FactSpec> = spec
        .facts_of(FactOf::Node)
        .filter(|fact| matches!(fact.show, Show::Column | Show::Bar))
        .collect();
    let headings = columns.iter().map(|fact| view! { <th scope="col">{fact.label}</th> });
    let headings = headings.collect_view();
    let rows = state
        .nodes
        .iter()
        .map(|node| {
            let links = asks.then(|| view! { <td>{requests(&node.id, why_not)}</td> });
            row(spec, &columns, state, node, links.into_any())
        })
        .collect_view();
    rules::scrolling(
        "Nodes",
        view! {
            <table class="nodes">
                <caption>"Nodes"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Node"</th>
                        {headings}
                        <th scope="col">"Behind the primary"</th>
                        {heading}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn row(
    spec: &KernelSpec,
    columns: &[&FactSpec],
    state: &ClusterState,
    node: &NodeState,
    links: AnyView,
) -> AnyView {
    // The reason why a node cannot be reached is as a rule why its facts are unknown.
    let mut said: Vec<UnknownReason> = columns
        .iter()
        .filter_map(|of| since_of(of, &node.facts))
        .map(|Since { since, why }| UnknownReason { since, why })
        .collect();
    let cells = columns.iter().map(|of| cell(spec, of, node, &mut said)).collect_view();
    let lag_words = match lag(spec, state, node) {
        Lag::Unknown => view! {
            <span class="unknown">
                <strong>"unknown"</strong>
            </span>
        }
        .into_any(),
        known => view! { <span>{known.words(spec)}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">{words::node(&node.id)}</th>
            {cells}
            <td class="number">{lag_words}</td>
            {links}
        </tr>
    }
    .into_any()
}

fn cell(
    spec: &KernelSpec,
    of: &FactSpec,
    node: &NodeState,
    said: &mut Vec<UnknownReason>,
) -> AnyView {
    let Some(fact) = node.facts.get(of.key) else { return view! { <td></td> }.into_any() };
    let since = since_of(of, &node.facts).as_ref().map(since);
    match fact {
        Fact::Known(value) if is_word(of) => {
            view! { <td>{badge::value(spec, of, value)} {since}</td> }.into_any()
        }
        unknown if is_word(of) => {
            view! { <td>{fact_once(of, unknown, said)} {since}</td> }.into_any()
        }
        number => {
            view! { <td class="number">{fact_once(of, number, said)} {since}</td> }.into_any()
        }
    }
}

/// Whether a fact is one of the two that are drawn as badges.
fn is_word(of: &FactSpec) -> bool {
    of.key == ROLE || of.key == REACHABLE
}

/// One line for each kind that the why-not tables cover. An impossible request is shown with what
/// speaks against it, never hidden.
fn requests(node: &NodeId, why_not: &[WhyNot]) -> AnyView {
    let lines = why_not
        .iter()
        .filter_map(|table| {
            let candidate = table.candidates.iter().find(|c| &c.node == node)?;
            Some(request(table.kind, node, candidate.against.len()))
        })
        .collect_view();
    view! { <ul class="requests">{lines}</ul> }.into_any()
}

fn request(kind: ActionKind, node: &NodeId, against: usize) -> AnyView {
    if against > 0 {
        let reason = format!(": {}", counted(against, "blocker"));
        let table = format!("#why-not-{kind}");
        return view! {
            <li>
                <span class="impossible">{kind.to_string()}</span>
                <small>
                    <a href=table>{reason.trim_start_matches(": ").to_owned()}</a>
                </small>
            </li>
        }
        .into_any();
    }
    view! { <li>{request_form(kind, node)}</li> }.into_any()
}

/// The way to the form that asks for an action on this node.
#[must_use]
pub fn request_form(kind: ActionKind, node: &NodeId) -> AnyView {
    let parameter = words::catalogue().action(kind).and_then(ActionSpec::node_parameter);
    let parameter = parameter.map_or("node", |parameter| parameter.name);
    let address = format!("/actions/new?kind={kind}&{parameter}={node}");
    view! { <a href=address>{format!("{kind} to {node}")}</a> }.into_any()
}
