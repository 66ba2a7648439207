//! The routes that stakeholders see too. They hold a [`RedactedReads`], and so nothing that was not redacted
//! for whoever asks.

use super::query::{Query, Segment};
use super::redacted_reads::{RedactedReads, RequestReader};
use super::{refusal, render, timeline};
use crate::model::actor::ActorRole;
use crate::model::answer::Overview;
use crate::model::refusal::Refusal;
use crate::model::timeline_filter::TimelineFilter;
use crate::ui::{ActionView, Page, Part};
use axum::Json;
use axum::extract::State;
use axum::response::Response;

/// The cluster at a glance.
pub(super) async fn overview(by: RequestReader, State(site): State<RedactedReads>) -> Response {
    let page = site.traced(&by).await.map(|view| Page::Overview(Box::new(view)));
    site.answer(&by, page).await
}

/// The same as JSON.
pub(super) async fn overview_json(
    by: RequestReader,
    State(site): State<RedactedReads>,
) -> Result<Json<Overview>, Refusal> {
    site.overview(&by).await.map(Json)
}

/// The log and the kernel side by side.
pub(super) async fn timeline(
    by: RequestReader,
    State(site): State<RedactedReads>,
    query: Query,
) -> Response {
    let typed = query.typed(&TimelineFilter::FIELDS);
    let asked = timeline::asked(site.catalogue(), query);
    let is_form = asked.is_err();
    match site.timeline(&by, asked).await {
        Err(why) if is_form => {
            let status = refusal::status(why.code);
            let view = timeline::refused(typed, why);
            site.draw(&by, Page::Timeline(Box::new(view)), status).await
        }
        view => site.answer(&by, view.map(|view| Page::Timeline(Box::new(view)))).await,
    }
}

/// One action.
pub(super) async fn action(
    by: RequestReader,
    State(site): State<RedactedReads>,
    Segment(id): Segment,
) -> Response {
    let found = site.action(&by, &id).await;
    let proof = site.proof(&by);
    let reader = by.name();
    let view = |answer| ActionView { answer, refusal: None, proof, typed: None, reader };
    let page = found.map(|answer| Page::Action(Box::new(view(answer))));
    site.answer(&by, page).await
}

/// What stands on every page.
pub(super) async fn status_part(
    by: RequestReader,
    State(site): State<RedactedReads>,
) -> Result<Response, Refusal> {
    let status = Box::new(site.status(&by).await);
    let parts = vec![Part::Status { status, viewer: Some(by.role()) }];
    Ok(render::parts(site.spec(), parts).await)
}

/// The part of the overview that follows the cluster, and what stands on every page from the same
/// observation (C8.4).
pub(super) async fn overview_part(
    by: RequestReader,
    State(site): State<RedactedReads>,
) -> Result<Response, Refusal> {
    let overview = Box::new(site.overview(&by).await?);
    let status = Box::new(site.status_beside(&by, &overview));
    let viewer = Some(by.role());
    let unfinished = Box::new(status.unfinished.as_ref().cloned().unwrap_or_default());
    let overview = Part::Overview { overview, viewer, unfinished };
    let parts = vec![Part::Status { status, viewer }, overview];
    Ok(render::parts(site.spec(), parts).await)
}

/// What has moved since an action was explained.
pub(super) async fn moved_part(
    by: RequestReader,
    State(site): State<RedactedReads>,
    Segment(id): Segment,
) -> Result<Response, Refusal> {
    let compared = Box::new(site.compared(&by, &id).await?);
    // Nobody else has a form that confirms.
    let button = (by.role() == ActorRole::Operator).then(|| Part::Confirm(compared.clone()));
    let parts = [Part::Moved(Some(compared))].into_iter().chain(button).collect();
    Ok(render::parts(site.spec(), parts).await)
}

/// How an action stands.
pub(super) async fn progress_part(
    by: RequestReader,
    State(site): State<RedactedReads>,
    Segment(id): Segment,
) -> Result<Response, Refusal> {
    let answer = Box::new(site.action(&by, &id).await?);
    let parts = vec![Part::Progress { answer, viewer: Some(by.role()) }];
    Ok(render::parts(site.spec(), parts).await)
}

/// That something changed, as server-sent events.
pub(super) async fn events(
    by: RequestReader,
    State(site): State<RedactedReads>,
) -> Result<Response, Refusal> {
    site.events(by)
}
