//! The facts about the cluster as a whole.

use crate::model::cluster::ClusterState;
use crate::model::pinned::{Fact, Fence, Writes};
use crate::model::text::in_binary_units;
use crate::ui::components::words::{fact, node, since};
use leptos::prelude::*;

/// Primary, epoch, writes, fence, quorum and, where the kernel says it, how much can still be written:
/// each a value or the word unknown.
#[must_use]
pub fn cluster_facts(state: &ClusterState) -> AnyView {
    let cluster = &state.cluster;
    let primary = match &cluster.primary {
        Fact::Known(Some(id)) => view! { <span>{node(id)}</span> }.into_any(),
        other => fact(other, |_| "nobody".to_owned()),
    };
    let without = cluster.without_primary.as_ref().map(since);
    let refused = cluster.writes_refused.as_ref().map(since);
    let primary_state = match &cluster.primary {
        Fact::Known(Some(_)) => "plain",
        Fact::Known(None) => "stop",
        Fact::Unknown { .. } => "unknown",
    };
    let writes_state = match &cluster.writes {
        Fact::Known(Writes::Accepted) => "plain",
        Fact::Known(Writes::Stopped) => "stop",
        Fact::Unknown { .. } => "unknown",
    };
    let fence_state = match &cluster.write_fence {
        Fact::Known(Fence::Lifted) => "plain",
        Fact::Known(Fence::Standing) => "stop",
        Fact::Unknown { .. } => "unknown",
    };
    let epoch_state = if cluster.epoch.known().is_some() { "plain" } else { "unknown" };
    let (voters, reached) = (voters(state), reached(state));
    view! {
        <dl class="cluster-facts">
            <div data-tone=primary_state>
                <dt>"Primary"</dt>
                <dd>{primary} {without}</dd>
            </div>
            <div data-tone=epoch_state>
                <dt>"Epoch"</dt>
                <dd>{fact(&cluster.epoch, u64::to_string)}</dd>
            </div>
            <div data-tone=writes_state>
                <dt>"Writes"</dt>
                <dd>{fact(&cluster.writes, |writes| writes.word().to_owned())} {refused}</dd>
            </div>
            <div data-tone=fence_state>
                <dt>"Write fence"</dt>
                <dd>{fact(&cluster.write_fence, |fence| fence.word().to_owned())}</dd>
            </div>
            <div data-tone="plain">
                <dt>"Quorum"</dt>
                <dd>
                    <span>{voters}</span>
                    <small>{reached}</small>
                </dd>
            </div>
            {state.free_bytes.as_ref().map(free_space)}
        </dl>
    }
    .into_any()
}

fn voters(state: &ClusterState) -> String {
    format!("{} of {} voters needed", state.cluster.quorum, state.cluster.voters.len())
}

/// How many voters are reachable; what is not known is counted apart, never as either.
fn reached(state: &ClusterState) -> String {
    let (mut yes, mut no, mut unknown) = (0, 0, 0);
    for id in &state.cluster.voters {
        match state.node(id).map(|node| &node.pinned.reachable) {
            Some(Fact::Known(true)) => yes += 1,
            Some(Fact::Known(false)) => no += 1,
            Some(Fact::Unknown { .. }) | None => unknown += 1,
        }
    }
    let mut text = format!("{yes} reachable");
    if no > 0 {
        text.push_str(&format!(", {no} unreachable"));
    }
    if unknown > 0 {
        text.push_str(&format!(", {unknown} unknown"));
    }
    text
}

fn free_space(free: &Fact<u64>) -> AnyView {
    let state = if free.known().is_some() { "plain" } else { "unknown" };
    view! {
        <div data-tone=state>
            <dt>"Free space"</dt>
            <dd>
                {fact(free, |free| in_binary_units(*free))} <small>"of the data directory"</small>
            </dd>
        </div>
    }
    .into_any()
}
