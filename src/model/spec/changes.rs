//! What changed, and what a confirmation is bound to, in the kernel's words.

use super::{FactSpec, KernelSpec};
use crate::model::facts::{FactChange, FactKey, FactSubject, FactValue};
use crate::model::pinned::Pinned;

impl KernelSpec {
    /// Puts changes in the order in which facts are shown, each under its subject.
    pub fn sort(&self, list: &mut [FactChange]) {
        let mut subjects: Vec<FactSubject> = Vec::new();
        for change in list.iter() {
            if !subjects.contains(&change.subject) {
                subjects.push(change.subject.clone());
            }
        }
        list.sort_by_cached_key(|change| {
            let fact = self.fact_of(&change.subject, &change.fact);
            let place = fact.map(|fact| self.place(fact.of, fact.key));
            let subject = subjects.iter().position(|subject| *subject == change.subject);
            (subject, place.unwrap_or(self.facts.len()))
        });
    }

    /// The name of a fact, beside that of its subject.
    #[must_use]
    pub fn label(&self, subject: &FactSubject, key: &str) -> String {
        let spec = self.fact_of(subject, key);
        spec.map_or_else(|| key.replace('_', " "), FactSpec::lower_label)
    }

    /// A value of a fact in words.
    #[must_use]
    pub fn value(&self, subject: &FactSubject, key: &str, value: &FactValue) -> String {
        let spec = self.fact_of(subject, key);
        spec.map_or_else(|| value.to_string(), |spec| spec.value_words(value))
    }

    /// One change in a line: `n2 reachable: yes -> no`.
    #[must_use]
    pub fn change(&self, change: &FactChange) -> String {
        let FactChange { subject, fact, before, after } = change;
        let (before, after) = (self.value(subject, fact, before), self.value(subject, fact, after));
        format!("{}: {before} -> {after}", self.name(change))
    }

    /// The fact of a change with its subject: `n2 reachable`.
    #[must_use]
    pub fn name(&self, change: &FactChange) -> String {
        match &change.subject {
            FactSubject::Cluster => self.label(&change.subject, &change.fact),
            FactSubject::Node(node) => {
                format!("{node} {}", self.label(&change.subject, &change.fact))
            }
            _ => change.name(),
        }
    }

    /// Every pinned fact with its value in words, in the order in which facts are shown.
    #[must_use]
    pub fn pinned(&self, pinned: &Pinned) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (subject, facts) in pinned.subjects() {
            let unchanged = |(fact, value): (FactKey, FactValue)| FactChange {
                subject: subject.clone(),
                fact,
                before: value,
                after: FactValue::Absent,
            };
            let mut of_subject: Vec<FactChange> = facts.into_iter().map(unchanged).collect();
            self.sort(&mut of_subject);
            all.extend(of_subject.iter().map(|fact| {
                (self.name(fact), self.value(&fact.subject, &fact.fact, &fact.before))
            }));
        }
        all
    }
}
