//! What would come of an order: the facts as they will be observed when it has run.
//!
//! The prediction names the facts that the observation after it shows, so the two can be laid side by side,
//! and any difference is said aloud (C2.6). What changes, and nobody can say to what, is predicted to be
//! unknown: an instant, or what a standby does in its own time.

mod consequences;
mod effects;
mod reload;

pub(super) use consequences::{consequences, engine_command};

use super::checks::settings::upstream_node;
use super::command::PostgresAction as Order;
use super::spec::{NONE_WORD, facts as key};
use super::view::{NOT_PAUSED, PAUSED, PostgresView};
use crate::model::facts::{FactChange, FactValue, Value};
use crate::model::spec::{PRIMARY, PRIMARY_ROLE, ROLE, WRITES};
use crate::model::text::NodeId;
use effects::PredictedChanges;

/// The setting that holds the sync rule.
const SYNC_SETTING: &str = "synchronous_standby_names";
/// The setting that holds the upstream.
const UPSTREAM_SETTING: &str = "primary_conninfo";

/// Every change of an order whose checks pass, in the order in which facts are shown.
pub(super) fn effects(view: PostgresView<'_>, order: &Order) -> Vec<FactChange> {
    let mut all = PredictedChanges::of(view);
    let node = order.node();
    match order {
        Order::Promote { .. } => all.promote(node),
        Order::StopLogins { .. } => all.stop_logins(node),
        Order::ResumeLogins { .. } => all.resume_logins(node),
        Order::MarkBarrier { .. } => all.cluster(key::BARRIER, FactValue::OfThisAction),
        Order::MarkBranch { .. } => all.cluster(key::BRANCH_ID, FactValue::OfThisAction),
        Order::DeclareSyncContract { .. } => {
            let rule = all.node_value(node, key::SYNC_RULE);
            all.cluster(key::SYNC_CONTRACT, rule);
        }
        Order::WithdrawSyncContract { .. } => {
            all.cluster(key::SYNC_CONTRACT, FactValue::Known(Value::None));
            let number = all.node_value(node, key::CONTRACT_NUMBER);
            all.cluster(key::CONTRACT_ENDED, number);
        }
        Order::WriteSyncStandbys { rule, .. } => {
            let rule = Some(rule.clone()).filter(|rule| rule != NONE_WORD);
            let rule = FactValue::Known(rule.into());
            let is_in_force = all.node_value(node, key::SYNC_RULE) == rule;
            all.node(node, key::SYNC_RULE_WRITTEN, rule);
            all.pending(node, SYNC_SETTING, !is_in_force);
        }
        Order::WriteUpstream { upstream, .. } => {
            let wanted = upstream_node(upstream).and_then(Result::ok);
            all.write_upstream(node, wanted.as_ref());
        }
        Order::WriteSetting { setting, .. } => all.pending(node, setting.as_str(), true),
        Order::Reload { .. } => all.reload(node),
        Order::PauseReplay { .. } => all.node(node, key::REPLAY, known(PAUSED)),
        Order::ResumeReplay { .. } => all.node(node, key::REPLAY, known(NOT_PAUSED)),
        Order::CreateSlot { slot, .. } => {
            all.item(key::SLOT, node, slot.as_str(), key::SLOT_TYPE, known("physical"));
            all.item(key::SLOT, node, slot.as_str(), key::SLOT_ACTIVE, known(false));
            all.item(key::SLOT, node, slot.as_str(), key::WAL_STATUS, known("reserved"));
        }
        // From where its consumer needs WAL moves while it is read, and stands still while nobody reads it:
        // the confirmation is bound to it, so what is dropped is what was shown.
        Order::DropSlot { slot, .. } => {
            let facts = [key::SLOT_TYPE, key::SLOT_ACTIVE, key::WAL_STATUS, key::RESTART];
            for fact in facts {
                all.item(key::SLOT, node, slot.as_str(), fact, FactValue::Absent);
            }
        }
        Order::TerminateSession { session, .. } => {
            let (name, role) = (session.as_str(), key::SESSION_ROLE);
            all.item(key::SESSION, node, name, role, FactValue::Absent);
        }
        Order::CreateBackup { name, .. } => {
            let mut names =
                view.state.facts.names(key::BACKUPS).known().cloned().unwrap_or_default();
            names.push(name.to_string());
            names.sort();
            all.cluster(key::BACKUPS, FactValue::Known(Value::Names(names)));
        }
        // No pinned fact changes: places in the WAL and counts of sessions move all the time.
        Order::EndSessions { .. }
        | Order::CancelQuery { .. }
        | Order::Checkpoint { .. }
        | Order::SwitchWal { .. }
        | Order::CreateRestorePoint { .. }
        | Order::VerifyNode { .. } => {}
    }
    all.in_order()
}

fn known(value: impl Into<Value>) -> FactValue {
    FactValue::Known(value.into())
}

impl PredictedChanges<'_> {
    fn promote(&mut self, node: &NodeId) {
        let Some(server) = self.view.node(node) else { return };
        let Some(timeline) = server.timeline().known().map(|timeline| timeline + 1) else { return };
        self.cluster(PRIMARY, known(node.to_string()));
        self.cluster(key::PRIMARIES, FactValue::Known(Value::Names(vec![node.to_string()])));
        self.cluster(key::TIMELINE, known(timeline));
        // What a primary says of the cluster, the target says from then on, as it holds it now.
        for (of_cluster, of_node) in
            [(key::SYNC_CONTRACT, key::NODE_CONTRACT), (key::BARRIER, key::NODE_BARRIER)]
        {
            let held = self.node_value(node, of_node);
            self.cluster(of_cluster, held);
        }
        if self.view.state.facts.get(key::BRANCH_ID).is_some() {
            self.cluster(key::BRANCH_ID, FactValue::Known(Value::None));
        }
        self.node(node, ROLE, known(PRIMARY_ROLE));
        self.node(node, key::TIMELINE, known(timeline));
        self.node(node, key::REPLAY, FactValue::Known(Value::None));
        // A process ends with the recovery, so since when they run is another instant.
        self.node(node, key::STARTED, FactValue::Unknown);
        let follow = |id: &NodeId| {
            let follows =
                self.view.node(id).map(|other| other.node.facts.node_or_none(key::FOLLOWS));
            follows.is_some_and(|follows| follows.known() == Some(&Some(node.clone())))
        };
        let followers: Vec<NodeId> =
            self.view.nodes().map(|other| other.id().clone()).filter(follow).collect();
        for follower in followers {
            self.node(&follower, key::TIMELINE, FactValue::Unknown);
        }
        // From then on its own rule says what it calls those that follow it.
        let rule = self.node_value(node, key::SYNC_RULE);
        self.sync_states(server, &rule);
        let writes = self.writes_of(node);
        self.cluster(WRITES, writes);
    }

    fn stop_logins(&mut self, node: &NodeId) {
        let Some(server) = self.view.node(node) else { return };
        let roles = |key| server.names(key).known().cloned().unwrap_or_default();
        let mut stopped = roles(key::STOPPED_LOGINS);
        stopped.extend(roles(key::LOGIN_ROLES));
        stopped.sort();
        stopped.dedup();
        self.node(node, key::LOGIN_ROLES, FactValue::Known(Value::Names(Vec::new())));
        self.node(node, key::STOPPED_LOGINS, FactValue::Known(Value::Names(stopped)));
        if self.is_only_primary(node) {
            self.cluster(WRITES, known("stopped"));
        }
    }

    fn resume_logins(&mut self, node: &NodeId) {
        let Some(server) = self.view.node(node) else { return };
        let roles = |key| server.names(key).known().cloned().unwrap_or_default();
        let mut resumed = roles(key::LOGIN_ROLES);
        resumed.extend(roles(key::STOPPED_LOGINS));
        resumed.sort();
        resumed.dedup();
        self.node(node, key::LOGIN_ROLES, FactValue::Known(Value::Names(resumed)));
        self.node(node, key::STOPPED_LOGINS, FactValue::Known(Value::Names(Vec::new())));
        self.cluster(key::BARRIER, FactValue::Known(Value::None));
        let writes = self.writes_of(node);
        self.cluster(WRITES, writes);
    }

    fn write_upstream(&mut self, node: &NodeId, upstream: Option<&NodeId>) {
        let wanted = FactValue::Known(upstream.map(ToString::to_string).into());
        let is_in_force = self.node_value(node, key::UPSTREAM) == wanted;
        self.node(node, key::UPSTREAM_WRITTEN, wanted);
        if is_in_force && upstream.is_some() {
            // The same node with other words round it is another value of the setting, or the same one.
            self.node(node, key::PENDING, FactValue::Unknown);
        } else {
            self.pending(node, UPSTREAM_SETTING, !is_in_force);
        }
    }
}

#[cfg(test)]
mod tests;
