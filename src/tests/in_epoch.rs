//! What an order of a test was confirmed for.

use aerodb_control::kernel::embedded::spec::{SPEC, facts};
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::cluster::{ClusterState, Observation};
use aerodb_control::model::facts::{Fact, FactKey, Value};
use aerodb_control::model::pinned::ClusterIdentity;
use aerodb_control::model::text::PlaceName;
use std::sync::Arc;

/// An observation that says nothing but the epoch, or that it is unknown.
pub(crate) fn in_epoch(epoch: Option<u64>) -> Arc<ClusterState> {
    let at = Timestamp::from_millis(0);
    let observation = Observation {
        id: String::new(),
        observed_at: at,
        clock: "a test".to_owned(),
        source: "a test".to_owned(),
    };
    let name = || PlaceName::parse("test").expect("a name");
    let identity = ClusterIdentity {
        cluster: name(),
        environment: name(),
        kernel: SPEC.kind.to_owned(),
        id: String::new(),
    };
    let epoch = match epoch {
        Some(epoch) => Fact::Known(Value::Number(epoch)),
        None => Fact::unknown(at, "the test says so"),
    };
    let facts = [(FactKey::new(facts::EPOCH), epoch)].into_iter().collect();
    Arc::new(ClusterState::new(observation, identity, facts, Vec::new()))
}
