//! The address of a control plane: where a request goes, and the name a session is kept under.

use super::environment;
use crate::http_client;
use crate::http_client::files::certificates;
use crate::model::text::InputError;
use rustls::pki_types::CertificateDer;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use ureq::tls::RootCerts;

/// Where a control plane listens when nobody says otherwise.
pub(super) const DEFAULT_URL: &str = "http://127.0.0.1:7400";
/// Longest address, in characters.
const ADDRESS_CHARS_MAX: usize = 300;

/// Who may have signed the certificate of a control plane: the certificates of a file, and nobody
/// else. Without them the authorities that browsers trust may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authorities {
    /// The file, as it was named.
    path: Arc<str>,
    certificates: Arc<[CertificateDer<'static>]>,
}

impl Authorities {
    /// Reads the certificates of a file in PEM form.
    pub(super) fn read(path: &str) -> Result<Self, String> {
        let certificates = certificates(Path::new(path)).map_err(|error| error.to_string())?;
        Ok(Self { path: path.into(), certificates: certificates.into() })
    }
}

/// `http://HOST[:PORT][/PATH]` or the same with `https`, without a slash at the end, and who may vouch
/// for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    text: String,
    authorities: Option<Authorities>,
}

impl Address {
    /// Parses an address. Credentials in it are refused: they would end in histories and logs.
    pub(super) fn parse(text: &str) -> Result<Self, InputError> {
        let required = "an address such as http://127.0.0.1:7400 or https://console.example: \
                        http or https, a host, and no credentials, query or fragment";
        let wrong = || InputError::new("url", text, required);
        let rest = host_and_path(text).ok_or_else(wrong)?;
        let host = rest.split('/').next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '?' | '#' | '\\');
        if host.is_empty() || !rest.chars().all(is_plain) || text.len() > ADDRESS_CHARS_MAX {
            return Err(wrong());
        }
        Ok(Self { text: text.trim_end_matches('/').to_owned(), authorities: None })
    }

    /// The same address, where nobody but these may have signed its certificate.
    pub(super) fn vouched_for_by(mut self, authorities: Option<Authorities>) -> Self {
        self.authorities = authorities;
        self
    }

    /// Whose certificates are accepted there.
    pub(super) fn roots(&self) -> RootCerts {
        http_client::roots(self.authorities.as_ref().map(|authorities| &*authorities.certificates))
    }

    /// The address as text.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of a path of the API; the path begins with a slash.
    pub(super) fn of(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.text)
    }

    /// The option that leads a further command to the same server, where it needs one.
    pub(super) fn option(&self) -> String {
        let is_set = |name, value: &str| std::env::var(name).is_ok_and(|set| set == value);
        let mut option = String::new();
        if self.text != DEFAULT_URL && !is_set(environment::URL, &self.text) {
            option.push_str(&format!(" --url {}", quoted(&self.text)));
        }
        let named = self.authorities.as_ref().map(|authorities| &*authorities.path);
        if let Some(path) = named.filter(|path| !is_set(environment::CA_FILE, path)) {
            option.push_str(&format!(" --ca-file {}", quoted(path)));
        }
        option
    }

    /// Whether nobody on the way can read what is sent.
    pub(super) fn is_private(&self) -> bool {
        http_client::stays_here(&self.text) || self.text.starts_with("https://")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A word as every POSIX shell reads it back, in quotes only where it needs them.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]%+,=@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What follows the scheme, where it is one that is spoken.
fn host_and_path(text: &str) -> Option<&str> {
    text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_hides_something_is_refused() {
        for bad in [
            "",
            "127.0.0.1:7400",
            "ftp://host",
            "https://",
            "https:///path",
            "https://user:secret@host",
            "HTTPS://host",
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
    fn nobody_on_the_way_reads_what_stays_here_or_is_encrypted() {
        for (text, private) in [
            ("http://127.0.0.1:7400", true),
            ("http://[::1]:7400", true),
            ("http://localhost", true),
            ("http://10.0.0.1:7400", false),
            ("http://localhost.example", false),
            ("http://127.console.example", false),
            ("https://localhost.example", true),
            ("https://localhost:7400", true),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!(address.is_private(), private, "{text}");
        }
    }

    #[test]
    fn a_file_that_holds_no_certificate_vouches_for_nobody() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ca.pem");
        let named = path.to_str().expect("text");
        assert!(Authorities::read(named).expect_err("no file").contains("cannot be read"));
        for text in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
            std::fs::write(&path, text).expect("a file");
            assert!(Authorities::read(named).is_err(), "{text}");
        }
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
        std::fs::write(&path, made.cert.pem()).expect("a file");
        let authorities = Authorities::read(named).expect("a certificate");
        let address = Address::parse("https://localhost:1").expect("valid");
        let further = address.vouched_for_by(Some(authorities)).option();
        assert_eq!(further, format!(" --url https://localhost:1 --ca-file {named}"));
    }
}
