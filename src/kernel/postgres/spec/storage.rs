//! What the nodes keep on disk.

use super::{
    CONNECTION_LOST, GUARD_BEFORE, NO_RIGHT, NODE, NODE_PARAMETER, REFUSED, Rule, STOPPED_AFTER,
    STOPPED_BEFORE, failure_modes, preconditions,
};
use crate::model::action::ActionKind;
use crate::model::spec::{
    ActionClass, ActionSpec, FailureMode, Impact, ParameterKind, ParameterSpec, Target, WayOut,
};

pub(super) const RUN_CHECKPOINT: ActionSpec = ActionSpec {
    kind: ActionKind::of("checkpoint"),
    title: "Checkpoint",
    phrase: "run a checkpoint on {node}",
    meaning: "A node writes everything out; a standby as far as it has replayed a checkpoint of its primary.",
    class: ActionClass::Storage,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "There is nothing to take back.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(),
    effects: &[
        "A crash restart replays from the new place on.",
        "WAL that nothing keeps any more is removed or used again.",
    ],
    failure_modes: failure_modes!(),
    not_checked: &[
        GUARD_BEFORE,
        "How much the disk has to write.",
        "Whether a standby has a newer checkpoint to write out: without one nothing happens.",
    ],
    engine_command: "checkpoint",
    takes_long: true,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const SWITCH_WAL: ActionSpec = ActionSpec {
    kind: ActionKind::of("switch_wal"),
    title: "Switch the WAL segment",
    phrase: "switch the WAL segment of {node}",
    meaning: "The primary begins a new WAL segment, so that the one before can be archived.",
    reversible: "There is nothing to take back.",
    preconditions: preconditions!(OnePrimary),
    effects: &["The segment that was written ends, where something is in it."],
    failure_modes: failure_modes!(FailureMode {
        when: "The answer is lost.",
        seen: "Stage unknown: a later segment does not say who began it. An operator records what was found.",
    }),
    not_checked: &["Whether the archive takes the segment."],
    engine_command: "select pg_switch_wal(), where the segment is as it was confirmed",
    takes_long: false,
    ..RUN_CHECKPOINT
};

pub(super) const CREATE_RESTORE_POINT: ActionSpec = ActionSpec {
    kind: ActionKind::of("create_restore_point"),
    title: "Create a restore point",
    phrase: "create the restore point {name} on {node}",
    meaning: "A named place in the WAL, to which a restore can go.",
    reversible: "There is nothing to take back: the record stays in the WAL.",
    parameters: &[
        NODE_PARAMETER,
        ParameterSpec {
            name: "name",
            meaning: "The name, before the first digits of the action's id.",
            limits: "1 to 48 lower-case letters, digits, hyphens, dots and underscores.",
            kind: ParameterKind::Name,
        },
    ],
    preconditions: preconditions!(OnePrimary),
    effects: &["A record in the WAL has the name, and is flushed with the receipt of this action."],
    failure_modes: failure_modes!(),
    not_checked: &["Whether the WAL around it is archived."],
    engine_command: "select pg_create_restore_point(name), with a receipt in the same transaction",
    takes_long: false,
    ..RUN_CHECKPOINT
};

pub(super) const BASE_BACKUP: ActionSpec = ActionSpec {
    kind: ActionKind::of("create_backup"),
    title: "Create a base backup",
    phrase: "create the backup {name} of {node}",
    meaning: "All files of a node and the WAL that they need go into files of this control plane, and are read back.",
    reversible: "No, and it takes nothing away. The program never deletes a backup.",
    parameters: &[
        NODE_PARAMETER,
        ParameterSpec {
            name: "name",
            meaning: "The name of the backup.",
            limits: "A name that no backup has: lower-case letters, digits, hyphens, dots, underscores.",
            kind: ParameterKind::Name,
        },
    ],
    preconditions: preconditions!(SenderFree, NoTablespaces, BackupNameFree, RoomForBackup),
    effects: &[
        "The backup stands under its name, with the manifest of the server and its SHA-256 of every file.",
        "The files hold the password hashes of the roles: nobody but the account of the program can read them.",
    ],
    failure_modes: failure_modes!(FailureMode {
        when: "A file cannot be written, or does not read back as the manifest says.",
        seen: "Stage refused, with what was found. There is no backup of that name.",
    }),
    not_checked: &["How long the copy takes, and what its reads cost the node."],
    engine_command: "BASE_BACKUP over the replication protocol, with a manifest of SHA-256",
    takes_long: true,
    ..RUN_CHECKPOINT
};

pub(super) const VERIFY_PAGES: ActionSpec = ActionSpec {
    kind: ActionKind::of("verify_node"),
    title: "Verify a node",
    phrase: "verify {node}",
    meaning: "The server reads every page of a node and checks its checksum. Nothing is kept.",
    class: ActionClass::Diagnose,
    reversible: "There is nothing to take back: it changes nothing.",
    preconditions: preconditions!(SenderFree, ChecksumsOn),
    effects: &[
        "The result says whether a page is not what its checksum says.",
        "Nothing else: a node in which damage is found serves on until an operator acts.",
    ],
    failure_modes: failure_modes!(FailureMode {
        when: "Pages are damaged.",
        seen: "Stage executed. The result says DAMAGED, and what the server said of where.",
    }),
    not_checked: &[
        "Pages that only memory holds, and damage that keeps a checksum right.",
        "How long it takes: every file is read.",
    ],
    engine_command: "BASE_BACKUP with TARGET blackhole and VERIFY_CHECKSUMS",
    takes_long: true,
    ..RUN_CHECKPOINT
};
