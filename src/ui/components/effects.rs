//! Facts before and after, grouped by what they are about.

use crate::model::pinned::{Moved, Pinned};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::say;
use leptos::prelude::*;

/// The predicted changes, the cluster first and then each node.
#[must_use]
pub fn effects(effects: &[Moved], pinned: &Pinned) -> AnyView {
    if effects.is_empty() {
        return view! {
            <p class="none">"No fact of the observation is predicted to change."</p>
        }
        .into_any();
    }
    let mut rows = group("Cluster", effects.iter().filter(|e| node_of(e, pinned).is_none()));
    for node in &pinned.nodes {
        let of_node = effects.iter().filter(|e| node_of(e, pinned) == Some(node.id.as_str()));
        rows.extend(group(node.id.as_str(), of_node));
    }
    table("Predicted changes", ["Before", "After"], rows)
}

/// Where the observation after an action differs from what was explained.
#[must_use]
pub fn differences(differences: &[Moved]) -> AnyView {
    let rows = differences.iter().map(|moved| row(None, moved)).collect();
    table("Differences from the explanation", ["Explained", "Observed"], rows)
}

fn table(caption: &'static str, columns: [&'static str; 2], rows: Vec<AnyView>) -> AnyView {
    let about = (caption == "Predicted changes").then(|| view! { <th scope="col">"Of"</th> });
    let [first, second] = columns;
    scrolling(
        caption,
        view! {
            <table class="effects">
                <caption>{caption}</caption>
                <thead>
                    <tr>
                        {about} <th scope="col">"Fact"</th> <th scope="col">{first}</th>
                        <th scope="col">{second}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

/// The node that a fact is about. The whole name of the fact is compared, because a node may be
/// called like the first word of a fact of the cluster.
fn node_of<'a>(effect: &Moved, pinned: &'a Pinned) -> Option<&'a str> {
    let names = ["role", "reachable", "epoch", "checkpoint", "first entry"];
    pinned.nodes.iter().map(|node| node.id.as_str()).find(|id| {
        names.iter().any(|name| {
            effect.fact.strip_prefix(id).and_then(|rest| rest.strip_prefix(' ')) == Some(name)
        })
    })
}

fn group<'a>(name: &str, effects: impl Iterator<Item = &'a Moved>) -> Vec<AnyView> {
    let effects: Vec<_> = effects.collect();
    let mut heading = Some(view! {
        <th scope="rowgroup" rowspan=effects.len().to_string()>
            {name.to_owned()}
        </th>
    });
    effects.iter().map(|moved| row(heading.take().map(IntoAny::into_any), moved)).collect()
}

fn row(heading: Option<AnyView>, moved: &Moved) -> AnyView {
    view! {
        <tr>
            {heading} <th scope="row">{say(&moved.fact)}</th> <td>{say(&moved.before)}</td>
            <td>
                <strong>{say(&moved.after)}</strong>
            </td>
        </tr>
    }
    .into_any()
}
