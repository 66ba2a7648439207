//! The description of the API (OpenAPI 3.1), made from the types that cross the wire and from the
//! tables of routes. A route of the API whose row names no operation fails a test, and an operation that
//! no row names is dead code.

pub(super) mod acts;
pub(super) mod operation;
pub(super) mod reads;
mod words;

use super::policy::{ACTS, Needs, READS, Read};
use super::refusal::{Problem, status};
use crate::model::action::LogPosition;
use crate::model::refusal::RefusalCode;
use crate::model::spec::Catalogue;
use crate::model::text::{NodeId, PlaceName};
use operation::{Operation, ParameterIn, Schemas};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The description as it is served and checked in: equal for equal versions of the program over the same
/// kernel.
#[must_use]
pub fn text(catalogue: Catalogue) -> String {
    let text = serde_json::to_string_pretty(&sorted(document(catalogue)));
    format!("{}\n", text.expect("a document has text keys only"))
}

/// The description as a value.
#[must_use]
pub fn document(catalogue: Catalogue) -> Value {
    let mut schemas = Schemas::new(catalogue);
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (route, path, needs) in READS {
        if let Some(operation) = route.operation() {
            let operation = operation(&mut schemas);
            let shared = of_reading(*route, *needs);
            let described = described(operation, *needs, shared, is_tagged(*route));
            paths.entry(plain(path)).or_default().insert("get".to_owned(), described);
        }
    }
    for (route, path, needs) in ACTS {
        if let Some(operation) = route.operation() {
            let operation = operation(&mut schemas);
            let described = described(operation, *needs, of_acting(*needs), EntityTag::None);
            paths.entry(plain(path)).or_default().insert("post".to_owned(), described);
        }
    }
    schemas.of::<Problem>();
    // The parameters of actions refer to these.
    schemas.of::<(NodeId, LogPosition, PlaceName)>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "AeroDB control plane",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": ABOUT,
        },
        "servers": [{ "url": "/", "description": "The control plane that serves this." }],
        "paths": paths,
        "components": {
            "schemas": schemas.taken(),
            "securitySchemes": {
                "session": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": CREDENTIAL,
                },
            },
        },
    })
}

const CREDENTIAL: &str =
    "The token of a session, which a person has, or one for a program, which never confirms.";
const ABOUT: &str = "What people operate an AeroDB cluster through.

An action is asked for, explained, confirmed by the digest of that explanation, and then runs once
or not at all. Every refusal is problem details (RFC 9457) with the refusal in it. An outcome that
is not known is no error: it is a 200 whose stage is `unknown`. Lists are paged by key.

Every answer names the kind of kernel that it is about in the header `aerodb-kernel`; what the
words of that kernel mean is at `/api/v1/kernel/spec`.";

/// Whether an answer carries a tag by which it can be asked for only if it has changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EntityTag {
    None,
    Strong,
}

fn is_tagged(route: Read) -> EntityTag {
    if route.is_of_state() { EntityTag::Strong } else { EntityTag::None }
}

/// What any reading route can refuse.
fn of_reading(route: Read, needs: Needs) -> Vec<RefusalCode> {
    // These answer in their own way, and always.
    if matches!(route, Read::Health | Read::Ready | Read::ApiOpenapi) {
        return vec![RefusalCode::Internal];
    }
    let mut codes = vec![RefusalCode::InputInvalid, RefusalCode::Internal];
    if needs != Needs::Anyone {
        codes.extend([
            RefusalCode::NotSignedIn,
            RefusalCode::AuditUnavailable,
            RefusalCode::Mismatch,
        ]);
    }
    // A stakeholder is known, and may not.
    if matches!(needs, Needs::Viewer | Needs::Auditor) {
        codes.push(RefusalCode::NotPermitted);
    }

    codes
}

/// What any route that leaves a record can refuse.
fn of_acting(needs: Needs) -> Vec<RefusalCode> {
    let mut codes = vec![
        RefusalCode::InputInvalid,
        RefusalCode::UnsupportedMedia,
        RefusalCode::BodyTooLarge,
        RefusalCode::CrossSite,
        RefusalCode::AuditUnavailable,
        RefusalCode::Mismatch,
        RefusalCode::Internal,
    ];
    if needs != Needs::Anyone {
        codes.push(RefusalCode::NotSignedIn);
    }
    if needs != Needs::Anyone {
        codes.push(RefusalCode::NotPermitted);
    }
    if needs == Needs::Operator {
        codes.push(RefusalCode::ShuttingDown);
    }
    codes
}

/// A path as OpenAPI spells it: a variable has no star.
fn plain(path: &str) -> String {
    path.replace("{*", "{")
}

fn described(
    operation: Operation,
    needs: Needs,
    shared: Vec<RefusalCode>,
    tag: EntityTag,
) -> Value {
    let Operation { id, summary, mut parameters, body, answers, refusals } = operation;
    let mut responses = BTreeMap::new();
    for answer in answers {
        let mut response = json!({ "description": answer.description });
        let fields = response.as_object_mut().expect("it was made an object");
        if let Some((media, schema)) = answer.content {
            fields.insert("content".to_owned(), json!({ media: { "schema": schema } }));
        }
        if tag == EntityTag::Strong && answer.status == 200 {
            let about = "SHA-256 of the body. Equal state gives equal bytes.";
            let header = json!({ "description": about, "schema": { "type": "string" } });
            fields.insert("headers".to_owned(), json!({ "ETag": header }));
        }
        responses.insert(answer.status, response);
    }
    if tag == EntityTag::Strong {
        let about = "A tag of an earlier answer: 304 says that it is still the present one.";
        parameters.push(operation::OperationParameter::of(
            ParameterIn::Header,
            "If-None-Match",
            about,
        ));
        responses.insert(304, json!({ "description": "As it was." }));
    }
    let mut by_status: BTreeMap<u16, Vec<RefusalCode>> = BTreeMap::new();
    for code in shared.into_iter().chain(refusals) {
        by_status.entry(status(code).as_u16()).or_default().push(code);
    }
    for (status, codes) in by_status {
        responses.insert(status, refused(codes));
    }
    let responses: BTreeMap<String, Value> =
        responses.into_iter().map(|(status, response)| (status.to_string(), response)).collect();
    let parameters: Vec<Value> =
        parameters.iter().map(operation::OperationParameter::described).collect();
    let security = if needs == Needs::Anyone { json!([]) } else { json!([{ "session": [] }]) };
    let mut described = json!({
        "operationId": id,
        "summary": summary,
        "parameters": parameters,
        "responses": responses,
        "security": security,
        "x-needs": needs.word(),
    });
    if let Some(schema) = body {
        let content = json!({ "application/json": { "schema": schema } });
        let body = json!({ "required": true, "content": content });
        let fields = described.as_object_mut().expect("it was made an object");
        fields.insert("requestBody".to_owned(), body);
    }
    described
}

/// One status for refusals, with the codes that can stand behind it.
fn refused(mut codes: Vec<RefusalCode>) -> Value {
    codes.sort_unstable();
    codes.dedup();
    let ids: Vec<&str> = codes.iter().map(|code| code.id()).collect();
    let titles: Vec<&str> = codes.iter().map(|code| code.title()).collect();
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({
        "description": titles.join(" "),
        "content": { "application/problem+json": { "schema": schema } },
        "x-refusals": ids,
    })
}

/// The same value with the keys of every object in order, whatever the JSON library does with them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let ordered: BTreeMap<String, Value> = object.into_iter().collect();
            Value::Object(ordered.into_iter().map(|(key, v)| (key, sorted(v))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(sorted).collect()),
        other => other,
    }
}
