//! The process ends between every two steps of an action, and is started again (C6.2, C7).
//!
//! Whatever the point: no record is lost, nothing runs twice, nothing is called failed that may
//! have run, and an operator can bring every action to an end that is true.

use crate::harness::{PASSWORD, id};
use crate::serve::server::{ClientSession, ServerDir, TestServer};
use serde_json::{Value, json};

/// Three kinds of effect (a change of primary, an entry of the log, a switch), and the points that
/// an action of each passes inside the kernel, in order.
const KINDS: &[(&str, &[&str])] = &[
    (
        "switchover",
        &[
            "kernel.accepted",
            "kernel.elected",
            "kernel.appended",
            "kernel.committed",
            "kernel.receipt",
        ],
    ),
    ("stop_writes", &["kernel.accepted", "kernel.appended", "kernel.committed", "kernel.receipt"]),
    ("take_offline", &["kernel.switch_committed", "kernel.receipt"]),
    (
        "take_checkpoint",
        &[
            "kernel.accepted",
            "kernel.appended",
            "kernel.checkpoint_kept",
            "kernel.committed",
            "kernel.receipt",
        ],
    ),
    (
        "add_replica",
        &[
            "kernel.accepted",
            "kernel.node_laid_out",
            "kernel.appended",
            "kernel.committed",
            "kernel.receipt",
        ],
    ),
];
/// Kinds of which the other points are the same, or are passed by the actions that they need before.
const PREPARED: &[(&str, &[&str])] = &[
    ("remove_replica", &["kernel.node_removed"]),
    ("verify_node", &["kernel.accepted", "kernel.node_verified", "kernel.receipt"]),
    (
        "create_backup",
        &[
            "kernel.accepted",
            "kernel.backup_state_written",
            "kernel.backup_verified",
            "kernel.backup_renamed",
            "kernel.receipt",
        ],
    ),
    ("purge_log", &["kernel.log_purged"]),
    ("bring_online", &["kernel.state_received", "kernel.installed"]),
];
/// The points before the kernel is called.
const BEFORE: &[&str] =
    &["workflow.before_confirmed", "workflow.confirmed", "workflow.opened", "workflow.dispatched"];
/// The points after it answered.
const AFTER: &[&str] = &["workflow.answered", "workflow.before_outcome", "workflow.outcome"];

/// What shows in the cluster that an action ran.
fn has_run(kind: &str, cluster: &Value) -> bool {
    match kind {
        "switchover" => cluster["epoch"].as_u64().expect("an epoch") >= 2,
        "stop_writes" => cluster["write_fence"] == "standing",
        "take_checkpoint" => cluster["nodes"][1]["checkpoint"].is_number(),
        "create_backup" => cluster["backups"] == json!(["monday"]),
        "add_replica" => cluster["nodes"].as_array().expect("nodes").len() == 4,
        "remove_replica" => cluster["nodes"].as_array().expect("nodes").len() == 2,
        "purge_log" => cluster["nodes"][1]["first"] == 3,
        "bring_online" => cluster["nodes"][2]["reachable"] == true,
        _ => cluster["nodes"][2]["reachable"] == false,
    }
}

fn params(kind: &str) -> Value {
    match kind {
        "switchover" => json!({"to": "n2"}),
        "stop_writes" => json!({}),
        "take_checkpoint" => json!({"node": "n2"}),
        "create_backup" => json!({"name": "monday"}),
        "add_replica" => json!({"node": "n4"}),
        "purge_log" => json!({"node": "n2", "up_to": "2"}),
        _ => json!({"node": "n3"}),
    }
}

/// Runs one action into one crash; the action as it was explained.
fn crash(place: &ServerDir, kind: &str, point: &str) -> (ClientSession, Value) {
    let server = place.start(Some(point));
    let session = server.set_up();
    assert_eq!(server.put("a", "before").0, 200);
    prepare(&server, &session, kind);
    let explained = server.request(&session, &id(1), kind, params(kind));
    let (status, _) = server.confirm(&session, &explained);
    assert_eq!(status, 0, "{kind} at {point}: the process is gone, so there is no answer");
    assert!(server.ended(), "{kind} at {point}: it ended at the point");
    (session, explained)
}

/// Runs what has to be so before an action of this kind can run.
fn prepare(server: &TestServer, session: &ClientSession, kind: &str) {
    let run = |number: u8, kind: &str, params: Value| {
        let explained = server.request(session, &id(number), kind, params);
        let (status, done) = server.confirm(session, &explained);
        assert_eq!((status, &done["stage"]), (200, &json!("executed")), "{kind}: {done}");
    };
    if kind == "purge_log" {
        run(11, "take_checkpoint", json!({"node": "n2"}));
    }
    if kind == "bring_online" {
        // n3 comes back to a primary that holds none of the entries that n3 missed.
        run(11, "take_offline", json!({"node": "n3"}));
        assert_eq!(server.put("b", "missed").0, 200);
        run(12, "take_checkpoint", json!({"node": "n1"}));
        let (_, cluster) = server.get(session, "/api/v1/cluster");
        let kept = cluster["nodes"][0]["checkpoint"].to_string();
        run(13, "purge_log", json!({"node": "n1", "up_to": kept}));
    }
}

fn resolve(server: &TestServer, session: &ClientSession) -> (u16, Value) {
    let path = format!("/api/v1/actions/{}/resolve", id(1));
    server.post(session, &path, &json!({"reason": "after the stop"}))
}

fn stage(server: &TestServer, session: &ClientSession) -> Value {
    let (status, action) = server.get(session, &format!("/api/v1/actions/{}", id(1)));
    assert_eq!(status, 200);
    action
}

/// Makes a node primary: the first against which no rule speaks.
pub fn fail_over(server: &TestServer, session: &ClientSession, number: u8, what: &str) -> Value {
    let (_, overview) = server.get(session, "/api/v1/overview");
    let candidates =
        overview["target_checks"][1]["candidates"].as_array().expect("candidates").clone();
    let free = |candidate: &&Value| candidate["against"].as_array().expect("checks").is_empty();
    let node = candidates.iter().find(free).unwrap_or_else(|| panic!("{what}: {overview}"));
    let to = json!({"to": node["node"]});
    let explained = server.request(session, &id(number), "failover", to);
    let (status, done) = server.confirm(session, &explained);
    assert_eq!((status, &done["stage"]), (200, &json!("executed")), "{what}: {done}");
    explained
}

/// Brings the action to its end, with a failover on the way where resolving needs a primary.
fn end_of(server: &TestServer, session: &ClientSession, what: &str) -> String {
    let shown = stage(server, session);
    let open = matches!(shown["stage"].as_str(), Some("confirmed" | "unknown"));
    if !open {
        return shown["stage"].as_str().expect("a stage").to_owned();
    }
    // While it is open, another action is turned away, and the refusal names this one.
    let body = json!({
        "action_id": id(2), "kind": "take_offline", "params": {"node": "n1"}, "reason": "another",
    });
    let (status, refused) = server.post(session, "/api/v1/actions", &body);
    assert_eq!(status, 409, "{what}: {refused}");
    assert_eq!(refused["refusal"]["code"], "unresolved", "{what}");
    let (status, answer) = resolve(server, session);
    if status == 200 {
        return answer["stage"].as_str().expect("a stage").to_owned();
    }
    assert_eq!((status, &answer["refusal"]["code"]), (409, &json!("needs_primary")), "{what}");
    assert_eq!(answer["refusal"]["executed"], "unknown", "{what}: never called failed");
    let explained = fail_over(server, session, 3, what);
    let consequences = explained["explanation"]["consequences"].to_string();
    assert!(consequences.contains(&id(1)), "{what}: the explanation names the open action");
    let (status, answer) = resolve(server, session);
    assert_eq!(status, 200, "{what}: {answer}");
    answer["stage"].as_str().expect("a stage").to_owned()
}

fn survives(kind: &str, point: &str) -> String {
    let what = format!("{kind} at {point}");
    let place = ServerDir::new();
    let (session, explained) = crash(&place, kind, point);
    let server = place.start(None);
    let shown = stage(&server, &session);
    let found = shown["stage"].as_str().expect("a stage").to_owned();
    if found != "explained" {
        // A repeated delivery is told what everybody is told, before anything is resolved (C7.3).
        let (status, again) = server.confirm(&session, &explained);
        assert_eq!((status, &again["stage"]), (200, &shown["stage"]), "{what}: {again}");
        assert_eq!(again["interrupted"], shown["interrupted"], "{what}");
    }
    let (before, _) = server.put("b", "x");
    assert_eq!(before, 503, "{what}: nobody is primary after a restart");
    let end = end_of(&server, &session, &what);
    // The cluster shows what the record says, once there is a primary to ask.
    if end != "explained" {
        let (_, cluster) = server.get(&session, "/api/v1/cluster");
        if cluster["primary"].is_null() {
            fail_over(&server, &session, 4, &what);
        }
        let (_, cluster) = server.get(&session, "/api/v1/cluster");
        let (_, action) = server.get(&session, &format!("/api/v1/actions/{}", id(1)));
        if matches!(kind, "switchover" | "verify_node") {
            // Failovers move the epoch too, and a look moves nothing: here the receipt counts.
            let executed = action["outcome"]["result"] == "executed";
            assert_eq!(executed, end == "executed", "{what}: {action}");
        } else {
            assert_eq!(has_run(kind, &cluster), end == "executed", "{what}: {cluster}");
        }
        // A late delivery of the confirmation is told the end, and runs nothing.
        let (status, late) = server.confirm(&session, &explained);
        assert_eq!((status, &late["stage"]), (200, &json!(end)), "{what}: {late}");
        assert_eq!(late["duplicate"], true, "{what}");
        assert_eq!(server.get(&session, "/api/v1/cluster").1["epoch"], cluster["epoch"], "{what}");
    }
    server.kill();
    let verified = place.command(None, &["verify-log", "--config", "Leptos.toml"], "");
    assert_eq!(verified.status.code(), Some(0), "{what}: {verified:?}");
    format!("{point:<28} {kind:<15} after restart {found:<10} in the end {end}")
}

/// C6.2, C6.3, C7.3.
/// What is shown after a restart, and how it ends, for every point and every kind of effect.
#[test]
fn a_stop_at_every_point_ends_in_the_truth() {
    let mut lines = Vec::new();
    for (kind, inside) in KINDS {
        for point in BEFORE.iter().chain(*inside).chain(AFTER) {
            lines.push(survives(kind, point));
        }
    }
    for (kind, inside) in PREPARED {
        lines.extend(inside.iter().map(|point| survives(kind, point)));
    }
    insta::assert_snapshot!("crash_points", lines.join("\n"));
}

/// A session of a second operator, who is made for it.
fn second_operator(place: &ServerDir, server: &TestServer) -> ClientSession {
    let words = ["account", "add", "otto", "--role", "operator", "--config", "Leptos.toml"];
    let made = place.command(None, &words, &format!("{PASSWORD}\n"));
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let body = json!({"name": "otto", "password": PASSWORD});
    let (status, session) = server.post(&ClientSession(String::new()), "/api/v1/login", &body);
    assert_eq!(status, 200, "{session}");
    ClientSession(session["token"].as_str().expect("a token").to_owned())
}

/// C6.2, C7.3: between the two operators, and after each of them.
#[test]
fn a_stop_at_every_point_between_two_operators_ends_in_the_truth() {
    for (first, point, found) in [
        (true, "workflow.before_first_confirmed", "explained"),
        (true, "workflow.first_confirmed", "first_confirmed"),
        (false, "workflow.before_confirmed", "first_confirmed"),
        (false, "workflow.confirmed", "confirmed"),
        (false, "workflow.dispatched", "unknown"),
        (false, "workflow.outcome", "executed"),
    ] {
        let place = ServerDir::new();
        place.set("second-operator = [\"control\"]");
        let server = place.start(None);
        let olga = server.set_up();
        let otto = second_operator(&place, &server);
        server.kill();
        // Nobody is primary after a restart of this cluster, so the next one moves nothing.
        let server = place.start(first.then_some(point));
        let explained = server.request(&olga, &id(1), "failover", json!({"to": "n2"}));
        let (status, answer) = server.confirm(&olga, &explained);
        let server = if first {
            server
        } else {
            assert_eq!((status, &answer["stage"]), (200, &json!("first_confirmed")), "{answer}");
            server.kill();
            let server = place.start(Some(point));
            assert_eq!(server.confirm(&otto, &explained).0, 0, "{point}");
            server
        };
        assert!(server.ended(), "{point}: it ended at the point");
        let server = place.start(None);
        let path = format!("/api/v1/actions/{}", id(1));
        let shown = server.get(&olga, &path).1;
        assert_eq!(shown["stage"], found, "{point}");
        let ran = found == "executed";
        let epoch = server.get(&olga, "/api/v1/cluster").1["epoch"].as_u64().expect("an epoch");
        assert_eq!(epoch == 2, ran, "{point}");
        if matches!(found, "explained" | "first_confirmed") {
            let (status, alone) = server.confirm(&otto, &explained);
            if found == "explained" {
                assert_eq!((status, &alone["refusal"]["code"]), (403, &json!("not_permitted")));
                let (_, answer) = server.confirm(&olga, &explained);
                assert_eq!(answer["stage"], "first_confirmed", "{answer}");
                let done = server.confirm(&otto, &server.get(&olga, &path).1);
                assert_eq!((done.0, &done.1["stage"]), (200, &json!("executed")), "{point}");
            } else {
                assert_eq!((status, &alone["stage"]), (200, &json!("executed")), "{point}");
            }
            assert_eq!(server.get(&olga, &path).1["confirmed_by"], json!(["olga", "otto"]));
        }
    }
}
