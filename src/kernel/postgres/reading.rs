//! What one server says of itself, as values.
//!
//! A column that the role may not see is NULL, and is `None` here: never a zero. What may hold a password
//! never leaves the server.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What stands still while nothing happens, however busy the server is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct StableReading {
    pub(super) system_identifier: String,
    pub(super) version: String,
    pub(super) standby: bool,
    pub(super) timeline: Option<u64>,
    pub(super) server: Option<ServerProcesses>,
    pub(super) receiver: Option<ReceiverReading>,
    pub(super) replay: Option<String>,
    pub(super) sync_rule: String,
    pub(super) synchronous_commit: String,
    pub(super) upstream: UpstreamReading,
    pub(super) pending_restart: Vec<String>,
    pub(super) checksums: String,
    pub(super) archiving: String,
    pub(super) prepared: Vec<String>,
    pub(super) backups_running: u64,
    pub(super) followers: Vec<FollowerReading>,
    pub(super) slots: Vec<SlotReading>,
    pub(super) marks: MarksReading,
    pub(super) files_readable: bool,
    pub(super) own_tables: u64,
    pub(super) own_options: Option<bool>,
    pub(super) tablespaces: Vec<String>,
}

/// The process whose beginning is that of the present server processes: a crash ends it too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ServerProcesses {
    pub(super) pid: u64,
    pub(super) since: String,
}

/// Where a standby takes WAL from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ReceiverReading {
    pub(super) status: Option<String>,
    pub(super) sender_host: Option<String>,
    pub(super) sender_port: Option<u64>,
}

/// What `primary_conninfo` points to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct UpstreamReading {
    pub(super) is_set: bool,
    /// Whether it is a list of plain `name = value` pairs; anything else was not read.
    pub(super) is_plain: bool,
    pub(super) has_password: bool,
    /// Host, address and port, where it names them.
    pub(super) pairs: Option<BTreeMap<String, String>>,
}

/// A connection that takes WAL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct FollowerReading {
    pub(super) pid: u64,
    pub(super) name: Option<String>,
    pub(super) state: Option<String>,
    pub(super) sync_state: Option<String>,
    pub(super) since: Option<String>,
}

/// A replication slot that stays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct SlotReading {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) slot_type: String,
    pub(super) active: bool,
    pub(super) wal_status: Option<String>,
}

/// What shows that another program acts on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct MarksReading {
    pub(super) sessions: Vec<String>,
    pub(super) consoles: Vec<String>,
    pub(super) files: Vec<String>,
    pub(super) command_line: Vec<String>,
    pub(super) settings: Vec<String>,
    pub(super) libraries: Vec<String>,
    pub(super) databases: Vec<String>,
    pub(super) roles: Vec<String>,
}

/// What moves all the time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct MovingReading {
    pub(super) config_loaded: Option<String>,
    pub(super) flushed: Option<u64>,
    pub(super) replayed: Option<u64>,
    pub(super) checkpoint: Option<u64>,
    pub(super) checkpoint_timeline: Option<u64>,
    pub(super) replay_delay_ms: Option<i64>,
    pub(super) wal_bytes: Option<u64>,
    pub(super) segment: Option<String>,
    pub(super) sync_waiters: Option<u64>,
    pub(super) sessions_count: Option<u64>,
    pub(super) connections_free: Option<i64>,
    pub(super) senders_free: Option<i64>,
    pub(super) slots_free: Option<i64>,
    pub(super) archiver: Option<ArchiverReading>,
    pub(super) archive_ready: Option<u64>,
    pub(super) xid_age: Option<u64>,
    pub(super) xmin_age: Option<u64>,
    pub(super) collations_changed: Vec<String>,
    pub(super) followers: Vec<FollowerPosition>,
    pub(super) slots: Vec<SlotPosition>,
    pub(super) sessions: Vec<SessionReading>,
}

/// What became of the WAL that was to be archived.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ArchiverReading {
    pub(super) failing: Option<bool>,
}

/// How far a follower is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct FollowerPosition {
    pub(super) pid: u64,
    pub(super) flushed: Option<u64>,
}

/// What a slot keeps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct SlotPosition {
    pub(super) name: String,
    pub(super) restart: Option<u64>,
    pub(super) safe_wal_bytes: Option<i64>,
    pub(super) inactive_since: Option<String>,
}

/// A connection of a client.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct SessionReading {
    pub(super) pid: u64,
    /// When it began, in microseconds since 1970.
    pub(super) started: Option<u64>,
    pub(super) role: Option<String>,
    pub(super) database: Option<String>,
    pub(super) application: Option<String>,
    pub(super) client: Option<String>,
    pub(super) activity: Option<String>,
    pub(super) waits_for: Option<String>,
    pub(super) transaction_age: Option<i64>,
    pub(super) is_superuser: Option<bool>,
}

/// What every server says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ServerReading {
    pub(super) pinned: StableReading,
    pub(super) moving: MovingReading,
}

/// What the files of settings hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct FilesReading {
    /// Settings that a reload would change.
    pub(super) pending: Vec<String>,
    pub(super) pending_restart: Vec<String>,
    pub(super) errors: Vec<String>,
    pub(super) sync_rule: String,
    pub(super) upstream: UpstreamReading,
}

/// What the tables of this control plane hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct OwnReading {
    pub(super) login_roles: Vec<String>,
    pub(super) stopped_logins: Vec<String>,
    pub(super) contract: Option<ContractReading>,
    pub(super) barrier: Option<String>,
    pub(super) branches: Vec<BranchReading>,
    pub(super) sessions_of_stopped: u64,
}

/// The newest sync contract, ended or not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ContractReading {
    pub(super) number: u64,
    pub(super) rule: String,
    pub(super) ended: bool,
    /// The newest timeline that was named before it.
    pub(super) timeline: Option<u64>,
}

/// What a timeline was named.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct BranchReading {
    pub(super) timeline: u64,
    pub(super) id: String,
}

/// Everything that was read of one server, at one time. What is `Err` could not be read, for a reason that
/// can follow "because".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NodeReading {
    pub(super) pinned: StableReading,
    pub(super) moving: MovingReading,
    pub(super) files: Result<FilesReading, String>,
    pub(super) own: Result<OwnReading, String>,
    /// What the operator's role lacks.
    pub(super) rights: Result<Vec<String>, String>,
    pub(super) data_bytes: Result<u64, String>,
}

/// A reading as a server would answer it, for the tests of what is made of one.
#[cfg(test)]
pub(super) fn reading_of(json: serde_json::Value) -> NodeReading {
    let ServerReading { pinned, moving } =
        serde_json::from_value(json.clone()).expect("the answer of a server");
    let own = json.get("own").filter(|own| !own.is_null());
    let own = own.map(|own| serde_json::from_value(own.clone()).expect("the rows of a server"));
    let absent = || "it was not read".to_owned();
    let (files, data_bytes) = (Err(absent()), Err(absent()));
    NodeReading {
        pinned,
        moving,
        files,
        own: own.ok_or_else(absent),
        rights: Ok(Vec::new()),
        data_bytes,
    }
}
