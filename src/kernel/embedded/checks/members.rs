//! What is required of a node that joins, takes a vote or leaves.

use super::CheckResult;
use super::subject::NamedNode;
use crate::kernel::embedded::spec::EngineInvariant as Invariant;
use crate::kernel::embedded::view::Role;
use crate::model::explanation::{Check, Verdict};
use crate::model::facts::Fact;
use crate::model::text::NodeId;

impl NamedNode<'_> {
    pub(super) fn is_new(&self) -> Check {
        let next = &self.state.cluster.next_node;
        CheckResult::new(
            self.id == next,
            format!("{} was asked for, and the next name is {next}", self.id),
        )
        .check(
            Invariant::NodeIsNew,
            &format!("{} is the next name that was never given.", self.id),
            &format!("{next}"),
            &self.state.observation.source,
        )
    }

    pub(super) fn is_learner(&self) -> Check {
        let statement = format!("{} is a learner.", self.id);
        self.check(Invariant::TargetIsLearner, &statement, "a learner", |node| {
            match &node.pinned.role {
                Fact::Known(role) => CheckResult::new(
                    *role == Role::Learner,
                    format!("{} is {}", self.id, role.word()),
                ),
                Fact::Unknown { unknown, .. } => CheckResult::missing("its role", unknown),
            }
        })
    }

    pub(super) fn has_caught_up(&self) -> Check {
        let statement = format!("{} holds every entry that is known to be committed.", self.id);
        let primary = self.state.cluster.primary.known().and_then(Option::as_ref);
        let primary = primary.and_then(|id| self.state.node(id));
        let committed = primary.map(|node| &node.positions.committed);
        let required = committed.and_then(Fact::known).map_or_else(
            || "what the primary knows to be committed".to_owned(),
            |position| format!("entries up to position {position}"),
        );
        self.check(Invariant::LearnerCaughtUp, &statement, &required, |node| {
            match (&node.positions.last, committed) {
                (Fact::Known(last), Some(Fact::Known(committed))) => CheckResult::new(
                    last >= committed,
                    format!("{} holds entries up to position {last}", self.id),
                ),
                (Fact::Unknown { unknown, .. }, _) | (_, Some(Fact::Unknown { unknown, .. })) => {
                    CheckResult::missing("how far it has caught up", unknown)
                }
                (Fact::Known(last), None) => CheckResult {
                    verdict: Verdict::Unknown,
                    observed: format!(
                        "{} holds entries up to position {last}, and no primary says how many \
                         there are",
                        self.id
                    ),
                    since: None,
                },
            }
        })
    }

    pub(super) fn is_not_primary(&self) -> Check {
        let found = match &self.state.cluster.primary {
            Fact::Known(Some(primary)) => {
                CheckResult::new(primary != self.id, format!("{primary} is primary"))
            }
            Fact::Known(None) => CheckResult::new(true, "nobody is primary"),
            Fact::Unknown { unknown, .. } => CheckResult::missing("the primary", unknown),
        };
        found.check(
            Invariant::NotPrimary,
            &format!("{} is not primary.", self.id),
            "another node is primary",
            &self.state.observation.source,
        )
    }

    pub(super) fn leaves_a_voter(&self) -> Check {
        let rest = self.other_voters();
        let names: Vec<&str> = rest.iter().map(|id| id.as_str()).collect();
        let observed = match names.as_slice() {
            [] => format!("{} is the last voter", self.id),
            names => format!("without {} the voters are {}", self.id, names.join(", ")),
        };
        CheckResult::new(!rest.is_empty(), observed).check(
            Invariant::VoterRemains,
            &format!("A voter remains without {}.", self.id),
            "at least one other voter",
            &self.state.observation.source,
        )
    }

    pub(super) fn leaves_a_quorum(&self) -> Check {
        let rest = self.other_voters();
        let quorum = rest.len() / 2 + 1;
        let reach = |id: &&&NodeId| {
            self.state.node(id).is_some_and(|node| node.pinned.reachable == Fact::Known(true))
        };
        let up = rest.iter().filter(reach).count();
        let of = rest.len();
        CheckResult::new(up >= quorum, format!("{up} of the {of} other voters can be reached"))
            .check(
                Invariant::QuorumRemains,
                &format!("A majority of the voters without {} is reachable.", self.id),
                &format!("at least {quorum} of {of}"),
                &self.state.observation.source,
            )
    }

    fn other_voters(&self) -> Vec<&NodeId> {
        self.state.cluster.voters.iter().filter(|id| *id != self.id).collect()
    }
}
