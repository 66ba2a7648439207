//! The requests beside the actions of the catalogue, and the start itself, on a disk that fails: they
//! too are recorded first or not done (C6.4).

use crate::faults::durable::DurableState;
use crate::faults::fault_disk::{
    DiskFault, EIO, FaultDisk, OPEN, PowerLoss, SYNC, TRUNCATE, WRITE, start,
};
use crate::faults::fault_sweep::stays_closed;
use crate::harness::id;
use crate::serve::prepared::prepared;
use crate::serve::server::{ServerDir, TestServer};
use aerodb_control::ledger::{ExpectedLog, verify_file};
use serde_json::{Value, json};

fn resolve(server: &TestServer) -> (u16, Value) {
    let path = format!("/api/v1/actions/{}/resolve", id(1));
    server.post(&prepared().session(), &path, &json!({"reason": "after the stop"}))
}

/// An installation that stopped when an action was dispatched and before it was sent.
fn interrupted() -> ServerDir {
    let place = prepared().place();
    let server = place.start(Some("workflow.dispatched"));
    let session = prepared().session();
    let explained = server.request(&session, &id(1), "take_offline", json!({"node": "n3"}));
    assert_eq!(server.confirm(&session, &explained).0, 0);
    assert!(server.ended());
    place
}

#[test]
fn a_resolution_is_recorded_before_it_is_asked_and_again_before_it_is_told() {
    for (at, is_asked) in [(1, false), (2, true)] {
        for fault in [DiskFault::Once(EIO), DiskFault::Kill] {
            let what = format!("sync {at} {fault:?}");
            let place = interrupted();
            let disk = FaultDisk::under(&place);
            disk.remember();
            let server = start(&place, &disk);
            disk.arm(SYNC, at, fault);
            let (status, answer) = resolve(&server);
            assert_eq!(disk.disarm().failed, 1, "{what}");
            if fault == DiskFault::Kill {
                assert_eq!(status, 0, "{what}");
            } else {
                assert_eq!(status, 503, "{what}: {answer}");
                assert_eq!(answer["refusal"]["executed"], "unknown", "{what}: {answer}");
                stays_closed(&server, &prepared().session(), &what);
            }
            server.kill();
            disk.cut_power(PowerLoss::All);
            let found = DurableState::read(&place.data());
            let recorded = found.ledger_of(&id(1));
            assert_eq!(recorded.find("settle_requested").is_some(), is_asked, "{what}");
            assert_eq!(!found.kernel_of(&id(1)).tombstones.is_empty(), is_asked, "{what}");
            assert!(recorded.find("voided").is_none(), "{what}");
            // Asked again on a disk that works, the kernel gives the same answer.
            let server = place.start(None);
            let (status, answer) = resolve(&server);
            assert_eq!((status, &answer["stage"]), (200, &json!("voided")), "{what}: {answer}");
            assert!(answer["outcome"]["tombstone"].is_object(), "{what}: {answer}");
        }
    }
}

#[test]
fn a_withdrawal_a_freeze_and_its_end_that_cannot_be_recorded_did_not_happen() {
    let withdraw = format!("/api/v1/actions/{}/withdraw", id(1));
    for (path, frozen) in
        [(withdraw.as_str(), false), ("/api/v1/freeze", false), ("/api/v1/unfreeze", true)]
    {
        let place = prepared().place();
        let disk = FaultDisk::under(&place);
        disk.remember();
        let (server, session) = (start(&place, &disk), prepared().session());
        server.request(&session, &id(1), "take_offline", json!({"node": "n3"}));
        let freeze = json!({"freeze_id": id(9), "reason": "a drill"});
        let why = match path {
            "/api/v1/freeze" => freeze,
            "/api/v1/unfreeze" => {
                let (status, stands) = server.post(&session, "/api/v1/freeze", &freeze);
                assert_eq!(status, 200, "{stands}");
                let seq = stands["freeze"]["seq"].to_string();
                json!({"freeze": seq, "reason": "a drill"})
            }
            _ => json!({"reason": "a drill"}),
        };
        disk.arm(SYNC, 1, DiskFault::Once(EIO));
        let (status, answer) = server.post(&session, path, &why);
        assert_eq!((status, disk.disarm().failed), (503, 1), "{path}: {answer}");
        assert_eq!(answer["refusal"]["executed"], "no", "{path}");
        stays_closed(&server, &session, path);
        server.kill();
        disk.cut_power(PowerLoss::All);
        let server = place.start(None);
        let (_, shown) = server.get(&session, &format!("/api/v1/actions/{}", id(1)));
        assert_eq!(shown["stage"], "explained", "{path}");
        let (_, overview) = server.get(&session, "/api/v1/overview");
        assert_eq!(overview["freeze"].is_object(), frozen, "{path}: {overview}");
    }
}

/// Starts on a disk that fails at this call; whether it came so far as to listen.
fn starts(calls: u32, at: u32, fault: DiskFault) -> (bool, u32) {
    let place = prepared().place();
    let disk = FaultDisk::under(&place);
    disk.remember();
    disk.arm(calls, at, fault);
    let server = place.start_under(disk.variables());
    let counted = disk.disarm().counted;
    let listens = server.is_some();
    drop(server);
    disk.cut_power(PowerLoss::All);
    if !listens {
        drop(place.start(None));
    }
    let ledger = place.data().join("control.sqlite");
    verify_file(&ledger, &ExpectedLog::default(), &mut |_| {}).expect("the log");
    (listens, counted)
}

#[test]
fn a_start_whose_record_is_not_durable_serves_nothing() {
    for (calls, every) in [(SYNC, 1), (WRITE, 5), (OPEN | TRUNCATE, 1)] {
        let (listens, counted) = starts(calls, 0, DiskFault::Kill);
        assert!(listens && counted > 0, "{calls}: {counted}");
        for at in (1..=counted).step_by(every) {
            for fault in [DiskFault::Lasting(EIO), DiskFault::Kill] {
                assert!(!starts(calls, at, fault).0, "{calls}: call {at} {fault:?}");
            }
        }
        println!("calls {calls}: each {every}. of {counted} at the start");
    }
}
