//! The events that no log holds.

use super::ClusterMetadata;
use crate::kernel::embedded::spec::EngineEvent;
use crate::kernel::embedded::sqlite::{DiskError, Doing, from_json, to_json};
use crate::model::event::{EventKind, EventPlace, KernelEvent};
use crate::model::text::NodeId;
use rusqlite::{OptionalExtension, params};

impl ClusterMetadata {
    /// Keeps events, all or none.
    pub(in crate::kernel::embedded) fn keep_events(
        &mut self,
        events: &[KernelEvent],
    ) -> Result<(), DiskError> {
        self.file.save(|db| {
            for event in events {
                db.prepare_cached(
                    "INSERT INTO events (epoch, position, number, kind, node, event)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )
                .and_then(|mut s| {
                    s.execute(params![
                        event.place.branch,
                        event.place.position,
                        event.place.number,
                        event.kind.word(),
                        event.node.as_ref().map(NodeId::as_str),
                        to_json(event)
                    ])
                })
                .doing("keep an event")?;
            }
            Ok(())
        })
    }

    /// Events before a place, newest first.
    pub(in crate::kernel::embedded) fn events(
        &self,
        before: Option<EventPlace>,
        limit: usize,
    ) -> Result<Vec<KernelEvent>, DiskError> {
        let end = before.unwrap_or(END);
        let texts: Vec<String> = self
            .file
            .connection()
            .prepare_cached(
                "SELECT event FROM events WHERE (epoch, position, number) < (?1, ?2, ?3)
                 ORDER BY epoch DESC, position DESC, number DESC LIMIT ?4",
            )
            .and_then(|mut s| {
                s.query_map(params![end.branch, end.position, end.number, limit], |row| row.get(0))?
                    .collect()
            })
            .doing("read the events")?;
        texts.iter().map(|text| from_json(text)).collect()
    }

    /// The last event.
    pub(in crate::kernel::embedded) fn last_event(&self) -> Result<Option<KernelEvent>, DiskError> {
        Ok(self.events(None, 1)?.pop())
    }

    /// Which of these kinds the last event of them was, about a node or about none.
    pub(in crate::kernel::embedded) fn last_kind(
        &self,
        node: Option<&NodeId>,
        kinds: [EngineEvent; 2],
    ) -> Result<Option<EventKind>, DiskError> {
        let [one, other] = kinds.map(EngineEvent::kind);
        let text: Option<String> = self
            .file
            .connection()
            .prepare_cached(
                "SELECT event FROM events WHERE node IS ?1 AND kind IN (?2, ?3)
                 ORDER BY epoch DESC, position DESC, number DESC LIMIT 1",
            )
            .and_then(|mut s| {
                let of = params![node.map(NodeId::as_str), one.word(), other.word()];
                s.query_row(of, |row| row.get(0)).optional()
            })
            .doing("read the events")?;
        let event: Option<KernelEvent> = text.as_deref().map(from_json).transpose()?;
        Ok(event.map(|event| event.kind))
    }
}

/// After every place that a store can hold.
pub(in crate::kernel::embedded) const END: EventPlace =
    EventPlace { branch: i64::MAX as u64, position: i64::MAX as u64, number: i64::MAX as u64 };
