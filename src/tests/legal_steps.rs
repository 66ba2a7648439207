//! A ledger that a campaign left, replayed through the workflow: the rules of the searched model
//! (`workflow_model`), asked of what is recorded and not of the database that should have held them.

use aerodb_control::model::action::{ActionId, Stage};
use aerodb_control::model::record::{Entry, Record};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::Path;

/// What is known of one action while its records are read.
#[derive(Default)]
struct ActionSteps {
    stage: Option<Stage>,
    is_failover: bool,
    first: Option<String>,
}

/// Every step of a ledger that the workflow does not have; each names its record.
pub fn illegal_steps(ledger: &Path) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(ledger, flags).expect("a ledger");
    let mut statement = db.prepare("SELECT bytes FROM leaf ORDER BY seq").expect("a statement");
    let records = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("records");
    let records =
        records.map(|bytes| serde_json::from_slice(&bytes.expect("bytes")).expect("a record"));
    illegal(records)
}

/// The same of records, oldest first.
pub fn illegal(records: impl IntoIterator<Item = Record>) -> Vec<String> {
    let mut actions: BTreeMap<ActionId, ActionSteps> = BTreeMap::new();
    let (mut found, mut is_frozen) = (Vec::new(), false);
    for (number, record) in records.into_iter().enumerate() {
        let seq = record.seq;
        let mut illegal = |why: String| found.push(format!("replayed: record {seq}: {why}"));
        if seq != number as u64 {
            illegal(format!("it stands at {number}"));
        }
        match record.entry {
            Entry::Frozen { .. } => is_frozen = true,
            Entry::Unfrozen { .. } => is_frozen = false,
            _ => {}
        }
        let (Some(id), Some(to)) = (record.action_id, record.entry.stage()) else { continue };
        let others_open =
            actions.iter().any(|(other, a)| *other != id && a.stage.is_some_and(Stage::is_open));
        let asked = actions.entry(id).or_default();
        let is_step = asked.stage.map_or(to == Stage::Requested, |from| from.next().contains(&to));
        if !is_step {
            illegal(format!("{id} goes from {:?} to {to}", asked.stage));
        }
        let advances = matches!(to, Stage::Explained | Stage::FirstConfirmed | Stage::Confirmed);
        if is_frozen && advances {
            illegal(format!("{id} is {to} while changes are frozen"));
        }
        let actor = record.actor.map(|actor| actor.name.to_string());
        if to == Stage::Confirmed {
            if others_open && !asked.is_failover {
                illegal(format!("{id} is confirmed beside another open action"));
            }
            if actor.is_none() || (asked.first.is_some() && asked.first == actor) {
                illegal(format!("{id} is confirmed by {actor:?}, and first by {:?}", asked.first));
            }
        }
        if to == Stage::FirstConfirmed {
            asked.first = actor;
        }
        if let Entry::Requested { action, .. } = &record.entry {
            asked.is_failover = action.kind().word() == "failover";
        }
        asked.stage = Some(to);
    }
    found
}
