//! Facts before and after, grouped by what they are about.

use crate::model::facts::{FactChange, FactSubject};
use crate::model::spec::KernelSpec;
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::escaped;
use leptos::prelude::*;

/// The predicted changes, each subject with its own.
#[must_use]
pub fn effects(spec: &KernelSpec, effects: &[FactChange]) -> AnyView {
    if effects.is_empty() {
        return view! {
            <p class="none">"No fact of the observation is predicted to change."</p>
        }
        .into_any();
    }
    let mut rows = Vec::new();
    for of_subject in effects.chunk_by(|one, next| one.subject == next.subject) {
        let name = match of_subject.first().map(|change| &change.subject) {
            Some(FactSubject::Node(node)) => node.to_string(),
            Some(FactSubject::Item { kind, node, name }) => {
                format!("{node} {} {name}", kind.words())
            }
            _ => "Cluster".to_owned(),
        };
        rows.extend(group(spec, &name, of_subject));
    }
    table("Predicted changes", ["Before", "After"], rows)
}

/// Where the observation after an action differs from what was explained.
#[must_use]
pub fn differences(spec: &KernelSpec, differences: &[FactChange]) -> AnyView {
    let name = |change: &FactChange| spec.name(change);
    let rows = differences.iter().map(|change| row(spec, None, name(change), change)).collect();
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

fn group(spec: &KernelSpec, name: &str, effects: &[FactChange]) -> Vec<AnyView> {
    let mut heading = Some(view! {
        <th scope="rowgroup" rowspan=effects.len().to_string()>
            {escaped(name)}
        </th>
    });
    let row = |change: &FactChange| {
        let name = match &change.subject {
            FactSubject::Words(words) => words.clone(),
            subject => spec.label(subject, &change.fact),
        };
        row(spec, heading.take().map(IntoAny::into_any), name, change)
    };
    effects.iter().map(row).collect()
}

fn row(spec: &KernelSpec, heading: Option<AnyView>, name: String, change: &FactChange) -> AnyView {
    let FactChange { subject, fact, before, after } = change;
    view! {
        <tr>
            {heading} <th scope="row">{escaped(&name)}</th>
            <td>{escaped(&spec.value(subject, fact, before))}</td>
            <td>
                <strong>{escaped(&spec.value(subject, fact, after))}</strong>
            </td>
        </tr>
    }
    .into_any()
}
