//! Who can reach the server: on which addresses, under which names, and whether what is sent is
//! encrypted.
//!
//! What other machines can reach is encrypted, or somebody has said in as many words that something
//! else encrypts it. Nothing here is guessed: a setting that would open more than was meant stops the
//! start, and the sentence names the setting (C6.1).

use super::ServeError;
use super::host::HostName;
use crate::model::text::InputError;
use crate::web::Transport;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How the console can be reached.
#[derive(Clone, Debug, Default)]
pub struct ListenPolicy {
    /// Under which names, besides those of this machine; the first is the one that people are told.
    pub names: Vec<HostName>,
    /// The files that encrypt it.
    pub tls: Option<TlsFiles>,
    /// Where it may listen without being encrypted.
    pub plain_http: PlainHttp,
}

/// The certificate and the key that encrypt connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and an authority, as PEM.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
}

/// Where the console may listen when it is not encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// On addresses of this machine.
    #[default]
    LoopbackOnly,
    /// On any: something in front of it encrypts, and an operator has said so.
    AnyAddress,
}

/// Names as they are written, as names.
///
/// # Errors
/// When one is none.
pub(super) fn names(written: &[String]) -> Result<Vec<HostName>, InputError> {
    written.iter().map(|name| HostName::parse(name)).collect()
}

impl ListenPolicy {
    /// How what people send is carried on its way. Where an operator has said that something in front
    /// encrypts, browsers are held to that: they keep no session where nothing does.
    #[must_use]
    pub fn transport(&self) -> Transport {
        if self.tls.is_some() || self.plain_http == PlainHttp::AnyAddress {
            Transport::Encrypted
        } else {
            Transport::Plain
        }
    }

    /// Every name that the console answers under, where it listens there. An address in place of a
    /// name is safe: nobody else can make it point here.
    #[must_use]
    pub(super) fn answered(&self, address: SocketAddr) -> BTreeSet<HostName> {
        let own = (!address.ip().is_unspecified()).then(|| HostName::of(address.ip()));
        self.names.iter().cloned().chain(own).collect()
    }

    /// Whether the console may listen there.
    ///
    /// # Errors
    /// When others could reach it unencrypted, or under no name that it answers.
    pub(super) fn permits(
        &self,
        what: &'static str,
        address: SocketAddr,
    ) -> Result<(), ServeError> {
        if address.ip().is_loopback() {
            return Ok(());
        }
        if self.tls.is_none() && self.plain_http == PlainHttp::LoopbackOnly {
            return Err(ServeError::NotEncrypted { what, address });
        }
        if self.answered(address).is_empty() {
            return Err(ServeError::NoName { what, address });
        }
        Ok(())
    }

    /// The address that this listener answers under, without a slash at the end.
    pub(super) fn url(&self, listening: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        match self.names.first() {
            Some(name) => format!("{scheme}://{name}:{}", listening.port()),
            None => format!("{scheme}://{listening}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(reach: &ListenPolicy, address: &str) -> Result<(), String> {
        let address = address.parse().expect("an address");
        reach.permits("the console", address).map_err(|refused| refused.to_string())
    }

    #[test]
    fn what_others_can_reach_is_encrypted_or_an_operator_said_otherwise() {
        let plain = ListenPolicy::default();
        for open in ["0.0.0.0:7400", "[::]:7400", "10.0.0.5:7400", "[2001:db8::1]:7400"] {
            let said = permits(&plain, open).expect_err(open);
            for setting in ["--tls-cert", "--tls-key", "--plain-http-beyond-loopback"] {
                assert!(said.contains(setting), "{open}: {said}");
            }
        }
        for here in ["127.0.0.1:7400", "127.8.9.1:1", "[::1]:0"] {
            permits(&plain, here).expect(here);
        }
        let said_so = ListenPolicy { plain_http: PlainHttp::AnyAddress, ..ListenPolicy::default() };
        permits(&said_so, "10.0.0.5:7400").expect("an operator said so");
        let name = permits(&said_so, "0.0.0.0:7400").expect_err("nobody could use it");
        assert!(name.contains("--name"), "{name}");
        let names = names(&["console.example".to_owned()]).expect("a name");
        permits(&ListenPolicy { names, ..said_so }, "0.0.0.0:7400").expect("it has a name");
    }
}
