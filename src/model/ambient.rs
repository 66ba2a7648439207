//! Time and randomness, as values that are handed in. Only `serve` owns the real ones.

use crate::model::text::InputError;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::path::{Path, PathBuf};

/// An instant in UTC with a resolution of one millisecond. Never used for order: order is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant this many milliseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// The instant `millis` milliseconds later.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Parses what a person types: RFC 3339, or a day of UTC with or without a time, such as `2026-01-31`
    /// and `2026-01-31 09:30`.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse_typed(text: &str) -> Result<Self, InputError> {
        // No other form is let near the parser, which would pass over a zone in brackets.
        let is_day = matches!(text.len(), 10 | 16 | 19)
            && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:T ".contains(&byte));
        let day = text.parse::<jiff::civil::DateTime>().ok().filter(|_| is_day);
        let instant = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        match instant {
            Some(instant) => Ok(Self(instant.timestamp().as_millisecond())),
            None => Self::parse(text).map_err(|error| {
                let required = format!(
                    "{}, or a day and time of UTC such as 2026-01-31 09:30",
                    error.required
                );
                InputError::new("time", text, required)
            }),
        }
    }

    /// Parses RFC 3339.
    ///
    /// # Errors
    /// When the text is not an RFC 3339 instant.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        text.parse::<jiff::Timestamp>().map(|t| Self(t.as_millisecond())).map_err(|_| {
            InputError::new("time", text, "an RFC 3339 instant such as 2026-01-31T09:30:00.000Z")
        })
    }
}

impl fmt::Display for Timestamp {
    /// `2026-01-31T09:30:00.000Z`: always UTC, always three decimals, so that equal means equal bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => write!(f, "out of range ({} ms)", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// A named clock (C9.1). A test hands in one that stands still until it is moved.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// The name that is recorded beside every time this clock gives.
    fn name(&self) -> &'static str;
}

/// A source of unguessable bytes.
pub trait Entropy: Send + Sync + 'static {
    /// 32 fresh bytes.
    fn bytes(&self) -> [u8; 32];
}

/// How much can still be written to a directory. A test hands in a number.
pub trait Room: fmt::Debug + Send + Sync + 'static {
    /// Bytes that are free for this process below a directory; or why that cannot be read, in a clause.
    ///
    /// # Errors
    /// When the file system does not say.
    fn free_bytes(&self, dir: &Path) -> Result<u64, String>;
}

/// Bytes that stay free for saves and records, whatever is copied: some thousand of them.
pub const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

/// There is too little room for a copy, or nobody can say how much there is. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} in {}, and {needed} bytes are needed; nothing was written", dir.display())]
pub struct NoRoom {
    dir: PathBuf,
    found: String,
    needed: u64,
}

impl dyn Room {
    /// Whether a copy of at most this many bytes can be written into a directory that is there, with
    /// [`RESERVE_BYTES`] left. Asked before anything is written.
    ///
    /// # Errors
    /// When there is less, or the file system does not say.
    pub fn check(&self, dir: &Path, copy_bytes: u64) -> Result<(), NoRoom> {
        let needed = copy_bytes.saturating_add(RESERVE_BYTES);
        let found = match self.free_bytes(dir) {
            Ok(free) if free >= needed => return Ok(()),
            Ok(free) => format!("{free} bytes are free"),
            Err(error) => format!("it is not known how many bytes are free ({error})"),
        };
        Err(NoRoom { dir: dir.to_owned(), found, needed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_prints_in_utc_with_three_decimals_and_reads_back() {
        let t = Timestamp::from_millis(1_769_852_700_000);
        assert_eq!(t.to_string(), "2026-01-31T09:45:00.000Z");
        assert_eq!(Timestamp::parse(&t.to_string()).expect("own form"), t);
    }
}
