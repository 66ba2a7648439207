//! What a node has several of: connections that take WAL, slots, sessions of clients.

use super::sheet::{Sheet, at_least_none};
use crate::kernel::postgres::reading::{FollowerReading, NodeReading, SessionReading, SlotReading};
use crate::kernel::postgres::spec::facts;
use crate::model::ambient::Timestamp;
use crate::model::cluster::ItemState;
use crate::model::facts::{FactKey, Position, Value};
use crate::model::text::NodeId;
use std::collections::BTreeMap;

/// Everything that a node has several of.
pub(super) fn items(node: &NodeId, reading: &NodeReading, now: Timestamp) -> Vec<ItemState> {
    let item = |kind, name: String, sheet: Sheet| ItemState {
        kind: FactKey::new(kind),
        node: node.clone(),
        name,
        facts: sheet.done(),
    };
    let mut items = Vec::new();
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for follower in &reading.pinned.followers {
        // Two connections may call themselves the same: the later ones are numbered.
        let name = follower.name.clone().filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "unnamed".to_owned());
        let count = named.entry(name.clone()).or_default();
        *count += 1;
        let name = if *count == 1 { name } else { format!("{name} ({count})") };
        items.push(item(facts::FOLLOWER, name, follower_facts(follower, reading, now)));
    }
    for slot in &reading.pinned.slots {
        items.push(item(facts::SLOT, slot.name.clone(), slot_facts(slot, reading, now)));
    }
    for session in &reading.moving.sessions {
        let started = session.started.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
        let name = format!("{}-{started}", session.pid);
        items.push(item(facts::SESSION, name, session_facts(session, now)));
    }
    items
}

fn follower_facts(follower: &FollowerReading, reading: &NodeReading, now: Timestamp) -> Sheet {
    let mut sheet = Sheet::new(now);
    sheet.column(facts::FOLLOWER_STATE, follower.state.clone());
    sheet.column(facts::SYNC_STATE, follower.sync_state.clone());
    sheet.column(facts::FOLLOWER_SINCE, follower.since.clone());
    let position = reading.moving.followers.iter().find(|it| it.pid == follower.pid);
    let flushed = position.and_then(|position| position.flushed);
    let behind =
        reading.moving.flushed.zip(flushed).map(|(end, flushed)| end.saturating_sub(flushed));
    sheet.column(facts::FOLLOWER_LAG, behind);
    sheet
}

fn slot_facts(slot: &SlotReading, reading: &NodeReading, now: Timestamp) -> Sheet {
    let mut sheet = Sheet::new(now);
    sheet.say(facts::SLOT_TYPE, slot.slot_type.clone());
    sheet.say(facts::SLOT_ACTIVE, slot.active);
    sheet.say(facts::WAL_STATUS, slot.wal_status.clone());
    let position = reading.moving.slots.iter().find(|it| it.name == slot.name);
    let Some(position) = position else {
        for key in [facts::RESTART, facts::RETAINED, facts::SAFE_WAL, facts::INACTIVE_SINCE] {
            sheet.gap(key, "the slot went while it was read");
        }
        return sheet;
    };
    let branch = reading.pinned.timeline;
    match position.restart {
        // It keeps nothing: nobody has used it, and it was not made to.
        None => {
            sheet.say(facts::RESTART, Value::None);
            sheet.say(facts::RETAINED, Value::None);
        }
        Some(restart) => {
            let place = branch.map(|branch| Position { branch, offset: restart });
            sheet.column(facts::RESTART, place.map(Value::Position));
            let kept = reading.moving.flushed.map(|end| end.saturating_sub(restart));
            sheet.column(facts::RETAINED, kept);
        }
    }
    sheet.say(facts::SAFE_WAL, position.safe_wal_bytes.map(at_least_none));
    sheet.say(facts::INACTIVE_SINCE, position.inactive_since.clone());
    sheet
}

fn session_facts(session: &SessionReading, now: Timestamp) -> Sheet {
    let mut sheet = Sheet::new(now);
    sheet.column(facts::SESSION_ROLE, session.role.clone());
    sheet.column(facts::SESSION_DATABASE, session.database.clone());
    sheet.column(facts::SESSION_APPLICATION, session.application.clone());
    // A connection over a socket of the host has no address.
    sheet.say(facts::SESSION_CLIENT, session.client.clone());
    sheet.column(facts::SESSION_STATE, session.activity.clone());
    sheet.say(facts::SESSION_WAITS, session.waits_for.clone());
    sheet.say(facts::SESSION_AGE, session.transaction_age.map(at_least_none));
    sheet.column(facts::SESSION_SUPERUSER, session.is_superuser);
    sheet
}
