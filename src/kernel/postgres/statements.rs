//! The statement of each order. It looks at what the order was confirmed against, and acts only where all
//! of that is so, in the same statement: between a look of its own and the act another session could change
//! what was seen (C7.1). Where the server allows no condition, the look comes right before, in the same
//! session, and what can change in between is said to be not checked.
//!
//! A guard that is not true is violated, whatever else it is: what cannot be read is no permission (C6.1).

mod confirmed;
mod roles;
mod sessions;
mod settings;
mod storage;

pub(super) use super::reader::TIMELINE;
pub(super) use confirmed::{ConfirmedNode, offset};
pub(super) use settings::{
    FORM, LOADED, SETTING, UpstreamForm, UpstreamPairs, WANTED, WRITTEN, digest,
};
pub(super) use storage::{CHECKPOINT_TIME, SEGMENT};

use super::command::PostgresAction as Action;
use super::connection::{Connection, Param, SqlError};
use super::spec::PostgresInvariant as Rule;
use crate::model::action::ActionId;
use crate::model::receipt::{KernelRefusal, LedgerRef};
use std::collections::BTreeMap;
use tokio_postgres::types::Type;

/// When the present processes of a server began: a crash ends this one too, and a reload does not. Written
/// as observations write it.
pub(super) const GENERATION: &str = "(select to_char(backend_start at time zone 'UTC', \
     'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from pg_stat_activity where backend_type = 'checkpointer')";
/// When a session began, in microseconds since 1970: with the number of its process, which session it is.
pub(super) const BEGAN: &str = "(extract(epoch from backend_start) * 1000000)::bigint";

/// A value beside a statement, never in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BoundValue {
    Text(String),
    NoText,
    Names(Vec<String>),
    Number(i64),
}

impl BoundValue {
    fn param(&self) -> Param<'_> {
        const NO_TEXT: Option<&str> = None;
        match self {
            Self::Text(text) => (text, Type::TEXT),
            Self::NoText => (&NO_TEXT, Type::TEXT),
            Self::Names(names) => (names, Type::TEXT_ARRAY),
            Self::Number(number) => (number, Type::INT8),
        }
    }
}

/// What an order does, once nothing speaks against it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum StatementAct {
    /// An expression of the type text; it is evaluated only where no guard is violated.
    Call(String),
    /// Rows that are written only where no guard is violated: parts of the statement, and a text of them.
    Rows { parts: Vec<String>, result: String },
    /// A text of its own, which can carry no condition.
    Alone(String),
}

/// Whether an error of the server proves that nothing ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorProof {
    /// The transaction held everything that it would have done.
    RolledBack,
    /// It does, where its kind is one that comes before any effect.
    BeforeEffect,
    /// It proves nothing: a part may have run.
    None,
}

/// One statement with its guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GuardedStatement {
    bound: Vec<BoundValue>,
    facts: Vec<(&'static str, String)>,
    guards: Vec<(Rule, String)>,
    act: StatementAct,
    /// What is kept with the order, beside what was seen.
    kept: BTreeMap<String, Option<String>>,
    /// What is set in the session before, which no observation shows.
    prepare: Option<String>,
    errors: ErrorProof,
}

/// What a statement answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatementAnswer {
    /// The invariants that did not hold. Where there is one, nothing was done.
    pub(super) violated: Vec<Rule>,
    /// What it saw, by name, in the words of the server.
    pub(super) facts: BTreeMap<String, Option<String>>,
    /// What the act gave; `None` where it gave nothing, or nothing was done.
    pub(super) result: Option<String>,
}

/// What stands behind every order, beside what it is about.
pub(super) struct OrderPlace<'a> {
    /// The id of the action.
    pub(super) id: ActionId,
    /// The record behind it.
    pub(super) witness: &'a LedgerRef,
    /// The number of the process of the session, and when it began.
    pub(super) session: (i64, i64),
    /// The roles of this control plane.
    pub(super) own_roles: [&'a str; 2],
}

impl GuardedStatement {
    /// A statement that does nothing yet, with the guards that every one has.
    fn new(on: &ConfirmedNode<'_>, place: &OrderPlace<'_>) -> Result<Self, KernelRefusal> {
        let mut made = Self {
            bound: Vec::new(),
            facts: Vec::new(),
            guards: Vec::new(),
            act: StatementAct::Call("null::text".to_owned()),
            kept: BTreeMap::new(),
            prepare: None,
            errors: ErrorProof::BeforeEffect,
        };
        let system = made.text(on.system()?);
        let generation = made.text(on.generation()?);
        let timeline = made.number(i64::try_from(on.timeline()?).unwrap_or(i64::MAX));
        let (pid, began) = place.session;
        let (pid, began) = (made.number(pid), made.number(began));
        let own = format!("(select {BEGAN} from pg_stat_activity where pid = pg_backend_pid())");
        made.fact("system", "(select system_identifier::text from pg_control_system())");
        made.fact("generation", GENERATION);
        made.fact("timeline", TIMELINE);
        made.fact("is_standby", "pg_is_in_recovery()");
        made.fact("pid", "pg_backend_pid()");
        made.fact("began", own);
        made.fact(
            "lsn",
            "case when pg_is_in_recovery() then pg_last_wal_replay_lsn() \
             else pg_current_wal_insert_lsn() end",
        );
        made.guard(Rule::SameCluster, format!("f.system = {system}"));
        made.guard(Rule::NotRestarted, format!("f.generation = {generation}"));
        made.guard(Rule::DirectlyConnected, format!("f.pid = {pid} and f.began = {began}"));
        made.guard(Rule::WithinStatement, format!("f.timeline = {timeline}"));
        Ok(made)
    }

    fn bind(&mut self, value: BoundValue) -> String {
        self.bound.push(value);
        format!("${}", self.bound.len())
    }

    fn text(&mut self, text: impl Into<String>) -> String {
        self.bind(BoundValue::Text(text.into()))
    }

    fn text_or_none(&mut self, text: Option<String>) -> String {
        self.bind(text.map_or(BoundValue::NoText, BoundValue::Text))
    }

    fn names(&mut self, names: Vec<String>) -> String {
        self.bind(BoundValue::Names(names))
    }

    fn number(&mut self, number: i64) -> String {
        self.bind(BoundValue::Number(number))
    }

    /// Adds something to look at; guards name it `f.name`.
    fn fact(&mut self, name: &'static str, expression: impl Into<String>) {
        self.facts.push((name, expression.into()));
    }

    /// Adds a condition. One that gives NULL is violated.
    fn guard(&mut self, rule: Rule, condition: impl Into<String>) {
        self.guards.push((rule, condition.into()));
    }

    fn keep(&mut self, name: &str, value: Option<&str>) {
        self.kept.insert(name.to_owned(), value.map(str::to_owned));
    }

    fn is_primary(&mut self, rule: Rule) {
        self.guard(rule, "not f.is_standby");
    }

    fn is_standby(&mut self) {
        self.guard(Rule::IsStandby, "f.is_standby");
    }

    /// Says that the order leaves a row with its receipt, in the transaction of what it does. `parts` are
    /// what else it writes, and `detail` is kept with the receipt.
    fn writes(&mut self, place: &OrderPlace<'_>, kind: &str, detail: &str, parts: &[String]) {
        let id = self.text(place.id.to_string());
        let kind = self.text(kind);
        let (seq, hash) = self.witness(place.witness);
        let receipt = format!(
            "receipt as (insert into cp.receipt (op_id, kind, seq, hash, result) \
             select {id}::uuid, {kind}, {seq}, {hash}, {detail} from v \
             where cardinality(v.violated) = 0 returning result)"
        );
        let mut all = parts.to_vec();
        all.push(receipt);
        let result = "(select result::text from receipt)".to_owned();
        self.act = StatementAct::Rows { parts: all, result };
        self.errors = ErrorProof::RolledBack;
    }

    fn witness(&mut self, witness: &LedgerRef) -> (String, String) {
        let seq = self.number(i64::try_from(witness.seq).unwrap_or(i64::MAX));
        let hash = self.text(witness.hash.to_string());
        (seq, hash)
    }

    fn head(&self) -> String {
        let facts: Vec<_> =
            self.facts.iter().map(|(name, of)| format!("({of}) as {name}")).collect();
        let guards: Vec<_> = self
            .guards
            .iter()
            .map(|(rule, holds)| {
                format!("case when ({holds}) is not true then '{}' end", rule.id().word())
            })
            .collect();
        format!(
            "with f as materialized (select {}), v as materialized (select f.*, \
             array_remove(array[{}]::text[], null) as violated from f)",
            facts.join(", "),
            guards.join(", ")
        )
    }

    /// What was seen, as one JSON object of texts.
    fn seen(&self) -> String {
        let pairs: Vec<_> =
            self.facts.iter().map(|(name, _)| format!("'{name}', v.{name}::text")).collect();
        format!("jsonb_build_object({})::text", pairs.join(", "))
    }

    /// The text that looks and does nothing.
    fn look_sql(&self) -> String {
        format!("{} select v.violated, {}, null::text from v", self.head(), self.seen())
    }

    /// The text that acts where nothing is violated; `None` where the act can carry no condition.
    fn act_sql(&self) -> Option<String> {
        let (head, seen) = (self.head(), self.seen());
        match &self.act {
            StatementAct::Call(act) => Some(format!(
                "{head} select v.violated, {seen}, \
                 case when cardinality(v.violated) = 0 then {act} end from v"
            )),
            StatementAct::Rows { parts, result } => Some(format!(
                "{head}, {} select v.violated, {seen}, {result} from v",
                parts.join(", ")
            )),
            StatementAct::Alone(_) => None,
        }
    }

    /// Whether the statement that acts looks first.
    pub(super) fn carries_guards(&self) -> bool {
        !matches!(self.act, StatementAct::Alone(_))
    }

    /// Whether an error of the server proves that nothing ran.
    pub(super) fn errors(&self) -> ErrorProof {
        self.errors
    }

    /// What is kept with the order, beside what was seen.
    pub(super) fn kept(&self) -> &BTreeMap<String, Option<String>> {
        &self.kept
    }

    /// Looks, and does nothing.
    pub(super) async fn look(&self, session: &mut Connection) -> Result<StatementAnswer, SqlError> {
        self.ask(session, &self.look_sql()).await
    }

    /// Does it, where nothing is violated. This is the one statement of the order.
    pub(super) async fn act(&self, session: &mut Connection) -> Result<StatementAnswer, SqlError> {
        match (self.act_sql(), &self.act) {
            (Some(sql), _) => self.ask(session, &sql).await,
            (None, StatementAct::Alone(text)) => {
                session.batch(text).await?;
                let facts = BTreeMap::new();
                Ok(StatementAnswer { violated: Vec::new(), facts, result: None })
            }
            (None, StatementAct::Call(_) | StatementAct::Rows { .. }) => {
                Err(SqlError::Lost { why: "nothing was sent".to_owned() })
            }
        }
    }

    /// Sets what the statement needs in its session. It changes nothing that an observation shows.
    pub(super) async fn prepare(&self, session: &mut Connection) -> Result<(), SqlError> {
        match &self.prepare {
            Some(text) => session.batch(text).await.map(drop),
            None => Ok(()),
        }
    }

    async fn ask(&self, session: &mut Connection, sql: &str) -> Result<StatementAnswer, SqlError> {
        let params: Vec<Param<'_>> = self.bound.iter().map(BoundValue::param).collect();
        let row = session.query_one(sql, &params).await?;
        let unreadable = |what: &str| SqlError::Lost { why: format!("the answer has no {what}") };
        let violated: Vec<String> = row.try_get(0).map_err(|_| unreadable("list of rules"))?;
        let seen: String = row.try_get(1).map_err(|_| unreadable("facts"))?;
        let facts = serde_json::from_str(&seen).map_err(|_| unreadable("facts that read"))?;
        let result = row.try_get(2).map_err(|_| unreadable("result"))?;
        let rule = |word: &String| {
            let found =
                self.guards.iter().map(|(rule, _)| *rule).find(|rule| rule.id().word() == word);
            found.ok_or_else(|| unreadable("rule of its own"))
        };
        let violated = violated.iter().map(rule).collect::<Result<_, _>>()?;
        Ok(StatementAnswer { violated, facts, result })
    }
}

/// What an order does at its node.
pub(super) enum OrderPlan {
    /// One statement.
    Statement(Box<GuardedStatement>),
    /// A copy of the node over the replication protocol, after the look of this statement.
    Copy(Box<GuardedStatement>),
}

/// The statement of an order.
///
/// # Errors
/// When what it needs was unknown in what was confirmed: nothing is sent.
pub(super) fn plan(
    action: &Action,
    on: &ConfirmedNode<'_>,
    place: &OrderPlace<'_>,
    form: Option<&UpstreamForm>,
) -> Result<OrderPlan, KernelRefusal> {
    let of = GuardedStatement::new(on, place)?;
    let statement = match action {
        Action::Promote { .. } => roles::promote(of, on)?,
        Action::StopLogins { .. } => roles::stop_logins(of, on, place)?,
        Action::ResumeLogins { .. } => roles::resume_logins(of, on, place)?,
        Action::MarkBarrier { .. } => roles::mark_barrier(of, on, place)?,
        Action::MarkBranch { .. } => roles::mark_branch(of, place),
        Action::EndSessions { .. } => sessions::end_sessions(of, on)?,
        Action::TerminateSession { session, .. } => sessions::terminate(of, session)?,
        Action::CancelQuery { session, .. } => sessions::cancel(of, session)?,
        Action::DeclareSyncContract { .. } => settings::declare_contract(of, on, place)?,
        Action::WithdrawSyncContract { .. } => settings::withdraw_contract(of, on, place)?,
        Action::WriteSyncStandbys { rule, .. } => settings::write_rule(of, on, rule)?,
        Action::WriteUpstream { node, upstream } => {
            settings::write_upstream(of, node, upstream, form)?
        }
        Action::WriteSetting { setting, value, .. } => settings::write_other(of, setting, value)?,
        Action::Reload { .. } => settings::reload(of, on)?,
        Action::PauseReplay { .. } => storage::pause_replay(of),
        Action::ResumeReplay { .. } => storage::resume_replay(of),
        Action::CreateSlot { slot, .. } => storage::create_slot(of, slot),
        Action::DropSlot { slot, .. } => storage::drop_slot(of, on, slot)?,
        Action::Checkpoint { .. } => storage::checkpoint(of),
        Action::SwitchWal { .. } => storage::switch_wal(of, on)?,
        Action::CreateRestorePoint { name, .. } => storage::restore_point(of, name, place),
        Action::CreateBackup { .. } | Action::VerifyNode { .. } => {
            return Ok(OrderPlan::Copy(Box::new(of)));
        }
    };
    Ok(OrderPlan::Statement(Box::new(statement)))
}

#[cfg(test)]
mod tests;
