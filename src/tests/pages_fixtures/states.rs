//! Clusters as they were observed, made by hand.

use super::{at, identity, node_id};
use aerodb_control::kernel::embedded::view::{
    Cause, ClusterView, Fence, NodeFacts, NodeView, Positions, Role, Unreachable, View, Writes,
};
use aerodb_control::model::cluster::{ClusterState, Observation};
use aerodb_control::model::facts::{Fact, Since};

pub(crate) fn node(name: &str, role: Role, last: u64) -> NodeView {
    NodeView {
        pinned: NodeFacts {
            id: node_id(name),
            role: Fact::Known(role),
            reachable: Fact::Known(true),
            unreachable: None,
            epoch: Fact::Known(4),
        },
        positions: Positions {
            last: Fact::Known(last),
            last_epoch: Fact::Known(4),
            committed: Fact::Known(last.saturating_sub(1)),
            applied: Fact::Known(last.saturating_sub(2)),
            first: Fact::Known(1),
            checkpoint: Fact::Known(None),
        },
        stored_bytes: Some(Fact::Known(3 << 20)),
        source: "read from the node".to_owned(),
    }
}

pub(crate) fn lost(name: &str, why: &str) -> NodeView {
    fn gone<T>(why: &str) -> Fact<T> {
        Fact::unknown(at(-600), why)
    }
    NodeView {
        pinned: NodeFacts {
            id: node_id(name),
            role: gone(why),
            reachable: Fact::Known(false),
            unreachable: Some(Unreachable {
                since: at(-600),
                why: why.to_owned(),
                causes: vec![Cause::TakenOffline],
            }),
            epoch: gone(why),
        },
        positions: Positions::unknown(at(-600), why),
        stored_bytes: Some(gone(why)),
        source: "not read".to_owned(),
    }
}

pub(crate) fn state_of(primary: Option<&str>, nodes: Vec<NodeView>) -> ClusterState {
    let names = nodes.iter().map(|node| node.pinned.id.clone()).collect::<Vec<_>>();
    let without = |why: &str| Since { since: at(-900), why: why.to_owned() };
    let cluster = ClusterView {
        identity: identity(),
        epoch: Fact::Known(4),
        primary: Fact::Known(primary.map(node_id)),
        without_primary: primary.is_none().then(|| without("The control plane was restarted.")),
        writes: Fact::Known(if primary.is_some() { Writes::Accepted } else { Writes::Stopped }),
        writes_refused: primary.is_none().then(|| without("Nobody is primary.")),
        write_fence: Fact::Known(Fence::Lifted),
        quorum: names.len() / 2 + 1,
        next_node: node_id("n9"),
        backups: Vec::new(),
        voters: names,
    };
    let observation = Observation {
        id: String::new(),
        observed_at: at(0),
        clock: "system clock, UTC".to_owned(),
        source: "all nodes read in one call".to_owned(),
    };
    View { observation, cluster, nodes, free_bytes: None }.state()
}

/// Three nodes, one of them behind.
pub(crate) fn settled() -> ClusterState {
    let nodes = vec![
        node("n1", Role::Primary, 1_000_042),
        node("n2", Role::Standby, 1_000_042),
        node("n3", Role::Standby, 1_000_035),
    ];
    state_of(Some("n1"), nodes)
}

/// Nobody is primary, and one node cannot be reached.
pub(crate) fn headless(why: &str) -> ClusterState {
    let nodes = vec![node("n1", Role::Standby, 42), node("n2", Role::Standby, 42), lost("n3", why)];
    state_of(None, nodes)
}

/// Nine nodes, with names as long as they may be.
pub(crate) fn crowd() -> ClusterState {
    let mut nodes: Vec<_> = (1..=9)
        .map(|n| node(&format!("replica-in-frankfurt-rack-0000-{n}"), Role::Standby, 40 + n))
        .collect();
    nodes[0].pinned.role = Fact::Known(Role::Primary);
    nodes[4] = lost("replica-in-frankfurt-rack-0000-5", "the node does not answer");
    state_of(Some("replica-in-frankfurt-rack-0000-1"), nodes)
}
