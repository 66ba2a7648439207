//! What the kernel requires of a state before it acts, as a pure function of one observation and of what was
//! attested.
//!
//! Every pre-condition is looked at, also after one has failed, and what cannot be read is unknown, never
//! assumed (C6.1). The order that runs looks at the same things again in its own session.

pub mod judged;
mod logins;
mod replication;
pub(super) mod settings;
mod storage;
pub(super) mod subject;

use super::command::PostgresAction as Order;
use super::spec::SPEC;
use super::view::PostgresView;
use super::{predict, promotion};
use crate::kernel::Judge;
use crate::kernel::postgres::spec::PostgresInvariant as Rule;
use crate::model::attestation::{Attested, Request};
use crate::model::cluster::ClusterState;
use crate::model::explanation::{Check, Checks, Verdict};
use subject::OrderNode;

/// The promises that the kernel keeps while it executes, whatever the order.
const RELIES_ON: [Rule; 3] = [Rule::WithinStatement, Rule::OneSession, Rule::ReceiptKept];

/// The checks, effects and limits of a request in a state. Pure: equal arguments give equal answers (C5.1).
#[must_use]
pub fn checks(state: &ClusterState, request: &Request) -> Checks {
    match Order::try_from(&request.action) {
        Ok(order) => of_order(PostgresView::of(state), &order, &request.attested),
        Err(error) => Checks::not_known(&error),
    }
}

/// [`checks`] of many requests in one state.
#[must_use]
pub fn judge(state: &ClusterState) -> Judge<'_> {
    Box::new(move |request| checks(state, request))
}

fn of_order(view: PostgresView<'_>, order: &Order, attested: &Attested) -> Checks {
    let checks = conditions(view, order, attested);
    let runs = Verdict::of(&checks) == Verdict::Pass;
    // What does not run changes nothing.
    let effects = if runs { predict::effects(view, order) } else { Vec::new() };
    let consequences = if runs { predict::consequences(view, order) } else { Vec::new() };
    let entry = SPEC.actions.iter().find(|entry| entry.kind.word() == order.word());
    let not_checked = entry.map_or(&[][..], |entry| entry.not_checked);
    Checks {
        checks,
        effects,
        consequences,
        not_checked: not_checked.iter().map(|&sentence| sentence.to_owned()).collect(),
        relies_on: RELIES_ON.iter().map(|rule| rule.id()).collect(),
        engine_command: predict::engine_command(view, order),
    }
}

/// Every pre-condition of an order, in the order of the catalogue.
fn conditions(view: PostgresView<'_>, order: &Order, attested: &Attested) -> Vec<Check> {
    let on = OrderNode::of(view, order.node());
    let mut checks = on.everywhere();
    checks.extend(match order {
        Order::Promote { .. } => promotion::checks(view, on, attested),
        Order::StopLogins { .. } => vec![on.is_primary(), on.roles_as_confirmed()],
        Order::ResumeLogins { .. } => vec![on.one_primary(), on.some_logins_stopped()],
        Order::EndSessions { .. } => vec![on.all_logins_stopped()],
        Order::MarkBarrier { .. } => vec![
            on.one_primary(),
            on.all_logins_stopped(),
            on.sessions_ended(),
            on.nothing_prepared(),
        ],
        Order::MarkBranch { .. } => vec![on.one_primary(), on.branch_unnamed()],
        Order::DeclareSyncContract { .. } => {
            vec![on.one_primary(), on.sync_set_satisfied(), on.contract_joint()]
        }
        Order::WithdrawSyncContract { .. } => {
            vec![on.one_primary(), on.rule_as_contract()]
        }
        Order::WriteSyncStandbys { rule, .. } => {
            vec![settings::rule_parses(rule), on.rule_can_be_met(rule), on.named_stream(rule)]
        }
        Order::Reload { .. } => vec![
            on.nothing_else_pending(),
            on.settings_readable(),
            on.contract_kept(),
            on.named_stream_after_reload(),
        ],
        Order::WriteUpstream { upstream, .. } => vec![
            on.conninfo_without_secret(),
            on.upstream_configured(upstream),
            on.no_cycle(upstream),
        ],
        Order::WriteSetting { setting, value, .. } => {
            vec![settings::setting_allowed(setting, value)]
        }
        Order::PauseReplay { .. } => {
            vec![on.is_standby(), on.replay_goes_on(), on.not_waited_for()]
        }
        Order::ResumeReplay { .. } => vec![on.is_standby(), on.replay_paused()],
        Order::CreateSlot { slot, .. } => vec![on.slot_name_free(slot), on.slot_room()],
        Order::DropSlot { slot, .. } => {
            vec![on.slot_known(slot), on.slot_inactive(slot), on.slot_unneeded(slot)]
        }
        Order::TerminateSession { session, .. } | Order::CancelQuery { session, .. } => {
            vec![on.session_known(session), on.session_not_superuser(session)]
        }
        Order::Checkpoint { .. } => Vec::new(),
        Order::SwitchWal { .. } | Order::CreateRestorePoint { .. } => vec![on.one_primary()],
        Order::CreateBackup { name, .. } => vec![
            on.sender_free(),
            on.no_tablespaces(),
            on.backup_name_free(name),
            on.room_for_backup(),
        ],
        Order::VerifyNode { .. } => vec![on.sender_free(), on.checksums_on()],
    });
    checks
}

#[cfg(test)]
mod tests;
