//! This kernel's own view of an observation: typed where the control plane knows keys and values.
//!
//! It reads facts and keeps none. What is not there, or has another form, is unknown (C6.1).

use super::spec::facts as key;
use super::sync_rule::SyncRule;
use crate::model::cluster::{ClusterState, ItemState, NodeState};
use crate::model::facts::{Fact, Position};
use crate::model::spec::{PRIMARY_ROLE, ROLE};
use crate::model::text::{NodeId, in_halves};

/// The word for a node that is in recovery.
pub(super) const STANDBY_ROLE: &str = "standby";
/// What a sender says while a follower has all but the newest WAL.
const STREAMING: &str = "streaming";
/// What the server calls a follower that a commit waits for.
const SYNC_STATES: [&str; 2] = ["sync", "quorum"];
/// The state of a replay that goes on.
pub(super) const NOT_PAUSED: &str = "not paused";
/// The state of a replay that is paused.
pub(super) const PAUSED: &str = "paused";

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostgresRole {
    /// Not in recovery: it writes.
    Primary,
    /// In recovery: it replays.
    Standby,
}

/// One observation of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct PostgresView<'a> {
    /// The observation.
    pub state: &'a ClusterState,
}

/// One node of it.
#[derive(Clone, Copy, Debug)]
pub struct ServerView<'a> {
    /// The observation.
    pub state: &'a ClusterState,
    /// The node.
    pub node: &'a NodeState,
}

impl<'a> PostgresView<'a> {
    /// The view of an observation.
    #[must_use]
    pub fn of(state: &'a ClusterState) -> Self {
        Self { state }
    }

    /// The node of this name.
    #[must_use]
    pub fn node(self, id: &NodeId) -> Option<ServerView<'a>> {
        self.state.node(id).map(|node| ServerView { state: self.state, node })
    }

    /// Every node, in the order of the names.
    pub fn nodes(self) -> impl Iterator<Item = ServerView<'a>> {
        self.state.nodes.iter().map(move |node| ServerView { state: self.state, node })
    }

    /// The nodes that answer that they are primary.
    #[must_use]
    pub fn primaries(self) -> Fact<Vec<String>> {
        self.state.facts.names(key::PRIMARIES)
    }

    /// The rule that was declared, and not withdrawn.
    #[must_use]
    pub fn contract(self) -> Fact<Option<String>> {
        self.state.facts.text_or_none(key::SYNC_CONTRACT)
    }

    /// The names of the nodes.
    #[must_use]
    pub fn names(self) -> String {
        let names: Vec<&str> = self.state.nodes.iter().map(|node| node.id.as_str()).collect();
        names.join(", ")
    }
}

impl<'a> ServerView<'a> {
    /// Its name.
    #[must_use]
    pub fn id(self) -> &'a NodeId {
        &self.node.id
    }

    /// What it is; unknown where it says another word.
    #[must_use]
    pub fn role(self) -> Fact<PostgresRole> {
        let said = self.node.facts.text(ROLE);
        match said.known().map(String::as_str) {
            Some(PRIMARY_ROLE) => Fact::Known(PostgresRole::Primary),
            Some(STANDBY_ROLE) => Fact::Known(PostgresRole::Standby),
            Some(other) => Fact::unknown(
                self.state.observation.observed_at,
                format!("{other} is no role of this kernel"),
            ),
            None => self.gap(&said),
        }
    }

    /// Whether it is known to answer.
    #[must_use]
    pub fn answers(self) -> bool {
        self.node.reachable() == Fact::Known(true)
    }

    /// The timeline that it is on.
    #[must_use]
    pub fn timeline(self) -> Fact<u64> {
        self.node.facts.number(key::TIMELINE)
    }

    /// The end of the WAL that it has on disk.
    #[must_use]
    pub fn flushed(self) -> Fact<Position> {
        self.node.facts.position(key::FLUSHED)
    }

    /// The end of the WAL that its state contains.
    #[must_use]
    pub fn replayed(self) -> Fact<Position> {
        self.node.facts.position(key::REPLAYED)
    }

    /// What its receiver of WAL does; none where it has no receiver.
    #[must_use]
    pub fn receiver(self) -> Fact<Option<String>> {
        self.node.facts.text_or_none(key::RECEIVER)
    }

    /// A text, or none.
    #[must_use]
    pub fn text_or_none(self, key: &str) -> Fact<Option<String>> {
        self.node.facts.text_or_none(key)
    }

    /// A list of names.
    #[must_use]
    pub fn names(self, key: &str) -> Fact<Vec<String>> {
        self.node.facts.names(key)
    }

    /// Its slots, sessions or followers, in order.
    pub fn items(self, kind: &'static str) -> impl Iterator<Item = &'a ItemState> {
        self.state.items_of(&self.node.id).filter(move |item| *item.kind == *kind)
    }

    /// One of them.
    #[must_use]
    pub fn item(self, kind: &'static str, name: &str) -> Option<&'a ItemState> {
        self.items(kind).find(|item| item.name == name)
    }

    /// How many of the standbys that a rule names stream from it now, each name counted once.
    #[must_use]
    pub fn streaming(self, rule: &SyncRule) -> Fact<usize> {
        self.count_followers(|item| {
            let state = item.facts.text(key::FOLLOWER_STATE);
            match rule.place_of(&item.name) {
                None => Fact::Known(false),
                Some(_) => state.map(|state| state == STREAMING),
            }
        })
    }

    /// How many synchronous standbys stream from it now, by what the server says.
    #[must_use]
    pub fn synchronous(self) -> Fact<usize> {
        self.count_followers(|item| {
            let streams = item.facts.text(key::FOLLOWER_STATE).map(|state| state == STREAMING);
            let sync = item.facts.text(key::SYNC_STATE);
            match streams {
                Fact::Known(true) => sync.map(|state| SYNC_STATES.contains(&state.as_str())),
                other => other,
            }
        })
    }

    /// Followers that count; unknown where one of them is, or where the node does not answer and so has none
    /// that anybody could see.
    fn count_followers(self, counts: impl Fn(&ItemState) -> Fact<bool>) -> Fact<usize> {
        let reached = self.node.reachable();
        if reached != Fact::Known(true) {
            let why = format!("{} does not answer", self.node.id);
            let missing = reached.missing().cloned();
            let since = missing.map_or(self.state.observation.observed_at, |unknown| unknown.since);
            return Fact::unknown(since, why);
        }
        let mut count = 0;
        for item in self.items(key::FOLLOWER) {
            match counts(item) {
                Fact::Known(true) => count += 1,
                Fact::Known(false) => {}
                Fact::Unknown { unknown, .. } => return Fact::Unknown { unknown, last: None },
            }
        }
        Fact::Known(count)
    }

    fn gap<T, U>(self, of: &Fact<T>) -> Fact<U> {
        let at = self.state.observation.observed_at;
        match of.missing() {
            Some(unknown) => Fact::Unknown { unknown: unknown.clone(), last: None },
            None => Fact::unknown(at, "it is not said"),
        }
    }
}

/// A place in the WAL, as people and the server write it.
#[must_use]
pub fn wal_place(position: Position) -> String {
    format!("{} of timeline {}", in_halves(position.offset), position.branch)
}
