//! A new cluster from a backup, offline. The backup is read whole before anything is made.
//!
//! The new cluster has an id of its own, so no log of the old one takes it for the same. Nobody is
//! primary in it until an operator asks.

use super::NODES_MAX;
use super::backup::{self, BackupError, sync};
use super::founding;
use super::membership::Members;
use super::store::{NodeIdentity, NodeStore};
use super::switchboard::{ClusterRecord, Switchboard};
use crate::model::ambient::{Clock, Entropy};
use std::fs;
use std::path::{Path, PathBuf};

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
    #[error("{} is not empty; a cluster is restored into an empty directory only", dir.display())]
    NotEmpty {
        /// The target.
        dir: PathBuf,
    },
    /// A size that no cluster can have.
    #[error("a cluster has 1 to {NODES_MAX} nodes; asked for {asked}")]
    Nodes {
        /// The size asked for.
        asked: u64,
    },
    /// The backup is damaged, or the new files cannot be written.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// Restores a backup into a data directory, which has to be empty or absent: the cluster stands in
/// `kernel` in it, whole or not at all. It gets `nodes` nodes, or as many as its founding made.
///
/// # Errors
/// When the target is not empty, or the backup is not what its manifest says.
pub fn restore(
    from: &Path,
    into: &Path,
    nodes: Option<u64>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Restored, RestoreError> {
    let is_empty = match fs::read_dir(into) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(BackupError::io("read", into, error).into()),
    };
    if !is_empty {
        return Err(RestoreError::NotEmpty { dir: into.to_owned() });
    }
    let (manifest, packed) = backup::read(from)?;
    let nodes = nodes.unwrap_or(manifest.founders);
    if !(1..=NODES_MAX).contains(&nodes) {
        return Err(RestoreError::Nodes { asked: nodes });
    }
    let unfinished = into.join(".kernel.unfinished");
    fs::create_dir_all(&unfinished).map_err(|e| BackupError::io("create", &unfinished, e))?;
    let cluster_id = founding::cluster_id(entropy);
    let members = Members {
        since: manifest.about.position,
        voters: (1..=nodes).collect(),
        learners: Vec::new(),
        highest: manifest.about.members.highest.max(nodes),
    };
    for number in 1..=nodes {
        let node = unfinished.join(format!("n{number}"));
        fs::create_dir(&node).map_err(|e| BackupError::io("create", &node, e))?;
        let identity = NodeIdentity { cluster_id: cluster_id.clone(), number, voters: nodes };
        let path = node.join("node.sqlite");
        let store = NodeStore::create(&path, &identity).map_err(BackupError::from)?;
        store.fill(&packed, manifest.digest, &members).map_err(BackupError::from)?;
        sync(&path)?;
        sync(&node)?;
    }
    let record = ClusterRecord {
        cluster_id: cluster_id.clone(),
        name: manifest.cluster.cluster.to_string(),
        environment: manifest.cluster.environment.to_string(),
        nodes,
        founded_at: clock.now(),
    };
    let switchboard = unfinished.join(founding::SWITCHBOARD);
    // With the backup's own receipt: it was executed in the cluster that it is of.
    let receipts = [manifest.receipts.as_slice(), &[manifest.receipt]].concat();
    Switchboard::create_restored(&switchboard, &record, &members, &receipts)
        .map_err(BackupError::from)?;
    sync(&switchboard)?;
    sync(&unfinished)?;
    let dir = into.join("kernel");
    fs::rename(&unfinished, &dir).map_err(|e| BackupError::io("rename", &dir, e))?;
    sync(into)?;
    // The directory itself may be new.
    if let Some(parent) = into.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync(parent)?;
    }
    Ok(Restored {
        cluster_id,
        name: format!("{} {}", record.environment, record.name),
        nodes,
        position: manifest.about.position,
        dir,
    })
}
