//! What commits wait for on the node that becomes primary.

use super::{ChecklistView, FactFound, NO_RULE, action, words_or_none};
use crate::kernel::postgres::spec::facts as key;
use crate::kernel::postgres::sync_rule::SyncRule;
use crate::model::checklist::ChecklistRow;
use crate::model::cluster::NodeState;
use crate::model::explanation::Verdict;
use crate::model::facts::Fact;

impl ChecklistView<'_> {
    /// What commits wait for on the old primary, they wait for on the new one, whose standby the old one is.
    pub(super) fn rule_is_written(self) -> ChecklistRow {
        let (Some(old), Some(target)) = (self.old_primary(), self.target()) else {
            let statement = format!("The files of {} have the sync rule of the primary.", self.to);
            let found = FactFound {
                verdict: Verdict::Unknown,
                found: "no other node is primary".to_owned(),
            };
            return found.row(statement, self.source_of(self.to));
        };
        let statement = format!(
            "The files of {to} have the sync rule of {old}, with {old} in the place of {to}.",
            to = self.to,
            old = old.id
        );
        let rule = words_or_none(&old.facts, key::SYNC_RULE);
        let written = words_or_none(&target.facts, key::SYNC_RULE_WRITTEN);
        let wanted = rule.known().map(|rule| match SyncRule::parse(rule) {
            Ok(parsed) if parsed.includes(self.to) => parsed.with(&old.id, self.to).to_string(),
            _ => rule.clone(),
        });
        let is_wanted = |now: &String| wanted.as_ref().is_some_and(|wanted| is_same(now, wanted));
        let found = match (&rule, &written) {
            (Fact::Unknown { .. }, _) => FactFound::of(&rule, |_| false, Clone::clone),
            _ => FactFound::of(&written, is_wanted, Clone::clone),
        };
        let text = wanted.as_deref().filter(|rule| *rule != NO_RULE);
        let node = self.to.as_str();
        let action =
            text.and_then(|rule| action("write_sync_standbys", &[("node", node), ("rule", rule)]));
        ChecklistRow { action, ..found.row(statement, self.source_of(self.to)) }
    }
}

/// A promotion reads no files: what is written counts from a reload on.
pub(super) fn rule_is_in_force(node: &NodeState) -> ChecklistRow {
    let in_force = words_or_none(&node.facts, key::SYNC_RULE);
    let written = words_or_none(&node.facts, key::SYNC_RULE_WRITTEN);
    let found = match written.known() {
        Some(written) => FactFound::of(&in_force, |now| is_same(now, written), Clone::clone),
        None => FactFound::of(&written, |_| false, Clone::clone),
    };
    let statement = format!("The sync rule in the files of {} is in force.", node.id);
    let action = action("reload", &[("node", node.id.as_str())]);
    ChecklistRow { action, ..found.row(statement, &node.source) }
}

/// Whether two texts are read as one rule, or are the same where neither is a rule.
fn is_same(one: &str, other: &str) -> bool {
    match (SyncRule::parse(one), SyncRule::parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
