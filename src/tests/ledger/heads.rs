//! The tree and the signed heads in the database: written with the records, read without reading the
//! log again, and found out when somebody changes them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::records::*;
use aerodb_control::ledger::note::{LogKey, LogSigner};
use aerodb_control::ledger::tree::*;
use aerodb_control::ledger::{
    Draft, ExpectedLog, KEY_FILE, KeyError, Ledger, LedgerError, LogFilter, VerifyError, open_key,
    verify_file,
};
use aerodb_control::model::actor::AuthMethod;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::record::Entry;
use aerodb_control::store::{DATABASE_FILE, Store};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const NAME: &str = "aerodb/test/1";
/// Two full tiles and an edge.
const SIZE: u64 = 600;

pub(crate) fn signer() -> LogSigner {
    LogSigner::new(NAME, &[7; 32]).unwrap()
}

pub(crate) fn boot(key: &LogKey) -> Draft {
    let entry = Entry::Boot {
        version: "0".to_owned(),
        cluster: "test".to_owned(),
        note: String::new(),
        interrupted: vec![],
        log_key: Some(key.to_string()),
        settings: None,
        last_run: None,
    };
    Draft::new(None, None, entry)
}

pub(crate) fn others(count: usize) -> Vec<Draft> {
    vec![Draft::new(Some(alice()), None, Entry::SignedIn { by: AuthMethod::Password }); count]
}

/// A closed log of a start and 599 records in batches that do not fit the tiles.
async fn log() -> TempDir {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    let ledger = ledger.signing(signer());
    ledger.append(vec![boot(&signer().public())]).await.unwrap();
    for batch in [1, 200, 53, 2, 300, 42, 1] {
        ledger.append(others(batch)).await.unwrap();
    }
    drop((store, ledger));
    dir
}

fn check(dir: &Path) -> Result<u64, VerifyError> {
    let expected = ExpectedLog { key: Some(signer().public()), ..ExpectedLog::default() };
    let verified = verify_file(&dir.join(DATABASE_FILE), &expected, &mut |_| ());
    verified.map(|verified| verified.size)
}

/// What verification says after somebody with a shell did this.
async fn after(sql: &str) -> (Option<u64>, String) {
    let dir = log().await;
    let connection = shell(&dir.path().join(DATABASE_FILE));
    let triggers = "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM sqlite_schema
                    WHERE type = 'trigger'";
    let drop: String = connection.query_row(triggers, [], |row| row.get(0)).unwrap();
    connection.execute_batch(&drop).unwrap();
    connection.execute_batch(sql).unwrap();
    let error = check(dir.path()).expect_err(sql);
    let seq = if let VerifyError::Broken(broken) = &error { Some(broken.seq) } else { None };
    (seq, error.to_string())
}

#[tokio::test]
async fn tiles_and_heads_are_stored_with_the_records_and_verify() {
    let dir = log().await;
    assert_eq!(check(dir.path()).unwrap(), SIZE);
    let connection = shell(&dir.path().join(DATABASE_FILE));
    let text = |sql: &str| connection.query_row(sql, [], |r| r.get::<_, String>(0)).unwrap();
    let tiles = "SELECT group_concat(level || '/' || idx) FROM tile";
    assert_eq!(text(tiles), "0/0,0/1");
    // Each append stores the head of everything, itself included.
    let heads = "SELECT group_concat(size) FROM checkpoint";
    assert_eq!(text(heads), "1,2,202,255,257,557,599,600");
}

#[tokio::test]
async fn every_record_is_proven_and_every_earlier_head_is_the_beginning() {
    let dir = log().await;
    let (_store, ledger, _) = ledger_in(dir.path());
    assert!(matches!(ledger.reader().signed_head(), Err(LedgerError::NoKey)));
    let reader = ledger.signing(signer()).reader();
    let head = reader.signed_head().unwrap();
    let seen = signer().public().open(&head.note).unwrap();
    assert_eq!((seen.size, seen.root), (SIZE, head.root));
    for seq in 0..SIZE {
        let proof = reader.proof(seq, None).unwrap().unwrap();
        let leaf = Hash::of_leaf(&proof.record.record.leaf());
        assert_eq!(proof.root, head.root);
        verify_inclusion(seq, SIZE, leaf, &proof.path, head.root).unwrap();
    }
    for from in (1..=SIZE).step_by(7) {
        let proof = reader.consistency(from, None).unwrap().unwrap();
        let before = TreeHead { size: from, root: proof.from_root };
        verify_consistency(before, seen, &proof.path).unwrap();
        let old = reader.proof(from - 1, Some(from)).unwrap().unwrap();
        assert_eq!(old.root, proof.from_root);
    }
    for (seq, size) in [(SIZE, None), (0, Some(SIZE + 1)), (5, Some(5)), (u64::MAX, None)] {
        assert_eq!(reader.proof(seq, size).unwrap(), None, "{seq} {size:?}");
    }
    for (from, to) in [(0, None), (SIZE + 1, None), (5, Some(4)), (5, Some(u64::MAX))] {
        assert_eq!(reader.consistency(from, to).unwrap(), None, "{from} {to:?}");
    }
}

#[tokio::test]
async fn a_start_reads_the_end_of_the_log_only_and_verification_all_of_it() {
    let dir = log().await;
    let connection = shell(&dir.path().join(DATABASE_FILE));
    let triggers = "DROP TRIGGER leaf_update; DROP TRIGGER entry_update; DROP TRIGGER tile_update";
    connection.execute_batch(triggers).unwrap();
    // Everything that is older than the edge of the tree and the key, and no part of a page at its end.
    let damage = "UPDATE leaf SET bytes = x'00', hash = zeroblob(32) WHERE seq BETWEEN 1 AND 511;
                  UPDATE entry SET at_ms = 0 WHERE seq BETWEEN 1 AND 511;
                  UPDATE tile SET hashes = zeroblob(8192)";
    connection.execute_batch(damage).unwrap();
    drop(connection);
    // The rules that were dropped are what opening a store complains about, so they come back first.
    restore_triggers(dir.path());
    let (store, ledger, _) = ledger_in(dir.path());
    let ledger = ledger.signing(signer());
    assert_eq!(ledger.reader().log_key().unwrap(), Some(signer().public()));
    ledger.append(others(3)).await.unwrap();
    let head = ledger.reader().signed_head().unwrap();
    assert_eq!(head.head.size, SIZE + 3);
    assert_eq!(ledger.reader().page(None, 50, &LogFilter::default()).unwrap().records.len(), 50);
    drop((store, ledger));
    let error = check(dir.path()).expect_err("damaged");
    assert!(matches!(&error, VerifyError::Broken(broken) if broken.seq == 1), "{error}");
}

/// Makes the triggers of the schema that are missing.
fn restore_triggers(dir: &Path) {
    let connection = shell(&dir.join(DATABASE_FILE));
    let schema = include_str!("../../store/schema.sql");
    for part in schema.split("CREATE TRIGGER ").skip(1) {
        let (body, _) = part.split_once("END;").unwrap();
        let name = body.split_whitespace().next().unwrap();
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = ?1";
        let found: u32 = connection.query_row(sql, [name], |row| row.get(0)).unwrap();
        if found == 0 {
            connection.execute_batch(&format!("CREATE TRIGGER {body}END;")).unwrap();
        }
    }
}

#[tokio::test]
async fn a_restart_and_a_second_process_go_on_with_the_same_tree() {
    let dir = log().await;
    let (store, ledger, clock) = ledger_in(dir.path());
    let ledger = ledger.signing(signer());
    ledger.append(others(1)).await.unwrap();
    // A command on the same data directory, beside the server.
    let beside = Store::open_beside(dir.path()).unwrap();
    let keyless = Ledger::open(&beside, clock).unwrap();
    assert!(matches!(keyless.append(others(1)).await, Err(LedgerError::NoKey)));
    keyless.signing(signer()).append(others(200)).await.unwrap();
    ledger.append(others(300)).await.unwrap();
    ledger.append(others(1)).await.unwrap();
    drop((store, ledger, beside));
    assert_eq!(check(dir.path()).unwrap(), SIZE + 502);
}

#[tokio::test]
async fn what_was_rolled_back_is_in_no_tree_and_under_no_head() {
    let dir = log().await;
    let (store, ledger, _) = ledger_in(dir.path());
    let ledger = ledger.signing(signer());
    let mut bad = others(300);
    bad.push(step(id(1), aerodb_control::model::action::Stage::Confirmed));
    assert!(matches!(ledger.append(bad).await, Err(LedgerError::IllegalStep { .. })));
    ledger.append(others(300)).await.unwrap();
    drop((store, ledger));
    assert_eq!(check(dir.path()).unwrap(), SIZE + 300);
}

#[tokio::test]
async fn the_database_itself_takes_no_tile_or_head_that_cannot_be() {
    let dir = log().await;
    let connection = shell(&dir.path().join(DATABASE_FILE));
    let tile = "INSERT INTO tile (level, idx, root, hashes) SELECT";
    for (sql, words) in [
        ("UPDATE tile SET root = zeroblob(32)".to_owned(), "append-only"),
        ("DELETE FROM tile".to_owned(), "append-only"),
        ("UPDATE checkpoint SET note = ''".to_owned(), "append-only"),
        ("DELETE FROM checkpoint".to_owned(), "append-only"),
        (format!("{tile} 0, 1, zeroblob(32), zeroblob(8192)"), "not dense"),
        (format!("{tile} 0, 2, zeroblob(32), zeroblob(8192)"), "leaves that are there"),
        (format!("{tile} 1, 0, zeroblob(32), zeroblob(8192)"), "leaves that are there"),
        ("INSERT INTO checkpoint VALUES (601, zeroblob(32), '')".to_owned(), "in order"),
        ("INSERT INTO checkpoint VALUES (5, zeroblob(32), '')".to_owned(), "in order"),
    ] {
        let error = connection.execute_batch(&sql).expect_err(&sql).to_string();
        assert!(error.contains(words), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_changed_tile_or_head_is_found_and_the_record_is_named() {
    let bent = "CAST(substr(hashes, 1, 32 * 9) || zeroblob(32) || substr(hashes, 321) AS BLOB)";
    for (sql, seq, words) in [
        (format!("UPDATE tile SET hashes = {bent} WHERE idx = 1"), 265, "another hash"),
        ("UPDATE tile SET root = zeroblob(32) WHERE idx = 1".to_owned(), 256, "another root"),
        ("DELETE FROM tile WHERE idx = 0".to_owned(), 0, "missing"),
        ("UPDATE checkpoint SET size = 258 WHERE size = 257".to_owned(), 257, "do not say"),
        ("UPDATE checkpoint SET root = zeroblob(32) WHERE size = 202".to_owned(), 201, "columns"),
        ("UPDATE checkpoint SET note = '' WHERE size = 202".to_owned(), 201, "form"),
        ("INSERT INTO checkpoint VALUES (601, zeroblob(32), '')".to_owned(), 600, "ends here"),
    ] {
        let (found, why) = after(&sql).await;
        assert_eq!(found, Some(seq), "{sql}: {why}");
        assert!(why.contains(words), "{sql}: {why}");
    }
    let tile = "INSERT INTO tile VALUES (1, 0, zeroblob(32), zeroblob(8192))";
    assert!(after(tile).await.1.contains("1 tiles of level 1"));
    let cut = "DELETE FROM leaf WHERE seq >= 590; DELETE FROM entry WHERE seq >= 590;";
    assert_eq!(after(cut).await.0, Some(590), "a log that was cut below its newest signed head");
}

#[tokio::test]
async fn a_newest_record_without_a_signed_head_is_found() {
    for (sql, seq) in [
        ("DELETE FROM checkpoint WHERE size = 600", 599),
        ("DELETE FROM checkpoint WHERE size > 557", 557),
        ("DELETE FROM checkpoint", 0),
    ] {
        let (found, why) = after(sql).await;
        assert_eq!(found, Some(seq), "{sql}: {why}");
        assert!(why.contains("no signed head covers it"), "{sql}: {why}");
    }
    let verified =
        verify_file(&log().await.path().join(DATABASE_FILE), &ExpectedLog::default(), &mut |_| ());
    assert_eq!(verified.unwrap().signed, SIZE);
}

#[tokio::test]
async fn heads_that_were_signed_with_another_key_are_found() {
    let dir = log().await;
    let other = LogSigner::new(NAME, &[8; 32]).unwrap();
    let (_store, ledger, _) = ledger_in(dir.path());
    let root = ledger.reader().proof(0, None).unwrap().unwrap().root;
    let note = other.sign(TreeHead { size: SIZE, root });
    let sql = format!(
        "DROP TRIGGER checkpoint_update;
         UPDATE checkpoint SET root = x'{root}', note = '{note}' WHERE size = {SIZE}"
    );
    shell(&dir.path().join(DATABASE_FILE)).execute_batch(&sql).unwrap();
    let error = check(dir.path()).expect_err("another key").to_string();
    assert!(error.contains("record 599") && error.contains("not signed by"), "{error}");
    // Who noted the key down also finds a log that names another one from its first record on.
    let expected = ExpectedLog { key: Some(other.public()), ..ExpectedLog::default() };
    let fresh = log().await;
    let path = fresh.path().join(DATABASE_FILE);
    let error = verify_file(&path, &expected, &mut |_| ()).expect_err("another log").to_string();
    assert!(error.contains("record 0: it names another key"), "{error}");
}

#[tokio::test]
async fn a_damaged_edge_or_tile_makes_no_proof_and_takes_no_record() {
    let dir = log().await;
    let path = dir.path().join(DATABASE_FILE);
    let sql = "DROP TRIGGER tile_update; UPDATE tile SET hashes = zeroblob(8192) WHERE idx = 1";
    shell(&path).execute_batch(sql).unwrap();
    let reader = aerodb_control::ledger::LedgerReader::new(
        aerodb_control::store::StoreReader::open_read_only(&path).unwrap(),
    );
    assert!(matches!(reader.proof(300, None), Err(LedgerError::Damaged { seq: 300, .. })));
}

#[test]
fn the_key_is_made_once_for_its_owner_only_and_never_replaced() {
    let dir = tempdir().unwrap();
    let entropy = HashedEntropy::default();
    let open = |name: &str, named: Option<&LogKey>| open_key(dir.path(), name, named, &entropy);
    let path = dir.path().join(KEY_FILE);
    let named = signer().public();
    assert!(matches!(open(NAME, Some(&named)), Err(KeyError::Missing { .. })));
    assert!(!path.exists(), "a key that is lost is not made anew");

    fs::write(dir.path().join("log.key.unfinished"), "half of a k").unwrap();
    let key = open(NAME, None).unwrap().public();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!dir.path().join("log.key.unfinished").exists());
    let bytes = fs::read(&path).unwrap();
    assert_eq!(open(NAME, None).unwrap().public(), key);
    assert_eq!(open(NAME, Some(&key)).unwrap().public(), key);
    assert!(matches!(open(NAME, Some(&named)), Err(KeyError::Other { .. })));
    assert!(matches!(open("aerodb/test/2", None), Err(KeyError::Other { .. })));

    for mode in [0o640, 0o604, 0o660, 0o777] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(matches!(open(NAME, Some(&key)), Err(KeyError::Exposed { .. })), "{mode:o}");
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    for bad in [&b""[..], b"\xff\xfe", b"PRIVATE+KEY+x+y+z\n", &bytes[..bytes.len() - 3]] {
        fs::write(&path, bad).unwrap();
        let error = open(NAME, Some(&key)).expect_err("bad").to_string();
        assert!(!error.contains("PRIVATE"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bad, "it is left as it is");
    }
}
