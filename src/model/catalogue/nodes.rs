//! Which nodes take part.

use super::{
    ActionClass, CatalogueEntry, Impact, NODE, REFUSED, STOPPED_AFTER, STOPPED_BEFORE, Target,
};
use crate::model::action::ActionKind;
use crate::model::invariant::Invariant;

pub(super) const TAKE_OFFLINE: CatalogueEntry = CatalogueEntry {
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
};

pub(super) const BRING_ONLINE: CatalogueEntry = CatalogueEntry {
    kind: ActionKind::BringOnline,
    title: "Bring a node online",
    meaning: "A node that an operator took offline returns to service and catches up.",
    class: ActionClass::Maintenance,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "Yes: by take_offline.",
    parameters: NODE,
    preconditions: &[Invariant::NodeIsMember, Invariant::NodeOffline],
    effects: &["The node is reachable and follows as a standby.", "Nobody becomes primary by it."],
    failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &["How long the node takes to catch up."],
    engine_command: "network: open the links of the node",
};
