//! What this kernel promises, and what an action of it needs.

use crate::model::invariant::invariants;

invariants! {
    /// One promise of the PostgreSQL kernel.
    PostgresInvariant {
    NodeConfigured "node_configured" "C6.1"
        "The node named is one of those in the settings."
        "Of a server that nobody configured nothing is observed.";
    NodeReachable "node_reachable" "C6.1"
        "The node answers queries."
        "What does not answer can be neither observed nor told anything.";
    RightsHeld "rights_held" "C4.2"
        "The operator's role has every right on the node that it needs."
        "An order that the server refuses half way is one that nobody can explain beforehand.";
    SameCluster "same_cluster" "C6.1"
        "The node has the system identifier of the cluster."
        "A server of another cluster under a known address holds other data.";
    NotRestarted "not_restarted" "C7.1"
        "The server processes of the node are those that were explained."
        "A server that went through recovery since then is in another state than the one confirmed.";
    DirectlyConnected "directly_connected" "C7.1"
        "The server that answers is the one of this address, with no pooler or proxy before it."
        "An order is bound to one session, and behind a pooler that session is another one each time.";
    NoOtherAuthority "no_other_authority" "C2.5"
        "No other program acts on this cluster by itself."
        "Two authorities undo each other's acts, and neither can explain the state.";
    IsPrimary "is_primary" "C4.2"
        "The node is not in recovery."
        "Only a primary writes, so only there can the action take effect.";
    OnePrimary "one_primary" "C2.5"
        "The node answers that it is primary, and no other node does."
        "While two nodes write, a change on one of them decides which history goes on.";
    IsStandby "is_standby" "C4.2"
        "The node is in recovery."
        "Only a standby replays, and only a standby can be promoted.";
    RolesAsConfirmed "roles_as_confirmed" "C3.3"
        "There are application roles that can log in, and they are those that were explained."
        "A role that came in between would go on writing after logins were said to be stopped.";
    LoginsStopped "logins_stopped" "C4.2"
        "The logins of the application roles are stopped by an operator."
        "What ends sessions, or marks the end of writes, means nothing while new sessions can begin.";
    SessionsEnded "sessions_ended" "C2.5"
        "No session of a client is open."
        "An open session can still write after what is said to be the last write.";
    NothingPrepared "nothing_prepared" "C2.5"
        "No prepared transaction waits for its second phase."
        "A prepared transaction can commit at any time, without a session that anybody could end.";
    BranchUnnamed "branch_unnamed" "C7.1"
        "The timeline has no row of this control plane yet."
        "A branch has one name for ever, which tells it from another timeline of the same number.";
    RuleParses "rule_parses" "C4.2"
        "The rule is one of synchronous standbys: names, or FIRST or ANY of a number of names."
        "A rule that the server reads otherwise than the operator promises something else.";
    RuleCanBeMet "rule_can_be_met" "C2.5"
        "The rule names at least as many different nodes as it waits for, each one configured."
        "The server takes a rule that nobody can meet, and then every commit hangs.";
    NamedStream "named_stream" "C2.5"
        "On a primary as many of the named standbys stream as a commit waits for."
        "A rule that is not met as it comes into force stops every commit.";
    SyncSetSatisfied "sync_set_satisfied" "C7.3"
        "As many synchronous standbys are connected as the rule in force waits for."
        "A row that waits for a standby which is not there hangs, and its outcome is unknown.";
    ContractJoint "contract_joint" "C2.5"
        "The rule in force names standbys, and no other contract stands."
        "A contract that replaced another unseen would later prove what nobody promised.";
    RuleAsContract "rule_as_contract" "C2.5"
        "A contract stands, and the rule in force is its rule."
        "The end of a contract has to reach the standbys that the contract counts on.";
    ContractKept "contract_kept" "C2.5"
        "The rule that comes into force is that of the contract, where one stands."
        "A relaxed rule under a standing contract would make a later proof a false one.";
    NothingElsePending "nothing_else_pending" "C3.3"
        "What a reload brings into force is known, and is what was explained."
        "A reload brings everybody's edits into force, not only those of this control plane.";
    SettingsReadable "settings_readable" "C6.1"
        "The files of settings have no error."
        "Where the server cannot read its files, nobody knows what a reload would bring.";
    ConninfoWithoutSecret "conninfo_without_secret" "C10.2"
        "The upstream of the node is set without a password in it."
        "A password in a setting is read by everybody who may monitor, and would be lost as it is replaced.";
    UpstreamConfigured "upstream_configured" "C6.1"
        "The upstream is another node in the settings, or none."
        "A standby that follows an unknown server holds an unknown history.";
    NoCycle "no_cycle" "C2.5"
        "The chain of upstreams from the node ends, and does not come back to it."
        "Standbys that follow each other receive nothing.";
    SettingAllowed "setting_allowed" "C10.2"
        "The setting is on the closed list, and its value is one line without quotes or backslashes."
        "A setting can be a command of a shell, or silently end what others rely on.";
    ReplayGoesOn "replay_goes_on" "C4.2"
        "Replay is not paused."
        "What is paused cannot be paused again.";
    ReplayPaused "replay_paused" "C4.2"
        "Replay is paused."
        "What goes on cannot be resumed.";
    NotWaitedFor "not_waited_for" "C2.5"
        "No commit waits for this standby."
        "Where a commit waits until the standby has replayed it, a pause stops every commit.";
    SlotNameFree "slot_name_free" "C4.2"
        "The node has no slot of this name, and the name is one that the server takes."
        "A name stands for one slot and one consumer.";
    SlotRoom "slot_room" "C4.2"
        "The node has room for one more slot."
        "Where the server has none left it refuses.";
    SlotKnown "slot_known" "C6.1"
        "The node has a slot of this name."
        "Of another slot nothing is known.";
    SlotInactive "slot_inactive" "C2.5"
        "Nobody reads from the slot."
        "A consumer that reads would lose what it is reading.";
    SlotUnneeded "slot_unneeded" "C2.5"
        "No configured node needs the slot to follow this one."
        "A standby without its slot can miss WAL for ever, and has to be made anew.";
    SessionKnown "session_is_that" "C7.1"
        "The node has exactly that session: the process and the instant at which it began."
        "The number of a process is given to another session later.";
    SessionNotSuperuser "session_not_superuser" "C4.2"
        "The session is not one of a superuser."
        "The server lets nobody but a superuser end it.";
    SenderFree "sender_free" "C6.4"
        "The node has a WAL sender to spare."
        "A copy that takes the last one keeps a standby from connecting.";
    NoTablespaces "no_tablespaces" "C2.6"
        "All data of the cluster lies in its one directory."
        "A copy without a tablespace would be a backup that cannot be restored.";
    BackupNameFree "backup_has_new_name" "C4.2"
        "No backup has this name."
        "A backup is never replaced: its name stands for one state.";
    RoomForBackup "room_for_backup" "C6.4"
        "The disk of the backups has room for a copy of the node, and for the records after it."
        "A disk that is full stops the log with it, and nothing can be recorded any more.";
    ChecksumsOn "checksums_on" "C2.6"
        "The pages of the node carry checksums."
        "Without them a page that reads is said to be good, whatever it holds.";
    NoPrimaryAnswers "no_primary_answers" "C2.5"
        "No node answers that it is primary."
        "While a primary answers, a promotion makes a second one.";
    NotReceiving "not_receiving" "C2.5"
        "The target receives no WAL."
        "A standby that still receives has an upstream that is alive.";
    OnTimeline "on_timeline" "C2.5"
        "The target is on the timeline and the branch of the cluster, and not beyond a fork."
        "A node on an older or another history lacks what was acknowledged on this one.";
    NoneFurther "none_further" "C2.5"
        "No node that can be read holds more WAL than the target."
        "What another node holds beyond it would be lost, or would strand that node.";
    CommitsKept "acknowledged_commits_kept" "C2.5"
        "Every commit that was acknowledged is on the target, by one of the proofs that there are."
        "An acknowledgement is a promise to a client.";
    NoOtherWriter "no_other_writer" "C2.5"
        "Nobody else acknowledges commits, by the same proof."
        "Two writers make two histories.";
    WithinStatement "within_statement" "C7.1"
        "What was explained is looked at again in the session of the order, in the statement itself where the server allows that."
        "Between an observation and an order the cluster can change.";
    OneSession "one_session" "C7.1"
        "An order runs in one session, which is on record before the order is sent and is never opened again."
        "Once that session has ended nothing of the order can arrive any more.";
    ReceiptKept "receipt_kept" "C7.1"
        "An action id runs at most once, and what came of it is kept."
        "A repeated delivery is answered with the first receipt.";
    }
}
