//! `GET /log`: the ledger, newest first.

use crate::model::answer::LogPage;
use crate::ui::components::records;
use crate::ui::live::ChangeNotice;
use crate::ui::verify::verify;
use leptos::prelude::*;

/// One page of the log.
pub(super) fn log(data: &LogPage) -> AnyView {
    let list = if data.records.is_empty() {
        view! { <p class="none">"There is no record in this part of the log."</p> }.into_any()
    } else {
        records::records("Records, newest first", &data.records)
    };
    let older = data.next_before.map(|seq| {
        view! {
            <p>
                <a href=format!("/log?before={seq}")>"Older records"</a>
            </p>
        }
    });
    view! {
        <ChangeNotice/>
        <p>"Order is the sequence number. Each record carries the hash of the one before it; \
            nothing is changed or deleted. The number links to the proof that the record is in the \
            signed log."</p>
        {verify(&data.records)}
        {list}
        {older}
    }
    .into_any()
}
