//! What happened in the kernel, in one order (C8.1).

use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::text::{InputError, NodeId};
use crate::model::word::word_type;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The place of an event: the branch of the log, the position there that made it, or that was the last
/// one then, and a number among the events there. What the log itself holds has the number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// The branch of history, by its number.
    pub branch: u64,
    /// The position in the log.
    pub position: u64,
    /// The number among the events there.
    pub number: u64,
}

impl EventPlace {
    /// Parses `branch.position.number`, as it is written.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse_field(field: &str, text: &str) -> Result<Self, InputError> {
        let wrong = || InputError::new(field, text, "the place of an event, such as 2.14.0");
        let numbers: Option<Vec<u64>> = text
            .split('.')
            .map(|part| part.parse().ok().filter(|n| i64::try_from(*n).is_ok()))
            .collect();
        match numbers.as_deref() {
            Some([branch, position, number]) => {
                Ok(Self { branch: *branch, position: *position, number: *number })
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for EventPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.branch, self.position, self.number)
    }
}

impl Serialize for EventPlace {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventPlace {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse_field("place", &String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

word_type! {
    /// What kind of thing happened: a word of the spec of the kernel.
    EventKind "kind"
}

impl EventKind {
    /// Every kernel says so when it was started: what happened while it did not run is not recorded.
    pub const STARTED: Self = Self::of("started");
}

/// One thing that happened in the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct KernelEvent {
    /// Its place in the one order.
    pub place: EventPlace,
    /// When, by the clock of the kernel. The order is that of the places, never that of the times.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: EventKind,
    /// The node that it is about, where it is about one.
    pub node: Option<NodeId>,
    /// The action that caused it, where one did.
    pub action_id: Option<ActionId>,
    /// What happened, as a sentence.
    pub sentence: String,
}

/// One page of events, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct EventPage {
    /// The events.
    pub events: Vec<KernelEvent>,
    /// The key of the next page: events before this place; absent on the last.
    pub next_before: Option<EventPlace>,
    /// Why events may be missing, as a sentence; absent where the page is known to be whole.
    pub gap: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_three_numbers_and_reads_back() {
        for bad in ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.-2.3", "9223372036854775808.1.1"] {
            assert!(EventPlace::parse_field("before", bad).is_err(), "{bad}");
        }
        let place = EventPlace { branch: 2, position: 14, number: 0 };
        assert_eq!(EventPlace::parse_field("before", &place.to_string()), Ok(place));
        let json = serde_json::to_string(&EventKind::STARTED).expect("a word");
        assert_eq!(json, "\"started\"");
    }
}
