//! Events of the kernel as a table.

use crate::model::event::KernelEvent;
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{self, escaped, node, time};
use leptos::prelude::*;

/// Events in the order given, which is that of their places and never that of their times.
#[must_use]
pub fn events(caption: &'static str, events: &[KernelEvent]) -> AnyView {
    let rows = events.iter().map(row).collect_view();
    let branch = words::capital(words::catalogue().branch());
    let place = format!("{branch}.position.number");
    scrolling(
        caption,
        view! {
            <table class="records">
                <caption>{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">{place}</th>
                        <th scope="col">"Time (UTC), kernel's clock"</th>
                        <th scope="col">"Kind"</th>
                        <th scope="col">"Node"</th>
                        <th scope="col">"Action"</th>
                        <th scope="col">"What happened"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn row(event: &KernelEvent) -> AnyView {
    let action = event.action_id.map(words::action);
    view! {
        <tr>
            <th scope="row" class="number">{event.place.to_string()}</th>
            <td>{time(event.at)}</td>
            <td>
                <code>{event.kind.word()}</code>
            </td>
            <td>{event.node.as_ref().map(node)}</td>
            <td>{action}</td>
            <td>{escaped(&event.sentence)}</td>
        </tr>
    }
    .into_any()
}
