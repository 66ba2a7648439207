//! Orders that take long. Those that read much and write no node run beside the kernel, on stores as
//! they were when the order was accepted; a node that is behind is brought up to date in slices
//! (`copying`). Meanwhile the kernel serves everything else but another order.
//!
//! Such an order begins and ends in the kernel's own thread. A stop waits for its end; a kill leaves
//! it without one, to be settled. It is never begun again by itself (C6.3).

use super::backup::{self, BackupError, Manifest, State};
use super::cluster::Cluster;
use super::command::Accepted;
use super::orders::{refusal, unknown};
use super::store::StoreSnapshot;
use super::verify;
use crate::kernel::ApplyError;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
pub use crate::kernel::progress::ProgressReporter;
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::receipt::{KernelRefusal, Receipt};
use crate::model::text::{NodeId, PlaceName};
use std::sync::Arc;

/// What came of an order.
pub(super) type JobResult = Result<Receipt, ApplyError>;

/// What is left to do of an order after it was accepted.
pub(super) struct Job {
    pub(super) action: Action,
    pub(super) meter: Arc<ProgressReporter>,
    run: Box<dyn FnOnce(&ProgressReporter) -> JobResult + Send>,
}

impl Job {
    /// Does it.
    pub(super) fn run(self) -> JobResult {
        (self.run)(&self.meter)
    }
}

/// An order after its beginning.
pub(super) enum Started {
    /// It has ended.
    Ended(JobResult),
    /// It takes long, and runs beside the kernel.
    Long(Job),
    /// It was executed; the node that it is about is being brought up to date.
    Copying(Action, Receipt),
}

impl Cluster {
    /// The refusal of an order while another one is under way.
    pub(super) fn idle(&self) -> Result<(), KernelRefusal> {
        let Some(id) = self.under_way.as_ref().and_then(|meter| meter.action_id()) else {
            return Ok(());
        };
        let sentence = format!("The kernel is working on {id}, and takes one order at a time.");
        Err(KernelRefusal {
            rule: "busy".to_owned(),
            sentence,
            invariants: vec![crate::model::invariant::Invariant::OneAtATime.id()],
        })
    }

    /// Whether this action is under way.
    pub(super) fn is_under_way(&self, id: ActionId) -> bool {
        self.under_way.as_ref().is_some_and(|meter| meter.action_id() == Some(id))
    }

    /// What is left to do to verify a node: it is read as it is now, beside another one.
    pub(super) fn verification(
        &self,
        order: &Accepted,
        id: &NodeId,
        now: Timestamp,
    ) -> impl FnOnce(&ProgressReporter) -> JobResult + Send + 'static {
        let number = self.number(id).expect("the node was checked to be a member");
        let store = self.ensemble.node(number).and_then(|node| node.store());
        let store = store.expect("a node that can be reached runs").snapshot();
        let other = self.reference(number);
        let epoch = self.no_quorum_since().is_none().then(|| self.epoch());
        let (order, id) = (order.clone(), id.clone());
        move |meter| {
            let (result, verification) = verify::verify(&id, store, other, meter);
            let verification = Some(verification);
            Ok(Receipt { verification, ..order.receipt(epoch, now, result) })
        }
    }

    /// What is left to do to write a backup of what the primary has applied, which is all that is
    /// acknowledged.
    pub(super) fn backup(
        &self,
        order: &Accepted,
        name: &PlaceName,
        now: Timestamp,
    ) -> impl FnOnce(&ProgressReporter) -> JobResult + Send + 'static {
        let primary = self.primary().expect("the primary was checked to be alive");
        let store = self.ensemble.node(primary).and_then(|node| node.store());
        let store = store.expect("a primary runs").snapshot();
        let (cluster, founders) = (self.identity.clone(), self.founders);
        let (epoch, dir) = (self.epoch(), self.home.dir.clone());
        let elsewhere = self.metadata.receipts_in_no_log();
        let (order, name) = (order.clone(), name.clone());
        move |meter| {
            let mut renamed = false;
            let read = store.and_then(|store: StoreSnapshot| Ok((store, elsewhere?)));
            let made = read.map_err(BackupError::from).and_then(|(store, elsewhere)| {
                let manifest = |state: State| {
                    let result = format!(
                        "The backup {name} holds everything up to position {}, was read back, and \
                         has the digest {}.",
                        state.about.position, state.digest
                    );
                    let receipt = order.receipt(Some(epoch), now, result);
                    Manifest::new(name.clone(), cluster, founders, state, receipt, elsewhere)
                };
                backup::create(&dir, &name, &store, manifest, meter, &mut renamed)
            });
            match made {
                Ok(Manifest { receipt, .. }) => Ok(receipt),
                Err(error) if renamed => {
                    Err(unknown(&format!("The backup may be there: {error}.")))
                }
                Err(error) => {
                    let why = format!("The kernel refuses: there is no backup, because {error}.");
                    Err(refusal("backup_failed", why, &[]).into())
                }
            }
        }
    }

    /// Puts a work that is left to do on the books: from here on it is under way.
    pub(super) fn under_way(
        &mut self,
        order: &Accepted,
        meter: Arc<ProgressReporter>,
        run: impl FnOnce(&ProgressReporter) -> JobResult + Send + 'static,
    ) -> Started {
        self.under_way = Some(Arc::clone(&meter));
        Started::Long(Job { action: order.action.clone(), meter, run: Box::new(run) })
    }
}

#[cfg(test)]
mod tests;
