//! The step of an action that a record takes: judged before it is written, and written with it.

use super::chain::is_step;
use super::error::malformed;
use super::read::stage_of;
use super::{LedgerError, stage_number};
use crate::model::action::{ActionId, Stage};
use crate::model::record::Record;
use rusqlite::{OptionalExtension as _, Transaction, params};

/// An action, the stage it leaves and the one it comes to.
type StageStep = (ActionId, Option<Stage>, Stage);

/// The step that a record takes, where it takes one.
pub(super) fn legal_step(
    transaction: &Transaction<'_>,
    record: &Record,
) -> Result<Option<StageStep>, LedgerError> {
    let Some(to) = record.entry.stage() else { return Ok(None) };
    let action = record.action_id.ok_or_else(|| malformed(format!("{to} without an action")))?;
    let from = stage_of(transaction, action)?;
    if !is_step(from, to) {
        return Err(LedgerError::IllegalStep { action, from, to });
    }
    Ok(Some((action, from, to)))
}

/// Writes the step down. The rules of the file hold it too.
pub(super) fn insert_step(
    transaction: &Transaction<'_>,
    seq: u64,
    action: ActionId,
    from: Option<Stage>,
    to: Stage,
) -> Result<(), LedgerError> {
    let from = from.map_or(stage_number::NONE, stage_number::of);
    let inserted = transaction
        .prepare_cached("INSERT INTO transition (action, f, t, seq) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![action.bytes(), from, stage_number::of(to), seq]);
    match inserted {
        Ok(_) => Ok(()),
        // The words of the trigger `transition_one_open`.
        Err(rusqlite::Error::SqliteFailure(_, Some(words)))
            if words == "another action is open" =>
        {
            let open: Option<[u8; 16]> = transaction
                .prepare_cached("SELECT action FROM open_action ORDER BY action LIMIT 1")?
                .query_row([], |row| row.get(0))
                .optional()?;
            let open = open.map_or(action, ActionId::from_bytes);
            Err(LedgerError::OtherOpen { action, open })
        }
        Err(other) => Err(other.into()),
    }
}
