//! What an operator can ask for.

pub use crate::model::stage::Stage;
use crate::model::text::{InputError, NodeId};
use serde::{Deserialize, Deserializer, Serialize};
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

/// One dangerous thing, with everything that it needs. Closed: there is no other way to change the
/// cluster, and no variant carries a flag that overrides a rule (C2.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "params", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Hands the role of primary from the living primary to `to`.
    Switchover {
        /// The standby that becomes primary.
        to: NodeId,
    },
    /// Makes `to` primary while no node is.
    Failover {
        /// The standby that becomes primary.
        to: NodeId,
    },
    /// Raises the write fence: the cluster refuses writes.
    StopWrites {},
    /// Lifts the write fence.
    ResumeWrites {},
    /// Takes one node out of service.
    TakeOffline {
        /// The node.
        node: NodeId,
    },
    /// Returns to service a node that was taken offline.
    BringOnline {
        /// The node.
        node: NodeId,
    },
}

/// The name of an action without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// See [`Action::Switchover`].
    Switchover,
    /// See [`Action::Failover`].
    Failover,
    /// See [`Action::StopWrites`].
    StopWrites,
    /// See [`Action::ResumeWrites`].
    ResumeWrites,
    /// See [`Action::TakeOffline`].
    TakeOffline,
    /// See [`Action::BringOnline`].
    BringOnline,
}

impl ActionKind {
    /// Every kind, in the order in which the catalogue shows them.
    pub const ALL: [Self; 6] = [
        Self::Switchover,
        Self::Failover,
        Self::StopWrites,
        Self::ResumeWrites,
        Self::TakeOffline,
        Self::BringOnline,
    ];

    /// The name in URLs, JSON and the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Switchover => "switchover",
            Self::Failover => "failover",
            Self::StopWrites => "stop_writes",
            Self::ResumeWrites => "resume_writes",
            Self::TakeOffline => "take_offline",
            Self::BringOnline => "bring_online",
        }
    }

    /// Parses the name.
    ///
    /// # Errors
    /// When the catalogue has no such action.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        Self::ALL.into_iter().find(|kind| kind.word() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|kind| kind.word()).collect();
            InputError::new("kind", text, format!("one of {}", names.join(", ")))
        })
    }

    /// The name of the parameter that carries the node, where the action takes one.
    #[must_use]
    pub fn node_parameter(self) -> Option<&'static str> {
        match self {
            Self::Switchover | Self::Failover => Some("to"),
            Self::TakeOffline | Self::BringOnline => Some("node"),
            Self::StopWrites | Self::ResumeWrites => None,
        }
    }

    /// The action of this kind on this node; `None` for the kinds that take no node.
    #[must_use]
    pub fn on(self, node: NodeId) -> Option<Action> {
        match self {
            Self::Switchover => Some(Action::Switchover { to: node }),
            Self::Failover => Some(Action::Failover { to: node }),
            Self::TakeOffline => Some(Action::TakeOffline { node }),
            Self::BringOnline => Some(Action::BringOnline { node }),
            Self::StopWrites | Self::ResumeWrites => None,
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Action {
    /// Parses a kind and its parameters, as a form, a query, JSON and the command line give them.
    ///
    /// # Errors
    /// Names the field: an unknown kind, a missing parameter, one that the kind does not take, or a
    /// value that is not a node name.
    pub fn parse(kind: &str, params: &BTreeMap<String, String>) -> Result<Self, InputError> {
        let kind = ActionKind::parse(kind)?;
        let wanted = kind.node_parameter();
        if let Some((name, value)) = params.iter().find(|(name, _)| Some(name.as_str()) != wanted) {
            let takes =
                wanted.map_or("no parameter".to_owned(), |w| format!("only the parameter {w}"));
            return Err(InputError::new(name, value, format!("absent: {kind} takes {takes}")));
        }
        let node = match wanted {
            Some(name) => {
                let value = params.get(name).map_or("", String::as_str);
                Some(NodeId::parse_field(name, value)?)
            }
            None => None,
        };
        match (kind, node) {
            (_, Some(node)) => kind
                .on(node)
                .ok_or_else(|| InputError::new("kind", kind.word(), "an action that takes a node")),
            (ActionKind::ResumeWrites, None) => Ok(Self::ResumeWrites {}),
            (_, None) => Ok(Self::StopWrites {}),
        }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::Switchover { .. } => ActionKind::Switchover,
            Self::Failover { .. } => ActionKind::Failover,
            Self::StopWrites {} => ActionKind::StopWrites,
            Self::ResumeWrites {} => ActionKind::ResumeWrites,
            Self::TakeOffline { .. } => ActionKind::TakeOffline,
            Self::BringOnline { .. } => ActionKind::BringOnline,
        }
    }

    /// The node that it acts on, where it acts on one.
    #[must_use]
    pub fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Switchover { to: node }
            | Self::Failover { to: node }
            | Self::TakeOffline { node }
            | Self::BringOnline { node } => Some(node),
            Self::StopWrites {} | Self::ResumeWrites {} => None,
        }
    }

    /// The parameters, by name.
    #[must_use]
    pub fn params(&self) -> BTreeMap<String, String> {
        let name = self.kind().node_parameter();
        name.zip(self.node())
            .map(|(name, node)| (name.to_owned(), node.to_string()))
            .into_iter()
            .collect()
    }

    /// The action in a few words: `switchover to n2`.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Switchover { to } => format!("switchover to {to}"),
            Self::Failover { to } => format!("failover to {to}"),
            Self::StopWrites {} => "stop writes".to_owned(),
            Self::ResumeWrites {} => "resume writes".to_owned(),
            Self::TakeOffline { node } => format!("take {node} offline"),
            Self::BringOnline { node } => format!("bring {node} online"),
        }
    }

    /// The command that asks for the same thing from a terminal.
    #[must_use]
    pub fn command(&self, reason: &str) -> String {
        let mut line = format!("aerodb-control request {}", self.kind());
        for (name, value) in self.params() {
            line.push_str(&format!(" --{name} {value}"));
        }
        // Single quotes keep a reason literal in every POSIX shell.
        line.push_str(&format!(" --reason '{}'", reason.replace('\'', r"'\''")));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn a_parameter_that_the_kind_does_not_take_is_refused_by_name() {
        let error =
            Action::parse("stop_writes", &params(&[("force", "true")])).expect_err("no such");
        assert_eq!(error.field, "force");
        let error = Action::parse("switchover", &params(&[])).expect_err("missing");
        assert_eq!(error.field, "to");
        let error = Action::parse("promote", &params(&[])).expect_err("no such kind");
        assert_eq!(error.field, "kind");
    }

    #[test]
    fn every_kind_parses_from_its_own_word_and_parameters() {
        for kind in ActionKind::ALL {
            let given = kind.node_parameter().map(|p| (p, "n2"));
            let given: Vec<_> = given.into_iter().collect();
            let action = Action::parse(kind.word(), &params(&given)).expect("own form");
            assert_eq!(action.kind(), kind);
            let json = serde_json::to_string(&action).expect("plain data");
            assert_eq!(serde_json::from_str::<Action>(&json).expect("own form"), action);
        }
    }

    #[test]
    fn the_command_quotes_a_reason_for_a_shell() {
        let action = Action::StopWrites {};
        assert_eq!(
            action.command("it's time"),
            r"aerodb-control request stop_writes --reason 'it'\''s time'"
        );
    }
}
