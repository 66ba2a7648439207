//! What the API answers, the pages show and the command line prints: the same values for all three.

use crate::model::action::{Action, ActionId, Stage};
use crate::model::ambient::Timestamp;
use crate::model::canonical::Hash;
use crate::model::cluster::{ClusterState, Observation, ReceiptStatus};
use crate::model::explanation::{ActionPreview, Candidate, Explanation};
use crate::model::facts::FactChange;
use crate::model::finding::Mismatch;
use crate::model::pinned::{Freeze, InDoubt};
use crate::model::progress::Progress;
use crate::model::receipt::{KernelRefusal, Receipt, Tombstone};
use crate::model::record::{Entry, ManualOutcome, Record};
use crate::model::text::{ActorName, Reason};
use serde::{Deserialize, Serialize};

/// Most records or actions on one page of a list.
pub const PAGE_ROWS_MAX: u32 = 200;
/// Records or actions on one page of a list, where the request does not say.
pub const PAGE_ROWS_DEFAULT: u32 = 50;

/// A record with its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct StoredRecord {
    /// The record.
    #[serde(flatten)]
    pub record: Record,
    /// Its hash.
    pub hash: Hash,
}

impl StoredRecord {
    /// The freeze that this record declares, if it declares one.
    #[must_use]
    pub fn freeze(&self) -> Option<Freeze> {
        let Record { seq, at, actor, entry, .. } = &self.record;
        match (entry, actor) {
            (Entry::Frozen { reason, .. }, Some(actor)) => Some(Freeze {
                seq: *seq,
                by: actor.name.clone(),
                since: *at,
                reason: reason.clone(),
            }),
            _ => None,
        }
    }
}

/// One page of the log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LogPage {
    /// The records.
    pub records: Vec<StoredRecord>,
    /// The key of the next page: records before this sequence number; absent on the last.
    pub next_before: Option<u64>,
}

/// Which state is the present one. Two of these are equal where nothing has changed between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateVersion {
    /// The state of the kernel, counted since its start.
    pub cluster: u64,
    /// How many records the log has.
    pub log: u64,
}

impl StateVersion {
    /// Parses the form in which events carry it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (cluster, log) = text.split_once('.')?;
        Some(Self { cluster: cluster.parse().ok()?, log: log.parse().ok()? })
    }
}

impl std::fmt::Display for StateVersion {
    /// `CLUSTER.LOG`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.cluster, self.log)
    }
}

/// The end of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LogHead {
    /// How many records there are.
    pub size: u64,
    /// The hash of the last one.
    pub hash: Option<Hash>,
}

/// The end of the log, as a tree and signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct SignedHead {
    /// The size, and the hash of the last record.
    #[serde(flatten)]
    pub head: LogHead,
    /// The root of the Merkle tree over all records (RFC 6962).
    pub root: Hash,
    /// Size and root as a signed note (C2SP `tlog-checkpoint`).
    pub note: String,
    /// The key that checks the note, in the form of signed notes.
    pub key: String,
}

/// The proof that a record is in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct InclusionProof {
    /// The record; its hash is the hash of the leaf.
    pub record: StoredRecord,
    /// Of how many records the tree is.
    pub size: u64,
    /// The root of that tree.
    pub root: Hash,
    /// The hashes that lead from the leaf to the root, the lowest first (RFC 9162, 2.1.3).
    pub path: Vec<Hash>,
}

/// The proof that an earlier log is the beginning of a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ConsistencyProof {
    /// How many records the earlier one has.
    pub from: u64,
    /// How many the later one has.
    pub to: u64,
    /// The root of the earlier one, as this log has it.
    pub from_root: Hash,
    /// The root of the later one.
    pub to_root: Hash,
    /// The hashes that lead to both roots (RFC 9162, 2.1.4).
    pub path: Vec<Hash>,
}

/// What came of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// It ran, once.
    Executed {
        /// The kernel's proof.
        receipt: Receipt,
        /// Where the observation after it differs from the prediction.
        differences: Vec<FactChange>,
        /// Whether an observation after it could be made.
        observed_after: bool,
    },
    /// The kernel refused it; nothing ran.
    Refused {
        /// Its words.
        refusal: KernelRefusal,
    },
    /// It may have run.
    Unknown {
        /// What is known.
        why: String,
    },
    /// It never ran and never can.
    Voided {
        /// The kernel's proof.
        tombstone: Tombstone,
    },
    /// An operator said what was found; the kernel could prove nothing.
    Found {
        /// Whether it ran, by that word.
        executed: ManualOutcome,
        /// What the word rests on.
        evidence: Reason,
        /// Who says so.
        by: ActorName,
    },
}

/// How an action whose outcome is not known can be closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ResolutionMode {
    /// The kernel can resolve it: prove that it ran, or make its id void.
    #[default]
    Resolution,
    /// The kernel cannot: an operator says what was found.
    Finding,
}

/// What a stop of the control plane left behind. Derived when read, never written (C6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Interrupted {
    /// Confirmed and provably never sent: the record that comes before sending does not exist.
    NeverSent,
    /// Sent, or about to be: the outcome is not known here.
    OutcomeUnknown,
}

/// One action as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ActionAnswer {
    /// Its id.
    pub id: ActionId,
    /// What was asked: `kind` and `params`.
    #[serde(flatten)]
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Who asked.
    pub requested_by: ActorName,
    /// When.
    pub requested_at: Timestamp,
    /// Where it stands.
    pub stage: Stage,
    /// What a stop of the control plane left behind, where it did.
    pub interrupted: Option<Interrupted>,
    /// What the kernel holds under its id now; asked only while the outcome is not known.
    pub kernel_says: Option<ReceiptStatus>,
    /// How it can be closed, while its outcome is not known.
    #[serde(default)]
    pub closing: ResolutionMode,
    /// The explanation that was shown.
    pub explanation: Explanation,
    /// Its digest: what a confirmation repeats.
    pub digest: Hash,
    /// The observation that it was made from.
    pub observation: Observation,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// What moved, where it went stale.
    pub moved: Vec<FactChange>,
    /// How far the kernel is with it, while it works on it and it takes long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<Progress>,
    /// Whether this answers a repeated delivery.
    pub duplicate: bool,
    /// Who confirmed it, in order: two where a second operator has to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed_by: Vec<ActorName>,
    /// The record of the last confirmation of it that was refused for what can pass. A confirmation
    /// repeats it, so one that was sent earlier cannot run later (C7.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_refusal: Option<u64>,
    /// Whether the log holds more records of it than are listed: repeated and declined attempts.
    #[serde(default)]
    pub more_records: bool,
    /// Every step of it, and other records of it, oldest first.
    pub records: Vec<StoredRecord>,
}

impl ActionAnswer {
    /// Whether it was confirmed and its end is on the way.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Confirmed | Stage::Dispatched) && self.interrupted.is_none()
    }
}

/// One line of the list of actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ActionLine {
    /// Its id.
    pub id: ActionId,
    /// What was asked: `kind` and `params`.
    #[serde(flatten)]
    pub action: Action,
    /// Why, as whoever asked said it.
    pub reason: Reason,
    /// Who asked.
    pub requested_by: ActorName,
    /// When.
    pub requested_at: Timestamp,
    /// Where it stands.
    pub stage: Stage,
    /// What a stop of the control plane left behind, where it did.
    pub interrupted: Option<Interrupted>,
    /// The sequence number of its `requested` record: the key of the list.
    pub seq: u64,
}

/// One page of the list of actions, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ActionPage {
    /// The actions.
    pub actions: Vec<ActionLine>,
    /// The key of the next page; absent on the last.
    pub next_before: Option<u64>,
}

/// The answer to a question that changes nothing: what would be explained now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ExplainAnswer {
    /// The explanation.
    pub explanation: Explanation,
    /// Its digest.
    pub digest: Hash,
    /// The observation that it was made from.
    pub observation: Observation,
}

/// The nodes as objects of one kind of action, with the rules that speak against each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct WhyNot {
    /// The kind, a word of the catalogue.
    pub kind: crate::model::action::ActionKind,
    /// Every node.
    pub candidates: Vec<Candidate>,
}

/// Everything that the overview shows, from one observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Overview {
    /// The observation.
    pub state: ClusterState,
    /// Every action that chooses a primary, with every node as the object.
    pub target_checks: Vec<WhyNot>,
    /// Every action that takes no parameter, as it would be judged now.
    #[serde(default)]
    pub cluster_actions: Vec<ActionPreview>,
    /// The action that holds up every further mutation, where there is one.
    pub in_doubt: Option<InDoubt>,
    /// The freeze that stands, where there is one.
    #[serde(default)]
    pub freeze: Option<Freeze>,
    /// Where the data API listens, for the hint on how to write.
    pub data_address: Option<String>,
    /// Where log and kernel do not say the same, and nothing is changed meanwhile (C9.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// Why nothing can be recorded any more, so nothing can be done, and what ends that (C6.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecordable: Option<String>,
}

/// What declaring or lifting a freeze came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FreezeAnswer {
    /// The freeze that stands now, where there is one.
    pub freeze: Option<Freeze>,
    /// The record of it.
    pub record: StoredRecord,
    /// Whether this answers a repeated delivery.
    #[serde(default)]
    pub duplicate: bool,
}

/// Who a session or token belongs to, as the pages and the command line show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct SessionAnswer {
    /// The account.
    pub name: ActorName,
    /// Its role.
    pub role: crate::model::actor::ActorRole,
    /// The secret that carries the session; only in the answer that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}
