//! One node, as a page and as JSON: both are drawn from the same value.

use super::gate::SignedIn;
use super::query::{Query, Segment};
use super::traces::HeldCredential;
use super::{ReadState, pages};
use crate::model::event::EventPlace;
use crate::model::node_answer::NodeAnswer;
use crate::model::refusal::Refusal;
use crate::model::text::NodeId;
use crate::ui::Page;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

/// The page of one node.
pub(super) async fn page(
    SignedIn(viewer): SignedIn,
    held: HeldCredential,
    State(site): State<ReadState>,
    Segment(id): Segment,
    query: Query,
) -> Response {
    let page = node(&site, &id, query).await.map(|answer| {
        site.shown(&held, viewer.expires_at(), &answer.state);
        Page::Node(Box::new(answer))
    });
    pages::answer(&site, &viewer, page).await
}

/// The same as JSON.
pub(super) async fn json(
    _: SignedIn,
    State(site): State<ReadState>,
    Segment(id): Segment,
    query: Query,
) -> Result<Json<NodeAnswer>, Refusal> {
    node(&site, &id, query).await.map(Json)
}

async fn node(site: &ReadState, id: &str, mut query: Query) -> Result<NodeAnswer, Refusal> {
    let id = NodeId::parse_field("id", id)?;
    let before = query.optional("before");
    let before = before.map(|text| EventPlace::parse_field("before", &text)).transpose()?;
    query.finish()?;
    site.read.node(id, before).await
}
