//! What is wrong with the file of a node, as far as the node can see it alone.

use super::{NodeStore, checkpoint};
use crate::kernel::embedded::command::Command;
use crate::kernel::embedded::sqlite::{Doing, StoreError};
use raft::eraftpb::Entry;
use rusqlite::Connection;

/// Findings of one kind that are named; the rest of them is the same news.
const FINDINGS_MAX: usize = 3;

/// Reads every page, where there is no seal to compare the file with.
pub(super) fn check_pages(db: &Connection) -> Result<(), StoreError> {
    match pages(db)?.into_iter().next() {
        None => Ok(()),
        Some(found) => Err(StoreError::corrupt(format!("node.sqlite is damaged: {found}"))),
    }
}

/// What SQLite finds wrong with the pages of the file.
fn pages(db: &Connection) -> Result<Vec<String>, StoreError> {
    let rows = db.prepare("PRAGMA integrity_check(3)").and_then(|mut statement| {
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    });
    Ok(rows.doing("read every page")?.into_iter().filter(|row| row != "ok").collect())
}

impl NodeStore {
    /// Reads everything, and names what is not what it must be; empty for a sound file.
    #[must_use]
    pub fn damage(&self) -> Vec<String> {
        let mut found = Vec::new();
        match pages(self.database.connection()) {
            Ok(rows) => found.extend(rows),
            Err(error) => found.push(error.to_string()),
        }
        let (first, last) = (self.first(), self.extent.last.position);
        match self.entries_between(first, last) {
            Ok(entries) => {
                let expected = first..=last;
                if !entries.iter().map(|entry| entry.index).eq(expected) {
                    found.push(format!("the log from {first} to {last} has gaps"));
                }
                let unreadable = entries.iter().filter_map(|entry| Command::read(entry).err());
                found.extend(unreadable.map(|error| error.to_string()).take(FINDINGS_MAX));
            }
            Err(error) => found.push(error.to_string()),
        }
        match checkpoint::read(self.database.connection()) {
            Ok(_) => {}
            Err(error) => found.push(error.to_string()),
        }
        found
    }

    /// The entries of the log in a range of positions, both ends included.
    pub(in crate::kernel::embedded) fn entries_between(
        &self,
        low: u64,
        high: u64,
    ) -> Result<Vec<Entry>, StoreError> {
        self.read_entries(low, high + 1, u64::MAX)
    }

    /// How many entries the log holds.
    pub(in crate::kernel::embedded) fn entries_held(&self) -> u64 {
        self.extent.last.position - self.extent.base.position
    }
}
