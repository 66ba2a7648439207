//! What the engine promises, and what an action of it needs.

use crate::model::invariant::invariants;

invariants! {
    /// One promise of the embedded kernel.
    EngineInvariant {
    NodeIsMember "node_is_member" "C6.1"
        "The node named is a member of the cluster."
        "An action on a node that the cluster does not know has no meaning.";
    PrimaryAlive "primary_alive" "C4.1"
        "One reachable node is primary of the current epoch."
        "The action needs a primary to carry it out.";
    NoPrimaryAlive "no_primary_alive" "C4.1"
        "No node is primary of the current epoch."
        "While a primary works, its role is handed over by a switchover, which loses nothing.";
    TargetIsStandby "target_is_standby" "C4.1"
        "The target is a standby with a vote."
        "Only a voting member that is not primary already can become primary.";
    TargetReachable "target_reachable" "C6.1"
        "The target is reachable."
        "What cannot be reached cannot be observed, and cannot take over.";
    TargetInEpoch "target_in_epoch" "C4.1"
        "The target follows the epoch of the primary."
        "A node that follows another epoch may hold another history.";
    QuorumReachable "quorum_reachable" "C2.5"
        "A majority of the voters is reachable."
        "A majority shares a member with every earlier majority, so none of them can act unseen.";
    TargetLogComplete "target_log_complete" "C2.5"
        "No reachable voter holds a newer log than the target."
        "A primary with a shorter log than a voter could drop a write that was acknowledged.";
    FenceLifted "write_fence_lifted" "C4.2"
        "Writes are not stopped by an operator."
        "A fence that stands already cannot be raised again.";
    FenceStanding "write_fence_standing" "C4.2"
        "Writes are stopped by an operator."
        "A fence that does not stand cannot be lifted.";
    NodeOnline "node_online" "C4.2"
        "The node is online."
        "A node that is offline already cannot be taken offline again.";
    NodeOffline "node_offline" "C4.2"
        "The node was taken offline by an operator."
        "Only a node that an operator took offline can be brought online.";
    NodeIsNew "node_is_new" "C7.1"
        "The name is the next one that was never given."
        "A name stands for one node for ever: what a former node of that name knew is not the new one's.";
    RoomForNode "room_for_node" "C4.2"
        "The cluster has fewer members than it may have."
        "Every member holds a copy of everything, and each copy costs a write.";
    TargetIsLearner "target_is_learner" "C4.2"
        "The target is a learner."
        "Only a member that has no vote can take one.";
    LearnerCaughtUp "learner_caught_up" "C2.5"
        "The learner holds every entry that the primary knows to be committed."
        "A majority that rests on a node without the log is no majority.";
    NotPrimary "target_not_primary" "C2.5"
        "The target is not primary."
        "The primary is removed after a switchover to another node, which loses nothing.";
    VoterRemains "voter_remains" "C2.5"
        "A voter remains without the target."
        "Without a voter nothing can ever be decided again.";
    QuorumRemains "quorum_remains" "C2.5"
        "A majority of the voters that remain is reachable."
        "A node that the others need for a majority cannot be spared now.";
    CheckpointCovers "checkpoint_covers" "C2.5"
        "The checkpoint of the node covers every position that is to be given back."
        "What no checkpoint covers is nowhere else on this node: giving it back would lose it.";
    LogHeld "log_held" "C4.2"
        "The log of the node holds the last position that is to be given back."
        "What was given back already, or never was there, cannot be given back.";
    BackupNameFree "backup_name_free" "C4.2"
        "No backup has this name."
        "A backup is never replaced: its name stands for one state.";
    CopyHasRoom "copy_has_room" "C6.4"
        "The disk has room for a copy of what the node holds, and for the records after it."
        "A disk that is full stops the nodes and the log with it, and nothing can be recorded any more.";
    SingleWriter "single_writer" "C2.5"
        "At most one node acknowledges writes in an epoch, and a later epoch ends every earlier one."
        "Two writers would make two histories.";
    AcknowledgedWritesKept "acknowledged_writes_kept" "C2.5"
        "A write that was acknowledged is in the log of every later primary."
        "An acknowledgement is a promise to a client.";
    EpochUnchanged "epoch_unchanged" "C7.1"
        "The kernel executes an action only in the epoch for which it was confirmed."
        "The same intent cannot run twice, because running it once ends its epoch or its state.";
    ReceiptOnce "receipt_once" "C7.1"
        "The kernel executes an action id at most once and keeps the receipt for ever."
        "A repeated delivery is answered with the first receipt.";
    }
}
