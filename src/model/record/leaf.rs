//! One record: what was said, by whom, when, and after which record.

use super::{Entry, HostUser};
use crate::model::action::ActionId;
use crate::model::actor::Actor;
use crate::model::ambient::Timestamp;
use crate::model::canonical::{Hash, canonical_json};
use serde::{Deserialize, Serialize};

/// One record of the ledger. Its canonical JSON is the leaf that is stored and hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`RECORD_VERSION`](super::RECORD_VERSION) when it was written.
    pub v: u32,
    /// Its place in the total order, from 0, without gaps.
    pub seq: u64,
    /// What the clock read when it was written. The order of records is that of `seq`, whatever it read.
    pub at: Timestamp,
    /// The clock that says so.
    pub clock: String,
    /// Who acted; absent where the system records something about itself.
    pub actor: Option<Actor>,
    /// The action that it belongs to.
    pub action_id: Option<ActionId>,
    /// What it says.
    pub entry: Entry,
    /// The hash of the record before it; absent in the first.
    pub prev: Option<Hash>,
    /// Who ran the command that made it; absent where a server made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostUser>,
    /// By how much the clock read less than at the record before it, in milliseconds; absent where it
    /// did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_back_ms: Option<u64>,
    /// A hash over what its transaction stored of a password, a secret or a session, so that the row
    /// can be held against it (C9.5). Absent where it stored none, and in records of versions before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Hash>,
    /// The same of a session that it ended or gave another secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Hash>,
}

impl Record {
    /// The clock with what it says of itself: its name, and that it went back.
    #[must_use]
    pub fn clock_words(&self) -> String {
        match self.clock_back_ms {
            None => self.clock.clone(),
            Some(back) => format!("{}, which went back by {back} ms", self.clock),
        }
    }

    /// Who ran the command that made it, in words; `None` where a server made it.
    #[must_use]
    pub fn host_words(&self) -> Option<String> {
        let HostUser { user, host, reason } = self.host.as_ref()?;
        let reason = reason.as_ref().map(|reason| format!(". Reason: {reason}"));
        Some(format!("{user} on {host}{}", reason.unwrap_or_default()))
    }

    /// The bytes that are stored and hashed.
    #[must_use]
    pub fn leaf(&self) -> Vec<u8> {
        canonical_json(self)
    }

    /// The hash of the leaf.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of_leaf(&self.leaf())
    }
}
