//! What can happen to the files of the ledger while the program has them open: each ends all writing,
//! the kernel is not called, and reading goes on where it can (C6.4).

use crate::faults::durable::DurableState;
use crate::faults::fault_disk::{DiskFault, EIO, FaultDisk, PowerLoss, SYNC, start};
use crate::faults::fault_sweep::stays_closed;
use crate::harness::id;
use crate::serve::prepared::prepared;
use crate::serve::server::{ClientSession, ServerDir, TestServer};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::PathBuf;

fn ledger(place: &ServerDir) -> PathBuf {
    place.data().join("control.sqlite")
}

/// A server with one action explained and not confirmed.
fn explained(place: &ServerDir) -> (TestServer, ClientSession, Value) {
    let (server, session) = (place.start(None), prepared().session());
    let explained = server.request(&session, &id(1), "take_offline", json!({"node": "n2"}));
    (server, session, explained)
}

fn was_called(place: &ServerDir) -> bool {
    DurableState::read(&place.data()).kernel_of(&id(1)).was_called()
}

/// Damages the ledger of a running server; the confirmation after it never reaches the kernel.
fn ends_writing(what: &str, damage: impl Fn(&ServerDir)) {
    let place = prepared().place();
    let (server, session, explained) = explained(&place);
    damage(&place);
    let (status, answer) = server.confirm(&session, &explained);
    assert_eq!(status, 503, "{what}: {answer}");
    assert_eq!(answer["refusal"]["code"], "audit_unavailable", "{what}");
    assert_eq!(answer["refusal"]["executed"], "no", "{what}: {answer}");
    assert_eq!(server.get(&session, "/api/v1/cluster").1["nodes"][1]["reachable"], true, "{what}");
    stays_closed(&server, &session, what);
    server.kill();
}

#[test]
fn a_file_that_was_unlinked_replaced_or_made_read_only_ends_all_writing() {
    let beside = |place: &ServerDir, suffix: &str| {
        let mut path = ledger(place).into_os_string();
        path.push(suffix);
        PathBuf::from(path)
    };
    for suffix in ["", "-wal", "-shm"] {
        ends_writing(&format!("control.sqlite{suffix} unlinked"), |place| {
            std::fs::remove_file(beside(place, suffix)).expect("an unlink");
        });
        ends_writing(&format!("control.sqlite{suffix} replaced"), |place| {
            let path = beside(place, suffix);
            let copy = place.data().join("copy");
            std::fs::copy(&path, &copy).expect("a copy");
            std::fs::rename(copy, path).expect("a rename");
        });
    }
    ends_writing("control.sqlite read-only", |place| {
        let mode = std::fs::Permissions::from_mode(0o400);
        std::fs::set_permissions(ledger(place), mode).expect("a mode");
    });
}

#[test]
fn a_lock_that_another_program_holds_refuses_what_comes_and_nothing_more() {
    let place = prepared().place();
    let (server, session, explained) = explained(&place);
    let other = Connection::open(ledger(&place)).expect("the database");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let (status, answer) = server.confirm(&session, &explained);
    assert_eq!(status, 503, "{answer}");
    assert_eq!(answer["refusal"]["code"], "audit_unavailable");
    assert_eq!(answer["refusal"]["executed"], "no");
    assert_eq!(server.get(&session, "/api/v1/cluster").1["nodes"][1]["reachable"], true);
    assert_eq!(server.get(&session, "/api/v1/log").0, 200);
    // Nothing was written, so nothing is in doubt: when the lock is gone, the operator goes on.
    other.execute_batch("ROLLBACK").expect("the lock is given back");
    let (status, done) = server.confirm(&session, &explained);
    assert_eq!((status, &done["stage"]), (200, &json!("executed")), "{done}");
    server.kill();
    assert!(was_called(&place));
}

/// Overwrites the root pages of the log, and makes every connection read them again.
fn corrupt(place: &ServerDir) {
    let database = Connection::open(ledger(place)).expect("the database");
    let size = "PRAGMA page_size";
    let size: u64 = database.query_row(size, [], |row| row.get(0)).expect("a size");
    let moved: (i64, i64, i64) = database
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .expect("a checkpoint");
    assert_eq!(moved.0, 0, "the log was emptied into the database");
    let file = std::fs::File::options().write(true).open(ledger(place)).expect("the file");
    for table in ["entry", "leaf", "transition"] {
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        let root: u64 = database.query_row(root, [table], |row| row.get(0)).expect("a table");
        let garbage = vec![0xA5; usize::try_from(size).expect("a size")];
        file.write_all_at(&garbage, (root - 1) * size).expect("a write");
    }
    let touch = "UPDATE session SET last_seen_ms = last_seen_ms";
    assert!(database.execute(touch, []).expect("a session") > 0);
}

#[test]
fn a_database_that_is_found_corrupt_ends_all_writing_and_does_not_start_again() {
    let place = prepared().place();
    let (server, session, explained) = explained(&place);
    corrupt(&place);
    for _ in 0..2 {
        let (status, answer) = server.confirm(&session, &explained);
        assert_eq!(status, 503, "{answer}");
        assert_eq!(answer["refusal"]["code"], "audit_unavailable");
    }
    let freeze = json!({"freeze_id": crate::harness::id(9), "reason": "corrupt"});
    assert_eq!(server.post(&session, "/api/v1/freeze", &freeze).0, 503);
    // The kernel is not in that file: the cluster is observed as before, and nothing moved.
    assert_eq!(server.get(&session, "/api/v1/cluster").1["nodes"][1]["reachable"], true);
    server.kill();
    let settings = place.settings();
    let serve = ["serve", "--config", settings.to_str().expect("text"), "--listen", "127.0.0.1:0"];
    let output = place.command(None, &serve, "");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let verified = place.command(None, &["verify-log", "--config", "Leptos.toml"], "");
    assert_eq!(verified.status.code(), Some(11), "{verified:?}");
}

/// Sends repeated deliveries, one record each, until one is refused; the records acknowledged.
fn until_refused(server: &TestServer, session: &ClientSession, explained: &Value) -> u64 {
    let mut last = 0;
    for _ in 0..300 {
        let body = json!({
            "action_id": explained["id"], "kind": "take_offline", "params": {"node": "n2"},
            "reason": "a drill",
        });
        let (status, answer) = server.post(session, "/api/v1/actions", &body);
        if status == 503 {
            return last;
        }
        assert_eq!(status, 200, "{answer}");
        last = server.get(session, "/api/v1/log/head").1["size"].as_u64().expect("a size");
    }
    panic!("a checkpoint that failed was not noticed in 300 writes");
}

#[test]
fn a_checkpoint_whose_sync_fails_ends_all_writing_and_loses_nothing() {
    let place = prepared().place();
    let disk = FaultDisk::under(&place);
    disk.remember();
    disk.aim_at_the_database_alone();
    let (server, session) = (start(&place, &disk), prepared().session());
    let explained = server.request(&session, &id(1), "take_offline", json!({"node": "n2"}));
    disk.arm(SYNC, 1, DiskFault::Once(EIO));
    let acknowledged = until_refused(&server, &session, &explained);
    assert_eq!(disk.disarm().failed, 1, "it failed once, and worked again after");
    assert!(acknowledged > 100, "{acknowledged}");
    stays_closed(&server, &session, "a failed checkpoint");
    server.kill();
    disk.cut_power(PowerLoss::All);
    let found = DurableState::read(&place.data());
    assert!(u64::try_from(found.hashes.len()).expect("a number") >= acknowledged);
    drop(place.start(None));
}
