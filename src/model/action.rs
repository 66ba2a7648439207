//! What an operator can ask for.

pub use crate::model::stage::Stage;
use crate::model::text::{InputError, NodeId};
use crate::model::word::word_type;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use uuid::Uuid;

/// The identity of one request, made before it is sent and spent for ever (C7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ActionId(Uuid);

impl ActionId {
    /// The id with these random bytes, as a version 4 UUID.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Parses a UUID in its hyphenated form.
    ///
    /// # Errors
    /// When the text is anything else, or the nil UUID.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let required = "a UUID such as 6f1c2a34-0b5d-4e6f-8a90-112233445566";
        let uuid =
            Uuid::try_parse(text).map_err(|_| InputError::new("action_id", text, required))?;
        if uuid.is_nil() || text.len() != 36 {
            return Err(InputError::new("action_id", text, required));
        }
        Ok(Self(uuid))
    }

    /// The 16 bytes, for storage.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id with exactly these bytes, as read from storage.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The first eight digits, for places where the whole id stands nearby.
    #[must_use]
    pub fn short(&self) -> String {
        self.0.to_string().chars().take(8).collect()
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl<'de> Deserialize<'de> for ActionId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

word_type! {
    /// The name of a kind of action. What there is to say of one is in the spec of its kernel.
    ActionKind "kind"
}

/// What the parameter is called that names the node, of every action of every kernel: so a record can
/// be found by its node whoever reads it.
pub const NODE_PARAMETERS: [&str; 2] = ["to", "node"];

/// One dangerous thing, with everything that it needs. [`KernelSpec::parse`] makes it, and no other
/// change of the cluster exists; no parameter overrides a rule (C2.5). What is read from a record is
/// checked for its form only: it may be of a kernel that this program was built without.
///
/// [`KernelSpec::parse`]: crate::model::spec::KernelSpec::parse
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    kind: ActionKind,
    params: BTreeMap<String, String>,
}

/// A position in the log, from 1 on. Written as text, as every parameter is: a JSON number would
/// lose the digits of a large one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition(u64);

impl LogPosition {
    /// Parses a position that arrived in the parameter `field`.
    ///
    /// # Errors
    /// When the text is no whole number, zero, or larger than a log can become.
    pub fn parse_field(field: &str, text: &str) -> Result<Self, InputError> {
        let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        let number = text.parse().ok().filter(|n| is_plain && i64::try_from(*n).is_ok());
        let required = "a position of the log: a whole number from 1 on";
        number.map(Self).ok_or_else(|| InputError::new(field, text, required))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for LogPosition {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LogPosition {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse_field("position", &String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

impl Action {
    /// An action of these parts, which a spec has checked.
    pub(super) fn made(
        kind: ActionKind,
        params: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Self {
        let params = params.into_iter().map(|(name, value)| (name.to_owned(), value));
        Self { kind, params: params.collect() }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        self.kind
    }

    /// The parameters, by name.
    #[must_use]
    pub fn params(&self) -> &BTreeMap<String, String> {
        &self.params
    }

    /// The node that it acts on, where it acts on one.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        let named = NODE_PARAMETERS.into_iter().find_map(|name| self.params.get(name));
        named.and_then(|name| NodeId::parse(name).ok())
    }

    /// The same action, with every value replaced that is neither the name of a node nor a number.
    #[must_use]
    pub fn with_texts(self, replace: impl Fn(String) -> String) -> Self {
        let is_plain = |name: &str, value: &str| {
            let is_number = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            is_number || (NODE_PARAMETERS.contains(&name) && NodeId::parse(value).is_ok())
        };
        let kept = |(name, value): (String, String)| {
            let value = if is_plain(&name, &value) { value } else { replace(value) };
            (name, value)
        };
        Self { kind: self.kind, params: self.params.into_iter().map(kept).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Action, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn an_action_of_any_kernel_reads_back_byte_for_byte_and_says_its_node() {
        for (json, node) in [
            (r#"{"kind":"purge_log","params":{"node":"n1","up_to":"7"}}"#, Some("n1")),
            (r#"{"kind":"promote","params":{"mode":"fast","to":"pg-2"}}"#, Some("pg-2")),
            (r#"{"kind":"stop_writes","params":{}}"#, None),
        ] {
            let action = read(json).expect(json);
            assert_eq!(serde_json::to_string(&action).expect("text"), json);
            assert_eq!(action.node().as_ref().map(NodeId::as_str), node);
        }
    }

    #[test]
    fn what_has_not_the_form_of_an_action_is_refused() {
        for bad in [
            r#"{"kind":"stop_writes"}"#,
            r#"{"kind":"Stop writes","params":{}}"#,
            r#"{"kind":"stop_writes","params":{},"force":true}"#,
            r#"{"kind":"purge_log","params":{"node":"n1","up_to":7}}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_position_is_a_whole_number_from_1_on() {
        for bad in ["", "0", "-1", "+1", "1.5", "07", "1e3", " 1", "9223372036854775808"] {
            assert_eq!(LogPosition::parse_field("up_to", bad).expect_err(bad).field, "up_to");
        }
        let most = LogPosition::parse_field("up_to", "9223372036854775807").expect("a position");
        assert_eq!(serde_json::to_string(&most).expect("text"), "\"9223372036854775807\"");
    }
}
