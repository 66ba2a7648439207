//! What is wrong with the file of a node, as far as the node can see it alone.

use super::{NodeStore, checkpoint};
use crate::kernel::embedded::command::Command;
use crate::kernel::embedded::sqlite::{Doing, StoreError};
use raft::eraftpb::Entry;

/// Findings of one kind that are named; the rest of them is the same news.
const FINDINGS_MAX: usize = 3;

impl NodeStore {
    /// Reads everything, and names what is not what it must be; empty for a sound file.
    #[must_use]
    pub fn damage(&self) -> Vec<String> {
        let mut found = Vec::new();
        let pages = self.database.connection().prepare("PRAGMA integrity_check(3)");
        let pages = pages.and_then(|mut statement| {
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        match pages.doing("read every page") {
            Ok(rows) => found.extend(rows.into_iter().filter(|row| row != "ok")),
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
