//! Holds every answer of the API that a test gets against the description of the API: a status that
//! is not described, a refusal that is not listed, a field that is missing or not described fails the
//! test that got it. Somebody else's reading of JSON Schema judges.

use crate::kernel_words::CATALOGUE;
use aerodb_control::model::spec::Catalogue;
use aerodb_control::web::openapi;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The description of the API over one kernel.
pub struct Description {
    document: Value,
    closed: OnceLock<Value>,
}

impl Description {
    /// That over the kernel that is compiled in.
    pub fn of_the_program() -> &'static Self {
        static DESCRIPTION: OnceLock<Description> = OnceLock::new();
        DESCRIPTION.get_or_init(|| Self::of(CATALOGUE))
    }

    /// That over another kernel.
    pub fn of(catalogue: Catalogue) -> Self {
        Self { document: openapi::document(catalogue), closed: OnceLock::new() }
    }
}

/// The description.
pub fn document() -> &'static Value {
    &Description::of_the_program().document
}

impl Description {
    /// The path of the description that an address belongs to; the one with the fewest variables.
    fn template(&self, path: &str) -> Option<&str> {
        let path = path.split('?').next().unwrap_or_default();
        let paths = self.document["paths"].as_object().expect("paths");
        let fits = |template: &str| {
            let mut parts = path.split('/');
            for wanted in template.split('/') {
                // The names of tiles hold slashes.
                if wanted == "{place}" {
                    return parts.next().is_some();
                }
                match parts.next() {
                    Some(part)
                        if wanted == part || (wanted.starts_with('{') && !part.is_empty()) => {}
                    _ => return false,
                }
            }
            parts.next().is_none()
        };
        let found = paths.keys().filter(|template| fits(template));
        found.min_by_key(|template| template.matches('{').count()).map(String::as_str)
    }

    /// What is wrong with an answer, by its description.
    pub fn faults(
        &self,
        method: &str,
        path: &str,
        status: u16,
        media: &str,
        body: &str,
    ) -> Vec<String> {
        let Some(template) = self.template(path) else {
            // What there is nothing under is no part of the API.
            let is_nowhere = matches!(status, 403..=405);
            return if is_nowhere { Vec::new() } else { vec![format!("{path} is not described")] };
        };
        let operation = &self.document["paths"][template][method.to_lowercase()];
        if operation.is_null() {
            return if matches!(status, 403 | 405) {
                Vec::new()
            } else {
                vec!["no operation".into()]
            };
        }
        let response = &operation["responses"][status.to_string()];
        if response.is_null() {
            return vec![format!("{method} {template} {status} is not described: {body}")];
        }
        seen().insert((operation["operationId"].as_str().expect("a name").to_owned(), status));
        let media = media.split(';').next().unwrap_or_default();
        let Some(content) = response["content"].as_object() else {
            return if body.is_empty() { Vec::new() } else { vec![format!("a body: {body}")] };
        };
        let Some(schema) = content.get(media).map(|content| &content["schema"]) else {
            return vec![format!("{method} {template} {status} as {media:?}")];
        };
        if !media.ends_with("json") {
            return Vec::new();
        }
        let Ok(value) = serde_json::from_str::<Value>(body) else { return vec!["no JSON".into()] };
        let mut faults = self.misfits(schema, &value);
        if let Some(listed) = response["x-refusals"].as_array()
            && !listed.contains(&value["refusal"]["code"])
        {
            faults.push(format!("{method} {template} {status}: {}", value["refusal"]["code"]));
        }
        faults
    }

    /// Where a value is not what a schema of the description says.
    fn misfits(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        let fault = |e: jsonschema::ValidationError<'_>| format!("{e} at {}", e.instance_path());
        validator.iter_errors(value).map(fault).collect()
    }

    /// The judge of a schema, made once.
    fn validator(&self, schema: &Value) -> Arc<Validator> {
        type Made = BTreeMap<(usize, String), Arc<Validator>>;
        static MADE: Mutex<Made> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let own = std::ptr::from_ref(self).addr();
        let validator = made.entry((own, schema.to_string())).or_insert_with(|| {
            let whole = json!({ "allOf": [schema], "components": self.closed() });
            let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
            Arc::new(options.build(&whole).expect("a schema"))
        });
        Arc::clone(validator)
    }

    /// The schemas, with no object allowed a field that it does not describe.
    fn closed(&self) -> &Value {
        self.closed.get_or_init(|| {
            let mut components = self.document["components"].clone();
            for schema in components["schemas"].as_object_mut().expect("schemas").values_mut() {
                close(schema);
            }
            json!({ "schemas": components["schemas"] })
        })
    }
}

/// The same, by the description of the program.
pub fn misfits(schema: &Value, value: &Value) -> Vec<String> {
    Description::of_the_program().misfits(schema, value)
}

/// The answers that were looked at in this process, by operation and status.
pub fn seen() -> std::sync::MutexGuard<'static, BTreeSet<(String, u16)>> {
    static SEEN: Mutex<BTreeSet<(String, u16)>> = Mutex::new(BTreeSet::new());
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn close(schema: &mut Value) {
    let is_open = |object: &serde_json::Map<String, Value>| {
        object.contains_key("properties")
            && !object.contains_key("additionalProperties")
            && !object.contains_key("unevaluatedProperties")
    };
    let Some(object) = schema.as_object_mut() else { return };
    if is_open(object) {
        // It sees through `oneOf` and `allOf` beside it.
        object.insert("unevaluatedProperties".to_owned(), json!(false));
        return;
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(list) = object.get_mut(key).and_then(Value::as_array_mut) {
            list.iter_mut().for_each(close);
        }
    }
}
