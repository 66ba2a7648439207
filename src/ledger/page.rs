//! The queries of pages of the log: each served by an index, whatever is asked for.

use super::{LedgerError, LogFilter, index};
use crate::model::ambient::Timestamp;
use rusqlite::Connection;
use rusqlite::types::Value;

/// A statement that answers `seq, hash, bytes`, and its values.
pub(super) type PageStatement = (String, Vec<Value>);

/// The query of a page, newest first; `None` where no record can be on it. It reads what it answers
/// and little else: a window of time is a range of sequence numbers, in which each time is looked at
/// where the clock went back; an action alone has an index of its own, and all other conditions are walked together in the index of terms.
pub(super) fn page_query(
    connection: &Connection,
    before: Option<u64>,
    limit: u32,
    filter: &LogFilter,
) -> Result<Option<PageStatement>, LedgerError> {
    let (from, key, mut values) = match (index::matching(filter), filter.action) {
        (Some(terms), _) => (
            "entry_index CROSS JOIN leaf ON leaf.seq = entry_index.rowid
             WHERE entry_index MATCH ?",
            "entry_index.rowid",
            vec![Value::Text(terms)],
        ),
        (None, Some(action)) => (
            "entry CROSS JOIN leaf ON leaf.seq = entry.seq WHERE entry.action = ?",
            "entry.seq",
            vec![Value::Blob(action.bytes().to_vec())],
        ),
        (None, None) => ("leaf WHERE 1", "leaf.seq", vec![]),
    };
    let mut sql = format!("SELECT leaf.seq, leaf.hash, leaf.bytes FROM {from}");
    // Beyond what SQLite can count there is no record, so the bound changes nothing.
    let before = before.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
    let mut until = before;
    if filter.since.is_some() || filter.until.is_some() {
        let Some(span) = span(connection, filter.since, filter.until)? else { return Ok(None) };
        sql.push_str(&format!(" AND {key} >= ?"));
        values.push(span.first.into());
        until = before.into_iter().chain([span.end]).min();
        if span.has_others {
            let at = format!("(SELECT at_ms FROM entry AS timed WHERE timed.seq = {key})");
            for (time, sign) in [(filter.since, ">="), (filter.until, "<")] {
                if let Some(time) = time {
                    sql.push_str(&format!(" AND {at} {sign} {}", time.millis()));
                }
            }
        }
    }
    if let Some(until) = until {
        sql.push_str(&format!(" AND {key} < ?"));
        values.push(until.into());
    }
    // One more than the page, to know whether there is another.
    sql.push_str(&format!(" ORDER BY {key} DESC LIMIT ?"));
    values.push((i64::from(limit) + 1).into());
    Ok(Some((sql, values)))
}

/// The records of a window of time, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The first that is in it.
    pub(super) first: i64,
    /// One after the last.
    pub(super) end: i64,
    /// Whether records between them are in no order of time, so that each has to be looked at.
    pub(super) has_others: bool,
}

/// Where the records lie whose clock read at least `since` and less than `until`; `None` where there is
/// none. Times only grow between two records at which the clock went back, so each such stretch is
/// searched by halves.
pub(super) fn span(
    connection: &Connection,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Option<Span>, LedgerError> {
    let mut found: Option<Span> = None;
    for (start, end) in stretches(connection)? {
        let first = match since {
            Some(since) => first_at(connection, (start, end), since)?,
            None => start,
        };
        let last = match until {
            Some(until) => first_at(connection, (start, end), until)?,
            None => end,
        };
        if first >= last {
            continue;
        }
        found = Some(match found {
            None => Span { first, end: last, has_others: false },
            Some(span) => Span {
                first: span.first,
                end: last,
                has_others: span.has_others || span.end != first,
            },
        });
    }
    Ok(found)
}

/// The stretches of the log in which times only grow.
fn stretches(connection: &Connection) -> Result<Vec<(i64, i64)>, LedgerError> {
    let sql = "SELECT coalesce(max(seq) + 1, 0) FROM entry";
    let size: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    let mut starts = vec![0];
    if has_clock_back(connection)? {
        let mut back = connection.prepare_cached("SELECT seq FROM clock_back ORDER BY seq")?;
        let rows = back.query_map([], |row| row.get(0))?;
        starts.extend(rows.collect::<Result<Vec<i64>, _>>()?);
    }
    let ends: Vec<i64> = starts.iter().skip(1).copied().chain([size]).collect();
    Ok(starts.into_iter().zip(ends).collect())
}

/// A file of version 1 has no such table: there, times never went back.
pub(super) fn has_clock_back(connection: &Connection) -> Result<bool, LedgerError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'clock_back'";
    Ok(connection.prepare_cached(sql)?.exists([])?)
}

/// The first record of a stretch whose clock read this or more; its end where there is none.
fn first_at(
    connection: &Connection,
    (mut low, mut high): (i64, i64),
    time: Timestamp,
) -> Result<i64, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT at_ms FROM entry WHERE seq = ?1")?;
    while low < high {
        let middle = low + (high - low) / 2;
        let at: i64 = statement.query_row([middle], |row| row.get(0))?;
        if at < time.millis() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Draft, Ledger};
    use crate::model::action::{Action, ActionId};
    use crate::model::actor::{Actor, ActorRole, AuthMethod, CredentialKind};
    use crate::model::ambient::Clock;
    use crate::model::attestation::Attestations;
    use crate::model::record::Entry;
    use crate::model::spec::tried::catalogue;
    use crate::model::text::{ActorName, Reason};
    use crate::store::Store;
    use rusqlite::{StatementStatus, params_from_iter};
    use std::sync::Arc;

    struct FrozenClock;

    impl Clock for FrozenClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_769_852_700_000)
        }

        fn name(&self) -> &'static str {
            "still"
        }
    }

    /// A log of `count` requests and as many sign-ins. One account and one node are in all of them;
    /// a word is in the first request only.
    async fn log(count: u32) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::found(dir.path()).expect("a store");
        let ledger = Ledger::open(&store, Arc::new(FrozenClock)).expect("a ledger");
        let name = ActorName::parse("alice").expect("a name");
        let actor = Actor { name, role: ActorRole::Operator, via: CredentialKind::Session };
        let drafts = (0..count).flat_map(|n| {
            let mut bytes = [7; 16];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            let action: Action =
                serde_json::from_str(r#"{"kind":"switchover","params":{"to":"n2"}}"#)
                    .expect("an action");
            let words = if n == 0 { "planned aardvark" } else { "planned work" };
            let reason = Reason::parse(words).expect("a reason");
            let entry = Entry::Requested {
                action: action.clone(),
                reason,
                attested: Attestations::default(),
            };
            let id = Some(ActionId::from_random(bytes));
            let asked = Draft::new(Some(actor.clone()), id, entry);
            [
                asked,
                Draft::new(Some(actor.clone()), None, Entry::SignedIn { by: AuthMethod::Password }),
            ]
        });
        let drafts: Vec<Draft> = drafts.collect();
        ledger.append(drafts).await.expect("durable");
        (dir, store)
    }

    fn filter(fields: &[(&str, &str)]) -> LogFilter {
        let find = |name: &str| fields.iter().find(|(field, _)| *field == name);
        let parsed =
            LogFilter::parse(catalogue(), |name| find(name).map(|(_, text)| (*text).to_owned()));
        parsed.expect("a filter")
    }

    /// The steps that SQLite takes for a page of ten, and its plan.
    fn cost(store: &Store, fields: &[(&str, &str)]) -> (i32, String) {
        let cost = store.reader().read(|connection| {
            let query = page_query(connection, Some(1000), 10, &filter(fields))?;
            let (sql, values) = query.expect("there are records at this time");
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query(params_from_iter(values.clone()))?;
            while rows.next()?.is_some() {}
            drop(rows);
            let steps = statement.get_status(StatementStatus::VmStep);
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let plan = explain.query_map(params_from_iter(values), |row| row.get::<_, String>(3));
            let plan: Vec<String> = plan?.collect::<Result<_, _>>()?;
            Ok::<_, LedgerError>((steps, plan.join("; ")))
        });
        cost.expect("readable")
    }

    /// What every append and every page ask beside: they walk no table.
    #[tokio::test]
    async fn a_freeze_and_a_key_are_found_without_reading_the_log() {
        let (_dir, store) = log(3000).await;
        let steps = store.reader().read(|connection| {
            let mut steps = Vec::new();
            for sql in ["SELECT seq FROM freeze", crate::ledger::prove::KEYS] {
                let mut statement = connection.prepare(sql)?;
                let mut rows = statement.query([])?;
                while rows.next()?.is_some() {}
                drop(rows);
                steps.push(statement.get_status(StatementStatus::VmStep));
            }
            Ok::<_, LedgerError>(steps)
        });
        let steps = steps.expect("readable");
        assert!(steps.iter().all(|steps| *steps < 100), "{steps:?}");
    }

    #[tokio::test]
    async fn an_acceptance_after_an_order_is_looked_for_behind_it_alone() {
        let (_dir, store) = log(3000).await;
        let steps = store.reader().read(|connection| {
            let mut statement = connection.prepare(super::super::recall::ACCEPTED_AFTER)?;
            assert!(!statement.query_row([5_990], |row| row.get::<_, bool>(0))?);
            Ok::<_, LedgerError>(statement.get_status(StatementStatus::VmStep))
        });
        let steps = steps.expect("readable");
        assert!(steps < 100, "{steps}");
    }

    #[tokio::test]
    async fn a_page_takes_as_many_steps_in_a_long_log_as_in_a_short_one() {
        let (_short, short) = log(100).await;
        let (_long, long) = log(3000).await;
        let first = ActionId::from_random(
            [[0; 4], [7; 4], [7; 4], [7; 4]].concat().try_into().expect("16"),
        );
        let first = first.to_string();
        let all: [&[(&str, &str)]; 12] = [
            &[],
            &[("actor", "alice")],
            &[("kind", "signed_in")],
            &[("stage", "requested")],
            &[("action_kind", "switchover")],
            &[("node", "n2")],
            &[("text", "planned")],
            &[("text", "aardvark")],
            &[("action", &first)],
            &[("action", &first), ("kind", "requested")],
            &[("since", "2026-01-01T00:00:00Z"), ("until", "2027-01-01T00:00:00Z")],
            &[
                ("actor", "alice"),
                ("node", "n2"),
                ("kind", "requested"),
                ("text", "planned work"),
                ("since", "2026-01-01T00:00:00Z"),
            ],
        ];
        for fields in all {
            let ((few, plan), (many, _)) = (cost(&short, fields), cost(&long, fields));
            assert!(many <= few + 20, "{fields:?}: {few} steps became {many}: {plan}");
            let whole = plan.split("; ").any(|line| {
                line.starts_with("SCAN")
                    && !line.contains("VIRTUAL TABLE INDEX")
                    && line != "SCAN leaf"
            });
            assert!(!whole && !plan.contains("TEMP B-TREE"), "{fields:?}: {plan}");
        }
    }
}
