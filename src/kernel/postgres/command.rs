//! The orders that this kernel knows, each with everything that it needs. Closed: a `match` names all of
//! them.

use super::spec::SPEC;
use crate::model::action::Action;
use crate::model::spec::Catalogue;
use crate::model::text::{InputError, NodeId, PlaceName};
use std::fmt;

/// What proves that an order ran, and how one of unknown outcome is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptClass {
    /// A row in the transaction of the effect itself: it is there, or nothing is.
    Row,
    /// What is left where it ran, once its session is gone.
    Evidence,
    /// Files of this control plane with a verified manifest.
    Files,
    /// It only read: nothing comes of it.
    Reads,
}

macro_rules! actions {
    ($($variant:ident $word:literal $class:ident { $($param:ident : $type:ident),* }
       $doc:literal;)*) => {
        /// One order to a PostgreSQL cluster. No variant carries a flag that overrides a rule (C2.5).
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum PostgresAction {
            $(#[doc = $doc] $variant {
                $(#[doc = concat!("The parameter `", stringify!($param), "`.")] $param: actions!(@type $type),)*
            },)*
        }

        impl PostgresAction {
            /// The kind in a word, as the catalogue spells it.
            #[must_use]
            pub fn word(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $word,)* }
            }

            /// What proves that it ran.
            #[must_use]
            pub fn receipt_class(&self) -> ReceiptClass {
                match self { $(Self::$variant { .. } => ReceiptClass::$class,)* }
            }

            /// The node on which it runs.
            #[must_use]
            pub fn node(&self) -> &NodeId {
                match self { $(Self::$variant { node, .. } => node,)* }
            }
        }

        impl TryFrom<&Action> for PostgresAction {
            type Error = InputError;

            /// Reads an action, however it was made: what this kernel does not know is refused by its
            /// name.
            fn try_from(action: &Action) -> Result<Self, InputError> {
                let (kind, params) = (action.kind(), action.params());
                let takes = Catalogue::from(&SPEC).named(kind.word())?.parameters;
                let is_stray = |name: &String| !takes.iter().any(|one| one.name == name);
                if let Some((name, value)) = params.iter().find(|(name, _)| is_stray(name)) {
                    return Err(InputError::new(name, value, format!("absent: {kind} does not take it")));
                }
                let text = |name: &str| params.get(name).map_or("", String::as_str);
                Ok(match kind.word() {
                    $($word => Self::$variant {
                        $($param: {
                            let name = stringify!($param);
                            actions!(@read $type, name, text(name))
                        },)*
                    },)*
                    other => return Err(InputError::new("kind", other, "an action of this kernel")),
                })
            }
        }
    };
    (@type Node) => { NodeId };
    (@type Name) => { PlaceName };
    (@type Text) => { String };
    (@read Node, $field:expr, $text:expr) => { NodeId::parse_field($field, $text)? };
    (@read Name, $field:expr, $text:expr) => { PlaceName::parse_field($field, $text)? };
    (@read Text, $field:expr, $text:expr) => { $text.to_owned() };
}

actions! {
    Promote "promote" Evidence { node: Node } "A standby ends recovery and begins a new timeline.";
    StopLogins "stop_logins" Row { node: Node } "No application role can log in any more.";
    ResumeLogins "resume_logins" Row { node: Node } "The roles that were stopped can log in again.";
    EndSessions "end_sessions" Evidence { node: Node } "Every session of a role whose login is stopped ends.";
    MarkBarrier "mark_barrier" Row { node: Node } "A row is written after the last write of any client.";
    MarkBranch "mark_branch" Row { node: Node } "The first row of this control plane on a new timeline.";
    DeclareSyncContract "declare_sync_contract" Row { node: Node } "The sync rule in force becomes a promise on record.";
    WithdrawSyncContract "withdraw_sync_contract" Row { node: Node } "That promise ends, on record.";
    WriteSyncStandbys "write_sync_standbys" Evidence { node: Node, rule: Text } "A sync rule is written into the files.";
    Reload "reload" Evidence { node: Node } "The files of settings are read again.";
    WriteUpstream "write_upstream" Evidence { node: Node, upstream: Name } "The node to follow is written into the files.";
    WriteSetting "write_setting" Evidence { node: Node, setting: Name, value: Text } "One setting of a closed list is written into the files.";
    PauseReplay "pause_replay" Evidence { node: Node } "A standby stops replaying.";
    ResumeReplay "resume_replay" Evidence { node: Node } "A standby goes on replaying.";
    CreateSlot "create_slot" Evidence { node: Node, slot: Name } "A physical replication slot is made, and keeps WAL from now on.";
    DropSlot "drop_slot" Evidence { node: Node, slot: Name } "A replication slot is removed, and the WAL that it alone kept can go.";
    TerminateSession "terminate_session" Evidence { node: Node, session: Name } "One session ends.";
    CancelQuery "cancel_query" Evidence { node: Node, session: Name } "What one session runs now is cancelled.";
    Checkpoint "checkpoint" Evidence { node: Node } "A node writes everything out.";
    SwitchWal "switch_wal" Evidence { node: Node } "The primary begins a new WAL segment.";
    CreateRestorePoint "create_restore_point" Row { node: Node, name: Name } "A named place in the WAL, to which a restore can go.";
    CreateBackup "create_backup" Files { node: Node, name: Name } "A base backup goes into files of this control plane.";
    VerifyNode "verify_node" Reads { node: Node } "The server reads every page of a node and checks its checksum.";
}

impl fmt::Display for PostgresAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
