//! Replication: the replay of a standby, and the slots that keep WAL.

use super::facts::SLOT;
use super::{
    CONNECTION_LOST, NO_RIGHT, NODE, NODE_PARAMETER, REFUSED, Rule, STOPPED_AFTER, STOPPED_BEFORE,
    failure_modes, preconditions,
};
use crate::model::action::ActionKind;
use crate::model::spec::{
    ActionClass, ActionSpec, Impact, ParameterKind, ParameterSpec, Target, WayOut,
};

pub(super) const PAUSE_REPLAY: ActionSpec = ActionSpec {
    kind: ActionKind::of("pause_replay"),
    title: "Pause replay",
    phrase: "pause the replay of {node}",
    meaning: "A standby stops replaying. It still receives and keeps WAL.",
    class: ActionClass::Control,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "Yes: by resume_replay.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(IsStandby, ReplayGoesOn, NotWaitedFor),
    effects: &["What the standby shows stays as it is.", "The WAL that it does not replay grows."],
    failure_modes: failure_modes!(),
    not_checked: &["Whether the disk of the standby has room for the WAL."],
    engine_command: "select pg_wal_replay_pause(), where replay is not paused",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const RESUME_REPLAY: ActionSpec = ActionSpec {
    kind: ActionKind::of("resume_replay"),
    title: "Resume replay",
    phrase: "resume the replay of {node}",
    meaning: "A standby goes on replaying.",
    reversible: "Yes: by pause_replay.",
    preconditions: preconditions!(IsStandby, ReplayPaused),
    effects: &["The standby catches up with what it has received."],
    not_checked: &["How long it takes to catch up.", "Which queries its replay cancels."],
    engine_command: "select pg_wal_replay_resume(), where replay is paused",
    ..PAUSE_REPLAY
};

pub(super) const CREATE_SLOT: ActionSpec = ActionSpec {
    kind: ActionKind::of("create_slot"),
    title: "Create a replication slot",
    phrase: "create the slot {slot} on {node}",
    meaning: "A physical replication slot is made, and keeps WAL from now on.",
    class: ActionClass::Maintenance,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "Yes: by drop_slot.",
    parameters: &[
        NODE_PARAMETER,
        ParameterSpec {
            name: "slot",
            meaning: "The name of the slot; that of a standby which is to follow is the standby's.",
            limits: "A name that no slot of the node has: 1 to 48 lower-case letters, digits and underscores.",
            kind: ParameterKind::Name,
        },
    ],
    attestations: &[],
    preconditions: preconditions!(SlotNameFree, SlotRoom),
    effects: &[
        "The slot is there, and nobody reads from it.",
        "WAL is kept from now on until somebody reads it or the slot is dropped.",
    ],
    failure_modes: failure_modes!(),
    not_checked: &["Whether the disk of the node has room for the WAL that nobody reads."],
    engine_command: "select pg_create_physical_replication_slot(name, true)",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const DROP_SLOT: ActionSpec = ActionSpec {
    kind: ActionKind::of("drop_slot"),
    title: "Drop a replication slot",
    phrase: "drop the slot {slot} of {node}",
    meaning: "A replication slot is removed, and the WAL that it alone kept can go.",
    impact: Impact::Disruptive,
    reversible: "No: a consumer that comes back for what was kept has to be made anew.",
    parameters: &[
        NODE_PARAMETER,
        ParameterSpec {
            name: "slot",
            meaning: "The slot.",
            limits: "The name of a slot of that node, of at most 48 characters.",
            kind: ParameterKind::Item { of: SLOT, rule: Rule::SlotKnown.id() },
        },
    ],
    preconditions: preconditions!(SlotKnown, SlotInactive, SlotUnneeded),
    effects: &[
        "The slot is gone.",
        "The WAL that it kept goes with the next checkpoint, which is another action.",
    ],
    not_checked: &[
        "Whether a consumer that is no configured node comes back for what it had not read.",
    ],
    engine_command: "select pg_drop_replication_slot(slot_name), where it is not active and its restart_lsn is as confirmed",
    ..CREATE_SLOT
};
