//! What is not as it should be, with its cause the loudest: a page opened in an incident begins with it.
//!
//! Which values are alarms is said by the spec of the kernel, and so is the fact that says why. What is known
//! of a node stands before what is known of the cluster, which follows from it; nothing is ranked (C2.2).

use crate::model::cluster::ClusterState;
use crate::model::facts::{Fact, Facts, Value};
use crate::model::redact::REDACTED;
use crate::model::spec::{FactOf, FactSpec, KernelSpec, Margin, Show};
use crate::ui::components::cluster_facts::tone;
use crate::ui::components::words::{self, escaped, since_of, time};
use leptos::prelude::*;

/// One fact that is an alarm or unknown.
struct TroubleFact {
    tone: &'static str,
    about: Option<AnyView>,
    says: String,
    why: Option<String>,
    since: Option<crate::model::ambient::Timestamp>,
}

/// Every alarm, and everything large that is unknown; `None` where there is neither.
#[must_use]
pub fn trouble(spec: &KernelSpec, state: &ClusterState) -> Option<AnyView> {
    let nodes = state.nodes.iter().flat_map(|node| {
        let of_node = alarms(spec, FactOf::Node, &node.facts);
        of_node.map(move |found| TroubleFact { about: Some(words::node(&node.id)), ..found })
    });
    let found: Vec<TroubleFact> =
        nodes.chain(alarms(spec, FactOf::Cluster, &state.facts)).collect();
    if found.is_empty() {
        return None;
    }
    let tone = if found.iter().any(|one| one.tone == "stop") { "stop" } else { "unknown" };
    let mut said: Vec<String> = Vec::new();
    let items = found.into_iter().map(|one| item(one, &mut said)).collect_view();
    let section = view! {
        <section class="notice trouble" data-tone=tone data-notice="trouble">
            <h2>"Trouble"</h2>
            <ul>{items}</ul>
        </section>
    };
    Some(section.into_any())
}

/// The facts of one subject that are alarms; of the cluster also what is shown large and unknown. A node
/// that cannot be reached has many unknown facts for that one reason.
fn alarms(spec: &KernelSpec, of: FactOf, facts: &Facts) -> impl Iterator<Item = TroubleFact> {
    spec.facts_of(of).filter_map(move |spec| {
        let fact = facts.get(spec.key)?;
        let is_large = spec.show == Show::Tile;
        let tone = tone(spec, fact, facts);
        let is_found = tone == "stop" || (tone == "unknown" && is_large);
        is_found.then(|| found(spec, fact, facts, tone))
    })
}

fn found(of: &FactSpec, fact: &Fact<Value>, facts: &Facts, tone: &'static str) -> TroubleFact {
    let says = format!("{}: {}", of.label, fact.word(|value| of.words(value)));
    let (why, since) = match fact {
        Fact::Unknown { unknown, .. } => (Some(unknown.why.clone()), Some(unknown.since)),
        Fact::Known(_) => match since_of(of, facts) {
            Some(since) => (Some(since.why), Some(since.since)),
            None => (of.margin(facts).and_then(Margin::words), None),
        },
    };
    TroubleFact {
        tone,
        about: None,
        says,
        why: why.filter(|why| !why.is_empty() && why != REDACTED),
        since,
    }
}

/// A cause that stood before is not told again: the second fact has it too.
fn item(found: TroubleFact, said: &mut Vec<String>) -> AnyView {
    let TroubleFact { tone, about, says, why, since } = found;
    let why = why.filter(|why| !said.contains(why));
    let since = since.map(|at| view! { <small>" since " {time(at)}</small> });
    let says = view! { <span>{escaped(&says)} {since}</span> };
    let Some(why) = why else {
        return view! { <li data-tone=tone>{about} " " {says}</li> }.into_any();
    };
    let about = about.map(|about| view! { {about} ": " });
    let cause = view! { <strong class="cause">{about} {escaped(&why)}</strong> };
    said.push(why);
    view! { <li data-tone=tone>{cause} {says}</li> }.into_any()
}
