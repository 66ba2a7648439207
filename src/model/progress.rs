//! How far the kernel is with an action that takes long.

use crate::model::action::ActionId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the parts of a work are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Rows of a table.
    Rows,
    /// Bytes of a file.
    Bytes,
    /// Entries of the log.
    Entries,
    /// Pages of a database file.
    Pages,
}

impl Unit {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Bytes => "bytes",
            Self::Entries => "entries",
            Self::Pages => "pages",
        }
    }
}

/// How far the kernel is with one part of an action. It moves all the time and enters no digest;
/// it predicts no end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Progress {
    /// The action.
    pub action_id: ActionId,
    /// What is being done now, as a clause such as `reading the state`.
    pub doing: String,
    /// How much of this part is done.
    pub done: u64,
    /// How much there is of it, as counted when it began.
    pub total: u64,
    /// What both are counted in.
    pub unit: Unit,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { doing, done, total, unit, .. } = self;
        write!(f, "{doing}: {done} of {total} {}", unit.word())
    }
}
