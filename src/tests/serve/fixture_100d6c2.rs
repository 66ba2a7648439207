//! A data directory of version 100d6c2 under this version: the log keeps its bytes, and the way out of a
//! deadlock is what the kernel says (C7.3, C9.2).
//!
//! `fixtures/100d6c2/README.md` says what is in it and how it was made.

use crate::serve::fixture_dd35be5::{open_action, opened, signed_in};
use crate::source::files::root;
use aerodb_control::ledger::{ExpectedLog, verify_file};
use aerodb_control::model::answer::LogHead;
use aerodb_control::model::canonical::Hash;
use aerodb_control::store::DATABASE_FILE;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const RECORDS: u64 = 12;

fn kept(file: &str) -> std::path::PathBuf {
    root().join("src/tests/fixtures/100d6c2").join(file)
}

fn unpacked() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let file = fs::File::open(kept("answered.tar.zst")).expect("an archive");
    let plain = zstd::Decoder::new(file).expect("an archive");
    tar::Archive::new(plain).unpack(dir.path()).expect("an archive");
    dir
}

/// The head that was noted down when that version stopped.
fn noted() -> ExpectedLog {
    let printed = fs::read_to_string(kept("answered.verify-log.txt")).expect("a text");
    let head = printed.lines().find_map(|line| line.strip_prefix("head: ")).expect("a head");
    let (size, hash) = head.split_once(':').expect("a size and a hash");
    assert_eq!(size, RECORDS.to_string());
    let hash = Some(Hash::parse(hash).expect("a hash"));
    ExpectedLog { head: Some(LogHead { size: RECORDS, hash }), ..ExpectedLog::default() }
}

/// The version of the file, and the kinds that may be confirmed beside an action without an outcome.
fn version(data: &Path) -> (i64, Vec<String>) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let file = Connection::open_with_flags(data.join(DATABASE_FILE), flags).expect("a database");
    let version = file.pragma_query_value(None, "user_version", |row| row.get(0)).expect("one");
    let kinds = file.prepare("SELECT kind FROM way_out").and_then(|mut statement| {
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
    });
    (version, kinds.unwrap_or_default())
}

/// C7.3, C9.2.
#[tokio::test]
async fn the_way_out_of_a_log_of_that_version_is_what_the_kernel_says() {
    let dir = unpacked();
    let data = dir.path().join("data");
    assert_eq!(version(&data), (2, Vec::new()));
    verify_file(&data.join(DATABASE_FILE), &noted(), &mut |_| ()).expect("a log");
    let open = open_action(&data);
    let (house, _clock) = opened(&data).await;
    assert_eq!(version(&data), (3, vec!["failover".to_owned()]));
    let olga = signed_in(&house, "olga").await;
    let refused = olga.request(1, "bring_online", json!({"node": "n1"})).await.expect(412).json();
    let invariants = refused["refusal"]["invariants"].to_string();
    assert!(invariants.contains("nothing_unresolved"), "{refused}");
    // Nobody is primary, so the way out is open while the outcome of the other is not known.
    olga.run(2, "failover", json!({"to": "n3"})).await;
    assert_eq!(open_action(&data), open, "nothing else ended it");
    let resolve = format!("/api/v1/actions/{open}/resolve");
    let resolved = olga.post(&resolve, &json!({"reason": "there is a primary"})).await;
    assert_eq!(resolved.expect(200).json()["stage"], "executed");
    house.close().await;
    drop((olga, house));
    verify_file(&data.join(DATABASE_FILE), &noted(), &mut |_| ()).expect("the same log, longer");
}
