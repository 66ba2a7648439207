//! What a report says: an action, or a window of time, rebuilt from the log alone (C9.3).

use crate::model::action::{Action, ActionId, Stage};
use crate::model::ambient::Timestamp;
use crate::model::answer::{Outcome, StoredRecord};
use crate::model::canonical::Hash;
use crate::model::cluster::ClusterState;
use crate::model::explanation::Explanation;
use crate::model::facts::FactChange;
use crate::model::record::Entry;
use crate::model::text::{ActorName, Reason};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something too big for a record, as the log keeps it under its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct KeptBlob {
    /// SHA-256 of the bytes.
    pub hash: Hash,
    /// The first record of the action that names it.
    pub seq: u64,
    /// The bytes, or why they could not be had.
    #[serde(flatten)]
    pub content: BlobContent,
}

/// The bytes under a hash, or why they could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BlobContent {
    /// Canonical JSON, byte for byte as it was hashed.
    Canonical(String),
    /// The log does not give them, and says why.
    Missing(String),
}

impl KeptBlob {
    /// What the bytes say.
    ///
    /// # Errors
    /// The sentence that says why that cannot be known.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        match &self.content {
            BlobContent::Missing(why) => Err(why.clone()),
            BlobContent::Canonical(text) => serde_json::from_str(text).map_err(|error| {
                format!("its bytes are kept, and this version does not read them: {error}")
            }),
        }
    }
}

/// An action, rebuilt from its records and from nothing else. What the kernel says today is not in
/// it, so the same log gives the same bytes at any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ActionReport {
    /// Its id.
    pub id: ActionId,
    /// What was asked.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Who asked.
    pub requested_by: ActorName,
    /// When.
    pub requested_at: Timestamp,
    /// The digest of what was shown, which a confirmation repeats.
    pub digest: Hash,
    /// Where its records end.
    pub stage: Stage,
    /// What moved between the explanation and the confirmation, where it went stale.
    pub moved: Vec<FactChange>,
    /// What came of it, where a record says so.
    pub outcome: Option<Outcome>,
    /// Every step of it, and other records of it, oldest first.
    pub records: Vec<StoredRecord>,
    /// Whether the log holds more records of it than are listed: repeated and declined attempts.
    pub more_records: bool,
    /// What its records name, in the order in which they name it.
    pub kept: Vec<KeptBlob>,
}

impl ActionReport {
    /// What the log keeps under a hash that a record of this action names.
    #[must_use]
    pub fn kept(&self, hash: &Hash) -> Option<&KeptBlob> {
        self.kept.iter().find(|kept| kept.hash == *hash)
    }

    /// The records in which somebody decided something about it, oldest first.
    pub fn decisions(&self) -> impl Iterator<Item = &StoredRecord> {
        self.records.iter().filter(|stored| {
            matches!(
                stored.record.entry,
                Entry::FirstConfirmed { .. }
                    | Entry::Confirmed { .. }
                    | Entry::Stale { .. }
                    | Entry::Withdrawn { .. }
                    | Entry::SettleRequested { .. }
                    | Entry::Finding { .. }
            )
        })
    }

    /// The explanation that was shown.
    ///
    /// # Errors
    /// The sentence that says why it cannot be shown again.
    pub fn explanation(&self) -> Result<Explanation, String> {
        self.named(|entry| match entry {
            Entry::Explained { explanation, .. } | Entry::Rejected { explanation, .. } => {
                Some(*explanation)
            }
            _ => None,
        })
    }

    /// The observation that the explanation was made from.
    ///
    /// # Errors
    /// The sentence that says why it cannot be shown again.
    pub fn seen(&self) -> Result<ClusterState, String> {
        self.named(|entry| match entry {
            Entry::Explained { snapshot, .. } | Entry::Rejected { snapshot, .. } => Some(*snapshot),
            _ => None,
        })
    }

    /// The observation that the decision was judged by: the one under the execution lock, which
    /// belongs to the confirmation or says what had moved. `None` where nothing was confirmed.
    #[must_use]
    pub fn judged_by(&self) -> Option<Result<ClusterState, String>> {
        let is_judged = |r: &StoredRecord| {
            matches!(r.record.entry, Entry::Confirmed { .. } | Entry::Stale { .. })
        };
        self.records.iter().any(is_judged).then(|| {
            self.named(|entry| match entry {
                Entry::Confirmed { snapshot, .. } | Entry::Stale { snapshot, .. } => {
                    Some(*snapshot)
                }
                _ => None,
            })
        })
    }

    /// The observation after it ran. `None` where none was recorded.
    #[must_use]
    pub fn after(&self) -> Option<Result<ClusterState, String>> {
        let made = self.records.iter().find_map(|r| match r.record.entry {
            Entry::Executed { snapshot, .. } => snapshot,
            _ => None,
        })?;
        Some(self.named(|_| Some(made)))
    }

    fn named<T: DeserializeOwned>(
        &self,
        pick: impl Fn(&Entry) -> Option<Hash>,
    ) -> Result<T, String> {
        let hash = self.records.iter().find_map(|stored| pick(&stored.record.entry));
        let hash = hash.ok_or("no record of the action names it")?;
        self.kept(&hash).ok_or("it is not among what is kept")?.read()
    }
}

/// How much a whole window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct WindowCounts {
    /// Records.
    pub records: u64,
    /// Actions with a record in it.
    pub actions: u64,
}

impl WindowCounts {
    /// Counts the records of a page, or its actions.
    pub fn count(&mut self, records: bool, page: &WindowReport) {
        let of = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        if records {
            self.records += of(page.records.len());
        } else {
            self.actions += of(page.actions.len());
        }
    }
}

impl fmt::Display for WindowCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |count: u64| if count == 1 { "" } else { "s" };
        let Self { records, actions } = *self;
        write!(f, "{records} record{} and {actions} action{}", s(records), s(actions))
    }
}

/// Everything that the log holds of a window of time, or one page of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct WindowReport {
    /// From when, by the clock of the records; included.
    pub from: Timestamp,
    /// Until when; included.
    pub to: Timestamp,
    /// The records, oldest first.
    pub records: Vec<StoredRecord>,
    /// The actions whose first record in the window is on this page, each rebuilt whole.
    pub actions: Vec<ActionReport>,
    /// The key of the next page: records after this sequence number; absent on the last.
    #[serde(default)]
    pub next_after: Option<u64>,
    /// How many records the window holds in all, on a page of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// What the whole window holds, where this is all of it and was written to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<WindowCounts>,
    /// Why the rest could not be read, where this was to be all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}
