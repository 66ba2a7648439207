//! One operation of the API, before it becomes JSON.

use super::words;
use crate::model::answer::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::model::refusal::RefusalCode;
use crate::model::spec::Catalogue;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The schemas of every type that was asked for, each once.
pub(in crate::web) struct Schemas {
    generator: SchemaGenerator,
    /// What the kernel says of itself.
    pub(in crate::web) catalogue: Catalogue,
}

impl Schemas {
    pub(super) fn new(catalogue: Catalogue) -> Self {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        let settings = settings.with(|s| s.definitions_path = "/components/schemas".into());
        Self { generator: settings.into_generator(), catalogue }
    }

    /// A reference to the schema of a type.
    pub(super) fn of<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// The schemas by name. Where a type holds any word of a form, the words of the kernel stand.
    pub(super) fn taken(&mut self) -> Map<String, Value> {
        let mut taken = self.generator.take_definitions(true);
        words::put_in(self.catalogue, &mut taken);
        taken
    }
}

/// What a route does, takes and answers.
pub(in crate::web) struct Operation {
    /// The name of the function in a generated client.
    pub(super) id: &'static str,
    /// One sentence, shown as the title of the operation.
    pub(super) summary: &'static str,
    /// What stands in the address.
    pub(super) parameters: Vec<OperationParameter>,
    /// The schema of the body, where there is one.
    pub(super) body: Option<Value>,
    /// Every answer that is no refusal.
    pub(super) answers: Vec<OperationResponse>,
    /// The refusals of its own, beside those that every route of its kind can meet.
    pub(super) refusals: Vec<RefusalCode>,
}

/// One answer.
pub(super) struct OperationResponse {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) content: Option<(&'static str, Value)>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ParameterIn {
    Path,
    Query,
    Header,
}

/// One parameter.
pub(super) struct OperationParameter {
    place: ParameterIn,
    name: Cow<'static, str>,
    about: &'static str,
    required: bool,
    schema: Value,
}

impl Operation {
    pub(super) fn new(id: &'static str, summary: &'static str) -> Self {
        let (parameters, answers, refusals) = (Vec::new(), Vec::new(), Vec::new());
        Self { id, summary, parameters, body: None, answers, refusals }
    }

    /// Answers JSON.
    pub(super) fn json<T: JsonSchema>(self, schemas: &mut Schemas) -> Self {
        let schema = schemas.of::<T>();
        self.answers(200, "The answer.", Some(("application/json", schema)))
    }

    /// Answers a text or bytes.
    pub(super) fn file(self, media: &'static str) -> Self {
        let schema = match media {
            "application/octet-stream" => json!({ "type": "string", "format": "binary" }),
            _ => json!({ "type": "string" }),
        };
        self.answers(200, "The file.", Some((media, schema)))
    }

    pub(super) fn answers(
        mut self,
        status: u16,
        description: &'static str,
        content: Option<(&'static str, Value)>,
    ) -> Self {
        self.answers.push(OperationResponse { status, description, content });
        self
    }

    pub(super) fn takes<T: JsonSchema>(mut self, schemas: &mut Schemas) -> Self {
        self.body = Some(schemas.of::<T>());
        self
    }

    pub(super) fn with(mut self, parameter: OperationParameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    pub(super) fn refuses(mut self, codes: impl IntoIterator<Item = RefusalCode>) -> Self {
        self.refusals.extend(codes);
        self
    }

    /// A list that is paged: rows before a key, and at most so many.
    pub(super) fn paged(self) -> Self {
        let before = OperationParameter::of(ParameterIn::Query, "before", "Rows before this key.");
        let before = before.schema(json!({ "type": "integer", "minimum": 0 }));
        self.with(before).limited()
    }

    /// At most so many rows.
    pub(super) fn limited(self) -> Self {
        let limit = OperationParameter::of(ParameterIn::Query, "limit", "How many rows at most.");
        self.with(limit.schema(json!({
            "type": "integer",
            "minimum": 1,
            "maximum": PAGE_ROWS_MAX,
            "default": PAGE_ROWS_DEFAULT,
        })))
    }
}

impl OperationParameter {
    /// A text that may be absent, unless it is part of the path.
    pub(super) fn of(
        place: ParameterIn,
        name: impl Into<Cow<'static, str>>,
        about: &'static str,
    ) -> Self {
        let schema = json!({ "type": "string" });
        Self { place, name: name.into(), about, required: place == ParameterIn::Path, schema }
    }

    pub(super) fn schema(mut self, schema: Value) -> Self {
        self.schema = schema;
        self
    }

    pub(super) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) fn described(&self) -> Value {
        let place = match self.place {
            ParameterIn::Path => "path",
            ParameterIn::Query => "query",
            ParameterIn::Header => "header",
        };
        json!({
            "name": self.name,
            "in": place,
            "description": self.about,
            "required": self.required,
            "schema": self.schema,
        })
    }
}
