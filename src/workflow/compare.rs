//! Two sets of facts laid side by side: what was explained then and now, and what was predicted and
//! what was found. Nothing is left out on either side (C2.6).

use crate::model::action::ActionId;
use crate::model::cluster::ClusterState;
use crate::model::explanation::Explanation;
use crate::model::facts::{FactChange, FactKey, FactSubject, FactValue, Value, changes};
use crate::model::spec::KernelSpec;
use std::collections::BTreeMap;

fn text(text: impl ToString) -> FactValue {
    FactValue::Known(Value::Text(text.to_string()))
}

/// What differs between two explanations of one request: pinned facts, then verdicts, then what the
/// effects rest on.
pub(super) fn moved(spec: &KernelSpec, then: &Explanation, now: &Explanation) -> Vec<FactChange> {
    let of_explanation = |fact: &'static str, before: String, after: String| FactChange {
        subject: FactSubject::ControlPlane,
        fact: fact.into(),
        before: text(before),
        after: text(after),
    };
    if then.format != now.format {
        // Another version of the program explained it: its facts have other names.
        return vec![of_explanation(
            "explanation_format",
            then.format.to_string(),
            now.format.to_string(),
        )];
    }
    let mut moved = then.pinned.moved(&now.pinned);
    spec.sort(&mut moved);
    for check in &now.checks {
        let before = then.checks.iter().find(|c| c.invariant == check.invariant);
        let before = before.map_or(FactValue::Absent, |c| text(c.verdict.word()));
        let after = text(check.verdict.word());
        if before != after
            && let Some(fact) = FactKey::parse(check.invariant.word())
        {
            moved.push(FactChange { subject: FactSubject::Check, fact, before, after });
        }
    }
    for effect in &now.effects {
        let is_same =
            |other: &&FactChange| other.subject == effect.subject && other.fact == effect.fact;
        let before = then.effects.iter().find(is_same).map(|e| &e.before);
        let is_new = !moved.iter().any(|moved| is_same(&moved));
        if let Some(before) = before.filter(|before| is_new && **before != effect.before) {
            let (before, after) = (before.clone(), effect.before.clone());
            moved.push(FactChange { before, after, ..effect.clone() });
        }
    }
    if moved.is_empty() {
        // What is predicted differs, and nothing that it rests on.
        let digests = [then, now].map(|explained| explained.digest().to_string());
        let [before, after] = digests;
        moved.push(of_explanation("digest", before, after));
    }
    moved
}

/// Facts by subject.
type BySubject = BTreeMap<FactSubject, BTreeMap<FactKey, FactValue>>;

/// Where the observation after an execution differs from the prediction: `before` is what was
/// predicted for the fact, `after` is what was found. `id` is the action, and `entry` where it stands in the
/// log.
pub(super) fn differences(
    spec: &KernelSpec,
    before: &ClusterState,
    effects: &[FactChange],
    after: &ClusterState,
    id: ActionId,
    entry: Option<u64>,
) -> Vec<FactChange> {
    let pinned = |state: &ClusterState| -> BySubject {
        state.pinned(spec, None).subjects().into_iter().collect()
    };
    let (mut expected, mut found) = (pinned(before), pinned(after));
    for FactChange { subject, fact, after: predicted, .. } in effects {
        expected.entry(subject.clone()).or_default().insert(fact.clone(), predicted.clone());
        // What moves by itself counts where it was predicted.
        let value = match subject {
            FactSubject::Cluster => FactValue::of(after.facts.get(fact)),
            FactSubject::Node(id) => {
                FactValue::of(after.node(id).and_then(|node| node.facts.get(fact)))
            }
            FactSubject::Item { .. } => {
                let item = after.items.iter().find(|item| item.subject() == *subject);
                FactValue::of(item.and_then(|item| item.facts.get(fact)))
            }
            FactSubject::ControlPlane | FactSubject::Check | FactSubject::Words(_) => continue,
        };
        if value != FactValue::Absent {
            found.entry(subject.clone()).or_default().insert(fact.clone(), value);
        }
    }
    let nothing = BTreeMap::new();
    let subjects = expected.keys().chain(found.keys());
    let subjects: std::collections::BTreeSet<&FactSubject> = subjects.collect();
    let mut differences: Vec<FactChange> = Vec::new();
    for subject in subjects {
        let of =
            |facts: &'_ BySubject| facts.get(subject).cloned().unwrap_or_else(|| nothing.clone());
        differences.extend(changes(subject, &of(&expected), &of(&found)));
    }
    differences.retain(|difference| match (&difference.before, &difference.after) {
        // What was unknown, or was predicted to be, is no prediction of a value, nor of whether there is
        // one; and what is gone has no facts, and was predicted to have none.
        (FactValue::Unknown, FactValue::Known(_) | FactValue::Absent)
        | (FactValue::Absent, FactValue::Absent) => false,
        (FactValue::OfThisAction, FactValue::Known(Value::Text(found))) => *found != id.to_string(),
        (FactValue::OfThisAction, FactValue::Known(found)) => {
            entry.is_none() || found.position().map(|found| found.offset) != entry
        }
        _ => true,
    });
    spec.sort(&mut differences);
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::embedded::spec::{SPEC, facts};
    use crate::model::facts::Fact;
    use crate::model::spec::{REACHABLE, ROLE, WRITES};
    use crate::model::text::NodeId;
    use crate::text::fixtures::state;

    fn effect(
        node: &NodeId,
        fact: &'static str,
        before: FactValue,
        after: FactValue,
    ) -> FactChange {
        FactChange { subject: FactSubject::Node(node.clone()), fact: fact.into(), before, after }
    }

    fn known(value: impl Into<Value>) -> FactValue {
        FactValue::Known(value.into())
    }

    /// Each difference as `fact: predicted -> found`.
    fn found(effects: &[FactChange], after: &ClusterState, entry: Option<u64>) -> Vec<String> {
        let found =
            differences(&SPEC, &state(), effects, after, ActionId::from_bytes([7; 16]), entry);
        found.iter().map(|change| SPEC.change(change)).collect()
    }

    fn with_checkpoint(position: Option<u64>) -> ClusterState {
        let mut after = state();
        let node = after.nodes.first_mut().expect("a node");
        node.facts.set(facts::CHECKPOINT, Fact::Known(position.into()));
        after
    }

    #[test]
    fn what_was_predicted_and_is_not_there_afterwards_is_a_difference_as_well_as_what_appeared() {
        let same = state();
        assert!(found(&[], &same, None).is_empty());
        let id = same.nodes.first().expect("a node").id.clone();
        let mut fewer = same.clone();
        fewer.nodes.remove(0);
        let missing = found(&[], &fewer, None);
        assert!(missing.contains(&format!("{id} reachable: yes -> absent")), "{missing:?}");
        let predicted = [effect(&NodeId::numbered(9), ROLE, FactValue::Absent, known("reader"))];
        assert_eq!(found(&predicted, &same, None), ["n9 role: reader -> absent"]);
        let gone = [effect(&id, REACHABLE, known(true), FactValue::Absent)];
        let there = found(&gone, &same, None);
        assert_eq!(there, [format!("{id} reachable: absent -> yes")]);
    }

    #[test]
    fn a_checkpoint_is_as_explained_only_if_it_is_of_this_very_entry() {
        let id = state().nodes.first().expect("a node").id.clone();
        let effects = [effect(&id, facts::CHECKPOINT, known(None::<u64>), FactValue::OfThisAction)];
        assert!(found(&effects, &with_checkpoint(Some(7)), Some(7)).is_empty());
        let other = found(&effects, &with_checkpoint(Some(6)), Some(7));
        let predicted = FactValue::OfThisAction;
        assert_eq!(other, [format!("{id} checkpoint: {predicted} -> 6")]);
        let none = found(&effects, &with_checkpoint(None), Some(7));
        assert_eq!(none, [format!("{id} checkpoint: {predicted} -> none")]);
        assert!(found(&[], &with_checkpoint(Some(9)), Some(7)).is_empty(), "it was not predicted");
    }

    #[test]
    fn what_carries_the_id_of_an_action_is_as_explained_only_if_it_is_this_one() {
        let id = state().nodes.first().expect("a node").id.clone();
        let effects = [effect(&id, ROLE, known("standby"), FactValue::OfThisAction)];
        let with_role = |role: String| {
            let mut after = state();
            let node = after.nodes.first_mut().expect("a node");
            node.facts.set(ROLE, Fact::Known(role.into()));
            after
        };
        let this = ActionId::from_bytes([7; 16]).to_string();
        assert!(found(&effects, &with_role(this), None).is_empty());
        let other = ActionId::from_bytes([8; 16]).to_string();
        assert_eq!(found(&effects, &with_role(other), Some(7)).len(), 1);
    }

    #[test]
    fn what_was_unknown_predicts_no_value_and_what_was_known_and_is_not_any_more_is_said() {
        let unknown = Fact::unknown(state().observation.observed_at, "cut off");
        let mut after = state();
        after.facts.set(WRITES, unknown);
        assert_eq!(found(&[], &after, None), ["writes: accepted -> unknown"]);
        let predicted = FactChange {
            subject: FactSubject::Cluster,
            fact: WRITES.into(),
            before: known("accepted"),
            after: FactValue::Unknown,
        };
        assert!(found(&[predicted], &state(), None).is_empty());
    }
}
