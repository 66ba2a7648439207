//! What can be wrong with a spec itself.

use super::{KernelSpec, ParameterKind};
use crate::model::action::NODE_PARAMETERS;

impl KernelSpec {
    /// What is wrong with the spec itself; empty for one that can be used. For the tests of a kernel.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut found = self.faults_of_facts();
        for action in self.actions {
            let mut fault = |what: String| found.push(format!("{}: {what}", action.kind));
            if self.action(action.kind) != Some(action) {
                fault("its kind is another action's too".to_owned());
            }
            for parameter in action.parameters {
                if parameter.kind.is_node() != NODE_PARAMETERS.contains(&parameter.name) {
                    fault(format!(
                        "a node is called to or node, and {} is one or not",
                        parameter.name
                    ));
                }
                if !action.phrase.contains(&format!("{{{}}}", parameter.name)) {
                    fault(format!("its phrase leaves out {}", parameter.name));
                }
            }
            for parameter in action.parameters {
                if let ParameterKind::Item { of, .. } = parameter.kind
                    && !self.items.iter().any(|item| item.kind == of)
                {
                    fault(format!("{} is of no kind of item", parameter.name));
                }
            }
            for (place, asked) in action.attestations.iter().enumerate() {
                let is_twice = action.attestations.iter().take(place).any(|a| a.key == asked.key);
                if is_twice || !asked.is_usable() {
                    fault(format!("{} cannot be attested, or not by that name", asked.key));
                }
            }
            for id in action.preconditions {
                if !self.invariants.iter().any(|invariant| invariant.id == *id) {
                    fault(format!("nothing is said of {id}"));
                }
            }
            let parts = [
                action.preconditions.len(),
                action.effects.len(),
                action.failure_modes.len(),
                action.not_checked.len(),
            ];
            if parts.contains(&0) {
                fault("a part is empty".to_owned());
            }
        }
        found
    }
}
