//! What the log says of the clock: whether it went back, and whether the newest record is of a time that
//! has not come yet.

use super::page::has_clock_back;
use super::read::last;
use super::{LedgerError, LedgerReader};
use crate::model::ambient::Timestamp;
use std::fmt;

/// How far the newest record may be ahead of the clock before it is said: readings of one machine a
/// moment apart differ by less.
pub const CLOCK_AHEAD_MS: u64 = 1_000;

/// What the log says of the clock, beside what it reads now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockReport {
    /// By how many milliseconds the clock read more at the newest record than it reads now, where that is
    /// more than [`CLOCK_AHEAD_MS`].
    pub ahead_ms: Option<u64>,
    /// How often it read less than at the record before.
    pub went_back: u64,
    /// The last record at which it did.
    pub last_back: Option<u64>,
}

impl ClockReport {
    /// Whether a record of this time is ahead of the clock, and by how much.
    #[must_use]
    pub fn ahead(newest: Option<Timestamp>, now: Timestamp) -> Option<u64> {
        let ahead = newest?.millis().saturating_sub(now.millis());
        u64::try_from(ahead).ok().filter(|ahead| *ahead > CLOCK_AHEAD_MS)
    }

    /// Whether the clock only went on.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.ahead_ms.is_none() && self.went_back == 0
    }
}

impl fmt::Display for ClockReport {
    /// Sentences; nothing where the clock only went on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ahead) = self.ahead_ms {
            write!(f, "The newest record is {ahead} ms ahead of the clock. ")?;
        }
        if let Some(seq) = self.last_back {
            let times = if self.went_back == 1 { "time" } else { "times" };
            let count = self.went_back;
            write!(f, "The clock went back {count} {times}, last at record {seq}. ")?;
        }
        if self.is_sound() {
            Ok(())
        } else {
            write!(f, "Records are in the order of their numbers.")
        }
    }
}

impl LedgerReader {
    /// What the log says of the clock, which reads `now`.
    ///
    /// # Errors
    /// When the last record is damaged, or the file cannot be read.
    pub fn clock(&self, now: Timestamp) -> Result<ClockReport, LedgerError> {
        self.reader.read(|connection| {
            let newest = last(connection)?.map(|last| last.record.at);
            let ahead_ms = ClockReport::ahead(newest, now);
            if !has_clock_back(connection)? {
                return Ok(ClockReport { ahead_ms, ..ClockReport::default() });
            }
            let sql = "SELECT count(*), max(seq) FROM clock_back";
            let (went_back, last_back) = connection
                .prepare_cached(sql)?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok::<_, LedgerError>(ClockReport { ahead_ms, went_back, last_back })
        })
    }
}
