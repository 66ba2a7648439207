//! What can happen in the kernel.

use crate::model::event::EventKind;
use crate::model::spec::EventSpec;

macro_rules! events {
    ($($variant:ident $word:literal $is_refusal:literal $meaning:literal;)*) => {
        /// One kind of thing that happens in the embedded kernel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EngineEvent {
            $(#[doc = $meaning] $variant,)*
        }

        impl EngineEvent {
            /// Every kind, in order: what a filter may name.
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

events! {
    EpochBegan "epoch_began" false "A node became primary of a new epoch.";
    PrimaryLost "primary_lost" false "The primary lost its role, and nobody has it.";
    ElectionRefused "election_refused" true "A candidate was not elected, or a standby did not take over.";
    WritesStopped "writes_stopped" false "An operator stopped writes.";
    WritesResumed "writes_resumed" false "An operator resumed writes.";
    QuorumLost "quorum_lost" false "A majority cannot be reached any more.";
    QuorumRegained "quorum_regained" false "A majority can be reached again.";
    NodeLost "node_lost" false "A node cannot be reached any more.";
    NodeRegained "node_regained" false "A node can be reached again.";
    ReplicaAdded "replica_added" false "A new node joined, without a vote.";
    VoteGranted "vote_granted" false "A node without a vote took one.";
    ReplicaRemoved "replica_removed" false "A node left for good.";
    CheckpointTaken "checkpoint_taken" false "A node keeps a new checkpoint.";
    LogPurged "log_purged" false "A node gave the beginning of its log back.";
    BackupCreated "backup_created" false "A backup was made.";
    StateReceived "state_received" false "A node received the whole state, because the entries that it missed were given back.";
    Started "started" false "The kernel was started. What happened while it did not run is not recorded: a gap.";
}
