//! Reads the log. Every leaf is compared with its hash before it is believed.

use super::chain::parse;
use super::note::LogSigner;
use super::page::page_query;
use super::{LedgerError, LogFilter, blob, stage_number};
use crate::model::action::{ActionId, Stage};
use crate::model::answer::{LogHead, LogPage, PAGE_ROWS_MAX, StoredRecord};
use crate::model::canonical::Hash;
use crate::model::pinned::Freeze;
use crate::store::StoreReader;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};
use std::sync::Arc;
use tokio::sync::watch;

/// Records in one trail that are not steps, such as repeated deliveries. The rest of them is paged.
pub const TRAIL_OTHERS_MAX: u32 = 50;

/// One action in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRow {
    /// The `requested` record, which names the action and its parameters.
    pub requested: StoredRecord,
    /// Where it stands in the log. What a stop of the program left behind is derived by the reader.
    pub stage: Stage,
}

/// One page of actions, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRows {
    /// At most as many as the page was asked for, newest first.
    pub rows: Vec<ActionRow>,
    /// The key of the next page: actions requested before this sequence number; absent on the last.
    pub next_before: Option<u64>,
}

/// The log, for those who may only read it. Clones read the same log.
#[derive(Clone, Debug)]
pub struct LedgerReader {
    pub(super) reader: StoreReader,
    pub(super) signer: Option<Arc<LogSigner>>,
}

impl LedgerReader {
    /// The log in the file that `reader` reads.
    #[must_use]
    pub fn new(reader: StoreReader) -> Self {
        Self { reader, signer: None }
    }

    /// The same, with the key that signs heads which are asked for.
    pub(super) fn signing(mut self, signer: Arc<LogSigner>) -> Self {
        self.signer = Some(signer);
        self
    }

    /// Why no record can be written any more; `None` while they can (C6.4).
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.reader.failure()
    }

    /// A number that grows with each durable write of this process to the file of the log.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.reader.commits()
    }

    /// The end of the log.
    ///
    /// # Errors
    /// When the last record is damaged or the file cannot be read.
    pub fn head(&self) -> Result<LogHead, LedgerError> {
        let last = self.reader.read(last)?;
        Ok(LogHead {
            size: last.as_ref().map_or(0, |last| last.record.seq + 1),
            hash: last.map(|last| last.hash),
        })
    }

    /// One record; `None` past the end.
    ///
    /// # Errors
    /// When the record is damaged or the file cannot be read.
    pub fn record(&self, seq: u64) -> Result<Option<StoredRecord>, LedgerError> {
        self.reader.read(|connection| record_at(connection, seq))
    }

    /// One page of the log, newest first: at most `limit` records (and at most
    /// [`PAGE_ROWS_MAX`]) before `before`.
    ///
    /// # Errors
    /// When a record of the page is damaged or the file cannot be read.
    pub fn page(
        &self,
        before: Option<u64>,
        limit: u32,
        filter: &LogFilter,
    ) -> Result<LogPage, LedgerError> {
        let rows = limit.clamp(1, PAGE_ROWS_MAX);
        let found = self.reader.read(|connection| {
            let Some((sql, values)) = page_query(connection, before, rows, filter)? else {
                return Ok(Vec::new());
            };
            records(connection, &sql, values)
        });
        let mut records = found?;
        let next_before = cut(&mut records, rows, |record| record.record.seq);
        Ok(LogPage { records, next_before })
    }

    /// The steps of one action, oldest first: all that its stage follows from, however often it was
    /// delivered again.
    ///
    /// # Errors
    /// When one of them is damaged or the file cannot be read.
    pub fn steps(&self, action: ActionId) -> Result<Vec<StoredRecord>, LedgerError> {
        let sql = "SELECT seq, hash, bytes FROM leaf WHERE seq IN
                       (SELECT seq FROM transition WHERE action = ?1)
                   ORDER BY seq";
        let values = vec![Value::Blob(action.bytes().to_vec())];
        self.reader.read(|connection| records(connection, sql, values))
    }

    /// The records of one action, oldest first: every step, and the first [`TRAIL_OTHERS_MAX`] of
    /// the others.
    ///
    /// # Errors
    /// When one of them is damaged or the file cannot be read.
    pub fn trail(&self, action: ActionId) -> Result<Vec<StoredRecord>, LedgerError> {
        let sql = "SELECT seq, hash, bytes FROM leaf WHERE seq IN (
                       SELECT seq FROM transition WHERE action = ?1
                       UNION SELECT seq FROM (
                           SELECT seq FROM entry WHERE action = ?1 AND seq NOT IN
                               (SELECT seq FROM transition WHERE action = ?1)
                           ORDER BY seq LIMIT ?2))
                   ORDER BY seq";
        let values = vec![Value::Blob(action.bytes().to_vec()), i64::from(TRAIL_OTHERS_MAX).into()];
        self.reader.read(|connection| records(connection, sql, values))
    }

    /// Whether the log holds more records of an action than [`Self::trail`] gives.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn has_more_than_the_trail(&self, action: ActionId) -> Result<bool, LedgerError> {
        self.reader.read(|connection| {
            let sql = "SELECT 1 FROM entry WHERE action = ?1 AND seq NOT IN
                           (SELECT seq FROM transition WHERE action = ?1) LIMIT 1 OFFSET ?2";
            let values = params![action.bytes(), TRAIL_OTHERS_MAX];
            Ok(connection.prepare_cached(sql)?.exists(values)?)
        })
    }

    /// Where an action stands; `None` when it was never requested.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn stage(&self, action: ActionId) -> Result<Option<Stage>, LedgerError> {
        self.reader.read(|connection| stage_of(connection, action))
    }

    /// The actions that are confirmed, dispatched or unknown, in the order of their confirmation.
    /// There is more than one only where a failover was confirmed beside an unknown outcome.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open_actions(&self) -> Result<Vec<(ActionId, Stage)>, LedgerError> {
        self.reader.read(open_actions)
    }

    /// The freeze that stands, where there is one: two look-ups in an index, however long the log.
    ///
    /// # Errors
    /// When its record is damaged or the file cannot be read.
    pub fn freeze(&self) -> Result<Option<Freeze>, LedgerError> {
        self.reader.read(standing_freeze)
    }

    /// A blob by its hash; `None` when no record names it.
    ///
    /// # Errors
    /// When its bytes do not have this hash, or the file cannot be read.
    pub fn blob(&self, hash: Hash) -> Result<Option<Vec<u8>>, LedgerError> {
        self.reader.read(|connection| blob::load(connection, hash))
    }

    /// The first record that names a blob; `None` when no record does.
    ///
    /// # Errors
    /// When that record is damaged or the file cannot be read.
    pub fn first_naming(&self, hash: Hash) -> Result<Option<StoredRecord>, LedgerError> {
        self.reader.read(|connection| match blob::first_named(connection, hash)? {
            Some(seq) => record_at(connection, seq),
            None => Ok(None),
        })
    }

    /// One page of the actions, newest first: at most `limit` (and at most [`PAGE_ROWS_MAX`])
    /// requested before the record `before`.
    ///
    /// # Errors
    /// When a record of the page is damaged or the file cannot be read.
    pub fn actions(&self, before: Option<u64>, limit: u32) -> Result<ActionRows, LedgerError> {
        self.actions_of(before, limit, &LogFilter::default())
    }

    /// The same, of the actions whose `requested` record the filter names.
    ///
    /// # Errors
    /// As [`Self::actions`].
    pub fn actions_of(
        &self,
        before: Option<u64>,
        limit: u32,
        filter: &LogFilter,
    ) -> Result<ActionRows, LedgerError> {
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        let filter = LogFilter { kind: Some("requested"), ..filter.clone() };
        self.reader.read(|connection| {
            let mut rows = Vec::new();
            let Some((sql, values)) = page_query(connection, before, limit, &filter)? else {
                return Ok(ActionRows { rows, next_before: None });
            };
            for requested in records(connection, &sql, values)? {
                let seq = requested.record.seq;
                let damaged = |why: &str| LedgerError::Damaged { seq, why: why.to_owned() };
                let id = requested.record.action_id;
                let id = id.ok_or_else(|| damaged("it is a request without an action"))?;
                let stage = stage_of(connection, id)?
                    .ok_or_else(|| damaged("its step is not in the table of steps"))?;
                rows.push(ActionRow { requested, stage });
            }
            let next_before = cut(&mut rows, limit, |row| row.requested.record.seq);
            Ok(ActionRows { rows, next_before })
        })
    }

    pub(super) fn check_stages(&self) -> Result<(), LedgerError> {
        self.reader.read(check_stages)
    }
}

/// Cuts the row that was read beyond the page, and answers the key of the next page.
pub(super) fn cut<T>(rows: &mut Vec<T>, limit: u32, seq: impl Fn(&T) -> u64) -> Option<u64> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(seq)
}

pub(super) fn records(
    connection: &Connection,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<StoredRecord>, LedgerError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(decode(row)?);
    }
    Ok(records)
}

/// A row of `seq, hash, bytes`.
fn decode(row: &Row<'_>) -> Result<StoredRecord, LedgerError> {
    let seq: u64 = row.get(0)?;
    let damaged = |why: &str| LedgerError::Damaged { seq, why: why.to_owned() };
    let hash = Hash::from_bytes(row.get(1)?);
    let leaf: Vec<u8> = row.get(2)?;
    if Hash::of_leaf(&leaf) != hash {
        return Err(damaged("it does not have its hash"));
    }
    let record = parse(&leaf).map_err(|why| damaged(&why))?;
    if record.seq != seq {
        return Err(damaged("it says that it is another record"));
    }
    Ok(StoredRecord { record, hash })
}

pub(super) fn record_at(
    connection: &Connection,
    seq: u64,
) -> Result<Option<StoredRecord>, LedgerError> {
    let sql = "SELECT seq, hash, bytes FROM leaf WHERE seq = ?1";
    // A number that SQLite cannot hold is no record either.
    let Ok(key) = i64::try_from(seq) else { return Ok(None) };
    Ok(records(connection, sql, vec![Value::from(key)])?.pop())
}

pub(super) fn last(connection: &Connection) -> Result<Option<StoredRecord>, LedgerError> {
    let sql = "SELECT seq, hash, bytes FROM leaf ORDER BY seq DESC LIMIT 1";
    Ok(records(connection, sql, Vec::new())?.pop())
}

pub(super) fn stage_of(
    connection: &Connection,
    action: ActionId,
) -> Result<Option<Stage>, LedgerError> {
    let step = connection
        .prepare_cached(
            "SELECT t, seq FROM transition WHERE action = ?1 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![action.bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    step.map(|(number, seq)| known_stage(number, seq)).transpose()
}

pub(super) fn standing_freeze(connection: &Connection) -> Result<Option<Freeze>, LedgerError> {
    let sql = "SELECT leaf.seq, leaf.hash, leaf.bytes FROM freeze JOIN leaf USING (seq)";
    let Some(stored) = records(connection, sql, Vec::new())?.pop() else { return Ok(None) };
    let damaged = |why: &str| LedgerError::Damaged { seq: stored.record.seq, why: why.to_owned() };
    stored.freeze().map(Some).ok_or_else(|| damaged("it does not say who declared which freeze"))
}

fn known_stage(number: i64, seq: u64) -> Result<Stage, LedgerError> {
    let why = || format!("its step goes to the unknown stage {number}");
    stage_number::parse(number).ok_or_else(|| LedgerError::Damaged { seq, why: why() })
}

fn open_actions(connection: &Connection) -> Result<Vec<(ActionId, Stage)>, LedgerError> {
    // The bare column `t` comes from the row that `max` picks.
    let sql = "SELECT action, t, max(seq) AS newest FROM open_action JOIN transition USING (action)
               GROUP BY action ORDER BY newest";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut open = Vec::new();
    while let Some(row) = rows.next()? {
        open.push((ActionId::from_bytes(row.get(0)?), known_stage(row.get(1)?, row.get(2)?)?));
    }
    Ok(open)
}

pub(super) fn check_stages(connection: &Connection) -> Result<(), LedgerError> {
    let mut statement = connection.prepare_cached("SELECT f, t FROM edge ORDER BY f, t")?;
    let edges = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let edges: Vec<(i64, i64)> = edges.collect::<Result<_, _>>()?;
    if edges == stage_number::edges() { Ok(()) } else { Err(LedgerError::OtherStages) }
}
