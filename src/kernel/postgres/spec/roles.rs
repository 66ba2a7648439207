//! Who is primary, and who may write.

use super::{
    CONNECTION_LOST, LOCAL_ONLY, NO_RIGHT, NODE, REFUSED, Rule, STOPPED_AFTER, STOPPED_BEFORE,
    failure_modes, preconditions,
};
use crate::model::action::ActionKind;
use crate::model::attestation::ATTESTED_CHARS_MAX;
use crate::model::spec::{
    ActionClass, ActionSpec, AttestationForm, AttestationSpec, FailureMode, Impact, Target, WayOut,
};

/// What `pg_controldata` says of the old primary, pasted.
pub const CONTROL_DATA: AttestationSpec = AttestationSpec {
    key: "control_data",
    label: "Output of pg_controldata of the old primary",
    help: "On the host of the old primary, after it was stopped: LC_ALL=C pg_controldata, with its data directory. Paste all of it.",
    form: AttestationForm::Text { chars_max: ATTESTED_CHARS_MAX },
};
/// That nothing starts the old primary again.
pub const OLD_PRIMARY_OUT: AttestationSpec = AttestationSpec {
    key: "old_primary_out",
    label: "The old primary is stopped, and nothing starts it again.",
    help: "Look at the host itself: the service is disabled or the machine is off. A server that does not answer may still be running.",
    form: AttestationForm::Statement,
};
/// That nobody asked for less than the contract says.
pub const NO_LOCAL_COMMITS: AttestationSpec = AttestationSpec {
    key: "no_local_commits",
    label: "No client commits with synchronous_commit below on, and nobody cancelled a wait for a standby or relaxed the rule by hand.",
    help: "Look at the settings of the applications, and at the server log of the old primary where it can be read. No query shows what one session had set.",
    form: AttestationForm::Statement,
};

pub(super) const PROMOTE: ActionSpec = ActionSpec {
    kind: ActionKind::of("promote"),
    title: "Promote a standby",
    phrase: "promote {node}",
    meaning: "A standby ends recovery and writes a new timeline, where it is proven that nothing acknowledged is lost.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "No: history has turned off. What follows the old timeline has to follow this one, or be rewound or made anew.",
    parameters: NODE,
    attestations: &[CONTROL_DATA, OLD_PRIMARY_OUT, NO_LOCAL_COMMITS],
    preconditions: preconditions!(
        IsStandby,
        NoPrimaryAnswers,
        NotReceiving,
        OnTimeline,
        NoneFurther,
        CommitsKept,
        NoOtherWriter
    ),
    effects: &[
        "The node is primary, on a timeline one higher.",
        "The branch has no name until it is marked, by another action.",
        "The sync rule that is in force on the node is in force for everybody who writes.",
        "A pause of its replay ends.",
    ],
    failure_modes: failure_modes!(FailureMode {
        when: "The node was told to promote, and is not primary within the deadline.",
        seen: "Stage unknown: it may become primary later. Resolving says whether that is still under way.",
    }),
    not_checked: &[
        "Whether clients, proxies and service addresses find the new primary, and leave the old one.",
        "What session-level synchronous_commit a client had set.",
        "Whether the archive of WAL takes the new timeline.",
        "Whether another program can answer to the name of a standby that acknowledges.",
        "Whether the host of the node can carry the load.",
    ],
    engine_command: "select pg_promote(false), where every guard holds",
    takes_long: false,
    chooses_primary: true,
    // What is in doubt may need the old primary to be resolved, and that is gone.
    way_out: WayOut::UnlessPrimaryInDoubt,
};

pub(super) const STOP_LOGINS: ActionSpec = ActionSpec {
    kind: ActionKind::of("stop_logins"),
    title: "Stop logins",
    phrase: "stop the application logins of {node}",
    meaning: "The application roles can log in no more, in one transaction with its receipt. Sessions that are open stay open.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "Yes: by resume_logins.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(IsPrimary, RolesAsConfirmed),
    effects: &[
        "No application role that could log in can.",
        "Writes of new sessions are refused; what has a session goes on.",
    ],
    failure_modes: failure_modes!(LOCAL_ONLY),
    not_checked: &[
        "Superusers, and roles that were not named as application roles: they can still log in.",
        "Whether applications cope with refused connections.",
    ],
    engine_command: "select cp.stop_logins(action, roles, sequence, hash)",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const RESUME_LOGINS: ActionSpec = ActionSpec {
    kind: ActionKind::of("resume_logins"),
    title: "Resume logins",
    phrase: "resume the application logins of {node}",
    meaning: "The application roles whose login was stopped, and no others, can log in again.",
    class: ActionClass::Control,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "Yes: by stop_logins.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(OnePrimary, LoginsStopped),
    effects: &[
        "The roles that were stopped can log in.",
        "A barrier from before proves nothing any more.",
    ],
    failure_modes: failure_modes!(LOCAL_ONLY),
    not_checked: &["Whether what logins were stopped for is done."],
    engine_command: "select cp.resume_logins(action, roles, sequence, hash)",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const MARK_BARRIER: ActionSpec = ActionSpec {
    kind: ActionKind::of("mark_barrier"),
    title: "Mark the end of writes",
    phrase: "mark the end of writes on {node}",
    meaning: "A row is written while no client can write: a standby that has it has everything before it.",
    class: ActionClass::Control,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "There is nothing to take back: the row stays, and proves nothing once logins are resumed.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(OnePrimary, LoginsStopped, SessionsEnded, NothingPrepared),
    effects: &["The barrier of the cluster is this action."],
    failure_modes: failure_modes!(LOCAL_ONLY),
    not_checked: &[
        "Superusers that log in after the row was written.",
        "When the standbys have the row: each page says which barrier a node holds.",
    ],
    engine_command: "insert into cp.receipt, where logins are stopped and nobody else is connected",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const MARK_BRANCH: ActionSpec = ActionSpec {
    kind: ActionKind::of("mark_branch"),
    title: "Name the branch",
    phrase: "name the branch of {node}",
    meaning: "The first row of this control plane on a new timeline, which tells it from another timeline of the same number.",
    class: ActionClass::Control,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "There is nothing to take back: the row stays, and names the branch for ever.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(OnePrimary, BranchUnnamed),
    effects: &["The branch has the name of this action."],
    failure_modes: failure_modes!(LOCAL_ONLY),
    not_checked: &["Whether a node that cannot be read is on another branch of the same number."],
    engine_command: "insert into cp.branch and cp.receipt, in one transaction",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};
