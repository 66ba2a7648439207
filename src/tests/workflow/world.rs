//! What the model of the workflow is about: the file, the planes, the wire, the kernel, and what can
//! happen to them.

use aerodb_control::model::action::Stage;

/// Two actions: one alone could not show that one waits for the other.
pub(crate) const ACTIONS: usize = 2;
/// Two control planes: the second stands for a delivery that overtakes, and for a second process
/// that the lock on the data should have kept out.
pub(crate) const PLANES: usize = 2;
/// A way to build it wrong, which the search has to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelBug {
    /// None: as it is built.
    None,
    /// The order is sent before the record that announces it is written.
    SendBeforeRecord,
    /// An order that got no answer is sent again.
    Retry,
    /// That the kernel holds nothing is taken for proof that it never will.
    AbsenceIsProof,
    /// A write is answered before it is durable.
    LazySync,
    /// The freeze is looked at, and not held by the write.
    FreezeLookedAt,
    /// The rule of one open action is looked at by nobody.
    ManyOpen,
    /// Where two operators have to confirm, nobody looks whether they are two.
    SelfApproval,
}

/// Where one control plane is with the action that it works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PlaneStep {
    Idle,
    /// It saw an action that waits, and is about to observe and to record what this operator confirms.
    Looked(usize, usize, Stage),
    /// The confirmation is recorded.
    Confirmed(usize),
    /// The dispatch is recorded; the next thing is the call.
    Dispatched(usize),
    /// The order is out.
    Sent(usize),
    /// The outcome is known here and not recorded.
    Ended(usize, Stage),
}

/// What the kernel holds under an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KernelEntry {
    Nothing,
    Receipt,
    Tombstone,
}

/// What is in the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ModelLedger {
    pub(crate) stage: [Option<Stage>; ACTIONS],
    /// Whether these steps are in the log, now and for ever.
    pub(crate) confirmed: [bool; ACTIONS],
    pub(crate) dispatched: [bool; ACTIONS],
    pub(crate) frozen: bool,
    /// Who confirmed it as the first of two.
    pub(crate) first: [Option<usize>; ACTIONS],
    /// A ghost: something was confirmed while a freeze stood.
    pub(crate) broke_freeze: bool,
    /// A ghost: something was confirmed by one operator where two have to.
    pub(crate) broke_two: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ModelWorld {
    pub(crate) ledger: ModelLedger,
    /// With [`ModelBug::LazySync`], what a stop goes back to.
    pub(crate) durable: Option<ModelLedger>,
    pub(crate) planes: [PlaneStep; PLANES],
    /// Orders under way: which action, and who waits for the answer.
    pub(crate) wire: Vec<(usize, usize)>,
    /// Answers under way, to each plane.
    pub(crate) reply: [Option<Stage>; PLANES],
    pub(crate) held: [KernelEntry; ACTIONS],
    pub(crate) ran: [u8; ACTIONS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelEvent {
    Request(usize, Stage),
    Withdraw(usize),
    Freeze(bool),
    /// A delivery of the confirmation of an operator arrives at a plane: the first, a repetition, a
    /// late one. Operator 0 asked.
    Deliver(usize, usize, usize),
    /// The world moved between the explanation and the confirmation.
    Stale(usize),
    Next(usize),
    SendAgain(usize),
    /// The order reaches the kernel, which runs it or refuses it.
    Arrive(usize, Stage),
    Drop(usize),
    /// The answer is lost, or the kernel failed on the way.
    NoAnswer(usize),
    Settle(usize, usize),
    Find(usize, usize, Stage),
    Sync,
    Stop(usize),
}
