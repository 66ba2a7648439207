//! The facts that this kernel observes.

use crate::model::spec::{
    Binding, FactOf, FactSpec, FactUnit, PRIMARY, REACHABLE, ROLE, Show, WRITES,
};

macro_rules! keys {
    ($($name:ident $key:literal;)*) => {
        $(#[doc = concat!("The key `", $key, "`.")] pub const $name: &str = $key;)*
    };
}

keys! {
    PRIMARY_SINCE "primary_since";
    PRIMARY_WHY "primary_why";
    EPOCH "epoch";
    WRITES_SINCE "writes_since";
    WRITES_WHY "writes_why";
    WRITE_FENCE "write_fence";
    VOTERS "voters";
    QUORUM "quorum";
    VOTERS_REACHED "voters_reached";
    NEXT_NODE "next_node";
    BACKUPS "backups";
    FREE_BYTES "free_bytes";
    UNREACHABLE_SINCE "unreachable_since";
    UNREACHABLE_WHY "unreachable_why";
    UNREACHABLE_CAUSES "unreachable_causes";
    VOTE "vote";
    LAST "last";
    LAST_EPOCH "last_epoch";
    COMMITTED "committed";
    APPLIED "applied";
    FIRST "first";
    CHECKPOINT "checkpoint";
    STORED_BYTES "stored_bytes";
}

const fn cluster(key: &'static str, label: &'static str, help: &'static str) -> FactSpec {
    FactSpec::new(key, FactOf::Cluster, label, help)
}

const fn node(key: &'static str, label: &'static str, help: &'static str) -> FactSpec {
    FactSpec::new(key, FactOf::Node, label, help)
}

/// A place in the log of a node, which moves all the time.
const fn position(
    key: &'static str,
    label: &'static str,
    help: &'static str,
    show: Show,
) -> FactSpec {
    FactSpec { binding: Binding::Moving, show, ..node(key, label, help) }
}

/// A fact that is shown beside another one.
const fn beside(fact: FactSpec) -> FactSpec {
    FactSpec { binding: Binding::Moving, ..fact }
}

/// Every fact, in the order in which facts are shown.
pub static FACTS: &[FactSpec] = &[
    FactSpec {
        none: "nobody",
        alarms: &["nobody"],
        show: Show::Tile,
        since: Some([PRIMARY_SINCE, PRIMARY_WHY]),
        ..cluster(PRIMARY, "Primary", "The node that acknowledges writes of the current epoch.")
    },
    FactSpec {
        show: Show::Tile,
        ..cluster(EPOCH, "Epoch", "The number that grows with every change of primary.")
    },
    FactSpec {
        alarms: &["stopped"],
        show: Show::Tile,
        since: Some([WRITES_SINCE, WRITES_WHY]),
        ..cluster(WRITES, "Writes", "What a client that writes now is answered.")
    },
    FactSpec {
        alarms: &["standing"],
        show: Show::Tile,
        ..cluster(WRITE_FENCE, "Write fence", "Whether an operator has stopped writes.")
    },
    cluster(VOTERS, "Voters", "The members with a vote, in order."),
    FactSpec {
        unit: FactUnit::Of("voters needed"),
        show: Show::Tile,
        ..cluster(QUORUM, "Quorum", "How many voters make a majority.")
    },
    FactSpec {
        show: Show::Tile,
        binding: Binding::Moving,
        needed: Some(QUORUM),
        ..cluster(
            VOTERS_REACHED,
            "Reachable voters",
            "How many members with a vote can be reached.",
        )
    },
    cluster(NEXT_NODE, "Next node name", "The next name that was never given to a node."),
    FactSpec {
        sensitive: true,
        ..cluster(BACKUPS, "Backups", "The backups that there are, by name.")
    },
    FactSpec {
        unit: FactUnit::Bytes,
        binding: Binding::Moving,
        show: Show::Tile,
        // How full a disk is is nothing for people outside.
        sensitive: true,
        gauge: Some("data_directory_free"),
        ..cluster(
            FREE_BYTES,
            "Free space",
            "What can still be written in the data directory, in whole mebibytes and not more than \
             there is.",
        )
    },
    beside(cluster(PRIMARY_SINCE, "Nobody is primary since", "Since when nobody is primary.")),
    FactSpec {
        sensitive: true,
        ..beside(cluster(PRIMARY_WHY, "Why nobody is primary", "Why nobody is primary."))
    },
    beside(cluster(WRITES_SINCE, "Writes are refused since", "Since when writes are refused.")),
    FactSpec {
        sensitive: true,
        ..beside(cluster(WRITES_WHY, "Why writes are refused", "Every cause that stands."))
    },
    FactSpec {
        show: Show::Column,
        ..node(ROLE, "Role", "Primary; standby, with a vote; or learner, without one.")
    },
    FactSpec {
        alarms: &["no"],
        show: Show::Column,
        since: Some([UNREACHABLE_SINCE, UNREACHABLE_WHY]),
        ..node(REACHABLE, "Reachable", "Whether the kernel can reach it.")
    },
    FactSpec {
        binding: Binding::Moving,
        show: Show::Row,
        ..node(VOTE, "Vote", "Whether it is a member with a vote.")
    },
    FactSpec { show: Show::Column, ..node(EPOCH, "Epoch", "The epoch that it follows.") },
    position(LAST, "Last", "The last entry that it has made durable.", Show::Bar),
    position(
        LAST_EPOCH,
        "Epoch of the last entry",
        "The epoch in which that entry was written.",
        Show::Row,
    ),
    position(
        COMMITTED,
        "Committed",
        "The last entry that it knows to be committed by a majority.",
        Show::Bar,
    ),
    position(APPLIED, "Applied", "The last entry that it has applied.", Show::Bar),
    position(FIRST, "First entry", "The first entry that its log still holds.", Show::Row),
    position(
        CHECKPOINT,
        "Checkpoint",
        "The last entry in the checkpoint that was asked of it.",
        Show::Row,
    ),
    FactSpec {
        unit: FactUnit::Bytes,
        binding: Binding::Moving,
        sensitive: true,
        ..node(
            STORED_BYTES,
            "Stored",
            "What its files hold, in whole mebibytes and not less than they are.",
        )
    },
    beside(node(UNREACHABLE_SINCE, "Not reachable since", "Since when it is not reachable.")),
    FactSpec {
        sensitive: true,
        ..beside(node(UNREACHABLE_WHY, "Why it is not reachable", "Every cause that stands."))
    },
    beside(node(UNREACHABLE_CAUSES, "Causes", "The causes that stand.")),
];
