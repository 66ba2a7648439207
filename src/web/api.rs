//! The reading half of the JSON API: the same answers that the pages show.

use super::ReadState;
use super::gate::SignedIn;
use super::lists::action_filter;
use super::query::{ListRange, Query, Segment};
use crate::model::action::ActionId;
use crate::model::answer::{
    ActionAnswer, ActionPage, ConsistencyProof, ExplainAnswer, InclusionProof, LogPage,
    SessionAnswer, SignedHead, StoredRecord,
};
use crate::model::attestation::ATTESTED_PREFIX;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::event::{EventPage, EventPlace};
use crate::model::log_filter::LogFilter;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::spec::{ActionSpec, KernelSpec};
use crate::model::text::{InputError, NodeId, Reason};

use axum::Json;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse as _, Response};

/// A JSON answer or a refusal.
type JsonResult<T> = Result<Json<T>, Refusal>;

/// One observation of the cluster.
pub(super) async fn cluster(
    _: SignedIn,
    State(site): State<ReadState>,
) -> JsonResult<ClusterState> {
    site.read.observe().await.map(Json)
}

/// One node of one observation.
pub(super) async fn node(
    _: SignedIn,
    State(site): State<ReadState>,
    Segment(id): Segment,
) -> JsonResult<NodeState> {
    let id = NodeId::parse_field("id", &id)?;
    let state = site.read.observe().await?;
    let sentence = format!("The cluster has no node {id}.");
    let missing = || Refusal::new(RefusalCode::NotFound, sentence);
    state.node(&id).cloned().map(Json).ok_or_else(missing)
}

/// The catalogue.
pub(super) async fn catalogue(
    _: SignedIn,
    State(site): State<ReadState>,
) -> Json<&'static [ActionSpec]> {
    Json(site.read.spec().actions)
}

/// What the kernel says of itself: for programs that were built without it.
pub(super) async fn kernel_spec(
    _: SignedIn,
    State(site): State<ReadState>,
) -> Json<&'static KernelSpec> {
    Json(site.read.spec())
}

/// What would be explained now. Nothing is recorded and nothing is asked.
pub(super) async fn explain(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    mut query: Query,
) -> JsonResult<ExplainAnswer> {
    let kind = query.text("kind")?;
    let reason = Reason::parse(&query.text("reason")?)?;
    let attested = query.below(ATTESTED_PREFIX);
    let spec = site.read.spec();
    let action = spec.parse(&kind, &query.rest())?;
    let attested = spec.parse_attested(action.kind(), &attested)?;
    let operator = &viewer.actor().name;
    site.read.explain(&action, &attested, operator, &reason).await.map(Json)
}

/// One page of the actions.
pub(super) async fn actions(
    _: SignedIn,
    State(site): State<ReadState>,
    mut query: Query,
) -> JsonResult<ActionPage> {
    let page = ListRange::take(&mut query)?;
    let filter = action_filter(&site, &mut query)?;
    query.finish()?;
    site.read.actions(page.before, page.limit, &filter).map(Json)
}

/// One action.
pub(super) async fn action(
    _: SignedIn,
    State(site): State<ReadState>,
    Segment(id): Segment,
) -> JsonResult<ActionAnswer> {
    site.read.action(ActionId::parse(&id)?).await.map(Json)
}

/// One page of the log, filtered.
pub(super) async fn log(
    _: SignedIn,
    State(site): State<ReadState>,
    mut query: Query,
) -> JsonResult<LogPage> {
    let page = ListRange::take(&mut query)?;
    let filter = filter(&site, &mut query)?;
    query.finish()?;
    site.read.log(page.before, page.limit, &filter).map(Json)
}

/// One page of what happened in the kernel, newest first.
pub(super) async fn kernel_events(
    _: SignedIn,
    State(site): State<ReadState>,
    mut query: Query,
) -> JsonResult<EventPage> {
    // The key of this list is a place, not a number.
    let before = query.optional("before");
    let before = before.map(|text| EventPlace::parse_field("before", &text)).transpose()?;
    let page = ListRange::take(&mut query)?;
    query.finish()?;
    site.read.events(before, page.limit).await.map(Json)
}

/// The end of the log, signed.
pub(super) async fn head(_: SignedIn, State(site): State<ReadState>) -> JsonResult<SignedHead> {
    site.read.head().map(Json)
}

/// The proof that a record is in the log, or in its first `size` records.
pub(super) async fn proof(
    _: SignedIn,
    State(site): State<ReadState>,
    Segment(seq): Segment,
    mut query: Query,
) -> JsonResult<InclusionProof> {
    let of = query.number("size")?;
    query.finish()?;
    site.read.proof(sequence(&seq)?, of).map(Json)
}

/// The proof that the first `from` records are the beginning of the log, or of its first `to`.
pub(super) async fn consistency(
    _: SignedIn,
    State(site): State<ReadState>,
    mut query: Query,
) -> JsonResult<ConsistencyProof> {
    let required = || InputError::new("from", "", "a number of records from 1");
    let from = query.number("from")?.filter(|from| *from > 0).ok_or_else(required)?;
    let to = query.number("to")?;
    query.finish()?;
    site.read.consistency(from, to).map(Json)
}

/// One file of an export of the log, for the tools that verify one: below the address of the log the
/// names are those of the public layout.
pub(super) async fn log_file(
    _: SignedIn,
    State(site): State<ReadState>,
    uri: Uri,
    query: Query,
) -> Result<Response, Refusal> {
    query.finish()?;
    let name = uri.path().strip_prefix("/api/v1/log/").unwrap_or_default();
    let media = match name {
        "checkpoint" | "vkey" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    let bytes = site.read.log_file(name)?;
    Ok(([(header::CONTENT_TYPE, media)], bytes).into_response())
}

/// One record.
pub(super) async fn record(
    _: SignedIn,
    State(site): State<ReadState>,
    Segment(seq): Segment,
) -> JsonResult<StoredRecord> {
    site.read.record(sequence(&seq)?).map(Json)
}

/// A sequence number in an address.
pub(super) fn sequence(text: &str) -> Result<u64, InputError> {
    let wrong = |_| InputError::new("seq", text, "a whole number from 0");
    text.parse().map_err(wrong)
}

/// Who is signed in.
pub(super) async fn session(SignedIn(viewer): SignedIn) -> Json<SessionAnswer> {
    Json(super::gate::session_answer(&viewer))
}

/// The description of this API.
pub(super) async fn openapi(State(site): State<ReadState>) -> Response {
    let text = site.described.get_or_init(|| super::openapi::text(site.read.catalogue()));
    ([(header::CONTENT_TYPE, "application/json")], text.clone()).into_response()
}

/// The filter of a page of the log, from its query.
pub(super) fn filter(site: &ReadState, query: &mut Query) -> Result<LogFilter, InputError> {
    LogFilter::parse(site.read.catalogue(), |name| query.optional(name))
}
