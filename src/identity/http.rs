//! What the provider is asked over HTTP, a few questions at a time, and which addresses it may have.

use super::authn_error::AuthnError;
use super::settings::SettingError;
use crate::http_client;
use crate::http_client::files::certificates;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use ureq::http::{Response, Uri};
use ureq::tls::RootCerts;
use ureq::{Agent, Body, Error};

/// How long a connection to the provider may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one answer may take: a person waits for it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Questions that are open at the same time; each holds a thread.
const AT_ONCE: usize = 8;

/// Where a provider is asked, as it said itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) authorization: String,
    pub(super) token: String,
    pub(super) keys: String,
    /// Where a person signs out of it, if it says so.
    pub(super) end_session: Option<String>,
    /// Where claims about the person are, where the settings have it asked.
    pub(super) userinfo: Option<String>,
    /// Whether the secret goes into the body, because the provider does not read the header.
    pub(super) secret_in_body: bool,
}

/// The way to the provider.
#[derive(Clone, Debug)]
pub(super) struct ProviderClient {
    agent: Agent,
    turns: Arc<Semaphore>,
}

impl ProviderClient {
    /// A way on which nobody but `roots` vouches for the certificate.
    pub(super) fn new(roots: RootCerts) -> Self {
        let agent = http_client::agent(roots, CONNECT_TIMEOUT, ANSWER_TIMEOUT);
        Self { agent, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Fetches one document from the provider and parses it as JSON.
    pub(super) async fn read<T: DeserializeOwned + Send + 'static>(
        &self,
        url: &str,
    ) -> Result<T, AuthnError> {
        self.read_as(url, None).await
    }

    /// Reads JSON that is for the holder of a token.
    pub(super) async fn read_as<T: DeserializeOwned + Send + 'static>(
        &self,
        url: &str,
        token: Option<&str>,
    ) -> Result<T, AuthnError> {
        let (agent, url) = (self.agent.clone(), url.to_owned());
        let authorization = token.map(|token| format!("Bearer {token}"));
        let ask = move || {
            let mut request = agent.get(url);
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            answer(request.call())
        };
        let (status, bytes) = self.in_turn(ask).await?;
        if status != 200 {
            return Err(AuthnError::Unreachable(format!("it answered {status}")));
        }
        json(&bytes)
    }

    /// Sends a form; answers the status and the body, whatever they are.
    pub(super) async fn send(
        &self,
        url: &str,
        form: String,
        authorization: Option<String>,
    ) -> Result<(u16, Vec<u8>), AuthnError> {
        let (agent, url) = (self.agent.clone(), url.to_owned());
        self.in_turn(move || {
            let mut request =
                agent.post(url).header("content-type", "application/x-www-form-urlencoded");
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            answer(request.send(form.as_bytes()))
        })
        .await
    }

    /// Asks away from the threads that serve requests, a few at a time.
    async fn in_turn<T: Send + 'static>(
        &self,
        ask: impl FnOnce() -> Result<T, AuthnError> + Send + 'static,
    ) -> Result<T, AuthnError> {
        let busy = || AuthnError::Unreachable("too many questions to it are open".to_owned());
        let turn = Arc::clone(&self.turns).try_acquire_owned().map_err(|_| busy())?;
        let asked = tokio::task::spawn_blocking(move || {
            let answered = ask();
            drop(turn);
            answered
        });
        asked.await.map_err(|error| AuthnError::Unreachable(error.to_string()))?
    }
}

/// Reads JSON of the provider.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, AuthnError> {
    let wrong = |_| AuthnError::Unreachable("it answered something else than was asked".to_owned());
    serde_json::from_slice(bytes).map_err(wrong)
}

fn answer(outcome: Result<Response<Body>, Error>) -> Result<(u16, Vec<u8>), AuthnError> {
    let failed = |error: Error| match error {
        Error::BodyExceedsLimit(_) => {
            AuthnError::TooLarge { what: "an answer", limit: ANSWER_BYTES_MAX }
        }
        error => AuthnError::Unreachable(words(&error)),
    };
    let response = outcome.map_err(failed)?;
    let status = response.status().as_u16();
    let body = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX as u64);
    Ok((status, body.read_to_vec().map_err(failed)?))
}

/// What went wrong, in words that do not depend on what the other side sent.
fn words(error: &Error) -> String {
    match error {
        Error::Timeout(_) => "it did not answer in time".to_owned(),
        Error::HostNotFound => "its name is not known".to_owned(),
        Error::ConnectionFailed => "nothing listens there".to_owned(),
        Error::Io(error) if http_client::is_untrusted(error) => {
            "no authority that is believed vouches for its certificate".to_owned()
        }
        Error::Io(error) => format!("the connection failed: {}", error.kind()),
        _ => "the connection failed".to_owned(),
    }
}

/// Whether an address is one that a provider may be asked at: encrypted, or on this machine, and without
/// anything that hides where it leads.
pub(super) fn is_fit(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let host = authority.host();
    let is_private = scheme == "https" || (scheme == "http" && http_client::stays_here(address));
    is_private && !host.is_empty() && !authority.as_str().contains('@') && !address.contains('#')
}

/// Whether an address may be asked that a provider at `issuer` named: nothing that begins encrypted goes
/// on in the open.
pub(super) fn is_no_weaker(address: &str, issuer: &str) -> bool {
    is_fit(address) && (address.starts_with("https://") || issuer.starts_with("http://"))
}

/// The authorities that vouch for the provider: those of a file and nobody else, or without one those
/// that browsers trust.
pub(super) fn roots(file: Option<&Path>) -> Result<RootCerts, SettingError> {
    let Some(path) = file else { return Ok(RootCerts::WebPki) };
    let found = certificates(path)
        .map_err(|error| SettingError::file("openid-ca", path, error.to_string()))?;
    Ok(http_client::roots(Some(&found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_the_open_or_one_that_hides_something_is_not_asked() {
        for bad in [
            "",
            "/token",
            "idp.example",
            "http://idp.example",
            "http://127.0.0.1@idp.example/",
            "http://127.idp.example/",
            "https://user:secret@idp.example/",
            "https://idp.example/#x",
            "ftp://idp.example",
            "javascript:alert(1)",
            "https://",
        ] {
            assert!(!is_fit(bad), "{bad}");
        }
        for good in ["https://idp.example", "https://idp.example:8443/realm?x=1", "http://[::1]:1"]
        {
            assert!(is_fit(good), "{good}");
        }
        assert!(!is_no_weaker("http://127.0.0.1/token", "https://idp.example"));
        assert!(is_no_weaker("http://127.0.0.1/token", "http://127.0.0.1"));
        assert!(is_no_weaker("https://keys.example/", "https://idp.example"));
    }
}
