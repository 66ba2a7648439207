//! The catalogue of the ladder.

use super::facts::SLOT;
use super::invariants::Rule;
use aerodb_control::model::action::{Action, ActionKind};
use aerodb_control::model::spec::{
    ActionClass, ActionSpec, AttestationForm, AttestationSpec, FailureMode, Impact, ParameterKind,
    ParameterSpec, REFUSED, STOPPED_AFTER, STOPPED_BEFORE, Target, WayOut,
};
use aerodb_control::model::text::NodeId;

/// Every action as an order: matched without a wildcard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LadderCommand {
    Promote { to: NodeId },
    StopWrites { node: NodeId },
    DropSlot { node: NodeId, slot: String },
    Detach { node: NodeId },
    RunCheckpoint { node: NodeId },
    Rebuild { node: NodeId },
}

impl LadderCommand {
    /// `None` for an action of another kernel.
    pub(super) fn of(action: &Action) -> Option<Self> {
        let node = action.node()?;
        let count = action.params().len();
        let command = match action.kind().word() {
            "promote_standby" => Self::Promote { to: node },
            "stop_writes_of" => Self::StopWrites { node },
            "drop_slot" => Self::DropSlot { node, slot: action.params().get("slot")?.clone() },
            "detach_standby" => Self::Detach { node },
            "run_checkpoint" => Self::RunCheckpoint { node },
            "rebuild_node" => Self::Rebuild { node },
            _ => return None,
        };
        let takes = if matches!(command, Self::DropSlot { .. }) { 2 } else { 1 };
        (count == takes).then_some(command)
    }
}

const NODE: ParameterSpec = ParameterSpec {
    name: "node",
    meaning: "The node that the action is about.",
    limits: "The name of a member of the cluster.",
    kind: ParameterKind::Member { rule: Rule::IsMember.id() },
};

const PROMOTE: ActionSpec = ActionSpec {
    kind: ActionKind::of("promote_standby"),
    title: "Promote a standby",
    phrase: "promote {to}",
    meaning: "One standby ends its replay and writes a new timeline.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "No: history has turned off. The old primary has to be rebuilt.",
    parameters: &[ParameterSpec {
        name: "to",
        meaning: "The standby that becomes primary.",
        ..NODE
    }],
    attestations: &[],
    preconditions: &[
        Rule::IsMember.id(),
        Rule::IsStandby.id(),
        Rule::IsReached.id(),
        Rule::WritesHalted.id(),
        Rule::ReplayedAll.id(),
        Rule::TimelineUnchanged.id(),
    ],
    effects: &[
        "The standby is primary, of a timeline one higher.",
        "The old primary follows nobody.",
    ],
    failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &["What nodes hold that cannot be read.", "Whether clients find the new primary."],
    engine_command: "ladder: promote",
    takes_long: false,
    chooses_primary: true,
    way_out: WayOut::Never,
};

const STOP_WRITES: ActionSpec = ActionSpec {
    kind: ActionKind::of("stop_writes_of"),
    title: "Stop the writes of a node",
    phrase: "stop the writes of {node}",
    meaning: "The primary answers no more writes, and stays readable.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Cluster,
    reversible: "No: only a promotion lets clients write again.",
    parameters: &[NODE],
    preconditions: &[
        Rule::IsMember.id(),
        Rule::IsPrimary.id(),
        Rule::WritesFlow.id(),
        Rule::TimelineUnchanged.id(),
    ],
    effects: &["Clients that write are refused."],
    chooses_primary: false,
    not_checked: &["Whether a client waits for an answer."],
    engine_command: "ladder: set default_transaction_read_only",
    ..PROMOTE
};

const DROP_SLOT: ActionSpec = ActionSpec {
    kind: ActionKind::of("drop_slot"),
    title: "Drop a slot",
    phrase: "drop the slot {slot} of {node}",
    meaning: "A slot is removed, and the log that it alone kept can be discarded.",
    class: ActionClass::Storage,
    reversible: "No: what its consumer had not read is lost to it.",
    target: Target::Node,
    parameters: &[
        NODE,
        ParameterSpec {
            name: "slot",
            meaning: "The slot that is dropped.",
            limits: "The name of a slot of that node.",
            kind: ParameterKind::Item { of: SLOT, rule: Rule::HasSlot.id() },
        },
    ],
    preconditions: &[
        Rule::IsMember.id(),
        Rule::IsReached.id(),
        Rule::HasSlot.id(),
        Rule::SlotIdle.id(),
        Rule::TimelineUnchanged.id(),
    ],
    effects: &["The slot is gone."],
    not_checked: &["Whether the consumer comes back for what it had not read."],
    engine_command: "ladder: drop the slot",
    ..STOP_WRITES
};

const DETACH: ActionSpec = ActionSpec {
    kind: ActionKind::of("detach_standby"),
    title: "Detach a standby",
    phrase: "detach {node}",
    meaning: "A standby follows nobody any more, and keeps what it has.",
    class: ActionClass::Maintenance,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "No action of this catalogue attaches it again.",
    preconditions: &[
        Rule::IsMember.id(),
        Rule::IsReached.id(),
        Rule::IsStandby.id(),
        Rule::FollowsSomebody.id(),
        Rule::HasNoFollowers.id(),
        Rule::TimelineUnchanged.id(),
    ],
    effects: &["The node follows nobody."],
    not_checked: &["Whether clients read from it."],
    engine_command: "ladder: forget the upstream",
    ..STOP_WRITES
};

const RUN_CHECKPOINT: ActionSpec = ActionSpec {
    kind: ActionKind::of("run_checkpoint"),
    title: "Run a checkpoint",
    phrase: "run a checkpoint on {node}",
    meaning: "A node writes everything out, so that a restart replays less.",
    class: ActionClass::Storage,
    reversible: "There is nothing to take back.",
    preconditions: &[Rule::IsMember.id(), Rule::IsReached.id(), Rule::TimelineUnchanged.id()],
    effects: &["The restart point of the node moves."],
    failure_modes: &[
        FailureMode {
            when: "The connection is lost before the answer.",
            seen: "Stage unknown. It left no note where it ran; an operator records what was found.",
        },
        REFUSED,
        STOPPED_BEFORE,
        STOPPED_AFTER,
    ],
    not_checked: &["How much the disk has to write."],
    engine_command: "ladder: checkpoint",
    ..DETACH
};

/// What nobody but a person can see.
pub(super) const HOST_OFF: AttestationSpec = AttestationSpec {
    key: "host_off",
    label: "The old host of the node is off.",
    help: "Look at the machine itself: one that does not answer may still be running.",
    form: AttestationForm::Statement,
};

const REBUILD: ActionSpec = ActionSpec {
    kind: ActionKind::of("rebuild_node"),
    title: "Rebuild a node",
    phrase: "rebuild {node}",
    meaning: "A node is made anew on another host, as a copy of the primary.",
    class: ActionClass::Maintenance,
    impact: Impact::Disruptive,
    reversible: "No: what the node alone had is lost.",
    attestations: &[HOST_OFF],
    preconditions: &[
        Rule::IsMember.id(),
        Rule::NotPrimary.id(),
        Rule::HostIsOff.id(),
        Rule::TimelineUnchanged.id(),
    ],
    effects: &["The node is a standby of the primary."],
    not_checked: &["How long the copy takes."],
    engine_command: "ladder: copy the primary",
    ..DETACH
};

pub(super) const ACTIONS: &[ActionSpec] =
    &[PROMOTE, STOP_WRITES, DROP_SLOT, DETACH, RUN_CHECKPOINT, REBUILD];
