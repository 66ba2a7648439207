//! A whole list as one JSON document: what it is of, its rows, and how far it goes. It is written row by
//! row, so what says that it is whole stands at its end.

use crate::model::ambient::Timestamp;
use crate::model::answer::{ActionLine, StoredRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a document of a list is of, as its first members say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ExportScope {
    /// The environment of the cluster.
    pub environment: String,
    /// The cluster.
    pub cluster: String,
    /// Only what was recorded at this time or later; from the beginning where it is absent.
    pub since: Option<Timestamp>,
    /// Only what was recorded before this time; to the end where it is absent.
    pub until: Option<Timestamp>,
    /// The other conditions, by the names of their parameters.
    pub filter: BTreeMap<String, String>,
}

/// How far a document of a list goes. A document that has none of this as its last member was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportEnd {
    /// Everything that matches.
    Complete {
        /// How many rows that is.
        rows: u64,
    },
    /// The part that was asked for.
    Part {
        /// How many rows it has.
        rows: u64,
        /// The key of the next part, where there are older rows.
        before: Option<u64>,
    },
    /// Not everything, though it was asked for.
    Incomplete {
        /// How many rows there are.
        rows: u64,
        /// Why no more could be read.
        why: String,
    },
}

/// The log as one document, newest record first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LogExport {
    /// What it is of.
    #[serde(flatten)]
    pub scope: ExportScope,
    /// The records.
    pub records: Vec<StoredRecord>,
    /// How far it goes.
    pub end: ExportEnd,
}

/// The list of actions as one document, newest request first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ActionsExport {
    /// What it is of.
    #[serde(flatten)]
    pub scope: ExportScope,
    /// The actions.
    pub actions: Vec<ActionLine>,
    /// How far it goes.
    pub end: ExportEnd,
}

impl ExportScope {
    /// The cluster, as a line names it.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{} {}", self.environment, self.cluster)
    }

    /// From when to when, in words.
    #[must_use]
    pub fn window(&self) -> String {
        let from = self.since.map_or_else(|| "the beginning".to_owned(), |at| at.to_string());
        match self.until {
            Some(until) => format!("from {from} until before {until}"),
            None => format!("from {from} to the end"),
        }
    }

    /// The other conditions, in words.
    #[must_use]
    pub fn conditions(&self) -> String {
        if self.filter.is_empty() {
            return "no other filter".to_owned();
        }
        let pairs: Vec<_> =
            self.filter.iter().map(|(name, text)| format!("{name} = {text}")).collect();
        pairs.join(", ")
    }
}

impl ExportEnd {
    /// The word that a last line begins with.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Complete { .. } => "complete",
            Self::Part { .. } => "part",
            Self::Incomplete { .. } => "incomplete",
        }
    }

    /// How far it goes, in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Complete { rows } => format!("{rows} rows, which is everything"),
            Self::Part { rows, before: Some(before) } => {
                format!("{rows} rows; older ones come before {before}")
            }
            Self::Part { rows, before: None } => format!("{rows} rows; no older ones match"),
            Self::Incomplete { rows, why } => format!("{rows} rows, and then: {why}"),
        }
    }
}
