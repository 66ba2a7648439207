//! `GET /reference`: every action, stage, role, invariant and refusal, from the types that run
//! (C12.1).

mod lists;

pub(super) use lists::failures;

use crate::model::action::Stage;
use crate::model::actor::ActorRole;
use crate::model::refusal::RefusalCode;
use crate::model::spec::{ActionSpec, Impact, Target};
use crate::ui::Privileged;
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{catalogue, command, kind};
use crate::ui::components::{attestations, badge, notice};
use leptos::prelude::*;

/// The whole reference.
pub(super) fn reference(privileged: &[Privileged]) -> AnyView {
    let actions = catalogue().actions().map(action).collect_view();
    view! {
        <nav class="contents" aria-label="On this page">
            <ul>
                <li>
                    <a href="#actions">"Actions"</a>
                </li>
                <li>
                    <a href="#stages">"Stages"</a>
                </li>
                <li>
                    <a href="#freeze">"Freeze"</a>
                </li>
                <li>
                    <a href="#roles">"Roles"</a>
                </li>
                <li>
                    <a href="#invariants">"Invariants"</a>
                </li>
                <li>
                    <a href="#refusals">"Refusals"</a>
                </li>
                <li>
                    <a href="#privileged">"Privileged"</a>
                </li>
                <li>
                    <a href="#sensitive">"Sensitive"</a>
                </li>
                <li>
                    <a href="/reference/failures">"What can go wrong"</a>
                </li>
                <li>
                    <a href="#contract">"Contract"</a>
                </li>
            </ul>
        </nav>
        <section id="actions">
            <h2>"Actions"</h2>
            {actions}
        </section>
        <section id="stages">
            <h2>"Stages"</h2>
            {stages()}
        </section>
        <section id="freeze">
            <h2>"Freeze"</h2>
            {freeze()}
        </section>
        <section id="roles">
            <h2>"Roles"</h2>
            {roles()}
        </section>
        <section id="invariants">
            <h2>"Invariants"</h2>
            {invariants()}
        </section>
        <section id="refusals">
            <h2>"Refusals"</h2>
            {refusals()}
        </section>
        <section id="privileged">
            <h2>"Privileged"</h2>
            <p>
                "Every address that writes at least a record, with who may use it. Nothing else \
                writes. Unauthorised requests are refused and recorded."
            </p>
            {lists::privileged(privileged)}
        </section>
        <section id="sensitive">
            <h2>"Sensitive"</h2>
            {lists::sensitive()}
        </section>
        <section id="contract">
            <h2>"Contract"</h2>
            {super::contract::contract()}
        </section>
    }
    .into_any()
}

pub(super) fn sentences(list: &[&'static str]) -> AnyView {
    let items = list.iter().map(|text| view! { <li>{*text}</li> }).collect_view();
    view! { <ul class="sentences">{items}</ul> }.into_any()
}

fn parameters(entry: &ActionSpec) -> AnyView {
    if entry.parameters.is_empty() {
        return view! { <p>"None."</p> }.into_any();
    }
    let items = entry
        .parameters
        .iter()
        .map(|p| {
            view! {
                <li>
                    <code>{p.name}</code>
                    {format!(": {} {}", p.meaning, p.limits)}
                </li>
            }
        })
        .collect_view();
    view! { <ul class="sentences">{items}</ul> }.into_any()
}

/// One action of the catalogue, on a page of its own.
pub(super) fn of_action(entry: &ActionSpec) -> AnyView {
    view! {
        {body(entry, Level::Page)}
        <p>
            <a href="/reference">"The whole reference"</a> ", "
            <a href=format!("/log?action_kind={}", entry.kind)>"its records in the log"</a>
        </p>
    }
    .into_any()
}

/// Where an entry of the catalogue stands: headings follow each other without a step left out.
#[derive(Clone, Copy)]
enum Level {
    /// On a page of its own, whose heading names it.
    Page,
    /// Among the others.
    List,
}

impl Level {
    fn heading(self, words: &'static str) -> AnyView {
        match self {
            Self::Page => view! { <h2>{words}</h2> }.into_any(),
            Self::List => view! { <h4>{words}</h4> }.into_any(),
        }
    }
}

fn action(entry: &ActionSpec) -> AnyView {
    view! {
        <article class="entry">
            <h3>{entry.title} " " {kind(entry.kind)}</h3>
            {body(entry, Level::List)}
        </article>
    }
    .into_any()
}

fn body(entry: &ActionSpec, level: Level) -> AnyView {
    let confirm = match (entry.impact, entry.target) {
        (Impact::Contained, _) => "nothing: it is contained",
        (Impact::Disruptive | Impact::Irreversible, Target::Node) => "the name of the node",
        (Impact::Disruptive | Impact::Irreversible, Target::Cluster) => "the name of the cluster",
    };
    let failures = entry
        .failure_modes
        .iter()
        .map(|mode| {
            view! {
                <li>
                    {mode.when} " " <em>{mode.seen}</em>
                </li>
            }
        })
        .collect_view();
    view! {
            <p>{entry.meaning}</p>
            <dl class="facts">
                <div>
                    <dt>"Class"</dt>
                    <dd>{entry.class.word()}</dd>
                </div>
                <div>
                    <dt>"Impact"</dt>
                    <dd>{entry.impact.word()}</dd>
                </div>
                <div>
                    <dt>"Reversible"</dt>
                    <dd>{entry.reversible}</dd>
                </div>
                <div>
                    <dt>"Typed to confirm"</dt>
                    <dd>{confirm}</dd>
                </div>
            </dl>
            {level.heading("Parameters")}
            {parameters(entry)}
            {(!entry.attestations.is_empty()).then(|| level.heading("Attestations"))}
            {attestations::asked(entry)}
            {level.heading("Pre-conditions")}
            {notice::invariants(entry.preconditions)}
            {level.heading("Effects")}
            {sentences(entry.effects)}
            {level.heading("Failure modes")}
            <ul class="sentences">{failures}</ul>
            {level.heading("Not checked")}
            {sentences(entry.not_checked)}
            {level.heading("Engine command")}
            {command(entry.engine_command)}
    }
    .into_any()
}

fn stage_meaning(stage: Stage) -> &'static str {
    match stage {
        Stage::Requested => "Recorded, together with its explanation.",
        Stage::Explained => "Every pre-condition passed. It waits for its operator.",
        Stage::FirstConfirmed => {
            "Confirmed by one of two operators. Nothing was sent to the kernel."
        }
        Stage::Rejected => "A pre-condition failed or is unknown. Nothing ran.",
        Stage::Confirmed => "Confirmed. Nothing was sent to the kernel yet.",
        Stage::Withdrawn => "Taken back by an operator. Nothing ran.",
        Stage::Stale => "The cluster moved before the confirmation. Nothing ran.",
        Stage::Dispatched => "About to be sent to the kernel, or sent.",
        Stage::Executed => "Ran, once. There is a receipt.",
        Stage::Refused => "The kernel refused it. Nothing ran.",
        Stage::Unknown => "It may have run. Further mutations wait until it is resolved.",
        Stage::Voided => "Never ran and never can.",
        Stage::FoundExecuted => "An operator found that it ran. The kernel proved nothing.",
        Stage::FoundNotExecuted => {
            "An operator found that it did not run. The kernel proved nothing."
        }
    }
}

fn stages() -> AnyView {
    let rows = Stage::ALL
        .map(|stage| {
            let next: Vec<_> = stage.next().iter().map(|next| next.word()).collect();
            let next = if next.is_empty() { "none".to_owned() } else { next.join(", ") };
            view! {
                <tr>
                    <th scope="row">{badge::stage(stage, None)}</th>
                    <td>{stage_meaning(stage)}</td>
                    <td>{next}</td>
                </tr>
            }
        })
        .into_iter()
        .collect_view();
    table("Stages of an action", &["Stage", "Meaning", "May be followed by"], rows.into_any())
}

/// What a freeze stops and what it leaves alone.
fn freeze() -> AnyView {
    sentences(&[
        "An operator declares a freeze, with a reason. From then on every request and every \
         confirmation is refused, and the refusal names who declared it, since when and why.",
        "What was confirmed before runs to its end. A freeze waits for nothing and takes nothing \
         back.",
        "Withdrawing an action, resolving one and recording a finding stay possible: they run \
         nothing, and say how an action ended.",
        "An operator lifts it, with a reason. It does not end by itself.",
        "An explanation that was made before a freeze can be confirmed after it, if no pinned fact \
         has moved.",
    ])
}

fn roles() -> AnyView {
    let rows = ActorRole::ALL
        .map(|role| {
            let may = match role {
                ActorRole::Observer => "Sees the cluster, the actions and the log.",
                ActorRole::Operator => {
                    "Sees; asks for, confirms, withdraws and resolves actions; declares and lifts a \
                    freeze; issues and revokes links."
                }
                ActorRole::Auditor => {
                    "Sees, and verifies the whole log; alone sees every account, session and token."
                }
                ActorRole::Stakeholder => {
                    "Sees, through a link, the overview, the timeline and at most one action, with \
                    what is sensitive redacted. No account has this role."
                }
            };
            view! {
                <tr>
                    <th scope="row">{role.word()}</th>
                    <td>{may}</td>
                </tr>
            }
        })
        .into_iter()
        .collect_view();
    table("Roles", &["Role", "May"], rows.into_any())
}

fn invariants() -> AnyView {
    let rows = catalogue()
        .invariants()
        .map(|invariant| {
            view! {
                <tr>
                    <th scope="row">
                        <code>{invariant.id.to_string()}</code>
                    </th>
                    <td>{invariant.statement}</td>
                    <td>{invariant.reason}</td>
                    <td>{invariant.clause}</td>
                </tr>
            }
        })
        .collect_view();
    table("Invariants", &["Id", "Statement", "Reason", "Clause"], rows.into_any())
}

fn refusals() -> AnyView {
    let rows = RefusalCode::ALL
        .iter()
        .map(|code| {
            view! {
                <tr>
                    <th scope="row">
                        <code>{code.id()}</code>
                    </th>
                    <td>{code.title()}</td>
                </tr>
            }
        })
        .collect_view();
    table("Refusals", &["Code", "Meaning"], rows.into_any())
}

pub(super) fn table(caption: &'static str, columns: &[&'static str], rows: AnyView) -> AnyView {
    let columns = columns.iter().map(|name| view! { <th scope="col">{*name}</th> }).collect_view();
    scrolling(
        caption,
        view! {
            <table class="reference">
                <caption>{caption}</caption>
                <thead>
                    <tr>{columns}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}
