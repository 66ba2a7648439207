//! The state machine: what the entries of the log build on every node alike.
//!
//! An entry is applied in the transaction that records that it was applied. Application reads no
//! clock and no other node, so equal logs give equal states.

mod nodes;
mod read;

use super::command::{Accepted, Command};
use super::events as kernel_events;
use super::sqlite::{DiskError, Doing, to_json};
use super::view::Fence;
use crate::crash::{self, InjectedBug};
use crate::kernel::Resolution;
use crate::kernel::embedded::spec::{EngineEvent, EngineInvariant as Invariant};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::event::{EventPlace, KernelEvent};
use crate::model::receipt::{KernelRefusal, Receipt, Tombstone};
use crate::model::text::NodeId;
pub(super) use read::{
    birth, checkpoint_of, epochs, events, fence, members, receipt, tombstone, value,
};
use rusqlite::{Connection, params};

/// What one entry did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It changed data, or began an epoch for no order.
    Done,
    /// It executed an order.
    Executed(Receipt),
    /// It had no effect, because the state had moved when its turn came.
    Refused(KernelRefusal),
    /// It settled an id.
    Resolved(Resolution),
}

/// One epoch of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Its number.
    pub epoch: u64,
    /// Its primary.
    pub primary: String,
    /// The position of its first entry.
    pub first_position: u64,
    /// The order that began it; absent for the founding.
    pub action_id: Option<ActionId>,
}

/// A place in the log: the epoch and the position of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogId {
    /// The epoch in which the entry was written.
    pub epoch: u64,
    /// Its position.
    pub position: u64,
}

impl LogId {
    /// The place of the event that the entry here makes.
    fn of_event(self) -> EventPlace {
        EventPlace { branch: self.epoch, position: self.position, number: 0 }
    }
}

/// Applies one committed entry inside the caller's transaction.
///
/// # Errors
/// When the file cannot be written, or a command contradicts what the log built before.
pub fn apply(db: &Connection, place: LogId, command: Command) -> Result<Applied, DiskError> {
    match command {
        Command::Birth { cluster_id, founded_at, primary, sentence } => {
            begin_epoch(db, place, &primary, founded_at, None)?;
            db.prepare_cached(
                // A founding that was interrupted writes a second one; the first rules.
                "INSERT INTO birth (one, cluster_id, founded_at, sentence) VALUES (1, ?1, ?2, ?3)
                 ON CONFLICT (one) DO NOTHING",
            )
            .and_then(|mut s| s.execute(params![cluster_id, founded_at.millis(), sentence]))
            .doing("write the birth record")?;
            Ok(Applied::Done)
        }
        Command::Promote { order, primary } => promote(db, place, &order, &primary),
        Command::Fence { order, fence: to } => raise_or_lift(db, place, &order, to),
        Command::Checkpoint { order, node } => nodes::checkpoint(db, place, &order, &node),
        Command::Purge { order, node, up_to } => nodes::purge(db, place, &order, &node, up_to),
        Command::Membership { order, change } => nodes::change_members(db, place, &order, change),
        Command::Settle { action_id, at } => resolve(db, place, action_id, at),
        Command::Put { key, value } => write(db, place, |db| {
            db.prepare_cached(
                "INSERT INTO kv (key, value, position) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET value = ?2, position = ?3",
            )
            .and_then(|mut s| s.execute(params![key, value.0, place.position]))
        }),
        Command::Delete { key } => write(db, place, |db| {
            db.prepare_cached("DELETE FROM kv WHERE key = ?1").and_then(|mut s| s.execute([&key]))
        }),
    }
}

fn begin_epoch(
    db: &Connection,
    place: LogId,
    primary: &NodeId,
    at: Timestamp,
    action_id: Option<ActionId>,
) -> Result<(), DiskError> {
    db.prepare_cached(
        "INSERT INTO epochs (epoch, primary_node, first_position, began_at, action_id)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .and_then(|mut s| {
        s.execute(params![
            place.epoch,
            primary.as_str(),
            place.position,
            at.millis(),
            action_id.as_ref().map(|id| id.bytes().as_slice()),
        ])
    })
    .doing("write the epoch history")?;
    let sentence = match action_id {
        None => format!("{primary} was appointed primary of epoch {}.", place.epoch),
        Some(_) => format!("{primary} became primary of epoch {}.", place.epoch),
    };
    happened(
        db,
        KernelEvent {
            place: place.of_event(),
            at,
            kind: EngineEvent::EpochBegan.kind(),
            node: Some(primary.clone()),
            action_id,
            sentence,
        },
    )
}

fn happened(db: &Connection, event: KernelEvent) -> Result<(), DiskError> {
    db.prepare_cached("INSERT INTO events (position, epoch, event) VALUES (?1, ?2, ?3)")
        .and_then(|mut s| {
            s.execute(params![event.place.position, event.place.branch, to_json(&event)])
        })
        .doing("write an event")?;
    Ok(())
}

fn promote(
    db: &Connection,
    place: LogId,
    order: &Accepted,
    primary: &NodeId,
) -> Result<Applied, DiskError> {
    // The epoch is real whatever becomes of the order: a majority voted for it.
    begin_epoch(db, place, primary, order.at, Some(order.action_id))?;
    if let Some(refused) = refuse_late(db, place, order)? {
        return Ok(refused);
    }
    if order.expected_epoch.map(|epoch| epoch + 1) != Some(place.epoch) {
        return late(db, place, order, "epoch_moved", Invariant::EpochUnchanged);
    }
    let result = format!(
        "{primary} became primary of epoch {} with the entry at position {}.",
        place.epoch, place.position
    );
    execute(db, place, order, result)
}

fn raise_or_lift(
    db: &Connection,
    place: LogId,
    order: &Accepted,
    to: Fence,
) -> Result<Applied, DiskError> {
    if let Some(refused) = refuse_moved(db, place, order)? {
        return Ok(refused);
    }
    if fence(db)?.0 == to {
        let invariant = match to {
            Fence::Standing => Invariant::FenceLifted,
            Fence::Lifted => Invariant::FenceStanding,
        };
        return late(db, place, order, "fence_moved", invariant);
    }
    let since = (to == Fence::Standing).then(|| order.at.millis());
    db.prepare_cached("UPDATE node SET fence = ?1, fence_since = ?2")
        .and_then(|mut s| s.execute(params![to.word(), since]))
        .doing("set the write fence")?;
    let result = match to {
        Fence::Standing => format!("Writes are stopped from position {} on.", place.position),
        Fence::Lifted => format!("Writes are accepted again from position {} on.", place.position),
    };
    execute(db, place, order, result)
}

fn resolve(
    db: &Connection,
    place: LogId,
    action_id: ActionId,
    at: Timestamp,
) -> Result<Applied, DiskError> {
    if let Some(receipt) = receipt(db, action_id)? {
        return Ok(Applied::Resolved(Resolution::Executed(receipt)));
    }
    if let Some(tombstone) = tombstone(db, action_id)? {
        return Ok(Applied::Resolved(Resolution::Voided(tombstone)));
    }
    let result = format!(
        "The log voids this id at position {} of epoch {}; an entry for it that comes later has no \
         effect.",
        place.position, place.epoch
    );
    let tombstone = Tombstone { action_id, voided_at: at, result };
    db.prepare_cached("INSERT INTO voided (action_id, tombstone) VALUES (?1, ?2)")
        .and_then(|mut s| s.execute(params![action_id.bytes(), to_json(&tombstone)]))
        .doing("void an id")?;
    Ok(Applied::Resolved(Resolution::Voided(tombstone)))
}

fn write(
    db: &Connection,
    place: LogId,
    change: impl FnOnce(&Connection) -> rusqlite::Result<usize>,
) -> Result<Applied, DiskError> {
    // Checked before it was proposed, and again here: the fence rules by its place in the log.
    if fence(db)?.0 == Fence::Standing {
        return Ok(Applied::Refused(KernelRefusal {
            rule: "writes_stopped".to_owned(),
            sentence: format!("Writes were stopped before position {}.", place.position),
            invariants: vec![Invariant::FenceLifted.id()],
        }));
    }
    change(db).doing("change a key")?;
    Ok(Applied::Done)
}

/// An entry has no effect in another epoch than it was confirmed for.
fn refuse_moved(
    db: &Connection,
    place: LogId,
    order: &Accepted,
) -> Result<Option<Applied>, DiskError> {
    if let Some(refused) = refuse_late(db, place, order)? {
        return Ok(Some(refused));
    }
    if order.expected_epoch.is_some_and(|epoch| epoch != place.epoch) {
        return late(db, place, order, "epoch_moved", Invariant::EpochUnchanged).map(Some);
    }
    Ok(None)
}

/// An id that is void, or has run, has no effect any more.
fn refuse_late(
    db: &Connection,
    place: LogId,
    order: &Accepted,
) -> Result<Option<Applied>, DiskError> {
    if let Some(receipt) = receipt(db, order.action_id)? {
        return Ok(Some(Applied::Executed(Receipt { duplicate: true, ..receipt })));
    }
    if tombstone(db, order.action_id)?.is_some() {
        return late(db, place, order, "voided", Invariant::ReceiptOnce).map(Some);
    }
    Ok(None)
}

fn late(
    db: &Connection,
    place: LogId,
    order: &Accepted,
    rule: &str,
    invariant: Invariant,
) -> Result<Applied, DiskError> {
    let sentence = format!(
        "The entry of {} at position {} of epoch {} had no effect: {}",
        order.action.title(),
        place.position,
        place.epoch,
        invariant.spec().reason
    );
    let refusal =
        KernelRefusal { rule: rule.to_owned(), sentence, invariants: vec![invariant.id()] };
    db.prepare_cached(
        "INSERT INTO refused_late (position, action_id, refusal) VALUES (?1, ?2, ?3)",
    )
    .and_then(|mut s| {
        s.execute(params![place.position, order.action_id.bytes(), to_json(&refusal)])
    })
    .doing("record a late entry")?;
    Ok(Applied::Refused(refusal))
}

fn execute(
    db: &Connection,
    place: LogId,
    order: &Accepted,
    result: String,
) -> Result<Applied, DiskError> {
    if let Some(kind) = kernel_events::kind_of(&order.action) {
        happened(
            db,
            KernelEvent {
                place: place.of_event(),
                at: order.at,
                kind: kind.kind(),
                node: order.action.node().cloned(),
                action_id: Some(order.action_id),
                sentence: result.clone(),
            },
        )?;
    }
    let receipt = Receipt {
        action_id: order.action_id,
        action: order.action.clone().into(),
        generation: Some(place.epoch),
        position: Some(place.position),
        executed_at: order.at,
        witness: order.witness.clone(),
        result,
        verification: None,
        duplicate: false,
    };
    if !crash::has_injected_bug(InjectedBug::ReceiptApart) {
        keep_receipt(db, &receipt)?;
    }
    Ok(Applied::Executed(receipt))
}

fn keep_receipt(db: &Connection, receipt: &Receipt) -> Result<(), DiskError> {
    db.prepare_cached("INSERT INTO receipts (action_id, receipt) VALUES (?1, ?2)")
        .and_then(|mut s| s.execute(params![receipt.action_id.bytes(), to_json(receipt)]))
        .doing("write a receipt")?;
    Ok(())
}

/// What [`InjectedBug::ReceiptApart`] does: the effect is on the disk already.
pub(super) fn keep_receipts_apart(
    db: &Connection,
    outcomes: &[(LogId, Applied)],
) -> Result<(), DiskError> {
    for (_, applied) in outcomes {
        if let Applied::Executed(receipt) = applied
            && !receipt.duplicate
        {
            keep_receipt(db, receipt)?;
        }
    }
    Ok(())
}
