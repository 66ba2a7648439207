//! The fields of a request body, from a form or from JSON, each taken by name or refused by name.

use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::InputError;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// Largest body, in bytes: the longest reason in the widest encoding fits several times.
pub const BODY_BYTES_MAX: usize = 16 * 1024;

/// How the request came, and so how it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientFormat {
    /// A form of a page; answered with a page or a redirection.
    Page,
    /// What a program reads, or a page by itself: refused as JSON.
    Api,
}

impl ClientFormat {
    /// The door that a path stands behind.
    #[must_use]
    pub(super) fn of(path: &str) -> Self {
        let is_program = ["/api/", "/parts/"].iter().any(|below| path.starts_with(below))
            || matches!(path, "/healthz" | "/readyz" | "/metrics");
        if is_program { Self::Api } else { Self::Page }
    }
}

/// The fields that were sent. What is not taken by name is refused by [`Fields::finish`].
#[derive(Debug)]
pub(super) struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// Takes a text that has to be there.
    ///
    /// # Errors
    /// When it is missing or is no text.
    pub(super) fn text(&mut self, name: &str) -> Result<String, InputError> {
        self.optional_text(name)?.ok_or_else(|| InputError::new(name, "", "present"))
    }

    /// Takes a text that may be absent.
    ///
    /// # Errors
    /// When it is there and is no text.
    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>, InputError> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(InputError::new(name, &other.to_string(), "text in quotes")),
        }
    }

    /// Takes an object whose values are texts; absent is empty.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn texts(&mut self, name: &str) -> Result<BTreeMap<String, String>, InputError> {
        let object = match self.0.remove(name) {
            None => return Ok(BTreeMap::new()),
            Some(Value::Object(object)) => object,
            Some(other) => {
                return Err(InputError::new(name, &other.to_string(), "an object of texts"));
            }
        };
        let text = |(key, value): (String, Value)| match value {
            Value::String(text) => Ok((key, text)),
            other => Err(InputError::new(&key, &other.to_string(), "text in quotes")),
        };
        object.into_iter().map(text).collect()
    }

    /// Takes what is left under names that begin with `prefix`, as texts under the rest of the name. An
    /// empty one is absent, as pages send a field that nobody filled in.
    ///
    /// # Errors
    /// When one of them is no text.
    pub(super) fn below(&mut self, prefix: &str) -> Result<BTreeMap<String, String>, InputError> {
        let is_below = |name: &&String| name.starts_with(prefix);
        let names: Vec<String> = self.0.keys().filter(is_below).cloned().collect();
        let mut found = BTreeMap::new();
        for name in names {
            let text = self.text(&name)?;
            if let Some(key) = name.strip_prefix(prefix).filter(|_| !text.trim().is_empty()) {
                found.insert(key.to_owned(), text);
            }
        }
        Ok(found)
    }

    /// Takes everything that is left, as texts.
    ///
    /// # Errors
    /// When something left is no text.
    pub(super) fn rest(&mut self) -> Result<BTreeMap<String, String>, InputError> {
        let names: Vec<String> = self.0.keys().cloned().collect();
        names.into_iter().map(|name| Ok((name.clone(), self.text(&name)?))).collect()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When a field is left that nothing asked for: what is not understood is not passed over.
    pub(super) fn finish(self) -> Result<(), InputError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, value)) => Err(InputError::new(&name, &value.to_string(), "absent")),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let door = ClientFormat::of(request.uri().path());
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let media = media.unwrap_or("nothing").split(';').next().unwrap_or_default().trim();
        let wanted = match door {
            ClientFormat::Page => "application/x-www-form-urlencoded",
            ClientFormat::Api => "application/json",
        };
        if !media.eq_ignore_ascii_case(wanted) {
            let found = crate::model::text::escape_unsafe(media);
            let sentence = format!("The body must be {wanted}; found {found}. Nothing was done.");
            return Err(Refusal::new(RefusalCode::UnsupportedMedia, sentence));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        let fields = match door {
            ClientFormat::Api => json(&bytes)?,
            ClientFormat::Page => form(&bytes)?,
        };
        Ok(Self(fields))
    }
}

/// One JSON object in which no key stands twice: which of the two was meant is not guessed.
fn json(bytes: &[u8]) -> Result<BTreeMap<String, Value>, InputError> {
    let wrong = |found: &str| InputError::new("body", found, "one JSON object, each key once");
    let parsed = serde_json::from_slice::<Once>(bytes).map_err(|e| wrong(&e.to_string()))?;
    match parsed.0 {
        Value::Object(object) => Ok(object.into_iter().collect()),
        _ => Err(wrong("something else")),
    }
}

/// A JSON value that is refused when an object in it repeats a key.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor).map(Self)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Once(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut values = serde_json::Map::new();
        while let Some((key, Once(value))) = object.next_entry::<String, Once>()? {
            if values.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} twice")));
            }
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }
}

fn form(bytes: &[u8]) -> Result<BTreeMap<String, Value>, InputError> {
    let wrong = |found: &str| InputError::new("body", found, "the fields of a form, each once");
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_bytes(bytes).map_err(|e| wrong(&e.to_string()))?;
    let count = pairs.len();
    let fields: BTreeMap<String, Value> =
        pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    if fields.len() == count { Ok(fields) } else { Err(wrong("a field sent twice")) }
}

fn unread(rejection: BytesRejection) -> Refusal {
    if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        let sentence =
            format!("The body must be at most {BODY_BYTES_MAX} bytes. Nothing was done.");
        return Refusal::new(RefusalCode::BodyTooLarge, sentence)
            .with_evidence("more", format!("at most {BODY_BYTES_MAX} bytes"));
    }
    Refusal::new(
        RefusalCode::InputInvalid,
        "The body could not be read to its end. Nothing was done.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields {
        Fields(serde_json::from_str(json).expect("an object"))
    }

    #[test]
    fn a_field_of_the_wrong_type_is_refused_by_name() {
        assert_eq!(fields(r#"{"reason":5}"#).text("reason").expect_err("a number").field, "reason");
        assert_eq!(fields("{}").text("digest").expect_err("missing").field, "digest");
        assert_eq!(fields(r#"{"params":[]}"#).texts("params").expect_err("a list").field, "params");
        let error = fields(r#"{"params":{"to":{"a":1}}}"#).texts("params").expect_err("an object");
        assert_eq!(error.field, "to");
    }

    #[test]
    fn a_field_that_nothing_asked_for_is_refused_by_name() {
        let mut sent = fields(r#"{"digest":"d","force":true}"#);
        sent.text("digest").expect("a text");
        assert_eq!(sent.finish().expect_err("left over").field, "force");
    }

    #[test]
    fn a_key_of_json_sent_twice_is_refused_at_any_depth() {
        for twice in [r#"{"kind":"a","kind":"b"}"#, r#"{"params":{"to":"n1","to":"n2"}}"#] {
            assert_eq!(json(twice.as_bytes()).expect_err(twice).field, "body");
        }
        let once = json(br#"{"a":{"b":[1,-2,0.5,true,null,"x"]}}"#).expect("each key once");
        assert_eq!(once["a"]["b"][5], "x");
    }

    #[test]
    fn a_form_field_sent_twice_is_refused() {
        assert_eq!(form(b"a=1&a=2").expect_err("twice").field, "body");
        assert_eq!(form(b"a=1&b=2").expect("once each").len(), 2);
    }
}
