//! What only tests of a debug build switch on: places where the process ends, and faults that the
//! tests have to notice.
//!
//! The environment variable `AERODB_CRASH_AT` names one place, to show what a crash there leaves
//! behind (C6.2). `AERODB_SABOTAGE` names one fault that a control plane could have, to show that
//! the campaign would find it. In a release build there is neither: [`failpoint`] compiles to nothing,
//! and [`has_injected_bug`] to `false`.

/// A fault that the tests have to find. There are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedBug {
    /// The kernel is called before the dispatch is recorded.
    SendFirst,
    /// Every order is sent twice.
    SendTwice,
    /// After a start, what was dispatched and has no end is sent again.
    SendAgain,
    /// That the kernel has no receipt is taken for the proof that nothing ran.
    AbsenceIsProof,
    /// Who acts is looked at when the head of a request is read, and not again.
    AuthorityBeforeBody,
    /// A write is answered before it is on the disk.
    SyncLazily,
    /// A node of the kernel gives a vote and does not keep it.
    ForgetVote,
    /// A receipt is written after the transaction of its effect.
    ReceiptApart,
    /// A node that was cut off, and perhaps replaced as primary, goes on to serve reads.
    StaleServes,
    /// A node of the kernel says that it holds an entry before it is on the disk.
    AnswerEarly,
    /// The kernel opens a database file beside SQLite, and closes it: the lock on the file is gone.
    SecondDescriptor,
    /// A start founds a cluster where a file is missing.
    FoundWhereLost,
    /// A node is used although its files are older than they were.
    OlderNodeAccepted,
    /// The receipts of the kernel are not held against the log at the start.
    ReceiptNotCompared,
}

impl InjectedBug {
    /// Those of the control plane, which the crash campaign finds.
    pub const ALL: [Self; 5] =
        [Self::SendFirst, Self::SendTwice, Self::SendAgain, Self::AbsenceIsProof, Self::SyncLazily];
    /// Those of who may act, which bodies that come late find.
    pub const AUTHORITY: [Self; 1] = [Self::AuthorityBeforeBody];
    /// Those of the kernel, which the simulation finds.
    pub const KERNEL: [Self; 6] = [
        Self::ForgetVote,
        Self::ReceiptApart,
        Self::StaleServes,
        Self::AnswerEarly,
        Self::FoundWhereLost,
        Self::OlderNodeAccepted,
    ];

    /// Those of the files of the kernel, which tests of lost and read files find.
    pub const FILES: [Self; 3] =
        [Self::SecondDescriptor, Self::FoundWhereLost, Self::OlderNodeAccepted];

    /// Its name in `AERODB_SABOTAGE`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SendFirst => "send_first",
            Self::SendTwice => "send_twice",
            Self::SendAgain => "send_again",
            Self::AbsenceIsProof => "absence_is_proof",
            Self::AuthorityBeforeBody => "authority_before_body",
            Self::SyncLazily => "sync_lazily",
            Self::ForgetVote => "forget_vote",
            Self::ReceiptApart => "receipt_apart",
            Self::StaleServes => "stale_serves",
            Self::AnswerEarly => "answer_early",
            Self::SecondDescriptor => "second_descriptor",
            Self::FoundWhereLost => "found_where_lost",
            Self::OlderNodeAccepted => "older_node_accepted",
            Self::ReceiptNotCompared => "receipt_not_compared",
        }
    }
}

/// Ends the process without unwinding or flushing, if `AERODB_CRASH_AT` names this place.
///
/// The names are `room.place`, such as `kernel.accepted`.
#[inline]
pub fn failpoint(name: &str) {
    if cfg!(debug_assertions) && std::env::var_os("AERODB_CRASH_AT").is_some_and(|at| at == name) {
        std::process::abort();
    }
}

/// Whether this process has this fault. Never in a release build.
#[inline]
#[must_use]
pub fn has_injected_bug(fault: InjectedBug) -> bool {
    cfg!(debug_assertions)
        && std::env::var_os("AERODB_SABOTAGE").is_some_and(|name| name == fault.word())
}
