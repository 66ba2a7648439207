//! What was read of a cluster: facts under the keys that the spec of its kernel declares.
//!
//! A fact is a value or unknown, never a default and never the last value (C8.4). Nothing here knows a
//! kernel: what a key means, and how it is shown, says [`FactSpec`](crate::model::spec::FactSpec).

mod change;
mod value;

pub use change::{FactChange, FactSubject, FactValue, changes};
pub use value::{FactKey, Position, Value};

use crate::model::ambient::Timestamp;
use crate::model::text::NodeId;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// A fact that was read, or one that was not. Never a default, never the last value (C8.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "Fact_of_{T}"))]
#[serde(untagged)]
pub enum Fact<T> {
    /// Could not be read. Only that it is unknown enters a digest.
    Unknown {
        /// Since when, and why.
        unknown: UnknownReason,
        /// What was read last, where the kernel keeps that; shown as such, and never as the value.
        #[serde(skip_serializing_if = "Option::is_none")]
        last: Option<T>,
    },
    /// Read in this observation.
    Known(T),
}

/// Why a fact is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct UnknownReason {
    /// Since when it cannot be read.
    pub since: Timestamp,
    /// Why, in a clause that can follow "because".
    pub why: String,
}

impl<T> Fact<T> {
    /// A fact that could not be read.
    pub fn unknown(since: Timestamp, why: impl Into<String>) -> Self {
        Self::Unknown { unknown: UnknownReason { since, why: why.into() }, last: None }
    }

    /// The same, with what was read last.
    #[must_use]
    pub fn after(self, last: T) -> Self {
        match self {
            Self::Unknown { unknown, .. } => Self::Unknown { unknown, last: Some(last) },
            known @ Self::Known(_) => known,
        }
    }

    /// The value, where it was read.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// The value, or what was read last of one that is unknown. For predictions; no page shows it as
    /// the value.
    pub fn known_or_last(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { last, .. } => last.as_ref(),
        }
    }

    /// Why it is missing, where it was not read.
    pub fn missing(&self) -> Option<&UnknownReason> {
        match self {
            Self::Known(_) => None,
            Self::Unknown { unknown, .. } => Some(unknown),
        }
    }

    /// The value in words, or `unknown`.
    pub fn word(&self, words: impl FnOnce(&T) -> String) -> String {
        self.known().map_or_else(|| "unknown".to_owned(), words)
    }

    /// The same fact with its value, and what was read last, in another form.
    pub fn map<U>(&self, form: impl Fn(&T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(form(value)),
            Self::Unknown { unknown, last } => {
                Fact::Unknown { unknown: unknown.clone(), last: last.as_ref().map(form) }
            }
        }
    }
}

/// That something is so since an instant, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Since {
    /// Since when. Kept by the kernel, so it is the same after a restart.
    pub since: Timestamp,
    /// Why, as a sentence.
    pub why: String,
}

/// The facts about one subject, by key. A kernel says nothing of a key that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Facts(BTreeMap<FactKey, Fact<Value>>);

impl Facts {
    /// The fact under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Fact<Value>> {
        self.0.get(key)
    }

    /// Every fact, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&FactKey, &Fact<Value>)> {
        self.0.iter()
    }

    /// Puts a fact under a key, in place of the one that is there.
    pub fn set(&mut self, key: impl Into<FactKey>, fact: Fact<Value>) {
        self.0.insert(key.into(), fact);
    }

    /// The same facts, each as `form` makes it of its key.
    #[must_use]
    pub fn map(self, form: impl Fn(&str, Fact<Value>) -> Fact<Value>) -> Self {
        let of = |(key, fact): (FactKey, Fact<Value>)| {
            let fact = form(&key, fact);
            (key, fact)
        };
        Self(self.0.into_iter().map(of).collect())
    }

    /// The value under a key as `form` reads it; unknown where there is none, or another form.
    fn read<T>(&self, key: &str, form: impl Fn(&Value) -> Option<T>) -> Fact<T> {
        let silent = || Fact::unknown(Timestamp::from_millis(0), "the kernel does not say it");
        match self.get(key) {
            None => silent(),
            Some(Fact::Known(value)) => form(value).map_or_else(silent, Fact::Known),
            Some(Fact::Unknown { unknown, last }) => {
                Fact::Unknown { unknown: unknown.clone(), last: last.as_ref().and_then(form) }
            }
        }
    }

    /// A yes or no.
    #[must_use]
    pub fn flag(&self, key: &str) -> Fact<bool> {
        self.read(key, |value| match value {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    /// A number.
    #[must_use]
    pub fn number(&self, key: &str) -> Fact<u64> {
        self.read(key, |value| match value {
            Value::Number(number) => Some(*number),
            _ => None,
        })
    }

    /// A number that there may be none of.
    #[must_use]
    pub fn number_or_none(&self, key: &str) -> Fact<Option<u64>> {
        self.read(key, |value| match value {
            Value::Number(number) => Some(Some(*number)),
            Value::None => Some(None),
            _ => None,
        })
    }

    /// A place in a log; a plain number lies on the one branch that its kernel knows.
    #[must_use]
    pub fn position(&self, key: &str) -> Fact<Position> {
        self.read(key, Value::position)
    }

    /// A text or a word.
    #[must_use]
    pub fn text(&self, key: &str) -> Fact<String> {
        self.read(key, |value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// A text or a word, or none.
    #[must_use]
    pub fn text_or_none(&self, key: &str) -> Fact<Option<String>> {
        self.read(key, |value| match value {
            Value::Text(text) => Some(Some(text.clone())),
            Value::None => Some(None),
            _ => None,
        })
    }

    /// A list of names.
    #[must_use]
    pub fn names(&self, key: &str) -> Fact<Vec<String>> {
        self.read(key, |value| match value {
            Value::Names(names) => Some(names.clone()),
            _ => None,
        })
    }

    /// A node, or none.
    #[must_use]
    pub fn node_or_none(&self, key: &str) -> Fact<Option<NodeId>> {
        self.read(key, |value| match value {
            Value::Text(text) => NodeId::parse(text).ok().map(Some),
            Value::None => Some(None),
            _ => None,
        })
    }

    /// An instant.
    #[must_use]
    pub fn instant(&self, key: &str) -> Option<Timestamp> {
        self.text(key).known().and_then(|text| Timestamp::parse(text).ok())
    }

    /// Since when and why, where two facts say it.
    #[must_use]
    pub fn since(&self, since: &str, why: &str) -> Option<Since> {
        let why = self.text(why).known().cloned().unwrap_or_default();
        Some(Since { since: self.instant(since)?, why })
    }

    /// Every fact as it is compared and bound: without since when and why it is unknown.
    #[must_use]
    pub fn bound(&self, is_bound: impl Fn(&str) -> bool) -> BTreeMap<FactKey, FactValue> {
        let kept = self.0.iter().filter(|(key, _)| is_bound(key));
        kept.map(|(key, fact)| (key.clone(), FactValue::of(Some(fact)))).collect()
    }
}

impl FromIterator<(FactKey, Fact<Value>)> for Facts {
    fn from_iter<I: IntoIterator<Item = (FactKey, Fact<Value>)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // Through JSON's own value, in which a number is a number wherever it stands.
        let facts = BTreeMap::<FactKey, serde_json::Value>::deserialize(d)?;
        let read = |(key, value)| {
            let fact = serde_json::from_value(value).map_err(serde::de::Error::custom)?;
            Ok((key, fact))
        };
        facts.into_iter().map(read).collect()
    }
}

#[cfg(feature = "ssr")]
impl schemars::JsonSchema for Facts {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Facts".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        BTreeMap::<String, Fact<Value>>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facts() -> Facts {
        let at = Timestamp::from_millis(5);
        [
            (FactKey::new("primary"), Fact::Known(Value::None)),
            (FactKey::new("term"), Fact::unknown(at, "cut off").after(Value::Number(4))),
            (FactKey::new("last"), Fact::Known(Value::Position(Position { branch: 2, offset: 9 }))),
            (FactKey::new("members"), Fact::Known(Value::Names(vec!["n1".to_owned()]))),
            (FactKey::new("reachable"), Fact::Known(Value::Flag(true))),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn facts_are_plain_json_and_read_back_as_they_were() {
        let text = serde_json::to_value(facts()).unwrap();
        let wanted = json!({
            "primary": null,
            "term": {"unknown": {"since": "1970-01-01T00:00:00.005Z", "why": "cut off"}, "last": 4},
            "last": {"branch": 2, "offset": 9},
            "members": ["n1"],
            "reachable": true,
        });
        assert_eq!(text, wanted);
        assert_eq!(serde_json::from_value::<Facts>(text).unwrap(), facts());
    }

    #[test]
    fn a_fact_that_is_not_said_or_of_another_form_is_unknown_and_never_a_default() {
        let facts = facts();
        assert_eq!(facts.number("needed").known(), None);
        assert_eq!(facts.flag("members").known(), None);
        let term = facts.number("term");
        assert_eq!((term.known(), term.known_or_last()), (None, Some(&4)));
    }

    #[test]
    fn since_why_and_the_last_value_of_what_is_unknown_are_not_bound() {
        let one = facts();
        let mut other = facts();
        let later = Fact::unknown(Timestamp::from_millis(9), "another reason");
        other.set(FactKey::new("term"), later);
        assert_ne!(one, other);
        assert_eq!(one.bound(|_| true), other.bound(|_| true));
    }
}
