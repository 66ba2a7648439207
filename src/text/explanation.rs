//! An explanation as text: everything that the page shows, in the same order.

use crate::model::cluster::Observation;
use crate::model::explanation::{ActionPreview, Candidate, Check, Explanation, Verdict};
use crate::model::spec::Catalogue;
use crate::text::lines::TextLines;

/// An explanation with the observation that it was made from.
#[must_use]
pub fn explanation(
    catalogue: Catalogue,
    told: &Explanation,
    observation: &Observation,
) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(catalogue.title(&told.action));
    lines.line(format!("  asked by: {}", told.operator));
    lines.line(format!("  reason: {}", told.reason.as_str()));
    for (key, value) in told.attested.iter() {
        let label = catalogue.action(told.action.kind()).and_then(|entry| entry.attestation(key));
        let label = label.map(|asked| format!(" ({})", asked.label)).unwrap_or_default();
        lines.line(format!("  attested by {}: {key}{label}:", told.operator));
        for line in value.lines() {
            lines.line(format!("    {line}"));
        }
    }
    let identity = &told.pinned.identity;
    lines.line(format!(
        "  cluster: {} {} ({} kernel, {})",
        identity.environment, identity.cluster, identity.kernel, identity.id
    ));
    lines.line(format!(
        "  observation: {} at {} ({} clock), {}",
        observation.id, observation.observed_at, observation.clock, observation.source
    ));
    lines.heading("Pre-conditions");
    for check in &told.checks {
        add_check(&mut lines, "  ", check, usize::MAX);
    }
    lines.line(format!("  together: {}", together(told.verdict())));
    lines.heading("Effects, before -> after");
    for effect in &told.effects {
        lines.line(format!("  {effect}"));
    }
    if told.effects.is_empty() {
        lines.line("  none");
    }
    sentences(&mut lines, "Consequences", &told.consequences);
    sentences(&mut lines, "Not checked", &told.not_checked);
    if !told.relies_on.is_empty() {
        lines.heading("Relied on while it runs");
        for invariant in &told.relies_on {
            lines.line(format!("  {invariant}: {}", catalogue.statement(*invariant)));
        }
    }
    if !told.candidates.is_empty() {
        lines.heading("Every node as the target");
        for candidate in &told.candidates {
            add_candidate(&mut lines, candidate);
        }
    }
    lines.heading("The same request from a terminal");
    lines.line(format!("  {}", told.command));
    lines.heading("What the engine is told");
    lines.line(format!("  {}", told.engine_command));
    lines
}

/// How much evidence is shown of each rule where every node stands in one list.
const BRIEF: usize = 2;

/// One node with every rule that speaks against it.
pub(super) fn add_candidate(lines: &mut TextLines, candidate: &Candidate) {
    if candidate.against.is_empty() {
        lines.line(format!("  {}: no pre-condition speaks against it", candidate.node));
        return;
    }
    lines.line(format!("  {}:", candidate.node));
    for check in &candidate.against {
        add_check(lines, "    ", check, BRIEF);
    }
}

/// One action as it would be judged now, with every rule that speaks against it.
pub(super) fn add_prospect(lines: &mut TextLines, catalogue: Catalogue, prospect: &ActionPreview) {
    let (verdict, title) = (prospect.verdict.word(), catalogue.title(&prospect.action));
    let passed = prospect.checked - prospect.against.len();
    lines.line(format!("  {verdict:<7}  {title}: {passed} of {} checks pass", prospect.checked));
    for check in &prospect.against {
        add_check(lines, "    ", check, usize::MAX);
    }
}

fn add_check(lines: &mut TextLines, indent: &str, check: &Check, shown: usize) {
    let verdict = check.verdict.word();
    lines.line(format!("{indent}{verdict:<7}  {}: {}", check.invariant, check.statement));
    for evidence in check.evidence.iter().take(shown) {
        let since = evidence.since.map(|since| format!(", since {since}")).unwrap_or_default();
        lines.line(format!(
            "{indent}         observed {}; required {}; from {}{since}",
            evidence.observed, evidence.required, evidence.source
        ));
    }
    let left = check.evidence.len().saturating_sub(shown);
    if left > 0 {
        lines.line(format!("{indent}         and {left} more, as `node` shows them"));
    }
}

fn together(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass: every pre-condition was shown to hold",
        Verdict::Fail => "fail: at least one pre-condition does not hold",
        Verdict::Unknown => "unknown: at least one pre-condition could not be read, which rejects",
    }
}

fn sentences(lines: &mut TextLines, title: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    lines.heading(title);
    for item in items {
        lines.line(format!("  {item}"));
    }
}
