//! The lists that are narrowed down by a form: the actions, and the log. A filter that nothing can have is
//! refused on the page itself, with the form as it was filled in.

use super::gate::SignedIn;
use super::query::{ListRange, Query};
use super::{ReadState, pages, presets, refusal};
use crate::model::answer::{ActionPage, LogPage};
use crate::model::log_filter::LogFilter;
use crate::model::refusal::Refusal;
use crate::model::text::InputError;
use crate::ui::components::list_filter::ACTION_FIELDS;
use crate::ui::{ActionsView, LogView, Page};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

/// The window of the fields of a filter, by their names.
const WINDOW: [&str; 2] = ["since", "until"];

/// The list of actions.
pub(super) async fn actions(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    mut query: Query,
) -> Response {
    let typed = query.typed(&ACTION_FIELDS);
    let page = match presets::take(&mut query, site.clock.now()) {
        Ok(Some(window)) => return presets::to("/actions", WINDOW, window, &mut query),
        Ok(None) => actions_page(&site, query),
        Err(why) => Err(why.into()),
    };
    let (page, status) = match page {
        Ok(view) => (view, StatusCode::OK),
        Err(why) => {
            let status = refusal::status(why.code);
            let page = ActionPage { actions: Vec::new(), next_before: None };
            (ActionsView { page, typed, older: None, refusal: Some(why) }, status)
        }
    };
    pages::draw(&site, Some(&viewer), Page::Actions(Box::new(page)), status).await
}

/// The log.
pub(super) async fn log(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    mut query: Query,
) -> Response {
    let typed = query.typed(&LogFilter::FIELDS);
    let page = match presets::take(&mut query, site.clock.now()) {
        Ok(Some(window)) => return presets::to("/log", WINDOW, window, &mut query),
        Ok(None) => log_page(&site, query),
        Err(why) => Err(why.into()),
    };
    let (page, status) = match page {
        Ok(view) => (view, StatusCode::OK),
        Err(why) => {
            let status = refusal::status(why.code);
            let page = LogPage { records: Vec::new(), next_before: None };
            (LogView { page, typed, older: None, refusal: Some(why) }, status)
        }
    };
    pages::draw(&site, Some(&viewer), Page::Log(Box::new(page)), status).await
}

/// Takes what the list of actions can be asked for with. A field that only records have is left, and so
/// refused by its name.
pub(super) fn action_filter(site: &ReadState, query: &mut Query) -> Result<LogFilter, InputError> {
    let is_known = |name: &str| ACTION_FIELDS.contains(&name);
    let take = |name: &str| if is_known(name) { query.optional(name) } else { None };
    LogFilter::parse(site.read.catalogue(), take)
}

fn actions_page(site: &ReadState, mut query: Query) -> Result<ActionsView, Refusal> {
    let part = ListRange::take(&mut query)?;
    let filter = action_filter(site, &mut query)?;
    query.finish()?;
    let page = site.read.actions(part.before, part.limit, &filter)?;
    let older = page.next_before.map(|before| older("/actions", &filter, before, part.limit));
    Ok(ActionsView { page, typed: filter.pairs(), older, refusal: None })
}

fn log_page(site: &ReadState, mut query: Query) -> Result<LogView, Refusal> {
    let part = ListRange::take(&mut query)?;
    let filter = super::api::filter(site, &mut query)?;
    query.finish()?;
    let page = site.read.log(part.before, part.limit, &filter)?;
    let older = page.next_before.map(|before| older("/log", &filter, before, part.limit));
    Ok(LogView { page, typed: filter.pairs(), older, refusal: None })
}

fn older(path: &str, filter: &LogFilter, before: u64, limit: u32) -> String {
    let mut pairs = filter.pairs();
    pairs.extend([("before", before.to_string()), ("limit", limit.to_string())]);
    let pairs = serde_urlencoded::to_string(pairs).expect("pairs of text can be encoded");
    format!("{path}?{pairs}")
}
