//! An explanation, complete: nothing that it holds is left out.

use crate::model::canonical::Hash;
use crate::model::cluster::Observation;
use crate::model::explanation::{Explanation, Verdict};
use crate::model::spec::KernelSpec;
use crate::ui::components::effects::effects;
use crate::ui::components::words::{command, counted, observation, sentences};
use crate::ui::components::{attestations, copyable, notice, rules};
use leptos::prelude::*;

/// The explanation with its digest and the observation that it was made from.
#[must_use]
pub fn explanation(
    spec: &KernelSpec,
    explanation: &Explanation,
    digest: &Hash,
    made_from: &Observation,
) -> AnyView {
    let candidates = (!explanation.candidates.is_empty()).then(|| {
        let kind = explanation.action.kind();
        view! {
            <section>
                <h3>"Every node as the target"</h3>
                {rules::candidates(kind.word(), &explanation.candidates)}
            </section>
        }
    });
    let in_doubt = explanation.pinned.in_doubt.as_ref().map(notice::in_doubt);
    view! {
        <section class="explanation">
            <h2>"Explanation"</h2>
            {observation(made_from)}
            {in_doubt}
            {attestations::given(explanation)}
            <h3 id="checks">"Checks"</h3>
            <p>{verdict_sentence(explanation)}</p>
            {rules::checks(&explanation.checks)}
            <h3>"Effects"</h3>
            {effects(spec, &explanation.effects)}
            <h3>"Consequences"</h3>
            {sentences(&explanation.consequences, "None beyond the effects above.")}
            <h3>"Not checked"</h3>
            {sentences(&explanation.not_checked, "Nothing is named.")}
            <h3>"Relied on while it runs"</h3>
            {notice::invariants(&explanation.relies_on)}
            {candidates}
            <h3>"Commands"</h3>
            <p>"The same request from a terminal:"</p>
            {copyable::command(&explanation.command)}
            <p>"What the engine is told:"</p>
            {command(&explanation.engine_command)}
            <h3>"Digest"</h3>
            <p>"A confirmation repeats this digest; it covers the request, the pinned facts, the \
                verdicts and the effects, and no position and no age."</p>
            <div class="digest">{copyable::code(&digest.to_string(), "the digest")}</div>
            {pinned(spec, explanation)}
        </section>
    }
    .into_any()
}

fn verdict_sentence(explanation: &Explanation) -> String {
    let all = explanation.checks.len();
    let of = |verdict| explanation.checks.iter().filter(|c| c.verdict == verdict).count();
    let (pass, fail, unknown) = (of(Verdict::Pass), of(Verdict::Fail), of(Verdict::Unknown));
    format!(
        "{}: {pass} pass, {fail} fail, {unknown} unknown. A check that is unknown rejects.",
        counted(all, "check")
    )
}

/// The facts that the confirmation is bound to, word for word.
fn pinned(spec: &KernelSpec, explanation: &Explanation) -> AnyView {
    let rows = spec
        .pinned(&explanation.pinned)
        .into_iter()
        .map(|(name, value)| {
            view! {
                <tr>
                    <th scope="row">{crate::ui::components::words::escaped(&name)}</th>
                    <td>{crate::ui::components::words::escaped(&value)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="pinned">
            <summary>"The pinned facts"</summary>
            <table>
                <caption>"Facts that a confirmation is bound to"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Fact"</th>
                        <th scope="col">"Value"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
    .into_any()
}
