//! What differs between two lists of facts.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The value of a fact about something that is not there.
pub const ABSENT: &str = "absent";

/// One fact with its value before and after, in words: `n2 reachable: yes -> no`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Moved {
    /// The fact, such as `n2 reachable`.
    pub fact: String,
    /// Its value before.
    pub before: String,
    /// Its value after.
    pub after: String,
}

impl std::fmt::Display for Moved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} -> {}", self.fact, self.before, self.after)
    }
}

/// What differs between two lists of facts, each with its value: in the order of the first list, and
/// then what only the second one has. Nothing is left out on either side (C2.6).
#[must_use]
pub fn moved_between(before: &[(String, String)], after: &[(String, String)]) -> Vec<Moved> {
    let (then, now) = (by_name(before), by_name(after));
    let value = |facts: &BTreeMap<&str, &str>, name: &str| {
        facts.get(name).copied().unwrap_or(ABSENT).to_owned()
    };
    before
        .iter()
        .chain(after.iter().filter(|(name, _)| !then.contains_key(name.as_str())))
        .map(|(name, _)| Moved {
            fact: name.clone(),
            before: value(&then, name),
            after: value(&now, name),
        })
        .filter(|moved| moved.before != moved.after)
        .collect()
}

fn by_name(facts: &[(String, String)]) -> BTreeMap<&str, &str> {
    facts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
