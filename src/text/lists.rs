//! Nodes, actions, kernel events and invariants as text: what the console shows as tables.

use crate::model::answer::{ActionLine, ActionPage, Interrupted, StoredRecord};
use crate::model::cluster::ClusterState;
use crate::model::event::EventPage;
use crate::model::spec::{Catalogue, KernelSpec};
use crate::text::lines::TextLines;
use crate::text::{overview, records};

/// The nodes of one observation.
#[must_use]
pub fn nodes(spec: &KernelSpec, state: &ClusterState) -> TextLines {
    let mut lines = TextLines::new();
    overview::add_observation(&mut lines, state);
    lines.gap();
    overview::add_nodes(&mut lines, spec, &state.nodes);
    lines
}

/// One page of the actions, newest first; `command` reads it.
#[must_use]
pub fn actions(catalogue: Catalogue, page: &ActionPage, command: &str) -> TextLines {
    let mut lines = TextLines::new();
    page.actions.iter().for_each(|action| add_action(&mut lines, catalogue, action));
    match page.next_before {
        Some(before) => lines.line(format!("Older: {command} --before {before}")),
        None => lines.line("No older actions."),
    }
    lines
}

fn add_action(lines: &mut TextLines, catalogue: Catalogue, action: &ActionLine) {
    let left = match action.interrupted {
        Some(Interrupted::NeverSent) => ", never sent",
        Some(Interrupted::OutcomeUnknown) => ", the outcome is not known here",
        None => "",
    };
    lines.line(format!(
        "#{}  {}  {}  {}{left}  {}",
        action.seq, action.requested_at, action.id, action.stage, action.requested_by
    ));
    lines.line(format!("    {}: {}", catalogue.title(&action.action), action.reason));
}

/// One page of what happened in the kernel, newest first; `command` reads it.
#[must_use]
pub fn events(page: &EventPage, command: &str) -> TextLines {
    let mut lines = TextLines::new();
    for event in &page.events {
        let node = event.node.as_ref().map(|node| format!("  {node}")).unwrap_or_default();
        let action = event.action_id.map(|id| format!("  {id}")).unwrap_or_default();
        let kind = event.kind.word();
        lines.line(format!("{}  {}  {kind}{node}{action}", event.place, event.at));
        lines.line(format!("    {}", event.sentence));
    }
    if let Some(gap) = &page.gap {
        lines.line(format!("Gap: {gap}"));
    }
    match page.next_before {
        Some(before) => lines.line(format!("Older: {command} --before {before}")),
        None => lines.line("No older events."),
    }
    lines
}

/// One record.
#[must_use]
pub fn record(catalogue: Catalogue, stored: &StoredRecord) -> TextLines {
    let mut lines = TextLines::new();
    records::add(&mut lines, catalogue, "", stored);
    for hash in stored.record.entry.blobs() {
        lines.line(format!("    names the blob {hash}"));
    }
    lines
}

/// Every invariant.
#[must_use]
pub fn invariants(catalogue: Catalogue) -> TextLines {
    let mut lines = TextLines::new();
    for invariant in catalogue.invariants() {
        lines.line(format!("{} ({})", invariant.id, invariant.clause));
        lines.line(format!("    {}", invariant.statement));
        lines.line(format!("    {}", invariant.reason));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ambient::Timestamp;
    use crate::model::event::{EventKind, EventPlace, KernelEvent};
    use crate::model::text::NodeId;
    use crate::text::fixtures::state;

    #[test]
    fn the_nodes_stand_under_the_observation_that_they_were_read_in() {
        let text = nodes(&crate::kernel::embedded::spec::SPEC, &state());
        assert!(
            text.as_str().starts_with("development aerodb (embedded kernel, c-1)\nObservation")
        );
        assert_eq!(text.as_str().lines().filter(|line| line.starts_with('n')).count(), 3);
    }

    #[test]
    fn a_page_of_events_says_its_gap_and_how_to_read_on() {
        let place = EventPlace { branch: 2, position: 14, number: 1 };
        let event = KernelEvent {
            place,
            at: Timestamp::from_millis(0),
            kind: EventKind::of("node_lost"),
            node: Some(NodeId::numbered(3)),
            action_id: None,
            sentence: "n3 cannot be reached.\nforged".to_owned(),
        };
        let gap = Some("It did not run.".to_owned());
        let page = EventPage { events: vec![event], next_before: Some(place), gap };
        let text = events(&page, "aerodb-control events");
        let wanted = "2.14.1  1970-01-01T00:00:00.000Z  node_lost  n3\n    \
                      n3 cannot be reached.⟨U+000A⟩forged\nGap: It did not run.\n\
                      Older: aerodb-control events --before 2.14.1\n";
        assert_eq!(text.as_str(), wanted);
    }
}
