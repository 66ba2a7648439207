//! The overview in words. What could not be read is the word "unknown", with since when and why.

use super::explanation::{add_candidate, add_prospect};
use crate::model::answer::Overview;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::finding::Mismatch;
use crate::model::node_answer::{NodeAnswer, NodeVerified};
use crate::model::pinned::{Fact, Missing, Since};
use crate::model::spec::Catalogue;
use crate::model::text::{NodeId, in_binary_units};
use crate::plain::lines::Lines;

/// Everything that the overview page shows.
#[must_use]
pub fn overview(catalogue: Catalogue, overview: &Overview) -> Lines {
    let mut lines = Lines::new();
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
    cluster(&mut lines, state);
    if let Some(progress) = &state.under_way {
        lines.line(format!("Under way: {} {progress}", progress.action_id));
    }
    match &overview.unresolved {
        Some(open) => lines.line(format!(
            "Unresolved: {} {}; further mutations wait until it is settled",
            open.kind, open.action_id
        )),
        None => lines.line("Unresolved: none"),
    }
    lines.line(match &overview.freeze {
        Some(freeze) => format!(
            "FROZEN {freeze} (record {}); requests and confirmations are refused",
            freeze.seq
        ),
        None => "Freeze: none".to_owned(),
    });
    if let Some(free) = &state.free_bytes {
        let free = fact(free, |free| in_binary_units(*free));
        lines.line(format!("Free space of the data directory: {free}"));
    }
    if let Some(address) = &overview.data_address {
        lines.line(format!("Data API: {address}"));
    }
    lines.gap();
    add_nodes(&mut lines, &state.nodes);
    for why_not in &overview.why_not {
        lines.heading(&format!("{}, every node as the target", why_not.kind));
        for candidate in &why_not.candidates {
            add_candidate(&mut lines, candidate);
        }
    }
    if !overview.on_cluster.is_empty() {
        lines.heading("Actions on the cluster, as they would be judged now");
        for prospect in &overview.on_cluster {
            add_prospect(&mut lines, catalogue, prospect);
        }
    }
    lines
}

/// Where log and kernel do not say the same, alone.
#[must_use]
pub fn mismatch(mismatch: &Mismatch) -> Lines {
    let mut lines = Lines::new();
    add_mismatch(&mut lines, mismatch);
    lines
}

fn add_mismatch(lines: &mut Lines, mismatch: &Mismatch) {
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
pub(super) fn add_observation(lines: &mut Lines, state: &ClusterState) {
    let identity = &state.cluster.identity;
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
pub fn node(catalogue: Catalogue, answer: &NodeAnswer, option: &str) -> Lines {
    let mut lines = Lines::new();
    let seen = &answer.state.observation;
    lines.line(format!("{} in observation {} at {}", answer.node, seen.id, seen.observed_at));
    if let Some(node) = answer.facts() {
        facts(&mut lines, answer, node);
    }
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
    lines.heading("What happened to it, newest first");
    if let Some(gap) = &answer.events.gap {
        lines.line(format!("  GAP: {gap}"));
    }
    for event in &answer.events.events {
        let word = event.kind.word();
        lines.line(format!("  kernel {}  {}  {word}: {}", event.place, event.at, event.sentence));
    }
    lines.line(format!("  {} events of the kernel looked through", answer.events.looked_at));
    lines.heading("What was asked of it, newest first");
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
    match (answer.asked.is_empty(), answer.more_asked) {
        (true, _) => lines.line("  nothing"),
        (false, true) => lines.line(more),
        (false, false) => {}
    }
    lines
}

fn facts(lines: &mut Lines, answer: &NodeAnswer, node: &NodeState) {
    let number = |value: &Fact<u64>| fact(value, u64::to_string);
    let p = &node.positions;
    let reach = node.pinned.unreachable.as_ref().map(|cut| since(Some(&cut.into())));
    let votes = answer.state.cluster.voters.contains(&node.pinned.id);
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let kept = |kept: &Option<u64>| kept.map_or_else(|| "none".to_owned(), |at| at.to_string());
    for (name, value) in [
        ("Role", fact(&node.pinned.role, |role| role.word().to_owned())),
        (
            "Reachable",
            fact(&node.pinned.reachable, |yes| yes_no(*yes)) + &reach.unwrap_or_default(),
        ),
        ("Vote", yes_no(votes)),
        ("Epoch", number(&node.pinned.epoch)),
        ("Last entry", number(&p.last)),
        ("Its epoch", number(&p.last_epoch)),
        ("Committed", number(&p.committed)),
        ("Applied", number(&p.applied)),
        ("First entry", number(&p.first)),
        ("Checkpoint", fact(&p.checkpoint, kept)),
        ("Source", node.source.clone()),
    ] {
        lines.line(format!("  {name}: {value}"));
    }
}

fn cluster(lines: &mut Lines, state: &ClusterState) {
    let cluster = &state.cluster;
    lines.line(match &cluster.primary {
        Fact::Known(Some(node)) => format!("Primary: {node}"),
        Fact::Known(None) => {
            format!("Primary: nobody is primary{}", since(cluster.without_primary.as_ref()))
        }
        Fact::Unknown { unknown } => format!("Primary: {}", missing(unknown)),
    });
    lines.line(format!("Epoch: {}", fact(&cluster.epoch, u64::to_string)));
    lines.line(format!(
        "Writes: {}{}",
        fact(&cluster.writes, |writes| writes.word().to_owned()),
        since(cluster.writes_refused.as_ref())
    ));
    lines.line(format!("Write fence: {}", fact(&cluster.write_fence, |f| f.word().to_owned())));
    let voters: Vec<&str> = cluster.voters.iter().map(NodeId::as_str).collect();
    lines.line(format!("Voters: {} (majority: {})", voters.join(", "), cluster.quorum));
}

/// A table of nodes.
pub(super) fn add_nodes(lines: &mut Lines, nodes: &[NodeState]) {
    let head = [
        "NODE",
        "ROLE",
        "REACHABLE",
        "EPOCH",
        "LAST",
        "COMMITTED",
        "APPLIED",
        "FIRST",
        "CHECKPOINT",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(nodes.iter().map(row));
    lines.table("", &rows);
    for node in nodes {
        if let Some(why) = &node.pinned.unreachable {
            lines.line(format!("{} is not reachable{}", node.pinned.id, since(Some(&why.into()))));
        }
    }
}

fn row(node: &NodeState) -> Vec<String> {
    let number = |fact: &Fact<u64>| fact.word(u64::to_string);
    let yes_no = |yes: &bool| (if *yes { "yes" } else { "no" }).to_owned();
    vec![
        node.pinned.id.to_string(),
        node.pinned.role.word(|role| role.word().to_owned()),
        node.pinned.reachable.word(yes_no),
        number(&node.pinned.epoch),
        number(&node.positions.last),
        number(&node.positions.committed),
        number(&node.positions.applied),
        number(&node.positions.first),
        node.positions.checkpoint.word(|kept| kept.map_or("none".to_owned(), |p| p.to_string())),
    ]
}

fn fact<T>(fact: &Fact<T>, words: impl FnOnce(&T) -> String) -> String {
    match fact {
        Fact::Known(value) => words(value),
        Fact::Unknown { unknown } => missing(unknown),
    }
}

/// Why a fact is missing, as a clause.
pub(super) fn missing(missing: &Missing) -> String {
    format!("unknown since {}, because {}", missing.since, missing.why)
}

fn since(since: Option<&Since>) -> String {
    since.map(|since| format!(" since {}: {}", since.since, since.why)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::explanation::Prospect;
    use crate::model::spec::tried::catalogue;
    use crate::plain::fixtures::{overview_without_primary, state};

    #[test]
    fn nobody_being_primary_is_said_with_since_when_and_why() {
        let text = overview(catalogue(), &overview_without_primary());
        let wanted =
            "Primary: nobody is primary since 2026-01-31T09:45:00.000Z: The process was restarted.";
        assert!(text.as_str().lines().any(|line| line == wanted), "{}", text.as_str());
        assert!(text.as_str().contains("Writes: stopped since 2026-01-31T09:45:00.000Z: Nobody"));
    }

    #[test]
    fn what_could_not_be_read_is_unknown_and_never_a_number() {
        let text = overview(catalogue(), &overview_without_primary());
        let wanted =
            "n3    unknown  no         unknown  unknown  unknown    unknown  unknown  unknown";
        assert!(text.as_str().lines().any(|line| line == wanted), "{}", text.as_str());
        assert!(
            text.as_str().contains("n3 is not reachable since 2026-01-31T09:45:00.000Z: taken")
        );
    }

    #[test]
    fn a_freeze_is_said_with_who_since_when_why_and_its_record() {
        let mut value = overview_without_primary();
        assert!(overview(catalogue(), &value).as_str().lines().any(|line| line == "Freeze: none"));
        value.freeze = Some(crate::plain::fixtures::freeze());
        let text = overview(catalogue(), &value);
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
            looked_at: 4,
            next_before: None,
            gap: Some("no majority can be reached".to_owned()),
        };
        let answer = NodeAnswer {
            node: node_id,
            state,
            actions: vec![Prospect { action: verify, verdict, checked: 3, against }],
            unresolved: None,
            freeze: None,
            events,
            asked: Vec::new(),
            more_asked: false,
            verified: None,
        };
        let text = node(catalogue(), &answer, "");
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
        let mut lines = Lines::new();
        cluster(&mut lines, &state());
        assert!(lines.as_str().starts_with("Primary: n1\nEpoch: 3\nWrites: accepted\n"));
    }
}
