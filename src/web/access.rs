//! Who can get in: the reader's own sessions and the links for everybody with an account, and every
//! account, session and token for an auditor alone. No secret is in any of it.

use super::gate::SignedIn;
use super::query::Query;
use super::{ReadState, pages};
use crate::authority::{Auditor, Viewer};
use crate::model::access_list::AccessPart;
use crate::model::link::{AccessAnswer, EverybodyAnswer};
use crate::model::refusal::Refusal;
use crate::model::text::InputError;
use crate::ui::{AccessView, Page};
use axum::Json;
use axum::extract::State;
use axum::response::Response;

/// The page of the links and the reader's own sessions.
pub(super) async fn own(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Response {
    let page = of_reader(&site, &viewer, query).map(|answer| {
        let link_id = pages::fresh_id(&site);
        Page::Access(Box::new(AccessView { answer, link_id }))
    });
    pages::answer(&site, &viewer, page).await
}

/// The same as JSON.
pub(super) async fn own_json(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Json<AccessAnswer>, Refusal> {
    of_reader(&site, &viewer, query).map(Json)
}

/// The page of everybody who can get in.
pub(super) async fn everybody(
    auditor: Auditor,
    State(site): State<ReadState>,
    query: Query,
) -> Response {
    let page = of_all(&site, &auditor, query).map(|all| Page::Everybody(Box::new(all)));
    pages::answer(&site, auditor.viewer(), page).await
}

/// The same as JSON.
pub(super) async fn everybody_json(
    auditor: Auditor,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Json<EverybodyAnswer>, Refusal> {
    of_all(&site, &auditor, query).map(Json)
}

fn of_reader(site: &ReadState, viewer: &Viewer, query: Query) -> Result<AccessAnswer, Refusal> {
    let (part, now) = (part(query)?, site.clock.now());
    site.authority.access(viewer, part.as_ref(), now).map_err(|denied| denied.refusal())
}

fn of_all(site: &ReadState, auditor: &Auditor, query: Query) -> Result<EverybodyAnswer, Refusal> {
    let (part, now) = (part(query)?, site.clock.now());
    site.authority.everybody(auditor, part.as_ref(), now).map_err(|denied| denied.refusal())
}

/// Takes `list` and `after`.
fn part(mut query: Query) -> Result<Option<AccessPart>, InputError> {
    let (list, after) = (query.optional("list"), query.optional("after"));
    query.finish()?;
    AccessPart::parse(list.as_deref(), after)
}
