//! What the kernel gives back: the proof that an action ran, or that it never can.

use crate::model::action::{Action, ActionId};
use crate::model::ambient::Timestamp;
use crate::model::canonical::Hash;
use serde::{Deserialize, Serialize};

/// The place of the record that stands behind an order. The kernel keeps it in its receipt, so the
/// kernel is a witness of the ledger and the ledger of the kernel (C9.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LedgerRef {
    /// The sequence number of the `dispatched` record.
    pub seq: u64,
    /// The hash of that record.
    pub hash: Hash,
}

/// The kernel's proof that it executed an action, kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Receipt {
    /// Which action.
    pub action_id: ActionId,
    /// What it was.
    pub action: Action,
    /// The generation of the cluster after it, in the kernel's numbers, where it says one. The member is
    /// called as in the receipts of the first kernel. Where a position stands beside it, that lies on the
    /// branch of the same number.
    #[serde(rename = "epoch")]
    pub generation: Option<u64>,
    /// The position of its entry in the replicated log, where its effect is one.
    pub position: Option<u64>,
    /// When the kernel executed it, by the kernel's clock.
    pub executed_at: Timestamp,
    /// The record of the ledger that the order carried.
    pub witness: LedgerRef,
    /// What happened, as a sentence of the kernel.
    pub result: String,
    /// What a verification found; absent for every other action, and in receipts of versions that said
    /// it in the sentence alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// Whether this is a repeated answer to an id that had run before.
    #[serde(default)]
    pub duplicate: bool,
}

impl Receipt {
    /// Whether this is the proof that this very action ran.
    #[must_use]
    pub fn answers(&self, id: ActionId, action: &Action) -> bool {
        self.action_id == id && &self.action == action
    }
}

/// What reading everything that a node keeps came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verification {
    /// Everything is what it must be.
    Sound,
    /// Something is not: where, and what was found in its place.
    Damaged {
        /// Each finding, as a sentence that names the file.
        findings: Vec<String>,
    },
    /// Nothing is wrong as far as the node can be read alone, and the node that it was to be compared
    /// with could not be read. That is no proof that it is sound (C6.1).
    NotCompared {
        /// Why.
        why: String,
    },
}

impl Verification {
    /// The verdict in one word, as it is written.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Damaged { .. } => "damaged",
            Self::NotCompared { .. } => "not_compared",
        }
    }

    /// What stands beside the verdict: each finding, or why there was no comparison.
    #[must_use]
    pub fn findings(&self) -> &[String] {
        match self {
            Self::Sound => &[],
            Self::Damaged { findings } => findings,
            Self::NotCompared { why } => std::slice::from_ref(why),
        }
    }
}

/// The kernel's proof that an action id never ran and never can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Tombstone {
    /// Which action.
    pub action_id: ActionId,
    /// When it was voided, by the kernel's clock.
    pub voided_at: Timestamp,
    /// Where the proof is kept, as a sentence of the kernel.
    pub result: String,
}

/// A refusal of the kernel, shown verbatim and final (C4.2). Nothing was executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[error("{sentence}")]
pub struct KernelRefusal {
    /// The rule, in the kernel's own words: a short name such as `not_a_member`.
    pub rule: String,
    /// What was asked and what was found.
    pub sentence: String,
    /// The invariants that it would have broken.
    pub invariants: Vec<crate::model::invariant::InvariantId>,
}
