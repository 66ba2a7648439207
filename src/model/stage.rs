//! The stages that a request goes through.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a request stands. An action is the fold of its records; these are the states of that fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Recorded; never seen alone, because its explanation is recorded in the same transaction.
    Requested,
    /// Explained, every pre-condition passed; waits for its operator.
    Explained,
    /// A pre-condition failed or is unknown. Nothing ran.
    Rejected,
    /// Confirmed; nothing was sent to the kernel yet.
    Confirmed,
    /// Withdrawn by an operator. Nothing ran.
    Withdrawn,
    /// The world moved between explanation and confirmation. Nothing ran.
    Stale,
    /// About to be sent to the kernel, or sent.
    Dispatched,
    /// Ran, once; there is a receipt.
    Executed,
    /// The kernel refused it. Nothing ran.
    Refused,
    /// It may have run. Further mutations wait until an operator resolves it.
    Unknown,
    /// Never ran and never can: its id is void in the kernel.
    Voided,
    /// An operator found, and said with evidence, that it ran. The kernel proved nothing.
    FoundExecuted,
    /// An operator found, and said with evidence, that it did not run. The kernel proved nothing.
    FoundNotExecuted,
    /// Confirmed by the operator who asked; waits for a second one, whom the settings demand.
    /// Nothing was sent to the kernel, and it holds up nothing.
    FirstConfirmed,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 14] = [
        Self::Requested,
        Self::Explained,
        Self::Rejected,
        Self::Confirmed,
        Self::Withdrawn,
        Self::Stale,
        Self::Dispatched,
        Self::Executed,
        Self::Refused,
        Self::Unknown,
        Self::Voided,
        Self::FoundExecuted,
        Self::FoundNotExecuted,
        Self::FirstConfirmed,
    ];

    /// The stages that may follow this one: the one table that the database enforces too.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Requested => &[Self::Explained, Self::Rejected],
            Self::Explained => {
                &[Self::FirstConfirmed, Self::Confirmed, Self::Stale, Self::Withdrawn]
            }
            Self::FirstConfirmed => &[Self::Confirmed, Self::Stale, Self::Withdrawn],
            Self::Confirmed => {
                // It was provably never sent, so nobody can find that it ran.
                &[Self::Dispatched, Self::Voided, Self::FoundNotExecuted]
            }
            Self::Dispatched => &[
                Self::Executed,
                Self::Refused,
                Self::Unknown,
                Self::Voided,
                Self::FoundExecuted,
                Self::FoundNotExecuted,
            ],
            Self::Unknown => {
                &[Self::Executed, Self::Voided, Self::FoundExecuted, Self::FoundNotExecuted]
            }
            Self::Rejected
            | Self::Withdrawn
            | Self::Stale
            | Self::Executed
            | Self::Refused
            | Self::Voided
            | Self::FoundExecuted
            | Self::FoundNotExecuted => &[],
        }
    }

    /// Whether an action in this stage holds up every further mutation (C7.3).
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Confirmed | Self::Dispatched | Self::Unknown)
    }

    /// Whether an action in this stage waits for somebody to confirm it or to take it back.
    #[must_use]
    pub fn waits(self) -> bool {
        matches!(self, Self::Explained | Self::FirstConfirmed)
    }

    /// The stage in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Explained => "explained",
            Self::FirstConfirmed => "first_confirmed",
            Self::Rejected => "rejected",
            Self::Confirmed => "confirmed",
            Self::Withdrawn => "withdrawn",
            Self::Stale => "stale",
            Self::Dispatched => "dispatched",
            Self::Executed => "executed",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Voided => "voided",
            Self::FoundExecuted => "found_executed",
            Self::FoundNotExecuted => "found_not_executed",
        }
    }

    /// Parses the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == text)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_form_no_circle() {
        fn depth(stage: Stage) -> usize {
            stage.next().iter().map(|next| 1 + depth(*next)).max().unwrap_or(0)
        }
        assert_eq!(depth(Stage::Requested), 6);
    }
}
