//! The facts of one node, from what was read of it.

use super::sheet::{Sheet, at_least_none, names, text_or_none};
use crate::kernel::postgres::config::NodeAddress;
use crate::kernel::postgres::foreign::foreign_marks;
use crate::kernel::postgres::history::Divergence;
use crate::kernel::postgres::reading::{
    MovingReading, NodeReading, OwnReading, StableReading, UpstreamReading,
};
use crate::kernel::postgres::spec::{SPEC, facts};
use crate::model::ambient::Timestamp;
use crate::model::cluster::NodeState;
use crate::model::facts::{Fact, FactKey, Facts, Since, Value};
use crate::model::spec::{FactOf, PRIMARY_ROLE, REACHABLE, ROLE};

/// The role of a node that follows another one.
const STANDBY_ROLE: &str = "standby";

/// What a node is judged against.
pub(super) struct NodeSurroundings<'a> {
    pub(super) now: Timestamp,
    pub(super) nodes: &'a [NodeAddress],
    /// How far the only primary has flushed, with its timeline.
    pub(super) primary: Option<(u64, u64)>,
    pub(super) divergence: Divergence,
    /// The other configured nodes that are this very server.
    pub(super) same_server: Vec<String>,
}

/// A node that was not read: that it was not, and nothing else.
pub(super) fn unread(node: &NodeAddress, why: &Since) -> NodeState {
    let gap = Fact::unknown(why.since, why.why.as_str());
    let of_node = SPEC.facts_of(FactOf::Node);
    let mut facts: Facts = of_node.map(|fact| (FactKey::new(fact.key), gap.clone())).collect();
    facts.set(REACHABLE, Fact::Known(Value::Flag(false)));
    facts.set(facts::UNREACHABLE_SINCE, Fact::Known(why.since.to_string().into()));
    facts.set(facts::UNREACHABLE_WHY, Fact::Known(why.why.as_str().into()));
    NodeState { id: node.id.clone(), facts, source: format!("{node} was asked, and not read") }
}

/// A node that was read.
pub(super) fn read(
    node: &NodeAddress,
    reading: &NodeReading,
    around: &NodeSurroundings<'_>,
) -> NodeState {
    let mut sheet = Sheet::new(around.now);
    let NodeReading { pinned, moving, files, own, rights, data_bytes } = reading;
    identity(&mut sheet, pinned, around);
    replication(&mut sheet, pinned, around);
    sheet.part(facts::SYNC_RULE_WRITTEN, files, |files| text_or_none(&files.sync_rule));
    match files {
        Ok(files) => upstream(&mut sheet, facts::UPSTREAM_WRITTEN, &files.upstream, around.nodes),
        Err(why) => sheet.gap(facts::UPSTREAM_WRITTEN, why.clone()),
    }
    sheet.part(facts::UPSTREAM_SECRET, files, |files| {
        Value::Flag(files.upstream.has_password || pinned.upstream.has_password)
    });
    sheet.part(facts::PENDING, files, |files| names(&files.pending));
    // Where the files cannot be read, the server still says what it could not apply.
    let restart = files.as_ref().map_or(&pinned.pending_restart, |files| &files.pending_restart);
    sheet.say(facts::PENDING_RESTART, names(restart));
    sheet.part(facts::SETTINGS_ERROR, files, |files| names(&files.errors));
    sheet.part(facts::LOGIN_ROLES, own, |own| names(&own.login_roles));
    sheet.part(facts::STOPPED_LOGINS, own, |own| names(&own.stopped_logins));
    sheet.part(facts::SESSIONS_OF_STOPPED, own, |own| own.sessions_of_stopped.into());
    sheet.part(facts::NODE_BARRIER, own, |own| own.barrier.clone().into());
    sheet.part(facts::NODE_CONTRACT, own, |own| {
        own.contract.as_ref().filter(|it| !it.ended).map(|it| it.rule.clone()).into()
    });
    sheet.part(facts::CONTRACT_NUMBER, own, |own| {
        own.contract.as_ref().map(|contract| contract.number).into()
    });
    sheet.part(facts::CONTRACT_TIMELINE, own, |own| {
        own.contract.as_ref().and_then(|contract| contract.timeline).into()
    });
    sheet.part(facts::NODE_BRANCH, own, |own| branch(pinned.timeline, own).into());
    sheet.part(facts::RIGHTS_MISSING, rights, |rights| names(rights));
    sheet.part(facts::DATA_BYTES, data_bytes, |bytes| (*bytes).into());
    moving_facts(&mut sheet, pinned, moving, around);
    diverged(&mut sheet, &around.divergence);
    let facts = sheet.done();
    NodeState { id: node.id.clone(), facts, source: format!("{node} was asked, and answered") }
}

/// What a node holds as the name of the timeline that it is on.
pub(super) fn branch(timeline: Option<u64>, own: &OwnReading) -> Option<String> {
    let named = own.branches.iter().find(|branch| Some(branch.timeline) == timeline);
    named.map(|branch| branch.id.clone())
}

fn identity(sheet: &mut Sheet, pinned: &StableReading, around: &NodeSurroundings<'_>) {
    let role = if pinned.standby { STANDBY_ROLE } else { PRIMARY_ROLE };
    sheet.say(ROLE, role);
    sheet.say(REACHABLE, true);
    sheet.say(facts::SYSTEM_IDENTIFIER, pinned.system_identifier.clone());
    sheet.say(facts::VERSION, pinned.version.clone());
    sheet.column(facts::TIMELINE, pinned.timeline);
    sheet.column(facts::STARTED, pinned.server.as_ref().map(|server| server.since.clone()));
    match (pinned.own_options, around.same_server.as_slice()) {
        (None, _) => {
            sheet.gap(facts::DIRECT, "the server does not say what the session began with");
        }
        (Some(own_options), same) => sheet.say(facts::DIRECT, own_options && same.is_empty()),
    }
    let marks: Vec<String> = foreign_marks(&pinned.marks).iter().map(ToString::to_string).collect();
    sheet.say(facts::MARKS, Value::Names(marks));
    sheet.say(facts::CHECKSUMS, pinned.checksums == "on");
    sheet.say(facts::ARCHIVING, pinned.archiving.clone());
    sheet.say(facts::TABLESPACES, names(&pinned.tablespaces));
}

fn replication(sheet: &mut Sheet, pinned: &StableReading, around: &NodeSurroundings<'_>) {
    match &pinned.receiver {
        None => {
            sheet.say(facts::RECEIVER, Value::None);
            sheet.say(facts::FOLLOWS, Value::None);
        }
        Some(receiver) => {
            sheet.column(facts::RECEIVER, receiver.status.clone());
            let sender = receiver.sender_host.as_deref().zip(receiver.sender_port);
            let sender =
                sender.map(|(host, port)| named_server(around.nodes, host, &port.to_string()));
            sheet.column(facts::FOLLOWS, sender);
        }
    }
    if pinned.standby {
        sheet.column(facts::REPLAY, pinned.replay.clone());
    } else {
        sheet.say(facts::REPLAY, Value::None);
    }
    sheet.say(facts::SYNC_RULE, text_or_none(&pinned.sync_rule));
    upstream(sheet, facts::UPSTREAM, &pinned.upstream, around.nodes);
    sheet.say(facts::PREPARED, names(&pinned.prepared));
    sheet.say(facts::BACKUPS_RUNNING, pinned.backups_running);
}

/// Where `primary_conninfo` points to. A host without a port is none: the server decides which it takes.
fn upstream(sheet: &mut Sheet, key: &'static str, read: &UpstreamReading, nodes: &[NodeAddress]) {
    if !read.is_set {
        return sheet.say(key, Value::None);
    }
    let pairs = read.pairs.as_ref().filter(|_| read.is_plain);
    let of = |name: &str| pairs.and_then(|pairs| pairs.get(name)).map(String::as_str);
    // The address is what is connected to, where both are given.
    match (of("hostaddr").or_else(|| of("host")), of("port")) {
        (Some(host), Some(port)) => sheet.say(key, named_server(nodes, host, port)),
        _ if pairs.is_none() => {
            sheet.gap(key, "primary_conninfo has a form that is not read here");
        }
        _ => sheet.gap(key, "primary_conninfo names no host with its port"),
    }
}

/// The configured node of this address, else the address itself.
fn named_server(nodes: &[NodeAddress], host: &str, port: &str) -> String {
    let is_it = |node: &&NodeAddress| node.host == host && node.port.to_string() == port;
    match nodes.iter().find(is_it) {
        Some(node) => node.id.to_string(),
        None if host.contains(':') => format!("[{host}]:{port}"),
        None => format!("{host}:{port}"),
    }
}

fn moving_facts(
    sheet: &mut Sheet,
    pinned: &StableReading,
    moving: &MovingReading,
    around: &NodeSurroundings<'_>,
) {
    let timeline = pinned.timeline;
    sheet.column(facts::CONFIG_LOADED, moving.config_loaded.clone());
    sheet.position(facts::FLUSHED, timeline, moving.flushed);
    sheet.position(facts::REPLAYED, timeline, moving.replayed);
    sheet.position(facts::CHECKPOINT, moving.checkpoint_timeline, moving.checkpoint);
    lag(sheet, pinned, moving, around);
    sheet.column(facts::WAL_BYTES, moving.wal_bytes);
    if pinned.standby {
        sheet.say(facts::SEGMENT, Value::None);
    } else {
        sheet.column(facts::SEGMENT, moving.segment.clone());
    }
    sheet.column(facts::SYNC_WAITERS, moving.sync_waiters);
    sheet.column(facts::SESSIONS_COUNT, moving.sessions_count);
    sheet.column(facts::CONNECTIONS_FREE, moving.connections_free.map(at_least_none));
    sheet.column(facts::SENDERS_FREE, moving.senders_free.map(at_least_none));
    sheet.column(facts::SLOTS_FREE, moving.slots_free.map(at_least_none));
    sheet.column(facts::ARCHIVE_FAILING, moving.archiver.as_ref().and_then(|it| it.failing));
    sheet.column(facts::ARCHIVE_READY, moving.archive_ready);
    sheet.column(facts::XID_AGE, moving.xid_age);
    // Nothing holds a snapshot where no transaction runs.
    sheet.say(facts::OLDEST_XMIN_AGE, moving.xmin_age);
    sheet.say(facts::COLLATIONS_CHANGED, names(&moving.collations_changed));
}

fn lag(
    sheet: &mut Sheet,
    pinned: &StableReading,
    moving: &MovingReading,
    around: &NodeSurroundings<'_>,
) {
    if !pinned.standby {
        sheet.say(facts::LAG_BYTES, Value::None);
        return sheet.say(facts::REPLAY_DELAY, Value::None);
    }
    match (around.primary, pinned.timeline, moving.replayed) {
        (None, ..) => sheet.gap(facts::LAG_BYTES, "it is not known how far the primary is"),
        (Some((timeline, flushed)), Some(own), Some(replayed)) if timeline == own => {
            match flushed.checked_sub(replayed) {
                Some(lag) => sheet.say(facts::LAG_BYTES, lag),
                None => sheet.gap(facts::LAG_BYTES, "it holds more than the primary"),
            }
        }
        _ => sheet.gap(facts::LAG_BYTES, "it is on another timeline than the primary"),
    }
    match moving.replay_delay_ms.map(u64::try_from) {
        Some(Ok(delay)) => sheet.say(facts::REPLAY_DELAY, delay),
        Some(Err(_)) => {
            sheet.gap(facts::REPLAY_DELAY, "its clock is behind the time of the last transaction");
        }
        None => sheet.gap(facts::REPLAY_DELAY, "it replayed no transaction since it started"),
    }
}

fn diverged(sheet: &mut Sheet, divergence: &Divergence) {
    match divergence {
        Divergence::None => {
            sheet.say(facts::DIVERGED, false);
            sheet.say(facts::DIVERGED_BYTES, Value::None);
        }
        Divergence::Beyond(bytes) => {
            sheet.say(facts::DIVERGED, true);
            match bytes {
                Some(bytes) => sheet.say(facts::DIVERGED_BYTES, *bytes),
                None => sheet.gap(facts::DIVERGED_BYTES, "no fork of it is known"),
            }
        }
        Divergence::Unknown(why) => {
            sheet.gap(facts::DIVERGED, why.clone());
            sheet.gap(facts::DIVERGED_BYTES, why.clone());
        }
    }
}
