//! Why a record was not written, or could not be read.

use crate::model::action::{ActionId, Stage};
use crate::model::invariant::Invariant;
use crate::model::pinned::Freeze;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::store::{StoreError, WriteError};

/// Why the ledger did not do what was asked. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The record is not known to be durable; what relies on it must not run (C6.4).
    #[error("the ledger is not available: {why}")]
    Unavailable {
        /// The failure of the store, as a clause.
        why: String,
        /// The store's own words.
        #[source]
        source: StoreError,
    },
    /// Nothing is recorded until somebody accepted what was found at the start (C9.5).
    #[error("nothing is recorded: {why}")]
    Held {
        /// The defect that was found at the start, as a clause.
        why: String,
    },
    /// The action cannot take this step.
    #[error("action {action} cannot go from {} to {to}", from.map_or("nothing", Stage::word))]
    IllegalStep {
        /// The action that stays in its stage.
        action: ActionId,
        /// Where it stands; `None` where it has no record.
        from: Option<Stage>,
        /// Where the record would have taken it.
        to: Stage,
    },
    /// Another action is confirmed, dispatched or unknown (C4.3).
    #[error("action {action} cannot be confirmed while action {open} is open")]
    OtherOpen {
        /// The action that was to be confirmed.
        action: ActionId,
        /// The one that is open.
        open: ActionId,
    },
    /// A freeze stands, and while it does nothing is declared, explained as possible or confirmed.
    #[error("a freeze stands since record {}", freeze.seq)]
    Frozen {
        /// The declaration, with its record and reason.
        freeze: Freeze,
    },
    /// The id of a declaration of a freeze was used before (C7.2).
    #[error("record {seq} declared a freeze under this id")]
    FreezeKnown {
        /// The sequence number of the record that used the id.
        seq: u64,
    },
    /// The freeze that was to be lifted does not stand.
    #[error("the freeze of record {asked} does not stand")]
    NoFreeze {
        /// The record that was named.
        asked: u64,
        /// The freeze that stands instead, where one does.
        stands: Option<Freeze>,
    },
    /// A record or a blob is larger than its limit.
    #[error("{what} has {bytes} bytes, and {limit} are the limit")]
    TooLarge {
        /// Which: a kind of entry, or a blob.
        what: String,
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The draft is not a record: a fault of this program.
    #[error("the draft of a record is not complete: {why}")]
    Malformed {
        /// What is wrong with it.
        why: String,
    },
    /// What is stored is not what was written.
    #[error("record {seq} is damaged: {why}")]
    Damaged {
        /// The sequence number of the damaged record.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The database knows other stages than this program.
    #[error("the stages in the file are not those of this program")]
    OtherStages,
    /// A head was asked for where there is no key to sign it.
    #[error("there is no key here to sign a head of the log")]
    NoKey,
    /// The database refused a statement.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for LedgerError {
    fn from(source: StoreError) -> Self {
        if let StoreError::Held { why } = source {
            return Self::Held { why };
        }
        if !source.is_failure() {
            return Self::Store(source);
        }
        let why = match &source {
            StoreError::Unavailable { why } => why.clone(),
            other => other.to_string(),
        };
        Self::Unavailable { why, source }
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl WriteError for LedgerError {
    fn storage(&self) -> Option<&StoreError> {
        match self {
            Self::Unavailable { source, .. } | Self::Store(source) => Some(source),
            Self::Held { .. }
            | Self::IllegalStep { .. }
            | Self::OtherOpen { .. }
            | Self::Frozen { .. }
            | Self::FreezeKnown { .. }
            | Self::NoFreeze { .. }
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::Damaged { .. }
            | Self::OtherStages
            | Self::NoKey => None,
        }
    }
}

impl LedgerError {
    /// The answer for whoever asked for the write: everything that is not about the order of stages
    /// means that the record could not be made.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::IllegalStep { action, from, to } => {
                let sentence = format!("Action {action} cannot be {to} now. Nothing was done.");
                let found = from.map_or("no record of it", Stage::word);
                Refusal::new(RefusalCode::WrongStage, sentence)
                    .citing([Invariant::StageOrder])
                    .with_evidence(found, format!("a stage that {to} follows"))
                    .about(*action)
            }
            Self::Held { why } => Refusal::mismatch(why),
            Self::OtherOpen { open, .. } => {
                let sentence = format!("Action {open} is open. Nothing was done.");
                Refusal::new(RefusalCode::Busy, sentence)
                    .citing([Invariant::OneAtATime])
                    .about(*open)
            }
            Self::Frozen { freeze } => Refusal::frozen(freeze),
            Self::FreezeKnown { seq } => {
                let sentence = format!(
                    "This id stands for the freeze of record {seq} already. Nothing was done."
                );
                Refusal::new(RefusalCode::IdReused, sentence).citing([Invariant::ActionIdOnce])
            }
            Self::NoFreeze { asked, stands } => Refusal::no_freeze(Some(*asked), stands.as_ref()),
            Self::Unavailable { .. }
            | Self::TooLarge { .. }
            | Self::Malformed { .. }
            | Self::Damaged { .. }
            | Self::OtherStages
            | Self::NoKey
            | Self::Store(_) => {
                let sentence = format!("The record could not be made: {self}. Nothing was done.");
                Refusal::new(RefusalCode::AuditUnavailable, sentence)
                    .citing([Invariant::AuditFirst])
            }
        }
    }
}

/// What is to be recorded is not formed as its kind has to be.
pub(super) fn malformed(why: impl Into<String>) -> LedgerError {
    LedgerError::Malformed { why: why.into() }
}
