//! What is looked at after a statement was answered, before it is said that the order ran. What is not seen
//! within the deadline of the order is unknown: it may still come.

use super::command::PostgresAction as Action;
use super::connection::{Connection, Param, SqlError};
use super::journal::NewEvent;
use super::orders::unknown;
use super::statements::{StatementAnswer, TIMELINE, offset};
use crate::kernel::ApplyError;
use crate::model::action::{self, ActionId};
use crate::model::ambient::Timestamp;
use crate::model::facts::Position;
use crate::model::receipt::{LedgerRef, Receipt, Verification};
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::types::Type;

/// How long the server waits between two looks, in its own words.
const PAUSE: &str = "with pause as materialized (select pg_sleep(0.03))";

/// What came of an order that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finished {
    /// What happened, as sentences.
    pub(super) sentence: String,
    /// The timeline of the node after it.
    pub(super) timeline: Option<u64>,
    /// Where its effect lies in the WAL, on that timeline.
    pub(super) position: Option<u64>,
    /// Where the WAL ended about then, for the order of events.
    pub(super) about: Option<Position>,
    /// What a verification found.
    pub(super) verification: Option<Verification>,
}

impl Finished {
    /// With this to say, at the place that a statement saw.
    pub(super) fn at(seen: &StatementAnswer, sentence: String) -> Self {
        let fact = |name: &str| seen.facts.get(name).and_then(Option::as_deref);
        let timeline = fact("timeline").and_then(|text| text.parse().ok());
        let about = fact("lsn").and_then(offset);
        let about = timeline.zip(about).map(|(branch, offset)| Position { branch, offset });
        Self { sentence, timeline, position: None, about, verification: None }
    }

    /// What a receipt that was kept elsewhere says.
    pub(super) fn of(receipt: &Receipt) -> Self {
        let about = receipt.generation.zip(receipt.position);
        Self {
            sentence: receipt.result.clone(),
            timeline: receipt.generation,
            position: receipt.position,
            about: about.map(|(branch, offset)| Position { branch, offset }),
            verification: receipt.verification.clone(),
        }
    }

    fn at_lsn(mut self, lsn: Option<&str>) -> Self {
        self.position = lsn.and_then(offset);
        self
    }

    /// The same, with what the server warned of.
    pub(super) fn with_warnings(mut self, warnings: &[String]) -> Self {
        if !warnings.is_empty() {
            self.sentence.push_str(&format!(" The server warned: {}.", warnings.join("; ")));
        }
        self
    }

    /// The receipt of the order.
    pub(super) fn receipt(
        &self,
        action_id: ActionId,
        action: action::Action,
        witness: LedgerRef,
        executed_at: Timestamp,
    ) -> Receipt {
        Receipt {
            action_id,
            action,
            generation: self.timeline,
            position: self.position,
            executed_at,
            witness,
            result: self.sentence.clone(),
            verification: self.verification.clone(),
            duplicate: false,
        }
    }

    /// What happened, for the list of events.
    pub(super) fn event(&self, action: &Action, id: ActionId, at: Timestamp) -> NewEvent {
        NewEvent {
            position: self.about,
            at,
            kind: super::events::kind_of(action).kind(),
            node: Some(action.node().clone()),
            action_id: Some(id),
            sentence: self.sentence.clone(),
        }
    }
}

/// Sees to the end of an order whose statement was answered with no guard violated. `looked` is what was
/// there before it.
pub(super) async fn finish(
    action: &Action,
    looked: &StatementAnswer,
    answer: &StatementAnswer,
    connection: &mut Connection,
    limit: Duration,
) -> Result<Finished, ApplyError> {
    let node = action.node();
    let result = answer.result.as_deref();
    let seen = if answer.facts.is_empty() { looked } else { answer };
    let done = |sentence: String| Ok(Finished::at(seen, sentence));
    let nothing = || unknown(format!("{node} answered, and did not say that it was done"));
    match action {
        Action::Promote { .. } => {
            told(node, result)?;
            promoted(action, looked, connection, limit).await
        }
        Action::EndSessions { .. } => ended_sessions(action, seen, result, connection).await,
        Action::TerminateSession { session, .. } => match result {
            Some("true") => done(format!("The session {session} of {node} ended.")),
            Some(_) => Err(unknown(format!(
                "The session {session} of {node} was told to end, and had not within 2 s"
            ))),
            None => {
                Err(unknown(format!("The session {session} of {node} ended before it was told to")))
            }
        },
        Action::CancelQuery { session, .. } => {
            told(node, result)?;
            done(format!("The session {session} of {node} was told to end its statement."))
        }
        Action::Reload { .. } => {
            told(node, result)?;
            reloaded(action, looked, connection, limit).await
        }
        Action::PauseReplay { .. } => paused(action, seen, connection, limit).await,
        Action::ResumeReplay { .. } => {
            result.ok_or_else(nothing)?;
            done(format!("Replay on {node} goes on."))
        }
        Action::Checkpoint { .. } => checkpointed(action, looked, connection).await,
        Action::SwitchWal { .. } => {
            let lsn = result.ok_or_else(nothing)?;
            let finished = done(format!("The segment before {lsn} on {node} ended."))?;
            Ok(finished.at_lsn(Some(lsn)))
        }
        Action::CreateSlot { slot, .. } => {
            result.ok_or_else(nothing)?;
            done(format!("{node} has the slot {slot}, which keeps WAL from now on."))
        }
        Action::DropSlot { slot, .. } => {
            result.ok_or_else(nothing)?;
            done(format!("{node} has no slot {slot} any more."))
        }
        Action::WriteSyncStandbys { rule, .. } => done(format!(
            "The files of {node} hold the sync rule {rule}. A reload brings it into force."
        )),
        Action::WriteUpstream { upstream, .. } => done(format!(
            "The files of {node} hold {upstream} as its upstream. A reload brings it into force."
        )),
        Action::WriteSetting { setting, value, .. } => done(format!(
            "The files of {node} hold {setting} = {value}. A reload brings it into force."
        )),
        Action::CreateRestorePoint { name, .. } => {
            let detail = result.ok_or_else(nothing)?;
            let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
            let lsn = detail.get("point").and_then(serde_json::Value::as_str);
            let at = lsn.unwrap_or("a place that it did not say");
            let finished = done(format!("The restore point {name} of {node} is at {at}."))?;
            Ok(finished.at_lsn(lsn))
        }
        Action::StopLogins { .. }
        | Action::ResumeLogins { .. }
        | Action::MarkBarrier { .. }
        | Action::MarkBranch { .. }
        | Action::DeclareSyncContract { .. }
        | Action::WithdrawSyncContract { .. } => {
            result.ok_or_else(nothing)?;
            done(row_sentence(action, seen))
        }
        Action::CreateBackup { .. } | Action::VerifyNode { .. } => Err(nothing()),
    }
}

/// What a row proves, as a sentence.
pub(super) fn row_sentence(action: &Action, seen: &StatementAnswer) -> String {
    let node = action.node();
    let fact = |name: &str| seen.facts.get(name).and_then(Option::as_deref).unwrap_or("unknown");
    match action {
        Action::StopLogins { .. } => {
            format!("The roles {} can log in no more; the row is on {node}.", fact("logins"))
        }
        Action::ResumeLogins { .. } => {
            format!("The roles {} can log in again; the row is on {node}.", fact("stopped"))
        }
        Action::MarkBarrier { .. } => {
            format!("The row after the last write of any client is on {node}.")
        }
        Action::MarkBranch { .. } => {
            format!("Timeline {} has its first row on {node}.", fact("timeline"))
        }
        Action::DeclareSyncContract { .. } => {
            format!("The sync rule {} is a contract; the row is on {node}.", fact("rule"))
        }
        Action::WithdrawSyncContract { .. } => {
            format!("The sync contract {} has ended; the row is on {node}.", fact("promised"))
        }
        other => format!("The row of {other} is on {node}."),
    }
}

/// The server was told, which is all that some functions say.
fn told(node: &crate::model::text::NodeId, result: Option<&str>) -> Result<(), ApplyError> {
    match result {
        Some("true") => Ok(()),
        _ => Err(unknown(format!("{node} answered that it could not pass the order on"))),
    }
}

fn lost(action: &Action, error: &SqlError) -> ApplyError {
    let node = action.node();
    unknown(format!("It ran on {node}, and what came of it cannot be seen: {error}"))
}

/// Asks again and again for one text until it is what it must be; gives the last one where it never was.
async fn until(
    connection: &mut Connection,
    sql: &str,
    params: &[Param<'_>],
    limit: Duration,
    holds: impl Fn(Option<&str>) -> bool,
) -> Result<Result<String, Option<String>>, SqlError> {
    let mut last = None;
    let looked = timeout(limit, async {
        loop {
            let row = connection.query_one(sql, params).await?;
            let found: Option<String> =
                row.try_get(0).map_err(|error| SqlError::Lost { why: error.to_string() })?;
            if holds(found.as_deref()) {
                return Ok(found.unwrap_or_default());
            }
            last = found;
        }
    })
    .await;
    match looked {
        Ok(found) => found.map(Ok),
        Err(_) => Ok(Err(last)),
    }
}

async fn promoted(
    action: &Action,
    looked: &StatementAnswer,
    connection: &mut Connection,
    limit: Duration,
) -> Result<Finished, ApplyError> {
    let node = action.node();
    let before = Finished::at(looked, String::new());
    let Some(next) = before.timeline.and_then(|timeline| timeline.checked_add(1)) else {
        return Err(unknown(format!("{node} did not say on which timeline it was")));
    };
    let wanted = format!("primary on {next}");
    let sql = format!(
        "{PAUSE} select case when pg_is_in_recovery() then 'standby' \
         else 'primary on ' || ({TIMELINE})::text end from pause"
    );
    let seen = until(connection, &sql, &[], limit, |found| {
        found.is_some_and(|found| found.starts_with("primary"))
    });
    match seen.await.map_err(|error| lost(action, &error))? {
        Ok(found) if found == wanted => {
            let position = before.about.map(|at| Position { branch: next, offset: at.offset });
            let sentence = format!("{node} is primary, on timeline {next}.");
            Ok(Finished { sentence, timeline: Some(next), about: position, ..before })
        }
        Ok(found) => Err(unknown(format!("{node} is {found}, and timeline {next} was to follow"))),
        Err(_) => Err(unknown(format!(
            "{node} was told to promote, and is still in recovery after {} ms; it may yet be promoted",
            limit.as_millis()
        ))),
    }
}

/// It is no success while a session is left.
async fn ended_sessions(
    action: &Action,
    seen: &StatementAnswer,
    result: Option<&str>,
    connection: &mut Connection,
) -> Result<Finished, ApplyError> {
    let node = action.node();
    let sql = "select coalesce(string_agg(a.pid::text, ', ' order by a.pid), '') \
         from pg_stat_activity a join cp.stopped_login s on s.role = a.usename \
         where a.backend_type = 'client backend'";
    let row = connection.query_one(sql, &[]).await.map_err(|error| lost(action, &error))?;
    let left: String = row.try_get(0).unwrap_or_else(|_| "unknown".to_owned());
    let ended = result.unwrap_or("[]");
    if left.is_empty() {
        let sentence = format!("No session of a stopped role is on {node}; it ended {ended}.");
        return Ok(Finished::at(seen, sentence));
    }
    Err(unknown(format!(
        "Of the sessions of stopped roles on {node} it ended {ended}, and left are the processes {left}"
    )))
}

async fn reloaded(
    action: &Action,
    looked: &StatementAnswer,
    connection: &mut Connection,
    limit: Duration,
) -> Result<Finished, ApplyError> {
    let node = action.node();
    let before = looked.facts.get("loaded").cloned().flatten();
    let Some(before) = before else {
        return Err(unknown(format!("{node} did not say when its settings were loaded")));
    };
    let sql = format!(
        "{PAUSE} select ({} > $1::text::bigint)::text from pause",
        super::statements::LOADED
    );
    let params: [Param<'_>; 1] = [(&before, Type::TEXT)];
    let seen = until(connection, &sql, &params, limit, |found| found == Some("true"));
    match seen.await.map_err(|error| lost(action, &error))? {
        Ok(_) => Ok(Finished::at(looked, format!("{node} loaded its files of settings."))),
        Err(_) => Err(unknown(format!(
            "{node} was told to load its files of settings, and had not after {} ms",
            limit.as_millis()
        ))),
    }
}

async fn paused(
    action: &Action,
    seen: &StatementAnswer,
    connection: &mut Connection,
    limit: Duration,
) -> Result<Finished, ApplyError> {
    let node = action.node();
    let sql = format!("{PAUSE} select pg_get_wal_replay_pause_state() from pause");
    let found = until(connection, &sql, &[], limit, |found| found == Some("paused")).await;
    let sentence = match found.map_err(|error| lost(action, &error))? {
        Ok(_) => format!("Replay on {node} is paused."),
        Err(state) => format!(
            "Replay on {node} was told to pause; its state is {}.",
            state.as_deref().unwrap_or("unknown")
        ),
    };
    Ok(Finished::at(seen, sentence))
}

async fn checkpointed(
    action: &Action,
    looked: &StatementAnswer,
    connection: &mut Connection,
) -> Result<Finished, ApplyError> {
    let node = action.node();
    let sql = "select checkpoint_lsn::text, timeline_id::bigint from pg_control_checkpoint()";
    let row = connection.query_one(sql, &[]).await.map_err(|error| lost(action, &error))?;
    let (lsn, timeline) = match (row.try_get::<_, String>(0), row.try_get::<_, i64>(1)) {
        (Ok(lsn), Ok(timeline)) => (lsn, u64::try_from(timeline).ok()),
        _ => return Err(unknown(format!("{node} does not say where its last checkpoint is"))),
    };
    let finished = Finished::at(looked, format!("The last checkpoint of {node} is at {lsn}."));
    // The first checkpoint after a promotion may lie on the timeline before.
    let on = finished.timeline;
    Ok(if timeline == on { finished.at_lsn(Some(&lsn)) } else { finished })
}
