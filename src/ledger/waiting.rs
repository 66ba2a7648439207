//! Which actions wait for somebody to confirm them or to take them back.

use super::{LedgerError, LedgerReader, stage_number};
use crate::model::action::{ActionId, Stage};
use rusqlite::{Connection, params};

/// The number of its record, the action, and whether the action waits after it.
pub type WaitingStep = (u64, ActionId, bool);

/// What changed about the actions that wait, from one record of the log on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingChanges {
    /// Steps that are recorded there: each action's last one is the last of its own here.
    pub steps: Vec<WaitingStep>,
    /// The record to go on from.
    pub next: u64,
}

impl LedgerReader {
    /// What the steps from the record `from` on changed about the actions that wait. From 0 it reads
    /// every step there is, half a second for a million of them, and answers only with those that wait;
    /// later it reads what is new.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn waiting_since(&self, from: u64) -> Result<WaitingChanges, LedgerError> {
        self.reader.read(|connection| {
            let next = "SELECT coalesce(max(seq) + 1, 0) FROM entry";
            let next: u64 = connection.prepare_cached(next)?.query_row([], |row| row.get(0))?;
            let steps = if from == 0 {
                all_that_wait(connection)?
            } else if from < next {
                moved_since(connection, from)?
            } else {
                Vec::new()
            };
            Ok(WaitingChanges { steps, next })
        })
    }
}

/// The last step of every action, in the order in which the table lies on the disk.
fn all_that_wait(connection: &Connection) -> Result<Vec<WaitingStep>, LedgerError> {
    // The bare column `t` comes from the row that `max` picks.
    let sql = "SELECT action, t, max(seq) FROM transition GROUP BY action HAVING t IN (?1, ?2)";
    let waits = [Stage::Explained, Stage::FirstConfirmed].map(stage_number::of);
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(waits)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get(2)?, ActionId::from_bytes(row.get(0)?), true));
    }
    Ok(found)
}

fn moved_since(connection: &Connection, from: u64) -> Result<Vec<WaitingStep>, LedgerError> {
    let sql = "SELECT action, t, seq FROM transition WHERE seq >= ?1 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![from])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let waits = stage_number::parse(row.get(1)?).is_some_and(Stage::waits);
        found.push((row.get(2)?, ActionId::from_bytes(row.get(0)?), waits));
    }
    Ok(found)
}
