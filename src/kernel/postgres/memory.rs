//! What this kernel remembers of its orders, page by page (C9.5): the journal holds what came of every one,
//! and the database the rows of those that leave one. A row of an order that the journal calls void or
//! refused is a contradiction, and is shown as one.

use super::command::PostgresAction as Action;
use super::config::{NodeAddress, OwnSchema, PostgresConfig};
use super::connection::{Connection, Dialer, SqlError};
use super::finish::{Finished, row_sentence};
use super::journal::{Journal, JournalEntry, OrderEnd, SentOrder};
use super::statements::{StatementAnswer, TIMELINE, offset};
use crate::kernel::Unobservable;
use crate::kernel::memory::{MEMORY_ROWS_MAX, MemoryPage, ReadHorizon, Remembered};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::receipt::Receipt;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use tokio_postgres::types::Type;

/// The rows of a primary, as far as a page needs them.
struct PrimaryRows {
    timeline: u64,
    end: u64,
    /// The rows of the ids of the page, by id: kind and when.
    rows: BTreeMap<ActionId, (String, Timestamp)>,
    /// Ids of rows that are not on the page and not in the journal.
    strangers: Vec<ActionId>,
}

/// One page of what is held under action ids.
pub(super) async fn page(
    config: &PostgresConfig,
    dialer: &Dialer,
    journal: &Journal,
    after: Option<ActionId>,
    limit: u32,
) -> Result<MemoryPage, Unobservable> {
    let limit = limit.clamp(1, MEMORY_ROWS_MAX);
    let mut entries = journal.entries(after, limit.saturating_add(1)).await?;
    let at_most = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = entries.len() > at_most;
    entries.truncate(at_most);
    let next_after = entries.last().filter(|_| is_more).map(|(id, _)| *id);
    let ids: Vec<ActionId> = entries.iter().map(|(id, _)| *id).collect();
    let found = primary_rows(config, dialer, journal, &ids).await?;
    let none = BTreeMap::new();
    let rows = found.as_ref().map_or(&none, |found| &found.rows);
    let rows = entries.iter().map(|(id, entry)| (*id, remembered(*id, entry, rows.get(id))));
    let reach = ReadHorizon {
        branch: found.as_ref().map_or(0, |found| found.timeline),
        generation: found.as_ref().map_or(0, |found| found.timeline),
        last: found.as_ref().map_or(0, |found| found.end),
        applied: found.as_ref().map_or(0, |found| found.end),
        is_whole: found.as_ref().is_some_and(|found| found.strangers.is_empty()),
    };
    // What was refused, or is in doubt, left nothing under its id.
    let is_held = |(_, held): &(ActionId, Remembered)| {
        !held.receipts.is_empty() || !held.tombstones.is_empty()
    };
    Ok(MemoryPage { reach, rows: rows.filter(is_held).collect(), next_after })
}

fn remembered(id: ActionId, entry: &JournalEntry, row: Option<&(String, Timestamp)>) -> Remembered {
    let mut held = Remembered::default();
    let by_row = || {
        let (kind, at) = row?;
        let sent = entry.sent.as_ref()?;
        let action = Action::try_from(&sent.action).ok()?;
        (*kind == action.word()).then(|| receipt_of_row(id, &action, sent, *at))
    };
    match &entry.end {
        Some(OrderEnd::Executed(receipt)) => held.receipts.push(receipt.clone()),
        Some(OrderEnd::Voided(tombstone)) => {
            held.tombstones.push(tombstone.clone());
            held.receipts.extend(by_row());
        }
        Some(OrderEnd::Refused(_)) | None => held.receipts.extend(by_row()),
    }
    held
}

/// The receipt of an order that left a row, as resolving it would give.
fn receipt_of_row(id: ActionId, action: &Action, sent: &SentOrder, at: Timestamp) -> Receipt {
    let facts = sent.before.clone();
    let seen = StatementAnswer { violated: Vec::new(), facts, result: None };
    let finished = Finished::at(&seen, row_sentence(action, &seen));
    finished.receipt(id, sent.action.clone(), sent.witness.clone(), at)
}

/// What the one primary that answers says; `None` where there is not exactly one, or no table of ours.
async fn primary_rows(
    config: &PostgresConfig,
    dialer: &Dialer,
    journal: &Journal,
    ids: &[ActionId],
) -> Result<Option<PrimaryRows>, Unobservable> {
    let name = format!("aerodb-control/{}/memory", journal.head().instance);
    let system = &journal.head().system_identifier;
    // All at once: one that does not answer is unknown, and keeps nobody waiting twice.
    let ask = async |node: &NodeAddress| {
        let mut connection = dialer.observer(node, &name).await.ok()?;
        let rows = read(&mut connection, config.own_schema, system, ids).await;
        connection.close().await;
        rows.ok().flatten()
    };
    let answers = join_all(config.nodes.iter().map(ask)).await;
    let mut found: Vec<PrimaryRows> = answers.into_iter().flatten().collect();
    let (Some(mut rows), true) = (found.pop(), found.is_empty()) else { return Ok(None) };
    rows.strangers = journal.strangers(rows.strangers).await?;
    Ok(Some(rows))
}

async fn read(
    connection: &mut Connection,
    schema: OwnSchema,
    system: &str,
    ids: &[ActionId],
) -> Result<Option<PrimaryRows>, SqlError> {
    let unread = |error: tokio_postgres::Error| SqlError::Lost { why: error.to_string() };
    let sql = format!(
        "select ({TIMELINE})::bigint, pg_current_wal_flush_lsn()::text \
         where not pg_is_in_recovery() \
         and (select system_identifier::text from pg_control_system()) = $1"
    );
    let here = "select pg_is_in_recovery()";
    let is_standby: bool = connection.query_one(here, &[]).await?.try_get(0).map_err(unread)?;
    if is_standby {
        return Ok(None);
    }
    let system = system.to_owned();
    let answer = connection.query(&sql, &[(&system, Type::TEXT)]).await?;
    let Some(row) = answer.first() else { return Ok(None) };
    let timeline: i64 = row.try_get(0).map_err(unread)?;
    let end: String = row.try_get(1).map_err(unread)?;
    let (timeline, end) = (u64::try_from(timeline).unwrap_or_default(), offset(&end));
    let mut rows = PrimaryRows {
        timeline,
        end: end.unwrap_or_default(),
        rows: BTreeMap::new(),
        strangers: Vec::new(),
    };
    if schema == OwnSchema::Refused {
        return Ok(Some(rows));
    }
    let sql = "select op_id::text, kind, (extract(epoch from at) * 1000)::bigint from cp.receipt";
    for row in connection.query(sql, &[]).await? {
        let id: String = row.try_get(0).map_err(unread)?;
        let Ok(id) = ActionId::parse(&id) else { continue };
        let kind: String = row.try_get(1).map_err(unread)?;
        let at = Timestamp::from_millis(row.try_get(2).map_err(unread)?);
        if ids.contains(&id) {
            rows.rows.insert(id, (kind, at));
        } else {
            rows.strangers.push(id);
        }
    }
    Ok(Some(rows))
}
