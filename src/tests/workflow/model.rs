//! The workflow as a state machine that can be searched whole: two actions, two control planes on one
//! ledger, an order that is delayed or lost, a kernel that runs, refuses or voids, stops anywhere.
//!
//! Every write asks [`Stage::next`], the table that the database holds too, so the model cannot have
//! steps of its own. What is modelled beside it: the order of the writes in `workflow::confirm`, the
//! rule of one open action, the freeze, the second operator, and the kernel's promise of one execution per id. Not
//! modelled: the failover that may be confirmed beside an open action, so that it can be settled.

use crate::workflow::world::{
    ACTIONS, KernelEntry, ModelBug, ModelEvent, ModelLedger, ModelWorld, PLANES, PlaneStep,
};
use aerodb_control::model::action::Stage;
use stateright::{Model, Property};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Most orders under way at once, so that the search ends; only a fault ever sends a second one.
const WIRE_MAX: usize = 2;

/// The model, with the steps that its search has taken.
#[derive(Clone)]
pub(crate) struct WorkflowModel {
    pub(crate) fault: ModelBug,
    pub(crate) can_resolve: bool,
    pub(crate) two_operators: bool,
    pub(crate) taken: Arc<Mutex<BTreeSet<(Stage, Stage)>>>,
}

impl WorkflowModel {
    pub(crate) fn new(fault: ModelBug, can_resolve: bool) -> Self {
        let two_operators = fault == ModelBug::SelfApproval;
        Self { fault, can_resolve, two_operators, taken: Arc::default() }
    }

    /// Where two operators have to confirm every action.
    pub(crate) fn of_two_operators() -> Self {
        Self { two_operators: true, ..Self::new(ModelBug::None, true) }
    }

    /// What this operator's confirmation would be recorded as now; `None` where it may not be.
    fn confirms(&self, world: &ModelWorld, action: usize, operator: usize) -> Option<Stage> {
        let ledger = &world.ledger;
        let is_other =
            ledger.first[action] != Some(operator) || self.fault == ModelBug::SelfApproval;
        match ledger.stage[action] {
            _ if ledger.frozen => None,
            Some(Stage::Explained) if operator == 0 && self.two_operators => {
                Some(Stage::FirstConfirmed)
            }
            Some(Stage::Explained) if operator == 0 => Some(Stage::Confirmed),
            Some(Stage::FirstConfirmed) if is_other => Some(Stage::Confirmed),
            _ => None,
        }
    }

    /// The record of a confirmation: the file holds the rule of two operators too.
    fn confirm(&self, world: &mut ModelWorld, action: usize, operator: usize, to: Stage) -> bool {
        let first = world.ledger.first[action];
        let is_second = to == Stage::Confirmed && self.two_operators;
        let is_same = first == Some(operator) && self.fault != ModelBug::SelfApproval;
        if (is_second && is_same) || !self.write(world, action, &[to]) {
            return false;
        }
        let ledger = &mut world.ledger;
        ledger.broke_two |= is_second && (first.is_none() || first == Some(operator));
        if to == Stage::FirstConfirmed {
            ledger.first[action] = Some(operator);
        }
        true
    }

    /// One transaction of the ledger: whether the file takes it.
    fn write(&self, world: &mut ModelWorld, action: usize, steps: &[Stage]) -> bool {
        let mut next = world.ledger.clone();
        for to in steps {
            let from = next.stage[action];
            if !from.map_or(*to == Stage::Requested, |from| from.next().contains(to)) {
                return false;
            }
            let forbidden =
                matches!(to, Stage::Explained | Stage::FirstConfirmed | Stage::Confirmed);
            let held_back = forbidden && next.frozen;
            if held_back && self.fault != ModelBug::FreezeLookedAt {
                return false;
            }
            next.broke_freeze |= held_back;
            let other = next.stage.iter().flatten().any(|stage| stage.is_open());
            if *to == Stage::Confirmed && other && self.fault != ModelBug::ManyOpen {
                return false;
            }
            if let Some(from) = from {
                self.taken.lock().unwrap().insert((from, *to));
            }
            next.stage[action] = Some(*to);
            next.confirmed[action] |= *to == Stage::Confirmed;
            next.dispatched[action] |= *to == Stage::Dispatched;
        }
        if self.fault == ModelBug::LazySync && world.durable.is_none() {
            world.durable = Some(world.ledger.clone());
        }
        world.ledger = next;
        true
    }

    fn send(world: &mut ModelWorld, plane: usize, action: usize) {
        world.wire.push((action, plane));
        world.wire.sort_unstable();
        world.planes[plane] = PlaneStep::Sent(action);
    }

    /// What a plane does next by itself.
    fn advance(&self, world: &mut ModelWorld, plane: usize) -> bool {
        let step = world.planes[plane];
        let then = |took: bool, next: PlaneStep| if took { next } else { PlaneStep::Idle };
        match step {
            PlaneStep::Idle => return false,
            PlaneStep::Looked(action, operator, to) => {
                let took = self.confirm(world, action, operator, to);
                let goes_on = took && to == Stage::Confirmed;
                world.planes[plane] = then(goes_on, PlaneStep::Confirmed(action));
            }
            PlaneStep::Confirmed(action) if self.fault == ModelBug::SendBeforeRecord => {
                if world.wire.len() == WIRE_MAX {
                    return false;
                }
                Self::send(world, plane, action);
            }
            PlaneStep::Confirmed(action) => {
                let took = self.write(world, action, &[Stage::Dispatched]);
                world.planes[plane] = then(took, PlaneStep::Dispatched(action));
            }
            PlaneStep::Dispatched(action) => {
                if world.wire.len() == WIRE_MAX {
                    return false;
                }
                Self::send(world, plane, action);
            }
            PlaneStep::Sent(action) => {
                let Some(outcome) = world.reply[plane].take() else { return false };
                world.planes[plane] = PlaneStep::Ended(action, outcome);
            }
            PlaneStep::Ended(action, outcome) => {
                let late = self.fault == ModelBug::SendBeforeRecord;
                let took = late && self.write(world, action, &[Stage::Dispatched, outcome]);
                if !took {
                    // Where another delivery closed the action first, the file refuses the step.
                    self.write(world, action, &[outcome]);
                }
                world.planes[plane] = PlaneStep::Idle;
            }
        }
        true
    }

    /// The kernel's part: at most one execution per id, and none after it was voided.
    fn arrive(world: &mut ModelWorld, at: usize, verdict: Stage) {
        let (action, plane) = world.wire.remove(at);
        let answer = match (world.held[action], verdict) {
            (KernelEntry::Receipt, _) => Stage::Executed,
            (KernelEntry::Nothing, Stage::Executed) => {
                world.held[action] = KernelEntry::Receipt;
                world.ran[action] += 1;
                Stage::Executed
            }
            (KernelEntry::Tombstone | KernelEntry::Nothing, _) => Stage::Refused,
        };
        if world.planes[plane] == PlaneStep::Sent(action) {
            world.reply[plane] = Some(answer);
        }
    }

    /// An operator asks to settle: proof, or void for ever.
    fn resolve(&self, world: &mut ModelWorld, plane: usize, action: usize) {
        let outcome = match world.held[action] {
            KernelEntry::Receipt => Stage::Executed,
            KernelEntry::Tombstone => Stage::Voided,
            KernelEntry::Nothing => {
                if self.fault != ModelBug::AbsenceIsProof {
                    world.held[action] = KernelEntry::Tombstone;
                }
                Stage::Voided
            }
        };
        world.planes[plane] = PlaneStep::Ended(action, outcome);
    }
}

impl Model for WorkflowModel {
    type State = ModelWorld;
    type Action = ModelEvent;

    fn init_states(&self) -> Vec<ModelWorld> {
        let ledger = ModelLedger {
            stage: [None; ACTIONS],
            confirmed: [false; ACTIONS],
            dispatched: [false; ACTIONS],
            frozen: false,
            first: [None; ACTIONS],
            broke_freeze: false,
            broke_two: false,
        };
        vec![ModelWorld {
            ledger,
            durable: None,
            planes: [PlaneStep::Idle; PLANES],
            wire: Vec::new(),
            reply: [None; PLANES],
            held: [KernelEntry::Nothing; ACTIONS],
            ran: [0; ACTIONS],
        }]
    }

    fn actions(&self, world: &ModelWorld, events: &mut Vec<ModelEvent>) {
        events.push(ModelEvent::Freeze(!world.ledger.frozen));
        for action in 0..ACTIONS {
            let stage = world.ledger.stage[action];
            events.extend(
                [Stage::Explained, Stage::Rejected]
                    .map(|verdict| ModelEvent::Request(action, verdict)),
            );
            events.push(ModelEvent::Withdraw(action));
            for plane in (0..PLANES).filter(|plane| world.planes[*plane] == PlaneStep::Idle) {
                let operators = if self.two_operators { 0..2 } else { 0..1 };
                events.extend(operators.map(|who| ModelEvent::Deliver(plane, action, who)));
                if stage.is_some_and(Stage::is_open) {
                    if self.can_resolve {
                        events.push(ModelEvent::Settle(plane, action));
                    } else {
                        let found = [Stage::FoundExecuted, Stage::FoundNotExecuted];
                        events.extend(found.map(|found| ModelEvent::Find(plane, action, found)));
                    }
                }
            }
        }
        for plane in 0..PLANES {
            events.extend([
                ModelEvent::Stale(plane),
                ModelEvent::Next(plane),
                ModelEvent::NoAnswer(plane),
            ]);
            events.push(ModelEvent::Stop(plane));
            if self.fault == ModelBug::Retry {
                events.push(ModelEvent::SendAgain(plane));
            }
        }
        for at in 0..world.wire.len() {
            events.extend([Stage::Executed, Stage::Refused].map(|end| ModelEvent::Arrive(at, end)));
            events.push(ModelEvent::Drop(at));
        }
        if world.durable.is_some() {
            events.push(ModelEvent::Sync);
        }
    }

    fn next_state(&self, last: &ModelWorld, event: ModelEvent) -> Option<ModelWorld> {
        let mut world = last.clone();
        let happened = match event {
            ModelEvent::Request(action, verdict) => {
                self.write(&mut world, action, &[Stage::Requested, verdict])
            }
            ModelEvent::Withdraw(action) => self.write(&mut world, action, &[Stage::Withdrawn]),
            ModelEvent::Freeze(frozen) => {
                world.ledger.frozen = frozen;
                true
            }
            // Anything else is a repetition, answered with the action as it stands, or is refused.
            ModelEvent::Deliver(plane, action, operator) => {
                let to = self.confirms(&world, action, operator);
                world.planes[plane] =
                    to.map_or(PlaneStep::Idle, |to| PlaneStep::Looked(action, operator, to));
                to.is_some()
            }
            ModelEvent::Stale(plane) => match world.planes[plane] {
                PlaneStep::Looked(action, ..) => {
                    world.planes[plane] = PlaneStep::Idle;
                    self.write(&mut world, action, &[Stage::Stale])
                }
                _ => false,
            },
            ModelEvent::Next(plane) => self.advance(&mut world, plane),
            ModelEvent::SendAgain(plane) => match world.planes[plane] {
                PlaneStep::Sent(action) if world.wire.len() < WIRE_MAX => {
                    Self::send(&mut world, plane, action);
                    true
                }
                _ => false,
            },
            ModelEvent::Arrive(at, verdict) => {
                Self::arrive(&mut world, at, verdict);
                true
            }
            ModelEvent::Drop(at) => {
                world.wire.remove(at);
                true
            }
            ModelEvent::NoAnswer(plane) => match world.planes[plane] {
                PlaneStep::Sent(action) => {
                    world.reply[plane] = None;
                    world.planes[plane] = PlaneStep::Ended(action, Stage::Unknown);
                    true
                }
                _ => false,
            },
            ModelEvent::Settle(plane, action) => {
                self.resolve(&mut world, plane, action);
                true
            }
            ModelEvent::Find(_, action, found) => {
                // Taken only where the kernel holds no proof.
                world.held[action] == KernelEntry::Nothing
                    && self.write(&mut world, action, &[found])
            }
            ModelEvent::Sync => world.durable.take().is_some(),
            ModelEvent::Stop(plane) => {
                world.planes[plane] = PlaneStep::Idle;
                world.reply[plane] = None;
                if let Some(durable) = world.durable.take() {
                    world.ledger = ModelLedger { frozen: world.ledger.frozen, ..durable };
                }
                true
            }
        };
        (happened && world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        crate::workflow::check::properties()
    }
}
