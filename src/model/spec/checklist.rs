//! Which checklists a kernel has.

use super::KernelSpec;
use serde::Serialize;

/// A longer piece of work, whose state is shown as a list of facts with links to forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "Checklist"))]
pub struct ChecklistSpec {
    /// Its key in addresses and on the command line.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is for, as a sentence.
    pub help: &'static str,
    /// What the node that it is for becomes, as a sentence.
    pub node: &'static str,
}

impl KernelSpec {
    /// What is said of a checklist; `None` where this kernel has none of that key.
    #[must_use]
    pub fn checklist(&self, key: &str) -> Option<&'static ChecklistSpec> {
        self.checklists.iter().find(|list| list.key == key)
    }
}
