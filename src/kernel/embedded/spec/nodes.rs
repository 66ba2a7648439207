//! Which nodes take part.

use super::{EngineInvariant, NODE};
use crate::model::action::ActionKind;
use crate::model::spec::{
    ActionClass, ActionSpec, FailureMode, Impact, ParameterKind, ParameterSpec, REFUSED,
    STOPPED_AFTER, STOPPED_BEFORE, Target, WayOut,
};

pub(super) const TAKE_OFFLINE: ActionSpec = ActionSpec {
    kind: ActionKind::of("take_offline"),
    title: "Take a node offline",
    phrase: "take {node} offline",
    meaning: "One node leaves service for maintenance: it neither serves clients nor votes.",
    class: ActionClass::Maintenance,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "Yes: by bring_online.",
    parameters: NODE,
    attestations: &[],
    preconditions: &[EngineInvariant::NodeIsMember.id(), EngineInvariant::NodeOnline.id()],
    effects: &[
        "The node cannot be reached, so its facts are unknown.",
        "A primary that is taken offline gives up its role; nobody is primary until a failover.",
        "Where fewer than a majority of the voters stay reachable, writes are refused.",
    ],
    failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &[
        "Whether clients are connected to the node.",
        "What the node is taken offline for, and for how long.",
    ],
    engine_command: "network: close the links of the node",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const BRING_ONLINE: ActionSpec = ActionSpec {
    kind: ActionKind::of("bring_online"),
    title: "Bring a node online",
    phrase: "bring {node} online",
    meaning: "A node that an operator took offline returns to service and catches up.",
    class: ActionClass::Maintenance,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "Yes: by take_offline.",
    parameters: NODE,
    attestations: &[],
    preconditions: &[EngineInvariant::NodeIsMember.id(), EngineInvariant::NodeOffline.id()],
    effects: &[
        "The node is reachable and follows as a standby.",
        "Clients are served while it catches up with the log; where a majority needs it, once it has.",
        "Where it lacks entries that were given back it receives the whole state in one step, and nobody \
         is served meanwhile.",
        "Nobody becomes primary by it.",
    ],
    failure_modes: &[REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &[
        "How long the node takes to catch up.",
        "Whether the files of the node were changed by other programs while it was offline.",
    ],
    engine_command: "network: open the links of the node",
    takes_long: true,
    chooses_primary: false,
    way_out: WayOut::Never,
};

const NOT_DECIDED: FailureMode = FailureMode {
    when: "The primary or the majority is lost before the entry is committed.",
    seen: "Stage unknown. The next primary decides the entry; an operator settles the action.",
};

pub(super) const ADD_REPLICA: ActionSpec = ActionSpec {
    kind: ActionKind::of("add_replica"),
    title: "Add a replica",
    phrase: "add {node} as a learner",
    meaning: "A new node joins as a learner: it receives everything, and has no vote.",
    class: ActionClass::Maintenance,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "Yes: by remove_replica. The name is spent.",
    parameters: &[ParameterSpec {
        name: "node",
        meaning: "The name of the new node.",
        limits: "The next name that was never given, such as n4 after n3.",
        kind: ParameterKind::Joining,
    }],
    attestations: &[],
    preconditions: &[
        EngineInvariant::NodeIsNew.id(),
        EngineInvariant::RoomForNode.id(),
        EngineInvariant::PrimaryAlive.id(),
        EngineInvariant::QuorumReachable.id(),
        EngineInvariant::CopyHasRoom.id(),
    ],
    effects: &[
        "The node is a member without a vote, and receives the log; where the log was given back, the \
         whole state in one step, and nobody is served meanwhile.",
        "The majority stays what it is: a learner counts for nothing.",
    ],
    failure_modes: &[
        FailureMode {
            when: "The store of the new node cannot be made.",
            seen: "Stage refused, with what the file system said. The members are the same.",
        },
        NOT_DECIDED,
        REFUSED,
        STOPPED_BEFORE,
        STOPPED_AFTER,
    ],
    not_checked: &["How long the new node takes to receive everything."],
    engine_command: "raft: propose the change of configuration that adds a learner",
    takes_long: true,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const GRANT_VOTE: ActionSpec = ActionSpec {
    kind: ActionKind::of("grant_vote"),
    title: "Grant a vote",
    phrase: "grant {node} a vote",
    meaning: "A learner that holds the whole log becomes a standby with a vote.",
    class: ActionClass::Maintenance,
    impact: Impact::Contained,
    target: Target::Node,
    reversible: "In part: by remove_replica, which removes the node with its vote.",
    parameters: NODE,
    attestations: &[],
    preconditions: &[
        EngineInvariant::NodeIsMember.id(),
        EngineInvariant::TargetReachable.id(),
        EngineInvariant::TargetIsLearner.id(),
        EngineInvariant::PrimaryAlive.id(),
        EngineInvariant::QuorumReachable.id(),
        EngineInvariant::LearnerCaughtUp.id(),
    ],
    effects: &[
        "The node counts for the majority, and can become primary.",
        "With one voter more the majority may be larger.",
    ],
    failure_modes: &[NOT_DECIDED, REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &["Whether the node fails together with another one."],
    engine_command: "raft: propose the change of configuration that makes the learner a voter",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};

pub(super) const REMOVE_REPLICA: ActionSpec = ActionSpec {
    kind: ActionKind::of("remove_replica"),
    title: "Remove a replica",
    phrase: "remove {node} for good",
    meaning: "A standby or a learner leaves the cluster for good, reachable or not.",
    class: ActionClass::Maintenance,
    impact: Impact::Disruptive,
    target: Target::Node,
    reversible: "No: a new node joins by add_replica under another name, and starts empty.",
    parameters: NODE,
    attestations: &[],
    preconditions: &[
        EngineInvariant::NodeIsMember.id(),
        EngineInvariant::PrimaryAlive.id(),
        EngineInvariant::QuorumReachable.id(),
        EngineInvariant::NotPrimary.id(),
        EngineInvariant::VoterRemains.id(),
        EngineInvariant::QuorumRemains.id(),
    ],
    effects: &[
        "The node is no member: it receives nothing, and its vote, if it had one, is gone.",
        "With one voter fewer the majority may be smaller, and fewer may be lost.",
        "Its files stay where they are, and nothing opens them.",
    ],
    failure_modes: &[NOT_DECIDED, REFUSED, STOPPED_BEFORE, STOPPED_AFTER],
    not_checked: &[
        "Whether the remaining nodes fail together.",
        "What becomes of the files of the node.",
    ],
    engine_command: "raft: propose the change of configuration that removes the node",
    takes_long: false,
    chooses_primary: false,
    way_out: WayOut::Never,
};
