//! An observation's facts, read back into the view.

use super::{
    Cause, ClusterView, Fence, NodeFacts, NodeView, Positions, Role, Unreachable, View, Writes, key,
};
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::facts::{Fact, Facts};
use crate::model::spec::{PRIMARY, REACHABLE, ROLE, WRITES};
use crate::model::text::{NodeId, PlaceName};

/// A fact that is one of a closed set of words; another word is unknown, as if it were not said.
fn word<T: Copy>(facts: &Facts, key: &str, all: &[T], of: fn(T) -> &'static str) -> Fact<T> {
    let text = facts.text(key);
    let known = |text: &String| all.iter().copied().find(|word| of(*word) == text);
    match text {
        Fact::Known(text) => match known(&text) {
            Some(word) => Fact::Known(word),
            None => Fact::unknown(
                crate::model::ambient::Timestamp::from_millis(0),
                format!("{text} is no word of this kernel"),
            ),
        },
        Fact::Unknown { unknown, last } => {
            Fact::Unknown { unknown, last: last.as_ref().and_then(known) }
        }
    }
}

/// A list of names that each read as `of` says; what is no name is left out.
fn names<T>(facts: &Facts, key: &str, of: impl Fn(&str) -> Option<T>) -> Vec<T> {
    let names = facts.names(key);
    names.known().into_iter().flatten().filter_map(|name| of(name)).collect()
}

impl View {
    /// The view of an observation of this kernel.
    #[must_use]
    pub fn read(state: &ClusterState) -> Self {
        let facts = &state.facts;
        let node_id = |text: &str| NodeId::parse(text).ok();
        let cluster = ClusterView {
            identity: state.identity.clone(),
            epoch: facts.number(key::EPOCH),
            primary: facts.node_or_none(PRIMARY),
            without_primary: facts.since(key::PRIMARY_SINCE, key::PRIMARY_WHY),
            writes: word(facts, WRITES, &Writes::ALL, Writes::word),
            writes_refused: facts.since(key::WRITES_SINCE, key::WRITES_WHY),
            write_fence: word(facts, key::WRITE_FENCE, &Fence::ALL, Fence::word),
            voters: names(facts, key::VOTERS, node_id),
            quorum: read_quorum(facts),
            next_node: facts
                .node_or_none(key::NEXT_NODE)
                .known()
                .cloned()
                .flatten()
                .unwrap_or_else(|| NodeId::numbered(u64::MAX)),
            backups: names(facts, key::BACKUPS, |text| PlaceName::parse(text).ok()),
        };
        Self {
            observation: state.observation.clone(),
            cluster,
            nodes: state.nodes.iter().map(NodeView::read).collect(),
            free_bytes: facts.get(key::FREE_BYTES).map(|_| facts.number(key::FREE_BYTES)),
        }
    }
}

/// How many voters make a majority; more than there can be where it is not said.
fn read_quorum(facts: &Facts) -> usize {
    let quorum = facts.number(key::QUORUM);
    quorum.known().and_then(|quorum| usize::try_from(*quorum).ok()).unwrap_or(usize::MAX)
}

impl NodeView {
    fn read(node: &NodeState) -> Self {
        let facts = &node.facts;
        let since = facts.since(key::UNREACHABLE_SINCE, key::UNREACHABLE_WHY);
        let cause = |text: &str| Cause::ALL.into_iter().find(|cause| cause.word() == text);
        let unreachable = since.map(|since| Unreachable {
            since: since.since,
            why: since.why,
            causes: names(facts, key::UNREACHABLE_CAUSES, cause),
        });
        Self {
            pinned: NodeFacts {
                id: node.id.clone(),
                role: word(facts, ROLE, &Role::ALL, Role::word),
                reachable: facts.flag(REACHABLE),
                unreachable,
                epoch: facts.number(key::EPOCH),
            },
            positions: Positions {
                last: facts.number(key::LAST),
                last_epoch: facts.number(key::LAST_EPOCH),
                committed: facts.number(key::COMMITTED),
                applied: facts.number(key::APPLIED),
                first: facts.number(key::FIRST),
                checkpoint: facts.number_or_none(key::CHECKPOINT),
            },
            stored_bytes: facts.get(key::STORED_BYTES).map(|_| facts.number(key::STORED_BYTES)),
            source: node.source.clone(),
        }
    }
}
