//! What the overview shows.

use super::Redact;
use crate::model::answer::{Overview, WhyNot};
use crate::model::cluster::{ClusterState, NodeState, Observation, Positions};
use crate::model::compared::Compared;
use crate::model::event::KernelEvent;
use crate::model::explanation::{Candidate, Check, Evidence, Prospect};
use crate::model::finding::Mismatch;
use crate::model::pinned::{Pinned, PinnedCluster, PinnedNode, Unresolved};
use crate::model::progress::Progress;
use crate::model::spec::Catalogue;

impl Redact for Overview {
    fn redacted(self) -> Self {
        let Self {
            state,
            why_not,
            on_cluster,
            unresolved,
            freeze,
            data_address,
            mismatch,
            unrecordable,
        } = self;
        Self {
            state: state.redacted(),
            why_not: why_not.redacted(),
            on_cluster: on_cluster.redacted(),
            unresolved: unresolved.redacted(),
            freeze: freeze.redacted(),
            data_address: data_address.redacted(),
            mismatch: mismatch.redacted(),
            unrecordable: unrecordable.redacted(),
        }
    }
}

impl Redact for Mismatch {
    /// That there is one, how large and of which kinds; what it is about names actions and accounts.
    fn redacted(self) -> Self {
        self.without_findings()
    }
}

impl Redact for Unresolved {
    fn redacted(self) -> Self {
        let Self { action_id, kind } = self;
        Self { action_id, kind }
    }
}

impl Redact for WhyNot {
    fn redacted(self) -> Self {
        let Self { kind, candidates } = self;
        Self { kind, candidates: candidates.redacted() }
    }
}

impl Redact for Candidate {
    fn redacted(self) -> Self {
        let Self { node, against } = self;
        Self { node, against: against.redacted() }
    }
}

impl Redact for Prospect {
    fn redacted(self) -> Self {
        let Self { action, verdict, checked, against } = self;
        Self { action: action.redacted(), verdict, checked, against: against.redacted() }
    }
}

impl Redact for Check {
    fn redacted(self) -> Self {
        let Self { invariant, statement: _, verdict, evidence } = self;
        // What the kernel says in its own words can name what an operator named.
        let own = Catalogue::default().invariant(invariant);
        let statement = own
            .map_or_else(|| invariant.word().replace('_', " "), |found| found.statement.to_owned());
        Self { invariant, statement, verdict, evidence: evidence.redacted() }
    }
}

impl Redact for Evidence {
    fn redacted(self) -> Self {
        let Self { observed, required, source, since } = self;
        Self {
            observed: observed.redacted(),
            required: required.redacted(),
            source: source.redacted(),
            since,
        }
    }
}

impl Redact for ClusterState {
    fn redacted(self) -> Self {
        // How full a disk is is nothing for people outside.
        let Self { observation, cluster, nodes, free_bytes: _, under_way } = self;
        Self {
            observation: observation.redacted(),
            cluster: cluster.redacted(),
            nodes: nodes.redacted(),
            free_bytes: None,
            under_way: under_way.redacted(),
        }
        .identified()
    }
}

impl Redact for Observation {
    fn redacted(self) -> Self {
        // An id is a hash of all that was observed: whoever guesses what is hidden could tell by it.
        let Self { id, observed_at, clock, source } = self;
        Self { id: id.redacted(), observed_at, clock, source: source.redacted() }
    }
}

impl Redact for PinnedCluster {
    fn redacted(self) -> Self {
        let Self {
            identity,
            epoch,
            primary,
            without_primary,
            writes,
            writes_refused,
            write_fence,
            voters,
            quorum,
            next_node,
            backups,
        } = self;
        Self {
            // Every page names the cluster, so that nobody reads the wrong one.
            identity,
            epoch: epoch.redacted(),
            primary: primary.redacted(),
            without_primary: without_primary.redacted(),
            writes: writes.redacted(),
            writes_refused: writes_refused.redacted(),
            write_fence: write_fence.redacted(),
            voters,
            quorum,
            next_node,
            backups: backups.redacted(),
        }
    }
}

impl Redact for PinnedNode {
    fn redacted(self) -> Self {
        let Self { id, role, reachable, unreachable, epoch } = self;
        Self {
            id,
            role: role.redacted(),
            reachable: reachable.redacted(),
            unreachable: unreachable.redacted(),
            epoch: epoch.redacted(),
        }
    }
}

impl Redact for Pinned {
    fn redacted(self) -> Self {
        let Self { cluster, nodes, unresolved, freeze, second_operator } = self;
        Self {
            cluster: cluster.redacted(),
            nodes: nodes.redacted(),
            unresolved: unresolved.redacted(),
            freeze: freeze.redacted(),
            second_operator,
        }
    }
}

impl Redact for Compared {
    fn redacted(self) -> Self {
        let Self { stage, then, now } = self;
        // Both alike: what moved within a text that is not shown has not moved for this reader.
        Self { stage, then: then.redacted(), now: now.redacted() }
    }
}

impl Redact for NodeState {
    fn redacted(self) -> Self {
        let Self { pinned, positions, stored_bytes: _, source } = self;
        Self {
            pinned: pinned.redacted(),
            positions: positions.redacted(),
            stored_bytes: None,
            source: source.redacted(),
        }
    }
}

impl Redact for Positions {
    fn redacted(self) -> Self {
        let Self { last, last_epoch, committed, applied, first, checkpoint } = self;
        Self {
            last: last.redacted(),
            last_epoch: last_epoch.redacted(),
            committed: committed.redacted(),
            applied: applied.redacted(),
            first: first.redacted(),
            checkpoint: checkpoint.redacted(),
        }
    }
}

impl Redact for Progress {
    fn redacted(self) -> Self {
        let Self { action_id, doing, done, total, unit } = self;
        Self { action_id, doing: doing.redacted(), done, total, unit }
    }
}

impl Redact for KernelEvent {
    fn redacted(self) -> Self {
        let Self { place, at, kind, node, action_id, sentence } = self;
        Self { place, at, kind, node, action_id, sentence: sentence.redacted() }
    }
}
