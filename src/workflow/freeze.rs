//! An operator declares that nothing is to change, and an operator lifts that again.
//!
//! While a freeze stands, every request and every confirmation is refused. What is running goes on
//! to its end: a freeze waits for nothing and takes nothing back, because an order that was sent
//! cannot be called back, and one that is given up half way would have an unknown outcome (C7.3).
//! Withdrawing, settling and recording a finding stay possible. They run nothing; they only say how
//! an action ended, and a freeze must not keep an outcome unknown. No freeze ends by itself (C2.3).

use super::Workflow;
use crate::authority::Operator;
use crate::ledger::LedgerError;
use crate::model::answer::{FreezeAnswer, StoredRecord};
use crate::model::record::Entry;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::Reason;
use crate::observe::unreadable;

impl Workflow {
    /// Declares a freeze. It holds from the moment its record is durable.
    ///
    /// # Errors
    /// `frozen` while another one stands, naming it; `audit_unavailable`.
    pub async fn freeze(
        &self,
        operator: &Operator,
        reason: Reason,
    ) -> Result<FreezeAnswer, Refusal> {
        let appended = self.append(operator, None, vec![(Entry::Frozen { reason }, Vec::new())]);
        self.frozen(operator, "freeze", appended.await).await
    }

    /// Lifts the freeze that stands, or exactly the one of the record `freeze`: whoever read one
    /// freeze never lifts the next one, however late the request arrives (C7.2).
    ///
    /// # Errors
    /// `no_freeze` when none stands, or another than the one named; `audit_unavailable`.
    pub async fn unfreeze(
        &self,
        operator: &Operator,
        freeze: Option<u64>,
        reason: Reason,
    ) -> Result<FreezeAnswer, Refusal> {
        let named = match freeze {
            Some(named) => Some(named),
            None => self.read.freeze()?.map(|stands| stands.seq),
        };
        let Some(freeze) = named else {
            let refusal = Refusal::no_freeze(None, None);
            return Err(self.decline(operator, None, "unfreeze", refusal).await);
        };
        let entry = Entry::Unfrozen { freeze, reason };
        let appended = self.append(operator, None, vec![(entry, Vec::new())]);
        self.frozen(operator, "unfreeze", appended.await).await
    }

    /// The answer, from the record that was made: not from a later look, which could see more.
    async fn frozen(
        &self,
        operator: &Operator,
        attempt: &str,
        appended: Result<Vec<StoredRecord>, LedgerError>,
    ) -> Result<FreezeAnswer, Refusal> {
        let records = match appended {
            Ok(records) => records,
            Err(error @ (LedgerError::Frozen { .. } | LedgerError::NoFreeze { .. })) => {
                return Err(self.decline(operator, None, attempt, error.refusal()).await);
            }
            Err(error) => return Err(unreadable(error)),
        };
        let record = records
            .into_iter()
            .next()
            .ok_or_else(|| Refusal::new(RefusalCode::Internal, "The ledger returned no record."))?;
        Ok(FreezeAnswer { freeze: record.freeze(), record })
    }
}
