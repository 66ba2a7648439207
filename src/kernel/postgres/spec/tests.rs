//! What is said of the kernel is whole, and is what its orders are.

use super::settings::WRITABLE_SETTINGS;
use super::*;
use crate::kernel::postgres::command::PostgresAction;
use crate::model::action::Action;
use std::collections::{BTreeMap, BTreeSet};

/// An action of this kind, with a value for each parameter.
fn sample(entry: &ActionSpec) -> Action {
    let value = |parameter: &ParameterSpec| match parameter.kind {
        ParameterKind::Text { .. } => (parameter.name.to_owned(), "ANY 1 (n2, n3)".to_owned()),
        _ => (parameter.name.to_owned(), "n2".to_owned()),
    };
    let given = entry.parameters.iter().map(value).collect();
    SPEC.parse(entry.kind.word(), &given).expect("own form")
}

/// C12.1.
#[test]
fn the_spec_is_whole() {
    assert_eq!(SPEC.faults(), Vec::<String>::new());
}

#[test]
fn every_action_of_the_spec_is_an_order_of_the_kernel() {
    let mut words = BTreeSet::new();
    for entry in SPEC.actions {
        let action = sample(entry);
        let order = PostgresAction::try_from(&action).expect("an order");
        assert_eq!((order.word(), Some(order.node())), (entry.kind.word(), action.node().as_ref()));
        words.insert(order.word());
    }
    assert_eq!(words.len(), 23, "{words:?}");
}

#[test]
fn an_action_that_this_kernel_does_not_know_is_refused_by_what_it_does_not_know() {
    for (json, field) in [
        (r#"{"kind":"switchover","params":{"to":"n2"}}"#, "kind"),
        (r#"{"kind":"promote","params":{"force":"yes","node":"n2"}}"#, "force"),
        (r#"{"kind":"promote","params":{}}"#, "node"),
        (r#"{"kind":"drop_slot","params":{"node":"n1"}}"#, "slot"),
    ] {
        let action: Action = serde_json::from_str(json).expect("the form of an action");
        assert_eq!(PostgresAction::try_from(&action).expect_err(json).field, field);
    }
}

/// C4.2: a value is one line, and what could end it or hide in it is refused by its name.
#[test]
fn a_rule_that_is_no_line_of_plain_text_is_refused_by_its_name() {
    let parse = |rule: &str| {
        let given = [("node", "n1"), ("rule", rule)];
        let given: BTreeMap<_, _> =
            given.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        SPEC.parse("write_sync_standbys", &given)
    };
    for bad in ["", "  ", "n2\nn3", "n2\u{202e}", "\u{0}", &"n".repeat(401)] {
        assert_eq!(parse(bad).expect_err(bad).field, "rule");
    }
    let rule = parse(" ANY 1 (n2, \"n3\") ").expect("a line").params()["rule"].clone();
    assert_eq!(rule, "ANY 1 (n2, \"n3\")");
}

/// C12.1: no invariant stands there that nothing needs, and every action can be refused by its own.
#[test]
fn every_invariant_is_needed_by_an_action_or_kept_by_every_order() {
    let needed: BTreeSet<_> = SPEC.actions.iter().flat_map(|entry| entry.preconditions).collect();
    let kept = [Rule::WithinStatement, Rule::OneSession, Rule::ReceiptKept];
    for rule in PostgresInvariant::ALL {
        assert_ne!(needed.contains(&rule.id()), kept.contains(rule), "{rule}");
    }
}

/// C12.1: what people read of the list is the list.
#[test]
fn the_limits_of_a_setting_name_the_closed_list() {
    let entry = SPEC.actions.iter().find(|entry| entry.kind.word() == "write_setting");
    let parameter = entry.and_then(|entry| entry.parameters.get(1)).expect("a setting");
    assert_eq!(parameter.limits, format!("One of {}.", WRITABLE_SETTINGS.join(", ")));
}
