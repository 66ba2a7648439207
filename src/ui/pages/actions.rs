//! `GET /actions`: every request that was made, newest first.

use crate::model::actor::ActorRole;
use crate::model::answer::{ActionLine, ActionPage};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{capital, time, title};
use crate::ui::components::{badge, forms};
use crate::ui::live::ChangeNotice;
use crate::ui::{Frame, pages};
use leptos::prelude::*;

/// The list of actions.
pub(super) fn actions(data: &ActionPage, frame: &Frame) -> AnyView {
    let viewer = frame.viewer();
    let ask = if viewer == Some(ActorRole::Operator) {
        view! {
            <p>
                <a class="button" href="/actions/new">
                    "Request an action"
                </a>
            </p>
        }
        .into_any()
    } else {
        pages::for_operators(viewer, "ask for an action")
    };
    let list = if data.actions.is_empty() {
        view! { <p class="none">"No action was asked for in this part of the list."</p> }.into_any()
    } else {
        table(&data.actions)
    };
    let older = data.next_before.map(|seq| {
        view! {
            <p>
                <a href=format!("/actions?before={seq}")>"Older actions"</a>
            </p>
        }
    });
    let freeze = (viewer == Some(ActorRole::Operator)).then(|| match frame.freeze() {
        Ok(None) => forms::freeze(frame.freeze_id),
        Ok(Some(freeze)) => forms::unfreeze(freeze),
        // Without knowing what stands there is nothing to declare and nothing to lift.
        Err(_) => ().into_any(),
    });
    view! { <ChangeNotice/> {ask} {list} {older} {freeze} }.into_any()
}

/// Actions in the order given, which is newest first.
pub(super) fn table(actions: &[ActionLine]) -> AnyView {
    let rows = actions.iter().map(row).collect_view();
    scrolling(
        "Actions",
        view! {
            <table class="actions">
                <caption>"Actions, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Seq"</th>
                        <th scope="col">"Action"</th>
                        <th scope="col">"Stage"</th>
                        <th scope="col">"Asked by"</th>
                        <th scope="col">"Asked at (UTC)"</th>
                        <th scope="col">"Id"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn row(line: &ActionLine) -> AnyView {
    view! {
        <tr>
            <td class="number">{line.seq.to_string()}</td>
            <th scope="row">
                <a href=format!("/actions/{}", line.id)>{capital(&title(&line.action))}</a>
            </th>
            <td>{badge::stage(line.stage, line.interrupted)}</td>
            <td>{line.requested_by.to_string()}</td>
            <td>{time(line.requested_at)}</td>
            <td>
                <code>{line.id.short()}</code>
            </td>
        </tr>
    }
    .into_any()
}
