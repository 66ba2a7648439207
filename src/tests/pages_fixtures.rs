//! Values that pages are drawn from, made by hand.

use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::spec::EngineInvariant;
use aerodb_control::model::action as model;
use aerodb_control::model::action::{ActionId, ActionKind, Stage};
use aerodb_control::model::actor::{Actor, ActorRole, Means, Via};
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::answer::{
    ActionAnswer, ActionLine, ActionPage, Closing, LogPage, Outcome, Overview, SessionAnswer,
    StoredRecord, WhyNot,
};
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::cluster::{ClusterState, NodeState, Positions};
use aerodb_control::model::event::{EventKind, EventPlace, KernelEvent};
use aerodb_control::model::explanation::{
    Candidate, Check, EXPLANATION_FORMAT, Evidence, Explanation, Prospect, Verdict,
};
use aerodb_control::model::log_filter::LogFilter;
use aerodb_control::model::pinned::{
    Cause, ClusterIdentity, Fact, Fence, Moved, PinnedCluster, PinnedNode, Role, Since,
    Unreachable, Writes,
};
use aerodb_control::model::progress::{Progress, Unit};
use aerodb_control::model::receipt::{Receipt, Witness};
use aerodb_control::model::record::{Entry, RECORD_VERSION, Record};
use aerodb_control::model::text::{ActorName, NodeId, PlaceName, Reason};
use aerodb_control::ui::preferences::Preferences;
use aerodb_control::ui::{Console, Frame, LogView};

/// A text that would do harm anywhere it is not made inert.
pub(crate) const HOSTILE: &str =
    "</script><script>alert(1)</script>\" onload=\"x\" \u{202e}gnp.exe\u{1b}[2J";

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_794_300_000_000 + second * 1000)
}

pub(crate) fn node_id(name: &str) -> NodeId {
    NodeId::parse(name).unwrap()
}

pub(crate) fn identity() -> ClusterIdentity {
    ClusterIdentity {
        cluster: PlaceName::parse("aerodb").unwrap(),
        environment: PlaceName::parse("staging").unwrap(),
        kernel: "embedded".to_owned(),
        id: "c-7f3a".to_owned(),
    }
}

pub(crate) fn frame(role: Option<ActorRole>) -> Frame {
    let session = role.map(|role| SessionAnswer {
        name: ActorName::parse("maria").unwrap(),
        role,
        token: Some("secret-of-the-session".to_owned()),
        expires_at: at(3600),
    });
    Frame {
        catalogue: crate::kernel_words::CATALOGUE,
        identity: identity(),
        session,
        freeze: Ok(None),
        unrecordable: None,
        mismatch: None,
        preferences: Preferences::default(),
        freeze_id: action_id(),
        console: Console::Whole,
        can_sign_out: true,
        shows: None,
    }
}

pub(crate) fn node(name: &str, role: Role, last: u64) -> NodeState {
    NodeState {
        pinned: PinnedNode {
            id: node_id(name),
            role: Fact::Known(role),
            reachable: Fact::Known(true),
            unreachable: None,
            epoch: Fact::Known(4),
        },
        positions: Positions {
            last: Fact::Known(last),
            last_epoch: Fact::Known(4),
            committed: Fact::Known(last.saturating_sub(1)),
            applied: Fact::Known(last.saturating_sub(2)),
            first: Fact::Known(1),
            checkpoint: Fact::Known(None),
        },
        stored_bytes: Some(Fact::Known(3 << 20)),
        source: "read from the node".to_owned(),
    }
}

pub(crate) fn lost(name: &str, why: &str) -> NodeState {
    fn gone<T>(why: &str) -> Fact<T> {
        Fact::unknown(at(-600), why)
    }
    NodeState {
        pinned: PinnedNode {
            id: node_id(name),
            role: gone(why),
            reachable: Fact::Known(false),
            unreachable: Some(Unreachable {
                since: at(-600),
                why: why.to_owned(),
                causes: vec![Cause::TakenOffline],
            }),
            epoch: gone(why),
        },
        positions: Positions::unknown(at(-600), why),
        stored_bytes: Some(gone(why)),
        source: "not read".to_owned(),
    }
}

pub(crate) fn state_of(primary: Option<&str>, nodes: Vec<NodeState>) -> ClusterState {
    let names = nodes.iter().map(|node| node.pinned.id.clone()).collect::<Vec<_>>();
    let without = |why: &str| Since { since: at(-900), why: why.to_owned() };
    let cluster = PinnedCluster {
        identity: identity(),
        epoch: Fact::Known(4),
        primary: Fact::Known(primary.map(node_id)),
        without_primary: primary.is_none().then(|| without("The control plane was restarted.")),
        writes: Fact::Known(if primary.is_some() { Writes::Accepted } else { Writes::Stopped }),
        writes_refused: primary.is_none().then(|| without("Nobody is primary.")),
        write_fence: Fact::Known(Fence::Lifted),
        quorum: names.len() / 2 + 1,
        next_node: node_id("n9"),
        backups: Vec::new(),
        voters: names,
    };
    ClusterState::new(at(0), "system clock, UTC", "all nodes read in one call", cluster, nodes)
}

/// Three nodes, one of them behind.
pub(crate) fn settled() -> ClusterState {
    let nodes = vec![
        node("n1", Role::Primary, 1_000_042),
        node("n2", Role::Standby, 1_000_042),
        node("n3", Role::Standby, 1_000_035),
    ];
    state_of(Some("n1"), nodes)
}

/// Nobody is primary, and one node cannot be reached.
pub(crate) fn headless(why: &str) -> ClusterState {
    let nodes = vec![node("n1", Role::Standby, 42), node("n2", Role::Standby, 42), lost("n3", why)];
    state_of(None, nodes)
}

/// Nine nodes, with names as long as they may be.
pub(crate) fn crowd() -> ClusterState {
    let mut nodes: Vec<_> = (1..=9)
        .map(|n| node(&format!("replica-in-frankfurt-rack-0000-{n}"), Role::Standby, 40 + n))
        .collect();
    nodes[0].pinned.role = Fact::Known(Role::Primary);
    nodes[4] = lost("replica-in-frankfurt-rack-0000-5", "the node does not answer");
    state_of(Some("replica-in-frankfurt-rack-0000-1"), nodes)
}

pub(crate) fn check(invariant: EngineInvariant, verdict: Verdict, text: &str) -> Check {
    let evidence = vec![Evidence {
        observed: text.to_owned(),
        required: "reachable".to_owned(),
        source: "the node itself".to_owned(),
        since: (verdict != Verdict::Pass).then(|| at(-600)),
    }];
    Check {
        invariant: invariant.id(),
        statement: invariant.statement().to_owned(),
        verdict,
        evidence,
    }
}

fn why_not(state: &ClusterState, kind: ActionKind, text: &str) -> WhyNot {
    let candidates = state.nodes.iter().map(|node| {
        let mut against = Vec::new();
        if node.pinned.role != Fact::Known(Role::Standby) {
            against.push(check(EngineInvariant::TargetIsStandby, Verdict::Fail, text));
        }
        if node.pinned.reachable != Fact::Known(true) {
            against.push(check(EngineInvariant::TargetReachable, Verdict::Unknown, text));
        }
        Candidate { node: node.pinned.id.clone(), against }
    });
    WhyNot { kind, candidates: candidates.collect() }
}

pub(crate) fn overview(state: ClusterState, text: &str) -> Overview {
    let kinds = [ActionKind::of("switchover"), ActionKind::of("failover")];
    let why_not = kinds.map(|kind| why_not(&state, kind, text)).to_vec();
    let data_address = Some("http://127.0.0.1:7410".to_owned());
    let on_cluster = vec![
        prospect(Action::StopWrites {}, &[]),
        prospect(
            Action::ResumeWrites {},
            &[check(EngineInvariant::FenceStanding, Verdict::Fail, text)],
        ),
    ];
    let mismatch = None;
    let (unresolved, freeze, unrecordable) = (None, None, None);
    Overview {
        state,
        why_not,
        on_cluster,
        unresolved,
        freeze,
        data_address,
        mismatch,
        unrecordable,
    }
}

pub(crate) fn prospect(action: Action, against: &[Check]) -> Prospect {
    let verdict = Verdict::of(against);
    Prospect { action: action.into(), verdict, checked: 3, against: against.to_vec() }
}

pub(crate) fn event(number: u64, kind: EventKind, node: Option<&str>, text: &str) -> KernelEvent {
    KernelEvent {
        place: EventPlace { epoch: 4, position: 7, number },
        at: at(i64::try_from(number).unwrap()),
        kind,
        node: node.map(node_id),
        action_id: Some(action_id()),
        sentence: text.to_owned(),
    }
}

pub(crate) fn action_id() -> ActionId {
    ActionId::parse("6f1c2a34-0b5d-4e6f-8a90-112233445566").unwrap()
}

pub(crate) fn moved(fact: &str, before: &str, after: &str) -> Moved {
    Moved { fact: fact.to_owned(), before: before.to_owned(), after: after.to_owned() }
}

pub(crate) fn explanation(state: &ClusterState, verdict: Verdict, text: &str) -> Explanation {
    let action: model::Action = Action::Switchover { to: node_id("n2") }.into();
    let reason = Reason::parse("kernel update on n1 & n3, lag < 5").unwrap();
    Explanation {
        format: EXPLANATION_FORMAT,
        command: action.command(reason.as_str()),
        action,
        operator: ActorName::parse("maria").unwrap(),
        reason,
        pinned: state.pinned(None),
        checks: vec![
            check(EngineInvariant::PrimaryAlive, Verdict::Pass, "n1 is primary of epoch 4"),
            check(EngineInvariant::TargetReachable, verdict, text),
            check(EngineInvariant::QuorumReachable, Verdict::Pass, "3 of 3 voters"),
        ],
        effects: vec![
            moved("epoch", "4", "5"),
            moved("primary", "n1", "n2"),
            moved("n1 role", "primary", "standby"),
            moved("n2 role", "standby", "primary"),
        ],
        consequences: vec![format!("Clients of n1 are refused until they write to n2. {text}")],
        not_checked: vec!["Whether clients find the new primary.".to_owned()],
        relies_on: vec![
            EngineInvariant::SingleWriter.id(),
            EngineInvariant::AcknowledgedWritesKept.id(),
        ],
        engine_command: "raft: transfer leadership to n2".to_owned(),
        typed_target: Some("n2".to_owned()),
        candidates: why_not(state, ActionKind::of("switchover"), text).candidates,
    }
}

pub(crate) fn record(seq: u64, entry: Entry) -> StoredRecord {
    let actor = Actor {
        name: ActorName::parse("maria").unwrap(),
        role: ActorRole::Operator,
        via: Via::Session,
    };
    let record = Record {
        v: RECORD_VERSION,
        seq,
        at: at(i64::try_from(seq).unwrap()),
        clock: "system clock, UTC".to_owned(),
        actor: (seq > 0).then_some(actor),
        action_id: (seq > 0).then(action_id),
        entry,
        prev: None,
        host: None,
        clock_back_ms: None,
        issued: None,
        ended: None,
    };
    StoredRecord { hash: record.hash(), record }
}

pub(crate) fn answer(stage: Stage, text: &str) -> ActionAnswer {
    let now = settled();
    let verdict = if stage == Stage::Rejected { Verdict::Fail } else { Verdict::Pass };
    let explanation = explanation(&now, verdict, text);
    let digest = explanation.digest();
    let requested =
        Entry::Requested { action: explanation.action.clone(), reason: explanation.reason.clone() };
    ActionAnswer {
        id: action_id(),
        action: explanation.action.clone(),
        reason: explanation.reason.clone(),
        requested_by: ActorName::parse("maria").unwrap(),
        requested_at: at(1),
        stage,
        interrupted: None,
        kernel_says: None,
        closing: Closing::Settlement,
        digest,
        explanation,
        observation: now.observation,
        outcome: None,
        moved: Vec::new(),
        under_way: None,
        duplicate: false,
        confirmed_by: Vec::new(),
        after_refusal: None,
        more_records: false,
        records: vec![record(1, requested), record(2, Entry::Unknown { why: text.to_owned() })],
    }
}

pub(crate) fn progress(text: &str) -> Progress {
    Progress { action_id: action_id(), doing: text.to_owned(), done: 3, total: 7, unit: Unit::Rows }
}

pub(crate) fn receipt(text: &str) -> Receipt {
    Receipt {
        action_id: action_id(),
        action: Action::Switchover { to: node_id("n2") }.into(),
        epoch: Some(5),
        position: None,
        executed_at: at(9),
        witness: Witness { seq: 5, hash: Hash::of(b"dispatched") },
        result: text.to_owned(),
        verification: None,
        duplicate: false,
    }
}

pub(crate) fn executed(differences: Vec<Moved>) -> ActionAnswer {
    let mut answer = answer(Stage::Executed, "n2 answered");
    let receipt = receipt("n2 is primary of epoch 5.");
    answer.outcome = Some(Outcome::Executed { receipt, differences, observed_after: true });
    answer
}

pub(crate) fn log(text: &str) -> LogView {
    let boot = Entry::Boot {
        version: "0.1.0".to_owned(),
        cluster: "staging aerodb".to_owned(),
        note: text.to_owned(),
        interrupted: vec![action_id()],
        log_key: None,
        settings: None,
        last_run: None,
    };
    let failed = Entry::SignInFailed { name: text.to_owned() };
    let records = vec![
        record(2, failed),
        record(1, Entry::SignedIn { by: Means::Password }),
        record(0, boot),
    ];
    let page = LogPage { records, next_before: Some(0) };
    LogView { page, filter: LogFilter::default(), older: Some("/log?before=0".to_owned()) }
}

pub(crate) fn actions() -> ActionPage {
    let one = |seq, stage| ActionLine {
        id: action_id(),
        action: Action::Switchover { to: node_id("n2") }.into(),
        requested_by: ActorName::parse("maria").unwrap(),
        requested_at: at(1),
        stage,
        interrupted: None,
        seq,
    };
    let lines = Stage::ALL.iter().rev().zip((0..13).rev());
    let actions = lines.map(|(stage, seq)| one(seq, *stage)).collect();
    ActionPage { actions, next_before: Some(3) }
}
