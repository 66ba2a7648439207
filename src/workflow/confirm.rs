//! A confirmation becomes an order, once, or is refused with what moved.

use super::compare::{differences, moved};
use super::may_confirm::Demands;
use super::record::{self, Entries};
use super::{HashedBlob, SEND, Unrecorded, Workflow, wrong_stage};
use crate::authority::{Authorized, Operator};
use crate::crash::{self, InjectedBug};
use crate::kernel::{ApplyError, PendingOrder};
use crate::ledger::LedgerError;
use crate::model::action::{ActionId, Stage};
use crate::model::answer::ActionAnswer;
use crate::model::attestation::Request;
use crate::model::canonical::Hash;
use crate::model::cluster::ClusterState;
use crate::model::explanation::{Explanation, Verdict};
use crate::model::facts::FactChange;
use crate::model::invariant::Invariant;
use crate::model::receipt::{KernelRefusal, LedgerRef, Receipt};
use crate::model::record::{Delivery, Entry, LearnedBy};
use crate::model::refusal::{Executed, Refusal, RefusalCode};
use crate::model::session::Session;
use crate::model::spec::Catalogue;
use crate::observe::action_history::ActionHistory;
use crate::observe::in_flight::RunningAction;
use crate::observe::unreadable;
use std::sync::Arc;

/// What an operator sends to confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The digest of the explanation that was read.
    pub digest: Hash,
    /// The name that was typed, where the explanation asks for one.
    pub typed_target: Option<String>,
    /// The record of the last refused confirmation that whoever confirms has seen.
    pub after_refusal: Option<u64>,
}

/// Proof that a confirmation is durable. Made in this file only, neither copied nor stored, and
/// consumed by the one call that it permits.
struct Confirmed {
    id: ActionId,
    request: Request,
    explanation: Explanation,
    before: Arc<ClusterState>,
}

impl Workflow {
    /// Confirms an action and executes it, or refuses. The caller lets this run to its end even if
    /// its client goes away.
    ///
    /// # Errors
    /// `busy`; `frozen`, also where that was so when an earlier copy came; `wrong_stage`;
    /// `not_what_was_explained`; `target_mistyped`; `second_operator`; `proof_needed`; `stale` with what moved;
    /// `kernel_unreachable` before anything was sent; `audit_unavailable`. A refusal of the kernel and
    /// an unknown outcome are answers, not errors.
    pub async fn confirm(
        &self,
        operator: &Operator,
        id: ActionId,
        confirmation: Confirmation,
    ) -> Result<ActionAnswer, Refusal> {
        let attempt = "confirm";
        let held = match self.hold(id) {
            Ok(held) => held,
            Err(busy) => return Err(self.decline(operator, Some(id), attempt, busy).await),
        };
        let (_turn, trail) = self.turn(operator, id, attempt).await?;
        if let Err(refusal) = self.may_confirm(operator, &trail, &confirmation) {
            return Err(self.decline(operator, Some(id), attempt, refusal).await);
        }
        match trail.stage() {
            Stage::Explained | Stage::FirstConfirmed => {}
            Stage::Stale => {
                self.repeat(operator, id, Delivery::Confirmation).await?;
                return Err(stale(id, trail.moved().to_vec()));
            }
            _ => return self.repeat(operator, id, Delivery::Confirmation).await,
        }
        // Before the cluster is looked at: the action stays explained, and is neither stale nor spent.
        if let Some(freeze) = self.read.freeze()? {
            let refusal = Refusal::frozen(&freeze).about(id);
            return Err(self.decline(operator, Some(id), attempt, refusal).await);
        }
        let is_operator = |name: &_| self.authority.is_operator(name);
        if let Err(refusal) = Demands::of(self.read.spec(), &trail).met_by(operator, is_operator) {
            return Err(self.decline(operator, Some(id), attempt, refusal).await);
        }
        let state = match self.read.observe().await {
            Ok(state) => state,
            Err(refusal) => return Err(self.decline(operator, Some(id), attempt, refusal).await),
        };
        let refused = self.read.refused_for_now(&trail)?;
        if let Some((seq, earlier)) = refused
            && confirmation.after_refusal != Some(seq)
        {
            self.repeat(operator, id, Delivery::Confirmation).await?;
            return Err(refused_before(id, seq, earlier));
        }
        let running = held.run();
        let confirmed = match self.still_true(operator, &trail, confirmation, state).await {
            Ok(Some(confirmed)) => confirmed,
            Ok(None) => {
                drop(running);
                return self.read.action(id).await;
            }
            // Stale is a record of its own. That another delivery, another action or a freeze was
            // recorded between our look and our write is not: there the database decides.
            Err(refusal)
                if matches!(
                    refusal.code,
                    RefusalCode::WrongStage | RefusalCode::Busy | RefusalCode::Frozen
                ) =>
            {
                return Err(self.decline(operator, Some(id), attempt, refusal).await);
            }
            Err(refusal) => return Err(refusal),
        };
        self.execute(operator, confirmed, &running).await?;
        drop(running);
        let shown = self.read.action(id).await;
        shown.map_err(|refusal| refusal.admitting(Executed::Unknown))
    }

    /// Explains again under the lock. Only if the digest is the one confirmed does the confirmation
    /// become a record, and that record a [`Confirmed`]; `None` where it is the first of two.
    async fn still_true(
        &self,
        operator: &Operator,
        trail: &ActionHistory,
        confirmation: Confirmation,
        state: ClusterState,
    ) -> Result<Option<Confirmed>, Refusal> {
        let id = trail.action_id();
        let standing = self.read.standing()?;
        let request = trail.request();
        let now = self.read.explain_in(&state, &request, standing);
        // What was frozen meanwhile did not move: the answer names the freeze, and nothing is stale.
        if let Some(freeze) = &now.pinned.freeze {
            return Err(Refusal::frozen(freeze).about(id));
        }
        if now.digest() != confirmation.digest {
            let then = self.read.explained(trail)?;
            let moved = moved(self.kernel.spec(), &then, &now);
            let (told, seen) = (HashedBlob::of(&now), HashedBlob::of(&state));
            let entry = Entry::Stale {
                moved: moved.clone(),
                digest: now.digest(),
                explanation: told.hash,
                snapshot: seen.hash,
            };
            let entries = vec![(entry, vec![told.bytes, seen.bytes])];
            self.step_where(operator, id, "confirm", entries, |_| Ok(())).await?;
            return Err(stale(id, moved));
        }
        // The digest covers every verdict, and only an explanation that passed was offered.
        assert!(now.verdict() == Verdict::Pass, "an explanation with a failed check was confirmed");
        let seen = HashedBlob::of(&state);
        let Confirmation { digest, typed_target, after_refusal: _ } = confirmation;
        let (snapshot, proved) = (seen.hash, operator.viewer().proof());
        let demands = Demands::of(self.read.spec(), trail);
        let meets = move |who: &Authorized<'_>| {
            demands.met_by(who.operator(), |name| who.is_operator(name))
        };
        // What was explained says whether two operators confirm it: the digest covers that.
        if now.pinned.second_operator && trail.first_confirmed_by().is_none() {
            crash::failpoint("workflow.before_first_confirmed");
            let entry = Entry::FirstConfirmed { digest, typed_target, snapshot, proved };
            self.step_where(operator, id, "confirm", vec![(entry, vec![seen.bytes])], meets)
                .await?;
            crash::failpoint("workflow.first_confirmed");
            return Ok(None);
        }
        crash::failpoint("workflow.before_confirmed");
        let entry = Entry::Confirmed { digest, typed_target, snapshot, proved };
        self.step_where(operator, id, "confirm", vec![(entry, vec![seen.bytes])], meets).await?;
        crash::failpoint("workflow.confirmed");
        let request = request.to_kernel();
        Ok(Some(Confirmed { id, request, explanation: now, before: Arc::new(state) }))
    }

    /// Sends the order, once. From here on nothing is given up half way: the caller spawned us.
    async fn execute(
        &self,
        operator: &Operator,
        confirmed: Confirmed,
        running: &RunningAction<'_>,
    ) -> Result<(), Refusal> {
        let Confirmed { id, request, explanation, before } = confirmed;
        let generation =
            before.facts.number(self.kernel.spec().position.generation).known().copied();
        let pending = PendingOrder::new(id, request, Arc::clone(&before));
        let session = match self.kernel.open(&pending).await {
            Ok(session) => session,
            Err(error) => return self.not_opened(operator, id, generation, error).await,
        };
        crash::failpoint("workflow.opened");
        // Until this record nothing was sent, so whoever confirmed it is looked at once more: an order
        // is sent on the word of somebody who may give it. Where it is not, the action reads "never
        // sent", and an operator closes it by resolving.
        let entry = Entry::Dispatched { generation, session: session.clone() };
        let recording = self.step(operator, id, SEND, entry);
        let (dispatched, unrecorded_yet) = if crash::has_injected_bug(InjectedBug::SendFirst) {
            (LedgerRef { seq: 0, hash: Hash::of(&[]) }, Some(recording))
        } else {
            (recording.await.map_err(|refusal| refusal.about(id))?, None)
        };
        crash::failpoint("workflow.dispatched");
        let order = pending.dispatched(dispatched);
        if self.read.spec().action(explanation.action.kind()).is_some_and(|entry| entry.takes_long)
        {
            running.sent_and_takes_long();
        }
        // C6.4: the record of this call is durable. This is the only place that calls the kernel.
        let answer = self.kernel.apply(order, session).await;
        crash::failpoint("workflow.answered");
        if let Some(recording) = unrecorded_yet {
            recording.await?;
        }
        let (entry, blobs) = match answer {
            Ok(receipt) if !receipt.answers(id, &explanation.action) => (
                Entry::Unknown { why: answered_about_another(self.read.catalogue(), &receipt) },
                Vec::new(),
            ),
            Ok(receipt) => self.executed(receipt, &before, &explanation.effects).await,
            Err(ApplyError::Refused(refusal)) => (Entry::Refused { refusal }, Vec::new()),
            Err(ApplyError::Unknown { why }) => (Entry::Unknown { why }, Vec::new()),
        };
        crash::failpoint("workflow.before_outcome");
        let recorded = self.outcome(operator, id, entry, blobs).await;
        recorded.map_err(|refusal| unrecorded(id, refusal))?;
        crash::failpoint("workflow.outcome");
        Ok(())
    }

    /// Records that the kernel opened no session, so that nothing was sent: the order ends as refused, in
    /// the transaction that says that it was about to be sent.
    async fn not_opened(
        &self,
        operator: &Operator,
        id: ActionId,
        generation: Option<u64>,
        error: ApplyError,
    ) -> Result<(), Refusal> {
        let refusal = match error {
            ApplyError::Refused(refusal) => refusal,
            ApplyError::Unknown { why } => KernelRefusal {
                rule: "not_opened".to_owned(),
                sentence: format!(
                    "The kernel opened no session for it, so nothing was sent: {why}"
                ),
                invariants: Vec::new(),
            },
        };
        let about = Entry::Dispatched { generation, session: Session::none() };
        let entries = vec![(about, Vec::new()), (Entry::Refused { refusal }, Vec::new())];
        let recorded = self.step_where(operator, id, SEND, entries, |_| Ok(())).await;
        recorded.map(drop).map_err(|refusal| refusal.about(id))
    }

    /// The record of an execution, with what was predicted laid beside what is there now (C2.6).
    async fn executed(
        &self,
        receipt: Receipt,
        before: &ClusterState,
        effects: &[FactChange],
    ) -> (Entry, Vec<Vec<u8>>) {
        let after = self.read.observe().await.ok();
        let (spec, id, entry) = (self.kernel.spec(), receipt.action_id, receipt.position);
        let differences =
            after.as_ref().map(|after| differences(spec, before, effects, after, id, entry));
        let seen = after.as_ref().map(HashedBlob::of);
        let entry = Entry::Executed {
            receipt,
            learned_by: LearnedBy::Answer,
            snapshot: seen.as_ref().map(|seen| seen.hash),
            differences: differences.unwrap_or_default(),
        };
        (entry, seen.into_iter().map(|seen| seen.bytes).collect())
    }

    /// Records what came of asking the kernel, whatever became of the operator meanwhile.
    pub(super) async fn outcome(
        &self,
        operator: &Operator,
        id: ActionId,
        entry: Entry,
        blobs: Vec<Vec<u8>>,
    ) -> Result<(), Refusal> {
        let appended = record::outcome(&self.ledger, operator, id, entry, blobs).await;
        appended.map(drop).map_err(|error| self.not_appended(id, error))
    }

    /// Appends one stage record that names no blobs, if the operator still may, and returns its witness.
    pub(super) async fn step(
        &self,
        operator: &Operator,
        id: ActionId,
        attempt: &str,
        entry: Entry,
    ) -> Result<LedgerRef, Refusal> {
        let entries = vec![(entry, Vec::new())];
        self.step_where(operator, id, attempt, entries, |_| Ok(())).await
    }

    /// The same, if also `holds` says so in its transaction.
    async fn step_where(
        &self,
        operator: &Operator,
        id: ActionId,
        attempt: &str,
        entries: Entries,
        holds: impl FnOnce(&Authorized<'_>) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<LedgerRef, Refusal> {
        let appended = self.append_where(operator, Some(id), attempt, entries, holds).await;
        let records = appended.map_err(|unrecorded| match unrecorded {
            Unrecorded::Refused(refusal) => *refusal,
            Unrecorded::Ledger(error) => self.not_appended(id, error),
        })?;
        let record = records.first().ok_or_else(|| {
            Refusal::new(RefusalCode::Internal, "The ledger returned no record.").about(id)
        })?;
        Ok(LedgerRef { seq: record.record.seq, hash: record.hash })
    }

    /// Why the ledger did not take a record of a stage.
    fn not_appended(&self, id: ActionId, error: LedgerError) -> Refusal {
        match error {
            // Another delivery took this step between our look and our write: the database decides.
            LedgerError::IllegalStep { .. } => {
                let stage = self.trail(id).map_or(Stage::Requested, |trail| trail.stage());
                wrong_stage(id, stage, "the stage before this step")
            }
            LedgerError::Frozen { freeze } => Refusal::frozen(&freeze).about(id),
            busy @ LedgerError::OtherOpen { .. } => busy.refusal(),
            other => unreadable(other),
        }
    }
}

/// What is known when the kernel answers an order with the receipt of another one (C7.3).
fn answered_about_another(catalogue: Catalogue, receipt: &Receipt) -> String {
    format!(
        "the kernel answered with the receipt of {} ({}), which proves nothing about this action",
        receipt.action_id,
        catalogue.title(&receipt.action)
    )
}

/// The kernel answered, and the answer could not be recorded: to the records it is unknown (C7.3).
pub(super) fn unrecorded(id: ActionId, refusal: Refusal) -> Refusal {
    Refusal {
        sentence: format!(
            "The kernel answered about {id}, and its answer could not be recorded. The outcome reads \
             as unknown until an operator resolves it."
        ),
        executed: Executed::Unknown,
        ..refusal.about(id)
    }
}

/// What stood in the way has passed. Nobody was told that, and the answer was given (C7.2).
fn refused_before(id: ActionId, seq: u64, earlier: Refusal) -> Refusal {
    let sentence = format!(
        "Record {seq} refused a confirmation of {id}: {} Whoever sent this one had not seen that, so \
         it may be a copy. Nothing was done; see the action as it is now, and confirm it again.",
        earlier.sentence
    );
    Refusal { sentence, ..earlier }
        .with_evidence("no mention of that record", format!("after_refusal {seq}"))
        .about(id)
}

fn stale(id: ActionId, moved: Vec<FactChange>) -> Refusal {
    let list: Vec<String> = moved.iter().map(ToString::to_string).collect();
    let sentence = format!(
        "The cluster moved after the explanation: {}. Nothing was done; ask again to see it as it is now.",
        list.join("; ")
    );
    let mut refusal = Refusal::new(RefusalCode::Stale, sentence)
        .citing([Invariant::ExplanationConfirmed])
        .about(id);
    refusal.moved = moved;
    refusal
}
