//! `GET /log`: the ledger, newest first.

use crate::ui::LogView;
use crate::ui::components::log_filter::log_filter;
use crate::ui::components::records;
use crate::ui::components::words::counted;
use crate::ui::filter::{FilterInPlace, found};
use crate::ui::live::ChangeNotice;
use crate::ui::verify::verify;
use leptos::prelude::*;

/// One page of the log.
pub(super) fn log(data: &LogView) -> AnyView {
    let shown = &data.page.records;
    let list = if shown.is_empty() {
        view! { <p class="none">"There is no such record in this part of the log."</p> }.into_any()
    } else {
        records::records("Records, newest first", shown)
    };
    let older = data.older.clone().map(|address| {
        view! {
            <p>
                <a href=address>"Older records"</a>
            </p>
        }
    });
    let count = format!("{} shown.", counted(shown.len(), "record"));
    let part = view! {
        {verify(shown)}
        {list}
        {older}
    };
    view! {
        <ChangeNotice/>
        <p>"Order is the sequence number. Each record carries the hash of the one before it; \
            nothing is changed or deleted. The number leads to the record, and from there to the \
            proof that it is in the signed log."</p>
        {log_filter(&data.filter)}
        <FilterInPlace/>
        {found(count, part.into_any())}
    }
    .into_any()
}
