//! An action is the fold of its records; this is the fold.

use super::{QueryService, unreadable};
use crate::explain::OperatorRequest;
use crate::ledger::LogFilter;
use crate::model::action::{Action, ActionId, Stage};
use crate::model::ambient::Timestamp;
use crate::model::answer::{Outcome, StoredRecord};
use crate::model::attestation::Attestations;
use crate::model::canonical::Hash;
use crate::model::facts::FactChange;
use crate::model::record::{Entry, LearnedBy};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::session::Session;
use crate::model::text::{ActorName, Reason};

/// What was put before the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The digest that a confirmation repeats.
    pub digest: Hash,
    /// The blob of the explanation.
    pub explanation: Hash,
    /// The blob of the observation that it was made from.
    pub snapshot: Hash,
}

/// The records of one action, oldest first, with what follows from them.
#[derive(Clone, Debug)]
pub struct ActionHistory {
    action_id: ActionId,
    action: Action,
    reason: Reason,
    attested: Attestations,
    requested_by: ActorName,
    requested_at: Timestamp,
    explained: Explained,
    stage: Stage,
    records: Vec<StoredRecord>,
}

impl ActionHistory {
    /// Folds the records of one action; `None` for no records.
    ///
    /// # Errors
    /// `internal` when the records do not begin with a request and its explanation, which the
    /// ledger writes in one transaction.
    pub fn fold(records: Vec<StoredRecord>) -> Result<Option<Self>, Refusal> {
        let entries = || records.iter().map(|stored| &stored.record);
        // A refused attempt with an id that was never requested leaves a record, but no action.
        let Some((record, action, reason, attested)) = entries().find_map(|r| match &r.entry {
            Entry::Requested { action, reason, attested } => {
                Some((r, action.clone(), reason.clone(), attested.clone()))
            }
            _ => None,
        }) else {
            return Ok(None);
        };
        let explained = entries().find_map(|r| match &r.entry {
            Entry::Explained { digest, explanation, snapshot, .. }
            | Entry::Rejected { digest, explanation, snapshot, .. } => {
                Some(Explained { digest: *digest, explanation: *explanation, snapshot: *snapshot })
            }
            _ => None,
        });
        let stage = entries().filter_map(|r| r.entry.stage()).next_back();
        let whole = (record.action_id, &record.actor, explained, stage);
        let (Some(action_id), Some(actor), Some(explained), Some(stage)) = whole else {
            let sentence = format!("The records of the request {} are not complete.", record.seq);
            return Err(Refusal::new(RefusalCode::Internal, sentence));
        };
        let (requested_by, requested_at) = (actor.name.clone(), record.at);
        Ok(Some(Self {
            action_id,
            action,
            reason,
            attested,
            requested_by,
            requested_at,
            explained,
            stage,
            records,
        }))
    }

    /// The id.
    #[must_use]
    pub fn action_id(&self) -> ActionId {
        self.action_id
    }

    /// What was asked.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// What was attested with the request.
    #[must_use]
    pub fn attested(&self) -> &Attestations {
        &self.attested
    }

    /// The request as it is explained.
    #[must_use]
    pub fn request(&self) -> OperatorRequest<'_> {
        OperatorRequest {
            action: &self.action,
            attested: &self.attested,
            operator: &self.requested_by,
            reason: &self.reason,
        }
    }

    /// Who asked.
    #[must_use]
    pub fn requested_by(&self) -> &ActorName {
        &self.requested_by
    }

    /// When.
    #[must_use]
    pub fn requested_at(&self) -> Timestamp {
        self.requested_at
    }

    /// What was put before the operator.
    #[must_use]
    pub fn explained(&self) -> &Explained {
        &self.explained
    }

    /// The stage of the last record that has one.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The digest that was confirmed, or offered for confirmation and found stale.
    #[must_use]
    pub fn was_confirmed(&self) -> bool {
        self.entries().any(|entry| matches!(entry, Entry::Confirmed { .. }))
    }

    /// The operator who confirmed it as the first of two, where one did.
    #[must_use]
    pub fn first_confirmed_by(&self) -> Option<&ActorName> {
        let is_first = |r: &&StoredRecord| matches!(r.record.entry, Entry::FirstConfirmed { .. });
        self.records.iter().find(is_first)?.record.actor.as_ref().map(|actor| &actor.name)
    }

    /// Who confirmed it, in order.
    #[must_use]
    pub fn confirmed_by(&self) -> Vec<ActorName> {
        let is_confirmation = |r: &&StoredRecord| {
            matches!(r.record.entry, Entry::FirstConfirmed { .. } | Entry::Confirmed { .. })
        };
        let confirmations = self.records.iter().filter(is_confirmation);
        confirmations.filter_map(|r| Some(r.record.actor.as_ref()?.name.clone())).collect()
    }

    /// What an operator found, where that closed it.
    #[must_use]
    pub fn finding(&self) -> Option<&Entry> {
        self.entries().find(|entry| matches!(entry, Entry::Finding { .. }))
    }

    /// Why it was withdrawn, where it was.
    #[must_use]
    pub fn withdrawn_because(&self) -> Option<&Reason> {
        self.entries().find_map(|entry| match entry {
            Entry::Withdrawn { reason } => Some(reason),
            _ => None,
        })
    }

    /// The record behind the order, where it was to be sent.
    #[must_use]
    pub fn dispatched_at(&self) -> Option<u64> {
        let is_dispatched = |r: &&StoredRecord| matches!(r.record.entry, Entry::Dispatched { .. });
        self.records.iter().find(is_dispatched).map(|stored| stored.record.seq)
    }

    /// Where it was to run, as the record behind the order says; it names nothing where it was not sent, and
    /// where its kernel needs no session.
    #[must_use]
    pub fn session(&self) -> Session {
        let session = self.entries().find_map(|entry| match entry {
            Entry::Dispatched { session, .. } => Some(session.clone()),
            _ => None,
        });
        session.unwrap_or_default()
    }

    /// Whether a resolution closed it.
    #[must_use]
    pub fn was_resolved(&self) -> bool {
        self.entries().any(|entry| match entry {
            Entry::Voided { .. } => true,
            Entry::Executed { learned_by, .. } => *learned_by == LearnedBy::Settlement,
            _ => false,
        })
    }

    /// What moved, where it went stale.
    #[must_use]
    pub fn moved(&self) -> &[FactChange] {
        let moved = self.entries().find_map(|entry| match entry {
            Entry::Stale { moved, .. } => Some(moved.as_slice()),
            _ => None,
        });
        moved.unwrap_or_default()
    }

    /// What came of it, where something did.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        let steps = self.records.iter().map(|stored| &stored.record);
        let last = steps.rev().find(|record| record.entry.stage().is_some())?;
        match &last.entry {
            Entry::Executed { receipt, snapshot, differences, .. } => Some(Outcome::Executed {
                receipt: receipt.clone(),
                differences: differences.clone(),
                observed_after: snapshot.is_some(),
            }),
            Entry::Refused { refusal } => Some(Outcome::Refused { refusal: refusal.clone() }),
            Entry::Unknown { why } => Some(Outcome::Unknown { why: why.clone() }),
            Entry::Voided { tombstone } => Some(Outcome::Voided { tombstone: tombstone.clone() }),
            Entry::Finding { executed, evidence } => Some(Outcome::Found {
                executed: *executed,
                evidence: evidence.clone(),
                by: last.actor.as_ref()?.name.clone(),
            }),
            _ => None,
        }
    }

    /// The records, oldest first.
    #[must_use]
    pub fn records(&self) -> &[StoredRecord] {
        &self.records
    }

    /// The records, oldest first.
    #[must_use]
    pub fn into_records(self) -> Vec<StoredRecord> {
        self.records
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.records.iter().map(|stored| &stored.record.entry)
    }
}

/// Refused attempts at one action that are looked through. More of them, and it counts as refused
/// by the last one, whatever that was for.
pub(super) const ATTEMPTS_READ: u32 = 50;

impl QueryService {
    /// The last confirmation of an action that was refused for what can pass, with its record: of
    /// whoever has to confirm it, which is the one who asked or, after that one, anybody else. A copy
    /// of it that comes later has had its answer (C7.2).
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn refused_for_now(
        &self,
        trail: &ActionHistory,
    ) -> Result<Option<(u64, Refusal)>, Refusal> {
        let first = trail.first_confirmed_by();
        let declined = LogFilter {
            action: Some(trail.action_id()),
            kind: Some("declined"),
            actor: if first.is_none() { Some(trail.requested_by().clone()) } else { None },
            ..LogFilter::default()
        };
        let page = self.ledger.page(None, ATTEMPTS_READ, &declined).map_err(unreadable)?;
        let is_first = |stored: &StoredRecord| {
            first.is_some() && stored.record.actor.as_ref().map(|actor| &actor.name) == first
        };
        let refused = |stored: StoredRecord, any: bool| match stored.record.entry {
            Entry::Declined { attempt, refusal }
                if any || (attempt == "confirm" && refusal.code.may_pass()) =>
            {
                Some((stored.record.seq, refusal))
            }
            _ => None,
        };
        let is_cut = page.next_before.is_some();
        let last = page.records.first().cloned().filter(|_| is_cut);
        let others = page.records.into_iter().filter(|stored| !is_first(stored));
        let found = others.into_iter().find_map(|stored| refused(stored, false));
        Ok(found.or_else(|| last.and_then(|stored| refused(stored, true))))
    }
}
