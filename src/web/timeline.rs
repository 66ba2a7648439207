//! The timeline, as a page and as JSON: both are drawn from the same value.

use super::gate::SignedIn;
use super::query::Query;
use super::{Reading, pages};
use crate::model::refusal::Refusal;
use crate::model::timeline::{Timeline, TimelineKey};
use crate::ui::Page;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

/// The page.
pub(super) async fn page(
    SignedIn(viewer): SignedIn,
    State(site): State<Reading>,
    query: Query,
) -> Response {
    let page = timeline(&site, query).await.map(|told| Page::Timeline(Box::new(told)));
    pages::answer(&site, &viewer, page).await
}

/// The same as JSON.
pub(super) async fn json(
    _: SignedIn,
    State(site): State<Reading>,
    query: Query,
) -> Result<Json<Timeline>, Refusal> {
    timeline(&site, query).await.map(Json)
}

async fn timeline(site: &Reading, mut query: Query) -> Result<Timeline, Refusal> {
    let before = query.optional("before");
    let before = before.map(|text| TimelineKey::parse_field("before", &text)).transpose()?;
    let limit = query.limit()?;
    query.finish()?;
    site.read.timeline(before, limit).await
}
