//! What stands on every page: the cluster now, and what people have begun with it.
//!
//! Which facts of the cluster stand there is said by the spec of its kernel: the two that every kernel has,
//! and whatever else it shows large while that is an alarm or unknown. Nothing is ranked (C2.2).

use crate::model::actor::ActorRole;
use crate::model::cluster::ClusterState;
use crate::model::facts::{Fact, Value};
use crate::model::pinned::Freeze;
use crate::model::refusal::Refusal;
use crate::model::spec::{FactOf, FactSpec, KernelSpec, PRIMARY, Show, WRITES};
use crate::model::status::{ClusterStatus, UnfinishedAction, UnfinishedActions};
use crate::ui::components::cluster_facts::{margin, tone};
use crate::ui::components::words::{self, capital, counted, escaped, since_of, time};
use crate::ui::components::{progress, stakeholder};
use leptos::prelude::*;

/// Whether what is named may be followed to its page: a stakeholder would be refused there, and is not told
/// who it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Followed,
    Plain,
}

/// The strip, in the order in which an incident asks.
#[must_use]
pub fn status(spec: &KernelSpec, shown: &ClusterStatus, viewer: Option<ActorRole>) -> AnyView {
    let links = if viewer == Some(ActorRole::Stakeholder) { Links::Plain } else { Links::Followed };
    let mut items = match &shown.state {
        Ok(state) => of_cluster(spec, state, links),
        Err(why) => vec![refused("Cluster", "not observed", why)],
    };
    items.extend(of_freeze(&shown.freeze, links));
    match &shown.unfinished {
        Ok(unfinished) => items.extend(of_people(unfinished, &shown.state, links)),
        Err(why) => items.push(refused("Open actions", "unknown", why)),
    }
    if let Ok(state) = &shown.state {
        let at = time(state.observation.observed_at);
        items.push(item("plain", "Observed", view! { <span>{at}</span> }.into_any()));
    }
    view! { <dl class="strip">{items}</dl> }.into_any()
}

/// What the title of the page begins with; `None` while a primary is known and writes are accepted.
#[must_use]
pub fn trouble(spec: &KernelSpec, shown: &ClusterStatus) -> Option<String> {
    let Ok(state) = &shown.state else { return Some("Not observed".to_owned()) };
    let found = [PRIMARY, WRITES].into_iter().find_map(|key| {
        let (of, fact) = (spec.fact(FactOf::Cluster, key)?, state.facts.get(key)?);
        (tone(of, fact, &state.facts) != "plain").then(|| said(of, fact))
    });
    found.map(|found| escaped(&found))
}

/// The same as a sentence for whoever hears the page, trouble or none.
#[must_use]
pub fn spoken(spec: &KernelSpec, shown: &ClusterStatus) -> String {
    let Ok(state) = &shown.state else {
        return "The cluster could not be observed.".to_owned();
    };
    let said = [PRIMARY, WRITES].into_iter().filter_map(|key| {
        Some(said(spec.fact(FactOf::Cluster, key)?, state.facts.get(key)?) + ".")
    });
    escaped(&said.collect::<Vec<_>>().join(" "))
}

fn said(of: &FactSpec, fact: &Fact<Value>) -> String {
    format!("{}: {}", of.label, fact.word(|value| of.words(value)))
}

fn item(tone: &'static str, label: &str, body: AnyView) -> AnyView {
    view! {
        <div data-tone=tone>
            <dt>{label.to_owned()}</dt>
            <dd>{body}</dd>
        </div>
    }
    .into_any()
}

fn refused(label: &str, word: &'static str, why: &Refusal) -> AnyView {
    let why = escaped(&why.sentence);
    let body = view! {
        <strong>{word}</strong>
        " "
        <small>{why}</small>
    };
    item("unknown", label, body.into_any())
}

fn of_cluster(spec: &KernelSpec, state: &ClusterState, links: Links) -> Vec<AnyView> {
    let facts = spec.facts_of(FactOf::Cluster).filter_map(|of| {
        let fact = state.facts.get(of.key)?;
        let tone = tone(of, fact, &state.facts);
        let is_asked_first = of.key == PRIMARY || of.key == WRITES;
        let is_shown = is_asked_first || (of.show == Show::Tile && tone != "plain");
        is_shown.then(|| item(tone, of.label, of_fact(of, fact, state, links)))
    });
    facts.collect()
}

fn of_fact(of: &FactSpec, fact: &Fact<Value>, state: &ClusterState, links: Links) -> AnyView {
    let primary = state.primary_node().filter(|_| of.key == PRIMARY && links == Links::Followed);
    let word = match (primary, fact) {
        (Some(primary), _) => words::node(&primary.id),
        (None, fact) => escaped(&fact.word(|value| of.words(value))).into_any(),
    };
    let since = match fact {
        Fact::Known(_) => since_of(of, &state.facts).map(|since| since.since),
        Fact::Unknown { unknown, .. } => Some(unknown.since),
    };
    let since = since.map(|at| view! { " since " {time(at)} });
    let margin = margin(of, &state.facts);
    view! { <strong>{word}</strong> {margin} <small>{since}</small> }.into_any()
}

fn of_freeze(freeze: &Result<Option<Freeze>, Refusal>, links: Links) -> Option<AnyView> {
    match freeze {
        Ok(None) => None,
        Ok(Some(Freeze { seq, by, since, reason: _ })) => {
            let by = (links == Links::Followed).then(|| {
                let record = format!("/log/{seq}");
                view! { <a href=record>{format!("by {by}")}</a> }
            });
            let since = view! { " since " {time(*since)} };
            let body = view! { <strong>{by}</strong> <small>{since}</small> };
            Some(item("stop", "Frozen", body.into_any()))
        }
        Err(why) => Some(refused("Freeze", "unknown", why)),
    }
}

fn of_people(
    unfinished: &UnfinishedActions,
    state: &Result<ClusterState, Refusal>,
    links: Links,
) -> Vec<AnyView> {
    let mut items = Vec::new();
    if let Some(one) = &unfinished.in_doubt {
        items.push(item("unknown", "Outcome unknown", named(one, links)));
    }
    let is_shown =
        |id| state.as_ref().ok().and_then(|s| s.under_way.clone()).filter(|p| p.action_id == id);
    if let Some(one) = &unfinished.running {
        let far = is_shown(one.id).map(|far| progress::progress(&far));
        let body = view! { {named(one, links)} {far} };
        items.push(item("open", "Running", body.into_any()));
    }
    let Some((first, others)) = unfinished.waiting.split_first() else { return items };
    let others = others.iter().map(|one| view! { "; " {named(one, links)} }).collect_view();
    let left = unfinished.waiting_in_all.saturating_sub(unfinished.waiting.len());
    let left = (left > 0).then(|| format!("; and {}", counted(left, "older request")));
    let body = view! { {named(first, links)} {others} <small>{left}</small> };
    items.push(item("open", "Waiting for confirmation", body.into_any()));
    items
}

/// An action in words, who answers for it, and since when.
fn named(one: &UnfinishedAction, links: Links) -> AnyView {
    let (title, by) = match links {
        Links::Followed => {
            let title = escaped(&capital(&words::title(&one.action)));
            let title = view! { <a href=format!("/actions/{}", one.id)>{title}</a> };
            (title.into_any(), format!(" by {} since ", one.by))
        }
        Links::Plain => {
            (escaped(&stakeholder::title(&one.action)).into_any(), " since ".to_owned())
        }
    };
    view! { <strong>{title}</strong> <small>{by} {time(one.since)}</small> }.into_any()
}
