//! Windows of time by a word, such as the last hour. A word is turned into an address with two times at
//! once: an address that is kept or sent to somebody shows the same records for ever.

use super::query::Query;
use crate::model::ambient::Timestamp;
use crate::model::text::InputError;
use crate::ui::components::list_filter::{LAST, TimePreset};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The hours of UTC between which a night lies: from the evening before until the morning.
const EVENING_MS: i64 = 18 * HOUR_MS;
const MORNING_MS: i64 = 6 * HOUR_MS;

/// Takes the word where one was asked for, as the window that it stands for now.
pub(super) fn take(
    query: &mut Query,
    now: Timestamp,
) -> Result<Option<(Timestamp, Timestamp)>, InputError> {
    let Some(word) = query.optional(LAST) else { return Ok(None) };
    let preset = TimePreset::parse(&word).ok_or_else(|| {
        let words = TimePreset::ALL.map(TimePreset::word).join(", ");
        InputError::new(LAST, &word, format!("one of {words}"))
    })?;
    Ok(Some(window(preset, now)))
}

/// The way to the same page with a window in its address, and with whatever else was asked for.
pub(super) fn to(
    path: &str,
    [from, to]: [&str; 2],
    (begin, end): (Timestamp, Timestamp),
    query: &mut Query,
) -> Response {
    let mut pairs = query.rest();
    pairs.insert(from.to_owned(), begin.to_string());
    pairs.insert(to.to_owned(), end.to_string());
    let pairs = serde_urlencoded::to_string(pairs).expect("pairs of text can be encoded");
    let mut response = Redirect::to(&format!("{path}?{pairs}")).into_response();
    // Where it leads follows from the time.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn window(preset: TimePreset, now: Timestamp) -> (Timestamp, Timestamp) {
    match preset {
        TimePreset::Hour => (now.plus_millis(-HOUR_MS), now),
        TimePreset::Day => (now.plus_millis(-DAY_MS), now),
        TimePreset::Night => {
            let midnight = Timestamp::from_millis(now.millis().div_euclid(DAY_MS) * DAY_MS);
            let morning = midnight.plus_millis(MORNING_MS);
            (midnight.plus_millis(EVENING_MS - DAY_MS), morning.min(now))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_for_the_window_before_the_moment_in_which_it_is_asked_for() {
        let said = |preset, now: &str| {
            let (from, to) = window(preset, Timestamp::parse(now).expect("a time"));
            format!("{from} {to}")
        };
        let noon = "2026-03-01T12:00:00Z";
        let night = "2026-02-28T18:00:00.000Z 2026-03-01T06:00:00.000Z";
        assert_eq!(
            said(TimePreset::Hour, noon),
            "2026-03-01T11:00:00.000Z 2026-03-01T12:00:00.000Z"
        );
        assert_eq!(
            said(TimePreset::Day, noon),
            "2026-02-28T12:00:00.000Z 2026-03-01T12:00:00.000Z"
        );
        assert_eq!(said(TimePreset::Night, noon), night);
        assert_eq!(
            said(TimePreset::Night, "2026-03-01T23:59:59Z"),
            night,
            "not the one that began"
        );
        assert_eq!(
            said(TimePreset::Night, "2026-03-01T02:00:00Z"),
            "2026-02-28T18:00:00.000Z 2026-03-01T02:00:00.000Z",
            "a night that is not over ends now"
        );
    }
}
