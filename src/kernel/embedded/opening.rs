//! Opening the directory of a cluster: by one process, only as what it is, and never repaired (C6.3).
//!
//! A start founds nothing. Where a file is missing, damaged or older than it was, the node is out of
//! the cluster and says so, and where it is the switchboard the start is refused: the missing file may
//! have held what was acknowledged.

use super::backup;
use super::cluster::{Cluster, Home};
use super::counts::{Noted, SaveCounts};
use super::ensemble::Ensemble;
use super::founding::{self, FOUNDING, SWITCHBOARD};
use super::node::Node;
use super::sqlite::StoreError;
use super::store::{NodeIdentity, NodeStore};
use super::switchboard::Switchboard;
use super::{Config, NODES_MAX, NodeCount, OpenError};
use crate::crash::{self, Sabotage};
use crate::files::{DirectoryLock, Seal};
use crate::model::ambient::{Clock, Entropy, Timestamp};
use crate::model::pinned::ClusterIdentity;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a restore that did not come to its end leaves beside the directory of the cluster.
pub(super) const RESTORE_UNFINISHED: &str = ".kernel.unfinished";

/// An open directory: the kernel in it, and what the start did.
pub(super) struct Opened {
    pub(super) cluster: Cluster,
    pub(super) start_note: String,
}

/// Whether anybody has served a cluster, as the log knows it: the kernel does not take its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// Somebody has. Then it has or had a primary, and a start makes none.
    Before,
    /// Nobody has: this start ends the founding.
    Never,
}

/// Opens the cluster in a directory.
pub(super) fn open(
    config: &Config,
    served: Served,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Opened, OpenError> {
    let (dir, now) = (&config.dir, clock.now());
    check_size(config)?;
    refuse_unfinished_restore(dir)?;
    if !dir.exists() {
        return Err(OpenError::NotFounded { dir: dir.clone() });
    }
    let lock = DirectoryLock::take(dir)?;
    if dir.join(FOUNDING).exists() {
        return Err(OpenError::FoundingUnfinished { dir: dir.clone() });
    }
    let switchboard = dir.join(SWITCHBOARD);
    if !switchboard.exists() {
        if crash::sabotaged(Sabotage::FoundWhereLost) {
            drop(lock);
            founding::create_files(config, entropy, now)?;
            return open(config, Served::Never, clock, entropy);
        }
        let holds_nothing = !Seal::path(&switchboard).exists()
            && !(1..=NODES_MAX).any(|number| node_directory(dir, number).exists());
        return Err(if holds_nothing {
            OpenError::NotFounded { dir: dir.clone() }
        } else {
            OpenError::SwitchboardMissing { dir: dir.clone() }
        });
    }
    let (mut cluster, founded_at) = assemble(config, lock, clock, now)?;
    let failed = |error| OpenError::switchboard(dir, error);
    let is_appointed = cluster.switchboard.is_appointed().map_err(failed)?;
    if !is_appointed && served == Served::Before {
        return Err(OpenError::NeverAppointed { dir: dir.clone() });
    }
    cluster.begin_events(now).map_err(failed)?;
    let start_note = if is_appointed {
        cluster.vacate_after_start(now);
        let since = cluster.switchboard.last_known().nobody.as_ref().map_or(now, |n| n.since);
        format!("reopened; nobody is primary until an operator asks, since {since}")
    } else {
        founding::finish(&mut cluster, dir, founded_at, now)?
    };
    let start_note = match backup::unfinished(dir).as_slice() {
        [] => start_note,
        names => format!("{start_note}; unfinished, and no backup: {}", names.join(", ")),
    };
    cluster.alive().map_err(|error| OpenError::Founding { why: error.why })?;
    Ok(Opened { cluster, start_note })
}

/// Refuses a size that no cluster can have.
pub(super) fn check_size(config: &Config) -> Result<(), OpenError> {
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

/// Opens every file of the cluster, and refuses what is foreign or missing.
pub(super) fn assemble(
    config: &Config,
    lock: DirectoryLock,
    clock: &dyn Clock,
    now: Timestamp,
) -> Result<(Cluster, Timestamp), OpenError> {
    let dir = &config.dir;
    let counts = SaveCounts::default();
    let switchboard = Switchboard::open(&dir.join(SWITCHBOARD), counts.clone())
        .map_err(|e| OpenError::switchboard(dir, e))?;
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
    let mut stores = Vec::new();
    let listed = switchboard.listed().map_err(|e| OpenError::switchboard(dir, e))?;
    let members = switchboard.members().map_err(|e| OpenError::switchboard(dir, e))?;
    for number in listed {
        let identity = founding::identity(&record.cluster_id, number, record.nodes);
        stores.push((open_store(dir, &identity, &counts), identity));
    }
    let noted = Noted::open(dir, &record.cluster_id, counts.clone())
        .map_err(|error| OpenError::switchboard(dir, error))?;
    // Only now every file has said what it knows of the others.
    refuse_older("switchboard", switchboard.saves(), &counts)
        .map_err(|error| OpenError::switchboard(dir, error))?;
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
    let identity = ClusterIdentity {
        cluster: config.cluster.clone(),
        environment: config.environment.clone(),
        kernel: "embedded".to_owned(),
        id: record.cluster_id,
    };
    let ensemble = Ensemble::new(nodes, members);
    let room = Arc::clone(&config.room);
    let home = Home { dir: dir.clone(), lock, counts, noted, room };
    let mut cluster = Cluster::new(ensemble, switchboard, identity, home, clock.name(), now);
    cluster.close_former_members().map_err(|e| OpenError::switchboard(dir, e))?;
    Ok((cluster, record.founded_at))
}

/// Opens the files of a node, if they are its own and what it wrote.
fn open_store(
    dir: &Path,
    identity: &NodeIdentity,
    counts: &SaveCounts,
) -> Result<NodeStore, StoreError> {
    let path = node_directory(dir, identity.number).join("node.sqlite");
    if !path.exists() {
        return Err(StoreError::corrupt("node.sqlite is missing; a lost node is never made anew"));
    }
    NodeStore::open_among(&path, identity, counts.clone())
}

/// Starts a node on its files, if no other file knows more of them.
fn start_node(
    store: Result<NodeStore, StoreError>,
    identity: &NodeIdentity,
    counts: &SaveCounts,
) -> Result<Node, StoreError> {
    let store = store?;
    let older = refuse_older(&format!("n{}", identity.number), store.saves(), counts);
    if !crash::sabotaged(Sabotage::OlderNodeAccepted)
        && let Err(error) = older
    {
        store.leave();
        return Err(error);
    }
    Node::start(identity, store)
}

/// A file that holds fewer saves than another one remembers is older than it was, seal and all.
fn refuse_older(name: &str, held: u64, counts: &SaveCounts) -> Result<(), StoreError> {
    let known = counts.of(name);
    if held >= known {
        return Ok(());
    }
    let file = if name == "switchboard" { SWITCHBOARD } else { "node.sqlite" };
    Err(StoreError::corrupt(format!(
        "{file} holds {held} saves, and the other files of the cluster remember {known}: it is older \
         than it was"
    )))
}

/// The directory of a node.
pub(super) fn node_directory(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("n{number}"))
}
