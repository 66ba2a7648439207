//! Reading everything that a node keeps, and comparing it with what it must be.
//!
//! It changes nothing. What it finds is the result of the action; what follows from it, an operator
//! decides.

use super::cluster::Cluster;
use super::job::ProgressReporter;
use super::sqlite::DiskError;
use super::store::damage::slices;
use super::store::{NodeStore, StoreSnapshot};
use crate::crash;
use crate::model::progress::Unit;
use crate::model::receipt::Verification;
use crate::model::text::NodeId;

/// How many entries that differ are named.
const ENTRIES_NAMED_MAX: usize = 3;

/// A store as it was at one moment, or why it could not be opened.
type SnapshotResult = Result<StoreSnapshot, DiskError>;

impl Cluster {
    /// Another node that can be reached, to compare with: the primary where it is another one.
    pub(super) fn reference(&self, number: u64) -> Option<(NodeId, SnapshotResult)> {
        let primary = self.primary().and_then(|primary| self.ensemble.node(primary));
        let others = self.ensemble.reachable().map(|(node, _)| node);
        let other = primary.into_iter().chain(others).find(|node| node.number != number)?;
        Some((other.id.clone(), other.store()?.snapshot()))
    }
}

/// What a comparison came to.
#[derive(Default)]
struct NodeComparison {
    /// Where the node differs.
    damage: Vec<String>,
    /// Why it could not be compared whole: the other node's damage is not its own.
    not_compared: Option<String>,
}

/// Reads everything that a node keeps, and says what was found as a sentence and as a verdict.
pub(super) fn verify(
    id: &NodeId,
    store: SnapshotResult,
    other: Option<(NodeId, SnapshotResult)>,
    meter: &ProgressReporter,
) -> (String, Verification) {
    let file = format!("{id}/node.sqlite");
    let store = match store {
        Ok(store) => store,
        Err(error) => {
            let finding = format!("{file} cannot be read: {error}");
            let sentence = format!("DAMAGED, {finding}.");
            return (sentence, Verification::Damaged { findings: vec![finding] });
        }
    };
    let mut damage = store.damage(meter);
    let compared = match other {
        Some((other, Ok(reference))) => differences(&store, &other, &reference, meter),
        Some((other, Err(error))) => NodeComparison {
            not_compared: Some(format!("{other} cannot be compared with: {error}")),
            ..NodeComparison::default()
        },
        None => NodeComparison::default(),
    };
    damage.extend(compared.damage);
    let read = format!(
        "{} entries of the log, the state up to position {} and the checkpoint of {id} were read",
        store.entries_held(),
        store.applied()
    );
    crash::failpoint("kernel.node_verified");
    match (damage.is_empty(), compared.not_compared) {
        (true, None) => (format!("{read}; everything is what it must be."), Verification::Sound),
        (true, Some(why)) => {
            let sentence = format!("{read}; nothing in it is wrong. NOT COMPARED: {why}.");
            (sentence, Verification::NotCompared { why })
        }
        (false, why) => {
            let also = why.map(|why| format!(" NOT COMPARED: {why}.")).unwrap_or_default();
            let sentence = format!("{read}. DAMAGED, in {file}: {}.{also}", damage.join("; "));
            let findings = damage.iter().map(|found| format!("{file}: {found}")).collect();
            (sentence, Verification::Damaged { findings })
        }
    }
}

/// Where a node differs from another one, in what both must have alike.
fn differences(
    store: &NodeStore,
    other: &NodeId,
    reference: &NodeStore,
    meter: &ProgressReporter,
) -> NodeComparison {
    let (mut found, mut not_compared) = (Vec::new(), None);
    if store.applied() == reference.applied() {
        match (store.image(meter), reference.image(meter)) {
            (Ok((_, own)), Ok((_, theirs))) if own != theirs => found.push(format!(
                "its state has the digest {own}, and that of {other} at the same position {theirs}"
            )),
            (Ok(_), Ok(_)) => {}
            (Err(error), _) => found.push(format!("its state cannot be read: {error}")),
            (_, Err(error)) => {
                not_compared = Some(format!("{other} cannot be compared with: {error}"));
            }
        }
    }
    // A committed entry is the same on every node that holds it.
    let low = store.first().max(reference.first());
    let high = store.applied().min(reference.applied());
    let doing = format!("comparing the log with that of {other}");
    meter.begin(doing, Unit::Entries, (high + 1).saturating_sub(low));
    let mut named = 0;
    for slice in slices(low, high) {
        let (low, high) = (*slice.start(), *slice.end());
        match (store.entries_between(low, high), reference.entries_between(low, high)) {
            (Ok(own), Ok(theirs)) => {
                let pairs = own.iter().zip(&theirs);
                let differing = pairs.filter(|(own, theirs)| own != theirs);
                for (own, _) in differing.take(ENTRIES_NAMED_MAX - named) {
                    found.push(format!("its entry at {} is not that of {other}", own.index));
                    named += 1;
                }
                meter.advance(own.len() as u64);
            }
            (Err(error), _) => {
                found.push(format!("its log cannot be read: {error}"));
                break;
            }
            (_, Err(error)) => {
                not_compared = Some(format!("{other} cannot be compared with: {error}"));
                break;
            }
        }
    }
    NodeComparison { damage: found, not_compared }
}
