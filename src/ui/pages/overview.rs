//! `GET /`: the cluster now.

use crate::model::actor::ActorRole;
use crate::model::answer::Overview;
use crate::ui::live::LiveOverview;
use leptos::prelude::*;

/// The overview, which the browser keeps up to date where it can.
pub(super) fn overview(data: Overview, viewer: Option<ActorRole>) -> AnyView {
    view! { <LiveOverview first=data viewer=viewer/> }.into_any()
}
