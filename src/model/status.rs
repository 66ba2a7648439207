//! What stands on every page: the cluster as it is observed now, and what people have begun with it.

use crate::model::action::{Action, ActionId, Stage};
use crate::model::ambient::Timestamp;
use crate::model::cluster::ClusterState;
use crate::model::pinned::{Freeze, InDoubt};
use crate::model::refusal::Refusal;
use crate::model::text::ActorName;

/// The most requests that wait which are named one by one; the others are counted.
pub const WAITING_NAMED_MAX: usize = 3;

/// An action that is not over, with who answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedAction {
    /// Its id.
    pub id: ActionId,
    /// What was asked.
    pub action: Action,
    /// Who took the last step: whoever asked while it waits, whoever confirmed it after that.
    pub by: ActorName,
    /// When that step was recorded.
    pub since: Timestamp,
    /// Where it stands.
    pub stage: Stage,
}

/// Every action that is not over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnfinishedActions {
    /// The one whose outcome is not known, which holds up every further mutation (C7.3).
    pub in_doubt: Option<UnfinishedAction>,
    /// The one that is being executed by this control plane.
    pub running: Option<UnfinishedAction>,
    /// The newest of those that wait for a confirmation, at most [`WAITING_NAMED_MAX`].
    pub waiting: Vec<UnfinishedAction>,
    /// How many wait in all.
    pub waiting_in_all: usize,
}

/// What the log puts in the way of a mutation, as it was read once for one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocking {
    /// The action whose outcome is not known.
    pub in_doubt: Option<InDoubt>,
    /// The freeze that stands.
    pub freeze: Option<Freeze>,
}

/// The answer to the first question of whoever opens a page. What could not be read says so, and the
/// rest is there all the same (C8.4).
#[derive(Clone, Debug)]
pub struct ClusterStatus {
    /// One observation, or why there is none.
    pub state: Result<ClusterState, Refusal>,
    /// The freeze that stands.
    pub freeze: Result<Option<Freeze>, Refusal>,
    /// What is not over.
    pub unfinished: Result<UnfinishedActions, Refusal>,
}
