//! Which action is running in this process. One at a time, and never kept on disk: after a stop
//! nothing is running, and what the records then say is the truth.

use crate::model::action::ActionId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Slot {
    /// The action, and how many deliveries about it are being worked on.
    held: Option<(ActionId, usize)>,
    /// Grows whenever the slot is taken, so a reader can tell that nothing ran meanwhile.
    mark: u64,
}

/// The one place that an action has to hold to run (C4.3).
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<Slot>>);

/// A share of the place, given back when it is dropped.
#[must_use = "dropping it gives the place back"]
pub struct Held {
    slot: InFlight,
}

impl InFlight {
    /// Takes the place for an action. Deliveries about the same action share it; the caller puts
    /// them in a queue.
    ///
    /// # Errors
    /// The action that holds it, if that is another one.
    pub fn hold(&self, id: ActionId) -> Result<Held, ActionId> {
        let mut slot = self.lock();
        match &mut slot.held {
            Some((other, _)) if *other != id => Err(*other),
            Some((_, count)) => {
                *count += 1;
                Ok(Held { slot: self.clone() })
            }
            None => {
                slot.held = Some((id, 1));
                slot.mark += 1;
                Ok(Held { slot: self.clone() })
            }
        }
    }

    /// The action that holds the place.
    #[must_use]
    pub fn current(&self) -> Option<ActionId> {
        self.lock().held.map(|(id, _)| id)
    }

    /// Whether this action holds the place.
    #[must_use]
    pub fn is_running(&self, id: ActionId) -> bool {
        self.current() == Some(id)
    }

    /// A mark that stays equal as long as nothing takes the place; `None` while this action holds it.
    #[must_use]
    pub fn quiet_mark(&self, id: ActionId) -> Option<u64> {
        let slot = self.lock();
        let is_held = slot.held.is_some_and(|(held, _)| held == id);
        (!is_held).then_some(slot.mark)
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        // The slot is whole after every statement, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut slot = self.slot.lock();
        slot.held = match slot.held {
            Some((id, count)) if count > 1 => Some((id, count - 1)),
            _ => None,
        };
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
        assert_eq!(before, place.quiet_mark(a));
        drop(place.hold(b));
        assert_ne!(before, place.quiet_mark(a));
        let _held = place.hold(a);
        assert_eq!(place.quiet_mark(a), None);
    }
}
