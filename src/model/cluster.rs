//! One observation of the whole cluster: pinned facts, moving facts, and when and how they were read.

use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::canonical::{Hash, canonical_json};
use crate::model::pinned::{Fact, Pinned, PinnedCluster, PinnedNode, Unresolved};
use crate::model::progress::Progress;
use crate::model::text::NodeId;
use serde::{Deserialize, Serialize};

/// When, with which clock and how an observation was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Observation {
    /// `obs-` and the first digits of the hash of everything observed.
    pub id: String,
    /// When it was made.
    pub observed_at: Timestamp,
    /// The clock that says so.
    pub clock: String,
    /// How it was made, as a clause.
    pub source: String,
}

/// Positions in the log of one node. They move all the time, and enter no digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct NodeState {
    /// The facts that a confirmation is bound to.
    #[serde(flatten)]
    pub pinned: PinnedNode,
    /// The facts that move.
    pub positions: Positions,
    /// How many bytes its files hold, in whole mebibytes and not less than they are; absent where the
    /// kernel does not say. It moves too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_bytes: Option<Fact<u64>>,
    /// Where the facts of this node were read, as a clause.
    pub source: String,
}

/// What a node keeps on its disk, in the words of a prediction.
impl NodeState {
    /// The value that a checkpoint of this very action has, which no position before it can name.
    pub const THIS_ENTRY: &str = "the entry of this action";

    /// The name of the fact how far the checkpoint of a node reaches.
    #[must_use]
    pub fn checkpoint_fact(id: &NodeId) -> String {
        format!("{id} checkpoint")
    }

    /// The name of the fact where the log of a node begins.
    #[must_use]
    pub fn first_fact(id: &NodeId) -> String {
        format!("{id} first entry")
    }

    /// Both facts; `entry` is the position of the action that they are laid beside.
    #[must_use]
    pub fn storage(&self, entry: Option<u64>) -> [(String, String); 2] {
        let id = &self.pinned.id;
        let covers = |position: u64| match entry {
            Some(entry) if entry == position => Self::THIS_ENTRY.to_owned(),
            _ => position.to_string(),
        };
        let checkpoint = self.positions.checkpoint.word(|at| at.map_or("none".to_owned(), covers));
        [
            (Self::checkpoint_fact(id), checkpoint),
            (Self::first_fact(id), self.positions.first.word(u64::to_string)),
        ]
    }
}

/// The whole cluster at one instant. A page shows one of these, never a mix of two (C8.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ClusterState {
    /// When and how.
    pub observation: Observation,
    /// The facts about the cluster that a confirmation is bound to.
    #[serde(flatten)]
    pub cluster: PinnedCluster,
    /// The nodes, in the order of their names.
    pub nodes: Vec<NodeState>,
    /// How many bytes can still be written where the kernel keeps its files, in whole mebibytes and not
    /// more than they are; absent where the kernel does not say. It moves, and enters no digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<Fact<u64>>,
    /// How far the kernel is with an action that takes long; absent while it works on none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<Progress>,
}

impl ClusterState {
    /// Puts an observation together; its id is the hash of everything in it.
    #[must_use]
    pub fn new(
        observed_at: Timestamp,
        clock: &str,
        source: &str,
        cluster: PinnedCluster,
        mut nodes: Vec<NodeState>,
    ) -> Self {
        // By length first, so that n10 comes after n9.
        nodes.sort_by(|a, b| {
            let key = |n: &NodeState| (n.pinned.id.as_str().len(), n.pinned.id.as_str().to_owned());
            key(a).cmp(&key(b))
        });
        let observation = Observation {
            id: String::new(),
            observed_at,
            clock: clock.to_owned(),
            source: source.to_owned(),
        };
        Self { observation, cluster, nodes, free_bytes: None, under_way: None }.identified()
    }

    /// The same observation, with how far a long action is.
    #[must_use]
    pub fn with_under_way(self, under_way: Option<Progress>) -> Self {
        Self { under_way, ..self }.identified()
    }

    /// The same observation, with how much can still be written.
    #[must_use]
    pub fn with_free_bytes(self, free_bytes: Option<Fact<u64>>) -> Self {
        Self { free_bytes, ..self }.identified()
    }

    /// The same, under the id of what it holds now.
    #[must_use]
    pub(super) fn identified(mut self) -> Self {
        self.observation.id.clear();
        let hash = Hash::of(&canonical_json(&self)).to_string();
        self.observation.id = format!("obs-{}", hash.get(..16).unwrap_or_default());
        self
    }

    /// The node with this name.
    #[must_use]
    pub fn node(&self, id: &NodeId) -> Option<&NodeState> {
        self.nodes.iter().find(|node| &node.pinned.id == id)
    }

    /// The reachable members with a vote.
    #[must_use]
    pub fn reachable_voters(&self) -> Vec<&NodeState> {
        let is_up = |node: &&NodeState| node.pinned.reachable == Fact::Known(true);
        let votes = |node: &&NodeState| self.cluster.voters.contains(&node.pinned.id);
        self.nodes.iter().filter(is_up).filter(votes).collect()
    }

    /// The facts that a confirmation is bound to. The freeze is the control plane's own: who explains
    /// adds it.
    #[must_use]
    pub fn pinned(&self, unresolved: Option<Unresolved>) -> Pinned {
        let nodes = self.nodes.iter().map(|node| node.pinned.clone()).collect();
        Pinned {
            cluster: self.cluster.clone(),
            nodes,
            unresolved,
            freeze: None,
            second_operator: false,
        }
    }
}

/// What the kernel says about an action id when it is asked. `NoneYet` proves nothing: an order
/// that is still under way may execute later (C7.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// It ran, once.
    Executed {
        /// The proof.
        receipt: crate::model::receipt::Receipt,
    },
    /// It never ran and never can.
    Voided {
        /// The proof.
        tombstone: crate::model::receipt::Tombstone,
    },
    /// The kernel holds nothing under this id now.
    NoneYet {
        /// The id that was asked for.
        action_id: ActionId,
    },
}
