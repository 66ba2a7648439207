//! What the kernel requires of a state before it acts, as a pure function of one observation.
//!
//! Every pre-condition is looked at, also after one has failed, and what cannot be read is unknown,
//! never assumed (C6.1). The kernel asks the same function again, on an observation of its own,
//! when an order arrives.

use super::predict;
use crate::model::action::Action;
use crate::model::ambient::Timestamp;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::explanation::{Check, Checks, Evidence, Verdict};
use crate::model::invariant::Invariant;
use crate::model::pinned::{Fact, Fence, Missing, Role, Unreachable};
use crate::model::text::NodeId;

/// The checks, effects and limits of an action in a state.
#[must_use]
pub fn checks(state: &ClusterState, action: &Action) -> Checks {
    let on = |id| Subject { state, id, node: state.node(id) };
    let checks = match action {
        Action::Switchover { to } => vec![
            on(to).is_member(),
            primary_alive(state),
            on(to).is_standby(),
            on(to).is_reachable(),
            on(to).is_in_epoch(),
            quorum_reachable(state),
        ],
        Action::Failover { to } => vec![
            on(to).is_member(),
            no_primary_alive(state),
            on(to).is_standby(),
            on(to).is_reachable(),
            quorum_reachable(state),
            on(to).log_is_complete(),
        ],
        Action::StopWrites {} => {
            vec![primary_alive(state), quorum_reachable(state), fence_is(state, Fence::Lifted)]
        }
        Action::ResumeWrites {} => {
            vec![primary_alive(state), quorum_reachable(state), fence_is(state, Fence::Standing)]
        }
        Action::TakeOffline { node } => vec![on(node).is_member(), on(node).is_online()],
        Action::BringOnline { node } => vec![on(node).is_member(), on(node).is_offline()],
    };
    let runs = checks.iter().all(|check| check.verdict == Verdict::Pass);
    let before = state.pinned(None);
    // What does not run changes nothing.
    let after = if runs { predict::after(state, action) } else { before.clone() };
    Checks {
        checks,
        effects: before.moved(&after),
        consequences: if runs { predict::consequences(state, action) } else { Vec::new() },
        not_checked: predict::not_checked(action),
        relies_on: predict::relies_on(action),
        engine_command: predict::engine_command(state, action),
    }
}

/// What was found for one check.
struct Found {
    verdict: Verdict,
    observed: String,
    since: Option<Timestamp>,
}

impl Found {
    fn new(holds: bool, observed: impl Into<String>) -> Self {
        let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
        Self { verdict, observed: observed.into(), since: None }
    }

    fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    fn missing(what: &str, missing: &Missing) -> Self {
        Self {
            verdict: Verdict::Unknown,
            observed: format!("{what} is unknown because {}", missing.why),
            since: Some(missing.since),
        }
    }

    fn check(self, invariant: Invariant, statement: &str, required: &str, source: &str) -> Check {
        let evidence = Evidence {
            observed: self.observed,
            required: required.to_owned(),
            source: source.to_owned(),
            since: self.since,
        };
        Check {
            invariant,
            statement: statement.to_owned(),
            verdict: self.verdict,
            evidence: vec![evidence],
        }
    }
}

fn primary(state: &ClusterState, wanted: bool) -> Found {
    let cluster = &state.cluster;
    match &cluster.primary {
        Fact::Known(Some(id)) => Found::new(wanted, format!("{id} is primary")),
        Fact::Known(None) => Found::new(!wanted, "nobody is primary")
            .since(cluster.without_primary.as_ref().map(|w| w.since)),
        Fact::Unknown { unknown } => Found::missing("the primary", unknown),
    }
}

fn primary_alive(state: &ClusterState) -> Check {
    primary(state, true).check(
        Invariant::PrimaryAlive,
        "One reachable node is primary of the current epoch.",
        "a reachable primary",
        &state.observation.source,
    )
}

fn no_primary_alive(state: &ClusterState) -> Check {
    primary(state, false).check(
        Invariant::NoPrimaryAlive,
        "No node is primary of the current epoch.",
        "nobody is primary",
        &state.observation.source,
    )
}

fn quorum_reachable(state: &ClusterState) -> Check {
    let (voters, quorum) = (state.cluster.voters.len(), state.cluster.quorum);
    let up = state.reachable_voters().len();
    let unread = |node: &&NodeState| node.pinned.reachable.known().is_none();
    let unread = state.nodes.iter().filter(unread).count();
    let cuts = state.nodes.iter().filter_map(|node| node.pinned.unreachable.as_ref());
    let mut found = Found::new(up >= quorum, format!("{up} of {voters} voters can be reached"));
    if up < quorum {
        // Since the cut that left fewer than a majority.
        let mut times: Vec<Timestamp> = cuts.map(|cut| cut.since).collect();
        times.sort_unstable();
        found.since = times.get(voters.saturating_sub(quorum)).copied();
        if up + unread >= quorum {
            found.verdict = Verdict::Unknown;
        }
    }
    found.check(
        Invariant::QuorumReachable,
        "A majority of the voters is reachable.",
        &format!("at least {quorum} of {voters} voters"),
        &state.observation.source,
    )
}

fn fence_is(state: &ClusterState, wanted: Fence) -> Check {
    let found = match &state.cluster.write_fence {
        Fact::Known(fence) => {
            let found = Found::new(*fence == wanted, format!("the fence is {}", fence.word()));
            let refused = state.cluster.writes_refused.as_ref();
            found.since(refused.filter(|_| *fence == Fence::Standing).map(|r| r.since))
        }
        Fact::Unknown { unknown } => Found::missing("the write fence", unknown),
    };
    let (invariant, statement) = match wanted {
        Fence::Lifted => (Invariant::FenceLifted, "Writes are not stopped by an operator."),
        Fence::Standing => (Invariant::FenceStanding, "Writes are stopped by an operator."),
    };
    let required = format!("the fence is {}", wanted.word());
    found.check(invariant, statement, &required, &state.observation.source)
}

/// The node that an action names, which may be no member.
struct Subject<'a> {
    state: &'a ClusterState,
    id: &'a NodeId,
    node: Option<&'a NodeState>,
}

impl Subject<'_> {
    /// A check that needs the node; without it there is nothing to look at.
    fn check(
        &self,
        invariant: Invariant,
        statement: &str,
        required: &str,
        look: impl FnOnce(&NodeState) -> Found,
    ) -> Check {
        let absent = || Found {
            verdict: Verdict::Unknown,
            observed: format!("{} is not a member", self.id),
            since: None,
        };
        let found = self.node.map_or_else(absent, look);
        let source = self.node.map_or(&self.state.observation.source, |node| &node.source);
        found.check(invariant, statement, required, source)
    }

    fn is_member(&self) -> Check {
        let names: Vec<&str> =
            self.state.nodes.iter().map(|node| node.pinned.id.as_str()).collect();
        Found::new(self.node.is_some(), format!("the members are {}", names.join(", "))).check(
            Invariant::NodeIsMember,
            &format!("{} is a member of the cluster.", self.id),
            &format!("{} among the members", self.id),
            &self.state.observation.source,
        )
    }

    fn is_standby(&self) -> Check {
        let statement = format!("{} is a standby with a vote.", self.id);
        self.check(Invariant::TargetIsStandby, &statement, "a standby with a vote", |node| {
            let votes = self.state.cluster.voters.contains(self.id);
            match &node.pinned.role {
                Fact::Known(role) => Found::new(
                    *role == Role::Standby && votes,
                    format!("{} is {}", self.id, role.word()),
                ),
                Fact::Unknown { unknown } => Found::missing("its role", unknown),
            }
        })
    }

    fn is_reachable(&self) -> Check {
        let statement = format!("{} is reachable.", self.id);
        self.check(Invariant::TargetReachable, &statement, "reachable", |node| {
            let cut = node.pinned.unreachable.as_ref();
            match &node.pinned.reachable {
                Fact::Known(true) => Found::new(true, format!("{} can be reached", self.id)),
                Fact::Known(false) => {
                    let why = cut.map_or(String::new(), |cut| format!(": {}", cut.why));
                    Found::new(false, format!("{} cannot be reached{why}", self.id))
                        .since(cut.map(|c| c.since))
                }
                Fact::Unknown { unknown } => Found::missing("its reachability", unknown),
            }
        })
    }

    fn is_in_epoch(&self) -> Check {
        let statement = format!("{} follows the epoch of the primary.", self.id);
        let epoch = self.state.cluster.epoch.word(u64::to_string);
        let required = format!("epoch {epoch}");
        self.check(Invariant::TargetInEpoch, &statement, &required, |node| {
            match (&node.pinned.epoch, &self.state.cluster.epoch) {
                (Fact::Known(own), Fact::Known(epoch)) => {
                    Found::new(own == epoch, format!("{} is in epoch {own}", self.id))
                }
                (Fact::Unknown { unknown }, _) => Found::missing("its epoch", unknown),
                (_, Fact::Unknown { unknown }) => Found::missing("the epoch", unknown),
            }
        })
    }

    fn log_is_complete(&self) -> Check {
        let statement = format!("No reachable voter holds a newer log than {}.", self.id);
        let required = "no newer log on a reachable voter";
        self.check(Invariant::TargetLogComplete, &statement, required, |node| {
            let own = match log_end(node) {
                Ok(own) => own,
                Err(missing) => return Found::missing("the end of its log", missing),
            };
            let mut newer = Vec::new();
            for voter in self.state.reachable_voters() {
                match log_end(voter) {
                    Ok(end) if end > own => newer.push(format!(
                        "{} holds position {} of epoch {}",
                        voter.pinned.id, end.1, end.0
                    )),
                    Ok(_) => {}
                    Err(missing) => return Found::missing("the end of a log", missing),
                }
            }
            let mut observed = format!("{} holds position {} of epoch {}", self.id, own.1, own.0);
            for voter in &newer {
                observed.push_str(", ");
                observed.push_str(voter);
            }
            Found::new(newer.is_empty(), observed)
        })
    }

    fn is_online(&self) -> Check {
        let statement = format!("{} is online.", self.id);
        self.check(Invariant::NodeOnline, &statement, "not taken offline by an operator", |node| {
            let cut = node.pinned.unreachable.as_ref();
            let offline = cut.is_some_and(Unreachable::is_taken_offline);
            Found::new(!offline, self.switch_in_words(cut)).since(cut.map(|c| c.since))
        })
    }

    fn is_offline(&self) -> Check {
        let statement = format!("{} was taken offline by an operator.", self.id);
        self.check(Invariant::NodeOffline, &statement, "taken offline by an operator", |node| {
            let cut = node.pinned.unreachable.as_ref();
            let offline = cut.is_some_and(Unreachable::is_taken_offline);
            Found::new(offline, self.switch_in_words(cut)).since(cut.map(|c| c.since))
        })
    }

    fn switch_in_words(&self, cut: Option<&Unreachable>) -> String {
        match cut {
            None => format!("{} is online and can be reached", self.id),
            Some(cut) if cut.is_taken_offline() => format!("{} is offline: {}", self.id, cut.why),
            Some(cut) => format!("{} is online and cannot be reached: {}", self.id, cut.why),
        }
    }
}

/// Epoch and position of the last entry: logs are compared in this order.
fn log_end(node: &NodeState) -> Result<(u64, u64), &Missing> {
    match (&node.positions.last_epoch, &node.positions.last) {
        (Fact::Known(epoch), Fact::Known(position)) => Ok((*epoch, *position)),
        (Fact::Unknown { unknown }, _) | (_, Fact::Unknown { unknown }) => Err(unknown),
    }
}
