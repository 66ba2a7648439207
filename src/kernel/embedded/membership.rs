//! Who belongs to the cluster, and how that changes: by an entry of the log, one node at a time.
//!
//! A new node joins without a vote. It votes only when an operator asks for that as well, so no
//! majority ever rests on a node that is still empty. A name is given once and never again.

use super::bootstrap;
use super::cluster::Cluster;
use super::command::{Accepted, Command};
use super::node::Node;
use super::sqlite::DiskError;
use crate::crash;
use crate::kernel::ApplyError;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::model::ambient::Timestamp;
use crate::model::receipt::{KernelRefusal, Receipt};
use raft::eraftpb::{ConfChangeSingle, ConfChangeType, ConfChangeV2, ConfState};
use serde::{Deserialize, Serialize};

/// The members of the cluster, as of one position of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Members {
    /// The position of the entry that made it so; 0 for the founding.
    pub since: u64,
    /// The nodes with a vote, in order.
    pub voters: Vec<u64>,
    /// The nodes without, in order.
    pub learners: Vec<u64>,
    /// The highest number that a node ever had: names are not given twice.
    pub highest: u64,
}

impl Members {
    /// The members by the founding: the nodes from 1 to this, all with a vote.
    pub(super) fn founding(nodes: u64) -> Self {
        Self { since: 0, voters: (1..=nodes).collect(), learners: Vec::new(), highest: nodes }
    }

    /// Whether a node belongs to the cluster.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        self.voters.contains(&number) || self.learners.contains(&number)
    }

    /// How many voters make a majority.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    /// The same, as the Raft library has it.
    pub(super) fn conf_state(&self) -> ConfState {
        ConfState {
            voters: self.voters.clone(),
            learners: self.learners.clone(),
            ..ConfState::default()
        }
    }

    /// Whether the library sees the same members.
    pub(super) fn agrees(&self, conf: &ConfState) -> bool {
        let sorted = |numbers: &[u64]| {
            let mut numbers = numbers.to_vec();
            numbers.sort_unstable();
            numbers
        };
        sorted(&conf.voters) == self.voters && sorted(&conf.learners) == self.learners
    }

    /// The members after a change at this position; `None` where the change does not fit them.
    #[must_use]
    pub(super) fn after(&self, change: MembershipChange, position: u64) -> Option<Self> {
        let mut after = Self { since: position, ..self.clone() };
        let take = |from: &mut Vec<u64>, number: u64| {
            let place = from.binary_search(&number).ok()?;
            Some(from.remove(place))
        };
        match change {
            MembershipChange::Add(number) if number == self.highest + 1 => {
                after.highest = number;
                after.learners.push(number);
            }
            MembershipChange::Add(_) => return None,
            MembershipChange::GrantVote(number) => {
                take(&mut after.learners, number)?;
                after.voters.push(number);
                after.voters.sort_unstable();
            }
            MembershipChange::Remove(number) => {
                take(&mut after.learners, number).or_else(|| take(&mut after.voters, number))?;
            }
        }
        (!after.voters.is_empty()).then_some(after)
    }
}

/// One change of the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MembershipChange {
    /// The node joins without a vote.
    Add(u64),
    /// The node without a vote takes one.
    GrantVote(u64),
    /// The node leaves for good.
    Remove(u64),
}

impl MembershipChange {
    /// The change that an action asks for, where it asks for one.
    pub(super) fn of(action: &Action) -> Option<Self> {
        match action {
            Action::AddReplica { node } => node.number().map(Self::Add),
            Action::GrantVote { node } => node.number().map(Self::GrantVote),
            Action::RemoveReplica { node } => node.number().map(Self::Remove),
            _ => None,
        }
    }

    /// The change in the words of the Raft library, with the command that brings it about.
    pub(super) fn to_raft(self, command: &Command) -> ConfChangeV2 {
        let (number, kind) = match self {
            Self::Add(number) => (number, ConfChangeType::AddLearnerNode),
            Self::GrantVote(number) => (number, ConfChangeType::AddNode),
            Self::Remove(number) => (number, ConfChangeType::RemoveNode),
        };
        let single =
            ConfChangeSingle { node_id: number, change_type: kind, ..ConfChangeSingle::default() };
        let mut change = ConfChangeV2::default();
        change.mut_changes().push(single);
        change.context = command.encode().into();
        change
    }
}

impl Cluster {
    /// Changes the members by one entry of the log, with everything round it that is no entry.
    pub(super) fn change_members(
        &mut self,
        order: &Accepted,
        now: Timestamp,
    ) -> Result<Receipt, ApplyError> {
        let change =
            MembershipChange::of(&order.action).expect("the action was chosen by its kind");
        if let MembershipChange::Add(number) = change {
            self.accept(order, now)?;
            if let Err(error) = self.lay_out_node(number, now) {
                let rule = "node_not_laid_out".to_owned();
                let sentence = format!("The kernel refuses: the new node has no store: {error}.");
                return Err(KernelRefusal { rule, sentence, invariants: Vec::new() }.into());
            }
            crash::failpoint("kernel.node_laid_out");
            self.ensemble.open_lane(number);
            let answer = self.propose_alone(order, now);
            self.ensemble.catch_up(now);
            return answer;
        }
        self.accept(order, now)?;
        let answer = self.propose_alone(order, now);
        self.ensemble.catch_up(now);
        if let (MembershipChange::Remove(number), Ok(_)) = (change, &answer) {
            crash::failpoint("kernel.node_removed");
            // Its files stay where they are; nobody opens them any more.
            self.ensemble.drop_node(number);
            if let Err(error) = self.metadata.forget_node(number) {
                self.stop(&error, now);
            }
        }
        answer
    }

    /// Makes the store of a new node, and starts the node on it. One that was laid out for an order
    /// that came to nothing is used: it never was a member, so nothing can be in it.
    pub(super) fn lay_out_node(&mut self, number: u64, now: Timestamp) -> Result<(), String> {
        if self.ensemble.node(number).is_some() {
            return Ok(());
        }
        let (identity, store) =
            bootstrap::lay_out_node(&self.home, &self.identity.id, number, self.founders)
                .map_err(|error| error.to_string())?;
        let node = Node::start(&identity, store).map_err(|error| error.to_string())?;
        if let Err(error) = self.metadata.list_node(number) {
            self.stop(&error, now);
            return Err(error.to_string());
        }
        self.ensemble.add_node(node);
        Ok(())
    }

    /// Closes nodes that left while the kernel did not come to closing them.
    pub(super) fn close_former_members(&mut self) -> Result<(), DiskError> {
        let members = self.ensemble.members();
        for number in self.ensemble.numbers() {
            // A higher number was laid out and never joined; it may yet be asked for.
            if number <= members.highest && !members.contains(number) {
                self.ensemble.drop_node(number);
                self.metadata.forget_node(number)?;
            }
        }
        Ok(())
    }
}
