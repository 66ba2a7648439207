//! A look inside, for the simulation of the whole system and for nobody else: it is compiled into tests only.
//!
//! A kernel that is probed has no thread: whoever asks it serves the request, so that one seed decides
//! the order of everything. Its messages travel as a [`MessageCarrier`] says.

use super::cluster::Cluster;
use super::node::Node;
use super::store::NodeStore;
use super::thread::Shell;
use super::{
    CommittedWrite, DataError, DiskError, EmbeddedConfig, EmbeddedKernel, OpenError,
    ServiceHistory, StoppedKernel, Write, opening,
};
use crate::model::ambient::{Clock, Entropy, Timestamp};
use crate::model::text::NodeId;
use raft::eraftpb::{Entry, Message};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use super::cluster::PrimaryStatus;
pub(crate) use super::node::NodeStatus;

/// What becomes of one message.
pub(crate) enum Transit {
    /// It is delivered, if both ends can be reached.
    Arrives(Message),
    /// It is lost, and the sender is told, as the network of the process tells it.
    Lost(Message),
    /// It is lost, and nobody is told.
    Vanished,
}

/// How messages travel between the nodes.
pub(crate) trait MessageCarrier: Send {
    /// Takes a message from the wire, and says what becomes of it; nothing if the wire is empty.
    fn take(&mut self, wire: &mut VecDeque<Message>) -> Option<Transit>;
}

/// The directory of a node, in the directory of its kernel.
pub(crate) fn node_directory(dir: &Path, number: u64) -> PathBuf {
    opening::node_directory(dir, number)
}

impl EmbeddedKernel {
    /// The same kernel without a thread, and with this carrier.
    pub(crate) fn open_here(
        config: &EmbeddedConfig,
        served: ServiceHistory,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
        carrier: impl MessageCarrier + 'static,
    ) -> Result<Self, OpenError> {
        let stopped = StoppedKernel::open_asked(config, served, clock.as_ref(), entropy)?;
        let mut opened = opening::start(stopped, clock.now())?;
        opened.cluster.ensemble.expose_to(carrier);
        let description = Self::description(&opened);
        let (shell, changes) = Shell::here(opened.cluster, clock);
        Ok(Self { description, changes, shell, held: None })
    }

    /// Looks into a kernel without a thread, between two requests.
    pub(crate) fn probe<T>(&self, look: impl FnOnce(&mut Probe<'_>) -> T) -> T {
        self.shell.with(|cluster| look(&mut Probe(cluster)))
    }
}

/// The inside of a kernel at rest.
pub(crate) struct Probe<'k>(&'k mut Cluster);

impl Probe<'_> {
    /// Writes of several clients, sent together.
    pub(crate) fn write(
        &mut self,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Vec<Result<CommittedWrite, DataError>> {
        self.0.write(writes, now)
    }

    /// What a client reads.
    pub(crate) fn read(&self, key: &str) -> Result<Option<Vec<u8>>, DataError> {
        self.0.read(key)
    }

    /// Cuts a node off from the network.
    pub(crate) fn partition(&mut self, number: u64, now: Timestamp) {
        self.0.partition(number, now);
    }

    /// Connects it again.
    pub(crate) fn heal(&mut self, number: u64, now: Timestamp) {
        self.0.heal(number, now);
    }

    /// Who is primary, as far as it can be seen.
    pub(crate) fn office(&self) -> PrimaryStatus {
        self.0.office()
    }

    /// Whether the primary has committed an entry of its own epoch.
    pub(crate) fn decides(&self) -> bool {
        self.0.decides()
    }

    /// Every node, also those that are cut off or no members.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeProbe<'_>> {
        self.0.ensemble.numbers().into_iter().filter_map(|number| self.node(number))
    }

    /// One of them.
    pub(crate) fn node(&self, number: u64) -> Option<NodeProbe<'_>> {
        self.0.ensemble.node(number).map(NodeProbe)
    }

    /// The last position of each member that can be reached.
    pub(crate) fn ends_within_reach(&self) -> impl Iterator<Item = u64> {
        self.0.ensemble.reachable().map(|(_, vitals)| vitals.last.position)
    }

    /// The file of the switchboard.
    pub(crate) fn metadata(&self) -> &Connection {
        self.0.metadata.connection()
    }
}

/// The inside of a node.
pub(crate) struct NodeProbe<'k>(&'k Node);

impl<'k> NodeProbe<'k> {
    /// Its name.
    pub(crate) fn id(&self) -> &'k NodeId {
        &self.0.id
    }

    /// Its number.
    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    /// Whether it stopped because its store failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.failed().is_some()
    }

    /// What it tells about itself while it runs.
    pub(crate) fn vitals(&self) -> Option<NodeStatus> {
        self.0.vitals()
    }

    /// Its store while it runs.
    pub(crate) fn store(&self) -> Option<&'k NodeStore> {
        self.0.store()
    }
}

/// The entries at these positions, both included.
pub(crate) fn entries(store: &NodeStore, first: u64, last: u64) -> Result<Vec<Entry>, DiskError> {
    store.entries_between(first, last)
}

/// The file of a node.
pub(crate) fn file(store: &NodeStore) -> &Connection {
    store.connection()
}
