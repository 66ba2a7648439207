//! The timeline, as a page and as JSON: both are drawn from the same value.

use super::gate::SignedIn;
use super::query::Query;
use super::{Reading, pages};
use crate::model::refusal::Refusal;
use crate::model::timeline::{Timeline, TimelineKey};
use crate::model::timeline_filter::TimelineFilter;
use crate::ui::{Page, TimelineView};
use axum::Json;
use axum::extract::State;
use axum::response::Response;

/// The page.
pub(super) async fn page(
    SignedIn(viewer): SignedIn,
    State(site): State<Reading>,
    query: Query,
) -> Response {
    let page = view(&site, query).await.map(|view| Page::Timeline(Box::new(view)));
    pages::answer(&site, &viewer, page).await
}

/// The same as JSON.
pub(super) async fn json(
    _: SignedIn,
    State(site): State<Reading>,
    query: Query,
) -> Result<Json<Timeline>, Refusal> {
    view(&site, query).await.map(|view| Json(view.told))
}

async fn view(site: &Reading, mut query: Query) -> Result<TimelineView, Refusal> {
    let before = query.optional("before");
    let before = before.map(|text| TimelineKey::parse_field("before", &text)).transpose()?;
    let limit = query.limit()?;
    let filter = TimelineFilter::parse(|name| query.optional(name))?;
    query.finish()?;
    let told = site.read.timeline(&filter, before, limit).await?;
    let older = told.next_before.map(|before| {
        let mut pairs = filter.pairs();
        pairs.extend([("before", before.to_string()), ("limit", limit.to_string())]);
        let pairs = serde_urlencoded::to_string(pairs).expect("pairs of text can be encoded");
        format!("/timeline?{pairs}")
    });
    Ok(TimelineView { told, filter, older })
}
