//! One observation of the whole cluster: its facts, and when and how they were read.

use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::canonical::{Hash, canonical_json};
use crate::model::facts::{Fact, FactKey, FactSubject, Facts};
use crate::model::pinned::{ClusterIdentity, InDoubt, Pinned, PinnedItem, PinnedNode};
use crate::model::progress::Progress;
use crate::model::spec::{FactOf, KernelSpec, PRIMARY, REACHABLE, ROLE};
use crate::model::text::NodeId;
use crate::model::v1;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// The version of the form of an observation. Format 1 named no version; it is read, and not made.
pub const OBSERVATION_FORMAT: u32 = 2;

/// When, with which clock and how an observation was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Observation {
    /// `obs-` and the first digits of the hash of everything observed.
    pub id: String,
    /// When it was made.
    pub observed_at: Timestamp,
    /// The clock that says so.
    pub clock: String,
    /// How it was made, as a clause.
    pub source: String,
}

/// One node as it was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct NodeState {
    /// Its name.
    pub id: NodeId,
    /// Its facts, beside its name.
    #[serde(flatten)]
    pub facts: Facts,
    /// Where the facts of this node were read, as a clause.
    pub source: String,
}

impl NodeState {
    /// What it is.
    #[must_use]
    pub fn role(&self) -> Fact<String> {
        self.facts.text(ROLE)
    }

    /// Whether the kernel can reach it.
    #[must_use]
    pub fn reachable(&self) -> Fact<bool> {
        self.facts.flag(REACHABLE)
    }
}

/// Something of which a node can have several, as it was observed: a slot, a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ItemState {
    /// What it is: a kind that the spec of the kernel declares.
    pub kind: FactKey,
    /// The node that has it.
    pub node: NodeId,
    /// Its name there.
    pub name: String,
    /// Its facts, beside what it is.
    #[serde(flatten)]
    pub facts: Facts,
}

impl ItemState {
    /// What its facts are about.
    #[must_use]
    pub fn subject(&self) -> FactSubject {
        let Self { kind, node, name, facts: _ } = self;
        FactSubject::Item { kind: kind.clone(), node: node.clone(), name: name.clone() }
    }
}

/// The whole cluster at one instant. A page shows one of these, never a mix of two (C8.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ClusterState {
    /// [`OBSERVATION_FORMAT`].
    pub format: u32,
    /// When and how.
    pub observation: Observation,
    /// Which cluster.
    pub identity: ClusterIdentity,
    /// The facts about the cluster as a whole.
    #[serde(flatten)]
    pub facts: Facts,
    /// The nodes, in the order of their names.
    pub nodes: Vec<NodeState>,
    /// What nodes have several of, by node, kind and name. A node whose items could not be read has none
    /// here, and a fact of its own that says so. Absent where the kernel declares no items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemState>,
    /// How far the kernel is with an action that takes long; absent while it works on none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<Progress>,
}

impl ClusterState {
    /// Puts an observation together; its id is the hash of everything in it.
    #[must_use]
    pub fn new(
        observation: Observation,
        identity: ClusterIdentity,
        facts: Facts,
        mut nodes: Vec<NodeState>,
    ) -> Self {
        // By length first, so that n10 comes after n9.
        nodes.sort_by(|a, b| {
            let key = |n: &NodeState| (n.id.as_str().len(), n.id.as_str().to_owned());
            key(a).cmp(&key(b))
        });
        let format = OBSERVATION_FORMAT;
        let items = Vec::new();
        Self { format, observation, identity, facts, nodes, items, under_way: None }.identified()
    }

    /// The same observation, with what nodes have several of.
    #[must_use]
    pub fn with_items(self, mut items: Vec<ItemState>) -> Self {
        items.sort_by_cached_key(ItemState::subject);
        Self { items, ..self }.identified()
    }

    /// The same observation, with how far a long action is.
    #[must_use]
    pub fn with_under_way(self, under_way: Option<Progress>) -> Self {
        // Nearly always nothing is under way, and the id is a hash of everything there is.
        if self.under_way == under_way { self } else { Self { under_way, ..self }.identified() }
    }

    /// The same, under the id of what it holds now.
    #[must_use]
    pub fn identified(mut self) -> Self {
        self.observation.id.clear();
        let hash = Hash::of(&canonical_json(&self)).to_string();
        self.observation.id = format!("obs-{}", hash.get(..16).unwrap_or_default());
        self
    }

    /// The node with this name.
    #[must_use]
    pub fn node(&self, id: &NodeId) -> Option<&NodeState> {
        self.nodes.iter().find(|node| &node.id == id)
    }

    /// What a node has several of, in order.
    pub fn items_of(&self, node: &NodeId) -> impl Iterator<Item = &ItemState> {
        self.items.iter().filter(move |item| &item.node == node)
    }

    /// The primary; known to be nobody when it is known and `None`.
    #[must_use]
    pub fn primary(&self) -> Fact<Option<NodeId>> {
        self.facts.node_or_none(PRIMARY)
    }

    /// The node that is known to be primary.
    #[must_use]
    pub fn primary_node(&self) -> Option<&NodeState> {
        self.primary().known().and_then(Option::as_ref).and_then(|id| self.node(id))
    }

    /// The facts that a confirmation is bound to. The freeze is the control plane's own: who explains
    /// adds it.
    #[must_use]
    pub fn pinned(&self, spec: &KernelSpec, in_doubt: Option<InDoubt>) -> Pinned {
        let node = |node: &NodeState| PinnedNode {
            id: node.id.clone(),
            facts: node.facts.bound(|key| spec.is_pinned(FactOf::Node, key)),
        };
        let item = |item: &ItemState| PinnedItem {
            kind: item.kind.clone(),
            node: item.node.clone(),
            name: item.name.clone(),
            facts: item.facts.bound(|key| spec.is_bound(&item.subject(), key)),
        };
        Pinned {
            identity: self.identity.clone(),
            facts: self.facts.bound(|key| spec.is_pinned(FactOf::Cluster, key)),
            nodes: self.nodes.iter().map(node).collect(),
            items: self
                .items
                .iter()
                .filter(|item| spec.is_item_pinned(&item.kind))
                .map(item)
                .collect(),
            in_doubt,
            freeze: None,
            second_operator: false,
            told: None,
        }
    }
}

/// An observation of any format, as it is stored.
#[derive(Deserialize)]
struct StoredState {
    format: Option<u32>,
    observation: Observation,
    identity: ClusterIdentity,
    nodes: Vec<serde_json::Value>,
    #[serde(default)]
    items: Vec<ItemState>,
    under_way: Option<Progress>,
    #[serde(flatten)]
    facts: BTreeMap<String, serde_json::Value>,
}

impl<'de> Deserialize<'de> for ClusterState {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let stored = serde_json::from_value(serde_json::Value::deserialize(d)?);
        let StoredState { format, observation, identity, nodes, items, under_way, facts } =
            stored.map_err(Error::custom)?;
        let (facts, nodes) = match format {
            None => {
                let nodes = nodes.into_iter().map(v1::node).collect::<Result<_, _>>();
                (v1::facts(facts).map_err(Error::custom)?, nodes.map_err(Error::custom)?)
            }
            Some(OBSERVATION_FORMAT) => {
                let facts = serde_json::to_value(facts).and_then(serde_json::from_value);
                let nodes = nodes.into_iter().map(serde_json::from_value);
                let nodes = nodes.collect::<Result<_, _>>();
                (facts.map_err(Error::custom)?, nodes.map_err(Error::custom)?)
            }
            Some(other) => {
                return Err(Error::custom(format!("an observation of format {other}")));
            }
        };
        let format = OBSERVATION_FORMAT;
        Ok(Self { format, observation, identity, facts, nodes, items, under_way })
    }
}

/// What the kernel says about an action id when it is asked. `NoneYet` proves nothing: an order
/// that is still under way may execute later (C7.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// It ran, once.
    Executed {
        /// The proof.
        receipt: crate::model::receipt::Receipt,
    },
    /// It never ran and never can.
    Voided {
        /// The proof.
        tombstone: crate::model::receipt::Tombstone,
    },
    /// The kernel holds nothing under this id now.
    NoneYet {
        /// The id that was asked for.
        action_id: ActionId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::Value;
    use crate::model::spec::tried::TRIED;
    use crate::model::spec::{Binding, FactSpec, ItemSpec};
    use crate::model::text::PlaceName;

    const fn kind(kind: &'static str) -> ItemSpec {
        ItemSpec { kind, label: "Things", help: "Several of them." }
    }

    const fn fact(of: &'static str, key: &'static str, binding: Binding) -> FactSpec {
        FactSpec { binding, ..FactSpec::new(key, FactOf::Item(of), key, "What it says.") }
    }

    static SPEC: KernelSpec = KernelSpec {
        items: &[kind("slot"), kind("session")],
        facts: &[
            fact("slot", "active", Binding::Pinned),
            fact("slot", "retained", Binding::Moving),
            fact("session", "age", Binding::Moving),
        ],
        ..TRIED
    };

    fn item(kind: &'static str, key: &'static str) -> ItemState {
        let facts = [(FactKey::new(key), Fact::Known(Value::Number(1)))].into_iter().collect();
        let node = NodeId::numbered(1);
        ItemState { kind: FactKey::new(kind), node, name: "one".to_owned(), facts }
    }

    fn state(items: Vec<ItemState>) -> ClusterState {
        let place = |name| PlaceName::parse(name).expect("a name");
        let observation = Observation {
            id: String::new(),
            observed_at: Timestamp::from_millis(1),
            clock: "the clock of this test".to_owned(),
            source: "this test".to_owned(),
        };
        let identity = ClusterIdentity {
            cluster: place("ladder"),
            environment: place("test"),
            kernel: "tried".to_owned(),
            id: "1".to_owned(),
        };
        let nodes = Vec::new();
        ClusterState::new(observation, identity, Facts::default(), nodes).with_items(items)
    }

    /// A session comes and goes while an explanation is read: that it was there binds nothing.
    #[test]
    fn a_thing_of_which_nothing_is_pinned_is_shown_and_is_not_bound() {
        let before = state(vec![item("slot", "active")]);
        let after = state(vec![item("slot", "active"), item("session", "age")]);
        assert_eq!((after.items.len(), before.pinned(&SPEC, None).items.len()), (2, 1));
        assert_eq!(after.pinned(&SPEC, None), before.pinned(&SPEC, None));
    }

    /// Which slots there are is bound even where the one fact that was read of one moves.
    #[test]
    fn a_thing_of_which_something_is_pinned_is_bound_whatever_was_read_of_it() {
        let before = state(Vec::new()).pinned(&SPEC, None);
        let after = state(vec![item("slot", "retained")]).pinned(&SPEC, None);
        assert_ne!(before, after);
    }
}
