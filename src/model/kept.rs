//! What the log keeps, each under an address of its own: one record, and one observation.

use crate::model::answer::StoredRecord;
use crate::model::canonical::Hash;
use crate::model::cluster::ClusterState;
use serde::{Deserialize, Serialize};

/// One record with what it stands among.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RecordAnswer {
    /// The record.
    pub record: StoredRecord,
    /// The bytes that its hash is of: canonical JSON.
    pub leaf: String,
    /// Every step of its action, oldest first; empty where it belongs to none.
    pub steps: Vec<StoredRecord>,
    /// How many records the log had when this was read.
    pub size: u64,
}

/// An observation that the log keeps, as it was when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct KeptObservation {
    /// SHA-256 of its bytes, which is its name in the log.
    pub hash: Hash,
    /// What was observed.
    pub state: ClusterState,
    /// The records of one action that name it, oldest first; the first is the first of the log.
    pub named_by: Vec<StoredRecord>,
}
