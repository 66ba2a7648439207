//! Keys and values of facts.

use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

/// Longest key, in characters; it has to fit the heading of a column.
const KEY_CHARS_MAX: usize = 48;

/// The key of a fact: lower-case words with `_` between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct FactKey(Cow<'static, str>);

impl FactKey {
    /// A key that is part of the program.
    ///
    /// # Panics
    /// Where it is no key; in a constant, the program does not compile.
    #[must_use]
    pub const fn new(word: &'static str) -> Self {
        assert!(is_key(word.as_bytes()), "lower-case words with _ between them");
        Self(Cow::Borrowed(word))
    }

    /// A key that was read.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        is_key(word.as_bytes()).then(|| Self(Cow::Owned(word.to_owned())))
    }

    /// The key as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as words, for where no spec is at hand: `free_bytes` is `free bytes`.
    #[must_use]
    pub fn words(&self) -> String {
        self.0.replace('_', " ")
    }
}

const fn is_key(word: &[u8]) -> bool {
    let (mut rest, mut is_first) = (word, true);
    while let [letter, others @ ..] = rest {
        let is_inner = !is_first && (letter.is_ascii_digit() || *letter == b'_');
        if !letter.is_ascii_lowercase() && !is_inner {
            return false;
        }
        (rest, is_first) = (others, false);
    }
    !is_first && word.len() <= KEY_CHARS_MAX
}

impl From<&'static str> for FactKey {
    /// A key that is part of the program.
    fn from(word: &'static str) -> Self {
        Self::new(word)
    }
}

impl Deref for FactKey {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for FactKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FactKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let word = String::deserialize(d)?;
        Self::parse(&word).ok_or_else(|| serde::de::Error::custom("no key of a fact"))
    }
}

#[cfg(feature = "ssr")]
impl schemars::JsonSchema for FactKey {
    fn schema_name() -> Cow<'static, str> {
        "FactKey".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The key of a fact: lower-case words with _ between them.",
            "pattern": "^[a-z][a-z0-9_]*$",
            "maxLength": KEY_CHARS_MAX
        })
    }
}

/// A place in a log. Positions on two branches have no distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The branch of history that it lies on.
    pub branch: u64,
    /// How far it lies from the beginning, in the unit of its kernel.
    pub offset: u64,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Value {
    /// Known to be none.
    None,
    /// Yes or no.
    Flag(bool),
    /// A number, in the unit that the spec names.
    Number(u64),
    /// A place in a log.
    Position(Position),
    /// Names, in an order that the kernel keeps.
    Names(Vec<String>),
    /// A word, a name or a sentence.
    Text(String),
}

impl Value {
    /// As a place in a log, where it is one.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Position(position) => Some(*position),
            Self::Number(offset) => Some(Position { branch: 0, offset: *offset }),
            Self::None | Self::Flag(_) | Self::Names(_) | Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Number(number) => write!(f, "{number}"),
            Self::Position(Position { branch, offset }) => write!(f, "{branch}/{offset}"),
            Self::Names(names) if names.is_empty() => f.write_str("none"),
            Self::Names(names) => f.write_str(&names.join(", ")),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}
