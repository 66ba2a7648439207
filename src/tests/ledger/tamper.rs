//! Whatever is done to a log behind its back is found, and the first record that is wrong is named.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::records::*;
use aerodb_control::ledger::chain::{Chain, verify};
use aerodb_control::ledger::{
    ExpectedLog, LedgerError, LedgerReader, LogFilter, VerifyError, verify_file,
};
use aerodb_control::model::action::Stage;
use aerodb_control::model::answer::LogHead;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::record::{Entry, Record};
use aerodb_control::store::{DATABASE_FILE, StoreReader};
use rusqlite::{Connection, params};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

const SIZE: u64 = 11;

/// A closed file with the story of three actions, its leaves, and its head.
struct Log {
    dir: TempDir,
    leaves: Vec<Vec<u8>>,
    head: LogHead,
}

async fn log() -> Log {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    let mut all = Vec::new();
    for (number, stages) in [
        (1, [&TO_UNKNOWN[..4], &[Stage::Executed]].concat()),
        (2, vec![Stage::Requested, Stage::Rejected]),
        (3, TO_UNKNOWN[..4].to_vec()),
    ] {
        all.extend(ledger.append(steps(id(number), &stages)).await.unwrap());
    }
    let head = ledger.reader().head().unwrap();
    assert_eq!(head.size, SIZE);
    drop((store, ledger));
    Log { dir, leaves: all.iter().map(|r| r.record.leaf()).collect(), head }
}

impl Log {
    fn expected(&self) -> ExpectedLog {
        ExpectedLog { head: Some(self.head.clone()), ..ExpectedLog::default() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(DATABASE_FILE)
    }

    /// A connection on which every rule of the file is gone.
    fn lawless(&self) -> Connection {
        let connection = shell(&self.path());
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
        let names: Vec<String> = {
            let mut statement = connection.prepare(sql).unwrap();
            let names = statement.query_map([], |row| row.get(0)).unwrap();
            names.map(Result::unwrap).collect()
        };
        for name in names {
            connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
        connection
    }

    /// Runs `sql` on a copy and answers what verification says of it.
    fn after(&self, sql: &str) -> VerifyError {
        let copy = tempdir().unwrap();
        let path = copy.path().join(DATABASE_FILE);
        fs::copy(self.path(), &path).unwrap();
        let copy = Log { dir: copy, leaves: vec![], head: self.head.clone() };
        copy.lawless().execute_batch(sql).unwrap();
        check(&path).expect_err(sql)
    }
}

fn check(path: &Path) -> Result<u64, VerifyError> {
    verify_file(path, &ExpectedLog::default(), &mut |_| ()).map(|verified| verified.size)
}

fn broken_at(error: &VerifyError) -> Option<u64> {
    if let VerifyError::Broken(broken) = error { Some(broken.seq) } else { None }
}

/// The leaves from `from` on, each naming the one before it again: what an attacker does who knows
/// the format.
fn rechained(leaves: &[Vec<u8>], from: usize) -> Vec<Vec<u8>> {
    let mut new: Vec<Vec<u8>> = leaves.iter().take(from).cloned().collect();
    for leaf in leaves.iter().skip(from) {
        let mut record: Record = serde_json::from_slice(leaf).unwrap();
        record.seq = new.len() as u64;
        record.prev = new.last().map(|leaf| Hash::of_leaf(leaf));
        new.push(record.leaf());
    }
    new
}

#[tokio::test]
async fn an_untouched_log_verifies_live_and_closed_and_tells_its_progress() {
    let log = log().await;
    let mut heard = Vec::new();
    let verified = verify_file(&log.path(), &log.expected(), &mut |n| heard.push(n)).unwrap();
    assert_eq!(LogHead::from(verified), log.head);
    assert_eq!(heard, [SIZE]);
    assert_eq!(verify(&log.leaves).unwrap(), verified);

    let (_store, ledger, _) = ledger_in(log.dir.path());
    ledger.append(vec![step(id(3), Stage::Unknown)]).await.unwrap();
    assert_eq!(check(&log.path()).unwrap(), SIZE + 1, "what is not in the main file yet is seen");
    let remembered = verify_file(&log.path(), &log.expected(), &mut |_| ());
    assert_eq!(remembered.unwrap().size, SIZE + 1, "an earlier head is part of a longer log");
}

/// C9.2.
#[tokio::test]
async fn every_flipped_bit_of_a_leaf_is_found_in_the_file_at_its_own_number() {
    let log = log().await;
    let connection = log.lawless();
    let mut flips = 0;
    for (seq, leaf) in log.leaves.iter().enumerate() {
        // One leaf at every byte, the others at a sample.
        let stride = if seq == 4 { 1 } else { 23 };
        for at in (0..leaf.len()).step_by(stride) {
            let mut bent = leaf.clone();
            bent[at] ^= 1 << (at % 8);
            let sql = "UPDATE leaf SET bytes = ?1 WHERE seq = ?2";
            connection.execute(sql, params![bent, seq]).unwrap();
            let error = check(&log.path()).expect_err("bent");
            assert_eq!(broken_at(&error), Some(seq as u64), "byte {at} of record {seq}: {error}");
            connection.execute(sql, params![leaf, seq]).unwrap();
            flips += 1;
        }
    }
    println!("{flips} flipped bits, all found");
    assert!(flips > 700);
    // Only the dropped triggers are left to complain about.
    assert!(matches!(check(&log.path()), Err(VerifyError::Derived { size: SIZE, .. })));
}

#[tokio::test]
async fn every_flipped_bit_of_a_leaf_is_found_in_the_chain_alone_at_it_or_at_the_next() {
    let log = log().await;
    for (seq, leaf) in log.leaves.iter().enumerate() {
        for at in 0..leaf.len() {
            let mut bent = log.leaves.clone();
            bent[seq][at] ^= 1 << (at % 8);
            let mut chain = Chain::expecting(log.head.clone());
            let broken = bent.iter().find_map(|leaf| chain.push(leaf).err()).expect("bent");
            let (found, seq) = (broken.seq, seq as u64);
            assert!(found == seq || found == seq + 1, "byte {at} of record {seq}: {broken}");
        }
    }
}

#[tokio::test]
async fn records_that_are_swapped_deleted_doubled_or_inserted_are_found() {
    let log = log().await;
    let at = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut leaves = log.leaves.clone();
        change(&mut leaves);
        verify(&leaves).expect_err("changed").seq
    };
    assert_eq!(at(&|l| l.swap(3, 5)), 3);
    assert_eq!(at(&|l| drop(l.remove(0))), 0);
    assert_eq!(at(&|l| drop(l.remove(6))), 6);
    assert_eq!(at(&|l| l.insert(4, l[3].clone())), 4);
    // Somebody who makes the numbers and hashes fit again is stopped by what the records say.
    assert_eq!(
        verify(rechained(&[&log.leaves[..2], &log.leaves[3..]].concat(), 2)).unwrap_err().seq,
        2
    );
    let twice = [&log.leaves[..3], &log.leaves[2..]].concat();
    let broken = verify(rechained(&twice, 3)).unwrap_err();
    assert_eq!(broken.seq, 3);
    assert!(broken.why.contains("cannot go from confirmed to confirmed"), "{broken}");

    for (sql, seq) in [
        ("DELETE FROM leaf WHERE seq = 0", 0),
        ("DELETE FROM leaf WHERE seq = 6", 6),
        ("DELETE FROM entry WHERE seq = 6", 6),
        ("UPDATE leaf SET seq = 99 WHERE seq = 4", 4),
        ("INSERT INTO leaf SELECT 11, hash, bytes FROM leaf WHERE seq = 10", 11),
        (
            "INSERT INTO entry SELECT 11, at_ms, kind, actor, action, action_kind, node FROM entry WHERE seq = 10",
            11,
        ),
    ] {
        let error = log.after(sql);
        assert_eq!(broken_at(&error), Some(seq), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_leaf_that_is_early_unknown_too_long_homeless_or_spelt_otherwise_is_refused() {
    let log = log().await;
    let fresh = || {
        let mut chain = Chain::new();
        log.leaves.iter().take(3).for_each(|leaf| drop(chain.push(leaf).unwrap()));
        chain
    };
    let text = String::from_utf8(log.leaves[3].clone()).unwrap();
    let early = text.replace("2026-", "2025-");
    let spaced = text.replace("\"v\":1", "\"v\": 1");
    let other_time = text.replace(".000Z", "Z");
    let newer = text.replace("\"v\":1", "\"v\":2");
    let extra = text.replace("\"v\":1", "\"v\":1,\"z\":1");
    let renumbered = text.replace("\"seq\":3", "\"seq\":4");
    let homeless = text.replace(&format!("\"{}\"", id(1)), "null");
    let overlong = format!("{text}{}", " ".repeat(70_000));
    for (leaf, words) in [
        (early, "does not say so"),
        (spaced, "canonical"),
        (other_time, "canonical"),
        (newer, "version 2"),
        (renumbered, "says that it is record 4"),
        (extra, "unknown field"),
        (homeless, "without an action"),
        (overlong, "bytes"),
        (String::new(), "not a record"),
    ] {
        assert_ne!(leaf, text, "{words}");
        let broken = fresh().push(leaf.as_bytes()).expect_err(words);
        assert!(broken.seq == 3 && broken.why.contains(words), "{broken}");
    }
    fresh().push(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_log_that_was_cut_or_written_anew_is_found_only_against_a_head_that_was_noted() {
    let log = log().await;
    let anew = |from: usize, change: &dyn Fn(&mut Record)| {
        let mut leaves = log.leaves.clone();
        let mut record: Record = serde_json::from_slice(&leaves[from]).unwrap();
        change(&mut record);
        leaves[from] = record.leaf();
        rechained(&leaves, from)
    };
    let against = |leaves: &[Vec<u8>]| {
        let mut chain = Chain::expecting(log.head.clone());
        leaves.iter().try_for_each(|leaf| chain.push(leaf).map(drop))?;
        chain.finish()
    };
    let cut = &log.leaves[..9];
    assert_eq!(verify(cut).unwrap().size, 9);
    assert_eq!(against(cut).unwrap_err().seq, 9);

    let other = anew(0, &|r| {
        if let Entry::Requested { reason: said, .. } = &mut r.entry {
            *said = reason("another reason");
        }
    });
    assert_eq!(verify(&other).unwrap().size, SIZE, "it holds together");
    assert_eq!(against(&other).unwrap_err().seq, SIZE - 1, "and is not the log that was noted");

    let sql = "DELETE FROM transition WHERE seq >= 9; DELETE FROM blob WHERE seq >= 9;
               DELETE FROM leaf WHERE seq >= 9; DELETE FROM entry WHERE seq >= 9;
               DELETE FROM open_action";
    log.lawless().execute_batch(sql).unwrap();
    let error = check(&log.path()).expect_err("the index is left");
    assert_eq!(broken_at(&error), Some(9), "{error}");
    let error = verify_file(&log.path(), &log.expected(), &mut |_| ()).expect_err("cut");
    assert_eq!(broken_at(&error), Some(9), "{error}");
    let sql = "INSERT INTO entry_index (entry_index) VALUES ('delete-all')";
    shell(&log.path()).execute_batch(sql).unwrap();
    let error = check(&log.path()).expect_err("the index is gone");
    assert_eq!(broken_at(&error), Some(0), "{error}");
}

#[tokio::test]
async fn a_column_a_step_or_a_blob_that_says_something_else_is_found_at_its_record() {
    let log = log().await;
    for (sql, seq) in [
        ("UPDATE entry SET kind = 'withdrawn' WHERE seq = 2", 2),
        ("UPDATE entry SET actor = 'mallory' WHERE seq = 8", 8),
        ("UPDATE entry SET actor = NULL WHERE seq = 8", 8),
        ("UPDATE entry SET at_ms = at_ms + 1 WHERE seq = 10", 10),
        ("UPDATE entry SET action = zeroblob(16) WHERE seq = 5", 5),
        ("UPDATE leaf SET hash = zeroblob(32) WHERE seq = 7", 7),
        ("UPDATE transition SET t = 9 WHERE seq = 4", 4),
        ("DELETE FROM transition WHERE seq = 6", 6),
        ("UPDATE transition SET seq = 99 WHERE seq = 10", 10),
        ("UPDATE blob SET data = x'28b52ffd00' WHERE seq = 6", 6),
        ("UPDATE blob SET data = zeroblob(32) WHERE seq = 8 AND encoding = 0", 8),
        ("UPDATE blob SET raw_len = raw_len + 1 WHERE seq = 8", 8),
        ("UPDATE blob SET raw_len = 1e18 WHERE seq = 8 AND encoding = 1", 8),
        ("DELETE FROM blob WHERE seq = 1", 1),
        ("UPDATE blob SET seq = 2 WHERE seq = 1", 1),
        ("INSERT INTO blob VALUES (zeroblob(32), 9, 0, 1, x'00')", 9),
        ("INSERT INTO blob VALUES (zeroblob(32), 42, 0, 1, x'00')", SIZE),
        ("INSERT INTO transition (action, f, t, seq) VALUES (zeroblob(16), 0, 1, 42)", SIZE),
    ] {
        let error = log.after(sql);
        assert_eq!(broken_at(&error), Some(seq), "{sql}: {error}");
    }
    for (sql, words) in [
        ("DELETE FROM open_action", "open actions"),
        ("INSERT INTO open_action VALUES (zeroblob(16))", "open actions"),
        ("INSERT INTO edge VALUES (3, 4)", "stages"),
        ("CREATE TABLE notes (a)", "schema"),
    ] {
        let error = log.after(sql);
        assert!(matches!(error, VerifyError::Derived { size: SIZE, .. }), "{sql}: {error}");
        assert!(error.to_string().contains(words), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_page_of_the_file_that_is_overwritten_is_an_error_and_never_a_good_log() {
    let log = log().await;
    let good = fs::read(log.path()).unwrap();
    let pages = good.len() / 4096;
    let mut found = 0;
    for page in 0..pages {
        let mut bad = good.clone();
        bad[page * 4096..(page + 1) * 4096].fill(0xa5);
        let copy = tempdir().unwrap();
        let path = copy.path().join(DATABASE_FILE);
        fs::write(&path, bad).unwrap();
        found += usize::from(check(&path).is_err());
    }
    assert_eq!(found, pages);
}

#[tokio::test]
async fn a_damaged_record_is_never_shown_and_nothing_is_built_on_it() {
    let log = log().await;
    let connection = log.lawless();
    let leaf = String::from_utf8(log.leaves[5].clone()).unwrap().replace("planned", "dreamed");
    connection
        .execute("UPDATE leaf SET bytes = ?1 WHERE seq = 5", params![leaf.into_bytes()])
        .unwrap();
    let reader = LedgerReader::new(StoreReader::open_read_only(&log.path()).unwrap());
    let is_five = |error: LedgerError| matches!(error, LedgerError::Damaged { seq: 5, .. });
    assert!(is_five(reader.record(5).expect_err("damaged")));
    assert!(is_five(reader.page(None, 50, &LogFilter::default()).expect_err("damaged")));
    assert!(is_five(reader.trail(id(2)).expect_err("damaged")));
    assert!(is_five(reader.actions(None, 50).expect_err("damaged")));
    assert_eq!(reader.trail(id(1)).unwrap().len(), 5, "what is whole is shown");

    connection.execute("UPDATE leaf SET hash = zeroblob(32) WHERE seq = 10", []).unwrap();
    assert!(matches!(reader.head(), Err(LedgerError::Damaged { seq: 10, .. })));
}

#[test]
fn a_file_that_is_not_a_log_is_refused_and_not_called_good() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("nothing");
    assert!(matches!(check(&path), Err(VerifyError::Store(_))));
    assert!(!path.exists(), "verifying makes no file");
    fs::write(&path, "minutes of a meeting, ".repeat(300)).unwrap();
    assert!(matches!(check(&path), Err(VerifyError::Store(_))));
}
