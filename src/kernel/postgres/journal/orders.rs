//! Orders, from before they are sent to what came of them.

use super::{HighestKnown, Journal, JournalFile};
use crate::kernel::embedded::sqlite::{DiskError, Doing, from_json, to_json};
use crate::kernel::postgres::journal::events::{NewEvent, keep};
use crate::model::action::{Action, ActionId};
use crate::model::ambient::Timestamp;
use crate::model::receipt::{KernelRefusal, LedgerRef, Receipt, Tombstone};
use crate::model::session::Session;
use crate::model::text::NodeId;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An order as it is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentOrder {
    /// What is to be done.
    pub action: Action,
    /// The record of the ledger behind it.
    pub witness: LedgerRef,
    /// Where it runs.
    pub session: Session,
    /// What was there before it, as the same session read it: names of facts and the server's words;
    /// `None` where the server had none. What came of it is told from this, where it leaves no row.
    pub before: BTreeMap<String, Option<String>>,
}

/// What came of an order. Nothing follows on it but, after a refusal, that its id is voided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderEnd {
    /// It ran.
    Executed(Receipt),
    /// It was refused before it changed anything.
    Refused(KernelRefusal),
    /// It never ran, and never can.
    Voided(Tombstone),
}

/// What the journal holds under an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// The order; absent where its id was voided before any came.
    pub sent: Option<SentOrder>,
    /// When it was accepted, or voided unseen.
    pub at: Timestamp,
    /// What came of it; `None` while nobody knows.
    pub end: Option<OrderEnd>,
}

/// Why an id is voided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidReason {
    /// Nothing was sent: an order that was accepted meanwhile keeps its id.
    NothingSent,
    /// What was sent is proven not to have run.
    ProvenUnrun,
}

/// What came of the attempt to accept an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is durable that it is about to be sent, and it never was before.
    First,
    /// The id is spent: it is not sent again (C7.1).
    Spent(Box<JournalEntry>),
}

impl OrderEnd {
    fn word(&self) -> &'static str {
        match self {
            Self::Executed(_) => "executed",
            Self::Refused(_) => "refused",
            Self::Voided(_) => "voided",
        }
    }

    /// The timeline on which it ended is known from then on, whoever is there to say it.
    fn highest(&self) -> HighestKnown {
        let generation = match self {
            Self::Executed(receipt) => receipt.generation,
            Self::Refused(_) | Self::Voided(_) => None,
        };
        HighestKnown { timeline: generation.unwrap_or_default(), ..HighestKnown::default() }
    }

    fn answer(&self) -> String {
        match self {
            Self::Executed(receipt) => to_json(receipt),
            Self::Refused(refusal) => to_json(refusal),
            Self::Voided(tombstone) => to_json(tombstone),
        }
    }
}

impl Journal {
    /// What is held under an id.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn find(&self, id: ActionId) -> Result<Option<JournalEntry>, DiskError> {
        self.with(move |file| find(file.kept.connection(), id)).await
    }

    /// Makes it durable that an order is about to be sent, unless its id is spent.
    ///
    /// # Errors
    /// When that cannot be made durable: then nothing is sent.
    pub async fn accept(
        &self,
        id: ActionId,
        order: SentOrder,
        now: Timestamp,
    ) -> Result<Acceptance, DiskError> {
        self.with(move |file| accept(file, id, &order, now)).await
    }

    /// Makes it durable what came of an order that was accepted, with what happened.
    ///
    /// # Errors
    /// When that cannot be made durable, or the order has another end already.
    pub async fn end(
        &self,
        id: ActionId,
        end: OrderEnd,
        events: Vec<NewEvent>,
    ) -> Result<(), DiskError> {
        self.with(move |file| {
            let highest = file.highest.with(end.highest());
            file.save(|db| {
                close(db, id, &end)?;
                highest.write(db)?;
                keep(db, &events)
            })?;
            file.highest = highest;
            Ok(())
        })
        .await
    }

    /// Voids an id: of an order that never came, one that was refused, or one that is proven not to have
    /// run. Gives what is held under it from then on, which is another end where it had one already, and no
    /// end where an order came meanwhile.
    ///
    /// # Errors
    /// When that cannot be made durable.
    pub async fn void(
        &self,
        tombstone: Tombstone,
        reason: VoidReason,
        events: Vec<NewEvent>,
    ) -> Result<JournalEntry, DiskError> {
        self.with(move |file| void(file, tombstone, reason, &events)).await
    }

    /// Everything after an id, in the order of the bytes of ids, at most `limit`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn entries(
        &self,
        after: Option<ActionId>,
        limit: u32,
    ) -> Result<Vec<(ActionId, JournalEntry)>, DiskError> {
        self.with(move |file| entries(file.kept.connection(), after, limit)).await
    }

    /// What was kept under a name with the last order of a kind on a node; `None` where there was no such
    /// order, or nothing was kept.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn kept_with(
        &self,
        kind: &'static str,
        node: NodeId,
        name: &'static str,
    ) -> Result<Option<String>, DiskError> {
        self.with(move |file| {
            let db = file.kept.connection();
            db.prepare_cached(
                "SELECT sent ->> ('$.before.' || ?3) FROM orders
                 WHERE sent ->> '$.action.kind' = ?1 AND sent ->> '$.action.params.node' = ?2
                   AND sent ->> ('$.before.' || ?3) IS NOT NULL
                 ORDER BY at DESC, action_id DESC LIMIT 1",
            )
            .and_then(|mut s| {
                s.query_row(params![kind, node.as_str(), name], |row| row.get(0)).optional()
            })
            .doing("look for what was kept with an order")
        })
        .await
    }

    /// Which of these ids are not held.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn strangers(&self, ids: Vec<ActionId>) -> Result<Vec<ActionId>, DiskError> {
        self.with(move |file| {
            let db = file.kept.connection();
            let mut strangers = Vec::new();
            for id in ids {
                if find(db, id)?.is_none() {
                    strangers.push(id);
                }
            }
            Ok(strangers)
        })
        .await
    }
}

const COLUMNS: &str = "action_id, state, sent, at, answer";

struct StoredOrder {
    id: ActionId,
    state: String,
    sent: Option<String>,
    at: i64,
    answer: Option<String>,
}

impl StoredOrder {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: ActionId::from_bytes(row.get(0)?),
            state: row.get(1)?,
            sent: row.get(2)?,
            at: row.get(3)?,
            answer: row.get(4)?,
        })
    }

    fn entry(self) -> Result<(ActionId, JournalEntry), DiskError> {
        let end = match (self.state.as_str(), self.answer.as_deref()) {
            ("accepted", None) => None,
            ("executed", Some(text)) => Some(OrderEnd::Executed(from_json(text)?)),
            ("refused", Some(text)) => Some(OrderEnd::Refused(from_json(text)?)),
            ("voided", Some(text)) => Some(OrderEnd::Voided(from_json(text)?)),
            (other, _) => {
                let what = format!("an order of the state {other} has not the answer of one");
                return Err(DiskError::corrupt(what));
            }
        };
        let sent = self.sent.as_deref().map(from_json).transpose()?;
        Ok((self.id, JournalEntry { sent, at: Timestamp::from_millis(self.at), end }))
    }
}

fn find(db: &Connection, id: ActionId) -> Result<Option<JournalEntry>, DiskError> {
    let sql = format!("SELECT {COLUMNS} FROM orders WHERE action_id = ?1");
    let found = db
        .prepare_cached(&sql)
        .and_then(|mut s| s.query_row([id.bytes()], StoredOrder::of).optional())
        .doing("look for an order")?;
    Ok(found.map(StoredOrder::entry).transpose()?.map(|(_, entry)| entry))
}

fn entries(
    db: &Connection,
    after: Option<ActionId>,
    limit: u32,
) -> Result<Vec<(ActionId, JournalEntry)>, DiskError> {
    let sql =
        format!("SELECT {COLUMNS} FROM orders WHERE action_id > ?1 ORDER BY action_id LIMIT ?2");
    let after = after.map_or([0; 16], |id| *id.bytes());
    let rows: Vec<StoredOrder> = db
        .prepare_cached(&sql)
        .and_then(|mut s| s.query_map(params![after, limit], StoredOrder::of)?.collect())
        .doing("read the orders")?;
    rows.into_iter().map(StoredOrder::entry).collect()
}

fn accept(
    file: &mut JournalFile,
    id: ActionId,
    order: &SentOrder,
    now: Timestamp,
) -> Result<Acceptance, DiskError> {
    if let Some(entry) = find(file.kept.connection(), id)? {
        return Ok(Acceptance::Spent(Box::new(entry)));
    }
    file.save(|db| {
        db.prepare_cached(
            "INSERT INTO orders (action_id, state, sent, at) VALUES (?1, 'accepted', ?2, ?3)",
        )
        .and_then(|mut s| s.execute(params![id.bytes(), to_json(order), now.millis()]))
        .doing("accept an order")?;
        Ok(Acceptance::First)
    })
}

fn close(db: &Connection, id: ActionId, end: &OrderEnd) -> Result<(), DiskError> {
    let closed = db
        .prepare_cached("UPDATE orders SET state = ?2, answer = ?3 WHERE action_id = ?1")
        .and_then(|mut s| s.execute(params![id.bytes(), end.word(), end.answer()]))
        .doing("close an order")?;
    if closed == 1 {
        Ok(())
    } else {
        Err(DiskError::corrupt(format!("the journal holds no order under {id}")))
    }
}

fn void(
    file: &mut JournalFile,
    tombstone: Tombstone,
    reason: VoidReason,
    events: &[NewEvent],
) -> Result<JournalEntry, DiskError> {
    let (id, at) = (tombstone.action_id, tombstone.voided_at);
    let held = find(file.kept.connection(), id)?;
    let is_open = match &held {
        None | Some(JournalEntry { end: Some(OrderEnd::Refused(_)), .. }) => true,
        Some(JournalEntry { end: None, .. }) => reason == VoidReason::ProvenUnrun,
        Some(JournalEntry { end: Some(_), .. }) => false,
    };
    if let (Some(entry), false) = (&held, is_open) {
        return Ok(entry.clone());
    }
    let end = OrderEnd::Voided(tombstone);
    file.save(|db| {
        db.prepare_cached(
            "INSERT INTO orders (action_id, state, at, answer) VALUES (?1, 'voided', ?2, ?3)
             ON CONFLICT (action_id) DO UPDATE SET state = 'voided', answer = ?3",
        )
        .and_then(|mut s| s.execute(params![id.bytes(), at.millis(), end.answer()]))
        .doing("void an id")?;
        keep(db, events)
    })?;
    let (sent, at) = held.map_or((None, at), |entry| (entry.sent, entry.at));
    Ok(JournalEntry { sent, at, end: Some(end) })
}
