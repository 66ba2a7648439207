//! The catalogue, from the same type as the pages and the checks.

use crate::model::spec::{ActionSpec, Catalogue, Impact, Target};
use crate::text::lines::TextLines;

/// These actions, one after the other.
#[must_use]
pub fn catalogue(words: Catalogue, entries: &[&ActionSpec]) -> TextLines {
    let mut text = TextLines::new();
    for entry in entries {
        text.gap();
        one(&mut text, words, entry);
    }
    text
}

fn one(text: &mut TextLines, words: Catalogue, entry: &ActionSpec) {
    text.line(format!("{} ({})", entry.title, entry.kind));
    text.line(format!("  {}", entry.meaning));
    text.line(format!("  class: {}", entry.class.word()));
    text.line(format!("  impact: {}{}", entry.impact.word(), typed(entry)));
    text.line(format!("  reversible: {}", entry.reversible));
    for parameter in entry.parameters {
        let option = parameter.name.replace('_', "-");
        text.line(format!("  --{option}: {} {}", parameter.meaning, parameter.limits));
    }
    for asked in entry.attestations {
        let (key, limits) = (asked.key, asked.form.limits());
        text.line(format!("  --attest {key}=VALUE: {} {} {limits}.", asked.label, asked.help));
    }
    text.line("  must hold:");
    for invariant in entry.preconditions {
        text.line(format!("    {invariant}: {}", words.statement(*invariant)));
    }
    list(text, "changes", entry.effects);
    text.line("  can fail:");
    for mode in entry.failure_modes {
        text.line(format!("    {}", mode.when));
        text.line(format!("      {}", mode.seen));
    }
    list(text, "not checked", entry.not_checked);
    text.line(format!("  the engine is told: {}", entry.engine_command));
}

fn typed(entry: &ActionSpec) -> &'static str {
    match (entry.impact, entry.target) {
        (Impact::Contained, _) => "",
        (Impact::Disruptive | Impact::Irreversible, Target::Node) => {
            "; confirmed by typing the name of the node"
        }
        (Impact::Disruptive | Impact::Irreversible, Target::Cluster) => {
            "; confirmed by typing the name of the cluster"
        }
    }
}

fn list(text: &mut TextLines, title: &str, items: &[&str]) {
    text.line(format!("  {title}:"));
    for item in items {
        text.line(format!("    {item}"));
    }
}
