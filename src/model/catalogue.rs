//! Every action in full: the one source of the pages, the command line, the checks and the documents.

mod nodes;
mod roles;
mod storage;

use crate::model::action::ActionKind;
use crate::model::invariant::Invariant;
use crate::model::text::InputError;
use serde::Serialize;

/// What an action is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActionClass {
    /// Changes what the cluster does.
    Control,
    /// Changes which nodes take part.
    Maintenance,
    /// Changes what the nodes keep on disk, and nothing that clients can read.
    Storage,
    /// Reads, and changes nothing.
    Diagnose,
}

impl ActionClass {
    /// Every class, in order.
    pub const ALL: [Self; 4] = [Self::Control, Self::Maintenance, Self::Storage, Self::Diagnose];

    /// Parses the word, as a setting spells it.
    ///
    /// # Errors
    /// When it is no class.
    pub fn parse_field(field: &str, text: &str) -> Result<Self, InputError> {
        let found = Self::ALL.into_iter().find(|class| class.word() == text);
        let words = Self::ALL.map(Self::word).join(", ");
        found.ok_or_else(|| InputError::new(field, text, format!("some of {words}")))
    }

    /// The class in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Maintenance => "maintenance",
            Self::Storage => "storage",
            Self::Diagnose => "diagnose",
        }
    }
}

/// How far the consequences reach, which decides how an action is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The name of the node that the action names.
    Node,
    /// The name of the cluster.
    Cluster,
}

/// One parameter of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FailureMode {
    /// What happens.
    pub when: &'static str,
    /// What the operator sees, and what is then true.
    pub seen: &'static str,
}

/// Everything there is to say about one kind of action (C12.1). There are no optional parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
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
const NODE_PARAMETER: Parameter = Parameter {
    name: "node",
    meaning: "The node that the action is about.",
    limits: "The name of a member of the cluster.",
};
const NODE: &[Parameter] = &[NODE_PARAMETER];

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
pub const CATALOGUE: [CatalogueEntry; ActionKind::ALL.len()] = [
    roles::SWITCHOVER,
    roles::FAILOVER,
    roles::STOP_WRITES,
    roles::RESUME_WRITES,
    nodes::TAKE_OFFLINE,
    nodes::BRING_ONLINE,
    nodes::ADD_REPLICA,
    nodes::GRANT_VOTE,
    nodes::REMOVE_REPLICA,
    storage::TAKE_CHECKPOINT,
    storage::PURGE_LOG,
    storage::CREATE_BACKUP,
    storage::VERIFY_NODE,
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
        ActionKind::AddReplica => 6,
        ActionKind::GrantVote => 7,
        ActionKind::RemoveReplica => 8,
        ActionKind::TakeCheckpoint => 9,
        ActionKind::PurgeLog => 10,
        ActionKind::CreateBackup => 11,
        ActionKind::VerifyNode => 12,
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
            let names: Vec<_> = entry.parameters.iter().map(|p| p.name).collect();
            assert_eq!(names, kind.parameters());
            assert!(!entry.preconditions.is_empty() && !entry.effects.is_empty());
            assert!(!entry.failure_modes.is_empty() && !entry.not_checked.is_empty());
        }
    }
}
