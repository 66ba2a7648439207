//! Records of the ledger as a table.

use crate::model::action::ActionId;
use crate::model::actor::CredentialKind;
use crate::model::answer::StoredRecord;
use crate::model::record::{Entry, Record};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{self, escaped, hash, time};
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

/// The same, each on one line: what does not fit there stands on the page of the record, and so do its hash
/// and its proof.
#[must_use]
pub fn lines(caption: &'static str, records: &[StoredRecord]) -> AnyView {
    let rows = records.iter().map(one_line).collect_view();
    scrolling(
        caption,
        view! {
            <table class="records lines">
                <caption>{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Seq"</th>
                        <th scope="col">"Time (UTC)"</th>
                        <th scope="col">"Actor"</th>
                        <th scope="col">"Kind"</th>
                        <th scope="col">"Action"</th>
                        <th scope="col">"What it says"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn one_line(stored: &StoredRecord) -> AnyView {
    let record = &stored.record;
    // A clock that went back is told where the time is; which clock it was, on the page of the record.
    let clock = record.clock_back_ms.is_some().then(|| {
        let clock = format!(" {}", escaped(&record.clock_words()));
        view! { <small>{clock}</small> }
    });
    view! {
        <tr>
            <th scope="row" class="number">
                <a href=format!("/log/{}", record.seq)>{record.seq.to_string()}</a>
            </th>
            <td>{time(record.at)} {clock}</td>
            <td>{actor(record)}</td>
            <td>
                <code>{record.entry.word()}</code>
            </td>
            <td>{record.action_id.map(words::action)}</td>
            <td class="says">{escaped(&record.entry.sentence(words::catalogue()))}</td>
        </tr>
    }
    .into_any()
}

/// Where the records of an action are that its page does not list.
#[must_use]
pub fn more(id: ActionId) -> AnyView {
    view! {
        <p>
            "The log holds more repeated and declined attempts of this action: "
            <a href=format!("/log?action={id}")>"all its records"</a> "."
        </p>
    }
    .into_any()
}

fn row(stored: &StoredRecord) -> AnyView {
    let record = &stored.record;
    let action = record.action_id.map(words::action);
    let clock = format!("clock: {}", escaped(&record.clock_words()));
    view! {
        <tr>
            <th scope="row" class="number">
                <a href=format!("/log/{}", record.seq)>{record.seq.to_string()}</a>
            </th>
            <td>{time(record.at)} " " <small>{clock}</small></td>
            <td>{actor(record)}</td>
            <td>
                <code>{record.entry.word()}</code>
            </td>
            <td>{action}</td>
            <td>{escaped(&record.entry.sentence(words::catalogue()))}</td>
            <td>{hash(&stored.hash)} {proof(record.seq)}</td>
        </tr>
    }
    .into_any()
}

/// The way to the proof that a record is in the signed log.
#[must_use]
pub fn proof(seq: u64) -> AnyView {
    let name = format!("Proof of record {seq}");
    view! {
        <a href=format!("/api/v1/log/proof/{seq}") aria-label=name>
            "proof"
        </a>
    }
    .into_any()
}

/// Who a record is of.
#[must_use]
pub fn actor(record: &Record) -> AnyView {
    let Some(actor) = &record.actor else {
        let is_stranger = matches!(record.entry, Entry::SignInFailed { .. } | Entry::Denied { .. });
        let who = if is_stranger { "nobody who is signed in" } else { "the control plane" };
        return view! { <span>{who}</span> }.into_any();
    };
    let via = match actor.via {
        CredentialKind::Session => "session",
        CredentialKind::Token => "token",
        CredentialKind::SetupLink => "set-up link",
        CredentialKind::Link => "link",
        CredentialKind::Openid => "OpenID Connect",
        CredentialKind::Console => "server shell",
    };
    view! {
        <span>{actor.name.to_string()}</span>
        <small>{format!(" ({}, via {via})", actor.role)}</small>
    }
    .into_any()
}
