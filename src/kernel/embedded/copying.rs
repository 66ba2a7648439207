//! A node that is behind is brought up to date beside everything else.
//!
//! The messages to it and from it wait in a lane of their own, and move in slices. Between two slices
//! the kernel serves whoever asks, so nobody's write waits for a long log. Where a majority needs the
//! node there is no lane: nothing could be acknowledged before it has caught up. A state that is
//! received whole is one message, and so one slice.

use super::cluster::Cluster;
use super::job::{ProgressReporter, Started};
use super::raft_group::RaftGroup;
use crate::kernel::embedded::spec::EmbeddedAction;
use crate::model::ambient::Timestamp;
use crate::model::progress::Unit;
use crate::model::receipt::Receipt;
use raft::eraftpb::Message;
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes of entries in a slice: a few times ten milliseconds of a disk.
const SLICE_BYTES: usize = 256 * 1024;
/// What a message counts for beside its entries, so that a slice of answers has an end too.
const MESSAGE_BYTES: usize = 1024;

/// The messages between one node and the others.
pub(super) struct CatchUpQueue {
    number: u64,
    messages: VecDeque<Message>,
}

impl CatchUpQueue {
    /// Takes a message if it is of this lane; gives it back if it is not.
    pub(super) fn take(&mut self, message: Message) -> Option<Message> {
        if message.to != self.number && message.from != self.number {
            return Some(message);
        }
        self.messages.push_back(message);
        None
    }
}

impl RaftGroup {
    /// From here on the messages to this node and from it wait for a slice.
    pub(super) fn open_lane(&mut self, number: u64) {
        // A carrier decides itself when a message moves.
        #[cfg(test)]
        if self.carrier.is_some() {
            return;
        }
        self.lane = Some(CatchUpQueue { number, messages: VecDeque::new() });
    }

    /// The node that messages wait for.
    pub(super) fn copies_to(&self) -> Option<u64> {
        let lane = self.lane.as_ref().filter(|lane| !lane.messages.is_empty());
        lane.map(|lane| lane.number)
    }

    /// Moves one slice, and everything that follows from it outside the lane.
    fn move_slice(&mut self, now: Timestamp) {
        let mut bytes = 0;
        while bytes < SLICE_BYTES {
            let next = self.lane.as_mut().and_then(|lane| lane.messages.pop_front());
            let Some(message) = next else { return };
            let held: usize = message.entries.iter().map(|entry| entry.data.len()).sum();
            bytes += MESSAGE_BYTES + held;
            self.deliver(message, now);
            self.pump(now);
        }
    }

    /// Puts what waits back among the other messages, where a majority needs the node.
    pub(super) fn close_lane_if_needed(&mut self) {
        let Some(number) = self.lane.as_ref().map(|lane| lane.number) else { return };
        let members = self.members();
        let others = members.voters.iter().filter(|voter| **voter != number);
        if others.filter(|voter| self.reaches(**voter)).count() < members.quorum() {
            self.close_lane();
        }
    }

    fn close_lane(&mut self) {
        if let Some(lane) = self.lane.take() {
            self.wire.extend(lane.messages);
        }
    }

    fn last_of(&self, number: u64) -> u64 {
        let vitals = self.node(number).and_then(super::node::Node::vitals);
        vitals.map_or(0, |vitals| vitals.last.position)
    }
}

impl Cluster {
    /// Leaves an order open while the node that it is about is being brought up to date. `None` when
    /// nothing is left to move.
    pub(super) fn copying(
        &mut self,
        action: &EmbeddedAction,
        receipt: &Receipt,
        meter: &Arc<ProgressReporter>,
    ) -> Option<Started> {
        let number = self.ensemble.copies_to()?;
        let end = self.primary().map_or(0, |primary| self.ensemble.last_of(primary));
        let missing = end.saturating_sub(self.ensemble.last_of(number));
        meter.begin(format!("copying the log to n{number}"), Unit::Entries, missing);
        self.under_way = Some(Arc::clone(meter));
        Some(Started::Copying(action.clone(), receipt.clone()))
    }

    /// Brings the node a slice nearer; gives whether there is more to do.
    pub(super) fn copy_on(&mut self, now: Timestamp) -> bool {
        let Some(number) = self.ensemble.copies_to() else { return false };
        let before = self.ensemble.last_of(number);
        self.ensemble.move_slice(now);
        let copied = self.ensemble.last_of(number).saturating_sub(before);
        if let Some(meter) = &self.under_way {
            meter.advance(copied);
        }
        self.ensemble.copies_to().is_some()
    }

    /// Moves all that is left.
    pub(super) fn come_to_rest(&mut self, now: Timestamp) {
        self.ensemble.close_lane();
        self.ensemble.pump(now);
    }
}

#[cfg(test)]
mod tests;
