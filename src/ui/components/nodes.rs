//! The table of nodes.

use crate::model::action::ActionKind;
use crate::model::actor::ActorRole;
use crate::model::answer::WhyNot;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::pinned::{Fact, Missing};
use crate::model::spec::ActionSpec;
use crate::model::text::NodeId;
use crate::ui::components::positions::{Lag, lag};
use crate::ui::components::words::{counted, fact_once, since};
use crate::ui::components::{badge, rules, words};
use leptos::prelude::*;

/// Every node with its facts and, for an operator, the forms that name it.
#[must_use]
pub fn nodes(state: &ClusterState, why_not: &[WhyNot], viewer: Option<ActorRole>) -> AnyView {
    let asks = viewer == Some(ActorRole::Operator);
    let heading = asks.then(|| view! { <th scope="col">"Ask for"</th> });
    let rows = state
        .nodes
        .iter()
        .map(|node| {
            let links = asks.then(|| view! { <td>{requests(&node.pinned.id, why_not)}</td> });
            row(state, node, links.into_any())
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
                        <th scope="col">"Role"</th>
                        <th scope="col">"Reachable"</th>
                        <th scope="col">"Epoch"</th>
                        <th scope="col">"Last"</th>
                        <th scope="col">"Committed"</th>
                        <th scope="col">"Applied"</th>
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

fn row(state: &ClusterState, node: &NodeState, links: AnyView) -> AnyView {
    let mut said: Vec<Missing> = Vec::new();
    // The reason why a node cannot be reached is as a rule why its facts are unknown.
    if let Some(unreachable) = &node.pinned.unreachable {
        said.push(Missing { since: unreachable.since, why: unreachable.why.clone() });
    }
    let role = match &node.pinned.role {
        Fact::Known(role) => badge::role(*role),
        unknown @ Fact::Unknown { .. } => fact_once(unknown, &mut said, |_| String::new()),
    };
    let reach = match &node.pinned.reachable {
        Fact::Known(reachable) => badge::reachable(*reachable),
        unknown @ Fact::Unknown { .. } => fact_once(unknown, &mut said, |_| String::new()),
    };
    let unreachable = node.pinned.unreachable.as_ref().map(|cut| since(&cut.into()));
    let p = &node.positions;
    let epoch = fact_once(&node.pinned.epoch, &mut said, u64::to_string);
    let last = fact_once(&p.last, &mut said, u64::to_string);
    let committed = fact_once(&p.committed, &mut said, u64::to_string);
    let applied = fact_once(&p.applied, &mut said, u64::to_string);
    let lag = lag(state, node);
    let lag_words = match lag {
        Lag::Unknown => view! {
            <span class="unknown">
                <strong>"unknown"</strong>
            </span>
        }
        .into_any(),
        known => view! { <span>{known.words()}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">{words::node(&node.pinned.id)}</th>
            <td>{role}</td>
            <td>{reach} {unreachable}</td>
            <td class="number">{epoch}</td>
            <td class="number">{last}</td>
            <td class="number">{committed}</td>
            <td class="number">{applied}</td>
            <td class="number">{lag_words}</td>
            {links}
        </tr>
    }
    .into_any()
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
        let reason = format!(": {} against", counted(against, "rule"));
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
    let parameter = words::catalogue().action(kind).and_then(ActionSpec::node_parameter);
    let parameter = parameter.map_or("node", |parameter| parameter.name);
    let address = format!("/actions/new?kind={kind}&{parameter}={node}");
    view! {
        <li>
            <a href=address>{format!("{kind} to {node}")}</a>
        </li>
    }
    .into_any()
}
