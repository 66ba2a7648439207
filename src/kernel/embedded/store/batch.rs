//! What one turn of a node writes, in one transaction.

use raft::eraftpb::{Entry, HardState, Snapshot};

/// Everything that one turn of a node writes.
#[derive(Debug, Default)]
pub struct Batch {
    /// The whole state, from a primary that has given back the entries that led to it.
    pub snapshot: Option<Snapshot>,
    /// Entries to append. They replace everything from the first of their positions on.
    pub entries: Vec<Entry>,
    /// The promises, where they changed.
    pub hard_state: Option<HardState>,
    /// The position up to which entries are committed, where that alone changed.
    pub committed: Option<u64>,
    /// Committed entries to apply, in order.
    pub apply: Vec<Entry>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.snapshot.is_none()
            && self.entries.is_empty()
            && self.hard_state.is_none()
            && self.committed.is_none()
            && self.apply.is_empty()
    }
}
