//! What the page of one action shows.

use super::{Redact, sentences};
use crate::model::answer::{ActionAnswer, Outcome};
use crate::model::cluster::ReceiptStatus;
use crate::model::explanation::Explanation;
use crate::model::receipt::{KernelRefusal, Receipt, Tombstone, Verification, Witness};

impl Redact for ActionAnswer {
    fn redacted(self) -> Self {
        let Self {
            id,
            action,
            reason,
            requested_by,
            requested_at,
            stage,
            interrupted,
            kernel_says,
            closing,
            explanation,
            digest,
            observation,
            outcome,
            moved,
            under_way,
            duplicate,
            confirmed_by,
            after_refusal,
            more_records,
            records,
        } = self;
        Self {
            id,
            action: action.redacted(),
            reason: reason.redacted(),
            requested_by: requested_by.redacted(),
            requested_at,
            stage,
            interrupted,
            kernel_says: kernel_says.redacted(),
            closing,
            explanation: explanation.redacted(),
            digest: digest.redacted(),
            observation: observation.redacted(),
            outcome: outcome.redacted(),
            moved: moved.redacted(),
            under_way: under_way.redacted(),
            duplicate,
            confirmed_by: confirmed_by.redacted(),
            after_refusal,
            more_records,
            records: records.redacted(),
        }
    }
}

impl Redact for Explanation {
    fn redacted(self) -> Self {
        let Self {
            format,
            action,
            operator,
            reason,
            pinned,
            checks,
            effects,
            consequences,
            not_checked,
            relies_on,
            command,
            engine_command,
            typed_target,
            candidates,
        } = self;
        Self {
            format,
            action: action.redacted(),
            operator: operator.redacted(),
            reason: reason.redacted(),
            pinned: pinned.redacted(),
            checks: checks.redacted(),
            effects: effects.redacted(),
            consequences: sentences(consequences),
            not_checked: sentences(not_checked),
            relies_on,
            // It repeats the reason.
            command: command.redacted(),
            engine_command: engine_command.redacted(),
            typed_target: typed_target.redacted(),
            candidates: candidates.redacted(),
        }
    }
}

impl Redact for ReceiptStatus {
    fn redacted(self) -> Self {
        match self {
            Self::Executed { receipt } => Self::Executed { receipt: receipt.redacted() },
            Self::Voided { tombstone } => Self::Voided { tombstone: tombstone.redacted() },
            Self::NoneYet { action_id } => Self::NoneYet { action_id },
        }
    }
}

impl Redact for Outcome {
    fn redacted(self) -> Self {
        match self {
            Self::Executed { receipt, differences, observed_after } => Self::Executed {
                receipt: receipt.redacted(),
                differences: differences.redacted(),
                observed_after,
            },
            Self::Refused { refusal } => Self::Refused { refusal: refusal.redacted() },
            Self::Unknown { why } => Self::Unknown { why: why.redacted() },
            Self::Voided { tombstone } => Self::Voided { tombstone: tombstone.redacted() },
            Self::Found { executed, evidence, by } => {
                Self::Found { executed, evidence: evidence.redacted(), by: by.redacted() }
            }
        }
    }
}

impl Redact for Receipt {
    fn redacted(self) -> Self {
        let Self {
            action_id,
            action,
            epoch,
            position,
            executed_at,
            witness,
            result,
            verification,
            duplicate,
        } = self;
        Self {
            action_id,
            action: action.redacted(),
            epoch,
            position,
            executed_at,
            witness: witness.redacted(),
            result: result.redacted(),
            verification: verification.map(Redact::redacted),
            duplicate,
        }
    }
}

impl Redact for Verification {
    fn redacted(self) -> Self {
        match self {
            Self::Sound => Self::Sound,
            Self::Damaged { findings } => {
                Self::Damaged { findings: findings.into_iter().map(Redact::redacted).collect() }
            }
            Self::NotCompared { why } => Self::NotCompared { why: why.redacted() },
        }
    }
}

impl Redact for Witness {
    fn redacted(self) -> Self {
        let Self { seq, hash } = self;
        Self { seq, hash: hash.redacted() }
    }
}

impl Redact for Tombstone {
    fn redacted(self) -> Self {
        let Self { action_id, voided_at, result } = self;
        Self { action_id, voided_at, result: result.redacted() }
    }
}

impl Redact for KernelRefusal {
    fn redacted(self) -> Self {
        let Self { rule, sentence, invariants } = self;
        Self { rule: rule.redacted(), sentence: sentence.redacted(), invariants }
    }
}
