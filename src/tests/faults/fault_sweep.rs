//! Every call that makes a record durable fails, or ends the process, for every kind of action
//! (C6.4): where the record did not become durable the kernel was not called, the answer says what is
//! true, reading goes on, and nothing is written any more until a restart.
//!
//! `make test` tries every sync and a part of the writes, another part for each kind; `make
//! fault-sweep` tries all.

use crate::faults::durable::{DurableState, KernelEntries};
use crate::faults::fault_disk::{
    DiskCounts, DiskFault, EIO, ENOSPC, EROFS, FaultDisk, OPEN, PowerLoss, SYNC, TRUNCATE, WRITE,
    start,
};
use crate::harness::id;
use crate::kernel_words::kinds;
use crate::serve::prepared::prepared;
use crate::serve::server::{ClientSession, ServerDir, TestServer};
use aerodb_control::ledger::{ExpectedLog, verify_file};
use aerodb_control::model::action::ActionKind;
use serde_json::{Value, json};

/// What everybody hears who is refused, and whoever looks.
const WHAT_ENDS_IT: &str = "until the control plane is restarted";

/// One action on a disk that fails in one way.
struct DiskFaultCase {
    kind: ActionKind,
    calls: u32,
    at: u32,
    fault: DiskFault,
}

impl DiskFaultCase {
    fn name(&self) -> String {
        let calls = if self.calls == SYNC { "sync" } else { "write" };
        format!("{} {calls} {} {:?}", self.kind, self.at, self.fault)
    }
}

/// What the one client was answered.
struct Answers {
    asked: (u16, Value),
    confirmed: Option<(u16, Value)>,
}

impl Answers {
    fn all(&self) -> impl Iterator<Item = &(u16, Value)> {
        [&self.asked].into_iter().chain(&self.confirmed)
    }
}

/// Asks for the action and confirms it while the disk is armed.
fn act(
    server: &TestServer,
    session: &ClientSession,
    disk: &FaultDisk,
    case: &DiskFaultCase,
) -> (Answers, DiskCounts) {
    let route = prepared().route(case.kind);
    prepared().walk(server, &route.before);
    disk.arm(case.calls, case.at, case.fault);
    let body = json!({
        "action_id": id(1), "kind": case.kind, "params": route.params, "reason": "a drill",
    });
    let asked = server.post(session, "/api/v1/actions", &body);
    let confirmed = (asked.0 == 201).then(|| server.confirm(session, &asked.1));
    (Answers { asked, confirmed }, disk.disarm())
}

/// The first refusal ended all writing: a disk that works again changes nothing, and reading goes on.
pub fn stays_closed(server: &TestServer, session: &ClientSession, what: &str) {
    let why = json!({"reason": "another attempt"});
    let found = json!({"executed": true, "evidence": "none"});
    let freeze = json!({"freeze_id": id(9), "reason": "another attempt"});
    let unfreeze = json!({"freeze": "1", "reason": "another attempt"});
    let digest = json!({"digest": "00".repeat(32)});
    let about = |step: &str| format!("/api/v1/actions/{}/{step}", id(1));
    let other = json!({
        "action_id": id(2), "kind": "take_offline", "params": {"node": "n3"}, "reason": "another",
    });
    for (path, body) in [
        ("/api/v1/actions".to_owned(), &other),
        (about("confirm"), &digest),
        (about("withdraw"), &why),
        (about("resolve"), &why),
        (about("finding"), &found),
        ("/api/v1/freeze".to_owned(), &freeze),
        ("/api/v1/unfreeze".to_owned(), &unfreeze),
    ] {
        let (status, answer) = server.post(session, &path, body);
        assert_eq!(status, 503, "{what}: {path}: {answer}");
        assert_eq!(answer["refusal"]["code"], "audit_unavailable", "{what}: {path}");
        let sentence = answer["refusal"]["sentence"].as_str().expect("a sentence");
        assert!(sentence.contains(WHAT_ENDS_IT), "{what}: {path}: {sentence}");
    }
    let (status, overview) = server.get(session, "/api/v1/overview");
    assert_eq!(status, 200, "{what}");
    let why = overview["unrecordable"].as_str().expect(what);
    assert!(why.contains(WHAT_ENDS_IT), "{what}: {why}");
    let (status, ready) = server.page(session, "/readyz");
    assert_eq!(status, 503, "{what}: {ready}");
    assert!(ready.contains(WHAT_ENDS_IT), "{what}: {ready}");
    for path in ["/api/v1/cluster", "/api/v1/log", "/api/v1/log/head", "/api/v1/actions"] {
        assert_eq!(server.get(session, path).0, 200, "{what}: {path}");
    }
    for path in ["/", "/log", "/actions", "/actions/new?kind=stop_writes"] {
        let (status, page) = server.page(session, path);
        assert_eq!(status, 200, "{what}: {path}");
        assert!(page.contains("data-notice=\"ledger\""), "{what}: {path} says so");
        assert!(page.contains(WHAT_ENDS_IT), "{what}: {path} says what ends it");
    }
}

/// The files after the stop agree with what was answered.
fn agrees(answers: &Answers, held: &KernelEntries, disk: &DurableState, what: &str) {
    let recorded = disk.ledger_of(&id(1));
    for (status, answer) in answers.all() {
        match status {
            0 => {}
            200 | 201 => {
                for record in answer["records"].as_array().expect("records") {
                    let seq = record["seq"].as_u64().expect("a number");
                    let hash = record["hash"].as_str().expect("a hash");
                    let kept = disk.hashes.get(&seq).map(String::as_str);
                    assert_eq!(kept, Some(hash), "{what}: record {seq} was shown and is lost");
                }
            }
            503 => match answer["refusal"]["executed"].as_str() {
                Some("no") => assert!(!held.was_called(), "{what}: {answer}"),
                Some("unknown") => assert!(recorded.find("dispatched").is_some(), "{what}"),
                other => panic!("{what}: {other:?}"),
            },
            other => panic!("{what}: {other} {answer}"),
        }
    }
    // C6.4: whatever the kernel took up, its record was durable before.
    for witness in held.witnesses() {
        let seq = witness["seq"].as_u64().expect("a number");
        assert_eq!(disk.hashes.get(&seq).map(String::as_str), witness["hash"].as_str(), "{what}");
        let (dispatched, _, _) = recorded.find("dispatched").expect(what);
        let (confirmed, _, _) = recorded.find("confirmed").expect(what);
        assert!(*dispatched == seq && confirmed < dispatched, "{what}");
    }
    if recorded.find("executed").is_some() {
        assert!(!held.receipts.is_empty(), "{what}: recorded as executed, and there is no receipt");
    }
}

/// After a restart on a disk that works, an operator brings the action to an end that is true.
fn ends_truthfully(place: &ServerDir, what: &str) {
    let (server, session) = (place.start(None), prepared().session());
    let path = format!("/api/v1/actions/{}", id(1));
    let (mut status, mut shown) = server.get(&session, &path);
    if shown["stage"] == "confirmed" || shown["stage"] == "unknown" {
        let why = json!({"reason": "after the stop"});
        (status, shown) = server.post(&session, &format!("{path}/resolve"), &why);
        if status == 409 {
            crate::faults::crash_points::fail_over(&server, &session, 3, what);
            (status, shown) = server.post(&session, &format!("{path}/resolve"), &why);
        }
        assert_eq!(status, 200, "{what}: {shown}");
    }
    server.kill();
    let disk = DurableState::read(&place.data());
    let held = disk.kernel_of(&id(1));
    match (status, shown["stage"].as_str()) {
        (404, _) | (200, Some("explained")) => assert!(!held.was_called(), "{what}"),
        (200, Some("executed")) => assert!(!held.receipts.is_empty(), "{what}"),
        (200, Some("voided")) => {
            assert!(held.receipts.is_empty() && !held.tombstones.is_empty(), "{what}");
        }
        other => panic!("{what}: {other:?}"),
    }
    let verified =
        verify_file(&place.data().join("control.sqlite"), &ExpectedLog::default(), &mut |_| {});
    verified.unwrap_or_else(|e| panic!("{what}: {e}"));
}

/// Runs one case; how many calls counted.
fn survives(case: &DiskFaultCase) -> u32 {
    let what = case.name();
    let place = prepared().place();
    let disk = FaultDisk::under(&place);
    disk.remember();
    let server = start(&place, &disk);
    let session = prepared().session();
    let (answers, counts) = act(&server, &session, &disk, case);
    let refused = answers.all().any(|(status, _)| *status == 503);
    match case.fault {
        _ if case.at == 0 => {
            let (status, done) = answers.confirmed.as_ref().expect("it was explained");
            assert_eq!((*status, &done["stage"]), (200, &json!("executed")), "{what}: {done}");
        }
        DiskFault::Kill => assert!(answers.all().any(|(status, _)| *status == 0), "{what}"),
        DiskFault::Once(_) | DiskFault::Lasting(_) => {
            assert!(counts.failed > 0 && refused, "{what}: the failure of the disk is answered");
            stays_closed(&server, &session, &what);
        }
    }
    server.kill();
    disk.cut_power(PowerLoss::All);
    let found = DurableState::read(&place.data());
    agrees(&answers, &found.kernel_of(&id(1)), &found, &what);
    ends_truthfully(&place, &what);
    counts.counted
}

#[test]
fn an_action_neither_opens_nor_cuts_a_file_of_the_ledger() {
    // So there is no such call that could fail: what is open at the start stays open.
    for kind in kinds() {
        let case = DiskFaultCase { kind, calls: OPEN | TRUNCATE, at: 0, fault: DiskFault::Kill };
        assert_eq!(survives(&case), 0, "{kind}");
    }
}

/// How many of these calls an action of each kind makes; it has to be some.
fn counted(kind: ActionKind, calls: u32) -> u32 {
    let count = survives(&DiskFaultCase { kind, calls, at: 0, fault: DiskFault::Kill });
    assert!(count >= 4, "{kind}: request, confirmation, dispatch and outcome are durable each");
    count
}

/// Tries every call whose number leaves this remainder, in turn with each of the faults.
fn sweep(calls: u32, every: u32, faults: &[DiskFault]) {
    let asked = std::env::var("FAULT_EVERY").map(|text| text.parse().expect("a number"));
    let every = asked.map_or(every, |asked: u32| every.min(asked));
    let mut tried = 0;
    for (place, kind) in (0..).zip(kinds()) {
        let count = counted(kind, calls);
        let chosen: Vec<u32> = (1..=count).filter(|at| (at + place) % every == 0).collect();
        for at in &chosen {
            for fault in faults {
                survives(&DiskFaultCase { kind, calls, at: *at, fault: *fault });
            }
        }
        tried += chosen.len();
        println!("{kind}: {} of {count} calls, {} faults each", chosen.len(), faults.len());
    }
    assert!(tried > 0, "a sweep tries something");
}

/// C6.2, C6.4.
#[test]
fn every_sync_of_every_kind_of_action_may_fail_or_be_the_last_call() {
    sweep(SYNC, 1, &[DiskFault::Once(EIO), DiskFault::Kill]);
}

#[test]
fn every_write_of_every_kind_of_action_may_find_no_space_or_be_the_last_call() {
    sweep(WRITE, 25, &[DiskFault::Lasting(ENOSPC), DiskFault::Kill]);
}

#[test]
fn a_disk_that_fails_once_or_turns_read_only_is_found_out_too() {
    sweep(WRITE, 41, &[DiskFault::Once(EIO), DiskFault::Lasting(EROFS)]);
}
