//! Who is primary, and whether writes are accepted.

use super::{EngineInvariant, TO};
use crate::model::action::ActionKind;
use crate::model::spec::{
    ActionClass, ActionSpec, FailureMode, Impact, REFUSED, STOPPED_AFTER, STOPPED_BEFORE, Target,
    WayOut,
};

pub(super) const SWITCHOVER: ActionSpec = ActionSpec {
    kind: ActionKind::of("switchover"),
    title: "Switchover",
    phrase: "switchover to {to}",
    meaning: "The current primary hands over to a fully caught-up standby.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "Yes: by a switchover back.",
    parameters: TO,
    attestations: &[],
    preconditions: &[
        EngineInvariant::NodeIsMember.id(),
        EngineInvariant::PrimaryAlive.id(),
        EngineInvariant::TargetIsStandby.id(),
        EngineInvariant::TargetReachable.id(),
        EngineInvariant::TargetInEpoch.id(),
        EngineInvariant::QuorumReachable.id(),
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
        "Whether a client that got no answer asks again, and what it concludes from that.",
        "Whether the host of the target can carry the load.",
    ],
    engine_command: "raft: transfer leadership to the target",
    takes_long: false,
    chooses_primary: true,
    way_out: WayOut::Never,
};

pub(super) const FAILOVER: ActionSpec = ActionSpec {
    kind: ActionKind::of("failover"),
    title: "Failover",
    phrase: "failover to {to}",
    meaning: "A standby becomes primary while no node is.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "In part: by a switchover to another node. The epoch that ended does not come back.",
    parameters: TO,
    attestations: &[],
    preconditions: &[
        EngineInvariant::NodeIsMember.id(),
        EngineInvariant::NoPrimaryAlive.id(),
        EngineInvariant::TargetIsStandby.id(),
        EngineInvariant::TargetReachable.id(),
        EngineInvariant::QuorumReachable.id(),
        EngineInvariant::TargetLogComplete.id(),
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
        "Whether a client that got no answer asks again, and what it concludes from that.",
    ],
    engine_command: "raft: campaign on the target",
    takes_long: false,
    chooses_primary: true,
    way_out: WayOut::Always,
};

pub(super) const STOP_WRITES: ActionSpec = ActionSpec {
    kind: ActionKind::of("stop_writes"),
    title: "Stop writes",
    phrase: "stop writes",
    meaning: "The cluster refuses every write until an operator resumes them.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Cluster,
    reversible: "Yes: by resume_writes.",
    parameters: &[],
    attestations: &[],
    preconditions: &[
        EngineInvariant::PrimaryAlive.id(),
        EngineInvariant::QuorumReachable.id(),
        EngineInvariant::FenceLifted.id(),
    ],
    effects: &[
        "Writes are refused with the reason that an operator stopped them.",
        "Reads go on.",
        "The fence stands after a restart and after a change of primary.",
    ],
    failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &["Whether clients cope with refused writes."],
    engine_command: "raft: propose fence raised",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const RESUME_WRITES: ActionSpec = ActionSpec {
    kind: ActionKind::of("resume_writes"),
    title: "Resume writes",
    phrase: "resume writes",
    meaning: "The cluster accepts writes again after an operator stopped them.",
    class: ActionClass::Control,
    impact: Impact::Contained,
    target: Target::Cluster,
    reversible: "Yes: by stop_writes.",
    parameters: &[],
    attestations: &[],
    preconditions: &[
        EngineInvariant::PrimaryAlive.id(),
        EngineInvariant::QuorumReachable.id(),
        EngineInvariant::FenceStanding.id(),
    ],
    effects: &["Writes are accepted."],
    failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &["Whether what writes were stopped for is done."],
    engine_command: "raft: propose fence lifted",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};
