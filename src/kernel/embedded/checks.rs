//! What the kernel requires of a state before it acts, as a pure function of one observation.
//!
//! Every pre-condition is looked at, also after one has failed, and what cannot be read is unknown,
//! never assumed (C6.1). The kernel asks the same function again, on an observation of its own,
//! when an order arrives.

mod members;
mod subject;

use super::spec::SPEC;
use super::view::{Fence, NodeView, View};
use super::{NODES_MAX, predict};
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::spec::EngineInvariant as Invariant;
use crate::model::ambient::{RESERVE_BYTES, Timestamp};
use crate::model::cluster::ClusterState;
use crate::model::explanation::{Check, Checks, Evidence, Verdict};
use crate::model::facts::{Fact, UnknownReason};
use crate::model::text::{NodeId, PlaceName, in_binary_units};
use subject::NamedNode;

/// The checks, effects and limits of an action in a state.
#[must_use]
pub fn checks(state: &ClusterState, action: &Action) -> Checks {
    of_view(&View::read(state), action)
}

/// The same in a state that was read.
#[must_use]
pub(super) fn of_view(state: &View, action: &Action) -> Checks {
    let on = |id| NamedNode { state, id, node: state.node(id) };
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
        Action::AddReplica { node } => vec![
            on(node).is_new(),
            room_for_node(state),
            primary_alive(state),
            quorum_reachable(state),
            copy_has_room(state, primary_of(state)),
        ],
        Action::GrantVote { node } => vec![
            on(node).is_member(),
            on(node).is_reachable(),
            on(node).is_learner(),
            primary_alive(state),
            quorum_reachable(state),
            on(node).has_caught_up(),
        ],
        Action::RemoveReplica { node } => vec![
            on(node).is_member(),
            primary_alive(state),
            quorum_reachable(state),
            on(node).is_not_primary(),
            on(node).leaves_a_voter(),
            on(node).leaves_a_quorum(),
        ],
        Action::TakeCheckpoint { node } => vec![
            on(node).is_member(),
            on(node).is_reachable(),
            primary_alive(state),
            quorum_reachable(state),
            copy_has_room(state, state.node(node)),
        ],
        Action::VerifyNode { node } => vec![on(node).is_member(), on(node).is_reachable()],
        Action::CreateBackup { name } => {
            vec![
                primary_alive(state),
                quorum_reachable(state),
                backup_name_free(state, name),
                copy_has_room(state, primary_of(state)),
            ]
        }
        Action::PurgeLog { node, up_to } => vec![
            on(node).is_member(),
            on(node).is_reachable(),
            primary_alive(state),
            quorum_reachable(state),
            on(node).checkpoint_covers(up_to.get()),
            on(node).log_holds(up_to.get()),
        ],
    };
    let runs = checks.iter().all(|check| check.verdict == Verdict::Pass);
    let before = state.predicted();
    // What does not run changes nothing.
    let after = if runs { predict::after(state, action) } else { before.clone() };
    let mut effects = before.changes(&after);
    effects.extend(if runs { predict::storage(state, action) } else { Vec::new() });
    Checks {
        checks,
        effects,
        consequences: if runs { predict::consequences(state, action) } else { Vec::new() },
        not_checked: not_checked(action),
        relies_on: predict::relies_on(action).into_iter().map(Invariant::id).collect(),
        engine_command: predict::engine_command(state, action),
    }
}

/// What has to be so before the host of a node is worked on, each with the action that makes it so.
pub(super) fn host_maintenance(state: &View, id: &NodeId) -> Vec<(Check, Option<Action>)> {
    let on = NamedNode { state, id, node: state.node(id) };
    let offline = Action::TakeOffline { node: id.clone() };
    vec![
        (on.is_not_primary(), None),
        (on.leaves_a_quorum(), None),
        (on.is_offline(), Some(offline)),
    ]
}

/// What is not looked at: what the catalogue says, and what holds for every action.
fn not_checked(action: &Action) -> Vec<String> {
    let entry = SPEC.actions.iter().find(|entry| entry.kind.word() == action.word());
    let said = entry.map_or(&[][..], |entry| entry.not_checked);
    let disks = "Whether the disks under the nodes keep what they acknowledged.";
    said.iter().copied().chain([disks]).map(str::to_owned).collect()
}

/// What was found for one check.
struct CheckResult {
    verdict: Verdict,
    observed: String,
    since: Option<Timestamp>,
}

impl CheckResult {
    fn new(holds: bool, observed: impl Into<String>) -> Self {
        let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
        Self { verdict, observed: observed.into(), since: None }
    }

    fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    fn missing(what: &str, missing: &UnknownReason) -> Self {
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
            invariant: invariant.id(),
            statement: statement.to_owned(),
            verdict: self.verdict,
            evidence: vec![evidence],
        }
    }
}

fn primary(state: &View, wanted: bool) -> CheckResult {
    let cluster = &state.cluster;
    match &cluster.primary {
        Fact::Known(Some(id)) => CheckResult::new(wanted, format!("{id} is primary")),
        Fact::Known(None) => CheckResult::new(!wanted, "nobody is primary")
            .since(cluster.without_primary.as_ref().map(|w| w.since)),
        Fact::Unknown { unknown, .. } => CheckResult::missing("the primary", unknown),
    }
}

fn primary_alive(state: &View) -> Check {
    primary(state, true).check(
        Invariant::PrimaryAlive,
        "One reachable node is primary of the current epoch.",
        "a reachable primary",
        &state.observation.source,
    )
}

fn no_primary_alive(state: &View) -> Check {
    primary(state, false).check(
        Invariant::NoPrimaryAlive,
        "No node is primary of the current epoch.",
        "nobody is primary",
        &state.observation.source,
    )
}

fn quorum_reachable(state: &View) -> Check {
    let (voters, quorum) = (state.cluster.voters.len(), state.cluster.quorum);
    let up = state.reachable_voters().len();
    let is_voter = |node: &&NodeView| state.cluster.voters.contains(&node.pinned.id);
    let unread = |node: &&NodeView| node.pinned.reachable.known().is_none();
    let unread = state.nodes.iter().filter(is_voter).filter(unread).count();
    let cuts = state.nodes.iter().filter(is_voter);
    let cuts = cuts.filter_map(|node| node.pinned.unreachable.as_ref());
    let mut found =
        CheckResult::new(up >= quorum, format!("{up} of {voters} voters can be reached"));
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

fn room_for_node(state: &View) -> Check {
    let count = state.nodes.len();
    let room = u64::try_from(count).is_ok_and(|count| count < NODES_MAX);
    CheckResult::new(room, format!("the cluster has {count} members")).check(
        Invariant::RoomForNode,
        "The cluster has fewer members than it may have.",
        &format!("fewer than {NODES_MAX} members"),
        &state.observation.source,
    )
}

fn backup_name_free(state: &View, name: &PlaceName) -> Check {
    let taken = state.cluster.backups.contains(name);
    let observed = if taken { format!("{name} is there") } else { format!("no {name} is there") };
    CheckResult::new(!taken, observed).check(
        Invariant::BackupNameFree,
        &format!("No backup is called {name}."),
        "a name that no backup has",
        "the directory of backups, as the kernel read it when it was opened",
    )
}

fn primary_of(state: &View) -> Option<&NodeView> {
    state.cluster.primary.known().and_then(Option::as_ref).and_then(|id| state.node(id))
}

/// The copy is packed, so it needs less than the files that it is of.
fn copy_has_room(state: &View, node: Option<&NodeView>) -> Check {
    let reserve = in_binary_units(RESERVE_BYTES);
    let required = format!("room for a copy of what the node holds, and {reserve} that stay free");
    let stored = node.and_then(|node| Some((&node.pinned.id, node.stored_bytes.as_ref()?)));
    let found = match (&state.free_bytes, stored) {
        (Some(Fact::Known(free)), Some((id, Fact::Known(stored)))) => {
            let observed = format!(
                "{} are free, and {id} holds {}",
                in_binary_units(*free),
                in_binary_units(*stored)
            );
            CheckResult::new(*free >= stored.saturating_add(RESERVE_BYTES), observed)
        }
        (Some(Fact::Unknown { unknown, .. }), _) => CheckResult::missing("the free space", unknown),
        (_, Some((_, Fact::Unknown { unknown, .. }))) => {
            CheckResult::missing("what the node holds", unknown)
        }
        (None, _) | (_, None) => CheckResult {
            verdict: Verdict::Unknown,
            observed: "nobody said how much is free, or which node is copied".to_owned(),
            since: None,
        },
    };
    found.check(
        Invariant::CopyHasRoom,
        "The disk has room for a copy of what the node holds, and for the records after it.",
        &required,
        "the file system of the data directory",
    )
}

fn fence_is(state: &View, wanted: Fence) -> Check {
    let found = match &state.cluster.write_fence {
        Fact::Known(fence) => {
            let found =
                CheckResult::new(*fence == wanted, format!("the fence is {}", fence.word()));
            let refused = state.cluster.writes_refused.as_ref();
            found.since(refused.filter(|_| *fence == Fence::Standing).map(|r| r.since))
        }
        Fact::Unknown { unknown, .. } => CheckResult::missing("the write fence", unknown),
    };
    let (invariant, statement) = match wanted {
        Fence::Lifted => (Invariant::FenceLifted, "Writes are not stopped by an operator."),
        Fence::Standing => (Invariant::FenceStanding, "Writes are stopped by an operator."),
    };
    let required = format!("the fence is {}", wanted.word());
    found.check(invariant, statement, &required, &state.observation.source)
}
