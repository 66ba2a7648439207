//! What a kernel remembers of the orders it was given, so that the audit log can be held against it
//! (C9.5). Reads only.

use crate::model::action::ActionId;
use crate::model::receipt::{Receipt, Tombstone};

/// Most action ids in one page of a kernel's memory.
pub const MEMORY_ROWS_MAX: u32 = 1_000;

/// What a kernel holds under one action id, for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The receipts; more than one only where its own files contradict each other.
    pub receipts: Vec<Receipt>,
    /// The tombstones; more than one only where its own files contradict each other.
    pub tombstones: Vec<Tombstone>,
}

/// How far what can be read of a kernel reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadHorizon {
    /// The newest branch of history that it knows.
    pub branch: u64,
    /// The highest generation that it knows.
    pub generation: u64,
    /// The last position in the log of the most advanced node that can be read.
    pub last: u64,
    /// The last position that the state of that node contains.
    pub applied: u64,
    /// Whether enough nodes can be read that everything acknowledged is on one of them. Otherwise
    /// what is absent is unknown, and no finding (C6.1).
    pub is_whole: bool,
}

/// One page of a kernel's memory, in the order of the bytes of action ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPage {
    /// How far it reaches, the same on every page while nothing changes.
    pub reach: ReadHorizon,
    /// The ids of this page, each with what is held under it.
    pub rows: Vec<(ActionId, Remembered)>,
    /// The key of the next page; absent on the last one.
    pub next_after: Option<ActionId>,
}
