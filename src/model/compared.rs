//! What an explanation is bound to, held against the present.

use crate::model::action::{Action, ActionId, Stage};
use crate::model::ambient::Timestamp;
use crate::model::facts::FactChange;
use crate::model::pinned::Pinned;
use crate::model::text::ActorName;

/// The most actions that are named as having run meanwhile: the newest ones.
pub const LATER_ACTIONS_MAX: u32 = 2;

/// An action that ran, or may have run, after another one was explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaterAction {
    /// Its id.
    pub id: ActionId,
    /// What was asked.
    pub action: Action,
    /// Who confirmed it, the first one first.
    pub by: Vec<ActorName>,
    /// When its outcome was recorded.
    pub at: Timestamp,
}

/// One action, with the facts that its explanation is bound to, as they were and as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What was asked.
    pub action: Action,
    /// Where the action stands.
    pub stage: Stage,
    /// The facts of its explanation, which the digest covers.
    pub then: Pinned,
    /// The same facts in a later observation.
    pub now: Pinned,
    /// What ran meanwhile, newest first, at most [`LATER_ACTIONS_MAX`].
    pub later: Vec<LaterAction>,
}

impl Compared {
    /// What differs, in one fixed order: what a confirmation would be refused for.
    #[must_use]
    pub fn moved(&self) -> Vec<FactChange> {
        self.then.moved(&self.now)
    }

    /// Whether a confirmation would not be refused for what is known here.
    #[must_use]
    pub fn can_be_confirmed(&self) -> bool {
        self.stage.waits() && self.moved().is_empty()
    }
}
