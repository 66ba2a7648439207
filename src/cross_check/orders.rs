//! One action, as the audit log and the kernel tell it. Pure: no file, no clock.
//!
//! The kernel's receipt names the record behind the order, and the record of the outcome names the
//! receipt: so each side notices when the other one forgot, or tells something else.

use crate::kernel::memory::{ReadHorizon, Remembered};
use crate::ledger::{Recalled, RecordedOutcome};
use crate::model::action::ActionId;
use crate::model::canonical::{Hash, canonical_json};
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::facts::Position;
use crate::model::finding::{Finding, FindingKind, FindingSubject};
use crate::model::receipt::{LedgerRef, Receipt, Tombstone};
use crate::model::spec::{Catalogue, KernelSpec};
use serde::Serialize;

/// What the log holds beside the steps of an action, looked up only where it matters.
pub trait Places {
    /// Why something cannot be looked up.
    type Error;

    /// The hash of a record and the action that it names; `None` past the end of the log.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn place(&self, seq: u64) -> Result<Option<(Hash, Option<ActionId>)>, Self::Error>;

    /// Whether a record asks the kernel to resolve an action.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn asked_to_resolve(&self, id: ActionId) -> Result<bool, Self::Error>;
}

/// Holds what the log says of one action against what the kernel holds under its id.
///
/// # Errors
/// When the log cannot be read.
pub fn compare<P: Places>(
    catalogue: Catalogue,
    id: ActionId,
    log: &Recalled,
    kernel: &Remembered,
    reach: ReadHorizon,
    places: &P,
) -> Result<Vec<Finding>, P::Error> {
    let mut found = Vec::new();
    for receipt in &kernel.receipts {
        let receipt = first_answer(receipt);
        match behind(id, &receipt, log, places)? {
            Some(finding) => found.push(finding),
            None => found.extend(ended_otherwise(catalogue, id, &receipt, log)),
        }
    }
    for tombstone in &kernel.tombstones {
        found.extend(void(id, tombstone, log, places)?);
    }
    found.extend(in_itself(id, kernel));
    found.extend(forgotten(catalogue, id, log, kernel, reach));
    Ok(found)
}

/// The record that the receipt names is the one behind the order, or what is wrong with it.
fn behind<P: Places>(
    id: ActionId,
    receipt: &Receipt,
    log: &Recalled,
    places: &P,
) -> Result<Option<Finding>, P::Error> {
    let LedgerRef { seq, hash } = &receipt.witness;
    if log.dispatched.as_ref() == Some(&receipt.witness) {
        return Ok(None);
    }
    let subject = FindingSubject::Receipt { action_id: id, hash: hash_of(receipt) };
    let expected = format!(
        "record {seq} with the hash {hash}, which the kernel's receipt of action {id} names"
    );
    let (kind, found) = match places.place(*seq)? {
        None => (FindingKind::LogOlder, format!("no record {seq}: the audit log ends before it")),
        Some((other, of)) => {
            let of = of.map_or_else(|| "no action".to_owned(), |of| format!("action {of}"));
            let found = format!("another record {seq}, of {of}, with the hash {other}");
            (FindingKind::Contradiction, found)
        }
    };
    Ok(Some(Finding::new(kind, subject, found, expected)))
}

/// The log names another end of the action than the receipt proves.
fn ended_otherwise(
    catalogue: Catalogue,
    id: ActionId,
    receipt: &Receipt,
    log: &Recalled,
) -> Option<Finding> {
    let subject = FindingSubject::Receipt { action_id: id, hash: hash_of(receipt) };
    let says = |seq: u64, what: &str| format!("{what} of action {id}, which record {seq} names");
    let expected = match (&log.executed, &log.voided, &log.refused) {
        (Some(RecordedOutcome { value, .. }), ..) if first_answer(value) == *receipt => {
            return None;
        }
        (Some(RecordedOutcome { place, value }), ..) => {
            says(place.seq, &format!("the receipt {}", in_words(catalogue, value)))
        }
        (None, Some(RecordedOutcome { place, .. }), _) => says(place.seq, "the tombstone"),
        (None, None, Some(place)) => says(place.seq, "the kernel's refusal"),
        // Its outcome is not recorded: the action is in doubt, and the kernel can prove it.
        (None, None, None) => return None,
    };
    let found = format!("the receipt {} under action {id}", in_words(catalogue, receipt));
    Some(Finding::new(FindingKind::Contradiction, subject, found, expected))
}

/// A void id is one that an operator asked to resolve, and whose record says so.
fn void<P: Places>(
    id: ActionId,
    tombstone: &Tombstone,
    log: &Recalled,
    places: &P,
) -> Result<Option<Finding>, P::Error> {
    let subject = FindingSubject::Tombstone { action_id: id, hash: hash_of(tombstone) };
    let found = format!("a tombstone of {} under action {id}", tombstone.voided_at);
    if let Some(RecordedOutcome { place, value }) = &log.voided {
        let expected = format!("the tombstone that record {} names", place.seq);
        let finding = Finding::new(FindingKind::Contradiction, subject, found, expected);
        return Ok((value != tombstone).then_some(finding));
    }
    if let Some(RecordedOutcome { place, .. }) = &log.executed {
        let expected = format!("the receipt of action {id}, which record {} names", place.seq);
        return Ok(Some(Finding::new(FindingKind::Contradiction, subject, found, expected)));
    }
    if places.asked_to_resolve(id)? {
        return Ok(None);
    }
    let expected = "a record that asked the kernel to resolve it";
    Ok(Some(Finding::new(FindingKind::LogOlder, subject, found, expected)))
}

/// The kernel holds more than one end under one id.
fn in_itself(id: ActionId, kernel: &Remembered) -> Option<Finding> {
    let (receipts, tombstones) = (kernel.receipts.len(), kernel.tombstones.len());
    let [one, ..] = kernel.receipts.as_slice() else { return None };
    if receipts + tombstones < 2 {
        return None;
    }
    let subject = FindingSubject::Receipt { action_id: id, hash: hash_of(one) };
    let found = format!("{receipts} receipts and {tombstones} tombstones under action {id}");
    Some(Finding::new(FindingKind::Contradiction, subject, found, "one of them in every file"))
}

/// The log names an outcome that the kernel does not hold, and it is known to be absent.
fn forgotten(
    catalogue: Catalogue,
    id: ActionId,
    log: &Recalled,
    kernel: &Remembered,
    reach: ReadHorizon,
) -> Option<Finding> {
    if !kernel.receipts.is_empty() || !kernel.tombstones.is_empty() || !reach.is_whole {
        return None;
    }
    let (place, what) = match (&log.executed, &log.voided) {
        (Some(RecordedOutcome { place, value }), _) => {
            // An entry that is in a log and not applied may be the one: nobody has decided yet.
            let is_absent = value.position.is_none_or(|p| p <= reach.applied || p > reach.last);
            (is_absent.then_some(place)?, format!("receipt {}", in_words(catalogue, value)))
        }
        (None, Some(RecordedOutcome { place, .. })) => (place, "tombstone".to_owned()),
        (None, None) => return None,
    };
    let subject = FindingSubject::Outcome { seq: place.seq, hash: place.hash };
    let found = format!(
        "nothing under action {id} in the kernel, whose log ends at position {}",
        reach.last
    );
    let expected = format!("the {what}, which record {} names", place.seq);
    Some(Finding::new(FindingKind::KernelOlder, subject, found, expected))
}

/// Holds the last observation that the log names against how far the kernel reaches.
#[must_use]
pub fn compare_reach(
    spec: &'static KernelSpec,
    place: &LedgerRef,
    state: &ClusterState,
    reach: ReadHorizon,
) -> Vec<Finding> {
    let LedgerRef { seq, .. } = place;
    let mut found = Vec::new();
    if !reach.is_whole {
        return found;
    }
    let style = &spec.position;
    let durable = |node: &NodeState| node.facts.position(style.durable).known().copied();
    // Where there are branches, only places on the kernel's own one can be held against its end: history
    // may have turned off an older one before its end.
    let is_comparable = |at: &Position| at.branch == 0 || at.branch == reach.branch;
    let durable = state.nodes.iter().filter_map(durable).filter(is_comparable);
    let durable = durable.map(|at| at.offset).max();
    if let Some(position) = durable.filter(|position| *position > reach.last) {
        found.push(Finding::new(
            FindingKind::KernelOlder,
            FindingSubject::Position { seq: *seq, position },
            format!("a kernel whose log ends at position {}", reach.last),
            format!("position {position}, which was committed as record {seq} names"),
        ));
    }
    let generation = state.facts.number(style.generation).known().copied();
    if let Some(generation) = generation.filter(|number| *number > reach.generation) {
        let word = Catalogue::from(spec).generation();
        found.push(Finding::new(
            FindingKind::KernelOlder,
            FindingSubject::Generation { seq: *seq, generation },
            format!("a kernel in {word} {}", reach.generation),
            format!("{word} {generation}, as record {seq} names"),
        ));
    }
    found
}

/// A receipt as the kernel keeps it, without the mark of a repeated answer.
fn first_answer(receipt: &Receipt) -> Receipt {
    Receipt { duplicate: false, ..receipt.clone() }
}

fn in_words(catalogue: Catalogue, receipt: &Receipt) -> String {
    let at = receipt.position.map_or_else(String::new, |p| format!(" at position {p}"));
    let of = |number: u64| format!(" in {} {number}", catalogue.generation());
    let of = receipt.generation.map(of).unwrap_or_default();
    format!("of {}{at}{of}", catalogue.title(&receipt.action))
}

fn hash_of<T: Serialize>(value: &T) -> Hash {
    Hash::of(&canonical_json(value))
}
