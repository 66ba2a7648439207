//! The write side: the only way from a person's request to the kernel.
//!
//! A request is explained and recorded; the operator confirms the digest of that explanation; under
//! one lock the cluster is observed and explained again, and only if nothing moved is the
//! confirmation recorded, then the dispatch, and then the kernel is called, once. The order is the
//! promise: every record is durable before the step that it announces (C6.4). Nothing here waits
//! for a better moment, tries again, or follows up (C2.3, C4.3). What a stop leaves behind stays as
//! it is until an operator asks (C6.3).

pub mod access;
mod compare;
mod confirm;
pub use confirm::Confirmation;
mod finding;
pub use finding::Finding;
mod freeze;
mod links;
pub mod log_key;
mod may_confirm;
mod prove;
mod request;
mod settle;
mod sign_in;

use crate::authority::{Authority, Operator};
use crate::kernel::CommandKernel;
use crate::ledger::{Draft, Ledger, LedgerError};
use crate::model::action::{ActionId, Stage};
use crate::model::actor::Actor;
use crate::model::answer::{ActionAnswer, StoredRecord};
use crate::model::canonical::{Hash, canonical_json};
use crate::model::record::{Delivery, Entry};
use crate::model::refusal::{Executed, Refusal, RefusalCode};
use crate::observe::in_flight::{Held, InFlight};
use crate::observe::trail::Trail;
use crate::observe::{ReadSide, no_such_action, unreadable};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};

/// Everything that can change something. Pages and observers never hold one.
pub struct Workflow {
    read: ReadSide,
    kernel: Arc<dyn CommandKernel>,
    ledger: Ledger,
    in_flight: InFlight,
    /// Who has which role, to look whether the first of two operators is one still.
    authority: Authority,
    /// Held from the re-evaluation until the outcome is recorded. Deliveries about one action queue
    /// up here in the order in which they came; another action is turned away before it. Closed
    /// for good when the server stops.
    execution: Mutex<Door>,
}

/// Whether anything may still be executed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    Closed,
}

impl Workflow {
    /// Puts the write side together. `in_flight` is the one that `read` looks at.
    #[must_use]
    pub fn new(
        read: ReadSide,
        kernel: Arc<dyn CommandKernel>,
        ledger: Ledger,
        in_flight: InFlight,
        authority: Authority,
    ) -> Self {
        Self { read, kernel, ledger, in_flight, authority, execution: Mutex::new(Door::Open) }
    }

    /// What can be read.
    #[must_use]
    pub fn read(&self) -> &ReadSide {
        &self.read
    }

    /// Waits until no action is running; what was confirmed runs to its end first.
    pub async fn quiet(&self) {
        drop(self.execution.lock().await);
    }

    /// Waits until no action is running, and lets none begin any more: what was confirmed runs to
    /// its end, and what comes later is refused (C6.2).
    pub async fn close(&self) {
        *self.execution.lock().await = Door::Closed;
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
        let entry = Entry::Denied { attempt, refusal: refusal.clone() };
        let draft = Draft { actor, action_id: refusal.action_id, entry, blobs: Vec::new() };
        self.ledger.append(vec![draft]).await.map_err(unreadable)?;
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
        let known = id.map_or(Executed::No, |id| self.has_run(id));
        let refusal = refusal.admitting(known);
        let entry = Entry::Declined { attempt: attempt.to_owned(), refusal: refusal.clone() };
        match self.append(operator, id, vec![(entry, Vec::new())]).await {
            Ok(_) => refusal,
            Err(unrecorded) => unreadable(unrecorded).admitting(refusal.executed),
        }
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
        let appended = self.append(operator, Some(id), vec![(entry, Vec::new())]).await;
        appended.map_err(|error| unreadable(error).admitting(self.has_run(id)))?;
        Ok(ActionAnswer { duplicate: true, ..shown })
    }

    /// Appends records of one action in one transaction; durable when this returns.
    async fn append(
        &self,
        operator: &Operator,
        action_id: Option<ActionId>,
        entries: Vec<(Entry, Vec<Vec<u8>>)>,
    ) -> Result<Vec<StoredRecord>, LedgerError> {
        let drafts = entries
            .into_iter()
            .map(|(entry, blobs)| {
                let actor = Some(operator.actor().clone());
                Draft { actor, action_id, entry, blobs }
            })
            .collect();
        self.ledger.append(drafts).await
    }

    /// Takes the place of the running action, or says which action has it.
    fn hold(&self, id: ActionId) -> Result<Held, Refusal> {
        self.in_flight.hold(id).map_err(|running| {
            Refusal::new(
                RefusalCode::Busy,
                format!("The action {running} is running. This one was not started."),
            )
            .citing([crate::model::invariant::Invariant::OneAtATime])
            .about(running)
        })
    }

    /// The fold of the records of an action that somebody wants to do something about. An attempt on
    /// an id that stands for nothing is a record too (C9.4).
    async fn known(
        &self,
        operator: &Operator,
        id: ActionId,
        attempt: &str,
    ) -> Result<Trail, Refusal> {
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
    ) -> Result<(MutexGuard<'_, Door>, Trail), Refusal> {
        let door = self.execution.lock().await;
        if let Err(refusal) = stopping(*door) {
            return Err(self.decline(operator, Some(id), attempt, refusal).await);
        }
        let trail = self.known(operator, id, attempt).await?;
        Ok((door, trail))
    }

    /// The fold of the records of an action.
    fn trail(&self, id: ActionId) -> Result<Trail, Refusal> {
        self.read.trail(id)?.ok_or_else(|| no_such_action(id))
    }
}

/// Something too big for a record: the bytes that are stored, and the hash by which a record names
/// them. Made once, so the two cannot differ.
struct Kept {
    hash: Hash,
    bytes: Vec<u8>,
}

impl Kept {
    fn of(value: &impl Serialize) -> Self {
        let bytes = canonical_json(value);
        Self { hash: Hash::of(&bytes), bytes }
    }
}

/// The refusal for what comes while the server stops.
fn stopping(door: Door) -> Result<(), Refusal> {
    match door {
        Door::Open => Ok(()),
        Door::Closed => Err(Refusal::new(
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
