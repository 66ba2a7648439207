//! What a reload brings into force.

use super::effects::PredictedChanges;
use crate::kernel::postgres::spec::facts as key;
use crate::kernel::postgres::sync_rule::{SyncMethod, SyncRule};
use crate::kernel::postgres::view::{PostgresRole, ServerView};
use crate::model::facts::{Fact, FactValue, Value};
use crate::model::spec::WRITES;
use crate::model::text::NodeId;

impl PredictedChanges<'_> {
    pub(super) fn reload(&mut self, node: &NodeId) {
        let Some(server) = self.view.node(node) else { return };
        self.node(node, key::PENDING, FactValue::Known(Value::Names(Vec::new())));
        let (rule, upstream) = (
            self.node_value(node, key::SYNC_RULE_WRITTEN),
            self.node_value(node, key::UPSTREAM_WRITTEN),
        );
        let is_new_rule = rule != self.node_value(node, key::SYNC_RULE);
        let is_new_upstream = upstream != self.node_value(node, key::UPSTREAM);
        self.node(node, key::SYNC_RULE, rule.clone());
        self.node(node, key::UPSTREAM, upstream.clone());
        let is = |expected| server.role() == Fact::Known(expected);
        if is_new_rule {
            // A standby waits for nobody, so it calls whoever follows it asynchronous whatever its rule says.
            if is(PostgresRole::Primary) {
                self.sync_states(server, &rule);
            }
            if self.is_only_primary(node) {
                let writes = self.writes_of(node);
                self.cluster(WRITES, writes);
            }
        }
        // A primary follows nobody, whatever its files say.
        if is_new_upstream && is(PostgresRole::Standby) {
            self.connects_elsewhere(server, &upstream);
        }
    }

    /// What the server will call its followers: those that the rule names, in its order.
    pub(super) fn sync_states(&mut self, server: ServerView<'_>, rule: &FactValue) {
        let rule = match rule {
            FactValue::Known(Value::Text(text)) => SyncRule::parse(text).ok(),
            _ => None,
        };
        let streams = |name: &str| {
            let item = server.item(key::FOLLOWER, name);
            let state = item.map(|item| item.facts.text(key::FOLLOWER_STATE));
            state.is_some_and(|state| state.known().is_some_and(|state| state == "streaming"))
        };
        let names: Vec<&str> = server.items(key::FOLLOWER).map(|item| item.name.as_str()).collect();
        for name in &names {
            let place = rule.as_ref().and_then(|rule| Some((rule, rule.place_of(name)?)));
            let word = match place {
                None => "async",
                Some((rule, _)) if rule.method == SyncMethod::Any => "quorum",
                Some((rule, place)) => {
                    let is_before = |other: &&&str| {
                        streams(other) && rule.place_of(other).is_some_and(|it| it < place)
                    };
                    let before = names.iter().filter(is_before).count();
                    if streams(name) && before < rule.waits_for { "sync" } else { "potential" }
                }
            };
            let after = FactValue::Known(word.into());
            self.item(key::FOLLOWER, server.id(), name, key::SYNC_STATE, after);
        }
    }

    /// A standby leaves its upstream, and connects to another one in its own time.
    fn connects_elsewhere(&mut self, server: ServerView<'_>, upstream: &FactValue) {
        let id = server.id();
        let old = server.node.facts.node_or_none(key::FOLLOWS).known().cloned().flatten();
        let new = match upstream {
            FactValue::Known(Value::Text(name)) => NodeId::parse(name).ok(),
            _ => None,
        };
        let is_to_nobody = *upstream == FactValue::Known(Value::None);
        let after = || {
            if is_to_nobody { FactValue::Known(Value::None) } else { FactValue::Unknown }
        };
        self.node(id, key::FOLLOWS, after());
        self.node(id, key::RECEIVER, after());
        let name = id.as_str();
        if let Some(sender) = old.and_then(|old| self.view.node(&old)) {
            let facts = [key::FOLLOWER_STATE, key::SYNC_STATE];
            for fact in facts.iter().filter(|_| sender.item(key::FOLLOWER, name).is_some()) {
                self.item(key::FOLLOWER, sender.id(), name, fact, FactValue::Absent);
            }
            self.slot_is_read_or_not(sender, name);
        }
        let new = new.and_then(|new| self.view.node(&new));
        // It goes on where the new upstream is, once it is connected.
        if !is_to_nobody && new.map(ServerView::timeline) != Some(server.timeline()) {
            self.node(id, key::TIMELINE, FactValue::Unknown);
        }
        if let Some(sender) = new {
            for fact in [key::FOLLOWER_STATE, key::SYNC_STATE] {
                self.item(key::FOLLOWER, sender.id(), name, fact, FactValue::Unknown);
            }
            self.slot_is_read_or_not(sender, name);
        }
    }

    fn slot_is_read_or_not(&mut self, sender: ServerView<'_>, name: &str) {
        if sender.item(key::SLOT, name).is_some() {
            self.item(key::SLOT, sender.id(), name, key::SLOT_ACTIVE, FactValue::Unknown);
        }
    }
}
