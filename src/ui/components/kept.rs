//! Ways to what the log keeps under addresses of its own.

use crate::model::answer::StoredRecord;
use leptos::prelude::*;

/// The observations that these records name, each once, with the first record that does.
#[must_use]
pub fn observations(records: &[StoredRecord]) -> Option<AnyView> {
    let mut seen = Vec::new();
    let mut items = Vec::new();
    for stored in records {
        let Some(hash) = stored.record.entry.snapshot().filter(|hash| !seen.contains(hash)) else {
            continue;
        };
        seen.push(hash);
        let (seq, word) = (stored.record.seq, stored.record.entry.word());
        items.push(view! {
            <li>
                <a href=format!("/observations/{hash}")>
                    {format!("The cluster as record {seq} ({word}) saw it")}
                </a>
            </li>
        });
    }
    (!items.is_empty()).then(|| {
        view! {
            <h3>"Observations that the log keeps of it"</h3>
            <ul class="sentences">{items.collect_view()}</ul>
        }
        .into_any()
    })
}
