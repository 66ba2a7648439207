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
pub mod checks;
mod cluster;
pub mod command;
mod copying;
mod data;
pub mod data_api;
mod ensemble;
mod events;
mod founding;
pub mod image;
mod long;
pub mod machine;
pub mod membership;
mod node;
mod observation;
mod orders;
mod predict;
pub mod restore;
mod settle;
mod sqlite;
pub mod store;
mod switchboard;
mod thread;
mod verify;
mod wording;

pub use data::{DataError, Write, Written};
pub use long::Meter;
pub use sqlite::StoreError;

use crate::kernel::{
    Answer, ApplyError, CommandKernel, KernelDescription, ObserveKernel, Order, SettleError,
    Settled, Unobservable,
};
use crate::model::action::{Action, ActionId};
use crate::model::ambient::{Clock, Entropy};
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::explanation::Checks;
use crate::model::receipt::KernelRefusal;
use crate::model::text::{NodeId, PlaceName};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thread::{Request, Shell};
use tokio::sync::{oneshot, watch};

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
pub struct Config {
    /// Its directory; made when it is missing.
    pub dir: PathBuf,
    /// How many nodes it has: 1 to [`NODES_MAX`]. Fixed by the founding.
    pub nodes: NodeCount,
    /// Its name. Fixed by the founding.
    pub cluster: PlaceName,
    /// Its environment. Fixed by the founding.
    pub environment: PlaceName,
}

/// Why a cluster could not be opened. Nothing that it holds was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A size that no cluster can have.
    #[error("a cluster has 1 to {NODES_MAX} nodes; asked for {asked}")]
    Nodes {
        /// The size asked for.
        asked: u64,
    },
    /// Another process serves this directory.
    #[error("{} is in use by another process", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// The cluster has another size.
    #[error(
        "the cluster has {found} nodes, fixed by its founding; asked for {asked}: leave --nodes out, or name another data directory"
    )]
    Size {
        /// The size asked for.
        asked: u64,
        /// The size that the founding fixed.
        found: u64,
    },
    /// The directory holds a cluster of another name.
    #[error(
        "the directory holds the cluster \"{found}\" (environment and name); asked for \"{asked}\": correct [control] in the settings or --environment, or name another data directory"
    )]
    Foreign {
        /// Environment and name asked for.
        asked: String,
        /// Environment and name that the founding fixed.
        found: String,
    },
    /// The files of no node can be used.
    #[error("the files of no node can be used; {why}")]
    NoNode {
        /// What is wrong with those of the first one, as a clause.
        why: String,
    },
    /// There are nodes, and nothing says of which cluster.
    #[error("{} holds nodes without their switchboard", dir.display())]
    SwitchboardMissing {
        /// The directory.
        dir: PathBuf,
    },
    /// The file of a node that is new cannot be made.
    #[error("the store of {node} cannot be made: {source}")]
    Node {
        /// The node.
        node: NodeId,
        /// Why.
        source: StoreError,
    },
    /// The switchboard cannot be used.
    #[error("the switchboard in {} cannot be used: {source}", dir.display())]
    Switchboard {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The founding did not come to its end.
    #[error("{why}")]
    Founding {
        /// Why.
        why: String,
    },
    /// A file or directory cannot be used.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl OpenError {
    fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }

    fn switchboard(dir: &Path, source: StoreError) -> Self {
        Self::Switchboard { dir: dir.to_owned(), source }
    }
}

/// The kernel, as the rest of the program holds it. When it is dropped, the command that is being
/// served ends first, then every file is closed.
pub struct EmbeddedKernel {
    description: KernelDescription,
    changes: watch::Receiver<u64>,
    shell: Shell,
}

impl EmbeddedKernel {
    /// Opens the cluster in a directory, and founds it when there is none.
    ///
    /// # Errors
    /// When another process holds the directory, or it is not the cluster that was asked for.
    pub fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        let opened = founding::open(config, clock.as_ref(), entropy)?;
        let description = Self::description(&opened);
        let (shell, changes) = Shell::start(opened.cluster, opened.lock, clock)
            .map_err(|source| OpenError::io("start a thread for", &config.dir, source))?;
        Ok(Self { description, changes, shell })
    }

    /// The same kernel without a thread, under this weather.
    #[cfg(test)]
    fn open_here(
        config: &Config,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
        weather: simulation::Weather,
    ) -> Result<Self, OpenError> {
        let mut opened = founding::open(config, clock.as_ref(), entropy)?;
        opened.cluster.ensemble.expose_to(weather);
        let description = Self::description(&opened);
        let (shell, changes) = Shell::here(opened.cluster, opened.lock, clock);
        Ok(Self { description, changes, shell })
    }

    fn description(opened: &founding::Opened) -> KernelDescription {
        let identity = &opened.cluster.identity;
        KernelDescription {
            kind: "embedded",
            cluster: format!(
                // What never changes: the ledger compares it at every start.
                "{} {} ({}), founded with {} nodes in this process",
                identity.environment, identity.cluster, identity.id, opened.cluster.founders
            ),
            start_note: opened.start_note.clone(),
            can_settle: true,
        }
    }

    /// Writes one key; the answer is the proof that a majority holds it.
    ///
    /// # Errors
    /// `Refused` proves that nothing was appended; `Unknown` proves nothing.
    pub async fn write(&self, write: Write) -> Result<Written, DataError> {
        let ask = |reply| Request::Write(write, reply);
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
        match self.shell.ask(|reply| Request::Read(key, reply)).await {
            Ok(answer) => answer,
            Err(lost) => Err(lost.into_data()),
        }
    }

    /// Cuts a node off from the network, as a broken cable would: no switch, no step-down, and
    /// forgotten when the process ends. For tests and drills.
    pub async fn sever(&self, node: &NodeId) {
        let node = node.clone();
        // A kernel that ended has no network to cut, so a lost answer is none.
        let _ = self.shell.ask(|reply| Request::Sever(node, reply)).await;
    }

    /// Ends what [`EmbeddedKernel::sever`] began.
    pub async fn mend(&self, node: &NodeId) {
        let node = node.clone();
        let _ = self.shell.ask(|reply| Request::Mend(node, reply)).await;
    }

    async fn asked<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Unobservable>>) -> Request,
    ) -> Result<T, Unobservable> {
        self.shell.ask(request).await.unwrap_or_else(|lost| Err(Unobservable { why: lost.why() }))
    }
}

impl ObserveKernel for EmbeddedKernel {
    fn describe(&self) -> KernelDescription {
        self.description.clone()
    }

    fn observe(&self) -> Answer<'_, Result<ClusterState, Unobservable>> {
        Box::pin(self.asked(Request::Observe))
    }

    fn receipt(&self, action_id: ActionId) -> Answer<'_, Result<ReceiptStatus, Unobservable>> {
        Box::pin(self.asked(move |reply| Request::Receipt(action_id, reply)))
    }

    fn checks(&self, state: &ClusterState, action: &Action) -> Checks {
        checks::checks(state, action)
    }

    fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> Answer<'_, Result<EventPage, Unobservable>> {
        Box::pin(self.asked(move |reply| Request::Events(before, limit, reply)))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}

impl CommandKernel for EmbeddedKernel {
    fn apply(
        &self,
        order: Order,
    ) -> Answer<'_, Result<crate::model::receipt::Receipt, ApplyError>> {
        Box::pin(async move {
            match self.shell.ask(|reply| Request::Apply(Box::new(order), reply)).await {
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

    fn settle(&self, action_id: ActionId) -> Answer<'_, Result<Settled, SettleError>> {
        Box::pin(async move {
            let ask = |reply| Request::Settle(action_id, reply);
            match self.shell.ask(ask).await {
                Ok(answer) => answer,
                Err(lost) => Err(Unobservable { why: lost.why() }.into()),
            }
        })
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
