//! Times, facts and free text, each in the one form that every page uses.

use crate::model::action::{Action, ActionId, ActionKind};
use crate::model::ambient::Timestamp;
use crate::model::canonical::Hash;
use crate::model::cluster::Observation;
use crate::model::facts::{Fact, Facts, Since, UnknownReason, Value};
use crate::model::spec::{Catalogue, FactSpec};
use crate::model::text::{NodeId, escape_unsafe};
pub use crate::ui::counted;
use leptos::prelude::*;

/// Free text from the kernel or from a person, with every character that could hide or reorder a
/// line spelled out. All such text passes through here before it is drawn.
#[must_use]
pub fn escaped(text: &str) -> String {
    escape_unsafe(text)
}

/// The text with its first letter as a capital.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// The name of a node, which leads to its page.
#[must_use]
pub fn node(id: &NodeId) -> AnyView {
    view! { <a href=format!("/nodes/{id}")>{id.to_string()}</a> }.into_any()
}

/// The beginning of the id of an action, which leads to its page.
#[must_use]
pub fn action(id: ActionId) -> AnyView {
    view! {
        <a href=format!("/actions/{id}")>
            <code>{id.short()}</code>
        </a>
    }
    .into_any()
}

/// The words of the kernel. Whoever draws a page or a part of one provides them first; the browser
/// redraws nothing that needs them.
///
/// # Panics
/// Where nobody provided them: a page in no words would be a page in the wrong ones.
#[must_use]
pub fn catalogue() -> Catalogue {
    use_context()
        .expect("a page and a part provide the words of their kernel before they are drawn")
}

/// An action in a few words.
#[must_use]
pub fn title(action: &Action) -> String {
    catalogue().title(action)
}

/// The word of a kind of action, which leads to all that the reference says of it.
#[must_use]
pub fn kind(kind: ActionKind) -> AnyView {
    view! {
        <a href=format!("/reference/actions/{kind}")>
            <code>{kind.to_string()}</code>
        </a>
    }
    .into_any()
}

/// An instant, in the one form that this console uses.
#[must_use]
pub fn time(at: Timestamp) -> AnyView {
    let text = at.to_string();
    // Only the browser knows the local time, and puts it beside this one.
    view! { <time datetime=text.clone()>{text.clone()}</time> }.into_any()
}

/// Since when something is so, and why.
#[must_use]
pub fn since(since: &Since) -> AnyView {
    let why = format!(": {}", escaped(&since.why));
    view! { <small class="since">"since "{time(since.since)}{why}</small> }.into_any()
}

/// A fact that could not be read: the word, since when, and why (C8.4).
#[must_use]
pub fn missing(missing: &UnknownReason) -> AnyView {
    let why = format!(", because {}", escaped(&missing.why));
    view! {
        <span class="unknown">
            <strong>"unknown"</strong>
            <small>" since "{time(missing.since)}{why}</small>
        </span>
    }
    .into_any()
}

/// A fact: its value in words, or that it is unknown, with what was known last.
#[must_use]
pub fn fact(spec: &FactSpec, fact: &Fact<Value>) -> AnyView {
    match fact {
        Fact::Known(value) => view! { <span>{escaped(&spec.words(value))}</span> }.into_any(),
        Fact::Unknown { unknown, last } => {
            let last = last.as_ref().map(|last| {
                let words = format!("last known: {}", escaped(&spec.words(last)));
                view! { " " <small>{words}</small> }
            });
            view! { {missing(unknown)} {last} }.into_any()
        }
    }
}

/// A fact in a table row that already says why something is missing: the reason stands once.
#[must_use]
pub fn fact_once(spec: &FactSpec, value: &Fact<Value>, said: &mut Vec<UnknownReason>) -> AnyView {
    match value {
        Fact::Unknown { unknown, .. } if said.contains(unknown) => {
            view! { <span class="unknown"><strong>"unknown"</strong></span> }.into_any()
        }
        Fact::Unknown { unknown, .. } => {
            said.push(unknown.clone());
            fact(spec, value)
        }
        Fact::Known(_) => fact(spec, value),
    }
}

/// Since when and why a fact is as it is, where two other facts say it.
#[must_use]
pub fn since_of(spec: &FactSpec, facts: &Facts) -> Option<Since> {
    let [at, why] = spec.since.as_ref()?;
    facts.since(at, why)
}

/// The id of an action: its first digits, and all of them, which commands take, on demand.
#[must_use]
pub fn id(id: ActionId) -> AnyView {
    view! {
        <details class="hash">
            <summary>
                <code>{id.short()}</code>
            </summary>
            <code>{id.to_string()}</code>
        </details>
    }
    .into_any()
}

/// A hash: its first digits, and all of them on demand.
#[must_use]
pub fn hash(hash: &Hash) -> AnyView {
    let full = hash.to_string();
    let short: String = full.chars().take(12).collect();
    view! {
        <details class="hash">
            <summary>
                <code>{short}</code>
            </summary>
            <code>{full}</code>
        </details>
    }
    .into_any()
}

/// Which observation is shown: its id, time, clock and source.
#[must_use]
pub fn observation(observation: &Observation) -> AnyView {
    view! {
        <p class="observation">
            <span>"Observation "<code>{escaped(&observation.id)}</code></span>
            <span>"made "{time(observation.observed_at)}</span>
            <span>{format!("clock: {}", escaped(&observation.clock))}</span>
            <span>{format!("source: {}", escaped(&observation.source))}</span>
        </p>
    }
    .into_any()
}

/// Sentences as a list, or one sentence that says there are none.
#[must_use]
pub fn sentences(items: &[String], none: &'static str) -> AnyView {
    if items.is_empty() {
        return view! { <p class="none">{none}</p> }.into_any();
    }
    let items = items.iter().map(|item| view! { <li>{escaped(item)}</li> }).collect_view();
    view! { <ul class="sentences">{items}</ul> }.into_any()
}

/// A command line, as text that can be copied.
#[must_use]
pub fn command(line: &str) -> AnyView {
    view! {
        <pre class="command" tabindex="0">
            <code>{escaped(line)}</code>
        </pre>
    }
    .into_any()
}
