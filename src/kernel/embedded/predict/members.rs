//! What would come of a change of the members.

use super::reachable;
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::view::{NodeFacts, Predicted, Role, View};
use crate::model::facts::Fact;
use crate::model::text::NodeId;

pub(super) fn add(after: &mut Predicted, id: &NodeId) {
    let number = id.number().expect("the name was checked to be the next one");
    after.cluster.next_node = NodeId::numbered(number + 1);
    after.nodes.push(NodeFacts {
        id: id.clone(),
        role: Fact::Known(Role::Learner),
        reachable: Fact::Known(true),
        unreachable: None,
        epoch: after.cluster.epoch.clone(),
    });
}

pub(super) fn grant_vote(after: &mut Predicted, id: &NodeId) {
    if let Some(node) = after.nodes.iter_mut().find(|node| &node.id == id) {
        node.role = Fact::Known(Role::Standby);
    }
    after.cluster.voters.push(id.clone());
    after.cluster.voters.sort_by_key(NodeId::number);
    after.cluster.quorum = after.cluster.voters.len() / 2 + 1;
}

pub(super) fn remove(after: &mut Predicted, id: &NodeId) {
    after.nodes.retain(|node| &node.id != id);
    after.cluster.voters.retain(|voter| voter != id);
    after.cluster.quorum = after.cluster.voters.len() / 2 + 1;
}

pub(super) fn consequences(state: &View, after: &Predicted, action: &Action) -> Vec<String> {
    let (before, quorum) = (state.cluster.quorum, after.cluster.quorum);
    let majority = if before == quorum {
        format!("The majority stays at {quorum}")
    } else {
        format!("The majority changes from {before} to {quorum}")
    };
    let spare = reachable(after).checked_sub(quorum);
    let spare = spare.map_or("no majority can be reached".to_owned(), |spare| {
        format!("{spare} of the voters that can be reached may be lost")
    });
    let mut said = vec![format!("{majority} of {} voters; {spare}.", after.cluster.voters.len())];
    match action {
        Action::AddReplica { node } => said.push(format!(
            "{node} receives everything from the primary, and reads and writes wait meanwhile; it \
             votes only when an operator grants it a vote."
        )),
        Action::RemoveReplica { node } => said
            .push(format!("The name {node} is never given again, and its files stay on the disk.")),
        _ => {}
    }
    said
}
