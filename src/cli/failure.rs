//! Why a command was not carried out: what was asked, what was found, and what did not happen.

use super::address::Address;
use super::exit::Exit;
use super::words;
use crate::model::action::ActionId;
use crate::model::refusal::{Executed, Refusal, RefusalCode};
use crate::model::text::InputError;
use crate::text;
use crate::text::lines::{TextLines, inert_json};
use serde_json::json;
use std::fmt;

/// What a request could have changed, if it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestEffect {
    /// Nothing: it only reads.
    Read,
    /// A record or a session of the control plane; never the cluster.
    Record,
    /// The cluster, by this action.
    Order(ActionId),
}

/// Why a command was not carried out.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server refused.
    Refused {
        /// The rule, its sentence and its code.
        refusal: Box<Refusal>,
        /// The problem details as they came.
        body: String,
        /// What leads a further command to the server that refused; empty where none did.
        option: String,
        /// What belongs before it, such as the explanation of a rejected request.
        before: TextLines,
    },
    /// There was no connection, so nothing was sent.
    Unreachable {
        /// The control plane that was called.
        url: Address,
        /// The error of the connection.
        why: String,
    },
    /// Something was sent and no answer came that can be read.
    Unanswered {
        /// The control plane that was called.
        url: Address,
        /// The error of the connection, or of the body.
        why: String,
        /// What it could have changed.
        asked: RequestEffect,
    },
    /// What was being printed could not be read to its end: its last line says so already.
    Begun(Box<Failure>),
    /// This machine or the command line stands in the way; nothing was sent.
    Here {
        /// The exit status of the process.
        exit: Exit,
        /// Why, as a sentence.
        sentence: String,
    },
}

impl Failure {
    /// A failure on this machine.
    pub(super) fn here(exit: Exit, sentence: impl Into<String>) -> Self {
        Self::Here { exit, sentence: sentence.into() }
    }

    /// How the command ends.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Refused { refusal, .. } => Exit::of_refusal(refusal),
            Self::Unanswered { asked: RequestEffect::Order(_), .. } => Exit::Unknown,
            Self::Unreachable { .. }
            | Self::Unanswered { asked: RequestEffect::Read | RequestEffect::Record, .. } => {
                Exit::Unreachable
            }
            Self::Here { exit, .. } => *exit,
            Self::Begun(failure) => failure.exit(),
        }
    }

    /// Whether standard output has the beginning of an answer: no second document belongs there.
    pub(super) fn has_begun(&self) -> bool {
        matches!(self, Self::Begun(_))
    }

    /// What belongs on standard output before the failure.
    pub(super) fn before(&self) -> TextLines {
        let mut lines = TextLines::new();
        if let Self::Refused { before, .. } = self {
            lines.append(before);
        }
        lines
    }

    /// The failure for people.
    pub(super) fn text(&self) -> TextLines {
        if let Self::Begun(failure) = self {
            return failure.text();
        }
        if let Self::Refused { refusal, option, .. } = self {
            let mut lines = text::refusal(words::catalogue(), refusal);
            if refusal.code == RefusalCode::NotSignedIn {
                lines.line(format!("  To sign in: aerodb-control login NAME{option}"));
            }
            return lines;
        }
        let mut lines = TextLines::new();
        for sentence in self.sentences() {
            lines.line(sentence);
        }
        lines
    }

    /// The failure for programs: the problem details of the server, or the same form made here.
    pub(super) fn json(&self) -> String {
        let detail = match self {
            Self::Refused { body, .. } => return inert_json(body),
            Self::Begun(failure) => return failure.json(),
            Self::Unreachable { .. } | Self::Unanswered { .. } | Self::Here { .. } => {
                self.sentences().join(" ")
            }
        };
        let executed = if self.exit() == Exit::Unknown { Executed::Unknown } else { Executed::No };
        let problem = json!({
            "type": "about:blank",
            "title": "The command was not carried out.",
            "detail": detail,
            "executed": executed,
        });
        inert_json(&problem.to_string())
    }

    fn sentences(&self) -> Vec<String> {
        match self {
            Self::Refused { refusal, .. } => vec![refusal.sentence.clone()],
            Self::Unreachable { url, why } => vec![
                format!("The control plane at {url} cannot be reached: {why}."),
                "Nothing was sent, and nothing was done.".to_owned(),
            ],
            Self::Unanswered { url, why, asked } => {
                let mut said = vec![format!("No answer from {url} that can be read: {why}.")];
                match asked {
                    RequestEffect::Read => {
                        said.push("Nothing was asked of the cluster.".to_owned());
                    }
                    RequestEffect::Record => {
                        said.push("It is not known whether this was recorded. Nothing ran.".into());
                    }
                    RequestEffect::Order(id) => {
                        said.push("It is not known whether the action ran.".to_owned());
                        said.push(format!(
                            "To see what became of it: aerodb-control show {id}{}",
                            url.option()
                        ));
                    }
                }
                said
            }
            Self::Here { sentence, .. } => vec![sentence.clone()],
            Self::Begun(failure) => failure.sentences(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentences().join(" "))
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::here(Exit::Usage, Refusal::from(error).sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unanswered(asked: RequestEffect) -> Failure {
        let url = Address::parse("http://127.0.0.1:7400").expect("valid");
        Failure::Unanswered { url, why: "the connection was closed".to_owned(), asked }
    }

    #[test]
    fn a_confirmation_without_an_answer_is_unknown_and_never_failed() {
        let id = ActionId::from_random([7; 16]);
        let failure = unanswered(RequestEffect::Order(id));
        assert_eq!(failure.exit(), Exit::Unknown);
        assert!(failure.text().as_str().contains(&format!("aerodb-control show {id}")));
        assert!(failure.json().contains("\"executed\":\"unknown\""));
    }

    #[test]
    fn a_question_without_an_answer_says_that_nothing_was_asked_of_the_cluster() {
        let failure = unanswered(RequestEffect::Read);
        assert_eq!(failure.exit(), Exit::Unreachable);
        assert!(failure.text().as_str().contains("Nothing was asked of the cluster."));
        assert!(failure.json().contains("\"executed\":\"no\""));
    }
}
