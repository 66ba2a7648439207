//! Reads a window of time, in the order of the log.

use super::page::first_since;
use super::read::{cut, last, records};
use super::{LedgerError, LedgerReader};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::answer::{PAGE_ROWS_MAX, StoredRecord};
use rusqlite::params;
use rusqlite::types::Value;
use std::ops::Range;

/// A window of time with the sequence numbers that it lies between. Times in the log never go back, so
/// every record between them is in the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    from: Timestamp,
    to: Timestamp,
    /// From its first record to before the first one after it; empty where it holds none.
    span: Range<i64>,
}

impl Window {
    /// From when; included.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// Until when; included.
    #[must_use]
    pub fn to(&self) -> Timestamp {
        self.to
    }
}

impl LedgerReader {
    /// Finds a window: two look-ups in the index of times, however long the log.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn window(&self, from: Timestamp, to: Timestamp) -> Result<Window, LedgerError> {
        let span = self.reader.read(|connection| {
            let size = last(connection)?.map_or(0, |last| key(last.record.seq) + 1);
            let end = first_since(connection, to.plus_millis(1))?.unwrap_or(size);
            Ok::<_, LedgerError>(first_since(connection, from)?.unwrap_or(end)..end)
        })?;
        Ok(Window { from, to, span })
    }

    /// The records from a sequence number on, oldest first: at most `limit` (and at most a thousand).
    ///
    /// # Errors
    /// When a record is damaged or the file cannot be read.
    pub fn from_seq(&self, seq: u64, limit: u32) -> Result<Vec<StoredRecord>, LedgerError> {
        let sql = "SELECT seq, hash, bytes FROM leaf WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
        let values = vec![Value::from(key(seq)), i64::from(limit.min(1_000)).into()];
        self.reader.read(|connection| records(connection, sql, values))
    }

    /// One page of a window, oldest first: at most `limit` records (and at most [`PAGE_ROWS_MAX`])
    /// after the record `after`, with the key of the next page.
    ///
    /// # Errors
    /// When a record of the page is damaged or the file cannot be read.
    pub fn window_page(
        &self,
        window: &Window,
        after: Option<u64>,
        limit: u32,
    ) -> Result<(Vec<StoredRecord>, Option<u64>), LedgerError> {
        let Range { start, end } = window.span;
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        let after = after.map_or(start - 1, |after| key(after).max(start - 1));
        let sql =
            "SELECT seq, hash, bytes FROM leaf WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?";
        let values = [after, end, i64::from(limit) + 1].map(Value::from).to_vec();
        let mut page = self.reader.read(|connection| records(connection, sql, values))?;
        let next = cut(&mut page, limit, |record| record.record.seq);
        Ok((page, next))
    }

    /// Whether a record is the first of its action in a window.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_first_in(
        &self,
        window: &Window,
        action: ActionId,
        seq: u64,
    ) -> Result<bool, LedgerError> {
        self.reader.read(|connection| {
            let sql = "SELECT 1 FROM entry WHERE action = ?1 AND seq >= ?2 AND seq < ?3";
            let values = params![action.bytes(), window.span.start, key(seq)];
            Ok::<_, LedgerError>(!connection.prepare_cached(sql)?.exists(values)?)
        })
    }
}

/// A sequence number as SQLite keeps it; beyond what it can count there is no record.
fn key(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
