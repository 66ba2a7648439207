//! The timeline as text: one line each, and what it says on a second.

use crate::model::spec::Catalogue;
use crate::model::timeline::{
    ConcurrentGroup, HOW_IT_IS_ORDERED, PlacedEvent, PlacedRecord, Timeline,
};
use crate::text::lines::TextLines;

/// One page of the timeline, newest first; `command` reads it.
#[must_use]
pub fn timeline(catalogue: Catalogue, page: &Timeline, command: &str) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(HOW_IT_IS_ORDERED);
    if let Some(gap) = &page.gap {
        lines.line(format!("GAP: {gap}"));
    }
    for stretch in &page.stretches {
        lines.gap();
        add(&mut lines, catalogue, stretch);
    }
    lines.gap();
    match page.next_before {
        Some(key) => lines.line(format!("Earlier: {command} --before {key}")),
        None => lines.line("Nothing earlier."),
    }
    lines
}

/// What stands between two empty lines is in no known order between log and kernel.
fn add(lines: &mut TextLines, catalogue: Catalogue, stretch: &ConcurrentGroup) {
    if stretch.contradicts {
        lines.line("CONTRADICTION: an event here would be both before and after one record.");
    }
    for placed in &stretch.records {
        record(lines, catalogue, placed);
    }
    for placed in &stretch.events {
        event(lines, placed);
    }
}

fn record(lines: &mut TextLines, catalogue: Catalogue, placed: &PlacedRecord) {
    let record = &placed.record.record;
    let action = record.action_id.map(|id| format!("  {id}")).unwrap_or_default();
    let after = placed.after_event.filter(|_| placed.joins);
    let after = after.map(|place| format!("  after kernel {place}")).unwrap_or_default();
    let word = record.entry.word();
    lines.line(format!("log #{}  {}  {word}{action}{after}", record.seq, record.at));
    lines.line(format!("    {}", record.entry.sentence(catalogue)));
    if placed.is_after_a_gap() {
        lines.line("    GAP: before this start no control plane ran here.");
    }
}

fn event(lines: &mut TextLines, placed: &PlacedEvent) {
    let event = &placed.event;
    let node = event.node.as_ref().map(|node| format!(" {node}")).unwrap_or_default();
    let action = event.action_id.map(|id| format!("  {id}")).unwrap_or_default();
    let after = placed.after_record.filter(|_| placed.joins);
    let after = after.map(|seq| format!("  after log #{seq}")).unwrap_or_default();
    let word = event.kind.word();
    lines.line(format!("kernel {}  {}  {word}{node}{action}{after}", event.place, event.at));
    lines.line(format!("    {}", event.sentence));
    if placed.is_after_a_gap() {
        lines.line("    GAP: before this start the kernel did not run, or kept nothing.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::actor::AuthMethod;
    use crate::model::event::{EventKind, EventPlace, KernelEvent};
    use crate::model::record::Entry;
    use crate::model::spec::tried::catalogue;
    use crate::text::fixtures::stored;

    #[test]
    fn a_join_a_gap_and_a_contradiction_are_said_in_words() {
        let place = EventPlace { branch: 2, position: 14, number: 0 };
        let event = KernelEvent {
            place,
            at: crate::model::ambient::Timestamp::from_millis(0),
            kind: EventKind::STARTED,
            node: None,
            action_id: None,
            sentence: "started\u{1b}[2J".to_owned(),
        };
        let record = PlacedRecord {
            record: stored(8, Entry::SignedIn { by: AuthMethod::Password }),
            after_event: Some(place),
            joins: true,
        };
        let event = PlacedEvent { event, after_record: Some(7), joins: true };
        let stretch =
            ConcurrentGroup { records: vec![record], events: vec![event], contradicts: true };
        let (gap, next_before) = (Some("no majority".to_owned()), None);
        let text = timeline(
            catalogue(),
            &Timeline { stretches: vec![stretch], next_before, gap },
            "aerodb-control timeline",
        );
        for words in [
            "GAP: no majority\n",
            "CONTRADICTION: ",
            "signed_in  after kernel 2.14.0\n",
            "kernel 2.14.0  1970-01-01T00:00:00.000Z  started  after log #7\n",
            "    started⟨U+001B⟩[2J\n    GAP: before this start the kernel",
            "Nothing earlier.\n",
        ] {
            assert!(text.as_str().contains(words), "{words}: {}", text.as_str());
        }
    }
}
