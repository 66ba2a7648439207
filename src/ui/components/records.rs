//! Records of the ledger as a table.

use crate::model::action::ActionId;
use crate::model::actor::CredentialKind;
use crate::model::answer::StoredRecord;
use crate::model::record::{Entry, Record};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{self, escaped, hash, time};
use leptos::prelude::*;

/// How much of a record a row shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RecordRow {
    /// All of it, with its hash and the way to its proof.
    Whole,
    /// One line: what does not fit there stands on the page of the record, and so do its hash and its proof.
    Line,
}

/// Records in the order given, which is by sequence number and never by time.
#[must_use]
pub fn records(caption: &'static str, records: &[StoredRecord]) -> AnyView {
    table(caption, records, RecordRow::Whole)
}

/// The same, each on one line.
#[must_use]
pub fn lines(caption: &'static str, records: &[StoredRecord]) -> AnyView {
    table(caption, records, RecordRow::Line)
}

fn table(caption: &'static str, records: &[StoredRecord], form: RecordRow) -> AnyView {
    let rows = records.iter().map(|stored| row(stored, form)).collect_view();
    let hash = (form == RecordRow::Whole).then(|| view! { <th scope="col">"Hash"</th> });
    let inner = view! {
        <caption>{caption}</caption>
        <thead>
            <tr>
                <th scope="col">"Seq"</th>
                <th scope="col">"Time (UTC)"</th>
                <th scope="col">"Actor"</th>
                <th scope="col">"Kind"</th>
                <th scope="col">"Action"</th>
                <th scope="col">"What it says"</th>
                {hash}
            </tr>
        </thead>
        <tbody>{rows}</tbody>
    };
    let table = match form {
        RecordRow::Whole => view! { <table class="records">{inner}</table> }.into_any(),
        RecordRow::Line => view! { <table class="records lines">{inner}</table> }.into_any(),
    };
    scrolling(caption, table)
}

fn row(stored: &StoredRecord, form: RecordRow) -> AnyView {
    let record = &stored.record;
    let is_whole = form == RecordRow::Whole;
    // On a line, a clock that went back is told where the time is; which clock it was, on the record's page.
    let clock = (is_whole || record.clock_back_ms.is_some()).then(|| {
        let clock = escaped(&record.clock_words());
        let clock = if is_whole { format!("clock: {clock}") } else { clock };
        view! { " " <small>{clock}</small> }
    });
    let sentence = escaped(&record.entry.sentence(words::catalogue()));
    let says = match form {
        RecordRow::Whole => view! { <td>{sentence}</td> }.into_any(),
        RecordRow::Line => view! { <td class="says">{sentence}</td> }.into_any(),
    };
    let hash = is_whole.then(|| view! { <td>{hash(&stored.hash)} {proof(record.seq)}</td> });
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
            {says}
            {hash}
        </tr>
    }
    .into_any()
}

/// The hashes of records, each with the way to its proof: what an appendix is for.
#[must_use]
pub fn hashes(records: &[StoredRecord]) -> AnyView {
    let rows = records.iter().map(|stored| {
        let (record, hash) = (&stored.record, stored.hash.to_string());
        view! {
            <tr>
                <th scope="row" class="number">
                    {record.seq.to_string()}
                </th>
                <td>
                    <code>{record.entry.word()}</code>
                </td>
                <td>
                    <code>{hash}</code> " " {proof(record.seq)}
                </td>
            </tr>
        }
    });
    let caption = "Hashes of the records, oldest first";
    scrolling(
        caption,
        view! {
            <table data-paper="small">
                <caption>{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Seq"</th>
                        <th scope="col">"Kind"</th>
                        <th scope="col">"SHA-256"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
        .into_any(),
    )
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
