//! What a stakeholder sees instead of what is sensitive: the word `redacted` (C10.2).
//!
//! The read side of stakeholders hands out values that went through [`Redact`], and holds no others.
//! Every type is taken apart by all of its fields, so one that gets a new field does not compile until
//! somebody has judged it. What cannot be told apart is redacted: a text that may hold a name is no
//! text that may be shown. Ids, times, roles, kinds, stages, verdicts and positions stay.

mod of_action;
mod of_cluster;
mod of_record;

use crate::model::action::Action;
use crate::model::actor::Actor;
use crate::model::canonical::Hash;
use crate::model::pinned::{Fact, Freeze, Missing, Moved, Since, Unreachable};
use crate::model::refusal::Refusal;
use crate::model::text::{ActorName, NodeId, PlaceName, Reason};

/// The word that stands for what is not shown.
pub const REDACTED: &str = "redacted";

/// A value as a stakeholder may see it.
pub trait Redact: Sized {
    /// The same value, without what is sensitive.
    #[must_use]
    fn redacted(self) -> Self;
}

impl<T: Redact> Redact for Option<T> {
    fn redacted(self) -> Self {
        self.map(T::redacted)
    }
}

impl<T: Redact> Redact for Vec<T> {
    fn redacted(self) -> Self {
        self.into_iter().map(T::redacted).collect()
    }
}

impl<T: Redact> Redact for Box<T> {
    fn redacted(self) -> Self {
        Self::new((*self).redacted())
    }
}

impl<T: Redact, E: Redact> Redact for Result<T, E> {
    fn redacted(self) -> Self {
        self.map(T::redacted).map_err(E::redacted)
    }
}

/// A text that came from a person, from the kernel or from a file.
impl Redact for String {
    fn redacted(self) -> Self {
        REDACTED.to_owned()
    }
}

impl Redact for ActorName {
    fn redacted(self) -> Self {
        Self::parse(REDACTED).expect("the word is a name")
    }
}

impl Redact for PlaceName {
    fn redacted(self) -> Self {
        Self::parse(REDACTED).expect("the word is a name")
    }
}

impl Redact for Reason {
    fn redacted(self) -> Self {
        Self::parse(REDACTED).expect("the word is a reason")
    }
}

/// The hash of a record or an explanation lets whoever guesses a name in it check the guess.
impl Redact for Hash {
    fn redacted(self) -> Self {
        Self::REDACTED
    }
}

impl<T> Redact for Fact<T> {
    fn redacted(self) -> Self {
        match self {
            Self::Known(value) => Self::Known(value),
            Self::Unknown { unknown: Missing { since, why } } => {
                Self::Unknown { unknown: Missing { since, why: why.redacted() } }
            }
        }
    }
}

impl Redact for Since {
    fn redacted(self) -> Self {
        let Self { since, why } = self;
        Self { since, why: why.redacted() }
    }
}

impl Redact for Unreachable {
    fn redacted(self) -> Self {
        let Self { since, why, causes } = self;
        Self { since, why: why.redacted(), causes }
    }
}

impl Redact for Actor {
    fn redacted(self) -> Self {
        let Self { name, role, via } = self;
        Self { name: name.redacted(), role, via }
    }
}

/// The names of nodes and numbers stay; a name of anything else is a text of an operator.
impl Redact for Action {
    fn redacted(self) -> Self {
        self.with_texts(Redact::redacted)
    }
}

impl Redact for Freeze {
    fn redacted(self) -> Self {
        let Self { seq, by, since, reason } = self;
        Self { seq, by: by.redacted(), since, reason: reason.redacted() }
    }
}

/// Facts whose values are numbers, names of nodes and our own words. Any other value is redacted.
impl Redact for Moved {
    fn redacted(self) -> Self {
        let Self { fact, before, after } = self;
        let own = ["epoch", "primary", "writes", "write fence", "voters", "next node name"];
        let of_node = ["role", "reachable", "epoch", "checkpoint", "first entry"];
        let is_of_node = fact
            .split_once(' ')
            .is_some_and(|(node, what)| NodeId::parse(node).is_ok() && of_node.contains(&what));
        if own.contains(&fact.as_str()) || is_of_node {
            return Self { before: plain(before), after: plain(after), fact };
        }
        let is_known = ["cluster", "backups", "unresolved action", "freeze"];
        let fact = if is_known.contains(&fact.as_str()) { fact } else { fact.redacted() };
        Self { fact, before: before.redacted(), after: after.redacted() }
    }
}

/// A value of letters, digits and what stands between them in a list of nodes.
fn plain(value: String) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | ',' | '-');
    if value.chars().all(is_plain) { value } else { value.redacted() }
}

/// What was refused and by whom stays; what was found, typed or said does not.
impl Redact for Refusal {
    fn redacted(self) -> Self {
        let Self {
            code,
            domain,
            sentence: _,
            invariants,
            field,
            found,
            required,
            action_id,
            moved,
            executed,
        } = self;
        Self {
            code,
            domain,
            // The same for every refusal of this code.
            sentence: code.title().to_owned(),
            invariants,
            field: field.redacted(),
            found: found.redacted(),
            required: required.redacted(),
            action_id,
            moved: moved.redacted(),
            executed,
        }
    }
}

/// Sentences that need not be counted.
fn sentences(list: Vec<String>) -> Vec<String> {
    list.into_iter().take(1).map(Redact::redacted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::refusal::RefusalCode;

    fn moved(fact: &str, before: &str, after: &str) -> Moved {
        let text = str::to_owned;
        Moved { fact: text(fact), before: text(before), after: text(after) }
    }

    #[test]
    fn a_fact_that_is_not_known_to_be_plain_is_redacted_with_its_name() {
        for (hidden, name) in [
            (moved("freeze", "none", "by olga since then: the board asked"), "freeze"),
            (moved("backups", "none", "for-acme"), "backups"),
            (moved("disk of olga", "full", "empty"), REDACTED),
            (moved("n1 room", "3", "4"), REDACTED),
        ] {
            assert_eq!(hidden.redacted(), moved(name, REDACTED, REDACTED));
        }
        let role = moved("n1 role", "standby", "primary");
        assert_eq!(role.clone().redacted(), role);
        let told = moved("writes", "accepted", "stopped by /dev/sdb (olga)");
        assert_eq!(told.redacted(), moved("writes", "accepted", REDACTED));
    }

    #[test]
    fn a_refusal_keeps_its_code_and_nothing_that_was_said() {
        let refusal = Refusal::new(RefusalCode::Frozen, "olga says: the board asked")
            .with_evidence("by olga", "no freeze of olga");
        let text = serde_json::to_string(&refusal.redacted()).expect("text");
        assert!(text.contains("frozen") && text.contains(REDACTED), "{text}");
        assert!(!text.contains("olga") && !text.contains("board"), "{text}");
    }
}
