//! What a start does where log and kernel do not say the same: it serves for reading, and holds
//! everything else (C9.5).

use super::ServeError;
use crate::cross_check::{self, Depth};
use crate::kernel::ObserveKernel as _;
use crate::kernel::embedded::EmbeddedKernel;
use crate::kernel::memory::MEMORY_ROWS_MAX;
use crate::ledger::Ledger;
use crate::model::ambient::Timestamp;
use crate::model::finding::{Finding, FindingKind, Mismatch, Subject};
use crate::model::pinned::Since;
use crate::store;

/// Compares both sides, and holds ledger and kernel where something was found that no record accepts.
pub(super) async fn compare(
    kernel: &EmbeddedKernel,
    ledger: &Ledger,
    now: Timestamp,
) -> Result<Mismatch, ServeError> {
    let mismatch = found(kernel, ledger).await?;
    if !mismatch.is_empty() {
        ledger.store().hold(mismatch.to_string());
        kernel.hold(Since { since: now, why: mismatch.to_string() });
    }
    Ok(mismatch)
}

/// What is found, without anything that follows from it.
pub(super) async fn found(
    kernel: &EmbeddedKernel,
    ledger: &Ledger,
) -> Result<Mismatch, ServeError> {
    let ask = |after| kernel.memory(after, MEMORY_ROWS_MAX);
    let (log, tables) = (ledger.reader(), ledger.store().reader());
    let mut mismatch = cross_check::compare(Some(&ask), &log, &tables, Depth::Start).await?;
    if let Some(finding) = ledger.store().finding() {
        let (held, made) = match finding {
            store::Finding::Older { held, made } => (*held, *made),
            _ => (0, 0),
        };
        let subject = Subject::Commits { held, made };
        let expected = "a log with all its commits, as its seal names them";
        mismatch.add(Finding::new(FindingKind::LogOlder, subject, finding.to_string(), expected));
    }
    Ok(mismatch)
}
