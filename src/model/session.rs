//! Where an order runs: an identity that a kernel gives, and that nobody else reads.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Longest session, in bytes of JSON: it stands in a record, beside what the record says.
pub const SESSION_BYTES_MAX: usize = 1_024;
/// Largest number: beyond it JSON loses digits, and a kernel writes a word.
const NUMBER_MAX: u64 = (1 << 53) - 1;

/// One value of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SessionValue {
    /// A number, such as that of a process.
    Number(u64),
    /// A word or a text, such as when the process began.
    Text(String),
}

/// Where an order will run or has run, as its kernel tells one such place from every other: words and
/// numbers under names. A kernel that needs none names nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Session(BTreeMap<String, SessionValue>);

/// A session that cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session has at most {SESSION_BYTES_MAX} bytes of JSON and no number above {NUMBER_MAX}")]
pub struct SessionTooLarge;

impl Session {
    /// The session of a kernel that needs none.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A session of these values.
    ///
    /// # Errors
    /// When it is too large to be recorded.
    pub fn new(
        values: impl IntoIterator<Item = (&'static str, SessionValue)>,
    ) -> Result<Self, SessionTooLarge> {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let session = Self(values);
        let is_exact = |value: &SessionValue| match value {
            SessionValue::Number(number) => *number <= NUMBER_MAX,
            SessionValue::Text(_) => true,
        };
        let bytes = serde_json::to_vec(&session).map_err(|_| SessionTooLarge)?;
        let fits = bytes.len() <= SESSION_BYTES_MAX && session.0.values().all(is_exact);
        if fits { Ok(session) } else { Err(SessionTooLarge) }
    }

    /// Whether it names nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The value under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&SessionValue> {
        self.0.get(name)
    }

    /// The same, with every text replaced.
    #[must_use]
    pub fn with_texts(self, replace: impl Fn(String) -> String) -> Self {
        let value = |value| match value {
            SessionValue::Text(text) => SessionValue::Text(replace(text)),
            number @ SessionValue::Number(_) => number,
        };
        Self(self.0.into_iter().map(|(name, of)| (name, value(of))).collect())
    }
}

impl fmt::Display for Session {
    /// `node n1, pid 4242`, in the order of the names; empty where it names nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            match value {
                SessionValue::Number(number) => write!(f, "{comma}{name} {number}")?,
                SessionValue::Text(text) => write!(f, "{comma}{name} {text}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_does_not_fit_into_a_record_is_none() {
        let text = |bytes| [("at", SessionValue::Text("x".repeat(bytes)))];
        let around = "{\"at\":\"\"}".len();
        assert_eq!(Session::new(text(SESSION_BYTES_MAX - around + 1)), Err(SessionTooLarge));
        assert!(Session::new(text(SESSION_BYTES_MAX - around)).is_ok());
        let number = |number| Session::new([("pid", SessionValue::Number(number))]);
        assert_eq!(number(NUMBER_MAX + 1), Err(SessionTooLarge));
        assert!(number(NUMBER_MAX).is_ok());
    }

    #[test]
    fn a_session_reads_back_and_is_said_in_the_order_of_its_names() {
        let node = ("node", SessionValue::Text("n1".to_owned()));
        let session = Session::new([("pid", SessionValue::Number(4_242)), node]).expect("short");
        let json = serde_json::to_string(&session).expect("text");
        assert_eq!(json, r#"{"node":"n1","pid":4242}"#);
        assert_eq!(serde_json::from_str::<Session>(&json).expect("a session"), session);
        assert_eq!(session.to_string(), "node n1, pid 4242");
        assert!(Session::none().is_none() && Session::none().to_string().is_empty());
    }
}
