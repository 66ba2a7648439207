//! Which action is running in this process. One at a time, and never kept on disk: after a stop
//! nothing is running, and what the records then say is the truth.

use super::QueryService;
use crate::model::action::ActionId;
use crate::model::progress::Progress;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

#[derive(Default)]
struct Slot {
    /// The action, and how many deliveries about it are being worked on.
    held: Option<(ActionId, usize)>,
    /// Whether the action that holds the place is being executed, by one of those deliveries.
    runs: bool,
    /// Grows whenever an execution begins, so a reader can tell that nothing ran meanwhile.
    mark: u64,
}

impl Slot {
    fn is_running(&self, id: ActionId) -> bool {
        self.runs && self.held.is_some_and(|(held, _)| held == id)
    }
}

/// The one place that an action has to hold to run (C4.3).
#[derive(Clone, Default)]
pub struct InFlight(Arc<ExecutionSlot>);

#[derive(Default)]
struct ExecutionSlot {
    slot: Mutex<Slot>,
    /// The action that was sent to the kernel, takes long, and has not come back.
    sent: watch::Sender<Option<ActionId>>,
}

/// A share of the place, given back when it is dropped.
#[must_use = "dropping it gives the place back"]
pub struct SlotShare {
    slot: InFlight,
}

/// That the action is being executed, until this is dropped.
#[must_use = "dropping it says that nothing is being executed"]
pub struct RunningAction<'a> {
    held: &'a SlotShare,
}

impl SlotShare {
    /// Says that from here on the action is being executed. A delivery that only repeats never says
    /// so: to it, an action that a stop left open is as open as to everybody else (C7.3).
    pub fn run(&self) -> RunningAction<'_> {
        let mut slot = self.slot.lock();
        slot.runs = true;
        slot.mark += 1;
        RunningAction { held: self }
    }
}

impl RunningAction<'_> {
    /// Says that the action was sent and takes long: whoever waits to see it need not wait for its
    /// end.
    pub fn sent_and_takes_long(&self) {
        let held = self.held.slot.lock().held;
        self.held.slot.0.sent.send_replace(held.map(|(id, _)| id));
    }
}

impl Drop for RunningAction<'_> {
    fn drop(&mut self) {
        self.held.slot.lock().runs = false;
        self.held.slot.0.sent.send_replace(None);
    }
}

impl InFlight {
    /// Takes the place for an action. Deliveries about the same action share it; the caller puts
    /// them in a queue.
    ///
    /// # Errors
    /// The action that holds it, if that is another one.
    pub fn hold(&self, id: ActionId) -> Result<SlotShare, ActionId> {
        let mut slot = self.lock();
        match &mut slot.held {
            Some((other, _)) if *other != id => Err(*other),
            Some((_, count)) => {
                *count += 1;
                Ok(SlotShare { slot: self.clone() })
            }
            None => {
                slot.held = Some((id, 1));
                Ok(SlotShare { slot: self.clone() })
            }
        }
    }

    /// Whether this action is being executed.
    #[must_use]
    pub fn is_running(&self, id: ActionId) -> bool {
        self.lock().is_running(id)
    }

    /// The action that is being executed, where one is.
    #[must_use]
    pub fn running(&self) -> Option<ActionId> {
        let slot = self.lock();
        slot.held.map(|(id, _)| id).filter(|id| slot.is_running(*id))
    }

    /// A mark that stays equal as long as no execution begins; `None` while this action runs.
    #[must_use]
    pub fn quiet_mark(&self, id: ActionId) -> Option<u64> {
        let slot = self.lock();
        (!slot.is_running(id)).then_some(slot.mark)
    }

    /// Waits until this action was sent and takes long; for ever where it never does.
    pub async fn sent(&self, id: ActionId) {
        let mut sent = self.0.sent.subscribe();
        // The sender lives as long as we do.
        let _ = sent.wait_for(|sent| *sent == Some(id)).await;
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        // The slot is whole after every statement, so a panic elsewhere leaves nothing half done.
        self.0.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SlotShare {
    fn drop(&mut self) {
        let mut slot = self.slot.lock();
        slot.held = match slot.held {
            Some((id, count)) if count > 1 => Some((id, count - 1)),
            _ => None,
        };
    }
}

impl QueryService {
    /// How far the kernel is with an action that runs here and takes long.
    pub(super) async fn under_way(&self, id: ActionId) -> Option<Progress> {
        if !self.in_flight.is_running(id) {
            return None;
        }
        self.kernel.observe().await.ok()?.under_way.filter(|progress| progress.action_id == id)
    }

    /// Waits until this action was sent to the kernel and takes long; for ever where it never does.
    pub async fn sent_and_takes_long(&self, id: ActionId) {
        self.in_flight.sent(id).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_action_is_told_which_one_holds_the_place() {
        let (a, b) = (ActionId::from_random([1; 16]), ActionId::from_random([2; 16]));
        let place = InFlight::default();
        let first = place.hold(a).map_err(|_| ()).expect("the place is free");
        let again = place.hold(a).map_err(|_| ()).expect("deliveries of one action share it");
        assert_eq!(place.hold(b).map(|_| ()), Err(a));
        drop(first);
        assert_eq!(place.hold(b).map(|_| ()), Err(a));
        drop(again);
        assert!(place.hold(b).is_ok());
    }

    #[test]
    fn a_mark_changes_when_something_ran_between_two_looks() {
        let (a, b) = (ActionId::from_random([1; 16]), ActionId::from_random([2; 16]));
        let place = InFlight::default();
        let before = place.quiet_mark(a);
        let held = place.hold(b).map_err(|_| ()).expect("the place is free");
        assert_eq!(before, place.quiet_mark(a), "to wait is not to run");
        drop(held.run());
        assert_ne!(before, place.quiet_mark(a));
        drop(held);
        let held = place.hold(a).map_err(|_| ()).expect("the place is free");
        assert!(!place.is_running(a));
        let running = held.run();
        assert!(place.is_running(a) && place.quiet_mark(a).is_none());
        drop(running);
        assert!(place.quiet_mark(a).is_some());
    }
}
