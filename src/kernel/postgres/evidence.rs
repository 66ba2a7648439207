//! What is left of an order that leaves no row, once its session has ended. Pure: what was there before,
//! as the session of the order read it, against what is there now.
//!
//! What could be anybody's doing proves nothing, and an effect that somebody took back looks like one that
//! never was: where the two cannot be told apart, nobody can tell (C6.1).

use super::command::PostgresAction as Action;
use super::statements::{
    BEGAN, CHECKPOINT_TIME, GENERATION, LOADED, SEGMENT, SETTING, TIMELINE, WANTED, WRITTEN, digest,
};
use std::collections::BTreeMap;

/// Facts by name, in the words of the server; `None` where it had none.
pub(super) type ServerFacts = BTreeMap<String, Option<String>>;

/// What can be said of an order by what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EvidenceVerdict {
    /// It ran; what was found, as a sentence.
    Ran(String),
    /// It did not, and its session has ended; what was found, as a sentence.
    DidNotRun(String),
    /// It is still being followed: ask again.
    UnderWay(String),
    /// Nothing that is left says it; what was found, as a clause.
    CannotTell(String),
}

/// What is read of a node, as expressions of SQL by name, and what they are told.
pub(super) struct EvidenceQuery {
    pub(super) columns: Vec<(&'static str, String)>,
    pub(super) told: Vec<Option<String>>,
}

impl EvidenceQuery {
    /// What is read for an action.
    pub(super) fn of(action: &Action, before: &ServerFacts) -> Self {
        let mut columns = vec![
            ("generation", GENERATION.to_owned()),
            ("timeline", TIMELINE.to_owned()),
            ("is_standby", "pg_is_in_recovery()".to_owned()),
        ];
        let mut told = Vec::new();
        let mut add = |name: &'static str, of: &str| columns.push((name, of.to_owned()));
        match action {
            Action::Promote { .. } => {
                add("promote_file", "(pg_stat_file('promote', true)).size is not null");
            }
            Action::EndSessions { .. } => add(
                "left",
                "(select count(*) from pg_stat_activity a join cp.stopped_login s \
                 on s.role = a.usename where a.backend_type = 'client backend')",
            ),
            Action::WriteSyncStandbys { .. }
            | Action::WriteUpstream { .. }
            | Action::WriteSetting { .. } => {
                told = [SETTING, WANTED].map(|name| value(before, name)).to_vec();
                add("written", &WRITTEN.replace("$NAME", "$1::text"));
                add("wanted", &digest("$2::text"));
            }
            Action::Reload { .. } => add("loaded", LOADED),
            Action::PauseReplay { .. } | Action::ResumeReplay { .. } => add(
                "replay",
                "case when pg_is_in_recovery() then pg_get_wal_replay_pause_state() end",
            ),
            Action::CreateSlot { slot, .. } | Action::DropSlot { slot, .. } => {
                told = vec![Some(slot.to_string())];
                add(
                    "named",
                    "(select count(*) from pg_replication_slots where slot_name = $1::text)",
                );
            }
            Action::TerminateSession { session, .. } | Action::CancelQuery { session, .. } => {
                told = vec![Some(session.to_string())];
                add(
                    "sessions",
                    &format!(
                        "(select count(*) from pg_stat_activity \
                         where pid::text || '-' || {BEGAN}::text = $1::text)"
                    ),
                );
            }
            Action::Checkpoint { .. } => {
                add("checkpoint", "(select checkpoint_lsn from pg_control_checkpoint())");
                add("checkpoint_time", CHECKPOINT_TIME);
            }
            Action::SwitchWal { .. } => add("segment", SEGMENT),
            // A row of their own, or files, or nothing says what came of these.
            Action::StopLogins { .. }
            | Action::ResumeLogins { .. }
            | Action::MarkBarrier { .. }
            | Action::MarkBranch { .. }
            | Action::DeclareSyncContract { .. }
            | Action::WithdrawSyncContract { .. }
            | Action::CreateRestorePoint { .. }
            | Action::CreateBackup { .. }
            | Action::VerifyNode { .. } => {}
        }
        Self { columns, told }
    }

    /// The text of the query: one row with one JSON object of texts.
    pub(super) fn sql(&self) -> String {
        let pairs: Vec<_> =
            self.columns.iter().map(|(name, of)| format!("'{name}', ({of})::text")).collect();
        format!("select jsonb_build_object({})::text", pairs.join(", "))
    }
}

fn value(facts: &ServerFacts, name: &str) -> Option<String> {
    facts.get(name).cloned().flatten()
}

/// The two values of a fact, where both are known.
fn both<'a>(before: &'a ServerFacts, now: &'a ServerFacts, name: &str) -> Option<[&'a str; 2]> {
    let of = |facts: &'a ServerFacts| facts.get(name).and_then(Option::as_deref);
    Some([of(before)?, of(now)?])
}

/// What can be said of an order whose session has ended.
pub(super) fn decide(action: &Action, before: &ServerFacts, now: &ServerFacts) -> EvidenceVerdict {
    use EvidenceVerdict::CannotTell;
    let node = action.node();
    let text = |name: &str| now.get(name).and_then(Option::as_deref);
    let restarted = both(before, now, "generation").is_none_or(|[then, now]| then != now);
    let unread = |name: &str| CannotTell(format!("{node} does not say {name} any more"));
    match action {
        Action::Promote { .. } => promotion(action, before, now),
        Action::EndSessions { .. } => match text("left") {
            Some("0") => ran(format!("{node} has no session of a stopped role any more.")),
            Some(left) => CannotTell(format!(
                "{left} sessions of stopped roles are on {node}, and it may have ended others"
            )),
            None => unread("how many sessions of stopped roles it has"),
        },
        Action::WriteSyncStandbys { .. }
        | Action::WriteUpstream { .. }
        | Action::WriteSetting { .. } => written(action, before, now),
        Action::Reload { .. } if restarted => {
            CannotTell(format!("{node} was restarted since, which loads the files too"))
        }
        Action::Reload { .. } => match both(before, now, "loaded") {
            Some([then, now]) if then == now => {
                did_not_run(format!("{node} has not loaded its files of settings since."))
            }
            Some(_) => ran(format!("{node} loaded its files of settings after it was sent.")),
            None => unread("when it loaded its files of settings"),
        },
        Action::PauseReplay { .. } | Action::ResumeReplay { .. } if restarted => {
            CannotTell(format!("{node} was restarted since, which ends a pause"))
        }
        Action::PauseReplay { .. } => match text("replay") {
            Some("paused" | "pause requested") => ran(format!("Replay on {node} is paused.")),
            Some("not paused") => did_not_run(format!("Replay on {node} goes on.")),
            _ => unread("whether replay is paused"),
        },
        Action::ResumeReplay { .. } => match text("replay") {
            Some("not paused") => ran(format!("Replay on {node} goes on.")),
            Some("paused" | "pause requested") => {
                did_not_run(format!("Replay on {node} is paused."))
            }
            _ => unread("whether replay is paused"),
        },
        Action::CreateSlot { slot, .. } => match text("named") {
            Some("1") => ran(format!("{node} has the slot {slot}.")),
            Some("0") => did_not_run(format!("{node} has no slot {slot}.")),
            _ => unread("its slots"),
        },
        Action::DropSlot { slot, .. } => match text("named") {
            Some("0") => ran(format!("{node} has no slot {slot} any more.")),
            Some("1") => did_not_run(format!("{node} has the slot {slot}.")),
            _ => unread("its slots"),
        },
        Action::TerminateSession { session, .. } => match text("sessions") {
            Some("0") => CannotTell(format!(
                "the session {session} is gone from {node}, and sessions end by themselves too"
            )),
            Some(_) => CannotTell(format!(
                "the session {session} is on {node}, and may have been told to end"
            )),
            None => unread("its sessions"),
        },
        Action::CancelQuery { session, .. } => CannotTell(format!(
            "a query of the session {session} on {node} that was cancelled looks like one that ended"
        )),
        Action::Checkpoint { .. } if restarted => {
            CannotTell(format!("{node} was restarted since, which makes a checkpoint too"))
        }
        Action::Checkpoint { .. } => {
            match (both(before, now, "checkpoint"), both(before, now, "checkpoint_time")) {
                (Some([lsn, lsn_now]), Some([time, time_now]))
                    if (lsn, time) == (lsn_now, time_now) =>
                {
                    did_not_run(format!("{node} made no checkpoint since."))
                }
                (Some(_), Some(_)) => ran(format!("{node} made a checkpoint after it was sent.")),
                _ => unread("its last checkpoint"),
            }
        }
        Action::SwitchWal { .. } => match both(before, now, "segment") {
            Some([then, now]) if then == now => {
                did_not_run(format!("{node} still writes the segment {now}."))
            }
            Some([_, now]) => CannotTell(format!(
                "{node} writes the segment {now} now, and a segment that is full ends by itself"
            )),
            None => unread("which segment it writes"),
        },
        Action::StopLogins { .. }
        | Action::ResumeLogins { .. }
        | Action::MarkBarrier { .. }
        | Action::MarkBranch { .. }
        | Action::DeclareSyncContract { .. }
        | Action::WithdrawSyncContract { .. }
        | Action::CreateRestorePoint { .. }
        | Action::CreateBackup { .. }
        | Action::VerifyNode { .. } => {
            CannotTell(format!("{action} is not told by what is left on {node}"))
        }
    }
}

fn ran(found: String) -> EvidenceVerdict {
    EvidenceVerdict::Ran(found)
}

fn did_not_run(found: String) -> EvidenceVerdict {
    EvidenceVerdict::DidNotRun(found)
}

/// A promotion goes one way: it is there, under way, or never was. On a third timeline nobody can tell
/// whose it was.
fn promotion(action: &Action, before: &ServerFacts, now: &ServerFacts) -> EvidenceVerdict {
    use EvidenceVerdict::{CannotTell, UnderWay};
    let node = action.node();
    let text = |name: &str| now.get(name).and_then(Option::as_deref);
    let timelines = both(before, now, "timeline")
        .and_then(|[then, now]| Some((then.parse::<u64>().ok()?, now.parse::<u64>().ok()?)));
    let Some((then, timeline)) = timelines else {
        return CannotTell(format!("{node} does not say on which timeline it is"));
    };
    match (text("is_standby"), text("promote_file"), text("ongoing")) {
        (Some("false"), ..) if timeline == then + 1 => {
            ran(format!("{node} is primary, on timeline {timeline}."))
        }
        (Some("true"), Some("true"), _) | (Some("true"), _, Some("true")) => {
            UnderWay(format!("{node} is being promoted"))
        }
        (Some("true"), Some("false"), Some("false")) if timeline == then => {
            did_not_run(format!("{node} is a standby, on timeline {timeline}."))
        }
        _ => CannotTell(format!("{node} was on timeline {then} and is on timeline {timeline} now")),
    }
}

/// What a file holds is told from what it held before, unless the two are the same.
fn written(action: &Action, before: &ServerFacts, now: &ServerFacts) -> EvidenceVerdict {
    use EvidenceVerdict::CannotTell;
    let node = action.node();
    let [Some(then), Some(written), Some(wanted)] =
        [before.get("written"), now.get("written"), now.get("wanted")]
    else {
        return CannotTell(format!("{node} does not say what its files hold"));
    };
    match (written == wanted, written == then) {
        (true, false) => ran(format!("The files of {node} hold what was to be written.")),
        (false, true) => did_not_run(format!("The files of {node} hold what they held before.")),
        (true, true) => CannotTell(format!("the files of {node} held the same before")),
        (false, false) => CannotTell(format!(
            "the files of {node} hold neither what was to be written nor what was there before"
        )),
    }
}

#[cfg(test)]
mod tests;
