//! The facts that a confirmation is bound to. What moves all the time (positions, ages) is another
//! type, in `cluster`, and cannot enter a digest by accident.

mod moved;

pub use moved::{ABSENT, Moved, moved_between};

use crate::model::action::{ActionId, ActionKind};
use crate::model::ambient::Timestamp;
use crate::model::text::{ActorName, NodeId, PlaceName, Reason};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A fact that was read, or one that was not. Never a default, never the last value (C8.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "Fact_of_{T}"))]
#[serde(untagged)]
pub enum Fact<T> {
    /// Could not be read.
    Unknown {
        /// Since when, and why.
        unknown: Missing,
    },
    /// Read in this observation.
    Known(T),
}

/// Why a fact is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Missing {
    /// Since when it cannot be read.
    pub since: Timestamp,
    /// Why, in a clause that can follow "because".
    pub why: String,
}

impl<T> Fact<T> {
    /// A fact that could not be read.
    pub fn unknown(since: Timestamp, why: impl Into<String>) -> Self {
        Self::Unknown { unknown: Missing { since, why: why.into() } }
    }

    /// The value, where it was read.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// Why it is missing, where it was not read.
    pub fn missing(&self) -> Option<&Missing> {
        match self {
            Self::Known(_) => None,
            Self::Unknown { unknown } => Some(unknown),
        }
    }

    /// The value in words, or `unknown`.
    pub fn word(&self, words: impl FnOnce(&T) -> String) -> String {
        self.known().map_or_else(|| "unknown".to_owned(), words)
    }
}

/// Which cluster this is. Equal names are not equal clusters: the id decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ClusterIdentity {
    /// The name that operators use, and type to confirm an action on the whole cluster.
    pub cluster: PlaceName,
    /// The environment, such as `production`.
    pub environment: PlaceName,
    /// Which kernel holds the data, such as `embedded`.
    pub kernel: String,
    /// Made at the founding of the cluster and never changed.
    pub id: String,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Acknowledges writes of the current epoch.
    Primary,
    /// Follows, with a vote.
    Standby,
    /// Follows, without a vote.
    Learner,
}

impl Role {
    /// The role in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::Learner => "learner",
        }
    }
}

/// What the cluster would answer a client that writes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    /// Acknowledged when a quorum has committed it.
    Accepted,
    /// Refused, whatever the reason.
    Stopped,
}

impl Writes {
    /// The answer in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Stopped => "stopped",
        }
    }
}

/// Whether an operator has stopped writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fence {
    /// No operator has stopped writes, or the stop was lifted.
    Lifted,
    /// An operator has stopped writes.
    Standing,
}

impl Fence {
    /// The state in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lifted => "lifted",
            Self::Standing => "standing",
        }
    }
}

/// That something is so since an instant, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Since {
    /// Since when. Kept by the kernel, so it is the same after a restart.
    pub since: Timestamp,
    /// Why, as a sentence.
    pub why: String,
}

/// One reason why a node cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// An operator took it offline.
    TakenOffline,
    /// The network does not carry its messages.
    CutOff,
    /// Its store failed.
    StoreFailed,
}

/// That a node cannot be reached: since when, and why. Several causes can stand at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Unreachable {
    /// Since when. Kept by the kernel, so it is the same after a restart.
    pub since: Timestamp,
    /// Why, as a clause that names every cause.
    pub why: String,
    /// The causes.
    pub causes: Vec<Cause>,
}

impl From<&Unreachable> for Since {
    fn from(unreachable: &Unreachable) -> Self {
        Self { since: unreachable.since, why: unreachable.why.clone() }
    }
}

impl Unreachable {
    /// Whether an operator took the node offline.
    #[must_use]
    pub fn is_taken_offline(&self) -> bool {
        self.causes.contains(&Cause::TakenOffline)
    }

    /// Whether the node would stay unreachable if it were brought online.
    #[must_use]
    pub fn has_other_cause(&self) -> bool {
        self.causes.iter().any(|cause| *cause != Cause::TakenOffline)
    }
}

/// The facts about the cluster as a whole that a confirmation is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PinnedCluster {
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

/// The facts about one node that a confirmation is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PinnedNode {
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

/// An action whose outcome is not known, as an explanation names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Unresolved {
    /// The action.
    pub action_id: ActionId,
    /// What was asked.
    pub kind: ActionKind,
}

/// A freeze that stands: nothing is asked for or confirmed until an operator lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Freeze {
    /// The sequence number of the record that declared it. Lifting a freeze names it, so that a late
    /// or repeated delivery never lifts the next one (C7.2).
    pub seq: u64,
    /// Who declared it.
    pub by: ActorName,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: Reason,
}

impl std::fmt::Display for Freeze {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "by {} since {}: {}", self.by, self.since, self.reason)
    }
}

/// Everything that a confirmation is bound to: if any of it moves, the confirmation is stale (C3.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Pinned {
    /// The cluster.
    pub cluster: PinnedCluster,
    /// Its nodes, in the order of their names.
    pub nodes: Vec<PinnedNode>,
    /// The action of the control plane that is not resolved, where there is one.
    pub unresolved: Option<Unresolved>,
    /// The freeze that stands, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze: Option<Freeze>,
    /// Whether a second operator has to confirm it too, as the settings say of its class.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub second_operator: bool,
}

fn yes_no(value: bool) -> String {
    (if value { "yes" } else { "no" }).to_owned()
}

impl Pinned {
    /// Every fact with its value in words, in one fixed order.
    #[must_use]
    pub fn facts(&self) -> Vec<(String, String)> {
        self.facts_with(&BTreeSet::new())
    }

    /// The facts of the cluster, and of its nodes but for those that are left out.
    fn facts_with(&self, left_out: &BTreeSet<&NodeId>) -> Vec<(String, String)> {
        let cluster = &self.cluster;
        let voters: Vec<_> = cluster.voters.iter().map(NodeId::as_str).collect();
        let backups: Vec<_> = cluster.backups.iter().map(PlaceName::as_str).collect();
        let backups = if backups.is_empty() { "none".to_owned() } else { backups.join(", ") };
        let identity = &cluster.identity;
        let named = |name: &str, value: String| (name.to_owned(), value);
        let mut facts = vec![
            named(
                "cluster",
                format!("{} {} ({})", identity.environment, identity.cluster, identity.id),
            ),
            named("epoch", cluster.epoch.word(u64::to_string)),
            named(
                "primary",
                cluster
                    .primary
                    .word(|p| p.as_ref().map_or("nobody".to_owned(), ToString::to_string)),
            ),
            named("writes", cluster.writes.word(|w| w.word().to_owned())),
            named("write fence", cluster.write_fence.word(|f| f.word().to_owned())),
            named("voters", voters.join(", ")),
            named("next node name", cluster.next_node.to_string()),
            named("backups", backups),
            named(
                "unresolved action",
                self.unresolved
                    .as_ref()
                    .map_or("none".to_owned(), |u| format!("{} {}", u.kind, u.action_id)),
            ),
            named("freeze", self.freeze.as_ref().map_or("none".to_owned(), ToString::to_string)),
            named(
                "second operator",
                (if self.second_operator { "needed" } else { "not needed" }).to_owned(),
            ),
        ];
        for node in self.nodes.iter().filter(|node| !left_out.contains(&node.id)) {
            let fact = |what: &str, value: String| (format!("{} {what}", node.id), value);
            facts.push(fact("role", node.role.word(|r| r.word().to_owned())));
            facts.push(fact("reachable", node.reachable.word(|r| yes_no(*r))));
            facts.push(fact("epoch", node.epoch.word(u64::to_string)));
        }
        facts
    }

    /// What differs between this and a later reading, in one fixed order.
    #[must_use]
    pub fn moved(&self, later: &Self) -> Vec<Moved> {
        // Nothing moved of a node that is the same in both: of a hundred, that is nearly every one.
        let pairs = self.nodes.iter().zip(&later.nodes);
        let same = pairs.filter(|(then, now)| then == now).map(|(then, _)| &then.id).collect();
        moved_between(&self.facts_with(&same), &later.facts_with(&same))
    }
}
