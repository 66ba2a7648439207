//! What was read of the nodes becomes one state of the cluster. Pure: equal readings give equal facts
//! (C5.1).

use super::items::items;
use super::node::{NodeSurroundings, branch, read, unread};
use super::sheet::{Sheet, names};
use super::writes::writes;
use crate::kernel::postgres::config::{NodeAddress, PostgresConfig};
use crate::kernel::postgres::foreign::foreign_marks;
use crate::kernel::postgres::history::{ClusterHistory, HistoryPlace};
use crate::kernel::postgres::journal::HighestKnown;
use crate::kernel::postgres::reading::{NodeReading, ServerProcesses};
use crate::kernel::postgres::replication::WalPosition;
use crate::kernel::postgres::spec::facts;
use crate::model::ambient::Timestamp;
use crate::model::cluster::{ClusterState, Observation};
use crate::model::facts::{Fact, Facts, Since, Value};
use crate::model::pinned::ClusterIdentity;
use crate::model::spec::PRIMARY;
use crate::model::text::NodeId;
use std::collections::BTreeSet;

/// What came of looking at one node.
#[derive(Clone, Debug)]
pub(super) struct NodeLook {
    pub(super) node: NodeAddress,
    /// What was read; or why nothing was, as a clause.
    pub(super) read: Result<NodeReading, String>,
}

/// What an observation is put together with, beside what was read.
#[derive(Clone, Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) config: &'a PostgresConfig,
    pub(super) identity: ClusterIdentity,
    pub(super) now: Timestamp,
    pub(super) clock: &'static str,
    /// Whether every standby was read before the primary, so that their positions can be compared.
    pub(super) ordered: bool,
    /// Where the timelines before the newest one ended; or why that is not known.
    pub(super) forks: Result<Vec<WalPosition>, String>,
    pub(super) backups: Fact<Value>,
    pub(super) free_bytes: Fact<Value>,
    /// How far the cluster ever was, whoever is there to say it.
    pub(super) highest: HighestKnown,
}

/// The nodes that were read and hold this cluster.
pub(super) struct NodesRead<'a>(Vec<(&'a NodeAddress, &'a NodeReading)>);

impl<'a> NodesRead<'a> {
    fn of(looks: &'a [NodeLook], identity: &ClusterIdentity) -> Self {
        let read = looks.iter().filter_map(|look| Some((&look.node, look.read.as_ref().ok()?)));
        Self(read.filter(|(_, read)| read.pinned.system_identifier == identity.id).collect())
    }

    fn primaries(&self) -> impl Iterator<Item = &(&'a NodeAddress, &'a NodeReading)> {
        self.0.iter().filter(|(_, read)| !read.pinned.standby)
    }

    /// The primary, where exactly one answers.
    pub(super) fn primary(&self) -> Option<(&'a NodeAddress, &'a NodeReading)> {
        let mut primaries = self.primaries();
        let first = primaries.next()?;
        primaries.next().is_none().then_some(*first)
    }

    fn timeline(&self) -> Option<u64> {
        self.0.iter().filter_map(|(_, read)| read.pinned.timeline).max()
    }

    /// The names that nodes hold of the newest timeline: of the only primary where there is one.
    fn branches(&self) -> Result<BTreeSet<String>, String> {
        let timeline = self.timeline();
        let on_it = self.0.iter().filter(|(_, read)| read.pinned.timeline == timeline);
        let primary = self.primary().filter(|(_, read)| read.pinned.timeline == timeline);
        let asked: Vec<_> = primary.map_or_else(|| on_it.copied().collect(), |it| vec![it]);
        let mut found = BTreeSet::new();
        for (_, read) in asked {
            found.extend(branch(read.pinned.timeline, read.own.as_ref().map_err(Clone::clone)?));
        }
        Ok(found)
    }
}

/// What the nodes that were read say of how far the cluster is.
pub(super) fn known_of(looks: &[NodeLook], identity: &ClusterIdentity) -> HighestKnown {
    let members = NodesRead::of(looks, identity);
    let contracts =
        members.0.iter().filter_map(|(_, read)| read.own.as_ref().ok()?.contract.as_ref());
    // Where a newer one was declared every one before it has ended.
    let ended = contracts.map(|it| if it.ended { it.number } else { it.number.saturating_sub(1) });
    HighestKnown {
        timeline: members.timeline().unwrap_or_default(),
        contract_ended: ended.max().unwrap_or_default(),
    }
}

/// Whom to ask for the history of the newest timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HistorySource {
    pub(super) timeline: u64,
    pub(super) node: NodeAddress,
    server: Option<ServerProcesses>,
}

/// Where some member is on another timeline than the newest one, a node that is on it: the primary, where
/// it is one.
pub(super) fn history_source(
    looks: &[NodeLook],
    identity: &ClusterIdentity,
) -> Option<HistorySource> {
    let members = NodesRead::of(looks, identity);
    let newest = members.timeline()?;
    let is_on_it = |read: &NodeReading| read.pinned.timeline == Some(newest);
    if members.0.iter().all(|(_, read)| is_on_it(read)) {
        return None;
    }
    let primary = members.primaries().find(|(_, read)| is_on_it(read));
    let (node, read) = primary.or_else(|| members.0.iter().find(|(_, read)| is_on_it(read)))?;
    let (node, server) = ((*node).clone(), read.pinned.server.clone());
    Some(HistorySource { timeline: newest, node, server })
}

/// The state of the cluster. `unanswered` says since when each node that was not read does not answer.
pub(super) fn assemble(
    looks: &[NodeLook],
    around: &Surroundings<'_>,
    unanswered: impl Fn(&NodeId, &str) -> Since,
) -> ClusterState {
    let members = NodesRead::of(looks, &around.identity);
    let history = history(&members, around);
    let of_primary = members.primary();
    let compared = of_primary.filter(|_| around.ordered);
    let primary = compared.and_then(|(_, it)| it.pinned.timeline.zip(it.moving.flushed));
    let mut nodes = Vec::new();
    let mut all_items = Vec::new();
    for look in looks {
        let reading = match &look.read {
            Ok(reading) => reading,
            Err(why) => {
                nodes.push(unread(&look.node, &unanswered(&look.node.id, why)));
                continue;
            }
        };
        let place = place(reading, of_primary.map(|(node, _)| node));
        let node = NodeSurroundings {
            now: around.now,
            nodes: &around.config.nodes,
            primary,
            divergence: history.of(reading, place, &around.identity),
            same_server: same_server(look, reading, looks),
        };
        nodes.push(read(&look.node, reading, &node));
        all_items.extend(items(&look.node.id, reading, around.now));
    }
    let observation = Observation {
        id: String::new(),
        observed_at: around.now,
        clock: around.clock.to_owned(),
        source: "postgres kernel: every node asked twice, its standbys before the primary"
            .to_owned(),
    };
    let facts = cluster(looks, &members, around, &unanswered);
    ClusterState::new(observation, around.identity.clone(), facts, nodes).with_items(all_items)
}

/// The history to judge nodes by; or why there is none.
struct Judgement(Result<ClusterHistory, String>);

impl Judgement {
    fn of(
        &self,
        reading: &NodeReading,
        place: Option<HistoryPlace>,
        identity: &ClusterIdentity,
    ) -> crate::kernel::postgres::history::Divergence {
        use crate::kernel::postgres::history::Divergence;
        if reading.pinned.system_identifier != identity.id {
            return Divergence::Beyond(None);
        }
        match (&self.0, place) {
            (Ok(history), Some(place)) => history.divergence(&place),
            (Err(why), _) => Divergence::Unknown(why.clone()),
            (Ok(_), None) => Divergence::Unknown("its timeline is not known".to_owned()),
        }
    }
}

fn history(members: &NodesRead<'_>, around: &Surroundings<'_>) -> Judgement {
    let Some(timeline) = members.timeline() else {
        return Judgement(Err("no node of this cluster says its timeline".to_owned()));
    };
    let on_it = |read: &NodeReading| read.pinned.timeline == Some(timeline);
    let primaries = members.primaries().filter(|(_, read)| on_it(read)).count();
    let only = members.primaries().find(|(_, read)| on_it(read));
    let only = only.filter(|_| primaries == 1 && around.ordered);
    let named = members.branches().ok();
    Judgement(Ok(ClusterHistory {
        timeline,
        primaries,
        primary_flushed: only.and_then(|(_, read)| read.moving.flushed),
        branch: named.filter(|names| names.len() == 1).and_then(|names| names.into_iter().next()),
        forks: around.forks.clone(),
    }))
}

fn place(reading: &NodeReading, primary: Option<&NodeAddress>) -> Option<HistoryPlace> {
    let streams_from = |node: &NodeAddress| {
        reading.pinned.receiver.as_ref().is_some_and(|receiver| {
            receiver.status.as_deref() == Some("streaming")
                && receiver.sender_host.as_deref() == Some(node.host.as_str())
                && receiver.sender_port == Some(u64::from(node.port))
        })
    };
    Some(HistoryPlace {
        standby: reading.pinned.standby,
        timeline: reading.pinned.timeline?,
        flushed: reading.moving.flushed,
        branch: reading.own.as_ref().ok().and_then(|own| branch(reading.pinned.timeline, own)),
        streams: primary.is_some_and(streams_from),
    })
}

/// The other configured nodes at whose addresses the very same server answers.
fn same_server(look: &NodeLook, reading: &NodeReading, looks: &[NodeLook]) -> Vec<String> {
    let others = looks.iter().filter(|other| other.node.id != look.node.id);
    let is_same = |other: &&NodeLook| {
        other.read.as_ref().is_ok_and(|it| {
            it.pinned.server.is_some()
                && it.pinned.server == reading.pinned.server
                && it.pinned.system_identifier == reading.pinned.system_identifier
        })
    };
    others.filter(is_same).map(|other| other.node.id.to_string()).collect()
}

fn cluster(
    looks: &[NodeLook],
    members: &NodesRead<'_>,
    around: &Surroundings<'_>,
    unanswered: &impl Fn(&NodeId, &str) -> Since,
) -> Facts {
    let mut sheet = Sheet::new(around.now);
    let primary = primary(looks, members, around, unanswered);
    let ids = members.primaries().map(|(node, _)| node.id.to_string()).collect();
    sheet.say(facts::PRIMARIES, Value::Names(ids));
    let timeline = members.timeline().map(|timeline| timeline.max(around.highest.timeline));
    sheet.column(facts::TIMELINE, timeline);
    let ended = Some(around.highest.contract_ended).filter(|number| *number > 0);
    sheet.say(facts::CONTRACT_ENDED, ended);
    writes(&mut sheet, &primary, members, around);
    if matches!(primary, Fact::Known(Value::None)) {
        sheet.say(facts::PRIMARY_SINCE, around.now.to_string());
        sheet.say(facts::PRIMARY_WHY, "every node answers, and none is primary");
    }
    sheet.set(PRIMARY, primary);
    match members.branches() {
        Err(why) => sheet.gap(facts::BRANCH_ID, why),
        Ok(found) if found.len() > 1 => {
            sheet.gap(facts::BRANCH_ID, "nodes hold different names of the timeline");
        }
        Ok(found) => sheet.say(facts::BRANCH_ID, found.into_iter().next()),
    }
    let own = match members.primary() {
        None => Err("there is not exactly one primary that answers".to_owned()),
        Some((_, read)) => read.own.clone(),
    };
    sheet.part(facts::SYNC_CONTRACT, &own, |own| {
        own.contract.as_ref().filter(|it| !it.ended).map(|it| it.rule.clone()).into()
    });
    sheet.part(facts::BARRIER, &own, |own| own.barrier.clone().into());
    let marks = members.0.iter().flat_map(|(_, read)| foreign_marks(&read.pinned.marks));
    let programs: BTreeSet<String> = marks.map(|mark| mark.authority.to_string()).collect();
    sheet.say(facts::OTHER_AUTHORITY, names(&programs.into_iter().collect::<Vec<_>>()));
    sheet.set(facts::BACKUPS, around.backups.clone());
    sheet.set(facts::FREE_BYTES, around.free_bytes.clone());
    sheet.done()
}

fn primary(
    looks: &[NodeLook],
    members: &NodesRead<'_>,
    around: &Surroundings<'_>,
    unanswered: &impl Fn(&NodeId, &str) -> Since,
) -> Fact<Value> {
    let ids: Vec<String> = members.primaries().map(|(node, _)| node.id.to_string()).collect();
    match ids.as_slice() {
        [only] => return Fact::Known(Value::Text(only.clone())),
        [] => {}
        several => {
            let why = format!("{} answer that they are primary", several.join(" and "));
            return Fact::unknown(around.now, why);
        }
    }
    for look in looks {
        let id = &look.node.id;
        match &look.read {
            Err(why) => {
                let Since { since, why } = unanswered(id, why);
                let why =
                    format!("no node that answers is primary, and {id} does not answer: {why}");
                return Fact::unknown(since, why);
            }
            Ok(read) if read.pinned.system_identifier != around.identity.id => {
                let why = format!("no node is primary, and {id} holds another cluster");
                return Fact::unknown(around.now, why);
            }
            Ok(_) => {}
        }
    }
    Fact::Known(Value::None)
}
