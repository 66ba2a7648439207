//! The two ways to end an action without executing it: taking it back before it is confirmed, and
//! settling one that a stop left open.

use super::confirm::unrecorded;
use super::{Workflow, stopping, wrong_stage};
use crate::authority::Operator;
use crate::crash;
use crate::kernel::{SettleError, Settled};
use crate::model::action::{ActionId, Stage};
use crate::model::answer::ActionAnswer;
use crate::model::invariant::Invariant;
use crate::model::record::{Delivery, Entry, LearnedBy};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::Reason;

impl Workflow {
    /// Takes an explained action back. It can never be confirmed afterwards.
    ///
    /// # Errors
    /// `wrong_stage` when it is past that; `not_found`; `audit_unavailable`.
    pub async fn withdraw(
        &self,
        operator: &Operator,
        id: ActionId,
        reason: Reason,
    ) -> Result<ActionAnswer, Refusal> {
        let stage = match self.trail(id) {
            Ok(trail) => trail.stage(),
            Err(refusal) => {
                return Err(self.decline(operator, Some(id), "withdraw", refusal).await);
            }
        };
        if stage == Stage::Withdrawn {
            return self.repeat(operator, id, Delivery::Withdrawal).await;
        }
        if stage != Stage::Explained {
            let refusal = wrong_stage(id, stage, "the stage explained");
            return Err(self.decline(operator, Some(id), "withdraw", refusal).await);
        }
        match self.step(operator, id, Entry::Withdrawn { reason }, Vec::new()).await {
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
    /// `busy`; `wrong_stage` when the action is not open; `needs_primary`; `kernel_unreachable`;
    /// `audit_unavailable`. Asking again is possible and gives the same answer.
    pub async fn settle(
        &self,
        operator: &Operator,
        id: ActionId,
        reason: Reason,
    ) -> Result<ActionAnswer, Refusal> {
        let attempt = "settle";
        let _held = match self.hold(id) {
            Ok(held) => held,
            Err(busy) => return Err(self.decline(operator, Some(id), attempt, busy).await),
        };
        let door = self.execution.lock().await;
        let found = stopping(*door).and_then(|()| self.trail(id));
        let stage = match found {
            Ok(trail) => trail.stage(),
            Err(refusal) => return Err(self.decline(operator, Some(id), attempt, refusal).await),
        };
        if matches!(stage, Stage::Executed | Stage::Voided) {
            return self.repeat(operator, id, Delivery::Settlement).await;
        }
        if !stage.is_open() {
            let refusal = wrong_stage(id, stage, "an action whose outcome is not known");
            return Err(self.decline(operator, Some(id), attempt, refusal).await);
        }
        let asked = self.step(operator, id, Entry::SettleRequested { reason }, Vec::new()).await;
        asked.map_err(|refusal| refusal.admitting(self.has_run(id)))?;
        crash::point("workflow.settle_requested");
        let entry = match self.kernel.settle(id).await {
            // The prediction was made for another moment, so nothing is compared with it now.
            Ok(Settled::Executed(receipt)) => Entry::Executed {
                receipt,
                learned_by: LearnedBy::Settlement,
                snapshot: None,
                differences: Vec::new(),
            },
            Ok(Settled::Voided(tombstone)) => Entry::Voided { tombstone },
            Err(error) => {
                let refusal = unsettled(id, &error);
                return Err(self.decline(operator, Some(id), attempt, refusal).await);
            }
        };
        crash::point("workflow.settled");
        let recorded = self.step(operator, id, entry, Vec::new()).await;
        recorded.map_err(|refusal| unrecorded(id, refusal))?;
        let shown = self.read.action(id).await;
        shown.map_err(|refusal| refusal.admitting(self.has_run(id)))
    }
}

fn unsettled(id: ActionId, error: &SettleError) -> Refusal {
    let code = match error {
        SettleError::NeedsPrimary { .. } => RefusalCode::NeedsPrimary,
        SettleError::Unobservable(_) => RefusalCode::KernelUnreachable,
    };
    Refusal {
        executed: crate::model::refusal::Executed::Unknown,
        ..Refusal::new(
            code,
            format!("The outcome of {id} cannot be settled now, and stays unknown: {error}"),
        )
        .citing([Invariant::NothingUnresolved])
        .about(id)
    }
}
