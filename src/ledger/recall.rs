//! What the audit log says of the orders that it sent, page by page, so that a kernel can be held
//! against it (C9.5). Every leaf that is parsed is compared with its hash before it is believed.

use super::chain::parse;
use super::read::LedgerReader;
use super::{LedgerError, blob, stage_number};
use crate::model::action::{ActionId, Stage};
use crate::model::canonical::Hash;
use crate::model::cluster::ClusterState;
use crate::model::finding::Finding;
use crate::model::receipt::{LedgerRef, Receipt, Tombstone};
use crate::model::record::Entry;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;

/// Most rows of steps that are read at a time.
const STEPS_MAX: u32 = 4_000;
/// The last key that an action can have.
const LAST_ID: [u8; 16] = [u8::MAX; 16];
/// There is no index of these records: it takes as long as the log is after the one that is named.
pub(super) const ACCEPTED_AFTER: &str =
    "SELECT EXISTS (SELECT 1 FROM entry WHERE seq > ?1 AND kind = 'mismatch_accepted')";

/// A record that names an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedOutcome<T> {
    /// The place of the record.
    pub place: LedgerRef,
    /// The receipt, tombstone or outcome in that record.
    pub value: T,
}

/// What the log says of the order of one action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recalled {
    /// The record behind the order, once it was to be sent.
    pub dispatched: Option<LedgerRef>,
    /// The receipt that was recorded.
    pub executed: Option<RecordedOutcome<Receipt>>,
    /// The record of the kernel's refusal.
    pub refused: Option<LedgerRef>,
    /// The tombstone that was recorded.
    pub voided: Option<RecordedOutcome<Tombstone>>,
}

/// One page of actions, in the order of the bytes of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecalledPage {
    /// The actions that were dispatched, or voided before that.
    pub rows: Vec<(ActionId, Recalled)>,
    /// The key of the next page; absent on the last one.
    pub next_after: Option<ActionId>,
}

impl LedgerReader {
    /// One page of what the log says of orders, of actions after `after`.
    ///
    /// # Errors
    /// When a record is damaged or the file cannot be read.
    pub fn recall(&self, after: Option<ActionId>) -> Result<RecalledPage, LedgerError> {
        self.reader.read(|connection| recall(connection, after))
    }

    /// The hash of a record and the action that it names; `None` past the end. The record itself is
    /// not read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn place(&self, seq: u64) -> Result<Option<(Hash, Option<ActionId>)>, LedgerError> {
        self.reader.read(|connection| {
            let sql = "SELECT leaf.hash, entry.action FROM leaf JOIN entry ON entry.seq = leaf.seq
                       WHERE leaf.seq = ?1";
            let found = connection.prepare_cached(sql)?.query_row(params![seq], |row| {
                let action: Option<[u8; 16]> = row.get(1)?;
                Ok((Hash::from_bytes(row.get(0)?), action.map(ActionId::from_bytes)))
            });
            Ok(found.optional()?)
        })
    }

    /// The newest observation that a record names, with the place of the record.
    ///
    /// # Errors
    /// When it is damaged or the file cannot be read.
    pub fn last_observation(&self) -> Result<Option<(LedgerRef, ClusterState)>, LedgerError> {
        self.newest_observation(
            "'explained', 'rejected', 'stale', 'first_confirmed', 'confirmed', 'executed'",
        )
    }

    /// The kind of kernel that the newest observation is of, where a record names one.
    ///
    /// # Errors
    /// When it is damaged or the file cannot be read.
    pub fn kernel(&self) -> Result<Option<String>, LedgerError> {
        let kinds = "'explained', 'rejected', 'stale', 'first_confirmed', 'confirmed', 'executed', 'stopped'";
        Ok(self.newest_observation(kinds)?.map(|(_, state)| state.identity.kernel))
    }

    /// The newest observation that a record of one of these kinds names.
    fn newest_observation(
        &self,
        kinds: &'static str,
    ) -> Result<Option<(LedgerRef, ClusterState)>, LedgerError> {
        self.reader.read(|connection| {
            let sql = format!(
                "SELECT leaf.seq, leaf.hash, leaf.bytes FROM entry
                 JOIN leaf ON leaf.seq = entry.seq
                 WHERE entry.kind IN ({kinds}) ORDER BY entry.seq DESC"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let place = LedgerRef { seq: row.get(0)?, hash: Hash::from_bytes(row.get(1)?) };
                // An outcome may be recorded where no observation could be made.
                let Some(snapshot) = parsed(&place, &row.get::<_, Vec<u8>>(2)?)?.snapshot() else {
                    continue;
                };
                let state = named::<ClusterState>(connection, &place, snapshot)?;
                return Ok(Some((place, state)));
            }
            Ok(None)
        })
    }

    /// Every finding that was accepted on record.
    ///
    /// # Errors
    /// When a record is damaged or the file cannot be read.
    pub fn accepted(&self) -> Result<Vec<Finding>, LedgerError> {
        self.reader.read(|connection| {
            let sql = "SELECT leaf.seq, leaf.hash, leaf.bytes FROM entry
                       JOIN leaf ON leaf.seq = entry.seq
                       WHERE entry.kind = 'mismatch_accepted' ORDER BY entry.seq";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let mut accepted = Vec::new();
            while let Some(row) = rows.next()? {
                let place = LedgerRef { seq: row.get(0)?, hash: Hash::from_bytes(row.get(1)?) };
                let entry = parsed(&place, &row.get::<_, Vec<u8>>(2)?)?;
                if let Entry::MismatchAccepted { findings, .. } = entry {
                    accepted.extend(named::<Vec<Finding>>(connection, &place, findings)?);
                }
            }
            Ok(accepted)
        })
    }

    /// Whether a record after this one accepts that log and kernel do not match. It reads the records
    /// after it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_accepted_after(&self, seq: u64) -> Result<bool, LedgerError> {
        self.reader.read(|connection| {
            let mut statement = connection.prepare_cached(ACCEPTED_AFTER)?;
            Ok(statement.query_row([seq], |row| row.get(0))?)
        })
    }

    /// Whether somebody asked the kernel to resolve an action.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn asked_to_resolve(&self, action: ActionId) -> Result<bool, LedgerError> {
        self.reader.read(|connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM entry
                       WHERE action = ?1 AND kind = 'settle_requested')";
            Ok(connection
                .prepare_cached(sql)?
                .query_row(params![action.bytes()], |row| row.get(0))?)
        })
    }
}

fn recall(connection: &Connection, after: Option<ActionId>) -> Result<RecalledPage, LedgerError> {
    let after = after.map_or([0; 16], |id| *id.bytes());
    let steps = [Stage::Dispatched, Stage::Executed, Stage::Refused, Stage::Voided];
    let steps = steps.map(stage_number::of);
    let mut statement = connection.prepare_cached(
        "SELECT transition.action, transition.t, leaf.seq, leaf.hash,
                CASE WHEN transition.t IN (?3, ?5) THEN leaf.bytes END
         FROM transition JOIN leaf ON leaf.seq = transition.seq
         WHERE transition.action > ?1 AND transition.t IN (?2, ?3, ?4, ?5)
         ORDER BY transition.action, transition.f LIMIT ?6",
    )?;
    let [dispatched, executed, refused, voided] = steps;
    let mut found =
        statement.query(params![after, dispatched, executed, refused, voided, STEPS_MAX])?;
    let mut rows: Vec<(ActionId, Recalled)> = Vec::new();
    let mut read = 0;
    while let Some(row) = found.next()? {
        read += 1;
        let id = ActionId::from_bytes(row.get(0)?);
        if rows.last().is_none_or(|(last, _)| *last != id) {
            rows.push((id, Recalled::default()));
        }
        if let Some((_, recalled)) = rows.last_mut() {
            take(recalled, row)?;
        }
    }
    let mut next_after = None;
    if read == STEPS_MAX {
        // The steps of the last action may go on beyond what was read; it opens the next page.
        rows.pop();
        next_after = rows.last().map(|(id, _)| *id);
    }
    debug_assert!(next_after.is_none_or(|id| *id.bytes() < LAST_ID), "a page ends before the last");
    Ok(RecalledPage { rows, next_after })
}

fn take(recalled: &mut Recalled, row: &Row<'_>) -> Result<(), LedgerError> {
    let place = LedgerRef { seq: row.get(2)?, hash: Hash::from_bytes(row.get(3)?) };
    let bytes: Option<Vec<u8>> = row.get(4)?;
    let Some(bytes) = bytes else {
        let step: i64 = row.get(1)?;
        if step == stage_number::of(Stage::Dispatched) {
            recalled.dispatched = Some(place);
        } else {
            recalled.refused = Some(place);
        }
        return Ok(());
    };
    match parsed(&place, &bytes)? {
        Entry::Executed { receipt, .. } => {
            recalled.executed = Some(RecordedOutcome { place, value: receipt });
        }
        Entry::Voided { tombstone } => {
            recalled.voided = Some(RecordedOutcome { place, value: tombstone });
        }
        _ => {
            let why = "the table of steps does not say what it says".to_owned();
            return Err(LedgerError::Damaged { seq: place.seq, why });
        }
    }
    Ok(())
}

/// The entry of a leaf that has its hash.
fn parsed(place: &LedgerRef, bytes: &[u8]) -> Result<Entry, LedgerError> {
    let damaged = |why: String| LedgerError::Damaged { seq: place.seq, why };
    if Hash::of_leaf(bytes) != place.hash {
        return Err(damaged("its bytes do not have its hash".to_owned()));
    }
    Ok(parse(bytes).map_err(damaged)?.entry)
}

/// What a record names by its hash.
fn named<T: DeserializeOwned>(
    connection: &Connection,
    place: &LedgerRef,
    hash: Hash,
) -> Result<T, LedgerError> {
    let bytes = blob::load(connection, hash)?;
    let value = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    value.ok_or_else(|| {
        let why = format!("what it names by {hash} is missing or cannot be read");
        LedgerError::Damaged { seq: place.seq, why }
    })
}
