//! Opening the directory of a cluster: by one process, only as what it is, and never repaired (C6.3).
//!
//! It is read first, and nothing in it changes by that; whoever compared it with the log then starts or
//! holds what was read (C9.5).
//!
//! A start founds nothing. Where a file is missing, damaged or older than it was, the node is out of
//! the cluster and says so, and where it is the cluster metadata the start is refused: the missing file may
//! have held what was acknowledged.

use super::backup;
use super::bootstrap::{self, FOUNDING, METADATA_FILE};
use super::cluster::{Cluster, Home};
use super::counts::{KeptCounts, SaveCounts};
use super::memory::StoppedKernel;
use super::metadata::ClusterMetadata;
use super::node::Node;
use super::raft_group::RaftGroup;
use super::sqlite::DiskError;
use super::store::{NodeIdentity, NodeStore};
use super::{EmbeddedConfig, NODES_MAX, NodeCount, OpenError};
use crate::crash::{self, InjectedBug};
use crate::files::{DirectoryLock, FileDigest};
use crate::model::ambient::{Clock, Entropy, Room, Timestamp};
use crate::model::pinned::ClusterIdentity;
use crate::model::text::PlaceName;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a restore that did not come to its end leaves beside the directory of the cluster.
pub(super) const RESTORE_UNFINISHED: &str = ".kernel.unfinished";

/// A kernel that runs, and what its start did.
pub(super) struct OpenedCluster {
    pub(super) cluster: Cluster,
    pub(super) start_note: String,
}

/// Whether anybody has served a cluster, as the log knows it: the kernel does not take its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceHistory {
    /// Somebody has. Then it has or had a primary, and a start makes none.
    Before,
    /// Nobody has: this start ends the founding.
    Never,
}

/// Reads the cluster in a directory whole, and changes nothing in its files.
pub(super) fn read(
    dir: &Path,
    room: &Arc<dyn Room>,
    clock: &dyn Clock,
) -> Result<StoppedKernel, OpenError> {
    refuse_unfinished_restore(dir)?;
    if !dir.exists() {
        return Err(OpenError::NotFounded { dir: dir.to_owned() });
    }
    let lock = DirectoryLock::take(dir)?;
    if dir.join(FOUNDING).exists() {
        return Err(OpenError::FoundingUnfinished { dir: dir.to_owned() });
    }
    let metadata = dir.join(METADATA_FILE);
    if !metadata.exists() {
        let holds_nothing = !FileDigest::path(&metadata).exists()
            && !(1..=NODES_MAX).any(|number| node_directory(dir, number).exists());
        return Err(if holds_nothing {
            OpenError::NotFounded { dir: dir.to_owned() }
        } else {
            OpenError::MetadataMissing { dir: dir.to_owned() }
        });
    }
    StoppedKernel::of(assemble(dir, room, lock, clock)?)
}

/// Reads the cluster that was asked for, as far as the log knows it.
pub(super) fn read_asked(
    config: &EmbeddedConfig,
    served: ServiceHistory,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<StoppedKernel, OpenError> {
    let dir = &config.dir;
    check_size(config)?;
    let is_lost = dir.exists() && !dir.join(METADATA_FILE).exists() && !dir.join(FOUNDING).exists();
    let served = if is_lost && crash::has_injected_bug(InjectedBug::FoundWhereLost) {
        bootstrap::create_node_files(config, entropy, clock.now())?;
        ServiceHistory::Never
    } else {
        served
    };
    let stopped = read(dir, &config.room, clock)?;
    check_asked(config, &stopped.cluster)?;
    if !stopped.is_appointed && served == ServiceHistory::Before {
        return Err(OpenError::NeverAppointed { dir: dir.clone() });
    }
    Ok(stopped)
}

/// Starts a kernel that was read: from here on its files change.
pub(super) fn start(stopped: StoppedKernel, now: Timestamp) -> Result<OpenedCluster, OpenError> {
    let StoppedKernel { mut cluster, is_appointed } = stopped;
    let dir = cluster.home.dir.clone();
    let failed = |error| OpenError::metadata(&dir, error);
    if !is_appointed {
        bootstrap::refuse_more_than_a_birth(&cluster, &dir)?;
    }
    cluster.let_write(now).map_err(failed)?;
    cluster.begin_events(now).map_err(failed)?;
    let start_note = if is_appointed {
        cluster.vacate_after_start(now);
        let since = cluster.metadata.last_known().nobody.as_ref().map_or(now, |n| n.since);
        format!("reopened; nobody is primary until an operator asks, since {since}")
    } else {
        bootstrap::finish(&mut cluster, &dir, now)?
    };
    let start_note = match backup::unfinished(&dir).as_slice() {
        [] => start_note,
        names => format!("{start_note}; unfinished, and no backup: {}", names.join(", ")),
    };
    cluster.alive().map_err(|error| OpenError::Founding { why: error.why })?;
    Ok(OpenedCluster { cluster, start_note })
}

/// Makes a kernel that was read answer those who read: nothing in its files changes.
pub(super) fn hold(stopped: StoppedKernel, now: Timestamp) -> OpenedCluster {
    let mut cluster = stopped.cluster;
    cluster.vacate_unwritten(now);
    let start_note = "read only: log and kernel do not say the same".to_owned();
    OpenedCluster { cluster, start_note }
}

/// Reads the cluster that was just laid out, as it was asked for.
pub(super) fn read_laid_out(
    config: &EmbeddedConfig,
    lock: DirectoryLock,
    clock: &dyn Clock,
) -> Result<StoppedKernel, OpenError> {
    let cluster = assemble(&config.dir, &config.room, lock, clock)?;
    check_asked(config, &cluster)?;
    StoppedKernel::of(cluster)
}

/// Compares a cluster with the one that was asked for.
fn check_asked(config: &EmbeddedConfig, cluster: &Cluster) -> Result<(), OpenError> {
    let record = cluster.metadata.cluster();
    if let NodeCount::Exactly(asked) = config.nodes
        && asked != record.nodes
    {
        return Err(OpenError::Size { asked, found: record.nodes });
    }
    if !cluster.metadata.is_named(&config.cluster, &config.environment) {
        return Err(OpenError::Foreign {
            asked: format!("{} {}", config.environment, config.cluster),
            found: format!("{} {}", record.environment, record.name),
        });
    }
    Ok(())
}

/// Refuses a size that no cluster can have.
pub(super) fn check_size(config: &EmbeddedConfig) -> Result<(), OpenError> {
    let asked = config.nodes.asked();
    if (1..=NODES_MAX).contains(&asked) { Ok(()) } else { Err(OpenError::Nodes { asked }) }
}

/// Refuses a place in which a restore did not come to its end: it is not empty, and no cluster.
pub(super) fn refuse_unfinished_restore(dir: &Path) -> Result<(), OpenError> {
    let left = dir.parent().map(|parent| parent.join(RESTORE_UNFINISHED));
    match left.filter(|left| left.exists()) {
        None => Ok(()),
        Some(left) => Err(OpenError::RestoreUnfinished { left }),
    }
}

/// Reads every file of the cluster, and refuses what is foreign or missing.
fn assemble(
    dir: &Path,
    room: &Arc<dyn Room>,
    lock: DirectoryLock,
    clock: &dyn Clock,
) -> Result<Cluster, OpenError> {
    let now = clock.now();
    let counts = SaveCounts::default();
    let metadata = ClusterMetadata::read(&dir.join(METADATA_FILE), counts.clone())
        .map_err(|e| OpenError::metadata(dir, e))?;
    let record = metadata.cluster().clone();
    let mut stores = Vec::new();
    let listed = metadata.listed().map_err(|e| OpenError::metadata(dir, e))?;
    let members = metadata.members().map_err(|e| OpenError::metadata(dir, e))?;
    for number in listed {
        let identity = bootstrap::identity(&record.cluster_id, number, record.nodes);
        stores.push((open_store(dir, &identity, &counts), identity));
    }
    let noted = KeptCounts::open(dir, &record.cluster_id, counts.clone())
        .map_err(|error| OpenError::metadata(dir, error))?;
    // Only now every file has said what it knows of the others.
    refuse_older("switchboard", metadata.saves(), &counts)
        .map_err(|error| OpenError::metadata(dir, error))?;
    let mut nodes = Vec::new();
    for (store, identity) in stores {
        let number = identity.number;
        // The files of one node are not those of the others: without it the cluster goes on, if a
        // majority is left. It is not repaired and never made anew.
        nodes.push(
            start_node(store, &identity, &counts).unwrap_or_else(|error| {
                Node::unusable(number, format!("in n{number}: {error}"), now)
            }),
        );
    }
    if let (Some(node), true) = (nodes.first(), nodes.iter().all(|node| node.failed().is_some())) {
        let why = node.failed().map_or_else(String::new, |failed| failed.why.clone());
        return Err(OpenError::NoNode { why });
    }
    let name = |text: &str| {
        let corrupt = |_| DiskError::corrupt(format!("{text:?} is no name of a cluster"));
        PlaceName::parse(text).map_err(corrupt).map_err(|e| OpenError::metadata(dir, e))
    };
    let identity = ClusterIdentity {
        cluster: name(&record.name)?,
        environment: name(&record.environment)?,
        kernel: "embedded".to_owned(),
        id: record.cluster_id,
    };
    let ensemble = RaftGroup::new(nodes, members);
    let room = Arc::clone(room);
    let home = Home { dir: dir.to_owned(), lock, counts, noted, room };
    Ok(Cluster::new(ensemble, metadata, identity, home, clock.name()))
}

/// Opens the files of a node, if they are its own and what it wrote.
fn open_store(
    dir: &Path,
    identity: &NodeIdentity,
    counts: &SaveCounts,
) -> Result<NodeStore, DiskError> {
    let path = node_directory(dir, identity.number).join("node.sqlite");
    if !path.exists() {
        return Err(DiskError::corrupt("node.sqlite is missing; a lost node is never made anew"));
    }
    NodeStore::read_among(&path, identity, counts.clone())
}

/// Starts a node on its files, if no other file knows more of them.
fn start_node(
    store: Result<NodeStore, DiskError>,
    identity: &NodeIdentity,
    counts: &SaveCounts,
) -> Result<Node, DiskError> {
    let store = store?;
    let older = refuse_older(&format!("n{}", identity.number), store.saves(), counts);
    if !crash::has_injected_bug(InjectedBug::OlderNodeAccepted)
        && let Err(error) = older
    {
        store.leave();
        return Err(error);
    }
    Node::start(identity, store)
}

/// A file that holds fewer saves than another one remembers is older than it was, seal and all.
fn refuse_older(name: &str, held: u64, counts: &SaveCounts) -> Result<(), DiskError> {
    let known = counts.of(name);
    if held >= known {
        return Ok(());
    }
    let file = if name == "switchboard" { METADATA_FILE } else { "node.sqlite" };
    Err(DiskError::corrupt(format!(
        "{file} holds {held} saves, and the other files of the cluster remember {known}: it is older \
         than it was"
    )))
}

/// The directory of a node.
pub(super) fn node_directory(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("n{number}"))
}
