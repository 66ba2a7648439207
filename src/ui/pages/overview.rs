//! `GET /`: the cluster now.

use crate::ui::components::trace;
use crate::ui::pages::checklist;
use crate::ui::{Frame, OverviewView, parts};
use leptos::prelude::*;

/// The overview, which the browser keeps up to date where it can.
pub(super) fn overview(frame: &Frame, data: OverviewView) -> AnyView {
    let spec = frame.spec;
    let OverviewView { overview, trace } = data;
    let traced = trace::trace(spec, &trace);
    let nodes: Vec<_> = overview.state.nodes.iter().map(|node| node.id.clone()).collect();
    let checklists = checklist::list(spec, &nodes);
    view! {
        {parts::live_overview(spec, overview, frame.viewer(), frame.unfinished())}
        {checklists}
        {traced}
    }
    .into_any()
}
