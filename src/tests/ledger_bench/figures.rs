//! Times of one thing that was done many times.

use std::time::Duration;

/// How long each round took.
#[derive(Default)]
pub(crate) struct Timings(Vec<Duration>);

impl Timings {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// The time that this share of the rounds did not exceed, in microseconds.
    fn at(&mut self, percent: usize) -> f64 {
        self.0.sort_unstable();
        let index = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).map_or(0.0, |took| took.as_secs_f64() * 1e6)
    }
}

/// Prints one thing beside another, with their ratio.
pub(crate) fn line(name: &str, ours: &mut Timings, other: &str, limit: &mut Timings) {
    let (p50, p99) = (ours.at(50), ours.at(99));
    let (q50, q99) = (limit.at(50), limit.at(99));
    println!(
        "  {name}: p50 {p50:.0} us, p99 {p99:.0} us; {other}: p50 {q50:.0} us, p99 {q99:.0} us; \
         ratio {:.2} and {:.2}",
        p50 / q50,
        p99 / q99
    );
}
