//! A checklist in words.

use super::lines::TextLines;
use super::overview;
use crate::model::attestation::{Attestations, command};
use crate::model::checklist::{ChecklistAnswer, ChecklistRow};
use crate::model::explanation::Verdict;
use crate::model::spec::KernelSpec;

/// One checklist, each row with the command that asks for its action; `option` names the server.
#[must_use]
pub fn checklist(spec: &'static KernelSpec, answer: &ChecklistAnswer, option: &str) -> TextLines {
    let mut lines = TextLines::new();
    let about = spec.checklist(&answer.key);
    let title = about.map_or(answer.key.as_str(), |about| about.title);
    lines.line(format!("{title}, {}", answer.node));
    if let Some(about) = about {
        lines.line(about.help);
        lines.line(about.node);
    }
    overview::add_observation(&mut lines, &answer.state);
    lines.gap();
    for row in &answer.rows {
        add_row(&mut lines, row, option);
    }
    lines.line("The order is fixed, and nothing goes on by itself.");
    lines
}

fn add_row(lines: &mut TextLines, row: &ChecklistRow, option: &str) {
    let word = match row.verdict {
        Verdict::Pass => "holds",
        Verdict::Fail => "does not hold",
        Verdict::Unknown => "unknown",
    };
    lines.line(format!("{word}: {}", row.statement));
    lines.line(format!("    found: {} ({})", row.found, row.source));
    if let Some(action) = &row.action {
        let line = command(action, &Attestations::default(), "WHY");
        lines.line(format!("    {line}{option}"));
    }
    if let Some(what) = &row.by_hand {
        lines.line(format!("    by hand: {what}"));
    }
}
