//! Entries about single nodes: what is on their disks, and which of them are members.

use super::{Applied, LogId, checkpoint_of, execute, late, members, refuse_moved};
use crate::kernel::embedded::command::Accepted;
use crate::kernel::embedded::membership::MembershipChange;
use crate::kernel::embedded::spec::EngineInvariant as Invariant;
use crate::kernel::embedded::sqlite::{DiskError, Doing, to_json};
use crate::model::text::NodeId;
use rusqlite::{Connection, params};

pub(super) fn checkpoint(
    db: &Connection,
    place: LogId,
    order: &Accepted,
    node: &NodeId,
) -> Result<Applied, DiskError> {
    if let Some(refused) = refuse_moved(db, place, order)? {
        return Ok(refused);
    }
    db.prepare_cached(
        "INSERT INTO storage (node, checkpoint, checkpoint_at, purged) VALUES (?1, ?2, ?3, 0)
         ON CONFLICT (node) DO UPDATE SET checkpoint = ?2, checkpoint_at = ?3",
    )
    .and_then(|mut s| s.execute(params![node.as_str(), place.position, order.at.millis()]))
    .doing("record a checkpoint")?;
    let result = format!(
        "The checkpoint of {node} covers position {} of epoch {}; taking it is part of the entry \
         there.",
        place.position, place.epoch
    );
    execute(db, place, order, result)
}

pub(super) fn purge(
    db: &Connection,
    place: LogId,
    order: &Accepted,
    node: &NodeId,
    up_to: u64,
) -> Result<Applied, DiskError> {
    if let Some(refused) = refuse_moved(db, place, order)? {
        return Ok(refused);
    }
    let (covered, purged) = checkpoint_of(db, node)?.unwrap_or((0, 0));
    if up_to > covered {
        return late(db, place, order, "checkpoint_moved", Invariant::CheckpointCovers);
    }
    if up_to <= purged {
        return late(db, place, order, "log_purged", Invariant::LogHeld);
    }
    db.prepare_cached("UPDATE storage SET purged = ?2 WHERE node = ?1")
        .and_then(|mut s| s.execute(params![node.as_str(), up_to]))
        .doing("record a purge")?;
    let result = format!(
        "The log of {node} begins after position {up_to}; its checkpoint covers position {covered}."
    );
    execute(db, place, order, result)
}

pub(super) fn change_members(
    db: &Connection,
    place: LogId,
    order: &Accepted,
    change: MembershipChange,
) -> Result<Applied, DiskError> {
    if let Some(refused) = refuse_moved(db, place, order)? {
        return Ok(refused);
    }
    let Some(after) = members(db)?.after(change, place.position) else {
        return late(db, place, order, "members_moved", Invariant::NodeIsMember);
    };
    db.prepare_cached("UPDATE members SET members = ?1")
        .and_then(|mut s| s.execute([to_json(&after)]))
        .doing("write the members")?;
    let result = match change {
        MembershipChange::Add(number) => {
            format!("n{number} is a learner from position {} on.", place.position)
        }
        MembershipChange::GrantVote(number) => {
            format!("n{number} has a vote from position {} on.", place.position)
        }
        MembershipChange::Remove(number) => {
            format!("n{number} is no member from position {} on.", place.position)
        }
    };
    execute(db, place, order, result)
}
