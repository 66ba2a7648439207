//! Records of the ledger: as a table, and each in a sentence.

use crate::model::actor::Via;
use crate::model::answer::StoredRecord;
use crate::model::record::{Delivery, Entry, LearnedBy, Record};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{counted, hash, say, time};
use leptos::prelude::*;

/// Records in the order given, which is by sequence number and never by time.
#[must_use]
pub fn records(caption: &'static str, records: &[StoredRecord]) -> AnyView {
    let rows = records.iter().map(row).collect_view();
    scrolling(
        caption,
        view! {
            <table class="records">
                <caption>{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Seq"</th>
                        <th scope="col">"Time (UTC)"</th>
                        <th scope="col">"Actor"</th>
                        <th scope="col">"Kind"</th>
                        <th scope="col">"Action"</th>
                        <th scope="col">"What it says"</th>
                        <th scope="col">"Hash"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn row(stored: &StoredRecord) -> AnyView {
    let record = &stored.record;
    let action = record.action_id.map(|id| {
        view! {
            <a href=format!("/actions/{id}")>
                <code>{id.short()}</code>
            </a>
        }
    });
    let clock = format!("clock: {}", say(&record.clock));
    view! {
        <tr>
            <th scope="row" class="number">
                <a href=format!("/api/v1/log/proof/{}", record.seq)>{record.seq.to_string()}</a>
            </th>
            <td>{time(record.at)} " " <small>{clock}</small></td>
            <td>{actor(record)}</td>
            <td>
                <code>{record.entry.word()}</code>
            </td>
            <td>{action}</td>
            <td>{say(&summary(&record.entry))}</td>
            <td>{hash(&stored.hash)}</td>
        </tr>
    }
    .into_any()
}

fn actor(record: &Record) -> AnyView {
    let Some(actor) = &record.actor else {
        let is_stranger = matches!(record.entry, Entry::SignInFailed { .. } | Entry::Denied { .. });
        let who = if is_stranger { "nobody who is signed in" } else { "the control plane" };
        return view! { <span>{who}</span> }.into_any();
    };
    let via = match actor.via {
        Via::Session => "session",
        Via::Token => "token",
        Via::SetupLink => "set-up link",
        Via::Console => "console",
    };
    view! {
        <span>{actor.name.to_string()}</span>
        <small>{format!(" ({}, via {via})", actor.role)}</small>
    }
    .into_any()
}

fn ids<T: ToString>(list: &[T]) -> String {
    if list.is_empty() {
        return "none".to_owned();
    }
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A record in a sentence. It matches without a wildcard, so that no kind can go unsaid (C8.1).
#[must_use]
pub fn summary(entry: &Entry) -> String {
    match entry {
        Entry::Boot { version, cluster, note, interrupted, log_key } => {
            let left = if interrupted.is_empty() {
                "No action was left open.".to_owned()
            } else {
                format!("Left open: {}.", ids(interrupted))
            };
            let key = log_key.as_ref().map(|key| format!(" Signs heads with {key}."));
            let key = key.unwrap_or_default();
            format!("Version {version} started for {cluster}. {note} {left}{key}")
        }
        Entry::Requested { action, reason } => {
            format!("Asked for: {}. Reason: {reason}", action.title())
        }
        Entry::Explained { relied_on, .. } => {
            format!("Every check passed: {}.", counted(relied_on.len(), "invariant"))
        }
        Entry::Rejected { violated, .. } => format!("Nothing ran. Against it: {}.", ids(violated)),
        Entry::Confirmed { typed_target, .. } => typed_target.as_ref().map_or_else(
            || "Confirmed what was explained.".to_owned(),
            |target| format!("Confirmed what was explained, and typed {target}."),
        ),
        Entry::Stale { moved, .. } => format!("Nothing ran. Moved: {}.", ids(moved)),
        Entry::Withdrawn { reason } => format!("Nothing ran. Withdrawn: {reason}"),
        Entry::Dispatched { expected_epoch } => match expected_epoch {
            Some(epoch) => format!("About to be sent to the kernel, for epoch {epoch}."),
            None => "About to be sent to the kernel, for an epoch that was not known.".to_owned(),
        },
        Entry::Executed { receipt, learned_by, differences, .. } => {
            let how = match learned_by {
                LearnedBy::Answer => "the kernel's answer",
                LearnedBy::Settlement => "a settlement",
            };
            let found = if differences.is_empty() {
                String::new()
            } else {
                format!(" Differs from the explanation: {}.", ids(differences))
            };
            format!("Ran once, known from {how}: {}{found}", receipt.result)
        }
        Entry::Refused { refusal } => {
            format!("Nothing ran. The kernel refused ({}): {}", refusal.rule, refusal.sentence)
        }
        Entry::Unknown { why } => format!("It may have run: {why}"),
        Entry::Voided { tombstone } => format!("It never can run: {}", tombstone.result),
        Entry::SettleRequested { reason } => format!("Asked to settle it. Reason: {reason}"),
        Entry::Finding { executed, evidence } => {
            format!("Found: executed {}. Evidence: {evidence}", executed.word())
        }
        Entry::Frozen { reason } => {
            format!("Declared a freeze: nothing can be asked for or confirmed. Reason: {reason}")
        }
        Entry::Unfrozen { freeze, reason } => {
            format!("Lifted the freeze of record {freeze}. Reason: {reason}")
        }
        Entry::Duplicate { delivery, shown } => {
            let what = match delivery {
                Delivery::Request => "request",
                Delivery::Confirmation => "confirmation",
                Delivery::Settlement => "settlement",
                Delivery::Withdrawal => "withdrawal",
                Delivery::Finding => "finding",
            };
            format!("A repeated {what}; the action was shown as {shown}. Nothing ran again.")
        }
        Entry::Declined { attempt, refusal } => {
            format!("Declined {attempt} ({}): {}", refusal.code.id(), refusal.sentence)
        }
        Entry::Denied { attempt, refusal } => {
            format!("Denied {attempt} ({}): {}", refusal.code.id(), refusal.sentence)
        }
        Entry::SetupLinkIssued {} => "The one-time set-up link was issued.".to_owned(),
        Entry::AccountCreated { name, role } => format!("Account {name} was made: {role}."),
        Entry::SignedIn {} => "Signed in.".to_owned(),
        Entry::SignedOut {} => "Signed out.".to_owned(),
        Entry::SignInFailed { name } => format!("Could not sign in as {name}."),
        Entry::TokenIssued { name, expires_at } => {
            format!("Token {name} was issued; it ends at {expires_at}.")
        }
    }
}
