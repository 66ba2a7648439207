//! Facts as they are written down: a value, or why there is none.

use crate::model::ambient::Timestamp;
use crate::model::facts::{Fact, FactKey, Facts, Position, Value};

/// The facts of one subject, while they are collected.
pub(super) struct Sheet {
    facts: Facts,
    now: Timestamp,
}

impl Sheet {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { facts: Facts::default(), now }
    }

    pub(super) fn say(&mut self, key: &'static str, value: impl Into<Value>) {
        self.facts.set(FactKey::new(key), Fact::Known(value.into()));
    }

    /// Since when is filled in where the whole observation is put together.
    pub(super) fn gap(&mut self, key: &'static str, why: impl Into<String>) {
        self.facts.set(FactKey::new(key), Fact::unknown(self.now, why));
    }

    pub(super) fn set(&mut self, key: &'static str, fact: Fact<Value>) {
        self.facts.set(FactKey::new(key), fact);
    }

    /// A column: one that the role may not see is NULL.
    pub(super) fn column(&mut self, key: &'static str, value: Option<impl Into<Value>>) {
        match value {
            Some(value) => self.say(key, value),
            None => self.gap(key, "the server shows no value of it to the observer's role"),
        }
    }

    /// What only some servers say.
    pub(super) fn part<T>(
        &mut self,
        key: &'static str,
        part: &Result<T, String>,
        value: impl FnOnce(&T) -> Value,
    ) {
        match part {
            Ok(part) => self.say(key, value(part)),
            Err(why) => self.gap(key, why.clone()),
        }
    }

    /// A place in the WAL, on the timeline that the node is on.
    pub(super) fn position(&mut self, key: &'static str, branch: Option<u64>, offset: Option<u64>) {
        let position = branch.zip(offset).map(|(branch, offset)| Position { branch, offset });
        self.column(key, position.map(Value::Position));
    }

    pub(super) fn done(self) -> Facts {
        self.facts
    }
}

/// Names as a value.
pub(super) fn names(names: &[String]) -> Value {
    Value::Names(names.to_vec())
}

/// A text that the server leaves empty where there is none.
pub(super) fn text_or_none(text: &str) -> Value {
    Some(text).filter(|text| !text.is_empty()).map(str::to_owned).into()
}

/// A number that cannot be below nothing, such as that of free places of which more are taken than
/// everybody may take.
pub(super) fn at_least_none(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
