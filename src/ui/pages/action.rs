//! `GET /actions/{id}`: one action, from the request to its outcome.

use crate::model::actor::ActorRole;
use crate::model::answer::ActionAnswer;
use crate::model::spec::KernelSpec;
use crate::ui::components::{copyable, explanation, forms, kept, notice, progress, records};
use crate::ui::live::ChangeNotice;
use crate::ui::verify::verify;
use crate::ui::{ActionView, Frame, pages, parts};
use leptos::prelude::*;

/// One action as it stands.
pub(super) fn action(frame: &Frame, data: &ActionView) -> AnyView {
    let (spec, viewer) = (frame.spec, frame.viewer());
    let answer = &data.answer;
    let duplicate = answer.duplicate.then(|| notice::duplicate(answer.stage));
    // While a confirmation is open, the one live part is a notice of a fixed size beside the form.
    let live = (!answer.stage.waits()).then(|| view! { <ChangeNotice/> });
    let waits = answer.stage.waits();
    // After a refusal the focus stands where it was refused.
    let is_focused = waits && viewer == Some(ActorRole::Operator) && data.refusal.is_none();
    let ahead = waits.then(|| {
        // The first focus stands where there is nothing to press but a way to read on.
        view! {
            <div class="ahead">
                {explanation::line(spec, &answer.explanation, &answer.digest)}
                <p>
                    <a href="#decision" autofocus=is_focused>
                        "Go to decision"
                    </a>
                </p>
            </div>
        }
    });
    let judged = view! {
        <section class="explanation">
            <h2>"Explanation"</h2>
            {explanation::judged(spec, &answer.explanation, &answer.observation)}
        </section>
    };
    // What is running is followed to its end.
    let now = if answer.is_running() {
        parts::live_progress(spec, answer, viewer)
    } else {
        progress::of_action(spec, answer, viewer)
    };
    view! {
        {live}
        {ahead}
        {(!waits).then(|| pages::refusal(data.refusal.as_ref()))}
        {duplicate}
        {now}
        <div class="decide" data-open=waits.to_string()>
            {judged}
            {decision(spec, data, frame, viewer)}
        </div>
        <details class="folded">
            <summary>"More of the explanation: rules, nodes, commands, digest, pinned facts"</summary>
            {explanation::looked_up(spec, &answer.explanation, &answer.digest)}
        </details>
        <section>
            <h2>"Records"</h2>
            {verify(&answer.records)}
            {records::records("Records of this action, oldest first", &answer.records)}
            {answer.more_records.then(|| records::more(answer.id))}
            {kept::observations(&answer.records)}
            {report(answer)}
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

/// The choice between confirming and withdrawing, after everything there is to read.
fn decision(
    spec: &KernelSpec,
    data: &ActionView,
    frame: &Frame,
    viewer: Option<ActorRole>,
) -> Option<AnyView> {
    let answer = &data.answer;
    if !answer.stage.waits() {
        return None;
    }
    // Whoever confirmed it first can still take it back, and not confirm it again.
    let is_first = answer.confirmed_by.first().is_some_and(|by| data.reader.as_ref() == Some(by));
    let asked = forms::ConfirmForm {
        proof: &data.proof,
        typed_before: data.typed.as_deref(),
        reader: data.reader.as_ref(),
        environment: frame.environment,
        in_error: data.refusal.as_ref().and_then(|refusal| refusal.field.as_deref()),
    };
    let confirm = (!is_first).then(|| forms::confirm(answer, &asked));
    let forms = if viewer == Some(ActorRole::Operator) {
        view! {
            <div class="forms">
                {confirm}
                {forms::withdraw(answer)}
            </div>
        }
        .into_any()
    } else {
        pages::for_operators(viewer, "confirm or withdraw it")
    };
    let section = view! {
        <section class="decision">
            <h2 id="decision" tabindex="-1">
                "Decision"
            </h2>
            {pages::refusal(data.refusal.as_ref())}
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
