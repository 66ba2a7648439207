//! What the ladder requires, as a pure function of one observation.

use super::SPEC;
use super::actions::{HOST_OFF, LadderCommand};
use super::facts::{ACTIVE, FOLLOWS, REPLAYED, TIMELINE};
use super::invariants::Rule;
use super::predict::predict;
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::attestation::{Attestation, Attested, Request};
use aerodb_control::model::cluster::{ClusterState, ItemState, NodeState};
use aerodb_control::model::explanation::{Check, Checks, Evidence, Verdict};
use aerodb_control::model::facts::Fact;
use aerodb_control::model::spec::{PRIMARY_ROLE, WRITES};
use aerodb_control::model::text::NodeId;

/// The checks, effects and limits of an action in a state.
pub(super) fn checks(state: &ClusterState, request: &Request) -> Checks {
    let action = &request.action;
    let entry = SPEC.action(action.kind());
    let command = LadderCommand::of(action);
    let checks = command
        .as_ref()
        .map_or_else(|| vec![foreign()], |c| of_command(state, c, &request.attested));
    let passes = Verdict::of(&checks) == Verdict::Pass;
    let effects = command.as_ref().filter(|_| passes).map(|c| predict(state, c));
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Checks {
        checks,
        effects: effects.unwrap_or_default(),
        consequences: entry.map_or_else(Vec::new, |entry| list(entry.effects)),
        not_checked: entry.map_or_else(Vec::new, |entry| list(entry.not_checked)),
        relies_on: vec![Rule::TimelineUnchanged.id()],
        engine_command: entry.map_or_else(String::new, |entry| entry.engine_command.to_owned()),
    }
}

fn of_command(state: &ClusterState, command: &LadderCommand, attested: &Attested) -> Vec<Check> {
    let on = |id| Subject { state, id, node: state.node(id) };
    let mut checks = match command {
        LadderCommand::Promote { to } => vec![
            on(to).is_member(),
            on(to).is_standby(),
            on(to).is_reached(),
            writes_are(state, Rule::WritesHalted),
            on(to).replayed_all(),
        ],
        LadderCommand::StopWrites { node } => {
            vec![on(node).is_member(), on(node).is_primary(), writes_are(state, Rule::WritesFlow)]
        }
        LadderCommand::DropSlot { node, slot } => vec![
            on(node).is_member(),
            on(node).is_reached(),
            on(node).has_slot(slot),
            on(node).slot_is_idle(slot),
        ],
        LadderCommand::Detach { node } => vec![
            on(node).is_member(),
            on(node).is_reached(),
            on(node).is_standby(),
            on(node).follows_somebody(),
            on(node).has_no_followers(),
        ],
        LadderCommand::RunCheckpoint { node } => vec![on(node).is_member(), on(node).is_reached()],
        LadderCommand::Rebuild { node } => vec![
            on(node).is_member(),
            on(node).is_not_primary(),
            on(node).host_is_off(attested.get(HOST_OFF.key)),
        ],
    };
    checks.push(timeline(state));
    checks
}

fn check(rule: Rule, verdict: Verdict, observed: String, required: &str, source: &str) -> Check {
    let (required, source) = (required.to_owned(), source.to_owned());
    let evidence = vec![Evidence { observed, required, source, since: None::<Timestamp> }];
    Check { invariant: rule.id(), statement: rule.statement().to_owned(), verdict, evidence }
}

/// What a fact comes to: unknown stays unknown.
fn of<T>(fact: &Fact<T>, holds: impl Fn(&T) -> bool) -> Verdict {
    match fact.known() {
        None => Verdict::Unknown,
        Some(value) if holds(value) => Verdict::Pass,
        Some(_) => Verdict::Fail,
    }
}

fn foreign() -> Check {
    let required = "an action of the catalogue";
    check(Rule::IsMember, Verdict::Fail, "another".to_owned(), required, "the catalogue")
}

fn timeline(state: &ClusterState) -> Check {
    let found = state.facts.number(TIMELINE);
    let (verdict, words) = (of(&found, |_| true), found.word(u64::to_string));
    check(Rule::TimelineUnchanged, verdict, words, "a timeline that is known", "the primary")
}

fn writes_are(state: &ClusterState, rule: Rule) -> Check {
    let found = state.facts.text(WRITES);
    let flow = rule == Rule::WritesFlow;
    let verdict = of(&found, |word| (word != "stopped") == flow);
    let required = if flow { "accepted or waiting" } else { "stopped" };
    check(rule, verdict, found.word(String::clone), required, "the primary")
}

struct Subject<'a> {
    state: &'a ClusterState,
    id: &'a NodeId,
    node: Option<&'a NodeState>,
}

impl<'a> Subject<'a> {
    fn source(&self) -> &'a str {
        self.node.map_or("the list of members", |node| node.source.as_str())
    }

    fn fact<T>(&self, read: impl Fn(&NodeState) -> Fact<T>) -> Fact<T> {
        let absent = || Fact::unknown(Timestamp::from_millis(0), "it is no member");
        self.node.map_or_else(absent, read)
    }

    fn is_member(&self) -> Check {
        let verdict = if self.node.is_some() { Verdict::Pass } else { Verdict::Fail };
        let observed = if self.node.is_some() { "a member" } else { "no member" };
        let source = "the list of members";
        check(Rule::IsMember, verdict, format!("{}: {observed}", self.id), "a member", source)
    }

    fn is_standby(&self) -> Check {
        let role = self.fact(NodeState::role);
        let verdict = of(&role, |role| role.ends_with("standby"));
        check(Rule::IsStandby, verdict, role.word(String::clone), "a standby", self.source())
    }

    fn is_primary(&self) -> Check {
        let role = self.fact(NodeState::role);
        let verdict = of(&role, |role| role == PRIMARY_ROLE);
        check(Rule::IsPrimary, verdict, role.word(String::clone), PRIMARY_ROLE, self.source())
    }

    /// By what the cluster says: a node that cannot be read says no role.
    fn is_not_primary(&self) -> Check {
        let found = self.state.primary();
        let verdict = of(&found, |primary| primary.as_ref().is_some_and(|id| id != self.id));
        let words = found.word(|id| id.as_ref().map_or("nobody".to_owned(), NodeId::to_string));
        let required = "another node is primary";
        check(Rule::NotPrimary, verdict, words, required, "the connections of all nodes")
    }

    /// What nobody attested nobody knows, and unknown rejects (C6.1); what was attested is worth nothing
    /// against a node that answers (C2.5).
    fn host_is_off(&self, attested: Option<&Attestation>) -> Check {
        let required = "a node that does not answer, and somebody's word that its host is off";
        let answers = self.fact(NodeState::reachable).known() == Some(&true);
        let (verdict, observed, source) = match attested {
            _ if answers => (Verdict::Fail, "it answers", self.source().to_owned()),
            Some(word) => (Verdict::Pass, "its host is off", word.source()),
            None => (Verdict::Unknown, "nobody attested it", "the request".to_owned()),
        };
        check(Rule::HostIsOff, verdict, observed.to_owned(), required, &source)
    }

    fn is_reached(&self) -> Check {
        let found = self.fact(NodeState::reachable);
        let words = found.word(|is| if *is { "yes" } else { "no" }.to_owned());
        check(Rule::IsReached, of(&found, |is| *is), words, "yes", self.source())
    }

    /// Positions on other timelines have no distance, and are held against nothing; nor is what cannot be
    /// read, as the catalogue says.
    fn replayed_all(&self) -> Check {
        let own = self.fact(|node| node.facts.position(REPLAYED));
        let end = |node: &NodeState| node.facts.position(REPLAYED).known().copied();
        let verdict = of(&own, |own| {
            let all = self.state.nodes.iter().filter_map(end);
            all.filter(|other| other.branch == own.branch).all(|other| other.offset <= own.offset)
        });
        let words = own.word(|own| format!("timeline {}, byte {}", own.branch, own.offset));
        let required = "at least what every node that can be read has on its timeline";
        check(Rule::ReplayedAll, verdict, words, required, self.source())
    }

    fn follows_somebody(&self) -> Check {
        let found = self.fact(|node| node.facts.node_or_none(FOLLOWS));
        let words = found.word(|id| id.as_ref().map_or("nobody".to_owned(), NodeId::to_string));
        let verdict = of(&found, Option::is_some);
        check(Rule::FollowsSomebody, verdict, words, "another node", self.source())
    }

    fn has_no_followers(&self) -> Check {
        let mut followers = Vec::new();
        let mut unknown = Vec::new();
        for node in self.state.nodes.iter().filter(|node| node.id != *self.id) {
            match node.facts.node_or_none(FOLLOWS) {
                Fact::Known(Some(id)) if id == *self.id => followers.push(node.id.to_string()),
                Fact::Known(_) => {}
                // Whom it followed last proves nothing about now (C6.1).
                Fact::Unknown { .. } => unknown.push(node.id.to_string()),
            }
        }
        let (verdict, words) = match (followers.is_empty(), unknown.is_empty()) {
            (false, _) => (Verdict::Fail, followers.join(", ")),
            (true, false) => (Verdict::Unknown, format!("unknown of {}", unknown.join(", "))),
            (true, true) => (Verdict::Pass, "none".to_owned()),
        };
        check(Rule::HasNoFollowers, verdict, words, "none", "the connections of all nodes")
    }

    fn slot(&self, name: &str) -> Option<&'a ItemState> {
        self.state.items.iter().find(|item| item.node == *self.id && item.name == name)
    }

    /// Of a node that cannot be reached nobody knows the slots.
    fn is_readable(&self) -> bool {
        self.fact(NodeState::reachable).known() == Some(&true)
    }

    fn has_slot(&self, name: &str) -> Check {
        let (verdict, words) = match (self.slot(name), self.is_readable()) {
            (Some(_), _) => (Verdict::Pass, format!("{name} of {}", self.id)),
            (None, true) => (Verdict::Fail, "none of that name".to_owned()),
            (None, false) => (Verdict::Unknown, "unknown".to_owned()),
        };
        check(Rule::HasSlot, verdict, words, "a slot of that name", self.source())
    }

    fn slot_is_idle(&self, name: &str) -> Check {
        let active = self.slot(name).map(|slot| slot.facts.flag(ACTIVE));
        let active = active.unwrap_or_else(|| {
            self.fact(|_| Fact::unknown(Timestamp::from_millis(0), "there is no such slot"))
        });
        let words = active.word(|is| if *is { "read now" } else { "idle" }.to_owned());
        check(Rule::SlotIdle, of(&active, |is| !is), words, "idle", self.source())
    }
}
