//! Another key for the log: only who holds the old one can give it one, whoever noted the old one down
//! can follow, and a stop in the middle leaves one of the two.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::ledger::heads::{boot, others};
use crate::records::*;
use aerodb_control::ledger::head_check::{HeadError, check_head, check_head_after};
use aerodb_control::ledger::note::{LogKey, LogSigner};
use aerodb_control::ledger::rotation::{check_rotation, rotate};
use aerodb_control::ledger::tree::TreeHead;
use aerodb_control::ledger::{
    Draft, ExpectedLog, KEY_FILE, Ledger, LedgerError, LogFilter, NEXT_KEY_FILE, VerifyError,
    existing_key, export, open_key, verify_export, verify_file,
};
use aerodb_control::model::ambient::Entropy;
use aerodb_control::model::answer::SignedHead;
use aerodb_control::model::record::Entry;
use aerodb_control::serve::ambient::SystemRoom;
use aerodb_control::store::{DATABASE_FILE, Store};
use aerodb_control::workflow::log_key::{RotateError, Rotated, rotate_log_key};
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const NAME: &str = "aerodb/test/1";

fn key(number: u8) -> LogSigner {
    LogSigner::new(NAME, &[number; 32]).unwrap()
}

/// A log of 300 records with a key in the file.
async fn log(entropy: &HashedEntropy) -> TempDir {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    let signer = open_key(dir.path(), NAME, None, entropy).unwrap();
    let key = signer.public();
    let ledger = ledger.signing(signer);
    ledger.append(vec![boot(&key)]).await.unwrap();
    ledger.append(others(298)).await.unwrap();
    ledger.append(others(1)).await.unwrap();
    drop((store, ledger));
    dir
}

async fn rotate_in(dir: &Path, entropy: &dyn Entropy) -> Result<Rotated, RotateError> {
    let (_store, ledger, _) = ledger_in(dir);
    rotate_log_key(ledger, dir, entropy, reason("the laptop was lost")).await
}

/// Starts again and appends, as a control plane does.
async fn go_on(dir: &Path, entropy: &HashedEntropy) -> (Store, Ledger) {
    let (store, ledger, _) = ledger_in(dir);
    let named = ledger.reader().log_key().unwrap();
    let signer = open_key(dir, NAME, named.as_ref(), entropy).unwrap();
    let key = signer.public();
    let ledger = ledger.signing(signer);
    ledger.append(vec![boot(&key)]).await.unwrap();
    ledger.append(others(2)).await.unwrap();
    ledger.append(others(1)).await.unwrap();
    (store, ledger)
}

fn check(dir: &Path, noted: Option<&LogKey>) -> Result<u64, VerifyError> {
    let expected = ExpectedLog { key: noted.cloned(), ..ExpectedLog::default() };
    let verified = verify_file(&dir.join(DATABASE_FILE), &expected, &mut |_| ());
    verified.map(|verified| verified.size)
}

fn broken_at(error: &VerifyError) -> Option<u64> {
    if let VerifyError::Broken(broken) = error { Some(broken.seq) } else { None }
}

#[test]
fn a_note_of_rotation_needs_both_keys_and_says_what_it_is_about() {
    let before = TreeHead { size: 7, root: aerodb_control::model::canonical::Hash::of(b"root") };
    let (old, new) = (key(1), key(2));
    let note = rotate(&old, &new, before);
    assert_eq!(check_rotation(&old.public(), &new.public(), &note), Ok(before));
    for (from, to) in [(1, 3), (3, 2), (2, 1), (1, 1)] {
        let checked = check_rotation(&key(from).public(), &key(to).public(), &note);
        assert!(checked.is_err(), "{from} {to}");
    }
    let (text, lines) = note.split_once("\n\n").unwrap();
    for line in lines.lines() {
        let lone = format!("{text}\n\n{line}\n");
        assert!(check_rotation(&old.public(), &new.public(), &lone).is_err(), "{lone}");
    }
    for bent in [note.replace("\n7\n", "\n8\n"), note.replace("v1", "v2")] {
        assert!(check_rotation(&old.public(), &new.public(), &bent).is_err(), "{bent}");
    }
    assert!(old.public().open(&note).is_err(), "it is no head");
    let head = old.sign(before);
    assert!(check_rotation(&old.public(), &new.public(), &head).is_err(), "a head is none");
    let elsewhere = LogSigner::new("aerodb/other/1", &[2; 32]).unwrap();
    let note = rotate(&old, &elsewhere, before);
    assert!(check_rotation(&old.public(), &elsewhere.public(), &note).is_err());
}

#[tokio::test]
async fn a_log_refuses_a_key_to_which_nobody_could_follow() {
    let entropy = HashedEntropy::default();
    let dir = log(&entropy).await;
    let (_store, ledger, _) = ledger_in(dir.path());
    let old = existing_key(dir.path(), None).unwrap().unwrap();
    let root = ledger.clone().signing(existing_key(dir.path(), None).unwrap().unwrap());
    let root = root.reader().signed_head().unwrap().root;
    let entry = |old: &LogSigner, new: &LogSigner, note: String| Entry::LogKeyRotated {
        old: old.public().to_string(),
        new: new.public().to_string(),
        reason: reason("mine now"),
        note,
    };
    let now = TreeHead { size: 300, root };
    let early = TreeHead { size: 299, root };
    for (entry, words) in [
        (entry(&old, &key(9), rotate(&key(8), &key(9), now)), "not signed by"),
        (entry(&old, &key(9), rotate(&old, &key(9), early)), "other records"),
        (entry(&key(8), &key(9), rotate(&key(8), &key(9), now)), "another key than"),
        (boot(&key(9).public()).entry, "no record gave it one"),
    ] {
        let error = ledger.append(vec![Draft::new(Some(alice()), None, entry)]).await;
        let error = error.expect_err(words);
        assert!(matches!(error, LedgerError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(matches!(
        ledger.clone().rotate_key(alice(), key(9), reason("no key")).await,
        Err(LedgerError::NoKey)
    ));
    assert_eq!(ledger.reader().head().unwrap().size, 300);
}

#[tokio::test]
async fn heads_before_a_rotation_are_the_old_keys_and_after_it_the_new_ones() {
    let entropy = HashedEntropy::default();
    let dir = log(&entropy).await;
    let old_signer = existing_key(dir.path(), None).unwrap().unwrap();
    let mut keys = vec![old_signer.public()];
    for round in 0..2 {
        let rotated = rotate_in(dir.path(), &entropy).await.unwrap();
        let Rotated::Now { seq, old, new } = rotated else { panic!("{rotated:?}") };
        assert_eq!((seq, old), (300 + round * 5, keys.last().unwrap().to_string()));
        keys.push(LogKey::parse(&new).unwrap());
        drop(go_on(dir.path(), &entropy).await);
    }
    assert!(!dir.path().join(NEXT_KEY_FILE).exists());
    let held = existing_key(dir.path(), None).unwrap().unwrap().public();
    assert_eq!(&held, keys.last().unwrap(), "the old one is gone");
    for noted in &keys {
        assert_eq!(
            check(dir.path(), Some(noted)).unwrap(),
            310,
            "every key that was noted leads on"
        );
    }
    let error = check(dir.path(), Some(&key(9).public())).expect_err("never a key of this log");
    assert_eq!(broken_at(&error), Some(0), "{error}");

    // A head of records after the rotation, signed by who kept the old key.
    let connection = shell(&dir.path().join(DATABASE_FILE));
    let root: Vec<u8> = connection
        .query_row("SELECT root FROM checkpoint WHERE size = 309", [], |row| row.get(0))
        .unwrap();
    let root = aerodb_control::model::canonical::Hash::from_bytes(root.try_into().unwrap());
    let note = old_signer.sign(TreeHead { size: 309, root });
    connection.execute_batch("DROP TRIGGER checkpoint_update").unwrap();
    connection.execute("UPDATE checkpoint SET note = ?1 WHERE size = 309", [note]).unwrap();
    let error = check(dir.path(), None).expect_err("an old key");
    assert_eq!(broken_at(&error), Some(308), "{error}");
    assert!(error.to_string().contains("not signed by"), "{error}");
}

#[tokio::test]
async fn an_export_is_followed_from_every_key_that_was_noted() {
    let entropy = HashedEntropy::default();
    let dir = log(&entropy).await;
    let old = existing_key(dir.path(), None).unwrap().unwrap();
    rotate_in(dir.path(), &entropy).await.unwrap();
    let new = existing_key(dir.path(), None).unwrap().unwrap();
    let database = dir.path().join(DATABASE_FILE);
    let target = dir.path().join("export");
    assert!(
        export(&database, &old, &target, &SystemRoom, &mut |_| ()).is_err(),
        "the old key signs nothing"
    );
    export(&database, &new, &target, &SystemRoom, &mut |_| ()).unwrap();
    let check = |noted: &LogSigner| {
        let expected = ExpectedLog { key: Some(noted.public()), ..ExpectedLog::default() };
        verify_export(&target, &expected, &mut |_| ()).map(|verified| verified.size)
    };
    assert_eq!((check(&old).unwrap(), check(&new).unwrap()), (301, 301));
    assert_eq!(broken_at(&check(&key(9)).expect_err("another")), Some(0));
    // Who kept the old key signs the same records again.
    let root = verify_export(&target, &ExpectedLog::default(), &mut |_| ()).unwrap().root;
    fs::write(target.join("checkpoint"), old.sign(TreeHead { size: 301, root })).unwrap();
    fs::write(target.join("vkey"), format!("{}\n", old.public())).unwrap();
    assert_eq!(broken_at(&check(&old).expect_err("put away")), Some(300));
}

#[tokio::test]
async fn a_stop_in_the_middle_leaves_the_old_key_or_the_new_one_wholly() {
    let entropy = HashedEntropy::default();
    let dir = log(&entropy).await;
    let (file, next) = (dir.path().join(KEY_FILE), dir.path().join(NEXT_KEY_FILE));
    let old_text = fs::read(&file).unwrap();
    let old = existing_key(dir.path(), None).unwrap().unwrap().public();

    // Stopped before the record: a new key lies there, and the log knows nothing of it.
    fs::write(&next, format!("{}\n", key(9).secret_text())).unwrap();
    fs::set_permissions(&next, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (store, ledger) = go_on(dir.path(), &entropy).await;
    assert_eq!(ledger.reader().log_key().unwrap(), Some(old.clone()));
    drop((store, ledger));
    let Rotated::Now { new, .. } = rotate_in(dir.path(), &entropy).await.unwrap() else {
        panic!("nothing was rotated before")
    };
    assert_ne!(new, key(9).public().to_string(), "what never signed is not taken up");

    // Stopped after the record: the old file is still in its place.
    fs::rename(&file, &next).unwrap();
    fs::write(&file, old_text).unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (store, ledger) = go_on(dir.path(), &entropy).await;
    let head = ledger.reader().signed_head().unwrap();
    assert_eq!(head.key, new, "the log is signed with the key that it names");
    assert!(next.exists(), "a start finishes nothing");
    drop((store, ledger));
    let size = check(dir.path(), Some(&old)).unwrap();
    assert_eq!(
        rotate_in(dir.path(), &entropy).await.unwrap(),
        Rotated::Before { new: new.clone() }
    );
    assert!(!next.exists());
    assert_eq!(existing_key(dir.path(), None).unwrap().unwrap().public().to_string(), new);
    assert_eq!(check(dir.path(), Some(&old)).unwrap(), size, "and no record was added");

    // Neither file holds the key that the log names: nothing is made in its place.
    fs::remove_file(&file).unwrap();
    let missing = rotate_in(dir.path(), &entropy).await;
    assert!(matches!(missing, Err(RotateError::Key(_))), "{missing:?}");
    assert!(!file.exists() && !next.exists());
}

#[tokio::test]
async fn a_browser_follows_a_rotation_and_nothing_else() {
    let entropy = HashedEntropy::default();
    let dir = log(&entropy).await;
    let head = async |dir: &Path| -> SignedHead {
        let (_store, ledger) = go_on(dir, &entropy).await;
        ledger.reader().signed_head().unwrap()
    };
    let seen = check_head(&head(dir.path()).await, None).unwrap();
    rotate_in(dir.path(), &entropy).await.unwrap();
    rotate_in(dir.path(), &entropy).await.unwrap();
    let now = head(dir.path()).await;
    let (_store, ledger, _) = ledger_in(dir.path());
    let filter = LogFilter { kind: Some("log_key_rotated"), ..LogFilter::default() };
    let mut rotations = ledger.reader().page(None, 200, &filter).unwrap().records;
    rotations.reverse();
    assert_eq!(rotations.len(), 2);
    let other = |result| matches!(result, Err(HeadError::OtherKey { .. }));
    assert!(other(check_head(&now, Some(&seen))));
    assert!(other(check_head_after(&now, Some(&seen), &rotations[1..])));
    assert!(other(check_head_after(&now, Some(&seen), &rotations[..1])));
    let followed = check_head_after(&now, Some(&seen), &rotations).unwrap();
    assert_eq!(followed.key, now.key);
    // A head that the old key signed after it was put away.
    let late = aerodb_control::ledger::head_check::TrustedHead { size: 400, ..seen.clone() };
    assert!(other(check_head_after(&now, Some(&late), &rotations)));
    let mut forged = rotations.clone();
    if let Entry::LogKeyRotated { new, .. } = &mut forged[0].record.entry {
        *new = key(9).public().to_string();
    }
    assert!(matches!(check_head_after(&now, Some(&seen), &forged), Err(HeadError::Head(_))));
}
