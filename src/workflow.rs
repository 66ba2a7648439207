//! The write side: the only way from a person's request to the kernel.
//!
//! A request is explained and recorded; the operator confirms the digest of that explanation; under
//! one lock the cluster is observed and explained again, and only if nothing moved is the
//! confirmation recorded, then the dispatch, and then the kernel is called, once. The order is the
//! promise: every record is durable before the step that it announces (C6.4). Nothing here waits
//! for a better moment, tries again, or follows up (C2.3, C4.3). What a stop leaves behind stays as
//! it is until an operator asks (C6.3).

pub mod acceptance;
pub mod access;
mod clock;
mod compare;
mod confirm;
pub use confirm::Confirmation;
mod manual_resolution;
pub use manual_resolution::ManualResolution;
mod freeze;
mod host_accounts;
mod links;
pub mod log_key;
mod may_confirm;
mod prove;
mod record;
mod request;
mod resolve;
mod sign_in;
mod strangers;

use crate::authority::{Authority, Authorized, Denied, Operator};
use crate::kernel::CommandKernel;
use crate::ledger::{Ledger, LedgerError};
use crate::model::action::{ActionId, Stage};
use crate::model::actor::Actor;
use crate::model::answer::{ActionAnswer, StoredRecord};
use crate::model::canonical::{Hash, canonical_json};
use crate::model::record::{Delivery, Entry};
use crate::model::refusal::{Executed, Refusal, RefusalCode};
use crate::observe::action_history::ActionHistory;
use crate::observe::in_flight::{InFlight, SlotShare};
use crate::observe::{QueryService, no_such_action, unreadable};
use access::Failed;
use record::Entries;
use serde::Serialize;
use std::sync::Arc;
use strangers::Strangers;
pub use strangers::{PLACES_MAX, SUMMED_MS};
use tokio::sync::{Mutex, MutexGuard};

/// The attempt to send what was confirmed, as a record of its denial names it.
const SEND: &str = "send";

/// Everything that can change something. Pages and observers never hold one.
pub struct Workflow {
    read: QueryService,
    kernel: Arc<dyn CommandKernel>,
    ledger: Ledger,
    in_flight: InFlight,
    /// Who has which role, to look whether the first of two operators is one still.
    authority: Authority,
    /// Held from the re-evaluation until the outcome is recorded. Deliveries about one action queue
    /// up here in the order in which they came; another action is turned away before it. Closed
    /// for good when the server stops.
    execution: Mutex<Admission>,
    strangers: Strangers,
}

/// Whether anything may still be executed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Admission {
    Open,
    Closed,
}

impl Workflow {
    /// Puts the write side together. `in_flight` is the one that `read` looks at.
    #[must_use]
    pub fn new(
        read: QueryService,
        kernel: Arc<dyn CommandKernel>,
        ledger: Ledger,
        in_flight: InFlight,
        authority: Authority,
    ) -> Self {
        let (execution, strangers) = (Mutex::new(Admission::Open), Strangers::default());
        Self { read, kernel, ledger, in_flight, authority, execution, strangers }
    }

    /// What can be read.
    #[must_use]
    pub fn read(&self) -> &QueryService {
        &self.read
    }

    /// Waits until no action is running; what was confirmed runs to its end first.
    pub async fn quiet(&self) {
        drop(self.execution.lock().await);
    }

    /// Waits until no action is running, and lets none begin any more: what was confirmed runs to
    /// its end, and what comes later is refused (C6.2).
    pub async fn close(&self) {
        *self.execution.lock().await = Admission::Closed;
        self.tell(None).await;
    }

    /// Records that somebody tried what they may not, and gives the refusal back (C9.4).
    ///
    /// # Errors
    /// `audit_unavailable` when even that cannot be recorded; nothing ran either way.
    pub async fn deny(
        &self,
        actor: Option<Actor>,
        attempt: String,
        refusal: Refusal,
    ) -> Result<Refusal, Refusal> {
        let denied = record::denial(&self.ledger, actor, attempt, refusal.clone()).await;
        denied.map_err(unreadable)?;
        Ok(refusal)
    }

    /// Records an attempt by somebody who may, which was refused before it changed anything, and
    /// gives the refusal back (C9.4). What it says about execution is what the records say, not what
    /// this attempt did: the action may have run before (C7.3).
    pub async fn decline(
        &self,
        operator: &Operator,
        id: Option<ActionId>,
        attempt: &str,
        refusal: Refusal,
    ) -> Refusal {
        let refusal = self.admitting(id, refusal);
        let entry = Entry::Declined { attempt: attempt.to_owned(), refusal: refusal.clone() };
        let entries = vec![(entry, Vec::new())];
        let house = (&self.ledger, &self.authority);
        match record::act(house, operator, id, entries, |_| Ok(())).await {
            Ok(_) => refusal,
            Err(Failed::Denied(denied)) => self.turn_away(operator, id, attempt, &denied).await,
            Err(failed) => Refusal::from(failed).admitting(refusal.executed),
        }
    }

    /// Records that somebody who might when they began may not any more, and gives the refusal back.
    async fn turn_away(
        &self,
        operator: &Operator,
        id: Option<ActionId>,
        attempt: &str,
        denied: &Denied,
    ) -> Refusal {
        // Whoever was to send it knows that it was not sent.
        let known = id.filter(|_| attempt != SEND);
        let mut refusal = self.admitting(known, denied.refusal());
        refusal.action_id = id;
        let actor = denied.actor().unwrap_or(operator.actor()).clone();
        let executed = refusal.executed;
        match self.deny(Some(actor), attempt.to_owned(), refusal).await {
            Ok(refusal) => refusal,
            Err(unrecorded) => unrecorded.admitting(executed),
        }
    }

    /// What this attempt is refused for, saying what the records say about execution (C7.3).
    fn admitting(&self, id: Option<ActionId>, refusal: Refusal) -> Refusal {
        refusal.admitting(id.map_or(Executed::No, |id| self.has_run(id)))
    }

    /// What the records say about the execution of an action.
    fn has_run(&self, id: ActionId) -> Executed {
        match self.read.trail(id) {
            Ok(Some(trail)) => match trail.stage() {
                Stage::Executed => Executed::Earlier,
                // What somebody found is their word; the kernel proved nothing either way.
                Stage::Confirmed
                | Stage::Dispatched
                | Stage::Unknown
                | Stage::FoundExecuted
                | Stage::FoundNotExecuted => Executed::Unknown,
                Stage::Requested
                | Stage::Explained
                | Stage::FirstConfirmed
                | Stage::Rejected
                | Stage::Withdrawn
                | Stage::Stale
                | Stage::Refused
                | Stage::Voided => Executed::No,
            },
            Ok(None) => Executed::No,
            Err(_) => Executed::Unknown,
        }
    }

    /// Records a repeated delivery and answers it with the action as it stands (C7.2).
    async fn repeat(
        &self,
        operator: &Operator,
        id: ActionId,
        delivery: Delivery,
    ) -> Result<ActionAnswer, Refusal> {
        let shown = self.read.action(id).await;
        let shown = shown.map_err(|refusal| refusal.admitting(self.has_run(id)))?;
        let entry = Entry::Duplicate { delivery, shown: Some(shown.stage) };
        let entries = vec![(entry, Vec::new())];
        let appended = self.append(operator, Some(id), delivery.attempt(), entries).await;
        appended.map_err(|error| Refusal::from(error).admitting(self.has_run(id)))?;
        Ok(ActionAnswer { duplicate: true, ..shown })
    }

    /// Appends records of one action in one transaction, if the operator still may; durable when this
    /// returns.
    async fn append(
        &self,
        operator: &Operator,
        id: Option<ActionId>,
        attempt: &str,
        entries: Entries,
    ) -> Result<Vec<StoredRecord>, Unrecorded> {
        self.append_where(operator, id, attempt, entries, |_| Ok(())).await
    }

    /// The same, if also `holds` says so in that transaction. Why nothing was appended is on record
    /// where it lies with whoever asked (C9.4).
    async fn append_where(
        &self,
        operator: &Operator,
        id: Option<ActionId>,
        attempt: &str,
        entries: Entries,
        holds: impl FnOnce(&Authorized<'_>) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<Vec<StoredRecord>, Unrecorded> {
        let house = (&self.ledger, &self.authority);
        let refusal = match record::act(house, operator, id, entries, holds).await {
            Ok(records) => return Ok(records),
            Err(Failed::Ledger(error)) => return Err(Unrecorded::Ledger(error)),
            Err(Failed::Denied(denied)) => self.turn_away(operator, id, attempt, &denied).await,
            Err(Failed::Refused(refusal)) => self.decline(operator, id, attempt, *refusal).await,
        };
        Err(Unrecorded::Refused(Box::new(refusal)))
    }

    /// Takes the place of the running action, or says which action has it.
    fn hold(&self, id: ActionId) -> Result<SlotShare, Refusal> {
        self.in_flight.hold(id).map_err(|running| {
            Refusal::new(
                RefusalCode::Busy,
                format!("{} is running. This one was not started.", self.named(running)),
            )
            .citing([crate::model::invariant::Invariant::OneAtATime])
            .about(running)
        })
    }

    /// An action in words: what, by whom and since when, as far as the log can be read.
    fn named(&self, id: ActionId) -> String {
        let Ok(trail) = self.trail(id) else { return format!("The action {id}") };
        let step = trail.records().iter().rev().find(|step| step.record.entry.stage().is_some());
        let since = step.map(|step| format!(" since {}", step.record.at)).unwrap_or_default();
        let by: Vec<_> = trail.confirmed_by().iter().map(ToString::to_string).collect();
        let by = if by.is_empty() { trail.requested_by().to_string() } else { by.join(" and ") };
        let title = self.read.catalogue().title(trail.action());
        format!("\"{title}\" by {by}{since} ({id})")
    }

    /// The fold of the records of an action that somebody wants to do something about. An attempt on
    /// an id that stands for nothing is a record too (C9.4).
    async fn known(
        &self,
        operator: &Operator,
        id: ActionId,
        attempt: &str,
    ) -> Result<ActionHistory, Refusal> {
        match self.trail(id) {
            Ok(trail) => Ok(trail),
            Err(refusal) => Err(self.decline(operator, Some(id), attempt, refusal).await),
        }
    }

    /// Waits for the turn of an attempt at the kernel, and gives the fold of the action's records as
    /// they are then. One attempt at a time holds the turn; none gets it once the server stops.
    async fn turn(
        &self,
        operator: &Operator,
        id: ActionId,
        attempt: &str,
    ) -> Result<(MutexGuard<'_, Admission>, ActionHistory), Refusal> {
        let door = self.execution.lock().await;
        if let Err(refusal) = stopping(*door) {
            return Err(self.decline(operator, Some(id), attempt, refusal).await);
        }
        let trail = self.known(operator, id, attempt).await?;
        Ok((door, trail))
    }

    /// The fold of the records of an action.
    fn trail(&self, id: ActionId) -> Result<ActionHistory, Refusal> {
        self.read.trail(id)?.ok_or_else(|| no_such_action(id))
    }
}

/// Something too big for a record: the bytes that are stored, and the hash by which a record names
/// them. Made once, so the two cannot differ.
struct HashedBlob {
    hash: Hash,
    bytes: Vec<u8>,
}

impl HashedBlob {
    fn of(value: &impl Serialize) -> Self {
        let bytes = canonical_json(value);
        Self { hash: Hash::of(&bytes), bytes }
    }
}

/// Why what somebody wanted to do was not appended.
#[derive(Debug)]
enum Unrecorded {
    /// Because of who they are, or of what they sent. That is on record.
    Refused(Box<Refusal>),
    /// The ledger did not take it.
    Ledger(LedgerError),
}

impl From<Unrecorded> for Refusal {
    fn from(unrecorded: Unrecorded) -> Self {
        match unrecorded {
            Unrecorded::Refused(refusal) => *refusal,
            Unrecorded::Ledger(error) => unreadable(error),
        }
    }
}

/// The refusal for what comes while the server stops.
fn stopping(door: Admission) -> Result<(), Refusal> {
    match door {
        Admission::Open => Ok(()),
        Admission::Closed => Err(Refusal::new(
            RefusalCode::ShuttingDown,
            "The control plane is stopping. This attempt did nothing.",
        )),
    }
}

/// The refusal for an action that is not where the attempt needs it to be.
fn wrong_stage(id: ActionId, stage: Stage, needed: &str) -> Refusal {
    Refusal::new(
        RefusalCode::WrongStage,
        format!("The action {id} is {stage}; this needs {needed}. This attempt did nothing."),
    )
    .citing([crate::model::invariant::Invariant::StageOrder])
    .with_evidence(stage.word(), needed)
    .about(id)
}
