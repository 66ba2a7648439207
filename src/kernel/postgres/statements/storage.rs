//! Replay, slots, and places in the WAL.

use super::roles::DETAIL;
use super::{ConfirmedNode, GuardedStatement, OrderPlace, StatementAct};
use crate::kernel::postgres::spec::PostgresInvariant as Rule;
use crate::kernel::postgres::spec::facts as key;
use crate::model::receipt::KernelRefusal;
use crate::model::text::PlaceName;

/// Whether replay goes on; the function raises on a primary.
const REPLAY: &str = "case when pg_is_in_recovery() then pg_get_wal_replay_pause_state() end";

fn replay(
    mut of: GuardedStatement,
    rule: Rule,
    condition: &str,
    function: &str,
) -> GuardedStatement {
    of.fact("replay", REPLAY);
    of.is_standby();
    of.guard(rule, condition);
    of.act = StatementAct::Call(format!(
        "(select 'done' from {function}() where cardinality(v.violated) = 0)"
    ));
    of
}

/// Stops replay.
pub(super) fn pause_replay(of: GuardedStatement) -> GuardedStatement {
    replay(of, Rule::ReplayGoesOn, "f.replay = 'not paused'", "pg_wal_replay_pause")
}

/// Lets replay go on.
pub(super) fn resume_replay(of: GuardedStatement) -> GuardedStatement {
    let paused = "f.replay in ('paused', 'pause requested')";
    replay(of, Rule::ReplayPaused, paused, "pg_wal_replay_resume")
}

/// Makes a slot that keeps WAL from now on.
pub(super) fn create_slot(mut of: GuardedStatement, slot: &PlaceName) -> GuardedStatement {
    let slot = of.text(slot.as_str());
    of.fact("slots", "(select count(*) from pg_replication_slots)");
    of.fact("room", "current_setting('max_replication_slots')::int");
    of.fact(
        "named",
        format!("(select count(*) from pg_replication_slots where slot_name = {slot})"),
    );
    of.guard(Rule::SlotNameFree, "f.named = 0");
    of.guard(Rule::SlotRoom, "f.slots < f.room");
    of.act = StatementAct::Call(format!(
        "(select slot_name::text from pg_create_physical_replication_slot({slot}::name, true) \
         where cardinality(v.violated) = 0)"
    ));
    of
}

/// Removes a slot that nobody reads from, and that is where it was.
pub(super) fn drop_slot(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
    slot: &PlaceName,
) -> Result<GuardedStatement, KernelRefusal> {
    let restart = of.text_or_none(on.slot_restart(slot.as_str())?);
    let slot = of.text(slot.as_str());
    let at = format!("restart_lsn is not distinct from {restart}::pg_lsn");
    let count = |also: &str| {
        format!("(select count(*) from pg_replication_slots where slot_name = {slot} and {also})")
    };
    of.fact("named", count("true"));
    of.fact("inactive", count("not active"));
    of.fact("unmoved", count(&at));
    of.guard(Rule::SlotKnown, "f.named = 1");
    of.guard(Rule::SlotInactive, "f.inactive = 1");
    of.guard(Rule::WithinStatement, "f.unmoved = 1");
    of.act = StatementAct::Call(format!(
        "(select case when pg_drop_replication_slot(slot_name) is null then 'done' else 'done' end \
         from pg_replication_slots where slot_name = {slot} and not active and {at} \
         and cardinality(v.violated) = 0)"
    ));
    Ok(of)
}

/// Writes everything out.
pub(super) fn checkpoint(mut of: GuardedStatement) -> GuardedStatement {
    of.fact("checkpoint", "(select checkpoint_lsn from pg_control_checkpoint())");
    of.fact("checkpoint_time", CHECKPOINT_TIME);
    of.act = StatementAct::Alone("checkpoint".to_owned());
    of
}

/// When the last checkpoint began, in seconds since 1970: that is as exact as the server keeps it.
pub(in crate::kernel::postgres) const CHECKPOINT_TIME: &str =
    "(select extract(epoch from checkpoint_time)::bigint from pg_control_checkpoint())";

/// Begins a new segment, where the one that is written is the one that was seen.
pub(super) fn switch_wal(
    mut of: GuardedStatement,
    on: &ConfirmedNode<'_>,
) -> Result<GuardedStatement, KernelRefusal> {
    let segment = of.text(on.text(key::SEGMENT)?);
    of.fact("segment", SEGMENT);
    of.is_primary(Rule::OnePrimary);
    of.guard(Rule::WithinStatement, format!("f.segment = {segment}"));
    of.act = StatementAct::Call("pg_switch_wal()::text".to_owned());
    Ok(of)
}

/// The segment that is written.
pub(in crate::kernel::postgres) const SEGMENT: &str =
    "case when not pg_is_in_recovery() then pg_walfile_name(pg_current_wal_insert_lsn()) end";

/// Names a place in the WAL. The name ends with the first digits of the action, because the server takes
/// a name twice, and a restore ends at the first one.
pub(super) fn restore_point(
    mut of: GuardedStatement,
    name: &PlaceName,
    place: &OrderPlace<'_>,
) -> GuardedStatement {
    let name = of.text(format!("{name}-{}", place.id.short()));
    of.is_primary(Rule::OnePrimary);
    let point = format!(
        "point as materialized (select pg_create_restore_point({name}) as lsn from v \
         where cardinality(v.violated) = 0)"
    );
    let detail = format!("{DETAIL} || (select jsonb_build_object('point', lsn::text) from point)");
    of.writes(place, "create_restore_point", &detail, &[point]);
    of
}
