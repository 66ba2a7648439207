//! What nodes have several of: one table for each kind that the kernel declares.

use crate::model::cluster::ItemState;
use crate::model::facts::Fact;
use crate::model::spec::{FactSpec, ItemSpec, KernelSpec, Show};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{escaped, fact, node};
use leptos::prelude::*;

/// A section with a table for each kind of item that there is one of; nothing where there is none.
#[must_use]
pub fn items(spec: &KernelSpec, items: &[&ItemState]) -> Option<AnyView> {
    let tables = spec.items.iter().filter_map(|of| table(spec, of, items)).collect_view();
    (!items.is_empty()).then(|| tables.into_any())
}

fn table(spec: &KernelSpec, of: &ItemSpec, items: &[&ItemState]) -> Option<AnyView> {
    let of_kind: Vec<&&ItemState> = items.iter().filter(|item| *item.kind == *of.kind).collect();
    if of_kind.is_empty() {
        return None;
    }
    let shown = spec.facts_of_item(of.kind).filter(|fact| fact.show != Show::Hidden);
    let columns: Vec<&FactSpec> = shown.collect();
    let headings = columns.iter().map(|of| view! { <th scope="col">{of.label}</th> });
    let headings = headings.collect_view();
    let rows = of_kind.iter().map(|item| row(&columns, item)).collect_view();
    let section = view! {
        <section>
            <h2>{of.label}</h2>
            <p>{of.help}</p>
            {scrolling(
                of.label,
                view! {
                    <table class="reference">
                        <caption>{of.label}</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Node"</th>
                                <th scope="col">"Name"</th>
                                {headings}
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                }
                    .into_any(),
            )}
        </section>
    };
    Some(section.into_any())
}

fn row(columns: &[&FactSpec], item: &ItemState) -> AnyView {
    let cell = |of: &&FactSpec| {
        let value = item.facts.get(of.key);
        let value = value.map(|value: &Fact<_>| fact(of, value));
        view! { <td>{value}</td> }
    };
    let cells = columns.iter().map(cell).collect_view();
    view! {
        <tr>
            <td>{node(&item.node)}</td>
            <th scope="row">{escaped(&item.name)}</th>
            {cells}
        </tr>
    }
    .into_any()
}
