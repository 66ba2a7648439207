//! Reports: one action or one window of the log, as a page, as Markdown and as JSON.
//!
//! All three are drawn from the same value, which is made from the log alone (C9.3).

use super::ReadState;
use super::gate::SignedIn;
use super::query::{Query, Segment};
use super::refusal;
use super::whole::{self, DownloadExtent, DownloadName};
use super::{pages, presets};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::report::{ActionReport, WindowReport};
use crate::model::text::InputError;
use crate::text;
use crate::text::lines::TextLines;
use crate::text::{DocumentFormat, Half};
use crate::ui::{Page, WindowView};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The report of one action.
pub(super) async fn action_page(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    Segment(id): Segment,
) -> Response {
    let page = of_action(&site, &id).await.map(|told| Page::Report(Box::new(told)));
    pages::answer(&site, &viewer, page).await
}

/// The same as Markdown.
pub(super) async fn action_text(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    Segment(id): Segment,
) -> Response {
    match of_action(&site, &id).await {
        Ok(told) => {
            let what = format!("report-action-{}", told.id);
            markdown(
                &site,
                &what,
                (None, None),
                DownloadExtent::Whole,
                &text::report(site.read.catalogue(), &told),
            )
        }
        Err(why) => pages::refused(&site, Some(&viewer), why).await,
    }
}

/// The same as JSON.
pub(super) async fn action_json(
    _: SignedIn,
    State(site): State<ReadState>,
    Segment(id): Segment,
) -> Result<Json<ActionReport>, Refusal> {
    of_action(&site, &id).await.map(Json)
}

/// The form of a window, and one page of its report where a window is named.
pub(super) async fn window_page(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    mut query: Query,
) -> Response {
    let asked = presets::take(&mut query, site.clock.now());
    if let Ok(Some(window)) = asked {
        return presets::to("/report", ["from", "to"], window, &mut query);
    }
    let typed = |query: &mut Query, name| query.optional(name).unwrap_or_default();
    let mut view = WindowView {
        from: typed(&mut query, "from"),
        to: typed(&mut query, "to"),
        ..WindowView::default()
    };
    let named = !(view.from.is_empty() && view.to.is_empty());
    let rest = asked
        .and_then(|_| WindowPart::take(&mut query))
        .and_then(|part| query.finish().map(|()| part));
    let report = match rest {
        Err(wrong) => Err(wrong.into()),
        Ok(part) => {
            view.after = part.after;
            if named {
                of_window(&site, &view.from, &view.to, part).await.map(Some)
            } else {
                Ok(None)
            }
        }
    };
    let mut status = StatusCode::OK;
    match report {
        Ok(report) => view.report = report,
        Err(why) => {
            status = refusal::status(why.code);
            view.refusal = Some(why);
        }
    }
    pages::draw(&site, Some(&viewer), Page::Window(Box::new(view)), status).await
}

/// The report of a window as Markdown: all of it, or one page where `after` or `limit` asks for that.
pub(super) async fn window_text(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Response {
    let answer = match asked_window(&site, query).await {
        Ok(WindowAnswer::Page(told)) => {
            let span = (Some(told.from), Some(told.to));
            Ok(markdown(
                &site,
                "report",
                span,
                DownloadExtent::Part,
                &text::window(site.read.catalogue(), &told),
            ))
        }
        Ok(WindowAnswer::Whole(from, to)) => whole_window(
            &site,
            from,
            to,
            DocumentFormat::Markdown,
            "md",
            "text/markdown; charset=utf-8",
        ),
        Err(why) => Err(why),
    };
    match answer {
        Ok(answer) => answer,
        Err(why) => pages::refused(&site, Some(&viewer), why).await,
    }
}

/// The same as JSON.
pub(super) async fn window_json(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    match asked_window(&site, query).await? {
        WindowAnswer::Page(told) => Ok(Json(told).into_response()),
        WindowAnswer::Whole(from, to) => {
            whole_window(&site, from, to, DocumentFormat::Json, "json", "application/json")
        }
    }
}

/// Everything of a window, as one document that is written while it is sent.
fn whole_window(
    site: &ReadState,
    from: Timestamp,
    to: Timestamp,
    form: DocumentFormat,
    ending: &'static str,
    media: &'static str,
) -> Result<Response, Refusal> {
    let (read, found) = (site.read.clone(), site.read.find_window(from, to)?);
    let page = move |half, after| match half {
        Half::Records => read.window_records(&found, after, ROWS_MAX),
        Half::Actions => read.window_page(&found, after, ROWS_MAX),
    };
    let parts = text::window_parts(site.read.catalogue(), form, from, to, page);
    let window = (Some(from), Some(to));
    whole::sent(
        site,
        &DownloadName { what: "report", window, extent: DownloadExtent::Whole, ending, media },
        parts,
    )
}

async fn of_action(site: &ReadState, id: &str) -> Result<ActionReport, Refusal> {
    let (read, id) = (site.read.clone(), ActionId::parse(id)?);
    apart(move || read.report(id)).await
}

/// Records on one page of a window, where the request does not say.
const ROWS_DEFAULT: u32 = 50;
/// Most records on one page of a window: each can be the first of an action, which is rebuilt whole.
const ROWS_MAX: u32 = 50;

/// Which part of a window is asked for.
#[derive(Clone, Copy)]
struct WindowPart {
    after: Option<u64>,
    limit: u32,
}

impl WindowPart {
    fn take(query: &mut Query) -> Result<Self, InputError> {
        let after = query.number("after")?;
        Ok(Self { after, limit: query.limit_of(ROWS_DEFAULT, ROWS_MAX)? })
    }
}

/// What of a window was asked for.
enum WindowAnswer {
    /// One page of it.
    Page(WindowReport),
    /// All of it.
    Whole(Timestamp, Timestamp),
}

async fn asked_window(site: &ReadState, mut query: Query) -> Result<WindowAnswer, Refusal> {
    let (from, to) = (query.text("from")?, query.text("to")?);
    let is_part = query.has("after") || query.has("limit");
    let part = WindowPart::take(&mut query)?;
    query.finish()?;
    if is_part {
        return of_window(site, &from, &to, part).await.map(WindowAnswer::Page);
    }
    let (from, to) = window(&from, &to)?;
    Ok(WindowAnswer::Whole(from, to))
}

async fn of_window(
    site: &ReadState,
    from: &str,
    to: &str,
    part: WindowPart,
) -> Result<WindowReport, Refusal> {
    let (from, to) = window(from, to)?;
    let read = site.read.clone();
    apart(move || read.window(from, to, part.after, part.limit)).await
}

/// Rebuilds what takes long away from the threads that answer everybody.
async fn apart<T: Send + 'static>(
    rebuild: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let ended = tokio::task::spawn_blocking(rebuild).await;
    let sentence = "The report could not be made: its thread failed. Nothing was changed.";
    ended.unwrap_or_else(|_| Err(Refusal::new(RefusalCode::Internal, sentence)))
}

/// Reads the two ends of a window. An end before the beginning is a mistake, not an empty window.
fn window(from: &str, to: &str) -> Result<(Timestamp, Timestamp), InputError> {
    let instant = |name: &str, text: &str| {
        Timestamp::parse_typed(text).map_err(|error| InputError::new(name, text, error.required))
    };
    let (begin, end) = (instant("from", from)?, instant("to", to)?);
    if end < begin {
        return Err(InputError::new("to", to, format!("not before {begin}")));
    }
    Ok((begin, end))
}

/// A text to be kept as a file.
fn markdown(
    site: &ReadState,
    what: &str,
    window: (Option<Timestamp>, Option<Timestamp>),
    extent: DownloadExtent,
    text: &TextLines,
) -> Response {
    let media = "text/markdown; charset=utf-8";
    let named = DownloadName { what, window, extent, ending: "md", media };
    (named.headers(site), text.as_str().to_owned()).into_response()
}
