//! `GET /log/{seq}`: one record, with the bytes that were hashed.

use crate::model::answer::StoredRecord;
use crate::model::kept::RecordAnswer;
use crate::ui::components::records::{self, actor, proof};
use crate::ui::components::words::{self, escaped, time};
use crate::ui::components::{badge, copyable, kept};
use crate::ui::verify::verify;
use leptos::prelude::*;

/// One record. It never changes, so nothing on the page is live but the verification.
pub(super) fn record(data: &RecordAnswer) -> AnyView {
    let steps = (!data.steps.is_empty()).then(|| {
        view! {
            <section>
                <h2>"Steps of its action"</h2>
                {records::records("Steps of the action, oldest first", &data.steps)}
            </section>
        }
    });
    let named = std::slice::from_ref(&data.record);
    view! {
        {neighbours(data)}
        <p>{escaped(&data.record.record.entry.sentence(words::catalogue()))}</p>
        {facts(&data.record)}
        {verify(named)}
        {kept::observations(named)}
        <section>
            <h2>"The bytes that were hashed"</h2>
            <p>
                "Canonical JSON. The hash is SHA-256 over one zero byte and these bytes (RFC 6962)."
            </p>
            <pre class="command" tabindex="0">
                <code>{escaped(&data.leaf)}</code>
            </pre>
        </section>
        {steps}
        {copyable::address(&format!("/log/{}", data.record.record.seq))}
    }
    .into_any()
}

fn neighbours(data: &RecordAnswer) -> AnyView {
    let seq = data.record.record.seq;
    let link = |seq: u64| view! { <a href=format!("/log/{seq}")>{format!("Record {seq}")}</a> };
    let before = seq.checked_sub(1).map(|seq| view! { {link(seq)} " is the one before. " });
    let after = (seq + 1 < data.size).then(|| view! { {link(seq + 1)} " is the one after." });
    let last = (seq + 1 == data.size).then_some("It was the last one when this page was made.");
    view! { <p>{before} {after} {last}</p> }.into_any()
}

fn facts(stored: &StoredRecord) -> AnyView {
    let record = &stored.record;
    let stage = record.entry.stage().map(|stage| {
        view! {
            <div>
                <dt>"Resulting stage"</dt>
                <dd>{badge::stage(stage, None)}</dd>
            </div>
        }
    });
    let action = record.action_id.map(|id| {
        view! {
            <div>
                <dt>"Action"</dt>
                <dd>
                    <a href=format!("/actions/{id}")>
                        <code>{id.to_string()}</code>
                    </a>
                </dd>
            </div>
        }
    });
    let host = record.host_words().map(|words| {
        view! {
            <div>
                <dt>"User on the host"</dt>
                <dd>{escaped(&words)}</dd>
            </div>
        }
    });
    let prev = record.prev.map_or_else(|| "none: it is the first".to_owned(), |h| h.to_string());
    view! {
        <dl class="facts">
            <div>
                <dt>"Kind"</dt>
                <dd>
                    <code>{record.entry.word()}</code>
                </dd>
            </div>
            {stage}
            <div>
                <dt>"Written"</dt>
                <dd>{time(record.at)} {format!(", clock: {}", escaped(&record.clock_words()))}</dd>
            </div>
            <div>
                <dt>"Actor"</dt>
                <dd>{actor(record)}</dd>
            </div>
            {host}
            {action}
            <div>
                <dt>"Hash"</dt>
                <dd>
                    {copyable::code(&stored.hash.to_string(), "the hash")} {proof(record.seq)}
                </dd>
            </div>
            <div>
                <dt>"Hash of the record before"</dt>
                <dd>
                    <code>{prev}</code>
                </dd>
            </div>
        </dl>
    }
    .into_any()
}
