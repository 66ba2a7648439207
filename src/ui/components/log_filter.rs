//! The form that narrows the log down. It asks with GET, so that the address says what is shown.

use crate::model::action::Stage;
use crate::model::log_filter::{LogFilter, SEARCH_WORDS_MAX};
use crate::model::record::Entry;
use crate::ui::components::words::{catalogue, escaped};
use leptos::prelude::*;

/// The form, with what is asked for now.
#[must_use]
pub fn log_filter(filter: &LogFilter) -> AnyView {
    let pairs = filter.pairs();
    let is_set = !pairs.is_empty();
    let now = |name: &str| {
        let pair = pairs.iter().find(|(field, _)| *field == name);
        pair.map(|(_, value)| escaped(value)).unwrap_or_default()
    };
    let kinds = Entry::WORDS.map(str::to_owned).to_vec();
    let stages = Stage::ALL.map(|stage| stage.to_string()).to_vec();
    let actions = catalogue().actions().map(|action| action.kind.to_string()).collect();
    let words = format!("Text (up to {SEARCH_WORDS_MAX} whole words)");
    view! {
        <details open=is_set>
            <summary>"Filter the log"</summary>
            <form class="form" method="get" action="/log" role="search">
                {line("text", words, now("text"), "")}
                {line("actor", "Actor", now("actor"), "")}
                {choice("kind", "Kind of record", now("kind"), kinds)}
                {choice("stage", "Resulting stage", now("stage"), stages)}
                {choice("action_kind", "Kind of action", now("action_kind"), actions)}
                {line("node", "Node of the action", now("node"), "")}
                {line("action", "Action id", now("action"), "")}
                {line("since", "At this time (UTC) or later", now("since"), TIME)}
                {line("until", "Before this time (UTC)", now("until"), TIME)}
                <button type="submit">"Show these records"</button>
                " "
                <a href="/log">"All records"</a>
            </form>
        </details>
    }
    .into_any()
}

/// How a time is written.
const TIME: &str = "2026-01-31T09:30:00Z";

/// A line of text.
pub(super) fn line(
    name: &'static str,
    label: impl Into<String>,
    now: String,
    example: &'static str,
) -> AnyView {
    let id = format!("filter-{name}");
    let placeholder = (!example.is_empty()).then_some(example);
    view! {
        <p class="field">
            <label for=id.clone()>{label.into()}</label>
            <input
                type="text"
                id=id
                name=name
                value=now
                placeholder=placeholder
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
            />
        </p>
    }
    .into_any()
}

fn choice(name: &'static str, label: &'static str, now: String, words: Vec<String>) -> AnyView {
    let id = format!("filter-{name}");
    let options = words
        .into_iter()
        .map(|word| {
            let (is_now, value) = (word == now, word.clone());
            view! { <option value=value selected=is_now>{word}</option> }
        })
        .collect_view();
    view! {
        <p class="field">
            <label for=id.clone()>{label}</label>
            <select id=id name=name>
                <option value="">"any"</option>
                {options}
            </select>
        </p>
    }
    .into_any()
}
