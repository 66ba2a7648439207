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
use crate::model::attestation::Attestations;
use crate::model::canonical::Hash;
use crate::model::facts::{Fact, FactChange, FactKey, FactSubject, FactValue, Facts, Value};
use crate::model::pinned::Freeze;
use crate::model::refusal::Refusal;
use crate::model::session::Session;
use crate::model::spec::KernelSpec;
use crate::model::text::{ActorName, PlaceName, Reason};
use std::collections::BTreeMap;

/// The word that stands for what is not shown.
pub const REDACTED: &str = "redacted";

/// A value as a stakeholder may see it.
pub trait Redact: Sized {
    /// The same value, without what is sensitive. Which facts are, says the spec of their kernel.
    #[must_use]
    fn redacted(self, spec: &KernelSpec) -> Self;
}

impl<T: Redact> Redact for Option<T> {
    fn redacted(self, spec: &KernelSpec) -> Self {
        self.map(|value| value.redacted(spec))
    }
}

impl<T: Redact> Redact for Vec<T> {
    fn redacted(self, spec: &KernelSpec) -> Self {
        self.into_iter().map(|value| value.redacted(spec)).collect()
    }
}

impl<T: Redact> Redact for Box<T> {
    fn redacted(self, spec: &KernelSpec) -> Self {
        Self::new((*self).redacted(spec))
    }
}

impl<T: Redact, E: Redact> Redact for Result<T, E> {
    fn redacted(self, spec: &KernelSpec) -> Self {
        self.map(|value| value.redacted(spec)).map_err(|error| error.redacted(spec))
    }
}

/// A text that came from a person, from the kernel or from a file.
impl Redact for String {
    fn redacted(self, _: &KernelSpec) -> Self {
        REDACTED.to_owned()
    }
}

impl Redact for ActorName {
    fn redacted(self, _: &KernelSpec) -> Self {
        Self::parse(REDACTED).expect("the word is a name")
    }
}

impl Redact for PlaceName {
    fn redacted(self, _: &KernelSpec) -> Self {
        Self::parse(REDACTED).expect("the word is a name")
    }
}

impl Redact for Reason {
    fn redacted(self, _: &KernelSpec) -> Self {
        Self::parse(REDACTED).expect("the word is a reason")
    }
}

/// The hash of a record or an explanation lets whoever guesses a name in it check the guess.
impl Redact for Hash {
    fn redacted(self, _: &KernelSpec) -> Self {
        Self::REDACTED
    }
}

/// A fact that is not sensitive: why it is unknown is a sentence, and what was read last is not shown.
fn plain(fact: Fact<Value>) -> Fact<Value> {
    match fact {
        Fact::Known(value) => Fact::Known(value),
        Fact::Unknown { unknown, .. } => Fact::unknown(unknown.since, REDACTED),
    }
}

fn hidden() -> Value {
    Value::Text(REDACTED.to_owned())
}

/// What no spec declares is judged like what it declares to be sensitive.
fn is_plain(spec: &KernelSpec, of: &FactSubject, key: &str) -> bool {
    spec.fact_of(of, key).is_some_and(|fact| !fact.sensitive)
}

/// Facts about one subject: what is sensitive is there, and its value is the word.
pub(super) fn facts(spec: &KernelSpec, of: &FactSubject, facts: Facts) -> Facts {
    facts.map(|key, fact| if is_plain(spec, of, key) { plain(fact) } else { Fact::Known(hidden()) })
}

/// The same of pinned facts.
pub(super) fn pinned(
    spec: &KernelSpec,
    of: &FactSubject,
    facts: BTreeMap<FactKey, FactValue>,
) -> BTreeMap<FactKey, FactValue> {
    let value = |(key, value): (FactKey, FactValue)| {
        let value = if is_plain(spec, of, &key) { value } else { FactValue::Known(hidden()) };
        (key, value)
    };
    facts.into_iter().map(value).collect()
}

impl Redact for Actor {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { name, role, via } = self;
        Self { name: name.redacted(spec), role, via }
    }
}

/// The names of nodes and numbers stay; a name of anything else is a text of an operator.
impl Redact for Action {
    fn redacted(self, spec: &KernelSpec) -> Self {
        self.with_texts(|text| text.redacted(spec))
    }
}

/// What the kernel calls a place may name a host or a person.
impl Redact for Session {
    fn redacted(self, spec: &KernelSpec) -> Self {
        self.with_texts(|text| text.redacted(spec))
    }
}

/// What was attested stays, and the words in which it was do not.
impl Redact for Attestations {
    fn redacted(self, spec: &KernelSpec) -> Self {
        self.with_texts(|text| text.redacted(spec))
    }
}

impl Redact for Freeze {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { seq, by, since, reason } = self;
        Self { seq, by: by.redacted(spec), since, reason: reason.redacted(spec) }
    }
}

/// A fact that its spec does not call sensitive stays, and so does a verdict; what the control plane
/// holds names people. A change of format 1 is words, of which nobody can tell.
impl Redact for FactChange {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { subject, fact, before, after } = self;
        let stays = match &subject {
            FactSubject::Check => true,
            FactSubject::ControlPlane | FactSubject::Words(_) => false,
            of => spec.fact_of(of, &fact).is_some_and(|fact| !fact.sensitive),
        };
        // What a person named is hidden where its facts are not.
        let subject = match subject {
            FactSubject::Words(words) => FactSubject::Words(words.redacted(spec)),
            FactSubject::Item { kind, node, name } => {
                FactSubject::Item { kind, node, name: name.redacted(spec) }
            }
            other => other,
        };
        if stays {
            return Self { subject, fact, before, after };
        }
        let hidden = || FactValue::Known(hidden());
        Self { subject, fact, before: hidden(), after: hidden() }
    }
}

/// What was refused and by whom stays; what was found, typed or said does not.
impl Redact for Refusal {
    fn redacted(self, spec: &KernelSpec) -> Self {
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
            field: field.redacted(spec),
            found: found.redacted(spec),
            required: required.redacted(spec),
            action_id,
            moved: moved.redacted(spec),
            executed,
        }
    }
}

/// Sentences that need not be counted.
fn sentences(list: Vec<String>) -> Vec<String> {
    list.into_iter().take(1).map(|_| REDACTED.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::refusal::RefusalCode;
    use crate::model::spec::tried::{COPIES, CUT_WHY, TRIED as SPEC};
    use crate::model::spec::{ROLE, WRITES};
    use crate::model::text::NodeId;

    fn moved(subject: FactSubject, fact: &'static str, before: &str, after: &str) -> FactChange {
        let value = |text: &str| FactValue::Known(Value::Text(text.to_owned()));
        FactChange { subject, fact: fact.into(), before: value(before), after: value(after) }
    }

    #[test]
    fn a_fact_that_the_spec_does_not_declare_plain_is_redacted() {
        let n1 = || FactSubject::Node(NodeId::numbered(1));
        let (cluster, own) = (FactSubject::Cluster, FactSubject::ControlPlane);
        for (subject, fact, before, after) in [
            (own, "freeze", "none", "by olga since then: the board asked"),
            (cluster.clone(), COPIES, "none", "for-acme"),
            (n1(), CUT_WHY, "", "/dev/sdb of olga failed"),
            (n1(), "room_of_olga", "3", "4"),
        ] {
            let change = moved(subject.clone(), fact, before, after);
            assert_eq!(change.redacted(&SPEC), moved(subject, fact, REDACTED, REDACTED));
        }
        for plain in
            [moved(n1(), ROLE, "standby", "primary"), moved(cluster, WRITES, "accepted", "stopped")]
        {
            assert_eq!(plain.clone().redacted(&SPEC), plain);
        }
        let words = FactSubject::Words("disk of olga".to_owned());
        let told = moved(words, "words", "full", "empty").redacted(&SPEC);
        assert!(!told.to_string().contains("olga") && !told.to_string().contains("full"));
    }

    #[test]
    fn a_refusal_keeps_its_code_and_nothing_that_was_said() {
        let refusal = Refusal::new(RefusalCode::Frozen, "olga says: the board asked")
            .with_evidence("by olga", "no freeze of olga");
        let text = serde_json::to_string(&refusal.redacted(&SPEC)).expect("text");
        assert!(text.contains("frozen") && text.contains(REDACTED), "{text}");
        assert!(!text.contains("olga") && !text.contains("board"), "{text}");
    }
}
