//! This kernel's own view of an observation: typed where the control plane knows keys and values.
//!
//! An observation is made as a view and written as facts; checks and predictions read the view of the
//! facts that they are given, and hold nothing else (C5.1).

mod read;
mod words;

pub use words::{Cause, Fence, Role, Unreachable, Writes};

use super::spec::{SPEC, facts as key};
use crate::model::ambient::Timestamp;
use crate::model::cluster::{ClusterState, NodeState, Observation};
use crate::model::facts::{Fact, FactChange, Facts, Since, Value};
use crate::model::pinned::{ClusterIdentity, Pinned, PinnedNode};
use crate::model::spec::{FactOf, PRIMARY, REACHABLE, ROLE, WRITES};
use crate::model::text::{NodeId, PlaceName};

/// The facts about the cluster as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterView {
    /// Which cluster.
    pub identity: ClusterIdentity,
    /// The number that grows with every change of primary.
    pub epoch: Fact<u64>,
    /// The primary; known to be nobody when it is known and `None`.
    pub primary: Fact<Option<NodeId>>,
    /// Since when nobody is primary, and why; absent while there is one.
    pub without_primary: Option<Since>,
    /// What a client that writes now is answered.
    pub writes: Fact<Writes>,
    /// Why writes are refused; absent while they are accepted.
    pub writes_refused: Option<Since>,
    /// Whether an operator has stopped writes.
    pub write_fence: Fact<Fence>,
    /// The members with a vote, in order.
    pub voters: Vec<NodeId>,
    /// How many voters make a majority.
    pub quorum: usize,
    /// The next name that was never given to a node.
    pub next_node: NodeId,
    /// The backups that there are, by name.
    pub backups: Vec<PlaceName>,
}

/// What a node is and whether it can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// Its name.
    pub id: NodeId,
    /// What it is.
    pub role: Fact<Role>,
    /// Whether the kernel can reach it.
    pub reachable: Fact<bool>,
    /// Since when it is not reachable, and why; absent while it is.
    pub unreachable: Option<Unreachable>,
    /// The epoch that it follows.
    pub epoch: Fact<u64>,
}

/// Positions in the log of one node. They move all the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positions {
    /// The last entry that the node has made durable.
    pub last: Fact<u64>,
    /// The epoch in which that entry was written.
    pub last_epoch: Fact<u64>,
    /// The last entry that the node knows to be committed by a majority.
    pub committed: Fact<u64>,
    /// The last entry that the node has applied.
    pub applied: Fact<u64>,
    /// The first entry that the log of the node still holds.
    pub first: Fact<u64>,
    /// The last entry in the checkpoint that was asked of the node; known and `None` without one.
    pub checkpoint: Fact<Option<u64>>,
}

impl Positions {
    /// Positions of which none could be read.
    #[must_use]
    pub fn unknown(since: Timestamp, why: &str) -> Self {
        Self {
            last: Fact::unknown(since, why),
            last_epoch: Fact::unknown(since, why),
            committed: Fact::unknown(since, why),
            applied: Fact::unknown(since, why),
            first: Fact::unknown(since, why),
            checkpoint: Fact::unknown(since, why),
        }
    }
}

/// One node as it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// What it is and whether it can be reached.
    pub pinned: NodeFacts,
    /// The facts that move.
    pub positions: Positions,
    /// How many bytes its files hold, in whole mebibytes and not less than they are; absent where it
    /// was not asked.
    pub stored_bytes: Option<Fact<u64>>,
    /// Where the facts of this node were read, as a clause.
    pub source: String,
}

/// The whole cluster at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// When and how.
    pub observation: Observation,
    /// The facts about the cluster.
    pub cluster: ClusterView,
    /// The nodes, in the order of their names.
    pub nodes: Vec<NodeView>,
    /// How many bytes can still be written, in whole mebibytes and not more than they are; absent where
    /// it was not asked.
    pub free_bytes: Option<Fact<u64>>,
}

/// What a prediction changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicted {
    /// The cluster.
    pub cluster: ClusterView,
    /// Its nodes.
    pub nodes: Vec<NodeFacts>,
}

impl View {
    /// The node with this name.
    #[must_use]
    pub fn node(&self, id: &NodeId) -> Option<&NodeView> {
        self.nodes.iter().find(|node| &node.pinned.id == id)
    }

    /// The reachable members with a vote.
    #[must_use]
    pub fn reachable_voters(&self) -> Vec<&NodeView> {
        let is_up = |node: &&NodeView| node.pinned.reachable == Fact::Known(true);
        let votes = |node: &&NodeView| self.cluster.voters.contains(&node.pinned.id);
        self.nodes.iter().filter(is_up).filter(votes).collect()
    }

    /// Everything that a prediction can change.
    #[must_use]
    pub fn predicted(&self) -> Predicted {
        let nodes = self.nodes.iter().map(|node| node.pinned.clone()).collect();
        Predicted { cluster: self.cluster.clone(), nodes }
    }

    /// The observation as facts.
    #[must_use]
    pub fn state(&self) -> ClusterState {
        let mut facts = self.cluster.facts();
        set(&mut facts, key::VOTERS_REACHED, Fact::Known(self.reachable_voters().len() as u64));
        if let Some(free) = &self.free_bytes {
            set(&mut facts, key::FREE_BYTES, free.clone());
        }
        let nodes = self.nodes.iter().map(|node| {
            let mut facts = node.pinned.facts();
            let votes = self.cluster.voters.contains(&node.pinned.id);
            set(&mut facts, key::VOTE, Fact::Known(votes));
            node.positions.write(&mut facts);
            if let Some(stored) = &node.stored_bytes {
                set(&mut facts, key::STORED_BYTES, stored.clone());
            }
            NodeState { id: node.pinned.id.clone(), facts, source: node.source.clone() }
        });
        let nodes = nodes.collect();
        let identity = self.cluster.identity.clone();
        ClusterState::new(self.observation.clone(), identity, facts, nodes)
    }
}

impl Predicted {
    /// What is predicted to change, in the order in which facts are shown.
    #[must_use]
    pub fn changes(&self, after: &Self) -> Vec<FactChange> {
        let mut changes = self.pinned().moved(&after.pinned());
        SPEC.sort(&mut changes);
        changes
    }

    fn pinned(&self) -> Pinned {
        let is_pinned = |of| move |key: &str| SPEC.is_pinned(of, key);
        let node = |node: &NodeFacts| PinnedNode {
            id: node.id.clone(),
            facts: node.facts().bound(is_pinned(FactOf::Node)),
        };
        Pinned {
            identity: self.cluster.identity.clone(),
            facts: self.cluster.facts().bound(is_pinned(FactOf::Cluster)),
            nodes: self.nodes.iter().map(node).collect(),
            items: Vec::new(),
            in_doubt: None,
            freeze: None,
            second_operator: false,
            told: None,
        }
    }
}

fn set<T>(facts: &mut Facts, key: &'static str, fact: Fact<T>)
where
    T: Clone + Into<Value>,
{
    facts.set(key, fact.map(|value| value.clone().into()));
}

fn names(names: impl IntoIterator<Item = impl ToString>) -> Fact<Value> {
    Fact::Known(Value::Names(names.into_iter().map(|name| name.to_string()).collect()))
}

fn say_since(facts: &mut Facts, keys: [&'static str; 2], since: Option<&Since>) {
    if let Some(Since { since: at, why }) = since {
        let [since, reason] = keys;
        set(facts, since, Fact::Known(at.to_string()));
        set(facts, reason, Fact::Known(why.clone()));
    }
}

impl ClusterView {
    fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        let all = &mut facts;
        set(all, key::EPOCH, self.epoch.clone());
        let primary = self.primary.map(|id| id.as_ref().map(ToString::to_string));
        set(all, PRIMARY, primary);
        let keys = [key::PRIMARY_SINCE, key::PRIMARY_WHY];
        say_since(all, keys, self.without_primary.as_ref());
        set(all, WRITES, self.writes.map(|writes| writes.word()));
        say_since(all, [key::WRITES_SINCE, key::WRITES_WHY], self.writes_refused.as_ref());
        set(all, key::WRITE_FENCE, self.write_fence.map(|fence| fence.word()));
        all.set(key::VOTERS, names(&self.voters));
        set(all, key::QUORUM, Fact::Known(self.quorum as u64));
        set(all, key::NEXT_NODE, Fact::Known(self.next_node.to_string()));
        all.set(key::BACKUPS, names(&self.backups));
        facts
    }
}

impl NodeFacts {
    fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        let all = &mut facts;
        set(all, ROLE, self.role.map(|role| role.word()));
        set(all, REACHABLE, self.reachable.clone());
        if let Some(cut) = &self.unreachable {
            let since = Since::from(cut);
            say_since(all, [key::UNREACHABLE_SINCE, key::UNREACHABLE_WHY], Some(&since));
            all.set(key::UNREACHABLE_CAUSES, names(cut.causes.iter().map(|cause| cause.word())));
        }
        set(all, key::EPOCH, self.epoch.clone());
        facts
    }
}

impl Positions {
    /// The positions as facts.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        self.write(&mut facts);
        facts
    }

    fn write(&self, facts: &mut Facts) {
        for (key, position) in [
            (key::LAST, &self.last),
            (key::LAST_EPOCH, &self.last_epoch),
            (key::COMMITTED, &self.committed),
            (key::APPLIED, &self.applied),
            (key::FIRST, &self.first),
        ] {
            set(facts, key, position.clone());
        }
        set(facts, key::CHECKPOINT, self.checkpoint.clone());
    }
}
