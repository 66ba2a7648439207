//! The ladder behind the port.

use super::SPEC;
use super::actions::LadderCommand;
use super::checklist;
use super::checks::checks;
use super::facts::TIMELINE;
use super::invariants::Rule;
use super::session;
use super::state::{LadderLoss, LadderState, n};
use super::view::identity;
use aerodb_control::kernel::memory::{MemoryPage, ReadHorizon, Remembered};
use aerodb_control::kernel::{
    ApplyError, CommandKernel, KernelDescription, KernelFuture, ObserveKernel, Order, PendingOrder,
    Resolution, ResolveError, Unobservable,
};
use aerodb_control::model::action::{Action, ActionId};
use aerodb_control::model::attestation::Request;
use aerodb_control::model::checklist::ChecklistRow;
use aerodb_control::model::cluster::{ClusterState, NodeState, ReceiptStatus};
use aerodb_control::model::event::{EventPage, EventPlace};
use aerodb_control::model::explanation::{Checks, Verdict};
use aerodb_control::model::receipt::{KernelRefusal, Receipt};
use aerodb_control::model::session::Session;
use aerodb_control::model::spec::{ActionSpec, KernelSpec, ParameterKind};
use aerodb_control::model::text::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// The kernel. What it keeps lasts as long as somebody holds it: a restart opens it again.
#[derive(Clone)]
pub(super) struct Ladder {
    state: Arc<Mutex<LadderState>>,
    changes: watch::Sender<u64>,
}

impl Ladder {
    pub(super) fn new() -> Self {
        Self::over(Arc::new(Mutex::new(LadderState::new())))
    }

    fn over(state: Arc<Mutex<LadderState>>) -> Self {
        let ladder = Self { state, changes: watch::Sender::new(0) };
        ladder.change(|state| {
            // What was open ended with the process that opened it.
            state.open = None;
            state.happens("started", None, None, "The kernel was started.".to_owned());
        });
        ladder
    }

    /// The same cluster, opened by another process.
    pub(super) fn restarted(self) -> Self {
        Self::over(self.state)
    }

    fn state(&self) -> MutexGuard<'_, LadderState> {
        self.state.lock().unwrap()
    }

    /// Something happens in the cluster that nobody asked for.
    pub(super) fn change<T>(&self, happens: impl FnOnce(&mut LadderState) -> T) -> T {
        let made = happens(&mut self.state());
        self.changes.send_modify(|number| *number += 1);
        made
    }

    pub(super) fn cut(&self, node: u64) {
        self.change(|state| state.reach(&n(node), false));
    }

    pub(super) fn regain(&self, node: u64) {
        self.change(|state| state.reach(&n(node), true));
    }

    pub(super) fn loses(&self, loss: LadderLoss) {
        self.state().loses = Some(loss);
    }
}

/// A refusal that breaks no invariant of the catalogue.
pub(super) fn refused(rule: &str, sentence: String) -> ApplyError {
    let (rule, invariants) = (rule.to_owned(), Vec::new());
    ApplyError::Refused(KernelRefusal { rule, sentence, invariants })
}

pub(super) fn refusal(rule: Rule, sentence: String) -> ApplyError {
    ApplyError::Refused(KernelRefusal {
        rule: rule.id().word().to_owned(),
        sentence,
        invariants: vec![rule.id()],
    })
}

fn execute(
    state: &mut LadderState,
    order: &Order,
    session: &Session,
) -> Result<Receipt, ApplyError> {
    let id = order.action_id();
    if let Some(first) = state.receipts.get(&id) {
        return Ok(Receipt { duplicate: true, ..first.clone() });
    }
    if let Some(void) = state.voided.get(&id) {
        return Err(refused("voided", format!("This id is void since {}.", void.voided_at)));
    }
    if order.before().facts.number(TIMELINE).known() != Some(&state.timeline) {
        let sentence = format!("The cluster is on timeline {}.", state.timeline);
        return Err(refusal(Rule::TimelineUnchanged, sentence));
    }
    let found = checks(&state.observe(), order.request());
    let against: Vec<_> = found.checks.iter().filter(|c| c.verdict != Verdict::Pass).collect();
    if let [first, ..] = against.as_slice() {
        return Err(ApplyError::Refused(KernelRefusal {
            rule: first.invariant.word().to_owned(),
            sentence: format!("Refused: {}", first.statement),
            invariants: against.iter().map(|check| check.invariant).collect(),
        }));
    }
    if !session::is_its_own(state, order, session) {
        return Err(refused("session_ended", "It came in no session that is open.".to_owned()));
    }
    let command = LadderCommand::of(order.action()).expect("its checks pass");
    let lost = || ApplyError::Unknown { why: "the connection was lost".to_owned() };
    let cut_at = state.loses.take();
    if cut_at == Some(LadderLoss::OnTheWay) {
        return Err(lost());
    }
    let (result, position) = state.run(id, &command);
    state.open = None;
    if cut_at.is_some() && !session.is_none() {
        return Err(lost());
    }
    let receipt = Receipt {
        action_id: id,
        action: order.action().clone(),
        generation: Some(state.timeline),
        position,
        executed_at: state.now(),
        witness: order.witness().clone(),
        result,
        verification: None,
        duplicate: false,
    };
    state.receipts.insert(id, receipt.clone());
    if cut_at.is_some() { Err(lost()) } else { Ok(receipt) }
}

fn page(state: &LadderState, before: Option<EventPlace>, limit: u32) -> EventPage {
    let is_before = |place: EventPlace| before.is_none_or(|before| place < before);
    let found = state.events.iter().rev().filter(|event| is_before(event.place));
    let limit = usize::try_from(limit).unwrap();
    let mut events: Vec<_> = found.take(limit + 1).cloned().collect();
    let has_more = events.len() > limit;
    events.truncate(limit);
    let next_before = events.last().filter(|_| has_more).map(|event| event.place);
    EventPage { events, next_before, gap: None }
}

fn memory(state: &LadderState, after: Option<ActionId>, limit: u32) -> MemoryPage {
    let reach = ReadHorizon {
        branch: state.timeline,
        generation: state.timeline,
        last: state.end(),
        applied: state.end(),
        is_whole: true,
    };
    let ids: BTreeSet<_> = state.receipts.keys().chain(state.voided.keys()).collect();
    let later = ids.into_iter().filter(|id| after.is_none_or(|after| **id > after));
    let limit = usize::try_from(limit).unwrap();
    let row = |id: &ActionId| {
        let receipts = state.receipts.get(id).cloned().into_iter().collect();
        let tombstones = state.voided.get(id).cloned().into_iter().collect();
        (*id, Remembered { receipts, tombstones })
    };
    let mut rows: Vec<_> = later.take(limit + 1).map(row).collect();
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_after = rows.last().filter(|_| has_more).map(|(id, _)| *id);
    MemoryPage { reach, rows, next_after }
}

/// Every action, on every node that it can be about, and every slot of it.
fn offers(state: &ClusterState, entry: &ActionSpec, node: &NodeState) -> Vec<Action> {
    if let Some(action) = entry.on(&node.id) {
        return vec![action];
    }
    let slots = state.items_of(&node.id);
    let of_slot = |item: &aerodb_control::model::cluster::ItemState| {
        let value = |parameter: &aerodb_control::model::spec::ParameterSpec| {
            let value = match parameter.kind {
                ParameterKind::Item { .. } => item.name.clone(),
                _ => node.id.to_string(),
            };
            (parameter.name.to_owned(), value)
        };
        let params: BTreeMap<_, _> = entry.parameters.iter().map(value).collect();
        SPEC.parse(entry.kind.word(), &params).ok()
    };
    slots.filter_map(of_slot).collect()
}

impl ObserveKernel for Ladder {
    fn spec(&self) -> &'static KernelSpec {
        &SPEC
    }

    fn describe(&self) -> KernelDescription {
        let identity = identity();
        KernelDescription {
            kind: "ladder",
            cluster: format!("{} {}", identity.environment, identity.cluster),
            start_note: "it took no node up and down".to_owned(),
            // But for what ran in a session, of which it says that it cannot tell.
            can_resolve: true,
        }
    }

    fn observe(&self) -> KernelFuture<'_, Result<ClusterState, Unobservable>> {
        Box::pin(async { Ok(self.state().observe()) })
    }

    fn receipt(
        &self,
        action_id: ActionId,
    ) -> KernelFuture<'_, Result<ReceiptStatus, Unobservable>> {
        Box::pin(async move {
            let state = self.state();
            let receipt = state.receipts.get(&action_id).cloned();
            let tombstone = state.voided.get(&action_id).cloned();
            Ok(match (receipt, tombstone) {
                (Some(receipt), _) => ReceiptStatus::Executed { receipt },
                (None, Some(tombstone)) => ReceiptStatus::Voided { tombstone },
                (None, None) => ReceiptStatus::NoneYet { action_id },
            })
        })
    }

    fn checks(&self, state: &ClusterState, request: &Request) -> Checks {
        checks(state, request)
    }

    fn offers(&self, state: &ClusterState) -> Vec<Action> {
        let of = |entry: &'static ActionSpec| {
            state.nodes.iter().flat_map(move |node| offers(state, entry, node))
        };
        SPEC.actions.iter().flat_map(of).collect()
    }

    fn checklist(&self, state: &ClusterState, _: &str, node: &NodeId) -> Vec<ChecklistRow> {
        checklist::rows(state, node)
    }

    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> KernelFuture<'_, Result<EventPage, Unobservable>> {
        Box::pin(async move { Ok(page(&self.state(), before, limit)) })
    }

    fn memory(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> KernelFuture<'_, Result<MemoryPage, Unobservable>> {
        Box::pin(async move { Ok(memory(&self.state(), after, limit)) })
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl CommandKernel for Ladder {
    fn open<'a>(
        &'a self,
        pending: &'a PendingOrder,
    ) -> KernelFuture<'a, Result<Session, ApplyError>> {
        Box::pin(async move { session::open(&mut self.state(), pending) })
    }

    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        Box::pin(async move {
            let answer = execute(&mut self.state(), &order, &session);
            // A refusal changed nothing, so nobody hears of it.
            if !matches!(answer, Err(ApplyError::Refused(_))) {
                self.changes.send_modify(|number| *number += 1);
            }
            answer
        })
    }

    fn resolve<'a>(
        &'a self,
        action_id: ActionId,
        session: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>> {
        Box::pin(async move {
            let answer = session::resolve(&mut self.state(), action_id, session);
            if matches!(answer, Ok(Resolution::Voided(_))) {
                self.changes.send_modify(|number| *number += 1);
            }
            answer
        })
    }
}
