//! The proofs of a promotion, and the false ones that were measured.

mod contract;

use super::*;
use crate::kernel::postgres::checks::checks;
use crate::kernel::postgres::fixture::{
    END, STOP, SYSTEM, StateFixture, action, at, each_gap, names, on, request, verdict,
};
use crate::kernel::postgres::spec::SPEC;
use crate::model::explanation::Checks;
use crate::model::facts::Value;
use crate::model::spec::{PRIMARY, WRITES};
use Verdict::{Fail, Pass, Unknown};

const KEPT: &str = "acknowledged_commits_kept";
const ALONE: &str = "no_other_writer";
const OUT: (&str, &str) = ("old_primary_out", "yes");
const NO_LOCAL: (&str, &str) = ("no_local_commits", "yes");

/// The old primary does not answer, and nobody receives anything.
fn after_the_primary() -> StateFixture {
    let state = StateFixture::whole().lost("n1").says(key::PRIMARIES, names(&[]));
    let state = state.cannot_say(PRIMARY).cannot_say(WRITES);
    let nobody = |state: StateFixture, node| {
        let state = state.node(node, key::RECEIVER, Value::None);
        state.node(node, key::FOLLOWS, Value::None)
    };
    nobody(nobody(state, "n2"), "n3")
}

/// The same, where logins were stopped and a barrier was marked before.
fn after_a_barrier() -> StateFixture {
    ["n2", "n3"].into_iter().fold(after_the_primary(), |state, node| {
        let state = state.node(node, key::LOGIN_ROLES, names(&[]));
        let state = state.node(node, key::STOPPED_LOGINS, names(&["app", "web"]));
        state.node(node, key::NODE_BARRIER, "6f1c2a34".into())
    })
}

/// The same, where a contract stood and both standbys are detached.
fn detached(rule: &'static str) -> StateFixture {
    ["n2", "n3"].into_iter().fold(after_the_primary(), |state, node| {
        let state = state.node(node, key::UPSTREAM, Value::None);
        let state = state.node(node, key::UPSTREAM_WRITTEN, Value::None);
        let state = state.node(node, key::NODE_CONTRACT, rule.into());
        state.node(node, key::CONTRACT_NUMBER, 4.into())
    })
}

fn control_data(state: &str, checkpoint: &str) -> String {
    format!(
        "Database system identifier: {SYSTEM}\n\
         Database cluster state: {state}\n\
         Latest checkpoint location: {checkpoint}\n\
         Latest checkpoint's REDO location: {checkpoint}\n\
         Latest checkpoint's TimeLineID: 1"
    )
}

fn promoted(state: &StateFixture, attested: &[(&str, &str)]) -> Checks {
    checks(&state.state(), &request(action("promote", &[("node", "n2")]), attested))
}

/// What both rules of the proofs come to.
fn proven(state: &StateFixture, attested: &[(&str, &str)]) -> [Verdict; 2] {
    let found = promoted(state, attested);
    [verdict(&found, KEPT), verdict(&found, ALONE)]
}

fn stopped_with(data: &str) -> Vec<(&'static str, &str)> {
    vec![("control_data", data), OUT]
}

/// What is said of a rule, all of it.
fn said(checks: &Checks, rule: &str) -> String {
    let check = checks.checks.iter().find(|check| check.invariant.word() == rule).expect(rule);
    let words = check.evidence.iter().map(|e| format!("{} [{}]\n", e.observed, e.source));
    words.collect()
}

/// D: C2.5.
#[test]
fn while_a_primary_answers_or_the_target_receives_nothing_is_promoted() {
    let data = control_data("shut down", "0/5000028");
    let attested = [stopped_with(&data), vec![NO_LOCAL]].concat();
    let whole = promoted(&StateFixture::whole(), &attested);
    assert_eq!(verdict(&whole, "no_primary_answers"), Fail);
    assert_eq!(verdict(&whole, "not_receiving"), Fail);
    assert_eq!(verdict(&whole, ALONE), Fail, "what is attested is worth nothing against a look");
    assert!(whole.effects.is_empty());
    let receives = after_a_barrier().node("n2", key::RECEIVER, "waiting".into());
    assert_eq!(verdict(&promoted(&receives, &attested), "not_receiving"), Fail);
    let unread = after_a_barrier().cannot_say(key::PRIMARIES).unread("n2", key::RECEIVER);
    let unread = promoted(&unread, &attested);
    assert_eq!(verdict(&unread, "no_primary_answers"), Unknown);
    assert_eq!(verdict(&unread, "not_receiving"), Unknown);
}

/// C: nothing is attested, so nothing is proven, and every missing fact is named.
#[test]
fn without_a_proof_it_is_rejected_with_each_fact_that_is_missing_and_what_would_be_lost() {
    let state = after_the_primary();
    let found = promoted(&state, &[]);
    assert_eq!(proven(&state, &[]), [Unknown, Unknown]);
    let words = said(&found, KEPT);
    for part in [
        "by a barrier under stopped logins: it holds no barrier",
        "by a clean stop: nobody attested the control data",
        "by a sync contract: n2 holds no contract that stands",
        "not known, not even at least",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(said(&found, ALONE).contains("nobody attested it"));
    let further = state.node("n3", key::FLUSHED, at(END + (3 << 20)));
    assert!(said(&promoted(&further, &[]), KEPT).contains("3.0 MiB at least would be lost"));
}

#[test]
fn a_clean_stop_proves_it_where_control_data_and_target_say_the_same() {
    let data = control_data("shut down", "0/5000028");
    let found = promoted(&after_the_primary(), &stopped_with(&data));
    assert_eq!(Verdict::of(&found.checks), Pass, "{found:#?}");
    let words = said(&found, KEPT);
    assert!(words.contains("attested by olga in this request"), "{words}");
    assert!(!words.contains("barrier"), "what it rests on, and nothing else: {words}");
    assert_eq!(proven(&after_the_primary(), &[("control_data", &data)]), [Pass, Unknown]);
}

/// Section 3 and 7: the location was equal, and only `in production` gave it away.
#[test]
fn an_equal_location_of_a_server_that_was_killed_is_no_clean_stop() {
    let data = control_data("in production", "0/5000028");
    assert_eq!(proven(&after_the_primary(), &stopped_with(&data)), [Fail, Fail]);
    let data = control_data("shut down in recovery", "0/5000028");
    assert_eq!(proven(&after_the_primary(), &stopped_with(&data)), [Fail, Fail]);
}

#[test]
fn control_data_of_another_cluster_timeline_or_place_proves_nothing() {
    let clean = control_data("shut down", "0/5000028");
    for bad in [
        clean.replace(SYSTEM, "7713919942378952544"),
        clean.replace("TimeLineID: 1", "TimeLineID: 2"),
        control_data("shut down", "0/5000000"),
        control_data("shut down", "0/50000A0"),
        control_data("shut down", "1/5000028"),
        clean.replace("Latest checkpoint location", "Latest checkpoint"),
        "shut down, I have looked".to_owned(),
    ] {
        let found = proven(&after_the_primary(), &stopped_with(&bad));
        assert_eq!(found[0], Fail, "{bad}");
    }
}

/// The old primary was started again, out of sight, and wrote: the target has its record or not.
#[test]
fn a_clean_stop_is_none_where_the_target_does_not_end_with_it() {
    let data = control_data("shut down", "0/5000028");
    for (fact, place) in [
        (key::REPLAYED, END - 8),
        (key::REPLAYED, END + 48),
        (key::FLUSHED, END + 48),
        (key::CHECKPOINT, STOP - 0x100),
    ] {
        let state = after_the_primary().node("n2", fact, at(place));
        assert_eq!(proven(&state, &stopped_with(&data))[0], Fail, "{fact} {place:x}");
        let unread = after_the_primary().unread("n2", fact);
        assert_eq!(proven(&unread, &stopped_with(&data))[0], Unknown, "{fact}");
    }
}

#[test]
fn a_barrier_proves_it_where_the_target_replayed_the_stop_of_the_old_primary() {
    // No restartpoint, and more than one record after the stop: only the barrier speaks.
    let state = after_a_barrier().node("n2", key::CHECKPOINT, at(STOP - 0x100));
    let data = control_data("shut down", "0/5000028");
    let found = promoted(&state, &stopped_with(&data));
    assert_eq!(Verdict::of(&found.checks), Pass, "{found:#?}");
    assert!(said(&found, KEPT).contains("it holds the barrier 6f1c2a34"));
    // Without what was pasted everything is kept, and nobody knows who else writes.
    assert_eq!(proven(&state, &[OUT]), [Pass, Unknown]);
    let killed = control_data("in production", "0/5000028");
    assert_eq!(proven(&state, &stopped_with(&killed)), [Pass, Fail]);
    let behind = control_data("shut down", "0/50000A0");
    assert_eq!(proven(&state, &stopped_with(&behind)), [Pass, Fail]);
}

/// C2.6: what is predicted is what the new primary will say.
#[test]
fn a_promotion_predicts_a_primary_of_the_next_timeline_whose_branch_has_no_name() {
    let data = control_data("shut down", "0/5000028");
    let found = promoted(&after_a_barrier(), &stopped_with(&data));
    let effects: Vec<_> = found.effects.iter().map(|change| SPEC.change(change)).collect();
    assert_eq!(
        effects,
        [
            "primary: unknown -> n2",
            "timeline: 1 -> 2",
            "writes: unknown -> stopped",
            "primaries: nobody -> n2",
            "barrier: none -> 6f1c2a34",
            "n2 role: standby -> primary",
            "n2 timeline: 1 -> 2",
            "n2 processes since: 2026-11-30T08:00:00Z -> unknown",
            "n2 replay: not paused -> not in recovery",
        ]
    );
    let rule = "The sync rule of n2 is in force at once: ANY 1 (n2, n3). Commits wait for it.";
    assert!(found.consequences.contains(&rule.to_owned()), "{:?}", found.consequences);
    let named = after_a_barrier().says(key::BRANCH_ID, "a".into());
    let named = named.node("n2", key::NODE_BRANCH, "a".into());
    let found = promoted(&named, &stopped_with(&data));
    let effects: Vec<_> = found.effects.iter().map(|change| SPEC.change(change)).collect();
    assert!(effects.contains(&"branch: a -> unnamed".to_owned()), "{effects:?}");
}

/// What follows the target waits for nothing while it is a standby, and is waited for from then on.
#[test]
fn the_rule_of_the_target_counts_for_its_own_followers_from_the_promotion_on() {
    let data = control_data("shut down", "0/5000028");
    let facts = [(key::FOLLOWER_STATE, "streaming".into()), (key::SYNC_STATE, "async".into())];
    let state = after_the_primary().node("n2", key::SYNC_RULE, "FIRST 1 (n1, n3)".into()).has(
        key::FOLLOWER,
        "n2",
        "n3",
        &facts,
    );
    let found = promoted(&state, &stopped_with(&data));
    let effects: Vec<_> = found.effects.iter().map(|change| SPEC.change(change)).collect();
    let wanted = "n2 follower n3 sync state: async -> sync".to_owned();
    assert!(effects.contains(&wanted), "{effects:?}");
}

#[test]
fn a_barrier_under_logins_that_go_on_is_none() {
    let data = control_data("shut down", "0/6000028");
    for (fact, value) in [
        (key::NODE_BARRIER, Value::None),
        (key::STOPPED_LOGINS, names(&[])),
        (key::LOGIN_ROLES, names(&["late"])),
    ] {
        let state = after_a_barrier().node("n2", fact, value);
        assert_eq!(proven(&state, &stopped_with(&data))[0], Fail, "{fact}");
        let unread = after_a_barrier().unread("n2", fact);
        assert_eq!(proven(&unread, &stopped_with(&data))[0], Unknown, "{fact}");
    }
}

#[test]
fn a_target_on_another_history_is_not_promoted() {
    let timeline = |state: &StateFixture| verdict(&promoted(state, &[]), "on_timeline");
    assert_eq!(timeline(&after_the_primary()), Pass);
    for (state, wanted) in [
        (after_the_primary().says(key::TIMELINE, 2.into()), Fail),
        (after_the_primary().cannot_say(key::TIMELINE), Unknown),
        (after_the_primary().node("n2", key::DIVERGED, true.into()), Fail),
        (after_the_primary().unread("n2", key::DIVERGED), Unknown),
        (after_the_primary().says(key::BRANCH_ID, "a".into()), Fail),
        (after_the_primary().cannot_say(key::BRANCH_ID), Unknown),
        (
            after_the_primary().says(key::BRANCH_ID, "a".into()).node(
                "n2",
                key::NODE_BRANCH,
                "b".into(),
            ),
            Fail,
        ),
        (
            after_the_primary().says(key::BRANCH_ID, "a".into()).node(
                "n2",
                key::NODE_BRANCH,
                "a".into(),
            ),
            Pass,
        ),
        // Two timelines of one number, and no name of either.
        (
            after_the_primary().says(key::TIMELINE, 2.into()).node("n2", key::TIMELINE, 2.into()),
            Unknown,
        ),
        (after_the_primary().without(key::BRANCH_ID), Pass),
    ] {
        assert_eq!(timeline(&state), wanted);
    }
    // A node on an earlier timeline holds nothing that this one lacks, one on a later one may.
    for (branch, wanted) in [(0, Pass), (2, Fail)] {
        let state = after_the_primary().node("n3", key::FLUSHED, on(branch, END + 8));
        assert_eq!(verdict(&promoted(&state, &[]), "none_further"), wanted, "{branch}");
    }
}

/// C6.1: there is no fact whose absence lets a promotion pass that is rejected with it.
#[test]
fn no_promotion_passes_for_want_of_a_fact() {
    let data = control_data("shut down", "0/5000028");
    let attested = [stopped_with(&data), vec![NO_LOCAL]].concat();
    let behind = detached("ANY 1 (n2, n3)").node("n3", key::FLUSHED, at(END + 8));
    let rejected = [
        StateFixture::whole(),
        behind.node("n2", key::CHECKPOINT, at(1)),
        after_a_barrier().node("n2", key::DIVERGED, true.into()),
        after_a_barrier().node("n2", key::RECEIVER, "streaming".into()),
        after_the_primary().node("n2", key::REPLAYED, at(END - 8)),
    ];
    for state in rejected {
        let request = request(action("promote", &[("node", "n2")]), &attested);
        let mut state = state.state();
        assert_ne!(Verdict::of(&checks(&state, &request).checks), Pass);
        each_gap(&mut state, |gap, state| {
            assert_ne!(Verdict::of(&checks(state, &request).checks), Pass, "without {gap}");
        });
    }
}

/// Where two of the three hold, both are what it rests on, and one whose other half is missing does not help.
#[test]
fn the_halves_of_two_proofs_make_no_proof() {
    // Everything is kept by the contract, and the stop is proven of a server that the target has not.
    let state = detached("ANY 1 (n2, n3)");
    let behind = control_data("shut down", "0/5000000");
    assert_eq!(proven(&state, &stopped_with(&behind)), [Pass, Unknown]);
    let of = |attested: &[(&str, &str)]| -> Vec<bool> {
        let state = state.state();
        let request = request(action("promote", &[("node", "n2")]), attested);
        let view = PostgresView::of(&state);
        let node = request.action.node().expect("a node");
        let on = OrderNode::of(view, &node);
        proofs(view, on, &request.attested).iter().map(PromotionProof::holds).collect()
    };
    let data = control_data("shut down", "0/5000028");
    assert_eq!(of(&[stopped_with(&data), vec![NO_LOCAL]].concat()), [false, true, true]);
    assert_eq!(of(&stopped_with(&behind)), [false, false, false]);
}
