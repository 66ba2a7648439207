//! PostgreSQL with streaming replication, behind the port of the control plane.
//!
//! The servers hold the data and decide; this adapter observes them, and sends what an operator confirmed,
//! once, in one session that is on record before. It runs nothing by itself: while somebody listens for
//! changes the cluster is looked at, and nothing else is done (C2.3).
//!
//! | file | what it does |
//! |---|---|
//! | `config`, `tls`, `connection`, `session` | how servers are reached, and which session an order runs in |
//! | `spec`, `command`, `view`, `checks`, `predict`, `offers` | what this kernel says and judges; pure |
//! | `reading`, `history`, `foreign`, `observation` | what servers say becomes one observation |
//! | `statements`, `orders`, `finish`, `copying` | what an order sends, once |
//! | `evidence`, `resolve` | what became of one of unknown outcome |
//! | `journal`, `memory`, `events` | what is kept beside the servers |
//! | `replication`, `backup`, `manifest`, `verify` | base backups, and pages that servers verify |
//! | `prepare`, `rights`, `founding` | what an administrator runs, and what this control plane founds |

pub mod backup;
mod checklist;
pub mod checks;
pub mod command;
pub mod config;
pub mod connection;
pub mod control_data;
mod copying;
mod events;
mod evidence;
mod finish;
#[cfg(test)]
mod fixture;
mod foreign;
pub mod founding;
mod history;
pub mod journal;
pub mod manifest;
mod memory;
pub mod observation;
pub mod offers;
mod orders;
mod predict;
pub mod prepare;
mod promotion;
mod reader;
mod reading;
pub mod replication;
mod resolve;
pub mod rights;
mod session;
pub mod spec;
mod statements;
pub mod sync_rule;
pub mod tls;
pub mod verify;
pub mod view;

use crate::kernel::embedded::DiskError;
use crate::kernel::memory::MemoryPage;
use crate::kernel::progress::ProgressReporter;
use crate::kernel::{
    ApplyError, CommandKernel, Judge, KernelDescription, KernelFuture, ObserveKernel, Order,
    PendingOrder, Resolution, ResolveError, Unobservable,
};
use crate::model::action::{Action, ActionId};
use crate::model::ambient::{Clock, Room};
use crate::model::attestation::Request;
use crate::model::checklist::ChecklistRow;
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::explanation::Checks;
use crate::model::facts::Since;
use crate::model::pinned::ClusterIdentity;
use crate::model::receipt::Receipt;
use crate::model::session::Session;
use crate::model::spec::KernelSpec;
use crate::model::text::NodeId;
use config::PostgresConfig;
use connection::{Dialer, DialerError};
use journal::{Journal, OrderEnd};
use observation::ClusterObserver;
use orders::OpenSession;
use spec::SPEC;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Why the kernel cannot be read or started. Nothing was sent to a server.
#[derive(Debug, thiserror::Error)]
pub enum PostgresOpenError {
    /// The settings do not go together.
    #[error(transparent)]
    Dialer(#[from] DialerError),
    /// The journal cannot be read or written.
    #[error("the journal of the kernel: {0}")]
    Journal(#[from] DiskError),
}

/// The kernel over PostgreSQL servers. Before it is started it reads and changes nothing.
pub struct PostgresKernel {
    config: Arc<PostgresConfig>,
    identity: ClusterIdentity,
    dialer: Dialer,
    journal: Journal,
    observer: Arc<ClusterObserver>,
    room: Arc<dyn Room>,
    clock: Arc<dyn Clock>,
    /// The session that was opened for the next order.
    open: tokio::sync::Mutex<Option<OpenSession>>,
    /// The observation before the next one.
    seen: tokio::sync::Mutex<Option<ClusterState>>,
    /// How far the order that runs now is.
    running: Mutex<Option<Arc<ProgressReporter>>>,
    held: Option<Since>,
    start_note: String,
}

/// The order that runs now. When it is dropped, none does.
struct RunningOrder<'a>(&'a PostgresKernel);

impl Drop for RunningOrder<'_> {
    fn drop(&mut self) {
        *self.0.running() = None;
    }
}

impl PostgresKernel {
    /// Reads what this control plane keeps of the cluster of these settings. Nothing is written, and nothing
    /// is sent to a server: one that does not answer is unknown once it is asked.
    ///
    /// # Errors
    /// When the settings do not go together, or the journal is missing, damaged or older than it was.
    pub fn read(
        config: PostgresConfig,
        clock: Arc<dyn Clock>,
        room: Arc<dyn Room>,
    ) -> Result<Self, PostgresOpenError> {
        let dialer = Dialer::new(&config)?;
        let journal = Journal::read(&config.dir)?;
        let config = Arc::new(config);
        let identity = founding::identity(&config, &journal.head().system_identifier);
        let observer = ClusterObserver::new(
            Arc::clone(&config),
            dialer.clone(),
            journal.clone(),
            Arc::clone(&room),
            Arc::clone(&clock),
        );
        Ok(Self {
            config,
            identity,
            dialer,
            journal,
            observer: Arc::new(observer),
            room,
            clock,
            open: tokio::sync::Mutex::default(),
            seen: tokio::sync::Mutex::default(),
            running: Mutex::default(),
            held: None,
            start_note: "it was read, and not started".to_owned(),
        })
    }

    /// Starts a kernel that was read: from here on its journal is written.
    ///
    /// # Errors
    /// When that cannot be.
    pub fn start(self) -> Result<Self, PostgresOpenError> {
        let last = self.journal.begin()?;
        let at = self.clock.now();
        self.journal.keep_at_start(events::started(at, last.as_ref()))?;
        let start_note =
            "it asks the servers which node is primary, and changed nothing".to_owned();
        Ok(Self { start_note, ..self })
    }

    /// Lets a kernel that was read be read on, and changes nothing before the program is started again,
    /// because somebody has to accept what was found first (C9.5).
    #[must_use]
    pub fn hold(self, held: Since) -> Self {
        let start_note = format!("it is held: {}", held.why);
        Self { held: Some(held), start_note, ..self }
    }

    /// Which cluster it is.
    #[must_use]
    pub fn identity(&self) -> &ClusterIdentity {
        &self.identity
    }

    /// Where its backups are.
    fn backups(&self) -> PathBuf {
        backup::backups_dir(&self.config.dir)
    }

    fn running(&self) -> MutexGuard<'_, Option<Arc<ProgressReporter>>> {
        // It is whole after every statement.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on an order runs, until what is returned is dropped.
    fn runs(&self, id: ActionId) -> RunningOrder<'_> {
        let announce = self.observer.announcer();
        *self.running() = Some(Arc::new(ProgressReporter::new(id, Some(announce))));
        RunningOrder(self)
    }

    fn is_running(&self, id: ActionId) -> bool {
        self.running().as_ref().is_some_and(|reporter| reporter.action_id() == Some(id))
    }

    fn reporter(&self) -> Arc<ProgressReporter> {
        let running = self.running().clone();
        running.unwrap_or_else(|| Arc::new(ProgressReporter::unheard()))
    }
}

impl ObserveKernel for PostgresKernel {
    fn spec(&self) -> &'static KernelSpec {
        &SPEC
    }

    fn describe(&self) -> KernelDescription {
        KernelDescription {
            kind: SPEC.kind,
            cluster: founding::described(&self.identity),
            start_note: self.start_note.clone(),
            // But for what leaves no evidence, of which it says that it cannot tell.
            can_resolve: true,
        }
    }

    fn observe(&self) -> KernelFuture<'_, Result<ClusterState, Unobservable>> {
        Box::pin(async {
            let state = self.observer.observe().await?;
            self.note_differences(&state).await?;
            let under_way = self.running().as_ref().and_then(|reporter| reporter.read());
            Ok(state.with_under_way(under_way))
        })
    }

    fn receipt(
        &self,
        action_id: ActionId,
    ) -> KernelFuture<'_, Result<ReceiptStatus, Unobservable>> {
        Box::pin(async move {
            let entry = self.journal.find(action_id).await?;
            Ok(match entry.and_then(|entry| entry.end) {
                Some(OrderEnd::Executed(receipt)) => ReceiptStatus::Executed { receipt },
                Some(OrderEnd::Voided(tombstone)) => ReceiptStatus::Voided { tombstone },
                Some(OrderEnd::Refused(_)) | None => ReceiptStatus::NoneYet { action_id },
            })
        })
    }

    fn checks(&self, state: &ClusterState, request: &Request) -> Checks {
        checks::checks(state, request)
    }

    fn judge<'a>(&'a self, state: &'a ClusterState) -> Judge<'a> {
        checks::judge(state)
    }

    fn offers(&self, state: &ClusterState) -> Vec<Action> {
        offers::offers(state)
    }

    fn checklist(&self, state: &ClusterState, key: &str, node: &NodeId) -> Vec<ChecklistRow> {
        checklist::rows(state, key, node)
    }

    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> KernelFuture<'_, Result<EventPage, Unobservable>> {
        Box::pin(self.event_page(before, limit))
    }

    fn memory(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> KernelFuture<'_, Result<MemoryPage, Unobservable>> {
        Box::pin(memory::page(&self.config, &self.dialer, &self.journal, after, limit))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.observer.changes()
    }
}

impl CommandKernel for PostgresKernel {
    fn open<'a>(
        &'a self,
        pending: &'a PendingOrder,
    ) -> KernelFuture<'a, Result<Session, ApplyError>> {
        Box::pin(self.open_session(pending))
    }

    fn apply(
        &self,
        order: Order,
        session: Session,
    ) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        Box::pin(self.apply_order(order, session))
    }

    fn resolve<'a>(
        &'a self,
        action_id: ActionId,
        session: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>> {
        Box::pin(self.resolve_order(action_id, session))
    }
}
