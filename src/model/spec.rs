//! What a kernel says of itself: its facts, actions, invariants and words of events, as constant data.
//!
//! Pages, texts, the command line, the API and the documents read it, and so does whatever judges a
//! request; no room but the kernel's own knows its words (C1.3, C12.1).

mod attestation;
mod catalogue;
mod changes;
mod checklist;
mod facts;
mod faults;
mod parse;
#[cfg(feature = "ssr")]
mod read;
#[cfg(test)]
pub(crate) mod tried;

pub use attestation::{AttestationForm, AttestationSpec};
pub use catalogue::Catalogue;
pub use checklist::ChecklistSpec;
pub use facts::{
    Binding, FactOf, FactSpec, FactUnit, ItemSpec, Margin, PRIMARY, PRIMARY_ROLE, PositionStyle,
    PositionUnit, REACHABLE, ROLE, Show, WRITES,
};

use crate::model::action::{Action, ActionKind};
use crate::model::attestation::Attestations;
use crate::model::event::EventKind;
use crate::model::invariant::InvariantId;
use crate::model::text::{InputError, NodeId};
use serde::{Deserialize, Serialize};

/// Everything that one kernel says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct KernelSpec {
    /// The kind of kernel, in a word.
    pub kind: &'static str,
    /// The roles that a node can have, the primary's first.
    pub roles: &'static [&'static str],
    /// Every fact, in the order in which facts are shown.
    pub facts: &'static [FactSpec],
    /// What a node can have several of, in the order in which it is shown.
    pub items: &'static [ItemSpec],
    /// The fact of a node that names the one that it takes the log from; absent where every node takes it
    /// from the primary.
    pub follows: Option<&'static str>,
    /// How positions are compared and named.
    pub position: PositionStyle,
    /// Its actions, in the order in which the catalogue shows them.
    pub actions: &'static [ActionSpec],
    /// The invariants of its engine, in the order in which they are shown.
    pub invariants: &'static [InvariantSpec],
    /// What can happen in it.
    pub events: &'static [EventSpec],
    /// The longer pieces of work whose state it can show as a list.
    pub checklists: &'static [ChecklistSpec],
}

/// What an action is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActionClass {
    /// Changes what the cluster does.
    Control,
    /// Changes which nodes take part.
    Maintenance,
    /// Changes what the nodes keep on disk, and nothing that clients can read.
    Storage,
    /// Reads, and changes nothing.
    Diagnose,
}

impl ActionClass {
    /// Every class, in order.
    pub const ALL: [Self; 4] = [Self::Control, Self::Maintenance, Self::Storage, Self::Diagnose];

    /// Parses the word, as a setting spells it.
    ///
    /// # Errors
    /// When it is no class.
    pub fn parse_field(field: &str, text: &str) -> Result<Self, InputError> {
        let found = Self::ALL.into_iter().find(|class| class.word() == text);
        let words = Self::ALL.map(Self::word).join(", ");
        found.ok_or_else(|| InputError::new(field, text, format!("some of {words}")))
    }

    /// The class in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Maintenance => "maintenance",
            Self::Storage => "storage",
            Self::Diagnose => "diagnose",
        }
    }
}

/// How far the consequences reach, which decides how an action is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Clients can notice it. Confirmed by typing the name of the target.
    Disruptive,
    /// Clients do not notice it, and what it takes away does not come back. Confirmed in the same way.
    Irreversible,
    /// Clients do not notice it.
    Contained,
}

impl Impact {
    /// The impact in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Disruptive => "disruptive",
            Self::Irreversible => "irreversible",
            Self::Contained => "contained",
        }
    }
}

/// Whether an action stays possible beside one whose outcome is not known, while no node is known to be
/// primary (C7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WayOut {
    /// It waits until the outcome is known.
    Never,
    /// It stays possible: running it twice makes no second primary.
    Always,
    /// It stays possible, but for one that may have made a node primary already: beside that it could make
    /// a second one.
    UnlessPrimaryInDoubt,
}

/// What has to be typed to confirm an action that is not contained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The name of the node that the action names.
    Node,
    /// The name of the cluster.
    Cluster,
}

/// What a parameter takes, and how it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// The name of a node that is a member: there is a list to choose from. `rule` is the invariant
    /// that fails where it is none.
    Member {
        /// The invariant that names the field.
        rule: InvariantId,
    },
    /// The name of a node that joins; it is typed.
    Joining,
    /// A position in a log. `offered` says for which one an action is judged before anybody named one.
    Position {
        /// A sentence for people.
        offered: &'static str,
    },
    /// A name that an operator gives, such as that of a backup.
    Name,
    /// One line of plain text, such as the value of a setting.
    Text {
        /// Its longest form, in characters.
        chars_max: usize,
    },
    /// The name of something that the node of the action has: `of` is the kind of the item, and `rule` the
    /// invariant that fails where the node has none of that name.
    Item {
        /// The kind of item.
        of: &'static str,
        /// The invariant that names the field.
        rule: InvariantId,
    },
}

impl ParameterKind {
    /// Whether it names a node.
    #[must_use]
    pub fn is_node(self) -> bool {
        matches!(self, Self::Member { .. } | Self::Joining)
    }
}

/// One parameter of an action. A node is called `to` or `node`, and nothing else is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "Parameter"))]
pub struct ParameterSpec {
    /// Its name in forms, JSON and on the command line.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What it may be.
    pub limits: &'static str,
    /// How it is read.
    pub kind: ParameterKind,
}

/// One way in which an action can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FailureMode {
    /// What happens.
    pub when: &'static str,
    /// What the operator sees, and what is then true.
    pub seen: &'static str,
}

/// How an action goes wrong whatever it does: the kernel looks again.
pub const REFUSED: FailureMode = FailureMode {
    when: "The kernel finds at execution that a pre-condition no longer holds.",
    seen: "Stage refused, with the kernel's words. Nothing ran.",
};
/// How an action goes wrong whatever it does: a stop before it is sent.
pub const STOPPED_BEFORE: FailureMode = FailureMode {
    when: "The control plane stops after the confirmation and before the order is sent.",
    seen: "Stage confirmed, marked as never sent. Nothing ran. An operator resolves it.",
};
/// How an action goes wrong whatever it does: a stop after it may have been sent.
pub const STOPPED_AFTER: FailureMode = FailureMode {
    when: "The control plane stops after the order was recorded as dispatched.",
    seen: "Stage unknown, with what the kernel holds under the id. An operator resolves it; further mutations wait until then.",
};

/// Everything there is to say about one kind of action (C12.1). There are no optional parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema), schemars(rename = "CatalogueEntry"))]
pub struct ActionSpec {
    /// Which action.
    pub kind: ActionKind,
    /// Its name for people.
    pub title: &'static str,
    /// One request of it in a few words: a parameter in braces stands for its value.
    pub phrase: &'static str,
    /// What it does, as a sentence.
    pub meaning: &'static str,
    /// What it is for.
    pub class: ActionClass,
    /// How far its consequences reach.
    pub impact: Impact,
    /// What has to be typed to confirm it, where it is not contained.
    pub target: Target,
    /// Whether it can be taken back, and by what.
    pub reversible: &'static str,
    /// What it takes. All of them have to be given.
    pub parameters: &'static [ParameterSpec],
    /// What can be attested with a request of it, because no machine can observe it. What is absent is
    /// not known.
    pub attestations: &'static [AttestationSpec],
    /// What must hold before it can run, in the order in which it is checked.
    pub preconditions: &'static [InvariantId],
    /// What changes.
    pub effects: &'static [&'static str],
    /// What can go wrong.
    pub failure_modes: &'static [FailureMode],
    /// What nobody looks at.
    pub not_checked: &'static [&'static str],
    /// What the kernel is told.
    pub engine_command: &'static str,
    /// Whether the kernel may work on it for longer than a page waits for its answer.
    pub takes_long: bool,
    /// Whether it makes a node primary: then every node is shown with the rules against it.
    pub chooses_primary: bool,
    /// Whether it is the way out where an outcome is not known and nobody is primary: resolving may
    /// need a primary, and without one action that is possible all the same neither could ever happen.
    pub way_out: WayOut,
}

impl ActionSpec {
    /// The parameter that carries the node, where it takes one.
    #[must_use]
    pub fn node_parameter(&self) -> Option<&'static ParameterSpec> {
        self.parameters.iter().find(|parameter| parameter.kind.is_node())
    }

    /// Whether it is about a node that is a member: then there is a list to choose from. A node that
    /// joins is named by typing.
    #[must_use]
    pub fn is_about_member(&self) -> bool {
        let node = self.node_parameter();
        node.is_some_and(|node| matches!(node.kind, ParameterKind::Member { .. }))
    }

    /// The parameters beside the node.
    pub fn value_parameters(&self) -> impl Iterator<Item = &'static ParameterSpec> {
        self.parameters.iter().filter(|parameter| !parameter.kind.is_node())
    }

    /// What can be attested under a key.
    #[must_use]
    pub fn attestation(&self, key: &str) -> Option<&'static AttestationSpec> {
        self.attestations.iter().find(|attestation| attestation.key == key)
    }

    /// For which position it is judged before anybody named one, where it takes one.
    #[must_use]
    pub fn offered_position(&self) -> Option<&'static str> {
        self.parameters.iter().find_map(|parameter| match parameter.kind {
            ParameterKind::Position { offered } => Some(offered),
            ParameterKind::Member { .. }
            | ParameterKind::Joining
            | ParameterKind::Name
            | ParameterKind::Text { .. }
            | ParameterKind::Item { .. } => None,
        })
    }

    /// The action of this kind on this node; `None` for the kinds that need no node, or more.
    #[must_use]
    pub fn on(&self, node: &NodeId) -> Option<Action> {
        let [only] = self.parameters else { return None };
        only.kind.is_node().then(|| Action::made(self.kind, [(only.name, node.to_string())]))
    }
}

/// One promise of an engine or of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct InvariantSpec {
    /// The id that refusals, records and documents cite.
    pub id: InvariantId,
    /// The clause of the contract that it serves.
    pub clause: &'static str,
    /// The promise, stated positively.
    pub statement: &'static str,
    /// Why the promise exists.
    pub reason: &'static str,
}

/// One kind of thing that can happen in a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct EventSpec {
    /// Its word.
    pub kind: EventKind,
    /// What happened, as a sentence.
    pub meaning: &'static str,
    /// Whether the kernel refused something in it.
    pub is_refusal: bool,
}

impl KernelSpec {
    /// What is said of a kind of action; `None` where this kernel has none.
    #[must_use]
    pub fn action(&self, kind: ActionKind) -> Option<&'static ActionSpec> {
        self.actions.iter().find(|action| action.kind == kind)
    }

    /// Parses a kind and its parameters, as a form, a query, JSON and the command line give them. This
    /// is the one way to an [`Action`] that somebody asks for.
    ///
    /// # Errors
    /// Names the field: an unknown kind, a missing parameter, one that the kind does not take, or a
    /// value that its parameter does not take.
    pub fn parse(
        &self,
        kind: &str,
        params: &std::collections::BTreeMap<String, String>,
    ) -> Result<Action, InputError> {
        parse::action(self, kind, params)
    }

    /// Parses what is attested with a request for an action of a kind, as a form, a query, JSON and the
    /// command line give it. This is the one way to [`Attestations`] that somebody gives.
    ///
    /// # Errors
    /// Names the field, with [`ATTESTED_PREFIX`](crate::model::attestation::ATTESTED_PREFIX) before the key: one that the kind does not take, or a
    /// value that has not its form.
    pub fn parse_attested(
        &self,
        kind: ActionKind,
        given: &std::collections::BTreeMap<String, String>,
    ) -> Result<Attestations, InputError> {
        parse::attested(self, kind, given)
    }

    /// The kinds that are the way out where an outcome is not known and nobody is primary.
    #[must_use]
    pub fn ways_out(&self) -> Vec<ActionKind> {
        let ways = self.actions.iter().filter(|action| action.way_out != WayOut::Never);
        ways.map(|action| action.kind).collect()
    }
}
