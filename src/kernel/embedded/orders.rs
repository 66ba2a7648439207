//! Orders: looked up, checked again, journaled, and executed once.
//!
//! Everything before the journal entry writes nothing, so a refusal proves that nothing ran (C4.2).
//! After it, a refusal is given only where it is proven that nothing ran; otherwise the answer is
//! `Unknown` (C7.3).

use super::checks;
use super::cluster::Cluster;
use super::command::{Accepted, Command, expected_epoch};
use super::job::{JobResult, ProgressReporter, Started};
use super::metadata::{OrderState, Switch};
use super::raft_group::RaftGroup;
use super::spec::facts as key;
use super::sqlite::DiskError;
use super::state_machine::{Applied, LogId};
use crate::crash;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::spec::EngineInvariant as Invariant;
use crate::kernel::{ApplyError, Order};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::explanation::Verdict;
use crate::model::facts::{Fact, Since};
use crate::model::receipt::{KernelRefusal, Receipt};
use crate::model::text::{InputError, NodeId};
use std::sync::Arc;

/// A refusal with its rule.
pub(super) fn refusal(
    rule: &str,
    sentence: impl Into<String>,
    invariants: &[Invariant],
) -> KernelRefusal {
    KernelRefusal {
        rule: rule.to_owned(),
        sentence: sentence.into(),
        invariants: invariants.iter().copied().map(Invariant::id).collect(),
    }
}

impl Cluster {
    /// Executes an order at most once: to its end, or up to where it takes long.
    pub(super) fn begin(
        &mut self,
        order: &Order,
        meter: ProgressReporter,
        now: Timestamp,
    ) -> Started {
        let id = order.action_id();
        if let Some(stopped) = self.stopped() {
            let sentence = format!("The kernel stopped at {}: {}.", stopped.since, stopped.why);
            return Started::Ended(Err(refusal("kernel_stopped", sentence, &[]).into()));
        }
        if let Some(earlier) = self.earlier_answer(id, now) {
            return Started::Ended(earlier);
        }
        let action = match Action::try_from(order.action()) {
            Ok(action) => action,
            Err(error) => return Started::Ended(Err(not_known(&error).into())),
        };
        let valid = self.idle().map_err(ApplyError::from);
        let valid = valid.and_then(|()| self.validate(order, &action, now));
        if let Err(error) = valid {
            return Started::Ended(Err(error));
        }
        self.seen.acting = Some(id);
        let accepted = Accepted::new(order, action, now);
        let meter = Arc::new(meter);
        let answer = match &accepted.action {
            Action::VerifyNode { node } => match self.accept(&accepted, now) {
                Ok(()) => {
                    let work = self.verification(&accepted, node, now);
                    return self.under_way(&accepted, meter, work);
                }
                Err(error) => Err(error),
            },
            Action::CreateBackup { name } => match self.accept(&accepted, now) {
                Ok(()) => {
                    let work = self.backup(&accepted, name, now);
                    return self.under_way(&accepted, meter, work);
                }
                Err(error) => Err(error),
            },
            Action::TakeOffline { node } => {
                self.set_node_service(&accepted, node, Switch::Off, now)
            }
            Action::BringOnline { node } => self.set_node_service(&accepted, node, Switch::On, now),
            Action::Switchover { to } | Action::Failover { to } => {
                self.accept(&accepted, now).and_then(|()| self.promote(&accepted, to, now))
            }
            Action::AddReplica { .. } | Action::GrantVote { .. } | Action::RemoveReplica { .. } => {
                self.change_members(&accepted, now)
            }
            Action::StopWrites {}
            | Action::ResumeWrites {}
            | Action::TakeCheckpoint { .. }
            | Action::PurgeLog { .. } => self.enter_in_log(&accepted, now),
        };
        if let Ok(receipt) = &answer
            && let Some(begun) = self.copying(&accepted.action, receipt, &meter)
        {
            return begun;
        }
        Started::Ended(self.end(id, &accepted.action, answer, now))
    }

    /// Ends an order: what it moved is kept as events, and what is final in the journal.
    pub(super) fn end(
        &mut self,
        id: ActionId,
        action: &Action,
        ending: JobResult,
        now: Timestamp,
    ) -> JobResult {
        self.come_to_rest(now);
        self.under_way = None;
        self.seen.acting = Some(id);
        match (action, &ending) {
            (Action::CreateBackup { name }, Ok(receipt)) => {
                self.backups.insert(name.clone(), receipt.clone());
                self.note_backup(&receipt.result, now);
            }
            (Action::Switchover { to } | Action::Failover { to }, Err(error)) => {
                self.note_refused_election(to, &error.to_string(), now);
            }
            _ => {}
        }
        self.remember(now, &format!("{} did not come to its end", action.title()));
        self.seen.acting = None;
        let ending = self.journal(id, action, ending, now);
        crash::failpoint("kernel.receipt");
        ending
    }

    /// What the kernel answered to this id before, if it did.
    fn earlier_answer(
        &mut self,
        id: ActionId,
        now: Timestamp,
    ) -> Option<Result<Receipt, ApplyError>> {
        let found = self.find_receipt(id).and_then(|receipt| match receipt {
            Some(receipt) => Ok(Some(Ok(Receipt { duplicate: true, ..receipt }))),
            None => Ok(match (self.find_tombstone(id)?, self.metadata.order(id)?) {
                (Some(tombstone), _) => Some(Err(refusal(
                    "voided",
                    format!("This id is void since {}. {}", tombstone.voided_at, tombstone.result),
                    &[Invariant::ReceiptOnce],
                )
                .into())),
                (None, Some(OrderState::Refused(earlier))) => Some(Err(earlier.into())),
                (None, Some(OrderState::Accepted { at })) => Some(Err(ApplyError::Unknown {
                    why: format!(
                        "The kernel accepted this id at {at} and has no receipt that it can read \
                         now; it is not executed again. Settle it."
                    ),
                })),
                (None, Some(OrderState::Voided(_)) | None) => None,
            }),
        });
        match found {
            Ok(answer) => answer,
            Err(error) => {
                self.stop(&error, now);
                Some(Err(ApplyError::Unknown {
                    why: format!("Whether this id ran before cannot be read: {error}."),
                }))
            }
        }
    }

    /// Every pre-condition again, on an observation of its own. Nothing is written.
    fn validate(&self, order: &Order, action: &Action, now: Timestamp) -> Result<(), ApplyError> {
        let state =
            self.observe(now).map_err(|error| refusal("kernel_stopped", error.to_string(), &[]))?;
        let epoch = state.facts.number(key::EPOCH);
        let promotes = matches!(action, Action::Switchover { .. } | Action::Failover { .. });
        let found = epoch.word(|epoch| format!("epoch {epoch}"));
        let asked = expected_epoch(order).map(|epoch| format!("epoch {epoch}"));
        let holds = match (&asked, &epoch) {
            (Some(asked), Fact::Known(_)) => *asked == found,
            (Some(_), Fact::Unknown { .. }) => false,
            (None, _) => !promotes,
        };
        if !holds {
            let sentence = format!(
                "The kernel refuses {}: it was confirmed for {}, and the cluster is in {found}.",
                action.title(),
                asked.unwrap_or_else(|| "no epoch".to_owned())
            );
            return Err(refusal("epoch_moved", sentence, &[Invariant::EpochUnchanged]).into());
        }
        let checks = checks::checks(&state, action).checks;
        let against: Vec<_> = checks.iter().filter(|c| c.verdict != Verdict::Pass).collect();
        let Some(first) = against.first() else { return Ok(()) };
        let found: Vec<String> = against
            .iter()
            .flat_map(|check| &check.evidence)
            .map(|evidence| format!("found {}, required {}", evidence.observed, evidence.required))
            .collect();
        let sentence = format!("The kernel refuses {}: {}.", action.title(), found.join("; "));
        let invariants = against.iter().map(|check| check.invariant).collect();
        let rule = first.invariant.to_string();
        Err(KernelRefusal { rule, sentence, invariants }.into())
    }

    pub(super) fn accept(&mut self, order: &Accepted, now: Timestamp) -> Result<(), ApplyError> {
        if let Err(error) = self.metadata.accept(order) {
            // It was not executed, and after this nothing is.
            let sentence = format!("The kernel cannot journal the order, and stops: {error}.");
            self.stop(&error, now);
            return Err(refusal("kernel_stopped", sentence, &[]).into());
        }
        crash::failpoint("kernel.accepted");
        Ok(())
    }

    /// A change of primary: from the living one by hand-over, or by election when there is none.
    fn promote(
        &mut self,
        order: &Accepted,
        to: &NodeId,
        now: Timestamp,
    ) -> Result<Receipt, ApplyError> {
        let target = self.number(to).expect("the target was checked to be a member");
        let from = self.primary();
        self.ensemble.agree_on_epoch(self.epoch(), now);
        self.ensemble.catch_up(now);
        if let Some(node) = from.and_then(|from| self.ensemble.node(from))
            && !node.knows_complete(target)
        {
            let sentence = format!("The kernel refuses: {to} did not catch up with {}.", node.id);
            let invariant = [Invariant::AcknowledgedWritesKept];
            return Err(refusal("target_not_caught_up", sentence, &invariant).into());
        }
        let command = Command::Promote { order: order.clone(), primary: to.clone() };
        let start = |ensemble: &mut RaftGroup| match from {
            Some(from) => {
                if let Some(node) = ensemble.node_mut(from) {
                    node.hand_over(target, now);
                }
            }
            None => {
                if let Some(node) = ensemble.node_mut(target) {
                    node.campaign(now);
                }
            }
        };
        let (heard, began) = self.ensemble.elect(target, command, now, start);
        match heard {
            Some(heard) => executed(Some(heard)),
            None if began => Err(unknown(&format!(
                "{to} was elected, and it is not known whether its first entry will be kept."
            ))),
            None => Err(refusal(
                "not_elected",
                format!(
                    "The kernel refuses: a majority did not vote for {to}, and its candidacy was \
                     withdrawn."
                ),
                &[Invariant::TargetLogComplete, Invariant::QuorumReachable],
            )
            .into()),
        }
    }

    /// An action whose whole effect is its entry.
    fn enter_in_log(&mut self, order: &Accepted, now: Timestamp) -> Result<Receipt, ApplyError> {
        self.accept(order, now)?;
        self.propose_alone(order, now)
    }

    /// Proposes the entry of an accepted order, and waits for what becomes of it.
    pub(super) fn propose_alone(
        &mut self,
        order: &Accepted,
        now: Timestamp,
    ) -> Result<Receipt, ApplyError> {
        let command = Command::of(order).expect("the action was chosen by its kind");
        let primary = self.primary().expect("the primary was checked to be alive");
        let mut answers = self.ensemble.propose(primary, &[command], now);
        match answers.pop() {
            Some(heard) => executed(heard),
            None => Err(refusal(
                "not_appended",
                "The kernel refuses: the primary stopped before it appended the entry.",
                &[Invariant::PrimaryAlive],
            )
            .into()),
        }
    }

    fn set_node_service(
        &mut self,
        order: &Accepted,
        node: &NodeId,
        switch: Switch,
        now: Timestamp,
    ) -> Result<Receipt, ApplyError> {
        let number = self.number(node).expect("the node was checked to be a member");
        let was_primary = match self.office() {
            super::cluster::PrimaryStatus::Held(id)
            | super::cluster::PrimaryStatus::Unclear(id, _) => switch == Switch::Off && &id == node,
            super::cluster::PrimaryStatus::Vacant => false,
        };
        let result = match (switch, was_primary) {
            (Switch::Off, true) => format!("{node} is offline, and nobody is primary."),
            (Switch::Off, false) => format!("{node} is offline."),
            (Switch::On, _) => format!("{node} is online."),
        };
        let epoch = self.no_quorum_since().is_none().then(|| self.epoch());
        let receipt = order.receipt(epoch, now, result);
        let nobody = was_primary
            .then(|| Since { since: now, why: format!("{node}, the primary, was taken offline") });
        if let Err(error) = self.metadata.set_node_service(order, number, switch, &receipt, nobody)
        {
            self.stop(&error, now);
            return Err(unknown(&format!("The switch may have been thrown: {error}.")));
        }
        crash::failpoint("kernel.switch_committed");
        match switch {
            Switch::Off => {
                self.ensemble.set_connected(number, false);
                if was_primary && let Some(node) = self.ensemble.node_mut(number) {
                    node.follow_nobody(0, now);
                }
                self.ensemble.pump(now);
            }
            Switch::On => {
                self.ensemble.open_lane(number);
                self.connect(number, now);
            }
        }
        Ok(receipt)
    }

    /// Keeps in the journal what is final: the same id gets the same answer for ever, also while no
    /// node can be reached. A refusal after the journal entry is proven, so it is kept too.
    fn journal(
        &mut self,
        id: ActionId,
        action: &Action,
        answer: Result<Receipt, ApplyError>,
        now: Timestamp,
    ) -> Result<Receipt, ApplyError> {
        let kept = match &answer {
            // A switch and its receipt are one transaction; other receipts are copied.
            Ok(_) if matches!(action, Action::TakeOffline { .. } | Action::BringOnline { .. }) => {
                Ok(())
            }
            Ok(receipt) => self.metadata.keep(receipt),
            Err(ApplyError::Refused(refusal)) => self.metadata.close(id, refusal),
            // What is unknown stays accepted.
            Err(ApplyError::Unknown { .. }) => Ok(()),
        };
        if let Err(error) = kept {
            self.stop(&error, now);
        }
        answer
    }

    /// The receipt under an id, wherever it can be read.
    pub(super) fn find_receipt(&self, id: ActionId) -> Result<Option<Receipt>, DiskError> {
        if let Some(receipt) = self.metadata.receipt(id)? {
            return Ok(Some(receipt));
        }
        let stores = self.ensemble.reachable().filter_map(|(node, _)| node.store());
        let found: Result<Vec<_>, _> = stores.map(|store| store.receipt(id)).collect();
        if let Some(receipt) = found?.into_iter().flatten().next() {
            return Ok(Some(receipt));
        }
        Ok(self.backups.values().find(|receipt| receipt.action_id == id).cloned())
    }
}

/// The refusal of an order that is none of this kernel.
fn not_known(error: &InputError) -> KernelRefusal {
    KernelRefusal {
        rule: "not_known".to_owned(),
        sentence: format!("The kernel refuses an order that it does not know: {error}."),
        invariants: vec![crate::model::invariant::Invariant::InputValid.id()],
    }
}

pub(super) fn unknown(why: &str) -> ApplyError {
    ApplyError::Unknown { why: why.to_owned() }
}

fn executed(heard: Option<(LogId, Applied)>) -> Result<Receipt, ApplyError> {
    match heard.map(|(_, applied)| applied) {
        Some(Applied::Executed(receipt)) => Ok(receipt),
        Some(Applied::Refused(refusal)) => Err(refusal.into()),
        Some(Applied::Done | Applied::Resolved(_)) | None => {
            Err(unknown("The entry was appended, and it is not known whether it will be kept."))
        }
    }
}
