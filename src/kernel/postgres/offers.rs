//! What can be asked for now, in the order of the catalogue.

use super::spec::SPEC;
use crate::model::action::Action;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::spec::{ActionSpec, ParameterKind, ParameterSpec};
use std::collections::BTreeMap;

/// Every action on every node, and for the slots and the sessions of a node one for each. What an operator
/// has to name is not offered: a rule, an upstream, a setting, the name of a new slot, place or backup.
/// Nothing is left out for what speaks against it (C2.2). Pure.
#[must_use]
pub fn offers(state: &ClusterState) -> Vec<Action> {
    let of_kind = |entry: &'static ActionSpec| {
        state.nodes.iter().flat_map(move |node| on_node(state, entry, node))
    };
    SPEC.actions.iter().flat_map(of_kind).collect()
}

fn on_node(state: &ClusterState, entry: &ActionSpec, node: &NodeState) -> Vec<Action> {
    if let Some(action) = entry.on(&node.id) {
        return vec![action];
    }
    let item = |parameter: &ParameterSpec| {
        if let ParameterKind::Item { of, .. } = parameter.kind {
            Some((parameter.name, of))
        } else {
            None
        }
    };
    let Some((name, kind)) = entry.parameters.iter().find_map(item) else { return Vec::new() };
    let of_item = |item: &str| {
        let given = [("node", node.id.as_str()), (name, item)];
        let given: BTreeMap<_, _> =
            given.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        // A slot may have a name that no parameter takes: then it cannot be asked for.
        SPEC.parse(entry.kind.word(), &given).ok()
    };
    let items = state.items_of(&node.id).filter(|item| *item.kind == *kind);
    items.filter_map(|item| of_item(&item.name)).collect()
}
