//! Negative controls of the crash campaign: a kernel that is commanded wrongly on purpose.
//!
//! Only a debug build can be told to (see [`crash`](crate::crash)); otherwise the kernel is given
//! back as it came.

use crate::crash::{InjectedBug, has_injected_bug};
use crate::kernel::over::Over;
use crate::kernel::{ApplyError, CommandKernel, KernelFuture, Order, Resolution, ResolveError};
use crate::ledger::{Ledger, LedgerError};
use crate::model::action::ActionId;
use crate::model::cluster::ReceiptStatus;
use crate::model::receipt::{LedgerRef, Receipt, Tombstone};
use crate::model::record::Entry;
use std::sync::Arc;

/// The kernel, or a control plane's fault in front of it.
pub(super) async fn over(
    kernel: Arc<dyn CommandKernel>,
    ledger: &Ledger,
) -> Result<Arc<dyn CommandKernel>, LedgerError> {
    if has_injected_bug(InjectedBug::SendAgain) {
        send_again(&*kernel, ledger).await?;
    }
    if has_injected_bug(InjectedBug::SendTwice) || has_injected_bug(InjectedBug::AbsenceIsProof) {
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
            let witness = LedgerRef { seq: stored.record.seq, hash: stored.hash };
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

impl Over for Saboteur {
    fn inner(&self) -> &dyn CommandKernel {
        &*self.inner
    }

    fn apply(&self, order: Order) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        Box::pin(async move {
            if has_injected_bug(InjectedBug::SendTwice) {
                let (id, action) = (order.action_id(), order.action().clone());
                let again = Order::new(id, action, order.expected_epoch(), order.witness().clone());
                let _ = self.inner.apply(again).await;
            }
            self.inner.apply(order).await
        })
    }

    fn resolve(&self, action_id: ActionId) -> KernelFuture<'_, Result<Resolution, ResolveError>> {
        Box::pin(async move {
            if !has_injected_bug(InjectedBug::AbsenceIsProof) {
                return self.inner.resolve(action_id).await;
            }
            Ok(match self.inner.receipt(action_id).await? {
                ReceiptStatus::Executed { receipt } => Resolution::Executed(receipt),
                ReceiptStatus::Voided { tombstone } => Resolution::Voided(tombstone),
                ReceiptStatus::NoneYet { .. } => Resolution::Voided(Tombstone {
                    action_id,
                    voided_at: self.inner.observe().await?.observation.observed_at,
                    result: "The kernel has no receipt.".to_owned(),
                }),
            })
        })
    }
}
