//! The store: who may open it, what rolls back, and what ends all writing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::records::{ledger_in, shell, step, store_in};
use aerodb_control::ledger::{LedgerError, LedgerReader};
use aerodb_control::model::action::Stage;
use aerodb_control::model::refusal::RefusalCode;
use aerodb_control::store::{DATABASE_FILE, Store, StoreDefect, StoreError, StoreReader};
use rusqlite::{Connection, Transaction, params};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const SEAL: &str = "control.seal";
const LINK: &str = "INSERT OR REPLACE INTO setup_link (one, sha256, issued_ms) VALUES (1, ?1, ?2)";

fn put(transaction: &Transaction<'_>, number: i64) -> Result<(), StoreError> {
    transaction.execute(LINK, params![[7u8; 32], number])?;
    Ok(())
}

fn number(reader: &StoreReader) -> i64 {
    let sql = "SELECT coalesce(max(issued_ms), 0) FROM setup_link";
    let read = reader.read::<i64, StoreError>(|c| Ok(c.query_row(sql, [], |row| row.get(0))?));
    read.unwrap()
}

/// The last good write stands, every later one is refused in these words, reads go on, and a
/// restart is the way back.
async fn expect_failed_closed(store: Store, dir: &TempDir, words: &str) {
    let reader = store.reader();
    let before = number(&reader);
    for _ in 0..2 {
        let error = store.write(|t| put(t, 99)).await.expect_err("fails closed");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(store.failure().is_some_and(|why| why.contains(words)));
    assert_eq!(number(&reader), before, "reads go on");
    drop(store);
    assert!(dir.path().exists());
}

#[test]
fn a_second_control_plane_on_the_same_directory_is_refused_until_the_first_is_gone() {
    let dir = tempdir().unwrap();
    let first = store_in(dir.path());
    let error = Store::open(dir.path()).expect_err("in use");
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert!(error.to_string().contains("another control plane serves"), "{error}");
    drop(first);
    store_in(dir.path());
}

#[tokio::test]
async fn nothing_is_durable_once_the_directory_that_is_locked_is_no_longer_at_its_path() {
    let parent = tempdir().unwrap();
    let dir = parent.path().join("data");
    let first = store_in(&dir);
    std::fs::rename(&dir, parent.path().join("moved")).unwrap();
    let second = store_in(&dir);
    let error = first.write(|t| put(t, 1)).await.expect_err("it is not what is at the path");
    assert!(error.to_string().contains("was replaced by another directory"), "{error}");
    drop(second);
}

type Make = fn(&Path);

fn database(dir: &Path, sql: &str) {
    let connection = Connection::open(dir.join(DATABASE_FILE)).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn a_file_of_somebody_else_is_refused_and_left_as_it_is() {
    let cases: [(&str, Make); 3] = [
        ("not an SQLite database", |dir| {
            fs::write(dir.join(DATABASE_FILE), "minutes of a meeting, ".repeat(50)).unwrap();
        }),
        ("its application id is 0", |dir| database(dir, "CREATE TABLE t (a)")),
        ("its application id is 7", |dir| database(dir, "PRAGMA application_id = 7")),
    ];
    for (words, make) in cases {
        let dir = tempdir().unwrap();
        make(dir.path());
        let before = fs::read(dir.path().join(DATABASE_FILE)).unwrap();
        let error = Store::open(dir.path()).expect_err(words);
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(fs::read(dir.path().join(DATABASE_FILE)).unwrap(), before);
    }
}

#[test]
fn a_newer_file_and_an_altered_schema_are_refused() {
    let dir = tempdir().unwrap();
    let path = dir.path().join(DATABASE_FILE);
    drop(store_in(dir.path()));
    shell(&path).execute_batch("PRAGMA user_version = 4").unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Newer { found: 4, known: 3, .. })));
    assert!(matches!(StoreReader::open_read_only(&path), Err(StoreError::Newer { .. })));
    shell(&path).execute_batch("PRAGMA user_version = 3; DROP TRIGGER leaf_update").unwrap();
    let error = Store::open(dir.path()).expect_err("altered");
    assert!(error.to_string().contains("trigger leaf_update is missing"), "{error}");
}

#[test]
fn a_crash_while_the_file_is_made_leaves_nothing_in_the_way_of_making_it() {
    let makes: [Make; 3] = [
        |dir| fs::write(dir.join(DATABASE_FILE), b"").unwrap(),
        // What is there after the journal mode was set and before the schema was committed.
        |dir| shell(&dir.join(DATABASE_FILE)).execute_batch("PRAGMA journal_mode = WAL").unwrap(),
        // The schema was committed, and the seal was not made.
        |dir| {
            drop(Store::found(dir).unwrap());
            fs::remove_file(dir.join(SEAL)).unwrap();
        },
    ];
    for make in makes {
        let dir = tempdir().unwrap();
        make(dir.path());
        if let Ok(store) = Store::open(dir.path()) {
            assert!(matches!(store.finding(), Some(StoreDefect::SealMissing { .. })));
        }
        drop(Store::found(dir.path()).unwrap());
        assert_eq!(Store::open(dir.path()).unwrap().finding(), None);
        let again = Store::found(dir.path());
        assert!(again.is_ok(), "nothing was written to it: {again:?}");
    }
}

#[test]
fn the_file_is_for_its_owner_only() {
    let dir = tempdir().unwrap();
    let data = dir.path().join("not/there/yet");
    let _store = store_in(&data);
    for (path, mode) in [("", 0o700), (DATABASE_FILE, 0o600), ("control.sqlite-wal", 0o600)] {
        let found = fs::metadata(data.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path:?}");
    }
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    let offline = StoreReader::open_read_only(store.path()).unwrap();
    for reader in [store.reader(), offline] {
        let error = reader
            .read::<(), StoreError>(|c| {
                c.execute(LINK, params![[7u8; 32], 1])?;
                Ok(())
            })
            .expect_err("read only");
        assert!(error.to_string().contains("readonly"), "{error}");
    }
}

#[tokio::test]
async fn an_error_rolls_back_and_the_store_stays_sound() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    let refused = store.write(|t| {
        put(t, 1)?;
        t.execute("INSERT INTO setup_link (one, sha256, issued_ms) VALUES (2, x'00', 0)", [])?;
        Ok::<_, StoreError>(())
    });
    assert!(matches!(refused.await, Err(StoreError::Sql(_))));
    assert_eq!(number(&store.reader()), 0);
    store.write(|t| put(t, 2)).await.unwrap();
    assert_eq!(number(&store.reader()), 2);
    assert_eq!(store.failure(), None);
}

#[tokio::test]
async fn a_write_lasts_over_a_restart_and_one_file_holds_it_all() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    for n in 1..=300 {
        store.write(move |t| put(t, n)).await.unwrap();
    }
    let log = fs::metadata(dir.path().join("control.sqlite-wal")).unwrap().len();
    assert!(log < 2 * 1024 * 1024, "the log is moved into the file on the way: {log}");
    drop(store);
    let copy = dir.path().join("copy.sqlite");
    fs::copy(dir.path().join(DATABASE_FILE), &copy).unwrap();
    assert_eq!(number(&StoreReader::open_read_only(&copy).unwrap()), 300);
    assert_eq!(number(&store_in(dir.path()).reader()), 300);
}

#[tokio::test]
async fn a_full_disk_ends_all_writing() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    store.write(|t| put(t, 1)).await.unwrap();
    let error = store
        .write(|t| {
            // The real SQLITE_FULL, from the limit that SQLite itself puts on the file.
            t.pragma_update(None, "max_page_count", 1)?;
            t.execute("CREATE TABLE big AS SELECT zeroblob(1000000)", [])?;
            Ok::<_, StoreError>(())
        })
        .await
        .expect_err("full");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    expect_failed_closed(store, &dir, "full").await;
    assert_eq!(number(&store_in(dir.path()).reader()), 1);
}

#[tokio::test]
async fn a_read_only_file_ends_all_writing() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    let refused = store.write(|t| {
        t.pragma_update(None, "query_only", true)?;
        put(t, 1)
    });
    refused.await.expect_err("read only");
    expect_failed_closed(store, &dir, "readonly").await;
    let store = store_in(dir.path());
    fs::set_permissions(store.path(), fs::Permissions::from_mode(0o400)).unwrap();
    expect_failed_closed(store, &dir, "was made read-only").await;
}

#[tokio::test]
async fn a_file_that_is_unlinked_or_replaced_under_us_ends_all_writing() {
    for suffix in ["", "-wal", "-shm"] {
        let dir = tempdir().unwrap();
        let store = store_in(dir.path());
        store.write(|t| put(t, 5)).await.unwrap();
        let path = dir.path().join(format!("{DATABASE_FILE}{suffix}"));
        let copy = dir.path().join("copy");
        fs::copy(&path, &copy).unwrap();
        let how = if suffix == "-shm" { "was replaced" } else { "is gone" };
        if suffix == "-shm" {
            fs::rename(&copy, &path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        expect_failed_closed(store, &dir, how).await;
    }
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    let copy = dir.path().join("copy");
    fs::copy(store.path(), &copy).unwrap();
    fs::rename(&copy, store.path()).unwrap();
    expect_failed_closed(store, &dir, "was replaced").await;
}

#[tokio::test]
async fn a_file_that_is_replaced_during_a_write_is_never_answered_as_durable() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    let path = store.path().to_owned();
    let answered = store.write(move |t| {
        put(t, 1)?;
        fs::rename(&path, path.with_extension("gone")).unwrap();
        Ok::<_, StoreError>(())
    });
    assert!(matches!(answered.await, Err(StoreError::Unavailable { .. })));
}

#[tokio::test]
async fn a_commit_that_fails_ends_all_writing() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    let halved = store.write(|t| {
        // An entry without its leaf: the deferred foreign key speaks in the commit.
        t.execute("INSERT INTO entry (seq, at_ms, kind) VALUES (0, 0, 'boot')", [])?;
        Ok::<_, StoreError>(())
    });
    assert!(matches!(halved.await, Err(StoreError::Unavailable { .. })));
    expect_failed_closed(store, &dir, "a commit failed").await;
}

#[tokio::test]
async fn work_that_ends_its_own_transaction_or_panics_ends_all_writing() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    let ended = store.write(|t| Ok::<_, StoreError>(t.execute_batch("COMMIT")?));
    assert!(matches!(ended.await, Err(StoreError::Unavailable { .. })));
    expect_failed_closed(store, &dir, "before its commit").await;

    let store = store_in(dir.path());
    let panicked = store.write::<(), StoreError, _>(|_| panic!("expected in this test"));
    assert!(matches!(panicked.await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.write(|t| put(t, 1)).await, Err(StoreError::Unavailable { .. })));
    while store.failure().is_none() {
        tokio::task::yield_now().await;
    }
    assert!(Store::open(dir.path()).is_err(), "the directory stays ours");
}

#[tokio::test]
async fn a_write_beside_somebody_elses_lock_is_refused_and_the_next_one_is_not() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    let other = shell(store.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.write(|t| put(t, 1)).await.expect_err("locked");
    assert!(error.to_string().contains("another program holds"), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    store.write(|t| put(t, 2)).await.unwrap();
}

#[tokio::test]
async fn the_ledger_says_unavailable_when_the_file_is_gone_and_its_readers_go_on() {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    let action = crate::records::id(1);
    ledger.append(vec![step(action, Stage::Requested)]).await.unwrap();
    fs::remove_file(store.path()).unwrap();
    let error = ledger.append(vec![step(action, Stage::Explained)]).await.expect_err("gone");
    assert!(matches!(&error, LedgerError::Unavailable { why, .. } if why.contains("is gone")));
    assert_eq!(error.refusal().code, RefusalCode::AuditUnavailable);
    assert_eq!(ledger.reader().stage(action).unwrap(), Some(Stage::Requested));
    assert_eq!(LedgerReader::new(store.reader()).head().unwrap().size, 1);
}
