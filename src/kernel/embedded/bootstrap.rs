//! A cluster is founded once, by an act of its own, and in a place that holds nothing (C2.1).
//!
//! The act lays the files out. While it does, a mark stands in the directory, and nothing is served: one
//! that was interrupted is not finished by a start, whoever asked for it asks again, and what it left
//! behind is replaced where it did not come to its metadata. Nothing else is ever replaced.
//!
//! The founding names n1 as the first primary. The first start, as the log knows it, makes it that: by
//! the entry of the birth, in the first epoch, where no node holds anything else.

use super::cluster::{Cluster, Home};
use super::command::Command;
use super::memory::StoppedKernel;
use super::metadata::{ClusterMetadata, ClusterRecord};
use super::opening::{self, node_directory};
use super::sqlite::DiskError;
use super::store::{NodeIdentity, NodeStore};
use super::{EmbeddedConfig, NODES_MAX, OpenError};
use crate::crash::{self, InjectedBug};
use crate::files::{DirectoryLock, FileDigest, first_entry, private, sync_directory, sync_parent};
use crate::model::ambient::{Clock, Entropy, Timestamp};
use crate::model::pinned::ClusterIdentity;
use crate::model::text::NodeId;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) const METADATA_FILE: &str = "switchboard.sqlite";
const METADATA_UNFINISHED: &str = "switchboard.unfinished";
/// The mark of a founding that is not over.
pub(super) const FOUNDING: &str = "founding";
/// What a file system or an earlier version puts into a directory that holds nothing.
const NOTHING: [&str; 2] = ["lost+found", "lock"];

/// What was laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaidOut {
    /// Which cluster it is.
    pub identity: ClusterIdentity,
    /// The cluster in words, as it describes itself when it runs.
    pub cluster: String,
    /// How many nodes it has.
    pub nodes: u64,
}

/// Lays a cluster out in a directory that is empty or absent. What an earlier call left there that did
/// not come to its end is replaced, and nothing else.
pub(super) fn create_files(
    config: &EmbeddedConfig,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<LaidOut, OpenError> {
    let (dir, now) = (&config.dir, clock.now());
    opening::check_size(config)?;
    opening::refuse_unfinished_restore(dir)?;
    private::create_directories(dir)?;
    sync_parent(dir)?;
    let lock = DirectoryLock::take(dir)?;
    let marker = dir.join(FOUNDING);
    if !dir.join(METADATA_FILE).exists() {
        if !marker.exists() {
            if let Some(found) = first_entry(dir, &NOTHING)? {
                return Err(OpenError::NotEmpty { dir: dir.clone(), found });
            }
            drop(private::create_file(&marker)?);
            sync_directory(dir)?;
        }
        create_node_files(config, entropy, now)?;
    }
    let StoppedKernel { cluster, is_appointed } = opening::read_laid_out(config, lock, clock)?;
    let (identity, nodes) = (cluster.identity.clone(), cluster.founders);
    drop(cluster);
    if marker.exists() {
        fs::remove_file(&marker).map_err(|e| OpenError::io("remove", &marker, e))?;
        sync_directory(dir)?;
    } else if is_appointed {
        return Err(OpenError::NotEmpty { dir: dir.clone(), found: METADATA_FILE.to_owned() });
    }
    Ok(LaidOut { cluster: described(&identity, nodes), identity, nodes })
}

/// A cluster in words that never change: the log compares them at every start.
pub(super) fn described(identity: &ClusterIdentity, nodes: u64) -> String {
    let ClusterIdentity { cluster, environment, id, .. } = identity;
    format!("{environment} {cluster} ({id}), founded with {nodes} nodes in this process")
}

/// Makes n1 primary in a cluster that was laid out and that nobody has served: the end of its founding.
pub(super) fn finish(
    cluster: &mut Cluster,
    dir: &Path,
    now: Timestamp,
) -> Result<String, OpenError> {
    let founded_at = cluster.metadata.cluster().founded_at;
    elect_first(cluster, founded_at, now).map_err(|e| OpenError::metadata(dir, e))?;
    Ok(format!("founded at {founded_at}; n1 was appointed primary by the founding"))
}

/// The entry of the birth is all that a node can hold before the founding is over.
pub(super) fn refuse_more_than_a_birth(cluster: &Cluster, dir: &Path) -> Result<(), OpenError> {
    let more = cluster.ensemble.nodes().find(|node| {
        node.failed().is_some() || node.vitals().is_some_and(|vitals| vitals.last.position > 1)
    });
    more.map_or(Ok(()), |node| Err(OpenError::MoreThanFounded { node: dir.join(node.id.as_str()) }))
}

/// Makes the files of a new cluster; the last step is one rename.
pub(super) fn create_node_files(
    config: &EmbeddedConfig,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(), OpenError> {
    let dir = &config.dir;
    for node in node_directories(dir) {
        // A founding saves nothing in a node before there is cluster metadata.
        let has_served =
            FileDigest::look(&node.join("node.sqlite")).is_ok_and(|(_, saves)| saves > 0);
        if has_served && !crash::has_injected_bug(InjectedBug::FoundWhereLost) {
            return Err(OpenError::MoreThanFounded { node });
        }
        fs::remove_dir_all(&node).map_err(|e| OpenError::io("remove", &node, e))?;
    }
    let cluster_id = cluster_id(entropy);
    for number in 1..=config.nodes.asked() {
        let node = node_directory(dir, number);
        private::create_directory(&node)?;
        let identity = identity(&cluster_id, number, config.nodes.asked());
        NodeStore::create(&node.join("node.sqlite"), &identity)
            .map_err(|source| OpenError::Node { node: NodeId::numbered(number), source })?;
        sync_directory(&node)?;
    }
    let unfinished = dir.join(METADATA_UNFINISHED);
    let beside = dir.join(format!("{METADATA_UNFINISHED}-wal"));
    for leftover in [unfinished.clone(), beside.clone(), FileDigest::path(&unfinished)] {
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
    ClusterMetadata::create(&unfinished, &record).map_err(|e| OpenError::metadata(dir, e))?;
    // Its log is empty, and would be that of no file.
    if beside.exists() {
        fs::remove_file(&beside).map_err(|e| OpenError::io("remove", &beside, e))?;
    }
    let metadata = dir.join(METADATA_FILE);
    fs::rename(&unfinished, &metadata).map_err(|e| OpenError::io("rename", &metadata, e))?;
    sync_directory(dir)?;
    Ok(())
}

/// The one appointment that no operator asks for: it is part of the founding, and the birth record
/// says so. It is the first entry of the first epoch.
fn elect_first(
    cluster: &mut Cluster,
    founded_at: Timestamp,
    now: Timestamp,
) -> Result<(), DiskError> {
    let birth = Command::Birth {
        cluster_id: cluster.identity.id.clone(),
        founded_at,
        primary: NodeId::numbered(1),
        sentence: "n1 was appointed primary by the founding of the cluster".to_owned(),
    };
    cluster.ensemble.agree_on_epoch(cluster.epoch(), now);
    let (born, _) = cluster.ensemble.elect(1, birth, now, |ensemble| {
        if let Some(node) = ensemble.node_mut(1) {
            node.campaign(now);
        }
    });
    if born.is_none() {
        let failed = cluster.ensemble.nodes().find_map(|node| node.failed());
        let why = failed.map_or("n1 was not elected", |failed| failed.why.as_str());
        return Err(DiskError::corrupt(format!("the birth record was not committed: {why}")));
    }
    cluster.metadata.set_appointed()?;
    cluster.remember(now, "the founding did not come to its end");
    Ok(())
}

/// Makes the store of a node that joins a cluster that exists. What an attempt left behind that did
/// not come to the list of nodes was never used, and is made anew.
pub(super) fn lay_out_node(
    home: &Home,
    cluster_id: &str,
    number: u64,
    founders: u64,
) -> Result<(NodeIdentity, NodeStore), OpenError> {
    let dir = &home.dir;
    let node = node_directory(dir, number);
    if node.exists() {
        fs::remove_dir_all(&node).map_err(|e| OpenError::io("remove", &node, e))?;
    }
    private::create_directory(&node)?;
    let identity = identity(cluster_id, number, founders);
    let store = NodeStore::create_among(&node.join("node.sqlite"), &identity, home.counts.clone())
        .map_err(|source| OpenError::Node { node: NodeId::numbered(number), source })?;
    sync_directory(&node)?;
    sync_directory(dir)?;
    Ok((identity, store))
}

/// The id of a new cluster.
pub(super) fn cluster_id(entropy: &dyn Entropy) -> String {
    let uuid = uuid::Builder::from_random_bytes(first_half(entropy.bytes())).into_uuid();
    uuid.hyphenated().to_string()
}

/// Which node of which cluster it is.
pub(super) fn identity(cluster_id: &str, number: u64, voters: u64) -> NodeIdentity {
    NodeIdentity { cluster_id: cluster_id.to_owned(), number, voters }
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
