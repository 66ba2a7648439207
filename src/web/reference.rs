//! What every word means, from the types that run (C12.1).

use super::gate::{SignedIn, credential};
use super::policy::{ACTS, Needs};
use super::query::Segment;
use super::{ReadState, pages};
use crate::ui::{Page, Privileged};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// The whole reference.
pub(super) async fn whole(SignedIn(viewer): SignedIn, State(site): State<ReadState>) -> Response {
    pages::answer(&site, &viewer, Ok(Page::Reference(privileged()))).await
}

/// Every route that writes, with who may use it: the table that the router is built from.
fn privileged() -> Vec<Privileged> {
    let one = |path: &'static str, needs: Needs| Privileged { path, needs: needs.word() };
    ACTS.iter().map(|(_, path, needs)| one(path, *needs)).collect()
}

/// One action of the catalogue in full.
pub(super) async fn action(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    Segment(kind): Segment,
) -> Response {
    let page = site.read.catalogue().named(&kind).map(Page::ReferenceAction).map_err(Into::into);
    pages::answer(&site, &viewer, page).await
}

/// Every way in which an action can go wrong.
pub(super) async fn failures(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
) -> Response {
    pages::answer(&site, &viewer, Ok(Page::ReferenceFailures)).await
}

/// The keys and the preferences: also for who is not signed in yet.
pub(super) async fn help(State(site): State<ReadState>, headers: HeaderMap) -> Response {
    let held = credential(&headers, &site.cookie);
    let viewer = held.and_then(|held| site.authority.viewer(&held, site.clock.now()).ok());
    let viewer = viewer.map(|viewer| site.narrowed(viewer));
    pages::draw(&site, viewer.as_ref(), Page::Help, StatusCode::OK).await
}
