//! The orders that this kernel knows, each with everything that it needs. Closed: a `match` names all of
//! them, and the log of the cluster holds them in the form that everybody reads.

use super::SPEC;
use crate::model::action::{Action, LogPosition};
use crate::model::attestation::Request;
use crate::model::spec::Catalogue;
use crate::model::text::{InputError, NodeId, PlaceName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One order to the embedded kernel. No variant carries a flag that overrides a rule (C2.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "params", rename_all = "snake_case", deny_unknown_fields)]
pub enum EmbeddedAction {
    /// Hands the role of primary from the living primary to `to`.
    Switchover {
        /// The standby that becomes primary.
        to: NodeId,
    },
    /// Makes `to` primary while no node is.
    Failover {
        /// The standby that becomes primary.
        to: NodeId,
    },
    /// Raises the write fence: the cluster refuses writes.
    StopWrites {},
    /// Lifts the write fence.
    ResumeWrites {},
    /// Takes one node out of service.
    TakeOffline {
        /// The node.
        node: NodeId,
    },
    /// Returns to service a node that was taken offline.
    BringOnline {
        /// The node.
        node: NodeId,
    },
    /// A new node joins the cluster, without a vote.
    AddReplica {
        /// The name of the new node.
        node: NodeId,
    },
    /// A node without a vote takes one.
    GrantVote {
        /// The node.
        node: NodeId,
    },
    /// A node leaves the cluster for good.
    RemoveReplica {
        /// The node.
        node: NodeId,
    },
    /// One node keeps a copy of its whole state beside its log.
    TakeCheckpoint {
        /// The node.
        node: NodeId,
    },
    /// One node discards log entries that its snapshot already covers.
    PurgeLog {
        /// The node.
        node: NodeId,
        /// The last position that is given back.
        up_to: LogPosition,
    },
    /// A copy of the whole state goes into files of its own.
    CreateBackup {
        /// The name of the backup.
        name: PlaceName,
    },
    /// Everything that one node keeps is read, and compared with what it must be.
    VerifyNode {
        /// The node.
        node: NodeId,
    },
}

impl TryFrom<&Action> for EmbeddedAction {
    type Error = InputError;

    /// Reads an action, however it was made: what this kernel does not know is refused by its name.
    fn try_from(action: &Action) -> Result<Self, InputError> {
        let (kind, params) = (action.kind(), action.params());
        let takes = Catalogue::from(&SPEC).named(kind.word())?.parameters;
        let is_stray = |name: &String| !takes.iter().any(|parameter| parameter.name == name);
        if let Some((name, value)) = params.iter().find(|(name, _)| is_stray(name)) {
            return Err(InputError::new(name, value, format!("absent: {kind} does not take it")));
        }
        let text = |name: &str| params.get(name).map_or("", String::as_str);
        let node = |name: &str| NodeId::parse_field(name, text(name));
        Ok(match kind.word() {
            "switchover" => Self::Switchover { to: node("to")? },
            "failover" => Self::Failover { to: node("to")? },
            "stop_writes" => Self::StopWrites {},
            "resume_writes" => Self::ResumeWrites {},
            "take_offline" => Self::TakeOffline { node: node("node")? },
            "bring_online" => Self::BringOnline { node: node("node")? },
            "add_replica" => Self::AddReplica { node: node("node")? },
            "grant_vote" => Self::GrantVote { node: node("node")? },
            "remove_replica" => Self::RemoveReplica { node: node("node")? },
            "take_checkpoint" => Self::TakeCheckpoint { node: node("node")? },
            "purge_log" => Self::PurgeLog {
                node: node("node")?,
                up_to: LogPosition::parse_field("up_to", text("up_to"))?,
            },
            "verify_node" => Self::VerifyNode { node: node("node")? },
            "create_backup" => {
                Self::CreateBackup { name: PlaceName::parse_field("name", text("name"))? }
            }
            other => return Err(InputError::new("kind", other, "an action of this kernel")),
        })
    }
}

impl From<EmbeddedAction> for Action {
    fn from(action: EmbeddedAction) -> Self {
        let parsed = SPEC.parse(action.word(), &action.params());
        parsed.expect("the spec takes what the kernel has parsed")
    }
}

impl From<EmbeddedAction> for Request {
    fn from(action: EmbeddedAction) -> Self {
        Action::from(action).into()
    }
}

impl EmbeddedAction {
    /// The word of its kind.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Switchover { .. } => "switchover",
            Self::Failover { .. } => "failover",
            Self::StopWrites {} => "stop_writes",
            Self::ResumeWrites {} => "resume_writes",
            Self::TakeOffline { .. } => "take_offline",
            Self::BringOnline { .. } => "bring_online",
            Self::AddReplica { .. } => "add_replica",
            Self::GrantVote { .. } => "grant_vote",
            Self::RemoveReplica { .. } => "remove_replica",
            Self::TakeCheckpoint { .. } => "take_checkpoint",
            Self::PurgeLog { .. } => "purge_log",
            Self::CreateBackup { .. } => "create_backup",
            Self::VerifyNode { .. } => "verify_node",
        }
    }

    /// The node that it acts on, where it acts on one.
    #[must_use]
    pub fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Switchover { to: node }
            | Self::Failover { to: node }
            | Self::TakeOffline { node }
            | Self::BringOnline { node }
            | Self::AddReplica { node }
            | Self::GrantVote { node }
            | Self::RemoveReplica { node }
            | Self::TakeCheckpoint { node }
            | Self::VerifyNode { node }
            | Self::PurgeLog { node, .. } => Some(node),
            Self::StopWrites {} | Self::ResumeWrites {} | Self::CreateBackup { .. } => None,
        }
    }

    /// The parameters, by name.
    #[must_use]
    pub fn params(&self) -> BTreeMap<String, String> {
        let params: &[(&str, String)] = match self {
            Self::Switchover { to } | Self::Failover { to } => &[("to", to.to_string())],
            Self::StopWrites {} | Self::ResumeWrites {} => &[],
            Self::TakeOffline { node }
            | Self::BringOnline { node }
            | Self::AddReplica { node }
            | Self::GrantVote { node }
            | Self::RemoveReplica { node }
            | Self::TakeCheckpoint { node }
            | Self::VerifyNode { node } => &[("node", node.to_string())],
            Self::PurgeLog { node, up_to } => {
                &[("node", node.to_string()), ("up_to", up_to.to_string())]
            }
            Self::CreateBackup { name } => &[("name", name.to_string())],
        };
        params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// The order in a few words: `switchover to n2`.
    #[must_use]
    pub fn title(&self) -> String {
        Catalogue::from(&SPEC).title(&self.clone().into())
    }
}
