//! How far a kernel is with an action that takes long.

use crate::model::action::ActionId;
use crate::model::progress::{Progress, Unit};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How far a work is: written by who does it, read by who observes.
pub struct ProgressReporter {
    action_id: Option<ActionId>,
    /// Told at every whole percent.
    announce: Option<watch::Sender<u64>>,
    progress: Mutex<Option<Progress>>,
}

impl fmt::Debug for ProgressReporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("progress", &self.read()).finish_non_exhaustive()
    }
}

impl ProgressReporter {
    /// A meter of the work of an action. `announce` grows as the work goes on.
    pub(in crate::kernel) fn new(
        action_id: ActionId,
        announce: Option<watch::Sender<u64>>,
    ) -> Self {
        Self { action_id: Some(action_id), announce, progress: Mutex::new(None) }
    }

    /// The action whose work it is.
    pub(in crate::kernel) fn action_id(&self) -> Option<ActionId> {
        self.action_id
    }

    /// A meter that nobody reads.
    #[must_use]
    pub fn unheard() -> Self {
        Self { action_id: None, announce: None, progress: Mutex::new(None) }
    }

    /// How far it is; `None` before the first part begins.
    pub(in crate::kernel) fn read(&self) -> Option<Progress> {
        self.lock().clone()
    }

    /// Whether anybody reads it: counting what there is to do costs time too.
    pub(in crate::kernel) fn is_heard(&self) -> bool {
        self.action_id.is_some()
    }

    /// Begins a part of the work.
    pub(in crate::kernel) fn begin(&self, doing: impl Into<String>, unit: Unit, total: u64) {
        let Some(action_id) = self.action_id else { return };
        let doing = doing.into();
        *self.lock() = Some(Progress { action_id, doing, done: 0, total, unit });
        self.tell();
    }

    /// Counts what was done of this part, up to what there was of it when it began.
    pub(in crate::kernel) fn advance(&self, by: u64) {
        let mut held = self.lock();
        let Some(progress) = held.as_mut() else { return };
        let (before, total) = (progress.done, progress.total.max(1));
        progress.done = progress.total.min(progress.done + by);
        let percent = |done: u64| done.saturating_mul(100) / total;
        let is_news = percent(progress.done) != percent(before);
        drop(held);
        if is_news {
            self.tell();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Progress>> {
        // It is whole after every statement, so a panic elsewhere leaves nothing half done.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        if let Some(announce) = &self.announce {
            announce.send_modify(|number| *number += 1);
        }
    }
}
