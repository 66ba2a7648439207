//! What the page of one action shows.

use super::{Redact, sentences};
use crate::model::answer::{ActionAnswer, Outcome};
use crate::model::cluster::ReceiptStatus;
use crate::model::explanation::Explanation;
use crate::model::receipt::{KernelRefusal, LedgerRef, Receipt, Tombstone, Verification};
use crate::model::spec::KernelSpec;

impl Redact for ActionAnswer {
    fn redacted(self, spec: &KernelSpec) -> Self {
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
            action: action.redacted(spec),
            reason: reason.redacted(spec),
            requested_by: requested_by.redacted(spec),
            requested_at,
            stage,
            interrupted,
            kernel_says: kernel_says.redacted(spec),
            closing,
            explanation: explanation.redacted(spec),
            digest: digest.redacted(spec),
            observation: observation.redacted(spec),
            outcome: outcome.redacted(spec),
            moved: moved.redacted(spec),
            under_way: under_way.redacted(spec),
            duplicate,
            confirmed_by: confirmed_by.redacted(spec),
            after_refusal,
            more_records,
            records: records.redacted(spec),
        }
    }
}

impl Redact for Explanation {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self {
            format,
            action,
            operator,
            reason,
            attested,
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
            action: action.redacted(spec),
            operator: operator.redacted(spec),
            reason: reason.redacted(spec),
            attested: attested.redacted(spec),
            pinned: pinned.redacted(spec),
            checks: checks.redacted(spec),
            effects: effects.redacted(spec),
            consequences: sentences(consequences),
            not_checked: sentences(not_checked),
            relies_on,
            // It repeats the reason.
            command: command.redacted(spec),
            engine_command: engine_command.redacted(spec),
            typed_target: typed_target.redacted(spec),
            candidates: candidates.redacted(spec),
        }
    }
}

impl Redact for ReceiptStatus {
    fn redacted(self, spec: &KernelSpec) -> Self {
        match self {
            Self::Executed { receipt } => Self::Executed { receipt: receipt.redacted(spec) },
            Self::Voided { tombstone } => Self::Voided { tombstone: tombstone.redacted(spec) },
            Self::NoneYet { action_id } => Self::NoneYet { action_id },
        }
    }
}

impl Redact for Outcome {
    fn redacted(self, spec: &KernelSpec) -> Self {
        match self {
            Self::Executed { receipt, differences, observed_after } => Self::Executed {
                receipt: receipt.redacted(spec),
                differences: differences.redacted(spec),
                observed_after,
            },
            Self::Refused { refusal } => Self::Refused { refusal: refusal.redacted(spec) },
            Self::Unknown { why } => Self::Unknown { why: why.redacted(spec) },
            Self::Voided { tombstone } => Self::Voided { tombstone: tombstone.redacted(spec) },
            Self::Found { executed, evidence, by } => {
                Self::Found { executed, evidence: evidence.redacted(spec), by: by.redacted(spec) }
            }
        }
    }
}

impl Redact for Receipt {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self {
            action_id,
            action,
            generation,
            position,
            executed_at,
            witness,
            result,
            verification,
            duplicate,
        } = self;
        Self {
            action_id,
            action: action.redacted(spec),
            generation,
            position,
            executed_at,
            witness: witness.redacted(spec),
            result: result.redacted(spec),
            verification: verification.redacted(spec),
            duplicate,
        }
    }
}

impl Redact for Verification {
    fn redacted(self, spec: &KernelSpec) -> Self {
        match self {
            Self::Sound => Self::Sound,
            Self::Damaged { findings } => Self::Damaged { findings: findings.redacted(spec) },
            Self::NotCompared { why } => Self::NotCompared { why: why.redacted(spec) },
        }
    }
}

impl Redact for LedgerRef {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { seq, hash } = self;
        Self { seq, hash: hash.redacted(spec) }
    }
}

impl Redact for Tombstone {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { action_id, voided_at, result } = self;
        Self { action_id, voided_at, result: result.redacted(spec) }
    }
}

impl Redact for KernelRefusal {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { rule, sentence, invariants } = self;
        Self { rule: rule.redacted(spec), sentence: sentence.redacted(spec), invariants }
    }
}
