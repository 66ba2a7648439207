//! The store of one node: its log, its promises and its state machine in one SQLite file.
//!
//! Whatever one turn of the node changes is one transaction, and it is on disk when
//! [`NodeStore::save`] returns. A store whose save failed must not be used again: its owner drops
//! it (C6.1).

use super::command::Command;
use super::machine::{self, Applied, Epoch, Place};
use super::sqlite::{Database, Doing, StoreError};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::pinned::{Fence, Since};
use crate::model::receipt::{Receipt, Tombstone};
use raft::eraftpb::{ConfState, Entry, EntryType, HardState, Snapshot};
use raft::{GetEntriesContext, RaftState, StorageError};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

const SCHEMA: &str = include_str!("node.sql");

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

/// Everything that one turn of a node writes.
#[derive(Debug, Default)]
pub struct Batch {
    /// Entries to append. They replace everything from the first of their positions on.
    pub entries: Vec<Entry>,
    /// The promises, where they changed.
    pub hard_state: Option<HardState>,
    /// The position up to which entries are committed, where that alone changed.
    pub committed: Option<u64>,
    /// Committed entries to apply, in order.
    pub apply: Vec<Entry>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.hard_state.is_none()
            && self.committed.is_none()
            && self.apply.is_empty()
    }
}

/// The open store of one node.
#[derive(Debug)]
pub struct NodeStore {
    database: Database,
    identity: NodeIdentity,
    hard_state: HardState,
    applied: u64,
    /// Position and epoch of the last entry.
    last: Place,
}

impl NodeStore {
    /// Creates the store of a new node; fails when the file exists.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path, identity: &NodeIdentity) -> Result<Self, StoreError> {
        let database = Database::create(path, SCHEMA)?;
        database
            .connection()
            .execute(
                "INSERT INTO node (one, format, cluster_id, number, voters)
                 VALUES (1, 1, ?1, ?2, ?3)",
                params![identity.cluster_id, identity.number, identity.voters],
            )
            .doing("name the node")?;
        drop(database);
        Self::open(path, identity)
    }

    /// Opens the store of this node, and of no other.
    ///
    /// # Errors
    /// When the file belongs to another node or cluster, or holds a log with a gap.
    pub fn open(path: &Path, identity: &NodeIdentity) -> Result<Self, StoreError> {
        let database = Database::open(path)?;
        let db = database.connection();
        let (found, hard_state, applied) = read_node(db)?;
        if &found != identity {
            return Err(StoreError::corrupt(format!(
                "the file belongs to n{} of {} in the cluster {}, not to n{} of {} in the cluster \
                 {}",
                found.number,
                found.voters,
                found.cluster_id,
                identity.number,
                identity.voters,
                identity.cluster_id
            )));
        }
        let last = read_last(db)?;
        let count: u64 = db
            .query_row("SELECT count(*) FROM log", [], |row| row.get(0))
            .doing("count the log")?;
        if count != last.position || hard_state.commit > last.position {
            return Err(StoreError::corrupt(format!(
                "the log holds {count} entries up to position {}, and {} are committed",
                last.position, hard_state.commit
            )));
        }
        Ok(Self { database, identity: found, hard_state, applied, last })
    }

    /// Makes a batch durable in one transaction, and applies its committed entries in it.
    ///
    /// # Errors
    /// Any error means that nothing is known about the file: it must not be used again.
    ///
    /// # Panics
    /// When the batch would leave a gap, replace a committed entry, or apply out of order: a bug.
    pub fn save(&mut self, batch: Batch) -> Result<Vec<(Place, Applied)>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (mut hard_state, mut applied, mut last) =
            (self.hard_state.clone(), self.applied, self.last);
        let tx = self.database.begin()?;
        if let Some(first) = batch.entries.first() {
            assert!(first.index <= last.position + 1, "an append leaves no gap");
            assert!(first.index > hard_state.commit, "a committed entry is never replaced");
            last = append(&tx, &batch.entries)?;
        }
        if let Some(new) = batch.hard_state {
            hard_state = new;
        }
        if let Some(committed) = batch.committed {
            hard_state.commit = committed;
        }
        let mut outcomes = Vec::with_capacity(batch.apply.len());
        for entry in batch.apply {
            assert!(entry.index == applied + 1, "entries are applied in order");
            applied = entry.index;
            let place = Place { epoch: entry.term, position: entry.index };
            outcomes.push((place, machine::apply(&tx, place, Command::decode(&entry.data)?)?));
        }
        tx.prepare_cached("UPDATE node SET epoch = ?1, vote = ?2, committed = ?3, applied = ?4")
            .and_then(|mut s| {
                s.execute(params![hard_state.term, hard_state.vote, hard_state.commit, applied])
            })
            .doing("write the promises")?;
        tx.commit().doing("commit")?;
        (self.hard_state, self.applied, self.last) = (hard_state, applied, last);
        self.database.committed()?;
        Ok(outcomes)
    }

    /// The last position that the state machine contains.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// The write fence, and since when it stands.
    ///
    /// # Errors
    /// When the file cannot be read; so for all reads below.
    pub fn fence(&self) -> Result<(Fence, Option<Since>), StoreError> {
        machine::fence(self.database.connection())
    }

    /// The receipt under an id.
    pub fn receipt(&self, id: ActionId) -> Result<Option<Receipt>, StoreError> {
        machine::receipt(self.database.connection(), id)
    }

    /// The tombstone under an id.
    pub fn tombstone(&self, id: ActionId) -> Result<Option<Tombstone>, StoreError> {
        machine::tombstone(self.database.connection(), id)
    }

    /// The value of a key.
    pub fn value(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        machine::value(self.database.connection(), key)
    }

    /// The history of epochs, oldest first.
    pub fn epochs(&self) -> Result<Vec<Epoch>, StoreError> {
        machine::epochs(self.database.connection())
    }

    /// The birth record: its sentence, and when the cluster was founded.
    pub fn birth(&self) -> Result<Option<(String, Timestamp)>, StoreError> {
        machine::birth(self.database.connection())
    }

    fn read_entries(&self, low: u64, high: u64, bytes_max: u64) -> Result<Vec<Entry>, StoreError> {
        let db = self.database.connection();
        let mut statement = db
            .prepare_cached(
                "SELECT position, epoch, kind, data, context FROM log
                 WHERE position >= ?1 AND position < ?2 ORDER BY position",
            )
            .doing("read the log")?;
        let mut rows = statement.query([low, high]).doing("read the log")?;
        let (mut entries, mut bytes) = (Vec::new(), 0u64);
        while let Some(row) = rows.next().doing("read the log")? {
            let entry = read_entry(row).doing("read the log")?;
            bytes += (entry.data.len() + entry.context.len()) as u64;
            // The first entry always goes, or a large one would block the log.
            if !entries.is_empty() && bytes > bytes_max {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }
}

fn read_node(db: &Connection) -> Result<(NodeIdentity, HardState, u64), StoreError> {
    db.query_row(
        "SELECT cluster_id, number, voters, epoch, vote, committed, applied FROM node",
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
            Ok((identity, hard_state, row.get(6)?))
        },
    )
    .doing("read whose file it is")
}

fn read_last(db: &Connection) -> Result<Place, StoreError> {
    let last = db
        .query_row("SELECT epoch, position FROM log ORDER BY position DESC LIMIT 1", [], |row| {
            Ok(Place { epoch: row.get(0)?, position: row.get(1)? })
        })
        .optional()
        .doing("read the end of the log")?;
    Ok(last.unwrap_or(Place { epoch: 0, position: 0 }))
}

fn append(db: &Connection, entries: &[Entry]) -> Result<Place, StoreError> {
    let mut last = Place { epoch: 0, position: 0 };
    if let Some(first) = entries.first() {
        db.prepare_cached("DELETE FROM log WHERE position >= ?1")
            .and_then(|mut s| s.execute([first.index]))
            .doing("cut the log")?;
    }
    let mut insert = db
        .prepare_cached(
            "INSERT INTO log (position, epoch, kind, data, context) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .doing("append to the log")?;
    for entry in entries {
        assert!(last.position == 0 || entry.index == last.position + 1, "entries are in order");
        assert!(entry.entry_type == EntryType::EntryNormal, "membership does not change");
        insert
            .execute(params![entry.index, entry.term, 0, &entry.data[..], &entry.context[..]])
            .doing("append to the log")?;
        last = Place { epoch: entry.term, position: entry.index };
    }
    Ok(last)
}

fn read_entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        index: row.get(0)?,
        term: row.get(1)?,
        data: row.get::<_, Vec<u8>>(3)?.into(),
        context: row.get::<_, Vec<u8>>(4)?.into(),
        ..Entry::default()
    })
}

fn unreadable(error: StoreError) -> raft::Error {
    raft::Error::Store(StorageError::Other(Box::new(error)))
}

impl raft::Storage for NodeStore {
    fn initial_state(&self) -> raft::Result<RaftState> {
        let voters = (1..=self.identity.voters).collect();
        let conf_state = ConfState { voters, ..ConfState::default() };
        Ok(RaftState::new(self.hard_state.clone(), conf_state))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        assert!(high <= self.last.position + 1, "Raft reads what was appended");
        let bytes_max = max_size.into().unwrap_or(u64::MAX);
        self.read_entries(low, high, bytes_max).map_err(unreadable)
    }

    fn term(&self, position: u64) -> raft::Result<u64> {
        if position == self.last.position {
            return Ok(self.last.epoch);
        }
        if position == 0 {
            return Ok(0);
        }
        let found: Option<u64> = self
            .database
            .connection()
            .prepare_cached("SELECT epoch FROM log WHERE position = ?1")
            .and_then(|mut s| s.query_row([position], |row| row.get(0)).optional())
            .doing("read the epoch of an entry")
            .map_err(unreadable)?;
        found.ok_or(raft::Error::Store(StorageError::Unavailable))
    }

    fn first_index(&self) -> raft::Result<u64> {
        // The log is never cut at its beginning in this version.
        Ok(1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last.position)
    }

    fn snapshot(&self, _request_index: u64, _to: u64) -> raft::Result<Snapshot> {
        // Every log begins at position 1, so no node ever needs one.
        Err(raft::Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}
