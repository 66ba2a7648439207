//! One observation of the whole cluster: every node is read twice over a session that is kept open.
//!
//! PostgreSQL has no snapshot of several servers. What stands for one: all nodes are read, and then all of
//! them again; what a confirmation is bound to has to be the same both times, so there was an instant
//! between the two at which all of it was true together. Of a standby the first reading counts and of a
//! primary the second, so no standby of it can be ahead of it. Reading changes nothing (C8.3).

mod assemble;
mod changes;
mod forks;
mod items;
mod look;
mod node;
mod onsets;
mod sheet;
mod writes;

use super::backup::{backups_dir, list_backups};
use super::config::PostgresConfig;
use super::connection::Dialer;
use super::journal::{HighestKnown, Journal};
use super::reader::{ReadingDepth, ReadingScope};
use super::spec::SPEC;
use crate::kernel::Unobservable;
use crate::model::ambient::{Clock, Room, Timestamp};
use crate::model::cluster::ClusterState;
use crate::model::facts::{Fact, Since, Value};
use crate::model::pinned::{ClusterIdentity, Pinned};
use crate::model::text::NodeId;
use assemble::{NodeLook, Surroundings, assemble, history_source, known_of};
use changes::ChangeCounter;
use forks::ForkCache;
use futures_util::future::join_all;
use look::NodeLink;
use onsets::Onsets;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, watch};

/// How many times the nodes are read where what is pinned moved meanwhile.
const ROUNDS_MAX: usize = 3;
/// How many of the facts that moved are named.
const MOVED_MAX: usize = 5;
/// What is free is said in whole mebibytes: what changes all the time would be a change on every page.
const MEBIBYTE: u64 = 1024 * 1024;

/// Observes one cluster.
pub struct ClusterObserver {
    config: Arc<PostgresConfig>,
    dialer: Dialer,
    journal: Journal,
    room: Arc<dyn Room>,
    clock: Arc<dyn Clock>,
    scope: ReadingScope,
    links: Vec<NodeLink>,
    /// How many have asked.
    arrivals: AtomicU64,
    last: Mutex<LastObservation>,
    forks: ForkCache,
    changes: ChangeCounter,
}

/// The last observation, which everybody shares who asked before it began.
#[derive(Default)]
struct LastObservation {
    /// How many had asked when it began.
    covers: u64,
    result: Option<Result<ClusterState, Unobservable>>,
    pinned: Option<Pinned>,
    onsets: Onsets,
}

impl std::fmt::Debug for ClusterObserver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterObserver").field("nodes", &self.config.nodes).finish_non_exhaustive()
    }
}

impl ClusterObserver {
    /// Observes the cluster of these settings, whose journal this is. Nothing is sent yet.
    #[must_use]
    pub fn new(
        config: Arc<PostgresConfig>,
        dialer: Dialer,
        journal: Journal,
        room: Arc<dyn Room>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let scope = ReadingScope::new(&journal.head().instance, &config);
        let links = config.nodes.iter().cloned().map(NodeLink::new).collect();
        Self {
            scope,
            links,
            dialer,
            journal,
            room,
            clock,
            arrivals: AtomicU64::new(0),
            last: Mutex::default(),
            forks: ForkCache::default(),
            changes: ChangeCounter::new(config.watch),
            config,
        }
    }

    /// One observation that began after this was called. Whoever asks while one is made shares the next.
    ///
    /// # Errors
    /// When what is pinned moved between the readings every time, or the journal cannot be used. A node that
    /// cannot be read is no error: its facts are unknown, each since the first look that failed.
    pub async fn observe(&self) -> Result<ClusterState, Unobservable> {
        let number = self.arrivals.fetch_add(1, Ordering::SeqCst);
        let mut last = self.last.lock().await;
        match &last.result {
            Some(result) if number < last.covers => return result.clone(),
            _ => {}
        }
        let covers = self.arrivals.load(Ordering::SeqCst);
        let result = self.look(&mut last.onsets).await;
        if let Ok(state) = &result {
            let pinned = state.pinned(&SPEC, None);
            if last.pinned.as_ref().is_some_and(|before| *before != pinned) {
                self.changes.grow();
            }
            last.pinned = Some(pinned);
        }
        last.covers = covers;
        last.result = Some(result.clone());
        result
    }

    /// Says that an order may have changed something.
    pub fn changed(&self) {
        self.changes.grow();
    }

    /// Grows with every order, and with every observation that differs from the one before it. While
    /// somebody holds what is returned, the cluster is looked at as often as the settings say, and nothing
    /// else is done.
    pub fn changes(self: &Arc<Self>) -> watch::Receiver<u64> {
        self.changes.listen(self)
    }

    /// What grows as the work of an order goes on.
    pub(in crate::kernel::postgres) fn announcer(&self) -> watch::Sender<u64> {
        self.changes.announcer()
    }

    async fn look(&self, onsets: &mut Onsets) -> Result<ClusterState, Unobservable> {
        let mut around = self.surroundings();
        let nothing = |_: &NodeId, why: &str| Since { since: around.now, why: why.to_owned() };
        let mut early = self.round(None).await;
        let mut moved = Vec::new();
        for _ in 1..ROUNDS_MAX {
            let late = self.round(Some(&early)).await;
            let [before, after] =
                [&early, &late].map(|looks| assemble(looks, &around, nothing).pinned(&SPEC, None));
            if before == after {
                let looks = combined(early, late);
                around.ordered = true;
                if let Some(source) = history_source(&looks, &around.identity) {
                    let limit = self.config.deadlines.observe;
                    around.forks = self.forks.read(&self.dialer, &self.scope, limit, source).await;
                }
                around.highest = self.journal.raise(known_of(&looks, &around.identity)).await?;
                let unanswered = self.note(&looks, around.now).await?;
                let since = |id: &NodeId, why: &str| {
                    unanswered.get(id).cloned().unwrap_or_else(|| nothing(id, why))
                };
                return Ok(onsets.date(assemble(&looks, &around, since)));
            }
            moved = before.moved(&after);
            early = late;
        }
        let named: Vec<String> = moved.iter().take(MOVED_MAX).map(|it| SPEC.change(it)).collect();
        let why =
            format!("between {ROUNDS_MAX} readings facts moved each time: {}", named.join("; "));
        Err(Unobservable { why })
    }

    /// Reads every node, all at once; one that did not answer before is not asked again.
    async fn round(&self, before: Option<&[NodeLook]>) -> Vec<NodeLook> {
        let limit = self.config.deadlines.observe;
        let look = async |link: &NodeLink| {
            let earlier = before.and_then(|looks| looks.iter().find(|it| it.node == link.node));
            let depth = match earlier.map(|look| (look, &look.read)) {
                None => ReadingDepth::Whole(limit / 4),
                Some((_, Ok(reading))) => ReadingDepth::Again(reading),
                Some((look, Err(_))) => return look.clone(),
            };
            link.look(&self.dialer, &self.scope, limit, depth).await
        };
        join_all(self.links.iter().map(look)).await
    }

    fn surroundings(&self) -> Surroundings<'_> {
        let now = self.clock.now();
        let identity = ClusterIdentity {
            cluster: self.config.cluster.clone(),
            environment: self.config.environment.clone(),
            kernel: SPEC.kind.to_owned(),
            id: self.journal.head().system_identifier.clone(),
        };
        let free_bytes = match self.room.free_bytes(&self.config.dir) {
            Ok(free) => Fact::Known(Value::Number(free - free % MEBIBYTE)),
            Err(why) => Fact::unknown(now, why),
        };
        // What a backup holds is read when it is verified: its name is what an observation says.
        let backups = match list_backups(&backups_dir(&self.config.dir)) {
            Ok(kept) => {
                let names = kept.into_iter().map(|(name, _)| name.to_string());
                Fact::Known(Value::Names(names.collect()))
            }
            Err(error) => Fact::unknown(now, error.to_string()),
        };
        Surroundings {
            config: &self.config,
            identity,
            now,
            clock: self.clock.name(),
            ordered: false,
            forks: Err("it was not asked for".to_owned()),
            backups,
            free_bytes,
            highest: HighestKnown::default(),
        }
    }

    async fn note(
        &self,
        looks: &[NodeLook],
        now: Timestamp,
    ) -> Result<BTreeMap<NodeId, Since>, Unobservable> {
        let answers = looks.iter().map(|look| {
            let answer = look.read.as_ref().map(drop).map_err(Clone::clone);
            (look.node.id.clone(), answer)
        });
        Ok(self.journal.note_answers(answers.collect(), now).await?)
    }
}

/// What is shown of two readings: of a primary the later one, so that no standby of it is ahead of it.
fn combined(early: Vec<NodeLook>, late: Vec<NodeLook>) -> Vec<NodeLook> {
    let pairs = early.into_iter().zip(late);
    let one = |(early, late): (NodeLook, NodeLook)| match (&early.read, &late.read) {
        (Ok(_), Ok(second)) if !second.pinned.standby => late,
        _ => early,
    };
    pairs.map(one).collect()
}

#[cfg(test)]
mod tests;
