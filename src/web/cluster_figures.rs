//! Figures of the cluster, from the facts that every kernel declares: what is unknown has no value, and a
//! series of its own that says which value is missing (C8.4).

use crate::model::cluster::{ClusterState, NodeState};
use crate::model::facts::Fact;
use crate::model::refusal::Refusal;
use crate::model::spec::{FactOf, FactUnit, KernelSpec, PositionUnit, WRITES};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

type OwnedLabels = Vec<(&'static str, String)>;

/// The series that have no value now, each with the node whose value is missing.
#[derive(Default)]
pub(super) struct MissingSeries(Family<OwnedLabels, Gauge>);

impl MissingSeries {
    /// A value is missing.
    pub(super) fn add(&self, series: &str, node: Option<&NodeState>) {
        let node = node.map(|node| ("node", node.id.to_string()));
        let labels =
            [("series", series.to_owned())].into_iter().chain(node).collect::<OwnedLabels>();
        self.0.get_or_create(&labels).set(1);
    }

    /// The value, where it is known.
    fn known<T: Copy>(&self, series: &str, node: Option<&NodeState>, fact: &Fact<T>) -> Option<T> {
        let known = fact.known().copied();
        if known.is_none() {
            self.add(series, node);
        }
        known
    }

    /// Puts what is missing beside what is not.
    pub(super) fn register(self, registry: &mut Registry) {
        let about = "1 where the value of a series is not known now, and is left out";
        registry.register("series_unknown", about, self.0);
    }
}

/// The figures of one observation, or that none could be made.
pub(super) fn of_cluster(
    registry: &mut Registry,
    missing: &MissingSeries,
    spec: &KernelSpec,
    observed: Result<&ClusterState, &Refusal>,
) {
    gauge(
        registry,
        "cluster_observed",
        "Whether the cluster was observed",
        observed.is_ok().into(),
    );
    let Ok(state) = observed else { return };
    let at = Gauge::<i64>::default();
    at.set(state.observation.observed_at.millis() / 1_000);
    let about = "When the observation was made that the figures of the cluster are of, since 1970";
    registry.register_with_unit("cluster_observation_timestamp", about, Unit::Seconds, at);
    of_primary_and_writes(registry, missing, spec, state);
    of_nodes(registry, missing, spec, state);
    of_declared(registry, missing, spec, state);
}

fn of_primary_and_writes(
    registry: &mut Registry,
    missing: &MissingSeries,
    spec: &KernelSpec,
    state: &ClusterState,
) {
    let is_present = state.primary().map(Option::is_some);
    if let Some(is_present) = missing.known("primary_present", None, &is_present) {
        let about = "Whether a node acknowledges writes as the primary";
        gauge(registry, "primary_present", about, is_present.into());
    }
    let writes = state.facts.get(WRITES).and_then(Fact::known);
    match (writes, spec.fact(FactOf::Cluster, WRITES)) {
        (Some(writes), Some(fact)) => {
            let family = Family::<OwnedLabels, Gauge>::default();
            let labels = vec![("state", fact.words(writes))];
            family.get_or_create(&labels).set(fact.is_alarm(writes).into());
            let about =
                "Whether writes do not go on as they should; the state is in the kernel's words";
            registry.register("writes_stopped", about, family);
        }
        _ => missing.add("writes_stopped", None),
    }
}

fn of_nodes(
    registry: &mut Registry,
    missing: &MissingSeries,
    spec: &KernelSpec,
    state: &ClusterState,
) {
    let nodes = i64::try_from(state.nodes.len()).unwrap_or(i64::MAX);
    gauge(registry, "nodes", "Nodes that the cluster has", nodes);
    let (reached, behind) =
        (Family::<OwnedLabels, Gauge>::default(), Family::<OwnedLabels, Gauge>::default());
    let end = |node: &NodeState| node.facts.position(spec.position.end);
    let unit = match spec.position.unit {
        PositionUnit::Counted([_, many]) => many,
        PositionUnit::Bytes | PositionUnit::BytesInHalves => "bytes",
    };
    for node in &state.nodes {
        let name = || ("node", node.id.to_string());
        if let Some(is_reached) = missing.known("node_reachable", Some(node), &node.reachable()) {
            reached.get_or_create(&vec![name()]).set(is_reached.into());
        }
        let ends = state.primary_node().map(|primary| (end(primary), end(node)));
        let lag = match ends {
            Some((Fact::Known(primary), Fact::Known(own))) => KernelSpec::distance(own, primary),
            _ => None,
        };
        match lag {
            None => missing.add("node_lag", Some(node)),
            Some(lag) => {
                let lag = i64::try_from(lag).unwrap_or(i64::MAX);
                let labels = vec![name(), ("unit", unit.to_owned())];
                behind.get_or_create(&labels).set(lag);
            }
        }
    }
    registry.register("node_reachable", "Whether the kernel reaches a node", reached);
    let about = "What lies between the end of the log of the primary and that of a node";
    registry.register("node_lag", about, behind);
}

/// The facts for which the kernel names a gauge.
fn of_declared(
    registry: &mut Registry,
    missing: &MissingSeries,
    spec: &KernelSpec,
    state: &ClusterState,
) {
    for fact in spec.facts_of(FactOf::Cluster) {
        let Some(name) = fact.gauge else { continue };
        let Some(number) = missing.known(name, None, &state.facts.number(fact.key)) else {
            continue;
        };
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
        match fact.unit {
            FactUnit::Bytes => registry.register_with_unit(name, fact.help, Unit::Bytes, gauge),
            FactUnit::Plain | FactUnit::Of(_) | FactUnit::InHalves(_) => {
                registry.register(name, fact.help, gauge);
            }
        }
    }
}

/// One number under a name.
pub(super) fn gauge(registry: &mut Registry, name: &str, about: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, about, gauge);
}
