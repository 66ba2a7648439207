//! `GET /actions/new`: the catalogue, and the form that asks for one action.

use crate::model::actor::ActorRole;
use crate::model::cluster::NodeState;
use crate::model::facts::Fact;
use crate::model::spec::{
    ActionSpec, Binding, FactOf, FactSpec, Impact, KernelSpec, ParameterKind, ParameterSpec, Show,
};
use crate::ui::components::forms::reason_field;
use crate::ui::components::words::{counted, escaped, observation};
use crate::ui::components::{attestations, notice, rules, words};
use crate::ui::{Frame, NewAction, pages};
use leptos::prelude::*;

/// Longest name or number that a field takes, in characters; what is too long is refused by its name.
const NAME_CHARS_MAX: usize = 64;

/// Every action that there is, with what it means.
pub(super) fn catalogue(viewer: Option<ActorRole>) -> AnyView {
    let asks = viewer == Some(ActorRole::Operator);
    let note = (!asks).then(|| pages::for_operators(viewer, "ask for an action"));
    let items = words::catalogue().actions().map(|entry| item(entry, asks)).collect_view();
    view! {
        <p>"This is the whole list. Each action is explained before it can be confirmed; asking \
            runs nothing. While an operator's freeze stands, none can be asked for or confirmed."</p>
        {note}
        <ul class="catalogue">{items}</ul>
    }
    .into_any()
}

fn item(entry: &ActionSpec, asks: bool) -> AnyView {
    let kind = entry.kind;
    let title = if asks {
        view! { <a href=format!("/actions/new?kind={kind}")>{entry.title}</a> }.into_any()
    } else {
        view! { <span>{entry.title}</span> }.into_any()
    };
    view! {
        <li>
            <h2>{title}</h2>
            <p>{entry.meaning}</p>
            <p>
                <small>{impact(entry)}</small>
            </p>
        </li>
    }
    .into_any()
}

fn impact(entry: &ActionSpec) -> String {
    let reach = match entry.impact {
        Impact::Disruptive => "Disruptive: clients can notice it.",
        Impact::Irreversible => {
            "Irreversible: clients do not notice it, and nothing brings back what it takes away."
        }
        Impact::Contained => "Contained: clients do not notice it.",
    };
    format!("{reach} Can it be taken back? {}", entry.reversible)
}

/// The form that asks for one action.
pub(super) fn new_action(frame: &Frame, data: &NewAction) -> AnyView {
    let (spec, viewer, unfinished) = (frame.spec, frame.viewer(), frame.unfinished());
    let entry = data.entry;
    let effects = entry.effects.iter().map(|effect| view! { <li>{*effect}</li> }).collect_view();
    let form = if viewer == Some(ActorRole::Operator) {
        form(spec, data)
    } else {
        pages::for_operators(viewer, "ask for an action")
    };
    let against = (!data.candidates.is_empty())
        .then(|| rules::candidates(&entry.kind.to_string(), &data.candidates));
    view! {
        {pages::refusal(data.refusal.as_ref())}
        {data.in_doubt.as_ref().map(|open| notice::in_doubt(open, unfinished.in_doubt.as_ref()))}
        <p>{entry.meaning}</p>
        <p>{impact(entry)}</p>
        {observation(&data.state.observation)}
        {form}
        <section>
            <h2>"What it changes"</h2>
            <ul class="sentences">{effects}</ul>
            <h2>"What must hold"</h2>
            {notice::invariants(entry.preconditions)}
            {against}
        </section>
    }
    .into_any()
}

/// A browser must not fill in what was chosen before it reloaded, so it is told to keep nothing.
fn form(spec: &KernelSpec, data: &NewAction) -> AnyView {
    let node = data.entry.node_parameter().map(|parameter| parameter.name);
    let chosen = node.filter(|_| data.entry.is_about_member());
    let nodes = chosen.map(|parameter| choice(spec, data, parameter));
    let typed_before = |parameter: &ParameterSpec| {
        let named = data.node.as_ref().filter(|_| node == Some(parameter.name));
        named.map(ToString::to_string).or_else(|| data.values.get(parameter.name).cloned())
    };
    let values = data
        .entry
        .parameters
        .iter()
        .filter(|parameter| chosen != Some(parameter.name))
        .map(|parameter| value_field(parameter, typed_before(parameter)))
        .collect_view();
    view! {
        <form class="form" method="post" action="/actions" autocomplete="off">
            <input type="hidden" name="action_id" value=data.action_id.to_string()/>
            <input type="hidden" name="kind" value=data.entry.kind.to_string()/>
            {nodes}
            {values}
            {attestations::fields(data.entry, &data.attested)}
            {reason_field("reason", data.reason.clone())}
            <p>
                <small>"Asking runs nothing. The next page explains what would happen, and asks \
                    for a confirmation where every check passes."</small>
            </p>
            <button type="submit">"Preview"</button>
        </form>
    }
    .into_any()
}

/// A parameter that is typed. It is empty unless the address named it (C2.2).
fn value_field(parameter: &'static ParameterSpec, typed_before: Option<String>) -> AnyView {
    let hint = format!("{}-hint", parameter.name);
    let typed_before = typed_before.map(|value| escaped(&value));
    let chars_max = match parameter.kind {
        ParameterKind::Text { chars_max } => chars_max,
        ParameterKind::Member { .. }
        | ParameterKind::Joining
        | ParameterKind::Position { .. }
        | ParameterKind::Name
        | ParameterKind::Item { .. } => NAME_CHARS_MAX,
    };
    view! {
        <p class="field">
            <label for=parameter.name>{parameter.meaning}</label>
            <input
                type="text"
                id=parameter.name
                name=parameter.name
                required
                maxlength=chars_max.to_string()
                autocomplete="off"
                aria-describedby=hint.clone()
                value=typed_before
            />
            <small id=hint>{parameter.limits}</small>
        </p>
    }
    .into_any()
}

/// The nodes to choose from, all of them: a choice that the rules speak against is answered with
/// those rules. Only a node that the address named is selected in advance (C2.2).
fn choice(spec: &KernelSpec, data: &NewAction, parameter: &'static str) -> AnyView {
    let nodes =
        data.state.nodes.iter().map(|node| option(spec, data, node, parameter)).collect_view();
    let question =
        if data.entry.chooses_primary { "Which node becomes primary" } else { "Which node" };
    view! {
        <fieldset class="choice">
            <legend>{question}</legend>
            {nodes}
        </fieldset>
    }
    .into_any()
}

/// Every position of a node in words: what an action on its log is chosen by.
fn extent(spec: &KernelSpec, node: &NodeState) -> String {
    let positions = spec.facts_of(FactOf::Node).filter(|of| of.binding == Binding::Moving);
    let positions = positions.filter(|of| matches!(of.show, Show::Bar | Show::Row));
    let words = |of: &FactSpec| {
        let fact = node.facts.get(of.key)?;
        Some(format!("; {} {}", of.lower_label(), fact.word(|value| of.words(value))))
    };
    positions.filter_map(words).collect()
}

fn option(
    spec: &KernelSpec,
    data: &NewAction,
    node: &NodeState,
    parameter: &'static str,
) -> AnyView {
    let id = node.id.to_string();
    let element = format!("{parameter}-{id}");
    let role = node.role().word(String::clone);
    let reach = match node.reachable() {
        Fact::Known(true) => "reachable",
        Fact::Known(false) => "unreachable",
        Fact::Unknown { .. } => "reachability unknown",
    };
    let role = if role == "unknown" { "role unknown".to_owned() } else { role };
    let against = data.candidates.iter().find(|c| c.node == node.id).map(|candidate| {
        let count = candidate.against.len();
        if count == 0 {
            "; no blocker".to_owned()
        } else {
            format!("; {}", counted(count, "blocker"))
        }
    });
    let purges = data.entry.offered_position().is_some();
    let log = if purges { extent(spec, node) } else { String::new() };
    let words = format!("{role}, {reach}{log}{}", against.unwrap_or_default());
    let named = data.node.as_ref() == Some(&node.id);
    view! {
        <p>
            <input
                type="radio"
                id=element.clone()
                name=parameter
                value=id.clone()
                required
                checked=named
            />
            <label for=element>
                <strong>{id}</strong>
                <span>{words}</span>
            </label>
        </p>
    }
    .into_any()
}
