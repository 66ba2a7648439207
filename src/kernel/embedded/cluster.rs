//! The whole kernel as one plain value: its nodes, its metadata, and the commands on them.
//!
//! It has no thread, no channel and no clock: each command takes the time as an argument, runs to
//! its end, and leaves nothing under way but a work that only reads (`long.rs`). Equal commands at
//! equal times give equal states (C5.1).

use super::backup;
use super::counts::{KeptCounts, SaveCounts};
use super::events::EventState;
use super::job::ProgressReporter;
use super::metadata::{ClusterMetadata, LastKnown};
use super::node::Node;
use super::raft_group::RaftGroup;
use super::sqlite::DiskError;
use super::store::NodeStore;
use super::wording::Cut;
use crate::files::DirectoryLock;
use crate::kernel::Unobservable;
use crate::model::ambient::{Room, Timestamp};
use crate::model::facts::Since;
use crate::model::pinned::ClusterIdentity;
use crate::model::receipt::Receipt;
use crate::model::text::{NodeId, PlaceName};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Why nobody is primary after a start, as a clause.
const STARTED: &str = "the kernel was started, and a start makes nobody primary";

/// Who holds the role of primary, as far as it can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PrimaryStatus {
    /// This node.
    Held(NodeId),
    /// Nobody that can be reached; this node, which was cut off, may still hold it.
    Unclear(NodeId, Timestamp),
    /// Nobody.
    Vacant,
}

/// A node that was cut off from the network, and whether it was primary then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Severed {
    since: Timestamp,
    led: bool,
}

/// The kernel.
pub(super) struct Cluster {
    pub(super) ensemble: RaftGroup,
    pub(super) metadata: ClusterMetadata,
    pub(super) identity: ClusterIdentity,
    /// How many nodes the founding made.
    pub(super) founders: u64,
    pub(super) clock: &'static str,
    /// The backups, with the receipts in their manifests.
    pub(super) backups: BTreeMap<PlaceName, Receipt>,
    severed: BTreeMap<u64, Severed>,
    last_primary: Option<NodeId>,
    pub(super) seen: EventState,
    /// The work on an order that takes long.
    pub(super) under_way: Option<Arc<ProgressReporter>>,
    stopped: Option<Since>,
    /// Last: the lock on the directory is given back when every file is closed.
    pub(super) home: Home,
}

/// Where the files are.
pub(super) struct Home {
    pub(super) dir: PathBuf,
    pub(super) lock: DirectoryLock,
    /// What the files know of each other.
    pub(super) counts: SaveCounts,
    pub(super) noted: KeptCounts,
    pub(super) room: Arc<dyn Room>,
}

impl Cluster {
    /// Puts the kernel together, and writes nothing. Nodes that an operator switched off stay off.
    pub(super) fn new(
        mut ensemble: RaftGroup,
        metadata: ClusterMetadata,
        identity: ClusterIdentity,
        home: Home,
        clock: &'static str,
    ) -> Self {
        let founders = metadata.cluster().nodes;
        for number in ensemble.numbers() {
            if metadata.off_since(number).is_some() {
                ensemble.set_connected(number, false);
            }
        }
        Self {
            ensemble,
            metadata,
            identity,
            backups: backup::list(&home.dir),
            founders,
            clock,
            severed: BTreeMap::new(),
            last_primary: None,
            seen: EventState::default(),
            under_way: None,
            stopped: None,
            home,
        }
    }

    /// From here on its files can be written.
    pub(super) fn let_write(&mut self, now: Timestamp) -> Result<(), DiskError> {
        self.metadata.begin()?;
        self.ensemble.begin(now);
        self.close_former_members()
    }

    /// The highest epoch that is known: what the nodes say, and what the kernel saw before.
    pub(super) fn epoch(&self) -> u64 {
        self.ensemble.epoch().max(self.metadata.last_known().epoch)
    }

    /// Who is primary. A node that leads an epoch below the highest one is not.
    pub(super) fn office(&self) -> PrimaryStatus {
        if let Some((node, vitals)) = self.ensemble.primary()
            && vitals.epoch == self.epoch()
        {
            return PrimaryStatus::Held(node.id.clone());
        }
        // Switched off, or failed, it does not act any more, whatever it was.
        let may_lead = |number: u64| {
            self.metadata.off_since(number).is_none()
                && self.ensemble.node(number).is_some_and(|node| node.failed().is_none())
        };
        let led = self.severed.iter().find(|(number, severed)| severed.led && may_lead(**number));
        match led {
            Some((number, severed)) => {
                PrimaryStatus::Unclear(NodeId::numbered(*number), severed.since)
            }
            None => PrimaryStatus::Vacant,
        }
    }

    /// The number of the primary.
    pub(super) fn primary(&self) -> Option<u64> {
        match self.office() {
            PrimaryStatus::Held(id) => self.number(&id),
            PrimaryStatus::Unclear(..) | PrimaryStatus::Vacant => None,
        }
    }

    /// Whether there is a primary whose own state contains everything that was ever acknowledged.
    pub(super) fn decides(&self) -> bool {
        let primary = self.primary().and_then(|number| self.ensemble.node(number));
        primary.is_some_and(Node::has_committed_in_its_epoch)
    }

    /// The number of the node with this name.
    pub(super) fn number(&self, id: &NodeId) -> Option<u64> {
        self.ensemble.nodes().find(|node| &node.id == id).map(|node| node.number)
    }

    /// Why a node cannot be reached; empty for one that can.
    pub(super) fn cut(&self, number: u64) -> Cut {
        Cut {
            offline: self.metadata.off_since(number),
            severed: self.severed.get(&number).map(|severed| severed.since),
            failed: self.ensemble.node(number).and_then(|node| node.failed()).cloned(),
        }
    }

    /// Since when a majority cannot be reached, or `None` while it can.
    pub(super) fn no_quorum_since(&self) -> Option<Timestamp> {
        let members = self.ensemble.members();
        let mut cuts: Vec<Timestamp> = members
            .voters
            .iter()
            .filter_map(|number| self.cut(*number).since())
            .map(|cut| cut.since)
            .collect();
        cuts.sort_unstable();
        // It was lost with the cut that left fewer than a majority.
        cuts.get(members.voters.len() - members.quorum()).copied()
    }

    /// Cuts a node off from the network, as a broken cable would. Only in memory; for drills.
    pub(super) fn partition(&mut self, number: u64, now: Timestamp) {
        if self.ensemble.node(number).is_none() || self.severed.contains_key(&number) {
            return;
        }
        let led = self.primary() == Some(number);
        self.severed.insert(number, Severed { since: now, led });
        self.ensemble.set_connected(number, false);
        self.remember(now, "");
    }

    /// Ends what [`Cluster::partition`] began.
    pub(super) fn heal(&mut self, number: u64, now: Timestamp) {
        if self.severed.remove(&number).is_some() && self.metadata.off_since(number).is_none() {
            self.connect(number, now);
            self.remember(now, "a node that was cut off returned, and it leads no longer");
        }
    }

    /// Connects a node: it learns the highest epoch, and the primary brings it up to date.
    pub(super) fn connect(&mut self, number: u64, now: Timestamp) {
        if self.severed.contains_key(&number) {
            return;
        }
        self.ensemble.set_connected(number, true);
        self.ensemble.agree_on_epoch(self.epoch(), now);
        self.ensemble.catch_up(now);
    }

    /// Remembers what must outlive a restart, after a command that may have changed it. `why` is
    /// the reason if the role of primary became vacant by it.
    pub(super) fn remember(&mut self, now: Timestamp, why: &str) {
        if let Err(error) = self.in_place() {
            return self.stop(&error, now);
        }
        let last = self.metadata.last_known().clone();
        let has_quorum = self.ensemble.has_quorum();
        let store = self.ensemble.most_advanced().and_then(|node| node.store());
        // Without a primary, what is applied may not be all that is committed.
        let is_decided = has_quorum && self.decides();
        let fence = store.filter(|_| is_decided).map(NodeStore::fence);
        let fence = match fence {
            Some(Ok((fence, _))) => fence,
            Some(Err(error)) => return self.stop(&error, now),
            None => last.fence,
        };
        if is_decided {
            let members = self.ensemble.members();
            if let Err(error) = self.metadata.remember_members(&members) {
                return self.stop(&error, now);
            }
            self.ensemble.set_known(members);
        }
        let nobody = match self.office() {
            PrimaryStatus::Held(id) => {
                self.last_primary = Some(id);
                None
            }
            PrimaryStatus::Unclear(..) => last.nobody,
            PrimaryStatus::Vacant => {
                Some(last.nobody.unwrap_or_else(|| self.vacant_since(now, why)))
            }
        };
        let known = LastKnown { epoch: self.epoch(), fence, nobody };
        let before = self.metadata.last_known().clone();
        let kept = self.metadata.remember(known);
        let kept = kept.and_then(|()| self.note_events(&before, now));
        if let Err(error) = kept.and_then(|()| self.home.noted.note()) {
            self.stop(&error, now);
        }
    }

    /// Whether what belongs to no node is still at its path. A node looks after its own files (C6.1).
    fn in_place(&self) -> Result<(), DiskError> {
        self.home.lock.still_held().map_err(DiskError::corrupt)?;
        self.metadata.unchanged()
    }

    fn vacant_since(&self, now: Timestamp, why: &str) -> Since {
        let last = self.last_primary.as_ref().and_then(|id| self.number(id));
        let failed = last.and_then(|number| self.ensemble.node(number)?.failed());
        match (failed, &self.last_primary) {
            (Some(failed), Some(id)) => {
                let why = format!("the store of {id}, which was primary, failed ({})", failed.why);
                Since { since: failed.since, why }
            }
            _ => Since { since: now, why: why.to_owned() },
        }
    }

    /// Since when nobody is primary, after a start. A record of an earlier epoch is out of date:
    /// there was a primary since.
    pub(super) fn vacate_after_start(&mut self, now: Timestamp) {
        let last = self.metadata.last_known().clone();
        let nobody = last.nobody.filter(|_| last.epoch == self.epoch());
        let known = LastKnown { nobody, ..last };
        if let Err(error) = self.metadata.remember(known) {
            return self.stop(&error, now);
        }
        self.remember(now, STARTED);
    }

    /// The same for a kernel that is held: it is said, and not written.
    pub(super) fn vacate_unwritten(&mut self, now: Timestamp) {
        let last = self.metadata.last_known().clone();
        let nobody = last.nobody.filter(|_| last.epoch == self.epoch());
        let nobody = nobody.unwrap_or_else(|| self.vacant_since(now, STARTED));
        let known = LastKnown { epoch: self.epoch(), nobody: Some(nobody), ..last };
        self.metadata.suppose(known);
    }

    /// Stops for good: the cluster metadata cannot be written or was replaced, so nothing may change any
    /// more (C6.1).
    pub(super) fn stop(&mut self, error: &DiskError, now: Timestamp) {
        let why = format!(
            "a file of the kernel failed: {error}; even when the cause is gone, nothing is changed \
             until the control plane is restarted"
        );
        self.stopped.get_or_insert(Since { since: now, why });
    }

    /// Since when and why the kernel stopped.
    pub(super) fn stopped(&self) -> Option<&Since> {
        self.stopped.as_ref()
    }

    /// Fails when the kernel stopped.
    pub(super) fn alive(&self) -> Result<(), Unobservable> {
        match &self.stopped {
            None => Ok(()),
            Some(stopped) => Err(Unobservable {
                why: format!("it stopped at {} because {}", stopped.since, stopped.why),
            }),
        }
    }
}
