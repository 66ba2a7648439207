//! Who is asking: from a cookie or a bearer token to a value that handlers take as an argument.
//!
//! A handler that takes [`SignedIn`] runs for anybody who is signed in; one that takes an
//! [`Operator`] runs for operators only, and exists only in the acting half: taking it from a
//! `ReadState` does not compile. Whoever is turned away there leaves a record (C9.4).

use super::cookie::{self, SessionCookie};
use super::fields::ClientFormat;
use super::throttle::Origin;
use super::{ReadState, WriteState, pages, redacted_reads};
use crate::authority::{Auditor, Carrier, Credential, Denied, Operator, Viewer};
use crate::model::answer::SessionAnswer;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::escape_unsafe;
use crate::ui::{ConsoleScope, Page, SignIn};
use axum::extract::{FromRef, FromRequestParts, Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::convert::Infallible;

/// Somebody who is signed in, whatever the role.
pub(super) struct SignedIn(pub(super) Viewer);

impl FromRequestParts<ReadState> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &ReadState) -> Result<Self, Response> {
        let held = credential(&parts.headers, &site.cookie);
        let found = held.ok_or_else(Denied::without_credential);
        match found.and_then(|held| site.authority.viewer(&held, site.clock.now())) {
            Ok(viewer) => Ok(Self(site.narrowed(viewer))),
            Err(denied) => Err(unseen(site, parts, denied).await),
        }
    }
}

/// What an auditor alone may see. No acting route takes one, and no value is both this and an
/// [`Operator`].
impl FromRequestParts<ReadState> for Auditor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &ReadState) -> Result<Self, Response> {
        let held = credential(&parts.headers, &site.cookie);
        let found = held.ok_or_else(Denied::without_credential);
        match found.and_then(|held| site.authority.auditor(&held, site.clock.now())) {
            Ok(auditor) => Ok(auditor),
            Err(denied) => Err(unseen(site, parts, denied).await),
        }
    }
}

impl ReadState {
    /// On the listener of observers everybody is an observer: no page of it offers what it has not.
    pub(super) fn narrowed(&self, viewer: Viewer) -> Viewer {
        match self.console {
            ConsoleScope::Whole => viewer,
            ConsoleScope::ReadOnly => viewer.narrowed(),
        }
    }
}

/// The answer to somebody who may not see this. Reading changes nothing, so it is not recorded.
pub(super) async fn unseen(site: &ReadState, parts: &Parts, denied: Denied) -> Response {
    let is_known = matches!(denied, Denied::NotPermitted { .. });
    match (ClientFormat::of(parts.uri.path()), site.console) {
        (ClientFormat::Api, _) => denied.refusal().into_response(),
        (ClientFormat::Page, ConsoleScope::Whole) if !is_known && is_followed(&parts.headers) => {
            once_more(site, &parts.uri).await
        }
        // Where nobody can sign in, nobody is sent to sign in.
        (ClientFormat::Page, ConsoleScope::Whole) if !is_known => to_sign_in(&parts.uri),
        (ClientFormat::Page, ConsoleScope::Whole | ConsoleScope::ReadOnly) => {
            let held = credential(&parts.headers, &site.cookie);
            redacted_reads::turned_away(site, held.as_ref(), denied.refusal()).await
        }
    }
}

impl FromRequestParts<WriteState> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &WriteState) -> Result<Self, Response> {
        let held = credential(&parts.headers, &site.reading.cookie);
        match site.access.operator(held.as_ref()) {
            Ok(operator) => Ok(operator),
            Err(denied) => {
                let attempt = attempt(&parts.method, &parts.uri);
                let door = ClientFormat::of(parts.uri.path());
                let from = Origin::of_request(&parts.extensions);
                Err(turn_away(site, from, held.as_ref(), denied, attempt, door).await)
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientFormat {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.path()))
    }
}

impl FromRef<WriteState> for ReadState {
    fn from_ref(acting: &WriteState) -> Self {
        acting.reading.clone()
    }
}

/// Records who was turned away and from what, and says so.
pub(super) async fn turn_away(
    site: &WriteState,
    from: Origin,
    held: Option<&Credential>,
    denied: Denied,
    attempt: String,
    door: ClientFormat,
) -> Response {
    let viewer = site.access.viewer(held).ok();
    let actor = denied.actor().cloned().or_else(|| viewer.map(|viewer| viewer.actor().clone()));
    let refusal = denied.refusal();
    let denied = match actor {
        Some(_) => site.workflow.deny(actor, attempt, refusal).await,
        None => site.workflow.deny_stranger(from.to_string(), attempt, refusal).await,
    };
    // Whether or not it could be recorded, nothing was done; the answer says which.
    let (Ok(why) | Err(why)) = denied;
    match door {
        ClientFormat::Api => why.into_response(),
        ClientFormat::Page => redacted_reads::turned_away(&site.reading, held, why).await,
    }
}

/// Lets a request that could change something through only if it came from this site, or from no
/// page at all. A browser names the site of the page that sends a form; a program names none.
pub(super) async fn same_site(
    State(site): State<WriteState>,
    request: Request,
    next: Next,
) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) || is_same_site(request.headers()) {
        return next.run(request).await;
    }
    let sentence = "The request was sent by a page of another site. Nothing was done.";
    let why = Refusal::new(RefusalCode::CrossSite, sentence)
        .citing([crate::model::invariant::Invariant::OperatorIntent]);
    let attempt = attempt(request.method(), request.uri());
    let from = Origin::of_request(request.extensions()).to_string();
    match site.workflow.deny_stranger(from, attempt, why).await {
        Ok(why) | Err(why) => why.into_response(),
    }
}

fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = text("host").unwrap_or_default();
            origin.split_once("://").is_some_and(|(_, from)| !host.is_empty() && from == host)
        }
        (None, None) => true,
    }
}

/// Notes that a session is in use, at most once a minute; it is neither a record nor a fact. Before
/// that it ends, on record, what a clock that was put back has ended.
pub(super) async fn note_seen(
    State(site): State<WriteState>,
    request: Request,
    next: Next,
) -> Response {
    let held = credential(request.headers(), &site.reading.cookie);
    site.access.mind_the_clock(held.as_ref()).await;
    site.workflow.tell_of_strangers().await;
    if let Some(held) = &held
        && is_use(request.method(), request.uri().path(), request.headers())
    {
        site.access.note_seen(held).await;
    }
    next.run(request).await
}

/// Whether a person does this: sends a form or an act, or goes to a page. What a page reads by itself
/// is no use of the session, or a screen that was left on would keep it open for ever: reading the API
/// never is, and neither is a page that a script or a browser fetches beforehand.
fn is_use(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let goes_there = says("sec-fetch-mode").is_none_or(|mode| mode == b"navigate");
    let is_beforehand = says("sec-purpose").is_some() || says("purpose").is_some();
    match ClientFormat::of(path) {
        _ if *method == Method::POST => true,
        ClientFormat::Page => goes_there && !is_beforehand,
        ClientFormat::Api => false,
    }
}

/// The credential of a request. What has not the form of one is not looked at; two different ones
/// are none: which of them was meant is not guessed.
pub(super) fn credential(headers: &HeaderMap, cookie: &SessionCookie) -> Option<Credential> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let bearer = bearer.iter().filter_map(|text| Credential::sent(text, Carrier::Bearer));
    let cookies = cookie::named(headers, cookie.name());
    let cookies = cookies.filter_map(|text| Credential::sent(&text, Carrier::Cookie));
    let mut found = cookies.chain(bearer);
    let first = found.next()?;
    if found.any(|other| other != first) { None } else { Some(first) }
}

/// What a page shows of a session; never its secret.
pub(super) fn session_answer(viewer: &Viewer) -> SessionAnswer {
    SessionAnswer {
        name: viewer.actor().name.clone(),
        role: viewer.actor().role,
        token: None,
        expires_at: viewer.expires_at(),
    }
}

/// What was tried, as a record names it.
pub(super) fn attempt(method: &Method, uri: &Uri) -> String {
    let path = uri.path();
    // The address of a link is its secret. Whatever is sent there, it is not written down.
    let of_link = ["/setup/", "/link/"].into_iter().find(|start| path.starts_with(start));
    let path: String = of_link.unwrap_or(path).chars().take(200).collect();
    format!("{} {}", method.as_str(), escape_unsafe(&path))
}

/// Whether a person followed a link from another site: a ticket, a mail. The browser keeps the cookie of the
/// session back then, so that whoever is signed in looks like a stranger.
fn is_followed(headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let is_elsewhere = matches!(says("sec-fetch-site"), Some(b"cross-site" | b"same-site"));
    is_elsewhere
        && says("sec-fetch-mode") == Some(b"navigate")
        && says("sec-fetch-dest") == Some(b"document")
}

/// The sign-in form, which the browser leaves at once for the address that was asked for: it goes there from a
/// page of this site, and so with its cookie. Without one it is sent to sign in then.
async fn once_more(site: &ReadState, uri: &Uri) -> Response {
    let next = address_of(uri);
    let again = HeaderValue::from_str(&format!("0; url={next}"));
    let page = SignIn { next: Some(next), others: site.others.clone(), ..SignIn::default() };
    let mut response = pages::draw(site, None, Page::SignIn(page), StatusCode::OK).await;
    if let Ok(again) = again {
        response.headers_mut().insert(header::REFRESH, again);
    }
    response
}

fn address_of(uri: &Uri) -> String {
    pages::local_path(uri.path_and_query().map_or("/", |path| path.as_str()))
}

fn to_sign_in(uri: &Uri) -> Response {
    let query = serde_urlencoded::to_string([("next", address_of(uri))]);
    let query = query.expect("two texts can be written as a query");
    let mut response = Redirect::to(&format!("/login?{query}")).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (header::HeaderName::from_static(name), value.parse().expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_post_from_elsewhere_is_told_by_what_the_browser_says() {
        let host = ("host", "127.0.0.1:7400");
        for bad in [
            vec![host, ("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:7400")],
            vec![host, ("sec-fetch-site", "none")],
            vec![host, ("origin", "http://127.0.0.1:7401")],
            vec![host, ("origin", "null")],
            vec![("origin", "http://127.0.0.1:7400")],
        ] {
            assert!(!is_same_site(&headers(&bad)), "{bad:?}");
        }
        assert!(is_same_site(&headers(&[host, ("sec-fetch-site", "same-origin")])));
        assert!(is_same_site(&headers(&[host, ("origin", "http://127.0.0.1:7400")])));
        assert!(is_same_site(&headers(&[host])));
    }

    #[test]
    fn only_what_a_person_does_is_use_of_a_session() {
        let goes = ("sec-fetch-mode", "navigate");
        for (method, path, said) in [
            (Method::GET, "/api/v1/overview", vec![]),
            (Method::GET, "/api/v1/events", vec![("sec-fetch-mode", "cors")]),
            (Method::GET, "/api/v1/overview", vec![goes]),
            (Method::GET, "/parts/overview", vec![]),
            (Method::GET, "/log", vec![("sec-fetch-mode", "cors")]),
            (Method::GET, "/log", vec![("sec-fetch-mode", "same-origin")]),
            (Method::GET, "/", vec![goes, ("sec-purpose", "prefetch")]),
            (Method::GET, "/metrics", vec![]),
        ] {
            assert!(!is_use(&method, path, &headers(&said)), "{method} {path} {said:?}");
        }
        for (method, path, said) in [
            (Method::GET, "/", vec![goes]),
            (Method::GET, "/log", vec![]),
            (Method::POST, "/api/v1/actions", vec![]),
            (Method::POST, "/freeze", vec![("sec-fetch-mode", "cors")]),
        ] {
            assert!(is_use(&method, path, &headers(&said)), "{method} {path} {said:?}");
        }
    }

    #[test]
    fn two_different_credentials_are_none_and_what_is_none_does_not_count() {
        let place = |name| crate::model::text::PlaceName::parse(name).expect("a name");
        let identity = crate::model::pinned::ClusterIdentity {
            cluster: place("aerodb"),
            environment: place("test"),
            kernel: "embedded".to_owned(),
            id: "6f1c2a34-0b5d".to_owned(),
        };
        let a = format!("aerodb_session_cookie_{}", "a".repeat(64));
        let b = format!("aerodb_session_{}", "b".repeat(64));
        let session = SessionCookie::of(&identity, crate::web::Transport::Plain);
        let name = session.name();
        assert_eq!(name, "aerodb_session_6f1c2a34");
        let cookie = format!("theme=dark; {name}=junk; {name}={a}; aerodb_session_other={b}");
        assert!(credential(&headers(&[("cookie", &cookie)]), &session).is_some());
        let encrypted = SessionCookie::of(&identity, crate::web::Transport::Encrypted);
        // Whoever answers unencrypted under the same name can set it.
        assert!(credential(&headers(&[("cookie", &cookie)]), &encrypted).is_none());
        let bearer = format!("Bearer {b}");
        let both = headers(&[("cookie", &cookie), ("authorization", &bearer)]);
        assert!(credential(&both, &session).is_none());
        assert!(credential(&headers(&[("authorization", "Basic abc")]), &session).is_none());
        // What another port of the host can read of a browser is no bearer, nor the reverse.
        let stolen = headers(&[("authorization", &format!("Bearer {a}"))]);
        assert!(credential(&stolen, &session).is_none());
        let planted = headers(&[("cookie", &format!("{name}={b}"))]);
        assert!(credential(&planted, &session).is_none());
        assert!(credential(&headers(&[("authorization", &bearer)]), &session).is_some());
    }
}
