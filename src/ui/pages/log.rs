//! `GET /log`: the ledger, newest first.

use crate::ui::components::words::counted;
use crate::ui::components::{list_filter, records};
use crate::ui::filter::{FilterInPlace, found};
use crate::ui::live::ChangeNotice;
use crate::ui::verify::verify;
use crate::ui::{Frame, LogView, pages};
use leptos::prelude::*;

/// One page of the log.
pub(super) fn log(data: &LogView, frame: &Frame) -> AnyView {
    let shown = &data.page.records;
    let list = if shown.is_empty() {
        view! { <p class="none">"There is no such record in this part of the log."</p> }.into_any()
    } else {
        records::lines("Records, newest first", shown)
    };
    let older = data.older.clone().map(|address| {
        view! {
            <p>
                <a href=address>"Older records"</a>
            </p>
        }
    });
    let actors = shown.iter().filter_map(|stored| stored.record.actor.as_ref());
    let actors = actors.map(|actor| actor.name.to_string()).collect();
    let count = format!("{} shown.", counted(shown.len(), "record"));
    let part = view! {
        {verify(shown)}
        {list}
        {older}
        {list_filter::exports("log", &data.typed)}
    };
    view! {
        <ChangeNotice/>
        {pages::refusal(data.refusal.as_ref())}
        <p>"Order is the sequence number. Each record carries the hash of the one before it; \
            nothing is changed or deleted. The number leads to the record, and from there to the \
            proof that it is in the signed log."</p>
        {list_filter::presets("/log")}
        {list_filter::of_log(&data.typed, &frame.nodes(), &actors)}
        <FilterInPlace/>
        {data.refusal.is_none().then(|| found(count, part.into_any()))}
    }
    .into_any()
}
