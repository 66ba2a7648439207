//! What is predicted, fact by fact.

use crate::kernel::postgres::checks::checks;
use crate::kernel::postgres::fixture::{StateFixture, action, names, request};
use crate::kernel::postgres::spec::{SPEC, facts as key};
use crate::model::explanation::{Checks, Verdict};
use crate::model::facts::Value;

fn judged(state: &StateFixture, kind: &str, params: &[(&str, &str)]) -> Checks {
    let found = checks(&state.state(), &request(action(kind, params), &[]));
    assert_eq!(Verdict::of(&found.checks), Verdict::Pass, "{kind}: {found:#?}");
    found
}

/// Every effect in a line.
fn effects(state: &StateFixture, kind: &str, params: &[(&str, &str)]) -> Vec<String> {
    judged(state, kind, params).effects.iter().map(|change| SPEC.change(change)).collect()
}

const N1: &[(&str, &str)] = &[("node", "n1")];
const N2: &[(&str, &str)] = &[("node", "n2")];

#[test]
fn stopping_logins_names_every_role_that_is_stopped_and_resuming_gives_them_back() {
    let stop = effects(&StateFixture::whole(), "stop_logins", N1);
    assert_eq!(
        stop,
        [
            "n1 application roles: app, web -> none",
            "n1 stopped logins: none -> app, web",
            "writes: accepted -> stopped",
        ]
    );
    let stopped = StateFixture::whole()
        .node("n1", key::LOGIN_ROLES, names(&[]))
        .node("n1", key::STOPPED_LOGINS, names(&["app", "web"]))
        .says(key::BARRIER, "6f1c2a34".into())
        .says(crate::model::spec::WRITES, "stopped".into());
    let resume = effects(&stopped, "resume_logins", N1);
    assert_eq!(
        resume,
        [
            "n1 application roles: none -> app, web",
            "n1 stopped logins: app, web -> none",
            "writes: stopped -> accepted",
            "barrier: 6f1c2a34 -> none",
        ]
    );
}

#[test]
fn what_is_written_is_not_in_force_and_a_reload_shows_everybody_s_edits() {
    let state = StateFixture::whole();
    let rule = [("node", "n1"), ("rule", "FIRST 1 (n3)")];
    assert_eq!(
        effects(&state, "write_sync_standbys", &rule),
        [
            "n1 sync rule written: ANY 1 (n2, n3) -> FIRST 1 (n3)",
            "n1 settings to load: none -> synchronous_standby_names",
        ]
    );
    let written = state.node("n1", key::SYNC_RULE_WRITTEN, "FIRST 1 (n3)".into()).node(
        "n1",
        key::PENDING,
        names(&["synchronous_standby_names", "work_mem"]),
    );
    let reload = judged(&written, "reload", N1);
    let effects: Vec<_> = reload.effects.iter().map(|change| SPEC.change(change)).collect();
    assert_eq!(
        effects,
        [
            "n1 sync rule: ANY 1 (n2, n3) -> FIRST 1 (n3)",
            "n1 settings to load: synchronous_standby_names, work_mem -> none",
            "n1 follower n2 sync state: quorum -> async",
            "n1 follower n3 sync state: quorum -> sync",
        ]
    );
    assert!(reload.consequences.iter().any(|said| said.contains("work_mem")), "{reload:?}");
    // Back to what is in force: nothing is to be loaded any more.
    let back = [("node", "n1"), ("rule", "ANY 1 (n2, n3)")];
    let after = judged(&written, "write_sync_standbys", &back);
    let pending = after.effects.iter().find(|change| *change.fact == *key::PENDING);
    assert_eq!(pending.map(|change| change.after.to_string()), Some("work_mem".to_owned()));
}

/// C5.1: a standby waits for nobody, so its rule says nothing of those that follow it.
#[test]
fn a_rule_counts_for_the_followers_of_a_primary_alone() {
    let cascade =
        StateFixture::whole().node("n2", key::SYNC_RULE_WRITTEN, "ANY 1 (n1, n3)".into()).has(
            key::FOLLOWER,
            "n2",
            "n3",
            &[(key::FOLLOWER_STATE, "streaming".into()), (key::SYNC_STATE, "async".into())],
        );
    assert_eq!(effects(&cascade, "reload", N2), ["n2 sync rule: ANY 1 (n2, n3) -> ANY 1 (n1, n3)"]);
}

#[test]
fn commits_that_wait_are_freed_by_a_rule_that_the_others_meet() {
    let hangs = StateFixture::whole()
        .node("n1", key::SYNC_RULE, "FIRST 1 (n2)".into())
        .node("n1", key::SYNC_RULE_WRITTEN, Value::None)
        .node("n1", key::SYNC_WAITERS, 3.into())
        .says(crate::model::spec::WRITES, "waiting".into());
    let reload = judged(&hangs, "reload", N1);
    let words: Vec<_> = reload.effects.iter().map(|change| SPEC.change(change)).collect();
    assert!(words.contains(&"writes: waiting -> accepted".to_owned()), "{words:?}");
    assert!(reload.consequences.iter().any(|said| said.contains("wait for a standby now: 3")));
}

#[test]
fn a_standby_that_is_detached_follows_nobody_and_one_that_moves_connects_in_its_own_time() {
    let written = |upstream: Value| {
        StateFixture::whole().node("n3", key::UPSTREAM_WRITTEN, upstream).node(
            "n3",
            key::PENDING,
            names(&["primary_conninfo"]),
        )
    };
    let n3 = [("node", "n3")];
    let detached = effects(&written(Value::None), "reload", &n3);
    assert_eq!(
        detached,
        [
            "n3 follows: n1 -> nobody",
            "n3 WAL receiver: streaming -> no receiver",
            "n3 upstream: n1 -> nobody",
            "n3 settings to load: primary_conninfo -> none",
            "n1 follower n3 state: streaming -> absent",
            "n1 follower n3 sync state: quorum -> absent",
            "n1 slot n3 active: yes -> unknown",
        ]
    );
    let moved = effects(&written("n2".into()), "reload", &n3);
    for line in ["n3 follows: n1 -> unknown", "n2 follower n3 state: absent -> unknown"] {
        assert!(moved.contains(&line.to_owned()), "{line}: {moved:?}");
    }
}

#[test]
fn what_only_the_action_itself_can_name_is_predicted_as_that() {
    let stopped = StateFixture::whole()
        .node("n1", key::LOGIN_ROLES, names(&[]))
        .node("n1", key::STOPPED_LOGINS, names(&["app"]))
        .node("n1", key::SESSIONS_COUNT, 0.into());
    assert_eq!(effects(&stopped, "mark_barrier", N1), ["barrier: none -> that of this action"]);
    let branch = effects(&StateFixture::whole(), "mark_branch", N1);
    assert_eq!(branch, ["branch: unnamed -> that of this action"]);
}

/// C3.3: a slot that somebody used in between is not the one that was confirmed.
#[test]
fn dropping_a_slot_is_bound_to_where_it_stands_and_not_to_what_it_keeps() {
    let drop = [("node", "n1"), ("slot", "reports")];
    let state = StateFixture::whole();
    let found = judged(&state, "drop_slot", &drop);
    assert!(found.effects.iter().any(|change| *change.fact == *key::RESTART));
    assert!(!found.effects.iter().any(|change| *change.fact == *key::RETAINED));
    assert!(found.consequences[0].contains("3.0 MiB"), "{found:?}");
    let grown = state.item("n1", "reports", key::RETAINED, (1_u64 << 30).into());
    assert_eq!(judged(&grown, "drop_slot", &drop).effects, found.effects);
}

/// Nothing that moves by itself enters an effect, but where an action is bound to it.
#[test]
fn no_effect_holds_a_value_that_moves_by_itself() {
    let mut state = StateFixture::whole();
    let words = |state: &StateFixture| {
        let asked: [(&str, &[(&str, &str)]); 6] = [
            ("stop_logins", N1),
            ("checkpoint", N2),
            ("switch_wal", N1),
            ("verify_node", N2),
            ("create_backup", &[("node", "n2"), ("name", "b2")]),
            ("create_slot", &[("node", "n2"), ("slot", "n1")]),
        ];
        asked.map(|(kind, params)| effects(state, kind, params))
    };
    let before = words(&state);
    for (fact, value) in [
        (key::FLUSHED, super::super::fixture::at(1 << 40)),
        (key::REPLAYED, super::super::fixture::at(1 << 40)),
        (key::CHECKPOINT, super::super::fixture::at(1 << 39)),
        (key::SESSIONS_COUNT, 90.into()),
        (key::WAL_BYTES, 7.into()),
    ] {
        state = state.everywhere(fact, &value);
    }
    assert_eq!(words(&state), before);
}
