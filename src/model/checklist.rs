//! The state of a longer piece of work that people do in several actions and by hand, as a list of facts.
//!
//! A checklist shows; it orders, advances and recommends nothing (C2.2). Each of its rows is a statement
//! with its present verdict, and, where an action would make it hold, the link to the form of that action.

use crate::model::action::Action;
use crate::model::cluster::ClusterState;
use crate::model::explanation::{Check, Verdict};
use crate::model::text::NodeId;
use serde::{Deserialize, Serialize};

/// One statement of a checklist, as one observation shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ChecklistRow {
    /// What has to be so.
    pub statement: String,
    /// Whether it is; unknown where it cannot be read.
    pub verdict: Verdict,
    /// What was found, in words.
    pub found: String,
    /// Where it was read.
    pub source: String,
    /// The action whose form the row links to; absent where no action of the catalogue does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// What a person does on a host; absent where nothing is done there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<String>,
}

impl ChecklistRow {
    /// The row of a check, with the action whose form it links to.
    #[must_use]
    pub fn of(check: Check, action: Option<Action>) -> Self {
        let Check { statement, verdict, evidence, .. } = check;
        let found: Vec<&str> = evidence.iter().map(|one| one.observed.as_str()).collect();
        let found = found.join("; ");
        let source = evidence.into_iter().next().map_or_else(String::new, |one| one.source);
        Self { statement, verdict, found, source, action, by_hand: None }
    }

    /// The same with what a person does on a host.
    #[must_use]
    pub fn by_hand(self, what: impl Into<String>) -> Self {
        Self { by_hand: Some(what.into()), ..self }
    }
}

/// A checklist for one node, in one observation (C8.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ChecklistAnswer {
    /// Its key in the spec of the kernel.
    pub key: String,
    /// The node that it is for.
    pub node: NodeId,
    /// The observation.
    pub state: ClusterState,
    /// Its rows, in the order of the kernel.
    pub rows: Vec<ChecklistRow>,
}
