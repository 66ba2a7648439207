//! The record by which somebody at the host accepts that log and kernel do not say the same (C9.5).

use super::HashedBlob;
use super::access::console;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::model::answer::StoredRecord;
use crate::model::finding::Mismatch;
use crate::model::record::Entry;
use crate::model::text::Reason;

/// Appends the record that names exactly what was found.
///
/// # Errors
/// When it cannot be made durable.
pub async fn accept(
    ledger: &Ledger,
    mismatch: &Mismatch,
    reason: Reason,
    os_user: String,
) -> Result<StoredRecord, LedgerError> {
    let named = HashedBlob::of(&mismatch.findings);
    let entry = Entry::MismatchAccepted {
        findings: named.hash,
        count: mismatch.total,
        kinds: mismatch.kinds.iter().copied().collect(),
        reason,
        os_user,
    };
    let draft = Draft::new(Some(console()), None, entry).with_blobs([named.bytes]);
    let appended = ledger.append(vec![draft]).await?;
    let why = || LedgerError::Malformed { why: "nothing was appended".to_owned() };
    appended.into_iter().next().ok_or_else(why)
}
