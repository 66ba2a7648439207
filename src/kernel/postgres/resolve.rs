//! What became of an order: read, or decided for ever on an operator's request.
//!
//! The session of the order is ended first: after that nothing of it can arrive any more, and only then is
//! looked (C7.3). It is voided on the node and the branch on which it was to run; anywhere else a row that
//! is not there proves nothing, and nobody can tell.

mod rows;

use super::PostgresKernel;
use super::command::{PostgresAction as Action, ReceiptClass};
use super::connection::{Connection, SqlError};
use super::evidence::{EvidenceQuery, EvidenceVerdict, ServerFacts, decide};
use super::finish::Finished;
use super::journal::{JournalEntry, NewEvent, OrderEnd, SentOrder, VoidReason};
use super::session::ServerSession;
use super::statements::{StatementAnswer, TIMELINE};
use crate::kernel::{Resolution, ResolveError, Unobservable};
use crate::model::action::ActionId;
use crate::model::ambient::Timestamp;
use crate::model::receipt::{Receipt, Tombstone};
use crate::model::session::Session;
use std::collections::BTreeMap;
use tokio::time::timeout;
use tokio_postgres::types::Type;

/// What is asked to see whether a promotion is being followed: the function raises then, and where replay
/// goes on it does nothing.
const PROMOTION_ASKED: &str = "select (select 'resumed' from pg_wal_replay_resume() \
     where pg_get_wal_replay_pause_state() = 'not paused')";
/// The error that says so.
const PROMOTION_ONGOING: &str = "55000";

fn cannot_tell(why: impl Into<String>) -> ResolveError {
    ResolveError::CannotTell { why: why.into() }
}

fn again(why: impl Into<String>) -> ResolveError {
    Unobservable { why: why.into() }.into()
}

/// An order that was sent, and whose end nobody knows.
struct OrderInDoubt {
    id: ActionId,
    action: Action,
    sent: SentOrder,
    session: ServerSession,
}

impl PostgresKernel {
    /// Gets the receipt of an id, or voids it, for ever.
    pub(super) async fn resolve_order(
        &self,
        id: ActionId,
        session: &Session,
    ) -> Result<Resolution, ResolveError> {
        if let Some(held) = &self.held {
            return Err(again(format!("it is held: {}", held.why)));
        }
        if self.is_running(id) {
            return Err(again("the kernel is working on it, and its end is not decided"));
        }
        let mut open = self.open.lock().await;
        if let Some(unused) = open.take_if(|open| open.is_for(id)) {
            unused.give_up().await;
        }
        drop(open);
        let entry = self.journal.find(id).await.map_err(Unobservable::from)?;
        match entry {
            Some(JournalEntry { end: Some(OrderEnd::Executed(receipt)), .. }) => {
                Ok(Resolution::Executed(receipt))
            }
            Some(JournalEntry { end: Some(OrderEnd::Voided(tombstone)), .. }) => {
                Ok(Resolution::Voided(tombstone))
            }
            Some(JournalEntry { end: Some(OrderEnd::Refused(refused)), .. }) => {
                let found = format!("It was refused, and never ran: {refused}");
                self.void(id, found, VoidReason::ProvenUnrun).await
            }
            Some(JournalEntry { sent: Some(sent), end: None, .. }) => self.in_doubt(id, sent).await,
            Some(JournalEntry { sent: None, end: None, .. }) => {
                Err(cannot_tell("the journal of this control plane holds half of its order"))
            }
            None => self.never_accepted(id, session).await,
        }
    }

    /// An order that the journal does not hold was not sent by whoever writes that journal. What another
    /// one sent is in another journal.
    async fn never_accepted(
        &self,
        id: ActionId,
        session: &Session,
    ) -> Result<Resolution, ResolveError> {
        let own = &self.journal.head().instance;
        match ServerSession::read(session) {
            _ if session.is_none() => {
                let found = "Nothing of it was sent.".to_owned();
                self.void(id, found, VoidReason::NothingSent).await
            }
            Some(of) if of.instance == *own => {
                let found = format!("Its session on {} was opened, and nothing was sent.", of.node);
                self.void(id, found, VoidReason::NothingSent).await
            }
            Some(of) => Err(cannot_tell(format!(
                "it was kept in the journal {}, which is gone; this one is {own}, and does not hold it",
                of.instance
            ))),
            None => Err(cannot_tell(format!("its session is none of this kernel: {session}"))),
        }
    }

    async fn in_doubt(&self, id: ActionId, sent: SentOrder) -> Result<Resolution, ResolveError> {
        let action = Action::try_from(&sent.action);
        let action = action.map_err(|error| cannot_tell(error.to_string()))?;
        let session = ServerSession::read(&sent.session);
        let session = session.ok_or_else(|| cannot_tell("its session cannot be read"))?;
        let order = OrderInDoubt { id, action, sent, session };
        match order.action.receipt_class() {
            ReceiptClass::Reads => {
                let found = "It only read, and nothing came of it.".to_owned();
                self.void(id, found, VoidReason::ProvenUnrun).await
            }
            ReceiptClass::Files => self.by_files(&order).await,
            ReceiptClass::Row | ReceiptClass::Evidence => self.at_its_node(order).await,
        }
    }

    async fn at_its_node(&self, order: OrderInDoubt) -> Result<Resolution, ResolveError> {
        let node = order.session.node.clone();
        let unreachable = |why: String| ResolveError::NodeUnreachable { node: node.clone(), why };
        let Some(address) = self.config.node(&node) else {
            return Err(unreachable("it is no node in the settings any more".to_owned()));
        };
        let name = self.resolving(order.id);
        let connection = self.dialer.operator(address, &name).await;
        let answer = match connection {
            Ok(mut connection) => {
                let answer = self.in_connection(&order, &mut connection).await;
                connection.close().await;
                answer
            }
            Err(error) => Err(unreachable(error.to_string())),
        };
        let is_row = order.action.receipt_class() == ReceiptClass::Row;
        match answer {
            // Wherever the row is, its transaction was committed.
            Err(error) if is_row => match self.row_elsewhere(&order).await {
                Some(row) => self.executed_by_row(&order, &row).await,
                None => Err(error),
            },
            other => other,
        }
    }

    fn resolving(&self, id: ActionId) -> String {
        format!("aerodb-control/{}/resolve-{}", self.journal.head().instance, id.short())
    }

    async fn in_connection(
        &self,
        order: &OrderInDoubt,
        connection: &mut Connection,
    ) -> Result<Resolution, ResolveError> {
        let node = &order.session.node;
        let lost = |error: SqlError| match error {
            SqlError::Refused { .. } => again(format!("{node} refuses to be looked at: {error}")),
            SqlError::Lost { .. } | SqlError::Deadline { .. } => {
                ResolveError::NodeUnreachable { node: node.clone(), why: error.to_string() }
            }
        };
        let here = ServerSession::ask(connection, node, &order.session.instance);
        let here = here.await.map_err(lost)?;
        if here.system != order.session.system {
            return Err(cannot_tell(format!(
                "{node} has the system identifier {}, and the order ran on {}",
                here.system, order.session.system
            )));
        }
        self.end_session(order, connection).await?;
        match order.action.receipt_class() {
            ReceiptClass::Row => self.by_row(order, connection, &here).await,
            ReceiptClass::Evidence | ReceiptClass::Files | ReceiptClass::Reads => {
                self.by_evidence(order, connection).await
            }
        }
    }

    /// Ends the session of the order, and waits until it is gone.
    async fn end_session(
        &self,
        order: &OrderInDoubt,
        connection: &mut Connection,
    ) -> Result<(), ResolveError> {
        let limit = self.config.deadlines.order;
        let ended = timeout(limit, async {
            // Each round waits for the server, which waits up to 2 s for the session to end.
            while order.session.end(connection).await? > 0 {}
            Ok::<(), SqlError>(())
        });
        let node = &order.session.node;
        match ended.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(again(format!("its session on {node} cannot be ended: {error}"))),
            Err(_) => Err(again(format!(
                "its session on {node} was told to end, and has not after {} ms",
                limit.as_millis()
            ))),
        }
    }

    async fn by_evidence(
        &self,
        order: &OrderInDoubt,
        connection: &mut Connection,
    ) -> Result<Resolution, ResolveError> {
        let node = &order.session.node;
        let now = facts_now(order, connection).await;
        let now =
            now.map_err(|error| again(format!("what is on {node} cannot be read: {error}")))?;
        match decide(&order.action, &order.sent.before, &now) {
            EvidenceVerdict::Ran(found) => {
                let mut finished = Finished::at(&order.seen(), found);
                // A promotion is told by the timeline that is there now.
                finished.timeline = now
                    .get("timeline")
                    .and_then(Option::as_deref)
                    .and_then(|text| text.parse().ok())
                    .or(finished.timeline);
                self.executed(order, finished, self.clock.now()).await
            }
            EvidenceVerdict::DidNotRun(found) => {
                self.void(order.id, found, VoidReason::ProvenUnrun).await
            }
            EvidenceVerdict::UnderWay(why) => Err(again(format!("{why}; ask again"))),
            EvidenceVerdict::CannotTell(why) => {
                Err(cannot_tell(format!("The session of the order has ended, and {why}.")))
            }
        }
    }

    /// Keeps the receipt of an order that is proven to have run.
    pub(super) async fn keep_receipt(
        &self,
        id: ActionId,
        receipt: Receipt,
        event: NewEvent,
    ) -> Result<Resolution, ResolveError> {
        let end = OrderEnd::Executed(receipt.clone());
        self.journal.end(id, end, vec![event]).await.map_err(Unobservable::from)?;
        self.observer.changed();
        Ok(Resolution::Executed(receipt))
    }

    async fn executed(
        &self,
        order: &OrderInDoubt,
        finished: Finished,
        at: Timestamp,
    ) -> Result<Resolution, ResolveError> {
        let OrderInDoubt { id, action, sent, .. } = order;
        let receipt = finished.receipt(*id, sent.action.clone(), sent.witness.clone(), at);
        self.keep_receipt(*id, receipt, finished.event(action, *id, at)).await
    }

    /// A backup that is there and whole is the proof; where there is none the id is void.
    async fn by_files(&self, order: &OrderInDoubt) -> Result<Resolution, ResolveError> {
        let found = self.copied(&order.action, order.id, &order.sent).await?;
        let Some((receipt, event)) = found else {
            let found = "There is no whole backup of it.".to_owned();
            return self.void(order.id, found, VoidReason::ProvenUnrun).await;
        };
        self.keep_receipt(order.id, receipt, event).await
    }

    async fn void(
        &self,
        id: ActionId,
        found: String,
        reason: VoidReason,
    ) -> Result<Resolution, ResolveError> {
        let result = format!("{found} This id is void in the journal, and never can run.");
        let tombstone = Tombstone { action_id: id, voided_at: self.clock.now(), result };
        let held = self.journal.void(tombstone, reason, Vec::new()).await;
        let held = held.map_err(Unobservable::from)?;
        match held.end {
            Some(OrderEnd::Voided(tombstone)) => {
                self.observer.changed();
                Ok(Resolution::Voided(tombstone))
            }
            Some(OrderEnd::Executed(receipt)) => Ok(Resolution::Executed(receipt)),
            Some(OrderEnd::Refused(_)) | None => {
                Err(again("an order of this id came meanwhile; ask again"))
            }
        }
    }
}

impl OrderInDoubt {
    /// What its session saw before it.
    fn seen(&self) -> StatementAnswer {
        StatementAnswer { violated: Vec::new(), facts: self.sent.before.clone(), result: None }
    }
}

/// What is on the node now, of what the order is told by.
async fn facts_now(
    order: &OrderInDoubt,
    connection: &mut Connection,
) -> Result<ServerFacts, SqlError> {
    let query = EvidenceQuery::of(&order.action, &order.sent.before);
    let params: Vec<_> = query.told.iter().map(|text| (text as _, Type::TEXT)).collect();
    let row = connection.query_one(&query.sql(), &params).await?;
    let unread = || SqlError::Lost { why: "the answer holds no facts".to_owned() };
    let json: String = row.try_get(0).map_err(|_| unread())?;
    let mut facts: ServerFacts = serde_json::from_str(&json).map_err(|_| unread())?;
    if matches!(order.action, Action::Promote { .. }) {
        let is = |value: &str| facts_are(&facts, "is_standby", value);
        let ongoing = if is("true") { Some(is_ongoing(connection).await?) } else { None };
        facts.insert("ongoing".to_owned(), ongoing.map(|ongoing| ongoing.to_string()));
        // It can have ended while it was asked for.
        let now = format!(
            "select jsonb_build_object('is_standby', pg_is_in_recovery()::text, \
             'timeline', ({TIMELINE})::text)::text"
        );
        let row = connection.query_one(&now, &[]).await?;
        let json: String = row.try_get(0).map_err(|_| unread())?;
        let later: BTreeMap<String, Option<String>> =
            serde_json::from_str(&json).map_err(|_| unread())?;
        facts.extend(later);
    }
    Ok(facts)
}

fn facts_are(facts: &ServerFacts, name: &str, value: &str) -> bool {
    facts.get(name).and_then(Option::as_deref) == Some(value)
}

/// Whether a standby is following an order to promote that it has taken.
async fn is_ongoing(connection: &mut Connection) -> Result<bool, SqlError> {
    match connection.query(PROMOTION_ASKED, &[]).await {
        Ok(_) => Ok(false),
        // A primary raises the same; whether it is one is looked at after.
        Err(SqlError::Refused { code, .. }) if code == PROMOTION_ONGOING => Ok(true),
        Err(error) => Err(error),
    }
}
