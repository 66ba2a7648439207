//! What the embedded kernel says of itself: the one source of the pages, the command line, the API, the
//! documents and its own checks.

mod action;
mod event;
pub mod facts;
mod invariant;
mod nodes;
mod roles;
mod storage;

pub use action::EmbeddedAction;
pub use event::EngineEvent;
pub use invariant::EngineInvariant;

use crate::model::spec::{
    ActionSpec, KernelSpec, ParameterKind, ParameterSpec, PositionStyle, PositionUnit,
};

const MEMBER: ParameterKind = ParameterKind::Member { rule: EngineInvariant::NodeIsMember.id() };
const TO: &[ParameterSpec] = &[ParameterSpec {
    name: "to",
    meaning: "The standby that becomes primary.",
    limits: "The name of a member of the cluster.",
    kind: MEMBER,
}];
const NODE_PARAMETER: ParameterSpec = ParameterSpec {
    name: "node",
    meaning: "The node that the action is about.",
    limits: "The name of a member of the cluster.",
    kind: MEMBER,
};
const NODE: &[ParameterSpec] = &[NODE_PARAMETER];

/// The catalogue, in the order in which it is shown.
const ACTIONS: &[ActionSpec] = &[
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

/// What the embedded kernel says of itself.
pub static SPEC: KernelSpec = KernelSpec {
    kind: "embedded",
    roles: &["primary", "standby", "learner"],
    facts: facts::FACTS,
    items: &[],
    follows: None,
    position: PositionStyle {
        end: facts::LAST,
        durable: facts::COMMITTED,
        generation: facts::EPOCH,
        branch: "epoch",
        unit: PositionUnit::Counted(["entry", "entries"]),
    },
    actions: ACTIONS,
    invariants: EngineInvariant::SPECS,
    events: EngineEvent::SPECS,
    checklists: super::checklist::CHECKLISTS,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action::Action;
    use std::collections::BTreeMap;

    fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    /// An action of this kind, with a value for each parameter.
    fn sample(entry: &ActionSpec) -> Action {
        let value = |p: &ParameterSpec| match p.kind {
            ParameterKind::Position { .. } => (p.name.to_owned(), "7".to_owned()),
            _ => (p.name.to_owned(), "n2".to_owned()),
        };
        let given = entry.parameters.iter().map(value).collect();
        SPEC.parse(entry.kind.word(), &given).expect("own form")
    }

    #[test]
    fn the_spec_is_whole_and_every_phrase_names_every_parameter() {
        assert_eq!(SPEC.faults(), Vec::<String>::new());
    }

    #[test]
    fn a_parameter_that_the_kind_does_not_take_is_refused_by_name() {
        let parse = |kind: &str, pairs: &[(&str, &str)]| {
            SPEC.parse(kind, &params(pairs)).expect_err("refused").field
        };
        assert_eq!(parse("stop_writes", &[("force", "true")]), "force");
        assert_eq!(parse("switchover", &[]), "to");
        assert_eq!(parse("promote", &[]), "kind");
        assert_eq!(parse("Switchover", &[("to", "n2")]), "kind");
        for bad in ["", "0", "-1", "07", "1e3", "9223372036854775808"] {
            assert_eq!(parse("purge_log", &[("node", "n1"), ("up_to", bad)]), "up_to", "{bad:?}");
        }
    }

    #[test]
    fn every_action_of_the_spec_is_an_order_of_the_kernel_and_keeps_its_form() {
        for entry in SPEC.actions {
            let action = sample(entry);
            let order = EmbeddedAction::try_from(&action).expect("an order");
            assert_eq!(order.word(), entry.kind.word());
            assert_eq!((order.node().cloned(), &order.params()), (action.node(), action.params()));
            assert_eq!(Action::from(order.clone()), action);
            let json = serde_json::to_string(&action).expect("plain data");
            assert_eq!(serde_json::to_string(&order).expect("plain data"), json);
            assert_eq!(serde_json::from_str::<EmbeddedAction>(&json).expect("own form"), order);
            assert_eq!(action.node().is_some(), entry.node_parameter().is_some());
        }
    }

    #[test]
    fn an_action_of_another_kernel_is_refused_by_what_this_one_does_not_know() {
        for (json, field) in [
            (r#"{"kind":"promote","params":{}}"#, "kind"),
            (r#"{"kind":"failover","params":{"mode":"fast","to":"n2"}}"#, "mode"),
            (r#"{"kind":"failover","params":{}}"#, "to"),
            (r#"{"kind":"purge_log","params":{"node":"n1","up_to":"0/16"}}"#, "up_to"),
        ] {
            let action: Action = serde_json::from_str(json).expect("the form of an action");
            assert_eq!(EmbeddedAction::try_from(&action).expect_err(json).field, field);
        }
    }
}
