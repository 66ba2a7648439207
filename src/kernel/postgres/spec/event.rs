//! What can happen in the cluster, as far as this kernel sees it.

use crate::model::event::EventKind;
use crate::model::spec::EventSpec;

macro_rules! postgres_events {
    ($($variant:ident $word:literal $is_refusal:literal $meaning:literal;)*) => {
        /// One kind of thing that happens in a PostgreSQL cluster.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum PostgresEvent {
            $(#[doc = $meaning] $variant,)*
        }

        impl PostgresEvent {
            /// Every kind, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// What is said of every kind, in the same order: what a filter may name.
            pub const SPECS: &[EventSpec] = &[$(EventSpec {
                kind: EventKind::of($word),
                meaning: $meaning,
                is_refusal: $is_refusal,
            }),*];

            /// The kind, as everybody reads it.
            #[must_use]
            pub const fn kind(self) -> EventKind {
                match self { $(Self::$variant => EventKind::of($word)),* }
            }
        }
    };
}

postgres_events! {
    TimelineBegan "timeline_began" false "A standby was promoted, and a new timeline began.";
    BranchNamed "branch_named" false "The first row of this control plane on a timeline was written.";
    PrimaryLost "primary_lost" false "The primary does not answer any more, or is none any more.";
    PrimaryRegained "primary_regained" false "A primary answers again.";
    SecondPrimary "second_primary" false "More than one node answers that it is primary.";
    NodeLost "node_lost" false "A node does not answer any more.";
    NodeRegained "node_regained" false "A node answers again.";
    NodeRestarted "node_restarted" false "The server processes of a node are others than before.";
    LoginsStopped "logins_stopped" false "The logins of application roles were stopped.";
    LoginsResumed "logins_resumed" false "The logins of application roles were resumed.";
    SessionsEnded "sessions_ended" false "Sessions were ended, or a query was cancelled.";
    BarrierMarked "barrier_marked" false "A row was written after the last write of any client.";
    ContractDeclared "contract_declared" false "A sync rule became a contract.";
    ContractWithdrawn "contract_withdrawn" false "A sync contract ended.";
    SettingsWritten "settings_written" false "A setting was written into the files of a node.";
    SettingsLoaded "settings_loaded" false "The files of settings of a node were read again.";
    SettingsMoved "settings_moved" false "A setting differs from the observation before, and nobody asked for that here.";
    ReplayPaused "replay_was_paused" false "A standby stopped replaying.";
    ReplayResumed "replay_was_resumed" false "A standby went on replaying.";
    SlotCreated "slot_created" false "A replication slot was made.";
    SlotDropped "slot_dropped" false "A replication slot was removed.";
    CheckpointDone "checkpoint_done" false "A node wrote everything out.";
    WalSwitched "wal_switched" false "The primary began a new WAL segment.";
    RestorePointCreated "restore_point_created" false "A named place in the WAL was made.";
    BackupCreated "backup_created" false "A base backup was made.";
    NodeVerified "node_verified" false "Every page of a node was read and checked.";
    OtherAuthority "other_authority_seen" false "Another program that acts on the cluster by itself was seen.";
    OrderRefused "order_refused" true "An order was refused at the node, and nothing ran.";
    Started "started" false "The kernel was started. What happened while it did not look is not recorded: a gap.";
}
