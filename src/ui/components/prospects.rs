//! Actions as they would be judged now, each with every rule that speaks against it.

use crate::model::actor::ActorRole;
use crate::model::explanation::ActionPreview;
use crate::model::spec::{ActionSpec, ParameterKind, ParameterSpec};
use crate::ui::components::rules::{COLUMNS, height_of, rows_of, table};
use crate::ui::components::words::{capital, counted};
use crate::ui::components::{badge, words};
use leptos::prelude::*;

/// The table, in the order given, which is that of the catalogue: it ranks nothing (C2.2). What the
/// rules speak against is shown with those rules, never hidden.
#[must_use]
pub fn prospects(
    caption: &'static str,
    prospects: &[ActionPreview],
    viewer: Option<ActorRole>,
) -> AnyView {
    let asks = viewer == Some(ActorRole::Operator);
    let rows = prospects.iter().flat_map(|prospect| rows(prospect, asks)).collect();
    table(caption, "Action", rows)
}

/// A list of actions that no rule speaks against now, in the order given.
#[must_use]
pub fn offered(prospects: &[ActionPreview], viewer: Option<ActorRole>) -> AnyView {
    let asks = viewer == Some(ActorRole::Operator);
    let item = |prospect: &ActionPreview| {
        view! {
            <li>
                {title(prospect, asks)}
                <small class="since">
                    {badge::verdict(prospect.verdict)} {format!(": {}", passed(prospect))}
                </small>
            </li>
        }
    };
    view! { <ul class="sentences">{prospects.iter().map(item).collect_view()}</ul> }.into_any()
}

fn rows(prospect: &ActionPreview, asks: bool) -> Vec<AnyView> {
    let height = height_of(&prospect.against).max(1).to_string();
    let mut heading = Some(view! {
        <th scope="rowgroup" rowspan=height>
            {title(prospect, asks)}
            <small class="since">
                {badge::verdict(prospect.verdict)} {format!(": {}", passed(prospect))}
            </small>
        </th>
    });
    if prospect.against.is_empty() {
        let row = view! {
            <tr>
                {heading} <td colspan=COLUMNS.len().to_string()>"All pre-conditions pass."</td>
            </tr>
        };
        return vec![row.into_any()];
    }
    let rows = |check| rows_of(check, heading.take().map(IntoAny::into_any));
    prospect.against.iter().flat_map(rows).collect()
}

fn passed(prospect: &ActionPreview) -> String {
    let checked = prospect.checked;
    format!("{} of {} pass", checked - prospect.against.len(), counted(checked, "check"))
}

/// The action in words. Only what the page names is carried to the form (C2.2): a node and what it has;
/// a position that the action was judged for is not.
fn title(prospect: &ActionPreview, asks: bool) -> AnyView {
    let kind = prospect.action.kind();
    let title = capital(&words::title(&prospect.action));
    let entry = words::catalogue().action(kind);
    let note = entry.and_then(ActionSpec::offered_position);
    let note = note.map(|note| view! { <small class="since">{note}</small> });
    let title = if !prospect.against.is_empty() {
        view! { <span class="impossible">{title}</span> }.into_any()
    } else if asks {
        let is_named = |parameter: &&ParameterSpec| {
            matches!(parameter.kind, ParameterKind::Item { .. }) || parameter.kind.is_node()
        };
        let parameters = entry.map_or(&[] as &[ParameterSpec], |entry| entry.parameters);
        let named: String = parameters
            .iter()
            .filter(is_named)
            .filter_map(|p| Some(format!("&{}={}", p.name, prospect.action.params().get(p.name)?)))
            .collect();
        view! { <a href=format!("/actions/new?kind={kind}{named}")>{title}</a> }.into_any()
    } else {
        view! { <span>{title}</span> }.into_any()
    };
    view! { {title} " " {words::kind(kind)} {note} }.into_any()
}
