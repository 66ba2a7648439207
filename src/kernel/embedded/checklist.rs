//! The longer pieces of work of this kernel, each as a list of facts.

use super::checks;
use super::view::View;
use crate::model::checklist::ChecklistRow;
use crate::model::cluster::ClusterState;
use crate::model::spec::ChecklistSpec;
use crate::model::text::NodeId;

/// Every checklist.
pub(super) const CHECKLISTS: &[ChecklistSpec] = &[ChecklistSpec {
    key: "host_maintenance",
    title: "Work on a host",
    help: "A node is taken out of service, its host is worked on, and the node is brought back.",
    node: "The node whose host is worked on.",
}];

/// The rows of the one checklist that there is. The last row names what ends it.
pub(super) fn rows(state: &ClusterState, node: &NodeId) -> Vec<ChecklistRow> {
    let rows = checks::host_maintenance(&View::read(state), node).into_iter();
    let mut rows: Vec<_> =
        rows.map(|(check, action)| ChecklistRow::of(check, action.map(Into::into))).collect();
    if let Some(last) = rows.pop() {
        rows.push(last.by_hand("work on the host; bring the node online afterwards"));
    }
    rows
}
