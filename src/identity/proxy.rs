//! A proxy in front of the console that knows its people and names them in a header.
//!
//! Anybody can send a header. It is believed only from an address that the settings name, and only beside
//! a secret that the proxy alone knows; from everybody else it is not even read.

use super::authn_error::AuthnError;
use super::settings::{SECRET_CHARS_MIN, SettingError, secret};
use crate::model::text::{ActorName, InputError};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use subtle::ConstantTimeEq as _;
use ureq::http::{HeaderMap, HeaderName};

/// Addresses that a proxy can have.
const ADDRESSES_MAX: usize = 64;

/// What the settings say about a proxy, as they say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyTable {
    /// `proxy-addresses`: at most 64 IP addresses.
    pub addresses: Vec<String>,
    /// `proxy-name-header`: the header with the account name.
    pub name_header: String,
    /// `proxy-secret-header`: the header with the secret of the proxy.
    pub secret_header: String,
    /// `proxy-secret-file`, as a path.
    pub secret_file: PathBuf,
}

/// One proxy, as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxySettings {
    addresses: BTreeSet<IpAddr>,
    name_header: HeaderName,
    secret_header: HeaderName,
    secret_file: PathBuf,
}

impl ProxySettings {
    /// Each setting by its name, as a record of a start keeps it: the path of a secret, never the secret.
    #[must_use]
    pub fn recorded(&self) -> Vec<(&'static str, String)> {
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        vec![
            ("proxy-addresses", addresses.join(" ")),
            ("proxy-name-header", self.name_header.to_string()),
            ("proxy-secret-header", self.secret_header.to_string()),
            ("proxy-secret-file", self.secret_file.display().to_string()),
        ]
    }
}

impl ProxyTable {
    /// Checks what was said; `None` where no proxy is named.
    ///
    /// # Errors
    /// When a value cannot be, or says something of a proxy while none is named.
    pub fn checked(self) -> Result<Option<ProxySettings>, InputError> {
        let file = self.secret_file.to_string_lossy().into_owned();
        if self.addresses.is_empty() {
            if file.is_empty() {
                return Ok(None);
            }
            let required = "absent, because proxy-addresses names no proxy";
            return Err(InputError::new("proxy-secret-file", &file, required));
        }
        let address = |text: &String| {
            let required = "addresses such as 127.0.0.1, each a single machine";
            let parsed = text.parse::<IpAddr>().ok().filter(|address| !address.is_unspecified());
            let wrong = || InputError::new("proxy-addresses", text, required);
            parsed.map(|address| address.to_canonical()).ok_or_else(wrong)
        };
        let addresses = self.addresses.iter().map(address).collect::<Result<BTreeSet<_>, _>>()?;
        if addresses.len() > ADDRESSES_MAX {
            let required = format!("at most {ADDRESSES_MAX} addresses");
            return Err(InputError::new("proxy-addresses", &addresses.len().to_string(), required));
        }
        if file.is_empty() {
            return Err(InputError::new(
                "proxy-secret-file",
                "",
                "named, because proxy-addresses is",
            ));
        }
        let name_header = header("proxy-name-header", &self.name_header)?;
        let secret_header = header("proxy-secret-header", &self.secret_header)?;
        if name_header == secret_header {
            let required = "another header than proxy-name-header";
            return Err(InputError::new("proxy-secret-header", &self.secret_header, required));
        }
        Ok(Some(ProxySettings {
            addresses,
            name_header,
            secret_header,
            secret_file: self.secret_file,
        }))
    }
}

/// A header of a name of its own: one that means something already would mean two things.
fn header(key: &str, text: &str) -> Result<HeaderName, InputError> {
    let required = "the name of a header that begins with x-, such as x-forwarded-user";
    let wrong = || InputError::new(key, text, required);
    let name = HeaderName::from_bytes(text.as_bytes()).map_err(|_| wrong())?;
    if name.as_str().starts_with("x-") { Ok(name) } else { Err(wrong()) }
}

/// A proxy that is believed.
pub struct TrustedProxy {
    settings: ProxySettings,
    /// The hash of the secret: two hashes have one length, so comparing them tells none.
    secret: [u8; 32],
}

impl fmt::Debug for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy(..)")
    }
}

/// The name of an account that the proxy gave to somebody. Only this room makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyName(ActorName);

impl ProxyName {
    /// The account name in the header.
    #[must_use]
    pub fn name(&self) -> &ActorName {
        &self.0
    }
}

impl TrustedProxy {
    /// The proxy of these settings.
    ///
    /// # Errors
    /// When its secret cannot be read, or is short enough to be guessed.
    pub fn new(settings: ProxySettings) -> Result<Self, SettingError> {
        let key = "proxy-secret-file";
        let text = secret(key, &settings.secret_file)?;
        if text.len() < SECRET_CHARS_MIN {
            let why = format!("the secret has fewer than {SECRET_CHARS_MIN} characters");
            return Err(SettingError::file(key, &settings.secret_file, why));
        }
        Ok(Self { settings, secret: Sha256::digest(text.as_bytes()).into() })
    }

    /// Whether a request came through the proxy: from its address, and with its secret.
    #[must_use]
    pub fn sent(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let given = only(headers, &self.settings.secret_header).unwrap_or_default();
        let given: [u8; 32] = Sha256::digest(given).into();
        let is_secret = bool::from(given.ct_eq(&self.secret));
        is_secret && self.settings.addresses.contains(&peer.to_canonical())
    }

    /// Who the proxy says has sent this.
    ///
    /// # Errors
    /// When it did not come from the proxy, or the proxy named nobody; in words that repeat nothing of
    /// what was sent.
    pub fn named(&self, peer: IpAddr, headers: &HeaderMap) -> Result<ProxyName, AuthnError> {
        let wrong = |why: &str| AuthnError::InvalidToken(why.to_owned());
        if !self.settings.addresses.contains(&peer.to_canonical()) {
            return Err(wrong("a request that did not come through the proxy"));
        }
        if !self.sent(peer, headers) {
            return Err(wrong("a request without the secret of the proxy"));
        }
        let name = only(headers, &self.settings.name_header);
        let name = name.and_then(|name| std::str::from_utf8(name).ok());
        let name = name.ok_or_else(|| wrong("a request in which the proxy names nobody"))?;
        let none = |_| wrong("a request in which the proxy gives a name that no account can have");
        ActorName::parse(name).map(ProxyName).map_err(none)
    }
}

/// The value of a header that was sent once. Two values are none: which was meant is not guessed.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first.as_bytes())
}
