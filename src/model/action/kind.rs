//! The names of the actions, and which parameters each takes.

use crate::model::action::Action;
use crate::model::text::{InputError, NodeId};
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! kinds {
    ($($variant:ident $word:literal [$($parameter:literal),*];)*) => {
        /// The name of an action without its parameters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
        pub enum ActionKind {
            $(#[doc = concat!("See [`Action::", stringify!($variant), "`].")]
            #[serde(rename = $word)] $variant,)*
        }

        impl ActionKind {
            /// Every kind, in the order in which the catalogue shows them.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$variant),*];

            /// The name in URLs, JSON and the command line.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The parameters that it takes, by name. All of them have to be given.
            #[must_use]
            pub fn parameters(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($parameter),*]),* }
            }
        }
    };
}

kinds! {
    Switchover "switchover" ["to"];
    Failover "failover" ["to"];
    StopWrites "stop_writes" [];
    ResumeWrites "resume_writes" [];
    TakeOffline "take_offline" ["node"];
    BringOnline "bring_online" ["node"];
    AddReplica "add_replica" ["node"];
    GrantVote "grant_vote" ["node"];
    RemoveReplica "remove_replica" ["node"];
    TakeCheckpoint "take_checkpoint" ["node"];
    PurgeLog "purge_log" ["node", "up_to"];
    CreateBackup "create_backup" ["name"];
    VerifyNode "verify_node" ["node"];
}

impl ActionKind {
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
        self.parameters().iter().copied().find(|name| matches!(*name, "to" | "node"))
    }

    /// Whether the kernel may work on it for longer than a page waits for its answer.
    #[must_use]
    pub fn takes_long(self) -> bool {
        matches!(self, Self::CreateBackup | Self::VerifyNode | Self::BringOnline | Self::AddReplica)
    }

    /// Whether it makes a node primary: then every node is shown with the rules against it.
    #[must_use]
    pub fn chooses_primary(self) -> bool {
        matches!(self, Self::Switchover | Self::Failover)
    }

    /// Whether it is about a node that is a member: then there is a list to choose from. A node that
    /// joins is named by typing.
    #[must_use]
    pub fn is_about_member(self) -> bool {
        self.node_parameter().is_some() && self != Self::AddReplica
    }

    /// The parameters beside the node.
    pub fn value_parameters(self) -> impl Iterator<Item = &'static str> {
        let node = self.node_parameter();
        self.parameters().iter().copied().filter(move |name| Some(*name) != node)
    }

    /// The action of this kind on this node; `None` for the kinds that need no node, or more.
    #[must_use]
    pub fn on(self, node: NodeId) -> Option<Action> {
        match self {
            Self::Switchover => Some(Action::Switchover { to: node }),
            Self::Failover => Some(Action::Failover { to: node }),
            Self::TakeOffline => Some(Action::TakeOffline { node }),
            Self::BringOnline => Some(Action::BringOnline { node }),
            Self::AddReplica => Some(Action::AddReplica { node }),
            Self::GrantVote => Some(Action::GrantVote { node }),
            Self::RemoveReplica => Some(Action::RemoveReplica { node }),
            Self::TakeCheckpoint => Some(Action::TakeCheckpoint { node }),
            Self::VerifyNode => Some(Action::VerifyNode { node }),
            Self::StopWrites | Self::ResumeWrites | Self::PurgeLog | Self::CreateBackup => None,
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
