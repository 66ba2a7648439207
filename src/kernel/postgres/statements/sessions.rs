//! Sessions of clients. One is told from every other by the number of its process and when it began.

use super::roles::STOPPED;
use super::{BEGAN, ConfirmedNode, ErrorProof, GuardedStatement, StatementAct};
use crate::kernel::postgres::orders::refusal;
use crate::kernel::postgres::spec::PostgresInvariant as Rule;
use crate::kernel::postgres::spec::facts as key;
use crate::model::receipt::KernelRefusal;
use crate::model::text::PlaceName;

/// Ends every session of a stopped role, one after the other. One that cannot be ended keeps nobody from
/// looking at the others: who is left is looked at after.
pub(super) fn end_sessions(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
) -> Result<GuardedStatement, KernelRefusal> {
    let roles = of.names(on.names(key::STOPPED_LOGINS)?);
    of.fact("stopped", STOPPED);
    of.guard(
        Rule::LoginsStopped,
        format!("f.stopped @> {roles} and f.stopped <@ {roles} and cardinality(f.stopped) > 0"),
    );
    of.act = StatementAct::Call(format!(
        "(select coalesce(jsonb_agg(e.pid order by e.pid) filter (where e.ended), '[]')::text \
         from (select a.pid, pg_terminate_backend(a.pid, 2000) as ended \
               from pg_stat_activity a join pg_roles r on r.rolname = a.usename \
               where a.backend_type = 'client backend' and a.usename::text = any({roles}) \
               and not r.rolsuper and cardinality(v.violated) = 0) e)"
    ));
    // The error may be that of the second session, and the first one has ended.
    of.errors = ErrorProof::None;
    Ok(of)
}

/// The process and the beginning that a session is named by.
fn parts(session: &PlaceName) -> Result<(i64, i64), KernelRefusal> {
    let named = session.as_str().split_once('-');
    let parts = named.and_then(|(pid, began)| Some((pid.parse().ok()?, began.parse().ok()?)));
    parts.ok_or_else(|| {
        let sentence = format!("{session} names no process with the instant at which it began.");
        refusal(Rule::SessionKnown, sentence)
    })
}

fn on_session(
    mut of: GuardedStatement,
    session: &PlaceName,
    function: &str,
) -> Result<GuardedStatement, KernelRefusal> {
    let (pid, began) = parts(session)?;
    let (pid, began) = (of.number(pid), of.number(began));
    let it = format!("pid = {pid} and {BEGAN} = {began} and backend_type = 'client backend'");
    of.fact("sessions", format!("(select count(*) from pg_stat_activity where {it})"));
    of.fact(
        "of_superuser",
        format!(
            "(select r.rolsuper from pg_stat_activity a join pg_roles r on r.oid = a.usesysid \
             where {it})"
        ),
    );
    of.guard(Rule::SessionKnown, "f.sessions = 1");
    of.guard(Rule::SessionNotSuperuser, "not f.of_superuser");
    of.act = StatementAct::Call(format!(
        "(select {function}::text from pg_stat_activity where {it} \
         and cardinality(v.violated) = 0)"
    ));
    Ok(of)
}

/// Ends one session, and waits for that.
pub(super) fn terminate(
    of: GuardedStatement,
    session: &PlaceName,
) -> Result<GuardedStatement, KernelRefusal> {
    on_session(of, session, "pg_terminate_backend(pid, 2000)")
}

/// Tells one session to end its statement.
pub(super) fn cancel(
    of: GuardedStatement,
    session: &PlaceName,
) -> Result<GuardedStatement, KernelRefusal> {
    on_session(of, session, "pg_cancel_backend(pid)")
}
