//! Lets a request in only if it was addressed to this machine by a name of this machine.
//!
//! A page of another site can make its own name point here, and its scripts then reach what listens
//! on this machine as if they belonged to it. Such a request still carries the other name.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Refuses what was addressed to another name, with 421.
pub(super) async fn addressed_here(request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    // HTTP/2 and absolute requests carry the name in the address.
    let named = named.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str));
    if named.is_some_and(is_here) {
        return next.run(request).await;
    }
    let sentence =
        "This address is served under 127.0.0.1, [::1] and localhost only. Nothing was done.\n";
    (StatusCode::MISDIRECTED_REQUEST, sentence).into_response()
}

/// Refuses what a page of another site sends, for a listener without sessions: it has no other way
/// to tell who asks.
pub(super) async fn sent_by_no_other_page(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) {
        let sentence = "The request was sent by a page of another site. Nothing was done.\n";
        return (StatusCode::FORBIDDEN, sentence).into_response();
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or("?"));
    match site {
        Some(site) => !matches!(site, "same-origin" | "none"),
        None => headers.contains_key(header::ORIGIN),
    }
}

fn is_here(named: &str) -> bool {
    let name = match named.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => named.split_once(':').map_or(named, |(name, _)| name),
    };
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "127.0.0.1" | "::1" | "localhost") || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_let_in() {
        for elsewhere in
            ["evil.example", "127.0.0.1.evil.example:7400", "localhost.evil", "", "[::2]:1"]
        {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
        for here in
            ["127.0.0.1:7400", "localhost", "LOCALHOST:1", "aero.localhost:7400", "[::1]:7400"]
        {
            assert!(is_here(here), "{here}");
        }
    }

    #[test]
    fn a_page_of_another_site_is_told_by_what_the_browser_says() {
        let headers = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(
                header::HeaderName::from_static(name),
                header::HeaderValue::from_static(value),
            )])
        };
        assert!(is_foreign(&headers("sec-fetch-site", "cross-site")));
        assert!(is_foreign(&headers("sec-fetch-site", "same-site")));
        assert!(is_foreign(&headers("origin", "http://evil.example")));
        assert!(!is_foreign(&headers("sec-fetch-site", "none")));
        assert!(!is_foreign(&HeaderMap::new()));
    }
}
