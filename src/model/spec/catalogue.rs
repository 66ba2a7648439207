//! The specs that somebody has at hand: a server has that of its kernel, a terminal those of every kernel
//! that was compiled in, a browser none.

use super::{
    ActionSpec, ChecklistSpec, EventSpec, FactOf, FactSpec, InvariantSpec, KernelSpec, WayOut,
    parse,
};
use crate::model::action::{Action, ActionKind};
use crate::model::event::EventKind;
use crate::model::invariant::{Invariant, InvariantId};
use crate::model::text::InputError;

/// Specs to look words up in. Where two say something about a word, the first is believed; where none
/// does, the word itself is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Catalogue(&'static [KernelSpec]);

impl From<&'static KernelSpec> for Catalogue {
    fn from(spec: &'static KernelSpec) -> Self {
        Self(std::slice::from_ref(spec))
    }
}

impl Catalogue {
    /// The specs of these kernels.
    #[must_use]
    pub const fn of(specs: &'static [KernelSpec]) -> Self {
        Self(specs)
    }

    /// Every action, in order.
    pub fn actions(self) -> impl Iterator<Item = &'static ActionSpec> + Clone {
        self.0.iter().flat_map(|spec| spec.actions)
    }

    /// What is said of a kind of action.
    #[must_use]
    pub fn action(self, kind: ActionKind) -> Option<&'static ActionSpec> {
        self.actions().find(|action| action.kind == kind)
    }

    /// The action of this name.
    ///
    /// # Errors
    /// When there is none; the error lists them.
    pub fn named(self, kind: &str) -> Result<&'static ActionSpec, InputError> {
        parse::entry(self.actions(), kind)
    }

    /// Every invariant: those of the kernels, then those of the control plane.
    pub fn invariants(self) -> impl Iterator<Item = InvariantSpec> {
        let of_engines = self.0.iter().flat_map(|spec| spec.invariants).copied();
        of_engines.chain(Invariant::ALL.iter().map(|invariant| invariant.spec()))
    }

    /// What is said of an invariant.
    #[must_use]
    pub fn invariant(self, id: InvariantId) -> Option<InvariantSpec> {
        self.invariants().find(|invariant| invariant.id == id)
    }

    /// What an invariant promises; its id where nothing is said of it.
    #[must_use]
    pub fn statement(self, id: InvariantId) -> String {
        self.invariant(id).map_or_else(|| id.to_string(), |found| found.statement.to_owned())
    }

    /// Ids in the order in which invariants are shown, each once; those of other kernels last.
    #[must_use]
    pub fn in_order(self, mut ids: Vec<InvariantId>) -> Vec<InvariantId> {
        let place = |id: &InvariantId| {
            let place = self.invariants().position(|invariant| invariant.id == *id);
            (place.unwrap_or(usize::MAX), *id)
        };
        ids.sort_by_key(place);
        ids.dedup();
        ids
    }

    /// Every kind of event, in order.
    pub fn events(self) -> impl Iterator<Item = &'static EventSpec> {
        self.0.iter().flat_map(|spec| spec.events)
    }

    /// Every checklist, in order.
    pub fn checklists(self) -> impl Iterator<Item = &'static ChecklistSpec> {
        self.0.iter().flat_map(|spec| spec.checklists)
    }

    /// Whether the kernel refused something in an event of this kind.
    #[must_use]
    pub fn is_refusal(self, kind: EventKind) -> bool {
        self.events().any(|event| event.kind == kind && event.is_refusal)
    }

    /// What the number is called that grows with every change of primary: by the one kernel that is at
    /// hand, and in a neutral word where there are several or none.
    #[must_use]
    pub fn generation(self) -> String {
        let [spec] = self.0 else { return "generation".to_owned() };
        let fact = spec.fact(FactOf::Cluster, spec.position.generation);
        fact.map_or_else(|| "generation".to_owned(), FactSpec::lower_label)
    }

    /// What a branch of history is called, as [`Catalogue::generation`].
    #[must_use]
    pub fn branch(self) -> &'static str {
        let [spec] = self.0 else { return "branch" };
        spec.position.branch
    }

    /// What stays possible beside an outcome that is not known, as the end of a sentence; empty where
    /// no action is the way out.
    #[must_use]
    pub fn but_for_ways_out(self) -> String {
        let kinds = self.actions().filter(|action| action.way_out != WayOut::Never);
        let kinds: Vec<_> = kinds.map(|action| action.kind.word().replace('_', " ")).collect();
        if kinds.is_empty() {
            return String::new();
        }
        let kinds = kinds.join(" or a ");
        format!(", but for a {kinds} while nobody is primary: resolving may need a primary")
    }

    /// An action in a few words: `switchover to n2`. One of a kernel that is not at hand is said with
    /// its kind and its parameters.
    #[must_use]
    pub fn title(self, action: &Action) -> String {
        let Some(entry) = self.action(action.kind()) else {
            let params: Vec<_> = action.params().iter().map(|(n, v)| format!("{n} {v}")).collect();
            let kind = action.kind().word().replace('_', " ");
            return if params.is_empty() { kind } else { format!("{kind}: {}", params.join(", ")) };
        };
        let mut title = entry.phrase.to_owned();
        for (name, value) in action.params() {
            title = title.replace(&format!("{{{name}}}"), value);
        }
        title
    }
}
