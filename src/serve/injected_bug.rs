//! Negative controls of the crash campaign: a kernel that is commanded wrongly on purpose.
//!
//! Only a debug build can be told to (see [`crash`](crate::crash)); otherwise the kernel is given
//! back as it came.

use crate::crash::{InjectedBug, has_injected_bug};
use crate::kernel::over::Over;
use crate::kernel::{
    ApplyError, CommandKernel, KernelFuture, Order, PendingOrder, Resolution, ResolveError,
};
use crate::ledger::{Ledger, LedgerError};
use crate::model::action::ActionId;
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::receipt::{LedgerRef, Receipt, Tombstone};
use crate::model::record::Entry;
use crate::model::session::Session;
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
        let (mut action, mut before) = (None, None::<ClusterState>);
        for stored in trail {
            let witness = LedgerRef { seq: stored.record.seq, hash: stored.hash };
            match stored.record.entry {
                Entry::Requested { action: asked, .. } => action = Some(asked),
                Entry::Confirmed { snapshot, .. } => {
                    let bytes = ledger.reader().blob(snapshot)?;
                    before = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
                }
                Entry::Dispatched { session, .. } => {
                    let Some((action, before)) = action.take().zip(before.take()) else { continue };
                    let pending = PendingOrder::new(id, action.into(), Arc::new(before));
                    // What came of it is left to be found.
                    let _ = inner.apply(pending.dispatched(witness), session).await;
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

    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        Box::pin(async move {
            if has_injected_bug(InjectedBug::SendTwice) {
                let (id, request) = (order.action_id(), order.request().clone());
                let (before, witness) = (Arc::clone(order.before()), order.witness().clone());
                let again = PendingOrder::new(id, request, before).dispatched(witness);
                let _ = self.inner.apply(again, session.clone()).await;
            }
            self.inner.apply(order, session).await
        })
    }

    fn resolve<'a>(
        &'a self,
        action_id: ActionId,
        session: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>> {
        Box::pin(async move {
            if !has_injected_bug(InjectedBug::AbsenceIsProof) {
                return self.inner.resolve(action_id, session).await;
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
