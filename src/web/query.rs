//! The query of an address, taken by name like the fields of a body.

use crate::model::answer::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::model::refusal::Refusal;
use crate::model::text::InputError;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use std::collections::BTreeMap;

/// The parameters of an address, each once.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Takes a parameter that has to be there.
    pub(super) fn text(&mut self, name: &str) -> Result<String, InputError> {
        self.optional(name).ok_or_else(|| InputError::new(name, "", "present"))
    }

    /// Takes a parameter that may be absent; an empty one is absent, as forms send it.
    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|text| !text.is_empty())
    }

    /// What stands in these fields, for a form that shows it again; nothing is taken.
    pub(super) fn typed(&self, fields: &[&'static str]) -> Vec<(&'static str, String)> {
        let pair = |name: &&'static str| Some((*name, self.0.get(*name)?.clone()));
        fields.iter().filter_map(pair).filter(|(_, text)| !text.is_empty()).collect()
    }

    /// Whether a parameter is there; an empty one is absent.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|text| !text.is_empty())
    }

    /// Takes a whole number that may be absent.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u64>, InputError> {
        let Some(text) = self.optional(name) else { return Ok(None) };
        let wrong = |_| InputError::new(name, &text, "a whole number from 0");
        text.parse().map(Some).map_err(wrong)
    }

    /// Takes `limit`: how many rows of a list at most.
    pub(super) fn limit(&mut self) -> Result<u32, InputError> {
        self.limit_of(PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX)
    }

    /// The same, for a list whose rows cost more.
    pub(super) fn limit_of(&mut self, default: u32, most: u32) -> Result<u32, InputError> {
        let asked = self.number("limit")?.unwrap_or(u64::from(default));
        let limit = u32::try_from(asked).ok().filter(|limit| (1..=most).contains(limit));
        let required = format!("a whole number from 1 to {most}");
        let wrong = || InputError::new("limit", &asked.to_string(), required);
        limit.ok_or_else(wrong)
    }

    /// Takes what is left under names that begin with `prefix`, under the rest of the name.
    pub(super) fn below(&mut self, prefix: &str) -> BTreeMap<String, String> {
        let is_below = |name: &String, _: &mut String| name.starts_with(prefix);
        let below = self.0.extract_if(.., is_below);
        below.map(|(name, text)| (name.replacen(prefix, "", 1), text)).collect()
    }

    /// Takes everything that is left.
    pub(super) fn rest(&mut self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.0)
    }

    /// Ends the reading; a parameter that nothing asked for is refused by name.
    pub(super) fn finish(self) -> Result<(), InputError> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, value)) => Err(InputError::new(&name, &value, "absent")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let text = parts.uri.query().unwrap_or_default();
        let wrong = |found: &str| InputError::new("query", found, "parameters, each once");
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(text).map_err(|e| wrong(&e.to_string()))?;
        let count = pairs.len();
        let query: BTreeMap<_, _> = pairs.into_iter().collect();
        if query.len() == count {
            Ok(Self(query))
        } else {
            Err(wrong("a parameter sent twice").into())
        }
    }
}

/// The variable part of a path.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let wrong = |_| InputError::new("path", parts.uri.path(), "text in UTF-8").into();
        text.map(|Path(text)| Self(text)).map_err(wrong)
    }
}

/// Two variable segments of an address, such as the key of a checklist and a node.
pub(super) struct TwoSegments(pub(super) String, pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for TwoSegments {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let texts = Path::<(String, String)>::from_request_parts(parts, state).await;
        let wrong = |_| InputError::new("path", parts.uri.path(), "text in UTF-8").into();
        texts.map(|Path((one, two))| Self(one, two)).map_err(wrong)
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListRange {
    /// Rows before this key; from the newest where it is absent.
    pub(super) before: Option<u64>,
    /// How many rows at most.
    pub(super) limit: u32,
}

impl ListRange {
    /// Takes `before` and `limit`.
    pub(super) fn take(query: &mut Query) -> Result<Self, InputError> {
        let before = query.number("before")?;
        let limit = query.limit()?;
        Ok(Self { before, limit })
    }

    /// Takes the same where a part is asked for; `None` where everything is.
    pub(super) fn take_part(query: &mut Query) -> Result<Option<Self>, InputError> {
        if query.has("before") || query.has("limit") {
            return Self::take(query).map(Some);
        }
        Ok(None)
    }
}
