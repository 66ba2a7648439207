//! What can be observed of the ladder.

use super::facts::{
    ACTIVE, CONSUMER, FLUSHED, FOLLOWS, LOG_BYTES, REPLAYED, RESTART, RESTART_POINT, RETAINED,
    SLOT, SYNC, TIMELINE, UNREACHED_SINCE, UNREACHED_WHY, WRITES_SINCE, WRITES_WHY,
};
use super::state::{LadderNode, LadderState, LadderWrites};
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::cluster::{ClusterState, ItemState, NodeState, Observation};
use aerodb_control::model::facts::{Fact, FactKey, Facts, Position, Value};
use aerodb_control::model::pinned::ClusterIdentity;
use aerodb_control::model::spec::{PRIMARY, REACHABLE, ROLE, WRITES};
use aerodb_control::model::text::{NodeId, PlaceName};

pub(super) fn identity() -> ClusterIdentity {
    ClusterIdentity {
        cluster: PlaceName::parse("orders").unwrap(),
        environment: PlaceName::parse("staging").unwrap(),
        kernel: "ladder".to_owned(),
        id: "l-7".to_owned(),
    }
}

fn known(value: impl Into<Value>) -> Fact<Value> {
    Fact::Known(value.into())
}

fn text(at: Timestamp) -> Fact<Value> {
    known(at.to_string())
}

impl LadderState {
    pub(super) fn role(&self, id: &NodeId, node: &LadderNode) -> &'static str {
        match &node.follows {
            _ if self.primary.as_ref() == Some(id) => "primary",
            Some(upstream) if self.primary.as_ref() != Some(upstream) => "cascading standby",
            Some(_) | None => "standby",
        }
    }

    fn cluster_facts(&self) -> Facts {
        let writes = match self.writes {
            LadderWrites::Accepted => "accepted",
            LadderWrites::Stopped => "stopped",
            LadderWrites::Waiting => "waiting",
        };
        [
            (PRIMARY, known(self.primary.as_ref().map(ToString::to_string))),
            (TIMELINE, known(self.timeline)),
            (WRITES, known(writes)),
            (WRITES_SINCE, text(self.writes_since)),
            (WRITES_WHY, known(self.writes_why.clone())),
            (SYNC, Fact::Known(Value::Names(self.synchronous.clone()))),
        ]
        .into_iter()
        .map(|(key, fact)| (FactKey::new(key), fact))
        .collect()
    }

    fn node_state(&self, id: &NodeId, node: &LadderNode) -> NodeState {
        let place = |offset| Value::Position(Position { branch: node.timeline, offset });
        let values = [
            (ROLE, Value::from(self.role(id, node))),
            (FOLLOWS, Value::from(node.follows.as_ref().map(ToString::to_string))),
            (TIMELINE, Value::from(node.timeline)),
            (FLUSHED, place(node.flushed)),
            (REPLAYED, place(node.replayed)),
            (RESTART_POINT, place(node.restart_point)),
            (LOG_BYTES, Value::from(node.flushed - node.restart_point)),
        ];
        let mut facts = Facts::default();
        facts.set(REACHABLE, known(node.unreached.is_none()));
        if let Some((since, why)) = &node.unreached {
            facts.set(UNREACHED_SINCE, text(*since));
            facts.set(UNREACHED_WHY, known(why.clone()));
        }
        for (key, value) in values {
            let fact = match &node.unreached {
                None => Fact::Known(value),
                Some((since, why)) => Fact::unknown(*since, why.clone()).after(value),
            };
            facts.set(key, fact);
        }
        NodeState { id: id.clone(), facts, source: format!("the connection to {id}") }
    }

    fn items(&self) -> Vec<ItemState> {
        let reached = self.nodes.iter().filter(|(_, node)| node.unreached.is_none());
        let of_node = |(id, node): (&NodeId, &LadderNode)| -> Vec<ItemState> {
            let item = |(name, slot): (&String, &super::state::LadderSlot)| {
                let retained = node.flushed - slot.restart.offset;
                let facts = [
                    (CONSUMER, known(slot.consumer.map(str::to_owned))),
                    (ACTIVE, known(slot.is_active)),
                    (RESTART, Fact::Known(Value::Position(slot.restart))),
                    (RETAINED, known(retained)),
                ];
                let facts = facts.into_iter().map(|(key, fact)| (FactKey::new(key), fact));
                let (kind, node) = (FactKey::new(SLOT), id.clone());
                ItemState { kind, node, name: name.clone(), facts: facts.collect() }
            };
            node.slots.iter().map(item).collect()
        };
        reached.flat_map(of_node).collect()
    }

    /// One observation. Looking changes nothing, so the same state is observed at the same instant.
    pub(super) fn observe(&self) -> ClusterState {
        let observation = Observation {
            id: String::new(),
            observed_at: self.now(),
            clock: "a count of what happened".to_owned(),
            source: "a connection to each node".to_owned(),
        };
        let nodes = self.nodes.iter().map(|(id, node)| self.node_state(id, node)).collect();
        ClusterState::new(observation, identity(), self.cluster_facts(), nodes)
            .with_items(self.items())
    }
}
