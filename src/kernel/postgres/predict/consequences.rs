//! What follows and is no fact of an observation, and what the server is told.

use super::{SYNC_SETTING, UPSTREAM_SETTING};
use crate::kernel::postgres::command::PostgresAction as Order;
use crate::kernel::postgres::spec::{DEFAULT_VALUE, NONE_WORD, facts as key};
use crate::kernel::postgres::view::{PAUSED, PostgresView, ServerView};
use crate::model::facts::{Fact, Value};
use crate::model::text::in_binary_units;

/// What follows from an order whose checks pass, as sentences.
pub(in crate::kernel::postgres) fn consequences(
    view: PostgresView<'_>,
    order: &Order,
) -> Vec<String> {
    let node = order.node();
    let Some(server) = view.node(node) else { return Vec::new() };
    match order {
        Order::Promote { .. } => after_promotion(server),
        Order::StopLogins { .. } => {
            let open = server.node.facts.number(key::SESSIONS_COUNT);
            vec![format!("Sessions that are open stay open: {}.", open.word(u64::to_string))]
        }
        Order::EndSessions { .. } => {
            let open = server.node.facts.number(key::SESSIONS_OF_STOPPED);
            vec![format!("Sessions of stopped roles that end: {}.", open.word(u64::to_string))]
        }
        Order::MarkBarrier { .. } => vec![
            "A standby that holds the row has every write before it. It proves nothing once logins are resumed."
                .to_owned(),
        ],
        Order::DeclareSyncContract { .. } => vec![
            "Where too few standbys of the rule are left, the contract can be neither kept nor withdrawn, and commits wait."
                .to_owned(),
        ],
        Order::WriteSyncStandbys { .. }
        | Order::WriteUpstream { .. }
        | Order::WriteSetting { .. } => {
            vec![format!("It is in force after a reload of {node}, which is another action.")]
        }
        Order::Reload { .. } => after_reload(server),
        Order::PauseReplay { .. } => vec![format!("Queries on {node} read what it has replayed until then.")],
        Order::CreateSlot { slot, .. } => {
            vec![format!("{node} keeps all WAL from now on until somebody reads from {slot}.")]
        }
        Order::DropSlot { slot, .. } => after_drop(server, slot.as_str()),
        Order::TerminateSession { .. } | Order::CancelQuery { .. } => vec![
            "What ran is rolled back, unless it waited for a standby: then its commit stays, and is local only."
                .to_owned(),
        ],
        Order::Checkpoint { .. } => vec![format!("{node} writes out everything that changed since its last checkpoint.")],
        Order::SwitchWal { .. } => {
            vec!["The rest of the segment is filled up. Where nothing was written to it, nothing happens.".to_owned()]
        }
        Order::CreateBackup { .. } | Order::VerifyNode { .. } => vec![
            "Clients are served meanwhile, and other actions wait. One WAL sender is taken.".to_owned(),
        ],
        Order::ResumeLogins { .. }
        | Order::MarkBranch { .. }
        | Order::WithdrawSyncContract { .. }
        | Order::ResumeReplay { .. }
        | Order::CreateRestorePoint { .. } => Vec::new(),
    }
}

fn after_promotion(server: ServerView<'_>) -> Vec<String> {
    let id = server.id();
    let mut said = vec![
        format!("What follows the old timeline has to follow {id}, or be rewound or made anew."),
        "Logical slots of the old primary are on it only where the server kept them in step: what reads them has to be set up anew."
            .to_owned(),
    ];
    let logical = |fact: Fact<String>| fact.known().is_some_and(|kind| kind == "logical");
    let slots = server.items(key::SLOT);
    let slots: Vec<&str> = slots
        .filter(|item| logical(item.facts.text(key::SLOT_TYPE)))
        .map(|item| item.name.as_str())
        .collect();
    if !slots.is_empty() {
        said.push(format!("Logical slots of {id}: {}.", slots.join(", ")));
    }
    if server.text_or_none(key::REPLAY).known() == Some(&Some(PAUSED.to_owned())) {
        said.push(
            "Its replay is paused: the promotion ends the pause, and replays all it has."
                .to_owned(),
        );
    }
    if let Fact::Known(Some(rule)) = server.text_or_none(key::SYNC_RULE) {
        said.push(format!(
            "The sync rule of {id} is in force at once: {rule}. Commits wait for it."
        ));
    }
    said
}

fn after_reload(server: ServerView<'_>) -> Vec<String> {
    let pending = server.names(key::PENDING);
    let shown = |name: &&String| [SYNC_SETTING, UPSTREAM_SETTING].contains(&name.as_str());
    let others: Vec<&str> = pending
        .known()
        .into_iter()
        .flatten()
        .filter(|name| !shown(name))
        .map(String::as_str)
        .collect();
    let mut said = Vec::new();
    if !others.is_empty() {
        said.push(format!(
            "In force as the files say, without being shown here: {}.",
            others.join(", ")
        ));
    }
    let waiting = server.node.facts.number(key::SYNC_WAITERS);
    if waiting.known().is_some_and(|count| *count > 0) {
        said.push(format!(
            "Commits that wait for a standby now: {}. Those that the new rule does not hold are acknowledged.",
            waiting.word(u64::to_string)
        ));
    }
    said
}

fn after_drop(server: ServerView<'_>, slot: &str) -> Vec<String> {
    let Some(item) = server.item(key::SLOT, slot) else { return Vec::new() };
    let retained = match item.facts.get(key::RETAINED) {
        Some(Fact::Known(Value::Number(bytes))) => in_binary_units(*bytes),
        Some(Fact::Known(Value::None)) => "nothing".to_owned(),
        _ => "an unknown amount".to_owned(),
    };
    let mut said =
        vec![format!("WAL that the slot keeps: {retained}. It goes with the next checkpoint.")];
    if item.facts.text(key::SLOT_TYPE).known().is_some_and(|kind| kind == "logical") {
        said.push("The slot is logical: its subscriber has to be set up anew.".to_owned());
    }
    said
}

/// What the server is told, in its own words.
pub(in crate::kernel::postgres) fn engine_command(view: PostgresView<'_>, order: &Order) -> String {
    let node = order.node();
    let roles = |key| {
        let names = view.node(node).map(|server| server.names(key));
        names.map_or("unknown".to_owned(), |names| names.word(|names| names.join(", ")))
    };
    let told = match order {
        Order::Promote { .. } => "select pg_promote(false), where every guard holds".to_owned(),
        Order::StopLogins { .. } => format!("alter role .. nologin: {}", roles(key::LOGIN_ROLES)),
        Order::ResumeLogins { .. } => {
            format!("alter role .. login: {}", roles(key::STOPPED_LOGINS))
        }
        Order::EndSessions { .. } => {
            format!("pg_terminate_backend: each session of {}", roles(key::STOPPED_LOGINS))
        }
        Order::MarkBarrier { .. } => {
            "insert into cp.receipt, where nobody else is connected".to_owned()
        }
        Order::MarkBranch { .. } => "insert into cp.branch".to_owned(),
        Order::DeclareSyncContract { .. } => {
            "insert into cp.contract, with synchronous_commit on".to_owned()
        }
        Order::WithdrawSyncContract { .. } => {
            "update cp.contract set ended_by, with synchronous_commit on where the rule is met and local \
             where it is not".to_owned()
        }
        Order::WriteSyncStandbys { rule, .. } if rule == NONE_WORD => {
            format!("alter system set {SYNC_SETTING} = ''")
        }
        Order::WriteSyncStandbys { rule, .. } => {
            format!("alter system set {SYNC_SETTING} = {rule}")
        }
        Order::WriteUpstream { upstream, .. } if upstream.as_str() == NONE_WORD => {
            format!("alter system set {UPSTREAM_SETTING} = ''")
        }
        Order::WriteUpstream { upstream, .. } => {
            format!("alter system set {UPSTREAM_SETTING} to the address of {upstream}")
        }
        Order::WriteSetting { setting, value, .. } if value == DEFAULT_VALUE => {
            format!("alter system reset {setting}")
        }
        Order::WriteSetting { setting, value, .. } => {
            format!("alter system set {setting} = {value}")
        }
        Order::Reload { .. } => "select pg_reload_conf()".to_owned(),
        Order::PauseReplay { .. } => "select pg_wal_replay_pause()".to_owned(),
        Order::ResumeReplay { .. } => "select pg_wal_replay_resume()".to_owned(),
        Order::CreateSlot { slot, .. } => {
            format!("select pg_create_physical_replication_slot({slot}, true)")
        }
        Order::DropSlot { slot, .. } => format!("select pg_drop_replication_slot({slot})"),
        Order::TerminateSession { session, .. } => format!("pg_terminate_backend: {session}"),
        Order::CancelQuery { session, .. } => format!("pg_cancel_backend: {session}"),
        Order::Checkpoint { .. } => "checkpoint".to_owned(),
        Order::SwitchWal { .. } => {
            "select pg_switch_wal(), where the segment is as confirmed".to_owned()
        }
        Order::CreateRestorePoint { name, .. } => {
            format!("select pg_create_restore_point({name}-..)")
        }
        Order::CreateBackup { name, .. } => format!("BASE_BACKUP into backups/{name}"),
        Order::VerifyNode { .. } => {
            "BASE_BACKUP with TARGET blackhole and VERIFY_CHECKSUMS".to_owned()
        }
    };
    format!("{node}: {told}")
}
