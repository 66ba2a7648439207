//! One fact before and after: what an action is predicted to change, what moved, what was found to
//! differ.

use super::{Fact, FactKey, Value};
use crate::model::text::NodeId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// A fact as it is compared and bound: whether it is there, whether it is known, and its value. Since
/// when and why it is unknown is shown elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// There is no such thing.
    Absent,
    /// It could not be read.
    Unknown,
    /// It was read.
    Known(Value),
    /// What only the action itself can name: the position at which it will stand, or its id.
    OfThisAction,
}

impl FactValue {
    /// What there is to compare of a fact.
    #[must_use]
    pub fn of(fact: Option<&Fact<Value>>) -> Self {
        match fact {
            None => Self::Absent,
            Some(Fact::Unknown { .. }) => Self::Unknown,
            Some(Fact::Known(value)) => Self::Known(value.clone()),
        }
    }
}

impl fmt::Display for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Unknown => f.write_str("unknown"),
            Self::Known(value) => write!(f, "{value}"),
            Self::OfThisAction => f.write_str("that of this action"),
        }
    }
}

/// What is not a value, in JSON.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "NoValue"))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum NoValue {
    Absent(bool),
    Unknown(bool),
    OfThisAction(bool),
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "FactValue"))]
#[serde(untagged)]
enum ValueJson {
    Not(NoValue),
    Known(Value),
}

impl Serialize for FactValue {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => NoValue::Absent(true).serialize(s),
            Self::Unknown => NoValue::Unknown(true).serialize(s),
            Self::OfThisAction => NoValue::OfThisAction(true).serialize(s),
            Self::Known(value) => value.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for FactValue {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(match ValueJson::deserialize(d)? {
            ValueJson::Not(NoValue::Absent(_)) => Self::Absent,
            ValueJson::Not(NoValue::Unknown(_)) => Self::Unknown,
            ValueJson::Not(NoValue::OfThisAction(_)) => Self::OfThisAction,
            ValueJson::Known(value) => Self::Known(value),
        })
    }
}

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FactSubject {
    /// The cluster as a whole.
    Cluster,
    /// One node.
    Node(NodeId),
    /// Something of which a node has several.
    Item {
        /// What it is.
        kind: FactKey,
        /// The node that has it.
        node: NodeId,
        /// Its name there.
        name: String,
    },
    /// What the control plane itself holds: a freeze, an action in doubt.
    ControlPlane,
    /// A pre-condition; the fact is its id, the values are verdicts.
    Check,
    /// A change of format 1, whose fact and values are words. It is shown, and never made.
    Words(String),
}

/// One fact with its value before and after: `n2 reachable: yes -> no`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactChange {
    /// What the fact is about.
    pub subject: FactSubject,
    /// Which fact.
    pub fact: FactKey,
    /// Before.
    pub before: FactValue,
    /// After.
    pub after: FactValue,
}

impl FactChange {
    /// The fact with its subject, for where no spec is at hand.
    #[must_use]
    pub fn name(&self) -> String {
        let fact = self.fact.words();
        match &self.subject {
            FactSubject::Cluster | FactSubject::ControlPlane => fact,
            FactSubject::Node(node) => format!("{node} {fact}"),
            FactSubject::Item { kind, node, name } => {
                format!("{node} {} {name} {fact}", kind.words())
            }
            FactSubject::Check => format!("check {}", self.fact),
            FactSubject::Words(words) => words.clone(),
        }
    }
}

impl fmt::Display for FactChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.name(), self.before, self.after)
    }
}

/// What differs between two sets of facts about one subject, in the order of the keys. Nothing is left
/// out on either side (C2.6).
pub fn changes<'a>(
    subject: &'a FactSubject,
    before: &'a BTreeMap<FactKey, FactValue>,
    after: &'a BTreeMap<FactKey, FactValue>,
) -> impl Iterator<Item = FactChange> + 'a {
    let keys: std::collections::BTreeSet<&FactKey> = before.keys().chain(after.keys()).collect();
    keys.into_iter().filter_map(|key| {
        let value = |facts: &BTreeMap<FactKey, FactValue>| {
            facts.get(key).cloned().unwrap_or(FactValue::Absent)
        };
        let (before, after) = (value(before), value(after));
        let (subject, fact) = (subject.clone(), key.clone());
        (before != after).then_some(FactChange { subject, fact, before, after })
    })
}

/// As it is written since format 2, and as it was in format 1.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "FactChange"))]
#[serde(untagged)]
enum ChangeJson {
    Change { subject: FactSubject, fact: FactKey, before: FactValue, after: FactValue },
    Words { fact: String, before: String, after: String },
}

/// The key that stands for all facts of format 1.
const WORDS: FactKey = FactKey::new("words");

impl Serialize for FactChange {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let Self { subject, fact, before, after } = self.clone();
        match subject {
            FactSubject::Words(fact) => {
                let (before, after) = (before.to_string(), after.to_string());
                ChangeJson::Words { fact, before, after }.serialize(s)
            }
            subject => ChangeJson::Change { subject, fact, before, after }.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for FactChange {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // Through JSON's own value, in which a number is a number wherever it stands.
        let json = serde_json::Value::deserialize(d)?;
        Ok(match serde_json::from_value(json).map_err(serde::de::Error::custom)? {
            ChangeJson::Change { subject, fact, before, after } => {
                Self { subject, fact, before, after }
            }
            ChangeJson::Words { fact, before, after } => {
                let known = |words| FactValue::Known(Value::Text(words));
                let (before, after) = (known(before), known(after));
                Self { subject: FactSubject::Words(fact), fact: WORDS, before, after }
            }
        })
    }
}

#[cfg(feature = "ssr")]
mod schema {
    use super::{ChangeJson, FactChange, FactValue, ValueJson};
    use schemars::{JsonSchema, Schema, SchemaGenerator};
    use std::borrow::Cow;

    impl JsonSchema for FactValue {
        fn schema_name() -> Cow<'static, str> {
            ValueJson::schema_name()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            ValueJson::json_schema(generator)
        }
    }

    impl JsonSchema for FactChange {
        fn schema_name() -> Cow<'static, str> {
            ChangeJson::schema_name()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            ChangeJson::json_schema(generator)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn round(json: &serde_json::Value) -> FactChange {
        let change: FactChange = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(&serde_json::to_value(&change).unwrap(), json);
        change
    }

    #[test]
    fn a_change_of_format_1_keeps_its_bytes_and_its_words() {
        let old = json!({"fact": "n2 reachable", "before": "yes", "after": "no"});
        assert_eq!(round(&old).to_string(), "n2 reachable: yes -> no");
    }

    #[test]
    fn a_change_names_its_subject_and_holds_values() {
        let of = |subject, before, after| json!({"subject": subject, "fact": "reachable", "before": before, "after": after});
        let change = round(&of(json!({"node": "n2"}), json!(true), json!({"unknown": true})));
        assert_eq!(change.to_string(), "n2 reachable: yes -> unknown");
        assert_eq!(change.after, FactValue::Unknown);
        let change = round(&of(json!("cluster"), json!({"absent": true}), json!(null)));
        assert_eq!(change.before, FactValue::Absent);
        assert_eq!(change.after, FactValue::Known(Value::None));
        assert_eq!(change.to_string(), "reachable: absent -> none");
    }
}
