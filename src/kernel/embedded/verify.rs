//! Reading everything that a node keeps, and comparing it with what it must be.
//!
//! It changes nothing. What it finds is the result of the action; what follows from it, an operator
//! decides.

use super::cluster::Cluster;
use super::command::Accepted;
use super::store::NodeStore;
use crate::crash;
use crate::kernel::ApplyError;
use crate::model::ambient::Timestamp;
use crate::model::receipt::Receipt;
use crate::model::text::NodeId;

impl Cluster {
    /// Reads everything that a node keeps.
    pub(super) fn verify_node(
        &mut self,
        order: &Accepted,
        id: &NodeId,
        now: Timestamp,
    ) -> Result<Receipt, ApplyError> {
        self.accept(order, now)?;
        let number = self.number(id).expect("the node was checked to be a member");
        let store = self.ensemble.node(number).and_then(|node| node.store());
        let store = store.expect("a node that can be reached runs");
        let mut damage = store.damage();
        if let Some((other, reference)) = self.reference(number) {
            damage.extend(differences(store, other, reference));
        }
        let read = format!(
            "{} entries of the log, the state up to position {} and the checkpoint of {id} were \
             read",
            store.entries_held(),
            store.applied()
        );
        let result = if damage.is_empty() {
            format!("{read}; everything is what it must be.")
        } else {
            format!("{read}. DAMAGED, in n{number}/node.sqlite: {}.", damage.join("; "))
        };
        crash::point("kernel.node_verified");
        Ok(Receipt {
            action_id: order.action_id,
            action: order.action.clone(),
            epoch: self.no_quorum_since().is_none().then(|| self.epoch()),
            position: None,
            executed_at: now,
            witness: order.witness.clone(),
            result,
            duplicate: false,
        })
    }

    /// Another node that can be reached, to compare with: the primary where it is another one.
    fn reference(&self, number: u64) -> Option<(&NodeId, &NodeStore)> {
        let primary = self.primary().and_then(|primary| self.ensemble.node(primary));
        let others = self.ensemble.reachable().map(|(node, _)| node);
        let other = primary.into_iter().chain(others).find(|node| node.number != number)?;
        Some((&other.id, other.store()?))
    }
}

/// Where a node differs from another one, in what both must have alike.
fn differences(store: &NodeStore, other: &NodeId, reference: &NodeStore) -> Vec<String> {
    let mut found = Vec::new();
    if store.applied() == reference.applied() {
        match (store.image(), reference.image()) {
            (Ok(own), Ok(theirs)) if own.digest != theirs.digest => found.push(format!(
                "its state has the digest {}, and that of {other} at the same position {}",
                own.digest, theirs.digest
            )),
            (Ok(_), Ok(_)) => {}
            (Err(error), _) => found.push(format!("its state cannot be read: {error}")),
            (_, Err(error)) => found.push(format!("{other} cannot be compared with: {error}")),
        }
    }
    // A committed entry is the same on every node that holds it.
    let low = store.first().max(reference.first());
    let high = store.applied().min(reference.applied());
    match (store.entries_between(low, high), reference.entries_between(low, high)) {
        (Ok(own), Ok(theirs)) => {
            let pairs = own.iter().zip(&theirs);
            let differing = pairs.filter(|(own, theirs)| own != theirs).map(|(own, _)| own.index);
            found.extend(
                differing.map(|at| format!("its entry at {at} is not that of {other}")).take(3),
            );
        }
        (Err(error), _) => found.push(format!("its log cannot be read: {error}")),
        (_, Err(error)) => found.push(format!("{other} cannot be compared with: {error}")),
    }
    found
}
