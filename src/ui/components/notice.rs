//! Notices: what stands in the way, what was refused, and what was repeated.

use crate::model::action::Stage;
use crate::model::actor::ActorRole;
use crate::model::facts::FactChange;
use crate::model::finding::Mismatch;
use crate::model::pinned::{Freeze, InDoubt};
use crate::model::redact::REDACTED;
use crate::model::refusal::{Executed, Refusal, RefusalCode};
use crate::model::status::UnfinishedAction;
use crate::ui::components::words::{self, escaped, time};
use leptos::prelude::*;

/// A refusal with everything it carries. It has the role of an alert, so it is read out first.
#[must_use]
pub fn refusal(refusal: &Refusal) -> AnyView {
    let executed = match refusal.executed {
        Executed::No => "Nothing was executed.",
        Executed::Earlier => "The action ran before, once; this attempt did nothing.",
        Executed::Unknown => "Whether anything was executed is unknown.",
    };
    let pair = |name: &'static str, value: Option<&String>| {
        value.map(|value| {
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd>{escaped(value)}</dd>
                </div>
            }
        })
    };
    let facts = [
        pair("Field", refusal.field.as_ref()),
        pair("Found", refusal.found.as_ref()),
        pair("Required", refusal.required.as_ref()),
    ];
    let has_facts = facts.iter().any(Option::is_some);
    let facts = has_facts.then(|| view! { <dl class="facts">{facts.collect_view()}</dl> });
    let invariants = (!refusal.invariants.is_empty()).then(|| invariants(&refusal.invariants));
    let about = refusal.action_id.map(|id| {
        view! {
            <p>
                "It is about the action "
                <a href=format!("/actions/{id}")>
                    <code>{id.to_string()}</code>
                </a> "."
            </p>
        }
    });
    let moved = (!refusal.moved.is_empty()).then(|| moved(&refusal.moved));
    view! {
        <section class="notice" data-tone="stop" role="alert">
            <h2>{format!("Refused: {}", refusal.code.title())}</h2>
            <p>{escaped(&refusal.sentence)}</p>
            {facts}
            {moved}
            {invariants}
            {about}
            <p>
                {executed} " Code: " <code>{refusal.code.id()}</code>
            </p>
        </section>
    }
    .into_any()
}

/// Invariants by their statements and ids.
#[must_use]
pub fn invariants(list: &[crate::model::invariant::InvariantId]) -> AnyView {
    let catalogue = words::catalogue();
    let items = list
        .iter()
        .map(|invariant| {
            view! {
                <li>
                    {catalogue.statement(*invariant)} " " <code>{invariant.to_string()}</code>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="invariants">{items}</ul> }.into_any()
}

/// Facts that moved, each as `n2 reachable: yes -> no`.
#[must_use]
pub fn moved(list: &[FactChange]) -> AnyView {
    let items = list
        .iter()
        .map(|moved| view! { <li><code>{escaped(&moved.to_string())}</code></li> })
        .collect_view();
    view! { <ul class="moved">{items}</ul> }.into_any()
}

/// The action that holds up every further mutation (C7.3), with who confirmed it and since when where that is
/// known.
#[must_use]
pub fn in_doubt(in_doubt: &InDoubt, known: Option<&UnfinishedAction>) -> AnyView {
    let id = in_doubt.action_id;
    let known = known.filter(|known| known.id == id);
    let title = known.map_or_else(
        || in_doubt.kind.to_string(),
        |known| words::capital(&words::title(&known.action)),
    );
    let by = known.map(|known| {
        view! { {format!(", confirmed by {}, ", known.by)} "since " {time(known.since)} "," }
    });
    view! {
        <section class="notice" data-tone="unknown">
            <h2>"An action is not resolved"</h2>
            <p>
                <a href=format!("/actions/{id}")>{escaped(&title)}</a> {by}
                " has an outcome that is not known. Until an operator resolves it, further mutations of this cluster are \
                refused" {words::catalogue().but_for_ways_out()} "."
            </p>
        </section>
    }
    .into_any()
}

/// The freeze that stands, on every page; or that it is not known whether one does.
#[must_use]
pub fn freeze(freeze: Result<Option<&Freeze>, &Refusal>) -> Option<AnyView> {
    let (tone, heading, body) = match freeze {
        Ok(None) => return None,
        Ok(Some(freeze)) => {
            let body = view! {
                <p>
                    {freeze.by.to_string()} " declared a freeze at " {time(freeze.since)}
                    {format!(", in record {}. Reason: {}", freeze.seq, escaped(freeze.reason.as_str()))}
                </p>
                <p>
                    "Every request and every confirmation is refused until an operator lifts it. \
                    What was confirmed before runs to its end."
                </p>
            };
            ("stop", "Frozen", body.into_any())
        }
        Err(why) => {
            let body = view! { <p>{escaped(&why.sentence)}</p> };
            ("unknown", "Whether a freeze stands is unknown", body.into_any())
        }
    };
    let section = view! {
        <section class="notice" data-tone=tone data-notice="freeze">
            <h2>{heading}</h2>
            {body}
        </section>
    };
    Some(section.into_any())
}

/// That nothing can be recorded any more, on every page (C6.4).
#[must_use]
pub fn unrecordable(why: &str) -> AnyView {
    view! {
        <section class="notice" data-tone="stop" data-notice="ledger">
            <h2>"The ledger takes no records"</h2>
            {(why != REDACTED).then(|| view! { <p>{escaped(why)}</p> })}
            <p>"Every request and every confirmation is refused until then. Reading goes on."</p>
        </section>
    }
    .into_any()
}

/// That log and kernel do not say the same, with what was found, on every page (C9.5).
#[must_use]
pub fn mismatch(mismatch: &Mismatch) -> AnyView {
    let shown = mismatch.findings.len() as u64;
    let items = mismatch.findings.iter().map(|finding| {
        let text = finding.to_string();
        view! { <li>{escaped(&text)}</li> }
    });
    let items = items.collect_view();
    let list = (shown > 0).then(|| view! { <ul>{items}</ul> });
    let more = (shown > 0 && mismatch.total > shown).then(|| {
        let words = format!("{} more are not listed here.", mismatch.total - shown);
        view! { <p>{words}</p> }
    });
    view! {
        <section class="notice" data-tone="stop" data-notice="mismatch" role="alert">
            <h2>"Nothing can be changed"</h2>
            <p>{mismatch.to_string()} "."</p>
            {list}
            {more}
            <p>
                "Everything can be read. Nothing is changed, recorded or signed, and nobody signs in, \
                until this is accepted at the host's console, or one side is restored."
            </p>
        </section>
    }
    .into_any()
}

/// How to read while log and kernel do not say the same, for whoever is not signed in (C9.5).
#[must_use]
pub fn reading_while_held() -> AnyView {
    view! {
        <section class="notice" data-tone="open" data-notice="reading">
            <h2>"How to read meanwhile"</h2>
            <ul>
                <li>
                    "With an API token that was issued before: "
                    <code>"aerodb-control status"</code> " and every other command that reads."
                </li>
                <li>
                    "On the server: " <code>"aerodb-control verify-log --data DIR"</code>
                    " verifies the log, and "
                    <code>"aerodb-control report --data DIR --from TIME --to TIME"</code>
                    " prints what it holds."
                </li>
                <li>"Sessions that were begun before are still signed in."</li>
            </ul>
        </section>
    }
    .into_any()
}

/// That a delivery was a repetition, and was answered with the action as it stands (C7.2).
#[must_use]
pub fn duplicate(stage: Stage) -> AnyView {
    let words = format!(
        "This request had arrived before. Nothing ran again; the action is shown as it stands: \
         {stage}."
    );
    view! {
        <section class="notice" data-tone="open" role="status">
            <h2>"A repeated delivery"</h2>
            <p>{words}</p>
        </section>
    }
    .into_any()
}

/// Whether signing in would help.
#[must_use]
pub fn needs_sign_in(refusal: &Refusal) -> bool {
    refusal.code == RefusalCode::NotSignedIn
}

/// The sentence that stands where an operator would see a form.
#[must_use]
pub fn for_operators(viewer: Option<ActorRole>, what: &str) -> AnyView {
    let role = viewer.map_or("A reader who has not signed in", |role| match role {
        ActorRole::Observer => "An observer",
        ActorRole::Auditor => "An auditor",
        ActorRole::Stakeholder => "A stakeholder",
        ActorRole::Operator => "An operator",
    });
    view! { <p class="none">{format!("{role} sees this page; only an operator can {what}.")}</p> }
        .into_any()
}
