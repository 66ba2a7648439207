//! What an open page follows of an action.

use super::{QueryService, no_such_action};
use crate::explain::pinned;
use crate::model::action::ActionId;
use crate::model::compared::Compared;
use crate::model::refusal::Refusal;

impl QueryService {
    /// The facts that the explanation of an action is bound to, as they were and as they are. It
    /// explains nothing anew: a check that would end otherwise is found when somebody confirms.
    ///
    /// # Errors
    /// `not_found`; or when the kernel or the ledger cannot be read.
    pub async fn compared(&self, id: ActionId) -> Result<Compared, Refusal> {
        let trail = self.trail(id)?.ok_or_else(|| no_such_action(id))?;
        let then = self.explained(&trail)?.pinned;
        let state = self.observe().await?;
        let entry = self.spec().action(trail.action().kind());
        let now = pinned(&state, self.spec(), entry, self.standing()?);
        Ok(Compared { stage: trail.stage(), then, now })
    }
}
