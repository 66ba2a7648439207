//! What can be attested with a request, and how.

use crate::model::attestation::ATTESTED_CHARS_MAX;
use crate::model::facts::FactKey;
use serde::Serialize;

/// What an operator testifies to with a request, because no machine can observe it. A check of the
/// kernel reads it as evidence; without it that check does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "Attestation"))]
pub struct AttestationSpec {
    /// Its name in forms, JSON and on the command line.
    pub key: &'static str,
    /// What is attested: the statement, or what the text is.
    pub label: &'static str,
    /// How whoever attests it comes to know it.
    pub help: &'static str,
    /// How it is given.
    pub form: AttestationForm,
}

/// How an attestation is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttestationForm {
    /// A statement, which is affirmed with the word `yes` or not at all.
    Statement,
    /// A text of several lines.
    Text {
        /// Its longest form, in characters.
        chars_max: usize,
    },
}

impl AttestationForm {
    /// What may be given, as a sentence.
    #[must_use]
    pub fn limits(self) -> String {
        match self {
            Self::Statement => "yes, or absent".to_owned(),
            Self::Text { chars_max } => format!(
                "plain text of 1 to {chars_max} characters, which may have several lines and tabs, and no \
                 other control or direction characters"
            ),
        }
    }
}

impl AttestationSpec {
    /// Whether somebody can give it, under a key that a form, a query and a command line can carry.
    pub(super) fn is_usable(&self) -> bool {
        let fits = match self.form {
            AttestationForm::Statement => true,
            AttestationForm::Text { chars_max } => (1..=ATTESTED_CHARS_MAX).contains(&chars_max),
        };
        fits && FactKey::parse(self.key).is_some()
    }
}
