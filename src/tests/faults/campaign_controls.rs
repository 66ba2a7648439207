//! Negative controls: a campaign that finds nothing proves nothing unless it finds what is there.
//!
//! Each fault that a control plane of this kind could have is planted, and has to be found. The stops
//! are put where the fault shows soonest, so that few runs are enough; the checks are those of the
//! campaign, and it names no fault.

use crate::faults::campaign::{Hunt, campaign};
use crate::serve::server::PROGRAM;
use aerodb_control::crash::InjectedBug;
use std::process::Command;

/// Runs after which a fault has to be found.
const RUNS_MAX: u64 = 60;

fn hunt(fault: InjectedBug) -> Hunt {
    let (points, sign): (&[&str], &str) = match fault {
        InjectedBug::SendFirst => (&["workflow.answered"], "no dispatch is recorded"),
        InjectedBug::SendTwice => (&["workflow.outcome"], "the kernel had seen the order before"),
        InjectedBug::SendAgain => (&["workflow.dispatched"], "sent_in_time"),
        InjectedBug::AbsenceIsProof => {
            (&["workflow.dispatched"], "voided, and the kernel can still")
        }
        InjectedBug::SyncLazily => (&[], "nothing_lost"),
        other => panic!("{other:?} is found elsewhere"),
    };
    Hunt { fault, points, sign }
}

fn is_found(fault: InjectedBug) {
    let hunt = hunt(fault);
    let figures = campaign(RUNS_MAX, 7, Some(&hunt));
    let first = figures.violations.iter().find(|violation| violation.contains(hunt.sign));
    let first = first.unwrap_or_else(|| panic!("{}: not found: {figures:#?}", fault.word()));
    println!("{}: found in run {}: {first}", fault.word(), figures.runs);
}

/// C6.4, C12.3: the check finds a control plane that breaks it.
#[test]
fn a_control_plane_that_sends_before_it_records_is_found() {
    is_found(InjectedBug::SendFirst);
}

/// C2.3, C12.3: the check finds a control plane that breaks it.
#[test]
fn a_control_plane_that_tries_again_is_found() {
    is_found(InjectedBug::SendTwice);
    is_found(InjectedBug::SendAgain);
}

/// C7.3, C12.3: the check finds a control plane that breaks it.
#[test]
fn a_control_plane_that_takes_absence_for_proof_is_found() {
    is_found(InjectedBug::AbsenceIsProof);
}

#[test]
fn a_control_plane_that_answers_before_the_disk_has_it_is_found() {
    is_found(InjectedBug::SyncLazily);
}

#[test]
fn every_fault_is_hunted_and_the_program_under_test_has_them() {
    // `make test` searches the release build in this way, and must not find them.
    for word in ["AERODB_SABOTAGE", "AERODB_CRASH_AT"] {
        let found = Command::new("grep").args(["-aqE", word, PROGRAM]).status().expect("grep");
        assert!(found.success(), "{word}");
    }
    for fault in InjectedBug::ALL {
        assert!(!hunt(fault).sign.is_empty(), "{}", fault.word());
    }
}
