//! What `pg_controldata` says of a server that was stopped, as an operator pastes it. It is read strictly by
//! its own labels: what is missing or stands there twice is no control data.

use std::collections::BTreeMap;

/// The state that a server has after a clean stop as a primary. After a stop as a standby it says
/// `shut down in recovery`, after a crash `in production`.
const CLEAN_STOP: &str = "shut down";

/// What a decision needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlData {
    /// The system identifier of the cluster.
    pub system_identifier: String,
    /// The state, in the words of the tool.
    pub state: String,
    /// Where the last checkpoint is, as a byte of the WAL.
    pub checkpoint: u64,
    /// Where a replay would begin, as a byte of the WAL: after a clean stop at the checkpoint itself.
    pub redo: u64,
    /// The timeline of the last checkpoint.
    pub timeline: u64,
}

impl ControlData {
    /// Reads the output of the tool.
    ///
    /// # Errors
    /// Says, as a clause, what is missing, doubled or of another form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines: BTreeMap<&str, &str> = BTreeMap::new();
        for line in text.lines() {
            let Some((label, value)) = line.split_once(':') else { continue };
            if lines.insert(label.trim(), value.trim()).is_some() {
                return Err(format!("{} stands in it twice", label.trim()));
            }
        }
        let line = |label: &str| {
            let value = lines.get(label).copied().filter(|value| !value.is_empty());
            value.ok_or_else(|| format!("it has no line that begins with {label}"))
        };
        let number = |label: &str| {
            let value = line(label)?;
            let is_plain = value.bytes().all(|b| b.is_ascii_digit());
            let number = value.parse().ok().filter(|_| is_plain);
            number.ok_or_else(|| format!("{label} is no number"))
        };
        let place = |label: &str| {
            place(line(label)?).ok_or_else(|| format!("{label} is no place in the WAL"))
        };
        let identifier: u64 = number("Database system identifier")?;
        Ok(Self {
            system_identifier: identifier.to_string(),
            state: line("Database cluster state")?.to_owned(),
            checkpoint: place("Latest checkpoint location")?,
            redo: place("Latest checkpoint's REDO location")?,
            timeline: number("Latest checkpoint's TimeLineID")?,
        })
    }

    /// Whether the server was stopped cleanly as a primary: then its checkpoint is its last record.
    #[must_use]
    pub fn is_clean_stop(&self) -> bool {
        self.state == CLEAN_STOP && self.redo == self.checkpoint
    }
}

/// A place in the WAL as the tools write it: `0/3000060`.
fn place(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let part = |text: &str| {
        let is_plain = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        u64::from_str_radix(text, 16).ok().filter(|_| is_plain)
    };
    Some((part(high)? << 32) | part(low)?)
}

/// A page of the WAL.
const PAGE_BYTES: u64 = 8_192;
/// The record of a checkpoint, from version 15 to 18: 24 bytes of every record, 2 of its only block, 88 of
/// the checkpoint, and up to the next multiple of 8.
const CHECKPOINT_RECORD_BYTES: u64 = 120;
/// What stands at the beginning of a page, and of the first page of a segment.
const PAGE_HEADERS_BYTES: [u64; 2] = [24, 40];

/// Where the record of a checkpoint can end that begins at a byte of the WAL. It is longer by the beginning of
/// a page where it goes on in the next one; no other record fits in between.
#[must_use]
pub fn checkpoint_ends(begin: u64) -> Vec<u64> {
    let end = begin.saturating_add(CHECKPOINT_RECORD_BYTES);
    if begin % PAGE_BYTES + CHECKPOINT_RECORD_BYTES <= PAGE_BYTES {
        return vec![end];
    }
    PAGE_HEADERS_BYTES.map(|header| end.saturating_add(header)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of the tool that matter, and one of those that do not.
    fn pasted() -> String {
        "pg_control version number:            1300\n\
         Database system identifier:           7713919942378952543\n\
         Database cluster state:               shut down\n\
         pg_control last modified:             Mon Nov 30 11:09:05 2026\n\
         Latest checkpoint location:           0/17414F8\n\
         Latest checkpoint's REDO location:    0/17414F8\n\
         Latest checkpoint's REDO WAL file:    000000010000000000000001\n\
         Latest checkpoint's TimeLineID:       1\n\
         Latest checkpoint's NextXID:          0:724"
            .to_owned()
    }

    #[test]
    fn what_is_missing_doubled_or_of_another_form_is_no_control_data() {
        let whole = pasted();
        assert!(ControlData::parse("").is_err());
        for line in whole.lines().filter(|line| !line.contains("NextXID")) {
            let is_needed = !["version number", "last modified", "REDO WAL file"]
                .iter()
                .any(|other| line.contains(other));
            let without = whole.replace(line, "");
            assert_eq!(ControlData::parse(&without).is_err(), is_needed, "{line}");
            let twice = format!("{whole}\n{line}");
            assert!(ControlData::parse(&twice).is_err(), "{line}");
        }
        for (from, to) in [
            ("7713919942378952543", "-1"),
            ("7713919942378952543", "7713919942378952543 "),
            ("location:           0/17414F8", "location:           017414F8"),
            ("location:           0/17414F8", "location:           0/+1"),
            ("location:           0/17414F8", "location:           0/123456789"),
            ("TimeLineID:       1", "TimeLineID:       0x1"),
            ("Database cluster state", "État du cluster"),
            (":               shut down", ":               "),
        ] {
            let is_same = from.len() + 1 == to.len() && to.trim() == from;
            assert_eq!(ControlData::parse(&whole.replace(from, to)).is_ok(), is_same, "{to}");
        }
    }

    #[test]
    fn the_output_of_the_tool_reads_line_by_line() {
        let read = ControlData::parse(&pasted()).expect("control data");
        let wanted = ControlData {
            system_identifier: "7713919942378952543".to_owned(),
            state: "shut down".to_owned(),
            checkpoint: 0x0174_14F8,
            redo: 0x0174_14F8,
            timeline: 1,
        };
        assert_eq!(read, wanted);
        assert!(read.is_clean_stop());
    }

    #[test]
    fn only_a_primary_that_was_stopped_and_not_killed_has_stopped_cleanly() {
        for state in ["in production", "shut down in recovery", "shutting down", "shut downed"] {
            let text = pasted().replace("shut down", state);
            assert!(!ControlData::parse(&text).expect(state).is_clean_stop(), "{state}");
        }
        let online = pasted().replace("REDO location:    0/17414F8", "REDO location:    0/17414C0");
        assert!(!ControlData::parse(&online).expect("control data").is_clean_stop());
    }

    /// Measured: a checkpoint at 0/5000028 ended at 0/50000A0.
    #[test]
    fn a_checkpoint_ends_after_its_record_and_after_the_beginning_of_a_page_that_it_crosses() {
        assert_eq!(checkpoint_ends(0x0500_0028), [0x0500_00A0]);
        let last = 0x0500_2000 - CHECKPOINT_RECORD_BYTES;
        assert_eq!(checkpoint_ends(last), [0x0500_2000]);
        assert_eq!(checkpoint_ends(last + 8), [0x0500_2020, 0x0500_2030]);
    }
}
