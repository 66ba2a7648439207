//! One node: the Raft library on its store. It is never ticked, so it never starts an election.
//!
//! A node whose store or library fails stops for good, with the reason (C6.1). The others go on.

use super::command::{Command, read_change};
use super::sqlite::DiskError;
use super::state_machine::{Applied, LogId};
use super::store::{Batch, NodeIdentity, NodeStore};
use crate::crash;
use crate::model::ambient::Timestamp;
use crate::model::facts::Since;
use crate::model::text::NodeId;
use raft::eraftpb::{ConfChangeV2, Entry, EntryType, Message, MessageType};
use raft::{Config, RawNode, SnapshotStatus, StateRole};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes of entries in one message between nodes.
const MESSAGE_BYTES_MAX: u64 = 256 * 1024;
/// Messages on the way to one node before the primary waits for an answer.
const MESSAGES_IN_FLIGHT_MAX: usize = 16;

/// What a node tells about itself, read at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeStatus {
    pub(crate) leads: bool,
    pub(crate) epoch: u64,
    pub(crate) last: LogId,
    pub(crate) committed: u64,
    pub(crate) applied: u64,
}

/// What one turn of a node gave.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) messages: Vec<Message>,
    pub(super) applied: Vec<(LogId, Applied)>,
    pub(super) installed: Option<LogId>,
}

#[expect(clippy::large_enum_variant, reason = "there are few nodes")]
enum Life {
    Running(RawNode<NodeStore>),
    Failed(Since),
}

/// One node of the cluster.
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) number: u64,
    life: Life,
}

impl Node {
    /// Starts a node on its store, as a follower of nobody.
    pub(super) fn start(identity: &NodeIdentity, store: NodeStore) -> Result<Self, DiskError> {
        let config = Config {
            id: identity.number,
            applied: store.applied(),
            max_size_per_msg: MESSAGE_BYTES_MAX,
            max_inflight_msgs: MESSAGES_IN_FLIGHT_MAX,
            // A campaign that cannot win must not move the epoch.
            pre_vote: true,
            // It would need a clock.
            check_quorum: false,
            ..Config::default()
        };
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let raw = catch_unwind(AssertUnwindSafe(|| RawNode::new(&config, store, &logger)))
            .map_err(|panic| DiskError::corrupt(panic_text(panic.as_ref())))?
            .map_err(|error| DiskError::corrupt(error.to_string()))?;
        let id = NodeId::numbered(identity.number);
        Ok(Self { id, number: identity.number, life: Life::Running(raw) })
    }

    /// From here on its files can be written.
    pub(super) fn begin(&mut self, now: Timestamp) {
        let number = self.number;
        self.with(now, |raw| {
            let begun = raw.mut_store().begin();
            begun.map_err(|error| DiskError::corrupt(format!("in n{number}: {error}")))
        });
    }

    /// A node whose files cannot be used. It is a member that nobody can reach (C6.1).
    pub(super) fn unusable(number: u64, why: String, now: Timestamp) -> Self {
        let life = Life::Failed(Since { since: now, why });
        Self { id: NodeId::numbered(number), number, life }
    }

    /// Since when and why the node stopped, if it did.
    pub(super) fn failed(&self) -> Option<&Since> {
        match &self.life {
            Life::Running(_) => None,
            Life::Failed(since) => Some(since),
        }
    }

    /// The store, while the node runs.
    pub(super) fn store(&self) -> Option<&NodeStore> {
        self.raw().map(RawNode::store)
    }

    /// What the node tells about itself, while it runs.
    pub(super) fn vitals(&self) -> Option<NodeStatus> {
        let raft = &self.raw()?.raft;
        let log = &raft.raft_log;
        Some(NodeStatus {
            leads: raft.state == StateRole::Leader,
            epoch: raft.term,
            last: LogId { epoch: log.last_term(), position: log.last_index() },
            committed: log.committed,
            applied: log.applied,
        })
    }

    /// Whether this node, as primary, has committed an entry of its own epoch. Until then it may not
    /// have applied what an earlier primary acknowledged.
    pub(super) fn has_committed_in_its_epoch(&self) -> bool {
        self.raw().is_some_and(|raw| raw.raft.commit_to_current_term())
    }

    /// Whether this node, as primary, knows that another holds its whole log.
    pub(super) fn knows_complete(&self, other: u64) -> bool {
        self.raw().is_some_and(|raw| {
            let last = raw.raft.raft_log.last_index();
            raw.raft.prs().get(other).is_some_and(|progress| progress.matched == last)
        })
    }

    /// Takes a message from another node.
    pub(super) fn receive(&mut self, message: Message, now: Timestamp) {
        self.with(now, |raw| match raw.step(message) {
            Err(raft::Error::Store(error)) => Err(DiskError::corrupt(error.to_string())),
            // Raft refuses messages that came too late; that is an answer, not a failure.
            Ok(()) | Err(_) => Ok(()),
        });
    }

    /// Tells the node that a message to another did not arrive.
    pub(super) fn not_delivered(&mut self, message: &Message, now: Timestamp) {
        self.with(now, |raw| {
            raw.report_unreachable(message.to);
            if message.msg_type == MessageType::MsgSnapshot {
                // Or the library would wait for an answer for ever, and never send it again.
                raw.report_snapshot(message.to, SnapshotStatus::Failure);
            }
            Ok(())
        });
    }

    /// Asks every other node for a sign of life, and so brings it up to date.
    pub(super) fn ping(&mut self, now: Timestamp) {
        self.with(now, |raw| {
            raw.ping();
            Ok(())
        });
    }

    /// Stands for election. The others are asked first whether it could win.
    pub(super) fn campaign(&mut self, now: Timestamp) {
        self.with(now, |raw| raw.campaign().map_err(|e| DiskError::corrupt(e.to_string())));
    }

    /// Begins to hand the role of primary over.
    pub(super) fn hand_over(&mut self, to: u64, now: Timestamp) {
        self.with(now, |raw| {
            raw.transfer_leader(to);
            Ok(())
        });
    }

    /// Proposes entries, in order; gives the place of the first, or `None` when they were dropped.
    pub(super) fn propose(&mut self, commands: &[Command], now: Timestamp) -> Option<LogId> {
        let mut first = None;
        self.with(now, |raw| {
            let position = raw.raft.raft_log.last_index() + 1;
            // In one message: proposed one by one, each would be sent, and synced, by itself.
            let entry = |command: &Command| Entry {
                context: command.context().into(),
                data: command.encode().into(),
                ..Entry::default()
            };
            let entries: Vec<Entry> = commands.iter().map(entry).collect();
            let mut message = Message { from: raw.raft.id, ..Message::default() };
            message.set_msg_type(MessageType::MsgPropose);
            message.set_entries(entries.into());
            raw.raft
                .step(message)
                .map_err(|error| DiskError::corrupt(format!("an entry: {error}")))?;
            first = Some(LogId { epoch: raw.raft.term, position });
            Ok(())
        });
        first
    }

    /// Proposes a change of the members; gives its place, or `None` when it was dropped.
    pub(super) fn propose_change(&mut self, command: &Command, now: Timestamp) -> Option<LogId> {
        let Command::Membership { change, .. } = command else { return None };
        let mut place = None;
        self.with(now, |raw| {
            // The library would put an empty entry in its place.
            if raw.raft.has_pending_conf() {
                return Ok(());
            }
            let position = raw.raft.raft_log.last_index() + 1;
            raw.propose_conf_change(command.context(), change.to_raft(command))
                .map_err(|error| DiskError::corrupt(format!("an entry: {error}")))?;
            place = Some(LogId { epoch: raw.raft.term, position });
            Ok(())
        });
        place
    }

    /// Follows nobody, in this epoch or in its own if that is higher. A primary steps down.
    pub(super) fn follow_nobody(&mut self, epoch: u64, now: Timestamp) {
        self.with(now, |raw| {
            let epoch = epoch.max(raw.raft.term);
            raw.raft.become_follower(epoch, raft::INVALID_ID);
            Ok(())
        });
    }

    /// Gives up what did not come to an end: a campaign that is not decided, a hand-over that did
    /// not happen. Nothing is under way any more, so no answer can come later.
    pub(super) fn withdraw(&mut self, now: Timestamp) {
        self.with(now, |raw| {
            match raw.raft.state {
                StateRole::PreCandidate | StateRole::Candidate => {
                    let epoch = raw.raft.term;
                    raw.raft.become_follower(epoch, raft::INVALID_ID);
                }
                StateRole::Leader => raw.raft.abort_leader_transfer(),
                StateRole::Follower => {}
            }
            Ok(())
        });
    }

    /// Puts the command that appoints this node into the first entry of its epoch. Raft makes that
    /// entry empty; nobody has seen it yet. Returns whether there was one.
    pub(super) fn begin_epoch(&mut self, command: Option<&Command>, now: Timestamp) -> bool {
        let mut began = false;
        self.with(now, |raw| {
            let term = raw.raft.term;
            let entries = &mut raw.raft.r.raft_log.unstable.entries;
            let Some(entry) = entries.iter_mut().find(|e| e.term == term && e.data.is_empty())
            else {
                return Ok(());
            };
            let Some(command) = command else {
                // C2.1: this cannot happen, and if it does the node stops.
                return Err(DiskError::corrupt("the node was elected, and nobody had asked"));
            };
            entry.data = command.encode().into();
            entry.context = command.context().into();
            let (index, data, context) = (entry.index, entry.data.clone(), entry.context.clone());
            for message in &mut raw.raft.msgs {
                let copies = message.mut_entries().iter_mut();
                for copy in copies.filter(|e| e.index == index && e.term == term) {
                    copy.data = data.clone();
                    copy.context = context.clone();
                }
            }
            began = true;
            Ok(())
        });
        began
    }

    /// One turn: makes everything durable that Raft wants durable, then gives the messages that
    /// rest on it. `None` when there is nothing to do.
    pub(super) fn turn(&mut self, now: Timestamp) -> Option<Turn> {
        if !self.raw()?.has_ready() {
            return None;
        }
        let mut turn = Turn::default();
        self.with(now, |raw| take_turn(raw, &mut turn));
        // A node that failed on the way sends nothing: what it says may not be on disk.
        self.failed().is_none().then_some(turn)
    }

    fn raw(&self) -> Option<&RawNode<NodeStore>> {
        match &self.life {
            Life::Running(raw) => Some(raw),
            Life::Failed(_) => None,
        }
    }

    /// Runs a step of the library; if it fails or panics, the node stops for good.
    fn with(
        &mut self,
        now: Timestamp,
        step: impl FnOnce(&mut RawNode<NodeStore>) -> Result<(), DiskError>,
    ) {
        let Life::Running(raw) = &mut self.life else { return };
        // The library answers a store that it cannot read with a panic. The node that panicked is
        // dropped whole, so no half-changed state is ever looked at.
        let why = match catch_unwind(AssertUnwindSafe(|| step(raw))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic_text(panic.as_ref()),
        };
        self.life = Life::Failed(Since { since: now, why });
    }

    /// Stops the node as if its store had failed.
    #[cfg(test)]
    pub(super) fn fail(&mut self, why: &str, now: Timestamp) {
        self.with(now, |_| Err(DiskError::corrupt(why)));
    }
}

fn take_turn(raw: &mut RawNode<NodeStore>, turn: &mut Turn) -> Result<(), DiskError> {
    let mut ready = raw.ready();
    // What is written before it is applied is the entry of an order: this node's own append.
    let appends_order = ready.entries().iter().any(|entry| !entry.context.is_empty())
        && raw.raft.state == StateRole::Leader;
    let installs = !ready.snapshot().is_empty();
    let metadata = ready.snapshot().get_metadata();
    let state = LogId { epoch: metadata.term, position: metadata.index };
    let batch = Batch {
        snapshot: installs.then(|| ready.snapshot().clone()),
        entries: ready.take_entries(),
        hard_state: ready.hs().cloned(),
        committed: None,
        apply: ready.take_committed_entries(),
    };
    save(raw, batch, turn)?;
    if installs {
        turn.installed = Some(state);
        crash::failpoint("kernel.installed");
    }
    if appends_order {
        crash::failpoint("kernel.appended");
    }
    turn.messages.extend(ready.take_messages());
    turn.messages.extend(ready.take_persisted_messages());
    let mut light = raw.advance(ready);
    let batch = Batch {
        committed: light.commit_index(),
        apply: light.take_committed_entries(),
        ..Batch::default()
    };
    let executes = |applied: &[(LogId, Applied)]| {
        applied.iter().any(|(_, outcome)| matches!(outcome, Applied::Executed(_)))
    };
    save(raw, batch, turn)?;
    if executes(&turn.applied) {
        crash::failpoint("kernel.committed");
    }
    turn.messages.extend(light.take_messages());
    raw.advance_apply();
    Ok(())
}

/// Saves a batch, and tells the library of the members that changed by it.
fn save(raw: &mut RawNode<NodeStore>, batch: Batch, turn: &mut Turn) -> Result<(), DiskError> {
    let is_change = |entry: &&Entry| entry.entry_type == EntryType::EntryConfChangeV2;
    let changes: Vec<(u64, ConfChangeV2)> = batch
        .apply
        .iter()
        .filter(is_change)
        .map(|entry| Ok((entry.index, read_change(entry)?)))
        .collect::<Result<_, DiskError>>()?;
    let applied = raw.mut_store().save(batch)?;
    let mut conf = None;
    for (position, change) in changes {
        // One that had no effect when its turn came has none on the library either.
        let has_run = applied.iter().any(|(place, outcome)| {
            let ran = matches!(outcome, Applied::Executed(receipt) if !receipt.duplicate);
            ran && place.position == position
        });
        if has_run {
            let applied = raw.apply_conf_change(&change);
            conf = Some(applied.map_err(|e| DiskError::corrupt(format!("the members: {e}")))?);
        }
    }
    // The store has applied all of them.
    if conf.is_some_and(|conf| !raw.store().members().agrees(&conf)) {
        return Err(DiskError::corrupt("the library sees other members than the store"));
    }
    turn.applied.extend(applied);
    Ok(())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "the node panicked".to_owned())
}
