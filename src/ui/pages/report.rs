//! `GET /actions/{id}/report` and `GET /report`: what the log alone says of an action or a window.

use crate::model::action::Stage;
use crate::model::cluster::ClusterState;
use crate::model::report::{ActionReport, BlobContent, KeptBlob, WindowReport};
use crate::model::spec::KernelSpec;
use crate::ui::components::words::{self, counted, escaped, hash, observation, time};
use crate::ui::components::{
    badge, copyable, explanation, kept, list_filter, notice, outcome, positions, records, topology,
};
use crate::ui::verify::verify;
use crate::ui::{WindowView, pages};
use leptos::prelude::*;

/// The report of one action.
pub(super) fn action(spec: &KernelSpec, told: &ActionReport) -> AnyView {
    let address = format!("/actions/{}", told.id);
    view! {
        <p data-paper="left-out">
            "Rebuilt from the log alone: the same log gives the same report. "
            <a href=address.clone()>"The action as it stands"</a> ", as "
            <a href=format!("{address}/report.md") download>"Markdown"</a> ", as "
            <a href=format!("/api/v1{address}/report")>"JSON"</a> "."
        </p>
        <p data-paper="only">
            {format!("Rebuilt from the log alone. With what is left out on paper: {address}/report")}
        </p>
        {verify(&told.records)}
        {parts(spec, told)}
        {copyable::address(&format!("{address}/report"))}
    }
    .into_any()
}

/// The form of a window, and one page of its report.
pub(super) fn window(spec: &KernelSpec, view: &WindowView) -> AnyView {
    view! {
        {pages::refusal(view.refusal.as_ref())}
        {form(view)}
        {view.report.as_ref().map(|_| report(spec, view))}
    }
    .into_any()
}

fn form(view: &WindowView) -> AnyView {
    let field = |name: &'static str, label: &'static str, typed: &str| {
        view! {
            <p class="field">
                <label for=name>{label}</label>
                <input
                    type="text"
                    id=name
                    name=name
                    required
                    autocomplete="off"
                    spellcheck="false"
                    aria-describedby="window-hint"
                    value=escaped(typed)
                />
            </p>
        }
    };
    view! {
        <form class="form" method="get" action="/report" autocomplete="off">
            <h2>"Window"</h2>
            {list_filter::presets("/report")}
            <p id="window-hint">
                "Times of UTC, such as 2026-01-31 09:30 or as in the log. Both are included. The report \
                holds every record of the window, and each action with a record in it, whole."
            </p>
            {field("from", "From", &view.from)}
            {field("to", "To", &view.to)}
            <button type="submit">"Show the report"</button>
        </form>
    }
    .into_any()
}

fn report(spec: &KernelSpec, view: &WindowView) -> Option<AnyView> {
    let told = view.report.as_ref()?;
    let query = |after: Option<u64>| {
        let after = after.map(|seq| format!("&after={seq}")).unwrap_or_default();
        format!("?from={}&to={}{after}", told.from, told.to)
    };
    let here = query(view.after);
    let next = told.next_after.map(|seq| {
        view! {
            <p>
                <a href=format!("/report{}", query(Some(seq)))>
                    {format!("The window goes on after record {seq}")}
                </a>
            </p>
        }
    });
    let actions = told.actions.iter().map(|action| {
        view! {
            <section class="entry">
                <h2>
                    <a href=format!("/actions/{}/report", action.id)>{words::title(&action.action)}</a>
                </h2>
                {parts(spec, action)}
            </section>
        }
    });
    let actions = actions.collect_view();
    let whole = query(None);
    // The window of a report includes its last moment, that of a list ends before it.
    let listed = format!("?since={}&until={}", told.from, told.to.plus_millis(1));
    let extent = extent(told);
    Some(
        view! {
            <p>
                {format!("From {} to {}, from the log alone. ", told.from, told.to)}
                <strong>{extent}</strong>
                " The whole window as "
                <a href=format!("/report.md{whole}") download>"Markdown"</a> ", as "
                <a href=format!("/api/v1/report{whole}")>"JSON"</a> "; its records as "
                <a href=format!("/api/v1/log.csv{listed}") download>"CSV"</a> " or "
                <a href=format!("/log/print{listed}")>"a page to print"</a> "."
            </p>
            {verify(&told.records)}
            {records::records("Records of the window, oldest first", &told.records)}
            {actions}
            {next}
            {copyable::address(&format!("/report{here}"))}
        }
        .into_any(),
    )
}

/// How much of the window this page is.
fn extent(told: &WindowReport) -> String {
    let total = told.total.unwrap_or_default();
    let shown = u64::try_from(told.records.len()).unwrap_or(u64::MAX);
    match (told.records.first(), told.records.last()) {
        (Some(first), Some(last)) if shown < total => {
            let (first, last) = (first.record.seq, last.record.seq);
            format!("A part: {shown} of {total} records, {first} to {last}.")
        }
        _ => format!("Complete: {}.", counted(told.records.len(), "record")),
    }
}

fn parts(spec: &KernelSpec, told: &ActionReport) -> AnyView {
    let more = told.more_records.then(|| records::more(told.id));
    let all_bytes = told.kept.iter().map(bytes).collect_view();
    view! {
        {asked(told)}
        {shown(spec, told)}
        {decided(spec, told)}
        {came_of_it(spec, told)}
        <section>
            <h2>"Records"</h2>
            {records::lines("Records of this action, oldest first", &told.records)}
            {more}
            <div data-paper="left-out">{kept::observations(&told.records)}</div>
        </section>
        <section>
            <h2>"Appendix: hashes"</h2>
            <p>"Digest of the explanation: " <code>{told.digest.to_string()}</code></p>
            {records::hashes(&told.records)}
            {named(&told.kept)}
        </section>
        <section data-paper="left-out">
            <h2>"Kept bytes"</h2>
            <p>"What the records name by its SHA-256, byte for byte as it was hashed."</p>
            {all_bytes}
        </section>
    }
    .into_any()
}

/// What the records name by its hash.
fn named(kept: &[KeptBlob]) -> AnyView {
    let items = kept.iter().map(|blob| {
        view! {
            <li>
                {format!("Named by record {}: ", blob.seq)} <code>{blob.hash.to_string()}</code>
            </li>
        }
    });
    view! { <ul data-paper="small">{items.collect_view()}</ul> }.into_any()
}

fn asked(told: &ActionReport) -> AnyView {
    view! {
        <section>
            <h2>"Request"</h2>
            <dl class="facts">
                <div>
                    <dt>"Action"</dt>
                    <dd>{words::title(&told.action)}</dd>
                </div>
                <div>
                    <dt>"Reason"</dt>
                    <dd>{escaped(told.reason.as_str())}</dd>
                </div>
                <div>
                    <dt>"Asked by"</dt>
                    <dd>{told.requested_by.to_string()}", at "{time(told.requested_at)}</dd>
                </div>
                <div>
                    <dt>"Id"</dt>
                    <dd>{copyable::code(&told.id.to_string(), "the id")}</dd>
                </div>
            </dl>
        </section>
    }
    .into_any()
}

fn shown(spec: &KernelSpec, told: &ActionReport) -> AnyView {
    let gone = |what, why: &_| view! { <h2>"Explanation"</h2> {lost(what, why)} }.into_any();
    let explained = match (told.explanation(), told.seen()) {
        // It brings the heading along.
        (Ok(explained), Ok(seen)) => {
            explanation::explanation(spec, &explained, &told.digest, &seen.observation)
        }
        (Err(why), _) => gone("The explanation", &why),
        (_, Err(why)) => gone("The observation behind it", &why),
    };
    view! {
        <section>
            {explained}
            {pictured(spec, "The cluster as it was shown", told.seen())}
        </section>
    }
    .into_any()
}

fn decided(spec: &KernelSpec, told: &ActionReport) -> AnyView {
    let decisions: Vec<_> = told.decisions().cloned().collect();
    let list = if decisions.is_empty() {
        view! { <p class="none">"Nobody decided anything about it."</p> }.into_any()
    } else {
        records::records("Decisions, oldest first", &decisions)
    };
    let judged = told.judged_by().map(|seen| pictured(spec, "The cluster at the decision", seen));
    view! {
        <section>
            <h2>"Decision"</h2>
            {list}
            {judged}
        </section>
    }
    .into_any()
}

fn came_of_it(spec: &KernelSpec, told: &ActionReport) -> AnyView {
    let open = matches!(told.stage, Stage::Confirmed | Stage::Dispatched);
    let open = open.then(|| view! { <p>"The log holds no end of it."</p> });
    let moved = (!told.moved.is_empty()).then(|| notice::moved(&told.moved));
    let after = told.after().map(|seen| pictured(spec, "The cluster after it", seen));
    view! {
        <section>
            <h2>"Outcome"</h2>
            <p>{badge::stage(told.stage, None)}</p>
            {open}
            {moved}
            {told.outcome.as_ref().map(|outcome| outcome::recorded(spec, outcome))}
            {after}
        </section>
    }
    .into_any()
}

fn pictured(
    spec: &KernelSpec,
    heading: &'static str,
    seen: Result<ClusterState, String>,
) -> AnyView {
    match seen {
        Err(why) => lost(heading, &why),
        Ok(state) => view! {
            <details class="pinned">
                <summary>{heading}</summary>
                {observation(&state.observation)}
                {topology::topology(spec, &state)}
                {positions::positions(spec, &state)}
            </details>
        }
        .into_any(),
    }
}

fn lost(what: &'static str, why: &str) -> AnyView {
    view! { <p class="unknown">{format!("{what}: cannot be shown again: {}.", escaped(why))}</p> }
        .into_any()
}

fn bytes(kept: &KeptBlob) -> AnyView {
    match &kept.content {
        BlobContent::Missing(why) => view! {
            <p class="unknown">
                {format!("Named by record {}: missing: {} ", kept.seq, escaped(why))} {hash(&kept.hash)}
            </p>
        }
        .into_any(),
        BlobContent::Canonical(text) => view! {
            <details class="pinned">
                <summary>
                    {format!("{} bytes, named by record {}, SHA-256 ", text.len(), kept.seq)}
                    <code>{kept.hash.to_string()}</code>
                </summary>
                <pre class="command" tabindex="0">
                    <code>{escaped(text)}</code>
                </pre>
            </details>
        }
        .into_any(),
    }
}
