//! The rules over a table of states: each of them passes, fails and is unknown where it must.

mod table;

use super::*;
use crate::kernel::postgres::fixture::{StateFixture, action, each_gap, request, verdict};
use crate::kernel::postgres::offers::offers;
use crate::model::action::Action;
use crate::model::canonical::canonical_json;
use Verdict::{Fail, Pass, Unknown};
use std::collections::{BTreeMap, BTreeSet};
use table::{N2, SampleAction, against, passing, stopped, whole};

fn judged(state: &StateFixture, (kind, params): SampleAction<'_>) -> Checks {
    checks(&state.state(), &request(action(kind, params), &[]))
}

/// C4.2, C6.1.
#[test]
fn each_rule_speaks_against_what_it_must_and_what_is_not_read_is_unknown() {
    for (state, asked, rule, wanted) in against() {
        let found = judged(&state, asked);
        assert_eq!(verdict(&found, rule), wanted, "{asked:?} {rule}: {found:#?}");
        assert!(found.effects.is_empty(), "{asked:?}: what does not run changes nothing");
    }
}

#[test]
fn every_action_but_a_promotion_passes_where_nothing_speaks_against_it() {
    let mut kinds = BTreeSet::from(["promote"]);
    for (state, asked) in passing() {
        let found = judged(&state, asked);
        assert_eq!(Verdict::of(&found.checks), Pass, "{asked:?}: {found:#?}");
        kinds.insert(asked.0);
    }
    let all: BTreeSet<_> = SPEC.actions.iter().map(|entry| entry.kind.word()).collect();
    assert_eq!(kinds, all);
}

/// C12.1: those that no state can make fail, or leave open, are named here. The rules of a promotion have
/// tests of their own.
#[test]
fn every_rule_has_been_seen_to_pass_to_fail_and_to_be_unknown() {
    let mut seen: BTreeMap<String, BTreeSet<Verdict>> = BTreeMap::new();
    let all =
        passing().into_iter().chain(against().into_iter().map(|(state, asked, ..)| (state, asked)));
    for (state, asked) in all {
        for check in judged(&state, asked).checks {
            seen.entry(check.invariant.to_string()).or_default().insert(check.verdict);
        }
    }
    for entry in SPEC.actions.iter().filter(|entry| entry.kind.word() != "promote") {
        for id in entry.preconditions {
            let wanted: &[Verdict] = match id.word() {
                // What is asked for is known whatever was observed.
                "node_configured" | "rule_parses" | "upstream_configured" | "setting_allowed" => {
                    &[Pass, Fail]
                }
                // What it is compared with is known only as the order runs.
                "not_restarted" | "nothing_else_pending" => &[Pass, Unknown],
                _ => &[Pass, Fail, Unknown],
            };
            assert_eq!(seen[id.word()], wanted.iter().copied().collect::<BTreeSet<_>>(), "{id}");
        }
    }
}

/// C12.1: whatever the state, in the order of the catalogue.
#[test]
fn an_action_is_checked_for_exactly_what_the_catalogue_says() {
    let states = [whole(), whole().lost("n1"), stopped(), whole().lost("n1").lost("n2").lost("n3")];
    for state in &states {
        for (_, asked) in passing().into_iter().chain([(whole(), ("promote", N2))]) {
            let found: Vec<_> = judged(state, asked).checks.iter().map(|c| c.invariant).collect();
            let entry = SPEC.actions.iter().find(|entry| entry.kind.word() == asked.0);
            assert_eq!(found, entry.expect("an action").preconditions, "{asked:?}");
        }
    }
}

/// C6.1: there is no fact whose absence makes a rule pass that did not.
#[test]
fn nothing_passes_for_want_of_a_fact() {
    let verdicts = |state: &ClusterState, request: &Request| -> Vec<Verdict> {
        checks(state, request).checks.iter().map(|check| check.verdict).collect()
    };
    for (state, (kind, params), ..) in against() {
        let request = request(action(kind, params), &[]);
        let mut state = state.state();
        let before = verdicts(&state, &request);
        each_gap(&mut state, |gap, state| {
            for (place, (before, after)) in before.iter().zip(verdicts(state, &request)).enumerate()
            {
                assert!(*before == Pass || after != Pass, "{kind} without {gap}: rule {place}");
            }
        });
    }
}

/// C5.1, and C8.2: every verdict rests on something that is said.
#[test]
fn checks_are_pure_and_every_verdict_has_words() {
    for (state, asked, ..) in against() {
        let (one, two) = (judged(&state, asked), judged(&state, asked));
        assert_eq!(canonical_json(&one), canonical_json(&two));
        for evidence in one.checks.iter().flat_map(|check| &check.evidence) {
            let parts = [&evidence.observed, &evidence.required, &evidence.source];
            assert!(parts.iter().all(|part| !part.is_empty()), "{asked:?}: {evidence:?}");
        }
        assert!(one.checks.iter().all(|check| !check.evidence.is_empty()), "{asked:?}");
    }
}

#[test]
fn an_action_of_another_kernel_passes_no_check() {
    let foreign = serde_json::from_str(r#"{"kind":"switchover","params":{"to":"n2"}}"#);
    let action: Action = foreign.expect("the form of an action");
    let found = checks(&whole().state(), &action.into());
    assert_eq!(Verdict::of(&found.checks), Fail);
    assert!(
        found.effects.is_empty() && found.checks[0].evidence[0].observed.contains("switchover")
    );
}

/// C2.2: what is offered is everything that needs no name from an operator, whatever speaks against it.
#[test]
fn every_action_is_offered_on_every_node_and_for_all_that_it_has() {
    let offered = offers(&whole().state());
    let count = |kind: &str| offered.iter().filter(|action| action.kind().word() == kind).count();
    assert_eq!([count("promote"), count("checkpoint"), count("reload")], [3, 3, 3]);
    assert_eq!([count("drop_slot"), count("terminate_session"), count("cancel_query")], [3, 2, 2]);
    assert_eq!([count("create_slot"), count("write_setting"), count("create_backup")], [0, 0, 0]);
    let kinds: Vec<_> = offered.iter().map(Action::kind).collect();
    let place = |kind| SPEC.actions.iter().position(|entry| entry.kind == kind);
    assert!(kinds.is_sorted_by_key(|kind| place(*kind)), "in the order of the catalogue");
    assert_eq!(offers(&whole().state()), offered);
}
