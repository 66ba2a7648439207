//! What the routes that read take, answer and refuse.

use super::operation::{Operation, Parameter, Place, Schemas};
use super::words;
use crate::model::access_list::AccessList;
use crate::model::action::{ActionId, ActionKind, Stage};
use crate::model::ambient::Timestamp;
use crate::model::answer::{
    ActionAnswer, ActionPage, ConsistencyProof, ExplainAnswer, InclusionProof, LogPage, Overview,
    SessionAnswer, SignedHead, StoredRecord,
};
use crate::model::canonical::Hash;
use crate::model::cluster::{ClusterState, NodeState};
use crate::model::event::{EventPage, EventPlace};
use crate::model::kept::KeptObservation;
use crate::model::link::{AccessAnswer, EverybodyAnswer};
use crate::model::node_answer::NodeAnswer;
use crate::model::record::Entry;
use crate::model::refusal::RefusalCode as Code;
use crate::model::report::{ActionReport, WindowReport};
use crate::model::spec::ActionSpec;
use crate::model::text::{ActorName, NodeId, Reason};
use crate::model::timeline::{Timeline, TimelineKey};
use crate::model::timeline_filter::TimelineKind;
use crate::web::policy::Read;
use serde_json::json;

/// The operation behind a route; `None` for pages.
pub(super) fn operation(route: Read, schemas: &mut Schemas) -> Option<Operation> {
    let op = Operation::new;
    let operation = match route {
        Read::Overview
        | Read::Node
        | Read::Timeline
        | Read::Record
        | Read::Observation
        | Read::ReferenceAction
        | Read::ReferenceFailures
        | Read::Help
        | Read::Preferences
        | Read::Actions
        | Read::NewAction
        | Read::Action
        | Read::Log
        | Read::Report
        | Read::ReportText
        | Read::Window
        | Read::WindowText
        | Read::Reference
        | Read::SignIn
        | Read::Returned
        | Read::SetUp
        | Read::OpenLink
        | Read::Access
        | Read::Everybody => return None,
        Read::ApiCluster => op("getCluster", "One observation of the cluster.")
            .json::<ClusterState>(schemas)
            .refuses([Code::KernelUnreachable]),
        Read::ApiNode => op("getNode", "One node of one observation.")
            .with(Parameter::of(Place::Path, "id", "The node.").schema(schemas.of::<NodeId>()))
            .json::<NodeState>(schemas)
            .refuses([Code::NotFound, Code::KernelUnreachable]),
        Read::ApiNodeOverview => {
            let before = Parameter::of(Place::Query, "before", "Events of it before this place.");
            op("getNodeOverview", "Everything that the page of a node shows.")
                .with(Parameter::of(Place::Path, "id", "The node.").schema(schemas.of::<NodeId>()))
                .with(before.schema(schemas.of::<EventPlace>()))
                .json::<NodeAnswer>(schemas)
                .refuses([Code::NotFound, Code::KernelUnreachable])
        }
        Read::ApiTimeline => {
            let before = Parameter::of(Place::Query, "before", "What stands before this key.");
            let kind = Parameter::of(Place::Query, "kind", "Of this kind, or of these kinds.");
            let node = Parameter::of(Place::Query, "node", "Of actions on this node, or about it.");
            let actor = Parameter::of(Place::Query, "actor", "Records of this account.");
            let action = Parameter::of(Place::Query, "action", "Of this action.");
            op("getTimeline", "The log and the kernel side by side, newest first.")
                .with(before.schema(schemas.of::<TimelineKey>()))
                .limited()
                .with(kind.schema(json!({ "enum": TimelineKind::words(schemas.catalogue) })))
                .with(node.schema(schemas.of::<NodeId>()))
                .with(actor.schema(schemas.of::<ActorName>()))
                .with(action.schema(schemas.of::<ActionId>()))
                .json::<Timeline>(schemas)
                .refuses([Code::KernelUnreachable])
        }
        Read::ApiObservation => op("getObservation", "An observation that the log keeps.")
            .with(Parameter::of(Place::Path, "hash", "Its hash.").schema(schemas.of::<Hash>()))
            .json::<KeptObservation>(schemas)
            .refuses([Code::NotFound]),
        Read::ApiOverview => op("getOverview", "Everything that the overview shows.")
            .json::<Overview>(schemas)
            .refuses([Code::KernelUnreachable]),
        Read::ApiCatalogue => {
            op("listCatalogue", "Every action that exists, in full.")
                .json::<Vec<ActionSpec>>(schemas)
        }
        Read::ApiExplain => explain(schemas),
        Read::ApiKernelEvents => kernel_events(schemas),
        Read::ApiActions => op("listActions", "One page of the actions, newest first.")
            .paged()
            .json::<ActionPage>(schemas),
        Read::ApiActionsCsv => {
            let about = "Every action as CSV, or a part where `before` or `limit` is given.";
            op("exportActionsCsv", about).paged().file("text/csv").refuses([Code::TooManyStreams])
        }
        Read::ApiActionsText => {
            let about = "The same as Markdown.";
            let op = op("exportActionsMarkdown", about).paged().file("text/markdown");
            op.refuses([Code::TooManyStreams])
        }
        Read::ApiAction => op("getAction", "One action as it stands.")
            .with(action_id(schemas))
            .json::<ActionAnswer>(schemas)
            .refuses([Code::NotFound]),
        Read::ApiReport => op("getActionReport", "One action, rebuilt from the log alone.")
            .with(action_id(schemas))
            .json::<ActionReport>(schemas)
            .refuses([Code::NotFound]),
        Read::ApiWindow => window(schemas),
        Read::ApiAccess => {
            let about = "The links, the tokens, and the sessions of whoever asks.";
            listed(op("getAccess", about), schemas).json::<AccessAnswer>(schemas)
        }
        Read::ApiEverybody => {
            let about = "Every account, session, link and token, for an auditor.";
            listed(op("getEverybody", about), schemas).json::<EverybodyAnswer>(schemas)
        }
        Read::ApiSession => op("getSession", "Who is signed in.").json::<SessionAnswer>(schemas),
        Read::ApiEvents => {
            let about = "That something changed, as server-sent events: two numbers, and no data.";
            op("streamChanges", about).file("text/event-stream").refuses([Code::TooManyStreams])
        }
        Read::ApiOpenapi => {
            let any = Some(("application/json", json!({ "type": "object" })));
            op("getOpenapi", "This description.").answers(200, "The description.", any)
        }
        Read::Health => op("getHealth", "Whether the process answers.").file("text/plain"),
        Read::Ready => {
            op("getReadiness", "Whether actions can be recorded and the kernel answers.")
                .file("text/plain")
                .answers(
                    503,
                    "Not ready, with what is missing.",
                    Some(("text/plain", json!({ "type": "string" }))),
                )
        }
        Read::Metrics => op("getMetrics", "Figures of this process, for Prometheus.")
            .file("application/openmetrics-text"),
        Read::ApiLog
        | Read::ApiLogCsv
        | Read::ApiLogText
        | Read::ApiLogHead
        | Read::ApiLogProof
        | Read::ApiLogConsistency
        | Read::ApiLogCheckpoint
        | Read::ApiLogKey
        | Read::ApiLogTile
        | Read::ApiLogBlob
        | Read::ApiRecord => return of_log(route, schemas),
    };
    Some(operation)
}

fn of_log(route: Read, schemas: &mut Schemas) -> Option<Operation> {
    let op = Operation::new;
    let operation = match route {
        Read::ApiLog => filtered(op("listLog", "One page of the log, newest first."), schemas)
            .json::<LogPage>(schemas),
        Read::ApiLogCsv => {
            let about =
                "Every record that matches as CSV, or a part where `before` or `limit` is given.";
            let op = filtered(op("exportLogCsv", about), schemas).file("text/csv");
            op.refuses([Code::TooManyStreams])
        }
        Read::ApiLogText => {
            let op = filtered(op("exportLogMarkdown", "The same as Markdown."), schemas);
            op.file("text/markdown").refuses([Code::TooManyStreams])
        }
        Read::ApiLogHead => {
            op("getLogHead", "The end of the log, signed.").json::<SignedHead>(schemas)
        }
        Read::ApiLogProof => op("getInclusionProof", "The proof that a record is in the log.")
            .with(number(Place::Path, "seq", "The record."))
            .with(number(Place::Query, "size", "Of how many records; of all when it is absent."))
            .json::<InclusionProof>(schemas)
            .refuses([Code::NotFound]),
        Read::ApiLogConsistency => op(
            "getConsistencyProof",
            "The proof that an earlier log is the beginning of a later one.",
        )
        .with(number(Place::Query, "from", "How many records the earlier one has.").required())
        .with(number(Place::Query, "to", "How many the later one has; all when it is absent."))
        .json::<ConsistencyProof>(schemas)
        .refuses([Code::NotFound]),
        Read::ApiLogCheckpoint => {
            op("getLogCheckpoint", "The signed head, as a file of an export.").file("text/plain")
        }
        Read::ApiLogKey => {
            op("getLogKey", "The key that checks it, as a file of an export.").file("text/plain")
        }
        Read::ApiLogTile => op("getLogTile", "A tile or a bundle of records (C2SP tlog-tiles).")
            .with(Parameter::of(Place::Path, "place", "Its name; it may hold slashes."))
            .file("application/octet-stream")
            .refuses([Code::NotFound]),
        Read::ApiLogBlob => op("getLogBlob", "An observation or an explanation, by its hash.")
            .with(Parameter::of(Place::Path, "hash", "Its hash.").schema(schemas.of::<Hash>()))
            .file("application/octet-stream")
            .refuses([Code::NotFound]),
        Read::ApiRecord => op("getRecord", "One record.")
            .with(number(Place::Path, "seq", "Its sequence number."))
            .json::<StoredRecord>(schemas)
            .refuses([Code::NotFound]),
        _ => return None,
    };
    Some(operation)
}

/// One of several lists, each paged by a key of its own.
fn listed(operation: Operation, schemas: &mut Schemas) -> Operation {
    let list =
        Parameter::of(Place::Query, "list", "One list alone; all of them where it is absent.");
    let after = "Rows after this key, which `more` of an answer named; only with a list.";
    operation.with(list.schema(schemas.of::<AccessList>())).with(Parameter::of(
        Place::Query,
        "after",
        after,
    ))
}

fn action_id(schemas: &mut Schemas) -> Parameter {
    Parameter::of(Place::Path, "id", "The action.").schema(schemas.of::<ActionId>())
}

fn number(place: Place, name: &'static str, about: &'static str) -> Parameter {
    Parameter::of(place, name, about).schema(json!({ "type": "integer", "minimum": 0 }))
}

fn explain(schemas: &mut Schemas) -> Operation {
    let query = |name, about| Parameter::of(Place::Query, name, about);
    let about = "What would be explained now. Nothing is written or asked for.";
    let mut operation = Operation::new("explainAction", about)
        .with(query("kind", "Which action.").required().schema(schemas.of::<ActionKind>()))
        .with(query("reason", "Why.").required().schema(schemas.of::<Reason>()));
    for parameter in words::parameters(schemas.catalogue) {
        operation = operation.with(query(parameter.name, parameter.meaning));
    }
    operation.json::<ExplainAnswer>(schemas).refuses([Code::KernelUnreachable])
}

fn kernel_events(schemas: &mut Schemas) -> Operation {
    let before = Parameter::of(Place::Query, "before", "Events before this place.");
    Operation::new("listKernelEvents", "One page of what happened in the kernel, newest first.")
        .with(before.schema(schemas.of::<EventPlace>()))
        .limited()
        .json::<EventPage>(schemas)
        .refuses([Code::KernelUnreachable])
}

fn window(schemas: &mut Schemas) -> Operation {
    let query = |name, about| Parameter::of(Place::Query, name, about);
    Operation::new(
        "getWindowReport",
        "One page of everything that the log holds of a window of time.",
    )
    .with(query("from", "From when; included.").required().schema(schemas.of::<Timestamp>()))
    .with(query("to", "Until when; included.").required().schema(schemas.of::<Timestamp>()))
    .with(number(Place::Query, "after", "Records after this sequence number."))
    .limited()
    .json::<WindowReport>(schemas)
}

/// The filter of the log, in the order of [`crate::model::log_filter::LogFilter::FIELDS`].
fn filtered(operation: Operation, schemas: &mut Schemas) -> Operation {
    let query = |name, about| Parameter::of(Place::Query, name, about);
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
