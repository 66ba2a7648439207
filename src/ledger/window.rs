//! Reads a window of time, in the order of the log.

use super::read::records;
use super::{LedgerError, LedgerReader};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::answer::{PAGE_ROWS_MAX, StoredRecord};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, params};
use std::ops::RangeInclusive;

/// A window of time with the sequence numbers that it lies between. Times in the log never go back, so
/// every record between them is in the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    from: Timestamp,
    to: Timestamp,
    /// Absent where no record has a time in the window.
    span: Option<RangeInclusive<u64>>,
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
        let first = "SELECT seq FROM entry WHERE at_ms >= ?1 ORDER BY at_ms, seq LIMIT 1";
        let last = "SELECT seq FROM entry WHERE at_ms <= ?1 ORDER BY at_ms DESC, seq DESC LIMIT 1";
        let span = self.reader.read(|connection| {
            let seq = |sql: &str, at: Timestamp| {
                let mut statement = connection.prepare_cached(sql)?;
                statement.query_row([at.millis()], |row| row.get::<_, u64>(0)).optional()
            };
            let span = seq(first, from)?.zip(seq(last, to)?);
            Ok::<_, LedgerError>(span.map(|(first, last)| first..=last).filter(|s| !s.is_empty()))
        })?;
        Ok(Window { from, to, span })
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
        let Some(span) = &window.span else { return Ok((Vec::new(), None)) };
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        let first = after.map_or(*span.start(), |after| after.saturating_add(1).max(*span.start()));
        let sql =
            "SELECT seq, hash, bytes FROM leaf WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?";
        let key = |seq: u64| Value::from(i64::try_from(seq).unwrap_or(i64::MAX));
        let values = vec![key(first), key(*span.end()), (i64::from(limit) + 1).into()];
        let mut page = self.reader.read(|connection| records(connection, sql, values))?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = page.len() > limit;
        page.truncate(limit);
        let next = page.last().map(|last| last.record.seq).filter(|_| more);
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
        let Some(span) = &window.span else { return Ok(false) };
        let begin = i64::try_from(*span.start()).unwrap_or(i64::MAX);
        let before = i64::try_from(seq).unwrap_or(i64::MAX);
        self.reader.read(|connection| {
            let sql = "SELECT 1 FROM entry WHERE action = ?1 AND seq >= ?2 AND seq < ?3";
            let values = params![action.bytes(), begin, before];
            Ok::<_, LedgerError>(!connection.prepare_cached(sql)?.exists(values)?)
        })
    }
}
