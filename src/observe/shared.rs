//! One observation for everybody who only watches: probes and scrapers ask as often as they like, and the
//! cluster is looked at as often as it changes, and at least seldom.

use super::QueryService;
use crate::model::ambient::Timestamp;
use crate::model::answer::StateVersion;
use crate::model::cluster::ClusterState;
use crate::model::refusal::Refusal;
use std::sync::Arc;
use tokio::sync::Mutex;

/// For how long an observation serves further watchers, in milliseconds, while nothing is known to have
/// changed: shorter than any usual interval between two scrapes.
pub const SHARED_FOR_MS: u64 = 5_000;

/// The last observation that was made for a watcher. Clones share it, and make one at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedObservation(Arc<Mutex<Option<WatchedLook>>>);

#[derive(Debug)]
struct WatchedLook {
    at: Timestamp,
    version: Option<StateVersion>,
    state: Result<ClusterState, Refusal>,
}

impl WatchedLook {
    /// Whether it can be handed on. A clock that was set back makes it old, like one that went on; who
    /// waited for this very look came before it and is served by it.
    fn serves(&self, now: Timestamp, version: Option<StateVersion>) -> bool {
        self.version == version && self.at.millis().abs_diff(now.millis()) < SHARED_FOR_MS
    }
}

impl QueryService {
    /// One observation of the cluster, which says when it was made: a new one where kernel or log have
    /// changed, or the last is older than [`SHARED_FOR_MS`]. For those who watch; nothing is decided by it.
    ///
    /// # Errors
    /// As [`observe`](Self::observe), and no more often.
    pub async fn observe_shared(&self, now: Timestamp) -> Result<ClusterState, Refusal> {
        let mut last = self.shared.0.lock().await;
        // Before the look: what changes during it is looked at again.
        let version = self.present().ok();
        if let Some(look) = last.as_ref().filter(|look| look.serves(now, version)) {
            return look.state.clone();
        }
        let state = self.observe().await;
        *last = Some(WatchedLook { at: now, version, state: state.clone() });
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_serves_for_a_while_and_no_longer_whichever_way_the_clock_went() {
        let at = |millis| Timestamp::from_millis(millis);
        let version = |log| Some(StateVersion { cluster: 1, log });
        let look = WatchedLook {
            at: at(10_000),
            version: version(1),
            state: Err(Refusal::new(crate::model::refusal::RefusalCode::Internal, "x")),
        };
        for (now, serves) in
            [(10_000, true), (14_999, true), (15_000, false), (5_001, true), (5_000, false)]
        {
            assert_eq!(look.serves(at(now), version(1)), serves, "{now}");
        }
        assert!(!look.serves(at(10_000), version(2)), "something changed");
        assert!(!look.serves(at(10_000), None), "what the log holds is not known");
    }
}
