//! Time that stands still until a test moves it, and random bytes that are the same in every run.

use aerodb_control::model::ambient::{Clock, Entropy, Timestamp};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A clock that a test moves.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at the first minute of 2026.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_767_225_660_000)))
    }

    /// Puts the clock forward or back.
    pub fn jump_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Moves time forward.
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn name(&self) -> &'static str {
        "test clock"
    }
}

/// Bytes from a counter: different every time, and the same in every run.
#[derive(Default)]
pub struct CountedEntropy(AtomicU64);

impl Entropy for CountedEntropy {
    fn bytes(&self) -> [u8; 32] {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        Sha256::digest(number.to_be_bytes()).into()
    }
}
