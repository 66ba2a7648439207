//! Records of the log as text: one line each, and what it says on a second.

use crate::model::answer::{LogPage, StoredRecord};
use crate::model::spec::Catalogue;
use crate::text::lines::TextLines;

/// The command that reads a list with these filters, without the part that says where to go on.
#[must_use]
pub fn command(list: &str, filter: &[(&str, String)], limit: Option<u32>) -> String {
    let mut command = format!("aerodb-control {list}");
    for (name, value) in filter {
        // Single quotes keep a value literal in every POSIX shell.
        let value = value.replace('\'', r"'\''");
        command.push_str(&format!(" --{} '{value}'", name.replace('_', "-")));
    }
    if let Some(limit) = limit {
        command.push_str(&format!(" --limit {limit}"));
    }
    command
}

/// Records as they stand in a page of the log, in the order given.
#[must_use]
pub fn log_lines(catalogue: Catalogue, records: &[StoredRecord]) -> TextLines {
    let mut lines = TextLines::new();
    for stored in records {
        add(&mut lines, catalogue, "", stored);
    }
    lines
}

/// One page of the log, newest first; `command` reads it.
#[must_use]
pub fn log(catalogue: Catalogue, page: &LogPage, command: &str) -> TextLines {
    let mut lines = log_lines(catalogue, &page.records);
    match page.next_before {
        Some(before) => lines.line(format!("Older: {command} --before {before}")),
        None => lines.line("No older records."),
    }
    lines
}

/// One record.
pub(super) fn add(
    lines: &mut TextLines,
    catalogue: Catalogue,
    indent: &str,
    stored: &StoredRecord,
) {
    let record = &stored.record;
    let actor = record.actor.as_ref().map_or_else(
        || "the control plane".to_owned(),
        |actor| format!("{} ({})", actor.name, actor.role),
    );
    let action = record.action_id.map(|id| format!("  {id}")).unwrap_or_default();
    lines.line(format!(
        "{indent}#{}  {}  {}  {actor}{action}",
        record.seq,
        record.at,
        record.entry.word()
    ));
    let says = record.entry.sentence(catalogue);
    lines.line(format!("{indent}    {says}"));
    if record.clock_back_ms.is_some() {
        lines.line(format!("{indent}    clock: {}", record.clock_words()));
    }
    if let Some(host) = record.host_words() {
        lines.line(format!("{indent}    by {host}"));
    }
    lines.line(format!("{indent}    hash {}", stored.hash));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Entry;
    use crate::model::refusal::{Refusal, RefusalCode};
    use crate::model::spec::tried::catalogue;
    use crate::text::fixtures::stored;

    #[test]
    fn a_record_shows_its_place_time_kind_actor_and_hash() {
        let mut lines = TextLines::new();
        let record = stored(7, Entry::SignInFailed { name: "eve\nx".to_owned() });
        add(&mut lines, catalogue(), "", &record);
        let wanted = format!(
            "#7  2026-01-31T09:45:00.000Z  sign_in_failed  ada (operator)\n    Could not sign in as eve⟨U+000A⟩x.\n    hash {}\n",
            record.hash
        );
        assert_eq!(lines.as_str(), wanted);
    }

    #[test]
    fn a_page_says_how_to_read_on_or_that_it_is_the_last() {
        let refusal = Refusal::new(RefusalCode::NotPermitted, "Not for observers.");
        let attempt = "POST /actions".to_owned();
        let records = vec![stored(3, Entry::Denied { attempt, refusal, times: None })];
        let mut page = LogPage { records, next_before: Some(3) };
        let text = log(catalogue(), &page, "aerodb-control log");
        assert!(text.as_str().contains("Denied POST /actions (not_permitted): Not for observers."));
        assert!(text.as_str().ends_with("Older: aerodb-control log --before 3\n"));
        page.next_before = None;
        assert!(
            log(catalogue(), &page, "aerodb-control log").as_str().ends_with("No older records.\n")
        );
    }
}
