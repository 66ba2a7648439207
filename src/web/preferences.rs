//! What one browser prefers, in a cookie of that browser. Setting it is a GET, because it changes nothing
//! of the cluster and nothing of the log: no record, no row, no fact (C8.3).

use super::cookie;
use super::pages::local_path;
use super::query::Query;
use crate::model::refusal::Refusal;
use crate::model::text::InputError;
use crate::ui::preferences::{KeyShortcuts, Preferences, Theme};
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};

const COOKIE: &str = "aerodb_preferences";
const ADDRESS: &str = "/preferences";
/// How long a browser keeps them, in seconds: a year.
const KEPT_SECONDS: u32 = 365 * 24 * 60 * 60;

tokio::task_local! {
    /// The preferences of the request that is being answered: every page is drawn with them, and no
    /// other answer depends on them.
    static PREFERRED: Preferences;
}

/// Reads the cookie once for each request.
pub(super) async fn carried(request: Request, next: Next) -> Response {
    let found = preferred(request.headers());
    PREFERRED.scope(found, next.run(request)).await
}

/// The preferences of the request that is being answered.
pub(super) fn present() -> Preferences {
    PREFERRED.try_with(|found| *found).unwrap_or_default()
}

/// `GET /preferences?theme=T` or `?keys=K`: sets the cookie and goes back to where the request came
/// from.
pub(super) async fn prefer(headers: HeaderMap, query: Query) -> Result<Response, Refusal> {
    let chosen = chosen(query, present())?;
    let cookie =
        format!("{COOKIE}={chosen}; Path=/; Max-Age={KEPT_SECONDS}; HttpOnly; SameSite=Lax");
    let cookie = HeaderValue::from_str(&cookie).expect("two words are plain text");
    let mut response = Redirect::to(&origin_of(&headers)).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

fn chosen(mut query: Query, before: Preferences) -> Result<Preferences, InputError> {
    let mut chosen = before;
    if let Some(theme) = query.optional("theme") {
        let wrong = || InputError::new("theme", &theme, "one of auto, light, dark");
        chosen.theme = Theme::parse(&theme).ok_or_else(wrong)?;
    }
    if let Some(keys) = query.optional("keys") {
        let wrong = || InputError::new("keys", &keys, "on or off");
        chosen.keys = KeyShortcuts::parse(&keys).ok_or_else(wrong)?;
    }
    query.finish()?;
    Ok(chosen)
}

fn preferred(headers: &HeaderMap) -> Preferences {
    let found = cookie::named(headers, COOKIE).next();
    found.and_then(|value: String| Preferences::parse(&value)).unwrap_or_default()
}

/// The page of this site that sent the request, or the overview.
fn origin_of(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let found = text(header::REFERER).zip(text(header::HOST)).and_then(|(from, host)| {
        let (_, rest) = from.split_once("://")?;
        let path = rest.strip_prefix(host)?;
        path.starts_with('/').then(|| local_path(path))
    });
    found.filter(|path| !path.starts_with(ADDRESS)).unwrap_or_else(|| "/".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_elsewhere_is_never_gone_back_to() {
        let back = |referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:7400"));
            headers.insert(header::REFERER, referer.parse().expect("a value"));
            origin_of(&headers)
        };
        for elsewhere in [
            "http://evil.example/log",
            "http://127.0.0.1:7400.evil.example/log",
            "http://127.0.0.1:74001/log",
            "http://127.0.0.1:7400//evil.example",
            "http://127.0.0.1:7400/preferences?theme=dark",
            "about:blank",
        ] {
            assert_eq!(back(elsewhere), "/", "{elsewhere}");
        }
        assert_eq!(back("http://127.0.0.1:7400/log?actor=ada"), "/log?actor=ada");
    }
}
