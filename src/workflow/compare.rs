//! Two sets of facts laid side by side: what was explained then and now, and what was predicted and
//! what was found. Nothing is left out on either side (C2.6).

use crate::model::cluster::ClusterState;
use crate::model::explanation::{Effect, Explanation};
use crate::model::pinned::{Moved, moved_between};

/// What differs between two explanations of one request: pinned facts, then verdicts.
pub(super) fn moved(then: &Explanation, now: &Explanation) -> Vec<Moved> {
    let mut moved = then.pinned.moved(&now.pinned);
    for check in &now.checks {
        let before = then.checks.iter().find(|c| c.invariant == check.invariant);
        let before = before.map_or("absent", |c| c.verdict.word());
        if before != check.verdict.word() {
            moved.push(Moved {
                fact: format!("check {}", check.invariant),
                before: before.to_owned(),
                after: check.verdict.word().to_owned(),
            });
        }
    }
    for effect in &now.effects {
        let before = then.effects.iter().find(|e| e.fact == effect.fact).map(|e| &e.before);
        let is_new = !moved.iter().any(|m| m.fact == effect.fact);
        if let Some(before) = before.filter(|before| is_new && **before != effect.before) {
            let (before, after) = (before.clone(), effect.before.clone());
            moved.push(Moved { fact: effect.fact.clone(), before, after });
        }
    }
    if moved.is_empty() {
        // The digest also covers since when a fact is as it is.
        moved.push(Moved {
            fact: "since when the facts are as they are".to_owned(),
            before: then.digest().to_string(),
            after: now.digest().to_string(),
        });
    }
    moved
}

/// Where the observation after an execution differs from the prediction: `before` is what was
/// predicted for the fact, `after` is what was found. `entry` is where the action stands in the log.
pub(super) fn differences(
    before: &ClusterState,
    effects: &[Effect],
    after: &ClusterState,
    entry: Option<u64>,
) -> Vec<Moved> {
    let mut expected = before.pinned(None).facts();
    for effect in effects {
        match expected.iter_mut().find(|(fact, _)| *fact == effect.fact) {
            Some((_, value)) => value.clone_from(&effect.after),
            None => expected.push((effect.fact.clone(), effect.after.clone())),
        }
    }
    let mut found = after.pinned(None).facts();
    // What a node keeps on its disk moves by itself too; it counts where it was predicted.
    let storage = after.nodes.iter().flat_map(|node| node.storage(entry));
    found.extend(storage.filter(|(fact, _)| effects.iter().any(|effect| effect.fact == *fact)));
    let mut differences = moved_between(&expected, &found);
    // That the cluster's writes or fence are unknown afterwards predicts no value of them.
    differences.retain(|moved| {
        !(moved.before == "unknown" && matches!(moved.fact.as_str(), "writes" | "write fence"))
    });
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cluster::{NodeState, Positions};
    use crate::model::pinned::ABSENT;
    use crate::model::pinned::Fact;
    use crate::plain::fixtures::state;

    fn effect(fact: &str, before: &str, after: &str) -> Effect {
        Effect { fact: fact.to_owned(), before: before.to_owned(), after: after.to_owned() }
    }

    /// Each difference as `fact: predicted -> found`.
    fn found(effects: &[Effect], after: &ClusterState, entry: Option<u64>) -> Vec<String> {
        let found = differences(&state(), effects, after, entry);
        found.iter().map(ToString::to_string).collect()
    }

    fn with_checkpoint(position: Option<u64>) -> ClusterState {
        let mut after = state();
        let node = after.nodes.first_mut().expect("a node");
        node.positions = Positions { checkpoint: Fact::Known(position), ..node.positions.clone() };
        after
    }

    #[test]
    fn what_was_predicted_and_is_not_there_afterwards_is_a_difference_as_well_as_what_appeared() {
        let same = state();
        assert!(found(&[], &same, None).is_empty());
        let id = same.nodes.first().expect("a node").pinned.id.clone();
        let mut fewer = same.clone();
        fewer.nodes.remove(0);
        let missing = found(&[], &fewer, None);
        assert!(missing.contains(&format!("{id} reachable: yes -> absent")), "{missing:?}");
        let predicted = [effect("n9 role", ABSENT, "learner")];
        assert_eq!(found(&predicted, &same, None), ["n9 role: learner -> absent"]);
        let gone = [effect(&format!("{id} reachable"), "yes", ABSENT)];
        let there = found(&gone, &same, None);
        assert_eq!(there, [format!("{id} reachable: absent -> yes")]);
    }

    #[test]
    fn a_checkpoint_is_as_explained_only_if_it_is_of_this_very_entry() {
        let id = state().nodes.first().expect("a node").pinned.id.clone();
        let fact = NodeState::checkpoint_fact(&id);
        let effects = [effect(&fact, "none", NodeState::THIS_ENTRY)];
        assert!(found(&effects, &with_checkpoint(Some(7)), Some(7)).is_empty());
        let other = found(&effects, &with_checkpoint(Some(6)), Some(7));
        assert_eq!(other, [format!("{fact}: {} -> 6", NodeState::THIS_ENTRY)]);
        let none = found(&effects, &with_checkpoint(None), Some(7));
        assert_eq!(none, [format!("{fact}: {} -> none", NodeState::THIS_ENTRY)]);
        assert!(found(&[], &with_checkpoint(Some(9)), Some(7)).is_empty(), "it was not predicted");
    }
}
