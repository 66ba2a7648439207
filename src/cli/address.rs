//! The address of a control plane: where a request goes, and the name a session is kept under.

use crate::model::text::InputError;
use std::fmt;

/// Where a control plane listens when nobody says otherwise.
pub(super) const DEFAULT_URL: &str = "http://127.0.0.1:7400";
/// Longest address, in characters.
const ADDRESS_CHARS_MAX: usize = 300;

/// `http://HOST[:PORT][/PATH]`, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address(String);

impl Address {
    /// Parses an address. Credentials in it are refused: they would end in histories and logs.
    pub(super) fn parse(text: &str) -> Result<Self, InputError> {
        let required = "an address such as http://127.0.0.1:7400: plain HTTP (use a tunnel across \
                        a network), a host, and no credentials, query or fragment";
        let wrong = || InputError::new("url", text, required);
        let rest = text.strip_prefix("http://").ok_or_else(wrong)?;
        let host = rest.split('/').next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '?' | '#' | '\\');
        if host.is_empty() || !rest.chars().all(is_plain) || text.len() > ADDRESS_CHARS_MAX {
            return Err(wrong());
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The address as text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of a path of the API; the path begins with a slash.
    pub(super) fn of(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.0)
    }

    /// The option that leads a further command to the same server, where it needs one.
    pub(super) fn option(&self) -> String {
        let is_set = std::env::var("AERODB_CONTROL_URL").is_ok_and(|set| set == self.0);
        if self.0 == DEFAULT_URL || is_set { String::new() } else { format!(" --url {}", self.0) }
    }

    /// Whether what is sent stays on this machine.
    pub(super) fn is_local(&self) -> bool {
        let rest = self.0.trim_start_matches("http://");
        let host = rest.split('/').next().unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        name == "localhost" || name == "[::1]" || name.starts_with("127.")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_hides_something_is_refused() {
        for bad in [
            "",
            "127.0.0.1:7400",
            "https://host",
            "ftp://host",
            "http://",
            "http:///path",
            "http://user:secret@host",
            "http://host/?q",
            "http://host/#f",
            "http://host/\u{1b}[2J",
            "http://ho st",
        ] {
            assert_eq!(Address::parse(bad).expect_err(bad).field, "url");
        }
    }

    #[test]
    fn a_slash_at_the_end_is_the_same_address() {
        let a = Address::parse("http://127.0.0.1:7400/").expect("valid");
        assert_eq!(a.as_str(), DEFAULT_URL);
        assert_eq!(a.of("/overview"), "http://127.0.0.1:7400/api/v1/overview");
    }

    #[test]
    fn only_a_loopback_host_is_local() {
        for (text, local) in [
            ("http://127.0.0.1:7400", true),
            ("http://[::1]:7400", true),
            ("http://localhost", true),
            ("http://10.0.0.1:7400", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(Address::parse(text).expect(text).is_local(), local, "{text}");
        }
    }
}
