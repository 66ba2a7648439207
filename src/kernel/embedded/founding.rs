//! The directory of a cluster: founded once, opened by one process, and never repaired (C6.3).
//!
//! A founding is over when n1 was appointed and the birth record is committed. Until then nothing
//! is served, so a founding that was interrupted is finished at the next start. After that a node
//! whose files are missing is refused, never made anew: it may have held acknowledged writes.

use super::backup;
use super::cluster::Cluster;
use super::command::Command;
use super::ensemble::Ensemble;
use super::node::Node;
use super::sqlite::StoreError;
use super::store::{NodeIdentity, NodeStore};
use super::switchboard::{ClusterRecord, Switchboard};
use super::{Config, NODES_MAX, NodeCount, OpenError};
use crate::model::ambient::{Clock, Entropy, Timestamp};
use crate::model::pinned::ClusterIdentity;
use crate::model::text::NodeId;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub(super) const SWITCHBOARD: &str = "switchboard.sqlite";
const SWITCHBOARD_UNFINISHED: &str = "switchboard.unfinished";
const FOUNDING: &str = "founding";

/// An open directory: the kernel in it, the lock on it, and what the start did.
pub(super) struct Opened {
    pub(super) cluster: Cluster,
    pub(super) lock: Lock,
    pub(super) start_note: String,
}

/// The lock on a directory, as long as it is held.
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Said, not left to the end of the file handle: a process that is being started elsewhere
        // may hold a copy of that for a moment.
        let _ = self.0.unlock();
    }
}

/// Opens the cluster in a directory, and founds it when there is none.
pub(super) fn open(
    config: &Config,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Opened, OpenError> {
    if !(1..=NODES_MAX).contains(&config.nodes.asked()) {
        return Err(OpenError::Nodes { asked: config.nodes.asked() });
    }
    fs::create_dir_all(&config.dir).map_err(|e| OpenError::io("create", &config.dir, e))?;
    // The name of the directory has to last as long as what is in it.
    if let Some(parent) = config.dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync(parent)?;
    }
    let lock = lock(&config.dir)?;
    let now = clock.now();
    if !config.dir.join(SWITCHBOARD).exists() {
        lay_out(config, entropy, now)?;
    }
    let marker = config.dir.join(FOUNDING);
    if marker.exists() {
        fs::remove_file(&marker).map_err(|e| OpenError::io("remove", &marker, e))?;
        sync(&config.dir)?;
    }
    let (mut cluster, founded_at) = assemble(config, clock, now)?;
    let begun = cluster.begin_events(now);
    begun.map_err(|e| OpenError::switchboard(&config.dir, e))?;
    let is_over = cluster.switchboard.is_appointed();
    let start_note = if is_over.map_err(|e| OpenError::switchboard(&config.dir, e))? {
        cluster.vacate_after_start(now);
        let since = cluster.switchboard.last_known().nobody.as_ref().map_or(now, |n| n.since);
        format!("reopened; nobody is primary until an operator asks, since {since}")
    } else {
        appoint_first(&mut cluster, founded_at, now)
            .map_err(|e| OpenError::switchboard(&config.dir, e))?;
        format!("founded at {founded_at}; n1 was appointed primary by the founding")
    };
    let unfinished = backup::unfinished(&config.dir);
    let start_note = match unfinished.as_slice() {
        [] => start_note,
        names => format!("{start_note}; unfinished, and no backup: {}", names.join(", ")),
    };
    cluster.alive().map_err(|error| OpenError::Founding { why: error.why })?;
    Ok(Opened { cluster, lock, start_note })
}

fn lock(dir: &Path) -> Result<Lock, OpenError> {
    let path = dir.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| OpenError::io("open", &path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(e)) => Err(OpenError::io("lock", &path, e)),
    }
}

/// Lays the files of a new cluster out; the last step is one rename.
fn lay_out(config: &Config, entropy: &dyn Entropy, now: Timestamp) -> Result<(), OpenError> {
    let dir = &config.dir;
    let marker = dir.join(FOUNDING);
    let nodes = node_directories(dir);
    // Only a founding that was interrupted leaves nodes without a switchboard, and says so.
    if !marker.exists() && !nodes.is_empty() {
        return Err(OpenError::SwitchboardMissing { dir: dir.clone() });
    }
    File::create(&marker)
        .and_then(|file| file.sync_all())
        .map_err(|e| OpenError::io("create", &marker, e))?;
    sync(dir)?;
    for node in nodes {
        fs::remove_dir_all(&node).map_err(|e| OpenError::io("remove", &node, e))?;
    }
    let cluster_id = cluster_id(entropy);
    for number in 1..=config.nodes.asked() {
        let node = node_directory(dir, number);
        fs::create_dir(&node).map_err(|e| OpenError::io("create", &node, e))?;
        let identity = identity(&cluster_id, number, config.nodes.asked());
        NodeStore::create(&node.join("node.sqlite"), &identity)
            .map_err(|source| OpenError::Node { node: NodeId::numbered(number), source })?;
        sync(&node)?;
    }
    let unfinished = dir.join(SWITCHBOARD_UNFINISHED);
    for leftover in [unfinished.clone(), dir.join(format!("{SWITCHBOARD_UNFINISHED}-wal"))] {
        if leftover.exists() {
            fs::remove_file(&leftover).map_err(|e| OpenError::io("remove", &leftover, e))?;
        }
    }
    let record = ClusterRecord {
        cluster_id,
        name: config.cluster.to_string(),
        environment: config.environment.to_string(),
        nodes: config.nodes.asked(),
        founded_at: now,
    };
    Switchboard::create(&unfinished, &record).map_err(|e| OpenError::switchboard(dir, e))?;
    sync(&unfinished)?;
    let switchboard = dir.join(SWITCHBOARD);
    fs::rename(&unfinished, &switchboard).map_err(|e| OpenError::io("rename", &switchboard, e))?;
    sync(dir)
}

/// Opens every file of the cluster, and refuses what is foreign or missing.
fn assemble(
    config: &Config,
    clock: &dyn Clock,
    now: Timestamp,
) -> Result<(Cluster, Timestamp), OpenError> {
    let dir = &config.dir;
    let switchboard =
        Switchboard::open(&dir.join(SWITCHBOARD)).map_err(|e| OpenError::switchboard(dir, e))?;
    let record = switchboard.cluster().clone();
    if let NodeCount::Exactly(asked) = config.nodes
        && asked != record.nodes
    {
        return Err(OpenError::Size { asked, found: record.nodes });
    }
    if !switchboard.is_named(&config.cluster, &config.environment) {
        return Err(OpenError::Foreign {
            asked: format!("{} {}", config.environment, config.cluster),
            found: format!("{} {}", record.environment, record.name),
        });
    }
    let mut nodes = Vec::new();
    let listed = switchboard.listed().map_err(|e| OpenError::switchboard(dir, e))?;
    let members = switchboard.members().map_err(|e| OpenError::switchboard(dir, e))?;
    for number in listed {
        let identity = identity(&record.cluster_id, number, record.nodes);
        // The files of one node are not those of the others: without it the cluster goes on, if a
        // majority is left. It is not repaired and never made anew.
        nodes.push(
            start_node(dir, &identity).unwrap_or_else(|error| {
                Node::unusable(number, format!("in n{number}: {error}"), now)
            }),
        );
    }
    if let (Some(node), true) = (nodes.first(), nodes.iter().all(|node| node.failed().is_some())) {
        let why = node.failed().map_or_else(String::new, |failed| failed.why.clone());
        return Err(OpenError::NoNode { why });
    }
    let identity = ClusterIdentity {
        cluster: config.cluster.clone(),
        environment: config.environment.clone(),
        kernel: "embedded".to_owned(),
        id: record.cluster_id,
    };
    let ensemble = Ensemble::new(nodes, members);
    let mut cluster = Cluster::new(ensemble, switchboard, identity, dir.clone(), clock.name(), now);
    cluster.close_former_members().map_err(|e| OpenError::switchboard(dir, e))?;
    Ok((cluster, record.founded_at))
}

/// Starts a node on its files, if they are its own and what it wrote.
fn start_node(dir: &Path, identity: &NodeIdentity) -> Result<Node, StoreError> {
    let path = node_directory(dir, identity.number).join("node.sqlite");
    if !path.exists() {
        return Err(StoreError::corrupt("node.sqlite is missing; a lost node is never made anew"));
    }
    Node::start(identity, NodeStore::open(&path, identity)?)
}

/// The one appointment that no operator asks for: it is part of the founding, and the birth record
/// says so. It is the first entry of the first epoch.
fn appoint_first(
    cluster: &mut Cluster,
    founded_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let birth = Command::Birth {
        cluster_id: cluster.identity.id.clone(),
        founded_at,
        primary: NodeId::numbered(1),
        sentence: "n1 was appointed primary by the founding of the cluster".to_owned(),
    };
    cluster.ensemble.agree_on_epoch(cluster.epoch(), now);
    let (born, _) = cluster.ensemble.appoint(1, birth, now, |ensemble| {
        if let Some(node) = ensemble.node_mut(1) {
            node.campaign(now);
        }
    });
    if born.is_none() {
        let failed = cluster.ensemble.nodes().find_map(|node| node.failed());
        let why = failed.map_or("n1 was not elected", |failed| failed.why.as_str());
        return Err(StoreError::corrupt(format!("the birth record was not committed: {why}")));
    }
    cluster.switchboard.set_appointed()?;
    cluster.remember(now, "the founding did not come to its end");
    Ok(())
}

/// Makes the store of a node that joins a cluster that exists. What an attempt left behind that did
/// not come to the list of nodes was never used, and is made anew.
pub(super) fn lay_out_node(
    dir: &Path,
    cluster_id: &str,
    number: u64,
    founders: u64,
) -> Result<(NodeIdentity, NodeStore), OpenError> {
    let node = node_directory(dir, number);
    if node.exists() {
        fs::remove_dir_all(&node).map_err(|e| OpenError::io("remove", &node, e))?;
    }
    fs::create_dir(&node).map_err(|e| OpenError::io("create", &node, e))?;
    let identity = identity(cluster_id, number, founders);
    let store = NodeStore::create(&node.join("node.sqlite"), &identity)
        .map_err(|source| OpenError::Node { node: NodeId::numbered(number), source })?;
    sync(&node)?;
    sync(dir)?;
    Ok((identity, store))
}

/// The id of a new cluster.
pub(super) fn cluster_id(entropy: &dyn Entropy) -> String {
    let uuid = uuid::Builder::from_random_bytes(first_half(entropy.bytes())).into_uuid();
    uuid.hyphenated().to_string()
}

fn identity(cluster_id: &str, number: u64, voters: u64) -> NodeIdentity {
    NodeIdentity { cluster_id: cluster_id.to_owned(), number, voters }
}

fn node_directory(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("n{number}"))
}

/// The directories of nodes that exist.
fn node_directories(dir: &Path) -> Vec<PathBuf> {
    let all = (1..=NODES_MAX).map(|number| node_directory(dir, number));
    all.filter(|node| node.exists()).collect()
}

fn first_half(bytes: [u8; 32]) -> [u8; 16] {
    let (half, _) = bytes.split_at(16);
    half.try_into().expect("half of 32 is 16")
}

/// Makes a file or the entries of a directory durable.
fn sync(path: &Path) -> Result<(), OpenError> {
    let done: io::Result<()> = File::open(path).and_then(|file| file.sync_all());
    done.map_err(|e| OpenError::io("make durable", path, e))
}
