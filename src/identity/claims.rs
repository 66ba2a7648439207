//! The token in which a provider says who somebody is, and what is believed of it.

use super::authn_error::AuthnError;
use super::keys;
use super::settings::OpenidSettings;
use crate::model::actor::{ActorRole, ProviderIdentity};
use crate::model::ambient::Timestamp;
use crate::model::text::{escape_unsafe, is_unsafe_char};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use subtle::ConstantTimeEq as _;

/// How far the clock of a provider may differ, in seconds.
const LEEWAY_S: i64 = 60;
/// Longest subject, in bytes, by the standard.
const SUBJECT_BYTES_MAX: usize = 255;
/// Longest part of what a provider said that a record repeats, in characters.
const SAID_CHARS_MAX: usize = 300;

/// Somebody that a provider vouched for: who it is, and which roles the settings give to what was said.
/// Only this room makes one, out of a token that was signed for this very sign-in.
#[derive(Debug)]
pub struct VerifiedIdentity {
    identity: ProviderIdentity,
    wanted_name: Option<String>,
    roles: BTreeSet<ActorRole>,
    said: String,
    proved_at: Option<Timestamp>,
}

impl VerifiedIdentity {
    /// Who it is: never a name or a mailbox, which can pass to somebody else.
    #[must_use]
    pub fn identity(&self) -> &ProviderIdentity {
        &self.identity
    }

    /// The name for a new account, in lower case and not checked; `None` where the provider gave none.
    #[must_use]
    pub fn wanted_name(&self) -> Option<&str> {
        self.wanted_name.as_deref()
    }

    /// The roles that the settings give to what was said; may be none, and may exclude one another.
    #[must_use]
    pub fn roles(&self) -> &BTreeSet<ActorRole> {
        &self.roles
    }

    /// What was said in the claims that give roles, made safe to print.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }

    /// When the person proved to the provider who they are, which may be long ago: whoever is signed in
    /// there is vouched for without being asked anything. `None` where the provider does not say.
    #[must_use]
    pub fn proved_at(&self) -> Option<Timestamp> {
        self.proved_at
    }
}

/// What a token must say besides what every token says.
pub(super) struct ExpectedClaims<'a> {
    pub(super) settings: &'a OpenidSettings,
    pub(super) nonce: &'a str,
    /// Since when the person has to have proved to the provider who they are, where that was asked.
    pub(super) proved_since: Option<Timestamp>,
    pub(super) now: Timestamp,
}

/// The keys of a provider, as it shows them.
#[derive(Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Value>,
}

impl KeySet {
    /// The one key that a token names. A key that cannot be read here is none.
    fn of(&self, header: &Header) -> Result<Jwk, AuthnError> {
        let readable = |value: &Value| serde_json::from_value::<Jwk>(value.clone()).ok();
        let is_meant = |key: &Jwk| match &header.kid {
            Some(id) => key.common.key_id.as_ref() == Some(id),
            None => true,
        };
        let signs = |key: &Jwk| {
            let used = key.common.public_key_use.as_ref();
            let of = key.common.key_algorithm;
            used.is_none_or(|used| *used == PublicKeyUse::Signature)
                && of.is_none_or(|of| of == header.alg.into())
        };
        let mut found =
            self.keys.iter().filter_map(readable).filter(|key| is_meant(key) && signs(key));
        match (found.next(), found.next()) {
            (Some(key), None) => Ok(key),
            (None, _) => Err(wrong("a token signed by a key that the provider does not show")),
            (Some(_), Some(_)) => Err(wrong("a token that does not say by which key it is signed")),
        }
    }
}

/// One name or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What is read of a token.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    azp: Option<String>,
    auth_time: Option<Value>,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// What a provider says of a person besides the token (OpenID Connect Core 1.0, 5.3).
#[derive(Deserialize)]
pub(super) struct UserInfo {
    sub: String,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// A token that is believed.
pub(super) struct VerifiedClaims(Claims);

impl VerifiedClaims {
    /// The same, with what the provider says besides it. The token is signed for this very sign-in and
    /// the rest is not, so where both have a claim the token's stands.
    ///
    /// # Errors
    /// When it is about somebody else (5.3.2).
    pub(super) fn with(mut self, said: UserInfo) -> Result<Self, AuthnError> {
        if said.sub != self.0.sub {
            return Err(wrong("claims about somebody else than the token"));
        }
        for (claim, value) in said.more {
            self.0.more.entry(claim).or_insert(value);
        }
        Ok(self)
    }

    /// Who it is about, and which roles the settings give.
    pub(super) fn vouched(self, expected: &ExpectedClaims<'_>) -> VerifiedIdentity {
        vouched(self.0, expected)
    }
}

/// Believes a token, or says what is wrong with it.
///
/// # Errors
/// [`AuthnError::InvalidToken`], in words that repeat nothing of the token.
pub(super) fn believe(
    token: &str,
    keys: &KeySet,
    expected: &ExpectedClaims<'_>,
) -> Result<VerifiedClaims, AuthnError> {
    keys::install();
    let header = decode_header(token).map_err(|_| wrong("a token that cannot be read"))?;
    if !keys::ALGORITHMS.contains(&header.alg) {
        return Err(wrong("a token that is not signed in a way that proves its origin"));
    }
    if header.crit.is_some() {
        return Err(wrong("a token with a condition that is not known here"));
    }
    let key = keys.of(&header)?;
    let key = DecodingKey::from_jwk(&key).map_err(|_| wrong("a key that cannot be read"))?;
    let mut validation = Validation::new(header.alg);
    // Time is ours to tell: the crate would ask the machine. All else is compared below, letter by letter.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = decode::<Claims>(token, &key, &validation)
        .map_err(|_| wrong("a token whose signature or form is wrong"))?
        .claims;
    check(&claims, expected)?;
    Ok(VerifiedClaims(claims))
}

/// OpenID Connect Core 1.0, 3.1.3.7.
fn check(claims: &Claims, expected: &ExpectedClaims<'_>) -> Result<(), AuthnError> {
    let ExpectedClaims { settings, nonce, proved_since, now } = expected;
    let now_s = now.millis().div_euclid(1000);
    let client = &settings.client_id;
    if claims.iss != settings.issuer {
        return Err(wrong("a token of another provider"));
    }
    let is_for_us = match &claims.aud {
        Audience::One(one) => one == client,
        // Another name in the list could use the token here, so only a list of one is taken.
        Audience::Many(many) => many.iter().eq([client]),
    };
    if !is_for_us || claims.azp.as_ref().is_some_and(|azp| azp != client) {
        return Err(wrong("a token for somebody else"));
    }
    if now_s >= claims.exp.saturating_add(LEEWAY_S) {
        return Err(wrong("a token that has expired"));
    }
    let latest = now_s.saturating_add(LEEWAY_S);
    if claims.iat > latest || claims.nbf.is_some_and(|from| from > latest) {
        return Err(wrong("a token from the future"));
    }
    if let Some(since) = proved_since {
        let earliest = since.millis().div_euclid(1000).saturating_sub(LEEWAY_S);
        let said = proved_s(claims, *now);
        if said.is_none_or(|at| at < earliest) {
            return Err(AuthnError::StaleAuthTime { said: said.map(at_seconds), since: *since });
        }
    }
    let asked = claims.nonce.as_deref().unwrap_or_default();
    if !bool::from(asked.as_bytes().ct_eq(nonce.as_bytes())) {
        return Err(wrong("a token that was made for another sign-in"));
    }
    let subject = &claims.sub;
    let is_subject = !subject.is_empty() && subject.len() <= SUBJECT_BYTES_MAX;
    if !is_subject || subject.chars().any(is_unsafe_char) {
        return Err(wrong("a token about nobody"));
    }
    Ok(())
}

fn vouched(claims: Claims, expected: &ExpectedClaims<'_>) -> VerifiedIdentity {
    let ExpectedClaims { settings, proved_since, now, .. } = expected;
    // Where the clock there differs within the leeway: nothing was proved later than now, and what was
    // asked for anew was not proved before it was asked.
    let since = proved_since.unwrap_or(Timestamp::from_millis(0));
    let proved_at = proved_s(&claims, *now).map(|s| at_seconds(s).max(since).min(*now));
    let Claims { iss, sub, more, .. } = claims;
    let values = |claim: &str| texts(named(&more, claim));
    let held = settings.roles.iter().filter(|(claim, value, _)| values(claim).contains(&&**value));
    let roles = held.map(|(_, _, role)| *role).collect();
    let read: BTreeSet<&str> = settings.roles.iter().map(|(claim, _, _)| &**claim).collect();
    let said = read.into_iter().map(|claim| format!("{claim}: {}", values(claim).join(", ")));
    let said: String = said.collect::<Vec<_>>().join("; ").chars().take(SAID_CHARS_MAX).collect();
    let name =
        texts(named(&more, &settings.name_claim)).first().map(|name| name.to_ascii_lowercase());
    let identity = ProviderIdentity { issuer: iss, subject: sub };
    VerifiedIdentity { identity, wanted_name: name, roles, said: escape_unsafe(&said), proved_at }
}

/// When the person signed in there, in seconds. What is no whole number of seconds, or lies further in the
/// future than clocks differ, says nothing.
fn proved_s(claims: &Claims, now: Timestamp) -> Option<i64> {
    let latest = now.millis().div_euclid(1000).saturating_add(LEEWAY_S);
    let said = claims.auth_time.as_ref().and_then(Value::as_i64);
    said.filter(|at| (1..=latest).contains(at))
}

fn at_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

/// A claim by its name, or by its path where no claim has that name: `realm_access.roles` is `roles` in
/// `realm_access`. Names that are addresses have points and are no paths, so the whole name comes first.
fn named<'a>(claims: &'a BTreeMap<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        rest.split('.').try_fold(claims.get(first)?, |value, part| value.as_object()?.get(part))
    })
}

/// A claim that is a text, or a list of texts. What has another form says nothing.
fn texts(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn wrong(what: &str) -> AuthnError {
    AuthnError::InvalidToken(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_leads_into_claims_and_a_whole_name_comes_before_it() {
        let claims = json!({
            "realm_access": {"roles": ["dba"], "deep": {"er": "x"}},
            "https://example.org/roles": ["ops"],
            "a": {"b": "inner"}, "a.b": "outer",
            "text": "x", "list": [{"roles": "dba"}],
        });
        let claims: BTreeMap<String, Value> = serde_json::from_value(claims).expect("claims");
        for (name, found) in [
            ("realm_access.roles", &["dba"][..]),
            ("realm_access.deep.er", &["x"]),
            ("https://example.org/roles", &["ops"]),
            ("a.b", &["outer"]),
            ("realm_access", &[]),
            ("realm_access.", &[]),
            (".roles", &[]),
            ("text.x", &[]),
            ("list.roles", &[]),
            ("list.0.roles", &[]),
            ("nothing", &[]),
        ] {
            assert_eq!(texts(named(&claims, name)), found, "{name}");
        }
    }
}
