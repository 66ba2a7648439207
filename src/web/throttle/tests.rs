//! How often somebody may fail.

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
    let passed = (0..tries)
        .filter(|_| throttle.take(&AuthAttempt::From(origin), at(millis)).is_ok())
        .count();
    u32::try_from(passed).expect("a small number")
}

#[test]
fn an_address_has_some_attempts_and_then_one_for_each_wait() {
    let throttle = Throttle::default();
    let here = origin("192.0.2.1");
    assert_eq!(spend(&throttle, here, 0), ATTEMPTS_AT_ONCE);
    let later = throttle.take(&AuthAttempt::From(here), at(1)).expect_err("spent");
    assert_eq!(later.wait_ms, ONE_MORE_MS - 1);
    assert!(
        throttle.take(&AuthAttempt::From(here), at(later.wait_ms)).is_err(),
        "a millisecond early"
    );
    throttle.take(&AuthAttempt::From(here), at(1 + later.wait_ms)).expect("waited");
    assert!(throttle.take(&AuthAttempt::From(here), at(1 + later.wait_ms)).is_err());
    let whole = i64::from(ATTEMPTS_AT_ONCE) * ONE_MORE_MS;
    assert_eq!(spend(&throttle, here, 3 * whole), ATTEMPTS_AT_ONCE, "no more than all come back");
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
        throttle.take(&AuthAttempt::From(here), at(0)).expect("nothing is spent");
        throttle.give_back(&AuthAttempt::From(here));
    }
    assert_eq!(spend(&throttle, here, 0), ATTEMPTS_AT_ONCE);
}

#[test]
fn a_clock_that_was_put_back_costs_no_more_than_one_wait() {
    let throttle = Throttle::default();
    let here = origin("192.0.2.1");
    spend(&throttle, here, 0);
    for back in [-1, -3_600_000, -10 * 365 * 24 * 3_600_000] {
        let later = throttle.take(&AuthAttempt::From(here), at(back)).expect_err("spent");
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
        throttle.take(&AuthAttempt::From(other), at(0)).expect("the first attempt");
    }
    assert_eq!(throttle.remembered(), ADDRESSES_MAX);
    assert!(
        throttle.take(&AuthAttempt::From(guesser), at(0)).is_err(),
        "it could come from many to get free"
    );
}

#[test]
fn the_log_is_told_once_a_minute_and_of_every_one() {
    let throttle = Throttle::default();
    let here = origin("192.0.2.1");
    let mut told = Vec::new();
    for second in 0..=120 {
        for _ in 0..20 {
            if let Err(later) = throttle.take(&AuthAttempt::From(here), at(1_000 * second)) {
                told.extend(later.to_tell);
            }
        }
    }
    let (attempts, passed) = (121 * 20, u64::from(ATTEMPTS_AT_ONCE) + 12);
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told.iter().sum::<u64>(), attempts - passed - 18, "the last second is not over");
}

fn named(from: &str, name: &str) -> AuthAttempt {
    AuthAttempt::at_name(origin(from), name)
}

fn passes(throttle: &Throttle, attempt: &AuthAttempt, tries: u32) -> usize {
    (0..tries).filter(|_| throttle.take(attempt, at(0)).is_ok()).count()
}

#[test]
fn who_signed_in_from_an_address_is_kept_out_by_no_guess_at_other_names_or_from_elsewhere() {
    let throttle = Throttle::default();
    let owner = named("192.0.2.1", "olga");
    throttle.take(&owner, at(0)).expect("the first attempt");
    throttle.give_back(&owner);
    passes(&throttle, &named("192.0.2.1", "nobody"), 1_000);
    for number in 0..1_000_u32 {
        let from = Ipv4Addr::from_bits(0x0a00_0000 + number).to_string();
        passes(&throttle, &named(&from, "olga"), 3);
    }
    assert_eq!(passes(&throttle, &owner, 1_000), 10, "the limit of this name here");
    // From where nobody signed in, the limit of the name is met.
    assert_eq!(passes(&throttle, &named("198.51.100.1", "olga"), 1), 0);
    assert_eq!(passes(&throttle, &named("198.51.100.1", "otto"), 1), 1);
}

#[test]
fn guesses_at_one_name_from_many_addresses_meet_a_limit() {
    let throttle = Throttle::default();
    let from = |number: u32| Ipv4Addr::from_bits(0x0a00_0000 + number).to_string();
    let passed: usize =
        (0..639).map(|number| passes(&throttle, &named(&from(number), "olga"), 1)).sum();
    assert_eq!(passed, usize::try_from(AT_ONE_NAME).expect("a small number"));
}

#[test]
fn this_machine_is_one_origin_and_a_proxy_shares_its_address_with_nobody() {
    let throttle = Throttle::default();
    assert_eq!(origin("127.0.0.2"), origin("127.255.0.3"));
    assert_eq!(origin("::1"), origin("127.0.0.1"));
    passes(&throttle, &named("127.0.0.1", "nobody"), 1_000);
    assert_eq!(passes(&throttle, &named("127.0.0.9", "olga"), 1), 0);
    assert_eq!(passes(&throttle, &named("127.0.0.9", "olga").behind_proxy(), 1), 1);
}
