//! Log and kernel witness each other: each is held against what the other one remembers (C9.5).
//!
//! The comparison reads everything and changes nothing. What it finds is a list of values; what
//! follows from it is decided by people, at the host's console. A node that cannot be read is unknown,
//! and no finding. Nothing here repairs, guesses which side is right, or forgets a finding by itself.

pub mod explained;
pub mod orders;
pub mod rights;

use crate::authority::Denied;
use crate::authority::stored::stored_rights;
use crate::crash::{InjectedBug, has_injected_bug};
use crate::kernel::memory::{MemoryPage, ReadHorizon, Remembered};
use crate::kernel::{KernelFuture, Unobservable};
use crate::ledger::{LedgerError, LedgerReader, Recalled, RecalledPage, each_of};
use crate::model::action::ActionId;
use crate::model::canonical::Hash;
use crate::model::finding::{Finding, FindingSubject, Mismatch};
use crate::model::spec::{Catalogue, KernelSpec};
use crate::store::{DATABASE_FILE, StoreError, StoreReader};
use orders::Places;
use rights::RecordedRights;
use std::collections::{BTreeSet, VecDeque};

/// Asks a kernel, running or not, for the page of its memory after an action id.
pub type Ask<'a> = dyn Fn(Option<ActionId>) -> KernelFuture<'a, Result<MemoryPage, Unobservable>>
    + Send
    + Sync
    + 'a;

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum CrossCheckError {
    /// The kernel does not answer.
    #[error(transparent)]
    Kernel(#[from] Unobservable),
    /// The log cannot be read.
    #[error("the audit log ({DATABASE_FILE}) cannot be read: {0}")]
    Ledger(#[from] LedgerError),
    /// The file of the log cannot be read.
    #[error("the audit log ({DATABASE_FILE}) cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The tables of access rights cannot be read.
    #[error("the access rights ({DATABASE_FILE}) cannot be read: {0}")]
    Rights(#[from] Denied),
}

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every order, every right, and the explanations of the newest [`EXPLANATIONS_AT_A_START`]
    /// actions, so that a start does not take longer with every action that was ever explained.
    Start,
    /// Everything.
    Whole,
}

/// How many explanations are read at a start.
pub const EXPLANATIONS_AT_A_START: u32 = 1_000;

/// Everything that was found and that no record accepts, contradictions first. Memory does not grow
/// with the orders of log and kernel, only with accounts, tokens and links, and with what is found.
/// Without a kernel its side is unknown, and no finding.
///
/// # Errors
/// When one side cannot be read at all.
pub async fn compare(
    kernel: Option<(&'static KernelSpec, &Ask<'_>)>,
    log: &LedgerReader,
    tables: &StoreReader,
    depth: Depth,
) -> Result<Mismatch, CrossCheckError> {
    let mut found = CrossCheckResult::not_accepted_in(log)?;
    if let Some((spec, kernel)) = kernel {
        let reach = compare_orders(spec.into(), kernel, log, &mut found).await?;
        if let Some((place, state)) = log.last_observation()? {
            found.extend(orders::compare_reach(spec, &place, &state, reach));
        }
    }
    found.extend(tables.read(|snapshot| -> Result<_, CrossCheckError> {
        let stored = stored_rights(snapshot)?;
        let mut recorded = RecordedRights::about(&stored);
        each_of(snapshot, &rights::KINDS, &mut |record| recorded.learn(record))?;
        Ok(recorded.compare(&stored))
    })?);
    let newest = (depth == Depth::Start).then_some(EXPLANATIONS_AT_A_START);
    log.told(newest, &mut |told| found.extend(explained::compare(&told)))?;
    Ok(found.sorted())
}

/// What was found, less what was accepted on record.
struct CrossCheckResult {
    accepted: BTreeSet<FindingSubject>,
    mismatch: Mismatch,
}

impl CrossCheckResult {
    fn not_accepted_in(log: &LedgerReader) -> Result<Self, LedgerError> {
        let accepted = log.accepted()?.into_iter().map(|finding| finding.subject).collect();
        Ok(Self { accepted, mismatch: Mismatch::default() })
    }

    fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.accepted.contains(&finding.subject) {
                self.mismatch.add(finding);
            }
        }
    }

    fn sorted(mut self) -> Mismatch {
        self.mismatch.findings.sort();
        self.mismatch
    }
}

/// Walks both sides in the order of the bytes of action ids, side by side.
async fn compare_orders(
    catalogue: Catalogue,
    kernel: &Ask<'_>,
    log: &LedgerReader,
    found: &mut CrossCheckResult,
) -> Result<ReadHorizon, CrossCheckError> {
    let first = kernel(None).await?;
    let reach = first.reach;
    let mut remembered = Remembering::new(first);
    let mut recalled = Recalling::new(log.recall(None)?);
    let (no_log, no_kernel) = (Recalled::default(), Remembered::default());
    loop {
        remembered.fill(kernel).await?;
        recalled.fill(log)?;
        let next = [remembered.next(), recalled.next()].into_iter().flatten().min();
        let Some(id) = next else { return Ok(reach) };
        let held = remembered.take(id);
        let said = recalled.take(id);
        if has_injected_bug(InjectedBug::ReceiptNotCompared) {
            continue;
        }
        let (said, held) = (said.as_ref().unwrap_or(&no_log), held.as_ref().unwrap_or(&no_kernel));
        found.extend(orders::compare(catalogue, id, said, held, reach, log)?);
    }
}

impl Places for LedgerReader {
    type Error = LedgerError;

    fn place(&self, seq: u64) -> Result<Option<(Hash, Option<ActionId>)>, LedgerError> {
        Self::place(self, seq)
    }

    fn asked_to_resolve(&self, id: ActionId) -> Result<bool, LedgerError> {
        Self::asked_to_resolve(self, id)
    }
}

/// The pages of one side, as one sequence.
struct Pages<T> {
    rows: VecDeque<(ActionId, T)>,
    next_after: Option<ActionId>,
}

type Remembering = Pages<Remembered>;
type Recalling = Pages<Recalled>;

impl<T> Pages<T> {
    fn next(&self) -> Option<ActionId> {
        self.rows.front().map(|(id, _)| *id)
    }

    fn take(&mut self, id: ActionId) -> Option<T> {
        if self.next() == Some(id) { self.rows.pop_front().map(|(_, value)| value) } else { None }
    }
}

impl Remembering {
    fn new(page: MemoryPage) -> Self {
        Self { rows: page.rows.into(), next_after: page.next_after }
    }

    async fn fill(&mut self, kernel: &Ask<'_>) -> Result<(), Unobservable> {
        while let (true, Some(after)) = (self.rows.is_empty(), self.next_after) {
            *self = Self::new(kernel(Some(after)).await?);
        }
        Ok(())
    }
}

impl Recalling {
    fn new(page: RecalledPage) -> Self {
        Self { rows: page.rows.into(), next_after: page.next_after }
    }

    fn fill(&mut self, log: &LedgerReader) -> Result<(), LedgerError> {
        while let (true, Some(after)) = (self.rows.is_empty(), self.next_after) {
            *self = Self::new(log.recall(Some(after))?);
        }
        Ok(())
    }
}
