//! What an explanation is bound to, held against the present.

use crate::model::action::Stage;
use crate::model::facts::FactChange;
use crate::model::pinned::Pinned;

/// One action, with the facts that its explanation is bound to, as they were and as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Where the action stands.
    pub stage: Stage,
    /// The facts of its explanation, which the digest covers.
    pub then: Pinned,
    /// The same facts in a later observation.
    pub now: Pinned,
}

impl Compared {
    /// What differs, in one fixed order: what a confirmation would be refused for.
    #[must_use]
    pub fn moved(&self) -> Vec<FactChange> {
        self.then.moved(&self.now)
    }
}
