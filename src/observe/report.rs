//! Rebuilds what was asked, shown, decided, relied on and came of it, from the log alone (C9.3).
//!
//! It takes the log and nothing else: no kernel, no clock, no configuration. Whoever holds a copy of
//! the database gets the same report as the console gives, byte for byte.

use super::action_history::ActionHistory;
use super::{no_such_action, unreadable};
use crate::ledger::{LedgerError, LedgerReader, TimeWindow};
use crate::model::action::ActionId;
use crate::model::answer::StoredRecord;
use crate::model::canonical::Hash;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::report::{ActionReport, BlobContent, KeptBlob, WindowReport};

/// The report of one action.
///
/// # Errors
/// `not_found`; or when a record cannot be read. A blob that cannot be had is part of the report.
pub fn action(ledger: &LedgerReader, id: ActionId) -> Result<ActionReport, Refusal> {
    let records = ledger.trail(id).map_err(unreadable)?;
    let trail = ActionHistory::fold(records)?.ok_or_else(|| no_such_action(id))?;
    let (outcome, moved) = (trail.outcome(), trail.moved().to_vec());
    Ok(ActionReport {
        id,
        action: trail.action().clone(),
        reason: trail.reason().clone(),
        requested_by: trail.requested_by().clone(),
        requested_at: trail.requested_at(),
        digest: trail.explained().digest,
        stage: trail.stage(),
        moved,
        outcome,
        more_records: ledger.has_more_than_the_trail(id).map_err(unreadable)?,
        kept: kept(ledger, trail.records())?,
        records: trail.into_records(),
    })
}

/// One page of the report of a window.
///
/// # Errors
/// When a record cannot be read.
pub fn window(
    ledger: &LedgerReader,
    window: &TimeWindow,
    after: Option<u64>,
    limit: u32,
) -> Result<WindowReport, Refusal> {
    let (records, next_after) = ledger.window_page(window, after, limit).map_err(unreadable)?;
    let mut actions = Vec::new();
    for stored in &records {
        let Some(id) = stored.record.action_id else { continue };
        let seq = stored.record.seq;
        if !ledger.is_first_in(window, id, seq).map_err(unreadable)? {
            continue;
        }
        match action(ledger, id) {
            Ok(report) => actions.push(report),
            // An attempt on an id that stands for nothing is a record and no action.
            Err(refusal) if refusal.code == RefusalCode::NotFound => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(WindowReport { actions, ..bare(window, records, next_after) })
}

/// The same, without its actions.
///
/// # Errors
/// When a record cannot be read.
pub fn window_records(
    ledger: &LedgerReader,
    window: &TimeWindow,
    after: Option<u64>,
    limit: u32,
) -> Result<WindowReport, Refusal> {
    let (records, next_after) = ledger.window_page(window, after, limit).map_err(unreadable)?;
    Ok(bare(window, records, next_after))
}

fn bare(window: &TimeWindow, records: Vec<StoredRecord>, next_after: Option<u64>) -> WindowReport {
    let (from, to, total) = (window.from(), window.to(), Some(window.len()));
    let (actions, complete, incomplete) = (Vec::new(), None, None);
    WindowReport { from, to, records, actions, next_after, total, complete, incomplete }
}

/// Everything that these records name, once each, in their order.
fn kept(ledger: &LedgerReader, records: &[StoredRecord]) -> Result<Vec<KeptBlob>, Refusal> {
    let mut kept: Vec<KeptBlob> = Vec::new();
    for stored in records {
        for hash in stored.record.entry.blobs() {
            if kept.iter().all(|k| k.hash != hash) {
                kept.push(KeptBlob {
                    hash,
                    seq: stored.record.seq,
                    content: content(ledger, hash)?,
                });
            }
        }
    }
    Ok(kept)
}

fn content(ledger: &LedgerReader, hash: Hash) -> Result<BlobContent, Refusal> {
    Ok(match ledger.blob(hash) {
        Ok(Some(bytes)) => match String::from_utf8(bytes) {
            Ok(text) => BlobContent::Canonical(text),
            Err(_) => BlobContent::Missing("its bytes are no text".to_owned()),
        },
        Ok(None) => BlobContent::Missing("the log does not hold it".to_owned()),
        // Its bytes are not those that were hashed: said in the report, which goes on without.
        Err(error @ LedgerError::Damaged { .. }) => BlobContent::Missing(error.to_string()),
        Err(error) => return Err(unreadable(error)),
    })
}
