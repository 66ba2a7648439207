//! What the routes that read take, answer and refuse: one function for each that programs use.

use super::operation::{Operation, OperationParameter, ParameterIn, Schemas};
use super::words;
use crate::model::access_list::AccessList;
use crate::model::action::{ActionId, ActionKind, Stage};
use crate::model::ambient::Timestamp;
use crate::model::answer::{
    ActionAnswer, ActionPage, ConsistencyProof, ExplainAnswer, InclusionProof, LogPage, Overview,
    SessionAnswer, SignedHead, StoredRecord,
};
use crate::model::attestation::ATTESTED_PREFIX;
use crate::model::canonical::Hash;
use crate::model::checklist::ChecklistAnswer;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::event::{EventPage, EventPlace};
use crate::model::export::{ActionsExport, LogExport};
use crate::model::kept::KeptObservation;
use crate::model::link::{AccessAnswer, EverybodyAnswer};
use crate::model::node_answer::NodeAnswer;
use crate::model::record::Entry;
use crate::model::refusal::RefusalCode as Code;
use crate::model::report::{ActionReport, WindowReport};
use crate::model::spec::{ActionSpec, KernelSpec};
use crate::model::text::{ActorName, NodeId, Reason};
use crate::model::timeline::{Timeline, TimelineKey};
use crate::model::timeline_filter::TimelineKind;
use serde_json::json;

pub(in crate::web) fn cluster(schemas: &mut Schemas) -> Operation {
    Operation::new("getCluster", "One observation of the cluster.")
        .json::<ClusterState>(schemas)
        .refuses([Code::KernelUnreachable])
}

pub(in crate::web) fn node(schemas: &mut Schemas) -> Operation {
    Operation::new("getNode", "One node of one observation.")
        .with(
            OperationParameter::of(ParameterIn::Path, "id", "The node.")
                .schema(schemas.of::<NodeId>()),
        )
        .json::<NodeState>(schemas)
        .refuses([Code::NotFound, Code::KernelUnreachable])
}

pub(in crate::web) fn node_overview(schemas: &mut Schemas) -> Operation {
    let before =
        OperationParameter::of(ParameterIn::Query, "before", "Events of it before this place.");
    Operation::new("getNodeOverview", "Everything that the page of a node shows.")
        .with(
            OperationParameter::of(ParameterIn::Path, "id", "The node.")
                .schema(schemas.of::<NodeId>()),
        )
        .with(before.schema(schemas.of::<EventPlace>()))
        .json::<NodeAnswer>(schemas)
        .refuses([Code::NotFound, Code::KernelUnreachable])
}

pub(in crate::web) fn checklist(schemas: &mut Schemas) -> Operation {
    let key = OperationParameter::of(ParameterIn::Path, "key", "The checklist, by its key.");
    let node = OperationParameter::of(ParameterIn::Path, "node", "The node that it is for.");
    let keys: Vec<&str> = schemas.catalogue.checklists().map(|list| list.key).collect();
    Operation::new("getChecklist", "The state of a longer piece of work, as a list of facts.")
        .with(key.schema(json!({ "type": "string", "examples": keys })))
        .with(node.schema(schemas.of::<NodeId>()))
        .json::<ChecklistAnswer>(schemas)
        .refuses([Code::NotFound, Code::KernelUnreachable])
}

pub(in crate::web) fn timeline(schemas: &mut Schemas) -> Operation {
    let before =
        OperationParameter::of(ParameterIn::Query, "before", "What stands before this key.");
    let kind =
        OperationParameter::of(ParameterIn::Query, "kind", "Of this kind, or of these kinds.");
    let node =
        OperationParameter::of(ParameterIn::Query, "node", "Of actions on this node, or about it.");
    let actor = OperationParameter::of(ParameterIn::Query, "actor", "Records of this account.");
    let action = OperationParameter::of(ParameterIn::Query, "action", "Of this action.");
    Operation::new("getTimeline", "The log and the kernel side by side, newest first.")
        .with(before.schema(schemas.of::<TimelineKey>()))
        .limited()
        .with(kind.schema(json!({ "enum": TimelineKind::words(schemas.catalogue) })))
        .with(node.schema(schemas.of::<NodeId>()))
        .with(actor.schema(schemas.of::<ActorName>()))
        .with(action.schema(schemas.of::<ActionId>()))
        .json::<Timeline>(schemas)
        .refuses([Code::KernelUnreachable])
}

pub(in crate::web) fn observation(schemas: &mut Schemas) -> Operation {
    Operation::new("getObservation", "An observation that the log keeps.")
        .with(
            OperationParameter::of(ParameterIn::Path, "hash", "Its hash.")
                .schema(schemas.of::<Hash>()),
        )
        .json::<KeptObservation>(schemas)
        .refuses([Code::NotFound])
}

pub(in crate::web) fn overview(schemas: &mut Schemas) -> Operation {
    Operation::new("getOverview", "Everything that the overview shows.")
        .json::<Overview>(schemas)
        .refuses([Code::KernelUnreachable])
}

pub(in crate::web) fn catalogue(schemas: &mut Schemas) -> Operation {
    Operation::new("listCatalogue", "Every action that exists, in full.")
        .json::<Vec<ActionSpec>>(schemas)
}

pub(in crate::web) fn actions(schemas: &mut Schemas) -> Operation {
    asked_for(Operation::new("listActions", "One page of the actions, newest first."), schemas)
        .json::<ActionPage>(schemas)
}

pub(in crate::web) fn actions_csv(schemas: &mut Schemas) -> Operation {
    let about = "Every action that matches as CSV, or a part where `before` or `limit` is given.";
    asked_for(Operation::new("exportActionsCsv", about), schemas)
        .file("text/csv")
        .refuses([Code::TooManyStreams])
}

pub(in crate::web) fn actions_json(schemas: &mut Schemas) -> Operation {
    let about = "The same as one document of JSON, whose last member says how far it goes.";
    asked_for(Operation::new("exportActionsJson", about), schemas)
        .json::<ActionsExport>(schemas)
        .refuses([Code::TooManyStreams])
}

pub(in crate::web) fn actions_text(schemas: &mut Schemas) -> Operation {
    let about = "The same as Markdown.";
    let op = asked_for(Operation::new("exportActionsMarkdown", about), schemas);
    op.file("text/markdown").refuses([Code::TooManyStreams])
}

pub(in crate::web) fn action(schemas: &mut Schemas) -> Operation {
    Operation::new("getAction", "One action as it stands.")
        .with(action_id(schemas))
        .json::<ActionAnswer>(schemas)
        .refuses([Code::NotFound])
}

pub(in crate::web) fn report(schemas: &mut Schemas) -> Operation {
    Operation::new("getActionReport", "One action, rebuilt from the log alone.")
        .with(action_id(schemas))
        .json::<ActionReport>(schemas)
        .refuses([Code::NotFound])
}

pub(in crate::web) fn access(schemas: &mut Schemas) -> Operation {
    let about = "The links, the tokens, and the sessions of whoever asks.";
    listed(Operation::new("getAccess", about), schemas).json::<AccessAnswer>(schemas)
}

pub(in crate::web) fn everybody(schemas: &mut Schemas) -> Operation {
    let about = "Every account, session, link and token, for an auditor.";
    listed(Operation::new("getEverybody", about), schemas).json::<EverybodyAnswer>(schemas)
}

pub(in crate::web) fn session(schemas: &mut Schemas) -> Operation {
    Operation::new("getSession", "Who is signed in.").json::<SessionAnswer>(schemas)
}

pub(in crate::web) fn events(_: &mut Schemas) -> Operation {
    let about = "As server-sent events: `changed` with two numbers, and `alive` after four seconds without one. No data.";
    Operation::new("streamChanges", about).file("text/event-stream").refuses([Code::TooManyStreams])
}

pub(in crate::web) fn openapi(_: &mut Schemas) -> Operation {
    let any = Some(("application/json", json!({ "type": "object" })));
    Operation::new("getOpenapi", "This description.").answers(200, "The description.", any)
}

pub(in crate::web) fn health(_: &mut Schemas) -> Operation {
    Operation::new("getHealth", "Whether the process answers.").file("text/plain")
}

pub(in crate::web) fn ready(_: &mut Schemas) -> Operation {
    Operation::new("getReadiness", "Whether actions can be recorded and the kernel answers.")
        .file("text/plain")
        .answers(
            503,
            "Not ready, with what is missing.",
            Some(("text/plain", json!({ "type": "string" }))),
        )
}

pub(in crate::web) fn metrics(_: &mut Schemas) -> Operation {
    Operation::new("getMetrics", "Figures of this process, for Prometheus.")
        .file("application/openmetrics-text")
}

pub(in crate::web) fn log(schemas: &mut Schemas) -> Operation {
    filtered(Operation::new("listLog", "One page of the log, newest first."), schemas)
        .json::<LogPage>(schemas)
}

pub(in crate::web) fn log_csv(schemas: &mut Schemas) -> Operation {
    let about = "Every record that matches as CSV, or a part where `before` or `limit` is given.";
    let op = filtered(Operation::new("exportLogCsv", about), schemas).file("text/csv");
    op.refuses([Code::TooManyStreams])
}

pub(in crate::web) fn log_json(schemas: &mut Schemas) -> Operation {
    let about = "The same as one document of JSON, whose last member says how far it goes.";
    let op = filtered(Operation::new("exportLogJson", about), schemas).json::<LogExport>(schemas);
    op.refuses([Code::TooManyStreams])
}

pub(in crate::web) fn log_text(schemas: &mut Schemas) -> Operation {
    let op = filtered(Operation::new("exportLogMarkdown", "The same as Markdown."), schemas);
    op.file("text/markdown").refuses([Code::TooManyStreams])
}

pub(in crate::web) fn log_head(schemas: &mut Schemas) -> Operation {
    Operation::new("getLogHead", "The end of the log, signed.").json::<SignedHead>(schemas)
}

pub(in crate::web) fn log_proof(schemas: &mut Schemas) -> Operation {
    Operation::new("getInclusionProof", "The proof that a record is in the log.")
        .with(number(ParameterIn::Path, "seq", "The record."))
        .with(number(ParameterIn::Query, "size", "Of how many records; of all when it is absent."))
        .json::<InclusionProof>(schemas)
        .refuses([Code::NotFound])
}

pub(in crate::web) fn log_consistency(schemas: &mut Schemas) -> Operation {
    Operation::new(
        "getConsistencyProof",
        "The proof that an earlier log is the beginning of a later one.",
    )
    .with(number(ParameterIn::Query, "from", "How many records the earlier one has.").required())
    .with(number(ParameterIn::Query, "to", "How many the later one has; all when it is absent."))
    .json::<ConsistencyProof>(schemas)
    .refuses([Code::NotFound])
}

pub(in crate::web) fn log_checkpoint(_: &mut Schemas) -> Operation {
    Operation::new("getLogCheckpoint", "The signed head, as a file of an export.")
        .file("text/plain")
}

pub(in crate::web) fn log_key(_: &mut Schemas) -> Operation {
    Operation::new("getLogKey", "The key that checks it, as a file of an export.")
        .file("text/plain")
}

pub(in crate::web) fn log_tile(_: &mut Schemas) -> Operation {
    Operation::new("getLogTile", "A tile or a bundle of records (C2SP tlog-tiles).")
        .with(OperationParameter::of(ParameterIn::Path, "place", "Its name; it may hold slashes."))
        .file("application/octet-stream")
        .refuses([Code::NotFound])
}

pub(in crate::web) fn log_blob(schemas: &mut Schemas) -> Operation {
    Operation::new("getLogBlob", "An observation or an explanation, by its hash.")
        .with(
            OperationParameter::of(ParameterIn::Path, "hash", "Its hash.")
                .schema(schemas.of::<Hash>()),
        )
        .file("application/octet-stream")
        .refuses([Code::NotFound])
}

pub(in crate::web) fn record(schemas: &mut Schemas) -> Operation {
    Operation::new("getRecord", "One record.")
        .with(number(ParameterIn::Path, "seq", "Its sequence number."))
        .json::<StoredRecord>(schemas)
        .refuses([Code::NotFound])
}

/// One of several lists, each paged by a key of its own.
fn listed(operation: Operation, schemas: &mut Schemas) -> Operation {
    let list = OperationParameter::of(
        ParameterIn::Query,
        "list",
        "One list alone; all of them where it is absent.",
    );
    let after = "Rows after this key, which `more` of an answer named; only with a list.";
    operation.with(list.schema(schemas.of::<AccessList>())).with(OperationParameter::of(
        ParameterIn::Query,
        "after",
        after,
    ))
}

fn action_id(schemas: &mut Schemas) -> OperationParameter {
    OperationParameter::of(ParameterIn::Path, "id", "The action.").schema(schemas.of::<ActionId>())
}

fn number(place: ParameterIn, name: &'static str, about: &'static str) -> OperationParameter {
    OperationParameter::of(place, name, about).schema(json!({ "type": "integer", "minimum": 0 }))
}

pub(in crate::web) fn explain(schemas: &mut Schemas) -> Operation {
    let query = |name: &'static str, about| OperationParameter::of(ParameterIn::Query, name, about);
    let about = "What would be explained now. Nothing is written or asked for.";
    let mut operation = Operation::new("explainAction", about)
        .with(query("kind", "Which action.").required().schema(schemas.of::<ActionKind>()))
        .with(query("reason", "Why.").required().schema(schemas.of::<Reason>()));
    for parameter in words::parameters(schemas.catalogue) {
        operation = operation.with(query(parameter.name, parameter.meaning));
    }
    for asked in words::attestations(schemas.catalogue) {
        let name = format!("{ATTESTED_PREFIX}{}", asked.key);
        operation = operation.with(OperationParameter::of(ParameterIn::Query, name, asked.label));
    }
    operation.json::<ExplainAnswer>(schemas).refuses([Code::KernelUnreachable])
}

pub(in crate::web) fn kernel_spec(schemas: &mut Schemas) -> Operation {
    let about =
        "What the kernel says of itself: its facts, actions, invariants and words of events.";
    Operation::new("getKernelSpec", about).json::<KernelSpec>(schemas)
}

pub(in crate::web) fn kernel_events(schemas: &mut Schemas) -> Operation {
    let before = OperationParameter::of(ParameterIn::Query, "before", "Events before this place.");
    Operation::new("listKernelEvents", "One page of what happened in the kernel, newest first.")
        .with(before.schema(schemas.of::<EventPlace>()))
        .limited()
        .json::<EventPage>(schemas)
        .refuses([Code::KernelUnreachable])
}

pub(in crate::web) fn window(schemas: &mut Schemas) -> Operation {
    let query = |name, about| OperationParameter::of(ParameterIn::Query, name, about);
    Operation::new(
        "getWindowReport",
        "One page of everything that the log holds of a window of time.",
    )
    .with(query("from", "From when; included.").required().schema(schemas.of::<Timestamp>()))
    .with(query("to", "Until when; included.").required().schema(schemas.of::<Timestamp>()))
    .with(number(ParameterIn::Query, "after", "Records after this sequence number."))
    .limited()
    .json::<WindowReport>(schemas)
}

/// What the list of actions can be asked for with.
fn asked_for(operation: Operation, schemas: &mut Schemas) -> Operation {
    let query = |name, about| OperationParameter::of(ParameterIn::Query, name, about);
    operation
        .paged()
        .with(query("text", "Actions in whose request each of these words stands."))
        .with(query("actor", "Asked by this account.").schema(schemas.of::<ActorName>()))
        .with(query("action_kind", "Of this kind.").schema(schemas.of::<ActionKind>()))
        .with(query("node", "On this node.").schema(schemas.of::<NodeId>()))
        .with(query("since", "Asked at this time or later.").schema(schemas.of::<Timestamp>()))
        .with(query("until", "Asked before this time.").schema(schemas.of::<Timestamp>()))
}

/// The filter of the log, in the order of [`crate::model::log_filter::LogFilter::FIELDS`].
fn filtered(operation: Operation, schemas: &mut Schemas) -> Operation {
    let query = |name, about| OperationParameter::of(ParameterIn::Query, name, about);
    operation
        .paged()
        .with(query("text", "Records in whose text each of these words stands."))
        .with(query("actor", "Of this account.").schema(schemas.of::<ActorName>()))
        .with(query("kind", "Of this kind.").schema(json!({ "enum": Entry::WORDS.to_vec() })))
        .with(query("stage", "That moved an action to this stage.").schema(schemas.of::<Stage>()))
        .with(query("action_kind", "Of such actions.").schema(schemas.of::<ActionKind>()))
        .with(query("node", "Of actions on this node.").schema(schemas.of::<NodeId>()))
        .with(query("action", "Of this action.").schema(schemas.of::<ActionId>()))
        .with(query("since", "At this time or later.").schema(schemas.of::<Timestamp>()))
        .with(query("until", "Before this time.").schema(schemas.of::<Timestamp>()))
}
