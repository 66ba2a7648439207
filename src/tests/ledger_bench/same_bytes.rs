//! What a durable write is compared with: the bytes that it put into a log, written once and synced.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// A file of nothing else, and how much each write put into the log.
pub(crate) struct SameBytes {
    raw: File,
    written: Vec<u64>,
}

impl SameBytes {
    pub(crate) fn beside(dir: &Path) -> Self {
        Self { raw: File::create(dir.join("raw")).unwrap(), written: Vec::new() }
    }

    /// Bytes that a write put into the log, mostly.
    pub(crate) fn typical(&self) -> u64 {
        self.written.get(self.written.len() / 2).copied().unwrap_or(4096)
    }

    /// Notes how a write changed the size of the log, and writes what it mostly is: how long that took.
    pub(crate) fn again(&mut self, before: u64, after: u64) -> Duration {
        // After a checkpoint the file is written from its beginning, and does not grow.
        if after > before {
            self.written.push(after - before);
            self.written.sort_unstable();
        }
        let bytes = vec![0xa5; usize::try_from(self.typical()).unwrap()];
        let begun = Instant::now();
        self.raw.write_all(&bytes).unwrap();
        self.raw.sync_data().unwrap();
        begun.elapsed()
    }
}
