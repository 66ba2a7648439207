//! Which facts a kernel observes, what they mean and how they are shown.
//!
//! Pages, texts and documents loop over them, so none of them knows a kernel's words.

use crate::model::facts::{Fact, FactKey, FactSubject, FactValue, Facts, Position, Value};
use crate::model::spec::KernelSpec;
use crate::model::text::{in_binary_units, in_halves};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The primary: the name of a node, or none. In every spec.
pub const PRIMARY: &str = "primary";
/// What a client that writes is answered: a word. In every spec.
pub const WRITES: &str = "writes";
/// What a node is: a word. In every spec.
pub const ROLE: &str = "role";
/// Whether the kernel can reach a node. In every spec.
pub const REACHABLE: &str = "reachable";
/// The role of the node that acknowledges writes, in every kernel's words.
pub const PRIMARY_ROLE: &str = "primary";

/// What lies between two positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PositionUnit {
    /// Things, by their noun, one and many: `entry`, `entries`.
    Counted([&'static str; 2]),
    /// Bytes, shown in binary units.
    Bytes,
    /// Bytes; a place among them is written as two hexadecimal halves.
    BytesInHalves,
}

/// How positions in the log are compared and named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PositionStyle {
    /// The fact of a node that says where its log ends.
    pub end: &'static str,
    /// The fact of a node that says up to where nothing is undone any more.
    pub durable: &'static str,
    /// The number of the cluster, and of each node, that grows with every change of primary.
    pub generation: &'static str,
    /// What a branch of history is called. Between positions on two of them there is no distance.
    pub branch: &'static str,
    /// What lies between two positions.
    pub unit: PositionUnit,
}

/// A kind of thing of which a node can have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ItemSpec {
    /// The kind, as items and facts name it.
    pub kind: &'static str,
    /// Several of them, as a heading.
    pub label: &'static str,
    /// What it is, as a sentence.
    pub help: &'static str,
}

/// Whose fact it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FactOf {
    /// One for the cluster.
    Cluster,
    /// One for each node.
    Node,
    /// One for each thing of this kind, of which a node can have several.
    Item(&'static str),
}

/// Whether a confirmation is bound to a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// It enters the digest: where it moved, a confirmation is stale.
    Pinned,
    /// It moves all the time, and enters a digest only through an effect that names it.
    Moving,
}

/// Where a fact is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// Large, above the figures.
    Tile,
    /// In the table of nodes, and on the page of the node.
    Column,
    /// The same, and as a bar among the positions.
    Bar,
    /// On the page of the node.
    Row,
    /// Beside another fact, or not at all.
    Hidden,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FactUnit {
    /// Nothing: a number of order, a word, a name.
    Plain,
    /// Bytes, shown in binary units.
    Bytes,
    /// Things, with their noun after the number.
    Of(&'static str),
    /// A place in a log, as two hexadecimal halves, with what its branch is called.
    InHalves(&'static str),
}

/// One fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FactSpec {
    /// Its key.
    pub key: &'static str,
    /// Its name on pages.
    pub label: &'static str,
    /// What it says, as a sentence.
    pub help: &'static str,
    /// What its number counts.
    pub unit: FactUnit,
    /// The word for none.
    pub none: &'static str,
    /// Values that mean that something stopped, in words; they are drawn so.
    pub alarms: &'static [&'static str],
    /// Whose it is.
    pub of: FactOf,
    /// Whether a confirmation is bound to it.
    pub binding: Binding,
    /// Where it is shown.
    pub show: Show,
    /// Whether a stakeholder sees the word `redacted` in its place (C10.2).
    pub sensitive: bool,
    /// The facts that say since when it is as it is, and why.
    pub since: Option<[&'static str; 2]>,
    /// The name of its gauge, for those who watch.
    pub gauge: Option<&'static str>,
    /// The fact of the same subject that says how many of it are needed, where its number can be too small.
    pub needed: Option<&'static str>,
}

/// How much of something may still be lost before what needs it stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// More is there than is needed.
    Spare,
    /// Exactly as much as is needed: nothing has stopped, and the next loss stops it.
    Exhausted,
    /// Less than the number that is needed.
    Short(u64),
}

impl Margin {
    /// What it means, as a clause; nothing is said of what is as it should be.
    #[must_use]
    pub fn words(self) -> Option<String> {
        match self {
            Self::Spare => None,
            Self::Exhausted => Some("no further failure tolerated".to_owned()),
            Self::Short(needed) => Some(format!("fewer than the {needed} that are needed")),
        }
    }
}

impl FactSpec {
    /// A fact that is pinned, hidden, not sensitive and has no unit: what most are, but for a few
    /// fields.
    #[must_use]
    pub const fn new(
        key: &'static str,
        of: FactOf,
        label: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            key,
            label,
            help,
            unit: FactUnit::Plain,
            none: "none",
            alarms: &[],
            of,
            binding: Binding::Pinned,
            show: Show::Hidden,
            sensitive: false,
            since: None,
            gauge: None,
            needed: None,
        }
    }

    /// A value in words.
    #[must_use]
    pub fn words(&self, value: &Value) -> String {
        match (value, self.unit) {
            (Value::None, _) => self.none.to_owned(),
            (Value::Names(names), _) if names.is_empty() => self.none.to_owned(),
            (Value::Number(bytes), FactUnit::Bytes) => in_binary_units(*bytes),
            (Value::Number(number), FactUnit::Of(noun)) => format!("{number} {noun}"),
            (Value::Position(Position { branch, offset }), FactUnit::InHalves(noun)) => {
                format!("{}, {noun} {branch}", in_halves(*offset))
            }
            (other, _) => other.to_string(),
        }
    }

    /// What was compared, in words.
    #[must_use]
    pub fn value_words(&self, value: &FactValue) -> String {
        match value {
            FactValue::Known(value) => self.words(value),
            other => other.to_string(),
        }
    }

    /// Whether a known value means that something stopped.
    #[must_use]
    pub fn is_alarm(&self, value: &Value) -> bool {
        self.alarms.contains(&self.words(value).as_str())
    }

    /// How its number stands to the one that is needed; `None` where none is, or one of the two is not known.
    #[must_use]
    pub fn margin(&self, facts: &Facts) -> Option<Margin> {
        let number = |key| match facts.get(key)?.known()? {
            Value::Number(number) => Some(*number),
            _ => None,
        };
        let (there, needed) = (number(self.key)?, number(self.needed?)?);
        Some(match there.cmp(&needed) {
            Ordering::Less => Margin::Short(needed),
            Ordering::Equal => Margin::Exhausted,
            Ordering::Greater => Margin::Spare,
        })
    }

    /// Its name within a sentence or beside the name of a node.
    #[must_use]
    pub fn lower_label(&self) -> String {
        let mut letters = self.label.chars();
        let Some(first) = letters.next() else { return String::new() };
        if letters.clone().next().is_some_and(char::is_uppercase) {
            // An abbreviation, such as that of the write-ahead log.
            return self.label.to_owned();
        }
        first.to_lowercase().collect::<String>() + letters.as_str()
    }
}

impl KernelSpec {
    /// What is said of a fact.
    #[must_use]
    pub fn fact(&self, of: FactOf, key: &str) -> Option<&'static FactSpec> {
        self.facts.iter().find(|fact| fact.of == of && fact.key == key)
    }

    /// What is said of the fact of a subject; `None` where the subject is nobody's in the cluster.
    #[must_use]
    pub fn fact_of(&self, subject: &FactSubject, key: &str) -> Option<&'static FactSpec> {
        match subject {
            FactSubject::Cluster => self.fact(FactOf::Cluster, key),
            FactSubject::Node(_) => self.fact(FactOf::Node, key),
            FactSubject::Item { kind, .. } => self.facts_of_item(kind).find(|fact| fact.key == key),
            FactSubject::ControlPlane | FactSubject::Check | FactSubject::Words(_) => None,
        }
    }

    /// The facts of each thing of a kind, in the order in which they are shown.
    pub fn facts_of_item(&self, kind: &str) -> impl Iterator<Item = &'static FactSpec> {
        self.facts.iter().filter(move |fact| matches!(fact.of, FactOf::Item(of) if of == kind))
    }

    /// Whether a confirmation is bound to a fact of a subject.
    #[must_use]
    pub fn is_bound(&self, subject: &FactSubject, key: &str) -> bool {
        self.fact_of(subject, key).is_some_and(|fact| fact.binding == Binding::Pinned)
    }

    /// Whether a confirmation is bound to which things of a kind there are: where no fact of them is
    /// pinned they come and go by themselves, as sessions do, and no explanation would ever hold.
    #[must_use]
    pub fn is_item_pinned(&self, kind: &str) -> bool {
        self.facts_of_item(kind).any(|fact| fact.binding == Binding::Pinned)
    }

    /// The facts of the cluster, or of each node, in the order in which they are shown.
    pub fn facts_of(&self, of: FactOf) -> impl Iterator<Item = &'static FactSpec> {
        self.facts.iter().filter(move |fact| fact.of == of)
    }

    /// Whether a confirmation is bound to a fact.
    #[must_use]
    pub fn is_pinned(&self, of: FactOf, key: &str) -> bool {
        self.fact(of, key).is_some_and(|fact| fact.binding == Binding::Pinned)
    }

    /// Where a fact stands in the order in which facts are shown; what is not declared comes last.
    #[must_use]
    pub fn place(&self, of: FactOf, key: &str) -> usize {
        let place = self.facts.iter().position(|fact| fact.of == of && fact.key == key);
        place.unwrap_or(self.facts.len())
    }

    /// What lies between two positions, counted; `None` across branches.
    #[must_use]
    pub fn distance(from: Position, to: Position) -> Option<u64> {
        (from.branch == to.branch).then(|| to.offset.abs_diff(from.offset))
    }

    /// A number of what lies between positions: `1 entry`, `2 entries`, `16 KiB`.
    #[must_use]
    pub fn counted(&self, count: u64) -> String {
        match self.position.unit {
            PositionUnit::Counted([one, _]) if count == 1 => format!("{count} {one}"),
            PositionUnit::Counted([_, many]) => format!("{count} {many}"),
            PositionUnit::Bytes | PositionUnit::BytesInHalves => in_binary_units(count),
        }
    }

    /// A place in a log: `entry 7` where places are counted, `byte 4096` or `0/1000` where they are bytes.
    #[must_use]
    pub fn place_in_log(&self, offset: u64) -> String {
        match self.position.unit {
            PositionUnit::Counted([one, _]) => format!("{one} {offset}"),
            PositionUnit::Bytes => format!("byte {offset}"),
            PositionUnit::BytesInHalves => in_halves(offset),
        }
    }

    /// A place with its branch, where the kernel knows more than one: `timeline 2, byte 4096`.
    #[must_use]
    pub fn place_on_branch(&self, at: Position) -> String {
        let place = self.place_in_log(at.offset);
        if at.branch == 0 {
            return place;
        }
        format!("{} {}, {place}", self.position.branch, at.branch)
    }

    /// A known fact in words as its spec says it, or as it is where none speaks of it.
    #[must_use]
    pub fn words(&self, of: FactOf, key: &str, fact: &Fact<Value>) -> String {
        let spec = self.fact(of, key);
        fact.word(|value| spec.map_or_else(|| value.to_string(), |spec| spec.words(value)))
    }
}

impl KernelSpec {
    /// What is wrong with what is said of the facts.
    pub(super) fn faults_of_facts(&self) -> Vec<String> {
        let mut found = Vec::new();
        let universal = [(FactOf::Cluster, [PRIMARY, WRITES]), (FactOf::Node, [ROLE, REACHABLE])];
        for (of, key) in universal.into_iter().flat_map(|(of, keys)| keys.map(|key| (of, key))) {
            if !self.is_pinned(of, key) {
                found.push(format!("no confirmation is bound to {key}, and every one has to be"));
            }
        }
        for key in [self.position.end, self.position.durable, self.position.generation] {
            if self.fact(FactOf::Node, key).is_none() {
                found.push(format!("positions are told by {key}, which is no fact of a node"));
            }
        }
        for (place, fact) in self.facts.iter().enumerate() {
            if FactKey::parse(fact.key).is_none() || self.place(fact.of, fact.key) != place {
                found.push(format!("{} is no key, or stands twice", fact.key));
            }
            if self.facts_of(fact.of).any(|it| it.label == fact.label && it.key != fact.key) {
                found.push(format!("{} is called as another fact is", fact.key));
            }
            for beside in fact.since.into_iter().flatten() {
                // Since when and why are shown, and move while the fact stays as it is.
                if self.fact(fact.of, beside).is_none_or(|it| it.binding == Binding::Pinned) {
                    found.push(format!(
                        "{} is told with {beside}, which is bound or unknown",
                        fact.key
                    ));
                }
            }
        }
        found
    }
}
