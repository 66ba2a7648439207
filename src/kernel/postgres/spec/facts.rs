//! The facts that are observed of a PostgreSQL cluster. An LSN is a position: its timeline is the branch,
//! and the offset counts bytes.

use crate::model::spec::{
    Binding, FactOf, FactSpec, FactUnit, PRIMARY, REACHABLE, ROLE, Show, WRITES,
};

mod keys;

pub use keys::*;

const fn cluster(key: &'static str, label: &'static str, help: &'static str) -> FactSpec {
    FactSpec::new(key, FactOf::Cluster, label, help)
}

const fn node(key: &'static str, label: &'static str, help: &'static str) -> FactSpec {
    FactSpec { show: Show::Row, ..FactSpec::new(key, FactOf::Node, label, help) }
}

const fn item(
    of: &'static str,
    key: &'static str,
    label: &'static str,
    help: &'static str,
) -> FactSpec {
    FactSpec { show: Show::Row, ..FactSpec::new(key, FactOf::Item(of), label, help) }
}

/// A fact that moves all the time.
const fn moving(fact: FactSpec) -> FactSpec {
    FactSpec { binding: Binding::Moving, ..fact }
}

/// A fact that is shown beside another one.
const fn beside(fact: FactSpec) -> FactSpec {
    FactSpec { binding: Binding::Moving, show: Show::Hidden, ..fact }
}

const fn bytes(fact: FactSpec) -> FactSpec {
    FactSpec { unit: FactUnit::Bytes, ..fact }
}

const fn place(fact: FactSpec) -> FactSpec {
    FactSpec { unit: FactUnit::InHalves("timeline"), ..fact }
}

const fn counted(noun: &'static str, fact: FactSpec) -> FactSpec {
    FactSpec { unit: FactUnit::Of(noun), ..fact }
}

/// Every fact, in the order in which facts are shown.
pub static FACTS: &[FactSpec] = &[
    FactSpec {
        none: "nobody",
        alarms: &["nobody"],
        show: Show::Tile,
        since: Some([PRIMARY_SINCE, PRIMARY_WHY]),
        ..cluster(PRIMARY, "Primary", "The one node that answers that it is not in recovery.")
    },
    FactSpec {
        show: Show::Tile,
        ..cluster(
            TIMELINE,
            "Timeline",
            "The highest timeline that a node is, or is known to have been, on.",
        )
    },
    FactSpec {
        alarms: &["stopped", "waiting"],
        show: Show::Tile,
        since: Some([WRITES_SINCE, WRITES_WHY]),
        ..cluster(
            WRITES,
            "Writes",
            "What a client that writes now meets: accepted, stopped logins, or a wait for a standby.",
        )
    },
    FactSpec {
        none: "nobody",
        ..cluster(PRIMARIES, "Primaries", "Every node that answers that it is not in recovery.")
    },
    FactSpec {
        none: "unnamed",
        show: Show::Row,
        ..cluster(
            BRANCH_ID,
            "Branch",
            "The action that wrote the first row on the timeline, which tells it from another of the same number.",
        )
    },
    FactSpec {
        show: Show::Row,
        ..cluster(
            SYNC_CONTRACT,
            "Sync contract",
            "The sync rule that was declared, and not withdrawn.",
        )
    },
    cluster(CONTRACT_ENDED, "Contract ended", "The newest contract whose end was sent."),
    FactSpec {
        show: Show::Row,
        ..cluster(BARRIER, "Barrier", "The action that wrote the last row after a stop of logins.")
    },
    FactSpec {
        show: Show::Row,
        ..cluster(
            OTHER_AUTHORITY,
            "Other authority",
            "Programs that act on this cluster by themselves: Patroni, repmgr, pg_auto_failover, an operator of Kubernetes, another console.",
        )
    },
    FactSpec {
        show: Show::Row,
        ..cluster(BACKUPS, "Backups", "The backups that this control plane keeps, by name.")
    },
    beside(bytes(cluster(FREE_BYTES, "Free space", "Where backups are kept."))),
    beside(cluster(PRIMARY_SINCE, "Primary since", "Since when.")),
    beside(cluster(PRIMARY_WHY, "Primary why", "Why.")),
    beside(cluster(WRITES_SINCE, "Writes since", "Since when.")),
    beside(cluster(WRITES_WHY, "Writes why", "Why.")),
    FactSpec {
        show: Show::Column,
        ..node(ROLE, "Role", "Primary where the node is not in recovery, else standby.")
    },
    FactSpec {
        alarms: &["no"],
        show: Show::Column,
        since: Some([UNREACHABLE_SINCE, UNREACHABLE_WHY]),
        ..node(REACHABLE, "Reachable", "Whether the node answers queries.")
    },
    FactSpec {
        none: "nobody",
        show: Show::Column,
        ..node(FOLLOWS, "Follows", "The node that its WAL receiver is connected to.")
    },
    FactSpec { show: Show::Column, ..node(TIMELINE, "Timeline", "The timeline that it is on.") },
    moving(FactSpec {
        show: Show::Bar,
        ..place(node(FLUSHED, "Flushed", "The end of the WAL that it has on disk."))
    }),
    moving(FactSpec {
        show: Show::Bar,
        ..place(node(REPLAYED, "Replayed", "The end of the WAL that its state contains."))
    }),
    moving(bytes(FactSpec {
        show: Show::Column,
        ..node(LAG_BYTES, "Lag", "How far its replay is behind the primary, in bytes of WAL.")
    })),
    moving(counted(
        "ms",
        node(
            REPLAY_DELAY,
            "Replay delay",
            "How long ago the last replayed transaction was committed.",
        ),
    )),
    moving(place(node(CHECKPOINT, "Checkpoint", "Where its last checkpoint or restartpoint is."))),
    node(VERSION, "Version", "The version of the server, as it says it."),
    node(SYSTEM_IDENTIFIER, "System identifier", "What all copies of one cluster have in common."),
    node(
        STARTED,
        "Processes since",
        "When its present server processes began. A crash restart changes it, a reload does not.",
    ),
    moving(node(CONFIG_LOADED, "Settings loaded", "When the settings in force were read.")),
    FactSpec {
        none: "no receiver",
        ..node(
            RECEIVER,
            "WAL receiver",
            "What the receiver of WAL does: streaming, or no receiver.",
        )
    },
    FactSpec {
        none: "not in recovery",
        alarms: &["paused", "pause requested"],
        ..node(REPLAY, "Replay", "Whether replay goes on: not paused, pause requested, paused.")
    },
    FactSpec {
        none: "no synchronous standbys",
        ..node(SYNC_RULE, "Sync rule", "synchronous_standby_names, in force.")
    },
    FactSpec {
        none: "no synchronous standbys",
        ..node(
            SYNC_RULE_WRITTEN,
            "Sync rule written",
            "The same in the files, in force after a reload.",
        )
    },
    FactSpec {
        none: "nobody",
        ..node(UPSTREAM, "Upstream", "The node that primary_conninfo names, in force.")
    },
    FactSpec {
        none: "nobody",
        ..node(
            UPSTREAM_WRITTEN,
            "Upstream written",
            "The same in the files, in force after a reload.",
        )
    },
    FactSpec {
        alarms: &["yes"],
        ..node(
            UPSTREAM_SECRET,
            "Password in upstream",
            "Whether primary_conninfo, in force or written, holds a password.",
        )
    },
    node(
        PENDING,
        "Settings to load",
        "Settings, by name, whose files differ from what is in force, and that a reload brings into force.",
    ),
    node(
        PENDING_RESTART,
        "Settings to restart for",
        "Settings, by name, whose files differ, and that only a restart brings into force.",
    ),
    FactSpec {
        sensitive: true,
        ..node(SETTINGS_ERROR, "Errors in settings", "Lines of the files that cannot be read.")
    },
    // A standby follows these with a delay, so a confirmation is bound to the effect that names them.
    moving(node(LOGIN_ROLES, "Application roles", "The roles of applications that can log in.")),
    moving(node(STOPPED_LOGINS, "Stopped logins", "The roles whose login an operator stopped.")),
    node(PREPARED, "Prepared transactions", "Transactions that wait for a second phase."),
    node(CHECKSUMS, "Page checksums", "Whether pages carry checksums."),
    node(TABLESPACES, "Tablespaces", "Tablespaces that lie outside the directory of the node."),
    node(ARCHIVING, "Archiving", "archive_mode."),
    moving(counted(
        "running",
        node(BACKUPS_RUNNING, "Base backups", "How many base backups are sent now."),
    )),
    FactSpec {
        alarms: &["yes"],
        ..node(
            DIVERGED,
            "Diverged",
            "Whether it holds WAL that the timeline of the cluster does not.",
        )
    },
    moving(bytes(node(
        DIVERGED_BYTES,
        "Beyond the fork",
        "How much WAL it holds that the cluster's timeline does not.",
    ))),
    moving(node(
        NODE_CONTRACT,
        "Contract held",
        "The rule of the newest sync contract that it holds; none where its end is held too.",
    )),
    moving(node(
        CONTRACT_NUMBER,
        "Contract number",
        "The number of the newest sync contract that it holds, ended or not.",
    )),
    moving(node(
        CONTRACT_TIMELINE,
        "Contract of timeline",
        "The named timeline on which that contract was declared; none before one was named.",
    )),
    moving(node(
        NODE_BARRIER,
        "Barrier held",
        "The barrier that it holds; none where logins were stopped or resumed after it.",
    )),
    moving(FactSpec {
        none: "unnamed",
        ..node(NODE_BRANCH, "Branch held", "The action that named the newest branch that it holds.")
    }),
    node(MARKS, "Foreign marks", "What shows that another program acts on it."),
    node(RIGHTS_MISSING, "Missing rights", "What the operator's role lacks there."),
    node(
        DIRECT,
        "Directly connected",
        "Whether the server that answers is the one of this address.",
    ),
    moving(bytes(node(WAL_BYTES, "WAL on disk", "How much WAL it keeps."))),
    moving(bytes(node(
        DATA_BYTES,
        "Data on disk",
        "How much its databases hold, WAL not counted.",
    ))),
    moving(node(SEGMENT, "WAL segment", "The segment that is written now.")),
    moving(counted(
        "waiting",
        node(SYNC_WAITERS, "Waiting commits", "Commits that wait for a standby."),
    )),
    moving(counted(
        "sessions",
        node(
            SESSIONS_COUNT,
            "Sessions",
            "Sessions of clients, without those of this control plane.",
        ),
    )),
    moving(counted(
        "sessions",
        node(
            SESSIONS_OF_STOPPED,
            "Sessions of stopped roles",
            "Sessions of roles whose login was stopped.",
        ),
    )),
    moving(counted(
        "free",
        node(CONNECTIONS_FREE, "Connections", "Connections that are still free."),
    )),
    moving(counted("free", node(SENDERS_FREE, "WAL senders", "WAL senders that are still free."))),
    moving(counted("free", node(SLOTS_FREE, "Slots", "Replication slots that can still be made."))),
    moving(FactSpec {
        alarms: &["yes"],
        ..node(
            ARCHIVE_FAILING,
            "Archiving fails",
            "Whether the last attempt to archive a segment failed. How often since is not counted.",
        )
    }),
    moving(counted(
        "waiting",
        node(ARCHIVE_READY, "Segments to archive", "Segments that wait for the archiver."),
    )),
    moving(counted(
        "transactions",
        node(
            XID_AGE,
            "Oldest frozen transaction",
            "The age of the oldest transaction that is not frozen; at 2 billion writes stop.",
        ),
    )),
    moving(counted(
        "transactions",
        node(
            OLDEST_XMIN_AGE,
            "Oldest snapshot",
            "The age of the oldest snapshot that keeps rows from being removed.",
        ),
    )),
    moving(node(
        COLLATIONS_CHANGED,
        "Changed collations",
        "Databases whose collation has another version than at their making.",
    )),
    beside(node(UNREACHABLE_SINCE, "Unreachable since", "Since when.")),
    FactSpec { sensitive: true, ..beside(node(UNREACHABLE_WHY, "Unreachable why", "Why.")) },
    item(SLOT, SLOT_TYPE, "Type", "physical or logical."),
    item(SLOT, SLOT_ACTIVE, "Active", "Whether somebody reads from it now."),
    FactSpec {
        alarms: &["lost", "unreserved"],
        none: "nothing reserved",
        ..item(SLOT, WAL_STATUS, "WAL", "Whether the WAL that it needs is still there.")
    },
    moving(FactSpec {
        none: "nothing reserved",
        ..place(item(SLOT, RESTART, "Restart", "From where its consumer needs WAL."))
    }),
    moving(bytes(item(SLOT, RETAINED, "Retained", "How much WAL it keeps from being removed."))),
    moving(bytes(FactSpec {
        none: "no limit",
        ..item(SLOT, SAFE_WAL, "Until lost", "How much can be written before its WAL is removed.")
    })),
    moving(FactSpec {
        none: "not said",
        ..item(SLOT, INACTIVE_SINCE, "Inactive since", "Since when nobody reads from it.")
    }),
    item(
        FOLLOWER,
        FOLLOWER_STATE,
        "State",
        "What its sender does: startup, catchup, streaming, backup.",
    ),
    item(FOLLOWER, SYNC_STATE, "Sync", "sync, quorum, potential or async."),
    moving(item(FOLLOWER, FOLLOWER_SINCE, "Connected since", "When the connection was made.")),
    moving(bytes(item(FOLLOWER, FOLLOWER_LAG, "Behind", "How much WAL it has not flushed."))),
    moving(item(SESSION, SESSION_ROLE, "Role", "The role that is logged in.")),
    moving(item(SESSION, SESSION_DATABASE, "Database", "The database.")),
    moving(item(SESSION, SESSION_APPLICATION, "Application", "What the client calls itself.")),
    moving(FactSpec {
        sensitive: true,
        none: "this host",
        ..item(SESSION, SESSION_CLIENT, "Client", "The address of the client.")
    }),
    moving(item(
        SESSION,
        SESSION_STATE,
        "State",
        "What it does: active, idle, idle in transaction.",
    )),
    moving(item(SESSION, SESSION_WAITS, "Waits for", "What it waits for.")),
    moving(counted(
        "s",
        item(SESSION, SESSION_AGE, "Transaction", "How long its transaction is open."),
    )),
    moving(item(SESSION, SESSION_SUPERUSER, "Superuser", "Whether its role is a superuser.")),
];
