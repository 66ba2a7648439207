//! Where no kernel can prove what became of an action, an operator says what was found (C7.3).
//!
//! A finding is testimony: it closes an open action under the name of whoever gives it, and changes
//! nothing else. It is taken only where there can be no proof. A kernel that can resolve is asked to
//! resolve, also while that needs a primary and there is none: then a failover stays possible, and
//! the proof waits behind it. A kernel that holds a receipt has the last word (C4.2).

use super::{Workflow, wrong_stage};
use crate::authority::Operator;
use crate::model::action::{ActionId, Stage};
use crate::model::answer::{ActionAnswer, ResolutionMode};
use crate::model::cluster::ReceiptStatus;
use crate::model::invariant::Invariant;
use crate::model::record::{Delivery, Entry, ManualOutcome};
use crate::model::refusal::{Executed, Refusal, RefusalCode};
use crate::model::text::Reason;
use crate::observe::action_history::ActionHistory;

/// What an operator found, and what that rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManualResolution {
    /// Whether it ran.
    pub executed: ManualOutcome,
    /// What that rests on, in a line of plain text.
    pub evidence: Reason,
}

impl Workflow {
    /// Records what an operator found about an open action, and closes it by that word.
    ///
    /// # Errors
    /// `busy`; `wrong_stage` when the action is not open, or was provably never sent and is said to
    /// have run; `provable` when the kernel can resolve or holds a proof; `kernel_unreachable`;
    /// `audit_unavailable`.
    pub async fn record_finding(
        &self,
        operator: &Operator,
        id: ActionId,
        finding: ManualResolution,
    ) -> Result<ActionAnswer, Refusal> {
        let attempt = "finding";
        let _held = match self.hold(id) {
            Ok(held) => held,
            Err(busy) => return Err(self.decline(operator, Some(id), attempt, busy).await),
        };
        let (_turn, trail) = self.turn(operator, id, attempt).await?;
        let ManualResolution { executed, evidence } = finding;
        let entry = Entry::Finding { executed, evidence };
        if trail.finding() == Some(&entry) {
            return self.repeat(operator, id, Delivery::Finding).await;
        }
        if let Err(refusal) = self.may_find(&trail, executed).await {
            return Err(self.decline(operator, Some(id), attempt, refusal).await);
        }
        let recorded = self.step(operator, id, attempt, entry).await;
        recorded.map_err(|refusal| refusal.admitting(self.has_run(id)))?;
        let shown = self.read.action(id).await;
        shown.map_err(|refusal| refusal.admitting(self.has_run(id)))
    }

    /// Whether a word is needed, and whether it can be true.
    async fn may_find(
        &self,
        trail: &ActionHistory,
        executed: ManualOutcome,
    ) -> Result<(), Refusal> {
        let (id, stage) = (trail.action_id(), trail.stage());
        if !stage.is_open() {
            return Err(wrong_stage(id, stage, "an action whose outcome is not known"));
        }
        if stage == Stage::Confirmed && executed == ManualOutcome::Executed {
            // The record that comes before sending does not exist.
            return Err(wrong_stage(id, stage, "an action that may have been sent"));
        }
        let held = match self.read.closing_of(trail)? {
            ResolutionMode::Resolution => "a kernel that can resolve",
            ResolutionMode::Finding => match self.read.receipt(id).await? {
                ReceiptStatus::NoneYet { .. } => return Ok(()),
                ReceiptStatus::Executed { .. } => "a receipt: it ran",
                ReceiptStatus::Voided { .. } => "a tombstone: it never can run",
            },
        };
        let sentence = format!(
            "Nothing was recorded about {id}: the kernel can prove its outcome, so it is resolved \
             and not found."
        );
        let refusal = Refusal::new(RefusalCode::Provable, sentence)
            .citing([Invariant::NoProof])
            .with_evidence(held, "a kernel that cannot resolve and holds no proof")
            .about(id);
        // Of what this control plane did not resolve it says no more than it knows.
        Err(Refusal { executed: Executed::Unknown, ..refusal })
    }
}
