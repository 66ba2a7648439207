//! The facts that a confirmation is bound to. What moves all the time (positions, ages), and since
//! when and why a fact is as it is, cannot enter a digest by accident: the spec of the kernel says what
//! is pinned, and a pinned fact holds nothing but its value.

use crate::model::action::{ActionId, ActionKind};
use crate::model::ambient::Timestamp;
use crate::model::facts::{FactChange, FactKey, FactSubject, FactValue, Value, changes};
use crate::model::text::{ActorName, NodeId, PlaceName, Reason};
use crate::model::v1;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Which cluster this is. Equal names are not equal clusters: the id decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ClusterIdentity {
    /// The name that operators use, and type to confirm an action on the whole cluster.
    pub cluster: PlaceName,
    /// The environment, such as `production`.
    pub environment: PlaceName,
    /// Which kind of kernel holds the data.
    pub kernel: String,
    /// Made at the founding of the cluster and never changed.
    pub id: String,
}

/// An action whose outcome is not known, as an explanation names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct InDoubt {
    /// The action.
    pub action_id: ActionId,
    /// What was asked.
    pub kind: ActionKind,
}

/// A freeze that stands: nothing is asked for or confirmed until an operator lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Freeze {
    /// The sequence number of the record that declared it. Lifting a freeze names it, so that a late
    /// or repeated delivery never lifts the next one (C7.2).
    pub seq: u64,
    /// Who declared it.
    pub by: ActorName,
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: Reason,
}

impl std::fmt::Display for Freeze {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "by {} since {}: {}", self.by, self.since, self.reason)
    }
}

/// One node, as far as a confirmation is bound to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PinnedNode {
    /// Its name.
    pub id: NodeId,
    /// Its facts.
    pub facts: BTreeMap<FactKey, FactValue>,
}

/// Something that a node has several of, as far as a confirmation is bound to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PinnedItem {
    /// What it is.
    pub kind: FactKey,
    /// The node that has it.
    pub node: NodeId,
    /// Its name there.
    pub name: String,
    /// Its facts.
    pub facts: BTreeMap<FactKey, FactValue>,
}

impl PinnedItem {
    fn subject(&self) -> FactSubject {
        let Self { kind, node, name, facts: _ } = self;
        FactSubject::Item { kind: kind.clone(), node: node.clone(), name: name.clone() }
    }
}

/// Everything that a confirmation is bound to: if any of it moves, the confirmation is stale (C3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Which cluster.
    pub identity: ClusterIdentity,
    /// The facts of the cluster.
    pub facts: BTreeMap<FactKey, FactValue>,
    /// Its nodes, in the order of their names.
    pub nodes: Vec<PinnedNode>,
    /// What they have several of, by node, kind and name.
    pub items: Vec<PinnedItem>,
    /// The action of the control plane that is not resolved, where there is one.
    pub in_doubt: Option<InDoubt>,
    /// The freeze that stands, where there is one.
    pub freeze: Option<Freeze>,
    /// Whether a second operator has to confirm it too, as the settings say of its class.
    pub second_operator: bool,
    /// The object of format 1 that this was read from: it is written as it was, and hashed so.
    pub(crate) told: Option<Box<serde_json::Value>>,
}

/// As it is written since format 2.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "PinnedFacts"))]
struct PinnedJson {
    identity: ClusterIdentity,
    facts: BTreeMap<FactKey, FactValue>,
    nodes: Vec<PinnedNode>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<PinnedItem>,
    in_doubt: Option<InDoubt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    freeze: Option<Freeze>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    second_operator: bool,
}

/// Pinned facts, in the form of the version that explained.
#[cfg(feature = "ssr")]
#[derive(schemars::JsonSchema)]
#[schemars(rename = "Pinned")]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what is read and written by hand")]
enum PinnedForm {
    Facts(PinnedJson),
    Format1(v1::StoredPinned),
}

#[cfg(feature = "ssr")]
impl schemars::JsonSchema for Pinned {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        PinnedForm::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        PinnedForm::json_schema(generator)
    }
}

impl Serialize for Pinned {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let Self { identity, facts, nodes, items, in_doubt, freeze, second_operator, told } =
            self.clone();
        if let Some(told) = told {
            return told.serialize(s);
        }
        PinnedJson { identity, facts, nodes, items, in_doubt, freeze, second_operator }.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Pinned {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        // Through JSON's own value: only format 1 has a member called cluster.
        let json = serde_json::Value::deserialize(d)?;
        if json.get("cluster").is_some() {
            return v1::pinned(json).map_err(Error::custom);
        }
        let read = serde_json::from_value(json).map_err(Error::custom)?;
        let PinnedJson { identity, facts, nodes, items, in_doubt, freeze, second_operator } = read;
        Ok(Self { identity, facts, nodes, items, in_doubt, freeze, second_operator, told: None })
    }
}

impl Pinned {
    /// What the control plane itself holds, as facts.
    #[must_use]
    pub fn of_control_plane(&self) -> BTreeMap<FactKey, FactValue> {
        let text = |text: Option<String>| FactValue::Known(text.into());
        let identity = &self.identity;
        let cluster = format!("{} {} ({})", identity.environment, identity.cluster, identity.id);
        let in_doubt = self.in_doubt.as_ref().map(|u| format!("{} {}", u.kind, u.action_id));
        [
            (FactKey::new("cluster"), text(Some(cluster))),
            (FactKey::new("action_in_doubt"), text(in_doubt)),
            (FactKey::new("freeze"), text(self.freeze.as_ref().map(ToString::to_string))),
            (
                FactKey::new("second_operator"),
                FactValue::Known(Value::Text(
                    (if self.second_operator { "needed" } else { "not needed" }).to_owned(),
                )),
            ),
        ]
        .into_iter()
        .collect()
    }

    /// Every subject with its facts: the cluster, the control plane, each node in order, and what nodes
    /// have several of.
    #[must_use]
    pub fn subjects(&self) -> Vec<(FactSubject, BTreeMap<FactKey, FactValue>)> {
        let of_nodes = self.nodes.iter();
        let of_nodes = of_nodes.map(|n| (FactSubject::Node(n.id.clone()), n.facts.clone()));
        let of_items = self.items.iter().map(|item| (item.subject(), item.facts.clone()));
        [
            (FactSubject::Cluster, self.facts.clone()),
            (FactSubject::ControlPlane, self.of_control_plane()),
        ]
        .into_iter()
        .chain(of_nodes)
        .chain(of_items)
        .collect()
    }

    /// What differs between this and a later reading: by subject, and then in the order of the keys.
    /// Nothing is left out on either side (C2.6).
    #[must_use]
    pub fn moved(&self, later: &Self) -> Vec<FactChange> {
        let nothing = BTreeMap::new();
        let mut moved = Vec::new();
        moved.extend(changes(&FactSubject::Cluster, &self.facts, &later.facts));
        let (own, others) = (self.of_control_plane(), later.of_control_plane());
        moved.extend(changes(&FactSubject::ControlPlane, &own, &others));
        let (before, after) = (self.of_members(), later.of_members());
        let [then, now] = [&before, &after].map(|all| -> BTreeMap<_, _> {
            all.iter().map(|(subject, facts)| (subject, *facts)).collect()
        });
        let added = after.iter().filter(|(subject, _)| !then.contains_key(subject));
        for (subject, _) in before.iter().chain(added) {
            let (before, after) = (then.get(subject).copied(), now.get(subject).copied());
            // Of a hundred nodes, nothing moved of nearly every one.
            if before != after {
                let (before, after) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
                moved.extend(changes(subject, before, after));
            }
        }
        moved
    }

    /// Nodes and what they have several of, each with its facts.
    fn of_members(&self) -> Vec<(FactSubject, &BTreeMap<FactKey, FactValue>)> {
        let of_nodes = self.nodes.iter().map(|n| (FactSubject::Node(n.id.clone()), &n.facts));
        of_nodes.chain(self.items.iter().map(|item| (item.subject(), &item.facts))).collect()
    }

    /// Every fact with its value, for where no spec is at hand.
    #[must_use]
    pub fn in_words(&self) -> Vec<(String, String)> {
        let subjects = self.subjects().into_iter();
        let of_subject = |(subject, facts): (FactSubject, BTreeMap<FactKey, FactValue>)| {
            let line = move |(fact, value): (FactKey, FactValue)| {
                let subject = subject.clone();
                let (before, after) = (value, FactValue::Absent);
                let change = FactChange { subject, fact, before, after };
                (change.name(), change.before.to_string())
            };
            facts.into_iter().map(line)
        };
        subjects.flat_map(of_subject).collect()
    }
}
