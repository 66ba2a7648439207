//! What the log has gained since this process began to look, counted when somebody asks. It reads the
//! new end of the log and nothing else; nobody is told, and nothing follows (C8.3).

use crate::ledger::{LedgerError, LedgerReader};
use crate::model::invariant::{Invariant, InvariantId};
use crate::model::record::Entry;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Records that are read at once.
const RECORDS_AT_ONCE: u32 = 500;
/// Records that one look reads at most: half a second of work. The next look goes on from there.
const RECORDS_PER_LOOK: usize = 50_000;

/// Figures about records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// Records by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Steps of actions, by the stage that they led to.
    pub stages: BTreeMap<&'static str, u64>,
    /// Refusals, by code and by invariant; `none` where a refusal cites none.
    pub refusals: BTreeMap<(&'static str, String), u64>,
    /// Records that the log has and that are not counted yet.
    pub behind: u64,
}

impl RecordCounts {
    fn add(&mut self, entry: &Entry) {
        *self.kinds.entry(entry.word()).or_default() += 1;
        if let Some(stage) = entry.stage() {
            *self.stages.entry(stage.word()).or_default() += 1;
        }
        let (code, invariants): (_, &[InvariantId]) = match entry {
            Entry::Rejected { violated, .. } => ("rejected", violated),
            Entry::Refused { refusal } => ("refused_by_kernel", &refusal.invariants),
            Entry::Declined { refusal, .. } | Entry::Denied { refusal, .. } => {
                (refusal.code.id(), &refusal.invariants)
            }
            Entry::Stale { .. } => ("stale", &[Invariant::ExplanationConfirmed.id()]),
            _ => return,
        };
        let ids = invariants.iter().map(InvariantId::to_string);
        let none = invariants.is_empty().then(|| "none".to_owned());
        for id in ids.chain(none) {
            *self.refusals.entry((code, id)).or_default() += 1;
        }
    }
}

/// The running figures. Clones count together.
#[derive(Clone, Debug)]
pub(super) struct RecordCounters(Arc<Mutex<(u64, RecordCounts)>>);

impl RecordCounters {
    /// Counts from the end that the log has now.
    pub(super) fn from_here(ledger: &LedgerReader) -> Self {
        // A log that cannot be read now is counted from its beginning when it can.
        let next = ledger.head().map_or(0, |head| head.size);
        Self(Arc::new(Mutex::new((next, RecordCounts::default()))))
    }

    /// The figures up to the end that the log has now.
    pub(super) fn refresh(&self, ledger: &LedgerReader) -> Result<RecordCounts, LedgerError> {
        // It is changed record by record, so a panic elsewhere leaves whole figures behind.
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, counts) = &mut *held;
        let mut read = 0;
        while read < RECORDS_PER_LOOK {
            let records = ledger.from_seq(*next, RECORDS_AT_ONCE)?;
            let Some(last) = records.last() else { break };
            *next = last.record.seq + 1;
            read += records.len();
            for stored in &records {
                counts.add(&stored.record.entry);
            }
        }
        counts.behind = ledger.head()?.size.saturating_sub(*next);
        Ok(counts.clone())
    }
}
