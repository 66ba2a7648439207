//! Closed lists: what can go wrong, who may write, what is sensitive and what is secret.

use super::{sentences, table};
use crate::model::sensitive::{SECRETS, SensitiveFact};
use crate::ui::Privileged;
use crate::ui::components::words::{catalogue, kind};
use leptos::prelude::*;

/// Every failure mode of every action, with what an operator sees (C12.1).
pub(in crate::ui::pages) fn failures() -> AnyView {
    let rows = catalogue().actions().flat_map(|entry| {
        let height = entry.failure_modes.len().to_string();
        let mut heading = Some(view! {
            <th scope="rowgroup" rowspan=height>
                {entry.title}
                " "
                {kind(entry.kind)}
            </th>
        });
        entry.failure_modes.iter().map(move |mode| {
            view! {
                <tr>
                    {heading.take()} <td>{mode.when}</td> <td>{mode.seen}</td>
                </tr>
            }
        })
    });
    let rows = rows.collect_view();
    view! {
        <p>
            "Every way in which an action can go wrong, and what you then see. Nothing is repaired or \
            sent again by itself in any of them. "
            <a href="/reference">"The whole reference"</a>
        </p>
        {table("Failure modes", &["Action", "What happens", "What you see, and what is then true"], rows.into_any())}
    }
    .into_any()
}

/// Every route that writes.
pub(super) fn privileged(list: &[Privileged]) -> AnyView {
    let rows = list.iter().map(|route| {
        view! {
            <tr>
                <th scope="row">
                    <code>{format!("POST {}", route.path)}</code>
                </th>
                <td>{route.needs}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    table("Addresses that write", &["Address", "Who may"], rows.into_any())
}

/// What says more of people and places than an operation needs, and what opens something.
pub(super) fn sensitive() -> AnyView {
    let rows = SensitiveFact::ALL.iter().map(|fact| {
        let records = fact.records();
        let records = if records.is_empty() { "none".to_owned() } else { records.join(", ") };
        view! {
            <tr>
                <th scope="row">
                    <code>{fact.id()}</code>
                </th>
                <td>{fact.what()}</td>
                <td>{records}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = ["Fact", "What it is", "Kinds of records that can hold it"];
    view! {
        <p>
            "These facts say more of people and places than an operation needs. Whoever has an \
            account sees them, an observer too, and every copy of the log holds them. The name of \
            who acted stands in every record of a person. A stakeholder, who looks through a link, \
            sees the word redacted instead."
        </p>
        {table("Sensitive facts", &columns, rows.into_any())}
        <h3>"Secret"</h3>
        <p>"Never shown again after it was made, and never in the log."</p>
        {sentences(SECRETS)}
    }
    .into_any()
}
