//! How far the cluster ever was, as this control plane knows: what only grows, kept over a restart.
//!
//! A node that is lost takes what it says with it. A proof that forgets a timeline, or the end of a contract,
//! because nobody says it any more would be a false one (C2.2).

use super::{Journal, JournalFile, JournalMode};
use crate::kernel::embedded::sqlite::{DiskError, Doing};
use rusqlite::{Connection, params};

/// The greatest of each that was ever known; 0 where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HighestKnown {
    /// The number of a timeline that a node was on, or that a promotion led to.
    pub timeline: u64,
    /// The number of a sync contract that has ended, or whose end was sent.
    pub contract_ended: u64,
}

impl HighestKnown {
    /// The greater of each.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            timeline: self.timeline.max(other.timeline),
            contract_ended: self.contract_ended.max(other.contract_ended),
        }
    }

    pub(super) fn read(db: &Connection) -> Result<Self, DiskError> {
        db.query_row("SELECT timeline, contract_ended FROM highest", [], |row| {
            Ok(Self { timeline: row.get(0)?, contract_ended: row.get(1)? })
        })
        .doing("read how far the cluster was")
    }

    pub(super) fn write(self, db: &Connection) -> Result<(), DiskError> {
        db.prepare_cached("UPDATE highest SET timeline = ?1, contract_ended = ?2")
            .and_then(|mut s| s.execute(params![self.timeline, self.contract_ended]))
            .map(drop)
            .doing("keep how far the cluster was")
    }
}

impl Journal {
    /// Keeps what is known now beside what was known before, and gives both.
    ///
    /// # Errors
    /// When the journal cannot be written: then it is not known how far the cluster was.
    pub async fn raise(&self, known: HighestKnown) -> Result<HighestKnown, DiskError> {
        self.with(move |file| raise(file, known)).await
    }
}

fn raise(file: &mut JournalFile, known: HighestKnown) -> Result<HighestKnown, DiskError> {
    let highest = file.highest.with(known);
    if highest == file.highest {
        return Ok(highest);
    }
    // A journal that is held is not written: what is found meanwhile lasts as long as the process.
    if file.mode == JournalMode::Begun {
        file.save(|db| highest.write(db))?;
    }
    file.highest = highest;
    Ok(highest)
}
