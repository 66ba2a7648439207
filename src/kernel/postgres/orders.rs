//! Orders: a session is opened, in which everything is looked at again; in it, once, the order is journaled
//! and sent.
//!
//! Everything before the journal entry changes nothing, so a refusal proves that nothing ran (C4.2). After
//! it one statement is sent, with its guards in it. A refusal is given then only where it is proven that
//! nothing ran; otherwise the answer is `Unknown` (C7.3), and nothing is cancelled: what was sent may still
//! run.

mod answers;

pub(super) use answers::{refusal, unknown};

use super::command::PostgresAction as Action;
use super::connection::{Connection, SqlError};
use super::finish::{Finished, finish};
use super::journal::{Acceptance, HighestKnown, JournalEntry, OrderEnd, SentOrder};
use super::session::{ServerSession, named};
use super::spec::{PostgresInvariant as Rule, SPEC, facts as key};
use super::statements::{
    ConfirmedNode, FORM, GuardedStatement, OrderPlace, OrderPlan, StatementAnswer, UpstreamForm,
    UpstreamPairs, plan,
};
use super::{PostgresKernel, checks};
use crate::crash;
use crate::kernel::{ApplyError, Order, PendingOrder};
use crate::model::action::ActionId;
use crate::model::canonical::Hash;
use crate::model::explanation::Verdict;
use crate::model::receipt::{KernelRefusal, LedgerRef, Receipt};
use crate::model::session::Session;
use crate::model::spec::Catalogue;
use crate::model::text::NodeId;
use answers::{earlier_answer, not_done, not_known, same_timeline, violated};

/// A session that was opened for an order and has not been used, with what was seen in it.
pub(super) struct OpenSession {
    id: ActionId,
    /// As it is recorded.
    recorded: Session,
    session: ServerSession,
    connection: Connection,
    looked: StatementAnswer,
    form: Option<UpstreamForm>,
}

impl OpenSession {
    /// Whether it was opened for this order.
    pub(super) fn is_for(&self, id: ActionId) -> bool {
        self.id == id
    }

    /// Ends it. Nothing was sent in it.
    pub(super) async fn give_up(self) {
        self.connection.close().await;
    }
}

impl PostgresKernel {
    /// Opens the session in which an order will run, where nothing speaks against the order: every check is
    /// made again on an observation of its own, and the session itself looks at what was confirmed. What was
    /// opened before and not used is given up.
    pub(super) async fn open_session(&self, pending: &PendingOrder) -> Result<Session, ApplyError> {
        self.refuse_held()?;
        let mut slot = self.open.lock().await;
        if let Some(former) = slot.take() {
            former.give_up().await;
        }
        if self.held_under(pending.action_id()).await?.is_some() {
            return Ok(Session::none());
        }
        let action = Action::try_from(&pending.request().action);
        let action = action.map_err(|error| not_known(&error))?;
        self.validate(pending).await?;
        let (session, mut connection) = self.connect(action.node(), pending.action_id()).await?;
        match self.seen_in(pending, &action, session, &mut connection).await {
            Ok((session, recorded, looked, form)) => {
                let id = pending.action_id();
                let open = recorded.clone();
                *slot = Some(OpenSession { id, recorded, session, connection, looked, form });
                Ok(open)
            }
            Err(refused) => {
                connection.close().await;
                Err(refused.into())
            }
        }
    }

    /// What the session of an order sees of what was confirmed.
    async fn seen_in(
        &self,
        pending: &PendingOrder,
        action: &Action,
        session: ServerSession,
        connection: &mut Connection,
    ) -> Result<(ServerSession, Session, StatementAnswer, Option<UpstreamForm>), KernelRefusal>
    {
        let Some(recorded) = session.recorded() else {
            let sentence =
                format!("The session on {} cannot be recorded. Nothing was sent.", session.node);
            return Err(refusal(Rule::OneSession, sentence));
        };
        let form = self.upstream_form(action, connection).await?;
        // The record behind the order comes after this, and the look does not name it.
        let witness = LedgerRef { seq: 0, hash: Hash::of(&[]) };
        let place = self.place(pending.action_id(), &witness, &session);
        let on = ConfirmedNode::of(pending.before(), action.node())?;
        let (OrderPlan::Statement(statement) | OrderPlan::Copy(statement)) =
            plan(action, &on, &place, form.as_ref())?;
        let looked = look(action, &statement, connection).await?;
        Ok((session, recorded, looked, form))
    }

    fn place<'a>(
        &'a self,
        id: ActionId,
        witness: &'a LedgerRef,
        session: &ServerSession,
    ) -> OrderPlace<'a> {
        let own_roles = [&*self.config.observer.role, &*self.config.operator.role];
        OrderPlace { id, witness, session: session.place(), own_roles }
    }

    async fn connect(
        &self,
        node: &NodeId,
        id: ActionId,
    ) -> Result<(ServerSession, Connection), KernelRefusal> {
        let unreachable = |why: String| {
            let sentence = format!("No session for the order on {node}: {why}. Nothing was sent.");
            refusal(Rule::NodeReachable, sentence)
        };
        let Some(address) = self.config.node(node) else {
            let sentence = format!("{node} is no node in the settings. Nothing was sent.");
            return Err(refusal(Rule::NodeConfigured, sentence));
        };
        let instance = &self.journal.head().instance;
        let opened = self.dialer.operator(address, &named(instance, id)).await;
        let mut connection = opened.map_err(|error| unreachable(error.to_string()))?;
        let session = ServerSession::ask(&mut connection, node, instance).await;
        Ok((session.map_err(|error| unreachable(error.to_string()))?, connection))
    }

    /// What is held under an id, before anything is sent.
    async fn held_under(&self, id: ActionId) -> Result<Option<JournalEntry>, KernelRefusal> {
        let found = self.journal.find(id).await;
        found.map_err(|error| {
            let sentence =
                format!("Whether this id ran before cannot be read: {error}. Nothing was sent.");
            refusal(Rule::ReceiptKept, sentence)
        })
    }

    /// Executes an order at most once.
    pub(super) async fn apply_order(
        &self,
        order: Order,
        session: Session,
    ) -> Result<Receipt, ApplyError> {
        self.refuse_held()?;
        let id = order.action_id();
        if let Some(entry) = self.held_under(id).await? {
            return earlier_answer(entry);
        }
        let open = self.open.lock().await.take();
        let Some(mut open) = open.filter(|open| open.id == id && open.recorded == session) else {
            let sentence = "The session in which this order was to run is not open any more, and no \
                            other is opened for it. Nothing was sent.";
            return Err(refusal(Rule::OneSession, sentence).into());
        };
        let action = Action::try_from(order.action()).map_err(|error| not_known(&error))?;
        let _running = self.runs(id);
        let made = self.in_session(&order, &action, &mut open).await;
        open.give_up().await;
        if !matches!(made, Err(ApplyError::Refused(_))) {
            self.observer.changed();
        }
        made
    }

    async fn in_session(
        &self,
        order: &Order,
        action: &Action,
        open: &mut OpenSession,
    ) -> Result<Receipt, ApplyError> {
        let id = order.action_id();
        let on = ConfirmedNode::of(order.before(), action.node())?;
        let place = self.place(id, order.witness(), &open.session);
        let plan = plan(action, &on, &place, open.form.as_ref())?;
        let (OrderPlan::Statement(statement) | OrderPlan::Copy(statement)) = &plan;
        if !statement.carries_guards() {
            // What was seen is seen once more, as late as can be.
            open.looked = look(action, statement, &mut open.connection).await?;
        }
        let mut before = open.looked.facts.clone();
        before.extend(statement.kept().clone());
        let sent = SentOrder {
            action: order.action().clone(),
            witness: order.witness().clone(),
            session: open.recorded.clone(),
            before,
        };
        self.expect_end_of_contract(action, order).await?;
        match self.journal.accept(id, sent, self.clock.now()).await {
            Ok(Acceptance::First) => {}
            Ok(Acceptance::Spent(entry)) => return earlier_answer(*entry),
            Err(error) => {
                let sentence = format!("The order cannot be journaled: {error}. Nothing was sent.");
                return Err(refusal(Rule::ReceiptKept, sentence).into());
            }
        }
        crash::failpoint("kernel.accepted");
        let answer = match &plan {
            OrderPlan::Statement(statement) => {
                self.send(action, statement, &open.looked, &mut open.connection).await
            }
            OrderPlan::Copy(_) => self.copy(order, action, &open.session).await,
        };
        self.ended(order, action, answer).await
    }

    /// A contract whose end is about to be sent proves nothing from here on, whatever comes of that.
    async fn expect_end_of_contract(
        &self,
        action: &Action,
        order: &Order,
    ) -> Result<(), KernelRefusal> {
        let Action::WithdrawSyncContract { node } = action else { return Ok(()) };
        let number = ConfirmedNode::of(order.before(), node)?.number(key::CONTRACT_NUMBER)?;
        let ended = HighestKnown { contract_ended: number, ..HighestKnown::default() };
        self.journal.raise(ended).await.map(drop).map_err(|error| {
            let sentence =
                format!("The end of the contract cannot be journaled: {error}. Nothing was sent.");
            refusal(Rule::ReceiptKept, sentence)
        })
    }

    /// Every pre-condition again, on an observation of its own.
    async fn validate(&self, pending: &PendingOrder) -> Result<(), KernelRefusal> {
        let state = self.observer.observe().await;
        let state = state.map_err(|error| {
            let sentence = format!("The cluster cannot be observed: {error}. Nothing was sent.");
            refusal(Rule::WithinStatement, sentence)
        })?;
        same_timeline(pending.before(), &state)?;
        let found = checks::checks(&state, pending.request());
        let against: Vec<_> =
            found.checks.iter().filter(|check| check.verdict != Verdict::Pass).collect();
        let Some(first) = against.first() else { return Ok(()) };
        let evidence: Vec<String> = against
            .iter()
            .flat_map(|check| &check.evidence)
            .map(|evidence| format!("found {}, required {}", evidence.observed, evidence.required))
            .collect();
        let title = Catalogue::from(&SPEC).title(&pending.request().action);
        Err(KernelRefusal {
            rule: first.invariant.to_string(),
            sentence: format!("The kernel refuses {title}: {}.", evidence.join("; ")),
            invariants: against.iter().map(|check| check.invariant).collect(),
        })
    }

    /// What an upstream is written with, beside the upstream itself.
    async fn upstream_form(
        &self,
        action: &Action,
        connection: &mut Connection,
    ) -> Result<Option<UpstreamForm>, KernelRefusal> {
        let Action::WriteUpstream { node, upstream } = action else { return Ok(None) };
        let to = self.config.nodes.iter().find(|other| other.id.as_str() == upstream.as_str());
        let mut pairs = pairs_of(connection).await;
        if pairs.is_none() {
            pairs = self.remembered_pairs(node).await?;
        }
        for other in self.config.nodes.iter().filter(|other| other.id != *node) {
            if pairs.is_some() {
                break;
            }
            let name = format!("aerodb-control/{}/look", self.journal.head().instance);
            // A node that does not answer says nothing, and another one may.
            if let Ok(mut look) = self.dialer.operator(other, &name).await {
                pairs = pairs_of(&mut look).await;
                look.close().await;
            }
        }
        Ok(pairs.map(|pairs| UpstreamForm { to: to.cloned(), pairs }))
    }

    /// What was kept with the last order that took the upstream of a node away.
    async fn remembered_pairs(
        &self,
        node: &NodeId,
    ) -> Result<Option<UpstreamPairs>, KernelRefusal> {
        let kept = self.journal.kept_with("write_upstream", node.clone(), FORM).await;
        let kept = kept.map_err(|error| {
            refusal(Rule::ReceiptKept, format!("The journal cannot be read: {error}."))
        })?;
        Ok(kept.as_deref().and_then(UpstreamPairs::read))
    }

    async fn send(
        &self,
        action: &Action,
        statement: &GuardedStatement,
        looked: &StatementAnswer,
        connection: &mut Connection,
    ) -> Result<Finished, ApplyError> {
        let answered = statement.act(connection).await;
        let notices = connection.take_notices();
        let warnings: Vec<String> = notices
            .iter()
            .filter(|notice| notice.severity == "WARNING")
            .map(ToString::to_string)
            .collect();
        let answer = answered.map_err(|error| not_done(action, statement.errors(), &error))?;
        if let Some(refused) = violated(action, &answer) {
            return Err(refused.into());
        }
        let limit = self.config.deadlines.order;
        let finished = finish(action, looked, &answer, connection, limit).await?;
        Ok(finished.with_warnings(&warnings))
    }

    /// Keeps what came of an order that was sent, and says it.
    async fn ended(
        &self,
        order: &Order,
        action: &Action,
        answer: Result<Finished, ApplyError>,
    ) -> Result<Receipt, ApplyError> {
        let id = order.action_id();
        let answer = answer.map(|finished| {
            let now = self.clock.now();
            let receipt =
                finished.receipt(id, order.action().clone(), order.witness().clone(), now);
            (receipt, finished)
        });
        let kept = match &answer {
            Ok((receipt, finished)) => {
                let event = finished.event(action, id, receipt.executed_at);
                self.journal.end(id, OrderEnd::Executed(receipt.clone()), vec![event]).await
            }
            Err(ApplyError::Refused(refused)) => {
                let event = super::events::refused(action, id, self.clock.now(), refused);
                self.journal.end(id, OrderEnd::Refused(refused.clone()), vec![event]).await
            }
            // What is unknown stays accepted, until somebody resolves it.
            Err(ApplyError::Unknown { .. }) => Ok(()),
        };
        match (answer, kept) {
            (Ok((receipt, _)), _) => Ok(receipt),
            (Err(ApplyError::Refused(refused)), Err(error)) => Err(unknown(format!(
                "It was refused ({refused}), and that cannot be kept: {error}."
            ))),
            (Err(error), _) => Err(error),
        }
    }

    /// The refusal of everything that changes something, while the kernel is held.
    fn refuse_held(&self) -> Result<(), KernelRefusal> {
        let Some(held) = &self.held else { return Ok(()) };
        let sentence = format!("The kernel is held since {}: {}.", held.since, held.why);
        Err(KernelRefusal { rule: "held".to_owned(), sentence, invariants: Vec::new() })
    }
}

/// The look of the session itself at what was confirmed. It changes nothing.
async fn look(
    action: &Action,
    statement: &GuardedStatement,
    connection: &mut Connection,
) -> Result<StatementAnswer, KernelRefusal> {
    let unread = |error: SqlError| {
        let sentence = format!(
            "The session on {} cannot look at what was confirmed: {error}. Nothing was sent.",
            action.node()
        );
        refusal(Rule::WithinStatement, sentence)
    };
    let looked = statement.look(connection).await.map_err(unread)?;
    if let Some(refused) = violated(action, &looked) {
        return Err(refused);
    }
    statement.prepare(connection).await.map_err(unread)?;
    connection.take_notices();
    Ok(looked)
}

async fn pairs_of(connection: &mut Connection) -> Option<UpstreamPairs> {
    let row = connection.query_one(UpstreamPairs::SQL, &[]).await.ok()?;
    let json: Option<String> = row.try_get(0).ok()?;
    UpstreamPairs::read(&json?)
}
