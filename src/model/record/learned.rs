//! How the end of an action was learned, and which delivery was a repetition.

use crate::model::action::Stage;
use crate::model::text::InputError;
use serde::{Deserialize, Serialize};

/// Which delivery was a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A request with an action id that was used before.
    Request,
    /// A confirmation of an action that was confirmed before.
    Confirmation,
    /// A withdrawal of an action that was withdrawn before.
    Withdrawal,
    /// A settlement of an action that was closed before.
    Settlement,
    /// A finding that was recorded before.
    Finding,
    /// A freeze that was declared before.
    Freeze,
    /// A link that was issued before.
    Link,
    /// A link that was revoked before.
    LinkRevocation,
    /// A token that was revoked before.
    TokenRevocation,
}

impl Delivery {
    /// What is delivered once more, as a record of an attempt names it.
    #[must_use]
    pub fn attempt(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Confirmation => "confirm",
            Self::Withdrawal => "withdraw",
            Self::Settlement => "settle",
            Self::Finding => "finding",
            Self::Freeze => "freeze",
            Self::Link => "issue a link",
            Self::LinkRevocation => "revoke a link",
            Self::TokenRevocation => "revoke a token",
        }
    }
}

/// Why sessions, tokens or links ended that nobody ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EndedBecause {
    /// The account had as many sessions as it can have, and began another one.
    TooManySessions,
    /// The clock was put back: they were issued or used at a time that is yet to come, or how long they
    /// have lasted is not known.
    ClockWentBack,
}

impl EndedBecause {
    /// The reason in a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::TooManySessions => {
                "The account had as many sessions as it can have, and the oldest gave way."
            }
            Self::ClockWentBack => {
                "The clock was put back, so it is not known how long what was open has lasted."
            }
        }
    }
}

/// How an action came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LearnedBy {
    /// The kernel's answer to the order.
    Answer,
    /// An operator's request to settle it.
    Settlement,
}

/// What an operator found about an action whose outcome the kernel cannot prove (C7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub enum ManualOutcome {
    /// It ran.
    #[serde(rename = "yes")]
    Executed,
    /// It did not run.
    #[serde(rename = "no")]
    NotExecuted,
}

impl ManualOutcome {
    /// The word in forms and JSON: whether it was executed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Executed => "yes",
            Self::NotExecuted => "no",
        }
    }

    /// Parses the word.
    ///
    /// # Errors
    /// When it is anything but `yes` or `no`: there is no third thing to find.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let known = [Self::Executed, Self::NotExecuted];
        let found = known.into_iter().find(|found| found.word() == text);
        found.ok_or_else(|| InputError::new("executed", text, "yes or no"))
    }

    /// The stage that an action ends in by it.
    #[must_use]
    pub fn stage(self) -> Stage {
        match self {
            Self::Executed => Stage::FoundExecuted,
            Self::NotExecuted => Stage::FoundNotExecuted,
        }
    }
}
