//! Lets a request in only if it was addressed to this machine by a name of this machine.
//!
//! A page of another site can make its own name point here, and its scripts then reach what listens
//! on this machine as if they belonged to it. Such a request still carries the other name.

use crate::model::text::InputError;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Longest name, in characters: the longest that the DNS has.
const NAME_CHARS_MAX: usize = 253;

/// A name or an address that a request can be addressed to, without a port, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostName(String);

impl HostName {
    /// Parses a name or an address.
    ///
    /// # Errors
    /// When it is neither, or names a port or a path; the field is `name`.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::of(address));
        }
        let is_label = |label: &str| {
            let inside = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            inside && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
        };
        if text.len() <= NAME_CHARS_MAX && text.split('.').all(is_label) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        let required = "a host name or an address such as console.example, without a port";
        Err(InputError::new("name", text, required))
    }

    /// An address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self(address.to_string()),
            IpAddr::V6(address) => Self(format!("[{address}]")),
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is answered whatever it was addressed to.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The names that one listener answers under, besides those of this machine.
pub(super) type Names = Arc<BTreeSet<HostName>>;

/// Refuses what was addressed to another name, with 421.
pub(super) async fn addressed_here(
    State(ours): State<Names>,
    request: Request,
    next: Next,
) -> Response {
    // A probe of an orchestrator names the address that it was given, or none. What it is told is about
    // this process alone and the same for everybody.
    if PROBES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    // HTTP/2 and absolute requests carry the name in the address.
    let named = named.or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str));
    if named.is_some_and(|named| is_here(named, &ours)) {
        return next.run(request).await;
    }
    let mut further = String::new();
    for name in &*ours {
        further.push_str(&format!(", {name}"));
    }
    let sentence = format!(
        "This address is served under 127.0.0.1, [::1], localhost{further} only. Nothing was done.\n"
    );
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

pub(super) fn is_here(named: &str, ours: &BTreeSet<HostName>) -> bool {
    let end = match named.strip_prefix('[') {
        Some(rest) => rest.find(']').map_or(0, |at| at + 2),
        None => named.find(':').unwrap_or(named.len()),
    };
    let name = named.get(..end).unwrap_or_default().to_ascii_lowercase();
    matches!(name.as_str(), "127.0.0.1" | "[::1]" | "localhost")
        || name.ends_with(".localhost")
        || ours.contains(&HostName(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_let_in() {
        for elsewhere in
            ["evil.example", "127.0.0.1.evil.example:7400", "localhost.evil", "", "[::2]:1"]
        {
            assert!(!is_here(elsewhere, &BTreeSet::new()), "{elsewhere}");
        }
        for here in
            ["127.0.0.1:7400", "localhost", "LOCALHOST:1", "aero.localhost:7400", "[::1]:7400"]
        {
            assert!(is_here(here, &BTreeSet::new()), "{here}");
        }
    }

    #[test]
    fn a_name_that_was_configured_is_let_in_and_no_name_beside_it() {
        let names = ["Console.Example", "10.0.0.5", "2001:db8::1"];
        let names = names.map(|name| HostName::parse(name).expect(name)).into_iter().collect();
        for here in ["console.example", "CONSOLE.example:7400", "10.0.0.5:1", "[2001:db8::1]:7400"]
        {
            assert!(is_here(here, &names), "{here}");
        }
        for elsewhere in
            ["a.console.example", "console.example.", "onsole.example", "10.0.0.6", "[2001:db8::1"]
        {
            assert!(!is_here(elsewhere, &names), "{elsewhere}");
        }
        for bad in ["", "a b", "a:1", "*", "a..b", "-a", "a/b", "a\u{202e}b", &"a".repeat(300)] {
            assert_eq!(HostName::parse(bad).expect_err(bad).field, "name");
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
