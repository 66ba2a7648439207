//! A small kernel for the tests of pure rooms. It is none of those that exist.

use super::{
    ActionClass, ActionSpec, Catalogue, ChecklistSpec, EventSpec, FactOf, FactSpec, Impact,
    InvariantSpec, KernelSpec, ParameterKind, ParameterSpec, PositionStyle, PositionUnit, REFUSED,
    ROLE, Target, WRITES, WayOut,
};
use crate::model::action::ActionKind;
use crate::model::event::EventKind;
use crate::model::invariant::InvariantId;

/// A fact of the cluster that not everybody sees.
pub(crate) const COPIES: &str = "copies";
/// A fact of a node that not everybody sees.
pub(crate) const CUT_WHY: &str = "cut_why";

/// What it says of itself.
pub(crate) static TRIED: KernelSpec = KernelSpec {
    kind: "tried",
    roles: &["primary", "standby"],
    facts: &[
        FactSpec::new(WRITES, FactOf::Cluster, "Writes", "What a client that writes is answered."),
        FactSpec {
            sensitive: true,
            ..FactSpec::new(COPIES, FactOf::Cluster, "Copies", "By name.")
        },
        FactSpec::new(ROLE, FactOf::Node, "Role", "Primary or standby."),
        FactSpec {
            sensitive: true,
            ..FactSpec::new(CUT_WHY, FactOf::Node, "Why", "Why it is cut.")
        },
    ],
    items: &[],
    follows: None,
    position: PositionStyle {
        end: "end",
        durable: "durable",
        generation: "term",
        branch: "term",
        unit: PositionUnit::Counted(["line", "lines"]),
    },
    actions: &[SWITCHOVER, VERIFY],
    invariants: &[InvariantSpec {
        id: InvariantId::of("is_member"),
        clause: "C6.1",
        statement: "The node named is a member.",
        reason: "Another node is unknown.",
    }],
    events: &[
        EventSpec { kind: EventKind::STARTED, meaning: "It was started.", is_refusal: false },
        EventSpec {
            kind: EventKind::of("vote_refused"),
            meaning: "A vote was refused.",
            is_refusal: true,
        },
    ],
    checklists: &[ChecklistSpec {
        key: "move",
        title: "Move",
        help: "A standby takes over while everything is well.",
        node: "The standby that becomes primary.",
    }],
};

const SWITCHOVER: ActionSpec = ActionSpec {
    kind: ActionKind::of("switchover"),
    title: "Switchover",
    phrase: "switchover to {to}",
    meaning: "Another node becomes primary.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "Yes: by a switchover back.",
    parameters: &[TO],
    attestations: &[],
    preconditions: &[InvariantId::of("is_member")],
    effects: &["The target becomes primary."],
    failure_modes: &[REFUSED],
    not_checked: &["Whether clients find it."],
    engine_command: "tried: switch over",
    takes_long: false,
    chooses_primary: true,
    way_out: WayOut::Never,
};

const VERIFY: ActionSpec = ActionSpec {
    kind: ActionKind::of("verify_node"),
    title: "Verify a node",
    phrase: "verify {node}",
    meaning: "Everything on a node is read.",
    class: ActionClass::Diagnose,
    impact: Impact::Contained,
    parameters: &[ParameterSpec { name: "node", ..TO }],
    takes_long: true,
    chooses_primary: false,
    ..SWITCHOVER
};

const TO: ParameterSpec = ParameterSpec {
    name: "to",
    meaning: "The standby that becomes primary.",
    limits: "The name of a member.",
    kind: ParameterKind::Member { rule: InvariantId::of("is_member") },
};

/// The words of that kernel.
pub(crate) fn catalogue() -> Catalogue {
    Catalogue::from(&TRIED)
}
