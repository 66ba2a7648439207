//! The log or the actions as a file: CSV for tables, Markdown for tickets.
//!
//! Everything that matches, unless a part is asked for by `before` or `limit`: then the same rows and the
//! same keys as the JSON answers, and the address of the next part in a `Link` header (RFC 8288). The
//! last line says which of both it is, and whether it is whole.

use super::ReadState;
use super::api::filter;
use super::gate::SignedIn;
use super::lists::action_filter;
use super::query::{ListRange, Query};
use super::whole::{self, DownloadName};
use crate::model::ambient::Timestamp;
use crate::model::answer::{ActionPage, LogPage};
use crate::model::refusal::Refusal;
use crate::text::table::{TableEnd, TableForm, TextTable};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The log as CSV.
pub(super) async fn log_csv(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    log(&site, query, TableForm::Csv)
}

/// The log as Markdown.
pub(super) async fn log_text(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    log(&site, query, TableForm::Markdown)
}

/// The actions as CSV.
pub(super) async fn actions_csv(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    actions(&site, query, TableForm::Csv)
}

/// The actions as Markdown.
pub(super) async fn actions_text(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    actions(&site, query, TableForm::Markdown)
}

fn log(site: &ReadState, mut query: Query, form: TableForm) -> Result<Response, Refusal> {
    let part = ListRange::take_part(&mut query)?;
    let catalogue = site.read.catalogue();
    let filter = filter(site, &mut query)?;
    query.finish()?;
    let window = (filter.since, filter.until);
    let Some(part) = part else {
        let pages = site.read.log_pages(filter)?;
        let tables = pages.map(move |page| page.map(|page| TextTable::of_log(catalogue, &page)));
        let empty =
            TextTable::of_log(catalogue, &LogPage { records: Vec::new(), next_before: None });
        return whole::sent(site, &named("log", window, false, form), parts(form, empty, tables));
    };
    let page = site.read.log(part.before, part.limit, &filter)?;
    let next = page.next_before.map(|before| (before, filter.pairs()));
    Ok(file(
        site,
        &named("log", window, true, form),
        &TextTable::of_log(catalogue, &page),
        form,
        next,
        part.limit,
    ))
}

fn actions(site: &ReadState, mut query: Query, form: TableForm) -> Result<Response, Refusal> {
    let part = ListRange::take_part(&mut query)?;
    let filter = action_filter(site, &mut query)?;
    query.finish()?;
    let window = (filter.since, filter.until);
    let Some(part) = part else {
        let tables = site
            .read
            .action_pages(filter)?
            .map(|page| page.map(|page| TextTable::of_actions(&page)));
        let empty = TextTable::of_actions(&ActionPage { actions: Vec::new(), next_before: None });
        return whole::sent(
            site,
            &named("actions", window, false, form),
            parts(form, empty, tables),
        );
    };
    let page = site.read.actions(part.before, part.limit, &filter)?;
    let next = page.next_before.map(|before| (before, filter.pairs()));
    let named = named("actions", window, true, form);
    Ok(file(site, &named, &TextTable::of_actions(&page), form, next, part.limit))
}

fn named(
    what: &str,
    window: (Option<Timestamp>, Option<Timestamp>),
    is_part: bool,
    form: TableForm,
) -> DownloadName<'_> {
    let (ending, media) = match form {
        TableForm::Csv => ("csv", "text/csv; charset=utf-8; header=present"),
        TableForm::Markdown => ("md", "text/markdown; charset=utf-8"),
    };
    DownloadName { what, window, is_part, ending, media }
}

/// The parts of a file that holds everything: the head, each page, and a last line.
fn parts(
    form: TableForm,
    empty: TextTable,
    mut pages: impl Iterator<Item = Result<TextTable, Refusal>>,
) -> impl Iterator<Item = Result<String, Refusal>> {
    let (mut rows, mut ended, mut failed) = (0, false, None);
    let head = empty.head(form);
    let rest = std::iter::from_fn(move || {
        if ended {
            return failed.take().map(Err);
        }
        let end = match pages.next() {
            Some(Ok(table)) => {
                rows += table.rows();
                return Some(Ok(table.body(form)));
            }
            Some(Err(why)) => {
                let end = TableEnd::Incomplete { rows, why: why.sentence.clone() };
                failed = Some(why);
                end
            }
            None => TableEnd::Complete { rows },
        };
        ended = true;
        Some(Ok(empty.end(form, &end)))
    });
    std::iter::once(Ok(head)).chain(rest)
}

/// The key of the next part, and the filter that it is asked for with.
type Next = Option<(u64, Vec<(&'static str, String)>)>;

fn file(
    site: &ReadState,
    named: &DownloadName<'_>,
    table: &TextTable,
    form: TableForm,
    next: Next,
    limit: u32,
) -> Response {
    let end =
        TableEnd::Part { rows: table.rows(), before: next.as_ref().map(|(before, _)| *before) };
    let text = table.head(form) + &table.body(form) + &table.end(form, &end);
    let headers = named.headers(site);
    let link = next.map(|(before, mut pairs)| {
        pairs.extend([("before", before.to_string()), ("limit", limit.to_string())]);
        let query = serde_urlencoded::to_string(pairs).expect("pairs of text can be encoded");
        let (what, ending) = (named.what, named.ending);
        [(header::LINK, format!("</api/v1/{what}.{ending}?{query}>; rel=\"next\""))]
    });
    match link {
        Some(link) => (headers, link, text).into_response(),
        None => (headers, text).into_response(),
    }
}
