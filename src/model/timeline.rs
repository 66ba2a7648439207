//! Everything that happened, in the log of the control plane and in the kernel, side by side (C8.1).
//!
//! Each of the two has an order of its own: sequence numbers, and places of events. Between them order
//! is known only where evidence joins them. An action is sent to the kernel after its `dispatched`
//! record is durable, so whatever names the action in the kernel came later; and the kernel answers
//! after that, so the record that holds the answer came later still. No clock takes part.

use crate::model::answer::StoredRecord;
use crate::model::event::{EventPlace, KernelEvent};
use crate::model::record::Entry;
use crate::model::text::InputError;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// How the order is known, for people.
pub const HOW_IT_IS_ORDERED: &str = "Each column has an order of its own, newest first: records by \
    sequence number, events of the kernel by their place. Between the columns \
    order is known only by evidence: what an action did in the kernel came after its dispatched \
    record, and before the record that holds the kernel's answer. Where that is so, the line says \
    what it came after. What stands side by side in one row is in no known order. Times are shown \
    and order nothing: the two have clocks of their own.";

/// A record, with what is known to have happened in the kernel before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PlacedRecord {
    /// The record.
    pub record: StoredRecord,
    /// The last event that is known to be earlier; all events before it are earlier too.
    pub after_event: Option<EventPlace>,
    /// Whether this record is the evidence of that: it holds the answer of the kernel.
    pub joins: bool,
}

impl PlacedRecord {
    /// Whether nothing is recorded of the time just before it.
    #[must_use]
    pub fn is_after_a_gap(&self) -> bool {
        matches!(self.record.record.entry, Entry::Boot { .. })
    }
}

/// An event of the kernel, with what is known to have been recorded before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PlacedEvent {
    /// The event.
    pub event: KernelEvent,
    /// The last record that is known to be earlier; all records before it are earlier too.
    pub after_record: Option<u64>,
    /// Whether this event is the evidence of that: the action of that record did it.
    pub joins: bool,
}

impl PlacedEvent {
    /// Whether nothing is kept of the time just before it.
    #[must_use]
    pub fn is_after_a_gap(&self) -> bool {
        self.event.kind == crate::model::event::EventKind::STARTED
    }
}

/// Records and events between which no order is known. Each list is newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ConcurrentGroup {
    /// Records.
    pub records: Vec<PlacedRecord>,
    /// Events of the kernel.
    pub events: Vec<PlacedEvent>,
    /// Whether the evidence contradicts itself here: an event would be both before and after a record.
    pub contradicts: bool,
}

/// One page of what happened, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// What happened.
    pub stretches: Vec<ConcurrentGroup>,
    /// The key of the next page; absent on the last.
    pub next_before: Option<TimelineKey>,
    /// Why events of the kernel may be missing, as a sentence.
    pub gap: Option<String>,
}

/// Where a page begins: before a record, and before an event where events were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineKey {
    /// Records before this one.
    pub record: u64,
    /// Events before this place; from the newest on where none could be read.
    pub event: Option<EventPlace>,
}

impl TimelineKey {
    /// Parses `SEQ` or `SEQ_BRANCH.POSITION.NUMBER`, as it is written.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse_field(field: &str, text: &str) -> Result<Self, InputError> {
        let wrong = || InputError::new(field, text, "the key of a page, such as 12 or 12_2.14.0");
        let (record, event) = match text.split_once('_') {
            Some((record, event)) => (record, Some(event)),
            None => (text, None),
        };
        let event = event.map(|text| EventPlace::parse_field(field, text)).transpose();
        let is_plain = record.bytes().all(|b| b.is_ascii_digit());
        let record = record.parse().ok().filter(|_| is_plain).ok_or_else(wrong)?;
        Ok(Self { record, event: event.map_err(|_| wrong())? })
    }
}

impl fmt::Display for TimelineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.record)?;
        self.event.map_or(Ok(()), |event| write!(f, "_{event}"))
    }
}

impl Serialize for TimelineKey {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimelineKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse_field("before", &String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_record_and_perhaps_a_place_and_reads_back() {
        for bad in ["", "_", "x", "+1", "-1", "1_", "1_2", "1_2.3", "1_2.3.4_5", "_2.3.4", "1 "] {
            assert!(TimelineKey::parse_field("before", bad).is_err(), "{bad:?}");
        }
        for good in ["0", "12", "12_2.14.0"] {
            let key = TimelineKey::parse_field("before", good).expect(good);
            assert_eq!(key.to_string(), good);
        }
    }
}
