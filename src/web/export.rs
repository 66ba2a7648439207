//! The log or the actions as a file or on paper: CSV for tables, JSON for programs, Markdown for tickets, and
//! a page without navigation to be printed.
//!
//! Everything that matches, unless a part is asked for by `before` or `limit`: then the same rows and the
//! same keys as the pages of JSON, and the address of the next part in a `Link` header (RFC 8288). The last
//! line says which of both it is, whether it is whole, and of which cluster and time.

use super::ReadState;
use super::api::filter;
use super::gate::SignedIn;
use super::lists::action_filter;
use super::query::{ListRange, Query};
use super::whole::{self, DownloadExtent, DownloadName};
use super::{pages, render};
use crate::authority::Viewer;
use crate::model::answer::{ActionPage, LogPage};
use crate::model::export::{ExportEnd, ExportScope};
use crate::model::log_filter::LogFilter;
use crate::model::refusal::Refusal;
use crate::model::spec::Catalogue;
use crate::text::table::{ListFile, ListKind, TableForm};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// The policy of a page that is printed: it has a style and nothing else.
const PAPER_POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; \
                            base-uri 'none'; frame-ancestors 'none'";

/// The log as CSV.
pub(super) async fn log_csv(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    log(&site, query, TableForm::Csv)
}

/// The log as one document of JSON.
pub(super) async fn log_json(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    log(&site, query, TableForm::Json)
}

/// The log as Markdown.
pub(super) async fn log_text(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    log(&site, query, TableForm::Markdown)
}

/// The log on paper.
pub(super) async fn log_paper(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Response {
    on_paper(&site, &viewer, log(&site, query, TableForm::Page)).await
}

/// The actions as CSV.
pub(super) async fn actions_csv(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    actions(&site, query, TableForm::Csv)
}

/// The actions as one document of JSON.
pub(super) async fn actions_json(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    actions(&site, query, TableForm::Json)
}

/// The actions as Markdown.
pub(super) async fn actions_text(
    _: SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Result<Response, Refusal> {
    actions(&site, query, TableForm::Markdown)
}

/// The actions on paper.
pub(super) async fn actions_paper(
    SignedIn(viewer): SignedIn,
    State(site): State<ReadState>,
    query: Query,
) -> Response {
    on_paper(&site, &viewer, actions(&site, query, TableForm::Page)).await
}

/// A page that is refused looks like every other one.
async fn on_paper(
    site: &ReadState,
    viewer: &Viewer,
    answer: Result<Response, Refusal>,
) -> Response {
    match answer {
        Ok(answer) => answer,
        Err(why) => pages::refused(site, Some(viewer), why).await,
    }
}

fn log(site: &ReadState, mut query: Query, form: TableForm) -> Result<Response, Refusal> {
    let part = ListRange::take_part(&mut query)?;
    let filter = filter(site, &mut query)?;
    query.finish()?;
    let rows = |file: &mut ListFile, words: Catalogue, page: &LogPage| file.records(words, page);
    match part {
        None => {
            let pages = site.read.log_pages(filter.clone())?;
            whole_list(site, ListKind::Log, form, &filter, pages, rows)
        }
        Some(part) => {
            let page = site.read.log(part.before, part.limit, &filter)?;
            let before = page.next_before;
            let list = ListPart { kind: ListKind::Log, form, filter, before, limit: part.limit };
            Ok(list.answer(site, |file, words| rows(file, words, &page)))
        }
    }
}

fn actions(site: &ReadState, mut query: Query, form: TableForm) -> Result<Response, Refusal> {
    let part = ListRange::take_part(&mut query)?;
    let filter = action_filter(site, &mut query)?;
    query.finish()?;
    let rows = |file: &mut ListFile, _: Catalogue, page: &ActionPage| file.actions(page);
    match part {
        None => {
            let pages = site.read.action_pages(filter.clone())?;
            whole_list(site, ListKind::Actions, form, &filter, pages, rows)
        }
        Some(part) => {
            let page = site.read.actions(part.before, part.limit, &filter)?;
            let before = page.next_before;
            let list =
                ListPart { kind: ListKind::Actions, form, filter, before, limit: part.limit };
            Ok(list.answer(site, |file, words| rows(file, words, &page)))
        }
    }
}

/// Everything that matches, written while it is sent: the head, each page, and a last line.
fn whole_list<P: 'static>(
    site: &ReadState,
    kind: ListKind,
    form: TableForm,
    filter: &LogFilter,
    mut pages: impl Iterator<Item = Result<P, Refusal>> + Send + 'static,
    rows: impl Fn(&mut ListFile, Catalogue, &P) -> String + Send + 'static,
) -> Result<Response, Refusal> {
    let mut file = begun(site, kind, form, filter);
    let words = site.read.catalogue();
    let extent = match conditions(filter).next() {
        Some(_) => DownloadExtent::Filtered,
        None => DownloadExtent::Whole,
    };
    let (head, mut ended, mut failed) = (file.head(), false, None);
    let rest = std::iter::from_fn(move || {
        if ended {
            return failed.take().map(Err);
        }
        let end = match pages.next() {
            Some(Ok(page)) => return Some(Ok(rows(&mut file, words, &page))),
            Some(Err(why)) => {
                let end = ExportEnd::Incomplete { rows: file.rows(), why: why.sentence.clone() };
                failed = Some(why);
                end
            }
            None => ExportEnd::Complete { rows: file.rows() },
        };
        ended = true;
        Some(Ok(file.end(&end)))
    });
    let parts = std::iter::once(Ok(head)).chain(rest);
    if form == TableForm::Page {
        return Ok(paper(whole::streamed(site, parts)?));
    }
    whole::sent(site, &named(kind, form, filter, extent), parts)
}

/// A page of a list, and where the next one begins.
struct ListPart {
    kind: ListKind,
    form: TableForm,
    filter: LogFilter,
    before: Option<u64>,
    limit: u32,
}

impl ListPart {
    fn answer(
        &self,
        site: &ReadState,
        rows: impl FnOnce(&mut ListFile, Catalogue) -> String,
    ) -> Response {
        let mut file = begun(site, self.kind, self.form, &self.filter);
        let mut text = file.head();
        text.push_str(&rows(&mut file, site.read.catalogue()));
        text.push_str(&file.end(&ExportEnd::Part { rows: file.rows(), before: self.before }));
        if self.form == TableForm::Page {
            return paper(text);
        }
        let named = named(self.kind, self.form, &self.filter, DownloadExtent::Part);
        let headers = named.headers(site);
        let link = self.before.map(|before| {
            let mut pairs = self.filter.pairs();
            pairs.extend([("before", before.to_string()), ("limit", self.limit.to_string())]);
            let query = serde_urlencoded::to_string(pairs).expect("pairs of text can be encoded");
            let (what, ending) = (named.what, named.ending);
            [(header::LINK, format!("</api/v1/{what}.{ending}?{query}>; rel=\"next\""))]
        });
        match link {
            Some(link) => (headers, link, text).into_response(),
            None => (headers, text).into_response(),
        }
    }
}

fn begun(site: &ReadState, kind: ListKind, form: TableForm, filter: &LogFilter) -> ListFile {
    let scope = ExportScope {
        environment: site.identity.environment.to_string(),
        cluster: site.identity.cluster.to_string(),
        since: filter.since,
        until: filter.until,
        filter: conditions(filter).map(|(name, text)| (name.to_owned(), text)).collect(),
    };
    ListFile::new(kind, form, scope, render::stylesheet(&site.leptos))
}

/// What a filter asks for besides its window.
fn conditions(filter: &LogFilter) -> impl Iterator<Item = (&'static str, String)> {
    filter.pairs().into_iter().filter(|(name, _)| !["since", "until"].contains(name))
}

fn named(
    kind: ListKind,
    form: TableForm,
    filter: &LogFilter,
    extent: DownloadExtent,
) -> DownloadName<'static> {
    let (ending, media) = match form {
        TableForm::Csv => ("csv", "text/csv; charset=utf-8; header=present"),
        TableForm::Json => ("json", "application/json"),
        TableForm::Markdown => ("md", "text/markdown; charset=utf-8"),
        TableForm::Page => ("html", "text/html; charset=utf-8"),
    };
    DownloadName { what: kind.word(), window: (filter.since, filter.until), extent, ending, media }
}

/// The answer of a page that is printed.
fn paper(body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, PAPER_POLICY),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
