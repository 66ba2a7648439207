//! Why nobody was vouched for, as the one error of this room.

use crate::model::ambient::Timestamp;
use crate::model::refusal::{Refusal, RefusalCode};

/// Why nobody was vouched for. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthnError {
    /// The provider could not be asked, or did not answer what was asked.
    #[error("the provider does not answer: {0}")]
    Unreachable(String),
    /// No sign-in waits for this: it was not begun in this browser, was used, or took too long.
    #[error("no sign-in waits for this")]
    Spent,
    /// The person was to prove anew who they are, and nothing says that they did.
    #[error("it does not say that it was proved since {since}")]
    StaleAuthTime {
        /// When they did, where that was said.
        said: Option<Timestamp>,
        /// Since when they should have.
        since: Timestamp,
    },
    /// What was said is too long to be read. It says nothing about who somebody is.
    #[error("{what} has more than {limit} bytes")]
    TooLarge {
        /// The answer that was read, such as a token or a key set.
        what: &'static str,
        /// How many bytes are read.
        limit: usize,
    },
    /// Something was said that proves nothing.
    #[error("it proves nothing: {0}")]
    InvalidToken(String),
}

impl AuthnError {
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
            Self::StaleAuthTime { said, since } => {
                let sentence = format!(
                    "{who} was to let you sign in there again, and does not say that you did. Nobody was \
                     signed in; a session that was open goes on as it was."
                );
                let found = said.map_or_else(
                    || "no time at which you signed in there (auth_time)".to_owned(),
                    |at| format!("that you signed in there at {at}, by its clock"),
                );
                let required = format!("a time since {since}, which may differ by a minute");
                Refusal::new(RefusalCode::IdentityUnproven, sentence).with_evidence(found, required)
            }
            Self::TooLarge { what, limit } => {
                let sentence = format!(
                    "{who} sent {what} that is larger than {limit} bytes and was not read, so \
                     nothing is known of who this is. Nobody was signed in. Usually the person is \
                     in very many groups: let {who} send those alone that give a role here."
                );
                Refusal::new(RefusalCode::BodyTooLarge, sentence).with_evidence(
                    format!("{what} of more than {limit} bytes"),
                    format!("at most {limit} bytes"),
                )
            }
            Self::InvalidToken(why) => {
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
