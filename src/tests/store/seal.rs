//! The seal of the log: what was lost is told, nothing is made in its place, and nothing is written
//! until somebody has accepted it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::records::{shell, store_in};
use aerodb_control::store::{DATABASE_FILE, Store, StoreDefect, StoreError, StoreReader};
use rusqlite::{Transaction, params};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

const FILES: [&str; 3] = [DATABASE_FILE, "control.sqlite-wal", "control.seal"];

fn put(transaction: &Transaction<'_>, number: i64) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO setup_link (one, sha256, issued_ms) VALUES (1, ?1, ?2)";
    transaction.execute(sql, params![[7u8; 32], number])?;
    Ok(())
}

fn number(reader: &StoreReader) -> i64 {
    let sql = "SELECT coalesce(max(issued_ms), 0) FROM setup_link";
    reader.read::<i64, StoreError>(|c| Ok(c.query_row(sql, [], |row| row.get(0))?)).unwrap()
}

/// A directory as a kill leaves it after so many writes: the log of the database is beside it.
async fn killed(writes: i64) -> TempDir {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    for written in 1..=writes {
        store.write(move |t| put(t, written)).await.unwrap();
    }
    copy_of(dir.path())
}

fn copy_of(dir: &Path) -> TempDir {
    let copy = tempdir().unwrap();
    for file in FILES {
        fs::copy(dir.join(file), copy.path().join(file)).unwrap();
    }
    copy
}

fn file(dir: &TempDir, name: &str) -> PathBuf {
    dir.path().join(name)
}

/// Everything is read, nothing is written, and nothing on the disk is changed.
async fn expect_held(dir: &TempDir, read: i64, is_it: impl Fn(&StoreDefect) -> bool) {
    let bytes = |dir: &TempDir| FILES.map(|name| fs::read(dir.path().join(name)).ok());
    let before = bytes(dir);
    let store = Store::open(dir.path()).unwrap();
    let finding = store.finding().expect("a finding");
    assert!(is_it(finding), "{finding}");
    let refused = store.write(|t| put(t, 99)).await.expect_err("held");
    assert!(matches!(refused, StoreError::Held { .. }), "{refused}");
    assert_eq!(number(&store.reader()), read);
    drop(store);
    assert_eq!(bytes(dir)[2], before[2], "the seal goes on saying what it said");
    assert!(Store::open(dir.path()).unwrap().finding().is_some(), "the next start finds it too");
}

#[tokio::test]
async fn a_log_whole_after_a_kill_is_taken_as_it_is() {
    let dir = killed(20).await;
    let store = Store::open(dir.path()).unwrap();
    assert_eq!((store.finding(), number(&store.reader())), (None, 20));
    store.write(|t| put(t, 21)).await.unwrap();
}

#[tokio::test]
async fn a_log_that_lost_its_write_ahead_log_takes_no_writes() {
    let dir = killed(20).await;
    fs::remove_file(file(&dir, "control.sqlite-wal")).unwrap();
    expect_held(&dir, 0, |found| *found == StoreDefect::Older { held: 0, made: 20 }).await;
}

#[tokio::test]
async fn a_write_ahead_log_that_was_cut_or_flipped_anywhere_is_told() {
    let whole = killed(12).await;
    let wal = fs::read(file(&whole, "control.sqlite-wal")).unwrap();
    // Frames are a page and its head; the last one ends the log.
    for length in (0..wal.len() - 1).step_by(wal.len() / 23) {
        let dir = copy_of(whole.path());
        fs::write(file(&dir, "control.sqlite-wal"), &wal[..length]).unwrap();
        let store = Store::open(dir.path()).unwrap();
        assert!(matches!(store.finding(), Some(StoreDefect::Older { made: 12, .. })), "{length}");
        let dir = copy_of(whole.path());
        let mut flipped = wal.clone();
        flipped[length] ^= 1;
        fs::write(file(&dir, "control.sqlite-wal"), &flipped).unwrap();
        match Store::open(dir.path()) {
            Ok(store) => {
                // Some bits of a log mean nothing: then nothing is lost.
                let whole = number(&store.reader()) == 12;
                assert_eq!(store.finding().is_none(), whole, "{length}");
            }
            Err(refused) => assert!(refused.to_string().contains("control"), "{refused}"),
        }
    }
}

#[tokio::test]
async fn an_older_copy_of_the_log_takes_no_writes() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    store.write(|t| put(t, 1)).await.unwrap();
    drop(store);
    let older = fs::read(dir.path().join(DATABASE_FILE)).unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.write(|t| put(t, 2)).await.unwrap();
    drop(store);
    fs::write(dir.path().join(DATABASE_FILE), older).unwrap();
    fs::remove_file(dir.path().join("control.sqlite-wal")).unwrap_or_default();
    expect_held(&dir, 1, |found| *found == StoreDefect::Older { held: 1, made: 2 }).await;
}

#[tokio::test]
async fn a_log_that_is_gone_or_empty_is_named_and_no_other_is_made() {
    type Lose = fn(&Path);
    let cases: [(&str, Lose); 4] = [
        ("is missing", |dir| fs::remove_file(dir.join(DATABASE_FILE)).unwrap()),
        ("is empty", |dir| fs::write(dir.join(DATABASE_FILE), b"").unwrap()),
        ("is missing", |dir| {
            fs::remove_file(dir.join(DATABASE_FILE)).unwrap();
            fs::remove_file(dir.join("control.sqlite-wal")).unwrap();
        }),
        ("not an SQLite database", |dir| {
            let path = dir.join(DATABASE_FILE);
            let mut bytes = fs::read(&path).unwrap();
            bytes[..16].fill(0);
            fs::write(&path, bytes).unwrap();
            fs::remove_file(dir.join("control.sqlite-wal")).unwrap();
        }),
    ];
    for (words, lose) in cases {
        let dir = killed(3).await;
        lose(dir.path());
        for opened in [Store::open(dir.path()), Store::open_beside(dir.path())] {
            let refused = opened.expect_err(words).to_string();
            assert!(refused.contains(words) && refused.contains(DATABASE_FILE), "{refused}");
        }
        let founded = Store::found(dir.path()).expect_err("nothing is founded beside a seal");
        assert!(founded.to_string().contains("control.s"), "{founded}");
    }
}

#[tokio::test]
async fn a_seal_that_is_missing_damaged_or_of_another_log_is_told() {
    let dir = killed(3).await;
    fs::remove_file(file(&dir, "control.seal")).unwrap();
    expect_held(&dir, 3, |found| matches!(found, StoreDefect::SealMissing { .. })).await;
    let dir = killed(3).await;
    fs::write(file(&dir, "control.seal"), b"2 x 3\n").unwrap();
    expect_held(&dir, 3, |found| matches!(found, StoreDefect::SealDamaged { .. })).await;
    let (dir, other) = (killed(3).await, killed(3).await);
    fs::copy(file(&other, "control.seal"), file(&dir, "control.seal")).unwrap();
    expect_held(&dir, 3, |found| matches!(found, StoreDefect::SealForeign { .. })).await;
}

#[tokio::test]
async fn what_a_command_beside_the_server_writes_is_counted_too() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    let beside = Store::open_beside(dir.path()).unwrap();
    for written in 1..10 {
        let writer = if written % 2 == 0 { &store } else { &beside };
        writer.write(move |t| put(t, written)).await.unwrap();
    }
    assert_eq!(Store::open(copy_of(dir.path()).path()).unwrap().finding(), None);
    let killed = copy_of(dir.path());
    fs::remove_file(file(&killed, "control.sqlite-wal")).unwrap();
    let store = Store::open(killed.path()).unwrap();
    assert!(matches!(store.finding(), Some(StoreDefect::Older { made: 9, .. })));
}

#[tokio::test]
async fn a_seal_that_is_replaced_or_removed_while_it_is_open_ends_all_writing() {
    let dir = tempdir().unwrap();
    let store = store_in(dir.path());
    store.write(|t| put(t, 1)).await.unwrap();
    fs::remove_file(dir.path().join("control.seal")).unwrap();
    let refused = store.write(|t| put(t, 2)).await.expect_err("fails closed");
    assert!(refused.to_string().contains("control.seal is gone"), "{refused}");
}

#[test]
fn nothing_is_opened_where_nothing_was_founded() {
    let dir = tempdir().unwrap();
    let absent = dir.path().join("typo");
    for place in [dir.path(), &absent] {
        for opened in [Store::open(place), Store::open_beside(place)] {
            let refused = opened.expect_err("nothing is there");
            assert!(matches!(refused, StoreError::NotFounded { .. }), "{refused}");
            assert!(refused.to_string().contains("aerodb-control init"), "{refused}");
        }
    }
    assert!(!absent.exists());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn the_count_of_commits_only_grows() {
    let dir = tempdir().unwrap();
    drop(store_in(dir.path()));
    let file = shell(&dir.path().join(DATABASE_FILE));
    for sql in [
        "UPDATE store SET commits = 0",
        "UPDATE store SET commits = 5, file_id = 'ffffffffffffffffffffffffffffffff'",
        "UPDATE store SET commits = 5, heads_from = 7",
        "DELETE FROM store",
        "INSERT OR REPLACE INTO store VALUES (1, '00000000000000000000000000000000', 0, 0)",
    ] {
        file.execute_batch(sql).expect_err(sql);
    }
    file.execute_batch("UPDATE store SET commits = 1").unwrap();
}
