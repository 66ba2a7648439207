//! What can be asked for now, in the order of the catalogue.

use super::spec::{EmbeddedAction, SPEC, facts};
use crate::model::action::{Action, LogPosition};
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::spec::ActionSpec;
use std::collections::BTreeMap;

/// Every action, on every node that it can be about. A backup has to be named by whoever asks for it.
///
/// A log is offered to be purged up to the end of the checkpoint of the node, and up to position 1 where
/// none is known: no page selects it, and the action says which it was.
pub(super) fn offers(state: &ClusterState) -> Vec<Action> {
    SPEC.actions.iter().flat_map(|entry| of_kind(state, entry)).collect()
}

fn of_kind(state: &ClusterState, entry: &ActionSpec) -> Vec<Action> {
    if entry.parameters.is_empty() {
        return SPEC.parse(entry.kind.word(), &BTreeMap::default()).into_iter().collect();
    }
    let on = |node: &NodeState| entry.on(&node.id).or_else(|| purge_of(node, entry));
    state.nodes.iter().filter_map(on).collect()
}

fn purge_of(node: &NodeState, entry: &ActionSpec) -> Option<Action> {
    entry.offered_position()?;
    let kept = node.facts.number(facts::CHECKPOINT).known().copied().unwrap_or(1).to_string();
    let up_to = LogPosition::parse_field("up_to", &kept).ok()?;
    Some(EmbeddedAction::PurgeLog { node: node.id.clone(), up_to }.into())
}
