//! Who is primary, and who may write.

use super::{ConfirmedNode, ErrorProof, GuardedStatement, OrderPlace, StatementAct};
use crate::kernel::postgres::spec::PostgresInvariant as Rule;
use crate::kernel::postgres::spec::facts as key;
use crate::model::receipt::KernelRefusal;

/// The application roles that can log in.
const LOGINS: &str = "(select coalesce(array_agg(a.role::text), '{}') from cp.fenceable a \
     join pg_roles r on r.rolname = a.role where r.rolcanlogin)";
/// The roles whose login is stopped.
pub(super) const STOPPED: &str =
    "(select coalesce(array_agg(role::text), '{}') from cp.stopped_login)";
/// What is no client and writes nothing for one. A kind of process that is not in this list may write.
const SERVER_PROCESSES: &str = "'archiver', 'autovacuum launcher', 'autovacuum worker', \
     'background writer', 'checkpointer', 'io worker', 'logger', 'logical replication launcher', \
     'slotsync worker', 'startup', 'walreceiver', 'walsender', 'walsummarizer', 'walwriter'";

/// Ends recovery. The signal is all that the statement gives; whether it was followed is looked at after.
pub(super) fn promote(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
) -> Result<GuardedStatement, KernelRefusal> {
    let least = of.text(on.lsn(key::FLUSHED)?);
    of.fact("held", "greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())");
    of.fact("receivers", "(select count(*) from pg_stat_wal_receiver)");
    of.is_standby();
    of.guard(Rule::NotReceiving, "f.receivers = 0");
    of.guard(Rule::CommitsKept, format!("f.held >= {least}::pg_lsn"));
    if let Ok(Some(barrier)) = on.text_or_none(key::NODE_BARRIER) {
        let barrier = of.text(barrier);
        let there = format!("exists (select from cp.receipt where op_id = {barrier}::uuid)");
        of.guard(Rule::CommitsKept, there);
    }
    if let Ok(None) = on.text_or_none(key::UPSTREAM) {
        // One that was detached stays so: nothing that arrives after the look is promoted over.
        of.guard(Rule::NotReceiving, "current_setting('primary_conninfo') = ''");
    }
    of.act = StatementAct::Call("pg_promote(false)::text".to_owned());
    Ok(of)
}

/// The confirmed roles, no other, and at least one.
fn exactly(of: &mut GuardedStatement, rule: Rule, fact: &str, roles: Vec<String>) -> String {
    let roles = of.names(roles);
    of.guard(rule, format!("{fact} @> {roles} and {fact} <@ {roles} and cardinality({fact}) > 0"));
    roles
}

fn by_function(
    of: &mut GuardedStatement,
    place: &OrderPlace<'_>,
    function: &'static str,
    roles: &str,
) {
    let id = of.text(place.id.to_string());
    let (seq, hash) = of.witness(place.witness);
    // In the list of what is read from, so that the condition is looked at before it is called.
    of.act = StatementAct::Call(format!(
        "(select 'done' from cp.{function}({id}::uuid, {roles}::text[], {seq}, {hash}) \
         where cardinality(v.violated) = 0)"
    ));
    of.errors = ErrorProof::RolledBack;
}

/// Stops the logins of exactly the roles that were confirmed.
pub(super) fn stop_logins(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
    place: &OrderPlace<'_>,
) -> Result<GuardedStatement, KernelRefusal> {
    of.fact("logins", LOGINS);
    of.is_primary(Rule::IsPrimary);
    let roles = exactly(&mut of, Rule::RolesAsConfirmed, "f.logins", on.names(key::LOGIN_ROLES)?);
    by_function(&mut of, place, "stop_logins", &roles);
    Ok(of)
}

/// Resumes the logins of exactly the roles that were stopped.
pub(super) fn resume_logins(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
    place: &OrderPlace<'_>,
) -> Result<GuardedStatement, KernelRefusal> {
    of.fact("stopped", STOPPED);
    of.is_primary(Rule::OnePrimary);
    let roles = exactly(&mut of, Rule::LoginsStopped, "f.stopped", on.names(key::STOPPED_LOGINS)?);
    by_function(&mut of, place, "resume_logins", &roles);
    Ok(of)
}

/// Writes the row after the last write of any client.
pub(super) fn mark_barrier(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
    place: &OrderPlace<'_>,
) -> Result<GuardedStatement, KernelRefusal> {
    let own = of.names(place.own_roles.map(str::to_owned).to_vec());
    of.fact("stopped", STOPPED);
    of.fact("logins", LOGINS);
    of.fact(
        "others",
        format!(
            "(select count(*) from pg_stat_activity where pid <> pg_backend_pid() \
             and coalesce(backend_type, '') not in ({SERVER_PROCESSES}) \
             and not (coalesce(backend_type = 'client backend', false) \
                      and coalesce(application_name, '') like 'aerodb-control/%' \
                      and coalesce(usename::text = any({own}), false)))"
        ),
    );
    of.fact("prepared", "(select count(*) from pg_prepared_xacts)");
    of.is_primary(Rule::OnePrimary);
    exactly(&mut of, Rule::LoginsStopped, "f.stopped", on.names(key::STOPPED_LOGINS)?);
    of.guard(Rule::LoginsStopped, "cardinality(f.logins) = 0");
    of.guard(Rule::SessionsEnded, "f.others = 0");
    of.guard(Rule::NothingPrepared, "f.prepared = 0");
    of.writes(place, "mark_barrier", DETAIL, &[]);
    Ok(of)
}

/// Names the branch after the action.
pub(super) fn mark_branch(mut of: GuardedStatement, place: &OrderPlace<'_>) -> GuardedStatement {
    of.fact(
        "names",
        format!("(select count(*) from cp.branch where timeline = ({}))", super::TIMELINE),
    );
    of.is_primary(Rule::OnePrimary);
    of.guard(Rule::BranchUnnamed, "f.names = 0");
    let id = of.text(place.id.to_string());
    let branch = format!(
        "branch as (insert into cp.branch (timeline, id, op_id) \
         select v.timeline, {id}::uuid, {id}::uuid from v where cardinality(v.violated) = 0 \
         returning timeline)"
    );
    of.writes(place, "mark_branch", DETAIL, &[branch]);
    of
}

/// What is kept with a receipt: where the log ended as it was written, and on which timeline.
pub(super) const DETAIL: &str = "jsonb_build_object('timeline', v.timeline, 'lsn', v.lsn::text)";
