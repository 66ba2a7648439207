//! What the ladder keeps, and what each order does to it.

use super::actions::LadderCommand;
use aerodb_control::model::action::ActionId;
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::event::{EventKind, EventPlace, KernelEvent};
use aerodb_control::model::facts::Position;
use aerodb_control::model::receipt::{Receipt, Tombstone};
use aerodb_control::model::session::Session;
use aerodb_control::model::text::NodeId;
use std::collections::BTreeMap;

const BEGINNING: i64 = 1_769_852_700_000;
const SEGMENT: u64 = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LadderWrites {
    Accepted,
    Stopped,
    /// For a synchronous standby that does not answer.
    Waiting,
}

#[derive(Clone, Debug)]
pub(super) struct LadderSlot {
    pub(super) consumer: Option<&'static str>,
    pub(super) is_active: bool,
    pub(super) restart: Position,
}

#[derive(Clone, Debug)]
pub(super) struct LadderNode {
    pub(super) follows: Option<NodeId>,
    pub(super) timeline: u64,
    pub(super) flushed: u64,
    pub(super) replayed: u64,
    pub(super) restart_point: u64,
    pub(super) slots: BTreeMap<String, LadderSlot>,
    /// Since when and why it cannot be reached.
    pub(super) unreached: Option<(Timestamp, String)>,
}

/// Where the answer to the next order is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LadderLoss {
    /// Before anything ran.
    OnTheWay,
    /// After it ran. What leaves no note where it runs is not noted then.
    AfterIt,
}

#[derive(Clone, Debug)]
pub(super) struct LadderState {
    pub(super) timeline: u64,
    pub(super) primary: Option<NodeId>,
    pub(super) writes: LadderWrites,
    pub(super) writes_since: Timestamp,
    pub(super) writes_why: String,
    pub(super) synchronous: Vec<String>,
    pub(super) nodes: BTreeMap<NodeId, LadderNode>,
    pub(super) receipts: BTreeMap<ActionId, Receipt>,
    pub(super) voided: BTreeMap<ActionId, Tombstone>,
    /// The session that is open, and for which order.
    pub(super) open: Option<(ActionId, Session)>,
    /// How many sessions were ever opened.
    pub(super) sessions: u64,
    /// Whether the nodes take no more connections.
    pub(super) is_full: bool,
    pub(super) events: Vec<KernelEvent>,
    pub(super) ticks: i64,
    pub(super) loses: Option<LadderLoss>,
}

pub(super) fn n(number: u64) -> NodeId {
    NodeId::numbered(number)
}

impl LadderState {
    /// n1 is primary, n2 follows it, n4 follows n2, and n3 was never reached.
    pub(super) fn new() -> Self {
        let at = Timestamp::from_millis(BEGINNING);
        let node = |follows: Option<u64>, flushed: u64, replayed: u64| LadderNode {
            follows: follows.map(n),
            timeline: 3,
            flushed: SEGMENT + flushed,
            replayed: SEGMENT + replayed,
            restart_point: SEGMENT,
            slots: BTreeMap::new(),
            unreached: None,
        };
        let slot = |consumer, is_active, offset| LadderSlot {
            consumer,
            is_active,
            restart: Position { branch: 3, offset },
        };
        let mut n1 = node(None, 40_960, 40_960);
        n1.slots.insert("to_n2".to_owned(), slot(Some("wal receiver of n2"), true, SEGMENT));
        n1.slots.insert("reports".to_owned(), slot(Some("nightly reports"), false, 4096));
        let mut n3 = node(Some(1), 8192, 8192);
        n3.unreached = Some((at, "no answer on its port".to_owned()));
        let nodes = [
            (n(1), n1),
            (n(2), node(Some(1), 40_960, 40_960)),
            (n(3), n3),
            (n(4), node(Some(2), 24_576, 20_480)),
        ];
        Self {
            timeline: 3,
            primary: Some(n(1)),
            writes: LadderWrites::Accepted,
            writes_since: at,
            writes_why: "The primary was started.".to_owned(),
            synchronous: vec!["n2".to_owned()],
            nodes: nodes.into_iter().collect(),
            receipts: BTreeMap::new(),
            voided: BTreeMap::new(),
            open: None,
            sessions: 0,
            is_full: false,
            events: Vec::new(),
            ticks: 0,
            loses: None,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_millis(BEGINNING + self.ticks * 1000)
    }

    /// Whether a node is a member and can be reached.
    pub(super) fn answers(&self, id: &NodeId) -> bool {
        self.nodes.get(id).is_some_and(|node| node.unreached.is_none())
    }

    /// The end of the log of the most advanced node on the timeline.
    pub(super) fn end(&self) -> u64 {
        let on_it = self.nodes.values().filter(|node| node.timeline == self.timeline);
        on_it.map(|node| node.flushed).max().unwrap_or(0)
    }

    /// Something happened: time goes on by a second.
    pub(super) fn happens(
        &mut self,
        word: &'static str,
        node: Option<&NodeId>,
        action_id: Option<ActionId>,
        sentence: String,
    ) {
        self.ticks += 1;
        let number = u64::try_from(self.events.len()).unwrap() + 1;
        let place = EventPlace { branch: self.timeline, position: self.end(), number };
        self.events.push(KernelEvent {
            place,
            at: self.now(),
            kind: EventKind::of(word),
            node: node.cloned(),
            action_id,
            sentence,
        });
    }

    fn set_writes(&mut self, writes: LadderWrites, why: &str) {
        self.writes = writes;
        why.clone_into(&mut self.writes_why);
        self.writes_since = self.now();
    }

    /// Clients write so many bytes; who follows the primary has them at once.
    pub(super) fn write(&mut self, bytes: u64) {
        let Some(primary) = self.primary.clone().filter(|_| self.writes == LadderWrites::Accepted)
        else {
            return;
        };
        self.ticks += 1;
        let end = self.end() + bytes;
        for (id, node) in &mut self.nodes {
            let follows = *id == primary || node.follows.as_ref() == Some(&primary);
            if follows && node.unreached.is_none() {
                (node.flushed, node.replayed) = (end, end);
            }
        }
    }

    /// The link to a node is lost, or back.
    pub(super) fn reach(&mut self, id: &NodeId, is_reached: bool) {
        let (word, sentence) = if is_reached {
            ("stream_regained", format!("{id} answers again."))
        } else {
            ("stream_lost", format!("{id} does not answer."))
        };
        self.happens(word, Some(id), None, sentence);
        let at = self.now();
        let node = self.nodes.get_mut(id).unwrap();
        node.unreached = (!is_reached).then(|| (at, "no answer on its port".to_owned()));
        if is_reached {
            self.answers_again(id);
        } else if self.synchronous.contains(&id.to_string())
            && self.writes == LadderWrites::Accepted
        {
            self.set_writes(LadderWrites::Waiting, "The synchronous standby does not answer.");
        }
    }

    /// A write that waited for this node waits no more.
    fn answers_again(&mut self, id: &NodeId) {
        if self.synchronous.contains(&id.to_string()) && self.writes == LadderWrites::Waiting {
            self.set_writes(LadderWrites::Accepted, "The synchronous standby answers.");
        }
    }

    /// Carries out an order whose checks pass, and says what happened and where, if it is a place.
    pub(super) fn run(&mut self, id: ActionId, command: &LadderCommand) -> (String, Option<u64>) {
        match command {
            LadderCommand::Promote { to } => {
                let old = self.primary.replace(to.clone());
                if let Some(old) = old.and_then(|old| self.nodes.get_mut(&old)) {
                    old.follows = None;
                }
                self.timeline += 1;
                let (timeline, end) = (self.timeline, self.nodes[to].replayed);
                for (name, node) in &mut self.nodes {
                    let follows_it = node.follows.as_ref() == Some(to);
                    if name == to || (follows_it && node.unreached.is_none()) {
                        node.timeline = timeline;
                    }
                }
                self.nodes.get_mut(to).unwrap().follows = None;
                self.synchronous.clear();
                let sentence = format!("{to} is primary of timeline {timeline}.");
                self.happens("timeline_began", Some(to), Some(id), sentence.clone());
                self.set_writes(LadderWrites::Accepted, "A standby was promoted.");
                (sentence, Some(end))
            }
            LadderCommand::StopWrites { node } => {
                let sentence = format!("{node} accepts no more writes.");
                self.happens("writes_halted", Some(node), Some(id), sentence.clone());
                self.set_writes(LadderWrites::Stopped, "An operator stopped them.");
                (sentence, None)
            }
            LadderCommand::DropSlot { node, slot } => {
                self.nodes.get_mut(node).unwrap().slots.remove(slot);
                let sentence = format!("The slot {slot} of {node} is gone.");
                self.happens("slot_dropped", Some(node), Some(id), sentence.clone());
                (sentence, None)
            }
            LadderCommand::Detach { node } => {
                self.nodes.get_mut(node).unwrap().follows = None;
                self.synchronous.retain(|name| *name != node.to_string());
                let sentence = format!("{node} follows nobody.");
                self.happens("standby_detached", Some(node), Some(id), sentence.clone());
                (sentence, None)
            }
            LadderCommand::RunCheckpoint { node } => {
                let of = self.nodes.get_mut(node).unwrap();
                of.restart_point = of.replayed;
                let at = of.replayed;
                let sentence = format!("{node} would begin to replay at byte {at}.");
                self.happens("restart_point", Some(node), Some(id), sentence.clone());
                (sentence, Some(at))
            }
            LadderCommand::Rebuild { node } => {
                let primary = self.primary.clone().expect("its checks pass");
                let copied = self.nodes[&primary].clone();
                let (follows, slots) = (Some(primary.clone()), BTreeMap::new());
                let copy = LadderNode { follows, slots, unreached: None, ..copied };
                self.nodes.insert(node.clone(), copy);
                let sentence = format!("{node} is a copy of {primary}.");
                self.happens("node_rebuilt", Some(node), Some(id), sentence.clone());
                self.answers_again(node);
                (sentence, None)
            }
        }
    }
}
