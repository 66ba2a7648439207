//! `GET /nodes/{id}`: everything that there is to see of one node.

use crate::model::actor::ActorRole;
use crate::model::ambient::Timestamp;
use crate::model::cluster::NodeState;
use crate::model::explanation::ActionPreview;
use crate::model::facts::{Fact, UnknownReason, Value};
use crate::model::node_answer::{NodeAnswer, NodeEvents, NodeVerified};
use crate::model::receipt::Verification;
use crate::model::spec::{FactOf, FactSpec, KernelSpec, Show};
use crate::ui::Frame;
use crate::ui::components::positions::{beside_primary, lag};
use crate::ui::components::prospects::{offered, prospects};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{counted, escaped, observation, since, since_of, time};
use crate::ui::components::{badge, copyable, events, items, notice};
use crate::ui::live::ChangeNotice;
use crate::ui::pages::actions;
use leptos::prelude::*;

/// One node, in one observation.
pub(super) fn node(frame: &Frame, data: &NodeAnswer) -> AnyView {
    let (spec, viewer, unfinished) = (frame.spec, frame.viewer(), frame.unfinished());
    let facts = data.facts().map(|node| {
        view! {
            {facts(spec, data, node)}
            <div class="figures">{beside_primary(spec, &data.state, node)}</div>
        }
    });
    view! {
        <ChangeNotice/>
        {observation(&data.state.observation)}
        {data.in_doubt.as_ref().map(|open| notice::in_doubt(open, unfinished.in_doubt.as_ref()))}
        {facts}
        {items::items(spec, &data.state.items_of(&data.node).collect::<Vec<_>>())}
        {data.verified.as_ref().map(verified)}
        {prospective(data, viewer)}
        <section>
            <h2>"Events"</h2>
            {happened(data)}
        </section>
        <section>
            <h2>"Requests"</h2>
            {asked(data)}
        </section>
        {copyable::address(&format!("/nodes/{}", data.node))}
    }
    .into_any()
}

/// Every action that names a node: what can be asked for now, and folded below it what cannot.
fn prospective(data: &NodeAnswer, viewer: Option<ActorRole>) -> AnyView {
    let is_open = |action: &ActionPreview| action.against.is_empty();
    let (open, closed): (Vec<_>, Vec<_>) = data.actions.iter().cloned().partition(is_open);
    let folded = (!closed.is_empty()).then(|| {
        let count = counted(closed.len(), "unavailable action");
        view! {
            <details class="folded">
                <summary>
                    <h3>{count}</h3>
                </summary>
                <p>"With every rule that speaks against each."</p>
                {prospects("Actions on this node, with their blockers", &closed, viewer)}
            </details>
        }
    });
    view! {
        <section>
            <h2>"Actions"</h2>
            <p>
                "Every action that names a node, on this one, by what its checks come to now. The \
                order is that of the catalogue; it ranks nothing. A request is judged by the same \
                checks, on an observation of its own."
            </p>
            {(!open.is_empty()).then(|| offered(&open, viewer))}
            {folded}
        </section>
    }
    .into_any()
}

/// What the last verification found: loud where it is not sound, and never older than it says.
fn verified(found: &NodeVerified) -> AnyView {
    let word = match &found.verification {
        Verification::Sound => view! { <strong>"sound"</strong> }.into_any(),
        Verification::Damaged { .. } => {
            view! { <strong class="unknown">"DAMAGED"</strong> }.into_any()
        }
        Verification::NotCompared { .. } => {
            view! { <strong class="unknown">"not compared"</strong> }.into_any()
        }
    };
    let findings = found.verification.findings().iter();
    let findings = findings.map(|finding| view! { <li>{escaped(finding)}</li> }).collect_view();
    let address = format!("/actions/{}", found.action_id);
    view! {
        <section>
            <h2>"Last verification"</h2>
            <p>{word} ", at " {time(found.at)} ", by " <a href=address>"this action"</a> "."</p>
            <ul>{findings}</ul>
        </section>
    }
    .into_any()
}

/// Every fact with its value, the instant from which it is, and where it was read.
fn facts(spec: &KernelSpec, data: &NodeAnswer, node: &NodeState) -> AnyView {
    let at = data.state.observation.observed_at;
    let shown = spec.facts_of(FactOf::Node).filter(|of| of.show != Show::Hidden);
    // What the kernel does not say is not there.
    let shown = shown.filter_map(|of| Some((of, node.facts.get(of.key)?)));
    let rows = shown.map(|(of, fact)| row(spec, of, fact, at, node)).collect_view();
    let rows = view! {
        {rows}
        {plain_row(
            "Behind the primary",
            lag(spec, &data.state, node).words(spec).into_any(),
            at,
            "the ends of both logs, in this observation",
        )}
    };
    scrolling(
        "Facts",
        view! {
            <table class="reference">
                <caption>"Facts"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Fact"</th>
                        <th scope="col">"Value"</th>
                        <th scope="col">"As of"</th>
                        <th scope="col">"Source"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn row(
    spec: &KernelSpec,
    of: &'static FactSpec,
    fact: &Fact<Value>,
    at: Timestamp,
    node: &NodeState,
) -> AnyView {
    let since = since_of(of, &node.facts).as_ref().map(since);
    match fact {
        Fact::Known(known) => {
            let value = badge::value(spec, of, known);
            plain_row(of.label, view! { {value} " " {since} }.into_any(), at, &node.source)
        }
        Fact::Unknown { unknown, last } => {
            let last =
                last.as_ref().map(|last| format!("last known: {}", escaped(&of.words(last))));
            missing_row(of.label, unknown, last, node)
        }
    }
}

fn plain_row(name: &'static str, value: AnyView, at: Timestamp, source: &str) -> AnyView {
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td>{value}</td>
            <td>{time(at)}</td>
            <td>{escaped(source)}</td>
        </tr>
    }
    .into_any()
}

fn missing_row(
    name: &'static str,
    missing: &UnknownReason,
    last: Option<String>,
    node: &NodeState,
) -> AnyView {
    let last = last.map(|last| view! { " " <small>{last}</small> });
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td>
                <span class="unknown">
                    <strong>"unknown"</strong>
                    <small>{format!("because {}", escaped(&missing.why))}</small>
                </span>
                {last}
            </td>
            <td>"not known since "{time(missing.since)}</td>
            <td>{escaped(&node.source)}</td>
        </tr>
    }
    .into_any()
}

fn happened(data: &NodeAnswer) -> AnyView {
    let NodeEvents { events: found, events_scanned, next_before, gap } = &data.events;
    let gap = gap.as_ref().map(|why| view! { <p class="unknown">{escaped(why)}</p> });
    let list = if found.is_empty() {
        view! { <p class="none">"None of the events that were looked through is about it."</p> }
            .into_any()
    } else {
        events::events("Events of the kernel about this node, newest first", found)
    };
    let older = next_before.map(|place| {
        let address = format!("/nodes/{}?before={place}", data.node);
        view! { " " <a href=address>"Look through older events"</a> "." }
    });
    let looked = counted(*events_scanned, "event");
    view! {
        {gap}
        {list}
        <p>{format!("{looked} of the kernel looked through.")} {older}</p>
    }
    .into_any()
}

fn asked(data: &NodeAnswer) -> AnyView {
    let list = if data.asked.is_empty() {
        view! { <p class="none">"Nothing was asked of it."</p> }.into_any()
    } else {
        actions::table(&data.asked)
    };
    let more = data.has_more_actions.then(|| {
        let address = format!("/log?node={}&kind=requested", data.node);
        view! {
            <p>
                <a href=address>"Everything that was asked of it"</a>
            </p>
        }
    });
    view! { {list} {more} }.into_any()
}
