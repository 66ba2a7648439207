//! An explanation, complete: nothing that it holds is left out. What a decision needs stands open; what is
//! looked up stands folded.

use crate::model::canonical::Hash;
use crate::model::cluster::Observation;
use crate::model::explanation::{Explanation, Verdict};
use crate::model::facts::{FactChange, FactSubject};
use crate::model::spec::{KernelSpec, PRIMARY, WRITES};
use crate::ui::components::effects::effects;
use crate::ui::components::words::{capital, command, counted, escaped, observation, sentences};
use crate::ui::components::{attestations, badge, copyable, notice, rules, words};
use leptos::prelude::*;

/// The digits of a digest that stand for it on a page.
pub const DIGEST_SHOWN: usize = 12;

/// The explanation with its digest and the observation that it was made from, all of it open: what a report
/// shows. On paper, what is looked up is left out.
#[must_use]
pub fn explanation(
    spec: &KernelSpec,
    explanation: &Explanation,
    digest: &Hash,
    made_from: &Observation,
) -> AnyView {
    view! {
        <section class="explanation">
            <h2>"Explanation"</h2>
            {judged(spec, explanation, made_from)}
            <div data-paper="left-out">{looked_up(spec, explanation, digest)}</div>
        </section>
    }
    .into_any()
}

/// The explanation in one line: what the checks come to, what changes, and which bytes are confirmed.
#[must_use]
pub fn line(spec: &KernelSpec, explanation: &Explanation, digest: &Hash) -> AnyView {
    let verdict = Verdict::of(&explanation.checks);
    let short: String = digest.to_string().chars().take(DIGEST_SHOWN).collect();
    view! {
        <p class="answer">
            {badge::verdict(verdict)}
            <span>{counts(explanation)}</span>
            <strong>{escaped(&change(spec, explanation))}</strong>
            <span>"digest " <code>{short}</code></span>
        </p>
    }
    .into_any()
}

/// What changes, in a clause: the facts that every kernel has, else the first that changes.
fn change(spec: &KernelSpec, explanation: &Explanation) -> String {
    let effects = &explanation.effects;
    let is_asked_first =
        |change: &&FactChange| [PRIMARY, WRITES].iter().any(|key| change.fact.as_str() == *key);
    let first = effects.iter().find(is_asked_first).or_else(|| effects.first());
    let Some(first) = first else {
        return format!("{}: no fact changes", capital(&words::title(&explanation.action)));
    };
    let FactChange { subject, fact, before, after } = first;
    let more = effects.len().saturating_sub(1);
    let more =
        if more > 0 { format!(", and {}", counted(more, "more fact")) } else { String::new() };
    // The name of a node is written as it is, wherever it stands.
    let name = spec.name(first);
    let name = if *subject == FactSubject::Cluster { capital(&name) } else { name };
    format!(
        "{name} {} -> {}{more}",
        spec.value(subject, fact, before),
        spec.value(subject, fact, after)
    )
}

/// What was judged and what it leads to: the checks that do not pass first, and open.
#[must_use]
pub fn judged(spec: &KernelSpec, explanation: &Explanation, made_from: &Observation) -> AnyView {
    let in_doubt = explanation.pinned.in_doubt.as_ref().map(|open| notice::in_doubt(open, None));
    let is_pass = |verdict: Verdict| verdict == Verdict::Pass;
    let (passing, others): (Vec<_>, Vec<_>) =
        explanation.checks.iter().partition(|check| is_pass(check.verdict));
    let others = (!others.is_empty()).then(|| rules::checks("Checks that do not pass", &others));
    let passing = (!passing.is_empty()).then(|| {
        view! {
            <details class="folded">
                <summary>{format!("{} that pass", counted(passing.len(), "check"))}</summary>
                {rules::checks("Checks that pass", &passing)}
            </details>
        }
    });
    view! {
        {observation(made_from)}
        {in_doubt}
        {attestations::given(explanation)}
        <h3 id="checks">"Checks"</h3>
        <p>{format!("{}. A check that is unknown rejects.", counts(explanation))}</p>
        {others}
        {passing}
        <h3>"Effects"</h3>
        {effects(spec, &explanation.effects)}
        <h3>"Consequences"</h3>
        {sentences(&explanation.consequences, "None beyond the effects above.")}
        <h3>"Not checked"</h3>
        {sentences(&explanation.not_checked, "Nothing is named.")}
    }
    .into_any()
}

/// What is looked up: rules that hold while it runs, the other nodes, the commands and the bytes.
#[must_use]
pub fn looked_up(spec: &KernelSpec, explanation: &Explanation, digest: &Hash) -> AnyView {
    let candidates = (!explanation.candidates.is_empty()).then(|| {
        let kind = explanation.action.kind();
        view! {
            <section>
                <h3>"Every node as the target"</h3>
                {rules::candidates(kind.word(), &explanation.candidates)}
            </section>
        }
    });
    view! {
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
    }
    .into_any()
}

fn counts(explanation: &Explanation) -> String {
    let all = explanation.checks.len();
    let of = |verdict| explanation.checks.iter().filter(|c| c.verdict == verdict).count();
    let (pass, fail, unknown) = (of(Verdict::Pass), of(Verdict::Fail), of(Verdict::Unknown));
    format!("{}: {pass} pass, {fail} fail, {unknown} unknown", counted(all, "check"))
}

/// The facts that the confirmation is bound to, word for word.
fn pinned(spec: &KernelSpec, explanation: &Explanation) -> AnyView {
    let rows = spec
        .pinned(&explanation.pinned)
        .into_iter()
        .map(|(name, value)| {
            view! {
                <tr>
                    <th scope="row">{escaped(&name)}</th>
                    <td>{escaped(&value)}</td>
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
