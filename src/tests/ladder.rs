//! A kernel of another shape than the one that is compiled in, and the proof that it fits behind the port:
//! timelines and byte positions, followers of followers, no votes and no majority, writes that can wait,
//! slots as items of a node, a node that was never reached, what only a person can see, and an action that
//! runs in a session, after which nobody can tell what became of it.
//!
//! It is a small state machine in memory. It executes an order once, keeps its receipts, and has neither a
//! thread nor a clock: its time is a count of what happened in it.

mod actions;
mod app;
mod attested;
mod checklist;
mod checks;
mod cli;
mod contract;
mod facts;
mod figures;
mod invariants;
mod items;
mod pages;
mod port;
mod positions;
mod predict;
mod session;
mod sessions;
mod state;
mod view;
mod witness;
mod words;
mod workflow;

use aerodb_control::kernel::COMPILED_IN;
use aerodb_control::model::event::EventKind;
use aerodb_control::model::spec::{
    EventSpec, ItemSpec, KernelSpec, PositionStyle, PositionUnit, ROLE,
};

/// What this kernel says of itself.
pub(crate) static SPEC: KernelSpec = KernelSpec {
    kind: "ladder",
    roles: &["primary", "standby", "cascading standby"],
    facts: facts::FACTS,
    items: &[ItemSpec {
        kind: facts::SLOT,
        label: "Slots",
        help: "Each keeps the log of its node from a position on, for a consumer that reads it later.",
    }],
    follows: Some(facts::FOLLOWS),
    position: PositionStyle {
        end: facts::FLUSHED,
        durable: facts::REPLAYED,
        generation: facts::TIMELINE,
        branch: "timeline",
        unit: PositionUnit::Bytes,
    },
    actions: actions::ACTIONS,
    invariants: invariants::Rule::SPECS,
    events: EVENTS,
    checklists: checklist::CHECKLISTS,
};

const fn event(word: &'static str, meaning: &'static str) -> EventSpec {
    EventSpec { kind: EventKind::of(word), meaning, is_refusal: false }
}

const EVENTS: &[EventSpec] = &[
    event("timeline_began", "A standby was promoted, and a new timeline began."),
    event("stream_lost", "A node cannot be reached, and its stream ended."),
    event("stream_regained", "A node can be reached again."),
    event("writes_halted", "A node accepts no more writes."),
    event("slot_dropped", "A slot is gone, and the log that it kept."),
    event("standby_detached", "A standby follows nobody any more."),
    event("node_rebuilt", "A node was made anew, as a copy of the primary."),
    event("restart_point", "A node wrote everything out."),
    EventSpec { is_refusal: true, ..event("order_refused", "An order was refused.") },
    EventSpec { kind: EventKind::STARTED, meaning: "The kernel was started.", is_refusal: false },
];

/// C12.1.
#[test]
fn the_spec_is_whole_and_names_the_facts_that_every_kernel_has() {
    assert_eq!(SPEC.faults(), Vec::<String>::new());
    assert!(SPEC.facts.iter().any(|fact| fact.key == ROLE));
}

/// C11.1: what a server says of its kernel is all that a program needs to know of it.
#[test]
fn the_spec_reads_back_from_its_json_as_it_was() {
    for spec in COMPILED_IN.iter().chain([&SPEC]) {
        let json = serde_json::to_value(spec).expect("plain data");
        assert_eq!(KernelSpec::read(&json), Ok(spec));
    }
}

/// Whether each event of a page is of a kind that this kernel declares.
fn events_known(page: &serde_json::Value) -> bool {
    let events = page["events"].as_array().expect("events");
    let is_known =
        |event: &serde_json::Value| EVENTS.iter().any(|known| event["kind"] == known.kind.word());
    !events.is_empty() && events.iter().all(is_known)
}

/// The figures of one of its clusters, of which a node was never reached.
pub(crate) async fn figures_of_one_that_is_cut_off() -> String {
    app::LadderApp::new().await.olga.get("/metrics").await.expect(200).body
}
