//! The facts of the ladder.

use aerodb_control::model::spec::{
    Binding, FactOf, FactSpec, FactUnit, PRIMARY, REACHABLE, ROLE, Show, WRITES,
};

pub(super) const TIMELINE: &str = "timeline";
pub(super) const SYNC: &str = "synchronous";
pub(super) const WRITES_SINCE: &str = "writes_since";
pub(super) const WRITES_WHY: &str = "writes_why";
pub(super) const UNREACHED_SINCE: &str = "unreached_since";
pub(super) const UNREACHED_WHY: &str = "unreached_why";
pub(super) const FOLLOWS: &str = "follows";
pub(super) const FLUSHED: &str = "flushed";
pub(super) const REPLAYED: &str = "replayed";
pub(super) const RESTART_POINT: &str = "restart_point";
pub(super) const LOG_BYTES: &str = "log_bytes";
pub(super) const SLOT: &str = "slot";
pub(super) const RESTART: &str = "restart";
pub(super) const RETAINED: &str = "retained_bytes";
pub(super) const CONSUMER: &str = "consumer";
pub(super) const ACTIVE: &str = "active";

const fn cluster(key: &'static str, label: &'static str, help: &'static str) -> FactSpec {
    FactSpec::new(key, FactOf::Cluster, label, help)
}

const fn node(key: &'static str, label: &'static str, help: &'static str) -> FactSpec {
    FactSpec::new(key, FactOf::Node, label, help)
}

const fn slot(key: &'static str, label: &'static str, help: &'static str) -> FactSpec {
    FactSpec { show: Show::Column, ..FactSpec::new(key, FactOf::Item(SLOT), label, help) }
}

const fn moving(fact: FactSpec, show: Show) -> FactSpec {
    FactSpec { binding: Binding::Moving, show, ..fact }
}

pub(super) static FACTS: &[FactSpec] = &[
    FactSpec {
        none: "nobody",
        alarms: &["nobody"],
        show: Show::Tile,
        ..cluster(PRIMARY, "Primary", "The node that acknowledges writes.")
    },
    FactSpec {
        show: Show::Tile,
        ..cluster(TIMELINE, "Timeline", "The branch of history that the primary writes.")
    },
    FactSpec {
        alarms: &["stopped", "waiting"],
        show: Show::Tile,
        since: Some([WRITES_SINCE, WRITES_WHY]),
        ..cluster(WRITES, "Writes", "What a client that writes now is answered.")
    },
    FactSpec {
        show: Show::Tile,
        ..cluster(SYNC, "Synchronous standbys", "The standbys that a write waits for.")
    },
    moving(cluster(WRITES_SINCE, "Writes since", "Since when writes are so."), Show::Hidden),
    moving(cluster(WRITES_WHY, "Why writes are so", "Why writes are so."), Show::Hidden),
    FactSpec { show: Show::Column, ..node(ROLE, "Role", "What the node is.") },
    FactSpec {
        show: Show::Column,
        since: Some([UNREACHED_SINCE, UNREACHED_WHY]),
        ..node(REACHABLE, "Reachable", "Whether the kernel can reach the node.")
    },
    moving(node(UNREACHED_SINCE, "Unreached since", "Since when it is so."), Show::Hidden),
    moving(node(UNREACHED_WHY, "Why it is unreached", "Why it is so."), Show::Hidden),
    FactSpec {
        show: Show::Column,
        none: "nobody",
        ..node(FOLLOWS, "Follows", "The node that it takes the log from.")
    },
    FactSpec { show: Show::Column, ..node(TIMELINE, "Timeline", "The branch that it is on.") },
    moving(node(FLUSHED, "Flushed", "Up to where its log is on disk."), Show::Bar),
    moving(node(REPLAYED, "Replayed", "Up to where its log is in its state."), Show::Bar),
    moving(node(RESTART_POINT, "Restart point", "Where it would begin to replay."), Show::Row),
    FactSpec {
        unit: FactUnit::Bytes,
        ..moving(node(LOG_BYTES, "Log kept", "How much of the log is on its disk."), Show::Row)
    },
    FactSpec {
        none: "nobody",
        sensitive: true,
        ..slot(CONSUMER, "Consumer", "The program that reads it.")
    },
    slot(ACTIVE, "Read now", "Whether the consumer reads at this moment."),
    moving(slot(RESTART, "From", "The position from which the log is kept."), Show::Column),
    FactSpec {
        unit: FactUnit::Bytes,
        ..moving(slot(RETAINED, "Retained", "How much of the log it keeps."), Show::Column)
    },
];
