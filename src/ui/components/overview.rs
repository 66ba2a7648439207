//! Everything that the overview shows, from one observation.

use crate::model::actor::ActorRole;
use crate::model::answer::Overview;
use crate::model::spec::KernelSpec;
use crate::model::status::UnfinishedActions;
use crate::ui::components::cluster_facts::cluster_facts;
use crate::ui::components::prospects::prospects;
use crate::ui::components::words::{command, escaped, observation};
use crate::ui::components::{
    items, nodes, notice, positions, progress, rules, stakeholder, topology, trouble,
};
use leptos::prelude::*;

/// The overview. It is drawn whole from each observation, so that it is never a mix of two (C8.4).
#[must_use]
pub fn overview(
    spec: &KernelSpec,
    overview: &Overview,
    viewer: Option<ActorRole>,
    unfinished: &UnfinishedActions,
) -> AnyView {
    if viewer == Some(ActorRole::Stakeholder) {
        return stakeholder::overview(spec, overview);
    }
    let state = &overview.state;
    let freeze = notice::freeze(Ok(overview.freeze.as_ref()));
    let in_doubt =
        overview.in_doubt.as_ref().map(|open| notice::in_doubt(open, unfinished.in_doubt.as_ref()));
    let tables = overview.target_checks.iter().map(rules::why_not).collect_view();
    let every = (viewer == Some(ActorRole::Operator)).then(|| {
        view! {
            <p>
                <a href="/actions/new">"Every action that can be asked for"</a>
            </p>
        }
    });
    view! {
        {trouble::trouble(spec, state)}
        {freeze}
        {in_doubt}
        {state.under_way.as_ref().map(|far| progress::with_link(far, unfinished.running.as_ref()))}
        <section aria-label="Cluster">{cluster_facts(spec, state, &overview.target_checks, viewer)}</section>
        <div class="figures">
            {topology::topology(spec, state)}
            {positions::positions(spec, state)}
        </div>
        <section>
            <h2>"Nodes"</h2>
            {nodes::nodes(spec, state, &overview.target_checks, viewer)}
            {every}
        </section>
        {items::items(spec, &state.items.iter().collect::<Vec<_>>())}
        <details class="folded">
            <summary>
                <h2>"Unavailable actions"</h2>
            </summary>
            <p>
                "For each node, the rules that speak against making it primary now, from this \
                observation. The order is that of the names; it ranks nothing."
            </p>
            {tables}
            <p>
                {(!overview.cluster_actions.is_empty()).then_some("Actions on the cluster as a whole. ")}
                "What speaks against the other actions on a node stands on the page of the node."
            </p>
            {(!overview.cluster_actions.is_empty())
                .then(|| prospects("Actions on the cluster", &overview.cluster_actions, viewer))}
        </details>
        {write_hint(overview)}
        {observation(&state.observation)}
    }
    .into_any()
}

fn write_hint(overview: &Overview) -> Option<AnyView> {
    let address = escaped(overview.data_address.as_ref()?);
    let line = format!("curl -X PUT --data-binary 'hello' {address}/kv/greeting");
    let hint = view! {
        <section>
            <h2>"Write to the cluster"</h2>
            <p>
                "Clients write to the data address "<code>{address}</code>
                ", which is not part of this console. For example:"
            </p>
            {command(&line)}
        </section>
    };
    Some(hint.into_any())
}
