//! The positions of the observations that one session was shown, in the order in which it was shown
//! them. They are kept by the server for as long as the session lasts, and nowhere else.

use crate::model::ambient::Timestamp;
use crate::model::cluster::ClusterState;
use crate::model::facts::Position;
use crate::model::text::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many observations that differ are kept for one session.
pub const SAMPLES_MAX: usize = 120;

/// One or more observations in a row that showed the same positions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When the first of them was made.
    pub from: Timestamp,
    /// When the last of them was made.
    pub until: Timestamp,
    /// The last entry of the log of each node; absent where it could not be read. By the names.
    pub positions: Vec<(NodeId, Option<Position>)>,
}

impl Sample {
    /// The positions of one observation.
    #[must_use]
    pub fn of(end: &str, state: &ClusterState) -> Self {
        let at = state.observation.observed_at;
        let of = |node: &crate::model::cluster::NodeState| {
            (node.id.clone(), node.facts.position(end).known().copied())
        };
        Self { from: at, until: at, positions: state.nodes.iter().map(of).collect() }
    }

    /// The position of a node; `None` where it was not known, or the node was no member.
    #[must_use]
    pub fn position(&self, node: &NodeId) -> Option<Position> {
        self.positions.iter().find(|(id, _)| id == node).and_then(|(_, position)| *position)
    }
}

/// What a session was shown, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    samples: VecDeque<Sample>,
    /// How many were dropped from the beginning to make room.
    dropped: u64,
}

impl Trace {
    /// Adds an observation. One that shows what the last one showed makes that one longer, so looking
    /// again at the same state draws the same picture (C5.2).
    pub fn show(&mut self, end: &str, state: &ClusterState) {
        let next = Sample::of(end, state);
        match self.samples.back_mut() {
            Some(last) if last.positions == next.positions => last.until = next.until,
            _ => self.samples.push_back(next),
        }
        while self.samples.len() > SAMPLES_MAX {
            self.samples.pop_front();
            self.dropped += 1;
        }
    }

    /// The samples, oldest first.
    #[must_use]
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = &Sample> + ExactSizeIterator {
        self.samples.iter()
    }

    /// How many were dropped from the beginning to make room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many positions it holds: what it costs.
    #[must_use]
    pub fn size(&self) -> usize {
        self.samples.iter().map(|sample| sample.positions.len()).sum()
    }
}
