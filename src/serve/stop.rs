//! What asks the server to stop or to read its files again: the signals of a service manager and of a
//! terminal.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask the server to stop.
pub(super) struct Stop {
    term: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Listens from now on: what comes before somebody waits is not lost.
    pub(super) fn new() -> Self {
        let listen = |kind| signal(kind).expect("a signal handler can be installed");
        Self { term: listen(SignalKind::terminate()), interrupt: listen(SignalKind::interrupt()) }
    }

    /// Waits for one of them.
    pub(super) async fn told(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The signal that asks the server to read its files again.
pub(super) struct Reload(Signal);

impl Reload {
    /// Listens from now on: by itself the signal would end the process.
    pub(super) fn new() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Waits for it. Several that come at once are one.
    pub(super) async fn told(&mut self) {
        self.0.recv().await;
    }
}
