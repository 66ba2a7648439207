//! How often somebody may fail to prove who they are. No account is ever locked: whoever guesses from one
//! place takes nothing from whoever signs in from another.
//!
//! There is a limit for an address, one for an address and a name together, one for a name from all
//! addresses, and one for a session in which somebody proves again who they are. Each is a few attempts
//! at once and then one every few seconds. Somebody who signed in from an address before meets the limit
//! of that address and that name there, and neither of the wide ones: what others guess, from there or
//! from everywhere, keeps them out of nothing.
//!
//! An attempt is taken before the password is checked, so that many at the same time do not pass
//! together, and given back when it was right. The structure is pure: time comes in as an argument,
//! memory is bounded, and nothing runs by itself.

use crate::authority::Credential;
use crate::model::ambient::Timestamp;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Extensions;
use axum::http::request::Parts;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Attempts that an address has at once: somebody who mistypes needs fewer.
pub const ATTEMPTS_AT_ONCE: u32 = 10;
/// Attempts at one name that all addresses have at once, where nobody signed in with it from there.
pub const AT_ONE_NAME: u32 = 100;
/// Characters of a name that are told apart here; a longer one is no account.
const NAME_CHARS_MAX: usize = 64;
/// How long it takes until an address has one more, in milliseconds.
pub const ONE_MORE_MS: i64 = 10_000;
/// How often an address that is turned away is told to the log, in milliseconds. What is turned away in
/// between is counted: a stranger must not fill the disk with records.
pub const TOLD_EVERY_MS: i64 = 60_000;
/// Addresses that are remembered. At the limit the one that is nearest to being free is forgotten, so
/// whoever is turned away cannot get free by coming from many.
pub const ADDRESSES_MAX: usize = 10_000;

/// Where somebody asks from: an address, or the network of one that a single host can choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(IpAddr);

impl Origin {
    /// The origin of an address: IPv4 as it is, IPv6 by its first 64 bits, which a host chooses the
    /// rest of. This machine is one, whichever of its own addresses it comes from.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            address if address.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
            }
        })
    }
}

impl Origin {
    /// The other end of the connection that a request came by. What has none shares one origin.
    #[must_use]
    pub fn of_request(extensions: &Extensions) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        Self::of(peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of_request(&parts.extensions))
    }
}

/// An address has no attempt left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    /// How long until it has one, in milliseconds: more than none.
    pub wait_ms: i64,
    /// How many attempts were turned away since the log was last told, this one among them; `None`
    /// where the log was told within [`TOLD_EVERY_MS`].
    pub to_tell: Option<u64>,
}

/// Whose attempts are counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ThrottleKey {
    Address(Origin),
    Pair(Origin, String),
    Name(String),
    Session(Credential),
}

impl ThrottleKey {
    /// How many attempts it has at once.
    fn at_once(&self) -> u32 {
        match self {
            Self::Name(_) => AT_ONE_NAME,
            Self::Address(_) | Self::Pair(..) | Self::Session(_) => ATTEMPTS_AT_ONCE,
        }
    }
}

/// An attempt to prove who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthAttempt {
    /// By something that no account is named with, such as a link.
    From(Origin),
    /// By the password of an account of this name, whether or not there is one.
    SignIn(Origin, String),
    /// The same, sent on by a proxy that showed its secret: everybody has its address.
    BehindProxy(Origin, String),
    /// By the password of the account whose session this is.
    InSession(Credential),
}

impl AuthAttempt {
    /// Somebody at an address who says what they are called.
    #[must_use]
    pub fn at_name(origin: Origin, name: &str) -> Self {
        Self::SignIn(origin, name.chars().take(NAME_CHARS_MAX).collect())
    }

    /// The same, where a proxy that is believed sent it on.
    #[must_use]
    pub fn behind_proxy(self) -> Self {
        match self {
            Self::SignIn(origin, name) => Self::BehindProxy(origin, name),
            other => other,
        }
    }
}

impl fmt::Display for AuthAttempt {
    /// From where, as a record says it: a name that was typed is none of its words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(origin) | Self::SignIn(origin, _) => write!(f, "{origin}"),
            Self::BehindProxy(origin, _) => write!(f, "{origin}, the proxy,"),
            Self::InSession(_) => f.write_str("one session"),
        }
    }
}

impl AuthAttempt {
    /// Whose attempts were too many, for whoever makes them.
    #[must_use]
    pub fn whose(&self) -> &'static str {
        match self {
            Self::From(_) => "from this address",
            Self::SignIn(..) => "from this address, or at this name,",
            Self::BehindProxy(..) => "at this name",
            Self::InSession(_) => "in this session",
        }
    }
}

/// What is known of one who is counted.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    /// When all its attempts are back, in milliseconds.
    free_at: i64,
    /// How many were turned away that the log was not told of.
    untold: u64,
    /// When the log was last told.
    told_at: Option<i64>,
}

/// The attempts of everybody who is not free.
#[derive(Debug, Default)]
struct Attempts {
    spent: BTreeMap<ThrottleKey, Spent>,
    /// The same by when they are free, to forget the nearest.
    by_time: BTreeSet<(i64, ThrottleKey)>,
    /// From where which account was signed in with, and by when it is forgotten before others.
    known: BTreeMap<(Origin, String), u64>,
    signed_in: u64,
}

/// The attempts of everybody. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct Throttle(Arc<Mutex<Attempts>>);

impl Throttle {
    /// Takes one attempt.
    ///
    /// # Errors
    /// [`Later`] when there is none; nothing is taken then.
    pub fn take(&self, attempt: &AuthAttempt, now: Timestamp) -> Result<(), Later> {
        self.lock().take(attempt, now.millis())
    }

    /// Gives an attempt back: it was right.
    pub fn give_back(&self, attempt: &AuthAttempt) {
        self.lock().give_back(attempt);
    }

    /// How many are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.lock().spent.len()
    }

    // A panic while it was held left whole maps behind.
    fn lock(&self) -> MutexGuard<'_, Attempts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempts {
    /// By which limits an attempt is held.
    fn limits(&self, attempt: &AuthAttempt) -> Vec<ThrottleKey> {
        match attempt {
            AuthAttempt::From(origin) => vec![ThrottleKey::Address(*origin)],
            AuthAttempt::InSession(held) => vec![ThrottleKey::Session(held.clone())],
            AuthAttempt::SignIn(origin, name) | AuthAttempt::BehindProxy(origin, name) => {
                let pair = (*origin, name.clone());
                let mut limits = vec![ThrottleKey::Pair(*origin, name.clone())];
                if !self.known.contains_key(&pair) {
                    if matches!(attempt, AuthAttempt::SignIn(..)) {
                        limits.push(ThrottleKey::Address(*origin));
                    }
                    limits.push(ThrottleKey::Name(name.clone()));
                }
                limits
            }
        }
    }

    fn take(&mut self, attempt: &AuthAttempt, now: i64) -> Result<(), Later> {
        let limits = self.limits(attempt);
        let mut after = Vec::with_capacity(limits.len());
        for counted in limits {
            match self.taken(&counted, now) {
                Ok(spent) => after.push((counted, spent)),
                Err(wait_ms) => return Err(self.turn_away(counted, wait_ms, now)),
            }
        }
        for (counted, spent) in after {
            self.put(counted, spent);
        }
        Ok(())
    }

    /// What is spent after one more attempt, or how long until there is one.
    fn taken(&self, counted: &ThrottleKey, now: i64) -> Result<Spent, i64> {
        let whole = i64::from(counted.at_once()) * ONE_MORE_MS;
        let spent = self.spent.get(counted).copied().unwrap_or_default();
        // No more than all of them can be spent, so a clock that was put back costs no more than one
        // wait.
        let begins = spent.free_at.clamp(now, now.saturating_add(whole));
        let after = begins.saturating_add(ONE_MORE_MS);
        let over = after.saturating_sub(now.saturating_add(whole));
        if over <= 0 { Ok(Spent { free_at: after, ..spent }) } else { Err(over) }
    }

    fn turn_away(&mut self, counted: ThrottleKey, wait_ms: i64, now: i64) -> Later {
        let whole = i64::from(counted.at_once()) * ONE_MORE_MS;
        let mut spent = self.spent.get(&counted).copied().unwrap_or_default();
        spent.untold = spent.untold.saturating_add(1);
        spent.free_at = spent.free_at.clamp(now, now.saturating_add(whole));
        let is_due = |told: i64| !(0..TOLD_EVERY_MS).contains(&now.saturating_sub(told));
        let to_tell = spent.told_at.is_none_or(is_due).then_some(spent.untold);
        if to_tell.is_some() {
            spent = Spent { untold: 0, told_at: Some(now), ..spent };
        }
        self.put(counted, spent);
        Later { wait_ms, to_tell }
    }

    fn give_back(&mut self, attempt: &AuthAttempt) {
        for counted in self.limits(attempt) {
            if let Some(spent) = self.spent.get(&counted).copied() {
                let free_at = spent.free_at.saturating_sub(ONE_MORE_MS);
                self.put(counted, Spent { free_at, ..spent });
            }
        }
        if let AuthAttempt::SignIn(origin, name) | AuthAttempt::BehindProxy(origin, name) = attempt
        {
            self.remember(*origin, name.clone());
        }
    }

    /// Remembers that this account was signed in with from there.
    fn remember(&mut self, origin: Origin, name: String) {
        self.signed_in += 1;
        self.known.insert((origin, name), self.signed_in);
        if self.known.len() > ADDRESSES_MAX {
            let oldest = self.known.iter().min_by_key(|(_, at)| **at).map(|(pair, _)| pair.clone());
            oldest.map(|pair| self.known.remove(&pair));
        }
    }

    fn put(&mut self, counted: ThrottleKey, spent: Spent) {
        if let Some(earlier) = self.spent.insert(counted.clone(), spent) {
            self.by_time.remove(&(earlier.free_at, counted.clone()));
        }
        self.by_time.insert((spent.free_at, counted));
        while self.spent.len() > ADDRESSES_MAX {
            let Some((_, nearest)) = self.by_time.pop_first() else { return };
            self.spent.remove(&nearest);
        }
    }
}

#[cfg(test)]
mod tests;
