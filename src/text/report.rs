//! Reports as Markdown: headings of ours, and everything else in indented blocks.
//!
//! In an indented block nothing is markup, and [`TextLines`] keeps each text on its line, so nothing that
//! a person or an engine wrote can become a heading, a link or an instruction.

use super::action::{add_outcome, meaning};
use super::explanation::explanation;
use super::lines::TextLines;
use super::records;
use crate::model::action::Stage;
use crate::model::ambient::Timestamp;
use crate::model::answer::StoredRecord;
use crate::model::cluster::ClusterState;
use crate::model::explanation::Explanation;
use crate::model::record::Entry;
use crate::model::report::{ActionReport, BlobContent, KeptBlob, WindowReport};
use crate::model::spec::Catalogue;

/// The report of one action.
#[must_use]
pub fn report(catalogue: Catalogue, told: &ActionReport) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(format!("# Report of the action {}", told.id));
    lines.gap();
    lines.line("Rebuilt from the log alone. Order is the sequence number of the records.");
    parts(&mut lines, catalogue, told, "##");
    lines
}

/// One page of the report of a window, as a document of its own: its last line says that it is a part.
#[must_use]
pub fn window(catalogue: Catalogue, told: &WindowReport) -> TextLines {
    let mut lines = head(told.from, told.to);
    lines.append(&add_records(catalogue, &told.records));
    if told.records.is_empty() {
        lines.line("    No record of this window.");
    }
    for action in &told.actions {
        add_action(&mut lines, catalogue, action);
    }
    lines.gap();
    let total = told.total.map(|total| format!(" of {total}")).unwrap_or_default();
    let numbers = told.records.first().zip(told.records.last()).map_or_else(
        || format!("Part: no records{total}."),
        |(first, last)| {
            let (count, first, last) = (told.records.len(), first.record.seq, last.record.seq);
            format!("Part: {count} records{total}, from record {first} to {last}.")
        },
    );
    lines.line(match told.next_after {
        Some(seq) => format!("{numbers} The window goes on after record {seq}."),
        None => format!("{numbers} The window ends here."),
    });
    lines
}

/// What stands above the report of a window, up to the heading of its records.
pub(super) fn head(from: Timestamp, to: Timestamp) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(format!("# Report of the log from {from} to {to}"));
    lines.gap();
    lines.line("Rebuilt from the log alone. Order is the sequence number of the records.");
    lines.gap();
    lines.line("Every record of the window, then every action with a record in it, each whole.");
    lines.heading("## Records");
    lines.gap();
    lines
}

/// Records of a window, indented under their heading.
pub(super) fn add_records(catalogue: Catalogue, stored: &[StoredRecord]) -> TextLines {
    let (mut block, mut lines) = (TextLines::new(), TextLines::new());
    for stored in stored {
        records::add(&mut block, catalogue, "", stored);
    }
    lines.indented(&block);
    lines
}

/// An action of a window, whole.
pub(super) fn add_action(lines: &mut TextLines, catalogue: Catalogue, action: &ActionReport) {
    lines.line("");
    lines.line(format!("## Action {}", action.id));
    parts(lines, catalogue, action, "###");
}

fn parts(lines: &mut TextLines, catalogue: Catalogue, told: &ActionReport, level: &str) {
    section(lines, &format!("{level} Request"), |lines| {
        lines.line(catalogue.title(&told.action));
        lines.line(format!("asked by {} at {}", told.requested_by, told.requested_at));
        lines.line(format!("reason: {}", told.reason.as_str()));
    });
    section(lines, &format!("{level} Explanation"), |lines| shown(lines, catalogue, told));
    section(lines, &format!("{level} Decision"), |lines| {
        decided(lines, catalogue, told);
    });
    section(lines, &format!("{level} Relied on"), |lines| {
        relied_on(lines, catalogue, told);
    });
    section(lines, &format!("{level} Outcome"), |lines| {
        came_of_it(lines, catalogue, told);
    });
    section(lines, &format!("{level} Records"), |lines| {
        for stored in &told.records {
            records::add(lines, catalogue, "", stored);
        }
        if told.more_records {
            lines.line(format!("More: aerodb-control log --action {}", told.id));
        }
    });
    section(lines, &format!("{level} Kept bytes"), |lines| {
        lines
            .line("Each line of JSON has the SHA-256 that stands above it, where no character was");
        lines.line("spelled out to make it harmless; the JSON report has the bytes in any case.");
        for kept in &told.kept {
            bytes(lines, kept);
        }
    });
}

fn shown(lines: &mut TextLines, catalogue: Catalogue, told: &ActionReport) {
    match (told.explanation(), told.seen()) {
        (Ok(explained), Ok(seen)) => {
            lines.append(&explanation(catalogue, &explained, &seen.observation));
        }
        (Err(why), _) => lines.line(format!("The explanation cannot be shown again: {why}.")),
        (_, Err(why)) => lines.line(format!("The observation cannot be shown again: {why}.")),
    }
    lines.gap();
    lines.line(format!("Digest: {}", told.digest));
    if let Ok(Explanation { typed_target: Some(target), .. }) = told.explanation() {
        lines.line(format!("To be typed: {target}"));
    }
}

fn decided(lines: &mut TextLines, catalogue: Catalogue, told: &ActionReport) {
    let mut nobody = true;
    for stored in told.decisions() {
        let record = &stored.record;
        let decision = match &record.entry {
            Entry::Confirmed { digest, typed_target, .. } => {
                let typed = typed_target.as_ref().map(|name| format!(", and typed {name}"));
                format!("confirmed the digest {digest}{}", typed.unwrap_or_default())
            }
            Entry::FirstConfirmed { digest, typed_target, .. } => {
                let typed = typed_target.as_ref().map(|name| format!(", and typed {name}"));
                let typed = typed.unwrap_or_default();
                format!("confirmed the digest {digest} as the first of two{typed}")
            }
            Entry::Stale { digest, .. } => {
                format!("confirmed what was no longer true; it would now be {digest}")
            }
            other => other.sentence(catalogue),
        };
        nobody = false;
        let by = record.actor.as_ref();
        let by = by.map_or_else(|| "nobody".to_owned(), |a| format!("{} ({})", a.name, a.role));
        lines.line(format!("#{}  {}  {by} {decision}", record.seq, record.at));
    }
    if nobody {
        lines.line("Nobody decided anything about it.");
    }
}

fn relied_on(lines: &mut TextLines, catalogue: Catalogue, told: &ActionReport) {
    let observed =
        |lines: &mut TextLines, what: &str, seen: Result<ClusterState, String>| match seen {
            Ok(ClusterState { observation, .. }) => lines.line(format!(
                "{what}: {} at {} ({} clock), {}",
                observation.id, observation.observed_at, observation.clock, observation.source
            )),
            Err(why) => lines.line(format!("{what}: cannot be shown again: {why}")),
        };
    observed(lines, "observation behind the explanation", told.seen());
    if let Some(judged) = told.judged_by() {
        observed(lines, "observation behind the decision", judged);
    }
    for stored in &told.records {
        let (what, invariants) = match &stored.record.entry {
            Entry::Explained { relied_on, .. } => ("holds", relied_on),
            Entry::Rejected { violated, .. } => ("violated", violated),
            _ => continue,
        };
        for invariant in invariants {
            lines.line(format!("{what}: {invariant}: {}", catalogue.statement(*invariant)));
        }
    }
    if let Ok(explained) = told.explanation() {
        for (name, value) in explained.pinned.in_words() {
            lines.line(format!("pinned: {name}: {value}"));
        }
    }
}

fn came_of_it(lines: &mut TextLines, catalogue: Catalogue, told: &ActionReport) {
    lines.line(format!("Stage: {}: {}", told.stage, meaning(told.stage)));
    if matches!(told.stage, Stage::Confirmed | Stage::Dispatched) {
        lines.line("The log holds no end of it.");
    }
    for moved in &told.moved {
        lines.line(format!("Moved: {moved}"));
    }
    if let Some(outcome) = &told.outcome {
        add_outcome(lines, catalogue, outcome);
    }
    match told.after() {
        Some(Ok(ClusterState { observation, .. })) => lines.line(format!(
            "Observation after it: {} at {} ({} clock)",
            observation.id, observation.observed_at, observation.clock
        )),
        Some(Err(why)) => {
            lines.line(format!("The observation after it cannot be shown again: {why}."));
        }
        None => {}
    }
}

fn bytes(lines: &mut TextLines, kept: &KeptBlob) {
    lines.gap();
    match &kept.content {
        BlobContent::Canonical(text) => {
            lines.line(format!(
                "sha256 {}, {} bytes, named by #{}",
                kept.hash,
                text.len(),
                kept.seq
            ));
            lines.line(text);
        }
        BlobContent::Missing(why) => {
            lines.line(format!("sha256 {}, named by #{}: missing: {why}", kept.hash, kept.seq));
        }
    }
}

/// A heading and an indented block under it.
fn section(lines: &mut TextLines, heading: &str, fill: impl FnOnce(&mut TextLines)) {
    lines.heading(heading);
    lines.gap();
    let mut block = TextLines::new();
    fill(&mut block);
    lines.indented(&block);
}
