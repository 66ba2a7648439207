//! What each session was shown: in memory only, bounded, and gone with the session. Nothing reads it but
//! the pages of that session, and nothing follows from it (C8.3).

use super::ReadState;
use super::gate::credential;
use crate::authority::{Credential, Denied};
use crate::model::ambient::Timestamp;
use crate::model::cluster::ClusterState;
use crate::model::refusal::Refusal;
use crate::model::trace::Trace;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Positions that are kept at most, of all sessions together; each costs about 50 bytes.
const POSITIONS_IN_ALL: usize = 500_000;

/// The traces of all sessions.
#[derive(Clone, Default)]
pub(super) struct Traces(Arc<Mutex<StoredTrace>>);

#[derive(Default)]
struct StoredTrace {
    of: BTreeMap<Credential, One>,
    turn: u64,
}

struct One {
    trace: Trace,
    /// When the session ends at the latest.
    ends: Timestamp,
    /// When it was last shown something, counted.
    turn: u64,
}

/// The session that sent a request.
pub(super) struct HeldCredential(pub(super) Credential);

impl FromRequestParts<ReadState> for HeldCredential {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &ReadState) -> Result<Self, Refusal> {
        let held = credential(&parts.headers, &site.cookie);
        held.map(Self).ok_or_else(|| Denied::without_credential().refusal())
    }
}

impl ReadState {
    /// Keeps what this session is being shown, and gives all that it was shown.
    pub(super) fn shown(
        &self,
        held: &HeldCredential,
        ends: Timestamp,
        state: &ClusterState,
    ) -> Trace {
        let end = self.read.spec().position.end;
        self.traces.show(&held.0, ends, self.clock.now(), end, state)
    }
}

impl Traces {
    fn show(
        &self,
        held: &Credential,
        ends: Timestamp,
        now: Timestamp,
        end: &str,
        state: &ClusterState,
    ) -> Trace {
        let mut kept = self.lock();
        kept.of.retain(|_, one| one.ends > now);
        kept.turn += 1;
        let turn = kept.turn;
        let new = || One { trace: Trace::default(), ends, turn };
        let one = kept.of.entry(held.clone()).or_insert_with(new);
        one.turn = turn;
        one.trace.show(end, state);
        let shown = one.trace.clone();
        kept.make_room(POSITIONS_IN_ALL);
        shown
    }

    /// Keeps what a session was shown when it gets another secret.
    pub(super) fn follow(&self, old: &Credential, new: Credential) {
        let mut kept = self.lock();
        if let Some(one) = kept.of.remove(old) {
            kept.of.insert(new, one);
        }
    }

    /// Forgets what a session was shown, because it has ended.
    pub(super) fn forget(&self, held: &Credential) {
        self.lock().of.remove(held);
    }

    // Every statement leaves whole values behind, so a panic elsewhere broke nothing.
    fn lock(&self) -> MutexGuard<'_, StoredTrace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoredTrace {
    /// Forgets whoever was shown nothing for the longest, until the rest fits.
    fn make_room(&mut self, limit: usize) {
        let mut size: usize = self.of.values().map(|one| one.trace.size()).sum();
        while size > limit {
            let oldest = self.of.iter().min_by_key(|(_, one)| one.turn);
            let Some(oldest) = oldest.map(|(held, _)| held.clone()) else { return };
            size -= self.of.remove(&oldest).map_or(0, |one| one.trace.size());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ambient::Timestamp;
    use crate::model::trace::SAMPLES_MAX;
    use crate::text::fixtures::state;

    /// The fact that says where the log of a node ends.
    const END: &str = "end";

    fn held(digit: char) -> Credential {
        let text = format!("aerodb_session_{}", digit.to_string().repeat(64));
        Credential::parse(&text).expect("the form of a session")
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// The observation at this time, with n1 at this position.
    fn seen(millis: i64, position: u64) -> ClusterState {
        let mut state = state();
        state.observation.observed_at = at(millis);
        let n1 = state.nodes.first_mut().expect("a node");
        n1.facts.set(END, crate::model::facts::Fact::Known(position.into()));
        state
    }

    #[test]
    fn looking_again_at_the_same_state_adds_nothing_and_the_oldest_make_room() {
        let traces = Traces::default();
        let end = at(i64::MAX);
        for look in 0..50 {
            let trace = traces.show(&held('a'), end, at(0), END, &seen(look, 7));
            assert_eq!(trace.samples().len(), 1);
            let times = trace.samples().map(|s| (s.from, s.until)).next().expect("one");
            assert_eq!(times, (at(0), at(look)));
        }
        for look in 1..=200 {
            traces.show(&held('a'), end, at(0), END, &seen(100, 7 + look));
        }
        let trace = traces.show(&held('a'), end, at(0), END, &seen(100, 207));
        assert_eq!((trace.samples().len(), trace.dropped()), (SAMPLES_MAX, 81));
    }

    #[test]
    fn a_session_that_has_ended_leaves_nothing_and_sees_nothing_of_another() {
        let traces = Traces::default();
        traces.show(&held('a'), at(10), at(0), END, &seen(0, 7));
        traces.show(&held('b'), at(99), at(0), END, &seen(0, 7));
        assert_eq!(traces.show(&held('b'), at(99), at(1), END, &seen(1, 8)).samples().len(), 2);
        assert_eq!(traces.lock().of.len(), 2);
        traces.show(&held('b'), at(99), at(10), END, &seen(2, 9));
        assert_eq!(traces.lock().of.len(), 1, "the time of a is over");
        traces.follow(&held('b'), held('c'));
        assert_eq!(traces.show(&held('c'), at(99), at(10), END, &seen(3, 9)).samples().len(), 3);
        traces.forget(&held('c'));
        assert_eq!(traces.show(&held('b'), at(99), at(11), END, &seen(3, 9)).samples().len(), 1);
    }

    #[test]
    fn when_all_is_too_much_whoever_was_shown_nothing_for_the_longest_is_forgotten() {
        let traces = Traces::default();
        for who in ['a', 'b', 'c', 'a'] {
            traces.show(&held(who), at(99), at(0), END, &seen(0, 7));
        }
        let mut kept = traces.lock();
        kept.make_room(6);
        assert_eq!(kept.of.keys().collect::<Vec<_>>().len(), 2);
        assert!(!kept.of.contains_key(&held('b')), "b is the one");
        kept.make_room(0);
        assert!(kept.of.is_empty());
    }
}
