//! The statements as texts: every guard is in them.

use super::*;
use crate::kernel::postgres::spec::facts as key;
use crate::model::ambient::Timestamp;
use crate::model::canonical::Hash;
use crate::model::cluster::{ClusterState, NodeState, Observation};
use crate::model::facts::{Fact, FactKey, Facts, Position, Value};
use crate::model::pinned::ClusterIdentity;
use crate::model::text::{NodeId, PlaceName};

const SYSTEM: &str = "7711116257347172119";
const BEGAN_AT: &str = "2026-11-30T11:05:07.123456Z";

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn facts() -> Facts {
    let at = Position { branch: 1, offset: 0x0300_0060 };
    [
        (key::SYSTEM_IDENTIFIER, text(SYSTEM)),
        (key::STARTED, text(BEGAN_AT)),
        (key::TIMELINE, Value::Number(1)),
        (key::FLUSHED, Value::Position(at)),
        (key::NODE_BARRIER, Value::None),
        (key::UPSTREAM, text("n1")),
        (key::LOGIN_ROLES, Value::Names(vec!["app".to_owned(), "o'web".to_owned()])),
    ]
    .into_iter()
    .map(|(key, value)| (FactKey::new(key), Fact::Known(value)))
    .collect()
}

fn state(facts: Facts) -> ClusterState {
    let observation = Observation {
        id: String::new(),
        observed_at: Timestamp::from_millis(0),
        clock: "test".to_owned(),
        source: "the test".to_owned(),
    };
    let identity = ClusterIdentity {
        cluster: PlaceName::parse("c").unwrap(),
        environment: PlaceName::parse("e").unwrap(),
        kernel: "postgres".to_owned(),
        id: SYSTEM.to_owned(),
    };
    let node = NodeState { id: NodeId::numbered(2), facts, source: String::new() };
    ClusterState::new(observation, identity, Facts::default(), vec![node])
}

fn planned(action: &Action, state: &ClusterState) -> Result<GuardedStatement, KernelRefusal> {
    let witness = LedgerRef { seq: 7, hash: Hash::of(b"dispatched") };
    let place = OrderPlace {
        id: ActionId::from_random([9; 16]),
        witness: &witness,
        session: (42, 1_796_036_707_123_456),
        own_roles: ["aerodb_observer", "aerodb_operator"],
    };
    let on = ConfirmedNode::of(state, action.node())?;
    match plan(action, &on, &place, None)? {
        OrderPlan::Statement(statement) | OrderPlan::Copy(statement) => Ok(*statement),
    }
}

fn n2() -> NodeId {
    NodeId::numbered(2)
}

#[test]
fn every_statement_compares_the_server_its_processes_the_session_and_the_timeline() {
    let state = state(facts());
    let promote = planned(&Action::Promote { node: n2() }, &state).unwrap();
    let rules: Vec<Rule> = promote.guards.iter().map(|(rule, _)| *rule).collect();
    let all =
        [Rule::SameCluster, Rule::NotRestarted, Rule::DirectlyConnected, Rule::WithinStatement];
    assert_eq!(rules[..4], all);
    for wanted in [SYSTEM, BEGAN_AT, "0/3000060"] {
        let bound = BoundValue::Text(wanted.to_owned());
        assert!(promote.bound.contains(&bound), "{wanted} is in {:?}", promote.bound);
    }
}

#[test]
fn nothing_acts_but_where_no_guard_is_violated_and_null_violates() {
    let state = state(facts());
    for action in [
        Action::Promote { node: n2() },
        Action::StopLogins { node: n2() },
        Action::PauseReplay { node: n2() },
        Action::CreateSlot { node: n2(), slot: PlaceName::parse("n3").unwrap() },
        Action::MarkBranch { node: n2() },
    ] {
        let statement = planned(&action, &state).unwrap();
        let sql = statement.act_sql().expect("it carries its guards");
        let guards = sql.matches("is not true then '").count();
        assert_eq!(guards, statement.guards.len(), "{sql}");
        assert!(sql.contains("cardinality(v.violated) = 0"), "{sql}");
        // The look is the same statement without the act.
        let look = statement.look_sql();
        assert!(look.ends_with("null::text from v"), "{look}");
        for act in ["pg_promote", "cp.stop_logins", "pg_wal_replay_pause", "insert into"] {
            assert!(!look.contains(act), "{look}");
        }
    }
}

#[test]
fn no_value_stands_in_the_text_of_a_statement_that_can_be_told_values() {
    let state = state(facts());
    let sql = planned(&Action::StopLogins { node: n2() }, &state).unwrap().act_sql().unwrap();
    for value in [SYSTEM, BEGAN_AT, "o'web", "app'", "09090909"] {
        assert!(!sql.contains(value), "{sql}");
    }
}

#[test]
fn what_was_unknown_when_it_was_confirmed_sends_nothing() {
    for missing in [key::SYSTEM_IDENTIFIER, key::STARTED, key::TIMELINE, key::FLUSHED] {
        let mut facts = facts();
        facts.set(missing, Fact::unknown(Timestamp::from_millis(0), "nobody knows"));
        let refused = planned(&Action::Promote { node: n2() }, &state(facts)).unwrap_err();
        assert!(refused.sentence.contains("nobody knows"), "{missing}: {refused}");
    }
    let elsewhere = Action::Promote { node: NodeId::numbered(9) };
    let refused = planned(&elsewhere, &state(facts())).unwrap_err();
    assert_eq!(refused.rule, "node_configured");
}

#[test]
fn a_setting_outside_of_the_closed_list_is_not_written() {
    let state = state(facts());
    let write = |setting: &str, value: &str| Action::WriteSetting {
        node: n2(),
        setting: PlaceName::parse(setting).unwrap(),
        value: value.to_owned(),
    };
    for shell in ["archive_command", "restore_command", "shared_preload_libraries"] {
        let refused = planned(&write(shell, "x"), &state).unwrap_err();
        assert_eq!(refused.rule, "setting_allowed");
    }
    let text = |value: &str| planned(&write("wal_keep_size", value), &state).unwrap().act;
    let alone = |text: &str| StatementAct::Alone(text.to_owned());
    assert_eq!(text("1GB"), alone("alter system set wal_keep_size = '1GB'"));
    assert_eq!(text("1'; x"), alone("alter system set wal_keep_size = '1''; x'"));
    assert_eq!(text("default"), alone("alter system reset wal_keep_size"));
}
