//! What the lists say, over states that are put together.

use super::{FAILOVER, SWITCHOVER, rows};
use crate::kernel::postgres::fixture::{StateFixture, names};
use crate::kernel::postgres::spec::facts as key;
use crate::model::checklist::ChecklistRow;
use crate::model::explanation::Verdict;
use crate::model::facts::Value;
use crate::model::spec::{PRIMARY, ROLE};
use crate::model::text::NodeId;

fn listed(state: &StateFixture, list: &str) -> Vec<ChecklistRow> {
    rows(&state.state(), list, &NodeId::numbered(2))
}

/// The one row whose statement begins so, with the parameters of its action.
fn row(state: &StateFixture, list: &str, statement: &str) -> (Verdict, String, Option<String>) {
    let all = listed(state, list);
    let mut found = all.iter().filter(|row| row.statement.starts_with(statement));
    let row = found.next().unwrap_or_else(|| panic!("{statement}: {all:#?}"));
    assert!(found.next().is_none(), "{statement} is said twice");
    let action = row.action.as_ref().map(|action| {
        let params: Vec<String> =
            action.params().iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {}", action.kind(), params.join(" "))
    });
    (row.verdict, row.found.clone(), action)
}

/// C6.1, C8.4: a list over nodes that nobody read passes nothing.
#[test]
fn no_row_passes_for_want_of_a_fact() {
    for list in [SWITCHOVER, FAILOVER] {
        let nothing =
            ["n1", "n2", "n3"].iter().fold(StateFixture::whole(), |state, node| state.lost(node));
        let cluster = [PRIMARY, key::PRIMARIES, key::TIMELINE, key::BARRIER, key::BRANCH_ID];
        let nothing = cluster.into_iter().fold(nothing, StateFixture::cannot_say);
        let passed: Vec<_> = listed(&nothing, list)
            .into_iter()
            .filter(|row| row.verdict == Verdict::Pass)
            .map(|row| row.statement)
            .collect();
        assert!(passed.is_empty(), "{list}: {passed:#?}");
        assert!(!listed(&nothing, list).is_empty());
    }
}

#[test]
fn the_rule_of_the_new_primary_names_the_old_one_in_its_own_place() {
    const STATEMENT: &str = "The files of n2 have the sync rule of n1, with n1 in the place of n2.";
    let state = StateFixture::whole();
    let (verdict, found, action) = row(&state, SWITCHOVER, STATEMENT);
    assert_eq!((verdict, found.as_str()), (Verdict::Fail, "ANY 1 (n2, n3)"));
    assert_eq!(action.as_deref(), Some("write_sync_standbys node=n2 rule=ANY 1 (n1, n3)"));
    let written = |rule: &str| {
        row(&state.clone().node("n2", key::SYNC_RULE_WRITTEN, rule.into()), SWITCHOVER, STATEMENT).0
    };
    assert_eq!(written("any 1 (n1,n3)"), Verdict::Pass, "as the server reads it");
    assert_eq!(written("FIRST 1 (n1, n3)"), Verdict::Fail);

    let without = state.node("n1", key::SYNC_RULE, Value::None);
    let (verdict, _, action) = row(&without, SWITCHOVER, STATEMENT);
    assert_eq!(
        (verdict, action),
        (Verdict::Fail, None),
        "no rule is asked for where there is none"
    );
}

#[test]
fn what_is_written_on_the_target_counts_from_a_reload_on() {
    const STATEMENT: &str = "The sync rule in the files of n2 is in force.";
    let reload = Some("reload node=n2".to_owned());
    let state = StateFixture::whole();
    let (verdict, _, action) = row(&state, SWITCHOVER, STATEMENT);
    assert_eq!((verdict, action), (Verdict::Pass, reload.clone()));
    let written = state.node("n2", key::SYNC_RULE_WRITTEN, "ANY 1 (n1, n3)".into());
    let (verdict, found, action) = row(&written, SWITCHOVER, STATEMENT);
    assert_eq!((verdict, found.as_str(), action), (Verdict::Fail, "ANY 1 (n2, n3)", reload));
}

#[test]
fn a_target_that_is_primary_has_nobody_to_take_over_from() {
    let turned = StateFixture::whole()
        .says(PRIMARY, "n2".into())
        .says(key::PRIMARIES, names(&["n2"]))
        .node("n1", ROLE, "standby".into())
        .node("n2", ROLE, "primary".into());
    let (verdict, found, action) =
        row(&turned, SWITCHOVER, "The files of n2 have the sync rule of the primary.");
    assert_eq!((verdict, action), (Verdict::Unknown, None), "{found}");
    let (verdict, ..) = row(&turned, SWITCHOVER, "No node but n2 answers that it is primary.");
    assert_eq!(verdict, Verdict::Pass);
}
