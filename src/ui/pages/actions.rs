//! `GET /actions`: every request that was made, newest first.

use crate::model::actor::ActorRole;
use crate::model::answer::ActionLine;
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{self, capital, counted, escaped, time, title};
use crate::ui::components::{badge, forms, list_filter};
use crate::ui::filter::{FilterInPlace, found};
use crate::ui::live::ChangeNotice;
use crate::ui::{ActionsView, Frame, pages};
use leptos::prelude::*;

/// The list of actions.
pub(super) fn actions(data: &ActionsView, frame: &Frame) -> AnyView {
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
    let shown = &data.page.actions;
    let list = if shown.is_empty() {
        view! { <p class="none">"There is no such action in this part of the list."</p> }.into_any()
    } else {
        table(shown)
    };
    let older = data.older.clone().map(|address| {
        view! {
            <p>
                <a href=address>"Older actions"</a>
            </p>
        }
    });
    let actors = shown.iter().map(|line| line.requested_by.to_string()).collect();
    let count = format!("{} shown.", counted(shown.len(), "action"));
    let part = view! {
        {list}
        {older}
        {list_filter::exports("actions", &data.typed)}
    };
    let freeze = (viewer == Some(ActorRole::Operator)).then(|| match frame.freeze() {
        Ok(None) => forms::freeze(frame.freeze_id),
        Ok(Some(freeze)) => forms::unfreeze(freeze),
        // Without knowing what stands there is nothing to declare and nothing to lift.
        Err(_) => ().into_any(),
    });
    view! {
        <ChangeNotice/>
        {pages::refusal(data.refusal.as_ref())}
        {ask}
        {list_filter::presets("/actions")}
        {list_filter::of_actions(&data.typed, &frame.nodes(), &actors)}
        <FilterInPlace/>
        {data.refusal.is_none().then(|| found(count, part.into_any()))}
        {freeze}
    }
    .into_any()
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
                        <th scope="col">"Reason"</th>
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
            <td class="says">{escaped(line.reason.as_str())}</td>
            <td>{badge::stage(line.stage, line.interrupted)}</td>
            <td>{line.requested_by.to_string()}</td>
            <td>{time(line.requested_at)}</td>
            <td>{words::id(line.id)}</td>
        </tr>
    }
    .into_any()
}
