//! What is left of an order, judged without a server.

use super::*;
use crate::kernel::postgres::spec::SPEC;
use std::collections::BTreeMap as Map;

fn action(kind: &str, params: &[(&str, &str)]) -> Action {
    let params: Map<String, String> =
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Action::try_from(&SPEC.parse(kind, &params).expect(kind)).expect(kind)
}

fn on_n2(kind: &str) -> Action {
    action(kind, &[("node", "n2")])
}

/// Facts as `name value` pairs; a dash is a fact that the server had no value for.
fn facts(text: &str) -> ServerFacts {
    let pair = |pair: &str| {
        let (name, value) = pair.trim().split_once(' ').expect("a pair");
        (name.to_owned(), Some(value.to_owned()).filter(|value| value != "-"))
    };
    text.split(',').map(pair).collect()
}

fn word(verdict: &EvidenceVerdict) -> &'static str {
    match verdict {
        EvidenceVerdict::Ran(_) => "ran",
        EvidenceVerdict::DidNotRun(_) => "did not run",
        EvidenceVerdict::UnderWay(_) => "under way",
        EvidenceVerdict::CannotTell(_) => "cannot tell",
    }
}

fn told(action: &Action, before: &str, now: &[(&str, &str)]) {
    for (now, wanted) in now {
        let verdict = decide(action, &facts(before), &facts(now));
        assert_eq!(word(&verdict), *wanted, "{action} {before} | {now}: {verdict:?}");
    }
}

#[test]
fn a_promotion_is_told_by_the_next_timeline_and_by_no_other() {
    let before = "generation g, timeline 1, is_standby true";
    told(
        &on_n2("promote"),
        before,
        &[
            ("timeline 2, is_standby false, promote_file false, ongoing -", "ran"),
            ("timeline 1, is_standby true, promote_file true, ongoing false", "under way"),
            ("timeline 1, is_standby true, promote_file false, ongoing true", "under way"),
            ("timeline 1, is_standby true, promote_file false, ongoing false", "did not run"),
            // Promoted and taken back, or never, or promoted by somebody else as well.
            ("timeline 2, is_standby true, promote_file false, ongoing false", "cannot tell"),
            ("timeline 3, is_standby false, promote_file false, ongoing -", "cannot tell"),
            ("timeline 1, is_standby false, promote_file false, ongoing -", "cannot tell"),
            ("timeline 1, is_standby true, promote_file -, ongoing false", "cannot tell"),
            ("timeline 1, is_standby true, promote_file false, ongoing -", "cannot tell"),
            ("timeline -, is_standby true, promote_file false, ongoing false", "cannot tell"),
        ],
    );
}

#[test]
fn what_was_written_is_told_from_what_was_there_before_unless_both_are_the_same() {
    let rule = action("write_sync_standbys", &[("node", "n2"), ("rule", "ANY 1 (n1)")]);
    told(
        &rule,
        "generation g, written a",
        &[
            ("written b, wanted b", "ran"),
            ("written a, wanted b", "did not run"),
            ("written c, wanted b", "cannot tell"),
            ("written a, wanted a", "cannot tell"),
            ("written -, wanted b", "cannot tell"),
            ("wanted b", "cannot tell"),
        ],
    );
    // A setting that was taken out of the file.
    told(&rule, "written a", &[("written -, wanted -", "ran")]);
    told(&rule, "generation g", &[("written b, wanted b", "cannot tell")]);
}

#[test]
fn what_a_restart_does_as_well_is_no_proof_after_one() {
    let before = "generation g, timeline 1, loaded 5, checkpoint 0/1, checkpoint_time 7";
    told(
        &on_n2("reload"),
        before,
        &[
            ("generation g, loaded 6", "ran"),
            ("generation g, loaded 5", "did not run"),
            ("generation h, loaded 6", "cannot tell"),
            ("generation h, loaded 5", "cannot tell"),
            ("generation -, loaded 6", "cannot tell"),
            ("generation g, loaded -", "cannot tell"),
        ],
    );
    told(
        &on_n2("checkpoint"),
        before,
        &[
            ("generation g, checkpoint 0/2, checkpoint_time 7", "ran"),
            ("generation g, checkpoint 0/1, checkpoint_time 8", "ran"),
            ("generation g, checkpoint 0/1, checkpoint_time 7", "did not run"),
            ("generation g, checkpoint -, checkpoint_time 7", "cannot tell"),
            ("generation h, checkpoint 0/2, checkpoint_time 9", "cannot tell"),
        ],
    );
    for (kind, there, gone) in
        [("pause_replay", "paused", "not paused"), ("resume_replay", "not paused", "paused")]
    {
        let now = |state: &str| format!("generation g, replay {state}");
        told(&on_n2(kind), before, &[(&now(there), "ran"), (&now(gone), "did not run")]);
        told(&on_n2(kind), before, &[("generation h, replay paused", "cannot tell")]);
        told(&on_n2(kind), before, &[("generation g, replay -", "cannot tell")]);
    }
}

#[test]
fn what_ends_by_itself_too_is_never_told_from_an_order() {
    let session = [("node", "n2"), ("session", "4242-1796036707123456")];
    for kind in ["terminate_session", "cancel_query"] {
        let action = action(kind, &session);
        let seen = [("sessions 0", "cannot tell"), ("sessions 1", "cannot tell")];
        told(&action, "generation g", &seen);
    }
    told(
        &on_n2("switch_wal"),
        "generation g, segment 000000010000000000000003",
        &[
            ("generation g, segment 000000010000000000000003", "did not run"),
            ("generation g, segment 000000010000000000000004", "cannot tell"),
            ("generation g, segment -", "cannot tell"),
        ],
    );
    let left = [("left 0", "ran"), ("left 1", "cannot tell"), ("left -", "cannot tell")];
    told(&on_n2("end_sessions"), "generation g", &left);
}

#[test]
fn a_slot_is_there_or_it_is_not() {
    let slot = [("node", "n2"), ("slot", "n3")];
    let made = [("named 1", "ran"), ("named 0", "did not run"), ("named -", "cannot tell")];
    told(&action("create_slot", &slot), "generation g", &made);
    let gone = [("named 0", "ran"), ("named 1", "did not run"), ("named -", "cannot tell")];
    told(&action("drop_slot", &slot), "generation g", &gone);
}

#[test]
fn what_a_row_or_a_file_proves_is_not_told_by_anything_else() {
    for kind in ["stop_logins", "mark_barrier", "mark_branch", "verify_node"] {
        told(&on_n2(kind), "generation g", &[("generation g", "cannot tell")]);
    }
}
