//! What was explained, with the records that name it, so that they can be held against each other.

use super::chain::parse;
use super::read::LedgerReader;
use super::{LedgerError, blob, stage_number};
use crate::model::action::Stage;
use crate::model::canonical::Hash;
use crate::model::receipt::LedgerRef;
use crate::model::record::{Entry, Record};
use rusqlite::{Connection, Row, params, params_from_iter};

/// An explanation, and the records about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedExplanation {
    /// The place of the record that names the explanation.
    pub place: LedgerRef,
    /// The record of the request.
    pub requested: Record,
    /// The digest that the record names.
    pub digest: Hash,
    /// The explanation, as it is kept.
    pub explanation: Vec<u8>,
    /// The confirmations of the action, with the digests that they name.
    pub confirmed: Vec<(LedgerRef, Hash)>,
}

impl LedgerReader {
    /// Gives the explanations of the newest `limit` actions, newest first; of all without a limit.
    ///
    /// # Errors
    /// When a record or an explanation is damaged, or the file cannot be read.
    pub fn told(
        &self,
        limit: Option<u32>,
        each: &mut dyn FnMut(RecordedExplanation),
    ) -> Result<(), LedgerError> {
        self.reader.read(|connection| told(connection, limit, each))
    }
}

/// Gives every record of some kinds, oldest first, as one snapshot of the file has them.
///
/// # Errors
/// When a record is damaged or the file cannot be read.
pub fn each_of(
    connection: &Connection,
    kinds: &[&str],
    each: &mut dyn FnMut(&Record),
) -> Result<(), LedgerError> {
    let marks = vec!["?"; kinds.len()].join(", ");
    let sql = format!(
        "SELECT leaf.seq, leaf.hash, leaf.bytes FROM entry JOIN leaf ON leaf.seq = entry.seq
         WHERE entry.kind IN ({marks}) ORDER BY entry.seq"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(kinds))?;
    while let Some(row) = rows.next()? {
        each(&record(row, 0)?.1);
    }
    Ok(())
}

fn told(
    connection: &Connection,
    limit: Option<u32>,
    each: &mut dyn FnMut(RecordedExplanation),
) -> Result<(), LedgerError> {
    let mut statement = connection.prepare(
        "SELECT told.seq, told.hash, told.bytes, asked.seq, asked.hash, asked.bytes, step.action
         FROM transition AS step
         JOIN leaf AS told ON told.seq = step.seq
         JOIN transition AS first ON first.action = step.action AND first.f = 0
         JOIN leaf AS asked ON asked.seq = first.seq
         WHERE step.t IN (?1, ?2) ORDER BY step.seq DESC LIMIT ?3",
    )?;
    let (explained, rejected) =
        (stage_number::of(Stage::Explained), stage_number::of(Stage::Rejected));
    let limit = limit.map_or(-1, i64::from);
    let mut rows = statement.query(params![explained, rejected, limit])?;
    while let Some(row) = rows.next()? {
        let (place, record_of_it) = record(row, 0)?;
        let (_, requested) = record(row, 3)?;
        let (Entry::Explained { digest, explanation, .. }
        | Entry::Rejected { digest, explanation, .. }) = record_of_it.entry
        else {
            return Err(damaged(&place, "the table of steps does not say what it says"));
        };
        let kept = blob::load(connection, explanation)?;
        let kept = kept.ok_or_else(|| damaged(&place, "its explanation is missing"))?;
        let confirmed = confirmations(connection, &row.get::<_, [u8; 16]>(6)?)?;
        each(RecordedExplanation { place, requested, digest, explanation: kept, confirmed });
    }
    Ok(())
}

fn confirmations(
    connection: &Connection,
    action: &[u8; 16],
) -> Result<Vec<(LedgerRef, Hash)>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT leaf.seq, leaf.hash, leaf.bytes FROM transition JOIN leaf USING (seq)
         WHERE action = ?1 AND t IN (?2, ?3) ORDER BY seq",
    )?;
    let stages = [Stage::FirstConfirmed, Stage::Confirmed].map(stage_number::of);
    let mut rows = statement.query(params![action, stages[0], stages[1]])?;
    let mut confirmed = Vec::new();
    while let Some(row) = rows.next()? {
        let (place, record) = record(row, 0)?;
        if let Entry::FirstConfirmed { digest, .. } | Entry::Confirmed { digest, .. } = record.entry
        {
            confirmed.push((place, digest));
        }
    }
    Ok(confirmed)
}

/// The record in three columns: its number, its hash and its bytes, which have that hash.
fn record(row: &Row<'_>, at: usize) -> Result<(LedgerRef, Record), LedgerError> {
    let place = LedgerRef { seq: row.get(at)?, hash: Hash::from_bytes(row.get(at + 1)?) };
    let bytes: Vec<u8> = row.get(at + 2)?;
    if Hash::of_leaf(&bytes) != place.hash {
        return Err(damaged(&place, "its bytes do not have its hash"));
    }
    let record = parse(&bytes).map_err(|why| damaged(&place, &why))?;
    Ok((place, record))
}

fn damaged(place: &LedgerRef, why: &str) -> LedgerError {
    LedgerError::Damaged { seq: place.seq, why: why.to_owned() }
}
