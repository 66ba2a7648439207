//! `GET /`: the cluster now.

use crate::model::actor::ActorRole;
use crate::model::spec::KernelSpec;
use crate::ui::OverviewView;
use crate::ui::components::trace;
use crate::ui::pages::checklist;
use crate::ui::parts;
use leptos::prelude::*;

/// The overview, which the browser keeps up to date where it can.
pub(super) fn overview(
    spec: &KernelSpec,
    data: OverviewView,
    viewer: Option<ActorRole>,
) -> AnyView {
    let OverviewView { overview, trace } = data;
    let traced = trace::trace(spec, &trace);
    let nodes: Vec<_> = overview.state.nodes.iter().map(|node| node.id.clone()).collect();
    let checklists = checklist::list(spec, &nodes);
    view! {
        {parts::live_overview(spec, overview, viewer)}
        {checklists}
        {traced}
    }
    .into_any()
}
