//! The store of one node: its log, its promises and its state machine in one SQLite file.
//!
//! Whatever one turn of the node changes is one transaction, and it is on disk when
//! [`NodeStore::save`] returns. A store whose save failed must not be used again: its owner drops
//! it (C6.1).

mod batch;
mod checkpoint;
pub(super) mod damage;
mod log;
mod reads;
mod snapshot;

pub use batch::Batch;
pub(super) use snapshot::StoreSnapshot;

use super::command::Command;
use super::counts::SaveCounts;
use super::job::ProgressReporter;
use super::kept::{FileSpec, KeptFile};
use super::membership::Members;
use super::sqlite::{DiskError, Doing, to_json};
use super::state_machine::{self, Applied, LogId};
use super::state_snapshot::SnapshotHeader;
use crate::crash::{self, InjectedBug};
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::model::canonical::Hash;
use crate::model::receipt::Receipt;
use crate::model::text::{InputError, NodeId};
use raft::eraftpb::{Entry, EntryType, HardState};
use rusqlite::{Connection, params};
use std::cell::Cell;
use std::io::Read;
use std::path::Path;

/// The version of the tables of a node.
pub const NODE_FORMAT: u32 = 4;
const FORM: FileSpec = FileSpec {
    schema: include_str!("node.sql"),
    head: "node",
    format: NODE_FORMAT,
    owner: "SELECT cluster_id || '/n' || number FROM node",
    counted_saves: true,
};

/// Which node of which cluster a store belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeIdentity {
    /// The id of the cluster.
    pub cluster_id: String,
    /// The number of the node, from 1.
    pub number: u64,
    /// How many nodes vote: the numbers from 1 to this.
    pub voters: u64,
}

/// The open store of one node.
#[derive(Debug)]
pub struct NodeStore {
    file: KeptFile,
    identity: NodeIdentity,
    hard_state: HardState,
    extent: LogExtent,
    members: Members,
    /// As it was read since the last save.
    bytes_used: Cell<Option<u64>>,
}

/// What a node holds: the log from after `base` to `last`, and the state up to `applied`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LogExtent {
    base: LogId,
    last: LogId,
    applied: u64,
}

impl NodeStore {
    /// Creates the store of a new node; fails when the file exists.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, identity: &NodeIdentity) -> Result<Self, DiskError> {
        Self::create_among(path, identity, SaveCounts::default())
    }

    /// The same, for one of several files. It counts saves on from what the others know of its name.
    pub(super) fn create_among(
        path: &Path,
        identity: &NodeIdentity,
        counts: SaveCounts,
    ) -> Result<Self, DiskError> {
        let saves = counts.of(NodeId::numbered(identity.number).as_str());
        KeptFile::create(path, &FORM, saves, |db| {
            db.execute(
                "INSERT INTO node (one, format, cluster_id, number, voters)
                 VALUES (1, ?1, ?2, ?3, ?4)",
                params![NODE_FORMAT, identity.cluster_id, identity.number, identity.voters],
            )
            .doing("name the node")?;
            let members = to_json(&Members::founding(identity.voters));
            db.execute("INSERT INTO members (one, members) VALUES (1, ?1)", [members])
                .doing("name the members")?;
            Ok(())
        })?;
        Self::open_among(path, identity, counts)
    }

    /// Opens the store of this node, and of no other.
    ///
    /// # Errors
    /// When the file belongs to another node or cluster, is damaged or older than it was, or holds a
    /// log with a gap.
    pub fn open(path: &Path, identity: &NodeIdentity) -> Result<Self, DiskError> {
        Self::open_among(path, identity, SaveCounts::default())
    }

    /// The same, for one of several files.
    fn open_among(
        path: &Path,
        identity: &NodeIdentity,
        counts: SaveCounts,
    ) -> Result<Self, DiskError> {
        let mut store = Self::read_among(path, identity, counts)?;
        store.begin()?;
        Ok(store)
    }

    /// The same, of which nothing is changed before it is begun.
    pub(super) fn read_among(
        path: &Path,
        identity: &NodeIdentity,
        counts: SaveCounts,
    ) -> Result<Self, DiskError> {
        let file = KeptFile::read(path, &FORM)?;
        let db = file.connection();
        let (found, hard_state, base, applied) = read_node(db)?;
        if &found != identity {
            return Err(DiskError::corrupt(format!(
                "node.sqlite belongs to n{} of {} in the cluster {}, not to n{} of {} in the cluster \
                 {}",
                found.number,
                found.voters,
                found.cluster_id,
                identity.number,
                identity.voters,
                identity.cluster_id
            )));
        }
        let last = log::read_last(db, base)?;
        let count: u64 = db
            .query_row("SELECT count(*) FROM log", [], |row| row.get(0))
            .doing("count the log")?;
        if base.position + count != last.position || hard_state.commit > last.position {
            return Err(DiskError::corrupt(format!(
                "the log holds {count} entries from after position {} to {}, and {} are committed",
                base.position, last.position, hard_state.commit
            )));
        }
        let covered = checkpoint::position(db)?;
        if covered.unwrap_or(0) < base.position {
            return Err(DiskError::corrupt(format!(
                "the log begins after position {}, and no checkpoint covers that",
                base.position
            )));
        }
        let extent = LogExtent { base, last, applied };
        let members = state_machine::members(db)?;
        let file = file.unseal(path, counts)?;
        let bytes_used = Cell::default();
        Ok(Self { file, identity: found, hard_state, extent, members, bytes_used })
    }

    /// Makes a batch durable in one transaction, and applies its committed entries in it.
    ///
    /// # Errors
    /// Any error means that nothing is known about the file: it must not be used again.
    ///
    /// # Panics
    /// When the batch would leave a gap, replace a committed entry, or apply out of order: a bug.
    pub fn save(&mut self, batch: Batch) -> Result<Vec<(LogId, Applied)>, DiskError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let is_change = |entry: &Entry| entry.entry_type != EntryType::EntryNormal;
        let moves_members = batch.snapshot.is_some() || batch.apply.iter().any(is_change);
        self.bytes_used.set(None);
        let (identity, before) = (&self.identity, (self.hard_state.clone(), self.extent));
        let (outcomes, hard_state, extent, members) = self.file.save(|db| {
            let (outcomes, hard_state, extent) = write(db, identity, before, batch)?;
            let members = if moves_members { Some(state_machine::members(db)?) } else { None };
            Ok((outcomes, hard_state, extent, members))
        })?;
        if crash::has_injected_bug(InjectedBug::ReceiptApart) && !outcomes.is_empty() {
            self.file.save(|db| state_machine::keep_receipts_apart(db, &outcomes))?;
        }
        (self.hard_state, self.extent) = (hard_state, extent);
        if let Some(members) = members {
            self.members = members;
        }
        Ok(outcomes)
    }

    /// From here on it can be written.
    pub(super) fn begin(&mut self) -> Result<(), DiskError> {
        self.file.begin()
    }

    /// How many saves it holds.
    pub(super) fn saves(&self) -> u64 {
        self.file.saves()
    }

    /// Closes the store and leaves its file as it is.
    pub(super) fn leave(self) {
        self.file.leave();
    }

    /// The file, for tests that look at its rows.
    #[cfg(test)]
    pub(super) fn connection(&self) -> &Connection {
        self.file.connection()
    }

    /// The last position that the state machine contains.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.extent.applied
    }

    /// The first position that the log holds, or would hold.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.extent.base.position + 1
    }

    /// The position that the checkpoint covers that was asked of this node, where there is one.
    ///
    /// # Errors
    /// When the file cannot be read; so for all reads below.
    pub fn checkpoint(&self) -> Result<Option<u64>, DiskError> {
        let own = NodeId::numbered(self.identity.number);
        let kept = state_machine::checkpoint_of(self.file.connection(), &own)?;
        Ok(kept.map(|(position, _)| position))
    }

    /// Puts the store of a node that was just made into the state of an image of another cluster, and
    /// ends with it. The new cluster has its own members, and a checkpoint under its own name.
    ///
    /// # Errors
    /// When the bytes are not the image of that digest.
    pub fn fill(
        mut self,
        packed: impl Read,
        digest: Hash,
        members: &Members,
    ) -> Result<(), DiskError> {
        let identity = &self.identity;
        self.file.save(|db| checkpoint::fill(db, identity, packed, digest, members))
    }

    /// The members, as far as this node knows.
    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// What the image of the state as it is is of, and its digest.
    pub fn image(&self, meter: &ProgressReporter) -> Result<(SnapshotHeader, Hash), DiskError> {
        self.pack(meter, &mut |_| Ok(()))
    }
}

/// What a batch gives: what its committed entries did, and what the node has promised and holds.
type BatchResult = (Vec<(LogId, Applied)>, HardState, LogExtent);

/// Writes a batch, inside the transaction of a save.
fn write(
    db: &Connection,
    identity: &NodeIdentity,
    (mut hard_state, mut extent): (HardState, LogExtent),
    batch: Batch,
) -> Result<BatchResult, DiskError> {
    if let Some(snapshot) = &batch.snapshot {
        extent = checkpoint::install(db, identity, snapshot)?;
        hard_state.commit = extent.applied;
        crash::failpoint("kernel.state_received");
    }
    if let Some(first) = batch.entries.first() {
        assert!(first.index <= extent.last.position + 1, "an append leaves no gap");
        assert!(first.index > hard_state.commit, "a committed entry is never replaced");
        extent.last = log::append(db, &batch.entries)?;
    }
    if let Some(new) = batch.hard_state {
        hard_state = new;
    }
    if let Some(committed) = batch.committed {
        hard_state.commit = committed;
    }
    let mut outcomes = Vec::with_capacity(batch.apply.len());
    for entry in batch.apply {
        assert!(entry.index == extent.applied + 1, "entries are applied in order");
        extent.applied = entry.index;
        let place = LogId { epoch: entry.term, position: entry.index };
        let applied = state_machine::apply(db, place, Command::read(&entry)?)?;
        if let Applied::Executed(receipt) = &applied {
            carry_out(db, identity, place, receipt, &mut extent)?;
        }
        outcomes.push((place, applied));
    }
    let (epoch, vote) = if crash::has_injected_bug(InjectedBug::ForgetVote) {
        (0, 0)
    } else {
        (hard_state.term, hard_state.vote)
    };
    db.prepare_cached(
        "UPDATE node SET epoch = ?1, vote = ?2, committed = ?3, applied = ?4, purged = ?5,
         purged_epoch = ?6",
    )
    .and_then(|mut s| {
        s.execute(params![
            epoch,
            vote,
            hard_state.commit,
            extent.applied,
            extent.base.position,
            extent.base.epoch,
        ])
    })
    .doing("write the promises")?;
    Ok((outcomes, hard_state, extent))
}

/// What an order does to the disk of this node alone: part of applying its entry, so the effect and
/// the receipt are one transaction here too (C7.1).
fn carry_out(
    db: &Connection,
    identity: &NodeIdentity,
    place: LogId,
    receipt: &Receipt,
    extent: &mut LogExtent,
) -> Result<(), DiskError> {
    let is_own = receipt.action.node() == Some(NodeId::numbered(identity.number));
    if receipt.duplicate || !is_own {
        return Ok(());
    }
    let unknown = |error: InputError| DiskError::corrupt(format!("an order is unknown: {error}"));
    match &Action::try_from(&receipt.action).map_err(unknown)? {
        Action::TakeCheckpoint { .. } => {
            checkpoint::keep(db, &checkpoint::about(db, identity, place)?)?;
            crash::failpoint("kernel.checkpoint_kept");
            Ok(())
        }
        // A node that received the whole state may have given back more than that already.
        Action::PurgeLog { up_to, .. } if up_to.get() > extent.base.position => {
            extent.base = log::purge(db, up_to.get())?;
            crash::failpoint("kernel.log_purged");
            Ok(())
        }
        _ => Ok(()),
    }
}

fn read_node(db: &Connection) -> Result<(NodeIdentity, HardState, LogId, u64), DiskError> {
    db.query_row(
        "SELECT cluster_id, number, voters, epoch, vote, committed, purged, purged_epoch, applied
         FROM node",
        [],
        |row| {
            let identity =
                NodeIdentity { cluster_id: row.get(0)?, number: row.get(1)?, voters: row.get(2)? };
            let hard_state = HardState {
                term: row.get(3)?,
                vote: row.get(4)?,
                commit: row.get(5)?,
                ..HardState::default()
            };
            let base = LogId { position: row.get(6)?, epoch: row.get(7)? };
            Ok((identity, hard_state, base, row.get(8)?))
        },
    )
    .doing("read whose file it is")
}
