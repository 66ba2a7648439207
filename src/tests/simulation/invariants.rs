//! What holds after every event, said of the stores of all nodes, of the cluster metadata, of the ledger
//! and of what clients were told.

use super::world::SimWorld;
use crate::kernel::embedded::DiskError;
use crate::kernel::embedded::probe::{self, NodeProbe, PrimaryStatus, Probe};
use crate::kernel::embedded::spec::EmbeddedAction as Action;
use crate::kernel::embedded::store::NodeStore;
use crate::ledger::LedgerReader;
use crate::model::action::ActionId;
use crate::model::canonical::Hash;
use crate::model::receipt::Receipt;
use crate::model::record::Entry;
use protobuf::ProtobufEnum as _;
use raft::eraftpb;
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::{BTreeMap, BTreeSet};

/// What was seen once and stays true for ever.
#[derive(Default)]
pub(super) struct SeenFacts {
    /// The committed entry at each position: its epoch and the digest of all of it.
    committed: BTreeMap<u64, (u64, Hash)>,
    /// The primary of each epoch.
    primaries: BTreeMap<u64, String>,
    /// The receipt under each id, as text.
    receipts: BTreeMap<ActionId, String>,
    /// The epoch that each action began.
    begun: BTreeMap<ActionId, u64>,
    /// Per node: up to where its log was compared since the last start.
    compared: BTreeMap<u64, u64>,
    /// Actions whose records were found in order since the last start.
    recorded: BTreeMap<ActionId, Action>,
}

impl SeenFacts {
    /// After a stop everything is read again.
    pub(super) fn forget_what_is_not_durable(&mut self) {
        self.compared.clear();
        self.recorded.clear();
    }
}

type InvariantResult = Result<(), String>;

fn unreadable(error: DiskError) -> String {
    format!("readable: {error}")
}

impl SimWorld {
    /// Everything that has to hold now.
    pub(super) fn check(&mut self) -> InvariantResult {
        let records = self.house().records();
        let mut known = std::mem::take(&mut self.known);
        let acknowledged = self.history.acknowledged.clone();
        let (held, seen) = self.kernel(|inside| {
            let held = known.look(inside, &records, &acknowledged);
            (held, vitals(inside))
        });
        self.known = known;
        held?;
        self.note(&seen);
        self.history.invariant_linearizable()
    }
}

/// What the nodes are like, in one line.
fn vitals(inside: &Probe<'_>) -> String {
    let nodes = inside.nodes().map(|node| format!("{} {:?}", node.id(), node.vitals()));
    format!("{:?}: {}", inside.office(), nodes.collect::<Vec<_>>().join(", "))
}

impl SeenFacts {
    fn look(
        &mut self,
        inside: &Probe<'_>,
        records: &LedgerReader,
        acknowledged: &BTreeMap<u64, u64>,
    ) -> InvariantResult {
        self.invariant_one_primary_per_epoch(inside)?;
        for node in inside.nodes() {
            let (Some(store), Some(vitals)) = (node.store(), node.vitals()) else { continue };
            let compared = self.compared.get(&node.number()).copied().unwrap_or(0);
            let (first, last) = (store.first().max(compared + 1), vitals.applied);
            if first <= last {
                let entries = probe::entries(store, first, last).map_err(unreadable)?;
                self.invariant_logs_agree(&node, &entries)?;
                Self::invariant_an_effect_has_its_receipt(&node, store, &entries)?;
                self.invariant_no_change_without_its_records(&entries, records)?;
                self.invariant_no_election_unasked(store, records)?;
                self.invariant_receipts_are_given_once(probe::file(store), records)?;
                self.compared.insert(node.number(), last);
            }
        }
        self.invariant_receipts_are_given_once(inside.metadata(), records)?;
        self.invariant_nothing_acknowledged_is_lost(inside, acknowledged)
    }

    /// C4: in one epoch at most one node leads, for ever.
    fn invariant_one_primary_per_epoch(&mut self, inside: &Probe<'_>) -> InvariantResult {
        let mut claims = Vec::new();
        for node in inside.nodes() {
            claims.extend(
                node.vitals().filter(|v| v.leads).map(|v| (v.epoch, node.id().to_string())),
            );
            if let Some(store) = node.store() {
                let epochs = store.epochs().map_err(unreadable)?;
                claims.extend(epochs.into_iter().map(|epoch| (epoch.epoch, epoch.primary)));
            }
        }
        for (epoch, id) in claims {
            let first = self.primaries.entry(epoch).or_insert_with(|| id.clone());
            if *first != id {
                return Err(format!("one_primary: {first} and {id} in epoch {epoch}"));
            }
        }
        Ok(())
    }

    /// A committed entry is the same on every node, and stays what it is.
    fn invariant_logs_agree(
        &mut self,
        node: &NodeProbe<'_>,
        entries: &[eraftpb::Entry],
    ) -> InvariantResult {
        for entry in entries {
            let kind = entry.entry_type.value().to_be_bytes();
            let whole = [&kind[..], &entry.data, b"/", &entry.context].concat();
            let found = (entry.term, Hash::of(&whole));
            let first = *self.committed.entry(entry.index).or_insert(found);
            if first != found {
                let at = entry.index;
                return Err(format!(
                    "logs_agree: {} holds {found:?} at {at}, and committed was {first:?}",
                    node.id()
                ));
            }
        }
        Ok(())
    }

    /// C7.1: what was applied of an order left a receipt, or the record that it had no effect.
    fn invariant_an_effect_has_its_receipt(
        node: &NodeProbe<'_>,
        store: &NodeStore,
        entries: &[eraftpb::Entry],
    ) -> InvariantResult {
        for entry in entries {
            let Some(id) = order_of(entry) else { continue };
            let late: Option<i64> = probe::file(store)
                .query_row("SELECT 1 FROM refused_late WHERE position = ?1", [entry.index], |r| {
                    r.get(0)
                })
                .optional()
                .map_err(|error| error.to_string())?;
            if store.receipt(id).map_err(unreadable)?.is_none() && late.is_none() {
                let at = entry.index;
                return Err(format!(
                    "receipt_kept: {} applied {id} at {at} without one",
                    node.id()
                ));
            }
        }
        Ok(())
    }

    /// C6.4: whatever is in a log, its confirmation and its dispatch are in the ledger.
    fn invariant_no_change_without_its_records(
        &mut self,
        entries: &[eraftpb::Entry],
        records: &LedgerReader,
    ) -> InvariantResult {
        for id in entries.iter().filter_map(order_of) {
            self.recorded(id, records)?;
        }
        Ok(())
    }

    /// C2.1: every epoch but the first was begun by one action, and that action asked for it.
    fn invariant_no_election_unasked(
        &mut self,
        store: &NodeStore,
        records: &LedgerReader,
    ) -> InvariantResult {
        for epoch in store.epochs().map_err(unreadable)? {
            let Some(id) = epoch.action_id else {
                if epoch.first_position == 1 {
                    continue;
                }
                return Err(format!("election_asked: nobody asked for epoch {}", epoch.epoch));
            };
            let action = self.recorded(id, records)?;
            if !matches!(action, Action::Switchover { .. } | Action::Failover { .. }) {
                return Err(format!("election_asked: {action:?} began epoch {}", epoch.epoch));
            }
            let begun = *self.begun.entry(id).or_insert(epoch.epoch);
            if begun != epoch.epoch {
                return Err(format!(
                    "election_asked: {id} began the epochs {begun} and {}",
                    epoch.epoch
                ));
            }
        }
        Ok(())
    }

    /// C7.1: one id has one receipt, wherever it is kept, and it names the dispatch of that action.
    fn invariant_receipts_are_given_once(
        &mut self,
        db: &Connection,
        records: &LedgerReader,
    ) -> InvariantResult {
        let read = |error: rusqlite::Error| format!("readable: {error}");
        let mut statement =
            db.prepare_cached("SELECT action_id, receipt FROM receipts").map_err(read)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(read)?;
        for row in rows {
            let (id, text): ([u8; 16], String) = row.map_err(read)?;
            let id = ActionId::from_bytes(id);
            let first = self.receipts.entry(id).or_insert_with(|| text.clone());
            if *first != text {
                return Err(format!("receipt_once: {first} and {text}"));
            }
            if self.recorded.contains_key(&id) {
                continue;
            }
            self.recorded(id, records)?;
            let receipt: Receipt = serde_json::from_str(&text).map_err(|e| e.to_string())?;
            let named = records.record(receipt.witness.seq).map_err(|error| error.to_string())?;
            let is_its_dispatch = named.is_some_and(|named| {
                let is_dispatch = matches!(named.record.entry, Entry::Dispatched { .. });
                is_dispatch
                    && named.record.action_id == Some(id)
                    && named.hash == receipt.witness.hash
            });
            if !is_its_dispatch {
                return Err(format!("recorded_first: {text} does not name its dispatch"));
            }
        }
        Ok(())
    }

    /// What the ledger says was asked for under an id, if it holds its confirmation and then its
    /// dispatch.
    fn recorded(&mut self, id: ActionId, records: &LedgerReader) -> Result<Action, String> {
        if let Some(action) = self.recorded.get(&id) {
            return Ok(action.clone());
        }
        let steps = records.steps(id).map_err(|error| error.to_string())?;
        let mut kinds = steps.iter().map(|step| &step.record.entry);
        let asked = kinds.find_map(|entry| match entry {
            Entry::Requested { action, .. } => Action::try_from(action).ok(),
            _ => None,
        });
        let confirmed = kinds.any(|entry| matches!(entry, Entry::Confirmed { .. }));
        let dispatched = kinds.any(|entry| matches!(entry, Entry::Dispatched { .. }));
        match asked.filter(|_| confirmed && dispatched) {
            Some(action) => {
                self.recorded.insert(id, action.clone());
                Ok(action)
            }
            None => Err(format!("recorded_first: {id} changed something, and its records are not")),
        }
    }

    /// A write that was acknowledged is in the log of whoever serves now.
    fn invariant_nothing_acknowledged_is_lost(
        &self,
        inside: &Probe<'_>,
        acknowledged: &BTreeMap<u64, u64>,
    ) -> InvariantResult {
        let PrimaryStatus::Held(id) = inside.office() else { return Ok(()) };
        let primary = inside.nodes().find(|node| *node.id() == id);
        let vitals = primary.and_then(|node| node.vitals());
        let Some(vitals) = vitals.filter(|_| inside.decides()) else { return Ok(()) };
        let lost: BTreeSet<u64> = acknowledged
            .iter()
            .filter(|(position, epoch)| {
                let kept = self.committed.get(position).map(|(epoch, _)| epoch);
                **position > vitals.committed || kept.is_some_and(|kept| kept != *epoch)
            })
            .map(|(position, _)| *position)
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        Err(format!("acknowledged: {id} has committed {}, and {lost:?} are lost", vitals.committed))
    }
}

/// The order behind an entry.
fn order_of(entry: &eraftpb::Entry) -> Option<ActionId> {
    let bytes: [u8; 16] = entry.context[..].try_into().ok()?;
    Some(ActionId::from_bytes(bytes))
}
