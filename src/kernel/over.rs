//! A kernel in front of another: what it does not do in its own way, the one behind it does.
//!
//! For planted faults and for tests; a whole kernel implements the port itself.

use super::memory::MemoryPage;
use super::{
    ApplyError, CommandKernel, KernelDescription, KernelFuture, ObserveKernel, Order, PendingOrder,
    Resolution, ResolveError, Unobservable,
};
use crate::model::action::{Action, ActionId};
use crate::model::attestation::Request;
use crate::model::checklist::ChecklistRow;
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::explanation::Checks;
use crate::model::receipt::Receipt;
use crate::model::session::Session;
use crate::model::spec::KernelSpec;
use crate::model::text::NodeId;
use tokio::sync::watch;

/// The port, with an answer of the kernel behind for each question.
pub trait Over: Send + Sync + 'static {
    /// The kernel behind.
    fn inner(&self) -> &dyn CommandKernel;

    /// [`ObserveKernel::spec`].
    fn spec(&self) -> &'static KernelSpec {
        self.inner().spec()
    }

    /// [`ObserveKernel::offers`].
    fn offers(&self, state: &ClusterState) -> Vec<Action> {
        self.inner().offers(state)
    }

    /// [`ObserveKernel::describe`].
    fn describe(&self) -> KernelDescription {
        self.inner().describe()
    }

    /// [`ObserveKernel::observe`].
    fn observe(&self) -> KernelFuture<'_, Result<ClusterState, Unobservable>> {
        self.inner().observe()
    }

    /// [`ObserveKernel::receipt`].
    fn receipt(
        &self,
        action_id: ActionId,
    ) -> KernelFuture<'_, Result<ReceiptStatus, Unobservable>> {
        self.inner().receipt(action_id)
    }

    /// [`ObserveKernel::checks`].
    fn checks(&self, state: &ClusterState, request: &Request) -> Checks {
        self.inner().checks(state, request)
    }

    /// [`ObserveKernel::checklist`].
    fn checklist(&self, state: &ClusterState, key: &str, node: &NodeId) -> Vec<ChecklistRow> {
        self.inner().checklist(state, key, node)
    }

    /// [`ObserveKernel::events`].
    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> KernelFuture<'_, Result<EventPage, Unobservable>> {
        self.inner().events(before, limit)
    }

    /// [`ObserveKernel::memory`].
    fn memory(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> KernelFuture<'_, Result<MemoryPage, Unobservable>> {
        self.inner().memory(after, limit)
    }

    /// [`ObserveKernel::changes`].
    fn changes(&self) -> watch::Receiver<u64> {
        self.inner().changes()
    }

    /// [`CommandKernel::open`].
    fn open<'a>(
        &'a self,
        pending: &'a PendingOrder,
    ) -> KernelFuture<'a, Result<Session, ApplyError>> {
        self.inner().open(pending)
    }

    /// [`CommandKernel::apply`].
    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        self.inner().apply(order, session)
    }

    /// [`CommandKernel::resolve`].
    fn resolve<'a>(
        &'a self,
        action_id: ActionId,
        session: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>> {
        self.inner().resolve(action_id, session)
    }
}

impl<K: Over> ObserveKernel for K {
    fn spec(&self) -> &'static KernelSpec {
        Over::spec(self)
    }

    fn offers(&self, state: &ClusterState) -> Vec<Action> {
        Over::offers(self, state)
    }

    fn describe(&self) -> KernelDescription {
        Over::describe(self)
    }

    fn observe(&self) -> KernelFuture<'_, Result<ClusterState, Unobservable>> {
        Over::observe(self)
    }

    fn receipt(
        &self,
        action_id: ActionId,
    ) -> KernelFuture<'_, Result<ReceiptStatus, Unobservable>> {
        Over::receipt(self, action_id)
    }

    fn checks(&self, state: &ClusterState, request: &Request) -> Checks {
        Over::checks(self, state, request)
    }

    fn checklist(&self, state: &ClusterState, key: &str, node: &NodeId) -> Vec<ChecklistRow> {
        Over::checklist(self, state, key, node)
    }

    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> KernelFuture<'_, Result<EventPage, Unobservable>> {
        Over::events(self, before, limit)
    }

    fn memory(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> KernelFuture<'_, Result<MemoryPage, Unobservable>> {
        Over::memory(self, after, limit)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        Over::changes(self)
    }
}

impl<K: Over> CommandKernel for K {
    fn open<'a>(
        &'a self,
        pending: &'a PendingOrder,
    ) -> KernelFuture<'a, Result<Session, ApplyError>> {
        Over::open(self, pending)
    }

    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        Over::apply(self, order, session)
    }

    fn resolve<'a>(
        &'a self,
        action_id: ActionId,
        session: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>> {
        Over::resolve(self, action_id, session)
    }
}
