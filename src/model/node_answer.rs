//! Everything that there is to see of one node: what its page, the API and the command line show.

use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::answer::ActionLine;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::event::{EventPlace, KernelEvent};
use crate::model::explanation::ActionPreview;
use crate::model::pinned::{Freeze, InDoubt};
use crate::model::receipt::Verification;
use crate::model::text::NodeId;
use serde::{Deserialize, Serialize};

/// How many events of the kernel are looked through for those of one node.
pub const EVENTS_LOOKED_AT: u32 = 200;
/// How many of its actions a node shows; the log has the rest.
pub const ACTIONS_SHOWN: u32 = 20;

/// One node, in one observation of the whole cluster (C8.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct NodeAnswer {
    /// The node; it is in the observation.
    pub node: NodeId,
    /// The observation.
    pub state: ClusterState,
    /// Every action that names a node, on this one, as it would be judged now.
    pub actions: Vec<ActionPreview>,
    /// The action that holds up every further mutation, where there is one.
    pub in_doubt: Option<InDoubt>,
    /// The freeze that stands, where there is one.
    pub freeze: Option<Freeze>,
    /// What happened to it in the kernel.
    pub events: NodeEvents,
    /// What was asked of it, newest first, at most [`ACTIONS_SHOWN`].
    pub asked: Vec<ActionLine>,
    /// Whether more was asked of it than is listed.
    pub has_more_actions: bool,
    /// What the last verification of it found; absent where none is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<NodeVerified>,
}

/// What the last verification of a node found, by the log: it stands until the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct NodeVerified {
    /// The record of its end.
    pub seq: u64,
    /// The action.
    pub action_id: ActionId,
    /// When it ran, by the kernel's clock.
    pub at: Timestamp,
    /// What it found.
    pub verification: Verification,
}

impl NodeAnswer {
    /// Its facts in the observation.
    #[must_use]
    pub fn facts(&self) -> Option<&NodeState> {
        self.state.node(&self.node)
    }
}

/// The events about one node among the last ones of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct NodeEvents {
    /// The events, newest first.
    pub events: Vec<KernelEvent>,
    /// How many events of the kernel were looked through.
    pub events_scanned: usize,
    /// Where the next look begins: before this place; absent where there are no older events.
    pub next_before: Option<EventPlace>,
    /// Why events may be missing, as a sentence; absent where what was looked through is whole.
    pub gap: Option<String>,
}
