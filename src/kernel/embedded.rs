//! The embedded kernel: a replicated log on N nodes in this process, one directory and one SQLite
//! file for each.
//!
//! One thread owns everything. It serves one command after the other, and when a command has been
//! served nothing is under way but what an order asked for and takes long (`long`, `copying`): the Raft
//! library is never ticked, so no election, no heartbeat and no time-out exists. A primary is
//! appointed by the founding of a cluster and after that only by an order; after a start nobody is
//! primary until an operator asks (C2.1).
//!
//! It never re-creates a lost node, never repairs a file, and never asks twice.

pub mod backup;
mod bootstrap;
mod checklist;
pub mod checks;
mod cluster;
pub mod command;
mod content;
mod copying;
pub(in crate::kernel) mod counts;
mod data;
pub mod data_api;
mod error;
mod events;
mod job;
pub(in crate::kernel) mod kept;
pub mod membership;
mod memory;
mod metadata;
mod migration;
mod node;
mod observation;
mod offers;
mod opening;
mod orders;
mod predict;
#[cfg(test)]
pub(crate) mod probe;
mod raft_group;
mod resolve;
pub mod restore;
mod room;
pub mod spec;
pub(in crate::kernel) mod sqlite;
pub mod state_machine;
pub mod state_snapshot;
pub mod store;
mod thread;
mod verify;
pub mod view;
mod wording;

pub use bootstrap::LaidOut;
pub use data::{CommittedWrite, DataError, Write};
pub use error::OpenError;
pub use job::ProgressReporter;
pub use memory::StoppedKernel;
pub use metadata::METADATA_FORMAT;
pub use opening::ServiceHistory;
pub use sqlite::DiskError;

use crate::kernel::memory::MemoryPage;
use crate::kernel::{
    ApplyError, CommandKernel, Judge, KernelDescription, KernelFuture, ObserveKernel, Order,
    PendingOrder, Resolution, ResolveError, Unobservable,
};
use crate::model::action::{Action, ActionId};
use crate::model::ambient::{Clock, Entropy, Room};
use crate::model::attestation::Request;
use crate::model::checklist::ChecklistRow;
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::explanation::Checks;
use crate::model::facts::Since;
use crate::model::receipt::{KernelRefusal, Receipt};
use crate::model::session::Session;
use crate::model::spec::KernelSpec;
use crate::model::text::{NodeId, PlaceName};
use spec::{EmbeddedAction, SPEC};
use std::path::PathBuf;
use std::sync::Arc;
use thread::{KernelRequest, Shell};
use tokio::sync::{oneshot, watch};
use view::View;

/// Most nodes. What operators see of a cluster of this size, and how fast, is tried and measured.
pub const NODES_MAX: u64 = 101;

/// How many nodes, and what it means for a cluster that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeCount {
    /// A new cluster is founded with so many; one that exists keeps its own number.
    ToFoundWith(u64),
    /// A new cluster is founded with so many; one that has another number is refused.
    Exactly(u64),
}

impl NodeCount {
    /// The number asked for.
    #[must_use]
    pub fn asked(self) -> u64 {
        match self {
            Self::ToFoundWith(asked) | Self::Exactly(asked) => asked,
        }
    }
}

/// Which cluster to open, or to found.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// Its directory; made by a founding when it is missing.
    pub dir: PathBuf,
    /// How many nodes it has: 1 to [`NODES_MAX`]. Fixed by the founding.
    pub nodes: NodeCount,
    /// Its name. Fixed by the founding.
    pub cluster: PlaceName,
    /// Its environment. Fixed by the founding.
    pub environment: PlaceName,
    /// How much can still be written to the directory.
    pub room: Arc<dyn Room>,
}

/// The kernel, as the rest of the program holds it. When it is dropped, the command that is being
/// served ends first, then every file is closed.
pub struct EmbeddedKernel {
    description: KernelDescription,
    changes: watch::Receiver<u64>,
    shell: Shell,
    held: Option<Since>,
}

impl EmbeddedKernel {
    /// Lays a new cluster out in a directory that is empty or absent; nothing runs yet. What an earlier
    /// call left there that did not come to its end is completed or replaced, and nothing else.
    ///
    /// # Errors
    /// When the directory holds anything else, or another process holds it.
    pub fn create_files(
        config: &EmbeddedConfig,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<LaidOut, OpenError> {
        bootstrap::create_files(config, clock, entropy)
    }

    /// Reads the cluster in a directory and starts it. It lays nothing out; one that nobody has served gets
    /// its first primary, as its founding names it.
    ///
    /// # Errors
    /// When there is none, another process holds the directory, it is not the cluster that was asked
    /// for, or what belongs to no node is missing, damaged or older than it was.
    pub fn open(
        config: &EmbeddedConfig,
        served: ServiceHistory,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        let stopped = StoppedKernel::open_asked(config, served, clock.as_ref(), entropy)?;
        Self::start(stopped, clock)
    }

    /// Starts a kernel that was read: from here on its files change.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn start(stopped: StoppedKernel, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::run(opening::start(stopped, clock.now())?, clock, None)
    }

    /// Lets a kernel that was read be read on, and changes nothing in its files: nothing is written,
    /// executed or settled before the program is started again, because somebody has to accept what was
    /// found first (C9.5).
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn hold(
        stopped: StoppedKernel,
        held: Since,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        Self::run(opening::hold(stopped, held.since), clock, Some(held))
    }

    fn run(
        opened: opening::OpenedCluster,
        clock: Arc<dyn Clock>,
        held: Option<Since>,
    ) -> Result<Self, OpenError> {
        let (description, dir) = (Self::description(&opened), opened.cluster.home.dir.clone());
        let (shell, changes) = Shell::start(opened.cluster, clock)
            .map_err(|source| OpenError::io("start a thread for", &dir, source))?;
        Ok(Self { description, changes, shell, held })
    }

    fn description(opened: &opening::OpenedCluster) -> KernelDescription {
        let identity = &opened.cluster.identity;
        KernelDescription {
            kind: SPEC.kind,
            cluster: bootstrap::described(identity, opened.cluster.founders),
            start_note: opened.start_note.clone(),
            can_resolve: true,
        }
    }

    /// Writes one key; the answer is the proof that a majority holds it.
    ///
    /// # Errors
    /// `Refused` proves that nothing was appended; `Unknown` proves nothing.
    pub async fn write(&self, write: Write) -> Result<CommittedWrite, DataError> {
        if let Some(held) = &self.held {
            return Err(DataError::Refused { error: "held", refused: held.clone() });
        }
        let ask = |reply| KernelRequest::Write(write, reply);
        match self.shell.ask(ask).await {
            Ok(answer) => answer,
            Err(lost) => Err(lost.into_data()),
        }
    }

    /// Reads one key, as the last acknowledged write left it.
    ///
    /// # Errors
    /// When no primary with a majority can answer.
    pub async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, DataError> {
        let key = key.to_owned();
        match self.shell.ask(|reply| KernelRequest::Read(key, reply)).await {
            Ok(answer) => answer,
            Err(lost) => Err(lost.into_data()),
        }
    }

    /// Cuts a node off from the network, as a broken cable would: no switch, no step-down, and
    /// forgotten when the process ends. For tests and drills. A kernel that is held has no network.
    pub async fn partition(&self, node: &NodeId) {
        if self.held.is_some() {
            return;
        }
        let node = node.clone();
        // A kernel that ended has no network to cut, so a lost answer is none.
        let _ = self.shell.ask(|reply| KernelRequest::Partition(node, reply)).await;
    }

    /// Ends what [`EmbeddedKernel::partition`] began.
    pub async fn heal(&self, node: &NodeId) {
        if self.held.is_some() {
            return;
        }
        let node = node.clone();
        let _ = self.shell.ask(|reply| KernelRequest::Heal(node, reply)).await;
    }

    async fn asked<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Unobservable>>) -> KernelRequest,
    ) -> Result<T, Unobservable> {
        self.shell.ask(request).await.unwrap_or_else(|lost| Err(Unobservable { why: lost.why() }))
    }
}

impl ObserveKernel for EmbeddedKernel {
    fn spec(&self) -> &'static KernelSpec {
        &SPEC
    }

    fn offers(&self, state: &ClusterState) -> Vec<Action> {
        offers::offers(state)
    }

    fn describe(&self) -> KernelDescription {
        self.description.clone()
    }

    fn observe(&self) -> KernelFuture<'_, Result<ClusterState, Unobservable>> {
        Box::pin(self.asked(KernelRequest::Observe))
    }

    fn receipt(
        &self,
        action_id: ActionId,
    ) -> KernelFuture<'_, Result<ReceiptStatus, Unobservable>> {
        Box::pin(self.asked(move |reply| KernelRequest::Receipt(action_id, reply)))
    }

    fn checks(&self, state: &ClusterState, request: &Request) -> Checks {
        self.judge(state)(request)
    }

    fn judge<'a>(&'a self, state: &'a ClusterState) -> Judge<'a> {
        let view = View::read(state);
        Box::new(move |request| match EmbeddedAction::try_from(&request.action) {
            Ok(action) => checks::of_view(&view, &action),
            Err(error) => Checks::not_known(&error),
        })
    }

    fn checklist(&self, state: &ClusterState, _: &str, node: &NodeId) -> Vec<ChecklistRow> {
        checklist::rows(state, node)
    }

    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> KernelFuture<'_, Result<EventPage, Unobservable>> {
        Box::pin(self.asked(move |reply| KernelRequest::Events(before, limit, reply)))
    }

    fn memory(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> KernelFuture<'_, Result<MemoryPage, Unobservable>> {
        Box::pin(self.asked(move |reply| KernelRequest::Memory(after, limit, reply)))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}

impl CommandKernel for EmbeddedKernel {
    /// It holds its orders under their ids, and so needs no session to find one again.
    fn open<'a>(&'a self, _: &'a PendingOrder) -> KernelFuture<'a, Result<Session, ApplyError>> {
        Box::pin(async { Ok(Session::none()) })
    }

    fn apply(&self, order: Order, _: Session) -> KernelFuture<'_, Result<Receipt, ApplyError>> {
        Box::pin(async move {
            if let Some(Since { since, why }) = &self.held {
                let sentence = format!("The kernel is held since {since}: {why}.");
                return Err(orders::refusal("held", sentence, &[]).into());
            }
            match self.shell.ask(|reply| KernelRequest::Apply(Box::new(order), reply)).await {
                Ok(answer) => answer,
                Err(lost) if lost.before_arrival() => Err(KernelRefusal {
                    rule: "kernel_stopped".to_owned(),
                    sentence: lost.why(),
                    invariants: Vec::new(),
                }
                .into()),
                Err(lost) => Err(ApplyError::Unknown { why: lost.why() }),
            }
        })
    }

    fn resolve<'a>(
        &'a self,
        action_id: ActionId,
        _: &'a Session,
    ) -> KernelFuture<'a, Result<Resolution, ResolveError>> {
        Box::pin(async move {
            if let Some(Since { why, .. }) = &self.held {
                return Err(Unobservable { why: format!("it is held: {why}") }.into());
            }
            let ask = |reply| KernelRequest::Resolve(action_id, reply);
            match self.shell.ask(ask).await {
                Ok(answer) => answer,
                Err(lost) => Err(Unobservable { why: lost.why() }.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests;
