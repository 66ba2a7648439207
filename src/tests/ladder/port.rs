//! The ladder behind the port.

use super::SPEC;
use super::actions::LadderCommand;
use super::checks::checks;
use super::invariants::Rule;
use super::state::{LadderLoss, LadderState, n};
use super::view::identity;
use aerodb_control::kernel::memory::{MemoryPage, ReadHorizon, Remembered};
use aerodb_control::kernel::{
    ApplyError, CommandKernel, KernelDescription, KernelFuture, ObserveKernel, Order, Resolution,
    ResolveError, Unobservable,
};
use aerodb_control::model::action::{Action, ActionId};
use aerodb_control::model::cluster::{ClusterState, NodeState, ReceiptStatus};
use aerodb_control::model::event::{EventPage, EventPlace};
use aerodb_control::model::explanation::{Checks, Verdict};
use aerodb_control::model::receipt::{KernelRefusal, Receipt};
use aerodb_control::model::spec::{ActionSpec, KernelSpec, ParameterKind};
use std::collections::BTreeMap;
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

fn refusal(rule: Rule, sentence: String) -> ApplyError {
    ApplyError::Refused(KernelRefusal {
        rule: rule.id().word().to_owned(),
        sentence,
        invariants: vec![rule.id()],
    })
}

fn execute(state: &mut LadderState, order: &Order) -> Result<Receipt, ApplyError> {
    let id = order.action_id();
    if let Some(first) = state.receipts.get(&id) {
        return Ok(Receipt { duplicate: true, ..first.clone() });
    }
    if order.expected_epoch() != Some(state.timeline) {
        let sentence = format!("The cluster is on timeline {}.", state.timeline);
        return Err(refusal(Rule::TimelineUnchanged, sentence));
    }
    let found = checks(&state.observe(), order.action());
    let against: Vec<_> = found.checks.iter().filter(|c| c.verdict != Verdict::Pass).collect();
    if let [first, ..] = against.as_slice() {
        return Err(ApplyError::Refused(KernelRefusal {
            rule: first.invariant.word().to_owned(),
            sentence: format!("Refused: {}", first.statement),
            invariants: against.iter().map(|check| check.invariant).collect(),
        }));
    }
    let command = LadderCommand::of(order.action()).expect("its checks pass");
    let lost = || ApplyError::Unknown { why: "the connection was lost".to_owned() };
    let cut_at = state.loses.take();
    if cut_at == Some(LadderLoss::OnTheWay) {
        return Err(lost());
    }
    let (result, position) = state.run(id, &command);
    if cut_at == Some(LadderLoss::BeforeTheNote) {
        return Err(lost());
    }
    let receipt = Receipt {
        action_id: id,
        action: order.action().clone(),
        epoch: Some(state.timeline),
        position,
        executed_at: state.now(),
        witness: order.witness().clone(),
        result,
        verification: None,
        duplicate: false,
    };
    state.receipts.insert(id, receipt.clone());
    Ok(receipt)
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
        last: state.end(),
        applied: state.end(),
        is_whole: true,
    };
    let later = state.receipts.iter().filter(|(id, _)| after.is_none_or(|after| **id > after));
    let limit = usize::try_from(limit).unwrap();
    let row = |(id, receipt): (&ActionId, &Receipt)| {
        (*id, Remembered { receipts: vec![receipt.clone()], tombstones: Vec::new() })
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
            // What it did not note it can neither prove nor rule out.
            can_resolve: false,
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
            let found = self.state().receipts.get(&action_id).cloned();
            Ok(found.map_or(ReceiptStatus::NoneYet { action_id }, |receipt| {
                ReceiptStatus::Executed { receipt }
            }))
        })
    }

    fn checks(&self, state: &ClusterState, action: &Action) -> Checks {
        checks(state, action)
    }

    fn offers(&self, state: &ClusterState) -> Vec<Action> {
        let of = |entry: &'static ActionSpec| {
            state.nodes.iter().flat_map(move |node| offers(state, entry, node))
        };
        SPEC.actions.iter().flat_map(of).collect()
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
    fn apply(&self, order: Order) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        Box::pin(async move {
            let answer = execute(&mut self.state(), &order);
            // A refusal changed nothing, so nobody hears of it.
            if !matches!(answer, Err(ApplyError::Refused(_))) {
                self.changes.send_modify(|number| *number += 1);
            }
            answer
        })
    }

    fn resolve(&self, action_id: ActionId) -> KernelFuture<'_, Result<Resolution, ResolveError>> {
        Box::pin(async move {
            let found = self.state().receipts.get(&action_id).cloned();
            let why = "it may have run, and nothing was noted".to_owned();
            found.map(Resolution::Executed).ok_or_else(|| Unobservable { why }.into())
        })
    }
}
