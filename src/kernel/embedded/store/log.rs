//! The log of a node, and how the Raft library reads it.

use super::{LogExtent, LogId, NodeStore, checkpoint};
use crate::kernel::embedded::sqlite::{DiskError, Doing};
use protobuf::ProtobufEnum as _;
use raft::eraftpb::{Entry, EntryType, Snapshot};
use raft::{GetEntriesContext, RaftState, StorageError};
use rusqlite::{Connection, OptionalExtension, params};

impl NodeStore {
    /// The epoch of the last entry that was applied.
    pub(super) fn applied_epoch(&self) -> Result<u64, DiskError> {
        let epoch = raft::Storage::term(self, self.extent.applied);
        epoch.map_err(|error| DiskError::corrupt(error.to_string()))
    }

    pub(super) fn read_entries(
        &self,
        low: u64,
        high: u64,
        bytes_max: u64,
    ) -> Result<Vec<Entry>, DiskError> {
        let db = self.file.connection();
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

/// The last entry; that before the log when it is empty.
pub(super) fn read_last(db: &Connection, base: LogId) -> Result<LogId, DiskError> {
    let last = db
        .query_row("SELECT epoch, position FROM log ORDER BY position DESC LIMIT 1", [], |row| {
            Ok(LogId { epoch: row.get(0)?, position: row.get(1)? })
        })
        .optional()
        .doing("read the end of the log")?;
    Ok(last.unwrap_or(base))
}

/// Appends entries, in place of everything from the first of their positions on.
pub(super) fn append(db: &Connection, entries: &[Entry]) -> Result<LogId, DiskError> {
    let mut last = LogId { epoch: 0, position: 0 };
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
        let kind = entry.entry_type.value();
        insert
            .execute(params![entry.index, entry.term, kind, &entry.data[..], &entry.context[..]])
            .doing("append to the log")?;
        last = LogId { epoch: entry.term, position: entry.index };
    }
    Ok(last)
}

/// Gives back the log up to a position that it holds; gives the new place before it.
pub(super) fn purge(db: &Connection, up_to: u64) -> Result<LogId, DiskError> {
    let epoch = db
        .query_row("SELECT epoch FROM log WHERE position = ?1", [up_to], |row| row.get(0))
        .doing("read the end of what is given back")?;
    db.execute("DELETE FROM log WHERE position <= ?1", [up_to]).doing("purge the log")?;
    Ok(LogId { epoch, position: up_to })
}

fn read_entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let kind = EntryType::from_i32(row.get(2)?);
    Ok(Entry {
        index: row.get(0)?,
        term: row.get(1)?,
        entry_type: kind.ok_or(rusqlite::Error::IntegralValueOutOfRange(2, 0))?,
        data: row.get::<_, Vec<u8>>(3)?.into(),
        context: row.get::<_, Vec<u8>>(4)?.into(),
        ..Entry::default()
    })
}

fn unreadable(error: DiskError) -> raft::Error {
    raft::Error::Store(StorageError::Other(Box::new(error)))
}

impl raft::Storage for NodeStore {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(RaftState::new(self.hard_state.clone(), self.members.conf_state()))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        if low <= self.extent.base.position {
            return Err(raft::Error::Store(StorageError::Compacted));
        }
        assert!(high <= self.extent.last.position + 1, "Raft reads what was appended");
        let bytes_max = max_size.into().unwrap_or(u64::MAX);
        self.read_entries(low, high, bytes_max).map_err(unreadable)
    }

    fn term(&self, position: u64) -> raft::Result<u64> {
        let LogExtent { base, last, .. } = self.extent;
        if position == last.position {
            return Ok(last.epoch);
        }
        if position == base.position {
            return Ok(base.epoch);
        }
        if position < base.position {
            return Err(raft::Error::Store(StorageError::Compacted));
        }
        let found: Option<u64> = self
            .file
            .connection()
            .prepare_cached("SELECT epoch FROM log WHERE position = ?1")
            .and_then(|mut s| s.query_row([position], |row| row.get(0)).optional())
            .doing("read the epoch of an entry")
            .map_err(unreadable)?;
        found.ok_or(raft::Error::Store(StorageError::Unavailable))
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.extent.base.position + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.extent.last.position)
    }

    fn snapshot(&self, request_index: u64, to: u64) -> raft::Result<Snapshot> {
        let applied = self.extent.applied;
        let place = LogId { epoch: self.term(applied)?, position: applied };
        let db = self.file.connection();
        checkpoint::snapshot(db, &self.identity, place, request_index, to).map_err(unreadable)
    }
}
