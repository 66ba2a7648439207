//! What an open page follows of an action.

use super::{ActionHistory, QueryService, no_such_action};
use crate::explain::pinned;
use crate::model::action::ActionId;
use crate::model::compared::{Compared, LATER_ACTIONS_MAX, LaterAction};
use crate::model::log_filter::LogFilter;
use crate::model::refusal::Refusal;

/// The kinds of records that say that an action ran, or may have run.
const ENDED: [&str; 2] = ["executed", "unknown"];

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
        let later = self.later(&trail)?;
        Ok(Compared { action: trail.action().clone(), stage: trail.stage(), then, now, later })
    }

    /// What ran, or may have run, after an action was explained.
    fn later(&self, trail: &ActionHistory) -> Result<Vec<LaterAction>, Refusal> {
        let explained =
            trail.records().iter().find(|stored| stored.record.entry.snapshot().is_some());
        let Some(explained) = explained.map(|stored| stored.record.seq) else {
            return Ok(Vec::new());
        };
        let ended = LogFilter { kinds: &ENDED, ..LogFilter::default() };
        let mut later = Vec::new();
        for stored in self.log(None, LATER_ACTIONS_MAX, &ended)?.records {
            let record = stored.record;
            let Some(id) = record.action_id.filter(|_| record.seq > explained) else { break };
            let ran = self.trail(id)?.ok_or_else(|| no_such_action(id))?;
            let (action, by) = (ran.action().clone(), ran.confirmed_by());
            later.push(LaterAction { id, action, by, at: record.at });
        }
        Ok(later)
    }
}
