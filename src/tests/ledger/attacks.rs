//! Seven ways to falsify a log, by somebody with a shell and by somebody who also holds the key: what
//! the database, an export and a browser that saw a later head each find, and what nobody can find who
//! remembers nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::ledger::heads::boot;
use crate::records::*;
use aerodb_control::ledger::head_check::{HeadError, TrustedHead, check_head, check_past};
use aerodb_control::ledger::note::LogSigner;
use aerodb_control::ledger::{
    Draft, ExpectedLog, Ledger, LedgerReader, VerifyError, export, verify_export, verify_file,
};
use aerodb_control::model::action::Stage;
use aerodb_control::model::actor::{Actor, AuthMethod};
use aerodb_control::model::answer::LogHead;
use aerodb_control::model::record::{Entry, Record};
use aerodb_control::serve::ambient::SystemRoom;
use aerodb_control::store::{DATABASE_FILE, Store};
use std::path::Path;
use tempfile::{TempDir, tempdir};

const NAME: &str = "aerodb/test/1";
const SIZE: u64 = 320;

fn key(number: u8) -> LogSigner {
    LogSigner::new(NAME, &[number; 32]).unwrap()
}

/// The drafts of an honest log: a start, two actions, and people who come and go.
fn honest() -> Vec<Draft> {
    let mut drafts = vec![boot(&key(7).public())];
    for number in 0..300u32 {
        let who = name(if number.is_multiple_of(3) { "alice" } else { "bob" });
        drafts.push(Draft::new(
            Some(Actor { name: who, ..alice() }),
            None,
            Entry::SignedIn { by: AuthMethod::Password },
        ));
    }
    for number in 1..=4 {
        drafts.extend(steps(id(number), &TO_UNKNOWN[..4]));
        drafts.push(step(id(number), Stage::Executed));
    }
    drafts.truncate(usize::try_from(SIZE).unwrap());
    drafts
}

/// A log of these drafts, as a control plane with this key writes it.
async fn write(drafts: &[Draft], signer: LogSigner) -> (TempDir, Store, LedgerReader) {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    let (first, rest) = drafts.split_first().unwrap();
    let ledger: Ledger = ledger.signing(signer);
    ledger.append(vec![first.clone()]).await.unwrap();
    for batch in rest.chunks(20) {
        ledger.append(batch.to_vec()).await.unwrap();
    }
    let reader = ledger.reader();
    (dir, store, reader)
}

/// What is remembered of the honest log elsewhere.
struct HonestHead {
    head: LogHead,
    browser: TrustedHead,
}

impl HonestHead {
    fn expected(&self) -> ExpectedLog {
        ExpectedLog { head: Some(self.head.clone()), ..ExpectedLog::default() }
    }
}

/// The key that was noted down.
fn with_key() -> ExpectedLog {
    ExpectedLog { key: Some(key(7).public()), ..ExpectedLog::default() }
}

async fn noted() -> HonestHead {
    let (_dir, _store, reader) = write(&honest(), key(7)).await;
    let head = reader.signed_head().unwrap();
    let browser = check_head(&head, None).unwrap();
    HonestHead { head: head.head, browser }
}

/// What the browser says that remembers the honest log.
fn browse(noted: &HonestHead, reader: &LedgerReader) -> Result<(), HeadError> {
    let now = check_head(&reader.signed_head().unwrap(), Some(&noted.browser))?;
    let proof = reader.consistency(noted.browser.size, Some(now.size)).unwrap();
    check_past(&noted.browser, &now, proof.as_ref())
}

fn check(dir: &Path, expected: &ExpectedLog) -> Result<u64, VerifyError> {
    let verified = verify_file(&dir.join(DATABASE_FILE), expected, &mut |_| ());
    verified.map(|verified| verified.size)
}

fn check_exported(
    dir: &Path,
    signer: &LogSigner,
    expected: &ExpectedLog,
) -> Result<u64, VerifyError> {
    let target = tempdir().unwrap();
    let target = target.path().join("export");
    export(&dir.join(DATABASE_FILE), signer, &target, &SystemRoom, &mut |_| ()).unwrap();
    verify_export(&target, expected, &mut |_| ()).map(|verified| verified.size)
}

fn broken_at(result: Result<u64, VerifyError>) -> u64 {
    match result {
        Err(VerifyError::Broken(broken)) => broken.seq,
        other => panic!("{other:?}"),
    }
}

/// One way to falsify it: its name, and the drafts that somebody writes who holds the key.
fn forgeries() -> Vec<(&'static str, Vec<Draft>)> {
    let changed = |change: &dyn Fn(&mut Vec<Draft>)| {
        let mut drafts = honest();
        change(&mut drafts);
        drafts
    };
    vec![
        ("flip", changed(&|d| d[40].actor.as_mut().unwrap().name = name("mallory"))),
        ("delete", changed(&|d| drop(d.remove(40)))),
        ("insert", changed(&|d| d.insert(40, d[41].clone()))),
        ("reorder", changed(&|d| d.swap(40, 41))),
        ("truncate", changed(&|d| d.truncate(300))),
        ("roll back", changed(&|d| d.truncate(60))),
    ]
}

#[tokio::test]
async fn whoever_holds_the_key_deceives_only_those_who_remember_nothing() {
    let noted = noted().await;
    for (attack, drafts) in forgeries() {
        let size = drafts.len() as u64;
        let (dir, store, reader) = write(&drafts, key(7)).await;
        // It is a good log. That is why a head has to be remembered elsewhere.
        assert_eq!(check(dir.path(), &with_key()).unwrap(), size, "{attack}");
        assert_eq!(check_exported(dir.path(), &key(7), &with_key()).unwrap(), size);
        // With a head that was noted it is not, on both, at the record that the head is about or at
        // the end of what is left.
        let seq = size.min(SIZE - 1);
        assert_eq!(broken_at(check(dir.path(), &noted.expected())), seq, "{attack}");
        let exported = check_exported(dir.path(), &key(7), &noted.expected());
        assert_eq!(broken_at(exported), seq, "{attack}");
        let found = browse(&noted, &reader).expect_err(attack);
        let shorter = matches!(found, HeadError::Shrunk { before: SIZE, now } if now == size);
        let rewritten = matches!(found, HeadError::Rewritten { before: SIZE, .. });
        assert!(if size < SIZE { shorter } else { rewritten }, "{attack}: {found:?}");
        drop(store);
    }
    let (dir, _store, reader) = write(&honest(), key(7)).await;
    assert_eq!(check(dir.path(), &noted.expected()).unwrap(), SIZE, "the honest one is good");
    browse(&noted, &reader).unwrap();
}

#[tokio::test]
async fn whoever_signs_with_another_key_is_found_by_the_key_alone() {
    let noted = noted().await;
    let mut drafts = honest();
    drafts[0] = boot(&key(8).public());
    let (dir, store, reader) = write(&drafts, key(8)).await;
    assert_eq!(check(dir.path(), &ExpectedLog::default()).unwrap(), SIZE, "who noted nothing");
    assert_eq!(broken_at(check(dir.path(), &with_key())), 0);
    assert_eq!(broken_at(check_exported(dir.path(), &key(8), &with_key())), 0);
    let found = browse(&noted, &reader).expect_err("another key");
    assert!(matches!(found, HeadError::OtherKey { .. }), "{found:?}");
    drop(store);

    // The records as they are, and every stored head signed again.
    let (dir, store, _) = write(&honest(), key(7)).await;
    drop(store);
    let connection = lawless(dir.path());
    let rows: Vec<(u64, [u8; 32])> = {
        let mut statement = connection.prepare("SELECT size, root FROM checkpoint").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    for (size, root) in rows {
        let root = aerodb_control::model::canonical::Hash::from_bytes(root);
        let note = key(8).sign(aerodb_control::ledger::tree::TreeHead { size, root });
        let sql = "UPDATE checkpoint SET note = ?1 WHERE size = ?2";
        connection.execute(sql, rusqlite::params![note, size]).unwrap();
    }
    assert_eq!(broken_at(check(dir.path(), &ExpectedLog::default())), 0, "the first head");
}

fn lawless(dir: &Path) -> rusqlite::Connection {
    let connection = shell(&dir.join(DATABASE_FILE));
    let sql = "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM sqlite_schema
               WHERE type = 'trigger'";
    let drop: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    connection.execute_batch(&drop).unwrap();
    connection
}

/// Puts other leaves in the place of the stored ones, chained and hashed as they should be, but with
/// the tiles and heads as they are: the key is not at hand.
fn replace(dir: &Path, leaves: &[Vec<u8>]) {
    let connection = lawless(dir);
    connection.execute_batch("DELETE FROM leaf").unwrap();
    for (seq, leaf) in leaves.iter().enumerate() {
        let hash = aerodb_control::model::canonical::Hash::of_leaf(leaf);
        let sql = "INSERT INTO leaf (seq, hash, bytes) VALUES (?1, ?2, ?3)";
        connection.execute(sql, rusqlite::params![seq, hash.bytes(), leaf]).unwrap();
    }
    let sql = "DELETE FROM entry WHERE seq >= ?1";
    connection.execute(sql, [leaves.len()]).unwrap();
}

fn chained(records: Vec<Record>) -> Vec<Vec<u8>> {
    let (mut leaves, mut before) = (Vec::new(), None);
    for (seq, mut record) in (0..).zip(records) {
        record.seq = seq;
        record.prev = before;
        leaves.push(record.leaf());
        before = leaves.last().map(|leaf| aerodb_control::model::canonical::Hash::of_leaf(leaf));
    }
    leaves
}

/// One change of the records by somebody with a shell.
type RecordTampering = Box<dyn Fn(&mut Vec<Record>)>;

/// C9.2.
#[tokio::test]
async fn whoever_has_a_shell_and_no_key_is_found_without_any_memory() {
    let (honest, store, reader) = write(&honest(), key(7)).await;
    let records: Vec<Record> =
        (0..SIZE).map(|seq| reader.record(seq).unwrap().unwrap().record).collect();
    drop(store);
    let attacks: [(&str, u64, RecordTampering); 5] = [
        ("flip", 40, Box::new(|r| r[40].actor.as_mut().unwrap().name = name("mallory"))),
        ("delete", 40, Box::new(|r| drop(r.remove(40)))),
        ("insert", 40, Box::new(|r| r.insert(40, r[41].clone()))),
        ("reorder", 40, Box::new(|r| r.swap(40, 41))),
        ("truncate", 290, Box::new(|r| r.truncate(290))),
    ];
    for (attack, seq, change) in attacks {
        let mut changed = records.clone();
        change(&mut changed);
        // Carelessly: the bytes as they were, in other places.
        let copy = tempdir().unwrap();
        let database = copy.path().join(DATABASE_FILE);
        std::fs::copy(honest.path().join(DATABASE_FILE), &database).unwrap();
        let leaves: Vec<Vec<u8>> = changed.iter().map(Record::leaf).collect();
        replace(copy.path(), &leaves);
        let found = broken_at(check(copy.path(), &ExpectedLog::default()));
        assert_eq!(found, seq, "{attack}, carelessly");
        let target = copy.path().join("export");
        let refused = export(&database, &key(7), &target, &SystemRoom, &mut |_| ());
        assert!(refused.is_err(), "what does not verify is not signed: {attack}");

        // Carefully: numbers and hashes fit again, and the columns that repeat them.
        std::fs::copy(honest.path().join(DATABASE_FILE), &database).unwrap();
        replace(copy.path(), &chained(changed));
        let found = broken_at(check(copy.path(), &ExpectedLog::default()));
        assert!(found >= seq && found <= seq + 20, "{attack}, carefully: {found}");
    }
}

#[tokio::test]
async fn a_log_from_which_all_signed_heads_were_removed_is_no_signed_log() {
    let mut drafts = honest();
    drafts.extend(vec![
        Draft::new(
            Some(alice()),
            None,
            Entry::SignedIn { by: AuthMethod::Password }
        );
        1000
    ]);
    let (dir, store, _) = write(&drafts, key(7)).await;
    drop(store);
    assert_eq!(check(dir.path(), &ExpectedLog::default()).unwrap(), SIZE + 1000);
    let connection = lawless(dir.path());
    connection.execute_batch("DELETE FROM checkpoint WHERE size > 301").unwrap();
    assert_eq!(broken_at(check(dir.path(), &ExpectedLog::default())), 301);
    connection.execute_batch("DELETE FROM checkpoint WHERE size > 281").unwrap();
    assert_eq!(broken_at(check(dir.path(), &ExpectedLog::default())), 281);
    connection.execute_batch("DELETE FROM checkpoint").unwrap();
    assert_eq!(broken_at(check(dir.path(), &ExpectedLog::default())), 0);
}

#[tokio::test]
async fn a_record_beside_other_rows_is_signed_over_by_the_next_one_too() {
    let (dir, store, _) = write(&honest()[..2], key(7)).await;
    drop(store);
    let (store, ledger, _) = ledger_in(dir.path());
    let ledger = ledger.signing(key(7));
    for _ in 0..3 {
        let (writer, draft) = (ledger.clone(), Draft::new(None, None, Entry::SetupLinkIssued {}));
        let written = store.write(move |transaction| {
            // Twice in one transaction: each time everything is signed.
            writer.append_in(transaction, vec![draft.clone()])?;
            writer.append_in(transaction, vec![draft])
        });
        written.await.unwrap();
    }
    drop((store, ledger));
    let connection = shell(&dir.path().join(DATABASE_FILE));
    let heads = "SELECT group_concat(size) FROM checkpoint";
    let heads: String = connection.query_row(heads, [], |row| row.get(0)).unwrap();
    assert_eq!(heads, "1,2,3,4,5,6,7,8");
    assert_eq!(check(dir.path(), &ExpectedLog::default()).unwrap(), 8);
}
