//! Orders that take a whole node through the replication protocol: a backup into files of this control
//! plane, and a verification, of which nothing comes but what was found.

use super::PostgresKernel;
use super::backup::{BackupFailure, BackupPlan, create_backup, kept};
use super::command::PostgresAction as Action;
use super::config::NodeAddress;
use super::finish::Finished;
use super::journal::{NewEvent, SentOrder};
use super::orders::{refusal, unknown};
use super::replication::{ReplicationClient, WalPosition};
use super::session::{ServerSession, named};
use super::spec::PostgresInvariant as Rule;
use super::verify::{NodeVerifyError, verify_node};
use crate::kernel::{ApplyError, Order, ResolveError, Unobservable};
use crate::model::action::ActionId;
use crate::model::facts::Position;
use crate::model::receipt::{KernelRefusal, Receipt};
use crate::model::text::PlaceName;
use tokio::task::spawn_blocking;

/// A refusal of an order whose copy never was.
fn no_copy(rule: &str, sentence: String) -> ApplyError {
    KernelRefusal { rule: rule.to_owned(), sentence, invariants: Vec::new() }.into()
}

impl PostgresKernel {
    /// Runs an order that copies or reads a whole node.
    pub(super) async fn copy(
        &self,
        order: &Order,
        action: &Action,
        session: &ServerSession,
    ) -> Result<Finished, ApplyError> {
        let node = action.node();
        let Some(address) = self.config.node(node) else {
            let sentence = format!("{node} is no node in the settings. Nothing was sent.");
            return Err(refusal(Rule::NodeConfigured, sentence).into());
        };
        let mut client = self.replication(address, order.action_id()).await?;
        let copied = if let Action::CreateBackup { name, .. } = action {
            self.back_up(order, name, session, &mut client).await
        } else {
            self.verify(order, action, session, &mut client).await
        };
        client.close().await;
        copied
    }

    async fn replication(
        &self,
        address: &NodeAddress,
        id: ActionId,
    ) -> Result<ReplicationClient, ApplyError> {
        let name = named(&self.journal.head().instance, id);
        let client = self.dialer.replication(address, &name).await;
        client.map_err(|error| {
            let sentence =
                format!("No replication connection to {address}: {error}. Nothing was read.");
            refusal(Rule::NodeReachable, sentence).into()
        })
    }

    async fn back_up(
        &self,
        order: &Order,
        name: &PlaceName,
        session: &ServerSession,
        client: &mut ReplicationClient,
    ) -> Result<Finished, ApplyError> {
        let Ok(system_identifier) = session.system.parse() else {
            return Err(no_copy("backup_failed", "The system identifier is no number.".to_owned()));
        };
        let plan = BackupPlan {
            dir: self.backups(),
            name: name.clone(),
            action_id: order.action_id(),
            system_identifier,
            room: self.room.clone(),
            progress: self.reporter(),
        };
        let (id, action) = (order.action_id(), order.action().clone());
        let (witness, now) = (order.witness().clone(), self.clock.now());
        let node = session.node.clone();
        let made = create_backup(client, plan, move |contents| {
            let WalPosition { timeline, lsn } = contents.ends;
            let sentence = format!(
                "The backup of {node} holds {} files in {} bytes, is consistent at {}, was read back, \
                 and its archive has the SHA-256 {}.",
                contents.files, contents.bytes, contents.ends, contents.sha256
            );
            let finished = Finished {
                sentence,
                timeline: Some(timeline.into()),
                position: Some(lsn),
                about: Some(Position { branch: timeline.into(), offset: lsn }),
                verification: None,
            };
            finished.with_warnings(&contents.warnings).receipt(id, action, witness, now)
        });
        match made.await {
            Ok(description) => Ok(Finished::of(&description.receipt)),
            Err(BackupFailure { error, is_renamed: false }) => {
                Err(no_copy("backup_failed", format!("There is no backup, because {error}.")))
            }
            Err(BackupFailure { error, is_renamed: true }) => {
                Err(unknown(format!("The backup may be there: {error}")))
            }
        }
    }

    async fn verify(
        &self,
        order: &Order,
        action: &Action,
        session: &ServerSession,
        client: &mut ReplicationClient,
    ) -> Result<Finished, ApplyError> {
        let node = action.node();
        let reporter = self.reporter();
        match verify_node(client, node, order.action_id(), &reporter).await {
            Ok((sentence, verification)) => Ok(Finished {
                sentence,
                timeline: Some(session.timeline),
                position: None,
                about: None,
                verification: Some(verification),
            }),
            Err(error @ NodeVerifyError::NoChecksums { .. }) => {
                Err(refusal(Rule::ChecksumsOn, format!("{node} was not verified: {error}.")).into())
            }
            // It only read, so nothing of it is there that anybody could be in doubt about.
            Err(error @ NodeVerifyError::Server(_)) => {
                Err(no_copy("verify_failed", format!("{node} was not verified: {error}.")))
            }
        }
    }

    /// The receipt of a backup that is there and whole, with what happened; `None` where there is none.
    pub(super) async fn copied(
        &self,
        action: &Action,
        id: ActionId,
        sent: &SentOrder,
    ) -> Result<Option<(Receipt, NewEvent)>, ResolveError> {
        let Action::CreateBackup { name, .. } = action else { return Ok(None) };
        let (dir, name) = (self.backups(), name.clone());
        let found =
            spawn_blocking(move || kept(&dir, &name, id).map_err(|error| error.to_string()));
        let found = found.await.unwrap_or_else(|error| Err(error.to_string()));
        let found = found.map_err(|error| Unobservable { why: format!("its backup: {error}") })?;
        let Some(receipt) = found else { return Ok(None) };
        if receipt.witness != sent.witness || receipt.action != sent.action {
            let why = "the receipt in its backup is of another order".to_owned();
            return Err(ResolveError::CannotTell { why });
        }
        let event = Finished::of(&receipt).event(action, id, receipt.executed_at);
        Ok(Some((receipt, event)))
    }
}
