//! What the state machine holds, for those who ask.

use super::Epoch;
use crate::kernel::embedded::membership::Members;
use crate::kernel::embedded::metadata::END;
use crate::kernel::embedded::sqlite::{DiskError, Doing, from_json};
use crate::kernel::embedded::view::Fence;
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::event::{EventPlace, KernelEvent};
use crate::model::facts::Since;
use crate::model::receipt::{Receipt, Tombstone};
use crate::model::text::NodeId;
use rusqlite::{Connection, OptionalExtension, params};

/// The write fence, and since when it stands.
pub(in crate::kernel::embedded) fn fence(
    db: &Connection,
) -> Result<(Fence, Option<Since>), DiskError> {
    let (word, since): (String, Option<i64>) = db
        .prepare_cached("SELECT fence, fence_since FROM node")
        .and_then(|mut s| s.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
        .doing("read the write fence")?;
    let since = since.map(|millis| Since {
        since: Timestamp::from_millis(millis),
        why: "an operator stopped writes".to_owned(),
    });
    Ok((if word == "standing" { Fence::Standing } else { Fence::Lifted }, since))
}

/// The receipt under an id.
pub(in crate::kernel::embedded) fn receipt(
    db: &Connection,
    id: ActionId,
) -> Result<Option<Receipt>, DiskError> {
    let text = text_under(db, "SELECT receipt FROM receipts WHERE action_id = ?1", id)?;
    text.as_deref().map(from_json).transpose()
}

/// The tombstone under an id.
pub(in crate::kernel::embedded) fn tombstone(
    db: &Connection,
    id: ActionId,
) -> Result<Option<Tombstone>, DiskError> {
    let text = text_under(db, "SELECT tombstone FROM voided WHERE action_id = ?1", id)?;
    text.as_deref().map(from_json).transpose()
}

fn text_under(db: &Connection, sql: &str, id: ActionId) -> Result<Option<String>, DiskError> {
    db.prepare_cached(sql)
        .and_then(|mut s| s.query_row([id.bytes()], |row| row.get(0)).optional())
        .doing("look for an action id")
}

/// The value of a key.
pub(in crate::kernel::embedded) fn value(
    db: &Connection,
    key: &str,
) -> Result<Option<Vec<u8>>, DiskError> {
    db.prepare_cached("SELECT value FROM kv WHERE key = ?1")
        .and_then(|mut s| s.query_row([key], |row| row.get(0)).optional())
        .doing("read a key")
}

/// The history of epochs, oldest first.
pub(in crate::kernel::embedded) fn epochs(db: &Connection) -> Result<Vec<Epoch>, DiskError> {
    let read = |row: &rusqlite::Row<'_>| {
        let id: Option<[u8; 16]> = row.get(3)?;
        Ok(Epoch {
            epoch: row.get(0)?,
            primary: row.get(1)?,
            first_position: row.get(2)?,
            action_id: id.map(ActionId::from_bytes),
        })
    };
    db.prepare_cached(
        "SELECT epoch, primary_node, first_position, action_id FROM epochs ORDER BY epoch",
    )
    .and_then(|mut s| s.query_map([], read)?.collect())
    .doing("read the epoch history")
}

/// The birth record: a sentence, and when the cluster was founded.
pub(in crate::kernel::embedded) fn birth(
    db: &Connection,
) -> Result<Option<(String, Timestamp)>, DiskError> {
    db.prepare_cached("SELECT sentence, founded_at FROM birth")
        .and_then(|mut s| {
            s.query_row([], |row| Ok((row.get(0)?, Timestamp::from_millis(row.get(1)?)))).optional()
        })
        .doing("read the birth record")
}

/// How far the checkpoint of a node reaches that was asked for last, and what the node gave back.
pub(in crate::kernel::embedded) fn checkpoint_of(
    db: &Connection,
    node: &NodeId,
) -> Result<Option<(u64, u64)>, DiskError> {
    db.prepare_cached("SELECT checkpoint, purged FROM storage WHERE node = ?1")
        .and_then(|mut s| {
            s.query_row([node.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .doing("look for a checkpoint")
}

/// The members.
pub(in crate::kernel::embedded) fn members(db: &Connection) -> Result<Members, DiskError> {
    let text: String = db
        .prepare_cached("SELECT members FROM members")
        .and_then(|mut s| s.query_row([], |row| row.get(0)))
        .doing("read the members")?;
    from_json(&text)
}

/// Events of the log before a place, newest first.
pub(in crate::kernel::embedded) fn events(
    db: &Connection,
    before: Option<EventPlace>,
    limit: usize,
) -> Result<Vec<KernelEvent>, DiskError> {
    let end = before.unwrap_or(END);
    let texts: Vec<String> = db
        .prepare_cached(
            // An entry is the event 0 of its place.
            "SELECT event FROM events WHERE (epoch, position, 0) < (?1, ?2, ?3)
             ORDER BY position DESC LIMIT ?4",
        )
        .and_then(|mut s| {
            s.query_map(params![end.branch, end.position, end.number, limit], |row| row.get(0))?
                .collect()
        })
        .doing("read the events")?;
    texts.iter().map(|text| from_json(text)).collect()
}
