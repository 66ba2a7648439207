//! Everything that the overview shows, from one observation.

use super::QueryService;
use crate::explain::{Blockers, cluster_actions, why_not};
use crate::model::answer::{Overview, WhyNot};
use crate::model::cluster::ClusterState;
use crate::model::finding::Mismatch;
use crate::model::refusal::Refusal;
use crate::model::spec::ActionSpec;

impl QueryService {
    /// Everything that the overview shows.
    ///
    /// # Errors
    /// When the kernel or the ledger cannot be read.
    pub async fn overview(&self) -> Result<Overview, Refusal> {
        let state = self.observe().await?;
        let standing = self.standing()?;
        let choosing = self.spec().actions.iter().filter(|entry| entry.chooses_primary);
        let table = |entry: &ActionSpec| WhyNot {
            kind: entry.kind,
            candidates: self.why_not(&state, entry, &standing),
        };
        let target_checks = choosing.map(table).collect();
        let offers = self.kernel.offers(&state);
        let cluster_actions =
            self.with_rules(&state, |rules| cluster_actions(&state, offers, &standing, rules));
        let Blockers { in_doubt, freeze, second_operator: _ } = standing;
        let data_address = self.data_address.clone();
        let mismatch = self.mismatch().map(Mismatch::shown);
        let unrecordable = self.unrecordable();
        Ok(Overview {
            state,
            target_checks,
            cluster_actions,
            in_doubt,
            freeze,
            data_address,
            mismatch,
            unrecordable,
        })
    }

    /// Every node of a state as the object of an action of this kind.
    #[must_use]
    pub fn why_not(
        &self,
        state: &ClusterState,
        entry: &ActionSpec,
        standing: &Blockers,
    ) -> Vec<crate::model::explanation::Candidate> {
        self.with_rules(state, |rules| why_not(state, entry, standing, rules))
    }
}
