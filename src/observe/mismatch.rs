//! Where log and kernel do not say the same, for those who read (C9.5), and what follows from an
//! acceptance for an action whose outcome is not known.

use super::{QueryService, unreadable};
use crate::ledger::LogFilter;
use crate::model::answer::{ResolutionMode, StoredRecord};
use crate::model::finding::Mismatch;
use crate::model::record::{Entry, RESOLVE};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::observe::action_history::{ATTEMPTS_READ, ActionHistory};
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

    /// How this action can be closed, if its outcome is not known. Where the kernel was asked last and
    /// could not tell, an operator may say what was found; it can be asked again all the same (C7.3).
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn closing_of(&self, trail: &ActionHistory) -> Result<ResolutionMode, Refusal> {
        let resolves = self.can_resolve(trail)? && !self.could_not_tell(trail)?;
        Ok(if resolves { ResolutionMode::Resolution } else { ResolutionMode::Finding })
    }

    /// Whether the kernel is asked to resolve this action. One that was accepted as it was found after the
    /// action was sent may have forgotten it: that it holds nothing proves nothing (C7.3).
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn can_resolve(&self, trail: &ActionHistory) -> Result<bool, Refusal> {
        // Of an action that has an outcome nobody asks, and the log after it is as long as it likes.
        let sent = trail.dispatched_at().filter(|_| trail.stage().is_open());
        let is_accepted = |sent| self.ledger.is_accepted_after(sent).map_err(unreadable);
        let is_forgetful = sent.map(is_accepted).transpose()?.unwrap_or(false);
        Ok(!is_forgetful && self.closing() == ResolutionMode::Resolution)
    }

    /// Whether the kernel was asked about an open action, and last could not tell what became of it.
    fn could_not_tell(&self, trail: &ActionHistory) -> Result<bool, Refusal> {
        if !trail.stage().is_open() {
            return Ok(false);
        }
        let declined = LogFilter {
            action: Some(trail.action_id()),
            kind: Some("declined"),
            ..LogFilter::default()
        };
        let page = self.ledger.page(None, ATTEMPTS_READ, &declined).map_err(unreadable)?;
        let answer = |stored: StoredRecord| match stored.record.entry {
            Entry::Declined { attempt, refusal } if attempt == RESOLVE => Some(refusal.code),
            _ => None,
        };
        // What was declined before the kernel was asked says nothing about it.
        let of_kernel = |code: &RefusalCode| {
            use RefusalCode::{CannotSettle, KernelUnreachable, NeedsPrimary};
            matches!(code, CannotSettle | KernelUnreachable | NeedsPrimary)
        };
        let last = page.records.into_iter().filter_map(answer).find(of_kernel);
        Ok(last == Some(RefusalCode::CannotSettle))
    }
}
