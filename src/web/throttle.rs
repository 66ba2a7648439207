//! How often one address may fail to sign in. No account is ever locked: whoever guesses from one
//! place takes nothing from whoever signs in from another.
//!
//! Each address has a few attempts at once and then one every few seconds. An attempt is taken before
//! the password is checked, so that many at the same time do not pass together, and given back when it
//! was right. The structure is pure: time comes in as an argument, memory is bounded, and nothing runs
//! by itself.

use crate::model::ambient::Timestamp;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Attempts that an address has at once: somebody who mistypes needs fewer.
pub const ATTEMPTS_AT_ONCE: u32 = 10;
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
    /// rest of.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
            }
        })
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

    /// The other end of the connection. What has none shares one origin.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(Self::of(address))
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

/// What is known of one origin.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    /// When all its attempts are back, in milliseconds.
    free_at: i64,
    /// How many were turned away that the log was not told of.
    untold: u64,
    /// When the log was last told.
    told_at: Option<i64>,
}

/// The attempts of every address that is not free.
#[derive(Debug, Default)]
struct Attempts {
    spent: BTreeMap<Origin, Spent>,
    /// The same by when they are free, to forget the nearest.
    by_time: BTreeSet<(i64, Origin)>,
}

/// The attempts of every address. Copies share them.
#[derive(Clone, Debug, Default)]
pub struct Throttle(Arc<Mutex<Attempts>>);

impl Throttle {
    /// Takes one attempt.
    ///
    /// # Errors
    /// [`Later`] when there is none; nothing is taken then.
    pub fn take(&self, origin: Origin, now: Timestamp) -> Result<(), Later> {
        self.lock().take(origin, now.millis())
    }

    /// Gives an attempt back: the password was right.
    pub fn give_back(&self, origin: Origin) {
        self.lock().give_back(origin);
    }

    /// How many addresses are remembered.
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
    fn take(&mut self, origin: Origin, now: i64) -> Result<(), Later> {
        let whole = i64::from(ATTEMPTS_AT_ONCE) * ONE_MORE_MS;
        let mut spent = self.spent.get(&origin).copied().unwrap_or_default();
        // No more than all of them can be spent, so a clock that was put back costs an address no more
        // than one wait.
        let begins = spent.free_at.clamp(now, now.saturating_add(whole));
        let after = begins.saturating_add(ONE_MORE_MS);
        let over = after.saturating_sub(now.saturating_add(whole));
        if over <= 0 {
            self.put(origin, Spent { free_at: after, ..spent });
            return Ok(());
        }
        spent.untold = spent.untold.saturating_add(1);
        spent.free_at = begins;
        let is_due = |told: i64| !(0..TOLD_EVERY_MS).contains(&now.saturating_sub(told));
        let to_tell = spent.told_at.is_none_or(is_due).then_some(spent.untold);
        if to_tell.is_some() {
            spent = Spent { untold: 0, told_at: Some(now), ..spent };
        }
        self.put(origin, spent);
        Err(Later { wait_ms: over, to_tell })
    }

    fn give_back(&mut self, origin: Origin) {
        if let Some(spent) = self.spent.get(&origin).copied() {
            let free_at = spent.free_at.saturating_sub(ONE_MORE_MS);
            self.put(origin, Spent { free_at, ..spent });
        }
    }

    fn put(&mut self, origin: Origin, spent: Spent) {
        if let Some(earlier) = self.spent.insert(origin, spent) {
            self.by_time.remove(&(earlier.free_at, origin));
        }
        self.by_time.insert((spent.free_at, origin));
        while self.spent.len() > ADDRESSES_MAX {
            let Some((_, nearest)) = self.by_time.pop_first() else { return };
            self.spent.remove(&nearest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_767_225_660_000;

    fn origin(text: &str) -> Origin {
        Origin::of(text.parse().expect("an address"))
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(NOW + millis)
    }

    fn spend(throttle: &Throttle, origin: Origin, millis: i64) -> u32 {
        let tries = 3 * ATTEMPTS_AT_ONCE;
        let passed = (0..tries).filter(|_| throttle.take(origin, at(millis)).is_ok()).count();
        u32::try_from(passed).expect("a small number")
    }

    #[test]
    fn an_address_has_some_attempts_and_then_one_for_each_wait() {
        let throttle = Throttle::default();
        let here = origin("192.0.2.1");
        assert_eq!(spend(&throttle, here, 0), ATTEMPTS_AT_ONCE);
        let later = throttle.take(here, at(1)).expect_err("spent");
        assert_eq!(later.wait_ms, ONE_MORE_MS - 1);
        assert!(throttle.take(here, at(later.wait_ms)).is_err(), "a millisecond early");
        throttle.take(here, at(1 + later.wait_ms)).expect("waited");
        assert!(throttle.take(here, at(1 + later.wait_ms)).is_err());
        let whole = i64::from(ATTEMPTS_AT_ONCE) * ONE_MORE_MS;
        assert_eq!(
            spend(&throttle, here, 3 * whole),
            ATTEMPTS_AT_ONCE,
            "no more than all come back"
        );
    }

    #[test]
    fn whoever_guesses_takes_nothing_from_another_address() {
        let throttle = Throttle::default();
        spend(&throttle, origin("192.0.2.1"), 0);
        spend(&throttle, origin("2001:db8::1"), 0);
        assert_eq!(spend(&throttle, origin("192.0.2.2"), 0), ATTEMPTS_AT_ONCE);
        assert_eq!(spend(&throttle, origin("2001:db8:0:1::1"), 0), ATTEMPTS_AT_ONCE);
        // One host chooses the last 64 bits, and writes an IPv4 address in two ways.
        assert_eq!(spend(&throttle, origin("2001:db8::ffff:1"), 0), 0);
        assert_eq!(spend(&throttle, origin("::ffff:192.0.2.1"), 0), 0);
        assert_eq!(origin("2001:db8::9").to_string(), "2001:db8::/64");
    }

    #[test]
    fn an_attempt_that_was_right_is_given_back() {
        let throttle = Throttle::default();
        let here = origin("192.0.2.1");
        for _ in 0..10 * ATTEMPTS_AT_ONCE {
            throttle.take(here, at(0)).expect("nothing is spent");
            throttle.give_back(here);
        }
        assert_eq!(spend(&throttle, here, 0), ATTEMPTS_AT_ONCE);
    }

    #[test]
    fn a_clock_that_was_put_back_costs_no_more_than_one_wait() {
        let throttle = Throttle::default();
        let here = origin("192.0.2.1");
        spend(&throttle, here, 0);
        for back in [-1, -3_600_000, -10 * 365 * 24 * 3_600_000] {
            let later = throttle.take(here, at(back)).expect_err("spent");
            assert!((1..=ONE_MORE_MS).contains(&later.wait_ms), "{later:?}");
        }
    }

    #[test]
    fn memory_is_bounded_and_whoever_is_turned_away_is_not_forgotten() {
        let throttle = Throttle::default();
        let guesser = origin("192.0.2.1");
        spend(&throttle, guesser, 0);
        for number in 0..u32::try_from(2 * ADDRESSES_MAX).expect("a small number") {
            let other = Origin::of(Ipv4Addr::from_bits(0x0a00_0000 + number).into());
            throttle.take(other, at(0)).expect("the first attempt");
        }
        assert_eq!(throttle.remembered(), ADDRESSES_MAX);
        assert!(throttle.take(guesser, at(0)).is_err(), "it could come from many to get free");
    }

    #[test]
    fn the_log_is_told_once_a_minute_and_of_every_one() {
        let throttle = Throttle::default();
        let here = origin("192.0.2.1");
        let mut told = Vec::new();
        for second in 0..=120 {
            for _ in 0..20 {
                if let Err(later) = throttle.take(here, at(1_000 * second)) {
                    told.extend(later.to_tell);
                }
            }
        }
        let (attempts, passed) = (121 * 20, u64::from(ATTEMPTS_AT_ONCE) + 12);
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told.iter().sum::<u64>(), attempts - passed - 18, "the last second is not over");
    }
}
