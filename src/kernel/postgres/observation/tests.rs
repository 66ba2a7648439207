//! What is made of readings that no server of a test gives: columns that are not shown, addresses that lead
//! astray, nodes of another cluster.

use super::assemble::{NodeLook, Surroundings, assemble, known_of};
use crate::kernel::postgres::config::{
    DatabaseCredential, Deadlines, Encryption, NodeAddress, OwnSchema, PostgresConfig,
};
use crate::kernel::postgres::journal::HighestKnown;
use crate::kernel::postgres::reading::{NodeReading, reading_of};
use crate::kernel::postgres::spec::facts;
use crate::model::ambient::Timestamp;
use crate::model::cluster::ClusterState;
use crate::model::facts::{Fact, Since, Value};
use crate::model::pinned::ClusterIdentity;
use crate::model::spec::{PRIMARY, REACHABLE, ROLE, WRITES};
use crate::model::text::{NodeId, PlaceName};
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::time::Duration;

const US: &str = "7001";

fn address(number: u16) -> NodeAddress {
    let id = NodeId::parse(&format!("n{number}")).expect("a name");
    NodeAddress { id, host: "db.example".to_owned(), port: 5_000 + number }
}

fn place(name: &str) -> PlaceName {
    PlaceName::parse(name).expect("a name")
}

fn config(count: u16, own_schema: OwnSchema) -> PostgresConfig {
    let role = |role: &str| DatabaseCredential { role: role.to_owned(), password_file: None };
    let second = Duration::from_secs(1);
    PostgresConfig {
        dir: PathBuf::from("/nowhere"),
        cluster: place("c"),
        environment: place("e"),
        nodes: (1..=count).map(address).collect(),
        database: "aerodb_control".to_owned(),
        observer: role("aerodb_observer"),
        operator: role("aerodb_operator"),
        encryption: Encryption::Plain,
        deadlines: Deadlines { connect: second, observe: second, order: second },
        watch: None,
        own_schema,
    }
}

/// A reading of node `number`: a primary unless it follows another one.
fn reading(number: u16, follows: Option<u16>) -> Json {
    json!({
        "pinned": {
            "system_identifier": US, "version": "15.1", "standby": follows.is_some(), "timeline": 1,
            "server": {"pid": 100 + number, "since": "2026-01-01T00:00:00.000001Z"},
            "receiver": follows.map(|it| json!({
                "status": "streaming", "sender_host": "db.example", "sender_port": 5_000 + it
            })),
            "replay": follows.map(|_| "not paused"),
            "sync_rule": "", "synchronous_commit": "on",
            "upstream": {"is_set": false, "is_plain": true, "has_password": false, "pairs": {}},
            "pending_restart": [], "checksums": "on", "archiving": "off", "prepared": [],
            "backups_running": 0, "followers": [], "slots": [],
            "marks": {"sessions": [], "consoles": [], "files": [], "command_line": [],
                      "settings": [], "libraries": [], "databases": [], "roles": []},
            "files_readable": true, "own_tables": 5, "own_options": true, "tablespaces": [],
        },
        "moving": {
            "config_loaded": "2026-01-01T00:00:00.000002Z", "flushed": 1_000, "replayed": 1_000,
            "checkpoint": 900, "checkpoint_timeline": 1, "replay_delay_ms": 5, "wal_bytes": 1,
            "segment": "x", "sync_waiters": 0, "sessions_count": 0, "connections_free": 1,
            "senders_free": 1, "slots_free": 1, "archiver": {"failing": false}, "archive_ready": 0,
            "xid_age": 1, "xmin_age": null, "collations_changed": [], "followers": [], "slots": [],
            "sessions": [],
        },
        "own": {"login_roles": ["app"], "stopped_logins": [], "contract": null, "barrier": null,
                "branches": [], "sessions_of_stopped": 0},
    })
}

fn look(number: u16, read: Result<Json, &str>) -> NodeLook {
    let read = read.map_err(str::to_owned).map(|json| -> NodeReading { reading_of(json) });
    NodeLook { node: address(number), read }
}

/// The three nodes, each as a test changes it.
fn three(change: impl Fn(u16, &mut Json)) -> Vec<NodeLook> {
    let one = |number: u16| {
        let mut json = reading(number, (number > 1).then_some(1));
        change(number, &mut json);
        look(number, Ok(json))
    };
    [1, 2, 3].map(one).to_vec()
}

fn identity() -> ClusterIdentity {
    ClusterIdentity {
        cluster: place("c"),
        environment: place("e"),
        kernel: "postgres".to_owned(),
        id: US.to_owned(),
    }
}

fn state_with(looks: &[NodeLook], own_schema: OwnSchema) -> ClusterState {
    state_after(looks, own_schema, HighestKnown::default())
}

fn state_after(looks: &[NodeLook], own_schema: OwnSchema, highest: HighestKnown) -> ClusterState {
    let config = config(3, own_schema);
    let now = Timestamp::from_millis(9_000);
    let around = Surroundings {
        config: &config,
        identity: identity(),
        now,
        clock: "test clock",
        ordered: true,
        forks: Err("nobody was asked".to_owned()),
        backups: Fact::Known(Value::Names(Vec::new())),
        free_bytes: Fact::Known(Value::Number(1)),
        highest,
    };
    let first =
        |_: &NodeId, why: &str| Since { since: Timestamp::from_millis(4_000), why: why.to_owned() };
    assemble(looks, &around, first)
}

fn state(looks: &[NodeLook]) -> ClusterState {
    state_with(looks, OwnSchema::Present)
}

fn of_node<'a>(state: &'a ClusterState, number: usize, key: &str) -> &'a Fact<Value> {
    let node = state.nodes.get(number - 1).expect("a node");
    node.facts.get(key).unwrap_or_else(|| panic!("{key} is not said of {}", node.id))
}

fn why(fact: &Fact<Value>) -> &str {
    fact.missing().map_or_else(|| panic!("{fact:?}"), |unknown| unknown.why.as_str())
}

#[test]
fn a_node_that_was_not_read_may_be_the_primary_so_nobody_says_that_there_is_none() {
    let mut looks = three(|_, _| {});
    if let Some(first) = looks.first_mut() {
        *first = look(1, Err("no connection: refused"));
    }
    let state = state(&looks);
    let primary = state.facts.get(PRIMARY).expect("it is said");
    assert_eq!(
        why(primary),
        "no node that answers is primary, and n1 does not answer: no connection: refused"
    );
    assert_eq!(primary.missing().map(|it| it.since), Some(Timestamp::from_millis(4_000)));
    assert!(state.facts.get(WRITES).is_some_and(|fact| fact.known().is_none()));
    assert_eq!(of_node(&state, 1, REACHABLE), &Fact::Known(Value::Flag(false)));
    assert_eq!(why(of_node(&state, 1, ROLE)), "no connection: refused");
    assert_eq!(why(of_node(&state, 2, facts::LAG_BYTES)), "it is not known how far the primary is");
}

#[test]
fn where_all_nodes_answer_and_none_is_primary_nobody_is() {
    let looks = three(|number, json| {
        if number == 1 {
            *json = reading(1, Some(2));
        }
    });
    let state = state(&looks);
    assert_eq!(state.facts.get(PRIMARY), Some(&Fact::Known(Value::None)));
    assert_eq!(state.facts.get(WRITES), Some(&Fact::Known("stopped".into())));
    assert!(state.facts.instant(facts::PRIMARY_SINCE).is_some());
}

#[test]
fn a_server_of_another_cluster_is_no_primary_of_this_one() {
    let looks = three(|number, json| {
        if number == 3 {
            *json = reading(3, None);
            json["pinned"]["system_identifier"] = json!("7002");
            json["pinned"]["timeline"] = json!(9);
        }
    });
    let state = state(&looks);
    assert_eq!(state.facts.get(PRIMARY), Some(&Fact::Known("n1".into())));
    assert_eq!(state.facts.get(facts::TIMELINE), Some(&Fact::Known(Value::Number(1))));
    assert_eq!(of_node(&state, 3, facts::SYSTEM_IDENTIFIER), &Fact::Known("7002".into()));
    assert_eq!(of_node(&state, 3, facts::DIVERGED), &Fact::Known(Value::Flag(true)));
}

#[test]
fn two_addresses_that_lead_to_one_server_are_no_direct_connections() {
    let looks = three(|number, json| {
        if number == 3 {
            *json = reading(2, Some(1));
        }
    });
    let state = state(&looks);
    let direct = |number| of_node(&state, number, facts::DIRECT).known();
    assert_eq!(direct(1), Some(&Value::Flag(true)));
    assert_eq!((direct(2), direct(3)), (Some(&Value::Flag(false)), Some(&Value::Flag(false))));
}

#[test]
fn a_session_that_did_not_begin_as_ours_did_is_shared_by_something_in_between() {
    let looks = three(|number, json| {
        json["pinned"]["own_options"] = if number == 2 { Json::Null } else { json!(false) };
    });
    let state = state(&looks);
    assert_eq!(of_node(&state, 1, facts::DIRECT), &Fact::Known(Value::Flag(false)));
    assert!(of_node(&state, 2, facts::DIRECT).known().is_none());
}

#[test]
fn a_column_that_is_not_shown_is_unknown_and_never_a_zero() {
    let looks = three(|number, json| {
        if number == 1 {
            json["pinned"]["sync_rule"] = json!("ANY 1 (n2, n3)");
            json["pinned"]["followers"] = json!([
                {"pid": 1, "name": "n2", "state": null, "sync_state": null, "since": null},
                {"pid": 2, "name": "n2", "state": "streaming", "sync_state": "quorum", "since": "x"},
                {"pid": 3, "name": "", "state": "streaming", "sync_state": "async", "since": "x"},
            ]);
            json["moving"]["followers"] =
                json!([{"pid": 1, "flushed": null}, {"pid": 2, "flushed": 900}]);
            json["pinned"]["slots"] = json!([{"name": "n2", "type": "physical", "active": false,
                                              "wal_status": null}]);
            json["moving"]["slots"] = json!([{"name": "n2", "restart": null, "safe_wal_bytes": -5,
                                              "inactive_since": null}]);
            for key in ["flushed", "wal_bytes", "sync_waiters", "connections_free", "archiver"] {
                json["moving"][key] = Json::Null;
            }
        }
    });
    let state = state(&looks);
    for key in [facts::FLUSHED, facts::WAL_BYTES, facts::SYNC_WAITERS, facts::CONNECTIONS_FREE] {
        assert!(why(of_node(&state, 1, key)).contains("shows no value"), "{key}");
    }
    assert!(why(state.facts.get(WRITES).expect("said")).contains("which standbys are synchronous"));
    assert!(why(of_node(&state, 2, facts::LAG_BYTES)).contains("primary"));
    let names: Vec<&str> = state.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["n2", "n2 (2)", "unnamed", "n2"], "each is another one");
    let of_item = |place: usize, key: &str| state.items.get(place).and_then(|it| it.facts.get(key));
    assert!(of_item(0, facts::FOLLOWER_STATE).is_some_and(|fact| fact.known().is_none()));
    assert!(of_item(1, facts::FOLLOWER_LAG).is_some_and(|fact| fact.known().is_none()));
    assert_eq!(of_item(3, facts::RETAINED), Some(&Fact::Known(Value::None)));
    assert_eq!(of_item(3, facts::SAFE_WAL), Some(&Fact::Known(Value::Number(0))));
}

#[test]
fn a_schema_that_was_refused_stops_no_writes_and_one_that_cannot_be_read_hides_whether_they_are() {
    let looks = three(|_, json| json["own"] = Json::Null);
    let writes = |own_schema| state_with(&looks, own_schema).facts.text(WRITES);
    assert_eq!(writes(OwnSchema::Refused).known().map(String::as_str), Some("accepted"));
    assert_eq!(writes(OwnSchema::Present).known(), None);
    let state = state_with(&looks, OwnSchema::Refused);
    for key in [facts::LOGIN_ROLES, facts::NODE_CONTRACT, facts::NODE_BARRIER, facts::NODE_BRANCH] {
        assert!(of_node(&state, 1, key).known().is_none(), "{key}");
    }
}

#[test]
fn a_contract_that_ended_is_none_and_keeps_its_number() {
    let looks = three(|number, json| {
        json["own"]["contract"] = json!({"number": 4, "rule": "ANY 1 (n2)", "ended": number == 1,
                                         "timeline": null});
    });
    let state = state(&looks);
    assert_eq!(of_node(&state, 1, facts::NODE_CONTRACT), &Fact::Known(Value::None));
    assert_eq!(of_node(&state, 1, facts::CONTRACT_NUMBER), &Fact::Known(Value::Number(4)));
    assert_eq!(of_node(&state, 2, facts::NODE_CONTRACT), &Fact::Known("ANY 1 (n2)".into()));
    assert_eq!(state.facts.get(facts::SYNC_CONTRACT), Some(&Fact::Known(Value::None)));
}

#[test]
fn a_standby_whose_clock_or_history_differs_has_no_lag_and_not_a_lag_of_nothing() {
    let looks = three(|number, json| {
        json["moving"]["replay_delay_ms"] = if number == 2 { json!(-3) } else { Json::Null };
        if number == 3 {
            json["moving"]["flushed"] = json!(2_000);
            json["moving"]["replayed"] = json!(2_000);
        }
    });
    let state = state(&looks);
    assert!(why(of_node(&state, 2, facts::REPLAY_DELAY)).contains("clock"));
    assert!(why(of_node(&state, 3, facts::REPLAY_DELAY)).contains("no transaction"));
    assert_eq!(of_node(&state, 2, facts::LAG_BYTES), &Fact::Known(Value::Number(0)));
    assert!(of_node(&state, 3, facts::LAG_BYTES).known().is_none());
    assert_eq!(of_node(&state, 3, facts::DIVERGED_BYTES), &Fact::Known(Value::Number(1_000)));
}

/// C2.2: who knew of it is gone, and what it said is not.
#[test]
fn a_timeline_and_the_end_of_a_contract_outlive_the_node_that_told_of_them() {
    let looks = three(|number, json| {
        if number == 1 {
            json["pinned"]["timeline"] = json!(3);
            json["own"]["contract"] =
                json!({"number": 4, "rule": "ANY 1 (n2, n3)", "ended": true, "timeline": null});
        }
    });
    let known = known_of(&looks, &identity());
    assert_eq!(known, HighestKnown { timeline: 3, contract_ended: 4 });
    let mut left = three(|_, _| {});
    left[0].read = Err("it does not answer".to_owned());
    let state = state_after(&left, OwnSchema::Present, known);
    assert_eq!(state.facts.get(facts::TIMELINE), Some(&Fact::Known(Value::Number(3))));
    assert_eq!(state.facts.get(facts::CONTRACT_ENDED), Some(&Fact::Known(Value::Number(4))));
    let forgotten = state_after(&left, OwnSchema::Present, HighestKnown::default());
    assert_eq!(forgotten.facts.get(facts::TIMELINE), Some(&Fact::Known(Value::Number(1))));
    // A newer one says that every one before it has ended, and a stranger says nothing.
    let looks = three(|number, json| {
        if number == 2 {
            json["own"]["contract"] =
                json!({"number": 6, "rule": "ANY 1 (n2, n3)", "ended": false, "timeline": null});
        }
        if number == 3 {
            json["pinned"]["system_identifier"] = json!("7002");
            json["pinned"]["timeline"] = json!(9);
        }
    });
    let known = known_of(&looks, &identity());
    assert_eq!(known, HighestKnown { timeline: 1, contract_ended: 5 });
}
