//! The workflow as a state machine that can be searched whole: two actions, two control planes on one
//! ledger, an order that is delayed or lost, a kernel that runs, refuses or voids, stops anywhere.
//!
//! Every write asks [`Stage::next`], the table that the database holds too, so the model cannot have
//! steps of its own. What is modelled beside it: the order of the writes in `workflow::confirm`, the
//! rule of one open action, the freeze, and the kernel's promise of one execution per id. Not
//! modelled: the failover that may be confirmed beside an open action, so that it can be settled.

use aerodb_control::model::action::Stage;
use stateright::{Model, Property};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Two actions: one alone could not show that one waits for the other.
pub(crate) const ACTIONS: usize = 2;
/// Two control planes: the second stands for a delivery that overtakes, and for a second process
/// that the lock on the data should have kept out.
const PLANES: usize = 2;
/// Most orders under way at once, so that the search ends; only a fault ever sends a second one.
const WIRE_MAX: usize = 2;

/// A way to build it wrong, which the search has to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None: as it is built.
    None,
    /// The order is sent before the record that announces it is written.
    SendBeforeRecord,
    /// An order that got no answer is sent again.
    Retry,
    /// That the kernel holds nothing is taken for proof that it never will.
    AbsenceIsProof,
    /// A write is answered before it is durable.
    LazySync,
    /// The freeze is looked at, and not held by the write.
    FreezeLookedAt,
    /// The rule of one open action is looked at by nobody.
    ManyOpen,
}

/// Where one control plane is with the action that it works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Idle,
    /// It saw an explained action, and is about to observe and to record the confirmation.
    Looked(usize),
    /// The confirmation is recorded.
    Confirmed(usize),
    /// The dispatch is recorded; the next thing is the call.
    Dispatched(usize),
    /// The order is out.
    Sent(usize),
    /// The outcome is known here and not recorded.
    Ended(usize, Stage),
}

/// What the kernel holds under an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Held {
    Nothing,
    Receipt,
    Tombstone,
}

/// What is in the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ledger {
    pub(crate) stage: [Option<Stage>; ACTIONS],
    /// Whether these steps are in the log, now and for ever.
    pub(crate) confirmed: [bool; ACTIONS],
    pub(crate) dispatched: [bool; ACTIONS],
    pub(crate) frozen: bool,
    /// A ghost: something was confirmed while a freeze stood.
    pub(crate) broke_freeze: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) ledger: Ledger,
    /// With [`Fault::LazySync`], what a stop goes back to.
    durable: Option<Ledger>,
    planes: [Step; PLANES],
    /// Orders under way: which action, and who waits for the answer.
    pub(crate) wire: Vec<(usize, usize)>,
    /// Answers under way, to each plane.
    reply: [Option<Stage>; PLANES],
    pub(crate) held: [Held; ACTIONS],
    pub(crate) ran: [u8; ACTIONS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Request(usize, Stage),
    Withdraw(usize),
    Freeze(bool),
    /// A delivery of the confirmation arrives at a plane: the first, a repetition, a late one.
    Deliver(usize, usize),
    /// The world moved between the explanation and the confirmation.
    Stale(usize),
    Next(usize),
    SendAgain(usize),
    /// The order reaches the kernel, which runs it or refuses it.
    Arrive(usize, Stage),
    Drop(usize),
    /// The answer is lost, or the kernel failed on the way.
    NoAnswer(usize),
    Settle(usize, usize),
    Find(usize, usize, Stage),
    Sync,
    Stop(usize),
}

/// The model, with the steps that its search has taken.
#[derive(Clone)]
pub(crate) struct Workflow {
    pub(crate) fault: Fault,
    pub(crate) can_settle: bool,
    pub(crate) taken: Arc<Mutex<BTreeSet<(Stage, Stage)>>>,
}

impl Workflow {
    pub(crate) fn new(fault: Fault, can_settle: bool) -> Self {
        Self { fault, can_settle, taken: Arc::default() }
    }

    /// One transaction of the ledger: whether the file takes it.
    fn write(&self, world: &mut World, action: usize, steps: &[Stage]) -> bool {
        let mut next = world.ledger.clone();
        for to in steps {
            let from = next.stage[action];
            if !from.map_or(*to == Stage::Requested, |from| from.next().contains(to)) {
                return false;
            }
            let held_back = matches!(to, Stage::Explained | Stage::Confirmed) && next.frozen;
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
            Step::Looked(action) => {
                let took = self.write(world, action, &[Stage::Confirmed]);
                world.planes[plane] = then(took, Step::Confirmed(action));
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
            broke_freeze: false,
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
                events.push(Event::Deliver(plane, action));
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
            Event::Deliver(plane, action) => {
                let waits = world.ledger.stage[action] == Some(Stage::Explained);
                world.planes[plane] = Step::Looked(action);
                // Anything else is a repetition, answered with the action as it stands.
                waits && !world.ledger.frozen
            }
            Event::Stale(plane) => match world.planes[plane] {
                Step::Looked(action) => {
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
