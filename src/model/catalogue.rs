//! Every action in full: the one source of the pages, the command line, the checks and the documents.

use crate::model::action::ActionKind;
use crate::model::invariant::Invariant;
use serde::Serialize;

/// What an action is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionClass {
    /// Changes what the cluster does.
    Control,
    /// Changes which nodes take part.
    Maintenance,
}

impl ActionClass {
    /// The class in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Maintenance => "maintenance",
        }
    }
}

/// How far the consequences reach, which decides how an action is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Clients can notice it. Confirmed by typing the name of the target.
    Disruptive,
    /// Clients do not notice it.
    Contained,
}

impl Impact {
    /// The impact in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Disruptive => "disruptive",
            Self::Contained => "contained",
        }
    }
}

/// What has to be typed to confirm a disruptive action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The name of the node that the action names.
    Node,
    /// The name of the cluster.
    Cluster,
}

/// One parameter of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name in forms, JSON and on the command line.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What it may be.
    pub limits: &'static str,
}

/// One way in which an action can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FailureMode {
    /// What happens.
    pub when: &'static str,
    /// What the operator sees, and what is then true.
    pub seen: &'static str,
}

/// Everything there is to say about one kind of action (C12.1). There are no optional parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogueEntry {
    /// Which action.
    pub kind: ActionKind,
    /// Its name for people.
    pub title: &'static str,
    /// What it does, as a sentence.
    pub meaning: &'static str,
    /// What it is for.
    pub class: ActionClass,
    /// How far its consequences reach.
    pub impact: Impact,
    /// What has to be typed to confirm it, where it is disruptive.
    pub target: Target,
    /// Whether it can be taken back, and by what.
    pub reversible: &'static str,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// What must hold before it can run.
    pub preconditions: &'static [Invariant],
    /// What changes.
    pub effects: &'static [&'static str],
    /// What can go wrong.
    pub failure_modes: &'static [FailureMode],
    /// What nobody looks at.
    pub not_checked: &'static [&'static str],
    /// What the embedded kernel is told.
    pub engine_command: &'static str,
}

const TO: &[Parameter] = &[Parameter {
    name: "to",
    meaning: "The standby that becomes primary.",
    limits: "The name of a member of the cluster.",
}];
const NODE: &[Parameter] = &[Parameter {
    name: "node",
    meaning: "The node that the action is about.",
    limits: "The name of a member of the cluster.",
}];

const REFUSED: FailureMode = FailureMode {
    when: "The kernel finds at execution that a pre-condition no longer holds.",
    seen: "Stage refused, with the kernel's words. Nothing ran.",
};
const STOPPED_BEFORE: FailureMode = FailureMode {
    when: "The control plane stops after the confirmation and before the order is sent.",
    seen: "Stage confirmed, marked as never sent. Nothing ran. An operator settles it.",
};
const STOPPED_AFTER: FailureMode = FailureMode {
    when: "The control plane stops after the order was recorded as dispatched.",
    seen: "Stage unknown, with what the kernel holds under the id. An operator settles it; further mutations wait until then.",
};

/// The catalogue, in the order in which it is shown.
pub const CATALOGUE: [CatalogueEntry; 6] = [
    CatalogueEntry {
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
    },
    CatalogueEntry {
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
    },
    CatalogueEntry {
        kind: ActionKind::StopWrites,
        title: "Stop writes",
        meaning: "The cluster refuses every write until an operator resumes them.",
        class: ActionClass::Control,
        impact: Impact::Disruptive,
        target: Target::Cluster,
        reversible: "Yes: by resume_writes.",
        parameters: &[],
        preconditions: &[
            Invariant::PrimaryAlive,
            Invariant::QuorumReachable,
            Invariant::FenceLifted,
        ],
        effects: &[
            "Writes are refused with the reason that an operator stopped them.",
            "Reads go on.",
            "The fence stands after a restart and after a change of primary.",
        ],
        failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
        not_checked: &["Whether clients cope with refused writes."],
        engine_command: "raft: propose fence raised",
    },
    CatalogueEntry {
        kind: ActionKind::ResumeWrites,
        title: "Resume writes",
        meaning: "The cluster accepts writes again after an operator stopped them.",
        class: ActionClass::Control,
        impact: Impact::Contained,
        target: Target::Cluster,
        reversible: "Yes: by stop_writes.",
        parameters: &[],
        preconditions: &[
            Invariant::PrimaryAlive,
            Invariant::QuorumReachable,
            Invariant::FenceStanding,
        ],
        effects: &["Writes are accepted."],
        failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
        not_checked: &["Whether what writes were stopped for is done."],
        engine_command: "raft: propose fence lifted",
    },
    CatalogueEntry {
        kind: ActionKind::TakeOffline,
        title: "Take a node offline",
        meaning: "One node leaves service for maintenance: it neither serves clients nor votes.",
        class: ActionClass::Maintenance,
        impact: Impact::Disruptive,
        target: Target::Node,
        reversible: "Yes: by bring_online.",
        parameters: NODE,
        preconditions: &[Invariant::NodeIsMember, Invariant::NodeOnline],
        effects: &[
            "The node cannot be reached, so its facts are unknown.",
            "A primary that is taken offline gives up its role; nobody is primary until a failover.",
            "Where fewer than a majority of the voters stay reachable, writes are refused.",
        ],
        failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
        not_checked: &["Whether clients are connected to the node."],
        engine_command: "network: close the links of the node",
    },
    CatalogueEntry {
        kind: ActionKind::BringOnline,
        title: "Bring a node online",
        meaning: "A node that an operator took offline returns to service and catches up.",
        class: ActionClass::Maintenance,
        impact: Impact::Contained,
        target: Target::Node,
        reversible: "Yes: by take_offline.",
        parameters: NODE,
        preconditions: &[Invariant::NodeIsMember, Invariant::NodeOffline],
        effects: &[
            "The node is reachable and follows as a standby.",
            "Nobody becomes primary by it.",
        ],
        failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
        not_checked: &["How long the node takes to catch up."],
        engine_command: "network: open the links of the node",
    },
];

/// The entry of a kind.
#[must_use]
pub fn entry(kind: ActionKind) -> &'static CatalogueEntry {
    let place = match kind {
        ActionKind::Switchover => 0,
        ActionKind::Failover => 1,
        ActionKind::StopWrites => 2,
        ActionKind::ResumeWrites => 3,
        ActionKind::TakeOffline => 4,
        ActionKind::BringOnline => 5,
    };
    CATALOGUE.get(place).expect("the places above are those of the array")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_entry_with_every_part() {
        for kind in ActionKind::ALL {
            let entry = entry(kind);
            assert_eq!(entry.kind, kind);
            assert_eq!(entry.parameters.len(), usize::from(kind.node_parameter().is_some()));
            assert_eq!(entry.parameters.first().map(|p| p.name), kind.node_parameter());
            assert!(!entry.preconditions.is_empty() && !entry.effects.is_empty());
            assert!(!entry.failure_modes.is_empty() && !entry.not_checked.is_empty());
        }
    }
}
