//! Records of the log as text: one line each, and what it says on a second.

use crate::cli::lines::Lines;
use crate::model::answer::{LogPage, StoredRecord};
use crate::model::record::{Delivery, Entry, LearnedBy};

/// One page of the log, newest first.
pub(in crate::cli) fn log(page: &LogPage) -> Lines {
    let mut lines = Lines::new();
    for stored in &page.records {
        add(&mut lines, "", stored);
    }
    match page.next_before {
        Some(before) => lines.line(format!("Older: aerodb-control log --before {before}")),
        None => lines.line("No older records."),
    }
    lines
}

/// One record.
pub(super) fn add(lines: &mut Lines, indent: &str, stored: &StoredRecord) {
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
    let says = says(&record.entry);
    if !says.is_empty() {
        lines.line(format!("{indent}    {says}"));
    }
    lines.line(format!("{indent}    hash {}", stored.hash));
}

fn says(entry: &Entry) -> String {
    match entry {
        Entry::Boot { version, cluster, note, interrupted, log_key } => {
            let left: Vec<String> = interrupted.iter().map(ToString::to_string).collect();
            let left = if left.is_empty() { "nothing".to_owned() } else { left.join(", ") };
            let key = log_key.as_ref().map(|key| format!(". Signs heads with {key}"));
            let key = key.unwrap_or_default();
            format!("version {version}, {cluster}. {note} Left open: {left}{key}")
        }
        Entry::Requested { action, reason } => format!("{}: {}", action.title(), reason.as_str()),
        Entry::Explained { digest, .. } => format!("digest {digest}"),
        Entry::Rejected { violated, .. } => format!("against it: {}", joined(violated)),
        Entry::Confirmed { digest, typed_target, .. } => {
            let typed = typed_target.as_ref().map(|name| format!(", typed {name}"));
            format!("digest {digest}{}", typed.unwrap_or_default())
        }
        Entry::Stale { moved, .. } => joined(moved),
        Entry::Withdrawn { reason } | Entry::SettleRequested { reason } => {
            reason.as_str().to_owned()
        }
        Entry::Finding { executed, evidence } => {
            format!("executed {}, by this evidence: {}", executed.word(), evidence.as_str())
        }
        Entry::Frozen { reason } => reason.as_str().to_owned(),
        Entry::Unfrozen { freeze, reason } => {
            format!("the freeze of #{freeze}: {}", reason.as_str())
        }
        Entry::Dispatched { expected_epoch } => match expected_epoch {
            Some(epoch) => format!("for epoch {epoch}"),
            None => "for an epoch that was not known".to_owned(),
        },
        Entry::Executed { receipt, learned_by, differences, .. } => {
            let how = match learned_by {
                LearnedBy::Answer => "",
                LearnedBy::Settlement => " (learned by settling it)",
            };
            let as_told = if differences.is_empty() {
                String::new()
            } else {
                format!(" NOT AS EXPLAINED: {}", joined(differences))
            };
            format!("{}{how}{as_told}", receipt.result)
        }
        Entry::Refused { refusal } => format!("{}: {}", refusal.rule, refusal.sentence),
        Entry::Unknown { why } => why.clone(),
        Entry::Voided { tombstone } => tombstone.result.clone(),
        Entry::Duplicate { delivery, shown } => {
            let what = match delivery {
                Delivery::Request => "request",
                Delivery::Confirmation => "confirmation",
                Delivery::Settlement => "settlement",
                Delivery::Withdrawal => "withdrawal",
                Delivery::Finding => "finding",
            };
            format!("repeated {what}, shown as {shown}")
        }
        Entry::Declined { attempt, refusal } | Entry::Denied { attempt, refusal } => {
            format!("{attempt}: {} ({})", refusal.sentence, refusal.code.id())
        }
        Entry::AccountCreated { name, role } => format!("{name} ({role})"),
        Entry::SignInFailed { name } => format!("as {name}"),
        Entry::TokenIssued { name, expires_at } => format!("{name}, until {expires_at}"),
        Entry::SetupLinkIssued {} | Entry::SignedIn {} | Entry::SignedOut {} => String::new(),
    }
}

fn joined(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::fixtures::stored;
    use crate::model::refusal::{Refusal, RefusalCode};

    #[test]
    fn a_record_shows_its_place_time_kind_actor_and_hash() {
        let mut lines = Lines::new();
        let record = stored(7, Entry::SignInFailed { name: "eve\nx".to_owned() });
        add(&mut lines, "", &record);
        let wanted = format!(
            "#7  2026-01-31T09:45:00.000Z  sign_in_failed  ada (operator)\n    as eve⟨U+000A⟩x\n    hash {}\n",
            record.hash
        );
        assert_eq!(lines.as_str(), wanted);
    }

    #[test]
    fn a_page_says_how_to_read_on_or_that_it_is_the_last() {
        let refusal = Refusal::new(RefusalCode::NotPermitted, "Not for observers.");
        let attempt = "POST /actions".to_owned();
        let records = vec![stored(3, Entry::Denied { attempt, refusal })];
        let mut page = LogPage { records, next_before: Some(3) };
        let text = log(&page);
        assert!(text.as_str().contains("POST /actions: Not for observers. (not_permitted)"));
        assert!(text.as_str().ends_with("Older: aerodb-control log --before 3\n"));
        page.next_before = None;
        assert!(log(&page).as_str().ends_with("No older records.\n"));
    }
}
