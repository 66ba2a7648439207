//! The ledger: which records it takes, in which order, and how they are found again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::records::*;
use aerodb_control::ledger::{Draft, Ledger, LedgerError};
use aerodb_control::model::action::{ActionId, ActionKind, Stage};
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::record::{Entry, LEAF_BYTES_MAX};
use aerodb_control::model::refusal::RefusalCode;
use aerodb_control::store::{Store, StoreError, WriteError};
use rusqlite::{Transaction, params};
use tempfile::tempdir;

/// Every way that an action can have gone so far.
fn histories() -> Vec<Vec<Stage>> {
    let mut all = vec![vec![], vec![Stage::Requested]];
    let mut at = 1;
    while let Some(history) = all.get(at).cloned() {
        for next in history.last().unwrap().next() {
            all.push([history.as_slice(), &[*next]].concat());
        }
        at += 1;
    }
    all
}

/// Tells whether the database took a row, and rolls it back either way.
#[derive(Debug)]
enum Tried {
    Taken,
    Refused(StoreError),
}

impl From<StoreError> for Tried {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl WriteError for Tried {
    fn storage(&self) -> Option<&StoreError> {
        if let Self::Refused(error) = self { Some(error) } else { None }
    }
}

async fn takes<F>(store: &Store, work: F) -> bool
where
    F: FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send + 'static,
{
    let tried = store.write::<(), Tried, _>(move |t| {
        work(t).map_err(StoreError::from)?;
        Err(Tried::Taken)
    });
    let taken = matches!(tried.await, Err(Tried::Taken));
    assert_eq!(store.failure(), None, "a refusal of the schema is no failure of the store");
    taken
}

fn raw_record(t: &Transaction<'_>, seq: u64, action: ActionId) -> rusqlite::Result<()> {
    t.execute(
        "INSERT INTO entry (seq, at_ms, kind, actor, action) VALUES (?1, ?2, 'raw', 'carol', ?3)",
        params![seq, START_MS, action.bytes()],
    )?;
    t.execute(
        "INSERT INTO leaf (seq, hash, bytes) VALUES (?1, ?2, x'00')",
        params![seq, [0u8; 32]],
    )?;
    Ok(())
}

fn raw_step(
    t: &Transaction<'_>,
    action: ActionId,
    f: i64,
    to: i64,
    seq: u64,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO transition (action, f, t, seq) VALUES (?1, ?2, ?3, ?4)";
    t.execute(sql, params![action.bytes(), f, to, seq])?;
    Ok(())
}

fn number(stage: Option<Stage>) -> i64 {
    // The numbers in the file: nothing, then the stages in order.
    stage.map_or(0, |s| (1..).zip(Stage::ALL).find(|(_, other)| *other == s).unwrap().0)
}

#[tokio::test]
async fn the_database_takes_exactly_the_steps_of_the_stage_table_after_every_history() {
    let (mut attempts, mut accepted, mut mismatches) = (0, 0, 0);
    let any: Vec<Option<Stage>> = std::iter::once(None).chain(Stage::ALL.map(Some)).collect();
    for history in histories() {
        let dir = tempdir().unwrap();
        let (store, ledger, _) = ledger_in(dir.path());
        ledger.append(steps(id(1), &history)).await.unwrap();
        let seq = history.len() as u64;
        let stands = history.last().copied();
        for f in &any {
            for t in &any {
                let legal = *f == stands
                    && t.is_some_and(|t| match f {
                        None => t == Stage::Requested,
                        Some(f) => f.next().contains(&t),
                    });
                let (from, to) = (number(*f), number(*t));
                let taken = takes(&store, move |transaction| {
                    raw_record(transaction, seq, id(1))?;
                    raw_step(transaction, id(1), from, to, seq)
                });
                let taken = taken.await;
                attempts += 1;
                accepted += u32::from(taken);
                if taken != legal {
                    mismatches += 1;
                    println!("{history:?}: {f:?} -> {t:?}: taken {taken}, legal {legal}");
                }
            }
        }
    }
    println!("{attempts} attempted steps, {accepted} accepted, {mismatches} mismatches");
    assert_eq!((attempts, accepted, mismatches), (37 * 225, 36, 0));
}

/// C3.2.
#[tokio::test]
async fn the_ledger_takes_exactly_the_steps_of_the_stage_table_after_every_history() {
    let mut attempts = 0;
    for history in histories() {
        for to in Stage::ALL {
            let dir = tempdir().unwrap();
            let (store, ledger, _) = ledger_in(dir.path());
            ledger.append(steps(id(1), &history)).await.unwrap();
            let stands = history.last().copied();
            let legal = stands.map_or(to == Stage::Requested, |from| from.next().contains(&to));
            let before = ledger.reader().head().unwrap();
            match ledger.append(vec![step(id(1), to)]).await {
                Ok(_) => assert!(legal, "{history:?} -> {to}"),
                Err(LedgerError::IllegalStep { action, from, to: refused }) => {
                    assert!(!legal, "{history:?} -> {to}");
                    assert_eq!((action, from, refused), (id(1), stands, to));
                    assert_eq!(ledger.reader().head().unwrap(), before, "nothing is written");
                }
                Err(other) => panic!("{history:?} -> {to}: {other}"),
            }
            assert_eq!(store.failure(), None);
            attempts += 1;
        }
    }
    println!("{attempts} appends");
}

#[tokio::test]
async fn a_step_without_its_own_newest_record_is_refused() {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    ledger.append(steps(id(1), &[Stage::Requested, Stage::Explained])).await.unwrap();
    // An old record, no record, the record of another action.
    assert!(!takes(&store, |t| raw_step(t, id(1), 2, 4, 1)).await);
    assert!(!takes(&store, |t| raw_step(t, id(1), 2, 4, 2)).await);
    let other = takes(&store, |t| {
        raw_record(t, 2, id(2))?;
        raw_step(t, id(1), 2, 4, 2)
    });
    assert!(!other.await);
}

/// C9.2.
#[tokio::test]
async fn nothing_in_the_log_can_be_changed_deleted_or_replaced() {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    ledger.append(steps(id(1), &TO_UNKNOWN)).await.unwrap();
    for sql in [
        "UPDATE entry SET kind = 'x' WHERE seq = 1",
        "UPDATE entry SET seq = 9 WHERE seq = 4",
        "DELETE FROM entry WHERE seq = 4",
        "UPDATE leaf SET bytes = x'00'",
        "DELETE FROM leaf",
        "UPDATE transition SET t = 8 WHERE t = 10",
        "DELETE FROM transition WHERE t = 10",
        "UPDATE blob SET data = x'00'",
        "DELETE FROM blob",
        "INSERT INTO edge (f, t) VALUES (3, 4)",
        "UPDATE edge SET t = 4 WHERE f = 1 AND t = 3",
        "DELETE FROM edge WHERE f = 1",
        "INSERT OR REPLACE INTO entry (seq, at_ms, kind) VALUES (4, 9e12, 'x')",
        "INSERT OR REPLACE INTO leaf (seq, hash, bytes) SELECT seq, hash, x'00' FROM leaf",
        "INSERT OR REPLACE INTO blob (sha256, seq, encoding, raw_len, data)
         SELECT sha256, seq, 0, 1, x'00' FROM blob",
        "INSERT OR REPLACE INTO transition (action, f, t, seq)
         SELECT action, 7, 8, 4 FROM transition WHERE t = 10",
        // A gap, a second record under a number.
        "INSERT INTO entry (seq, at_ms, kind) VALUES (6, 9e12, 'x')",
        "INSERT INTO entry (seq, at_ms, kind) VALUES (4, 9e12, 'x')",
        "INSERT INTO entry (seq, at_ms, kind) VALUES (-1, 9e12, 'x')",
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'leaf_update'",
    ] {
        assert!(!takes(&store, move |t| t.execute_batch(sql)).await, "{sql}");
    }
    assert_eq!(ledger.reader().stage(id(1)).unwrap(), Some(Stage::Unknown));

    // Another program, that asks for no delete triggers and no foreign keys, is held by the file.
    let other = shell(store.path());
    for table in ["entry", "leaf", "blob", "transition"] {
        let columns = if table == "transition" { "action, f, t, seq" } else { "*" };
        let sql = format!("REPLACE INTO {table} SELECT {columns} FROM {table} LIMIT 1");
        let sql = sql.replace(" SELECT action", " (action, f, t, seq) SELECT action");
        let error = other.execute_batch(&sql).expect_err(table);
        assert!(!error.to_string().contains("syntax"), "{error}");
    }
}

#[tokio::test]
async fn one_action_is_confirmed_once_by_fifty_at_the_same_time() {
    let dir = tempdir().unwrap();
    let (_store, ledger, _) = ledger_in(dir.path());
    ledger.append(steps(id(1), &[Stage::Requested, Stage::Explained])).await.unwrap();
    let mut confirms = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let ledger = ledger.clone();
        confirms.spawn(async move { ledger.append(vec![step(id(1), Stage::Confirmed)]).await });
    }
    let mut confirmed = 0;
    while let Some(result) = confirms.join_next().await {
        match result.unwrap() {
            Ok(_) => confirmed += 1,
            Err(LedgerError::IllegalStep { from: Some(Stage::Confirmed), .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(confirmed, 1);
    assert_eq!(ledger.reader().head().unwrap().size, 3);
}

/// C4.3, C7.3.
#[tokio::test]
async fn a_second_action_waits_until_the_open_one_is_closed_and_only_the_way_out_does_not() {
    let dir = tempdir().unwrap();
    let (_store, ledger, _) = ledger_in(dir.path());
    let reader = ledger.reader();
    ledger.append(steps(id(1), &TO_UNKNOWN)).await.unwrap();
    ledger.append(steps(id(2), &[Stage::Requested, Stage::Explained])).await.unwrap();
    let error = ledger.append(vec![step(id(2), Stage::Confirmed)]).await.expect_err("open");
    assert!(
        matches!(error, LedgerError::OtherOpen { action, open } if action == id(2) && open == id(1))
    );
    assert_eq!(error.refusal().code, RefusalCode::Busy);
    assert_eq!(reader.stage(id(2)).unwrap(), Some(Stage::Explained));

    // What the way out is, the kernel says; as long as it was not asked there is none.
    ledger.append(vec![failover_request(id(3)), step(id(3), Stage::Explained)]).await.unwrap();
    let error = ledger.append(vec![step(id(3), Stage::Confirmed)]).await.expect_err("open");
    assert!(matches!(error, LedgerError::OtherOpen { .. }), "{error:?}");
    ledger.declare_ways_out(vec![ActionKind::of("switchover")]).await.unwrap();
    let error = ledger.append(vec![step(id(3), Stage::Confirmed)]).await.expect_err("open");
    assert!(matches!(error, LedgerError::OtherOpen { .. }), "{error:?}");
    ledger.declare_ways_out(vec![ActionKind::of("failover")]).await.unwrap();
    let error = ledger.append(vec![step(id(2), Stage::Confirmed)]).await.expect_err("open");
    assert!(matches!(error, LedgerError::OtherOpen { .. }), "{error:?}");
    ledger.append(vec![step(id(3), Stage::Confirmed)]).await.unwrap();
    let open = reader.open_actions().unwrap();
    assert_eq!(open, [(id(1), Stage::Unknown), (id(3), Stage::Confirmed)]);

    ledger.append(steps(id(3), &[Stage::Dispatched, Stage::Executed])).await.unwrap();
    ledger.append(vec![step(id(1), Stage::Voided)]).await.unwrap();
    assert_eq!(reader.open_actions().unwrap(), []);
    ledger.append(vec![step(id(2), Stage::Confirmed)]).await.unwrap();
    assert_eq!(reader.open_actions().unwrap(), [(id(2), Stage::Confirmed)]);
}

#[tokio::test]
async fn the_chain_goes_on_over_a_restart_and_a_clock_that_was_set_back_is_marked() {
    let dir = tempdir().unwrap();
    let (store, ledger, clock) = ledger_in(dir.path());
    let first = ledger.append(vec![step(id(1), Stage::Requested)]).await.unwrap().remove(0);
    assert_eq!((first.record.seq, first.record.prev), (0, None));
    assert_eq!(first.record.clock, "still");
    drop((store, ledger));
    let (_store, ledger, _) = ledger_in(dir.path());
    assert_eq!(ledger.reader().head().unwrap().hash, Some(first.hash));
    clock.set(START_MS - 3_600_000);
    let ledger = Ledger::open(ledger.store(), clock.clone()).unwrap();
    let second = ledger.append(vec![step(id(1), Stage::Explained)]).await.unwrap().remove(0);
    assert_eq!((second.record.seq, second.record.prev), (1, Some(first.hash)));
    assert_eq!(second.record.at.millis(), START_MS - 3_600_000, "what the clock read");
    assert_eq!(second.record.clock_back_ms, Some(3_600_000));
    clock.set(START_MS + 5);
    let third = ledger.append(vec![step(id(1), Stage::Withdrawn)]).await.unwrap().remove(0);
    assert_eq!((third.record.at.millis(), third.record.clock_back_ms), (START_MS + 5, None));
    let report = |now: i64| ledger.reader().clock(Timestamp::from_millis(now)).unwrap();
    let found = report(START_MS + 5);
    assert_eq!((found.ahead_ms, found.went_back, found.last_back), (None, 1, Some(1)));
    assert_eq!(report(START_MS - 60_000).ahead_ms, Some(60_005));
}

#[tokio::test]
async fn a_batch_is_written_as_a_whole_or_not_at_all_together_with_other_rows() {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    let bad = steps(id(1), &[Stage::Requested, Stage::Explained, Stage::Dispatched]);
    let writer = ledger.clone();
    let refused = store.write::<(), LedgerError, _>(move |t| {
        t.execute(
            "INSERT INTO setup_link (one, sha256, issued_ms) VALUES (1, zeroblob(32), 1)",
            [],
        )?;
        writer.append_in(t, bad)?;
        Ok(())
    });
    assert!(matches!(refused.await, Err(LedgerError::IllegalStep { to: Stage::Dispatched, .. })));
    assert_eq!(ledger.reader().head().unwrap().size, 0);
    let links: i64 = store
        .reader()
        .read::<_, StoreError>(|c| {
            Ok(c.query_row("SELECT count(*) FROM setup_link", [], |row| row.get(0))?)
        })
        .unwrap();
    assert_eq!(links, 0);
}

#[tokio::test]
async fn a_draft_that_could_not_be_read_back_whole_is_refused() {
    let dir = tempdir().unwrap();
    let (_store, ledger, _) = ledger_in(dir.path());
    ledger.append(vec![step(id(1), Stage::Requested)]).await.unwrap();
    let mut homeless = step(id(1), Stage::Explained);
    homeless.action_id = None;
    let mut missing = step(id(1), Stage::Explained);
    missing.blobs.pop();
    let extra = step(id(1), Stage::Explained).with_blobs([b"nobody names this".to_vec()]);
    for (draft, words) in [
        (homeless, "explained without an action"),
        (missing, "which is not there"),
        (extra, "does not name"),
    ] {
        let error = ledger.append(vec![draft]).await.expect_err(words);
        assert!(matches!(&error, LedgerError::Malformed { why } if why.contains(words)), "{error}");
    }
    let why = "x".repeat(LEAF_BYTES_MAX);
    let long = Draft::new(None, Some(id(2)), Entry::Unknown { why });
    let error = ledger.append(vec![long]).await.expect_err("too long");
    assert!(matches!(&error, LedgerError::TooLarge { limit: LEAF_BYTES_MAX, .. }), "{error}");
    assert_eq!(ledger.reader().head().unwrap().size, 1);
    assert_eq!(ledger.store().failure(), None);
}

#[tokio::test]
async fn a_blob_is_stored_once_and_comes_back_byte_for_byte() {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    ledger.append(steps(id(1), &TO_UNKNOWN)).await.unwrap();
    let reader = ledger.reader();
    for bytes in [snapshot_of(id(1)), explanation_of(id(1))] {
        assert_eq!(reader.blob(Hash::of(&bytes)).unwrap().as_ref(), Some(&bytes));
    }
    assert_eq!(reader.blob(Hash::of(b"never stored")).unwrap(), None);
    let rows: Vec<(i64, i64)> = store
        .reader()
        .read::<_, StoreError>(|c| {
            let mut rows = c.prepare("SELECT encoding, seq FROM blob ORDER BY encoding")?;
            Ok(rows.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
        })
        .unwrap();
    assert_eq!(rows, [(0, 1), (1, 1)], "two blobs, and only the one that it helps is compressed");

    let damage = shell(store.path());
    damage.execute_batch("DROP TRIGGER blob_update; UPDATE blob SET data = x'00'").unwrap();
    let error = reader.blob(Hash::of(&snapshot_of(id(1)))).expect_err("damaged");
    assert!(matches!(error, LedgerError::Damaged { seq: 1, .. }), "{error}");
}
