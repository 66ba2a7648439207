//! Negative controls of the crash campaign: a kernel that is commanded wrongly on purpose.
//!
//! Only a debug build can be told to (see [`crash`](crate::crash)); otherwise the kernel is given
//! back as it came.

use crate::crash::{Sabotage, sabotaged};
use crate::kernel::memory::MemoryPage;
use crate::kernel::{
    Answer, ApplyError, CommandKernel, KernelDescription, ObserveKernel, Order, SettleError,
    Settled, Unobservable,
};
use crate::ledger::{Ledger, LedgerError};
use crate::model::action::{Action, ActionId};
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::explanation::Checks;
use crate::model::receipt::{Receipt, Tombstone, Witness};
use crate::model::record::Entry;
use crate::model::spec::KernelSpec;
use std::sync::Arc;
use tokio::sync::watch;

/// The kernel, or a control plane's fault in front of it.
pub(super) async fn over(
    kernel: Arc<dyn CommandKernel>,
    ledger: &Ledger,
) -> Result<Arc<dyn CommandKernel>, LedgerError> {
    if sabotaged(Sabotage::SendAgain) {
        send_again(&*kernel, ledger).await?;
    }
    if sabotaged(Sabotage::SendTwice) || sabotaged(Sabotage::AbsenceIsProof) {
        return Ok(Arc::new(Saboteur { inner: kernel }));
    }
    Ok(kernel)
}

/// Sends what an earlier process left open, as a program does that rolls forward.
async fn send_again(inner: &dyn CommandKernel, ledger: &Ledger) -> Result<(), LedgerError> {
    for (id, _) in ledger.reader().open_actions()? {
        let trail = ledger.reader().steps(id)?;
        let mut action = None;
        for stored in trail {
            let witness = Witness { seq: stored.record.seq, hash: stored.hash };
            match (stored.record.entry, &action) {
                (Entry::Requested { action: asked, .. }, _) => action = Some(asked),
                (Entry::Dispatched { expected_epoch }, Some(asked)) => {
                    let order = Order::new(id, asked.clone(), expected_epoch, witness);
                    // What came of it is left to be found.
                    let _ = inner.apply(order).await;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

struct Saboteur {
    inner: Arc<dyn CommandKernel>,
}

impl ObserveKernel for Saboteur {
    fn spec(&self) -> &'static KernelSpec {
        self.inner.spec()
    }

    fn offers(&self, state: &ClusterState) -> Vec<Action> {
        self.inner.offers(state)
    }

    fn describe(&self) -> KernelDescription {
        self.inner.describe()
    }

    fn observe(&self) -> Answer<'_, Result<ClusterState, Unobservable>> {
        self.inner.observe()
    }

    fn receipt(&self, action_id: ActionId) -> Answer<'_, Result<ReceiptStatus, Unobservable>> {
        self.inner.receipt(action_id)
    }

    fn checks(&self, state: &ClusterState, action: &Action) -> Checks {
        self.inner.checks(state, action)
    }

    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> Answer<'_, Result<EventPage, Unobservable>> {
        self.inner.events(before, limit)
    }

    fn memory(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> Answer<'_, Result<MemoryPage, Unobservable>> {
        self.inner.memory(after, limit)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes()
    }
}

impl CommandKernel for Saboteur {
    fn apply(&self, order: Order) -> Answer<'_, Result<Receipt, ApplyError>> {
        Box::pin(async move {
            if sabotaged(Sabotage::SendTwice) {
                let (id, action) = (order.action_id(), order.action().clone());
                let again = Order::new(id, action, order.expected_epoch(), order.witness().clone());
                let _ = self.inner.apply(again).await;
            }
            self.inner.apply(order).await
        })
    }

    fn settle(&self, action_id: ActionId) -> Answer<'_, Result<Settled, SettleError>> {
        Box::pin(async move {
            if !sabotaged(Sabotage::AbsenceIsProof) {
                return self.inner.settle(action_id).await;
            }
            Ok(match self.inner.receipt(action_id).await? {
                ReceiptStatus::Executed { receipt } => Settled::Executed(receipt),
                ReceiptStatus::Voided { tombstone } => Settled::Voided(tombstone),
                ReceiptStatus::NoneYet { .. } => Settled::Voided(Tombstone {
                    action_id,
                    voided_at: self.inner.observe().await?.observation.observed_at,
                    result: "The kernel has no receipt.".to_owned(),
                }),
            })
        })
    }
}
