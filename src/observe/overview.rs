//! Everything that the overview shows, from one observation.

use super::ReadSide;
use crate::explain::{Standing, on_cluster, why_not};
use crate::model::action::ActionKind;
use crate::model::answer::{Overview, WhyNot};
use crate::model::cluster::ClusterState;
use crate::model::finding::Mismatch;
use crate::model::refusal::Refusal;

impl ReadSide {
    /// Everything that the overview shows.
    ///
    /// # Errors
    /// When the kernel or the ledger cannot be read.
    pub async fn overview(&self) -> Result<Overview, Refusal> {
        let state = self.observe().await?;
        let standing = self.standing()?;
        let why_not = ActionKind::ALL
            .into_iter()
            .filter(|kind| kind.chooses_primary())
            .map(|kind| WhyNot { kind, candidates: self.why_not(&state, kind, &standing) })
            .collect();
        let on_cluster = on_cluster(&state, &standing, |s, action| self.kernel.checks(s, action));
        let Standing { unresolved, freeze, second_operator: _ } = standing;
        let data_address = self.data_address.clone();
        let mismatch = self.mismatch().map(Mismatch::shown);
        let unrecordable = self.unrecordable();
        Ok(Overview {
            state,
            why_not,
            on_cluster,
            unresolved,
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
        kind: ActionKind,
        standing: &Standing,
    ) -> Vec<crate::model::explanation::Candidate> {
        why_not(state, kind, standing, |state, action| self.kernel.checks(state, action))
    }
}
