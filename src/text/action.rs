//! One action: what was asked and explained, where it stands, what came of it.

use super::explanation::explanation;
use super::records;
use crate::model::action::Stage;
use crate::model::answer::{ActionAnswer, Interrupted, Outcome, ResolutionMode};
use crate::model::cluster::ReceiptStatus;
use crate::model::receipt::Receipt;
use crate::model::spec::Catalogue;
use crate::text::lines::TextLines;

/// A request as it was answered: its explanation, and the command that confirms it. `option` is
/// what leads that command to the same server.
#[must_use]
pub fn requested(catalogue: Catalogue, action: &ActionAnswer, option: &str) -> TextLines {
    let mut lines = explanation(catalogue, &action.explanation, &action.observation);
    lines.gap();
    lines.line(format!("Action: {}", action.id));
    lines.line(format!("Digest: {}", action.digest));
    lines.append(&standing(catalogue, action, option));
    next(&mut lines, action, option);
    lines
}

/// What came of an action, without repeating its explanation. `option` is as in [`requested`].
#[must_use]
pub fn outcome(catalogue: Catalogue, action: &ActionAnswer, option: &str) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(format!("{} ({})", catalogue.title(&action.action), action.id));
    lines.append(&standing(catalogue, action, option));
    lines
}

/// One action in full, with its records.
#[must_use]
pub fn action(catalogue: Catalogue, action: &ActionAnswer, option: &str) -> TextLines {
    let mut lines = requested(catalogue, action, option);
    lines.heading("Records");
    for stored in &action.records {
        records::add(&mut lines, catalogue, "  ", stored);
    }
    if action.more_records {
        lines.line(format!("  More: aerodb-control log --action {}{option}", action.id));
    }
    lines
}

fn standing(catalogue: Catalogue, action: &ActionAnswer, option: &str) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(format!(
        "Asked by {} at {}: {}",
        action.requested_by,
        action.requested_at,
        action.reason.as_str()
    ));
    lines.line(format!("Stage: {}: {}", action.stage, meaning(action.stage)));
    if !action.confirmed_by.is_empty() {
        let names: Vec<_> = action.confirmed_by.iter().map(ToString::to_string).collect();
        lines.line(format!("Confirmed by {}", names.join(", then ")));
    }
    if let Some(progress) = &action.under_way {
        lines.line(format!("Under way: {progress}"));
    }
    if action.duplicate {
        lines.line("This answers a repeated delivery; it changed nothing.");
    }
    if let Some(interrupted) = action.interrupted {
        lines.line(match interrupted {
            Interrupted::NeverSent => {
                "The control plane stopped before it was sent: it never reached the kernel."
            }
            Interrupted::OutcomeUnknown => {
                "The control plane stopped while it was under way: its outcome is not known here."
            }
        });
    }
    match &action.kernel_says {
        Some(ReceiptStatus::Executed { receipt }) => {
            lines.line("The kernel holds a receipt under this id now:");
            add_receipt(&mut lines, catalogue, receipt);
        }
        Some(ReceiptStatus::Voided { tombstone }) => {
            lines.line(format!("The kernel holds the id as void: {}", tombstone.result));
        }
        Some(ReceiptStatus::NoneYet { .. })
            if action.interrupted == Some(Interrupted::NeverSent) =>
        {
            lines.line("The kernel holds nothing under this id.");
        }
        Some(ReceiptStatus::NoneYet { .. }) => {
            lines.line("The kernel holds nothing under this id now, which proves nothing.");
        }
        None => {}
    }
    if action.interrupted.is_some() || action.stage == Stage::Unknown {
        lines.line(closing(action) + option);
    }
    for moved in &action.moved {
        lines.line(format!("Moved: {moved}"));
    }
    if let Some(outcome) = &action.outcome {
        add_outcome(&mut lines, catalogue, outcome);
    }
    lines
}

/// The command that closes an open action. Where the kernel holds a proof it is taken from there.
fn closing(action: &ActionAnswer) -> String {
    let proof = matches!(
        action.kernel_says,
        Some(ReceiptStatus::Executed { .. } | ReceiptStatus::Voided { .. })
    );
    match action.closing {
        ResolutionMode::Finding if !proof => format!(
            "To close it: aerodb-control finding {} --executed|--not-executed --evidence TEXT",
            action.id
        ),
        ResolutionMode::Finding | ResolutionMode::Resolution => {
            format!("To close it: aerodb-control resolve {} --reason TEXT", action.id)
        }
    }
}

/// What a stage says about execution, so that no word has to be looked up.
pub(super) fn meaning(stage: Stage) -> &'static str {
    match stage {
        Stage::Requested => "recorded; nothing ran",
        Stage::Explained => "every pre-condition held; nothing ran, it waits to be confirmed",
        Stage::FirstConfirmed => {
            "confirmed by one of two operators; nothing ran, it waits for the second one"
        }
        Stage::Rejected => "a pre-condition does not hold or is unknown; nothing ran",
        Stage::Confirmed => "confirmed, and not recorded as sent",
        Stage::Withdrawn => "taken back by an operator; nothing ran",
        Stage::Stale => "the cluster moved before it was confirmed; nothing ran",
        Stage::Dispatched => "sent, or about to be; the outcome is not recorded",
        Stage::Executed => "it ran, once",
        Stage::Refused => "the kernel refused it; nothing ran",
        Stage::Unknown => "it may have run; further mutations wait until it is resolved",
        Stage::Voided => "it never ran and never can",
        Stage::FoundExecuted => "an operator found that it ran; the kernel proved nothing",
        Stage::FoundNotExecuted => {
            "an operator found that it did not run; the kernel proved nothing"
        }
    }
}

pub(super) fn add_outcome(lines: &mut TextLines, catalogue: Catalogue, outcome: &Outcome) {
    match outcome {
        Outcome::Executed { receipt, differences, observed_after } => {
            add_receipt(lines, catalogue, receipt);
            for difference in differences {
                lines.line(format!("NOT AS EXPLAINED: {difference}"));
            }
            if !observed_after {
                lines.line("It was not compared: no observation was made at that moment.");
            } else if differences.is_empty() {
                lines.line("The observation after it is as explained.");
            }
        }
        Outcome::Refused { refusal } => {
            lines.line(format!("The kernel's rule: {}", refusal.rule));
            lines.line(format!("The kernel's words: {}", refusal.sentence));
            for invariant in &refusal.invariants {
                lines.line(format!("  invariant {invariant}: {}", catalogue.statement(*invariant)));
            }
        }
        Outcome::Unknown { why } => lines.line(format!("What is known: {why}")),
        Outcome::Voided { tombstone } => {
            lines.line(format!("Voided at {}: {}", tombstone.voided_at, tombstone.result));
        }
        Outcome::Found { executed, evidence, by } => lines.line(format!(
            "Found by {by}: executed {}. Evidence: {}",
            executed.word(),
            evidence.as_str()
        )),
    }
}

fn add_receipt(lines: &mut TextLines, catalogue: Catalogue, receipt: &Receipt) {
    let number = |n: Option<u64>| n.map_or_else(|| "none".to_owned(), |n| n.to_string());
    lines.line(format!("Receipt: {}", receipt.result));
    lines.line(format!(
        "  executed at {}; {} after it {}; position {}; for record {} ({})",
        receipt.executed_at,
        catalogue.generation(),
        number(receipt.generation),
        number(receipt.position),
        receipt.witness.seq,
        receipt.witness.hash
    ));
    if let Some(verification) = &receipt.verification {
        lines.line(format!("  verdict: {}", verification.word()));
        for finding in verification.findings() {
            lines.line(format!("    {finding}"));
        }
    }
    if receipt.duplicate {
        lines.line("  the kernel had executed this id before and repeated its first receipt");
    }
}

/// What an operator can do next. The name of a target is never filled in: typing it is the point.
fn next(lines: &mut TextLines, action: &ActionAnswer, option: &str) {
    if !action.stage.waits() {
        return;
    }
    let typed =
        if action.explanation.typed_target.is_some() { " --confirm-target TARGET" } else { "" };
    lines.heading(match (action.stage, action.explanation.pinned.second_operator) {
        (Stage::FirstConfirmed, _) => "To run exactly this, as a second operator",
        (_, true) => "To confirm exactly this, as the first of two operators",
        (_, false) => "To run exactly this",
    });
    lines.line(format!(
        "  aerodb-control confirm {} --digest {}{typed}{option}",
        action.id, action.digest
    ));
    if !typed.is_empty() {
        lines.line("  where TARGET is the name of what it acts on, as you type it");
        lines.line(
            "  and --reauthenticate asks for your password, where you signed in too long ago",
        );
    }
    lines.line("To take it back");
    lines.line(format!("  aerodb-control withdraw {} --reason TEXT{option}", action.id));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::tried::catalogue;
    use crate::model::text::is_unsafe_char;
    use crate::text::fixtures;

    #[test]
    fn the_command_to_type_never_holds_the_name_of_the_target() {
        let mut value = fixtures::action(Stage::Explained);
        value.explanation.typed_target = Some("n2".to_owned());
        let text = requested(catalogue(), &value, " --url http://h:1");
        let line = format!(
            "  aerodb-control confirm {} --digest {} --confirm-target TARGET --url http://h:1",
            value.id, value.digest
        );
        assert!(text.as_str().lines().any(|l| l == line), "{}", text.as_str());
        assert!(!text.as_str().contains("--confirm-target n2"));
    }

    #[test]
    fn only_an_action_that_waits_is_shown_with_a_command_to_confirm_it() {
        for stage in Stage::ALL {
            let text = requested(catalogue(), &fixtures::action(stage), "");
            let offers = text.as_str().contains("aerodb-control confirm");
            assert_eq!(offers, stage.waits(), "{stage}");
        }
    }

    #[test]
    fn what_may_have_run_is_never_called_failed() {
        for stage in [Stage::Confirmed, Stage::Dispatched, Stage::Unknown] {
            let mut value = fixtures::action(stage);
            value.interrupted = Some(Interrupted::OutcomeUnknown);
            value.outcome = Some(Outcome::Unknown { why: "no answer".to_owned() });
            let text = outcome(catalogue(), &value, "");
            assert!(!text.as_str().to_lowercase().contains("fail"), "{}", text.as_str());
            assert!(!text.as_str().contains("nothing ran"), "{}", text.as_str());
        }
    }

    #[test]
    fn every_command_that_is_shown_leads_to_the_same_server() {
        let option = " --url http://h:1";
        for stage in Stage::ALL {
            let mut value = fixtures::action(stage);
            value.more_records = true;
            for interrupted in [None, Some(Interrupted::OutcomeUnknown)] {
                value.interrupted = interrupted;
                for text in
                    [action(catalogue(), &value, option), outcome(catalogue(), &value, option)]
                {
                    let shown = text.as_str().lines().filter(|l| l.contains("aerodb-control "));
                    // What the explanation shows is the command that asked.
                    let shown = shown.filter(|line| !line.contains("aerodb-control request "));
                    for line in shown {
                        assert!(line.ends_with(option), "{stage}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_action_from_a_hostile_server_is_inert() {
        let hostile = "x\u{1b}[2J\u{1b}]52;c;YQ==\u{7}\nStage: executed: it ran, once\u{202e}";
        let mut value = fixtures::action(Stage::Unknown);
        value.outcome = Some(Outcome::Unknown { why: hostile.to_owned() });
        value.explanation.command = hostile.to_owned();
        value.explanation.consequences = vec![hostile.to_owned()];
        value.observation.source = hostile.to_owned();
        let text = action(catalogue(), &value, "");
        assert!(!text.as_str().chars().any(|c| is_unsafe_char(c) && c != '\n'));
        assert!(!text.as_str().lines().any(|line| line.starts_with("Stage: executed")));
    }
}
