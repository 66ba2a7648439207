//! The workflow as a state machine that can be searched whole: two actions, two control planes on one
//! ledger, an order that is delayed or lost, a kernel that runs, refuses or voids, stops anywhere.
//!
//! Every write asks [`Stage::next`], the table that the database holds too, so the model cannot have
//! steps of its own. What is modelled beside it: the order of the writes in `workflow::confirm`, the
//! rule of one open action, the freeze, the second operator, and the kernel's promise of one execution per id. Not
//! modelled: the failover that may be confirmed beside an open action, so that it can be settled.

use crate::workflow_world::{ACTIONS, Event, Fault, Held, Ledger, PLANES, Step, World};
use aerodb_control::model::action::Stage;
use stateright::{Model, Property};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Most orders under way at once, so that the search ends; only a fault ever sends a second one.
const WIRE_MAX: usize = 2;

/// The model, with the steps that its search has taken.
#[derive(Clone)]
pub(crate) struct Workflow {
    pub(crate) fault: Fault,
    pub(crate) can_settle: bool,
    pub(crate) two_operators: bool,
    pub(crate) taken: Arc<Mutex<BTreeSet<(Stage, Stage)>>>,
}

impl Workflow {
    pub(crate) fn new(fault: Fault, can_settle: bool) -> Self {
        let two_operators = fault == Fault::SelfApproval;
        Self { fault, can_settle, two_operators, taken: Arc::default() }
    }

    /// Where two operators have to confirm every action.
    pub(crate) fn of_two_operators() -> Self {
        Self { two_operators: true, ..Self::new(Fault::None, true) }
    }

    /// What this operator's confirmation would be recorded as now; `None` where it may not be.
    fn confirms(&self, world: &World, action: usize, operator: usize) -> Option<Stage> {
        let ledger = &world.ledger;
        let is_other = ledger.first[action] != Some(operator) || self.fault == Fault::SelfApproval;
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
    fn confirm(&self, world: &mut World, action: usize, operator: usize, to: Stage) -> bool {
        let first = world.ledger.first[action];
        let is_second = to == Stage::Confirmed && self.two_operators;
        let is_same = first == Some(operator) && self.fault != Fault::SelfApproval;
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
    fn write(&self, world: &mut World, action: usize, steps: &[Stage]) -> bool {
        let mut next = world.ledger.clone();
        for to in steps {
            let from = next.stage[action];
            if !from.map_or(*to == Stage::Requested, |from| from.next().contains(to)) {
                return false;
            }
            let forbidden =
                matches!(to, Stage::Explained | Stage::FirstConfirmed | Stage::Confirmed);
            let held_back = forbidden && next.frozen;
            if held_back && self.fault != Fault::FreezeLookedAt {
                return false;
            }
            next.broke_freeze |= held_back;
            let other = next.stage.iter().flatten().any(|stage| stage.is_open());
            if *to == Stage::Confirmed && other && self.fault != Fault::ManyOpen {
                return false;
            }
            if let Some(from) = from {
                self.taken.lock().unwrap().insert((from, *to));
            }
            next.stage[action] = Some(*to);
            next.confirmed[action] |= *to == Stage::Confirmed;
            next.dispatched[action] |= *to == Stage::Dispatched;
        }
        if self.fault == Fault::LazySync && world.durable.is_none() {
            world.durable = Some(world.ledger.clone());
        }
        world.ledger = next;
        true
    }

    fn send(world: &mut World, plane: usize, action: usize) {
        world.wire.push((action, plane));
        world.wire.sort_unstable();
        world.planes[plane] = Step::Sent(action);
    }

    /// What a plane does next by itself.
    fn advance(&self, world: &mut World, plane: usize) -> bool {
        let step = world.planes[plane];
        let then = |took: bool, next: Step| if took { next } else { Step::Idle };
        match step {
            Step::Idle => return false,
            Step::Looked(action, operator, to) => {
                let took = self.confirm(world, action, operator, to);
                let goes_on = took && to == Stage::Confirmed;
                world.planes[plane] = then(goes_on, Step::Confirmed(action));
            }
            Step::Confirmed(action) if self.fault == Fault::SendBeforeRecord => {
                if world.wire.len() == WIRE_MAX {
                    return false;
                }
                Self::send(world, plane, action);
            }
            Step::Confirmed(action) => {
                let took = self.write(world, action, &[Stage::Dispatched]);
                world.planes[plane] = then(took, Step::Dispatched(action));
            }
            Step::Dispatched(action) => {
                if world.wire.len() == WIRE_MAX {
                    return false;
                }
                Self::send(world, plane, action);
            }
            Step::Sent(action) => {
                let Some(outcome) = world.reply[plane].take() else { return false };
                world.planes[plane] = Step::Ended(action, outcome);
            }
            Step::Ended(action, outcome) => {
                let late = self.fault == Fault::SendBeforeRecord;
                let took = late && self.write(world, action, &[Stage::Dispatched, outcome]);
                if !took {
                    // Where another delivery closed the action first, the file refuses the step.
                    self.write(world, action, &[outcome]);
                }
                world.planes[plane] = Step::Idle;
            }
        }
        true
    }

    /// The kernel's part: at most one execution per id, and none after it was voided.
    fn arrive(world: &mut World, at: usize, verdict: Stage) {
        let (action, plane) = world.wire.remove(at);
        let answer = match (world.held[action], verdict) {
            (Held::Receipt, _) => Stage::Executed,
            (Held::Nothing, Stage::Executed) => {
                world.held[action] = Held::Receipt;
                world.ran[action] += 1;
                Stage::Executed
            }
            (Held::Tombstone | Held::Nothing, _) => Stage::Refused,
        };
        if world.planes[plane] == Step::Sent(action) {
            world.reply[plane] = Some(answer);
        }
    }

    /// An operator asks to settle: proof, or void for ever.
    fn settle(&self, world: &mut World, plane: usize, action: usize) {
        let outcome = match world.held[action] {
            Held::Receipt => Stage::Executed,
            Held::Tombstone => Stage::Voided,
            Held::Nothing => {
                if self.fault != Fault::AbsenceIsProof {
                    world.held[action] = Held::Tombstone;
                }
                Stage::Voided
            }
        };
        world.planes[plane] = Step::Ended(action, outcome);
    }
}

impl Model for Workflow {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        let ledger = Ledger {
            stage: [None; ACTIONS],
            confirmed: [false; ACTIONS],
            dispatched: [false; ACTIONS],
            frozen: false,
            first: [None; ACTIONS],
            broke_freeze: false,
            broke_two: false,
        };
        vec![World {
            ledger,
            durable: None,
            planes: [Step::Idle; PLANES],
            wire: Vec::new(),
            reply: [None; PLANES],
            held: [Held::Nothing; ACTIONS],
            ran: [0; ACTIONS],
        }]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        events.push(Event::Freeze(!world.ledger.frozen));
        for action in 0..ACTIONS {
            let stage = world.ledger.stage[action];
            events.extend(
                [Stage::Explained, Stage::Rejected].map(|verdict| Event::Request(action, verdict)),
            );
            events.push(Event::Withdraw(action));
            for plane in (0..PLANES).filter(|plane| world.planes[*plane] == Step::Idle) {
                let operators = if self.two_operators { 0..2 } else { 0..1 };
                events.extend(operators.map(|who| Event::Deliver(plane, action, who)));
                if stage.is_some_and(Stage::is_open) {
                    if self.can_settle {
                        events.push(Event::Settle(plane, action));
                    } else {
                        let found = [Stage::FoundExecuted, Stage::FoundNotExecuted];
                        events.extend(found.map(|found| Event::Find(plane, action, found)));
                    }
                }
            }
        }
        for plane in 0..PLANES {
            events.extend([Event::Stale(plane), Event::Next(plane), Event::NoAnswer(plane)]);
            events.push(Event::Stop(plane));
            if self.fault == Fault::Retry {
                events.push(Event::SendAgain(plane));
            }
        }
        for at in 0..world.wire.len() {
            events.extend([Stage::Executed, Stage::Refused].map(|end| Event::Arrive(at, end)));
            events.push(Event::Drop(at));
        }
        if world.durable.is_some() {
            events.push(Event::Sync);
        }
    }

    fn next_state(&self, last: &World, event: Event) -> Option<World> {
        let mut world = last.clone();
        let happened = match event {
            Event::Request(action, verdict) => {
                self.write(&mut world, action, &[Stage::Requested, verdict])
            }
            Event::Withdraw(action) => self.write(&mut world, action, &[Stage::Withdrawn]),
            Event::Freeze(frozen) => {
                world.ledger.frozen = frozen;
                true
            }
            // Anything else is a repetition, answered with the action as it stands, or is refused.
            Event::Deliver(plane, action, operator) => {
                let to = self.confirms(&world, action, operator);
                world.planes[plane] =
                    to.map_or(Step::Idle, |to| Step::Looked(action, operator, to));
                to.is_some()
            }
            Event::Stale(plane) => match world.planes[plane] {
                Step::Looked(action, ..) => {
                    world.planes[plane] = Step::Idle;
                    self.write(&mut world, action, &[Stage::Stale])
                }
                _ => false,
            },
            Event::Next(plane) => self.advance(&mut world, plane),
            Event::SendAgain(plane) => match world.planes[plane] {
                Step::Sent(action) if world.wire.len() < WIRE_MAX => {
                    Self::send(&mut world, plane, action);
                    true
                }
                _ => false,
            },
            Event::Arrive(at, verdict) => {
                Self::arrive(&mut world, at, verdict);
                true
            }
            Event::Drop(at) => {
                world.wire.remove(at);
                true
            }
            Event::NoAnswer(plane) => match world.planes[plane] {
                Step::Sent(action) => {
                    world.reply[plane] = None;
                    world.planes[plane] = Step::Ended(action, Stage::Unknown);
                    true
                }
                _ => false,
            },
            Event::Settle(plane, action) => {
                self.settle(&mut world, plane, action);
                true
            }
            Event::Find(_, action, found) => {
                // Taken only where the kernel holds no proof.
                world.held[action] == Held::Nothing && self.write(&mut world, action, &[found])
            }
            Event::Sync => world.durable.take().is_some(),
            Event::Stop(plane) => {
                world.planes[plane] = Step::Idle;
                world.reply[plane] = None;
                if let Some(durable) = world.durable.take() {
                    world.ledger = Ledger { frozen: world.ledger.frozen, ..durable };
                }
                true
            }
        };
        (happened && world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        crate::workflow_check::properties()
    }
}
