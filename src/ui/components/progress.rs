//! How an action stands: how far the kernel is with it, what came of it, and what was asked.

use crate::model::action::Stage;
use crate::model::actor::ActorRole;
use crate::model::answer::{ActionAnswer, ResolutionMode};
use crate::model::cluster::ReceiptStatus;
use crate::model::progress::Progress;
use crate::model::spec::KernelSpec;
use crate::model::status::UnfinishedAction;
use crate::ui::components::words::{self, escaped, time};
use crate::ui::components::{badge, copyable, forms, notice, outcome, stakeholder};
use leptos::prelude::*;

/// How far it is, as a bar and in words. It predicts no end.
#[must_use]
pub fn progress(progress: &Progress) -> AnyView {
    // An empty part is done.
    let (done, total) = if progress.total == 0 { (1, 1) } else { (progress.done, progress.total) };
    view! {
        <p class="progress">
            <progress aria-hidden="true" max=total value=done></progress>
            {escaped(&progress.to_string())}
        </p>
    }
    .into_any()
}

/// The same, with the action that it belongs to: what it is, who confirmed it and since when, where that is
/// known.
#[must_use]
pub fn with_link(of: &Progress, known: Option<&UnfinishedAction>) -> AnyView {
    let known = known.filter(|known| known.id == of.action_id);
    let title = known.map_or_else(
        || of.action_id.to_string(),
        |known| words::capital(&words::title(&known.action)),
    );
    let by = known.map(|known| {
        view! { {format!(", confirmed by {}, ", known.by)} "since " {time(known.since)} }
    });
    view! {
        <section aria-label="Under way">
            <p>
                "Running: " <a href=format!("/actions/{}", of.action_id)>{escaped(&title)}</a> {by}
            </p>
            {progress(of)}
        </section>
    }
    .into_any()
}

/// An action as it stands: what came of it first, then what was asked.
#[must_use]
pub fn of_action(spec: &KernelSpec, answer: &ActionAnswer, viewer: Option<ActorRole>) -> AnyView {
    if viewer == Some(ActorRole::Stakeholder) {
        return stakeholder::standing(answer);
    }
    let far = answer.under_way.as_ref().map(progress);
    view! {
        {far}
        {outcome::outcome(spec, answer, viewer)}
        {resolution(answer, viewer)}
        {request(answer)}
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

/// The way to close an action whose outcome is not known.
fn resolution(answer: &ActionAnswer, viewer: Option<ActorRole>) -> Option<AnyView> {
    let open = answer.interrupted.is_some() || answer.stage == Stage::Unknown;
    if !open {
        return None;
    }
    let form = if viewer == Some(ActorRole::Operator) {
        close(answer)
    } else {
        notice::for_operators(viewer, "close it")
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
