//! Whether this process works, for those who run it: an answer, readiness, and figures.
//!
//! Asking changes nothing and triggers nothing (C8.3). That the process answers and whether it is ready
//! is said to anybody who reaches the listener, and nothing about the cluster with it; the figures are
//! for those who may read, people or programs with a token.

use super::ReadState;
use super::cluster_figures::{MissingSeries, gauge, of_cluster};
use super::gate::SignedIn;
use crate::metrics::Durations;
use crate::model::node_answer::NodeVerified;
use crate::model::receipt::Verification;
use crate::model::text::NodeId;
use crate::observe::record_counters::RecordCounts;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;

/// The text form that Prometheus and its kin read.
const MEDIA: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
type Labels = Vec<(&'static str, &'static str)>;

/// `GET /healthz`: the process answers. Nothing is asked of the log or of the kernel.
pub(super) async fn health() -> &'static str {
    "The process answers.\n"
}

/// `GET /readyz`: whether actions can be recorded and the kernel answers.
pub(super) async fn ready(State(site): State<ReadState>) -> Response {
    let mut missing = Vec::new();
    if site.read.unrecordable().is_some() {
        // Why names files, and this is for anybody.
        missing.push(
            "records cannot be made durable, even when the cause is gone, until the control plane is \
             restarted",
        );
    }
    if site.read.present().is_err() {
        missing.push("the log cannot be read");
    }
    if site.read.observe_shared(site.clock.now()).await.is_err() {
        missing.push("the kernel does not answer");
    }
    let mismatch =
        site.read.mismatch().map(|mismatch| format!("nothing can be changed: {mismatch}"));
    missing.extend(mismatch.as_deref());
    if missing.is_empty() {
        // A clock that is wrong stops nothing, and whoever reads times has to know of it.
        let clock = match site.read.clock_report(site.clock.now()) {
            Ok(clock) if !clock.is_sound() => format!("{clock}\n"),
            _ => String::new(),
        };
        let ready = "Ready: records are durable, the log reads, the kernel answers.\n";
        return format!("{ready}{clock}").into_response();
    }
    let text = format!("Not ready: {}.\n", missing.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// `GET /metrics`: figures of this process and of the cluster. What cannot be read is left out, never zero,
/// and named (C8.4). However often it is asked, the cluster is not looked at more often than
/// [`observe_shared`](crate::observe::QueryService::observe_shared) does.
pub(super) async fn metrics(_: SignedIn, State(site): State<ReadState>) -> Response {
    let mut registry = Registry::with_prefix("aerodb_control");
    let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The program that answers", version);
    let recordable = site.read.unrecordable().is_none();
    gauge(&mut registry, "recordable", "Whether records can be made durable", recordable.into());
    let findings = site.read.mismatch().map_or(0, |mismatch| mismatch.total);
    let findings = i64::try_from(findings).unwrap_or(i64::MAX);
    let about = "What the start found where log and kernel do not say the same";
    gauge(&mut registry, "mismatch_findings", about, findings);
    let missing = MissingSeries::default();
    let observed = site.read.observe_shared(site.clock.now()).await;
    of_cluster(&mut registry, &missing, site.read.spec(), observed.as_ref());
    of_ledger(&mut registry, &missing, &site);
    let streams = i64::try_from(site.streams.open_now()).unwrap_or(i64::MAX);
    gauge(&mut registry, "event_streams", "Open streams of changes", streams);
    if let Some(seconds) = site.certificate.seconds() {
        let about = "Until when the certificate of the console is valid, since 1970";
        let expiry = Gauge::<i64>::default();
        expiry.set(seconds);
        registry.register_with_unit("certificate_expiry_timestamp", about, Unit::Seconds, expiry);
    }
    if let Ok(verified) = site.read.last_verifications() {
        of_nodes(&mut registry, &verified);
    }
    if let Ok(present) = site.read.present() {
        let records = i64::try_from(present.log).unwrap_or(i64::MAX);
        gauge(&mut registry, "log_records", "Records in the log", records);
    }
    if let Ok(counts) = site.read.tally() {
        of_records(&mut registry, &counts);
    }
    let writes = "How long it took until a write of the ledger was durable";
    timed(&mut registry, "ledger_write_duration", writes, &site.writes);
    let observed = "How long it took to observe the cluster";
    timed(&mut registry, "observation_duration", observed, site.read.observations());
    missing.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).expect("text can be written to memory");
    ([(header::CONTENT_TYPE, MEDIA)], text).into_response()
}

/// Nodes whose last verification found damage, or none. One that could not be compared is neither, and
/// one that was never verified is left out too.
fn of_nodes(registry: &mut Registry, verified: &BTreeMap<NodeId, NodeVerified>) {
    let family = Family::<Vec<(&'static str, String)>, Gauge>::default();
    for (node, found) in verified {
        let damaged = match found.verification {
            Verification::Sound => 0,
            Verification::Damaged { .. } => 1,
            Verification::NotCompared { .. } => continue,
        };
        family.get_or_create(&vec![("node", node.to_string())]).set(damaged);
    }
    let about = "Whether the last verification of a node found damage";
    registry.register("node_damaged", about, family);
}

/// What stands in the way of every change, by the log.
fn of_ledger(registry: &mut Registry, missing: &MissingSeries, site: &ReadState) {
    let in_doubt = site.read.in_doubt().map(|action| action.is_some());
    let frozen = site.read.freeze().map(|freeze| freeze.is_some());
    for (name, about, stands) in [
        ("action_in_doubt", "Whether the outcome of an action is not known", in_doubt),
        ("frozen", "Whether a person has declared a freeze", frozen),
    ] {
        match stands {
            Ok(stands) => gauge(registry, name, about, stands.into()),
            Err(_) => missing.add(name, None),
        }
    }
}

fn of_records(registry: &mut Registry, counts: &RecordCounts) {
    let RecordCounts { kinds, stages, refusals, behind } = counts;
    let behind = i64::try_from(*behind).unwrap_or(i64::MAX);
    gauge(registry, "log_records_uncounted", "Records that the counters lag behind", behind);
    let by = |name, counts: &BTreeMap<&'static str, u64>| {
        let family = Family::<Labels, Counter>::default();
        for (word, count) in counts {
            family.get_or_create(&vec![(name, *word)]).inc_by(*count);
        }
        family
    };
    registry.register("records", "Records since the start, by kind", by("kind", kinds));
    let about = "Steps of actions since the start, by the stage that they led to";
    registry.register("action_steps", about, by("stage", stages));
    let family = Family::<Vec<(&'static str, String)>, Counter>::default();
    for ((code, invariant), count) in refusals {
        let labels = vec![("code", (*code).to_owned()), ("invariant", invariant.clone())];
        family.get_or_create(&labels).inc_by(*count);
    }
    let about = "Recorded refusals since the start, by code and by each invariant that they cite";
    registry.register("refusals", about, family);
}

fn timed(registry: &mut Registry, name: &str, about: &str, durations: &Durations) {
    registry.register_with_unit(name, about, Unit::Seconds, durations.histogram());
}
