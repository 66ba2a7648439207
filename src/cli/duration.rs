//! A span of time as it is typed.

use std::time::Duration;

/// Parses `90m`, `12h` or `30d`. How long a token may live is judged where it is issued.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let required = || "a whole number and one of m, h, d, such as 12h".to_owned();
    let unit = text.chars().last().ok_or_else(required)?;
    let seconds: u64 = match unit {
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(required()),
    };
    let digits = text.strip_suffix(unit).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(required());
    }
    let count: u64 = digits.parse().map_err(|_| required())?;
    let seconds = count.checked_mul(seconds).filter(|s| *s > 0).ok_or_else(required)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for bad in
            ["", "d", "12", "1.5h", "-1h", "+1h", "0d", "12s", "1h ", "99999999999999999999d"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(duration("90m").expect("valid").as_secs(), 5_400);
        assert_eq!(duration("30d").expect("valid").as_secs(), 2_592_000);
    }
}
