//! `GET /`: the cluster now.

use crate::model::actor::ActorRole;
use crate::ui::OverviewView;
use crate::ui::components::trace;
use crate::ui::parts;
use leptos::prelude::*;

/// The overview, which the browser keeps up to date where it can.
pub(super) fn overview(data: OverviewView, viewer: Option<ActorRole>) -> AnyView {
    let OverviewView { overview, trace } = data;
    let drawn = trace::trace(&trace);
    view! {
        {parts::live_overview(overview, viewer)}
        {drawn}
    }
    .into_any()
}
