//! The read side: everything that a page, a query or an observer can reach.
//!
//! It holds the observing half of the kernel and a read-only connection to the ledger, and nothing
//! with which anything could be changed (C8.3, C10.2). Every answer about the cluster is made from
//! one observation (C8.4).

pub mod action_history;
mod checklist;
mod compared;
pub mod in_flight;
mod kept;
mod log;
mod mismatch;
mod node;
mod overview;
pub mod record_counters;
pub mod report;
pub mod shared;
mod status;
mod timeline;

use crate::explain::{Blockers, OperatorRequest, Rules, explain};
use crate::kernel::{KernelDescription, ObserveKernel, Unobservable};
pub use crate::ledger::LogFilter;
use crate::ledger::{ActionRow, LedgerError, LedgerReader};
use crate::metrics::Durations;
use crate::model::action::{Action, ActionId, Stage};
use crate::model::answer::{
    ActionAnswer, ActionLine, ActionPage, ExplainAnswer, Interrupted, StateVersion,
};
use crate::model::attestation::Attestations;
use crate::model::cluster::{ClusterState, ReceiptStatus};
use crate::model::event::{EventPage, EventPlace};
use crate::model::explanation::Explanation;
use crate::model::finding::Mismatch;
use crate::model::pinned::{Freeze, InDoubt};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::spec::{ActionClass, Catalogue, KernelSpec};
use crate::model::text::{ActorName, NodeId, Reason};
use action_history::ActionHistory;
use in_flight::InFlight;
use record_counters::{RecordCounters, RecordCounts};
use std::sync::Arc;
use tokio::sync::watch;

/// All that can be read.
#[derive(Clone)]
pub struct QueryService {
    kernel: Arc<dyn ObserveKernel>,
    ledger: LedgerReader,
    in_flight: InFlight,
    data_address: Option<String>,
    observations: Durations,
    tally: RecordCounters,
    second_operator: Arc<[ActionClass]>,
    mismatch: Arc<Mismatch>,
    waiting: status::WaitingActions,
    shared: shared::SharedObservation,
}

impl QueryService {
    /// Puts the read side together; `data_address` is where the kernel serves data, if it does.
    #[must_use]
    pub fn new(
        kernel: Arc<dyn ObserveKernel>,
        ledger: LedgerReader,
        in_flight: InFlight,
        data_address: Option<String>,
    ) -> Self {
        let (observations, tally) = (Durations::default(), RecordCounters::from_here(&ledger));
        let (second_operator, mismatch) = (Arc::from([]), Arc::default());
        Self {
            kernel,
            ledger,
            in_flight,
            data_address,
            observations,
            tally,
            second_operator,
            mismatch,
            waiting: status::WaitingActions::default(),
            shared: shared::SharedObservation::default(),
        }
    }

    /// The same, where a second operator has to confirm the actions of these classes too.
    #[must_use]
    pub fn with_second_operator(self, classes: &[ActionClass]) -> Self {
        Self { second_operator: Arc::from(classes), ..self }
    }

    /// What the kernel says of itself.
    #[must_use]
    pub fn spec(&self) -> &'static KernelSpec {
        self.kernel.spec()
    }

    /// The same, to look words up in.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::from(self.spec())
    }

    /// Hands over what the kernel is asked for to explain something in a state.
    fn with_rules<T>(&self, state: &ClusterState, use_them: impl FnOnce(&Rules<'_>) -> T) -> T {
        use_them(&Rules { spec: self.spec(), checks: &*self.kernel.judge(state) })
    }

    /// What the kernel is.
    #[must_use]
    pub fn kernel(&self) -> KernelDescription {
        self.kernel.describe()
    }

    /// What grows when the kernel changes, and with each durable write of this control plane. They
    /// say that it is worth asking [`Self::present`], and nothing else.
    #[must_use]
    pub fn changes(&self) -> [watch::Receiver<u64>; 2] {
        [self.kernel.changes(), self.ledger.commits()]
    }

    /// Which state of the kernel and of the log is the present one.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn present(&self) -> Result<StateVersion, Refusal> {
        let log = self.ledger.head().map_err(unreadable)?.size;
        Ok(StateVersion { cluster: *self.kernel.changes().borrow(), log })
    }

    /// One observation of the cluster.
    ///
    /// # Errors
    /// `kernel_unreachable` when the kernel does not answer.
    pub async fn observe(&self) -> Result<ClusterState, Refusal> {
        let running = self.observations.begin();
        let state = self.kernel.observe().await.map_err(unreachable)?;
        running.done();
        Ok(state)
    }

    /// How long it took to observe the cluster.
    #[must_use]
    pub fn observations(&self) -> &Durations {
        &self.observations
    }

    /// What the log has gained since this process began to look.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn tally(&self) -> Result<RecordCounts, Refusal> {
        self.tally.refresh(&self.ledger).map_err(unreadable)
    }

    /// One page of what happened in the kernel, newest first.
    ///
    /// # Errors
    /// `kernel_unreachable` when the kernel does not answer.
    pub async fn events(
        &self,
        before: Option<EventPlace>,
        limit: u32,
    ) -> Result<EventPage, Refusal> {
        self.kernel.events(before, limit).await.map_err(unreachable)
    }

    /// What the kernel holds under an action id.
    ///
    /// # Errors
    /// `kernel_unreachable` when the kernel does not answer.
    pub async fn receipt(&self, id: ActionId) -> Result<ReceiptStatus, Refusal> {
        self.kernel.receipt(id).await.map_err(unreachable)
    }

    /// Explains a request in a state, with what the ledger puts in its way.
    pub fn explain_in(
        &self,
        state: &ClusterState,
        request: &OperatorRequest<'_>,
        standing: Blockers,
    ) -> Explanation {
        self.with_rules(state, |rules| explain(state, request, standing, rules))
    }

    /// Explains a request as it would be explained now. Writes nothing, asks nothing.
    ///
    /// # Errors
    /// When the kernel or the ledger cannot be read.
    pub async fn explain(
        &self,
        action: &Action,
        attested: &Attestations,
        operator: &ActorName,
        reason: &Reason,
    ) -> Result<ExplainAnswer, Refusal> {
        let state = self.observe().await?;
        let request = OperatorRequest { action, attested, operator, reason };
        let explanation = self.explain_in(&state, &request, self.standing()?);
        let digest = explanation.digest();
        Ok(ExplainAnswer { explanation, digest, observation: state.observation })
    }

    /// The action whose outcome is not known, where there is one. An action that is running in this
    /// process is not in doubt: its end is on the way.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn in_doubt(&self) -> Result<Option<InDoubt>, Refusal> {
        for (action_id, _) in self.ledger.open_actions().map_err(unreadable)? {
            if self.in_flight.is_running(action_id) {
                continue;
            }
            let trail = self.trail(action_id)?.ok_or_else(|| broken(action_id))?;
            // An action may have ended between the two reads: only what is open still counts.
            if trail.stage().is_open() {
                return Ok(Some(InDoubt { action_id, kind: trail.action().kind() }));
            }
        }
        Ok(None)
    }

    /// The freeze that stands, where there is one.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn freeze(&self) -> Result<Option<Freeze>, Refusal> {
        self.ledger.freeze().map_err(unreadable)
    }

    /// Everything that the ledger puts in the way of a mutation now.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn standing(&self) -> Result<Blockers, Refusal> {
        let second_operator = self.second_operator.to_vec();
        Ok(Blockers { in_doubt: self.in_doubt()?, freeze: self.freeze()?, second_operator })
    }

    /// The steps of an action, folded; `None` when there is no such action.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn trail(&self, id: ActionId) -> Result<Option<ActionHistory>, Refusal> {
        ActionHistory::fold(self.ledger.steps(id).map_err(unreadable)?)
    }

    /// The explanation that was put before the operator.
    ///
    /// # Errors
    /// When the ledger cannot be read, or does not hold it.
    pub fn explained(&self, trail: &ActionHistory) -> Result<Explanation, Refusal> {
        self.blob(&trail.explained().explanation)
    }

    /// One action as it stands, with what was shown when it was explained.
    ///
    /// # Errors
    /// `not_found`; or when the ledger cannot be read.
    pub async fn action(&self, id: ActionId) -> Result<ActionAnswer, Refusal> {
        let before = self.in_flight.quiet_mark(id);
        let trail = ActionHistory::fold(self.ledger.trail(id).map_err(unreadable)?)?;
        let trail = trail.ok_or_else(|| no_such_action(id))?;
        let explanation = self.explained(&trail)?;
        let snapshot: ClusterState = self.blob(&trail.explained().snapshot)?;
        let interrupted = self.interrupted(id, before, trail.stage());
        let stage = shown_stage(trail.stage(), interrupted);
        let kernel_says = match (interrupted, stage) {
            (Some(_), _) | (None, Stage::Unknown) => self.receipt(id).await.ok(),
            (None, _) => None,
        };
        Ok(ActionAnswer {
            id,
            action: trail.action().clone(),
            reason: trail.reason().clone(),
            requested_by: trail.requested_by().clone(),
            requested_at: trail.requested_at(),
            stage,
            interrupted,
            kernel_says,
            closing: self.closing_of(&trail)?,
            digest: trail.explained().digest,
            explanation,
            observation: snapshot.observation,
            outcome: trail.outcome(),
            moved: trail.moved().to_vec(),
            under_way: self.under_way(id).await,
            duplicate: false,
            confirmed_by: trail.confirmed_by(),
            after_refusal: self.refused_for_now(&trail)?.map(|(seq, _)| seq),
            more_records: self.ledger.has_more_than_the_trail(id).map_err(unreadable)?,
            records: trail.into_records(),
        })
    }

    /// One page of the actions whose request the filter names, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn actions(
        &self,
        before: Option<u64>,
        limit: u32,
        filter: &LogFilter,
    ) -> Result<ActionPage, Refusal> {
        let page = self.ledger.actions_of(before, limit, filter).map_err(unreadable)?;
        Ok(ActionPage { actions: self.lines(page.rows)?, next_before: page.next_before })
    }

    /// Actions as lines of a list.
    fn lines(&self, rows: Vec<ActionRow>) -> Result<Vec<ActionLine>, Refusal> {
        let mut actions = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.requested.record.action_id;
            let id =
                id.ok_or_else(|| Refusal::new(RefusalCode::Internal, "A request has no id."))?;
            let mark = self.in_flight.quiet_mark(id);
            let trail = self.trail(id)?.ok_or_else(|| broken(id))?;
            let interrupted = self.interrupted(id, mark, trail.stage());
            actions.push(ActionLine {
                id,
                action: trail.action().clone(),
                reason: trail.reason().clone(),
                requested_by: trail.requested_by().clone(),
                requested_at: trail.requested_at(),
                stage: shown_stage(trail.stage(), interrupted),
                interrupted,
                seq: row.requested.record.seq,
            });
        }
        Ok(actions)
    }

    /// What a stop of an earlier control plane left behind. `mark` was taken before the trail was
    /// read: only if nothing of this action ran from then until now is the trail the whole story.
    fn interrupted(&self, id: ActionId, mark: Option<u64>, stage: Stage) -> Option<Interrupted> {
        let quiet = mark.is_some() && mark == self.in_flight.quiet_mark(id);
        match stage {
            Stage::Confirmed if quiet => Some(Interrupted::NeverSent),
            Stage::Dispatched if quiet => Some(Interrupted::OutcomeUnknown),
            _ => None,
        }
    }

    /// A blob, parsed.
    fn blob<T: serde::de::DeserializeOwned>(
        &self,
        hash: &crate::model::canonical::Hash,
    ) -> Result<T, Refusal> {
        let bytes = self.ledger.blob(*hash).map_err(unreadable)?;
        let parsed = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        parsed.ok_or_else(|| {
            let sentence =
                format!("The ledger does not hold the blob {hash} in a form that reads.");
            Refusal::new(RefusalCode::Internal, sentence)
        })
    }
}

/// A dispatched action that nobody runs has an outcome that is not known here (C7.3).
fn shown_stage(stage: Stage, interrupted: Option<Interrupted>) -> Stage {
    if interrupted == Some(Interrupted::OutcomeUnknown) { Stage::Unknown } else { stage }
}

fn unreachable(error: Unobservable) -> Refusal {
    Refusal::new(
        RefusalCode::KernelUnreachable,
        format!("The kernel was asked and does not answer: {}. Nothing was done.", error.why),
    )
    .citing([crate::model::invariant::Invariant::ObservationWhole])
}

/// The refusal for a ledger that cannot be read.
#[must_use]
pub fn unreadable(error: LedgerError) -> Refusal {
    if let LedgerError::Held { why } = &error {
        return Refusal::mismatch(why);
    }
    let sentence = format!("The ledger cannot be used: {error}. This attempt did nothing.");
    Refusal::new(RefusalCode::AuditUnavailable, sentence)
        .citing([crate::model::invariant::Invariant::AuditFirst])
}

/// The refusal for an id that stands for nothing.
#[must_use]
pub fn no_such_action(id: ActionId) -> Refusal {
    Refusal::new(RefusalCode::NotFound, format!("There is no action {id}. Nothing was done."))
}

/// The refusal for a name that no node has.
fn no_such_node(node: &NodeId) -> Refusal {
    Refusal::new(RefusalCode::NotFound, format!("The cluster has no node {node}."))
}

fn broken(id: ActionId) -> Refusal {
    Refusal::new(RefusalCode::Internal, format!("The records of the action {id} are not complete."))
        .about(id)
}
