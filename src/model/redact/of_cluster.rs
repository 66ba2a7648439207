//! What the overview shows.

use super::{REDACTED, Redact};
use crate::model::answer::{Overview, WhyNot};
use crate::model::cluster::{ClusterState, ItemState, NodeState, Observation};
use crate::model::compared::{Compared, LaterAction};
use crate::model::event::KernelEvent;
use crate::model::explanation::{ActionPreview, Candidate, Check, Evidence};
use crate::model::facts::FactSubject;
use crate::model::finding::Mismatch;
use crate::model::pinned::{InDoubt, Pinned, PinnedItem, PinnedNode};
use crate::model::progress::Progress;
use crate::model::spec::{Catalogue, KernelSpec};
use crate::model::status::{ClusterStatus, UnfinishedAction, UnfinishedActions};

impl Redact for Overview {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self {
            state,
            target_checks,
            cluster_actions,
            in_doubt,
            freeze,
            data_address,
            mismatch,
            unrecordable,
        } = self;
        Self {
            state: state.redacted(spec),
            target_checks: target_checks.redacted(spec),
            cluster_actions: cluster_actions.redacted(spec),
            in_doubt: in_doubt.redacted(spec),
            freeze: freeze.redacted(spec),
            data_address: data_address.redacted(spec),
            mismatch: mismatch.redacted(spec),
            unrecordable: unrecordable.redacted(spec),
        }
    }
}

impl Redact for ClusterStatus {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { state, freeze, unfinished } = self;
        Self {
            state: state.redacted(spec),
            freeze: freeze.redacted(spec),
            unfinished: unfinished.redacted(spec),
        }
    }
}

impl Redact for UnfinishedActions {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { in_doubt, running, waiting, waiting_in_all } = self;
        Self {
            in_doubt: in_doubt.redacted(spec),
            running: running.redacted(spec),
            waiting: waiting.redacted(spec),
            waiting_in_all,
        }
    }
}

impl Redact for UnfinishedAction {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { id, action, by, since, stage } = self;
        Self { id, action: action.redacted(spec), by: by.redacted(spec), since, stage }
    }
}

impl Redact for Mismatch {
    /// That there is one, how large and of which kinds; what it is about names actions and accounts.
    fn redacted(self, _: &KernelSpec) -> Self {
        self.without_findings()
    }
}

impl Redact for InDoubt {
    fn redacted(self, _: &KernelSpec) -> Self {
        let Self { action_id, kind } = self;
        Self { action_id, kind }
    }
}

impl Redact for WhyNot {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { kind, candidates } = self;
        Self { kind, candidates: candidates.redacted(spec) }
    }
}

impl Redact for Candidate {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { node, against } = self;
        Self { node, against: against.redacted(spec) }
    }
}

impl Redact for ActionPreview {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { action, verdict, checked, against } = self;
        Self { action: action.redacted(spec), verdict, checked, against: against.redacted(spec) }
    }
}

impl Redact for Check {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { invariant, statement: _, verdict, evidence } = self;
        // What the kernel says in its own words can name what an operator named.
        let own = Catalogue::default().invariant(invariant);
        let statement = own
            .map_or_else(|| invariant.word().replace('_', " "), |found| found.statement.to_owned());
        Self { invariant, statement, verdict, evidence: evidence.redacted(spec) }
    }
}

impl Redact for Evidence {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { observed, required, source, since } = self;
        Self {
            observed: observed.redacted(spec),
            required: required.redacted(spec),
            source: source.redacted(spec),
            since,
        }
    }
}

impl Redact for ClusterState {
    fn redacted(self, spec: &KernelSpec) -> Self {
        // Every page names the cluster, so that nobody reads the wrong one.
        let Self { format, observation, identity, facts, nodes, items, under_way } = self;
        Self {
            format,
            observation: observation.redacted(spec),
            identity,
            facts: super::facts(spec, &FactSubject::Cluster, facts),
            nodes: nodes.redacted(spec),
            items: items.redacted(spec),
            under_way: under_way.redacted(spec),
        }
        .identified()
    }
}

impl Redact for Observation {
    fn redacted(self, spec: &KernelSpec) -> Self {
        // An id is a hash of all that was observed: whoever guesses what is hidden could tell by it.
        let Self { id, observed_at, clock, source } = self;
        Self { id: id.redacted(spec), observed_at, clock, source: source.redacted(spec) }
    }
}

impl Redact for Pinned {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { identity, facts, nodes, items, in_doubt, freeze, second_operator, told: _ } =
            self;
        Self {
            identity,
            facts: super::pinned(spec, &FactSubject::Cluster, facts),
            nodes: nodes.redacted(spec),
            items: items.redacted(spec),
            in_doubt: in_doubt.redacted(spec),
            freeze: freeze.redacted(spec),
            second_operator,
            // It holds what is redacted here.
            told: None,
        }
    }
}

impl Redact for PinnedNode {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { id, facts } = self;
        let facts = super::pinned(spec, &FactSubject::Node(id.clone()), facts);
        Self { id, facts }
    }
}

impl Redact for PinnedItem {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { kind, node, name, facts } = self;
        let subject = FactSubject::Item { kind: kind.clone(), node: node.clone(), name };
        let facts = super::pinned(spec, &subject, facts);
        Self { kind, node, name: REDACTED.to_owned(), facts }
    }
}

impl Redact for ItemState {
    /// Its name is one that a person gave.
    fn redacted(self, spec: &KernelSpec) -> Self {
        let subject = self.subject();
        let Self { kind, node, name, facts } = self;
        let facts = super::facts(spec, &subject, facts);
        Self { kind, node, name: name.redacted(spec), facts }
    }
}

impl Redact for Compared {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { action, stage, then, now, later } = self;
        // Both states alike: what moved within a text that is not shown has not moved for this reader.
        Self {
            action: action.redacted(spec),
            stage,
            then: then.redacted(spec),
            now: now.redacted(spec),
            later: later.redacted(spec),
        }
    }
}

impl Redact for LaterAction {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { id, action, by, at } = self;
        Self { id, action: action.redacted(spec), by: by.redacted(spec), at }
    }
}

impl Redact for NodeState {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { id, facts, source } = self;
        let facts = super::facts(spec, &FactSubject::Node(id.clone()), facts);
        Self { id, facts, source: source.redacted(spec) }
    }
}

impl Redact for Progress {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { action_id, doing, done, total, unit } = self;
        Self { action_id, doing: doing.redacted(spec), done, total, unit }
    }
}

impl Redact for KernelEvent {
    fn redacted(self, spec: &KernelSpec) -> Self {
        let Self { place, at, kind, node, action_id, sentence } = self;
        Self { place, at, kind, node, action_id, sentence: sentence.redacted(spec) }
    }
}
