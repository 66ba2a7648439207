//! What the nodes keep on disk.

use super::{
    ActionClass, CatalogueEntry, FailureMode, Impact, NODE, NODE_PARAMETER, Parameter, REFUSED,
    STOPPED_AFTER, STOPPED_BEFORE, Target,
};
use crate::model::action::ActionKind;
use crate::model::invariant::Invariant;

const STORE_FAILED: FailureMode = FailureMode {
    when: "The store of the node fails while the node carries the action out.",
    seen: "Stage executed, and the node is unreachable because its store failed. The cluster's log holds the entry: a node that opens again carries it out before it serves.",
};

pub(super) const TAKE_CHECKPOINT: CatalogueEntry = CatalogueEntry {
    kind: ActionKind::TakeCheckpoint,
    title: "Take a checkpoint",
    meaning: "One node keeps a checked copy of its whole state, from which its log can be continued.",
    class: ActionClass::Storage,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "No, and it takes nothing away: the next checkpoint of the node replaces it.",
    parameters: NODE,
    preconditions: &[
        Invariant::NodeIsMember,
        Invariant::TargetReachable,
        Invariant::PrimaryAlive,
        Invariant::QuorumReachable,
    ],
    effects: &[
        "The node keeps its data, receipts, void ids and epoch history as of one position, with a checksum.",
        "The checkpoint that the node kept before is replaced.",
        "The log of the node may be purged up to that position, by another action.",
    ],
    failure_modes: &[STORE_FAILED, REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &[
        "Whether the disk has room for the copy; a disk that is full stops the node.",
        "How long the copy takes; the cluster serves nothing else meanwhile.",
    ],
    engine_command: "raft: propose a checkpoint of the node",
};

pub(super) const PURGE_LOG: CatalogueEntry = CatalogueEntry {
    kind: ActionKind::PurgeLog,
    title: "Purge the log",
    meaning: "One node gives back the beginning of its log, as far as its checkpoint covers it.",
    class: ActionClass::Storage,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "No: the entries are gone from this node. What they built stays.",
    parameters: &[
        NODE_PARAMETER,
        Parameter {
            name: "up_to",
            meaning: "The last position that is given back.",
            limits: "A position that the log of the node holds and its checkpoint covers.",
        },
    ],
    preconditions: &[
        Invariant::NodeIsMember,
        Invariant::TargetReachable,
        Invariant::PrimaryAlive,
        Invariant::QuorumReachable,
        Invariant::CheckpointCovers,
        Invariant::LogHeld,
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
};
