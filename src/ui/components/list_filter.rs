//! The forms that narrow lists down. They ask with GET, so that the address says what is shown; what was
//! typed stands in them again, also where it was refused.

use crate::model::action::Stage;
use crate::model::log_filter::SEARCH_WORDS_MAX;
use crate::model::record::Entry;
use crate::ui::components::words::{catalogue, escaped};
use leptos::prelude::*;
use std::collections::BTreeSet;

/// What stands in the fields of a form, by their names.
pub type FilterFields = Vec<(&'static str, String)>;

/// The parameter that asks for a window of time by a word.
pub const LAST: &str = "last";

/// A window of time that is asked for by a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimePreset {
    /// The hour before now.
    Hour,
    /// From the evening before until this morning.
    Night,
    /// The 24 hours before now.
    Day,
}

impl TimePreset {
    /// Every window, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Night, Self::Day];

    /// The window in a word, as an address carries it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Night => "night",
            Self::Day => "day",
        }
    }

    /// Parses the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.word() == text)
    }

    fn about(self) -> &'static str {
        match self {
            Self::Hour => "last hour",
            Self::Night => "last night, 18:00 to 06:00 UTC",
            Self::Day => "last 24 hours",
        }
    }
}

/// Links to the windows that are asked for by a word, below the address of a list.
#[must_use]
pub fn presets(path: &'static str) -> AnyView {
    let links = TimePreset::ALL.map(|preset| {
        let address = format!("{path}?{LAST}={}", preset.word());
        view! { " " <a href=address>{preset.about()}</a> }
    });
    view! { <p class="presets">"Show the" {links.into_iter().collect_view()}</p> }.into_any()
}

/// Links to everything that a filter leaves, as files and on paper, whatever page of it is shown.
#[must_use]
pub fn exports(list: &'static str, typed: &FilterFields) -> AnyView {
    let query = serde_urlencoded::to_string(typed).expect("pairs of text can be encoded");
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let files = [("csv", "CSV"), ("json", "JSON"), ("md", "Markdown")].map(|(ending, word)| {
        view! { " " <a href=format!("/api/v1/{list}.{ending}{query}") download>{word}</a> "," }
    });
    view! {
        <p class="exports">
            "Everything that matches, in one file:" {files.into_iter().collect_view()} " or "
            <a href=format!("/{list}/print{query}")>"a page to print"</a> "."
        </p>
    }
    .into_any()
}

/// The form of the log. The nodes are offered, and the accounts of the records that are shown; any other name
/// can be typed.
#[must_use]
pub fn of_log(typed: &FilterFields, nodes: &[String], actors: &BTreeSet<String>) -> AnyView {
    let now = |name: &str| value(typed, name);
    let kinds = Entry::WORDS.map(str::to_owned).to_vec();
    let stages = Stage::ALL.map(|stage| stage.to_string()).to_vec();
    let fields = view! {
        {line("text", text_label(), now("text"), "")}
        {actor_line("Actor", now("actor"), actors)}
        {choice("kind", "Kind of record", now("kind"), kinds)}
        {choice("stage", "Resulting stage", now("stage"), stages)}
        {choice("action_kind", "Kind of action", now("action_kind"), action_kinds())}
        {node_line(now("node"), nodes)}
        {line("action", "Action id", now("action"), "")}
        {line("since", "At this time (UTC) or later", now("since"), TIME)}
        {line("until", "Before this time (UTC)", now("until"), TIME)}
    };
    form(typed, "/log", ["Filter the log", "Show these records", "All records"], fields.into_any())
}

/// The form of the list of actions, which offers the same.
#[must_use]
pub fn of_actions(typed: &FilterFields, nodes: &[String], actors: &BTreeSet<String>) -> AnyView {
    let now = |name: &str| value(typed, name);
    let fields = view! {
        {line("text", text_label(), now("text"), "")}
        {actor_line("Asked by", now("actor"), actors)}
        {choice("action_kind", "Kind of action", now("action_kind"), action_kinds())}
        {node_line(now("node"), nodes)}
        {line("since", "Asked at this time (UTC) or later", now("since"), TIME)}
        {line("until", "Asked before this time (UTC)", now("until"), TIME)}
    };
    let words = ["Filter the actions", "Show these actions", "All actions"];
    form(typed, "/actions", words, fields.into_any())
}

/// The fields of the filter of the log that the list of actions can be asked for with.
pub const ACTION_FIELDS: [&str; 6] = ["text", "actor", "action_kind", "node", "since", "until"];

fn form(
    typed: &FilterFields,
    path: &'static str,
    [summary, button, all]: [&'static str; 3],
    fields: AnyView,
) -> AnyView {
    let is_set = !typed.is_empty();
    view! {
        <details open=is_set>
            <summary>{summary}</summary>
            <form class="form" method="get" action=path role="search">
                {fields}
                <button type="submit">{button}</button>
                " "
                <a href=path>{all}</a>
            </form>
        </details>
    }
    .into_any()
}

pub(super) fn value(typed: &FilterFields, name: &str) -> String {
    let pair = typed.iter().find(|(field, _)| *field == name);
    pair.map(|(_, value)| escaped(value)).unwrap_or_default()
}

fn text_label() -> String {
    format!("Text (up to {SEARCH_WORDS_MAX} whole words)")
}

fn action_kinds() -> Vec<String> {
    catalogue().actions().map(|action| action.kind.to_string()).collect()
}

/// How a time is written.
const TIME: &str = "2026-01-31 09:30";

/// A line of text.
pub(super) fn line(
    name: &'static str,
    label: impl Into<String>,
    now: String,
    example: &'static str,
) -> AnyView {
    offering(name, label.into(), now, example, &[])
}

fn actor_line(label: &str, now: String, actors: &BTreeSet<String>) -> AnyView {
    let actors: Vec<_> = actors.iter().cloned().collect();
    offering("actor", label.to_owned(), now, "", &actors)
}

fn node_line(now: String, nodes: &[String]) -> AnyView {
    offering("node", "Node of the action".to_owned(), now, "", nodes)
}

/// A line of text with what could stand there; anything else can be typed all the same.
fn offering(
    name: &'static str,
    label: String,
    now: String,
    example: &'static str,
    offers: &[String],
) -> AnyView {
    let id = format!("filter-{name}");
    let placeholder = (!example.is_empty()).then_some(example);
    let list = (!offers.is_empty()).then(|| format!("{id}-list"));
    let offers = list.clone().map(|list| {
        let options = offers.iter().map(|offer| view! { <option value=escaped(offer)></option> });
        view! { <datalist id=list>{options.collect_view()}</datalist> }
    });
    view! {
        <p class="field">
            <label for=id.clone()>{label}</label>
            <input
                type="text"
                id=id
                name=name
                value=now
                list=list
                placeholder=placeholder
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
            />
            {offers}
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
