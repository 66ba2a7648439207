//! What happened, in one order: that of the places.

use super::Journal;
use crate::kernel::embedded::sqlite::{DiskError, Doing, from_json, to_json};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::event::{EventKind, EventPlace, KernelEvent};
use crate::model::facts::Position;
use crate::model::text::NodeId;
use rusqlite::{Connection, params};

/// An event before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Where the log of the cluster ended then, as far as it was known; `None` where it was not.
    pub position: Option<Position>,
    /// When, by the clock of the kernel.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: EventKind,
    /// The node that it is about.
    pub node: Option<NodeId>,
    /// The action that caused it.
    pub action_id: Option<ActionId>,
    /// What happened, as a sentence.
    pub sentence: String,
}

/// After every place that the file can hold.
const END: EventPlace = EventPlace { branch: NUMBER_MAX, position: NUMBER_MAX, number: NUMBER_MAX };
/// The largest number that SQLite holds.
const NUMBER_MAX: u64 = i64::MAX.cast_unsigned();

impl Journal {
    /// Keeps events, all or none.
    ///
    /// # Errors
    /// When that cannot be made durable.
    pub async fn keep_events(&self, events: Vec<NewEvent>) -> Result<(), DiskError> {
        if events.is_empty() {
            return Ok(());
        }
        self.with(move |file| file.save(|db| keep(db, &events))).await
    }

    /// Events before a place, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> Result<Vec<KernelEvent>, DiskError> {
        self.with(move |file| read(file.kept.connection(), before, limit)).await
    }
}

pub(super) fn read(
    db: &Connection,
    before: Option<EventPlace>,
    limit: u32,
) -> Result<Vec<KernelEvent>, DiskError> {
    let end = before.unwrap_or(END);
    let texts: Vec<String> = db
        .prepare_cached(
            "SELECT event FROM events WHERE (timeline, position, number) < (?1, ?2, ?3)
             ORDER BY timeline DESC, position DESC, number DESC LIMIT ?4",
        )
        .and_then(|mut s| {
            s.query_map(params![end.branch, end.position, end.number, limit], |row| row.get(0))?
                .collect()
        })
        .doing("read the events")?;
    texts.iter().map(|text| from_json(text)).collect()
}

/// Gives each event the place where it happened, or the one after the last that is kept: a place never
/// lies before one that was shown.
pub(super) fn keep(db: &Connection, events: &[NewEvent]) -> Result<(), DiskError> {
    let mut last = read(db, None, 1)?.pop().map(|event| event.place);
    for event in events {
        let start = EventPlace { branch: 0, position: 0, number: 0 };
        let here = event.position.map_or(start, |at| EventPlace {
            branch: at.branch,
            position: at.offset,
            number: 0,
        });
        let mut place = last.map_or(here, |last| last.max(here));
        place.number += 1;
        let NewEvent { position: _, at, kind, node, action_id, sentence } = event.clone();
        let kept = KernelEvent { place, at, kind, node, action_id, sentence };
        db.prepare_cached(
            "INSERT INTO events (timeline, position, number, event) VALUES (?1, ?2, ?3, ?4)",
        )
        .and_then(|mut s| {
            s.execute(params![place.branch, place.position, place.number, to_json(&kept)])
        })
        .doing("keep an event")?;
        last = Some(place);
    }
    Ok(())
}
