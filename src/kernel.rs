//! The port to the correctness core: all that the control plane can ask of it (C1.3).
//!
//! A kernel validates everything again itself, and its word is final (C4.2). The port never retries,
//! never waits for a better moment, and never reads a clock. What serves observers holds
//! [`ObserveKernel`] and cannot name a function that changes anything (C10.2).

pub mod embedded;
pub mod memory;
pub mod over;
pub mod postgres;
pub mod progress;

use crate::model::action::{Action, ActionId};
use crate::model::attestation::{Attested, Request};
use crate::model::checklist::ChecklistRow;
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::explanation::Checks;
use crate::model::receipt::{KernelRefusal, LedgerRef, Receipt, Tombstone};
use crate::model::session::Session;
use crate::model::spec::KernelSpec;
use crate::model::text::NodeId;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::watch;

/// What every kernel says of itself that is compiled in: what a terminal knows without asking a server.
pub static COMPILED_IN: [KernelSpec; 2] = [embedded::spec::SPEC, postgres::spec::SPEC];

/// Judges any request in one state.
pub type Judge<'a> = Box<dyn Fn(&Request) -> Checks + 'a>;

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
    /// It had not, and now never can. Of an action that only reads: nothing came of it, and nothing will.
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
    /// Only the node on which it ran can decide, and it does not answer.
    #[error("{node} does not answer: {why}")]
    NodeUnreachable {
        /// The node.
        node: NodeId,
        /// Why.
        why: String,
    },
    /// Nothing that can be found proves that it ran or that it did not. An operator may record what was
    /// found (C7.3).
    #[error("{why}")]
    CannotTell {
        /// What was found.
        why: String,
    },
    /// The kernel does not answer.
    #[error(transparent)]
    Unobservable(#[from] Unobservable),
}

/// One action whose confirmation is durable, before there is a record that it is sent. `workflow` makes it
/// under the execution lock, and nothing else does: `tests/source/layers` holds the one place that calls
/// [`PendingOrder::new`]. It is neither `Clone` nor serialisable, so at most one [`Order`] comes of it.
#[derive(Debug)]
#[must_use = "an order that is dropped was never sent"]
pub struct PendingOrder {
    action_id: ActionId,
    request: Request,
    before: Arc<ClusterState>,
}

impl PendingOrder {
    /// The order for a request that was confirmed in the state `before`.
    pub fn new(action_id: ActionId, request: Request, before: Arc<ClusterState>) -> Self {
        Self { action_id, request, before }
    }

    /// The order, behind which stands this durable record `dispatched`.
    pub fn dispatched(self, witness: LedgerRef) -> Order {
        Order { pending: self, witness }
    }

    /// The id, spent with this order.
    #[must_use]
    pub fn action_id(&self) -> ActionId {
        self.action_id
    }

    /// What was asked for, with what was attested.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The observation that was made under the execution lock, whose hash the record `confirmed`
    /// names. What the kernel compares with the present is in it; where it is unknown there, nothing is
    /// proven to be as it was (C6.1).
    #[must_use]
    pub fn before(&self) -> &Arc<ClusterState> {
        &self.before
    }
}

/// One action on its way to the kernel, with the durable record that says so. Neither `Clone` nor
/// serialisable, so it is sent at most once.
#[derive(Debug)]
#[must_use = "an order that is dropped was never sent"]
pub struct Order {
    pending: PendingOrder,
    witness: LedgerRef,
}

impl Order {
    /// The id, spent with this order.
    #[must_use]
    pub fn action_id(&self) -> ActionId {
        self.pending.action_id
    }

    /// What is to be done.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.pending.request.action
    }

    /// What was attested when it was asked for.
    #[must_use]
    pub fn attested(&self) -> &Attested {
        &self.pending.request.attested
    }

    /// As [`PendingOrder::request`].
    #[must_use]
    pub fn request(&self) -> &Request {
        self.pending.request()
    }

    /// As [`PendingOrder::before`].
    #[must_use]
    pub fn before(&self) -> &Arc<ClusterState> {
        self.pending.before()
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

    /// The kernel's own pre-conditions, effects and limits for a request in a state. What was attested
    /// with it is evidence that a check may read; where a check needs one that is absent, the check does
    /// not pass, and none makes a check pass that an observation contradicts (C2.5). Pure: equal
    /// arguments give equal answers (C5.1).
    fn checks(&self, state: &ClusterState, request: &Request) -> Checks;

    /// [`ObserveKernel::checks`] of many requests in one state, for a kernel that has something to read
    /// of a state before it judges. Pure.
    fn judge<'a>(&'a self, state: &'a ClusterState) -> Judge<'a> {
        Box::new(move |request| self.checks(state, request))
    }

    /// What can be asked for in a state, with a value for every parameter that somebody would have to
    /// name, in the order of the catalogue. What cannot run now is among it, so that it is shown with
    /// what speaks against it. Pure.
    fn offers(&self, state: &ClusterState) -> Vec<Action>;

    /// The rows of a checklist of the spec for a node, in a state. A kernel whose spec has none is never
    /// asked. Pure.
    fn checklist(&self, _state: &ClusterState, _key: &str, _node: &NodeId) -> Vec<ChecklistRow> {
        Vec::new()
    }

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
    /// Says where an order will run. It changes nothing that an observation shows, and what it opens runs
    /// nothing by itself: where no [`Order`] follows, the kernel gives it up with the next one that it
    /// opens. The session is durable, in the record `dispatched`, before anything is sent.
    ///
    /// # Errors
    /// When there is no place for it to run. Nothing was sent, whatever the error says.
    fn open<'a>(
        &'a self,
        pending: &'a PendingOrder,
    ) -> KernelFuture<'a, Result<Session, ApplyError>>;

    /// Executes an order in the session that was opened for it, at most once per action id.
    ///
    /// # Errors
    /// A refusal proves that nothing ran; `Unknown` proves nothing.
    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>>;

    /// Gets the receipt of an action, or durably voids its id, atomically. The session is that of the
    /// record `dispatched`; it names nothing where there is no such record, and nothing was sent. What
    /// still runs in it is ended first, so that nothing arrives after the answer. Asking again is safe and
    /// gives the same answer.
    ///
    /// # Errors
    /// When only a primary can decide and there is none, the node does not answer, nothing that can be
    /// found proves either, or the kernel does not answer.
    fn resolve<'a>(
        &'a self,
        action_id: ActionId,
        session: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>>;
}
