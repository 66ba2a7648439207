//! The nodes and the network between them, in one thread.
//!
//! Nothing moves unless it is pumped, and a pump ends only when nothing can move any more. So when
//! a command has been served every question is decided: there is no time-out, no tick, and no
//! answer that comes later (C2.3, C5.2).

use super::command::Command;
use super::copying::CatchUpQueue;
use super::membership::Members;
use super::node::{Node, NodeStatus};
use super::state_machine::{Applied, LogId};
use super::store::NodeStore;
use crate::crash;
use crate::model::ambient::Timestamp;
use raft::eraftpb::Message;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Messages that one command may move. A log of a million entries is sent with fewer, so reaching
/// this means that two nodes answer each other for ever: a bug, and the kernel stops.
const STEPS_MAX: u64 = 10_000_000;

/// The nodes, the network, and who may be elected.
pub(super) struct RaftGroup {
    nodes: Vec<Node>,
    known: Members,
    cut: BTreeSet<u64>,
    pub(super) wire: VecDeque<Message>,
    /// What moves in slices, to a node that is behind.
    pub(super) lane: Option<CatchUpQueue>,
    appointment: Option<(u64, Command)>,
    began: bool,
    heard: BTreeMap<u64, (LogId, Applied)>,
    heard_from: u64,
    installed: Vec<(u64, LogId)>,
    /// In some tests messages are lost, delayed and repeated.
    #[cfg(test)]
    pub(super) carrier: Option<Box<dyn super::probe::MessageCarrier>>,
}

impl RaftGroup {
    /// The nodes with the numbers from 1 on, all connected.
    pub(super) fn new(nodes: Vec<Node>, known: Members) -> Self {
        Self {
            nodes,
            known,
            cut: BTreeSet::new(),
            wire: VecDeque::new(),
            lane: None,
            appointment: None,
            began: false,
            heard: BTreeMap::new(),
            heard_from: u64::MAX,
            installed: Vec::new(),
            #[cfg(test)]
            carrier: None,
        }
    }

    /// From here on the nodes write. What was committed before the last stop is applied; nothing new can
    /// come of it.
    pub(super) fn begin(&mut self, now: Timestamp) {
        for node in &mut self.nodes {
            node.begin(now);
        }
        self.pump(now);
    }

    /// From now on messages travel as this carrier says.
    #[cfg(test)]
    pub(super) fn expose_to(&mut self, carrier: impl super::probe::MessageCarrier + 'static) {
        self.carrier = Some(Box::new(carrier));
    }

    /// The nodes that received the whole state since this was asked last, and up to where.
    pub(super) fn take_installed(&mut self) -> Vec<(u64, LogId)> {
        std::mem::take(&mut self.installed)
    }

    /// The members, in the order of their numbers.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        let members = self.members();
        self.nodes.iter().filter(move |node| members.contains(node.number))
    }

    /// The numbers of all nodes that run here, members or not.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.nodes.iter().map(|node| node.number).collect()
    }

    /// The members, as the most advanced node that can be reached knows them, or as they were known
    /// last where that is later.
    pub(super) fn members(&self) -> Members {
        let up = self.nodes.iter().filter(|node| self.reaches(node.number));
        let stores = up.filter_map(Node::store);
        let known = stores.max_by_key(|store| store.applied()).map(NodeStore::members);
        match known {
            Some(members) if members.since >= self.known.since => members.clone(),
            Some(_) | None => self.known.clone(),
        }
    }

    /// Remembers who the members were last known to be.
    pub(super) fn set_known(&mut self, known: Members) {
        self.known = known;
    }

    /// Adds a node, which is no member before an entry says so.
    pub(super) fn add_node(&mut self, node: Node) {
        self.nodes.push(node);
        self.nodes.sort_by_key(|node| node.number);
    }

    /// Closes a node that is no member any more.
    pub(super) fn drop_node(&mut self, number: u64) {
        self.nodes.retain(|node| node.number != number);
    }

    /// The node with this number.
    pub(super) fn node(&self, number: u64) -> Option<&Node> {
        self.nodes.iter().find(|node| node.number == number)
    }

    /// The node with this number, to act on.
    pub(super) fn node_mut(&mut self, number: u64) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.number == number)
    }

    /// Cuts a node off, or connects it again.
    pub(super) fn set_connected(&mut self, number: u64, connected: bool) {
        if connected {
            self.cut.remove(&number);
        } else {
            self.cut.insert(number);
        }
    }

    /// Whether a node runs and is connected.
    pub(super) fn reaches(&self, number: u64) -> bool {
        !self.cut.contains(&number) && self.node(number).is_some_and(|n| n.failed().is_none())
    }

    /// The members that can be reached, with what they tell.
    pub(super) fn reachable(&self) -> impl Iterator<Item = (&Node, NodeStatus)> {
        self.nodes()
            .filter(|node| self.reaches(node.number))
            .filter_map(|node| Some((node, node.vitals()?)))
    }

    /// How many nodes make a majority.
    pub(super) fn quorum(&self) -> usize {
        self.members().quorum()
    }

    /// How many voters can be reached.
    pub(super) fn voters_reached(&self) -> usize {
        let voters = self.members().voters;
        voters.into_iter().filter(|number| self.reaches(*number)).count()
    }

    /// Whether a majority can be reached.
    pub(super) fn has_quorum(&self) -> bool {
        self.voters_reached() >= self.quorum()
    }

    /// The highest epoch of the nodes that can be reached; 0 when there is none.
    pub(super) fn epoch(&self) -> u64 {
        self.reachable().map(|(_, vitals)| vitals.epoch).max().unwrap_or(0)
    }

    /// The reachable node that leads the highest reachable epoch.
    pub(super) fn primary(&self) -> Option<(&Node, NodeStatus)> {
        let epoch = self.epoch();
        self.reachable().find(|(_, vitals)| vitals.leads && vitals.epoch == epoch)
    }

    /// A node that runs and that nobody can reach. Only sabotage asks for it.
    pub(super) fn anybody_cut_off(&self) -> Option<u64> {
        let numbers = self.nodes.iter().filter(|node| node.store().is_some());
        numbers.map(|node| node.number).find(|number| !self.reaches(*number))
    }

    /// The reachable node whose state machine contains most.
    pub(super) fn most_advanced(&self) -> Option<&Node> {
        self.reachable().max_by_key(|(_, vitals)| vitals.applied).map(|(node, _)| node)
    }

    /// Raises every reachable node to an epoch, so that the next one is the same for all. To follow
    /// nobody in a higher epoch is always safe: it only ends promises to an older primary.
    pub(super) fn agree_on_epoch(&mut self, epoch: u64, now: Timestamp) {
        let behind: Vec<u64> = self
            .reachable()
            .filter(|(_, vitals)| vitals.epoch < epoch)
            .map(|(node, _)| node.number)
            .collect();
        for number in behind {
            if let Some(node) = self.node_mut(number) {
                node.follow_nobody(epoch, now);
            }
        }
        self.pump(now);
    }

    /// Lets the primary bring every reachable node up to date.
    pub(super) fn catch_up(&mut self, now: Timestamp) {
        let primary = self.primary().map(|(node, _)| node.number);
        if let Some(node) = primary.and_then(|number| self.node_mut(number)) {
            node.ping(now);
        }
        self.pump(now);
    }

    /// Proposes entries to a node and lets everything come to rest. Gives what each entry did, in
    /// order; `None` for an entry of which nobody says that it is committed. An empty answer means
    /// that nothing was appended at all.
    pub(super) fn propose(
        &mut self,
        number: u64,
        commands: &[Command],
        now: Timestamp,
    ) -> Vec<Option<(LogId, Applied)>> {
        let Some(node) = self.node_mut(number) else { return Vec::new() };
        // A change of the members is an entry of another form, and comes alone.
        let first = match commands {
            [change @ Command::Membership { .. }] => node.propose_change(change, now),
            commands => node.propose(commands, now),
        };
        let Some(first) = first else { return Vec::new() };
        self.listen_from(first.position);
        self.pump(now);
        let heard = self.stop_listening();
        (first.position..)
            .take(commands.len())
            .map(|position| {
                // Another epoch at this position is another entry: ours was replaced.
                heard.get(&position).filter(|(place, _)| place.epoch == first.epoch).cloned()
            })
            .collect()
    }

    /// Appoints a node: it stands for election, or is handed the role, in `start`; if it wins, its
    /// epoch begins with `command`. Gives what that entry did, and whether the epoch began at all.
    pub(super) fn elect(
        &mut self,
        number: u64,
        command: Command,
        now: Timestamp,
        start: impl FnOnce(&mut Self),
    ) -> (Option<(LogId, Applied)>, bool) {
        let end = self.reachable().map(|(_, vitals)| vitals.last.position).max().unwrap_or(0);
        let epoch = self.epoch();
        self.listen_from(end + 1);
        self.appointment = Some((number, command));
        self.began = false;
        start(self);
        self.pump(now);
        // C6.3: what is not decided now is given up, and cannot be decided later.
        for node in &mut self.nodes {
            node.withdraw(now);
        }
        self.pump(now);
        self.appointment = None;
        let first = self.stop_listening().into_values().find(|(place, _)| place.epoch > epoch);
        (first, self.began)
    }

    /// Moves messages until none can move and no node has anything to write. What waits in the lane
    /// stays there, unless a majority needs it.
    pub(super) fn pump(&mut self, now: Timestamp) {
        self.close_lane_if_needed();
        let mut steps = 0;
        while self.step(now) {
            steps += 1;
            assert!(steps < STEPS_MAX, "a pump comes to rest");
        }
    }

    fn step(&mut self, now: Timestamp) -> bool {
        let mut moved = false;
        for index in 0..self.nodes.len() {
            self.begin_epoch(index, now);
            let Some(turn) = self.nodes.get_mut(index).and_then(|node| node.turn(now)) else {
                continue;
            };
            moved = true;
            self.send(turn.messages);
            let number = self.nodes.get(index).map_or(0, |node| node.number);
            self.installed.extend(turn.installed.map(|place| (number, place)));
            for (place, applied) in turn.applied {
                if place.position >= self.heard_from {
                    self.heard.insert(place.position, (place, applied));
                }
            }
        }
        self.move_message(now) || moved
    }

    fn send(&mut self, messages: Vec<Message>) {
        for message in messages {
            let other = match &mut self.lane {
                Some(lane) => lane.take(message),
                None => Some(message),
            };
            self.wire.extend(other);
        }
    }

    /// Delivers the message that was sent first. Gives whether there was one.
    fn move_message(&mut self, now: Timestamp) -> bool {
        #[cfg(test)]
        if let Some(carrier) = &mut self.carrier {
            let Some(transit) = carrier.take(&mut self.wire) else { return false };
            match transit {
                super::probe::Transit::Arrives(message) => self.deliver(message, now),
                super::probe::Transit::Lost(message) => self.lose(&message, now),
                super::probe::Transit::Vanished => {}
            }
            return true;
        }
        let Some(message) = self.wire.pop_front() else { return false };
        self.deliver(message, now);
        true
    }

    fn begin_epoch(&mut self, index: usize, now: Timestamp) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        if !node.vitals().is_some_and(|vitals| vitals.leads) {
            return;
        }
        let command = self.appointment.as_ref().filter(|(number, _)| *number == node.number);
        let command = command.map(|(_, command)| command);
        if node.begin_epoch(command, now) {
            self.began = true;
            if matches!(command, Some(Command::Promote { .. })) {
                crash::failpoint("kernel.elected");
            }
        }
    }

    pub(super) fn deliver(&mut self, message: Message, now: Timestamp) {
        if self.reaches(message.from) && self.reaches(message.to) {
            if let Some(node) = self.node_mut(message.to) {
                node.receive(message, now);
            }
        } else {
            self.lose(&message, now);
        }
    }

    /// Tells the sender that a message did not arrive.
    fn lose(&mut self, message: &Message, now: Timestamp) {
        if let Some(node) = self.node_mut(message.from) {
            node.not_delivered(message, now);
        }
    }

    fn listen_from(&mut self, position: u64) {
        self.heard_from = position;
        self.heard.clear();
    }

    fn stop_listening(&mut self) -> BTreeMap<u64, (LogId, Applied)> {
        self.heard_from = u64::MAX;
        std::mem::take(&mut self.heard)
    }
}
