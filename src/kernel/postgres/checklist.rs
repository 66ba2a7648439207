//! The longer pieces of work of this kernel, each as a list of facts: what a planned switchover and a
//! failover need, in the order in which the database needs them.
//!
//! A row says what one observation shows. It is no step: nothing here waits, orders or goes on (C2.2).

mod rule;
#[cfg(test)]
mod tests;

use self::rule::rule_is_in_force;
use super::spec::SPEC;
use super::spec::facts as key;
use crate::model::action::Action;
use crate::model::checklist::ChecklistRow;
use crate::model::cluster::{ClusterState, ItemState, NodeState};
use crate::model::explanation::Verdict;
use crate::model::facts::{Fact, Facts, Value};
use crate::model::spec::ChecklistSpec;
use crate::model::text::{NodeId, in_binary_units};
use std::collections::BTreeMap;

/// The key of the list for a switchover.
const SWITCHOVER: &str = "switchover";
/// The key of the list for a failover.
const FAILOVER: &str = "failover";
/// How much WAL may follow a checkpoint that counts as a late one: what a stop has to write out after it,
/// and a start to read, is then one segment of the usual size.
const WAL_SINCE_CHECKPOINT: u64 = 16 << 20;

/// Every checklist.
pub(super) const CHECKLISTS: &[ChecklistSpec] = &[
    ChecklistSpec {
        key: SWITCHOVER,
        title: "Planned switchover",
        help: "A standby takes over while the primary is well, and the old primary follows it without a rewind.",
        node: "The standby that becomes primary.",
    },
    ChecklistSpec {
        key: FAILOVER,
        title: "Failover",
        help: "A standby takes over after the primary was lost, where every commit that was acknowledged is proven to be on it.",
        node: "The standby that becomes primary.",
    },
];

/// The rows of a checklist for a node. Pure.
#[must_use]
pub(super) fn rows(state: &ClusterState, list: &str, to: &NodeId) -> Vec<ChecklistRow> {
    let on = ChecklistView { state, to };
    match list {
        SWITCHOVER => [on.prepared(), on.quiet(), on.turned()].concat(),
        FAILOVER => [on.kept_out(), on.detached(), on.turned()].concat(),
        _ => Vec::new(),
    }
}

/// What was found for one row.
struct FactFound {
    verdict: Verdict,
    found: String,
}

impl FactFound {
    /// A fact that holds or not, and is unknown where it was not read (C6.1).
    fn of<T>(
        fact: &Fact<T>,
        holds: impl FnOnce(&T) -> bool,
        words: impl FnOnce(&T) -> String,
    ) -> Self {
        match fact {
            Fact::Known(value) => Self::known(holds(value), words(value)),
            Fact::Unknown { unknown, .. } => {
                let found = format!("unknown because {}", unknown.why);
                Self { verdict: Verdict::Unknown, found }
            }
        }
    }

    fn known(holds: bool, found: impl Into<String>) -> Self {
        let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
        Self { verdict, found: found.into() }
    }

    fn row(self, statement: String, source: &str) -> ChecklistRow {
        let Self { verdict, found } = self;
        let source = source.to_owned();
        ChecklistRow { statement, verdict, found, source, action: None, by_hand: None }
    }
}

/// One observation, and the node that becomes primary.
#[derive(Clone, Copy)]
struct ChecklistView<'a> {
    state: &'a ClusterState,
    to: &'a NodeId,
}

impl<'a> ChecklistView<'a> {
    fn others(self) -> impl Iterator<Item = &'a NodeState> {
        self.state.nodes.iter().filter(move |node| node.id != *self.to)
    }

    fn target(self) -> Option<&'a NodeState> {
        self.state.node(self.to)
    }

    /// The primary, where one node is and it is another one than the target.
    fn old_primary(self) -> Option<&'a NodeState> {
        self.state.primary_node().filter(|node| node.id != *self.to)
    }

    /// What is set up while everything runs.
    fn prepared(self) -> Vec<ChecklistRow> {
        let mut rows: Vec<_> = self.others().map(|other| self.has_slot_for(&other.id)).collect();
        rows.extend(self.old_primary().map(|old| self.upstream_is_written(old)));
        rows.push(self.rule_is_written());
        rows.extend(self.target().map(rule_is_in_force));
        let both = self.old_primary().into_iter().chain(self.target());
        rows.extend(both.map(checkpointed));
        rows
    }

    fn has_slot_for(self, other: &NodeId) -> ChecklistRow {
        let name = slot_name(other);
        let found = match self.target().map(NodeState::reachable) {
            Some(Fact::Known(true)) => {
                let is_that = |item: &&ItemState| {
                    item.node == *self.to && *item.kind == *key::SLOT && item.name == name
                };
                match self.state.items.iter().find(is_that) {
                    Some(_) => FactFound::known(true, format!("a slot {name}")),
                    None => FactFound::known(false, "no slot of that name"),
                }
            }
            _ => FactFound {
                verdict: Verdict::Unknown,
                found: format!("{} does not answer", self.to),
            },
        };
        let action = action("create_slot", &[("node", self.to.as_str()), ("slot", &name)]);
        let statement = format!("{} keeps WAL for {other} in a slot.", self.to);
        ChecklistRow { action, ..found.row(statement, self.source_of(self.to)) }
    }

    fn upstream_is_written(self, of: &NodeState) -> ChecklistRow {
        let written = of.facts.node_or_none(key::UPSTREAM_WRITTEN);
        let found = FactFound::of(
            &written,
            |upstream| upstream.as_ref() == Some(self.to),
            |upstream| upstream.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string),
        );
        let action =
            action("write_upstream", &[("node", of.id.as_str()), ("upstream", self.to.as_str())]);
        let statement = format!("The files of {} name {} as its upstream.", of.id, self.to);
        ChecklistRow { action, ..found.row(statement, &of.source) }
    }

    /// Nobody writes, and that is on the target.
    fn quiet(self) -> Vec<ChecklistRow> {
        let mut rows = Vec::new();
        if let Some(old) = self.old_primary() {
            let node = [("node", old.id.as_str())];
            let roles = old.facts.names(key::LOGIN_ROLES);
            let stopped = FactFound::of(&roles, Vec::is_empty, |roles| listed(roles));
            let statement = format!("No application role can log in on {}.", old.id);
            let row = stopped.row(statement, &old.source);
            rows.push(ChecklistRow { action: action("stop_logins", &node), ..row });
            let open = old.facts.number(key::SESSIONS_OF_STOPPED);
            let ended =
                FactFound::of(&open, |count| *count == 0, |count| format!("{count} sessions"));
            let statement = format!("No session of a stopped role is open on {}.", old.id);
            let row = ended.row(statement, &old.source);
            rows.push(ChecklistRow { action: action("end_sessions", &node), ..row });
            rows.push(self.barrier(Some(old)));
        } else {
            rows.push(self.barrier(None));
        }
        rows.push(self.old_primary_is_down().by_hand(
            "on the host of the old primary: pg_ctl stop -m fast, then touch standby.signal in its data directory, and keep the output of pg_controldata",
        ));
        rows
    }

    fn barrier(self, old: Option<&NodeState>) -> ChecklistRow {
        let newest = words_or_none(&self.state.facts, key::BARRIER);
        let held = self.target().map(|to| words_or_none(&to.facts, key::NODE_BARRIER));
        let found = match (&newest, held) {
            (Fact::Known(newest), Some(held)) => {
                let is_it = |held: &String| held == newest && newest != NO_RULE;
                FactFound::of(&held, is_it, |held| {
                    format!("barrier {held}, and the newest is {newest}")
                })
            }
            (unknown @ Fact::Unknown { .. }, Some(held)) => match held {
                Fact::Known(held) => FactFound {
                    verdict: Verdict::Unknown,
                    found: format!("barrier {held}; the newest is {}", unknown.word(Clone::clone)),
                },
                Fact::Unknown { .. } => FactFound::of(&held, |_| false, Clone::clone),
            },
            (_, None) => FactFound { verdict: Verdict::Unknown, found: "unknown".to_owned() },
        };
        let action = old.and_then(|old| action("mark_barrier", &[("node", old.id.as_str())]));
        let statement = format!("{} holds the mark of the end of writes.", self.to);
        ChecklistRow { action, ..found.row(statement, self.source_of(self.to)) }
    }

    /// What keeps a primary that comes back from being a second one.
    fn kept_out(self) -> Vec<ChecklistRow> {
        vec![self.old_primary_is_down().by_hand(
            "on the host of the old primary: keep it from starting by itself, or switch the host off; with pg_controldata, where it can still be read, its clean stop is shown",
        )]
    }

    fn old_primary_is_down(self) -> ChecklistRow {
        let primaries = self.state.facts.names(key::PRIMARIES);
        let others = |names: &Vec<String>| -> Vec<String> {
            names.iter().filter(|name| **name != self.to.as_str()).cloned().collect()
        };
        let found = FactFound::of(
            &primaries,
            |names| others(names).is_empty(),
            |names| listed(&others(names)),
        );
        let statement = format!("No node but {} answers that it is primary.", self.to);
        found.row(statement, &self.state.observation.source)
    }

    /// Nothing that a living primary sends is acknowledged any more: every standby is let go of.
    fn detached(self) -> Vec<ChecklistRow> {
        let mut rows = Vec::new();
        for node in &self.state.nodes {
            let id = node.id.as_str();
            let upstream = node.facts.node_or_none(key::UPSTREAM_WRITTEN);
            let none = FactFound::of(&upstream, Option::is_none, |upstream| {
                upstream.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string)
            });
            let written =
                none.row(format!("The files of {id} name nobody as its upstream."), &node.source);
            let write = action("write_upstream", &[("node", id), ("upstream", "none")]);
            rows.push(ChecklistRow { action: write, ..written });
            let receiver = words_or_none(&node.facts, key::RECEIVER);
            let still = FactFound::of(&receiver, |state| state == NO_RULE, Clone::clone);
            let row = still.row(format!("{id} receives no WAL."), &node.source);
            rows.push(ChecklistRow { action: action("reload", &[("node", id)]), ..row });
        }
        rows
    }

    /// The target is primary, everybody follows it, and clients are back.
    fn turned(self) -> Vec<ChecklistRow> {
        let (id, source) = (self.to.as_str(), self.source_of(self.to));
        let primary = self.state.primary();
        let is_primary = FactFound::of(
            &primary,
            |primary| primary.as_ref() == Some(self.to),
            |primary| primary.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string),
        );
        let row = is_primary.row(format!("{id} is primary."), source);
        let mut rows = vec![ChecklistRow { action: action("promote", &[("node", id)]), ..row }];
        let branch = words_or_none(&self.state.facts, key::BRANCH_ID);
        let named = FactFound::of(&branch, |name| name != NO_RULE, Clone::clone);
        let row = named.row("The branch of the timeline has a name.".to_owned(), source);
        rows.push(ChecklistRow { action: action("mark_branch", &[("node", id)]), ..row });
        for other in self.others() {
            rows.push(self.upstream_is_written(other));
            rows.push(self.follows(other));
        }
        let roles = self.target().map(|to| to.facts.names(key::STOPPED_LOGINS));
        if let Some(roles) = roles {
            let back = FactFound::of(&roles, Vec::is_empty, |roles| listed(roles));
            let row = back.row(format!("No login is stopped on {id}."), source);
            rows.push(ChecklistRow { action: action("resume_logins", &[("node", id)]), ..row });
        }
        rows
    }

    fn follows(self, other: &NodeState) -> ChecklistRow {
        let follows = other.facts.node_or_none(key::FOLLOWS);
        let found = FactFound::of(
            &follows,
            |upstream| upstream.as_ref() == Some(self.to),
            |upstream| upstream.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string),
        );
        let row = found.row(format!("{} follows {}.", other.id, self.to), &other.source);
        let reload = action("reload", &[("node", other.id.as_str())]);
        let row = ChecklistRow { action: reload, ..row };
        if other.reachable() == Fact::Known(true) {
            return row;
        }
        row.by_hand(format!("start {} on its host, as a standby", other.id))
    }

    fn source_of(self, id: &NodeId) -> &'a str {
        self.state.node(id).map_or(&self.state.observation.source, |node| &node.source)
    }
}

/// What stands for none in the words of a row.
const NO_RULE: &str = "none";

/// A text, with [`NO_RULE`] for none.
fn words_or_none(facts: &Facts, key: &str) -> Fact<String> {
    match facts.get(key) {
        Some(Fact::Known(Value::None)) => Fact::Known(NO_RULE.to_owned()),
        _ => facts.text(key),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { NO_RULE.to_owned() } else { names.join(", ") }
}

/// The slot that a node uses wherever it follows: a server takes no hyphen in it.
fn slot_name(of: &NodeId) -> String {
    of.as_str().replace('-', "_")
}

fn checkpointed(node: &NodeState) -> ChecklistRow {
    let (end, last) = (node.facts.position(key::FLUSHED), node.facts.position(key::CHECKPOINT));
    let since = match (&end, &last) {
        (Fact::Known(end), Fact::Known(last)) => {
            // Two timelines have no distance: the next checkpoint is on the new one.
            Fact::Known((end.branch == last.branch).then(|| end.offset.saturating_sub(last.offset)))
        }
        (Fact::Known(_), unknown) | (unknown, _) => unknown.map(|_| None),
    };
    let is_late = |since: &Option<u64>| since.is_some_and(|bytes| bytes < WAL_SINCE_CHECKPOINT);
    let found = FactFound::of(&since, is_late, |since| match since {
        Some(bytes) => format!("{} of WAL since the last one", in_binary_units(*bytes)),
        None => "the last one is on another timeline".to_owned(),
    });
    let limit = in_binary_units(WAL_SINCE_CHECKPOINT);
    let statement =
        format!("Less than {limit} of WAL lies behind the last checkpoint of {}.", node.id);
    let action = action("checkpoint", &[("node", node.id.as_str())]);
    ChecklistRow { action, ..found.row(statement, &node.source) }
}

/// The action of the catalogue with these values; none where they are no values of it.
fn action(kind: &str, params: &[(&str, &str)]) -> Option<Action> {
    let params: BTreeMap<String, String> =
        params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    SPEC.parse(kind, &params).ok()
}
