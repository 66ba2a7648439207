//! A page of the log or of the actions as a file: CSV for tables, Markdown for tickets.
//!
//! The same rows and the same keys as the JSON answers; the address of the next page stands in a
//! `Link` header (RFC 8288).

use super::Reading;
use super::api::filter;
use super::gate::SignedIn;
use super::query::{Page, Query};
use crate::model::refusal::Refusal;
use crate::plain::table::Table;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// What a table becomes.
#[derive(Clone, Copy)]
enum Form {
    Csv,
    Markdown,
}

/// A page of the log as CSV.
pub(super) async fn log_csv(
    _: SignedIn,
    State(site): State<Reading>,
    query: Query,
) -> Result<Response, Refusal> {
    log(&site, query, Form::Csv)
}

/// A page of the log as Markdown.
pub(super) async fn log_text(
    _: SignedIn,
    State(site): State<Reading>,
    query: Query,
) -> Result<Response, Refusal> {
    log(&site, query, Form::Markdown)
}

/// A page of the actions as CSV.
pub(super) async fn actions_csv(
    _: SignedIn,
    State(site): State<Reading>,
    query: Query,
) -> Result<Response, Refusal> {
    actions(&site, query, Form::Csv)
}

/// A page of the actions as Markdown.
pub(super) async fn actions_text(
    _: SignedIn,
    State(site): State<Reading>,
    query: Query,
) -> Result<Response, Refusal> {
    actions(&site, query, Form::Markdown)
}

fn log(site: &Reading, mut query: Query, form: Form) -> Result<Response, Refusal> {
    let part = Page::take(&mut query)?;
    let filter = filter(&mut query)?;
    query.finish()?;
    let page = site.read.log(part.before, part.limit, &filter)?;
    let next = page.next_before.map(|before| (before, filter.pairs()));
    Ok(file("log", &Table::of_log(&page), form, next, part.limit))
}

fn actions(site: &Reading, mut query: Query, form: Form) -> Result<Response, Refusal> {
    let part = Page::take(&mut query)?;
    query.finish()?;
    let page = site.read.actions(part.before, part.limit)?;
    let next = page.next_before.map(|before| (before, Vec::new()));
    Ok(file("actions", &Table::of_actions(&page), form, next, part.limit))
}

/// The key of the next page, and the filter that it is asked for with.
type Next = Option<(u64, Vec<(&'static str, String)>)>;

fn file(name: &str, table: &Table, form: Form, next: Next, limit: u32) -> Response {
    let (ending, media, text) = match form {
        Form::Csv => ("csv", "text/csv; charset=utf-8; header=present", table.csv()),
        Form::Markdown => ("md", "text/markdown; charset=utf-8", table.markdown()),
    };
    let disposition = format!("attachment; filename=\"aerodb-{name}.{ending}\"");
    let headers =
        [(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    let link = next.map(|(before, mut pairs)| {
        pairs.extend([("before", before.to_string()), ("limit", limit.to_string())]);
        let query = serde_urlencoded::to_string(pairs).expect("pairs of text can be encoded");
        [(header::LINK, format!("</api/v1/{name}.{ending}?{query}>; rel=\"next\""))]
    });
    match link {
        Some(link) => (headers, link, text).into_response(),
        None => (headers, text).into_response(),
    }
}
