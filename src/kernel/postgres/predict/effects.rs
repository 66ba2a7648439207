//! Predicted changes as they are collected.

use crate::kernel::postgres::spec::{SPEC, facts as key};
use crate::kernel::postgres::sync_rule::SyncRule;
use crate::kernel::postgres::view::PostgresView;
use crate::model::facts::{FactChange, FactKey, FactSubject, FactValue, Value};
use crate::model::text::NodeId;

/// Changes, each with the fact as it is now.
pub(super) struct PredictedChanges<'a> {
    pub(super) view: PostgresView<'a>,
    changes: Vec<FactChange>,
}

impl<'a> PredictedChanges<'a> {
    pub(super) fn of(view: PostgresView<'a>) -> Self {
        Self { view, changes: Vec::new() }
    }

    fn now(&self, subject: &FactSubject, key: &str) -> FactValue {
        let state = self.view.state;
        FactValue::of(match subject {
            FactSubject::Cluster => state.facts.get(key),
            FactSubject::Node(id) => state.node(id).and_then(|node| node.facts.get(key)),
            FactSubject::Item { .. } => {
                let item = state.items.iter().find(|item| item.subject() == *subject);
                item.and_then(|item| item.facts.get(key))
            }
            FactSubject::ControlPlane | FactSubject::Check | FactSubject::Words(_) => None,
        })
    }

    fn push(&mut self, subject: FactSubject, key: &'static str, after: FactValue) {
        let before = self.now(&subject, key);
        self.changes.push(FactChange { subject, fact: FactKey::new(key), before, after });
    }

    pub(super) fn cluster(&mut self, key: &'static str, after: FactValue) {
        self.push(FactSubject::Cluster, key, after);
    }

    pub(super) fn node(&mut self, id: &NodeId, key: &'static str, after: FactValue) {
        self.push(FactSubject::Node(id.clone()), key, after);
    }

    pub(super) fn item(
        &mut self,
        kind: &'static str,
        node: &NodeId,
        name: &str,
        key: &'static str,
        after: FactValue,
    ) {
        let (kind, node, name) = (FactKey::new(kind), node.clone(), name.to_owned());
        self.push(FactSubject::Item { kind, node, name }, key, after);
    }

    /// A fact of a node as it is now.
    pub(super) fn node_value(&self, id: &NodeId, key: &str) -> FactValue {
        self.now(&FactSubject::Node(id.clone()), key)
    }

    /// A fact of a node as it is predicted, or as it is now.
    pub(super) fn later(&self, id: &NodeId, key: &str) -> FactValue {
        let subject = FactSubject::Node(id.clone());
        let of = |change: &&FactChange| change.subject == subject && *change.fact == *key;
        let changed = self.changes.iter().rev().find(of).map(|change| change.after.clone());
        changed.unwrap_or_else(|| self.now(&subject, key))
    }

    pub(super) fn is_only_primary(&self, id: &NodeId) -> bool {
        self.view.primaries().known().is_some_and(|names| *names == [id.to_string()])
    }

    /// One setting joins those that a reload brings into force, or leaves them.
    pub(super) fn pending(&mut self, node: &NodeId, setting: &str, is_pending: bool) {
        let FactValue::Known(Value::Names(mut names)) = self.node_value(node, key::PENDING) else {
            return self.node(node, key::PENDING, FactValue::Unknown);
        };
        names.retain(|name| name != setting);
        if is_pending {
            names.push(setting.to_owned());
            names.sort();
        }
        self.node(node, key::PENDING, FactValue::Known(Value::Names(names)));
    }

    /// What a client that writes on a node meets, by what is predicted of the node.
    pub(super) fn writes_of(&self, node: &NodeId) -> FactValue {
        let names = |key| match self.later(node, key) {
            FactValue::Known(Value::Names(names)) => Some(names),
            _ => None,
        };
        let says_logins =
            self.view.node(node).map(|it| it.node.facts.get(key::LOGIN_ROLES).is_some());
        if says_logins == Some(true) {
            let (Some(login), Some(stopped)) =
                (names(key::LOGIN_ROLES), names(key::STOPPED_LOGINS))
            else {
                return FactValue::Unknown;
            };
            if login.is_empty() && !stopped.is_empty() {
                return FactValue::Known("stopped".into());
            }
        }
        let (rule, server) = match (self.later(node, key::SYNC_RULE), self.view.node(node)) {
            (FactValue::Known(Value::None), _) => return FactValue::Known("accepted".into()),
            (FactValue::Known(Value::Text(rule)), Some(server)) => (rule, server),
            _ => return FactValue::Unknown,
        };
        let streams = SyncRule::parse(&rule)
            .ok()
            .and_then(|rule| server.streaming(&rule).known().map(|count| *count >= rule.waits_for));
        match streams {
            Some(true) => FactValue::Known("accepted".into()),
            Some(false) => FactValue::Known("waiting".into()),
            None => FactValue::Unknown,
        }
    }

    /// Every change in the order in which facts are shown, without what stays as it is.
    pub(super) fn in_order(self) -> Vec<FactChange> {
        let mut changes = self.changes;
        changes.retain(|change| change.before != change.after);
        SPEC.sort(&mut changes);
        changes
    }
}
