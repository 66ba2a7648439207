//! One observation of the whole cluster, at one instant between two commands (C8.4).
//!
//! It reads memory and the stores of nodes that can be reached, and nothing of the others. It
//! changes nothing (C8.3).

use super::cluster::{Cluster, PrimaryStatus};
use super::node::{Node, NodeStatus};
use super::view::{ClusterView, Fence, NodeFacts, NodeView, Positions, Role, View, Writes};
use super::wording;
use crate::kernel::Unobservable;
use crate::model::ambient::Timestamp;
use crate::model::cluster::{ClusterState, Observation};
use crate::model::facts::{Fact, Since};
use crate::model::text::NodeId;

impl Cluster {
    /// Observes the cluster.
    pub(super) fn observe(&self, now: Timestamp) -> Result<ClusterState, Unobservable> {
        self.alive()?;
        let nodes = self.ensemble.nodes();
        let observation = Observation {
            id: String::new(),
            observed_at: now,
            clock: self.clock.to_owned(),
            source: "embedded kernel: all nodes at one instant between two commands".to_owned(),
        };
        let view = View {
            observation,
            cluster: self.observe_cluster()?,
            nodes: nodes.map(|node| self.observe_node(node, now)).collect::<Result<_, _>>()?,
            free_bytes: Some(self.free_bytes(now)),
        };
        let under_way = self.under_way.as_ref().and_then(|meter| meter.read());
        Ok(view.state().with_under_way(under_way))
    }

    fn observe_cluster(&self) -> Result<ClusterView, Unobservable> {
        let office = self.office();
        let (write_fence, fence_since) = self.observe_fence()?;
        let primary = match &office {
            PrimaryStatus::Held(id) => Fact::Known(Some(id.clone())),
            PrimaryStatus::Vacant => Fact::Known(None),
            PrimaryStatus::Unclear(id, since) => {
                Fact::unknown(*since, wording::primary_cut_off(id)).after(Some(id.clone()))
            }
        };
        let without_primary = match office {
            PrimaryStatus::Vacant => self.metadata.last_known().nobody.clone(),
            PrimaryStatus::Held(_) | PrimaryStatus::Unclear(..) => None,
        };
        let writes_refused = self.writes_refused(fence_since);
        let writes = if writes_refused.is_none() { Writes::Accepted } else { Writes::Stopped };
        Ok(ClusterView {
            identity: self.identity.clone(),
            epoch: self.majority_knows(self.epoch()),
            primary,
            without_primary,
            writes: Fact::Known(writes),
            writes_refused,
            write_fence,
            voters: self.ensemble.members().voters.into_iter().map(NodeId::numbered).collect(),
            quorum: self.ensemble.quorum(),
            backups: self.backups.keys().cloned().collect(),
            next_node: NodeId::numbered(self.ensemble.members().highest + 1),
        })
    }

    fn observe_fence(&self) -> Result<(Fact<Fence>, Option<Since>), Unobservable> {
        let last = self.metadata.last_known().fence;
        if let Some(undecided) = self.undecided() {
            return Ok((Fact::unknown(undecided.since, undecided.why), None));
        }
        let store = self.ensemble.most_advanced().and_then(Node::store);
        let Some(store) = store.filter(|_| self.ensemble.has_quorum()) else {
            return Ok((self.majority_knows(last), None));
        };
        let (fence, since) =
            store.fence().map_err(|error| Unobservable { why: error.to_string() })?;
        Ok((Fact::Known(fence), since))
    }

    /// Since when the log of a reachable node holds entries that nobody can decide on: they may be
    /// committed, so what is applied is not what the next primary will find.
    fn undecided(&self) -> Option<Since> {
        if self.primary().is_some() || !self.ensemble.has_quorum() {
            return None;
        }
        let applied = self.ensemble.reachable().map(|(_, vitals)| vitals.applied).max()?;
        let last = self.ensemble.reachable().map(|(_, vitals)| vitals.last.position).max()?;
        let nobody = self.metadata.last_known().nobody.as_ref()?;
        let why = format!(
            "nobody is primary, and the log holds entries up to {last} that no primary has \
             decided on; {applied} are applied"
        );
        (last > applied).then_some(Since { since: nobody.since, why })
    }

    /// A fact about the whole cluster: known while a majority can be reached.
    fn majority_knows<T>(&self, value: T) -> Fact<T> {
        match self.no_quorum_since() {
            None => Fact::Known(value),
            Some(since) => {
                let reachable = self.ensemble.voters_reached();
                let of = self.ensemble.members().voters.len();
                let quorum = self.ensemble.quorum();
                Fact::unknown(since, wording::no_majority(reachable, of, quorum)).after(value)
            }
        }
    }

    /// Why a client that writes now is refused, with the earliest cause first to have stood.
    pub(super) fn writes_refused(&self, fence_since: Option<Since>) -> Option<Since> {
        let nobody = match self.office() {
            PrimaryStatus::Held(_) => None,
            PrimaryStatus::Vacant => {
                self.metadata.last_known().nobody.as_ref().map(|nobody| Since {
                    since: nobody.since,
                    why: format!("nobody is primary, because {}", nobody.why),
                })
            }
            PrimaryStatus::Unclear(id, since) => {
                Some(Since { since, why: wording::primary_cut_off(&id) })
            }
        };
        let no_quorum = self.no_quorum_since().map(|since| Since {
            since,
            why: format!(
                "only {} of {} voters can be reached and {} make a majority",
                self.ensemble.voters_reached(),
                self.ensemble.members().voters.len(),
                self.ensemble.quorum()
            ),
        });
        let causes: Vec<Since> = [nobody, no_quorum, fence_since].into_iter().flatten().collect();
        let since = causes.iter().map(|cause| cause.since).min()?;
        let whys: Vec<&str> = causes.iter().map(|cause| cause.why.as_str()).collect();
        Some(Since { since, why: whys.join("; ") })
    }

    fn observe_node(&self, node: &Node, now: Timestamp) -> Result<NodeView, Unobservable> {
        let vitals = node.vitals().filter(|_| self.ensemble.reaches(node.number));
        if let Some(vitals) = vitals {
            return self.observe_reachable(node, vitals, now);
        }
        // A node that runs and is connected is reachable, so one that is not has a cause.
        let cut = self.cut(node.number).since().expect("an unreachable node has a cause");
        let source = format!("the switchboard; {} was not asked", node.id);
        Ok(NodeView {
            pinned: NodeFacts {
                id: node.id.clone(),
                role: Fact::unknown(cut.since, cut.why.clone()),
                reachable: Fact::Known(false),
                epoch: Fact::unknown(cut.since, cut.why.clone()),
                unreachable: Some(cut.clone()),
            },
            positions: Positions::unknown(cut.since, &cut.why),
            stored_bytes: Some(Fact::unknown(cut.since, cut.why.clone())),
            source,
        })
    }

    fn observe_reachable(
        &self,
        node: &Node,
        vitals: NodeStatus,
        now: Timestamp,
    ) -> Result<NodeView, Unobservable> {
        let is_primary = self.primary() == Some(node.number);
        let is_voter = self.ensemble.members().voters.contains(&node.number);
        let store = node.store().expect("a node that can be reached runs");
        let checkpoint = store.checkpoint().map_err(|e| Unobservable { why: e.to_string() })?;
        Ok(NodeView {
            pinned: NodeFacts {
                id: node.id.clone(),
                role: Fact::Known(match (is_primary, is_voter) {
                    (true, _) => Role::Primary,
                    (false, true) => Role::Standby,
                    (false, false) => Role::Learner,
                }),
                reachable: Fact::Known(true),
                unreachable: None,
                epoch: Fact::Known(vitals.epoch),
            },
            positions: Positions {
                last: Fact::Known(vitals.last.position),
                last_epoch: Fact::Known(vitals.last.epoch),
                committed: Fact::Known(vitals.committed),
                applied: Fact::Known(vitals.applied),
                first: Fact::Known(store.first()),
                checkpoint: Fact::Known(checkpoint),
            },
            stored_bytes: Some(Self::stored_bytes(store, now)),
            source: format!("{}: its own store and Raft state", node.id),
        })
    }
}
