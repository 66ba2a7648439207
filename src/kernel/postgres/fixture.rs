//! States of a cluster of three nodes, for tests: whole, and then changed fact by fact.

use super::spec::{SPEC, facts as key};
use crate::model::action::Action;
use crate::model::ambient::Timestamp;
use crate::model::attestation::{Attested, Request};
use crate::model::cluster::{ClusterState, ItemState, NodeState, Observation};
use crate::model::explanation::{Checks, Verdict};
use crate::model::facts::{Fact, FactKey, Facts, Position, Value};
use crate::model::pinned::ClusterIdentity;
use crate::model::spec::{PRIMARY, REACHABLE, ROLE, WRITES};
use crate::model::text::{ActorName, NodeId, PlaceName};
use std::collections::BTreeMap;

/// The system identifier of the cluster.
pub(super) const SYSTEM: &str = "7713919942378952543";
/// Where every node is.
pub(super) const END: u64 = 0x0500_00A0;
/// Where the last checkpoint of every node is; its record ends at [`END`].
pub(super) const STOP: u64 = 0x0500_0028;

/// A place on the first timeline.
pub(super) fn at(offset: u64) -> Value {
    on(1, offset)
}

/// A place on a timeline.
pub(super) fn on(branch: u64, offset: u64) -> Value {
    Value::Position(Position { branch, offset })
}

/// A list of names.
pub(super) fn names(names: &[&str]) -> Value {
    Value::Names(names.iter().map(|&name| name.to_owned()).collect())
}

fn gap() -> Fact<Value> {
    Fact::unknown(Timestamp::from_millis(7), "the test says so")
}

/// A state that is put together.
#[derive(Clone)]
pub(super) struct StateFixture {
    cluster: Facts,
    nodes: BTreeMap<String, Facts>,
    items: Vec<ItemState>,
}

impl StateFixture {
    /// n1 is primary, n2 and n3 stream from it, and a commit waits for one of them.
    pub(super) fn whole() -> Self {
        let mut state =
            Self { cluster: Facts::default(), nodes: BTreeMap::new(), items: Vec::new() };
        for node in ["n1", "n2", "n3"] {
            state.nodes.insert(node.to_owned(), Facts::default());
            state = state.server(node);
        }
        let cluster = [
            (PRIMARY, "n1".into()),
            (key::PRIMARIES, names(&["n1"])),
            (key::TIMELINE, 1.into()),
            (WRITES, "accepted".into()),
            (key::BRANCH_ID, Value::None),
            (key::SYNC_CONTRACT, Value::None),
            (key::CONTRACT_ENDED, Value::None),
            (key::BARRIER, Value::None),
            (key::OTHER_AUTHORITY, names(&[])),
            (key::BACKUPS, names(&["b1"])),
            (key::FREE_BYTES, (1_u64 << 40).into()),
        ];
        for (fact, value) in cluster {
            state = state.says(fact, value);
        }
        for standby in ["n2", "n3"] {
            let facts = [(key::FOLLOWER_STATE, "streaming"), (key::SYNC_STATE, "quorum")];
            state = state.has(key::FOLLOWER, "n1", standby, &facts.map(|(k, v)| (k, v.into())));
            let (kind, none) = ("physical".into(), Value::None);
            state = state.slot("n1", standby, &[(key::SLOT_TYPE, kind), (key::SAFE_WAL, none)]);
            state = state.item("n1", standby, key::SLOT_ACTIVE, true.into());
        }
        state = state.slot("n1", "reports", &[(key::SLOT_TYPE, "physical".into())]);
        for (session, is_superuser) in [("101-5", false), ("102-6", true)] {
            let facts =
                [(key::SESSION_ROLE, "app".into()), (key::SESSION_SUPERUSER, is_superuser.into())];
            state = state.has(key::SESSION, "n1", session, &facts);
        }
        state
    }

    fn server(self, node: &str) -> Self {
        let is_primary = node == "n1";
        let upstream = || if is_primary { Value::None } else { "n1".into() };
        let facts = [
            (ROLE, if is_primary { "primary" } else { "standby" }.into()),
            (REACHABLE, true.into()),
            (key::SYSTEM_IDENTIFIER, SYSTEM.into()),
            (key::STARTED, "2026-11-30T08:00:00Z".into()),
            (key::DIRECT, true.into()),
            (key::RIGHTS_MISSING, names(&[])),
            (key::MARKS, names(&[])),
            (key::TIMELINE, 1.into()),
            (key::FLUSHED, at(END)),
            (key::REPLAYED, at(END)),
            (key::CHECKPOINT, at(STOP)),
            (key::FOLLOWS, upstream()),
            (key::RECEIVER, if is_primary { Value::None } else { "streaming".into() }),
            (key::REPLAY, if is_primary { Value::None } else { "not paused".into() }),
            (key::SYNC_RULE, "ANY 1 (n2, n3)".into()),
            (key::SYNC_RULE_WRITTEN, "ANY 1 (n2, n3)".into()),
            (key::UPSTREAM, upstream()),
            (key::UPSTREAM_WRITTEN, upstream()),
            (key::UPSTREAM_SECRET, false.into()),
            (key::PENDING, names(&[])),
            (key::SETTINGS_ERROR, names(&[])),
            (key::LOGIN_ROLES, names(&["app", "web"])),
            (key::STOPPED_LOGINS, names(&[])),
            (key::PREPARED, names(&[])),
            (key::CHECKSUMS, true.into()),
            (key::TABLESPACES, names(&[])),
            (key::DIVERGED, false.into()),
            (key::NODE_CONTRACT, Value::None),
            (key::CONTRACT_NUMBER, Value::None),
            (key::CONTRACT_TIMELINE, Value::None),
            (key::NODE_BARRIER, Value::None),
            (key::NODE_BRANCH, Value::None),
            (key::SENDERS_FREE, 5.into()),
            (key::SLOTS_FREE, 5.into()),
            (key::SESSIONS_COUNT, 2.into()),
            (key::SESSIONS_OF_STOPPED, 0.into()),
            (key::SYNC_WAITERS, 0.into()),
            (key::DATA_BYTES, (1_u64 << 30).into()),
            (key::WAL_BYTES, (1_u64 << 26).into()),
        ];
        facts.into_iter().fold(self, |state, (fact, value)| state.node(node, fact, value))
    }

    /// The same, with a fact of the cluster.
    pub(super) fn says(mut self, fact: &'static str, value: Value) -> Self {
        self.cluster.set(FactKey::new(fact), Fact::Known(value));
        self
    }

    /// The same, where a fact of the cluster could not be read.
    pub(super) fn cannot_say(mut self, fact: &'static str) -> Self {
        self.cluster.set(FactKey::new(fact), gap());
        self
    }

    /// The same, where the kernel says nothing of such a fact, of the cluster or of a node.
    pub(super) fn without(mut self, fact: &str) -> Self {
        let others = |facts: &Facts| -> Facts {
            let kept = facts.iter().filter(|(key, _)| ***key != *fact);
            kept.map(|(key, fact)| (key.clone(), fact.clone())).collect()
        };
        self.cluster = others(&self.cluster);
        for facts in self.nodes.values_mut() {
            *facts = others(facts);
        }
        self
    }

    /// The same, with a fact of a node.
    pub(super) fn node(mut self, node: &str, fact: &'static str, value: Value) -> Self {
        let facts = self.nodes.get_mut(node).expect("a node");
        facts.set(FactKey::new(fact), Fact::Known(value));
        self
    }

    /// The same, with a fact of every node.
    pub(super) fn everywhere(self, fact: &'static str, value: &Value) -> Self {
        ["n1", "n2", "n3"].iter().fold(self, |state, node| state.node(node, fact, value.clone()))
    }

    /// The same, where a fact of a node could not be read.
    pub(super) fn unread(mut self, node: &str, fact: &'static str) -> Self {
        self.nodes.get_mut(node).expect("a node").set(FactKey::new(fact), gap());
        self
    }

    /// The same, where a node does not answer: nothing is known of it but that.
    pub(super) fn lost(mut self, node: &str) -> Self {
        let facts = self.nodes.get_mut(node).expect("a node");
        let known: Vec<FactKey> = facts.iter().map(|(key, _)| key.clone()).collect();
        for fact in known {
            facts.set(fact, gap());
        }
        facts.set(FactKey::new(REACHABLE), Fact::Known(false.into()));
        self.items.retain(|item| item.node.as_str() != node);
        self
    }

    /// The same, with something that a node has several of.
    pub(super) fn has(
        mut self,
        kind: &'static str,
        node: &str,
        name: &str,
        facts: &[(&'static str, Value)],
    ) -> Self {
        let facts =
            facts.iter().map(|(fact, value)| (FactKey::new(fact), Fact::Known(value.clone())));
        let (kind, node) = (FactKey::new(kind), NodeId::parse(node).expect("a node"));
        self.items.push(ItemState { kind, node, name: name.to_owned(), facts: facts.collect() });
        self
    }

    /// The same, with a slot that nobody reads, and these facts of it.
    pub(super) fn slot(self, node: &str, name: &str, facts: &[(&'static str, Value)]) -> Self {
        let idle = [
            (key::SLOT_ACTIVE, false.into()),
            (key::WAL_STATUS, "reserved".into()),
            (key::RESTART, at(STOP)),
            (key::RETAINED, (3_u64 << 20).into()),
        ];
        self.has(key::SLOT, node, name, &[&idle[..], facts].concat())
    }

    /// The same, with a fact of whatever a node has of this name.
    pub(super) fn item(mut self, node: &str, name: &str, fact: &'static str, value: Value) -> Self {
        let is_it = |item: &&mut ItemState| {
            item.node.as_str() == node
                && item.name == name
                && SPEC.fact_of(&item.subject(), fact).is_some()
        };
        let item = self.items.iter_mut().find(is_it).expect("an item");
        item.facts.set(FactKey::new(fact), Fact::Known(value));
        self
    }

    /// The same, where a fact of it could not be read.
    pub(super) fn item_unread(mut self, node: &str, name: &str, fact: &'static str) -> Self {
        let is_it = |item: &&mut ItemState| {
            item.node.as_str() == node
                && item.name == name
                && SPEC.fact_of(&item.subject(), fact).is_some()
        };
        let item = self.items.iter_mut().find(is_it).expect("an item");
        item.facts.set(FactKey::new(fact), gap());
        self
    }

    /// The observation.
    pub(super) fn state(&self) -> ClusterState {
        let place = |name| PlaceName::parse(name).expect("a name");
        let observation = Observation {
            id: String::new(),
            observed_at: Timestamp::from_millis(9),
            clock: "the clock of this test".to_owned(),
            source: "every node".to_owned(),
        };
        let identity = ClusterIdentity {
            cluster: place("shop"),
            environment: place("test"),
            kernel: "postgres".to_owned(),
            id: SYSTEM.to_owned(),
        };
        let nodes = self.nodes.iter().map(|(id, facts)| NodeState {
            id: NodeId::parse(id).expect("a node"),
            facts: facts.clone(),
            source: format!("the connection to {id}"),
        });
        ClusterState::new(observation, identity, self.cluster.clone(), nodes.collect())
            .with_items(self.items.clone())
    }
}

/// Looks at a state once for each of its facts, of the cluster, of a node and of what nodes have, while that
/// fact could not be read.
pub(super) fn each_gap(state: &mut ClusterState, look: impl Fn(&str, &ClusterState)) {
    let keys =
        |facts: &Facts| -> Vec<FactKey> { facts.iter().map(|(key, _)| key.clone()).collect() };
    for key in keys(&state.facts) {
        let read = without(&mut state.facts, &key);
        look(&key, state);
        state.facts.set(key, read);
    }
    for place in 0..state.nodes.len() {
        for key in keys(&state.nodes[place].facts) {
            let read = without(&mut state.nodes[place].facts, &key);
            look(&format!("{} {key}", state.nodes[place].id), state);
            state.nodes[place].facts.set(key, read);
        }
    }
    for place in 0..state.items.len() {
        for key in keys(&state.items[place].facts) {
            let read = without(&mut state.items[place].facts, &key);
            let item = &state.items[place];
            look(&format!("{} {} {key}", item.node, item.name), state);
            state.items[place].facts.set(key, read);
        }
    }
}

fn without(facts: &mut Facts, key: &FactKey) -> Fact<Value> {
    let read = facts.get(key).cloned().expect("a fact");
    facts.set(key.clone(), gap());
    read
}

/// An action, by its kind and its parameters.
pub(super) fn action(kind: &str, params: &[(&str, &str)]) -> Action {
    let params: BTreeMap<_, _> =
        params.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    SPEC.parse(kind, &params).expect("an action")
}

/// A request with what olga attests.
pub(super) fn request(action: Action, attested: &[(&str, &str)]) -> Request {
    let given = attested.iter().map(|&(key, text)| (key.to_owned(), text.to_owned())).collect();
    let given = SPEC.parse_attested(action.kind(), &given).expect("it takes that");
    let attested: Attested = given.by(&ActorName::parse("olga").expect("a name"));
    Request { action, attested }
}

/// The verdict of one rule.
pub(super) fn verdict(checks: &Checks, rule: &str) -> Verdict {
    let check = checks.checks.iter().find(|check| check.invariant.word() == rule);
    check.unwrap_or_else(|| panic!("no {rule}")).verdict
}
