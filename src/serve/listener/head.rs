//! The time that the head of a request may take, counted from its first byte: a connection between two
//! requests may be idle for much longer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// The requests of one connection.
#[derive(Default)]
pub(super) struct Requests {
    begun: AtomicU64,
    working: AtomicU64,
}

/// One request that is being worked on, until this is dropped.
pub(super) struct RequestGuard(Arc<Requests>);

impl Requests {
    /// How many are being worked on.
    pub(super) fn working(&self) -> u64 {
        self.working.load(Ordering::SeqCst)
    }

    /// The head of one is there.
    pub(super) fn begin(self: &Arc<Self>) -> RequestGuard {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.working.fetch_add(1, Ordering::SeqCst);
        RequestGuard(Arc::clone(self))
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Ends a connection that began the head of a request and did not bring it to its end in time.
pub(super) struct HeadInTime {
    requests: Arc<Requests>,
    within: Duration,
    /// How many requests had begun when the first byte of this head came, and when it has to be there.
    begun: Option<(u64, Pin<Box<Sleep>>)>,
}

impl HeadInTime {
    pub(super) fn new(requests: Arc<Requests>, within: Duration) -> Self {
        Self { requests, within, begun: None }
    }

    /// Called after each attempt to read from the connection, which is where it is woken.
    #[expect(clippy::disallowed_methods, reason = "a limit ends a connection; it begins nothing")]
    pub(super) fn after_read(
        &mut self,
        has_read: bool,
        context: &mut Context<'_>,
    ) -> io::Result<()> {
        let now = self.requests.begun.load(Ordering::SeqCst);
        if self.begun.as_ref().is_some_and(|(then, _)| *then != now) {
            self.begun = None;
        }
        // What comes while a request is worked on is its body, which has a time of its own.
        if has_read && self.begun.is_none() && self.requests.working() == 0 {
            self.begun = Some((now, Box::pin(sleep(self.within))));
        }
        let mut is_over = |over: &mut Pin<Box<Sleep>>| over.as_mut().poll(context).is_ready();
        if self.begun.as_mut().is_some_and(|(_, over)| is_over(over)) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "a head was not sent in time"));
        }
        Ok(())
    }
}
