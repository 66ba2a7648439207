//! `GET /actions/{id}`: one action, from the request to its outcome.

use crate::model::action::Stage;
use crate::model::actor::ActorRole;
use crate::model::answer::{ActionAnswer, ResolutionMode};
use crate::model::cluster::ReceiptStatus;
use crate::model::spec::KernelSpec;
use crate::ui::components::words::{self, escaped, time};
use crate::ui::components::{badge, copyable, explanation, forms, kept, notice, outcome, records};
use crate::ui::live::ChangeNotice;
use crate::ui::verify::verify;
use crate::ui::{ActionView, pages, parts};
use leptos::prelude::*;

/// One action as it stands.
pub(super) fn action(spec: &KernelSpec, data: &ActionView, viewer: Option<ActorRole>) -> AnyView {
    let answer = &data.answer;
    let duplicate = answer.duplicate.then(|| notice::duplicate(answer.stage));
    // While a confirmation is open, the one live part is a notice of a fixed size beside the form.
    let live = (!answer.stage.waits()).then(|| view! { <ChangeNotice/> });
    let asks = answer.stage.waits() && viewer == Some(ActorRole::Operator);
    let ahead = asks.then(|| {
        // The first focus stands where there is nothing to press but a way to read on.
        view! {
            <p>
                "This waits for you: read it, then confirm or withdraw it at its end. "
                <a href="#checks" autofocus>
                    "Read the checks"
                </a>
            </p>
        }
    });
    // A stakeholder is not shown the log, nor a fingerprint that could be checked against it.
    let has_log = viewer != Some(ActorRole::Stakeholder);
    view! {
        {live}
        {ahead}
        {pages::refusal(data.refusal.as_ref())}
        {duplicate}
        {request(answer)}
        {answer.under_way.clone().map(|shown| parts::live_progress(spec, shown))}
        {outcome::outcome(spec, answer, viewer)}
        {resolution(answer, viewer)}
        {explanation::explanation(spec, &answer.explanation, &answer.digest, &answer.observation)}
        {decision(spec, data, viewer)}
        <section>
            <h2>"Records"</h2>
            {has_log.then(|| verify(&answer.records))}
            {records::records("Records of this action, oldest first", &answer.records)}
            {(has_log && answer.more_records).then(|| records::more(answer.id))}
            {has_log.then(|| kept::observations(&answer.records))}
            {has_log.then(|| report(answer))}
            {copyable::address(&format!("/actions/{}", answer.id))}
        </section>
    }
    .into_any()
}

fn report(answer: &ActionAnswer) -> AnyView {
    view! {
        <p>
            <a href=format!("/actions/{}/report", answer.id)>"Report from the log alone"</a>
        </p>
    }
    .into_any()
}

fn request(answer: &ActionAnswer) -> AnyView {
    let entry = words::catalogue().action(answer.action.kind());
    let names: Vec<_> = answer.confirmed_by.iter().map(ToString::to_string).collect();
    let confirmed_by = (!names.is_empty()).then(|| {
        view! {
            <div>
                <dt>"Confirmed by"</dt>
                <dd>{names.join(", then ")}</dd>
            </div>
        }
    });
    view! {
        <dl class="facts">
            <div>
                <dt>"Stage"</dt>
                <dd>{badge::stage(answer.stage, answer.interrupted)}</dd>
            </div>
            <div>
                <dt>"Meaning"</dt>
                <dd>{entry.map(|entry| entry.meaning)}</dd>
            </div>
            <div>
                <dt>"Reason"</dt>
                <dd>{escaped(answer.reason.as_str())}</dd>
            </div>
            <div>
                <dt>"Asked by"</dt>
                <dd>{answer.requested_by.to_string()}", at "{time(answer.requested_at)}</dd>
            </div>
            {confirmed_by}
            <div>
                <dt>"Id"</dt>
                <dd>{copyable::code(&answer.id.to_string(), "the id")}</dd>
            </div>
        </dl>
    }
    .into_any()
}

/// The choice between confirming and withdrawing, after everything there is to read.
fn decision(spec: &KernelSpec, data: &ActionView, viewer: Option<ActorRole>) -> Option<AnyView> {
    let answer = &data.answer;
    if !answer.stage.waits() {
        return None;
    }
    // Whoever confirmed it first can still take it back, and not confirm it again.
    let is_first = answer.confirmed_by.first().is_some_and(|by| data.reader.as_ref() == Some(by));
    let confirm = (!is_first).then(|| forms::confirm(answer, &data.proof, data.typed.as_deref()));
    let forms = if viewer == Some(ActorRole::Operator) {
        view! {
            <div class="forms">
                {forms::withdraw(answer)}
                {confirm}
            </div>
        }
        .into_any()
    } else {
        pages::for_operators(viewer, "confirm or withdraw it")
    };
    let section = view! {
        <section class="decision">
            <h2>"Decision"</h2>
            {parts::live_moved(spec, answer.id)}
            {two_operators(answer)}
            {forms}
        </section>
    };
    Some(section.into_any())
}

/// What stands before the forms where two operators confirm.
fn two_operators(answer: &ActionAnswer) -> Option<AnyView> {
    let words = match answer.confirmed_by.first() {
        Some(first) => format!(
            "{first} confirmed this as the first of two. A second operator reads the same and confirms \
             the same digest; then it runs, once."
        ),
        None => {
            "Two operators confirm this. After the first confirmation nothing runs; it waits for a \
                 second operator, who reads the same."
                .to_owned()
        }
    };
    answer.explanation.pinned.second_operator.then(|| view! { <p>{words}</p> }.into_any())
}

/// The way to close an action whose outcome is not known.
fn resolution(answer: &ActionAnswer, viewer: Option<ActorRole>) -> Option<AnyView> {
    let open = answer.interrupted.is_some() || answer.stage == Stage::Unknown;
    if !open {
        return None;
    }
    let form = if viewer == Some(ActorRole::Operator) {
        close(answer)
    } else {
        pages::for_operators(viewer, "close it")
    };
    Some(view! { <section aria-label="Closing">{form}</section> }.into_any())
}

/// What the kernel can prove is resolved; only what it cannot is found.
fn close(answer: &ActionAnswer) -> AnyView {
    let has_proof = matches!(
        answer.kernel_says,
        Some(ReceiptStatus::Executed { .. } | ReceiptStatus::Voided { .. })
    );
    match answer.closing {
        ResolutionMode::Finding if !has_proof => forms::finding(answer),
        ResolutionMode::Finding | ResolutionMode::Resolution => forms::resolve(answer),
    }
}
