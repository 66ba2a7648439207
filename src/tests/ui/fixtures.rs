//! Values that pages are drawn from, made by hand.

mod states;

pub(crate) use states::{crowd, headless, lost, node, settled, state_of};

use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::spec::EngineInvariant;
use aerodb_control::kernel::embedded::spec::SPEC;
use aerodb_control::model::action as model;
use aerodb_control::model::action::{ActionId, ActionKind, Stage};
use aerodb_control::model::actor::{Actor, ActorRole, AuthMethod, CredentialKind};
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::answer::{
    ActionAnswer, ActionLine, ActionPage, LogPage, Outcome, Overview, ResolutionMode,
    SessionAnswer, StoredRecord, WhyNot,
};
use aerodb_control::model::attestation::command;
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::event::{EventKind, EventPlace, KernelEvent};
use aerodb_control::model::explanation::{
    ActionPreview, Candidate, Check, EXPLANATION_FORMAT, Evidence, Explanation, Verdict,
};
use aerodb_control::model::facts::{Fact, FactChange, FactKey, FactSubject, FactValue, Value};
use aerodb_control::model::pinned::ClusterIdentity;
use aerodb_control::model::progress::{Progress, Unit};
use aerodb_control::model::receipt::{LedgerRef, Receipt};
use aerodb_control::model::record::{Entry, RECORD_VERSION, Record};
use aerodb_control::model::status::{ClusterStatus, UnfinishedActions};
use aerodb_control::model::text::{ActorName, NodeId, PlaceName, Reason};
use aerodb_control::model::trace::Trace;
use aerodb_control::ui::preferences::Preferences;
use aerodb_control::ui::{
    ActionsView, ConsoleScope, EnvironmentClass, Frame, LogView, OverviewView, Page,
};

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
        identity: identity(),
        environment: EnvironmentClass::Other,
        status: role.map(|_| status(settled())),
        spec: &SPEC,
        session,
        unrecordable: None,
        mismatch: None,
        preferences: Preferences::default(),
        freeze_id: action_id(),
        console: ConsoleScope::Whole,
        can_sign_out: true,
        shows: None,
    }
}

/// What stands on every page, with nothing begun.
pub(crate) fn status(state: ClusterState) -> ClusterStatus {
    ClusterStatus {
        state: Ok(state),
        freeze: Ok(None),
        unfinished: Ok(UnfinishedActions::default()),
    }
}

/// The overview as it is shown to a session that was shown nothing before.
pub(crate) fn overview_page(overview: Overview) -> Page {
    let mut trace = Trace::default();
    trace.show(SPEC.position.end, &overview.state);
    Page::Overview(Box::new(OverviewView { overview, trace }))
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
        if node.role() != Fact::Known("standby".to_owned()) {
            against.push(check(EngineInvariant::TargetIsStandby, Verdict::Fail, text));
        }
        if node.reachable() != Fact::Known(true) {
            against.push(check(EngineInvariant::TargetReachable, Verdict::Unknown, text));
        }
        Candidate { node: node.id.clone(), against }
    });
    WhyNot { kind, candidates: candidates.collect() }
}

pub(crate) fn overview(state: ClusterState, text: &str) -> Overview {
    let kinds = [ActionKind::of("switchover"), ActionKind::of("failover")];
    let target_checks = kinds.map(|kind| why_not(&state, kind, text)).to_vec();
    let data_address = Some("http://127.0.0.1:7410".to_owned());
    let cluster_actions = vec![
        prospect(Action::StopWrites {}, &[]),
        prospect(
            Action::ResumeWrites {},
            &[check(EngineInvariant::FenceStanding, Verdict::Fail, text)],
        ),
    ];
    let mismatch = None;
    let (in_doubt, freeze, unrecordable) = (None, None, None);
    Overview {
        state,
        target_checks,
        cluster_actions,
        in_doubt,
        freeze,
        data_address,
        mismatch,
        unrecordable,
    }
}

pub(crate) fn prospect(action: Action, against: &[Check]) -> ActionPreview {
    let verdict = Verdict::of(against);
    ActionPreview { action: action.into(), verdict, checked: 3, against: against.to_vec() }
}

pub(crate) fn event(number: u64, kind: EventKind, node: Option<&str>, text: &str) -> KernelEvent {
    KernelEvent {
        place: EventPlace { branch: 4, position: 7, number },
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

/// A change as format 1 had it: words, of which any can be free text.
pub(crate) fn told(fact: &str, before: &str, after: &str) -> FactChange {
    let known = |text: &str| FactValue::Known(Value::Text(text.to_owned()));
    let (subject, fact) = (FactSubject::Words(fact.to_owned()), FactKey::new("words"));
    FactChange { subject, fact, before: known(before), after: known(after) }
}

/// A change of a fact of the cluster, or of the node that is named.
pub(crate) fn moved(
    node: Option<&str>,
    fact: &'static str,
    before: impl Into<Value>,
    after: impl Into<Value>,
) -> FactChange {
    let subject = node.map_or(FactSubject::Cluster, |node| FactSubject::Node(node_id(node)));
    let (before, after) = (FactValue::Known(before.into()), FactValue::Known(after.into()));
    FactChange { subject, fact: FactKey::new(fact), before, after }
}

pub(crate) fn explanation(state: &ClusterState, verdict: Verdict, text: &str) -> Explanation {
    let action: model::Action = Action::Switchover { to: node_id("n2") }.into();
    let reason = Reason::parse("kernel update on n1 & n3, lag < 5").unwrap();
    let attested = crate::ui::made::attested(text);
    Explanation {
        format: EXPLANATION_FORMAT,
        command: command(&action, &attested, reason.as_str()),
        attested,
        action,
        operator: ActorName::parse("maria").unwrap(),
        reason,
        pinned: state.pinned(&SPEC, None),
        checks: vec![
            check(EngineInvariant::PrimaryAlive, Verdict::Pass, "n1 is primary of epoch 4"),
            check(EngineInvariant::TargetReachable, verdict, text),
            check(EngineInvariant::QuorumReachable, Verdict::Pass, "3 of 3 voters"),
        ],
        effects: vec![
            moved(None, "epoch", 4, 5),
            moved(None, "primary", "n1", "n2"),
            moved(Some("n1"), "role", "primary", "standby"),
            moved(Some("n2"), "role", "standby", "primary"),
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
        via: CredentialKind::Session,
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
    let requested = Entry::Requested {
        action: explanation.action.clone(),
        reason: explanation.reason.clone(),
        attested: explanation.attested.clone(),
    };
    ActionAnswer {
        id: action_id(),
        action: explanation.action.clone(),
        reason: explanation.reason.clone(),
        requested_by: ActorName::parse("maria").unwrap(),
        requested_at: at(1),
        stage,
        interrupted: None,
        kernel_says: None,
        closing: ResolutionMode::Resolution,
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
        generation: Some(5),
        position: None,
        executed_at: at(9),
        witness: LedgerRef { seq: 5, hash: Hash::of(b"dispatched") },
        result: text.to_owned(),
        verification: None,
        duplicate: false,
    }
}

pub(crate) fn executed(differences: Vec<FactChange>) -> ActionAnswer {
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
        record(1, Entry::SignedIn { by: AuthMethod::Password }),
        record(0, boot),
    ];
    let page = LogPage { records, next_before: Some(0) };
    LogView { page, typed: Vec::new(), older: Some("/log?before=0".to_owned()), refusal: None }
}

pub(crate) fn actions() -> ActionsView {
    let one = |seq, stage| ActionLine {
        id: action_id(),
        action: Action::Switchover { to: node_id("n2") }.into(),
        reason: Reason::parse("planned work").unwrap(),
        requested_by: ActorName::parse("maria").unwrap(),
        requested_at: at(1),
        stage,
        interrupted: None,
        seq,
    };
    let lines = Stage::ALL.iter().rev().zip((0..13).rev());
    let actions = lines.map(|(stage, seq)| one(seq, *stage)).collect();
    let page = ActionPage { actions, next_before: Some(3) };
    ActionsView {
        page,
        typed: Vec::new(),
        older: Some("/actions?before=3".to_owned()),
        refusal: None,
    }
}
