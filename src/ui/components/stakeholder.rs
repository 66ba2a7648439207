//! What somebody with a link is shown: how the cluster stands, what happened, and when. Sentences are made of
//! what may be seen; what may not is left out, and one line says so (C10.2). Nothing leads to a page that
//! would be refused.

use crate::model::action::{Action, ActionId, Stage};
use crate::model::ambient::Timestamp;
use crate::model::answer::{ActionAnswer, Overview};
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::event::KernelEvent;
use crate::model::facts::{Fact, Value};
use crate::model::progress::Progress;
use crate::model::record::{Entry, Record};
use crate::model::redact::REDACTED;
use crate::model::spec::{FactOf, FactSpec, KernelSpec, Show};
use crate::ui::components::badge;
use crate::ui::components::cluster_facts::{margin, tone};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{self, capital, escaped, since_of, time};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// What is said once in place of everything that is not shown.
const LEFT_OUT: &str = "This session shows how the cluster stands, what happened and when. Who acted, why, and \
                        every name that a person gave are redacted: they are left out here.";

/// That something is left out, and what.
#[must_use]
pub fn left_out() -> AnyView {
    view! { <p class="none">{LEFT_OUT}</p> }.into_any()
}

/// The cluster at one moment.
#[must_use]
pub fn overview(spec: &KernelSpec, overview: &Overview) -> AnyView {
    let state = &overview.state;
    let facts = shown(spec, FactOf::Cluster, Show::Tile).filter_map(|of| {
        let value = state.facts.get(of.key)?;
        Some(tile(of, state, value))
    });
    let facts = facts.collect_view();
    let columns: Vec<_> = shown(spec, FactOf::Node, Show::Column).collect();
    let heads = columns.iter().map(|of| view! { <th scope="col">{of.label}</th> }).collect_view();
    let nodes = state.nodes.iter().map(|node| row(node, &columns)).collect_view();
    let table = view! {
        <table class="nodes">
            <caption>"Nodes"</caption>
            <thead>
                <tr>
                    <th scope="col">"Node"</th>
                    {heads}
                </tr>
            </thead>
            <tbody>{nodes}</tbody>
        </table>
    };
    view! {
        {state.under_way.as_ref().map(progress)}
        <section aria-label="Cluster">
            <dl class="cluster-facts">{facts}</dl>
        </section>
        <section>
            <h2>"Nodes"</h2>
            {scrolling("Nodes", table.into_any())}
        </section>
        <p class="observation">
            <span>"Observed at " {time(state.observation.observed_at)}</span>
            <span>
                <a href="/timeline">"What happened, and when"</a>
            </span>
        </p>
        {left_out()}
    }
    .into_any()
}

fn shown(spec: &KernelSpec, of: FactOf, show: Show) -> impl Iterator<Item = &'static FactSpec> {
    spec.facts_of(of).filter(move |fact| fact.show == show && !fact.sensitive)
}

/// A fact in words, and since when it is so; why it is so can name what a person named.
fn tile(of: &FactSpec, state: &ClusterState, value: &Fact<Value>) -> AnyView {
    let since = since_of(of, &state.facts).map(|since| since.since);
    let margin = margin(of, &state.facts);
    view! {
        <div data-tone=tone(of, value, &state.facts)>
            <dt>{of.label}</dt>
            <dd>{fact(of, value)} {margin} {since.map(since_when)}</dd>
        </div>
    }
    .into_any()
}

fn row(node: &NodeState, columns: &[&FactSpec]) -> AnyView {
    let cells = columns.iter().map(|of| {
        let value = node.facts.get(of.key).map(|value| fact(of, value));
        let since = since_of(of, &node.facts).map(|since| since_when(since.since));
        view! { <td>{value} {since}</td> }
    });
    view! {
        <tr>
            <th scope="row">{node.id.to_string()}</th>
            {cells.collect_view()}
        </tr>
    }
    .into_any()
}

fn fact(of: &FactSpec, value: &Fact<Value>) -> AnyView {
    match value {
        Fact::Known(value) => view! { <span>{escaped(&of.words(value))}</span> }.into_any(),
        Fact::Unknown { unknown, .. } => view! {
            <span class="unknown">
                <strong>"unknown"</strong>
                {since_when(unknown.since)}
            </span>
        }
        .into_any(),
    }
}

fn since_when(at: Timestamp) -> AnyView {
    view! { <small class="since">" since " {time(at)}</small> }.into_any()
}

fn progress(of: &Progress) -> AnyView {
    let Progress { done, total, unit, .. } = of;
    let words = format!("An action is running: {done} of {total} {} so far.", unit.word());
    view! { <p class="progress">{words}</p> }.into_any()
}

/// How the one action of a link stands.
#[must_use]
pub fn standing(answer: &ActionAnswer) -> AnyView {
    let meaning = words::catalogue().action(answer.action.kind()).map(|entry| entry.meaning);
    let step = answer.records.iter().rev().find(|stored| stored.record.entry.stage().is_some());
    let since = step.map(|stored| since_when(stored.record.at));
    let sentence = format!("It {}.", stage_words(answer.stage));
    view! {
        {answer.under_way.as_ref().map(progress)}
        <dl class="facts">
            <div>
                <dt>"Stage"</dt>
                <dd>{badge::stage(answer.stage, answer.interrupted)} " " {sentence} {since}</dd>
            </div>
            <div>
                <dt>"Meaning"</dt>
                <dd>{meaning}</dd>
            </div>
            <div>
                <dt>"Requested"</dt>
                <dd>{time(answer.requested_at)}</dd>
            </div>
        </dl>
    }
    .into_any()
}

/// An action in words, without a name that a person gave.
#[must_use]
pub fn title(action: &Action) -> String {
    let is_whole = action.params().iter().all(|(_, value)| *value != REDACTED);
    match words::catalogue().action(action.kind()) {
        Some(entry) if !is_whole => entry.title.to_owned(),
        _ => capital(&words::title(action)),
    }
}

/// The actions whose request is among these records: the records after it name the action by its id alone.
#[must_use]
pub fn titles<'a>(records: impl Iterator<Item = &'a Record>) -> BTreeMap<ActionId, String> {
    let named = records.filter_map(|record| match &record.entry {
        Entry::Requested { action, .. } => Some((record.action_id?, title(action))),
        _ => None,
    });
    named.collect()
}

/// What a record says, in a sentence of what may be seen.
#[must_use]
pub fn of_record(record: &Record, titles: &BTreeMap<ActionId, String>) -> String {
    let word = record.entry.word().replace('_', " ");
    let Some(id) = record.action_id else { return capital(&word) + "." };
    let named = titles.get(&id).cloned();
    let named = named.unwrap_or_else(|| format!("Action {}", id.short()));
    match record.entry.stage() {
        Some(stage) => format!("{named}: {}.", stage_words(stage)),
        None => format!("{named}: {word}."),
    }
}

/// What a step of an action means to somebody who never saw one.
fn stage_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Requested => "was requested",
        Stage::Explained => "was explained and waits for a confirmation",
        Stage::Rejected => {
            "was rejected, because a condition does not hold or is unknown; nothing ran"
        }
        Stage::FirstConfirmed => "was confirmed by one operator and waits for a second",
        Stage::Confirmed => "was confirmed",
        Stage::Stale => "was not run, because the cluster changed after it was explained",
        Stage::Withdrawn => "was withdrawn; nothing ran",
        Stage::Dispatched => "was sent to the cluster",
        Stage::Executed => "ran, once",
        Stage::Refused => "was refused by the cluster; nothing ran",
        Stage::Unknown => "has an outcome that is not known: it may have run",
        Stage::Voided => "never ran and never can",
        Stage::FoundExecuted => "was found to have run",
        Stage::FoundNotExecuted => "was found not to have run",
    }
}

/// What happened in the kernel, in the words of its spec.
#[must_use]
pub fn of_event(event: &KernelEvent) -> String {
    let known = words::catalogue().events().find(|known| known.kind == event.kind);
    let meaning = known.map_or_else(
        || capital(&event.kind.word().replace('_', " ")) + ".",
        |known| known.meaning.to_owned(),
    );
    match &event.node {
        Some(node) => format!("{node}: {meaning}"),
        None => meaning,
    }
}
