//! The catalogue, from the same type as the pages and the checks.

use crate::cli::Report;
use crate::cli::exit::Exit;
use crate::cli::lines::{Lines, inert_json};
use crate::model::catalogue::{CATALOGUE, CatalogueEntry, Impact, Target};

/// Every action, or the one that is named. It needs no server: the catalogue is part of the program.
pub(in crate::cli) fn catalogue(kind: Option<&str>) -> Report {
    let is_wanted = |entry: &&CatalogueEntry| kind.is_none_or(|kind| entry.kind.word() == kind);
    let entries: Vec<&CatalogueEntry> = CATALOGUE.iter().filter(is_wanted).collect();
    let mut text = Lines::new();
    for entry in &entries {
        text.gap();
        one(&mut text, entry);
    }
    let json = serde_json::to_string(&entries).expect("the catalogue holds text keys only");
    Report { text, json: inert_json(&json), exit: Exit::Done }
}

fn one(text: &mut Lines, entry: &CatalogueEntry) {
    text.line(format!("{} ({})", entry.title, entry.kind));
    text.line(format!("  {}", entry.meaning));
    text.line(format!("  class: {}", entry.class.word()));
    text.line(format!("  impact: {}{}", entry.impact.word(), typed(entry)));
    text.line(format!("  reversible: {}", entry.reversible));
    for parameter in entry.parameters {
        let option = parameter.name.replace('_', "-");
        text.line(format!("  --{option}: {} {}", parameter.meaning, parameter.limits));
    }
    text.line("  must hold:");
    for invariant in entry.preconditions {
        text.line(format!("    {invariant}: {}", invariant.statement()));
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

fn typed(entry: &CatalogueEntry) -> &'static str {
    match (entry.impact, entry.target) {
        (Impact::Contained, _) => "",
        (Impact::Disruptive, Target::Node) => "; confirmed by typing the name of the node",
        (Impact::Disruptive, Target::Cluster) => "; confirmed by typing the name of the cluster",
    }
}

fn list(text: &mut Lines, title: &str, items: &[&str]) {
    text.line(format!("  {title}:"));
    for item in items {
        text.line(format!("    {item}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action::ActionKind;

    #[test]
    fn every_action_is_printed_with_its_parameters_and_preconditions() {
        let all = catalogue(None);
        for kind in ActionKind::ALL {
            let one = catalogue(Some(kind.word()));
            assert!(all.text.as_str().contains(one.text.as_str()), "{kind}");
            assert!(one.text.as_str().contains("  must hold:\n    "), "{kind}");
            let parameter = kind.node_parameter().map(|name| format!("  --{name}: "));
            assert!(parameter.is_none_or(|p| one.text.as_str().contains(&p)), "{kind}");
        }
    }

    #[test]
    fn the_json_form_is_a_list_of_entries() {
        let json: serde_json::Value =
            serde_json::from_str(&catalogue(None).json).expect("valid JSON");
        assert_eq!(json.as_array().map(Vec::len), Some(CATALOGUE.len()));
    }
}
