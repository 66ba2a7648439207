//! `GET /nodes/{id}`: everything that there is to see of one node.

use crate::model::actor::ActorRole;
use crate::model::ambient::Timestamp;
use crate::model::cluster::NodeState;
use crate::model::node_answer::{NodeAnswer, NodeEvents, NodeVerified};
use crate::model::pinned::{Fact, Missing};
use crate::model::receipt::Verification;
use crate::ui::components::positions::{beside_primary, lag};
use crate::ui::components::prospects::prospects;
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{counted, observation, say, since, time};
use crate::ui::components::{badge, copyable, events, notice};
use crate::ui::live::ChangeNotice;
use crate::ui::pages::actions;
use leptos::prelude::*;

/// One node, in one observation.
pub(super) fn node(data: &NodeAnswer, viewer: Option<ActorRole>) -> AnyView {
    let facts = data.facts().map(|node| {
        view! {
            {facts(data, node)}
            <div class="figures">{beside_primary(&data.state, node)}</div>
        }
    });
    view! {
        <ChangeNotice/>
        {observation(&data.state.observation)}
        {data.unresolved.as_ref().map(notice::unresolved)}
        {facts}
        {data.verified.as_ref().map(verified)}
        <section>
            <h2>"Why not"</h2>
            <p>
                "Every action that names a node, on this one: what its checks come to now, and every \
                rule that speaks against it. The order is that of the catalogue; it ranks nothing. \
                A request is judged by the same checks, on an observation of its own."
            </p>
            {prospects("Actions on this node, and the rules against them", &data.actions, viewer)}
        </section>
        <section>
            <h2>"What happened to it"</h2>
            {happened(data)}
        </section>
        <section>
            <h2>"What was asked of it"</h2>
            {asked(data)}
        </section>
        {copyable::address(&format!("/nodes/{}", data.node))}
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
    let findings = findings.map(|finding| view! { <li>{say(finding)}</li> }).collect_view();
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
fn facts(data: &NodeAnswer, node: &NodeState) -> AnyView {
    let at = data.state.observation.observed_at;
    let p = &node.positions;
    let number = |name, fact: &Fact<u64>| row(name, fact, |n| n.to_string().into_any(), at, node);
    let kept = |kept: &Option<u64>| kept.map_or_else(|| "none".to_owned(), |at| at.to_string());
    let votes = data.state.cluster.voters.contains(&node.pinned.id);
    let cut = node.pinned.unreachable.as_ref().map(|cut| {
        let since = since(&cut.into());
        plain_row("Not reachable", since, at, &node.source)
    });
    let rows = view! {
        {row("Role", &node.pinned.role, |role| badge::role(*role), at, node)}
        {row("Reachable", &node.pinned.reachable, |reach| badge::reachable(*reach), at, node)}
        {cut}
        {plain_row("Vote", if votes { "yes" } else { "no" }.into_any(), at, &data.state.observation.source)}
        {number("Epoch", &node.pinned.epoch)}
        {number("Last entry of its log", &p.last)}
        {number("Epoch of that entry", &p.last_epoch)}
        {number("Committed", &p.committed)}
        {number("Applied", &p.applied)}
        {number("First entry of its log", &p.first)}
        {row("Checkpoint", &p.checkpoint, |at| kept(at).into_any(), at, node)}
        {plain_row(
            "Behind the primary",
            lag(&data.state, node).words().into_any(),
            at,
            "the last entries of both, in this observation",
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

fn row<T>(
    name: &'static str,
    fact: &Fact<T>,
    value: impl FnOnce(&T) -> AnyView,
    at: Timestamp,
    node: &NodeState,
) -> AnyView {
    match fact {
        Fact::Known(known) => plain_row(name, value(known), at, &node.source),
        Fact::Unknown { unknown } => missing_row(name, unknown, node),
    }
}

fn plain_row(name: &'static str, value: AnyView, at: Timestamp, source: &str) -> AnyView {
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td>{value}</td>
            <td>{time(at)}</td>
            <td>{say(source)}</td>
        </tr>
    }
    .into_any()
}

fn missing_row(name: &'static str, missing: &Missing, node: &NodeState) -> AnyView {
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td>
                <span class="unknown">
                    <strong>"unknown"</strong>
                    <small>{format!("because {}", say(&missing.why))}</small>
                </span>
            </td>
            <td>"not known since "{time(missing.since)}</td>
            <td>{say(&node.source)}</td>
        </tr>
    }
    .into_any()
}

fn happened(data: &NodeAnswer) -> AnyView {
    let NodeEvents { events: found, looked_at, next_before, gap } = &data.events;
    let gap = gap.as_ref().map(|why| view! { <p class="unknown">{say(why)}</p> });
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
    let looked = counted(*looked_at, "event");
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
    let more = data.more_asked.then(|| {
        let address = format!("/log?node={}&kind=requested", data.node);
        view! {
            <p>
                <a href=address>"Everything that was asked of it"</a>
            </p>
        }
    });
    view! { {list} {more} }.into_any()
}
