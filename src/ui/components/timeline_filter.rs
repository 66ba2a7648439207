//! The form that narrows the timeline down. It asks with GET, so that the address says what is shown.

use crate::model::record::Entry;
use crate::model::spec::EventSpec;
use crate::model::timeline_filter::TimelineGroup;
use crate::ui::components::list_filter::{FilterFields, line, value};
use crate::ui::components::words::catalogue;
use leptos::prelude::*;

/// The form, with what is asked for now.
#[must_use]
pub fn timeline_filter(typed: &FilterFields) -> AnyView {
    let now = |name: &str| value(typed, name);
    let names = view! {
        {line("actor", "Actor (audit log only)", now("actor"), "")}
        {line("action", "Action id", now("action"), "")}
    };
    form(typed, Some(names.into_any()))
}

/// The same for somebody who may not ask by the name of an account.
#[must_use]
pub fn without_names(typed: &FilterFields) -> AnyView {
    form(typed, None)
}

fn form(typed: &FilterFields, names: Option<AnyView>) -> AnyView {
    let is_set = !typed.is_empty();
    let now = |name: &str| value(typed, name);
    let kind = now("kind");
    let groups = TimelineGroup::ALL
        .map(|group| option(group.word(), group.about(), &kind))
        .into_iter()
        .collect_view();
    let records = Entry::WORDS.map(|word| option(word, word, &kind)).into_iter().collect_view();
    let event = |event: &EventSpec| {
        let word = event.kind.to_string();
        option(word.clone(), word, &kind)
    };
    let events = catalogue().events().map(event).collect_view();
    view! {
        <details open=is_set>
            <summary>"Filter the timeline"</summary>
            <form class="form" method="get" action="/timeline" role="search">
                <p class="field">
                    <label for="filter-kind">"Kind"</label>
                    <select id="filter-kind" name="kind">
                        <option value="">"any"</option>
                        <optgroup label="Several kinds">{groups}</optgroup>
                        <optgroup label="Records of the log">{records}</optgroup>
                        <optgroup label="Events of the kernel">{events}</optgroup>
                    </select>
                </p>
                {line("node", "Node of the action or of the event", now("node"), "")}
                {names}
                <button type="submit">"Show this"</button>
                " "
                <a href="/timeline">"Everything that happened"</a>
            </form>
        </details>
    }
    .into_any()
}

fn option(word: impl Into<String>, words: impl Into<String>, now: &str) -> AnyView {
    let (word, words) = (word.into(), words.into());
    let is_now = word == now;
    view! { <option value=word selected=is_now>{words}</option> }.into_any()
}
