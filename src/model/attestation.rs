//! What an operator testifies to with a request, because no machine can observe it, and the request as a
//! kernel judges it.
//!
//! An attestation is evidence that a check of the kernel may read. It overrides no check (C2.5), and
//! nothing is attested in advance (C2.4).

use crate::model::action::Action;
use crate::model::text::ActorName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a statement is affirmed.
pub const AFFIRMED: &str = "yes";
/// Longest text that a spec may ask for, in characters: a pasted output of a tool of the engine, which
/// fits into a body and a record with everything else.
pub const ATTESTED_CHARS_MAX: usize = 3_000;
/// What stands before the key of an attestation where it is named beside parameters: in forms, in queries
/// and in refusals.
pub const ATTESTED_PREFIX: &str = "attested.";

/// What was attested with a request: a value under each key that the spec of its action names. A statement
/// that is affirmed has the value `yes`. What is read from a record may be of a kernel that this
/// program was built without.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Attestations(BTreeMap<String, String>);

impl Attestations {
    /// Attestations that a spec has checked.
    pub(super) fn made(values: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self(values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// Whether nothing was attested.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each with its key, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The same, with every text replaced. That a statement was affirmed stays.
    #[must_use]
    pub fn with_texts(self, replace: impl Fn(String) -> String) -> Self {
        let value = |value: String| if value == AFFIRMED { value } else { replace(value) };
        Self(self.0.into_iter().map(|(key, text)| (key, value(text))).collect())
    }

    /// The same under the name of whoever gave them.
    #[must_use]
    pub fn by(&self, name: &ActorName) -> Attested {
        let one = |(key, value): (&String, &String)| {
            (key.clone(), Attestation { value: value.clone(), by: name.clone() })
        };
        Attested(self.0.iter().map(one).collect())
    }
}

/// One thing that somebody testifies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// What was given: [`AFFIRMED`], or the text.
    pub value: String,
    /// Who gave it.
    pub by: ActorName,
}

impl Attestation {
    /// Where evidence that rests on it was read.
    #[must_use]
    pub fn source(&self) -> String {
        format!("attested by {} in this request", self.by)
    }
}

/// What a kernel is told of attestations: each under its key, with the name of whoever gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attested(BTreeMap<String, Attestation>);

impl Attested {
    /// What was attested under a key; `None` where nothing was, which proves nothing (C6.1).
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Attestation> {
        self.0.get(key)
    }
}

/// A request as a kernel judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub action: Action,
    /// What was attested with it.
    pub attested: Attested,
}

impl From<Action> for Request {
    /// The request with which nothing was attested.
    fn from(action: Action) -> Self {
        Self { action, attested: Attested::default() }
    }
}

/// The command that asks for the same thing from a terminal.
#[must_use]
pub fn command(action: &Action, attested: &Attestations, reason: &str) -> String {
    let mut line = format!("aerodb-control request {}", action.kind());
    for (name, value) in action.params() {
        line.push_str(&format!(" --{}{}", name.replace('_', "-"), word(value)));
    }
    for (key, value) in attested.iter() {
        line.push_str(&format!(" --attest {key}={}", literal(value)));
    }
    line.push_str(&format!(" --reason {}", literal(reason)));
    line
}

/// A value after its option, as one word of a shell. One that begins as an option does is joined to its
/// own, or it would be read as the next.
fn word(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/:".contains(c);
    let word = if value.chars().all(is_plain) { value.to_owned() } else { literal(value) };
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{between}{word}")
}

/// A text that a shell takes literally. A command stays on one line whatever the text holds; only for that
/// is the younger form of quotes needed, which the oldest shells do not know.
fn literal(text: &str) -> String {
    if !text.contains(['\n', '\t']) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let escaped = text.replace('\\', r"\\").replace('\'', r"\'");
    format!("$'{}'", escaped.replace('\n', r"\n").replace('\t', r"\t"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_quotes_what_was_typed_for_a_shell() {
        let action = serde_json::from_str(r#"{"kind":"stop_writes","params":{}}"#);
        let action: Action = action.expect("an action");
        assert_eq!(
            command(&action, &Attestations::default(), "it's time"),
            r"aerodb-control request stop_writes --reason 'it'\''s time'"
        );
        let attested = Attestations::made([("seen", "it's\n\tC:\\".to_owned())]);
        assert_eq!(
            command(&action, &attested, "a drill"),
            r"aerodb-control request stop_writes --attest seen=$'it\'s\n\tC:\\' --reason 'a drill'"
        );
    }

    #[test]
    fn a_value_of_several_words_or_that_looks_like_an_option_is_one_word_of_the_command() {
        let command = |value: &str| {
            let json =
                format!(r#"{{"kind":"write_it","params":{{"node":"n1","value":"{value}"}}}}"#);
            let action: Action = serde_json::from_str(&json).expect("an action");
            command(&action, &Attestations::default(), "a drill")
        };
        for (value, said) in [
            ("16MB", " --value 16MB"),
            ("0/3000028", " --value 0/3000028"),
            ("ANY 1 (n2, n3)", " --value 'ANY 1 (n2, n3)'"),
            ("$(id)", " --value '$(id)'"),
            ("it's", r" --value 'it'\''s'"),
            ("-1", " --value=-1"),
            ("-x y", " --value='-x y'"),
        ] {
            let line =
                format!("aerodb-control request write_it --node n1{said} --reason 'a drill'");
            assert_eq!(command(value), line);
        }
    }

    #[test]
    fn what_was_attested_reads_back_byte_for_byte_and_stands_under_a_name() {
        let json = r#"{"control_data":"shut down\nat 0/3","old_primary_out":"yes"}"#;
        let given: Attestations = serde_json::from_str(json).expect("attestations");
        assert_eq!(serde_json::to_string(&given).expect("text"), json);
        let attested = given.by(&ActorName::parse("olga").expect("a name"));
        let out = attested.get("old_primary_out").expect("it was attested");
        assert_eq!(out.source(), "attested by olga in this request");
        assert_eq!(attested.get("nothing_of_that"), None);
        let told = given.with_texts(|_| "redacted".to_owned());
        let told: Vec<_> = told.iter().collect();
        assert_eq!(told, [("control_data", "redacted"), ("old_primary_out", AFFIRMED)]);
    }
}
