//! Where log and kernel do not say the same, for those who read (C9.5), and what follows from an
//! acceptance for an action whose outcome is not known.

use super::{QueryService, unreadable};
use crate::model::answer::ResolutionMode;
use crate::model::finding::Mismatch;
use crate::model::refusal::Refusal;
use crate::observe::action_history::ActionHistory;
use std::sync::Arc;

impl QueryService {
    /// The same, where the start found that log and kernel do not say the same (C9.5).
    #[must_use]
    pub fn with_mismatch(self, mismatch: Mismatch) -> Self {
        Self { mismatch: Arc::new(mismatch), ..self }
    }

    /// What the start found, where log and kernel do not say the same; nothing is changed meanwhile.
    #[must_use]
    pub fn mismatch(&self) -> Option<&Mismatch> {
        Some(&*self.mismatch).filter(|mismatch| !mismatch.is_empty())
    }

    /// Why nothing can be recorded any more, and so nothing can be done (C6.4); `None` while it can.
    #[must_use]
    pub fn unrecordable(&self) -> Option<String> {
        self.ledger.failure().map(str::to_owned)
    }

    /// How an action whose outcome is not known can be closed with this kernel.
    #[must_use]
    pub fn closing(&self) -> ResolutionMode {
        if self.kernel.describe().can_resolve {
            ResolutionMode::Resolution
        } else {
            ResolutionMode::Finding
        }
    }

    /// How this action can be closed, if its outcome is not known. A kernel that was accepted as it
    /// was found after the action was sent may have forgotten it: that it holds nothing proves
    /// nothing, so an operator says what was found (C7.3).
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn closing_of(&self, trail: &ActionHistory) -> Result<ResolutionMode, Refusal> {
        // Of an action that has an outcome nobody asks, and the log after it is as long as it likes.
        let sent = trail.dispatched_at().filter(|_| trail.stage().is_open());
        let is_accepted = |sent| self.ledger.is_accepted_after(sent).map_err(unreadable);
        let is_forgetful = sent.map(is_accepted).transpose()?.unwrap_or(false);
        Ok(if is_forgetful { ResolutionMode::Finding } else { self.closing() })
    }
}
