//! What is said of an order that did not run, or of which nobody knows whether it did. Pure.

use crate::kernel::ApplyError;
use crate::kernel::postgres::command::PostgresAction as Action;
use crate::kernel::postgres::connection::SqlError;
use crate::kernel::postgres::journal::{JournalEntry, OrderEnd};
use crate::kernel::postgres::spec::PostgresInvariant as Rule;
use crate::kernel::postgres::spec::facts as key;
use crate::kernel::postgres::statements::{ErrorProof, StatementAnswer};
use crate::model::cluster::ClusterState;
use crate::model::facts::Fact;
use crate::model::invariant::Invariant;
use crate::model::receipt::{KernelRefusal, Receipt};
use crate::model::text::InputError;

/// A refusal by one rule.
pub(in crate::kernel::postgres) fn refusal(
    rule: Rule,
    sentence: impl Into<String>,
) -> KernelRefusal {
    KernelRefusal {
        rule: rule.id().word().to_owned(),
        sentence: sentence.into(),
        invariants: vec![rule.id()],
    }
}

pub(in crate::kernel::postgres) fn unknown(why: impl Into<String>) -> ApplyError {
    ApplyError::Unknown { why: why.into() }
}

/// What came of the id before: an id is spent by its first order, whatever the second one says (C7.2).
pub(super) fn earlier_answer(entry: JournalEntry) -> Result<Receipt, ApplyError> {
    match entry.end {
        Some(OrderEnd::Executed(receipt)) => Ok(Receipt { duplicate: true, ..receipt }),
        Some(OrderEnd::Refused(refused)) => Err(refused.into()),
        Some(OrderEnd::Voided(tombstone)) => Err(KernelRefusal {
            rule: "voided".to_owned(),
            sentence: format!(
                "This id is void since {}. {}",
                tombstone.voided_at, tombstone.result
            ),
            invariants: vec![Rule::ReceiptKept.id()],
        }
        .into()),
        None => Err(unknown(format!(
            "This id was sent before, at {}, and what came of it is not known; it is not sent again. \
             Resolve it.",
            entry.at
        ))),
    }
}

/// The order of an action that this kernel does not know.
pub(super) fn not_known(error: &InputError) -> KernelRefusal {
    KernelRefusal {
        rule: "not_known".to_owned(),
        sentence: format!("The kernel refuses an order that it does not know: {error}."),
        invariants: vec![Invariant::InputValid.id()],
    }
}

/// The order was confirmed on the timeline that the cluster is on.
pub(super) fn same_timeline(
    before: &ClusterState,
    now: &ClusterState,
) -> Result<(), KernelRefusal> {
    let timeline = |state: &ClusterState| state.facts.number(key::TIMELINE);
    let (then, now) = (timeline(before), timeline(now));
    if then.known().is_some() && then.known() == now.known() {
        return Ok(());
    }
    let word = |fact: Fact<u64>| fact.word(ToString::to_string);
    let sentence = format!(
        "The order was confirmed on timeline {}, and the cluster is on timeline {}. Nothing was sent.",
        word(then),
        word(now)
    );
    Err(refusal(Rule::WithinStatement, sentence))
}

/// The refusal of a statement by its own guards: it did nothing.
pub(super) fn violated(action: &Action, answer: &StatementAnswer) -> Option<KernelRefusal> {
    let first = answer.violated.first()?;
    let seen: Vec<String> = answer
        .facts
        .iter()
        .map(|(name, value)| format!("{name} {}", value.as_deref().unwrap_or("unknown")))
        .collect();
    let rules: Vec<String> = answer.violated.iter().map(|rule| rule.id().to_string()).collect();
    let mut invariants: Vec<_> = answer.violated.iter().map(|rule| rule.id()).collect();
    invariants.dedup();
    Some(KernelRefusal {
        rule: first.id().word().to_owned(),
        sentence: format!(
            "{} refuses, in the session of the order: found {}; against it {}. Nothing ran.",
            action.node(),
            seen.join(", "),
            rules.join(", ")
        ),
        invariants,
    })
}

/// What an error of the server, or none, proves about an order that was sent.
pub(super) fn not_done(action: &Action, proof: ErrorProof, error: &SqlError) -> ApplyError {
    let node = action.node();
    match error {
        SqlError::Refused { code, .. } if proves_nothing_ran(proof, code) => KernelRefusal {
            rule: "refused_by_server".to_owned(),
            sentence: format!("{node} refuses: {error}"),
            invariants: (code == NO_RIGHT).then(|| Rule::RightsHeld.id()).into_iter().collect(),
        }
        .into(),
        SqlError::Refused { .. } => unknown(format!(
            "{node} answered with an error that does not say whether it ran: {error}"
        )),
        SqlError::Lost { .. } | SqlError::Deadline { .. } => {
            unknown(format!("It was sent to {node}, and its answer is missing: {error}"))
        }
    }
}

/// Kinds of errors that the server finds before an effect of a single function or command: syntax and
/// rights, data that it does not take, a state that does not allow it, and a limit of slots.
const BEFORE_EFFECT: [&str; 7] = ["0A", "22", "23", "25", "28", "42", "55"];
const NO_MORE_ALLOWED: &str = "53400";
const NO_RIGHT: &str = "42501";

fn proves_nothing_ran(proof: ErrorProof, code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    match proof {
        ErrorProof::RolledBack => true,
        ErrorProof::BeforeEffect => BEFORE_EFFECT.contains(&class) || code == NO_MORE_ALLOWED,
        ErrorProof::None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_proof_only_where_it_comes_before_any_effect() {
        for (proof, code, proves) in [
            (ErrorProof::RolledBack, "57014", true),
            (ErrorProof::RolledBack, "AE001", true),
            (ErrorProof::BeforeEffect, "42501", true),
            (ErrorProof::BeforeEffect, "55006", true),
            (ErrorProof::BeforeEffect, "53400", true),
            (ErrorProof::BeforeEffect, "53100", false),
            (ErrorProof::BeforeEffect, "57014", false),
            (ErrorProof::BeforeEffect, "58030", false),
            (ErrorProof::BeforeEffect, "XX000", false),
            (ErrorProof::BeforeEffect, "", false),
            (ErrorProof::None, "42501", false),
        ] {
            assert_eq!(proves_nothing_ran(proof, code), proves, "{proof:?} {code}");
        }
    }
}
