//! An operator declares that nothing is to change, and an operator lifts that again.
//!
//! While a freeze stands, every request and every confirmation is refused. What is running goes on
//! to its end: a freeze waits for nothing and takes nothing back, because an order that was sent
//! cannot be called back, and one that is given up half way would have an unknown outcome (C7.3).
//! Withdrawing, resolving and recording a finding stay possible. They run nothing; they only say how
//! an action ended, and a freeze must not keep an outcome unknown. No freeze ends by itself (C2.3).

use super::{Unrecorded, Workflow};
use crate::authority::Operator;
use crate::ledger::LedgerError;
use crate::model::action::ActionId;
use crate::model::answer::{FreezeAnswer, StoredRecord};
use crate::model::pinned::Freeze;
use crate::model::record::{Delivery, Entry};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::Reason;

impl Workflow {
    /// Declares a freeze. It holds from the moment its record is durable. The same declaration again
    /// declares nothing, however late it arrives: it is answered with the first record (C7.2).
    ///
    /// # Errors
    /// `action_id_reused` for another declaration under the same id; `frozen` while another freeze
    /// stands, naming it; `audit_unavailable`.
    pub async fn freeze(
        &self,
        operator: &Operator,
        freeze_id: ActionId,
        reason: Reason,
    ) -> Result<FreezeAnswer, Refusal> {
        let entry = Entry::Frozen { freeze_id: Some(freeze_id), reason: reason.clone() };
        let appended = self.append(operator, None, "freeze", vec![(entry, Vec::new())]).await;
        match appended {
            Err(Unrecorded::Ledger(LedgerError::FreezeKnown { seq })) => {
                self.freeze_again(operator, seq, &reason).await
            }
            appended => self.frozen(operator, "freeze", appended).await,
        }
    }

    /// Lifts exactly the freeze of the record `freeze`: whoever read one freeze never lifts the next
    /// one, however late the request arrives (C7.2).
    ///
    /// # Errors
    /// `no_freeze` when none stands, or another than the one named; `audit_unavailable`.
    pub async fn unfreeze(
        &self,
        operator: &Operator,
        freeze: u64,
        reason: Reason,
    ) -> Result<FreezeAnswer, Refusal> {
        let entry = Entry::Unfrozen { freeze, reason };
        let appended = self.append(operator, None, "unfreeze", vec![(entry, Vec::new())]);
        self.frozen(operator, "unfreeze", appended.await).await
    }

    /// Answers a repeated declaration with its record, and with what stands now.
    async fn freeze_again(
        &self,
        operator: &Operator,
        seq: u64,
        reason: &Reason,
    ) -> Result<FreezeAnswer, Refusal> {
        let record = self.read.record(seq)?;
        let first = record.freeze();
        let is_same = |first: &Freeze| first.by == operator.actor().name && first.reason == *reason;
        if !first.as_ref().is_some_and(is_same) {
            let refusal = LedgerError::FreezeKnown { seq }.refusal();
            return Err(self.decline(operator, None, "freeze", refusal).await);
        }
        let entry = Entry::Duplicate { delivery: Delivery::Freeze, shown: None };
        self.append(operator, None, "freeze", vec![(entry, Vec::new())]).await?;
        let freeze = self.read.freeze()?;
        Ok(FreezeAnswer { freeze, record, duplicate: true })
    }

    /// The answer, from the record that was made: not from a later look, which could see more.
    async fn frozen(
        &self,
        operator: &Operator,
        attempt: &str,
        appended: Result<Vec<StoredRecord>, Unrecorded>,
    ) -> Result<FreezeAnswer, Refusal> {
        let records = match appended {
            Ok(records) => records,
            Err(Unrecorded::Ledger(
                error @ (LedgerError::Frozen { .. } | LedgerError::NoFreeze { .. }),
            )) => {
                return Err(self.decline(operator, None, attempt, error.refusal()).await);
            }
            Err(unrecorded) => return Err(unrecorded.into()),
        };
        let record = records
            .into_iter()
            .next()
            .ok_or_else(|| Refusal::new(RefusalCode::Internal, "The ledger returned no record."))?;
        Ok(FreezeAnswer { freeze: record.freeze(), record, duplicate: false })
    }
}
