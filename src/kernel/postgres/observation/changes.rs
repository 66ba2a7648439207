//! The number that grows when something changed, and the look that finds out what nobody here did.

use super::ClusterObserver;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Counts changes, for whoever listens.
#[derive(Debug)]
pub(super) struct ChangeCounter {
    count: watch::Sender<u64>,
    /// How often is looked while somebody listens.
    every: Option<Duration>,
    /// Whether the task that looks is there.
    looks: AtomicBool,
}

impl ChangeCounter {
    /// Grows with it, from elsewhere.
    pub(super) fn announcer(&self) -> watch::Sender<u64> {
        self.count.clone()
    }

    pub(super) fn new(every: Option<Duration>) -> Self {
        Self { count: watch::Sender::new(0), every, looks: AtomicBool::new(false) }
    }

    pub(super) fn grow(&self) {
        self.count.send_modify(|count| *count += 1);
    }

    #[expect(clippy::disallowed_methods, reason = "it looks again; it begins nothing")]
    pub(super) fn listen(&self, observer: &Arc<ClusterObserver>) -> watch::Receiver<u64> {
        let receiver = self.count.subscribe();
        if let (Some(every), Ok(_)) = (self.every, Handle::try_current())
            && !self.looks.swap(true, Ordering::SeqCst)
        {
            let observer = Arc::downgrade(observer);
            // It ends with the last listener, and with the kernel.
            drop(tokio::spawn(async move {
                let mut last = None;
                loop {
                    tokio::time::sleep(every).await;
                    let Some(observer) = observer.upgrade() else { return };
                    if !observer.changes.is_heard() {
                        return;
                    }
                    let Ok(mut state) = observer.observe().await else { continue };
                    // When it was made is no change.
                    state.observation.id.clear();
                    let seen = (state.facts, state.nodes, state.items);
                    if last.as_ref().is_some_and(|before| *before != seen) {
                        observer.changes.grow();
                    }
                    last = Some(seen);
                }
            }));
        }
        receiver
    }

    /// Whether somebody listens still; where nobody does, the task that asks ends, and the next one who
    /// listens starts another.
    fn is_heard(&self) -> bool {
        if self.count.receiver_count() > 0 {
            return true;
        }
        self.looks.store(false, Ordering::SeqCst);
        // Whoever came in between took the task for one that goes on.
        self.count.receiver_count() > 0 && !self.looks.swap(true, Ordering::SeqCst)
    }
}
