//! Why nobody was vouched for, as the one error of this room.

use crate::model::refusal::{Refusal, RefusalCode};

/// Why nobody was vouched for. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The provider could not be asked, or did not answer what was asked.
    #[error("the provider does not answer: {0}")]
    Unreachable(String),
    /// No sign-in waits for this: it was not begun in this browser, was used, or took too long.
    #[error("no sign-in waits for this")]
    Spent,
    /// Something was said that proves nothing.
    #[error("it proves nothing: {0}")]
    Unbelievable(String),
}

impl Unproven {
    /// The answer for whoever asked, and what the log keeps. It repeats nothing that a stranger wrote;
    /// `who` is the name that the settings give to the provider or to the proxy.
    #[must_use]
    pub fn refusal(&self, who: &str) -> Refusal {
        match self {
            Self::Unreachable(why) => {
                let sentence = format!(
                    "{who} could not be asked who this is. Nobody was signed in. Accounts of this \
                     control plane work without it."
                );
                Refusal::new(RefusalCode::ProviderUnreachable, sentence)
                    .with_evidence(why.clone(), "an answer")
            }
            Self::Spent => Refusal::new(
                RefusalCode::SignInSpent,
                "No sign-in waits for this answer in this browser: it was begun elsewhere, was used, \
                 or took longer than 10 minutes. Nobody was signed in; begin again.",
            ),
            Self::Unbelievable(why) => {
                let sentence = format!(
                    "What was said in the name of {who} does not prove who this is. Nobody was signed \
                     in."
                );
                Refusal::new(RefusalCode::IdentityUnproven, sentence)
                    .with_evidence(why.clone(), format!("a statement of {who} about this sign-in"))
            }
        }
    }
}
