//! An export: whole or not there, verified from its files alone, and every changed file found out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::ledger::heads::{boot, others, signer};
use crate::records::*;
use crate::serve::opened::Disk;
use aerodb_control::ledger::note::LogSigner;
use aerodb_control::ledger::tree::TreeHead;
use aerodb_control::ledger::{
    ExpectedLog, ExportError, KEY_FILE, VerifyError, export, is_export, verify_export,
};
use aerodb_control::model::action::Stage;
use aerodb_control::model::ambient::RESERVE_BYTES;
use aerodb_control::model::answer::LogHead;
use aerodb_control::model::canonical::Hash;
use aerodb_control::serve::ambient::SystemRoom;
use aerodb_control::store::DATABASE_FILE;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::{TempDir, tempdir};

const SIZE: u64 = 600;

/// A log with a full tile, an edge and blobs, and its export.
async fn exported() -> (TempDir, PathBuf) {
    let dir = tempdir().unwrap();
    let (store, ledger, _) = ledger_in(dir.path());
    let ledger = ledger.signing(signer());
    ledger.append(vec![boot(&signer().public())]).await.unwrap();
    ledger.append(steps(id(1), &TO_UNKNOWN)).await.unwrap();
    ledger.append(others(usize::try_from(SIZE).unwrap() - 6)).await.unwrap();
    drop((store, ledger));
    let target = dir.path().join("export");
    let done =
        export(&dir.path().join(DATABASE_FILE), &signer(), &target, &SystemRoom, &mut |_| ())
            .unwrap();
    assert_eq!((done.log.size, done.blobs), (SIZE, 2));
    (dir, target)
}

fn check(dir: &Path) -> Result<u64, VerifyError> {
    verify_export(dir, &ExpectedLog::default(), &mut |_| ()).map(|verified| verified.size)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { found.extend(files(&entry)) } else { found.push(entry) }
    }
    found.sort();
    found
}

#[tokio::test]
async fn an_export_goes_only_where_nothing_is_and_is_whole_or_not_there() {
    let (dir, target) = exported().await;
    let database = dir.path().join(DATABASE_FILE);
    let to = |target: &Path, signer: &LogSigner| {
        export(&database, signer, target, &SystemRoom, &mut |_| ())
    };
    assert!(matches!(to(&target, &signer()), Err(ExportError::Occupied { .. })));
    assert!(matches!(to(&database, &signer()), Err(ExportError::Occupied { .. })));
    assert!(matches!(to(Path::new("/"), &signer()), Err(ExportError::Occupied { .. })));

    let next = dir.path().join("next");
    let leftover = dir.path().join(".next.unfinished");
    fs::create_dir(&leftover).unwrap();
    let refused = to(&next, &signer());
    assert!(matches!(&refused, Err(ExportError::Unfinished { path }) if *path == leftover));
    assert!(leftover.exists() && !next.exists(), "what a crash left is named, not removed");
    fs::remove_dir(&leftover).unwrap();

    let other = LogSigner::new("aerodb/test/1", &[8; 32]).unwrap();
    assert!(matches!(to(&next, &other), Err(ExportError::OtherKey { .. })));
    let broken = dir.path().join("broken.sqlite");
    fs::copy(&database, &broken).unwrap();
    shell(&broken)
        .execute_batch("DROP TRIGGER leaf_update; UPDATE leaf SET bytes = x'7b7d' WHERE seq = 300")
        .unwrap();
    let refused = export(&broken, &signer(), &next, &SystemRoom, &mut |_| ());
    assert!(matches!(&refused, Err(ExportError::Broken(why)) if why.seq == 300), "{refused:?}");
    assert!(!leftover.exists() && !next.exists(), "an export that failed leaves nothing");

    fs::create_dir(&next).unwrap();
    to(&next, &signer()).unwrap();
    assert_eq!(check(&next).unwrap(), SIZE, "an empty directory is taken");
}

/// C6.4.
#[tokio::test]
async fn an_export_that_has_no_room_is_refused_before_anything_is_written() {
    let (dir, _) = exported().await;
    let database = dir.path().join(DATABASE_FILE);
    let (place, target) = (dir.path().join("full"), dir.path().join("full/export"));
    fs::create_dir(&place).unwrap();
    let to = |room: &Disk| export(&database, &signer(), &target, room, &mut |_| ());
    let refused = to(&Disk(Ok(1_000))).unwrap_err().to_string();
    let words = refused.split(" bytes are needed").next().unwrap();
    let needed: u64 = words.rsplit(' ').next().unwrap().parse().unwrap();
    assert_eq!(
        refused,
        format!(
            "1000 bytes are free in {}, and {needed} bytes are needed; nothing was written",
            place.display()
        )
    );
    for found in [Ok(needed - 1), Err("no answer".to_owned())] {
        assert!(matches!(to(&Disk(found)), Err(ExportError::NoRoom(_))));
        assert_eq!(fs::read_dir(&place).unwrap().count(), 0, "something was written");
    }
    to(&Disk(Ok(needed))).unwrap();
    assert_eq!(check(&target).unwrap(), SIZE);
    let written: u64 = files(&target).iter().map(|file| blocks(file)).sum();
    assert!(written <= needed - RESERVE_BYTES, "{written} bytes were written");
}

/// What a file takes of a disk.
fn blocks(file: &Path) -> u64 {
    fs::metadata(file).unwrap().blocks() * 512
}

/// C9.2, C11.1.
#[tokio::test]
async fn an_export_has_the_public_layout_and_verifies() {
    let (_dir, target) = exported().await;
    let blobs = [Hash::of(&explanation_of(id(1))), Hash::of(&snapshot_of(id(1)))];
    let mut expected: Vec<String> = blobs.iter().map(|hash| format!("blobs/{hash}")).collect();
    expected.sort();
    for name in [
        "checkpoint",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
        "vkey",
    ] {
        expected.push(name.to_owned());
    }
    let name = |path: PathBuf| path.strip_prefix(&target).unwrap().to_str().unwrap().to_owned();
    assert_eq!(files(&target).into_iter().map(name).collect::<Vec<_>>(), expected);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&target), mode(&target.join("vkey"))), (0o700, 0o600));
    assert!(is_export(&target));
    assert_eq!(check(&target).unwrap(), SIZE);
}

#[tokio::test]
async fn every_file_that_is_bent_cut_longer_or_gone_is_found() {
    let (_dir, target) = exported().await;
    let mut found = 0;
    for path in files(&target) {
        let good = fs::read(&path).unwrap();
        let named = path.strip_prefix(&target).unwrap().display().to_string();
        let mut bad: Vec<Option<Vec<u8>>> = vec![None, Some(good[..good.len() - 1].to_vec())];
        bad.push(Some([good.as_slice(), b"\n\n"].concat()));
        for at in (0..good.len()).step_by(good.len() / 16 + 1) {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << (at % 8);
            bad.push(Some(bytes));
        }
        for bytes in bad {
            match &bytes {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            // White space after the key is no other key.
            let harmless = named == "vkey"
                && bytes.as_ref().is_some_and(|b| b.trim_ascii_end() == good.trim_ascii_end());
            assert_eq!(check(&target).is_ok(), harmless, "{named}");
            fs::write(&path, &good).unwrap();
            found += usize::from(!harmless);
        }
    }
    println!("{found} changed files, all found");
    assert!(found > 180);
    assert_eq!(check(&target).unwrap(), SIZE);
}

#[tokio::test]
async fn the_record_is_named_whichever_file_is_changed() {
    let (_dir, target) = exported().await;
    let bent = |name: &str, at: usize| {
        let path = target.join(name);
        let good = fs::read(&path).unwrap();
        let mut bytes = good.clone();
        bytes[at] ^= 4;
        fs::write(&path, bytes).unwrap();
        let error = check(&target).expect_err(name);
        fs::write(&path, good).unwrap();
        if let VerifyError::Broken(broken) = &error { Some(broken.seq) } else { None }
    };
    assert_eq!(bent("tile/0/001", 32 * 9), Some(265));
    assert_eq!(bent("tile/0/002.p/88", 32 * 87), Some(599));
    assert_eq!(bent("tile/1/000.p/2", 32), Some(256));
    assert_eq!(bent("tile/entries/000", 2), Some(0));
    let blob = format!("blobs/{}", Hash::of(&explanation_of(id(1))));
    assert_eq!(bent(&blob, 0), Some(2), "the first record that names it");
    assert_eq!(bent("checkpoint", 0), None);
    assert!(check(&target).is_ok());
}

#[tokio::test]
async fn an_export_that_was_cut_or_signed_anew_is_found_against_what_was_noted() {
    let (dir, target) = exported().await;
    let verified = verify_export(&target, &ExpectedLog::default(), &mut |_| ()).unwrap();
    let head: LogHead = verified.into();
    // The same log, longer: the noted head is part of it.
    let (store, ledger, _) = ledger_in(dir.path());
    let ledger = ledger.signing(signer());
    ledger.append(vec![step(id(2), Stage::Requested)]).await.unwrap();
    drop((store, ledger));
    let longer = dir.path().join("longer");
    export(&dir.path().join(DATABASE_FILE), &signer(), &longer, &SystemRoom, &mut |_| ()).unwrap();
    let noted =
        ExpectedLog { head: Some(head), key: Some(signer().public()), ..ExpectedLog::default() };
    assert_eq!(verify_export(&longer, &noted, &mut |_| ()).unwrap().size, SIZE + 1);
    // And the shorter one is not the log that was noted later.
    let later = verify_export(&longer, &noted, &mut |_| ()).unwrap();
    let noted = ExpectedLog { head: Some(later.into()), ..ExpectedLog::default() };
    let error = verify_export(&target, &noted, &mut |_| ()).expect_err("cut");
    assert!(matches!(&error, VerifyError::Broken(broken) if broken.seq == SIZE), "{error}");

    let other = LogSigner::new("aerodb/test/1", &[8; 32]).unwrap();
    let root = verify_export(&target, &ExpectedLog::default(), &mut |_| ()).unwrap().root;
    fs::write(target.join("checkpoint"), other.sign(TreeHead { size: SIZE, root })).unwrap();
    assert!(matches!(check(&target), Err(VerifyError::Head { .. })));
    fs::write(target.join("vkey"), other.public().to_string()).unwrap();
    let error = check(&target).expect_err("another key");
    assert!(matches!(&error, VerifyError::Broken(broken) if broken.seq == 0), "{error}");
    let wrong = TreeHead { size: SIZE, root: Hash::of(b"another") };
    fs::write(target.join("vkey"), signer().public().to_string()).unwrap();
    fs::write(target.join("checkpoint"), signer().sign(wrong)).unwrap();
    let error = check(&target).expect_err("another root");
    assert!(matches!(&error, VerifyError::Broken(broken) if broken.seq == SIZE - 1), "{error}");
}

#[tokio::test]
async fn the_commands_end_with_eleven_and_name_the_record() {
    let (dir, target) = exported().await;
    let run = |arguments: &[&Path]| {
        let output = Command::new(env!("CARGO_BIN_EXE_aerodb-control")).args(arguments).output();
        let output = output.unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let p = Path::new;
    let again = dir.path().join("again");
    let export = [p("export-log"), &again, p("--data"), dir.path()];
    let (code, text) = run(&export);
    assert!(code == Some(1) && text.contains(KEY_FILE), "{text}");
    let key = format!("{}\n", signer().secret_text());
    fs::write(dir.path().join(KEY_FILE), &key).unwrap();
    let (code, text) = run(&export);
    assert!(code == Some(1) && text.contains("open to others"), "{text}");
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(dir.path().join(KEY_FILE), mode).unwrap();
    let (code, text) = run(&export);
    let public = signer().public().to_string();
    assert!(code == Some(0) && text.contains(&public) && text.contains("600 records"), "{text}");
    let (code, text) = run(&export);
    assert!(code == Some(1) && text.contains("not empty"), "{text}");

    let (code, text) = run(&[p("verify-log"), &again, p("--key"), p(&public)]);
    assert!(code == Some(0) && text.contains("root: "), "{text}");
    assert_eq!(run(&[p("verify-log"), dir.path()]).0, Some(0));
    assert_eq!(run(&[p("verify-log"), &again, p("--key"), p("nonsense")]).0, Some(2));
    let path = target.join("tile/entries/001");
    let mut bytes = fs::read(&path).unwrap();
    bytes[40] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (code, text) = run(&[p("verify-log"), &target]);
    assert!(code == Some(11) && text.contains("record 256"), "{text}");
}
