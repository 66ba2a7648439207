//! `GET /observations/{sha256}`: the cluster as it once was, from the log.

use crate::model::kept::KeptObservation;
use crate::model::spec::KernelSpec;
use crate::ui::components::cluster_facts::cluster_facts;
use crate::ui::components::words::{self, observation as made, time};
use crate::ui::components::{copyable, items, nodes, positions, records, topology};
use leptos::prelude::*;

/// An observation that the log keeps, drawn like the present one, and said not to be it.
pub(super) fn observation(spec: &KernelSpec, data: &KeptObservation) -> AnyView {
    let state = &data.state;
    let at = time(state.observation.observed_at);
    let named = data.named_by.iter().map(|stored| {
        let (seq, word) = (stored.record.seq, stored.record.entry.word());
        let action = stored.record.action_id.map(|id| {
            view! { " of the action " {words::action(id)} }
        });
        view! {
            <li>
                <a href=format!("/log/{seq}")>{format!("Record {seq} ({word})")}</a>
                {action}
                ", written "
                {time(stored.record.at)}
            </li>
        }
    });
    let named = named.collect_view();
    view! {
        <section class="notice" data-tone="open">
            <h2>"From the log, not the present"</h2>
            <p>"This is the cluster as it was observed at " {at} ". The log keeps it because of:"</p>
            <ul class="sentences">{named}</ul>
        </section>
        {made(&state.observation)}
        <section aria-label="Cluster">{cluster_facts(spec, state, &[], None)}</section>
        <div class="figures">{topology::topology(spec, state)} {positions::positions(spec, state)}</div>
        {nodes::nodes(spec, state, &[], None)}
        {items::items(spec, &state.items.iter().collect::<Vec<_>>())}
        <section>
            <h2>"Its bytes"</h2>
            <p>
                "SHA-256 "
                <code>{data.hash.to_string()}</code>
                ", which is their name in the log: "
                <a href=format!("/api/v1/log/blobs/{}", data.hash)>"canonical JSON, as it was hashed"</a>
                "."
            </p>
            {records::records("Records that name it, oldest first", &data.named_by)}
            {copyable::address(&format!("/observations/{}", data.hash))}
        </section>
    }
    .into_any()
}
