//! How long things took, for people who watch this process. Nothing is decided by it: no room reads a
//! duration back but the one that prints the figures, and none of them is recorded.

use prometheus_client::metrics::histogram::Histogram;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// Bounds of the buckets, in seconds: from a write to memory to a disk that hangs.
const BOUNDS: [f64; 12] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The durations of one kind of work since the start of the process. Clones count together.
#[derive(Clone, Debug)]
pub struct Durations(Histogram);

impl Default for Durations {
    fn default() -> Self {
        Self(Histogram::new(BOUNDS))
    }
}

impl Durations {
    /// Begins one piece of work.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a duration is shown; nothing is decided by it")]
    pub fn begin(&self) -> RunningTimer<'_> {
        RunningTimer { since: Instant::now(), into: self }
    }

    /// The figures.
    #[must_use]
    pub fn histogram(&self) -> Histogram {
        self.0.clone()
    }
}

/// A piece of work that is not done. One that is dropped before its end is not counted.
#[derive(Debug)]
pub struct RunningTimer<'a> {
    since: Instant,
    into: &'a Durations,
}

impl RunningTimer<'_> {
    /// It is done.
    pub fn done(self) {
        self.into.0.observe(self.since.elapsed().as_secs_f64());
    }
}

/// Until when the certificate of this server is valid, in seconds since 1970. Clones are one value; it
/// changes when another certificate is read.
#[derive(Clone, Debug, Default)]
pub struct CertificateExpiry(Arc<AtomicI64>);

impl CertificateExpiry {
    /// Another certificate is served.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    /// `None` where connections are not encrypted here.
    #[must_use]
    pub fn seconds(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|seconds| *seconds != 0)
    }
}
