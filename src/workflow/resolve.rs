//! The two ways to end an action without executing it: taking it back before it is confirmed, and
//! resolving one that a stop left open.

use super::confirm::unrecorded;
use super::{Workflow, wrong_stage};
use crate::authority::Operator;
use crate::crash;
use crate::kernel::{Resolution, ResolveError};
use crate::model::action::ActionId;
use crate::model::answer::ActionAnswer;
use crate::model::cluster::ReceiptStatus;
use crate::model::invariant::Invariant;
use crate::model::receipt::Receipt;
use crate::model::record::{Delivery, Entry, LearnedBy, RESOLVE};
use crate::model::refusal::{Executed, Refusal, RefusalCode};
use crate::model::spec::Catalogue;
use crate::model::text::Reason;
use crate::observe::action_history::ActionHistory;

impl Workflow {
    /// Takes an explained action back, also one that the first of two operators has confirmed. It can never be confirmed afterwards.
    ///
    /// # Errors
    /// `wrong_stage` when it is past that; `not_found`; `audit_unavailable`.
    pub async fn withdraw(
        &self,
        operator: &Operator,
        id: ActionId,
        reason: Reason,
    ) -> Result<ActionAnswer, Refusal> {
        let trail = self.known(operator, id, "withdraw").await?;
        let stage = trail.stage();
        // For another reason it is another request, and not a second delivery (C7.2).
        if trail.withdrawn_because() == Some(&reason) {
            return self.repeat(operator, id, Delivery::Withdrawal).await;
        }
        if !stage.waits() {
            let refusal = wrong_stage(id, stage, "the stage explained");
            return Err(self.decline(operator, Some(id), "withdraw", refusal).await);
        }
        match self.step(operator, id, "withdraw", Entry::Withdrawn { reason }).await {
            Ok(_) => self.read.action(id).await,
            Err(refusal) if refusal.code == RefusalCode::WrongStage => {
                Err(self.decline(operator, Some(id), "withdraw", refusal).await)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Asks the kernel for the receipt of an open action, or to void its id for ever (C7.3).
    ///
    /// # Errors
    /// `busy`; `wrong_stage` when the action is not open; `needs_primary`; `cannot_settle` where the
    /// kernel holds no proof and cannot make one; `kernel_unreachable`; `audit_unavailable`. Asking
    /// again is possible and gives the same answer.
    pub async fn resolve(
        &self,
        operator: &Operator,
        id: ActionId,
        reason: Reason,
    ) -> Result<ActionAnswer, Refusal> {
        let attempt = RESOLVE;
        let _held = match self.hold(id) {
            Ok(held) => held,
            Err(busy) => return Err(self.decline(operator, Some(id), attempt, busy).await),
        };
        let (_turn, trail) = self.turn(operator, id, attempt).await?;
        let stage = trail.stage();
        if trail.was_resolved() {
            return self.repeat(operator, id, Delivery::Settlement).await;
        }
        if !stage.is_open() {
            let refusal = wrong_stage(id, stage, "an action whose outcome is not known");
            return Err(self.decline(operator, Some(id), attempt, refusal).await);
        }
        let asked = self.step(operator, id, attempt, Entry::SettleRequested { reason }).await;
        asked.map_err(|refusal| refusal.admitting(self.has_run(id)))?;
        crash::failpoint("workflow.settle_requested");
        let entry = match self.proof(id, &trail).await {
            // The prediction was made for another moment, so nothing is compared with it now.
            Ok(Resolution::Executed(receipt)) if !receipt.answers(id, trail.action()) => {
                return Err(self
                    .unproven(operator, id, of_another(self.read.catalogue(), id, &receipt))
                    .await);
            }
            Ok(Resolution::Executed(receipt)) => Entry::Executed {
                receipt,
                learned_by: LearnedBy::Settlement,
                snapshot: None,
                differences: Vec::new(),
            },
            Ok(Resolution::Voided(tombstone)) => Entry::Voided { tombstone },
            Err(refusal) => return Err(self.unproven(operator, id, refusal).await),
        };
        crash::failpoint("workflow.resolved");
        let recorded = self.outcome(operator, id, entry, Vec::new()).await;
        recorded.map_err(|refusal| unrecorded(id, refusal))?;
        let shown = self.read.action(id).await;
        shown.map_err(|refusal| refusal.admitting(self.has_run(id)))
    }

    /// Records that the kernel was asked and proved nothing, whoever may act by now: it was asked.
    async fn unproven(&self, operator: &Operator, id: ActionId, refusal: Refusal) -> Refusal {
        let refusal = refusal.admitting(self.has_run(id));
        let entry = Entry::Declined { attempt: RESOLVE.to_owned(), refusal: refusal.clone() };
        match self.outcome(operator, id, entry, Vec::new()).await {
            Ok(()) => refusal,
            Err(unrecorded) => unrecorded.admitting(refusal.executed),
        }
    }

    /// The kernel's word for ever: made by resolving, or read where the kernel cannot resolve.
    async fn proof(&self, id: ActionId, trail: &ActionHistory) -> Result<Resolution, Refusal> {
        if self.read.can_resolve(trail)? {
            let resolved = self.kernel.resolve(id, &trail.session()).await;
            return resolved.map_err(|error| in_doubt(id, &error));
        }
        match self.read.receipt(id).await? {
            ReceiptStatus::Executed { receipt } => Ok(Resolution::Executed(receipt)),
            ReceiptStatus::Voided { tombstone } => Ok(Resolution::Voided(tombstone)),
            ReceiptStatus::NoneYet { .. } => Err(no_proof(id)),
        }
    }
}

/// A receipt that is of something else proves nothing about this action.
fn of_another(catalogue: Catalogue, id: ActionId, receipt: &Receipt) -> Refusal {
    let sentence = format!(
        "Asked about {id}, the kernel showed the receipt of {} ({}). It proves nothing about this \
         action, whose outcome stays unknown.",
        receipt.action_id,
        catalogue.title(&receipt.action)
    );
    Refusal {
        executed: Executed::Unknown,
        ..Refusal::new(RefusalCode::CannotSettle, sentence)
            .citing([Invariant::NothingUnresolved])
            .about(id)
    }
}

fn no_proof(id: ActionId) -> Refusal {
    let sentence = format!(
        "The kernel holds nothing about {id}, which proves nothing: it cannot resolve, or was accepted \
         as it was found after the action was sent. The \
         outcome stays unknown until an operator records what was found, with evidence."
    );
    Refusal {
        executed: Executed::Unknown,
        ..Refusal::new(RefusalCode::CannotSettle, sentence)
            .citing([Invariant::NothingUnresolved])
            .about(id)
    }
}

fn in_doubt(id: ActionId, error: &ResolveError) -> Refusal {
    let code = match error {
        ResolveError::NeedsPrimary { .. } => RefusalCode::NeedsPrimary,
        ResolveError::CannotTell { .. } => RefusalCode::CannotSettle,
        ResolveError::NodeUnreachable { .. } | ResolveError::Unobservable(_) => {
            RefusalCode::KernelUnreachable
        }
    };
    Refusal {
        executed: Executed::Unknown,
        ..Refusal::new(
            code,
            format!("The outcome of {id} cannot be resolved now, and stays unknown: {error}"),
        )
        .citing([Invariant::NothingUnresolved])
        .about(id)
    }
}
