//! A checklist in one observation.

use super::{QueryService, no_such_node};
use crate::model::checklist::ChecklistAnswer;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::{NodeId, escape_unsafe};

impl QueryService {
    /// What the kernel's checklist comes to for a node now. Reads only: nothing is asked for, and nothing
    /// goes on by itself (C2.2, C8.3).
    ///
    /// # Errors
    /// `not_found` for a key or a node that there is not; or when the kernel cannot be read.
    pub async fn checklist(&self, key: &str, node: NodeId) -> Result<ChecklistAnswer, Refusal> {
        let spec = self.spec().checklist(key).ok_or_else(|| no_such_checklist(key))?;
        let state = self.observe().await?;
        if state.node(&node).is_none() {
            return Err(no_such_node(&node));
        }
        let rows = self.kernel.checklist(&state, spec.key, &node);
        Ok(ChecklistAnswer { key: spec.key.to_owned(), node, state, rows })
    }
}

fn no_such_checklist(key: &str) -> Refusal {
    let sentence = format!("The kernel has no checklist {}.", escape_unsafe(key));
    Refusal::new(RefusalCode::NotFound, sentence)
}
