//! More values that pages are drawn from, made by hand.

use crate::ui::fixtures as made;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::kernel::embedded::spec::EngineEvent;
use aerodb_control::kernel::embedded::spec::EngineInvariant;
use aerodb_control::model::access_list::{AccessList, More};
use aerodb_control::model::action::LogPosition;
use aerodb_control::model::actor::{ActorRole, AuthMethod};
use aerodb_control::model::attestation::{AFFIRMED, Attestations};
use aerodb_control::model::canonical::Hash;
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::event::EventPlace;
use aerodb_control::model::explanation::Verdict;
use aerodb_control::model::kept::{KeptObservation, RecordAnswer};
use aerodb_control::model::link::{
    AccessAnswer, AccountLine, EverybodyAnswer, LinkAnswer, LinkLine, SessionLine, TokenLine,
};
use aerodb_control::model::node_answer::{NodeAnswer, NodeEvents, NodeVerified};
use aerodb_control::model::receipt::Verification;
use aerodb_control::model::record::Entry;
use aerodb_control::model::text::ActorName;
use aerodb_control::model::timeline::{
    ConcurrentGroup, PlacedEvent, PlacedRecord, Timeline, TimelineKey,
};
use aerodb_control::ui::{AccessView, IssuedView, TimelineView};

/// A text that was attested, and a statement.
pub(crate) fn attested(text: &str) -> Attestations {
    let given = serde_json::json!({ "seen": text, "powered_off": AFFIRMED });
    serde_json::from_value(given).unwrap()
}

/// The timeline as a page shows it, narrowed down to an action.
pub(crate) fn timeline_view(text: &str) -> TimelineView {
    let typed = vec![("action", made::action_id().to_string())];
    let older = Some("/timeline?before=0_4.7.1&limit=50".to_owned());
    TimelineView { told: timeline(text), typed, older, refusal: None }
}

fn timeline(text: &str) -> Timeline {
    let place = EventPlace { branch: 4, position: 7, number: 1 };
    let record = |seq, entry| PlacedRecord {
        record: made::record(seq, entry),
        after_event: Some(place),
        joins: true,
    };
    let happened = |kind, node| PlacedEvent {
        event: made::event(1, kind, node, text),
        after_record: Some(2),
        joins: true,
    };
    let unknown = record(3, Entry::Unknown { why: text.to_owned() });
    let boot = made::log(text).page.records.pop().unwrap();
    let boot = PlacedRecord { record: boot, after_event: None, joins: false };
    let stretches = vec![
        ConcurrentGroup { records: vec![unknown], events: Vec::new(), contradicts: true },
        ConcurrentGroup {
            records: vec![boot],
            events: vec![
                happened(EngineEvent::NodeLost.kind(), Some("n2")),
                happened(EngineEvent::Started.kind(), None),
            ],
            contradicts: false,
        },
    ];
    let next_before = Some(TimelineKey { record: 0, event: Some(place) });
    Timeline { stretches, next_before, gap: Some(text.to_owned()) }
}

pub(crate) fn node_answer(name: &str, state: ClusterState, text: &str) -> NodeAnswer {
    let node = made::node_id(name);
    let against = made::check(EngineInvariant::TargetReachable, Verdict::Unknown, text);
    let verify = Action::VerifyNode { node: node.clone() };
    let up_to = LogPosition::parse_field("up_to", "7").unwrap();
    let purge = Action::PurgeLog { node: node.clone(), up_to };
    let actions = vec![
        made::prospect(Action::Switchover { to: node.clone() }, &[against]),
        made::prospect(purge, &[]),
        made::prospect(verify, &[]),
    ];
    let events = NodeEvents {
        events: vec![made::event(2, EngineEvent::NodeLost.kind(), Some(name), text)],
        events_scanned: 9,
        next_before: Some(EventPlace { branch: 1, position: 2, number: 3 }),
        gap: Some(text.to_owned()),
    };
    let asked = made::actions().page.actions;
    let (in_doubt, freeze, has_more_actions) = (None, None, true);
    let verified = Some(NodeVerified {
        seq: 5,
        action_id: made::action_id(),
        at: made::at(9),
        verification: Verification::Damaged { findings: vec![text.to_owned()] },
    });
    NodeAnswer { node, state, actions, in_doubt, freeze, events, asked, has_more_actions, verified }
}

pub(crate) fn record_page(text: &str) -> RecordAnswer {
    let asked = made::answer(aerodb_control::model::action::Stage::Unknown, text).records;
    let hash = Hash::of(b"");
    let confirmed =
        Entry::Confirmed { digest: hash, typed_target: None, snapshot: hash, proved: None };
    let record = made::record(4, confirmed);
    let leaf = String::from_utf8(record.record.leaf()).unwrap();
    RecordAnswer { record, leaf, steps: asked, size: 9 }
}

pub(crate) fn kept_observation(text: &str) -> KeptObservation {
    let named_by = vec![record_page(text).record];
    KeptObservation { hash: Hash::of(b""), state: made::headless(text), named_by }
}

fn account(name: &str) -> ActorName {
    ActorName::parse(name).unwrap()
}

fn link() -> LinkLine {
    LinkLine {
        id: made::action_id(),
        name: account("the-board"),
        shows: Some(made::action_id()),
        issued_by: account("maria"),
        issued_at: made::at(1),
        expires_at: made::at(3600),
        used_at: Some(made::at(2)),
        ended_at: None,
        revoked_at: None,
    }
}

fn session() -> SessionLine {
    SessionLine {
        account: account("maria"),
        role: ActorRole::Operator,
        by: AuthMethod::Password,
        began_at: made::at(1),
        seen_at: made::at(2),
        expires_at: made::at(3600),
    }
}

fn more() -> Vec<More> {
    AccessList::ALL.map(|list| More { list, after: "1.a&b".to_owned() }).to_vec()
}

fn token() -> TokenLine {
    let (issued_at, expires_at) = (made::at(1), made::at(60));
    TokenLine { name: account("m"), issued_at, expires_at, revoked_at: None }
}

pub(crate) fn access() -> AccessView {
    let answer = AccessAnswer {
        list: None,
        sessions: vec![session()],
        links: vec![link()],
        tokens: vec![token()],
        more: more(),
    };
    AccessView { answer, link_id: made::action_id() }
}

pub(crate) fn everybody() -> EverybodyAnswer {
    let (name, role) = (account("maria"), ActorRole::Operator);
    EverybodyAnswer {
        list: None,
        accounts: vec![AccountLine { name, role, made_at: made::at(0), removed_at: None }],
        sessions: vec![session()],
        links: vec![link()],
        tokens: vec![token()],
        more: more(),
    }
}

pub(crate) fn issued(text: &str) -> IssuedView {
    let path = Some(text.to_owned());
    let answer = LinkAnswer { link: link(), path, duplicate: false };
    IssuedView { answer, address: Some(text.to_owned()) }
}
