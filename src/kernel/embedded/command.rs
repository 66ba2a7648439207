//! What the entries of the replicated log say. The proposer puts the time in, so every node that
//! applies an entry reaches the same state.

use super::membership::MembershipChange;
use super::spec::facts;
use super::sqlite::DiskError;
use super::view::Fence;
use crate::kernel::Order;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::receipt::{LedgerRef, Receipt};
use crate::model::text::NodeId;
use raft::eraftpb::{ConfChangeV2, Entry, EntryType};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// The founding of the cluster; the first entry of its first epoch.
    Birth {
        /// The id that was made for it.
        cluster_id: String,
        /// When.
        founded_at: Timestamp,
        /// The node that the founding appoints.
        primary: NodeId,
        /// What happened, as a sentence.
        sentence: String,
    },
    /// A change of primary: the first entry of the epoch that it begins, so that the change and its
    /// receipt are one entry, and either both are committed or neither is (C7.1).
    Promote {
        /// The order.
        order: Accepted,
        /// The node that becomes primary.
        primary: NodeId,
    },
    /// Writes are stopped or resumed.
    Fence {
        /// The order.
        order: Accepted,
        /// The state that the fence takes.
        fence: Fence,
    },
    /// A node takes a checkpoint: of what it has applied with this entry.
    Checkpoint {
        /// The order.
        order: Accepted,
        /// The node.
        node: NodeId,
    },
    /// A node gives back the beginning of its log.
    Purge {
        /// The order.
        order: Accepted,
        /// The node.
        node: NodeId,
        /// The last position that it gives back.
        up_to: u64,
    },
    /// The members change by one node.
    Membership {
        /// The order.
        order: Accepted,
        /// The change.
        change: MembershipChange,
    },
    /// An id is voided, unless it has a receipt.
    Settle {
        /// The id.
        action_id: ActionId,
        /// When an operator asked.
        at: Timestamp,
    },
    /// A key takes a value.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: Bytes,
    },
    /// A key loses its value.
    Delete {
        /// The key.
        key: String,
    },
}

impl Command {
    /// The bytes of the entry.
    ///
    /// # Panics
    /// Never: commands hold text keys and integers only.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("commands hold text keys and integers only")
    }

    /// Reads the bytes of an entry.
    ///
    /// # Errors
    /// When the bytes are no command of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DiskError> {
        serde_json::from_slice(bytes).map_err(|error| {
            DiskError::corrupt(format!("an entry of the log cannot be read: {error}"))
        })
    }

    /// Reads an entry. One that changes the members carries its command inside the change.
    pub(super) fn read(entry: &Entry) -> Result<Self, DiskError> {
        match entry.entry_type {
            EntryType::EntryNormal => Self::decode(&entry.data),
            EntryType::EntryConfChangeV2 => Self::decode(&read_change(entry)?.context),
            EntryType::EntryConfChange => {
                Err(DiskError::corrupt("an entry of the log has a form that is never written"))
            }
        }
    }

    /// The entry that is the whole effect of an order; `None` where it takes more than an entry.
    pub(super) fn of(order: &Accepted) -> Option<Self> {
        let order = order.clone();
        if let Some(change) = MembershipChange::of(&order.action) {
            return Some(Self::Membership { order, change });
        }
        Some(match order.action.clone() {
            Action::StopWrites {} => Self::Fence { order, fence: Fence::Standing },
            Action::ResumeWrites {} => Self::Fence { order, fence: Fence::Lifted },
            Action::TakeCheckpoint { node } => Self::Checkpoint { order, node },
            Action::PurgeLog { node, up_to } => Self::Purge { order, node, up_to: up_to.get() },
            Action::Switchover { .. }
            | Action::Failover { .. }
            | Action::TakeOffline { .. }
            | Action::BringOnline { .. }
            | Action::CreateBackup { .. }
            | Action::VerifyNode { .. }
            // A name without a number is refused before.
            | Action::AddReplica { .. }
            | Action::GrantVote { .. }
            | Action::RemoveReplica { .. } => return None,
        })
    }

    /// The action behind the entry; empty for data.
    pub(super) fn context(&self) -> Vec<u8> {
        match self {
            Self::Promote { order, .. }
            | Self::Fence { order, .. }
            | Self::Checkpoint { order, .. }
            | Self::Purge { order, .. }
            | Self::Membership { order, .. } => order.action_id.bytes().to_vec(),
            Self::Birth { .. } | Self::Settle { .. } | Self::Put { .. } | Self::Delete { .. } => {
                Vec::new()
            }
        }
    }
}

/// The change of the members that an entry carries, in the words of the Raft library.
pub(super) fn read_change(entry: &Entry) -> Result<ConfChangeV2, DiskError> {
    protobuf::Message::parse_from_bytes(&entry.data).map_err(|error| {
        DiskError::corrupt(format!("a change of the members cannot be read: {error}"))
    })
}

/// The epoch for which an order was confirmed: that of the observation which it carries, where it was
/// known there.
pub(super) fn expected_epoch(order: &Order) -> Option<u64> {
    order.before().facts.number(facts::EPOCH).known().copied()
}

/// An order that the kernel accepted, as it goes into the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Which action.
    pub action_id: ActionId,
    /// What it is.
    pub action: Action,
    /// The epoch for which it was confirmed.
    pub expected_epoch: Option<u64>,
    /// The record behind it.
    pub witness: LedgerRef,
    /// When the kernel accepted it.
    pub at: Timestamp,
}

impl Accepted {
    /// The order, accepted at this time.
    pub(super) fn new(order: &Order, action: Action, at: Timestamp) -> Self {
        Self {
            action_id: order.action_id(),
            action,
            expected_epoch: expected_epoch(order),
            witness: order.witness().clone(),
            at,
        }
    }

    /// The order of a test, which is one of this kernel.
    #[cfg(test)]
    pub(super) fn of(order: &Order, at: Timestamp) -> Self {
        Self::new(order, order.action().try_into().expect("an order of this kernel"), at)
    }

    /// The receipt of this order, where its effect is no entry of the log.
    pub(super) fn receipt(
        &self,
        epoch: Option<u64>,
        executed_at: Timestamp,
        result: String,
    ) -> Receipt {
        Receipt {
            action_id: self.action_id,
            action: self.action.clone().into(),
            generation: epoch,
            position: None,
            executed_at,
            witness: self.witness.clone(),
            result,
            verification: None,
            duplicate: false,
        }
    }
}

/// Bytes of a client, written as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        hex::decode(String::deserialize(d)?).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_another_version_is_refused() {
        for bad in [
            "",
            "{}",
            r#"{"command":"purge"}"#,
            r#"{"command":"delete","key":"a","also":1}"#,
            r#"{"command":"put","key":"a","value":"0g"}"#,
        ] {
            assert!(Command::decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written() {
        let put = Command::Put { key: "a".to_owned(), value: Bytes(vec![0, 255, 10]) };
        assert_eq!(Command::decode(&put.encode()).unwrap(), put);
    }
}
