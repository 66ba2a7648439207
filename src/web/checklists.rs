//! A checklist, as a page and as JSON: both are drawn from the same value.

use super::gate::SignedIn;
use super::query::TwoSegments;
use super::{ReadState, pages};
use crate::model::checklist::ChecklistAnswer;
use crate::model::refusal::Refusal;
use crate::model::text::NodeId;
use crate::ui::Page;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

/// The page of a checklist.
pub(super) async fn page(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    place: TwoSegments,
) -> Response {
    let page = checklist(&site, place).await.map(|answer| Page::Checklist(Box::new(answer)));
    pages::answer(&site, &viewer, page).await
}

/// The same as JSON.
pub(super) async fn json(
    _: SignedIn,
    State(site): State<ReadState>,
    place: TwoSegments,
) -> Result<Json<ChecklistAnswer>, Refusal> {
    checklist(&site, place).await.map(Json)
}

async fn checklist(
    site: &ReadState,
    TwoSegments(key, node): TwoSegments,
) -> Result<ChecklistAnswer, Refusal> {
    site.read.checklist(&key, NodeId::parse_field("node", &node)?).await
}
