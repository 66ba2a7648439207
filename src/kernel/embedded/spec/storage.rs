//! What the nodes keep on disk.

use super::{EngineInvariant, NODE, NODE_PARAMETER};
use crate::model::action::ActionKind;
use crate::model::spec::{
    ActionClass, ActionSpec, FailureMode, Impact, ParameterKind, ParameterSpec, REFUSED,
    STOPPED_AFTER, STOPPED_BEFORE, Target, WayOut,
};

const STORE_FAILED: FailureMode = FailureMode {
    when: "The store of the node fails while the node carries the action out.",
    seen: "Stage executed, and the node is unreachable because its store failed. The cluster's log holds the entry: a node that opens again carries it out before it serves.",
};

pub(super) const TAKE_CHECKPOINT: ActionSpec = ActionSpec {
    kind: ActionKind::of("take_checkpoint"),
    title: "Take a checkpoint",
    phrase: "take a checkpoint of {node}",
    meaning: "One node keeps a checked copy of its whole state, from which its log can be continued.",
    class: ActionClass::Storage,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "No, and it takes nothing away: the next checkpoint of the node replaces it.",
    parameters: NODE,
    attestations: &[],
    preconditions: &[
        EngineInvariant::NodeIsMember.id(),
        EngineInvariant::TargetReachable.id(),
        EngineInvariant::PrimaryAlive.id(),
        EngineInvariant::QuorumReachable.id(),
        EngineInvariant::CopyHasRoom.id(),
    ],
    effects: &[
        "The node keeps its data, receipts, void ids and epoch history as of one position, with a checksum.",
        "The checkpoint that the node kept before is replaced.",
        "The log of the node may be purged up to that position, by another action.",
    ],
    failure_modes: &[STORE_FAILED, REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &["How long the copy takes; the cluster serves nothing else meanwhile."],
    engine_command: "raft: propose a checkpoint of the node",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const PURGE_LOG: ActionSpec = ActionSpec {
    kind: ActionKind::of("purge_log"),
    title: "Purge the log",
    phrase: "purge the log of {node} up to {up_to}",
    meaning: "One node discards log entries that its snapshot already covers.",
    class: ActionClass::Storage,
    impact: Impact::Irreversible,
    target: Target::Node,
    reversible: "No: the entries are gone from this node. What they built stays.",
    parameters: &[
        NODE_PARAMETER,
        ParameterSpec {
            name: "up_to",
            meaning: "The last position that is given back.",
            limits: "A position that the log of the node holds and its checkpoint covers.",
            kind: ParameterKind::Position {
                offered: "Judged for the end of the checkpoint, or for 1.",
            },
        },
    ],
    attestations: &[],
    preconditions: &[
        EngineInvariant::NodeIsMember.id(),
        EngineInvariant::TargetReachable.id(),
        EngineInvariant::PrimaryAlive.id(),
        EngineInvariant::QuorumReachable.id(),
        EngineInvariant::CheckpointCovers.id(),
        EngineInvariant::LogHeld.id(),
    ],
    effects: &[
        "The log of the node begins after that position.",
        "Data, receipts, void ids and epoch history stay.",
        "A node that needs the entries from this one is brought up with the whole state instead.",
    ],
    failure_modes: &[STORE_FAILED, REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &[
        "Whether anybody outside the cluster still reads the entries.",
        "How much space the file system gets back: the file keeps its size and uses the space again.",
    ],
    engine_command: "raft: propose a purge of the node's log up to the position",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const CREATE_BACKUP: ActionSpec = ActionSpec {
    kind: ActionKind::of("create_backup"),
    title: "Create a backup",
    phrase: "create the backup {name}",
    meaning: "Everything up to one position goes into files of its own, and is read back.",
    class: ActionClass::Storage,
    impact: Impact::Contained,
    target: Target::Cluster,
    reversible: "No, and it takes nothing away. The program never deletes a backup.",
    parameters: &[ParameterSpec {
        name: "name",
        meaning: "The name of the backup.",
        limits: "A name that no backup has: lower-case letters, digits, hyphens, dots, underscores.",
        kind: ParameterKind::Name,
    }],
    attestations: &[],
    preconditions: &[
        EngineInvariant::PrimaryAlive.id(),
        EngineInvariant::QuorumReachable.id(),
        EngineInvariant::BackupNameFree.id(),
        EngineInvariant::CopyHasRoom.id(),
    ],
    effects: &[
        "Data, the receipts in the log, void ids and the history of epochs stand in a directory of that name, with their SHA-256.",
        "A new cluster can be made of it, offline, by aerodb-control kernel restore.",
    ],
    failure_modes: &[
        FailureMode {
            when: "A file cannot be written, or does not read back as it was written.",
            seen: "Stage refused, with what the file system said. There is no backup of that name.",
        },
        REFUSED,
        STOPPED_BEFORE,
        STOPPED_AFTER,
    ],
    not_checked: &[
        "How long the copy takes; no other action is taken meanwhile.",
        "Which nodes are offline, and the receipts of taking them offline and online: no backup holds them.",
    ],
    engine_command: "store: write the image of the state into files",
    takes_long: true,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const VERIFY_NODE: ActionSpec = ActionSpec {
    kind: ActionKind::of("verify_node"),
    title: "Verify a node",
    phrase: "verify {node}",
    meaning: "Everything that one node keeps is read, and compared with another node.",
    class: ActionClass::Diagnose,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "There is nothing to take back: it changes nothing.",
    parameters: NODE,
    attestations: &[],
    preconditions: &[EngineInvariant::NodeIsMember.id(), EngineInvariant::TargetReachable.id()],
    effects: &[
        "The result says what was read, and names everything that is not what it must be.",
        "Nothing else: a node in which damage is found serves on until an operator acts.",
    ],
    failure_modes: &[
        FailureMode {
            when: "The file of the node is damaged.",
            seen: "Stage executed. The result begins with what was read, and says DAMAGED and where.",
        },
        REFUSED,
        STOPPED_BEFORE,
        STOPPED_AFTER,
    ],
    not_checked: &[
        "Damage that all nodes have alike.",
        "How long it takes: every page is read, and no other action is taken meanwhile.",
    ],
    engine_command: "store: integrity check, and digests of the log, the state and the checkpoint",
    takes_long: true,
    chooses_primary: false,
    way_out: WayOut::Never,
};
