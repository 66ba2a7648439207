//! A new cluster from a backup, offline. The backup is read whole before anything is made.
//!
//! The new cluster has an id of its own, so no log of the old one takes it for the same. Nobody is
//! primary in it until an operator asks.

use super::NODES_MAX;
use super::backup::{self, BackupError, Manifest};
use super::bootstrap;
use super::membership::Members;
use super::metadata::{ClusterMetadata, ClusterRecord};
use super::opening::RESTORE_UNFINISHED;
use super::store::{NodeIdentity, NodeStore};
use crate::files::{DirectoryLock, FileError, first_entry, private, sync_directory, sync_parent};
use crate::model::ambient::{Clock, Entropy, NoRoom, Room};
use std::fs;
use std::path::{Path, PathBuf};

/// What a target may hold: what a file system puts there, and what a restore left that did not come to
/// its end, which is replaced.
const NOTHING: [&str; 2] = [RESTORE_UNFINISHED, "lost+found"];
/// The files of a node that holds nothing have fewer bytes.
const EMPTY_NODE_BYTES_MAX: u64 = 1024 * 1024;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The id of the new cluster.
    pub cluster_id: String,
    /// Its environment and name: those of the cluster that the backup was made of.
    pub name: String,
    /// How many nodes it has.
    pub nodes: u64,
    /// The last position that it contains.
    pub position: u64,
    /// Where it is.
    pub dir: PathBuf,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The target holds something.
    #[error(
        "{} is not empty: it holds {found}; a cluster is restored into an empty directory only",
        dir.display()
    )]
    NotEmpty {
        /// The target.
        dir: PathBuf,
        /// The first thing in it that was met.
        found: String,
    },
    /// The target cannot be made or locked.
    #[error(transparent)]
    File(#[from] FileError),
    /// A size that no cluster can have.
    #[error("a cluster has 1 to {NODES_MAX} nodes; asked for {asked}")]
    Nodes {
        /// The size asked for.
        asked: u64,
    },
    /// The disk of the target is too full.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The backup is damaged, or the new files cannot be written.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// Where a backup goes.
#[derive(Clone, Copy, Debug)]
pub struct RestoreTarget<'a> {
    /// The data directory, which has to be empty or absent.
    pub into: &'a Path,
    /// How many nodes the new cluster gets; as many as its founding made where it is absent.
    pub nodes: Option<u64>,
    /// How much can be written there.
    pub room: &'a dyn Room,
}

/// Restores a backup into a data directory: the cluster stands in `kernel` in it, whole or not at all.
/// Where there is too little room for it nothing is begun.
///
/// # Errors
/// When the target is not empty or too full, or the backup is not what its manifest says.
pub fn restore(
    from: &Path,
    target: RestoreTarget<'_>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Restored, RestoreError> {
    let RestoreTarget { into, nodes, room } = target;
    let refuse_what_is_there = || match first_entry(into, &NOTHING)? {
        None => Ok(()),
        Some(found) => Err(RestoreError::NotEmpty { dir: into.to_owned(), found }),
    };
    refuse_what_is_there()?;
    let (manifest, unpacked) = backup::read(from)?;
    let nodes = nodes.unwrap_or(manifest.founders);
    if !(1..=NODES_MAX).contains(&nodes) {
        return Err(RestoreError::Nodes { asked: nodes });
    }
    room.check(existing(into), bytes_max(&manifest, unpacked, nodes))?;
    private::create_directories(into)?;
    let _lock = DirectoryLock::take(into)?;
    refuse_what_is_there()?;
    let unfinished = into.join(RESTORE_UNFINISHED);
    remove(&unfinished)?;
    let made = create_files(&unfinished, &manifest, from, nodes, clock, entropy);
    let (cluster_id, name) = match made {
        Ok(made) => made,
        Err(error) => {
            // What was begun here is nothing; if it cannot be removed, it is named wherever it is met.
            let _ = remove(&unfinished);
            return Err(error);
        }
    };
    let dir = into.join("kernel");
    fs::rename(&unfinished, &dir).map_err(|e| BackupError::io("rename", &dir, e))?;
    sync_directory(into)?;
    // The directory itself may be new.
    sync_parent(into)?;
    Ok(Restored { cluster_id, name, nodes, position: manifest.about.position, dir })
}

/// The directory on whose disk a target stands, or will stand.
fn existing(into: &Path) -> &Path {
    into.ancestors().find(|dir| dir.is_dir()).unwrap_or(Path::new("."))
}

/// The most bytes that the restored cluster can have: each node the lines of the state in its tables,
/// and packed as its checkpoint; once more what one of them writes, before it is moved into its file.
fn bytes_max(manifest: &Manifest, unpacked: u64, nodes: u64) -> u64 {
    let node = unpacked.saturating_add(manifest.bytes).saturating_add(EMPTY_NODE_BYTES_MAX);
    node.saturating_mul(nodes.saturating_add(1))
}

fn remove(unfinished: &Path) -> Result<(), RestoreError> {
    if !unfinished.exists() {
        return Ok(());
    }
    fs::remove_dir_all(unfinished)
        .map_err(|error| BackupError::io("remove", unfinished, error).into())
}

/// Lays the files of the new cluster out, durably; gives its id, and its environment and name.
fn create_files(
    unfinished: &Path,
    manifest: &Manifest,
    from: &Path,
    nodes: u64,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<(String, String), RestoreError> {
    private::create_directory(unfinished)?;
    let cluster_id = bootstrap::cluster_id(entropy);
    let members = Members {
        since: manifest.about.position,
        voters: (1..=nodes).collect(),
        learners: Vec::new(),
        highest: manifest.about.members.highest.max(nodes),
    };
    for number in 1..=nodes {
        let node = unfinished.join(format!("n{number}"));
        private::create_directory(&node)?;
        let identity = NodeIdentity { cluster_id: cluster_id.clone(), number, voters: nodes };
        let path = node.join("node.sqlite");
        let store = NodeStore::create(&path, &identity).map_err(BackupError::from)?;
        let packed = backup::open_state(from)?;
        store.fill(packed, manifest.digest, &members).map_err(BackupError::from)?;
        sync_directory(&node)?;
    }
    let record = ClusterRecord {
        cluster_id: cluster_id.clone(),
        name: manifest.cluster.cluster.to_string(),
        environment: manifest.cluster.environment.to_string(),
        nodes,
        founded_at: clock.now(),
    };
    let metadata = unfinished.join(bootstrap::METADATA_FILE);
    // With the backup's own receipt: it was executed in the cluster that it is of.
    let own = std::slice::from_ref(&manifest.receipt);
    let receipts = [manifest.receipts.as_slice(), own].concat();
    ClusterMetadata::create_restored(&metadata, &record, &members, &receipts)
        .map_err(BackupError::from)?;
    sync_directory(unfinished)?;
    Ok((cluster_id, format!("{} {}", record.environment, record.name)))
}
