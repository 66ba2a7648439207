//! What the kernel remembers of its orders, page by page (C9.5): the cluster metadata holds every receipt
//! and every void id, and the state of the most advanced node those of the log.

mod stopped;

pub use stopped::StoppedKernel;

use super::cluster::Cluster;
use super::sqlite::{DiskError, Doing, from_json};
use super::store::NodeStore;
use crate::kernel::Unobservable;
use crate::kernel::memory::{MEMORY_ROWS_MAX, MemoryPage, ReadHorizon, Remembered};
use crate::model::action::ActionId;
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The texts under the ids of one page, from one table of one file.
type Texts = Vec<(ActionId, String)>;
const RECEIPTS: &str = "SELECT action_id, receipt FROM receipts
    WHERE action_id > ?1 AND action_id <= ?2 ORDER BY action_id LIMIT ?3";
const TOMBSTONES: &str = "SELECT action_id, tombstone FROM voided
    WHERE action_id > ?1 AND action_id <= ?2 ORDER BY action_id LIMIT ?3";
/// The orders have no index by state, so this comes last, when the others have bounded the page.
const VOID_ORDERS: &str = "SELECT action_id, answer FROM orders
    WHERE action_id > ?1 AND action_id <= ?2 AND state = 'voided' ORDER BY action_id LIMIT ?3";
const NO_ID: [u8; 16] = [0; 16];
const LAST_ID: [u8; 16] = [u8::MAX; 16];

impl Cluster {
    /// One page of what the kernel holds under action ids after `after`.
    pub(super) fn memory(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> Result<MemoryPage, Unobservable> {
        self.alive()?;
        let node = self.ensemble.most_advanced().and_then(|node| node.store());
        let node = node.map(NodeStore::reading);
        let page = page_of(self.metadata.reading(), node, self.memory_reach(), after, limit);
        page.map_err(|error| Unobservable { why: error.to_string() })
    }

    fn memory_reach(&self) -> ReadHorizon {
        let reachable = || self.ensemble.reachable().map(|(_, vitals)| vitals);
        ReadHorizon {
            branch: self.epoch(),
            generation: self.epoch(),
            last: reachable().map(|vitals| vitals.last.position).max().unwrap_or(0),
            applied: reachable().map(|vitals| vitals.applied).max().unwrap_or(0),
            is_whole: self.ensemble.has_quorum(),
        }
    }
}

/// One page of what the cluster metadata and the state of one node hold.
fn page_of(
    board: &Connection,
    node: Option<&Connection>,
    reach: ReadHorizon,
    after: Option<ActionId>,
    limit: u32,
) -> Result<MemoryPage, DiskError> {
    let limit = limit.clamp(1, MEMORY_ROWS_MAX);
    let after = after.map_or(NO_ID, |id| *id.bytes());
    let (mut upto, mut receipts, mut tombstones) = (LAST_ID, Vec::new(), Vec::new());
    let sources = [Some((board, RECEIPTS)), node.map(|node| (node, RECEIPTS))];
    for (db, sql) in sources.into_iter().flatten() {
        receipts.push(rows(db, sql, after, &mut upto, limit)?);
    }
    let sources = [node.map(|node| (node, TOMBSTONES)), Some((board, VOID_ORDERS))];
    for (db, sql) in sources.into_iter().flatten() {
        tombstones.push(rows(db, sql, after, &mut upto, limit)?);
    }
    let mut held: BTreeMap<ActionId, Remembered> = BTreeMap::new();
    for (id, receipt) in distinct(&receipts, upto)? {
        held.entry(id).or_default().receipts.push(receipt);
    }
    for (id, tombstone) in distinct(&tombstones, upto)? {
        held.entry(id).or_default().tombstones.push(tombstone);
    }
    let next_after = (upto != LAST_ID).then(|| ActionId::from_bytes(upto));
    Ok(MemoryPage { reach, rows: held.into_iter().collect(), next_after })
}

/// The rows of one table after `after`, up to `upto`; where there are more, `upto` comes down to the
/// last of them, so that the page ends there for every table.
fn rows(
    db: &Connection,
    sql: &str,
    after: [u8; 16],
    upto: &mut [u8; 16],
    limit: u32,
) -> Result<Texts, DiskError> {
    let rows: Texts = db
        .prepare_cached(sql)
        .and_then(|mut s| {
            s.query_map(params![after, *upto, limit], |row| {
                Ok((ActionId::from_bytes(row.get(0)?), row.get(1)?))
            })?
            .collect()
        })
        .doing("read what is held under action ids")?;
    if let (Some((last, _)), true) = (rows.last(), rows.len() >= limit as usize) {
        *upto = *last.bytes();
    }
    Ok(rows)
}

/// The values of the page, each text once: a file that repeats another one adds nothing.
fn distinct<T: DeserializeOwned>(
    sources: &[Texts],
    upto: [u8; 16],
) -> Result<Vec<(ActionId, T)>, DiskError> {
    let mut texts: BTreeMap<ActionId, Vec<&str>> = BTreeMap::new();
    for (id, text) in sources.iter().flatten().filter(|(id, _)| *id.bytes() <= upto) {
        let known = texts.entry(*id).or_default();
        if !known.contains(&text.as_str()) {
            known.push(text);
        }
    }
    let texts = texts.into_iter().flat_map(|(id, texts)| texts.into_iter().map(move |t| (id, t)));
    texts.map(|(id, text)| Ok((id, from_json(text)?))).collect()
}
