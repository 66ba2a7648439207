//! A refusal: what was found and required, which invariants, and what did not happen.

use crate::model::refusal::{Executed, Refusal};
use crate::model::spec::Catalogue;
use crate::text::lines::TextLines;

/// A refusal, complete.
#[must_use]
pub fn refusal(catalogue: Catalogue, refusal: &Refusal) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(format!("Refused: {} ({})", refusal.code.title(), refusal.code.id()));
    lines.line(format!("  {}", refusal.sentence));
    for (name, value) in
        [("field", &refusal.field), ("found", &refusal.found), ("required", &refusal.required)]
    {
        if let Some(value) = value {
            lines.line(format!("  {name}: {value}"));
        }
    }
    for moved in &refusal.moved {
        lines.line(format!("  moved: {moved}"));
    }
    for invariant in &refusal.invariants {
        lines.line(format!("  invariant {invariant}: {}", catalogue.statement(*invariant)));
    }
    if let Some(id) = refusal.action_id {
        lines.line(format!("  action: {id}"));
    }
    lines.line(match refusal.executed {
        Executed::No => "  Nothing ran.",
        Executed::Earlier => "  The action ran before, once; this attempt did nothing.",
        Executed::Unknown => "  It may have run: the record of the action says what is known.",
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::facts::{FactChange, FactSubject, FactValue};
    use crate::model::invariant::Invariant;
    use crate::model::refusal::RefusalCode;
    use crate::model::spec::REACHABLE;
    use crate::model::spec::tried::catalogue;
    use crate::model::text::NodeId;
    use crate::model::text::is_unsafe_char;

    #[test]
    fn a_refusal_names_what_moved_the_invariant_and_that_nothing_ran() {
        let mut value = Refusal::new(RefusalCode::Stale, "The cluster moved.")
            .citing([Invariant::ExplanationConfirmed]);
        value.moved.push(FactChange {
            subject: FactSubject::Node(NodeId::numbered(2)),
            fact: REACHABLE.into(),
            before: FactValue::Known(true.into()),
            after: FactValue::Known(false.into()),
        });
        let text = refusal(catalogue(), &value);
        assert!(text.as_str().contains("  moved: n2 reachable: yes -> no\n"));
        assert!(text.as_str().contains("invariant explanation_confirmed: What runs is what"));
        assert!(text.as_str().ends_with("Nothing ran.\n"));
    }

    #[test]
    fn a_refusal_from_a_hostile_server_is_inert() {
        let hostile = "x\u{1b}]0;title\u{7}\nNothing ran.\u{202e}";
        let mut value =
            Refusal::new(RefusalCode::InputInvalid, hostile).with_evidence(hostile, hostile);
        value.field = Some(hostile.into());
        value.executed = Executed::Unknown;
        let text = refusal(catalogue(), &value);
        assert!(!text.as_str().chars().any(|c| is_unsafe_char(c) && c != '\n'));
        assert!(!text.as_str().lines().any(|line| line.trim() == "Nothing ran."));
    }
}
