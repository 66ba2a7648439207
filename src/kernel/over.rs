//! A kernel in front of another: what it does not do in its own way, the one behind it does.
//!
//! For planted faults and for tests; a whole kernel implements the port itself.

use super::memory::MemoryPage;
use super::{
    ApplyError, CommandKernel, KernelDescription, KernelFuture, ObserveKernel, Order, Resolution,
    ResolveError, Unobservable,
};
use crate::model::action::{Action, ActionId};
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::explanation::Checks;
use crate::model::receipt::Receipt;
use crate::model::spec::KernelSpec;
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
    fn checks(&self, state: &ClusterState, action: &Action) -> Checks {
        self.inner().checks(state, action)
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

    /// [`CommandKernel::apply`].
    fn apply(&self, order: Order) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        self.inner().apply(order)
    }

    /// [`CommandKernel::resolve`].
    fn resolve(&self, action_id: ActionId) -> KernelFuture<'_, Result<Resolution, ResolveError>> {
        self.inner().resolve(action_id)
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

    fn checks(&self, state: &ClusterState, action: &Action) -> Checks {
        Over::checks(self, state, action)
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
    fn apply(&self, order: Order) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        Over::apply(self, order)
    }

    fn resolve(&self, action_id: ActionId) -> KernelFuture<'_, Result<Resolution, ResolveError>> {
        Over::resolve(self, action_id)
    }
}
