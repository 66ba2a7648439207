//! Which part of the lists of who can get in is asked for: each is paged by a key.

use crate::model::text::InputError;
use serde::{Deserialize, Serialize};

/// One of the lists of who can get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccessList {
    /// The accounts, by name.
    Accounts,
    /// The sessions that have not ended, newest first.
    Sessions,
    /// The links, newest first.
    Links,
    /// The tokens, newest first.
    Tokens,
}

impl AccessList {
    /// Every list, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Accounts, Self::Sessions, Self::Links, Self::Tokens];

    /// The list in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Sessions => "sessions",
            Self::Links => "links",
            Self::Tokens => "tokens",
        }
    }

    /// Parses the word.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let found = Self::ALL.into_iter().find(|list| list.word() == text);
        found.ok_or_else(|| InputError::new("list", text, "accounts, sessions, links or tokens"))
    }
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct More {
    /// Which list.
    pub list: AccessList,
    /// The key of the last row that was shown: the next ones come after it.
    pub after: String,
}

/// Asks for one list, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPart {
    /// Which list.
    pub list: AccessList,
    /// The key of the row before the first; from the beginning where it is absent.
    pub after: Option<String>,
}

impl AccessPart {
    /// Parses what was asked for; nothing is all lists from their beginnings.
    ///
    /// # Errors
    /// When there is no such list, or a key stands without one.
    pub fn parse(list: Option<&str>, after: Option<String>) -> Result<Option<Self>, InputError> {
        match (list, after) {
            (Some(list), after) => Ok(Some(Self { list: AccessList::parse(list)?, after })),
            (None, None) => Ok(None),
            (None, Some(after)) => Err(InputError::new("after", &after, "absent without list")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_means_something_in_one_list_only() {
        let parse = |list, after: Option<&str>| AccessPart::parse(list, after.map(str::to_owned));
        assert_eq!(parse(None, None), Ok(None));
        assert_eq!(parse(None, Some("olga")).expect_err("no list").field, "after");
        assert_eq!(parse(Some("people"), None).expect_err("no such list").field, "list");
        for list in AccessList::ALL {
            let part = parse(Some(list.word()), Some("k")).expect("good").expect("one list");
            assert_eq!((part.list, part.after.as_deref()), (list, Some("k")));
        }
    }
}
