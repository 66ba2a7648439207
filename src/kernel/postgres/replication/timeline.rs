//! The history of a timeline: where it and those before it forked, read strictly.

use super::ReplicationError;
use crate::model::text::in_halves;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str;

/// A place in the WAL: a position means something on one timeline only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalPosition {
    /// The timeline.
    pub timeline: u32,
    /// The LSN, in bytes since the beginning of the WAL.
    pub lsn: u64,
}

impl fmt::Display for WalPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { timeline, lsn } = self;
        write!(f, "{} on timeline {timeline}", in_halves(*lsn))
    }
}

/// Reads an LSN as the server writes it: two hexadecimal numbers of at most eight digits, `0/4000060`.
pub(in crate::kernel::postgres) fn parse_lsn(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let half = |digits: &str| {
        let is_number = (1..=8).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_number.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
    };
    Some(half(high)? << 32 | half(low)?)
}

/// Reads a number that has no sign and no other ornament.
pub(super) fn parse_number<T: str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Reads the contents of the file of a timeline's history: of each timeline before it where it ended,
/// oldest first. The reason in each line is for people and is not read.
///
/// # Errors
/// When a line is none of these, the timelines do not grow, an end lies before the one before it, or one
/// of the timelines is not older than this one.
pub(super) fn parse_history(
    timeline: u32,
    contents: &[u8],
) -> Result<Vec<WalPosition>, ReplicationError> {
    let wrong = |line: &str, why: &str| ReplicationError::Unexpected {
        what: format!("a history of timeline {timeline} with the line {line:?}: {why}"),
    };
    let text = str::from_utf8(contents).map_err(|_| wrong("", "it is no text"))?;
    let mut forks: Vec<WalPosition> = Vec::new();
    for line in text.lines() {
        let code = line.trim_start();
        // The server leaves an empty line between what it copies and what it adds.
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        let mut words = code.split_ascii_whitespace();
        let (number, lsn) = (words.next().and_then(parse_number), words.next().and_then(parse_lsn));
        let (Some(number), Some(lsn)) = (number, lsn) else {
            return Err(wrong(line, "it is not a timeline and an LSN"));
        };
        if number == 0 || number >= timeline {
            return Err(wrong(line, "that timeline is not older"));
        }
        if forks.last().is_some_and(|last| last.timeline >= number || last.lsn > lsn) {
            return Err(wrong(line, "it comes before the line above it"));
        }
        forks.push(WalPosition { timeline: number, lsn });
    }
    if forks.is_empty() {
        return Err(wrong("", "it has no fork, and only the first timeline has none"));
    }
    Ok(forks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_that_is_not_one_is_refused_with_its_line() {
        for (text, why) in [
            ("", "it has no fork"),
            ("# nothing but a remark\n", "it has no fork"),
            ("1\n", "a timeline and an LSN"),
            ("1\t4000060\tno slash\n", "a timeline and an LSN"),
            ("1\t0/\tno low half\n", "a timeline and an LSN"),
            ("1\t0/123456789\ttoo long\n", "a timeline and an LSN"),
            ("1\t+0/1\ta sign\n", "a timeline and an LSN"),
            ("+1\t0/1\ta sign\n", "a timeline and an LSN"),
            ("-1\t0/1\ta sign\n", "a timeline and an LSN"),
            ("4294967296\t0/1\ttoo large\n", "a timeline and an LSN"),
            ("0\t0/1\tno timeline\n", "not older"),
            ("4\t0/1\titself\n", "not older"),
            ("1\t0/1\tone\n1\t0/2\tagain\n", "before the line above"),
            ("2\t0/1\ttwo\n1\t0/2\tone\n", "before the line above"),
            ("1\t0/2\tone\n2\t0/1\tback\n", "before the line above"),
        ] {
            let refused = parse_history(4, text.as_bytes()).expect_err(text);
            assert!(refused.to_string().contains(why), "{text:?}: {refused}");
        }
        let refused = parse_history(4, b"1\t0/1\t\xff\n").expect_err("no text");
        assert!(refused.to_string().contains("it is no text"), "{refused}");
    }

    #[test]
    fn a_history_gives_its_forks_and_what_people_wrote_in_it_is_not_read() {
        let text = "1\t0/5000148\tno recovery target specified\n\n2\t1/A0\tat \"9\t0/0\"\n# end\n";
        let forks = parse_history(4, text.as_bytes()).expect("a history");
        let one = WalPosition { timeline: 1, lsn: 0x0500_0148 };
        let two = WalPosition { timeline: 2, lsn: 0x1_0000_00A0 };
        assert_eq!(forks, [one, two]);
    }
}
