//! What is required of the node that an action names.

use super::CheckResult;
use crate::kernel::embedded::spec::EngineInvariant as Invariant;
use crate::kernel::embedded::view::{NodeView, Role, Unreachable, View};
use crate::model::explanation::{Check, Verdict};
use crate::model::facts::{Fact, UnknownReason};
use crate::model::text::NodeId;

/// The node that an action names, which may be no member.
pub(super) struct NamedNode<'a> {
    pub(super) state: &'a View,
    pub(super) id: &'a NodeId,
    pub(super) node: Option<&'a NodeView>,
}

impl NamedNode<'_> {
    /// A check that needs the node; without it there is nothing to look at.
    pub(super) fn check(
        &self,
        invariant: Invariant,
        statement: &str,
        required: &str,
        look: impl FnOnce(&NodeView) -> CheckResult,
    ) -> Check {
        let absent = || CheckResult {
            verdict: Verdict::Unknown,
            observed: format!("{} is not a member", self.id),
            since: None,
        };
        let found = self.node.map_or_else(absent, look);
        let source = self.node.map_or(&self.state.observation.source, |node| &node.source);
        found.check(invariant, statement, required, source)
    }

    pub(super) fn is_member(&self) -> Check {
        let names: Vec<&str> =
            self.state.nodes.iter().map(|node| node.pinned.id.as_str()).collect();
        CheckResult::new(self.node.is_some(), format!("the members are {}", names.join(", ")))
            .check(
                Invariant::NodeIsMember,
                &format!("{} is a member of the cluster.", self.id),
                &format!("{} among the members", self.id),
                &self.state.observation.source,
            )
    }

    pub(super) fn is_standby(&self) -> Check {
        let statement = format!("{} is a standby with a vote.", self.id);
        self.check(Invariant::TargetIsStandby, &statement, "a standby with a vote", |node| {
            let votes = self.state.cluster.voters.contains(self.id);
            match &node.pinned.role {
                Fact::Known(role) => CheckResult::new(
                    *role == Role::Standby && votes,
                    format!("{} is {}", self.id, role.word()),
                ),
                Fact::Unknown { unknown, .. } => CheckResult::missing("its role", unknown),
            }
        })
    }

    pub(super) fn is_reachable(&self) -> Check {
        let statement = format!("{} is reachable.", self.id);
        self.check(Invariant::TargetReachable, &statement, "reachable", |node| {
            let cut = node.pinned.unreachable.as_ref();
            match &node.pinned.reachable {
                Fact::Known(true) => CheckResult::new(true, format!("{} can be reached", self.id)),
                Fact::Known(false) => {
                    let why = cut.map_or(String::new(), |cut| format!(": {}", cut.why));
                    CheckResult::new(false, format!("{} cannot be reached{why}", self.id))
                        .since(cut.map(|c| c.since))
                }
                Fact::Unknown { unknown, .. } => CheckResult::missing("its reachability", unknown),
            }
        })
    }

    pub(super) fn is_in_epoch(&self) -> Check {
        let statement = format!("{} follows the epoch of the primary.", self.id);
        let epoch = self.state.cluster.epoch.word(u64::to_string);
        let required = format!("epoch {epoch}");
        self.check(Invariant::TargetInEpoch, &statement, &required, |node| {
            match (&node.pinned.epoch, &self.state.cluster.epoch) {
                (Fact::Known(own), Fact::Known(epoch)) => {
                    CheckResult::new(own == epoch, format!("{} is in epoch {own}", self.id))
                }
                (Fact::Unknown { unknown, .. }, _) => CheckResult::missing("its epoch", unknown),
                (_, Fact::Unknown { unknown, .. }) => CheckResult::missing("the epoch", unknown),
            }
        })
    }

    pub(super) fn log_is_complete(&self) -> Check {
        let statement = format!("No reachable voter holds a newer log than {}.", self.id);
        let required = "no newer log on a reachable voter";
        self.check(Invariant::TargetLogComplete, &statement, required, |node| {
            let own = match log_end(node) {
                Ok(own) => own,
                Err(missing) => return CheckResult::missing("the end of its log", missing),
            };
            let mut newer = Vec::new();
            for voter in self.state.reachable_voters() {
                match log_end(voter) {
                    Ok(end) if end > own => newer.push(format!(
                        "{} holds position {} of epoch {}",
                        voter.pinned.id, end.1, end.0
                    )),
                    Ok(_) => {}
                    Err(missing) => return CheckResult::missing("the end of a log", missing),
                }
            }
            let mut observed = format!("{} holds position {} of epoch {}", self.id, own.1, own.0);
            for voter in &newer {
                observed.push_str(", ");
                observed.push_str(voter);
            }
            CheckResult::new(newer.is_empty(), observed)
        })
    }

    pub(super) fn is_online(&self) -> Check {
        let statement = format!("{} is online.", self.id);
        self.check(Invariant::NodeOnline, &statement, "not taken offline by an operator", |node| {
            let cut = node.pinned.unreachable.as_ref();
            let offline = cut.is_some_and(Unreachable::is_taken_offline);
            CheckResult::new(!offline, self.switch_in_words(cut)).since(cut.map(|c| c.since))
        })
    }

    pub(super) fn is_offline(&self) -> Check {
        let statement = format!("{} was taken offline by an operator.", self.id);
        self.check(Invariant::NodeOffline, &statement, "taken offline by an operator", |node| {
            let cut = node.pinned.unreachable.as_ref();
            let offline = cut.is_some_and(Unreachable::is_taken_offline);
            CheckResult::new(offline, self.switch_in_words(cut)).since(cut.map(|c| c.since))
        })
    }

    pub(super) fn checkpoint_covers(&self, up_to: u64) -> Check {
        let statement = format!("The checkpoint of {} covers position {up_to}.", self.id);
        let required = format!("a checkpoint at position {up_to} or later");
        self.check(Invariant::CheckpointCovers, &statement, &required, |node| {
            match &node.positions.checkpoint {
                Fact::Known(Some(kept)) => CheckResult::new(
                    *kept >= up_to,
                    format!("the checkpoint of {} covers position {kept}", self.id),
                ),
                Fact::Known(None) => {
                    CheckResult::new(false, format!("no checkpoint of {} was asked for", self.id))
                }
                Fact::Unknown { unknown, .. } => CheckResult::missing("its checkpoint", unknown),
            }
        })
    }

    pub(super) fn log_holds(&self, up_to: u64) -> Check {
        let statement = format!("The log of {} holds position {up_to}.", self.id);
        let required = format!("a log that holds position {up_to}");
        self.check(Invariant::LogHeld, &statement, &required, |node| {
            match (&node.positions.first, &node.positions.last) {
                (Fact::Known(first), Fact::Known(last)) => CheckResult::new(
                    (*first..=*last).contains(&up_to),
                    format!("the log of {} begins at {first} and ends at {last}", self.id),
                ),
                (Fact::Unknown { unknown, .. }, _) | (_, Fact::Unknown { unknown, .. }) => {
                    CheckResult::missing("the extent of its log", unknown)
                }
            }
        })
    }

    fn switch_in_words(&self, cut: Option<&Unreachable>) -> String {
        match cut {
            None => format!("{} is online and can be reached", self.id),
            Some(cut) if cut.is_taken_offline() => format!("{} is offline: {}", self.id, cut.why),
            Some(cut) => format!("{} is online and cannot be reached: {}", self.id, cut.why),
        }
    }
}

/// Epoch and position of the last entry: logs are compared in this order.
fn log_end(node: &NodeView) -> Result<(u64, u64), &UnknownReason> {
    match (&node.positions.last_epoch, &node.positions.last) {
        (Fact::Known(epoch), Fact::Known(position)) => Ok((*epoch, *position)),
        (Fact::Unknown { unknown, .. }, _) | (_, Fact::Unknown { unknown, .. }) => Err(unknown),
    }
}
