//! `GET /checklists/{key}`: the state of a longer piece of work, as facts with links to forms.

use crate::model::action::Action;
use crate::model::actor::ActorRole;
use crate::model::checklist::{ChecklistAnswer, ChecklistRow};
use crate::model::explanation::Verdict;
use crate::model::spec::{ChecklistSpec, KernelSpec};
use crate::model::text::NodeId;
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{self, capital, escaped, observation};
use crate::ui::components::{badge, copyable};
use crate::ui::live::ChangeNotice;
use leptos::prelude::*;

/// The rows of one checklist in one observation.
pub(super) fn checklist(
    spec: &KernelSpec,
    data: &ChecklistAnswer,
    viewer: Option<ActorRole>,
) -> AnyView {
    let about = spec.checklist(&data.key);
    let asks = viewer == Some(ActorRole::Operator);
    let rows = data.rows.iter().map(|row| table_row(row, asks)).collect_view();
    let open = data.rows.iter().filter(|row| row.verdict != Verdict::Pass).count();
    let all = data.rows.len();
    let others = data.state.nodes.iter().filter(|node| node.id != data.node).map(|node| {
        let address = format!("/checklists/{}/{}", data.key, node.id);
        view! { " " <a href=address>{node.id.to_string()}</a> }
    });
    view! {
        <ChangeNotice/>
        {about.map(|about| view! { <p>{about.help}</p> <p><strong>{data.node.to_string()}</strong>": "{about.node}</p> })}
        {observation(&data.state.observation)}
        <p>
            <strong>{format!("{} of {all} hold now.", all - open)}</strong>
            " The order is fixed, and nothing here goes on by itself: each action is asked for, explained \
            and confirmed on its own."
        </p>
        {scrolling(
            "Checklist",
            view! {
                <table class="rules">
                    <caption>"Checklist"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Statement"</th>
                            <th scope="col">"Holds"</th>
                            <th scope="col">"Found"</th>
                            <th scope="col">"Source"</th>
                            <th scope="col">"Action"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            }
                .into_any(),
        )}
        <p>"The same for another node:" {others.collect_view()}</p>
        {copyable::address(&format!("/checklists/{}/{}", data.key, data.node))}
    }
    .into_any()
}

fn table_row(row: &ChecklistRow, asks: bool) -> AnyView {
    let action = row.action.as_ref().map(|action| link(action, asks));
    // What does not hold yet is no alarm: most of it is what the work is there for.
    let unread = (row.verdict == Verdict::Unknown).then(|| row.verdict.word());
    let by_hand = row.by_hand.as_ref().map(|what| {
        view! { <p>"By hand: " {escaped(what)}</p> }
    });
    view! {
        <tr data-verdict=unread>
            <th scope="row">{escaped(&row.statement)}</th>
            <td>{badge::holds(row.verdict)}</td>
            <td>{escaped(&row.found)}</td>
            <td>{escaped(&row.source)}</td>
            <td>{action} {by_hand}</td>
        </tr>
    }
    .into_any()
}

/// The form of the action, with the values that the row names.
fn link(action: &Action, asks: bool) -> AnyView {
    let title = capital(&words::title(action));
    if !asks {
        return view! { <span>{title}</span> }.into_any();
    }
    let kind = action.kind();
    let pairs = action.params().iter().map(|(name, value)| format!("&{name}={}", encoded(value)));
    let address = format!("/actions/new?kind={kind}{}", pairs.collect::<String>());
    view! { <a href=address>{title}</a> }.into_any()
}

/// A value within an address.
fn encoded(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    value.bytes().map(byte).collect()
}

/// The checklists that the kernel has, each with a link for every node; nothing where it has none.
pub(super) fn list(spec: &KernelSpec, nodes: &[NodeId]) -> Option<AnyView> {
    let item = |list: &ChecklistSpec| {
        let links = nodes.iter().map(|node| {
            let address = format!("/checklists/{}/{node}", list.key);
            view! { " " <a href=address>{node.to_string()}</a> }
        });
        view! {
            <li>
                <strong>{list.title}</strong>
                ": "
                {list.help}
                {links.collect_view()}
            </li>
        }
    };
    let items = spec.checklists.iter().map(item).collect_view();
    (!spec.checklists.is_empty()).then(|| {
        view! {
            <section>
                <h2>"Checklists"</h2>
                <ul class="sentences">{items}</ul>
            </section>
        }
        .into_any()
    })
}
