//! What became of an id: read, or decided for ever on an operator's request.

use super::backup;
use super::cluster::{Cluster, PrimaryStatus};
use super::command::Command;
use super::metadata::OrderState;
use super::sqlite::DiskError;
use super::state_machine::Applied;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::{Resolution, ResolveError, Unobservable};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::cluster::ReceiptStatus;
use crate::model::receipt::{Receipt, Tombstone};
use crate::model::text::PlaceName;

fn unreadable(error: &DiskError) -> Unobservable {
    Unobservable { why: error.to_string() }
}

impl Cluster {
    /// What the kernel holds under an id now. Reads only.
    pub(super) fn receipt(&self, action_id: ActionId) -> Result<ReceiptStatus, Unobservable> {
        self.alive()?;
        Ok(match self.find_end(action_id).map_err(|error| unreadable(&error))? {
            Some(Resolution::Executed(receipt)) => ReceiptStatus::Executed { receipt },
            Some(Resolution::Voided(tombstone)) => ReceiptStatus::Voided { tombstone },
            None => ReceiptStatus::NoneYet { action_id },
        })
    }

    /// Gets the receipt of an id, or voids it, for ever.
    pub(super) fn resolve(
        &mut self,
        id: ActionId,
        now: Timestamp,
    ) -> Result<Resolution, ResolveError> {
        self.alive()?;
        if self.is_under_way(id) {
            let why = "the kernel is working on it, and its end is not decided".to_owned();
            return Err(Unobservable { why }.into());
        }
        if let Some(end) = self.find_end(id).map_err(|error| unreadable(&error))? {
            if let Resolution::Executed(receipt) = &end
                && matches!(Action::try_from(&receipt.action), Ok(Action::CreateBackup { .. }))
            {
                self.keep_of_backup(receipt, now)?;
            }
            return Ok(end);
        }
        match self.metadata.order(id).map_err(|error| unreadable(&error))? {
            Some(OrderState::Accepted { at }) => {
                let action = self.metadata.ordered(id).map_err(|error| unreadable(&error))?;
                if matches!(action, Some(Action::VerifyNode { .. })) {
                    return self.void(id, "did not come to its end and changes nothing", now);
                }
                if let Some(Action::CreateBackup { name }) = &action {
                    return self.settle_backup(id, name, now);
                }
                self.settle_in_log(id, at, now)
            }
            // Not accepted, or accepted and proven never to have run: no entry of it is anywhere.
            Some(OrderState::Refused(_)) => self.void(id, "had never run", now),
            Some(OrderState::Voided(tombstone)) => Ok(Resolution::Voided(tombstone)),
            None => self.void(id, "had never reached the kernel", now),
        }
    }

    /// A backup was never in a log. One that is there and whole holds its receipt; where there is none
    /// the id is voided; and where something else is there, nothing can be said.
    fn settle_backup(
        &mut self,
        id: ActionId,
        name: &PlaceName,
        now: Timestamp,
    ) -> Result<Resolution, ResolveError> {
        match backup::kept(&self.home.dir, name, id) {
            Ok(Some(receipt)) => {
                self.backups.insert(name.clone(), receipt.clone());
                self.keep_of_backup(&receipt, now)?;
                Ok(Resolution::Executed(receipt))
            }
            Ok(None) => self.void(id, "did not come to its end and left no backup", now),
            Err(error) => Err(Unobservable { why: error.to_string() }.into()),
        }
    }

    /// Keeps a receipt that only the manifest of a backup may hold, and manifests can be moved away.
    /// A cluster that was made of a backup holds the receipts before it in its log.
    fn keep_of_backup(&mut self, receipt: &Receipt, now: Timestamp) -> Result<(), ResolveError> {
        let id = receipt.action_id;
        let ordered = self.metadata.order(id).map_err(|error| unreadable(&error))?;
        let held = self.metadata.receipt(id).map_err(|error| unreadable(&error))?;
        if ordered.is_none() || held.is_some() {
            return Ok(());
        }
        let kept = self.metadata.keep(receipt);
        kept.map_err(|error| self.lost(&error, now))
    }

    /// The tombstone under an id, wherever it can be read.
    pub(super) fn find_tombstone(&self, id: ActionId) -> Result<Option<Tombstone>, DiskError> {
        if let Some(OrderState::Voided(tombstone)) = self.metadata.order(id)? {
            return Ok(Some(tombstone));
        }
        let stores = self.ensemble.reachable().filter_map(|(node, _)| node.store());
        let found: Result<Vec<_>, _> = stores.map(|store| store.tombstone(id)).collect();
        Ok(found?.into_iter().flatten().next())
    }

    fn find_end(&self, id: ActionId) -> Result<Option<Resolution>, DiskError> {
        if let Some(receipt) = self.find_receipt(id)? {
            return Ok(Some(Resolution::Executed(receipt)));
        }
        Ok(self.find_tombstone(id)?.map(Resolution::Voided))
    }

    fn void(
        &mut self,
        id: ActionId,
        found: &str,
        now: Timestamp,
    ) -> Result<Resolution, ResolveError> {
        let result = format!("The switchboard voids this id, which {found}; it never can run.");
        let tombstone = Tombstone { action_id: id, voided_at: now, result };
        self.keep(&tombstone, now)?;
        Ok(Resolution::Voided(tombstone))
    }

    /// Its entry may be in a log and not yet committed. Only what the log says about it after that
    /// entry's place is final.
    fn settle_in_log(
        &mut self,
        id: ActionId,
        accepted_at: Timestamp,
        now: Timestamp,
    ) -> Result<Resolution, ResolveError> {
        let Some(primary) = self.primary().filter(|_| self.ensemble.has_quorum()) else {
            let office = match self.office() {
                PrimaryStatus::Held(node) => format!("{node} is primary without a majority"),
                PrimaryStatus::Unclear(node, since) => format!("{node} was cut off at {since}"),
                PrimaryStatus::Vacant => "nobody is primary".to_owned(),
            };
            let why = format!(
                "The kernel accepted this id at {accepted_at}, and only a primary with a majority \
                 can decide whether it ran; {office}."
            );
            return Err(ResolveError::NeedsPrimary { why });
        };
        let command = Command::Settle { action_id: id, at: now };
        let heard = self.ensemble.propose(primary, &[command], now).pop().flatten();
        self.remember(now, "the primary failed while an id was settled");
        match heard.map(|(_, applied)| applied) {
            Some(Applied::Resolved(settled)) => {
                match &settled {
                    Resolution::Voided(tombstone) => self.keep(tombstone, now)?,
                    Resolution::Executed(receipt) => {
                        let kept = self.metadata.keep(receipt);
                        kept.map_err(|error| self.lost(&error, now))?;
                    }
                }
                Ok(settled)
            }
            _ => Err(ResolveError::Unobservable(Unobservable {
                why: "the answer was not committed; the question can be asked again".to_owned(),
            })),
        }
    }

    fn keep(&mut self, tombstone: &Tombstone, now: Timestamp) -> Result<(), ResolveError> {
        let kept = self.metadata.void(tombstone);
        kept.map_err(|error| self.lost(&error, now))
    }

    fn lost(&mut self, error: &DiskError, now: Timestamp) -> ResolveError {
        self.stop(error, now);
        ResolveError::Unobservable(unreadable(error))
    }
}
