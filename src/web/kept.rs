//! What the log keeps, each under an address that can be shared: it shows the same for ever.

use super::gate::SignedIn;
use super::query::{Query, Segment};
use super::{ReadState, api, pages};
use crate::model::canonical::Hash;
use crate::model::kept::KeptObservation;
use crate::model::refusal::Refusal;
use crate::model::text::InputError;
use crate::ui::Page;
use axum::Json;
use axum::extract::State;
use axum::response::Response;

/// The page of one record.
pub(super) async fn record(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    Segment(seq): Segment,
    query: Query,
) -> Response {
    let page = nothing_else(query)
        .and_then(|()| Ok(api::sequence(&seq)?))
        .and_then(|seq| site.read.record_page(seq))
        .map(|answer| Page::Record(Box::new(answer)));
    pages::answer(&site, &viewer, page).await
}

/// The page of an observation that the log keeps.
pub(super) async fn observation(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    Segment(hash): Segment,
    query: Query,
) -> Response {
    let page = kept(&site, &hash, query).map(|kept| Page::Observation(Box::new(kept)));
    pages::answer(&site, &viewer, page).await
}

/// The same as JSON.
pub(super) async fn observation_json(
    _: SignedIn,
    State(site): State<ReadState>,
    Segment(hash): Segment,
    query: Query,
) -> Result<Json<KeptObservation>, Refusal> {
    kept(&site, &hash, query).map(Json)
}

fn kept(site: &ReadState, hash: &str, query: Query) -> Result<KeptObservation, Refusal> {
    nothing_else(query)?;
    let wrong = || InputError::new("hash", hash, "a SHA-256 in 64 hexadecimal digits");
    site.read.kept_observation(Hash::parse(hash).ok_or_else(wrong)?)
}

/// A permalink takes no parameter.
fn nothing_else(query: Query) -> Result<(), Refusal> {
    Ok(query.finish()?)
}
