//! Reads a window of time, in the order of the log.

use super::page::{Span, has_clock_back, span};
use super::read::{cut, records};
use super::{LedgerError, LedgerReader};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::answer::{PAGE_ROWS_MAX, StoredRecord};
use rusqlite::params;
use rusqlite::types::Value;

/// A window of time with the sequence numbers that it lies between. Where the clock went back, records
/// between them can lie outside of it; these are left out, and [`TimeWindow::clock_went_back`] says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    from: Timestamp,
    to: Timestamp,
    /// From its first record to its last; `None` where it holds none.
    span: Option<Span>,
    clock_back: u64,
    count: u64,
}

impl TimeWindow {
    /// First moment of the window, inclusive.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// Last moment of the window, inclusive.
    #[must_use]
    pub fn to(&self) -> Timestamp {
        self.to
    }

    /// How often the clock went back between its first record and its last.
    #[must_use]
    pub fn clock_went_back(&self) -> u64 {
        self.clock_back
    }

    fn is_in(&self) -> String {
        if self.span.is_none_or(|span| !span.has_others) {
            return String::new();
        }
        let at = "(SELECT at_ms FROM entry AS timed WHERE timed.seq = leaf.seq)";
        format!(" AND {at} BETWEEN {} AND {}", self.from.millis(), self.to.millis())
    }

    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl LedgerReader {
    /// Finds a window: a few look-ups, however long the log.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn window(&self, from: Timestamp, to: Timestamp) -> Result<TimeWindow, LedgerError> {
        self.reader.read(|connection| {
            let span = span(connection, Some(from), Some(to.plus_millis(1)))?;
            let Some(Span { first, end, .. }) = span.filter(|_| to >= from) else {
                return Ok(TimeWindow { from, to, span: None, clock_back: 0, count: 0 });
            };
            let whole = u64::try_from(end - first).unwrap_or(0);
            if !has_clock_back(connection)? {
                return Ok(TimeWindow { from, to, span, clock_back: 0, count: whole });
            }
            let sql = "SELECT count(*) FROM clock_back WHERE seq > ?1 AND seq < ?2";
            let clock_back =
                connection.prepare_cached(sql)?.query_row(params![first, end], |row| row.get(0))?;
            let sql = "SELECT count(*) FROM entry WHERE seq >= ?1 AND seq < ?2
                AND at_ms BETWEEN ?3 AND ?4";
            let values = params![first, end, from.millis(), to.millis()];
            let count = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
            Ok(TimeWindow { from, to, span, clock_back, count })
        })
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
        window: &TimeWindow,
        after: Option<u64>,
        limit: u32,
    ) -> Result<(Vec<StoredRecord>, Option<u64>), LedgerError> {
        let Some(Span { first: start, end, .. }) = window.span else {
            return Ok((Vec::new(), None));
        };
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        let after = after.map_or(start - 1, |after| key(after).max(start - 1));
        let sql = format!(
            "SELECT seq, hash, bytes FROM leaf WHERE seq > ? AND seq < ?{} ORDER BY seq LIMIT ?",
            window.is_in()
        );
        let values = [after, end, i64::from(limit) + 1].map(Value::from).to_vec();
        let mut page = self.reader.read(|connection| records(connection, &sql, values))?;
        let next = cut(&mut page, limit, |record| record.record.seq);
        Ok((page, next))
    }

    /// Whether a record is the first of its action in a window.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_first_in(
        &self,
        window: &TimeWindow,
        action: ActionId,
        seq: u64,
    ) -> Result<bool, LedgerError> {
        let Some(span) = window.span else { return Ok(false) };
        self.reader.read(|connection| {
            let sql = "SELECT 1 FROM entry WHERE action = ?1 AND seq >= ?2 AND seq < ?3
                AND at_ms BETWEEN ?4 AND ?5";
            let (from, to) = (window.from.millis(), window.to.millis());
            let values = params![action.bytes(), span.first, key(seq), from, to];
            Ok::<_, LedgerError>(!connection.prepare_cached(sql)?.exists(values)?)
        })
    }
}

/// A sequence number as SQLite keeps it; beyond what it can count there is no record.
fn key(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
