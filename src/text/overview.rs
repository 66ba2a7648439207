//! The overview in words. What could not be read is the word "unknown", with since when and why.

use super::explanation::{add_candidate, add_prospect};
use crate::model::answer::Overview;
use crate::model::cluster::{ClusterState, ItemState, NodeState};
use crate::model::facts::{Fact, Facts, UnknownReason, Value};
use crate::model::finding::Mismatch;
use crate::model::node_answer::{NodeAnswer, NodeVerified};
use crate::model::spec::{Binding, Catalogue, FactOf, FactSpec, KernelSpec, REACHABLE, Show};
use crate::text::lines::TextLines;

/// Everything that the overview page shows.
#[must_use]
pub fn overview(spec: &'static KernelSpec, overview: &Overview) -> TextLines {
    let catalogue = Catalogue::from(spec);
    let mut lines = TextLines::new();
    let state = &overview.state;
    if let Some(mismatch) = &overview.mismatch {
        add_mismatch(&mut lines, mismatch);
        lines.gap();
    }
    if let Some(why) = &overview.unrecordable {
        lines.line(format!("NOTHING CAN BE RECORDED: {why}"));
        lines.line("Every request and every confirmation is refused until then. Reading goes on.");
        lines.gap();
    }
    add_observation(&mut lines, state);
    lines.gap();
    cluster(&mut lines, spec, state);
    if let Some(progress) = &state.under_way {
        lines.line(format!("Under way: {} {progress}", progress.action_id));
    }
    match &overview.in_doubt {
        Some(open) => lines.line(format!(
            "In doubt: {} {}; further mutations wait until it is resolved",
            open.kind, open.action_id
        )),
        None => lines.line("In doubt: none"),
    }
    lines.line(match &overview.freeze {
        Some(freeze) => format!(
            "FROZEN {freeze} (record {}); requests and confirmations are refused",
            freeze.seq
        ),
        None => "Freeze: none".to_owned(),
    });
    if let Some(address) = &overview.data_address {
        lines.line(format!("Data API: {address}"));
    }
    lines.gap();
    add_nodes(&mut lines, spec, &state.nodes);
    add_items(&mut lines, spec, &state.items.iter().collect::<Vec<_>>());
    for target_checks in &overview.target_checks {
        lines.heading(&format!("{}, every node as the target", target_checks.kind));
        for candidate in &target_checks.candidates {
            add_candidate(&mut lines, candidate);
        }
    }
    if !overview.cluster_actions.is_empty() {
        lines.heading("Actions on the cluster, as they would be judged now");
        for prospect in &overview.cluster_actions {
            add_prospect(&mut lines, catalogue, prospect);
        }
    }
    lines
}

/// Where log and kernel do not say the same, alone.
#[must_use]
pub fn mismatch(mismatch: &Mismatch) -> TextLines {
    let mut lines = TextLines::new();
    add_mismatch(&mut lines, mismatch);
    lines
}

fn add_mismatch(lines: &mut TextLines, mismatch: &Mismatch) {
    lines.line(format!("HELD: nothing can be changed. {mismatch}."));
    for finding in &mismatch.findings {
        lines.line(format!("- {finding}"));
    }
    let listed = mismatch.findings.len() as u64;
    if listed > 0 && mismatch.total > listed {
        lines.line(format!("- {} more", mismatch.total - listed));
    }
}

/// Which cluster, and when and how it was seen.
pub(super) fn add_observation(lines: &mut TextLines, state: &ClusterState) {
    let identity = &state.identity;
    lines.line(format!(
        "{} {} ({} kernel, {})",
        identity.environment, identity.cluster, identity.kernel, identity.id
    ));
    let seen = &state.observation;
    lines.line(format!(
        "Observation {} at {} ({} clock), {}",
        seen.id, seen.observed_at, seen.clock, seen.source
    ));
}

/// Everything that the page of a node shows. `option` is what leads a further command to the same
/// server.
#[must_use]
pub fn node(spec: &'static KernelSpec, answer: &NodeAnswer, option: &str) -> TextLines {
    let catalogue = Catalogue::from(spec);
    let mut lines = TextLines::new();
    let seen = &answer.state.observation;
    lines.line(format!("{} in observation {} at {}", answer.node, seen.id, seen.observed_at));
    if let Some(node) = answer.facts() {
        facts(&mut lines, spec, node);
    }
    add_items(&mut lines, spec, &answer.state.items_of(&answer.node).collect::<Vec<_>>());
    if let Some(NodeVerified { seq, at, verification, .. }) = &answer.verified {
        let word = verification.word().to_uppercase().replace('_', " ");
        lines.line(format!("Verified at {at}: {word} (record {seq})"));
        for finding in verification.findings() {
            lines.line(format!("  {finding}"));
        }
    }
    lines.heading("Actions on it, as they would be judged now");
    for prospect in &answer.actions {
        add_prospect(&mut lines, catalogue, prospect);
    }
    lines.heading("Events, newest first");
    if let Some(gap) = &answer.events.gap {
        lines.line(format!("  GAP: {gap}"));
    }
    for event in &answer.events.events {
        let word = event.kind.word();
        lines.line(format!("  kernel {}  {}  {word}: {}", event.place, event.at, event.sentence));
    }
    lines.line(format!("  {} events of the kernel looked through", answer.events.events_scanned));
    lines.heading("Requests, newest first");
    for asked in &answer.asked {
        lines.line(format!(
            "  #{}  {}  {}  {}",
            asked.seq,
            asked.id,
            asked.stage,
            catalogue.title(&asked.action)
        ));
    }
    let asks = "aerodb-control log --kind requested --node";
    let more = format!("  more: {asks} {}{option}", answer.node);
    match (answer.asked.is_empty(), answer.has_more_actions) {
        (true, _) => lines.line("  nothing"),
        (false, true) => lines.line(more),
        (false, false) => {}
    }
    lines
}

fn facts(lines: &mut TextLines, spec: &KernelSpec, node: &NodeState) {
    let shown = spec.facts_of(FactOf::Node).filter(|of| of.show != Show::Hidden);
    for of in shown {
        if let Some(value) = node.facts.get(of.key) {
            let line = fact(of, value) + &since(of, &node.facts);
            lines.line(format!("  {}: {line}", of.label));
        }
    }
    lines.line(format!("  Source: {}", node.source));
}

/// Every fact of the cluster that a page shows large or a confirmation is bound to.
fn cluster(lines: &mut TextLines, spec: &KernelSpec, state: &ClusterState) {
    let is_shown = |of: &&FactSpec| of.show != Show::Hidden || of.binding == Binding::Pinned;
    for of in spec.facts_of(FactOf::Cluster).filter(is_shown) {
        if let Some(value) = state.facts.get(of.key) {
            let line = fact(of, value) + &since(of, &state.facts);
            lines.line(format!("{}: {line}", of.label));
        }
    }
}

/// The facts of a node that stand in a table.
fn columns(spec: &KernelSpec) -> Vec<&'static FactSpec> {
    let shown = spec.facts_of(FactOf::Node);
    shown.filter(|of| matches!(of.show, Show::Column | Show::Bar)).collect()
}

/// A table of nodes.
pub(super) fn add_nodes(lines: &mut TextLines, spec: &KernelSpec, nodes: &[NodeState]) {
    let columns = columns(spec);
    let head = columns.iter().map(|of| of.label.to_uppercase());
    let mut rows = vec![std::iter::once("NODE".to_owned()).chain(head).collect()];
    rows.extend(nodes.iter().map(|node| row(&columns, node)));
    lines.table("", &rows);
    let reachable = spec.fact(FactOf::Node, REACHABLE);
    for node in nodes {
        let since = reachable.map_or_else(String::new, |of| since(of, &node.facts));
        if !since.is_empty() {
            lines.line(format!("{} is not reachable{since}", node.id));
        }
    }
}

/// What nodes have several of, each on a line of its own.
fn add_items(lines: &mut TextLines, spec: &KernelSpec, items: &[&ItemState]) {
    for of in spec.items {
        let mut of_kind = items.iter().filter(|item| *item.kind == *of.kind).peekable();
        if of_kind.peek().is_none() {
            continue;
        }
        lines.heading(of.label);
        for item in of_kind {
            let shown = spec.facts_of_item(of.kind).filter(|of| of.show != Show::Hidden);
            let words = shown.filter_map(|of| {
                let value = item.facts.get(of.key)?;
                Some(format!("{} {}", of.lower_label(), fact(of, value)))
            });
            let words: Vec<String> = words.collect();
            lines.line(format!("  {} {}: {}", item.node, item.name, words.join("; ")));
        }
    }
}

fn row(columns: &[&FactSpec], node: &NodeState) -> Vec<String> {
    let cell = |of: &&FactSpec| {
        let fact = node.facts.get(of.key);
        fact.map_or_else(String::new, |fact| fact.word(|value| of.words(value)))
    };
    std::iter::once(node.id.to_string()).chain(columns.iter().map(cell)).collect()
}

fn fact(of: &FactSpec, fact: &Fact<Value>) -> String {
    match fact {
        Fact::Known(value) => of.words(value),
        Fact::Unknown { unknown, last } => {
            let last = last.as_ref().map(|last| format!("; last known: {}", of.words(last)));
            missing(unknown) + &last.unwrap_or_default()
        }
    }
}

/// Why a fact is missing, as a clause.
pub(super) fn missing(missing: &UnknownReason) -> String {
    format!("unknown since {}, because {}", missing.since, missing.why)
}

fn since(of: &FactSpec, facts: &Facts) -> String {
    let since = of.since.as_ref().and_then(|[at, why]| facts.since(at, why));
    since.map(|since| format!(" since {}: {}", since.since, since.why)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::embedded::spec::SPEC;
    use crate::model::explanation::ActionPreview;
    use crate::model::text::NodeId;
    use crate::text::fixtures::{overview_without_primary, state};

    #[test]
    fn nobody_being_primary_is_said_with_since_when_and_why() {
        let text = overview(&SPEC, &overview_without_primary());
        let wanted = "Primary: nobody since 2026-01-31T09:45:00.000Z: The process was restarted.";
        assert!(text.as_str().lines().any(|line| line == wanted), "{}", text.as_str());
        assert!(text.as_str().contains("Writes: stopped since 2026-01-31T09:45:00.000Z: Nobody"));
    }

    #[test]
    fn what_could_not_be_read_is_unknown_and_never_a_number() {
        let text = overview(&SPEC, &overview_without_primary());
        let wanted = "n3    unknown  no         unknown  unknown  unknown    unknown";
        assert!(text.as_str().lines().any(|line| line == wanted), "{}", text.as_str());
        assert!(
            text.as_str().contains("n3 is not reachable since 2026-01-31T09:45:00.000Z: taken")
        );
    }

    #[test]
    fn a_freeze_is_said_with_who_since_when_why_and_its_record() {
        let mut value = overview_without_primary();
        assert!(overview(&SPEC, &value).as_str().lines().any(|line| line == "Freeze: none"));
        value.freeze = Some(crate::text::fixtures::freeze());
        let text = overview(&SPEC, &value);
        let wanted = "FROZEN by ada since 2026-01-31T09:45:00.000Z: an audit runs (record 7)";
        assert!(text.as_str().lines().any(|line| line.starts_with(wanted)), "{}", text.as_str());
    }

    #[test]
    fn a_node_that_cannot_be_read_is_unknown_and_what_is_missing_is_said() {
        let Overview { state, .. } = overview_without_primary();
        let node_id = NodeId::numbered(3);
        let verify = format!(r#"{{"kind":"verify_node","params":{{"node":"{node_id}"}}}}"#);
        let verify = serde_json::from_str(&verify).expect("an action");
        let (verdict, against) = (crate::model::explanation::Verdict::Fail, Vec::new());
        let events = crate::model::node_answer::NodeEvents {
            events: Vec::new(),
            events_scanned: 4,
            next_before: None,
            gap: Some("no majority can be reached".to_owned()),
        };
        let answer = NodeAnswer {
            node: node_id,
            state,
            actions: vec![ActionPreview { action: verify, verdict, checked: 3, against }],
            in_doubt: None,
            freeze: None,
            events,
            asked: Vec::new(),
            has_more_actions: false,
            verified: None,
        };
        let text = node(&SPEC, &answer, "");
        for words in [
            "n3 in observation ",
            "  Role: unknown since 2026-01-31T09:45:00.000Z, because ",
            "  Reachable: no since 2026-01-31T09:45:00.000Z: taken",
            "  fail     verify n3: 3 of 3 checks pass",
            "  GAP: no majority can be reached",
            "  4 events of the kernel looked through",
            "  nothing",
        ] {
            assert!(text.as_str().contains(words), "{words}: {}", text.as_str());
        }
    }

    #[test]
    fn a_living_primary_is_named() {
        let mut lines = TextLines::new();
        cluster(&mut lines, &SPEC, &state());
        assert!(lines.as_str().starts_with("Primary: n1\nEpoch: 3\nWrites: accepted\n"));
    }
}
