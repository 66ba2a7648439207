//! What an operator can ask for.

mod kind;

pub use crate::model::stage::Stage;
use crate::model::text::{InputError, NodeId, PlaceName};
pub use kind::ActionKind;
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

/// One dangerous thing, with everything that it needs. Closed: there is no other way to change the
/// cluster, and no variant carries a flag that overrides a rule (C2.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
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
    /// A new node joins the cluster, without a vote.
    AddReplica {
        /// The name of the new node.
        node: NodeId,
    },
    /// A node without a vote takes one.
    GrantVote {
        /// The node.
        node: NodeId,
    },
    /// A node leaves the cluster for good.
    RemoveReplica {
        /// The node.
        node: NodeId,
    },
    /// One node keeps a copy of its whole state beside its log.
    TakeCheckpoint {
        /// The node.
        node: NodeId,
    },
    /// One node gives back the beginning of its log, as far as its checkpoint covers it.
    PurgeLog {
        /// The node.
        node: NodeId,
        /// The last position that is given back.
        up_to: LogPosition,
    },
    /// A copy of the whole state goes into files of its own.
    CreateBackup {
        /// The name of the backup.
        name: PlaceName,
    },
    /// Everything that one node keeps is read, and compared with what it must be.
    VerifyNode {
        /// The node.
        node: NodeId,
    },
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
    /// Parses a kind and its parameters, as a form, a query, JSON and the command line give them.
    ///
    /// # Errors
    /// Names the field: an unknown kind, a missing parameter, one that the kind does not take, or a
    /// value that is not a node name.
    pub fn parse(kind: &str, params: &BTreeMap<String, String>) -> Result<Self, InputError> {
        let kind = ActionKind::parse(kind)?;
        let wanted = kind.parameters();
        if let Some((name, value)) = params.iter().find(|(n, _)| !wanted.contains(&n.as_str())) {
            let takes = match wanted {
                [] => "no parameter".to_owned(),
                [one] => format!("only the parameter {one}"),
                more => format!("only the parameters {}", more.join(", ")),
            };
            return Err(InputError::new(name, value, format!("absent: {kind} takes {takes}")));
        }
        let text = |name: &str| params.get(name).map_or("", String::as_str);
        let node = |name: &str| NodeId::parse_field(name, text(name));
        Ok(match kind {
            ActionKind::Switchover => Self::Switchover { to: node("to")? },
            ActionKind::Failover => Self::Failover { to: node("to")? },
            ActionKind::StopWrites => Self::StopWrites {},
            ActionKind::ResumeWrites => Self::ResumeWrites {},
            ActionKind::TakeOffline => Self::TakeOffline { node: node("node")? },
            ActionKind::BringOnline => Self::BringOnline { node: node("node")? },
            ActionKind::AddReplica => Self::AddReplica { node: node("node")? },
            ActionKind::GrantVote => Self::GrantVote { node: node("node")? },
            ActionKind::RemoveReplica => Self::RemoveReplica { node: node("node")? },
            ActionKind::TakeCheckpoint => Self::TakeCheckpoint { node: node("node")? },
            ActionKind::PurgeLog => Self::PurgeLog {
                node: node("node")?,
                up_to: LogPosition::parse_field("up_to", text("up_to"))?,
            },
            ActionKind::VerifyNode => Self::VerifyNode { node: node("node")? },
            ActionKind::CreateBackup => {
                Self::CreateBackup { name: PlaceName::parse_field("name", text("name"))? }
            }
        })
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
            Self::AddReplica { .. } => ActionKind::AddReplica,
            Self::GrantVote { .. } => ActionKind::GrantVote,
            Self::RemoveReplica { .. } => ActionKind::RemoveReplica,
            Self::TakeCheckpoint { .. } => ActionKind::TakeCheckpoint,
            Self::PurgeLog { .. } => ActionKind::PurgeLog,
            Self::CreateBackup { .. } => ActionKind::CreateBackup,
            Self::VerifyNode { .. } => ActionKind::VerifyNode,
        }
    }

    /// The node that it acts on, where it acts on one.
    #[must_use]
    pub fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Switchover { to: node }
            | Self::Failover { to: node }
            | Self::TakeOffline { node }
            | Self::BringOnline { node }
            | Self::AddReplica { node }
            | Self::GrantVote { node }
            | Self::RemoveReplica { node }
            | Self::TakeCheckpoint { node }
            | Self::VerifyNode { node }
            | Self::PurgeLog { node, .. } => Some(node),
            Self::StopWrites {} | Self::ResumeWrites {} | Self::CreateBackup { .. } => None,
        }
    }

    /// The parameters, by name.
    #[must_use]
    pub fn params(&self) -> BTreeMap<String, String> {
        let name = self.kind().node_parameter();
        let node = name.zip(self.node()).map(|(name, node)| (name.to_owned(), node.to_string()));
        let value = match self {
            Self::PurgeLog { up_to, .. } => Some(("up_to".to_owned(), up_to.to_string())),
            Self::CreateBackup { name } => Some(("name".to_owned(), name.to_string())),
            _ => None,
        };
        node.into_iter().chain(value).collect()
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
            Self::AddReplica { node } => format!("add {node} as a learner"),
            Self::GrantVote { node } => format!("grant {node} a vote"),
            Self::RemoveReplica { node } => format!("remove {node} for good"),
            Self::TakeCheckpoint { node } => format!("take a checkpoint of {node}"),
            Self::PurgeLog { node, up_to } => format!("purge the log of {node} up to {up_to}"),
            Self::CreateBackup { name } => format!("create the backup {name}"),
            Self::VerifyNode { node } => format!("verify {node}"),
        }
    }

    /// The command that asks for the same thing from a terminal.
    #[must_use]
    pub fn command(&self, reason: &str) -> String {
        let mut line = format!("aerodb-control request {}", self.kind());
        for (name, value) in self.params() {
            line.push_str(&format!(" --{} {value}", name.replace('_', "-")));
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
            let value = |p: &'static str| (p, if p == "up_to" { "7" } else { "n2" });
            let given: Vec<_> = kind.parameters().iter().copied().map(value).collect();
            let action = Action::parse(kind.word(), &params(&given)).expect("own form");
            assert_eq!(action.kind(), kind);
            let json = serde_json::to_string(&action).expect("plain data");
            assert_eq!(serde_json::from_str::<Action>(&json).expect("own form"), action);
            assert_eq!(action.params(), params(&given));
            assert_eq!(action.node().is_some(), kind.node_parameter().is_some());
        }
    }

    #[test]
    fn a_position_is_a_whole_number_from_1_on() {
        for bad in ["", "0", "-1", "+1", "1.5", "07", "1e3", " 1", "9223372036854775808"] {
            let given = params(&[("node", "n1"), ("up_to", bad)]);
            assert_eq!(Action::parse("purge_log", &given).expect_err(bad).field, "up_to");
        }
        let most = LogPosition::parse_field("up_to", "9223372036854775807").expect("a position");
        assert_eq!(serde_json::to_string(&most).expect("text"), "\"9223372036854775807\"");
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
