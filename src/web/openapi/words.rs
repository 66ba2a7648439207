//! The words of the kernel in the description: its actions with their parameters, its invariants beside
//! those of the control plane, and its events.

use crate::model::attestation::AFFIRMED;
use crate::model::spec::{
    ActionSpec, AttestationForm, AttestationSpec, Catalogue, ParameterKind, ParameterSpec,
};
use serde_json::{Map, Value, json};

/// Puts the words of these kernels in the place of schemas that take any word.
pub(super) fn put_in(catalogue: Catalogue, schemas: &mut Map<String, Value>) {
    let kinds = catalogue.actions().map(|action| constant(action.kind.word(), action.meaning));
    one_of(schemas, "ActionKind", kinds.collect());
    let invariants = catalogue.invariants();
    let invariants = invariants.map(|found| constant(found.id.word(), found.statement));
    one_of(schemas, "Invariant", invariants.collect());
    let events = catalogue.events().map(|event| constant(event.kind.word(), event.meaning));
    one_of(schemas, "EventKind", events.collect());
    one_of(schemas, "Action", catalogue.actions().map(action).collect());
    schemas.values_mut().for_each(|schema| with_action(catalogue, schema));
}

/// Where the kind and the parameters of an action stand among other fields, they belong together too.
fn with_action(catalogue: Catalogue, schema: &mut Value) {
    let any = json!({ "type": "string" });
    let is_flat = schema.pointer("/properties/params/additionalProperties") == Some(&any);
    let is_closed = schema.pointer("/additionalProperties") == Some(&json!(false));
    let attests = schema.pointer("/properties/attested").is_some();
    let Some(fields) = schema.as_object_mut().filter(|_| is_flat) else { return };
    let beside = |entry: &ActionSpec| {
        let mut action = action(entry);
        if let Some(fields) = action.as_object_mut() {
            fields.remove("additionalProperties");
            // Where the whole says that it has no other fields, its part must not say so.
            if is_closed {
                fields.insert("additionalProperties".to_owned(), json!(true));
            }
        }
        let properties = action.get_mut("properties").and_then(Value::as_object_mut);
        if let Some(fields) = properties.filter(|_| attests) {
            fields.insert("attested".to_owned(), attested(entry));
        }
        action
    };
    fields.insert("oneOf".to_owned(), catalogue.actions().map(beside).collect());
}

/// Replaces a schema that something refers to; what it is about stays.
fn one_of(schemas: &mut Map<String, Value>, name: &str, choices: Vec<Value>) {
    if let Some(schema) = schemas.get_mut(name) {
        let description = schema.get("description").cloned();
        *schema = json!({ "description": description, "oneOf": choices });
    }
}

fn constant(word: &str, meaning: &str) -> Value {
    json!({ "const": word, "description": meaning, "type": "string" })
}

fn action(entry: &ActionSpec) -> Value {
    let names: Vec<&str> = entry.parameters.iter().map(|parameter| parameter.name).collect();
    let mut params = json!({ "type": "object", "additionalProperties": false });
    if let Some(fields) = params.as_object_mut().filter(|_| !names.is_empty()) {
        let properties: Map<String, Value> = entry.parameters.iter().map(property).collect();
        fields.insert("properties".to_owned(), Value::Object(properties));
        fields.insert("required".to_owned(), json!(names));
    }
    json!({
        "type": "object",
        "description": entry.meaning,
        "properties": {
            "kind": { "const": entry.kind.word(), "type": "string" },
            "params": params,
        },
        "required": ["kind", "params"],
        "additionalProperties": false,
    })
}

/// What can be attested with a request for an action.
fn attested(entry: &ActionSpec) -> Value {
    let property = |asked: &AttestationSpec| {
        let about = asked.label;
        let schema = match asked.form {
            AttestationForm::Statement => {
                json!({ "type": "string", "description": about, "const": AFFIRMED })
            }
            AttestationForm::Text { chars_max } => json!({
                "type": "string", "description": about, "minLength": 1, "maxLength": chars_max
            }),
        };
        (asked.key.to_owned(), schema)
    };
    let properties: Map<String, Value> = entry.attestations.iter().map(property).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn property(parameter: &ParameterSpec) -> (String, Value) {
    let about = parameter.meaning;
    let named = |schema: &str| json!({ "$ref": format!("#/components/schemas/{schema}"), "description": about });
    let schema = match parameter.kind {
        ParameterKind::Member { .. } | ParameterKind::Joining => named("NodeId"),
        ParameterKind::Position { .. } => named("LogPosition"),
        ParameterKind::Name | ParameterKind::Item { .. } => named("PlaceName"),
        ParameterKind::Text { chars_max } => json!({
            "type": "string", "description": about, "minLength": 1, "maxLength": chars_max
        }),
    };
    (parameter.name.to_owned(), schema)
}

/// Every parameter of every action once, with what it means where it first stands.
pub(super) fn parameters(catalogue: Catalogue) -> Vec<&'static ParameterSpec> {
    let mut found: Vec<&ParameterSpec> = Vec::new();
    for parameter in catalogue.actions().flat_map(|action| action.parameters) {
        if !found.iter().any(|known| known.name == parameter.name) {
            found.push(parameter);
        }
    }
    found
}

/// Everything that can be attested once, with what it is where it first stands.
pub(super) fn attestations(catalogue: Catalogue) -> Vec<&'static AttestationSpec> {
    let mut found: Vec<&AttestationSpec> = Vec::new();
    for asked in catalogue.actions().flat_map(|action| action.attestations) {
        if !found.iter().any(|known| known.key == asked.key) {
            found.push(asked);
        }
    }
    found
}
