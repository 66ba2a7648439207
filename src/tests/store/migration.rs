//! A file of an earlier version becomes one of the present version, or stays as it was: nothing in
//! between is ever on the disk.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::records::shell;
use aerodb_control::store::{
    DATABASE_FILE, Store, StoreDefect, StoreError, StoreReader, check_schema,
};
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Connection};
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const EARLIER: &str = include_str!("../../store/schema_1.sql");
const STEP: &str = include_str!("../../store/step_2.sql");
/// `aeDB`.
const OWNER: i64 = 0x6165_4442;

/// A directory of version 1 with so many records, as a kill leaves it.
fn earlier(records: i64) -> TempDir {
    let dir = tempdir().unwrap();
    let connection = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch(&format!("BEGIN; {EARLIER}")).unwrap();
    connection.pragma_update(None, "application_id", OWNER).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection.execute_batch("COMMIT").unwrap();
    for seq in 0..records {
        let sql = "INSERT INTO entry (seq, at_ms, kind) VALUES (?1, ?1, 'boot')";
        let leaf = "INSERT INTO leaf (seq, hash, bytes) VALUES (?1, zeroblob(32), x'00')";
        connection.execute_batch("BEGIN").unwrap();
        connection.execute(sql, [seq]).unwrap();
        connection.execute(leaf, [seq]).unwrap();
        connection.execute_batch("COMMIT").unwrap();
    }
    copy_of(dir.path())
}

fn copy_of(dir: &Path) -> TempDir {
    let copy = tempdir().unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}

fn version(dir: &Path) -> i64 {
    shell(&dir.join(DATABASE_FILE))
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

/// Opens it, and sees that it is of the present version and whole.
fn expect_present(dir: &Path, records: i64) {
    let store = Store::open(dir).unwrap();
    assert_eq!(store.finding(), None);
    let found = store.reader().read(|c| {
        check_schema(c)?;
        let sql = "SELECT count(*), (SELECT heads_from FROM store) FROM leaf";
        Ok::<(i64, i64), StoreError>(c.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?)
    });
    assert_eq!(found.unwrap(), (records, records));
    drop(store);
    assert_eq!(version(dir), 3);
}

#[test]
fn a_file_of_version_1_is_taken_to_the_present_one_with_all_its_records() {
    for records in [0, 1, 40] {
        let dir = earlier(records);
        expect_present(dir.path(), records);
        expect_present(dir.path(), records);
    }
}

#[test]
fn a_file_of_version_1_is_read_as_it_is() {
    let dir = earlier(3);
    let path = dir.path().join(DATABASE_FILE);
    let reader = StoreReader::open_read_only(&path).unwrap();
    reader.read(check_schema).unwrap();
    drop(reader);
    assert_eq!(version(dir.path()), 1);
}

#[test]
fn a_stop_after_any_statement_leaves_the_file_as_it_was() {
    let statements = {
        let memory = Connection::open_in_memory().unwrap();
        memory.execute_batch(EARLIER).unwrap();
        let mut batch = Batch::new(&memory, STEP);
        let mut count = 0;
        while let Some(mut statement) = batch.next().unwrap() {
            statement.execute([]).unwrap();
            count += 1;
        }
        count
    };
    assert!(statements > 5);
    for stopped_after in 0..=statements {
        let dir = earlier(5);
        let connection = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
        // Every page goes to the disk at once, as in a transaction that is larger than memory.
        connection.execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE").unwrap();
        let mut batch = Batch::new(&connection, STEP);
        for _ in 0..stopped_after {
            batch.next().unwrap().unwrap().execute([]).unwrap();
        }
        connection.pragma_update(None, "user_version", 2).unwrap();
        let killed = copy_of(dir.path());
        assert_eq!(version(killed.path()), 1, "after {stopped_after} statements");
        expect_present(killed.path(), 5);
    }
}

#[test]
fn a_stop_between_the_seal_and_the_file_changes_nothing() {
    let dir = earlier(4);
    drop(Store::open(dir.path()).unwrap());
    let again = earlier(4);
    fs::copy(dir.path().join("control.seal"), again.path().join("control.seal")).unwrap();
    expect_present(again.path(), 4);
}

#[tokio::test]
async fn an_earlier_file_in_the_place_of_one_that_was_written_is_not_migrated() {
    let old = earlier(4);
    let dir = copy_of(old.path());
    let store = Store::open(dir.path()).unwrap();
    store.write(|t| Ok::<_, StoreError>(t.execute_batch("DELETE FROM session")?)).await.unwrap();
    drop(store);
    for file in [DATABASE_FILE, "control.sqlite-wal"] {
        fs::copy(old.path().join(file), dir.path().join(file)).unwrap();
    }
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.finding(), Some(&StoreDefect::Older { held: 0, made: 1 }));
    drop(store);
    assert_eq!(version(dir.path()), 1);
}

#[test]
fn an_altered_or_unknown_earlier_file_is_refused_and_left_as_it_is() {
    let dir = earlier(2);
    shell(&dir.path().join(DATABASE_FILE)).execute_batch("DROP TRIGGER leaf_update").unwrap();
    let refused = Store::open(dir.path()).unwrap_err().to_string();
    assert!(refused.contains("trigger leaf_update is missing"), "{refused}");
    assert_eq!(version(dir.path()), 1);
    let dir = earlier(2);
    shell(&dir.path().join(DATABASE_FILE)).execute_batch("PRAGMA user_version = 0").unwrap();
    let refused = Store::open(dir.path()).unwrap_err().to_string();
    assert!(refused.contains("version 0, which never existed"), "{refused}");
}

#[test]
fn a_command_beside_a_server_of_the_earlier_version_migrates_nothing() {
    let dir = earlier(2);
    let served = fs::File::create(dir.path().join("control.lock")).unwrap();
    served.lock().unwrap();
    let refused = Store::open_beside(dir.path()).unwrap_err().to_string();
    assert!(refused.contains("an earlier version of the program serves it"), "{refused}");
    assert_eq!(version(dir.path()), 1);
}

/// The statements that make the file of version 2 of one of the present version.
fn back_to_version_2() -> String {
    let made = include_str!("../../store/schema_2.sql");
    let at = made.find("CREATE TRIGGER transition_one_open").unwrap();
    let trigger = made[at..].split_inclusive("END;\n").next().unwrap();
    format!(
        "DROP TRIGGER transition_one_open; DROP TABLE way_out; {trigger} PRAGMA user_version = 2;"
    )
}

/// A directory of version 2 with its seal, into which something was written, as a stop leaves it.
async fn sealed() -> TempDir {
    let dir = tempdir().unwrap();
    let store = crate::records::store_in(dir.path());
    store.write(|t| Ok::<_, StoreError>(t.execute_batch("DELETE FROM session")?)).await.unwrap();
    drop(store);
    shell(&dir.path().join(DATABASE_FILE)).execute_batch(&back_to_version_2()).unwrap();
    assert_eq!(version(dir.path()), 2);
    dir
}

#[tokio::test]
async fn a_sealed_file_of_version_2_is_taken_to_the_present_one_and_keeps_its_seal() {
    let dir = sealed().await;
    let seal = fs::read(dir.path().join("control.seal")).unwrap();
    expect_present(dir.path(), 0);
    expect_present(dir.path(), 0);
    assert_eq!(fs::read(dir.path().join("control.seal")).unwrap(), seal, "nothing was recorded");
}

#[tokio::test]
async fn a_stop_after_any_statement_of_the_last_step_leaves_version_2() {
    let step = include_str!("../../store/step_3.sql");
    for stopped_after in 0..=3 {
        let dir = sealed().await;
        let connection = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
        connection.execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE").unwrap();
        let mut batch = Batch::new(&connection, step);
        for _ in 0..stopped_after {
            batch.next().unwrap().unwrap().execute([]).unwrap();
        }
        connection.pragma_update(None, "user_version", 3).unwrap();
        let killed = copy_of(dir.path());
        assert_eq!(version(killed.path()), 2, "after {stopped_after} statements");
        expect_present(killed.path(), 0);
    }
}

#[tokio::test]
async fn a_sealed_file_that_lost_what_its_seal_names_is_not_migrated() {
    let dir = sealed().await;
    let old = copy_of(dir.path());
    let store = Store::open(dir.path()).unwrap();
    store.write(|t| Ok::<_, StoreError>(t.execute_batch("DELETE FROM session")?)).await.unwrap();
    drop(store);
    fs::copy(old.path().join(DATABASE_FILE), dir.path().join(DATABASE_FILE)).unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert!(matches!(store.finding(), Some(StoreDefect::Older { .. })), "{:?}", store.finding());
    drop(store);
    assert_eq!(version(dir.path()), 2);
}
