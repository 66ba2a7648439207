//! The catalogue, from the same type as the pages and the checks.

use crate::model::catalogue::{CatalogueEntry, Impact, Target};
use crate::plain::lines::Lines;

/// These actions, one after the other.
#[must_use]
pub fn catalogue(entries: &[&CatalogueEntry]) -> Lines {
    let mut text = Lines::new();
    for entry in entries {
        text.gap();
        one(&mut text, entry);
    }
    text
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
    use crate::model::catalogue::{CATALOGUE, entry};

    #[test]
    fn every_action_is_printed_with_its_parameters_and_preconditions() {
        let all = catalogue(&CATALOGUE.iter().collect::<Vec<_>>());
        for kind in ActionKind::ALL {
            let one = catalogue(&[entry(kind)]);
            assert!(all.as_str().contains(one.as_str()), "{kind}");
            assert!(one.as_str().contains("  must hold:\n    "), "{kind}");
            let parameter = kind.node_parameter().map(|name| format!("  --{name}: "));
            assert!(parameter.is_none_or(|p| one.as_str().contains(&p)), "{kind}");
        }
    }
}
