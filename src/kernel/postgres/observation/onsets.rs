//! Since when something is as it is, as far as this process has looked. A node that does not answer stands
//! in the journal; this is for what an answer lacks, and enters no digest.

use crate::kernel::postgres::spec::facts;
use crate::model::ambient::Timestamp;
use crate::model::cluster::ClusterState;
use crate::model::facts::{Fact, Facts, Value};
use crate::model::spec::{PRIMARY, WRITES};
use std::collections::BTreeMap;

/// The first of the looks without a gap that found each thing.
#[derive(Debug, Default)]
pub(super) struct Onsets(BTreeMap<String, Timestamp>);

impl Onsets {
    /// The same state, with every fact that is unknown dated by the first look that did not read it.
    pub(super) fn date(&mut self, mut state: ClusterState) -> ClusterState {
        let now = state.observation.observed_at;
        let before = std::mem::take(&mut self.0);
        let mut onset = |what: String| {
            let since = before.get(&what).copied().unwrap_or(now);
            self.0.insert(what, since);
            since
        };
        for node in &mut state.nodes {
            // One that does not answer has its date already.
            if node.reachable().known() == Some(&true) {
                let facts = std::mem::take(&mut node.facts);
                node.facts = dated(facts, |key| onset(format!("{} {key}", node.id)));
            }
        }
        let mut facts = std::mem::take(&mut state.facts);
        for (since, of) in [(facts::WRITES_SINCE, WRITES), (facts::PRIMARY_SINCE, PRIMARY)] {
            if facts.get(since).is_some() {
                let value =
                    facts.get(of).map_or_else(String::new, |fact| fact.word(Value::to_string));
                let since_then = onset(format!("{of} = {value}"));
                facts.set(since, Fact::Known(Value::Text(since_then.to_string())));
            }
        }
        state.facts = dated(facts, |key| onset(key.to_owned()));
        state.identified()
    }
}

fn dated(facts: Facts, mut onset: impl FnMut(&str) -> Timestamp) -> Facts {
    let dated = facts.iter().map(|(key, fact)| {
        let fact = match fact {
            Fact::Unknown { unknown, .. } => Fact::unknown(onset(key), unknown.why.clone()),
            Fact::Known(_) => fact.clone(),
        };
        (key.clone(), fact)
    });
    dated.collect()
}
