//! What would come of an action: the facts as they will be observed when it has run.
//!
//! The prediction is made on the same facts that the observation after it shows, so the two can be
//! laid side by side, and any difference is said aloud (C2.6).

mod members;

use super::spec::facts as key;
use super::view::{Fence, NodeFacts, Predicted, Role, Unreachable, View, Writes};
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::spec::EngineInvariant as Invariant;
use crate::model::facts::{Fact, FactChange, FactKey, FactSubject, FactValue, Value};
use crate::model::text::NodeId;

/// The facts after the action, if every check of it passed.
pub(super) fn after(state: &View, action: &Action) -> Predicted {
    let mut after = state.predicted();
    match action {
        Action::Switchover { to } | Action::Failover { to } => promote(&mut after, to),
        Action::StopWrites {} => after.cluster.write_fence = Fact::Known(Fence::Standing),
        Action::ResumeWrites {} => after.cluster.write_fence = Fact::Known(Fence::Lifted),
        Action::TakeOffline { node } => take_offline(&mut after, node),
        Action::BringOnline { node } => bring_online(&mut after, node),
        // Positions move all the time, so no pinned fact does.
        Action::TakeCheckpoint { .. } | Action::PurgeLog { .. } | Action::VerifyNode { .. } => {}
        Action::CreateBackup { name } => {
            after.cluster.backups.push(name.clone());
            after.cluster.backups.sort();
        }
        Action::AddReplica { node } => members::add(&mut after, node),
        Action::GrantVote { node } => members::grant_vote(&mut after, node),
        Action::RemoveReplica { node } => members::remove(&mut after, node),
    }
    let accepted = matches!(after.cluster.primary, Fact::Known(Some(_)))
        && reachable(&after) >= after.cluster.quorum
        && after.cluster.write_fence == Fact::Known(Fence::Lifted);
    after.cluster.writes = Fact::Known(if accepted { Writes::Accepted } else { Writes::Stopped });
    if let (Fact::Known(Some(_)), Some(unknown)) =
        (&after.cluster.primary, after.cluster.write_fence.missing())
        && reachable(&after) >= after.cluster.quorum
    {
        after.cluster.writes = Fact::unknown(unknown.since, unknown.why.clone());
    }
    after
}

fn reachable(pinned: &Predicted) -> usize {
    let voters = &pinned.cluster.voters;
    let up = |node: &&NodeFacts| node.reachable == Fact::Known(true);
    pinned.nodes.iter().filter(up).filter(|node| voters.contains(&node.id)).count()
}

fn promote(after: &mut Predicted, to: &NodeId) {
    let Fact::Known(epoch) = after.cluster.epoch else { return };
    after.cluster.epoch = Fact::Known(epoch + 1);
    after.cluster.primary = Fact::Known(Some(to.clone()));
    for node in &mut after.nodes {
        if node.reachable == Fact::Known(true) {
            if &node.id == to {
                node.role = Fact::Known(Role::Primary);
            } else if node.role == Fact::Known(Role::Primary) {
                node.role = Fact::Known(Role::Standby);
            }
            node.epoch = Fact::Known(epoch + 1);
        }
    }
}

fn take_offline(after: &mut Predicted, id: &NodeId) {
    // Where it is not known who is primary, the last one may still be it.
    let last = after.cluster.primary.known_or_last().and_then(Option::as_ref);
    if last == Some(id) {
        after.cluster.primary = Fact::Known(None);
    }
    if let Some(node) = after.nodes.iter_mut().find(|node| &node.id == id) {
        // The time and the reason enter no comparison; that it is unknown does.
        let unknown = node.unreachable.as_ref().map(|cut| cut.since);
        let since = unknown.unwrap_or(crate::model::ambient::Timestamp::from_millis(0));
        node.role = Fact::unknown(since, "offline");
        node.epoch = Fact::unknown(since, "offline");
        node.reachable = Fact::Known(false);
        if reachable(after) < after.cluster.quorum {
            after.cluster.epoch = Fact::unknown(since, "no majority");
            after.cluster.write_fence = Fact::unknown(since, "no majority");
        }
    }
}

fn bring_online(after: &mut Predicted, id: &NodeId) {
    let Some(node) = after.nodes.iter_mut().find(|node| &node.id == id) else { return };
    if node.unreachable.as_ref().is_some_and(Unreachable::has_other_cause) {
        return;
    }
    node.reachable = Fact::Known(true);
    let votes = after.cluster.voters.contains(id);
    node.role = Fact::Known(if votes { Role::Standby } else { Role::Learner });
    let Some(epoch) = after.cluster.epoch.known_or_last().copied() else { return };
    // A node that returns learns the highest epoch, and so does every node that it meets.
    for node in &mut after.nodes {
        if node.reachable == Fact::Known(true) {
            node.epoch = Fact::Known(epoch);
        }
    }
    if reachable(after) >= after.cluster.quorum {
        after.cluster.epoch = Fact::Known(epoch);
        if let Some(last) = after.cluster.write_fence.known_or_last().copied() {
            after.cluster.write_fence = Fact::Known(last);
        }
    }
}

/// What changes on the disk of one node, which no pinned fact says: positions move all the time.
pub(super) fn storage(state: &View, action: &Action) -> Vec<FactChange> {
    let (id, effects): (_, Vec<(FactKey, Option<FactValue>)>) = match action {
        Action::TakeCheckpoint { node } => {
            (node, vec![(key::CHECKPOINT.into(), Some(FactValue::OfThisAction))])
        }
        // Nothing takes it back, so what it rests on is confirmed with it: the checkpoint stays as it
        // was read, or the explanation is stale.
        Action::PurgeLog { node, up_to } => {
            let first = FactValue::Known(Value::Number(up_to.get() + 1));
            (node, vec![(key::FIRST.into(), Some(first)), (key::CHECKPOINT.into(), None)])
        }
        _ => return Vec::new(),
    };
    let Some(positions) = state.node(id).map(|node| node.positions.facts()) else {
        return Vec::new();
    };
    let effect = |(fact, after): (FactKey, Option<FactValue>)| {
        let before = FactValue::of(positions.get(&fact));
        let after = after.unwrap_or_else(|| before.clone());
        FactChange { subject: FactSubject::Node(id.clone()), fact, before, after }
    };
    effects.into_iter().map(effect).collect()
}

/// What follows and is no fact of an observation.
pub(super) fn consequences(state: &View, action: &Action) -> Vec<String> {
    let after = after(state, action);
    let spare = reachable(&after).checked_sub(after.cluster.quorum);
    let mut said = Vec::new();
    match action {
        Action::Switchover { to } => said.push(format!(
            "No write is served while the role passes to {to}; writes that wait are served by {to} \
             afterwards."
        )),
        Action::Failover { to } => {
            said.push(format!(
                "A write that was never acknowledged is kept if {to} holds it, and is lost if not."
            ));
            if matches!(after.cluster.write_fence, Fact::Unknown { .. }) {
                said.push(format!(
                    "Whether writes are stopped afterwards is decided by entries in the log of {to} \
                     that no primary has decided on."
                ));
            }
        }
        Action::StopWrites {} => said.push(
            "Clients that write are refused until an operator resumes writes; reads are served."
                .to_owned(),
        ),
        Action::ResumeWrites {} => said.push("Clients that write are served again.".to_owned()),
        Action::TakeOffline { node } => {
            if matches!(after.cluster.primary, Fact::Known(None)) {
                said.push(format!(
                    "Nobody is primary after {node} is offline: reads and writes are refused until \
                     an operator asks for a failover."
                ));
            }
            said.push(match spare {
                None => "Fewer than a majority can be reached afterwards: reads, writes and \
                         changes of primary are refused until a node is brought online."
                    .to_owned(),
                Some(0) => "A majority remains and no node is spare: losing one more stops reads \
                            and writes."
                    .to_owned(),
                Some(spare) => format!("A majority remains, and {spare} more may be lost."),
            });
        }
        Action::BringOnline { node } => {
            let cut = state.node(node).and_then(|node| node.pinned.unreachable.as_ref());
            said.push(match cut {
                Some(cut) if cut.has_other_cause() => {
                    format!("{node} stays unreachable: {}.", cut.why)
                }
                _ if matches!(after.cluster.primary, Fact::Known(Some(_))) => {
                    format!("{node} receives what it missed from the primary.")
                }
                _ => format!("{node} receives what it missed when there is a primary."),
            });
        }
        Action::AddReplica { .. } | Action::GrantVote { .. } | Action::RemoveReplica { .. } => {
            said.extend(members::consequences(state, &after, action));
        }
        Action::TakeCheckpoint { node } => {
            let kept = state.node(node).and_then(|node| node.positions.checkpoint.known());
            said.push(match kept.copied().flatten() {
                Some(kept) => format!(
                    "{node} keeps a checkpoint of everything up to the entry of this action, in \
                     place of that of position {kept}."
                ),
                None => format!(
                    "{node} keeps a checkpoint of everything up to the entry of this action; it \
                     has none now."
                ),
            });
            said.push("Reads and writes wait while the state is copied.".to_owned());
        }
        Action::CreateBackup { .. } => {
            said.push("Reads and writes go on meanwhile. Other actions wait.".to_owned());
        }
        Action::VerifyNode { .. } => {
            said.push(
                "Nothing changes. Reads and writes go on meanwhile; other actions wait.".to_owned(),
            );
        }
        Action::PurgeLog { node, up_to } => said.extend(after_purge(state, node, up_to.get())),
    }
    said
}

/// What a purge means for the nodes that might still need the entries.
fn after_purge(state: &View, node: &NodeId, up_to: u64) -> Vec<String> {
    let first = state.node(node).and_then(|node| node.positions.first.known().copied());
    let count = first.and_then(|first| (up_to + 1).checked_sub(first)).unwrap_or(0);
    let mut said = vec![format!(
        "The log of {node} gives back {count} entries and begins at position {}.",
        up_to + 1
    )];
    for other in state.nodes.iter().filter(|other| &other.pinned.id != node) {
        let id = &other.pinned.id;
        match &other.positions.last {
            Fact::Known(last) if *last < up_to => said.push(format!(
                "{id} holds entries up to {last}: while {node} is primary it can be brought up only \
                 with the whole state."
            )),
            Fact::Known(_) => {}
            Fact::Unknown { .. } => said.push(format!(
                "How far the log of {id} reaches is unknown: while {node} is primary it may need \
                 the whole state."
            )),
        }
    }
    said
}

/// What the kernel keeps while it executes.
pub(super) fn relies_on(action: &Action) -> Vec<Invariant> {
    match action {
        Action::Switchover { .. } | Action::Failover { .. } => vec![
            Invariant::SingleWriter,
            Invariant::AcknowledgedWritesKept,
            Invariant::EpochUnchanged,
            Invariant::ReceiptOnce,
        ],
        Action::StopWrites {} | Action::ResumeWrites {} => {
            vec![Invariant::SingleWriter, Invariant::EpochUnchanged, Invariant::ReceiptOnce]
        }
        Action::TakeOffline { .. }
        | Action::BringOnline { .. }
        | Action::CreateBackup { .. }
        | Action::VerifyNode { .. } => {
            vec![Invariant::AcknowledgedWritesKept, Invariant::ReceiptOnce]
        }
        Action::AddReplica { .. } | Action::GrantVote { .. } | Action::RemoveReplica { .. } => {
            vec![
                Invariant::SingleWriter,
                Invariant::AcknowledgedWritesKept,
                Invariant::EpochUnchanged,
                Invariant::ReceiptOnce,
            ]
        }
        Action::TakeCheckpoint { .. } | Action::PurgeLog { .. } => vec![
            Invariant::AcknowledgedWritesKept,
            Invariant::EpochUnchanged,
            Invariant::ReceiptOnce,
        ],
    }
}

/// What the engine is told, in its own words.
pub(super) fn engine_command(state: &View, action: &Action) -> String {
    let epoch = state.cluster.epoch.word(|epoch| format!("epoch {epoch}"));
    let epoch = if epoch == "unknown" { "an unknown epoch".to_owned() } else { epoch };
    let primary = state.cluster.primary.known().and_then(Option::as_ref);
    let leader = primary.map_or("nobody".to_owned(), ToString::to_string);
    match action {
        Action::Switchover { to } => {
            format!("raft: transfer leader from {leader} to {to} in {epoch}")
        }
        Action::Failover { to } => format!("raft: campaign of {to} with pre-vote, from {epoch}"),
        Action::StopWrites {} => format!("raft: propose the fence standing on {leader} in {epoch}"),
        Action::ResumeWrites {} => format!("raft: propose the fence lifted on {leader} in {epoch}"),
        Action::TakeOffline { node } if primary == Some(node) => {
            format!("switchboard: {node} off; raft: {node} follows nobody in {epoch}")
        }
        Action::TakeOffline { node } => format!("switchboard: {node} off"),
        Action::BringOnline { node } => {
            format!("switchboard: {node} on; raft: heartbeat from {leader}")
        }
        Action::AddReplica { node } => {
            format!("raft: propose that {node} is a learner, on {leader} in {epoch}")
        }
        Action::GrantVote { node } => {
            format!("raft: propose that {node} is a voter, on {leader} in {epoch}")
        }
        Action::RemoveReplica { node } => {
            format!("raft: propose that {node} is no member, on {leader} in {epoch}")
        }
        Action::VerifyNode { node } => {
            format!("store: integrity check of {node}, and digests of its log and state")
        }
        Action::CreateBackup { name } => {
            format!("store: write the image of the state of {leader} into backups/{name}")
        }
        Action::TakeCheckpoint { node } => {
            format!("raft: propose a checkpoint of {node} on {leader} in {epoch}")
        }
        Action::PurgeLog { node, up_to } => {
            format!("raft: propose that {node} compacts its log to {up_to}, on {leader} in {epoch}")
        }
    }
}
