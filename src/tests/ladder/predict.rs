//! What an order would change, fact by fact.

use super::SPEC;
use super::actions::LadderCommand;
use super::facts::{FOLLOWS, RESTART_POINT, SLOT, SYNC, TIMELINE};
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::facts::{Fact, FactChange, FactKey, FactSubject, FactValue, Value};
use aerodb_control::model::spec::{PRIMARY, PRIMARY_ROLE, REACHABLE, ROLE, WRITES};
use aerodb_control::model::text::NodeId;

/// Every change of an order whose checks pass, in the order in which facts are shown.
pub(super) fn predict(state: &ClusterState, command: &LadderCommand) -> Vec<FactChange> {
    let mut effects = Effects { state, changes: Vec::new() };
    match command {
        LadderCommand::Promote { to } => effects.promote(to),
        LadderCommand::StopWrites { .. } => effects.cluster(WRITES, "stopped".into()),
        LadderCommand::DropSlot { node, slot } => effects.without(node, slot),
        LadderCommand::Detach { node } => {
            effects.node(node, FOLLOWS, Value::None);
            effects.node(node, ROLE, "standby".into());
            effects.synchronous_without(node);
        }
        LadderCommand::RunCheckpoint { node } => {
            effects.push(FactSubject::Node(node.clone()), RESTART_POINT, FactValue::OfThisAction);
        }
        LadderCommand::Rebuild { node } => effects.rebuild(node),
    }
    let mut changes = effects.changes;
    changes.retain(|change| change.before != change.after);
    SPEC.sort(&mut changes);
    changes
}

struct Effects<'a> {
    state: &'a ClusterState,
    changes: Vec<FactChange>,
}

impl Effects<'_> {
    fn push(&mut self, subject: FactSubject, key: &'static str, after: FactValue) {
        let facts = match &subject {
            FactSubject::Node(id) => self.state.node(id).map(|node| &node.facts),
            _ => Some(&self.state.facts),
        };
        let before = FactValue::of(facts.and_then(|facts| facts.get(key)));
        self.changes.push(FactChange { subject, fact: FactKey::new(key), before, after });
    }

    fn cluster(&mut self, key: &'static str, after: Value) {
        self.push(FactSubject::Cluster, key, FactValue::Known(after));
    }

    fn node(&mut self, id: &NodeId, key: &'static str, after: Value) {
        self.push(FactSubject::Node(id.clone()), key, FactValue::Known(after));
    }

    fn synchronous_without(&mut self, id: &NodeId) {
        if let Fact::Known(mut names) = self.state.facts.names(SYNC) {
            names.retain(|name| *name != id.to_string());
            self.cluster(SYNC, Value::Names(names));
        }
    }

    fn promote(&mut self, to: &NodeId) {
        let next = self.state.facts.number(TIMELINE).known().map_or(0, |timeline| timeline + 1);
        self.cluster(PRIMARY, Value::Text(to.to_string()));
        self.cluster(TIMELINE, next.into());
        self.cluster(WRITES, "accepted".into());
        self.cluster(SYNC, Value::Names(Vec::new()));
        let old = self.state.primary_node().map(|node| node.id.clone());
        for node in &self.state.nodes {
            let follows = node.facts.node_or_none(FOLLOWS);
            let upstream = follows.known().and_then(Option::as_ref);
            if node.id == *to {
                self.node(to, ROLE, PRIMARY_ROLE.into());
                self.node(to, FOLLOWS, Value::None);
                self.node(to, TIMELINE, next.into());
            } else if Some(&node.id) == old.as_ref() {
                self.node(&node.id, ROLE, "standby".into());
            } else if upstream == Some(to) {
                self.node(&node.id, ROLE, "standby".into());
                self.node(&node.id, TIMELINE, next.into());
            } else if upstream.is_some() {
                self.node(&node.id, ROLE, "cascading standby".into());
            }
        }
    }

    fn rebuild(&mut self, id: &NodeId) {
        let timeline = self.state.facts.number(TIMELINE).known().copied();
        let primary = self.state.primary_node().map(|node| node.id.to_string());
        self.node(id, ROLE, "standby".into());
        self.node(id, REACHABLE, true.into());
        self.node(id, FOLLOWS, primary.into());
        self.node(id, TIMELINE, timeline.into());
        // The write that waited for it waits no more.
        let waits = self.state.facts.text(WRITES).known().is_some_and(|word| word == "waiting");
        let names = self.state.facts.names(SYNC);
        if waits && names.known().is_some_and(|names| names.contains(&id.to_string())) {
            self.cluster(WRITES, "accepted".into());
        }
    }

    fn without(&mut self, node: &NodeId, slot: &str) {
        let (kind, name) = (FactKey::new(SLOT), slot.to_owned());
        let subject = FactSubject::Item { kind, node: node.clone(), name };
        let item = self.state.items.iter().find(|item| item.subject() == subject);
        let bound = item.map(|item| item.facts.bound(|key| SPEC.is_bound(&subject, key)));
        for (fact, before) in bound.unwrap_or_default() {
            let (subject, after) = (subject.clone(), FactValue::Absent);
            self.changes.push(FactChange { subject, fact, before, after });
        }
    }
}
