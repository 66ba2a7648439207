//! What happened: what orders did, kept with their receipts, and what an observation found to differ from
//! the one before it. Between two observations nobody looks, and every page says so (C8.1).

use super::PostgresKernel;
use super::command::PostgresAction as Action;
use super::journal::NewEvent;
use super::spec::facts as key;
use super::spec::{PostgresEvent, SPEC};
use crate::kernel::Unobservable;
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::event::{EventPage, EventPlace, KernelEvent};
use crate::model::facts::Position;
use crate::model::receipt::KernelRefusal;
use crate::model::spec::{PRIMARY, REACHABLE};

/// What is said of every page.
const GAP: &str = "What happened between two observations, and what the servers did by themselves, is not \
     recorded: it is seen where an observation differs from the one before it.";

/// What kind of event the execution of an action is.
pub(super) fn kind_of(action: &Action) -> PostgresEvent {
    match action {
        Action::Promote { .. } => PostgresEvent::TimelineBegan,
        Action::StopLogins { .. } => PostgresEvent::LoginsStopped,
        Action::ResumeLogins { .. } => PostgresEvent::LoginsResumed,
        Action::EndSessions { .. }
        | Action::TerminateSession { .. }
        | Action::CancelQuery { .. } => PostgresEvent::SessionsEnded,
        Action::MarkBarrier { .. } => PostgresEvent::BarrierMarked,
        Action::MarkBranch { .. } => PostgresEvent::BranchNamed,
        Action::DeclareSyncContract { .. } => PostgresEvent::ContractDeclared,
        Action::WithdrawSyncContract { .. } => PostgresEvent::ContractWithdrawn,
        Action::WriteSyncStandbys { .. }
        | Action::WriteUpstream { .. }
        | Action::WriteSetting { .. } => PostgresEvent::SettingsWritten,
        Action::Reload { .. } => PostgresEvent::SettingsLoaded,
        Action::PauseReplay { .. } => PostgresEvent::ReplayPaused,
        Action::ResumeReplay { .. } => PostgresEvent::ReplayResumed,
        Action::CreateSlot { .. } => PostgresEvent::SlotCreated,
        Action::DropSlot { .. } => PostgresEvent::SlotDropped,
        Action::Checkpoint { .. } => PostgresEvent::CheckpointDone,
        Action::SwitchWal { .. } => PostgresEvent::WalSwitched,
        Action::CreateRestorePoint { .. } => PostgresEvent::RestorePointCreated,
        Action::CreateBackup { .. } => PostgresEvent::BackupCreated,
        Action::VerifyNode { .. } => PostgresEvent::NodeVerified,
    }
}

/// That an order was refused after it was accepted.
pub(super) fn refused(
    action: &Action,
    id: ActionId,
    at: Timestamp,
    why: &KernelRefusal,
) -> NewEvent {
    NewEvent {
        position: None,
        at,
        kind: PostgresEvent::OrderRefused.kind(),
        node: Some(action.node().clone()),
        action_id: Some(id),
        sentence: why.sentence.clone(),
    }
}

/// That the kernel was started.
pub(super) fn started(at: Timestamp, last: Option<&KernelEvent>) -> NewEvent {
    let sentence = match last {
        None => "The kernel was started for the first time.".to_owned(),
        Some(event) => format!(
            "The kernel was started; the last event before is of {}, and what happened between is not \
             recorded.",
            event.at
        ),
    };
    let kind = PostgresEvent::Started.kind();
    NewEvent { position: None, at, kind, node: None, action_id: None, sentence }
}

/// What an observation shows that the one before it did not, and that no order of this control plane is
/// known to have done: nodes and primaries lost and regained, and restarts.
pub(super) fn differences(before: &ClusterState, now: &ClusterState) -> Vec<NewEvent> {
    let mut found = Vec::new();
    let mut add = |kind: PostgresEvent, node: Option<&NodeState>, sentence: String| {
        found.push(NewEvent {
            position: end(now),
            at: now.observation.observed_at,
            kind: kind.kind(),
            node: node.map(|node| node.id.clone()),
            action_id: None,
            sentence,
        });
    };
    for node in &now.nodes {
        let Some(then) = before.node(&node.id) else { continue };
        let reach = |node: &NodeState| node.facts.flag(REACHABLE).known().copied();
        match (reach(then), reach(node)) {
            (Some(true), Some(false)) => {
                let why = node.facts.text(key::UNREACHABLE_WHY).word(Clone::clone);
                add(
                    PostgresEvent::NodeLost,
                    Some(node),
                    format!("{} does not answer: {why}.", node.id),
                );
            }
            (Some(false), Some(true)) => {
                add(PostgresEvent::NodeRegained, Some(node), format!("{} answers again.", node.id));
            }
            _ => {}
        }
        let began = |node: &NodeState| node.facts.text(key::STARTED).known().cloned();
        if let (Some(then), Some(now)) = (began(then), began(node))
            && then != now
        {
            let sentence =
                format!("The server processes of {} are of {now}, and were of {then}.", node.id);
            add(PostgresEvent::NodeRestarted, Some(node), sentence);
        }
    }
    let primary = |state: &ClusterState| state.facts.node_or_none(PRIMARY).known().cloned();
    match (primary(before), primary(now)) {
        (Some(Some(then)), Some(None)) => {
            add(
                PostgresEvent::PrimaryLost,
                now.node(&then),
                format!("Nobody is primary; {then} was."),
            );
        }
        (Some(None), Some(Some(now_primary))) => {
            let sentence = format!("{now_primary} answers that it is primary.");
            add(PostgresEvent::PrimaryRegained, now.node(&now_primary), sentence);
        }
        _ => {}
    }
    let primaries = |state: &ClusterState| {
        state.facts.names(key::PRIMARIES).known().map(Vec::len).unwrap_or_default()
    };
    if primaries(before) < 2 && primaries(now) >= 2 {
        let names = now.facts.names(key::PRIMARIES).word(|names| names.join(", "));
        add(PostgresEvent::SecondPrimary, None, format!("More than one node is primary: {names}."));
    }
    found
}

/// The furthest end of the WAL on the highest timeline that can be read.
pub(super) fn end(state: &ClusterState) -> Option<Position> {
    let of = |node: &NodeState| node.facts.position(SPEC.position.end).known().copied();
    state.nodes.iter().filter_map(of).max_by_key(|at| (at.branch, at.offset))
}

impl PostgresKernel {
    /// One page of what happened, newest first.
    pub(super) async fn event_page(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> Result<EventPage, Unobservable> {
        let more = limit.saturating_add(1);
        let mut events = self.journal.events(before, more).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_more = events.len() > limit;
        events.truncate(limit);
        let next_before = events.last().filter(|_| is_more).map(|event| event.place);
        Ok(EventPage { events, next_before, gap: Some(GAP.to_owned()) })
    }

    /// Keeps what this observation shows that the one before it did not. The first one after a start is
    /// compared with nothing.
    pub(super) async fn note_differences(&self, now: &ClusterState) -> Result<(), Unobservable> {
        let mut seen = self.seen.lock().await;
        let events = match seen.as_ref() {
            Some(before) if before.observation.observed_at <= now.observation.observed_at => {
                differences(before, now)
            }
            Some(_) | None => Vec::new(),
        };
        if self.held.is_none() {
            self.journal.keep_events(events).await?;
        }
        *seen = Some(now.clone());
        Ok(())
    }
}
