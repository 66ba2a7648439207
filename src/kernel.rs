//! The port to the correctness core: all that the control plane can ask of it (C1.3).
//!
//! A kernel validates everything again itself, and its word is final (C4.2). The port never retries,
//! never waits for a better moment, and never reads a clock. What serves observers holds
//! [`ObserveKernel`] and cannot name a function that changes anything (C10.2).

pub mod embedded;
pub mod memory;
pub mod over;

use crate::model::action::{Action, ActionId};
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::explanation::Checks;
use crate::model::receipt::{KernelRefusal, LedgerRef, Receipt, Tombstone};
use crate::model::spec::KernelSpec;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::watch;

/// What every kernel says of itself that is compiled in: what a terminal knows without asking a server.
pub static COMPILED_IN: [KernelSpec; 1] = [embedded::spec::SPEC];

/// A future that a kernel returns; boxed, because the port is used as a trait object.
pub type KernelFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a kernel is and what it can prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelDescription {
    /// The kind, such as `embedded`.
    pub kind: &'static str,
    /// Which cluster it holds, in words.
    pub cluster: String,
    /// What the kernel did when it started, such as founding a new cluster; a sentence.
    pub start_note: String,
    /// Whether it can resolve an action, or an operator has to record a finding.
    pub can_resolve: bool,
}

/// The kernel cannot be observed now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kernel cannot be observed: {why}")]
pub struct Unobservable {
    /// Why, as a clause.
    pub why: String,
}

/// Why an order has no receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Refused before it changed anything. Final.
    #[error(transparent)]
    Refused(#[from] KernelRefusal),
    /// It may have run: the kernel did not answer, or failed on the way (C7.3).
    #[error("{why}")]
    Unknown {
        /// What is known.
        why: String,
    },
}

/// What came of a request to resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It had run.
    Executed(Receipt),
    /// It had not, and now never can.
    Voided(Tombstone),
}

/// Why an action could not be resolved. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Only a primary can decide, and there is none.
    #[error("{why}")]
    NeedsPrimary {
        /// What was found.
        why: String,
    },
    /// The kernel does not answer.
    #[error(transparent)]
    Unobservable(#[from] Unobservable),
}

/// One action on its way to the kernel. `workflow` makes it from a confirmation whose record is
/// durable, and nothing else does: `tests/source/layers` holds the one place that calls [`Order::new`].
/// It is neither `Clone` nor serialisable, so it is sent at most once.
#[derive(Debug)]
#[must_use = "an order that is dropped was never sent"]
pub struct Order {
    action_id: ActionId,
    action: Action,
    expected_epoch: Option<u64>,
    witness: LedgerRef,
}

impl Order {
    /// Seals an order: the kernel will execute `action` only while its generation is `expected_epoch`,
    /// where that was known when the action was confirmed.
    pub fn new(
        action_id: ActionId,
        action: Action,
        expected_epoch: Option<u64>,
        witness: LedgerRef,
    ) -> Self {
        Self { action_id, action, expected_epoch, witness }
    }

    /// The id, spent with this order.
    #[must_use]
    pub fn action_id(&self) -> ActionId {
        self.action_id
    }

    /// What is to be done.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// The generation that the kernel compares with.
    #[must_use]
    pub fn expected_epoch(&self) -> Option<u64> {
        self.expected_epoch
    }

    /// The record behind the order.
    #[must_use]
    pub fn witness(&self) -> &LedgerRef {
        &self.witness
    }
}

/// What an observer's code can hold: reads only.
pub trait ObserveKernel: Send + Sync + 'static {
    /// What this kernel says of itself: its facts, actions, invariants and words of events. The same in
    /// every run of a version.
    fn spec(&self) -> &'static KernelSpec;

    /// What this kernel is.
    fn describe(&self) -> KernelDescription;

    /// One consistent observation of the whole cluster.
    ///
    /// # Errors
    /// When the kernel does not answer. A node that cannot be read is no error: its facts are unknown.
    fn observe(&self) -> KernelFuture<'_, Result<ClusterState, Unobservable>>;

    /// What the kernel holds under this id. `NoneYet` proves nothing.
    ///
    /// # Errors
    /// When the kernel does not answer.
    fn receipt(&self, action_id: ActionId)
    -> KernelFuture<'_, Result<ReceiptStatus, Unobservable>>;

    /// The kernel's own pre-conditions, effects and limits for an action in a state. Pure: equal
    /// arguments give equal answers (C5.1).
    fn checks(&self, state: &ClusterState, action: &Action) -> Checks;

    /// What can be asked for in a state, with a value for every parameter that somebody would have to
    /// name, in the order of the catalogue. What cannot run now is among it, so that it is shown with
    /// what speaks against it. Pure.
    fn offers(&self, state: &ClusterState) -> Vec<Action>;

    /// One page of what happened in the kernel, newest first: at most `limit` events before a place.
    /// Reads only, and says where events may be missing (C8.1).
    ///
    /// # Errors
    /// When the kernel does not answer.
    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> KernelFuture<'_, Result<EventPage, Unobservable>>;

    /// One page of what it remembers of its orders: receipts and void ids after `after`, in the order
    /// of their bytes, at most [`memory::MEMORY_ROWS_MAX`]. Reads only (C8.3, C9.5).
    ///
    /// # Errors
    /// When the kernel does not answer. A node that cannot be read is no error: the page says whether
    /// what is absent is known to be absent.
    fn memory(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> KernelFuture<'_, Result<memory::MemoryPage, Unobservable>>;

    /// A number that grows when anything observable changes. Passive (C8.3): nobody has to listen.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// What `workflow` alone holds.
pub trait CommandKernel: ObserveKernel {
    /// Executes an order, at most once per action id.
    ///
    /// # Errors
    /// A refusal proves that nothing ran; `Unknown` proves nothing.
    fn apply(&self, order: Order) -> KernelFuture<'_, Result<Receipt, ApplyError>>;

    /// Gets the receipt of an action, or durably voids its id, atomically. Asking again is safe and
    /// gives the same answer.
    ///
    /// # Errors
    /// When only a primary can decide and there is none, or the kernel does not answer.
    fn resolve(&self, action_id: ActionId) -> KernelFuture<'_, Result<Resolution, ResolveError>>;
}
