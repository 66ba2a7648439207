//! The timeline: which page of it is asked for, and its JSON.

use super::Reading;
use super::gate::SignedIn;
use super::query::Query;
use crate::model::refusal::Refusal;
use crate::model::timeline::{Timeline, TimelineKey};
use axum::Json;
use axum::extract::State;

/// The timeline as JSON.
pub(super) async fn json(
    _: SignedIn,
    State(site): State<Reading>,
    query: Query,
) -> Result<Json<Timeline>, Refusal> {
    let (before, limit) = asked(query)?;
    site.read.timeline(before, limit).await.map(Json)
}

/// Which page of it is asked for.
pub(super) fn asked(mut query: Query) -> Result<(Option<TimelineKey>, u32), Refusal> {
    let before = query.optional("before");
    let before = before.map(|text| TimelineKey::parse_field("before", &text)).transpose()?;
    let limit = query.limit()?;
    query.finish()?;
    Ok((before, limit))
}
