//! What has to hold after every stop, said of the files alone and of what clients were told.

use crate::faults::durable::{DurableState, KernelEntries, LedgerEntries};
use serde_json::Value;
use std::collections::BTreeMap;

/// What clients were told, over all runs of one installation. It can never become untrue.
#[derive(Default)]
pub struct ClientClaims {
    /// Hashes of records that an answer showed, by number.
    pub records: BTreeMap<u64, String>,
    /// The final stage of an action.
    pub ends: BTreeMap<String, String>,
}

/// Stages after which nothing comes.
const FINAL: [&str; 8] = [
    "executed",
    "voided",
    "refused",
    "rejected",
    "withdrawn",
    "stale",
    "found_executed",
    "found_not_executed",
];

impl ClientClaims {
    /// Notes an answer about an action.
    pub fn note(&mut self, answer: &Value) {
        for record in answer["records"].as_array().into_iter().flatten() {
            let (seq, hash) = (record["seq"].as_u64(), record["hash"].as_str());
            if let (Some(seq), Some(hash)) = (seq, hash) {
                self.records.insert(seq, hash.to_owned());
            }
        }
        let (id, stage) = (answer["id"].as_str(), answer["stage"].as_str());
        if let (Some(id), Some(stage)) = (id, stage)
            && FINAL.contains(&stage)
        {
            self.ends.insert(id.to_owned(), stage.to_owned());
        }
    }
}

/// The last stage that the records give an action.
pub fn stage(recorded: &LedgerEntries) -> Option<&str> {
    const STAGES: [&str; 5] = ["requested", "explained", "confirmed", "dispatched", "unknown"];
    let kinds = recorded.records.iter().map(|(_, _, record)| record["entry"]["kind"].as_str());
    kinds.flatten().rfind(|kind| STAGES.contains(kind) || FINAL.contains(kind))
}

fn same(one: &Value, other: &Value) -> bool {
    ["action_id", "action", "epoch", "position", "executed_at", "witness", "result"]
        .into_iter()
        .all(|key| one[key] == other[key])
}

/// Everything that does not hold; each begins with the name of its invariant.
pub fn violations(disk: &DurableState, told: &ClientClaims) -> Vec<String> {
    let mut found = Vec::new();
    let actions = disk.kernel.keys().chain(disk.ledger.keys());
    let actions: std::collections::BTreeSet<&String> = actions.collect();
    for action in actions {
        let (held, recorded) = (disk.kernel_of(action), disk.ledger_of(action));
        let broken = [
            ("executed_once", invariant_executed_once(&held, &recorded)),
            ("recorded_before", invariant_recorded_before(disk, &held, &recorded)),
            ("sent_in_time", invariant_sent_in_time(disk, &held, &recorded)),
            ("outcome_true", invariant_outcome_true(&held, &recorded)),
        ];
        for (name, why) in broken {
            found.extend(why.map(|why| format!("{name}: {action}: {why}")));
        }
    }
    found.extend(invariant_nothing_told_is_lost(disk, told));
    found
}

/// C7.1: one entry in the log of a node, one receipt wherever it is kept, one record of the end, and
/// no order that the kernel had seen before.
fn invariant_executed_once(held: &KernelEntries, recorded: &LedgerEntries) -> Option<String> {
    if held.entries > 1 {
        return Some(format!("{} entries in the log of one node", held.entries));
    }
    let first = held.receipts.first();
    if let Some(other) = held.receipts.iter().find(|other| first.is_some_and(|f| !same(f, other))) {
        return Some(format!("two receipts: {} and {other}", held.receipts[0]));
    }
    let executed = recorded.records.iter().filter(|(_, _, r)| r["entry"]["kind"] == "executed");
    let executed: Vec<_> = executed.collect();
    if executed.len() > 1 {
        return Some(format!("{} records of its execution", executed.len()));
    }
    let (_, _, record) = executed.first()?;
    let by_answer = record["entry"]["learned_by"] == "answer";
    let again = record["entry"]["receipt"]["duplicate"] == true;
    (by_answer && again).then(|| "the kernel had seen the order before".to_owned())
}

/// C6.4: whatever the kernel took up has a durable confirmation and a durable dispatch, and it names
/// that dispatch.
fn invariant_recorded_before(
    disk: &DurableState,
    held: &KernelEntries,
    recorded: &LedgerEntries,
) -> Option<String> {
    let witnesses = held.witnesses();
    if witnesses.is_empty() {
        return None;
    }
    let Some((dispatched, _, _)) = recorded.find("dispatched") else {
        return Some("the kernel has it, and no dispatch is recorded".to_owned());
    };
    if recorded.find("confirmed").is_none_or(|(confirmed, _, _)| confirmed > dispatched) {
        return Some("the kernel has it, and no confirmation is recorded before".to_owned());
    }
    let hash = disk.hashes.get(dispatched);
    let is_it = |witness: &&Value| {
        witness["seq"].as_u64() == Some(*dispatched)
            && witness["hash"].as_str() == hash.map(String::as_str)
    };
    let other = witnesses.into_iter().find(|witness| !is_it(witness))?;
    Some(format!("the kernel names {other}, and the dispatch is record {dispatched}"))
}

/// C6.3: an order is sent by the process that recorded the dispatch, never by a later one.
fn invariant_sent_in_time(
    disk: &DurableState,
    held: &KernelEntries,
    recorded: &LedgerEntries,
) -> Option<String> {
    let (dispatched, _, _) = recorded.find("dispatched")?;
    let (boot, booted) = disk.boots.iter().find(|(seq, _)| seq > dispatched)?;
    if let Some((_, _, at)) = held.order.as_ref().filter(|(_, _, at)| at > booted) {
        return Some(format!("sent at {at}, after the start {boot} at {booted}"));
    }
    let (seq, _, record) = recorded.find("executed")?;
    let by_answer = record["entry"]["learned_by"] == "answer";
    (by_answer && seq > boot).then(|| format!("answered in record {seq}, after the start {boot}"))
}

/// C7.3: the record says what the kernel can prove.
fn invariant_outcome_true(held: &KernelEntries, recorded: &LedgerEntries) -> Option<String> {
    if let Some((_, _, record)) = recorded.find("executed") {
        let receipt = &record["entry"]["receipt"];
        let proven = held.receipts.iter().any(|held| same(held, receipt));
        return (!proven).then(|| format!("executed, and the kernel does not hold {receipt}"));
    }
    let found = held.receipts.first();
    if recorded.find("voided").is_some() {
        return match (found, held.tombstones.is_empty()) {
            (Some(receipt), _) => Some(format!("voided, and the kernel holds {receipt}")),
            (None, true) => Some("voided, and the kernel can still execute it".to_owned()),
            (None, false) => None,
        };
    }
    let ended = ["refused", "rejected", "withdrawn", "stale"];
    let end = ended.into_iter().find(|end| recorded.find(end).is_some())?;
    found.map(|receipt| format!("{end}, and the kernel holds {receipt}"))
}

/// C9.2: every record that somebody saw is there, and every end that somebody was told is the end.
fn invariant_nothing_told_is_lost(disk: &DurableState, told: &ClientClaims) -> Vec<String> {
    let mut found = Vec::new();
    for (seq, hash) in &told.records {
        if disk.hashes.get(seq) != Some(hash) {
            let kept = disk.hashes.get(seq).map_or("nothing", String::as_str);
            found.push(format!("nothing_lost: record {seq} was {hash}, and is {kept}"));
        }
    }
    for (action, end) in &told.ends {
        let recorded = disk.ledger_of(action);
        let kept = stage(&recorded);
        if kept != Some(end) {
            found.push(format!("nothing_lost: {action} was told to be {end}, and is {kept:?}"));
        }
    }
    found
}
