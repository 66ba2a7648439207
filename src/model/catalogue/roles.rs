//! Who is primary, and whether writes are accepted.

use super::{
    ActionClass, CatalogueEntry, FailureMode, Impact, REFUSED, STOPPED_AFTER, STOPPED_BEFORE, TO,
    Target,
};
use crate::model::action::ActionKind;
use crate::model::invariant::Invariant;

pub(super) const SWITCHOVER: CatalogueEntry = CatalogueEntry {
    kind: ActionKind::Switchover,
    title: "Switchover",
    meaning: "The living primary hands its role to a standby that holds its whole log.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "Yes: by a switchover back.",
    parameters: TO,
    preconditions: &[
        Invariant::NodeIsMember,
        Invariant::PrimaryAlive,
        Invariant::TargetIsStandby,
        Invariant::TargetReachable,
        Invariant::TargetInEpoch,
        Invariant::QuorumReachable,
    ],
    effects: &[
        "The target becomes primary and the primary becomes a standby.",
        "The epoch grows by one.",
        "Clients that write to the old primary are refused until they write to the new one.",
    ],
    failure_modes: &[
        FailureMode {
            when: "The target does not take over.",
            seen: "Stage refused: the primary keeps its role and its epoch.",
        },
        REFUSED,
        STOPPED_BEFORE,
        STOPPED_AFTER,
    ],
    not_checked: &[
        "Whether clients find the new primary.",
        "Whether the host of the target can carry the load.",
    ],
    engine_command: "raft: transfer leadership to the target",
};

pub(super) const FAILOVER: CatalogueEntry = CatalogueEntry {
    kind: ActionKind::Failover,
    title: "Failover",
    meaning: "A standby becomes primary while no node is.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "In part: by a switchover to another node. The epoch that ended does not come back.",
    parameters: TO,
    preconditions: &[
        Invariant::NodeIsMember,
        Invariant::NoPrimaryAlive,
        Invariant::TargetIsStandby,
        Invariant::TargetReachable,
        Invariant::QuorumReachable,
        Invariant::TargetLogComplete,
    ],
    effects: &[
        "The target becomes primary.",
        "The epoch grows by one, which ends every earlier one.",
        "A write that was never acknowledged may be dropped from the log of another node.",
    ],
    failure_modes: &[
        FailureMode {
            when: "A majority does not give the target its vote.",
            seen: "Stage refused: the epoch stays as it was and nobody is primary.",
        },
        REFUSED,
        STOPPED_BEFORE,
        STOPPED_AFTER,
    ],
    not_checked: &[
        "Whether a node that cannot be reached still serves reads to clients near it.",
        "Whether clients find the new primary.",
    ],
    engine_command: "raft: campaign on the target",
};

pub(super) const STOP_WRITES: CatalogueEntry = CatalogueEntry {
    kind: ActionKind::StopWrites,
    title: "Stop writes",
    meaning: "The cluster refuses every write until an operator resumes them.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Cluster,
    reversible: "Yes: by resume_writes.",
    parameters: &[],
    preconditions: &[Invariant::PrimaryAlive, Invariant::QuorumReachable, Invariant::FenceLifted],
    effects: &[
        "Writes are refused with the reason that an operator stopped them.",
        "Reads go on.",
        "The fence stands after a restart and after a change of primary.",
    ],
    failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &["Whether clients cope with refused writes."],
    engine_command: "raft: propose fence raised",
};

pub(super) const RESUME_WRITES: CatalogueEntry = CatalogueEntry {
    kind: ActionKind::ResumeWrites,
    title: "Resume writes",
    meaning: "The cluster accepts writes again after an operator stopped them.",
    class: ActionClass::Control,
    impact: Impact::Contained,
    target: Target::Cluster,
    reversible: "Yes: by stop_writes.",
    parameters: &[],
    preconditions: &[Invariant::PrimaryAlive, Invariant::QuorumReachable, Invariant::FenceStanding],
    effects: &["Writes are accepted."],
    failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &["Whether what writes were stopped for is done."],
    engine_command: "raft: propose fence lifted",
};
