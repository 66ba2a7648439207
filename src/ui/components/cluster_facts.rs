//! The facts about the cluster as a whole.

use crate::model::cluster::ClusterState;
use crate::model::facts::{Fact, Value};
use crate::model::spec::{FactOf, FactSpec, KernelSpec, PRIMARY, Show};
use crate::ui::components::words::{fact, node, since, since_of};
use leptos::prelude::*;

/// The facts that the spec of the kernel shows large, each a value or the word unknown.
#[must_use]
pub fn cluster_facts(spec: &KernelSpec, state: &ClusterState) -> AnyView {
    let tiles = spec.facts_of(FactOf::Cluster).filter(|fact| fact.show == Show::Tile);
    // What the kernel does not say is not there.
    let tiles = tiles.filter_map(|of| Some(tile(of, state, state.facts.get(of.key)?)));
    view! { <dl class="cluster-facts">{tiles.collect_view()}</dl> }.into_any()
}

fn tile(of: &FactSpec, state: &ClusterState, value: &Fact<Value>) -> AnyView {
    let tone = match value {
        Fact::Unknown { .. } => "unknown",
        Fact::Known(known) if of.is_alarm(known) => "stop",
        Fact::Known(_) => "plain",
    };
    let primary = state.primary_node().filter(|_| of.key == PRIMARY);
    let shown = match primary {
        Some(primary) => view! { <span>{node(&primary.id)}</span> }.into_any(),
        None => fact(of, value),
    };
    let since = since_of(of, &state.facts).as_ref().map(since);
    view! {
        <div data-tone=tone>
            <dt>{of.label}</dt>
            <dd>{shown} {since}</dd>
        </div>
    }
    .into_any()
}
