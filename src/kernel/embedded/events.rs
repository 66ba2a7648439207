//! What happened, in one order: entries of the log, which every node holds, and what no log holds,
//! which the cluster metadata keeps.
//!
//! After each command the kernel compares what it sees with what it saw before, and keeps the
//! differences. That is all: nobody watches, and nothing follows from an event (C2.3, C8.3).

use super::cluster::Cluster;
use super::metadata::LastKnown;
use super::sqlite::DiskError;
use crate::kernel::Unobservable;
use crate::kernel::embedded::spec::{EmbeddedAction as Action, EngineEvent};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::event::{EventPage, EventPlace, KernelEvent};
use crate::model::facts::Since;
use crate::model::text::NodeId;
use std::collections::BTreeMap;

/// What the kernel saw when it last kept events.
#[derive(Debug, Default)]
pub(super) struct EventState {
    lost: BTreeMap<u64, bool>,
    no_quorum: bool,
    has_primary: bool,
    /// The order that is being executed: what happens meanwhile is its doing.
    pub(super) acting: Option<ActionId>,
    /// The place of the last event that was kept.
    last: Option<EventPlace>,
}

/// An event without its place.
struct Happening {
    kind: EngineEvent,
    node: Option<NodeId>,
    sentence: String,
}

impl Happening {
    fn new(kind: EngineEvent, node: Option<NodeId>, sentence: String) -> Self {
        Self { kind, node, sentence }
    }
}

impl Cluster {
    /// Begins to keep events after a start; the start is one, and says that before it is a gap.
    pub(super) fn begin_events(&mut self, now: Timestamp) -> Result<(), DiskError> {
        let last = self.metadata.last_event()?;
        for node in self.ensemble.nodes() {
            let reach = self.metadata.last_kind(Some(&node.id), LOST_OR_NOT)?;
            self.seen.lost.insert(node.number, reach == Some(EngineEvent::NodeLost.kind()));
        }
        let quorum = self.metadata.last_kind(None, QUORUM_OR_NOT)?;
        self.seen.no_quorum = quorum == Some(EngineEvent::QuorumLost.kind());
        self.seen.last = last.as_ref().map(|event| event.place);
        let sentence = match last {
            None => "The kernel was started for the first time.".to_owned(),
            Some(event) => format!(
                "The kernel was started; the last event before is of {}, and what happened between \
                 is not recorded.",
                event.at
            ),
        };
        self.keep_events(vec![Happening::new(EngineEvent::Started, None, sentence)], now)
    }

    /// Keeps what happened since the last look. `before` is what was known then.
    pub(super) fn note_events(
        &mut self,
        before: &LastKnown,
        now: Timestamp,
    ) -> Result<(), DiskError> {
        let mut happened = Vec::new();
        for (number, place) in self.ensemble.take_installed() {
            let node = NodeId::numbered(number);
            let sentence = format!(
                "{node} received the whole state up to position {} of epoch {}.",
                place.position, place.epoch
            );
            happened.push(Happening::new(EngineEvent::StateReceived, Some(node), sentence));
        }
        for node in self.ensemble.nodes() {
            let cut = self.cut(node.number).since();
            let was_lost = self.seen.lost.insert(node.number, cut.is_some());
            match (was_lost.unwrap_or(false), cut) {
                (false, Some(cut)) => happened.push(Happening::new(
                    EngineEvent::NodeLost,
                    Some(node.id.clone()),
                    format!("{} cannot be reached since {}: {}.", node.id, cut.since, cut.why),
                )),
                (true, None) => happened.push(Happening::new(
                    EngineEvent::NodeRegained,
                    Some(node.id.clone()),
                    format!("{} can be reached again.", node.id),
                )),
                (false, None) | (true, Some(_)) => {}
            }
        }
        happened.extend(self.primary_lost(before));
        happened.extend(self.quorum_moved());
        self.keep_events(happened, now)
    }

    /// Keeps that nobody took the role over that an order was to give away.
    pub(super) fn note_refused_election(&mut self, to: &NodeId, why: &str, now: Timestamp) {
        let happened = Happening::new(
            EngineEvent::ElectionRefused,
            Some(to.clone()),
            format!("{to} did not become primary. {why}"),
        );
        if let Err(error) = self.keep_events(vec![happened], now) {
            self.stop(&error, now);
        }
    }

    /// Keeps that a backup was made.
    pub(super) fn note_backup(&mut self, result: &str, now: Timestamp) {
        let happened = Happening::new(EngineEvent::BackupCreated, None, result.to_owned());
        if let Err(error) = self.keep_events(vec![happened], now) {
            self.stop(&error, now);
        }
    }

    fn primary_lost(&mut self, before: &LastKnown) -> Option<Happening> {
        let nobody = self.metadata.last_known().nobody.clone();
        let had = std::mem::replace(&mut self.seen.has_primary, nobody.is_none());
        let Since { since, why } = nobody.filter(|_| had || before.nobody.is_none())?;
        let sentence = format!("Nobody is primary since {since}, because {why}.");
        Some(Happening::new(EngineEvent::PrimaryLost, None, sentence))
    }

    fn quorum_moved(&mut self) -> Option<Happening> {
        let no_quorum = self.no_quorum_since();
        let was = std::mem::replace(&mut self.seen.no_quorum, no_quorum.is_some());
        match (was, no_quorum) {
            (false, Some(since)) => Some(Happening::new(
                EngineEvent::QuorumLost,
                None,
                format!("No majority of the voters can be reached since {since}."),
            )),
            (true, None) => Some(Happening::new(
                EngineEvent::QuorumRegained,
                None,
                "A majority of the voters can be reached again.".to_owned(),
            )),
            (false, None) | (true, Some(_)) => None,
        }
    }

    fn keep_events(&mut self, happened: Vec<Happening>, now: Timestamp) -> Result<(), DiskError> {
        if happened.is_empty() {
            return Ok(());
        }
        // The end of the log, as far as it can be seen; never before an event that is kept.
        let ends = self.ensemble.reachable().map(|(_, vitals)| vitals.last.position);
        let here =
            EventPlace { branch: self.epoch(), position: ends.max().unwrap_or(0), number: 0 };
        let mut place = self.seen.last.map_or(here, |last| last.max(here));
        let mut events = Vec::with_capacity(happened.len());
        for Happening { kind, node, sentence } in happened {
            place.number += 1;
            let action_id = self.seen.acting;
            let kind = kind.kind();
            events.push(KernelEvent { place, at: now, kind, node, action_id, sentence });
        }
        self.metadata.keep_events(&events)?;
        self.seen.last = Some(place);
        Ok(())
    }

    /// One page of what happened, newest first.
    pub(super) fn events(
        &self,
        before: Option<EventPlace>,
        limit: usize,
    ) -> Result<EventPage, Unobservable> {
        self.alive()?;
        let unreadable = |error: DiskError| Unobservable { why: error.to_string() };
        // One more than asked for says whether there is another page.
        let wanted = limit + 1;
        let mut events = self.metadata.events(before, wanted).map_err(unreadable)?;
        let store = self.ensemble.most_advanced().and_then(|node| node.store());
        if let Some(store) = store {
            events.extend(store.events(before, wanted).map_err(unreadable)?);
        }
        events.sort_unstable_by_key(|event| std::cmp::Reverse(event.place));
        let more = events.len() > limit;
        events.truncate(limit);
        let next_before = events.last().filter(|_| more).map(|event| event.place);
        let gap = (store.is_none() || !self.ensemble.has_quorum()).then(|| {
            "No majority can be reached: events of the log that the reachable nodes do not hold \
             are missing."
                .to_owned()
        });
        Ok(EventPage { events, next_before, gap })
    }
}

const LOST_OR_NOT: [EngineEvent; 2] = [EngineEvent::NodeLost, EngineEvent::NodeRegained];
const QUORUM_OR_NOT: [EngineEvent; 2] = [EngineEvent::QuorumLost, EngineEvent::QuorumRegained];

/// What kind of event the execution of an action is, beside the beginning of an epoch.
pub(super) fn kind_of(action: &Action) -> Option<EngineEvent> {
    match action {
        Action::StopWrites {} => Some(EngineEvent::WritesStopped),
        Action::ResumeWrites {} => Some(EngineEvent::WritesResumed),
        Action::AddReplica { .. } => Some(EngineEvent::ReplicaAdded),
        Action::GrantVote { .. } => Some(EngineEvent::VoteGranted),
        Action::RemoveReplica { .. } => Some(EngineEvent::ReplicaRemoved),
        Action::TakeCheckpoint { .. } => Some(EngineEvent::CheckpointTaken),
        Action::PurgeLog { .. } => Some(EngineEvent::LogPurged),
        // The first entry of an epoch is its own event, and a switch is no entry.
        Action::Switchover { .. }
        | Action::Failover { .. }
        | Action::CreateBackup { .. }
        | Action::VerifyNode { .. }
        | Action::TakeOffline { .. }
        | Action::BringOnline { .. } => None,
    }
}
