//! What stands on every page.

use super::{QueryService, broken, shown_stage, unreadable};
use crate::ledger::{LedgerError, LedgerReader};
use crate::model::action::{ActionId, Stage};
use crate::model::cluster::ClusterState;
use crate::model::pinned::InDoubt;
use crate::model::refusal::Refusal;
use crate::model::status::{
    Blocking, ClusterStatus, UnfinishedAction, UnfinishedActions, WAITING_NAMED_MAX,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The actions that wait, each with the record of its last step, as the log had them at the last look. A
/// look reads the steps that the log has gained, and nothing else. Clones look together.
#[derive(Clone, Debug, Default)]
pub(super) struct WaitingActions(Arc<Mutex<WaitingLook>>);

#[derive(Debug, Default)]
struct WaitingLook {
    next: u64,
    waiting: BTreeMap<ActionId, u64>,
}

impl WaitingActions {
    /// How many wait, and the newest of them.
    fn refresh(&self, ledger: &LedgerReader) -> Result<(usize, Vec<ActionId>), LedgerError> {
        // What was read is put in by steps that cannot fail, so a panic elsewhere leaves it whole.
        let mut look = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = ledger.waiting_since(look.next)?;
        look.next = changes.next;
        for (seq, id, waits) in changes.steps {
            if waits {
                look.waiting.insert(id, seq)
            } else {
                look.waiting.remove(&id)
            };
        }
        let mut newest: Vec<_> = look.waiting.iter().map(|(id, seq)| (*seq, *id)).collect();
        newest.sort_unstable_by(|one, other| other.cmp(one));
        newest.truncate(WAITING_NAMED_MAX);
        Ok((look.waiting.len(), newest.into_iter().map(|(_, id)| id).collect()))
    }
}

impl QueryService {
    /// What stands on every page, over what its page shows: neither the cluster nor what blocks it is looked
    /// at a second time, so strip and page say the same (C8.4).
    #[must_use]
    pub fn status_over(&self, state: ClusterState, blocking: Blocking) -> ClusterStatus {
        let Blocking { in_doubt, freeze } = blocking;
        let unfinished = self.unfinished(in_doubt);
        ClusterStatus { state: Ok(state), freeze: Ok(freeze), unfinished }
    }

    /// What stands on every page.
    pub async fn status(&self) -> ClusterStatus {
        let state = self.observe().await;
        let unfinished = self.in_doubt().and_then(|in_doubt| self.unfinished(in_doubt));
        ClusterStatus { state, freeze: self.freeze(), unfinished }
    }

    /// Every action that is not over, one that is in doubt among them.
    fn unfinished(&self, in_doubt: Option<InDoubt>) -> Result<UnfinishedActions, Refusal> {
        let running = self.in_flight.running().map(|id| self.unfinished_action(id));
        let in_doubt = in_doubt.map(|open| self.unfinished_action(open.action_id));
        let (mut waiting_in_all, newest) =
            self.waiting.refresh(&self.ledger).map_err(unreadable)?;
        let mut waiting = Vec::with_capacity(newest.len());
        for id in newest {
            // It may have moved on between the two reads.
            match self.unfinished_action(id)?.filter(|one| one.stage.waits()) {
                Some(one) => waiting.push(one),
                None => waiting_in_all = waiting_in_all.saturating_sub(1),
            }
        }
        Ok(UnfinishedActions {
            in_doubt: in_doubt.transpose()?.flatten(),
            running: running.transpose()?.flatten(),
            waiting,
            waiting_in_all,
        })
    }

    /// An action as its last step left it; `None` where it is over.
    fn unfinished_action(&self, id: ActionId) -> Result<Option<UnfinishedAction>, Refusal> {
        let mark = self.in_flight.quiet_mark(id);
        let trail = self.trail(id)?.ok_or_else(|| broken(id))?;
        let stage = shown_stage(trail.stage(), self.interrupted(id, mark, trail.stage()));
        let is_over = !stage.waits() && !stage.is_open() && stage != Stage::Requested;
        let last = trail.records().iter().rev().find(|one| one.record.entry.stage().is_some());
        let last = last.ok_or_else(|| broken(id))?;
        let by = trail.confirmed_by().pop().unwrap_or_else(|| trail.requested_by().clone());
        let action = trail.action().clone();
        let one = UnfinishedAction { id, action, by, since: last.record.at, stage };
        Ok((!is_over).then_some(one))
    }
}
