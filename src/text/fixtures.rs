//! Values for the tests of this room, made by hand from the model.

use crate::kernel::embedded::spec::SPEC;
use crate::kernel::embedded::view::{
    Cause, ClusterView, Fence, NodeFacts, NodeView, Positions, Role, Unreachable, View, Writes,
};
use crate::model::action::{Action, ActionId, Stage};
use crate::model::actor::{Actor, ActorRole, CredentialKind};
use crate::model::ambient::Timestamp;
use crate::model::answer::{ActionAnswer, Overview, ResolutionMode, StoredRecord};
use crate::model::attestation::{Attestations, command};
use crate::model::cluster::{ClusterState, Observation};
use crate::model::explanation::{EXPLANATION_FORMAT, Explanation};
use crate::model::facts::{Fact, Since};
use crate::model::pinned::{ClusterIdentity, Freeze};
use crate::model::record::{Entry, RECORD_VERSION, Record};
use crate::model::text::{ActorName, NodeId, PlaceName, Reason};

fn at() -> Timestamp {
    Timestamp::from_millis(1_769_852_700_000)
}

fn node(number: u64, role: Role) -> NodeView {
    NodeView {
        pinned: NodeFacts {
            id: NodeId::numbered(number),
            role: Fact::Known(role),
            reachable: Fact::Known(true),
            unreachable: None,
            epoch: Fact::Known(3),
        },
        positions: Positions {
            last: Fact::Known(12),
            last_epoch: Fact::Known(3),
            committed: Fact::Known(12),
            applied: Fact::Known(11),
            first: Fact::Known(1),
            checkpoint: Fact::Known(None),
        },
        stored_bytes: Some(Fact::Known(3 * 1024 * 1024)),
        source: "its own store".to_owned(),
    }
}

/// Three nodes, n1 primary.
pub(crate) fn state() -> ClusterState {
    view().state()
}

fn view() -> View {
    let place = |text| PlaceName::parse(text).expect("valid");
    let cluster = ClusterView {
        identity: ClusterIdentity {
            cluster: place("aerodb"),
            environment: place("development"),
            kernel: "embedded".to_owned(),
            id: "c-1".to_owned(),
        },
        epoch: Fact::Known(3),
        primary: Fact::Known(Some(NodeId::numbered(1))),
        without_primary: None,
        writes: Fact::Known(Writes::Accepted),
        writes_refused: None,
        write_fence: Fact::Known(Fence::Lifted),
        voters: (1..=3).map(NodeId::numbered).collect(),
        quorum: 2,
        next_node: NodeId::numbered(4),
        backups: Vec::new(),
    };
    let nodes = vec![node(1, Role::Primary), node(2, Role::Standby), node(3, Role::Standby)];
    let (clock, source) = ("fixed".to_owned(), "one instant".to_owned());
    let observation = Observation { id: String::new(), observed_at: at(), clock, source };
    View { observation, cluster, nodes, free_bytes: None }
}

/// The same cluster after a restart, with n3 offline.
pub(crate) fn overview_without_primary() -> Overview {
    let mut state = view();
    let since = |why: &str| Some(Since { since: at(), why: why.to_owned() });
    state.cluster.primary = Fact::Known(None);
    state.cluster.without_primary = since("The process was restarted.");
    state.cluster.writes = Fact::Known(Writes::Stopped);
    state.cluster.writes_refused = since("Nobody is primary.");
    let n3 = state.nodes.last_mut().expect("three nodes");
    n3.pinned.role = Fact::unknown(at(), "n3 is offline");
    n3.pinned.reachable = Fact::Known(false);
    n3.pinned.unreachable = Some(Unreachable {
        since: at(),
        why: "taken offline by an operator".to_owned(),
        causes: vec![Cause::TakenOffline],
    });
    n3.pinned.epoch = Fact::unknown(at(), "n3 is offline");
    n3.positions = Positions::unknown(at(), "n3 is offline");
    Overview {
        state: state.state(),
        target_checks: Vec::new(),
        cluster_actions: Vec::new(),
        in_doubt: None,
        freeze: None,
        data_address: None,
        mismatch: None,
        unrecordable: None,
    }
}

/// A freeze that ada declared.
pub(crate) fn freeze() -> Freeze {
    let reason = Reason::parse("an audit runs").expect("valid");
    Freeze { seq: 7, by: ActorName::parse("ada").expect("valid"), since: at(), reason }
}

/// A switchover to n2 in this stage.
pub(crate) fn action(stage: Stage) -> ActionAnswer {
    let seen = state();
    let action: Action =
        serde_json::from_str(r#"{"kind":"switchover","params":{"to":"n2"}}"#).expect("an action");
    let operator = ActorName::parse("ada").expect("valid");
    let reason = Reason::parse("maintenance of n1").expect("valid");
    let explanation = Explanation {
        format: EXPLANATION_FORMAT,
        action: action.clone(),
        operator: operator.clone(),
        reason: reason.clone(),
        attested: Attestations::default(),
        pinned: seen.pinned(&SPEC, None),
        checks: Vec::new(),
        effects: Vec::new(),
        consequences: Vec::new(),
        not_checked: Vec::new(),
        relies_on: Vec::new(),
        command: command(&action, &Attestations::default(), reason.as_str()),
        engine_command: "raft: transfer leader to n2".to_owned(),
        typed_target: None,
        candidates: Vec::new(),
    };
    ActionAnswer {
        id: ActionId::from_random([5; 16]),
        action,
        reason,
        requested_by: operator,
        requested_at: at(),
        stage,
        interrupted: None,
        kernel_says: None,
        closing: ResolutionMode::Resolution,
        digest: explanation.digest(),
        explanation,
        observation: seen.observation,
        outcome: None,
        moved: Vec::new(),
        under_way: None,
        duplicate: false,
        confirmed_by: Vec::new(),
        after_refusal: None,
        more_records: false,
        records: Vec::new(),
    }
}

/// A record of the operator ada.
pub(crate) fn stored(seq: u64, entry: Entry) -> StoredRecord {
    let name = ActorName::parse("ada").expect("valid");
    let record = Record {
        v: RECORD_VERSION,
        seq,
        at: at(),
        clock: "fixed".to_owned(),
        actor: Some(Actor { name, role: ActorRole::Operator, via: CredentialKind::Session }),
        action_id: None,
        entry,
        prev: None,
        host: None,
        clock_back_ms: None,
        issued: None,
        ended: None,
    };
    let hash = record.hash();
    StoredRecord { record, hash }
}
