//! What the PostgreSQL kernel says of itself: the one source of the pages, the command line, the API, the
//! documents and its own checks.

mod event;
pub mod facts;
mod invariant;
mod roles;
mod sessions;
pub mod settings;
mod slots;
mod storage;
#[cfg(test)]
mod tests;
mod written;

pub use event::PostgresEvent;
pub use invariant::PostgresInvariant;
pub use roles::{CONTROL_DATA, NO_LOCAL_COMMITS, OLD_PRIMARY_OUT};
pub use written::{DEFAULT_VALUE, NONE_WORD};

use crate::model::spec::{
    ActionSpec, FailureMode, ItemSpec, KernelSpec, ParameterKind, ParameterSpec, PositionStyle,
    PositionUnit, REFUSED, STOPPED_AFTER, STOPPED_BEFORE,
};
use PostgresInvariant as Rule;

const NODE_PARAMETER: ParameterSpec = ParameterSpec {
    name: "node",
    meaning: "The node on which it runs.",
    limits: "The name of a node in the settings.",
    kind: ParameterKind::Member { rule: Rule::NodeConfigured.id() },
};
const NODE: &[ParameterSpec] = &[NODE_PARAMETER];

/// What every order needs of the node on which it runs, and then what is its own.
macro_rules! preconditions {
    ($($own:ident),*) => {
        &[
            Rule::NodeConfigured.id(),
            Rule::NodeReachable.id(),
            Rule::SameCluster.id(),
            Rule::NotRestarted.id(),
            Rule::DirectlyConnected.id(),
            Rule::RightsHeld.id(),
            Rule::NoOtherAuthority.id(),
            $(Rule::$own.id(),)*
        ]
    };
}
use preconditions;

const CONNECTION_LOST: FailureMode = FailureMode {
    when: "The connection, the session or the server is lost after the order was sent, or the deadline passes.",
    seen: "Stage unknown. Resolving ends the session of the order first, and then looks at what is left where it ran.",
};
const NO_RIGHT: FailureMode = FailureMode {
    when: "The server refuses: a right is missing, or it does not take what it is told.",
    seen: "Stage refused, with the words of the server. Nothing ran.",
};
/// How every order can go wrong, after what is its own.
macro_rules! failure_modes {
    ($($own:expr),*) => {
        &[
            $($own,)*
            NO_RIGHT,
            CONNECTION_LOST,
            REFUSED,
            STOPPED_BEFORE,
            STOPPED_AFTER,
        ]
    };
}
use failure_modes;

const LOCAL_ONLY: FailureMode = FailureMode {
    when: "The server warns that the commit is local only: the wait for a standby was cancelled.",
    seen: "Stage executed, with the warning in the words of the server. No standby needs to have it.",
};
const GUARD_BEFORE: &str = "What changes between the look of the session and its statement: the statement itself carries no condition.";

/// The catalogue, in the order in which it is shown.
const ACTIONS: &[ActionSpec] = &[
    roles::PROMOTE,
    roles::STOP_LOGINS,
    roles::RESUME_LOGINS,
    sessions::END_SESSIONS,
    roles::MARK_BARRIER,
    roles::MARK_BRANCH,
    written::DECLARE_SYNC_CONTRACT,
    written::WITHDRAW_SYNC_CONTRACT,
    written::WRITE_SYNC_STANDBYS,
    written::RELOAD,
    written::WRITE_UPSTREAM,
    written::WRITE_SETTING,
    slots::PAUSE_REPLAY,
    slots::RESUME_REPLAY,
    slots::CREATE_SLOT,
    slots::DROP_SLOT,
    sessions::TERMINATE_SESSION,
    sessions::CANCEL_QUERY,
    storage::RUN_CHECKPOINT,
    storage::SWITCH_WAL,
    storage::CREATE_RESTORE_POINT,
    storage::BASE_BACKUP,
    storage::VERIFY_PAGES,
];

/// What the PostgreSQL kernel says of itself.
pub static SPEC: KernelSpec = KernelSpec {
    kind: "postgres",
    roles: &["primary", "standby"],
    facts: facts::FACTS,
    items: &[
        ItemSpec {
            kind: facts::FOLLOWER,
            label: "Followers",
            help: "Connections that take WAL from the node.",
        },
        ItemSpec {
            kind: facts::SLOT,
            label: "Replication slots",
            help: "What keeps WAL from being removed until its consumer has it.",
        },
        ItemSpec {
            kind: facts::SESSION,
            label: "Sessions",
            help: "Connections of clients, those with the oldest transaction first.",
        },
    ],
    follows: Some(facts::FOLLOWS),
    position: PositionStyle {
        end: facts::FLUSHED,
        durable: facts::REPLAYED,
        generation: facts::TIMELINE,
        branch: "timeline",
        unit: PositionUnit::BytesInHalves,
    },
    actions: ACTIONS,
    invariants: PostgresInvariant::SPECS,
    events: PostgresEvent::SPECS,
    checklists: super::checklist::CHECKLISTS,
};
