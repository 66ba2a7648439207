//! Signing in through a provider of OpenID Connect: the code flow with PKCE, asked for by a person and in
//! the person's browser.
//!
//! Where the provider is asked, and which keys sign its tokens, is read from it while somebody signs in;
//! nothing is read before, kept, or asked for again. The provider is told nothing but that somebody wants
//! to sign in, and this control plane wants no permission there.

use super::authn_error::AuthnError;
use super::claims::{ExpectedClaims, KeySet, UserInfo, VerifiedIdentity, believe};
use super::http::{Endpoints, ProviderClient, is_fit, is_no_weaker, json};
pub use super::pending::SignInRequest;
use super::pending::{LASTS_MS, LoginFlow, Pending, Secrets};
use super::settings::{OpenidSettings, SettingError};
use crate::model::ambient::{Entropy, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::fmt;

/// Where the provider sends the browser back to, on this site.
pub const CALLBACK: &str = "/login/openid/callback";
/// How long a browser keeps the secret of a sign-in that it began, in seconds.
pub const LEAVING_S: i64 = LASTS_MS / 1000;
/// Longest code or state that is passed on, in characters.
pub const PASSED_CHARS_MAX: usize = 8 * 1024;
/// Longest token that is read, in bytes: one of a person in two thousand groups is smaller.
const TOKEN_BYTES_MAX: usize = 128 * 1024;

/// One provider, and the sign-ins through it that were begun.
pub struct Openid {
    settings: OpenidSettings,
    secret: String,
    /// The address of this site, as browsers and the provider call it.
    site: String,
    way: ProviderClient,
    pending: Pending,
}

impl fmt::Debug for Openid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Openid({}, ..)", self.settings.issuer)
    }
}

/// A sign-in that was begun.
pub struct LoginRedirect {
    /// Where the browser goes.
    pub address: String,
    /// The secret for a cookie of the browser that began, and of no other.
    pub browser: String,
}

/// What the browser brings back.
pub struct CallbackParams {
    /// The cookie of the browser that began the sign-in.
    pub browser: Option<String>,
    /// As it was sent to the provider.
    pub state: String,
    /// For the provider, once.
    pub code: String,
    /// Which provider says so (RFC 9207), where it says it.
    pub issuer: Option<String>,
}

/// What a provider says about itself.
#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    end_session_endpoint: Option<String>,
}

/// What a provider gives for a code.
#[derive(Deserialize)]
struct Given {
    id_token: String,
    access_token: Option<String>,
}

/// Why it gives nothing.
#[derive(Deserialize)]
struct Withheld {
    error: String,
}

impl Openid {
    /// The provider of these settings; `site` is the address of this console, without a slash at the end.
    ///
    /// # Errors
    /// When the secret, or who vouches for the provider, cannot be read.
    pub fn new(settings: OpenidSettings, site: String) -> Result<Self, SettingError> {
        let (secret, roots) = settings.read()?;
        let (way, pending) = (ProviderClient::new(roots), Pending::default());
        Ok(Self { settings, secret, site, way, pending })
    }

    /// What people call the provider.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Begins a sign-in: asks the provider where to go.
    ///
    /// # Errors
    /// [`AuthnError::Unreachable`], also when what it says about itself cannot be used.
    pub async fn begin(
        &self,
        wanted: SignInRequest,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<LoginRedirect, AuthnError> {
        let secrets = Secrets::new(entropy);
        let endpoints = self.discovered().await?;
        let scopes = ["openid"].into_iter().chain(self.settings.scopes.iter().map(String::as_str));
        let scopes = scopes.collect::<Vec<_>>().join(" ");
        let (callback, challenge) = (self.callback(), secrets.challenge());
        let mut asked = vec![
            ("response_type", "code"),
            ("client_id", &*self.settings.client_id),
            ("redirect_uri", &*callback),
            ("scope", &*scopes),
            ("state", &*secrets.state),
            ("nonce", &*secrets.nonce),
            ("code_challenge", &*challenge),
            ("code_challenge_method", "S256"),
        ];
        if wanted.anew {
            // Both: one asks the person again, the other has the token say when that was.
            asked.extend([("prompt", "login"), ("max_age", "0")]);
        } else if wanted.after_sign_out {
            asked.push(("prompt", "login"));
        }
        let asked = serde_urlencoded::to_string(asked).expect("texts can be written as a query");
        let joined = if endpoints.authorization.contains('?') { '&' } else { '?' };
        let address = format!("{}{joined}{asked}", endpoints.authorization);
        let browser = secrets.browser.clone();
        self.pending.put(LoginFlow::new(secrets, endpoints, wanted, now), now);
        Ok(LoginRedirect { address, browser })
    }

    /// Ends a sign-in: gives the code to the provider, once, and believes the token or not. Answers who
    /// was vouched for, or why nobody was, and what the person wanted; the sign-in is used up either way.
    pub async fn finish(
        &self,
        brought: CallbackParams,
        now: Timestamp,
    ) -> (Result<VerifiedIdentity, AuthnError>, SignInRequest) {
        let CallbackParams { browser, state, code, issuer } = brought;
        let waiting = match browser {
            Some(browser) => self.pending.take(&browser, &state, now),
            None => Err(AuthnError::Spent),
        };
        match waiting {
            Ok(waiting) => {
                let wanted = waiting.wanted.clone();
                (self.vouched(waiting, &code, issuer, now).await, wanted)
            }
            Err(unproven) => (Err(unproven), SignInRequest::default()),
        }
    }

    /// What the provider says in answer to a sign-in that waited.
    async fn vouched(
        &self,
        waiting: LoginFlow,
        code: &str,
        issuer: Option<String>,
        now: Timestamp,
    ) -> Result<VerifiedIdentity, AuthnError> {
        let LoginFlow { secrets, endpoints, wanted, began_at } = waiting;
        // RFC 9207: the answer of one provider is not taken to another.
        if issuer.is_some_and(|issuer| issuer != self.settings.issuer) {
            return Err(AuthnError::InvalidToken("an answer of another provider".to_owned()));
        }
        let given = self.token(&endpoints, code, &secrets).await?;
        let keys: KeySet = self.way.read(&endpoints.keys).await?;
        let (settings, nonce) = (&self.settings, &*secrets.nonce);
        let proved_since = wanted.anew.then_some(began_at);
        let expected = ExpectedClaims { settings, nonce, proved_since, now };
        let mut believed = believe(&given.id_token, &keys, &expected)?;
        if let Some(address) = &endpoints.userinfo {
            let missing =
                || AuthnError::InvalidToken("a token without one for userinfo".to_owned());
            let token = given.access_token.filter(|token| is_bearer(token)).ok_or_else(missing)?;
            let said: UserInfo = self.way.read_as(address, Some(&token)).await?;
            believed = believed.with(said)?;
        }
        Ok(believed.vouched(&expected))
    }

    /// Where a browser goes to be signed out at the provider too (OpenID Connect RP-Initiated Logout 1.0);
    /// `None` where the provider names no such place, or does not answer. It is told which control plane
    /// sends it and nothing else, so it asks the person whether they mean it.
    pub async fn sign_out_address(&self) -> Option<String> {
        let end = self.discovered().await.ok()?.end_session?;
        let asked = serde_urlencoded::to_string([("client_id", &*self.settings.client_id)]).ok()?;
        let joined = if end.contains('?') { '&' } else { '?' };
        Some(format!("{end}{joined}{asked}"))
    }

    fn callback(&self) -> String {
        format!("{}{CALLBACK}", self.site)
    }

    /// What the provider says about itself (OpenID Connect Discovery 1.0).
    async fn discovered(&self) -> Result<Endpoints, AuthnError> {
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let said: Discovered = self.way.read(&address).await?;
        let unusable = |why: &str| Err(AuthnError::Unreachable(why.to_owned()));
        if said.issuer != *issuer {
            return unusable("it calls itself by another address than the settings do");
        }
        let userinfo = match (self.settings.userinfo, said.userinfo_endpoint) {
            (false, _) => None,
            (true, None) => {
                return unusable("it names no userinfo endpoint, and openid-userinfo is set");
            }
            (true, named) => named,
        };
        let endpoints = [&said.authorization_endpoint, &said.token_endpoint, &said.jwks_uri];
        if !endpoints.into_iter().chain(&userinfo).all(|endpoint| is_no_weaker(endpoint, issuer)) {
            return unusable("it names an address that is not encrypted, or that is none");
        }
        // Without a word about it the header is what every provider reads (RFC 6749, 2.3.1).
        let ways = said.token_endpoint_auth_methods_supported;
        let takes = |way: &str| ways.as_ref().is_some_and(|ways| ways.iter().any(|w| w == way));
        let secret_in_body = match (&ways, takes("client_secret_basic")) {
            (None, _) | (_, true) => false,
            (Some(_), false) if takes("client_secret_post") => true,
            (Some(_), false) => return unusable("it takes a secret in no way that is known here"),
        };
        Ok(Endpoints {
            authorization: said.authorization_endpoint,
            token: said.token_endpoint,
            keys: said.jwks_uri,
            // One that is weaker than the provider is none; people are still asked the next time.
            end_session: said.end_session_endpoint.filter(|end| is_no_weaker(end, issuer)),
            userinfo,
            secret_in_body,
        })
    }

    /// Gives the code to the provider, for the token.
    async fn token(
        &self,
        endpoints: &Endpoints,
        code: &str,
        secrets: &Secrets,
    ) -> Result<Given, AuthnError> {
        let callback = self.callback();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &*callback),
            ("code_verifier", &*secrets.verifier),
        ];
        let (client, secret) = (&*self.settings.client_id, &*self.secret);
        let authorization = if endpoints.secret_in_body {
            form.extend([("client_id", client), ("client_secret", secret)]);
            None
        } else {
            let pair = format!("{}:{}", encoded(client), encoded(secret));
            Some(format!("Basic {}", STANDARD.encode(pair)))
        };
        let form = serde_urlencoded::to_string(form).expect("texts can be written as a form");
        let (status, body) = self.way.send(&endpoints.token, form, authorization).await?;
        match status {
            200 => {
                let given: Given = json(&body)?;
                if given.id_token.len() > TOKEN_BYTES_MAX {
                    return Err(AuthnError::TooLarge { what: "a token", limit: TOKEN_BYTES_MAX });
                }
                Ok(given)
            }
            400 | 401 => {
                let why =
                    json::<Withheld>(&body).map_or_else(|_| "no reason".into(), |w| word(&w.error));
                Err(AuthnError::InvalidToken(format!("a code that the provider refuses: {why}")))
            }
            other => Err(AuthnError::Unreachable(format!("it answered {other}"))),
        }
    }
}

/// Whether a provider may send browsers to a site of this address: encrypted or on this machine, and the
/// whole of its host.
#[must_use]
pub fn is_site(address: &str) -> bool {
    let path = address.split_once("://").map_or("/", |(_, rest)| rest);
    is_fit(address) && !path.contains(['/', '?'])
}

/// Whether a token can stand in a header (RFC 6750, 2.1).
fn is_bearer(token: &str) -> bool {
    !token.is_empty()
        && token.len() <= TOKEN_BYTES_MAX
        && token.bytes().all(|b| b.is_ascii_graphic())
}

/// As a form writes it, which is how the header carries both halves (RFC 6749, 2.3.1).
fn encoded(text: &str) -> String {
    let pair = serde_urlencoded::to_string([("", text)]).expect("a text can be written as a form");
    pair.trim_start_matches('=').to_owned()
}

/// The code of an error as a provider writes it, or that it is none: nothing else of it is repeated.
#[must_use]
pub fn word(error: &str) -> String {
    let is_code = |c: char| c.is_ascii_lowercase() || c == '_';
    if (1..=40).contains(&error.len()) && error.chars().all(is_code) {
        error.to_owned()
    } else {
        "no reason that is known".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_of_the_header_are_written_as_a_form_does() {
        assert_eq!(encoded("a b:c=d%é"), "a+b%3Ac%3Dd%25%C3%A9");
        assert_eq!(encoded("=x"), "%3Dx");
    }

    #[test]
    fn of_a_reason_only_a_code_is_repeated() {
        assert_eq!(word("invalid_grant"), "invalid_grant");
        for bad in ["", "Call +1-555-0100", "\u{1b}[2J", "INVALID", &"x".repeat(41)] {
            assert_eq!(word(bad), "no reason that is known");
        }
    }
}
