//! Settings: which standbys a commit waits for, whom a node follows, and a closed list of others. What is
//! written comes into force by another action (C4.3).

use super::{
    CONNECTION_LOST, GUARD_BEFORE, LOCAL_ONLY, NO_RIGHT, NODE, NODE_PARAMETER, REFUSED, Rule,
    STOPPED_AFTER, STOPPED_BEFORE, failure_modes, preconditions,
};
use crate::model::action::ActionKind;
use crate::model::spec::{
    ActionClass, ActionSpec, FailureMode, Impact, ParameterKind, ParameterSpec, Target, WayOut,
};

/// What stands for an empty rule and for no upstream.
pub const NONE_WORD: &str = "none";
/// What stands for the value that a setting has where no file names it.
pub const DEFAULT_VALUE: &str = "default";
/// Longest rule that can be written, in characters: dozens of names.
const RULE_CHARS_MAX: usize = 400;
/// Longest value of another setting, in characters; those of the list are numbers, units and names.
const VALUE_CHARS_MAX: usize = 64;

pub(super) const DECLARE_SYNC_CONTRACT: ActionSpec = ActionSpec {
    kind: ActionKind::of("declare_sync_contract"),
    title: "Declare the sync contract",
    phrase: "declare the sync rule of {node} a contract",
    meaning: "The rule of synchronous standbys that is in force becomes a promise on record, which every standby receives.",
    class: ActionClass::Control,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "Yes: by withdraw_sync_contract.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(OnePrimary, SyncSetSatisfied, ContractJoint),
    effects: &[
        "A contract stands, with the rule that is in force.",
        "No other rule comes into force until it is withdrawn.",
        "A promotion can be proven by detaching standbys, without the old primary.",
    ],
    failure_modes: failure_modes!(
        LOCAL_ONLY,
        FailureMode {
            when: "A standby of the rule is lost while the row waits for it.",
            seen: "Stage unknown. Resolving ends the session; the row stays where it was committed locally, and is then found.",
        }
    ),
    not_checked: &[
        "What session-level synchronous_commit a client has set: its commits are outside of the contract.",
        "Whether another program can answer to the name of a standby that acknowledges.",
    ],
    engine_command: "insert into cp.contract and cp.receipt, with synchronous_commit on, where the rule in force is the one confirmed",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const WITHDRAW_SYNC_CONTRACT: ActionSpec = ActionSpec {
    kind: ActionKind::of("withdraw_sync_contract"),
    title: "Withdraw the sync contract",
    phrase: "withdraw the sync contract on {node}",
    meaning: "The contract ends on record, before its rule may be relaxed.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "Yes: by declare_sync_contract.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(OnePrimary, RuleAsContract),
    effects: &["No contract stands.", "A promotion can no longer be proven by detaching standbys."],
    failure_modes: failure_modes!(LOCAL_ONLY),
    not_checked: &["When the standbys have the row: each page says which contract a node holds."],
    engine_command: "update cp.contract and insert into cp.receipt, in one transaction, with synchronous_commit on where the rule is met and local where it is not",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const WRITE_SYNC_STANDBYS: ActionSpec = ActionSpec {
    kind: ActionKind::of("write_sync_standbys"),
    title: "Write the sync rule",
    phrase: "write the sync rule {rule} on {node}",
    meaning: "A rule of synchronous standbys is written into the files of a node. It comes into force by a reload.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "Yes: by writing the rule that was there before.",
    parameters: &[
        NODE_PARAMETER,
        ParameterSpec {
            name: "rule",
            meaning: "The rule, as synchronous_standby_names takes it.",
            limits: "A list of configured nodes, FIRST k (list), ANY k (list) or k (list); or none, for no synchronous standbys.",
            kind: ParameterKind::Text { chars_max: RULE_CHARS_MAX },
        },
    ],
    attestations: &[],
    preconditions: preconditions!(RuleParses, RuleCanBeMet, NamedStream),
    effects: &["The rule stands in the files. It is not in force."],
    failure_modes: failure_modes!(),
    not_checked: &[GUARD_BEFORE, "Whether the standbys that are named fail together."],
    engine_command: "alter system set synchronous_standby_names",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const RELOAD: ActionSpec = ActionSpec {
    kind: ActionKind::of("reload"),
    title: "Reload the settings",
    phrase: "reload the settings of {node}",
    meaning: "The files of settings are read again: what anybody wrote into them comes into force.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "In part: by writing the former values and another reload.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(NothingElsePending, SettingsReadable, ContractKept, NamedStream),
    effects: &[
        "Every setting that is shown as written and not in force comes into force.",
        "Commits that wait for a standby which the rule names no more wait no more.",
        "A standby whose upstream changed connects to the new one, or to nobody.",
    ],
    failure_modes: failure_modes!(),
    not_checked: &[
        "The values of settings that are shown by their names only.",
        "Whether the new upstream lets the standby in.",
        "How long a standby takes to connect.",
    ],
    engine_command: "select pg_reload_conf()",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const WRITE_UPSTREAM: ActionSpec = ActionSpec {
    kind: ActionKind::of("write_upstream"),
    title: "Write the upstream",
    phrase: "write {upstream} as the upstream of {node}",
    meaning: "The node to take WAL from is written into the files of a node. It comes into force by a reload.",
    class: ActionClass::Maintenance,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "Yes: by writing the upstream that was there before.",
    parameters: &[
        NODE_PARAMETER,
        ParameterSpec {
            name: "upstream",
            meaning: "The node to take WAL from.",
            limits: "The name of another node in the settings, or none.",
            kind: ParameterKind::Name,
        },
    ],
    attestations: &[],
    preconditions: preconditions!(ConninfoWithoutSecret, UpstreamConfigured, NoCycle),
    effects: &["The upstream stands in the files. It is not in force."],
    failure_modes: failure_modes!(),
    not_checked: &[
        GUARD_BEFORE,
        "Whether the new upstream lets the node in: its pg_hba and the password file of the node.",
        "Whether the new upstream still has the WAL that the node needs.",
    ],
    engine_command: "alter system set primary_conninfo",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const WRITE_SETTING: ActionSpec = ActionSpec {
    kind: ActionKind::of("write_setting"),
    title: "Write a setting",
    phrase: "write {setting} = {value} on {node}",
    meaning: "One setting of a closed list is written into the files of a node. It comes into force by a reload.",
    class: ActionClass::Maintenance,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "Yes: by writing the former value, or default.",
    parameters: &[
        NODE_PARAMETER,
        ParameterSpec {
            name: "setting",
            meaning: "The setting.",
            limits: "One of hot_standby_feedback, max_slot_wal_keep_size, max_standby_streaming_delay, primary_slot_name, recovery_min_apply_delay, wal_keep_size.",
            kind: ParameterKind::Name,
        },
        ParameterSpec {
            name: "value",
            meaning: "Its value, with its unit.",
            limits: "A line without quotes and backslashes; default takes the setting out of the file.",
            kind: ParameterKind::Text { chars_max: VALUE_CHARS_MAX },
        },
    ],
    attestations: &[],
    preconditions: preconditions!(SettingAllowed),
    effects: &["The setting stands in the files. It is not in force."],
    failure_modes: failure_modes!(),
    not_checked: &[GUARD_BEFORE, "What the value means for the load of the node."],
    engine_command: "alter system set, or reset",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};
