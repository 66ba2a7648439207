//! What somebody tried whom nobody knows: the first attempt from a place is on record at once, and those
//! that follow within a minute are on record by their number (C9.4).
//!
//! A stranger needs nothing to be denied, so one record for each would let anybody fill the disk of the
//! log. The number is recorded with the next request that comes after the minute, from whomever, and
//! when the server stops. What a crash takes is the number of the last minute of each place.

use super::Workflow;
use crate::ledger::Draft;
use crate::model::ambient::Timestamp;
use crate::model::record::Entry;
use crate::model::refusal::Refusal;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long attempts from one place are summed, in milliseconds.
pub const SUMMED_MS: i64 = 60_000;
/// Places that are told apart within a minute. More are summed as one.
pub const PLACES_MAX: usize = 1_000;
/// What those are called.
const ELSEWHERE: &str = "elsewhere";

/// What was denied from each place, and is not on record yet.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<BTreeMap<String, Minute>>);

/// One place in one minute.
#[derive(Debug)]
struct Minute {
    began: i64,
    untold: u64,
    last: Option<(String, Refusal)>,
}

impl Strangers {
    /// Counts an attempt. Answers whether it is to be recorded by itself: the first of a minute is.
    fn count(&self, place: String, attempt: &str, refusal: &Refusal, now: Timestamp) -> bool {
        let mut all = self.lock();
        let place = if all.len() < PLACES_MAX || all.contains_key(&place) {
            place
        } else {
            ELSEWHERE.to_owned()
        };
        let Some(minute) = all.get_mut(&place) else {
            all.insert(place, Minute { began: now.millis(), untold: 0, last: None });
            return true;
        };
        minute.untold = minute.untold.saturating_add(1);
        minute.last = Some((attempt.to_owned(), refusal.clone()));
        false
    }

    /// Takes what is due: of every minute that is over, or of all.
    fn due(&self, now: Option<Timestamp>) -> Vec<Entry> {
        let is_over = |minute: &Minute| {
            now.is_none_or(|now| {
                let age = now.millis().saturating_sub(minute.began);
                !(0..SUMMED_MS).contains(&age)
            })
        };
        let mut all = self.lock();
        let mut entries = Vec::new();
        all.retain(|place, minute| {
            let over = is_over(minute);
            if over && let Some((attempt, refusal)) = minute.last.take() {
                let found = format!("{} more from {place} within a minute", minute.untold);
                let refusal = refusal.with_evidence(found, "somebody who is known");
                entries.push(Entry::Denied { attempt, refusal, times: Some(minute.untold) });
            }
            !over
        });
        entries
    }

    // A panic while it was held left whole minutes behind.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Minute>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workflow {
    /// Records that somebody whom nobody knows tried something, at once or by number, and gives the
    /// refusal back. `place` is where they asked from.
    ///
    /// # Errors
    /// `audit_unavailable` when that cannot be recorded; nothing ran either way.
    pub async fn deny_stranger(
        &self,
        place: String,
        attempt: String,
        refusal: Refusal,
    ) -> Result<Refusal, Refusal> {
        self.tell_of_strangers().await;
        if self.strangers.count(place, &attempt, &refusal, self.ledger.now()) {
            return self.deny(None, attempt, refusal).await;
        }
        Ok(refusal)
    }

    /// Records by number what strangers tried in the minutes that are over.
    pub async fn tell_of_strangers(&self) {
        self.tell(Some(self.ledger.now())).await;
    }

    pub(super) async fn tell(&self, now: Option<Timestamp>) {
        let due = self.strangers.due(now);
        if !due.is_empty() {
            let drafts = due.into_iter().map(|entry| Draft::new(None, None, entry));
            // Where that fails the log takes no record at all, and says so everywhere.
            let _ = self.ledger.append(drafts.collect()).await;
        }
    }
}
