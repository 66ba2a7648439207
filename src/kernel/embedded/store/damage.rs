//! What is wrong with the file of a node, as far as the node can see it alone.

use super::{NodeStore, checkpoint};
use crate::kernel::embedded::command::Command;
use crate::kernel::embedded::job::ProgressReporter;
use crate::kernel::embedded::sqlite::{DiskError, Doing};
use crate::model::progress::Unit;
use raft::eraftpb::Entry;
use rusqlite::Connection;
use std::ops::RangeInclusive;

/// Entries that are held in memory at once.
const SLICE: u64 = 1000;
/// Findings of one kind that are named; the rest of them is the same news.
const FINDINGS_MAX: usize = 3;

/// Reads every page: what is in no row, such as an index, is in no sum either.
pub(in crate::kernel::embedded) fn check_pages(db: &Connection) -> Result<(), DiskError> {
    match pages(db)?.into_iter().next() {
        None => Ok(()),
        Some(found) => Err(DiskError::corrupt(found)),
    }
}

/// What SQLite finds wrong with the pages of the file.
fn pages(db: &Connection) -> Result<Vec<String>, DiskError> {
    let rows = db.prepare("PRAGMA integrity_check(3)").and_then(|mut statement| {
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    });
    Ok(rows.doing("read every page")?.into_iter().filter(|row| row != "ok").collect())
}

impl NodeStore {
    /// Reads everything, and names what is not what it must be; empty for a sound file.
    pub(in crate::kernel::embedded) fn damage(&self, meter: &ProgressReporter) -> Vec<String> {
        let mut found = self.damaged_pages(meter);
        let held = self.entries_held();
        meter.begin("reading the log", Unit::Entries, held);
        let (first, last) = (self.first(), self.extent.last.position);
        let (mut read, mut unreadable) = (0, Vec::new());
        for slice in slices(first, last) {
            match self.entries_between(*slice.start(), *slice.end()) {
                Ok(entries) => {
                    let in_order = entries.iter().map(|entry| entry.index).eq(slice.clone());
                    read += if in_order { entries.len() as u64 } else { 0 };
                    let bad = entries.iter().filter_map(|entry| Command::read(entry).err());
                    unreadable.extend(bad.map(|error| error.to_string()));
                    meter.advance(slice.count() as u64);
                }
                Err(error) => {
                    found.push(error.to_string());
                    break;
                }
            }
        }
        if read != held && found.is_empty() {
            found.push(format!("the log from {first} to {last} has gaps"));
        }
        found.extend(unreadable.into_iter().take(FINDINGS_MAX));
        meter.begin("reading the checkpoint", Unit::Rows, 1);
        match checkpoint::read(self.file.connection()) {
            Ok(_) => meter.advance(1),
            Err(error) => found.push(error.to_string()),
        }
        found
    }

    /// What the database says about its own file, page by page.
    fn damaged_pages(&self, meter: &ProgressReporter) -> Vec<String> {
        let db = self.file.connection();
        let count = db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap_or(0);
        meter.begin("reading every page of the file, in one step", Unit::Pages, count);
        let found = pages(db).unwrap_or_else(|error| vec![error.to_string()]);
        meter.advance(count);
        found
    }

    /// The entries of the log in a range of positions, both ends included.
    pub(in crate::kernel::embedded) fn entries_between(
        &self,
        low: u64,
        high: u64,
    ) -> Result<Vec<Entry>, DiskError> {
        self.read_entries(low, high + 1, u64::MAX)
    }

    /// How many entries the log holds.
    pub(in crate::kernel::embedded) fn entries_held(&self) -> u64 {
        self.extent.last.position - self.extent.base.position
    }
}

/// A range of positions in slices that fit into memory, both ends included.
pub(in crate::kernel::embedded) fn slices(
    low: u64,
    high: u64,
) -> impl Iterator<Item = RangeInclusive<u64>> {
    let starts = (low..=high).step_by(usize::try_from(SLICE).unwrap_or(usize::MAX));
    starts.map(move |start| start..=high.min(start + SLICE - 1))
}
