//! What a command ends with. Every answer has one code, and no code says more than is known.

use crate::model::action::Stage;
use crate::model::answer::{ActionAnswer, Interrupted, Outcome};
use crate::model::explanation::{Explanation, Verdict};
use crate::model::receipt::Verification;
use crate::model::refusal::{Executed, Refusal, RefusalCode};

/// Every way a command can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done.
    Done,
    /// This machine or this program failed; no cluster was asked anything.
    Local,
    /// Usage or bad input.
    Usage,
    /// A pre-condition does not hold.
    Rejected,
    /// The cluster moved after the explanation.
    Stale,
    /// The kernel refused.
    Refused,
    /// It may have run.
    Unknown,
    /// The record cannot be made durable.
    AuditUnavailable,
    /// Who asks may not, or is not known.
    NotAuthorised,
    /// Something else is running, frozen or in doubt.
    Busy,
    /// The server cannot be reached, or did not answer.
    Unreachable,
    /// A log did not verify.
    LogBroken,
    /// A verification ran, and did not find a sound node.
    NotSound,
}

impl Exit {
    /// Every way, by its number.
    const ALL: [Self; 13] = [
        Self::Done,
        Self::Local,
        Self::Usage,
        Self::Rejected,
        Self::Stale,
        Self::Refused,
        Self::Unknown,
        Self::AuditUnavailable,
        Self::NotAuthorised,
        Self::Busy,
        Self::Unreachable,
        Self::LogBroken,
        Self::NotSound,
    ];

    /// What it says, and what is then known to have happened.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Done => "Done. For `confirm`: it ran, once, and there is a receipt.",
            Self::Local => {
                "This machine or this program failed. Nothing was asked of a cluster; or standard \
                 output was not written whole, and standard error says what was done."
            }
            Self::Usage => "The command line or a field cannot be what was given. Nothing ran.",
            Self::Rejected => {
                "A pre-condition does not hold or is unknown, also of an explanation alone. Nothing ran."
            }
            Self::Stale => "The cluster moved after the explanation. Nothing ran; ask again.",
            Self::Refused => "The kernel refused, or cannot resolve now. Nothing ran.",
            Self::Unknown => {
                "It may have run. `show ID` says what is known; an operator resolves it."
            }
            Self::AuditUnavailable => "The record could not be made durable, so nothing ran.",
            Self::NotAuthorised => "Who asked is not signed in, or may not. Nothing ran.",
            Self::Busy => {
                "Another action runs, a freeze stands, a second operator is waited for, or an outcome \
                 is not known. Nothing ran."
            }
            Self::Unreachable => "The server cannot be reached or did not answer a question.",
            Self::LogBroken => "The log did not verify.",
            Self::NotSound => {
                "A verification ran, and found damage or could not compare. Nothing was changed."
            }
        }
    }

    /// The exit status of the process, 0 to 255.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Local => 1,
            Self::Usage => 2,
            Self::Rejected => 3,
            Self::Stale => 4,
            Self::Refused => 5,
            Self::Unknown => 6,
            Self::AuditUnavailable => 7,
            Self::NotAuthorised => 8,
            Self::Busy => 9,
            Self::Unreachable => 10,
            Self::LogBroken => 11,
            Self::NotSound => 12,
        }
    }

    /// How a refusal ends. "It may have run" outweighs every code (C7.3).
    pub(super) fn of_refusal(refusal: &Refusal) -> Self {
        match refusal.executed {
            Executed::Unknown => Self::Unknown,
            Executed::No | Executed::Earlier => Self::of_code(refusal.code),
        }
    }

    fn of_code(code: RefusalCode) -> Self {
        use RefusalCode as C;
        match code {
            C::InputInvalid
            | C::UnsupportedMedia
            | C::BodyTooLarge
            | C::NotFound
            | C::MethodNotAllowed
            | C::IdReused
            | C::TargetMistyped
            | C::NotWhatWasExplained
            | C::WrongStage
            | C::NoFreeze
            | C::Provable => Self::Usage,
            C::NotSignedIn
            | C::SignInFailed
            | C::TooManyAttempts
            | C::SignInSpent
            | C::IdentityUnproven
            | C::NotAdmitted
            | C::TooManyStreams
            | C::ProofNeeded
            | C::ProofFailed
            | C::NotPermitted
            | C::CrossSite
            | C::SetupLinkSpent
            | C::LinkSpent => Self::NotAuthorised,
            C::Rejected => Self::Rejected,
            C::Stale => Self::Stale,
            C::SecondOperator | C::Busy | C::Unresolved | C::Frozen | C::InUse => Self::Busy,
            C::NeedsPrimary | C::CannotSettle => Self::Refused,
            C::AuditUnavailable | C::Mismatch => Self::AuditUnavailable,
            C::KernelUnreachable | C::ProviderUnreachable | C::ShuttingDown | C::Internal => {
                Self::Unreachable
            }
        }
    }

    /// How a request ends: it is done when it waits for its confirmation, or has run already.
    pub(super) fn of_request(action: &ActionAnswer) -> Self {
        match action.stage {
            Stage::Requested | Stage::Explained | Stage::FirstConfirmed => Self::Done,
            Stage::Rejected
            | Stage::Confirmed
            | Stage::Withdrawn
            | Stage::Stale
            | Stage::Dispatched
            | Stage::Executed
            | Stage::Refused
            | Stage::Unknown
            | Stage::Voided
            | Stage::FoundExecuted
            | Stage::FoundNotExecuted => Self::of_confirmation(action),
        }
    }

    /// How an explanation ends: as a request would that it is about.
    pub(super) fn of_explanation(explanation: &Explanation) -> Self {
        match explanation.verdict() {
            Verdict::Pass => Self::Done,
            Verdict::Fail | Verdict::Unknown => Self::Rejected,
        }
    }

    /// How a confirmation ends: only an execution is done, and one that looked for damage only where it
    /// found none.
    pub(super) fn of_confirmation(action: &ActionAnswer) -> Self {
        match action.stage {
            Stage::Executed => match verified(action) {
                None | Some(Verification::Sound) => Self::Done,
                Some(Verification::Damaged { .. } | Verification::NotCompared { .. }) => {
                    Self::NotSound
                }
            },
            Stage::Rejected => Self::Rejected,
            Stage::Stale => Self::Stale,
            // A void id is one that the kernel refuses for ever.
            Stage::Refused | Stage::Voided => Self::Refused,
            Stage::Requested | Stage::Explained | Stage::Withdrawn => Self::Usage,
            Stage::FirstConfirmed => Self::Busy,
            Stage::Confirmed if action.interrupted == Some(Interrupted::NeverSent) => Self::Busy,
            // What an operator found is no proof, so no code says more than that it may have run.
            Stage::Confirmed
            | Stage::Dispatched
            | Stage::Unknown
            | Stage::FoundExecuted
            | Stage::FoundNotExecuted => Self::Unknown,
        }
    }

    /// How a resolution or a finding ends: it is done when the action is closed, whatever came of it.
    pub(super) fn of_resolution(action: &ActionAnswer) -> Self {
        match action.stage {
            Stage::Executed
            | Stage::Voided
            | Stage::Refused
            | Stage::FoundExecuted
            | Stage::FoundNotExecuted => Self::Done,
            Stage::Requested
            | Stage::Explained
            | Stage::FirstConfirmed
            | Stage::Rejected
            | Stage::Confirmed
            | Stage::Withdrawn
            | Stage::Stale
            | Stage::Dispatched
            | Stage::Unknown => Self::of_confirmation(action),
        }
    }

    /// How a withdrawal ends.
    pub(super) fn of_withdrawal(action: &ActionAnswer) -> Self {
        if action.stage == Stage::Withdrawn { Self::Done } else { Self::of_confirmation(action) }
    }
}

/// What a verification found, where the action was one.
fn verified(action: &ActionAnswer) -> Option<&Verification> {
    match &action.outcome {
        Some(Outcome::Executed { receipt, .. }) => receipt.verification.as_ref(),
        _ => None,
    }
}

/// The exit codes as a document, with the refusals that end in each.
#[must_use]
pub fn exit_codes() -> String {
    let mut text = "# Exit codes\n\nThis page is generated. A code never says more than is known: \
        whatever may have run ends with 6.\n\n| code | meaning | refusals |\n| --- | --- | --- |\n"
        .to_owned();
    for exit in Exit::ALL {
        let codes = RefusalCode::ALL.iter().filter(|code| Exit::of_code(**code) == exit);
        let codes: Vec<String> = codes.map(|code| format!("`{}`", code.id())).collect();
        let (number, meaning) = (exit.code(), exit.meaning());
        text.push_str(&format!("| {number} | {meaning} | {} |\n", codes.join(" ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixtures::action;

    #[test]
    fn every_refusal_has_its_code() {
        let found: Vec<String> = RefusalCode::ALL
            .iter()
            .map(|c| format!("{} {}", c.id(), Exit::of_refusal(&Refusal::new(*c, "s")).code()))
            .collect();
        assert_eq!(
            found,
            [
                "input_invalid 2",
                "unsupported_media 2",
                "body_too_large 2",
                "not_found 2",
                "method_not_allowed 2",
                "action_id_reused 2",
                "target_mistyped 2",
                "not_signed_in 8",
                "sign_in_failed 8",
                "too_many_attempts 8",
                "sign_in_spent 8",
                "identity_unproven 8",
                "not_admitted 8",
                "too_many_streams 8",
                "proof_needed 8",
                "proof_failed 8",
                "not_permitted 8",
                "cross_site 8",
                "setup_link_spent 8",
                "link_spent 8",
                "rejected 3",
                "stale 4",
                "not_what_was_explained 2",
                "wrong_stage 2",
                "second_operator 9",
                "busy 9",
                "unresolved 9",
                "frozen 9",
                "no_freeze 2",
                "provable 2",
                "in_use 9",
                "mismatch 7",
                "cannot_settle 5",
                "needs_primary 5",
                "kernel_unreachable 10",
                "provider_unreachable 10",
                "audit_unavailable 7",
                "shutting_down 10",
                "internal 10",
            ]
        );
    }

    #[test]
    fn a_refusal_that_may_have_run_is_unknown_whatever_its_code() {
        for code in RefusalCode::ALL {
            let mut refusal = Refusal::new(*code, "s");
            refusal.executed = Executed::Unknown;
            assert_eq!(Exit::of_refusal(&refusal), Exit::Unknown, "{}", code.id());
        }
    }

    #[test]
    fn only_an_execution_ends_a_confirmation_with_zero() {
        let found = Stage::ALL.map(|stage| {
            let action = action(stage);
            let ends = [Exit::of_request, Exit::of_confirmation, Exit::of_resolution];
            format!("{stage} {:?}", ends.map(|end| end(&action).code()))
        });
        assert_eq!(
            found,
            [
                "requested [0, 2, 2]",
                "explained [0, 2, 2]",
                "rejected [3, 3, 3]",
                "confirmed [6, 6, 6]",
                "withdrawn [2, 2, 2]",
                "stale [4, 4, 4]",
                "dispatched [6, 6, 6]",
                "executed [0, 0, 0]",
                "refused [5, 5, 0]",
                "unknown [6, 6, 6]",
                "voided [5, 5, 0]",
                "found_executed [6, 6, 0]",
                "found_not_executed [6, 6, 0]",
                "first_confirmed [0, 9, 9]",
            ]
        );
    }

    #[test]
    fn a_verification_that_found_no_sound_node_ends_with_a_code_of_its_own() {
        for (verification, code) in [
            (None, 0),
            (Some(Verification::Sound), 0),
            (Some(Verification::Damaged { findings: vec!["x".to_owned()] }), 12),
            (Some(Verification::NotCompared { why: "x".to_owned() }), 12),
        ] {
            let mut action = action(Stage::Executed);
            let receipt = serde_json::json!({
                "action_id": action.id, "action": action.action, "epoch": 1, "position": null,
                "executed_at": "2026-01-31T09:45:00.000Z", "result": "It was read.",
                "witness": { "seq": 3, "hash": action.digest }, "verification": verification,
            });
            let receipt = serde_json::from_value(receipt).expect("a receipt");
            let (differences, observed_after) = (Vec::new(), true);
            action.outcome = Some(Outcome::Executed { receipt, differences, observed_after });
            assert_eq!(Exit::of_confirmation(&action).code(), code, "{verification:?}");
            assert_eq!(Exit::of_request(&action).code(), code);
            assert_eq!(Exit::of_resolution(&action), Exit::Done, "it is closed, whatever it found");
        }
    }

    #[test]
    fn what_was_provably_never_sent_is_not_called_unknown() {
        let mut action = action(Stage::Confirmed);
        action.interrupted = Some(Interrupted::NeverSent);
        assert_eq!(Exit::of_confirmation(&action), Exit::Busy);
    }
}
