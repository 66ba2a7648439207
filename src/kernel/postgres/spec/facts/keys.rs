//! The keys of the facts of a PostgreSQL cluster, and the kinds of its items.

macro_rules! keys {
    ($($name:ident $key:literal;)*) => {
        $(#[doc = concat!("The key `", $key, "`.")] pub const $name: &str = $key;)*
    };
}

keys! {
    // Of the cluster.
    TIMELINE "timeline";
    BRANCH_ID "branch_id";
    PRIMARIES "primaries";
    PRIMARY_SINCE "primary_since";
    PRIMARY_WHY "primary_why";
    WRITES_SINCE "writes_since";
    WRITES_WHY "writes_why";
    SYNC_CONTRACT "sync_contract";
    CONTRACT_ENDED "contract_ended";
    BARRIER "barrier";
    OTHER_AUTHORITY "other_authority";
    BACKUPS "backups";
    FREE_BYTES "free_bytes";
    // Of a node, pinned.
    UNREACHABLE_SINCE "unreachable_since";
    UNREACHABLE_WHY "unreachable_why";
    SYSTEM_IDENTIFIER "system_identifier";
    VERSION "version";
    STARTED "processes_since";
    CONFIG_LOADED "config_loaded";
    FOLLOWS "follows";
    RECEIVER "receiver";
    REPLAY "replay";
    SYNC_RULE "sync_rule";
    SYNC_RULE_WRITTEN "sync_rule_written";
    UPSTREAM "upstream";
    UPSTREAM_WRITTEN "upstream_written";
    UPSTREAM_SECRET "upstream_has_password";
    PENDING "pending_settings";
    PENDING_RESTART "pending_restart";
    SETTINGS_ERROR "settings_error";
    LOGIN_ROLES "login_roles";
    STOPPED_LOGINS "stopped_logins";
    PREPARED "prepared_transactions";
    CHECKSUMS "checksums";
    TABLESPACES "tablespaces";
    ARCHIVING "archiving";
    BACKUPS_RUNNING "backups_running";
    DIVERGED "diverged";
    NODE_CONTRACT "contract_held";
    CONTRACT_NUMBER "contract_number";
    CONTRACT_TIMELINE "contract_timeline";
    NODE_BARRIER "barrier_held";
    NODE_BRANCH "branch_held";
    MARKS "foreign_marks";
    RIGHTS_MISSING "rights_missing";
    DIRECT "directly_connected";
    // Of a node, moving.
    FLUSHED "flushed";
    REPLAYED "replayed";
    CHECKPOINT "checkpoint";
    LAG_BYTES "lag_bytes";
    REPLAY_DELAY "replay_delay";
    DIVERGED_BYTES "diverged_bytes";
    WAL_BYTES "wal_bytes";
    DATA_BYTES "data_bytes";
    SEGMENT "segment";
    SYNC_WAITERS "sync_waiters";
    SESSIONS_COUNT "sessions_count";
    SESSIONS_OF_STOPPED "sessions_of_stopped";
    CONNECTIONS_FREE "connections_free";
    SENDERS_FREE "senders_free";
    SLOTS_FREE "slots_free";
    ARCHIVE_FAILING "archive_failing";
    ARCHIVE_READY "archive_ready";
    XID_AGE "xid_age";
    OLDEST_XMIN_AGE "oldest_xmin_age";
    COLLATIONS_CHANGED "collations_changed";
    // Of a slot.
    SLOT_TYPE "slot_type";
    SLOT_ACTIVE "active";
    WAL_STATUS "wal_status";
    RESTART "restart";
    RETAINED "retained_bytes";
    SAFE_WAL "safe_wal_bytes";
    INACTIVE_SINCE "inactive_since";
    // Of a follower: what a node streams to.
    FOLLOWER_STATE "state";
    SYNC_STATE "sync_state";
    FOLLOWER_SINCE "connected_since";
    FOLLOWER_LAG "behind_bytes";
    // Of a session.
    SESSION_ROLE "login";
    SESSION_DATABASE "database";
    SESSION_APPLICATION "application";
    SESSION_CLIENT "client";
    SESSION_STATE "activity";
    SESSION_WAITS "waits_for";
    SESSION_AGE "transaction_age";
    SESSION_SUPERUSER "is_superuser";
}

/// The kind of item that a replication slot is.
pub const SLOT: &str = "slot";
/// The kind of item that a connected standby is, at the node that it takes WAL from.
pub const FOLLOWER: &str = "follower";
/// The kind of item that a session of a client is.
pub const SESSION: &str = "session";
