//! The table: what passes, and what speaks against what.

use crate::kernel::postgres::fixture::{StateFixture, names};
use crate::kernel::postgres::spec::facts as key;
use crate::model::explanation::Verdict::{self, Fail, Unknown};
use crate::model::facts::Value;
use crate::model::spec::{REACHABLE, ROLE};

/// One action with its parameters.
pub(super) type SampleAction<'a> = (&'a str, &'a [(&'a str, &'a str)]);

pub(super) fn whole() -> StateFixture {
    StateFixture::whole()
}

/// n1 with all logins stopped and nobody connected.
pub(super) fn stopped() -> StateFixture {
    let state = whole().everywhere(key::LOGIN_ROLES, &names(&[]));
    let state = state.everywhere(key::STOPPED_LOGINS, &names(&["app", "web"]));
    state.node("n1", key::SESSIONS_COUNT, 0.into())
}

pub(super) fn contract() -> StateFixture {
    whole().says(key::SYNC_CONTRACT, "ANY 1 (n2, n3)".into())
}

pub(super) const N1: &[(&str, &str)] = &[("node", "n1")];
pub(super) const N2: &[(&str, &str)] = &[("node", "n2")];

pub(super) const fn rule(of: &'static [(&'static str, &'static str)]) -> SampleAction<'static> {
    ("write_sync_standbys", of)
}

/// Every action once as it passes.
pub(super) fn passing() -> Vec<(StateFixture, SampleAction<'static>)> {
    let paused = || whole().node("n2", key::REPLAY, "paused".into());
    let alone = || whole().item("n1", "n2", key::SYNC_STATE, "async".into());
    vec![
        (whole(), ("stop_logins", N1)),
        (stopped(), ("resume_logins", N1)),
        (stopped(), ("end_sessions", N1)),
        (stopped(), ("mark_barrier", N1)),
        (whole(), ("mark_branch", N1)),
        (whole(), ("declare_sync_contract", N1)),
        (contract(), ("withdraw_sync_contract", N1)),
        (whole(), rule(&[("node", "n1"), ("rule", "FIRST 1 (n2)")])),
        (whole(), ("reload", N1)),
        (contract(), ("reload", N1)),
        (whole(), ("write_upstream", &[("node", "n3"), ("upstream", "n2")])),
        (whole(), ("write_upstream", &[("node", "n3"), ("upstream", "none")])),
        (
            whole(),
            (
                "write_setting",
                &[("node", "n1"), ("setting", "max_slot_wal_keep_size"), ("value", "16GB")],
            ),
        ),
        (alone(), ("pause_replay", N2)),
        (paused(), ("resume_replay", N2)),
        (whole(), ("create_slot", &[("node", "n2"), ("slot", "n1")])),
        (whole(), ("drop_slot", &[("node", "n1"), ("slot", "reports")])),
        (whole(), ("terminate_session", &[("node", "n1"), ("session", "101-5")])),
        (whole(), ("cancel_query", &[("node", "n1"), ("session", "101-5")])),
        (whole(), ("checkpoint", N2)),
        (whole(), ("switch_wal", N1)),
        (whole(), ("create_restore_point", &[("node", "n1"), ("name", "before")])),
        (whole(), ("create_backup", &[("node", "n2"), ("name", "b2")])),
        (whole(), ("verify_node", N2)),
    ]
}

/// A state, what is asked for in it, and the rule that speaks against it.
pub(super) fn against() -> Vec<(StateFixture, SampleAction<'static>, &'static str, Verdict)> {
    let checkpoint = ("checkpoint", N1);
    let to_n2: SampleAction<'_> = ("write_upstream", &[("node", "n3"), ("upstream", "n2")]);
    let drop: SampleAction<'_> = ("drop_slot", &[("node", "n1"), ("slot", "reports")]);
    let slot: SampleAction<'_> = ("create_slot", &[("node", "n1"), ("slot", "n4")]);
    let end: SampleAction<'_> = ("terminate_session", &[("node", "n1"), ("session", "101-5")]);
    let backup: SampleAction<'_> = ("create_backup", &[("node", "n1"), ("name", "b2")]);
    let any = rule(&[("node", "n1"), ("rule", "ANY 1 (n2)")]);
    let bad = rule(&[("node", "n1"), ("rule", "ANY (n2)")]);
    let n2_slot: SampleAction<'_> = ("drop_slot", &[("node", "n1"), ("slot", "n2")]);
    let written = |text: &str| whole().node("n1", key::SYNC_RULE_WRITTEN, text.into());
    let relaxed = || contract().node("n1", key::SYNC_RULE_WRITTEN, Value::None);
    vec![
        (whole(), ("checkpoint", &[("node", "n9")]), "node_configured", Fail),
        (whole().lost("n1"), checkpoint, "node_reachable", Fail),
        (whole().unread("n1", REACHABLE), checkpoint, "node_reachable", Unknown),
        (whole().node("n1", key::SYSTEM_IDENTIFIER, "1".into()), checkpoint, "same_cluster", Fail),
        (whole().unread("n1", key::SYSTEM_IDENTIFIER), checkpoint, "same_cluster", Unknown),
        (whole().unread("n1", key::STARTED), checkpoint, "not_restarted", Unknown),
        (whole().node("n1", key::DIRECT, false.into()), checkpoint, "directly_connected", Fail),
        (whole().unread("n1", key::DIRECT), checkpoint, "directly_connected", Unknown),
        (
            whole().node("n1", key::RIGHTS_MISSING, names(&["pg_checkpoint"])),
            checkpoint,
            "rights_held",
            Fail,
        ),
        (whole().unread("n1", key::RIGHTS_MISSING), checkpoint, "rights_held", Unknown),
        (
            whole().says(key::OTHER_AUTHORITY, names(&["Patroni"])),
            checkpoint,
            "no_other_authority",
            Fail,
        ),
        (
            whole().node("n1", key::MARKS, names(&["repmgr: a session"])),
            checkpoint,
            "no_other_authority",
            Fail,
        ),
        (whole().cannot_say(key::OTHER_AUTHORITY), checkpoint, "no_other_authority", Unknown),
        (whole(), ("stop_logins", N2), "is_primary", Fail),
        (whole().unread("n1", ROLE), ("stop_logins", N1), "is_primary", Unknown),
        (whole().node("n1", ROLE, "leader".into()), ("stop_logins", N1), "is_primary", Unknown),
        (stopped(), ("stop_logins", N1), "roles_as_confirmed", Fail),
        (
            whole().unread("n1", key::LOGIN_ROLES),
            ("stop_logins", N1),
            "roles_as_confirmed",
            Unknown,
        ),
        (
            whole().says(key::PRIMARIES, names(&["n1", "n2"])),
            ("switch_wal", N1),
            "one_primary",
            Fail,
        ),
        (whole().says(key::PRIMARIES, names(&[])), ("switch_wal", N1), "one_primary", Fail),
        (whole(), ("switch_wal", N2), "one_primary", Fail),
        (whole().cannot_say(key::PRIMARIES), ("switch_wal", N1), "one_primary", Unknown),
        (whole(), ("resume_logins", N1), "logins_stopped", Fail),
        (
            stopped().unread("n1", key::STOPPED_LOGINS),
            ("mark_barrier", N1),
            "logins_stopped",
            Unknown,
        ),
        // A role that came after the stop can log in.
        (
            stopped().node("n1", key::LOGIN_ROLES, names(&["late"])),
            ("mark_barrier", N1),
            "logins_stopped",
            Fail,
        ),
        (
            stopped().node("n1", key::SESSIONS_COUNT, 1.into()),
            ("mark_barrier", N1),
            "sessions_ended",
            Fail,
        ),
        (
            stopped().unread("n1", key::SESSIONS_OF_STOPPED),
            ("mark_barrier", N1),
            "sessions_ended",
            Unknown,
        ),
        (
            stopped().node("n1", key::PREPARED, names(&["gid"])),
            ("mark_barrier", N1),
            "nothing_prepared",
            Fail,
        ),
        (stopped().unread("n1", key::PREPARED), ("mark_barrier", N1), "nothing_prepared", Unknown),
        (whole().says(key::BRANCH_ID, "a".into()), ("mark_branch", N1), "branch_unnamed", Fail),
        (whole().cannot_say(key::BRANCH_ID), ("mark_branch", N1), "branch_unnamed", Unknown),
        (whole(), bad, "rule_parses", Fail),
        (whole(), bad, "rule_can_be_met", Unknown),
        (whole(), bad, "named_stream", Unknown),
        (whole(), rule(&[("node", "n1"), ("rule", "FIRST 5 (n2)")]), "rule_can_be_met", Fail),
        (whole(), rule(&[("node", "n1"), ("rule", "ANY 2 (n1, n2)")]), "rule_can_be_met", Fail),
        (whole(), rule(&[("node", "n1"), ("rule", "ANY 2 (n2, N2)")]), "rule_can_be_met", Fail),
        (whole(), rule(&[("node", "n1"), ("rule", "ANY 1 (*)")]), "rule_can_be_met", Fail),
        (whole(), rule(&[("node", "n1"), ("rule", "ANY 1 (n2, n9)")]), "rule_can_be_met", Fail),
        (
            whole().item("n1", "n2", key::FOLLOWER_STATE, "catchup".into()),
            any,
            "named_stream",
            Fail,
        ),
        (whole().item_unread("n1", "n2", key::FOLLOWER_STATE), any, "named_stream", Unknown),
        (whole().unread("n1", ROLE), any, "named_stream", Unknown),
        (written("ANY 2 (n2, n4)"), ("reload", N1), "named_stream", Fail),
        (written("nonsense ("), ("reload", N1), "named_stream", Unknown),
        (relaxed(), ("reload", N1), "contract_kept", Fail),
        (contract().unread("n1", key::SYNC_RULE_WRITTEN), ("reload", N1), "contract_kept", Unknown),
        (relaxed().cannot_say(key::SYNC_CONTRACT), ("reload", N1), "contract_kept", Unknown),
        (whole().unread("n1", key::PENDING), ("reload", N1), "nothing_else_pending", Unknown),
        (
            whole().node("n1", key::SETTINGS_ERROR, names(&["postgresql.conf:3"])),
            ("reload", N1),
            "settings_readable",
            Fail,
        ),
        (whole().unread("n1", key::SETTINGS_ERROR), ("reload", N1), "settings_readable", Unknown),
        (
            whole().item("n1", "n2", key::SYNC_STATE, "async".into()).item(
                "n1",
                "n3",
                key::FOLLOWER_STATE,
                "catchup".into(),
            ),
            ("declare_sync_contract", N1),
            "sync_set_satisfied",
            Fail,
        ),
        (
            whole().item_unread("n1", "n2", key::SYNC_STATE),
            ("declare_sync_contract", N1),
            "sync_set_satisfied",
            Unknown,
        ),
        (
            whole().node("n1", key::SYNC_RULE, Value::None),
            ("declare_sync_contract", N1),
            "contract_joint",
            Fail,
        ),
        (contract(), ("declare_sync_contract", N1), "contract_joint", Fail),
        (
            whole().node("n1", key::SYNC_RULE, "ANY 1 (*)".into()),
            ("declare_sync_contract", N1),
            "contract_joint",
            Fail,
        ),
        (
            whole().cannot_say(key::SYNC_CONTRACT),
            ("declare_sync_contract", N1),
            "contract_joint",
            Unknown,
        ),
        (whole(), ("withdraw_sync_contract", N1), "rule_as_contract", Fail),
        (
            contract().node("n1", key::SYNC_RULE, "ANY 1 (n2)".into()),
            ("withdraw_sync_contract", N1),
            "rule_as_contract",
            Fail,
        ),
        (
            contract().unread("n1", key::SYNC_RULE),
            ("withdraw_sync_contract", N1),
            "rule_as_contract",
            Unknown,
        ),
        (
            whole().node("n3", key::UPSTREAM_SECRET, true.into()),
            to_n2,
            "conninfo_without_secret",
            Fail,
        ),
        (whole().unread("n3", key::UPSTREAM_SECRET), to_n2, "conninfo_without_secret", Unknown),
        (
            whole(),
            ("write_upstream", &[("node", "n3"), ("upstream", "n9")]),
            "upstream_configured",
            Fail,
        ),
        (
            whole(),
            ("write_upstream", &[("node", "n3"), ("upstream", "n3")]),
            "upstream_configured",
            Fail,
        ),
        (
            whole(),
            ("write_upstream", &[("node", "n3"), ("upstream", "n_2")]),
            "upstream_configured",
            Fail,
        ),
        (whole().node("n2", key::UPSTREAM, "n3".into()), to_n2, "no_cycle", Fail),
        // What is written comes into force one day.
        (whole().node("n2", key::UPSTREAM_WRITTEN, "n3".into()), to_n2, "no_cycle", Fail),
        (whole().unread("n2", key::UPSTREAM), to_n2, "no_cycle", Unknown),
        (whole().node("n2", key::UPSTREAM, "10.0.0.9:5432".into()), to_n2, "no_cycle", Unknown),
        (
            whole(),
            ("write_setting", &[("node", "n1"), ("setting", "archive_command"), ("value", "true")]),
            "setting_allowed",
            Fail,
        ),
        (
            whole(),
            (
                "write_setting",
                &[("node", "n1"), ("setting", "wal_keep_size"), ("value", "1'; drop table x; --")],
            ),
            "setting_allowed",
            Fail,
        ),
        (whole(), ("pause_replay", N1), "is_standby", Fail),
        (whole().unread("n2", ROLE), ("pause_replay", N2), "is_standby", Unknown),
        (
            whole().node("n2", key::REPLAY, "pause requested".into()),
            ("pause_replay", N2),
            "replay_goes_on",
            Fail,
        ),
        (whole().unread("n2", key::REPLAY), ("pause_replay", N2), "replay_goes_on", Unknown),
        (whole(), ("resume_replay", N2), "replay_paused", Fail),
        (whole().unread("n2", key::REPLAY), ("resume_replay", N2), "replay_paused", Unknown),
        (whole(), ("pause_replay", N2), "not_waited_for", Fail),
        (whole().lost("n1"), ("pause_replay", N2), "not_waited_for", Unknown),
        (whole(), ("create_slot", &[("node", "n1"), ("slot", "reports")]), "slot_name_free", Fail),
        (whole(), ("create_slot", &[("node", "n1"), ("slot", "n-4")]), "slot_name_free", Fail),
        (whole().lost("n1"), slot, "slot_name_free", Unknown),
        (whole().node("n1", key::SLOTS_FREE, 0.into()), slot, "slot_room", Fail),
        (whole().unread("n1", key::SLOTS_FREE), slot, "slot_room", Unknown),
        (whole(), ("drop_slot", &[("node", "n2"), ("slot", "reports")]), "slot_known", Fail),
        (whole().lost("n1"), drop, "slot_known", Unknown),
        (whole(), n2_slot, "slot_inactive", Fail),
        (whole().item_unread("n1", "reports", key::SLOT_ACTIVE), drop, "slot_inactive", Unknown),
        (whole(), n2_slot, "slot_unneeded", Fail),
        (whole().node("n2", key::UPSTREAM, "n3".into()), n2_slot, "slot_unneeded", Fail),
        // Nobody knows whether it comes back for what the slot kept.
        (whole().lost("n2"), n2_slot, "slot_unneeded", Unknown),
        (
            whole(),
            ("terminate_session", &[("node", "n1"), ("session", "101-6")]),
            "session_is_that",
            Fail,
        ),
        (whole().lost("n1"), end, "session_is_that", Unknown),
        (
            whole(),
            ("cancel_query", &[("node", "n1"), ("session", "102-6")]),
            "session_not_superuser",
            Fail,
        ),
        (
            whole().item_unread("n1", "101-5", key::SESSION_SUPERUSER),
            end,
            "session_not_superuser",
            Unknown,
        ),
        (whole().node("n1", key::SENDERS_FREE, 0.into()), backup, "sender_free", Fail),
        (whole().unread("n1", key::SENDERS_FREE), backup, "sender_free", Unknown),
        (whole().node("n1", key::TABLESPACES, names(&["fast"])), backup, "no_tablespaces", Fail),
        (whole().unread("n1", key::TABLESPACES), backup, "no_tablespaces", Unknown),
        (
            whole(),
            ("create_backup", &[("node", "n1"), ("name", "b1")]),
            "backup_has_new_name",
            Fail,
        ),
        (whole().cannot_say(key::BACKUPS), backup, "backup_has_new_name", Unknown),
        (whole().says(key::FREE_BYTES, (1_u64 << 30).into()), backup, "room_for_backup", Fail),
        (whole().cannot_say(key::FREE_BYTES), backup, "room_for_backup", Unknown),
        (whole().unread("n1", key::DATA_BYTES), backup, "room_for_backup", Unknown),
        (
            whole().node("n2", key::CHECKSUMS, false.into()),
            ("verify_node", N2),
            "checksums_on",
            Fail,
        ),
        (whole().unread("n2", key::CHECKSUMS), ("verify_node", N2), "checksums_on", Unknown),
    ]
}
