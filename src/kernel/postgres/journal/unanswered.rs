//! Since when nodes do not answer: the first look that failed, kept over a restart. That a node was looked
//! at changes nothing (C8.3); only when it stops to answer, or answers again, is a save made.

use super::{Journal, JournalFile, JournalMode};
use crate::kernel::embedded::sqlite::{DiskError, Doing};
use crate::model::ambient::Timestamp;
use crate::model::facts::Since;
use crate::model::text::NodeId;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// Since when each node that does not answer does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unanswered(BTreeMap<String, Since>);

impl Unanswered {
    pub(super) fn read(db: &Connection) -> Result<Self, DiskError> {
        let rows: rusqlite::Result<BTreeMap<String, Since>> =
            db.prepare_cached("SELECT node, since, why FROM unanswered").and_then(|mut s| {
                s.query_map([], |row| {
                    let since = Timestamp::from_millis(row.get(1)?);
                    Ok((row.get(0)?, Since { since, why: row.get(2)? }))
                })?
                .collect()
            });
        rows.map(Self).doing("read which nodes do not answer")
    }
}

impl Journal {
    /// Keeps what looking at every node came to, and gives for each that did not answer since when. `why`
    /// is a clause in the words of this failure; a node that fails otherwise than before keeps its first
    /// instant.
    ///
    /// # Errors
    /// When the journal cannot be written: then nobody knows since when.
    pub async fn note_answers(
        &self,
        looks: Vec<(NodeId, Result<(), String>)>,
        now: Timestamp,
    ) -> Result<BTreeMap<NodeId, Since>, DiskError> {
        self.with(move |file| note(file, looks, now)).await
    }
}

fn note(
    file: &mut JournalFile,
    looks: Vec<(NodeId, Result<(), String>)>,
    now: Timestamp,
) -> Result<BTreeMap<NodeId, Since>, DiskError> {
    let mut next = file.unanswered.clone();
    let mut told = BTreeMap::new();
    for (node, look) in looks {
        match look {
            Ok(()) => drop(next.0.remove(node.as_str())),
            Err(why) => {
                let since = next.0.get(node.as_str()).map_or(now, |first| first.since);
                let entry = Since { since, why };
                next.0.insert(node.to_string(), entry.clone());
                told.insert(node, entry);
            }
        }
    }
    if next == file.unanswered {
        return Ok(told);
    }
    // A journal that is held is not written: what is found meanwhile lasts as long as the process.
    if file.mode == JournalMode::Begun {
        file.save(|db| {
            db.execute("DELETE FROM unanswered", []).doing("keep which nodes do not answer")?;
            for (node, Since { since, why }) in &next.0 {
                db.prepare_cached("INSERT INTO unanswered (node, since, why) VALUES (?1, ?2, ?3)")
                    .and_then(|mut s| s.execute(params![node, since.millis(), why]))
                    .doing("keep which nodes do not answer")?;
            }
            Ok(())
        })?;
    }
    file.unanswered = next;
    Ok(told)
}
