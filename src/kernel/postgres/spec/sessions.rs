//! Sessions of clients.

use super::facts::SESSION;
use super::{
    CONNECTION_LOST, NO_RIGHT, NODE, NODE_PARAMETER, REFUSED, Rule, STOPPED_AFTER, STOPPED_BEFORE,
    failure_modes, preconditions,
};
use crate::model::action::ActionKind;
use crate::model::spec::{
    ActionClass, ActionSpec, FailureMode, Impact, ParameterKind, ParameterSpec, Target, WayOut,
};

const ONE_SESSION: &[ParameterSpec] = &[
    NODE_PARAMETER,
    ParameterSpec {
        name: "session",
        meaning: "The session: the number of its process, and when it began.",
        limits: "The name of a session of that node, as its page shows it.",
        kind: ParameterKind::Item { of: SESSION, rule: Rule::SessionKnown.id() },
    },
];
const ENDED_BY_OTHERS: FailureMode = FailureMode {
    when: "The answer is lost, and the session is gone.",
    seen: "Stage unknown: a session that is gone does not say who ended it. An operator records what was found.",
};

pub(super) const END_SESSIONS: ActionSpec = ActionSpec {
    kind: ActionKind::of("end_sessions"),
    title: "End the sessions of stopped roles",
    phrase: "end the sessions of stopped roles on {node}",
    meaning: "Every session of a role whose login is stopped ends, and what it had not committed is rolled back.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "No: what was not committed is rolled back.",
    parameters: NODE,
    attestations: &[],
    preconditions: preconditions!(LoginsStopped),
    effects: &["No session of a stopped role is open."],
    failure_modes: failure_modes!(FailureMode {
        when: "Some sessions end and others do not.",
        seen: "Stage unknown, naming each that is left. It is no success while one is left.",
    }),
    not_checked: &[
        "Sessions of superusers and of roles that are no application roles.",
        "Whether a client that waited for the answer to a commit knows what came of it.",
    ],
    engine_command: "select pg_terminate_backend(pid, 2000), for each session of a stopped role",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const TERMINATE_SESSION: ActionSpec = ActionSpec {
    kind: ActionKind::of("terminate_session"),
    title: "Terminate a session",
    phrase: "terminate the session {session} of {node}",
    meaning: "One session ends, and what it had not committed is rolled back.",
    class: ActionClass::Control,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "No: what was not committed is rolled back.",
    parameters: ONE_SESSION,
    attestations: &[],
    preconditions: preconditions!(SessionKnown, SessionNotSuperuser),
    effects: &["The session is gone."],
    failure_modes: failure_modes!(ENDED_BY_OTHERS),
    not_checked: &["Whether the client connects again at once, and does the same."],
    engine_command: "select pg_terminate_backend(pid, 2000), where pid and backend_start are those of the session",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const CANCEL_QUERY: ActionSpec = ActionSpec {
    kind: ActionKind::of("cancel_query"),
    title: "Cancel a query",
    phrase: "cancel the query of the session {session} of {node}",
    meaning: "What one session runs now is cancelled. The session stays.",
    reversible: "No: what the statement had done is rolled back.",
    effects: &["The statement that the session runs ends with an error, where it still runs one."],
    failure_modes: failure_modes!(FailureMode {
        when: "The answer is lost.",
        seen: "Stage unknown: nothing that is left says who cancelled a query. An operator records what was found.",
    }),
    not_checked: &[
        "Whether the session still runs the statement that was seen: it is whatever it runs then.",
        "Whether the statement waited for a standby: then its commit stays, and is local only.",
    ],
    engine_command: "select pg_cancel_backend(pid), where pid and backend_start are those of the session",
    ..TERMINATE_SESSION
};
