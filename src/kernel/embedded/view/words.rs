//! The words of this kernel, as types.

use crate::model::ambient::Timestamp;
use crate::model::facts::Since;
use serde::{Deserialize, Serialize};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Acknowledges writes of the current epoch.
    Primary,
    /// Follows, with a vote.
    Standby,
    /// Follows, without a vote.
    Learner,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Primary, Self::Standby, Self::Learner];

    /// The role in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::Learner => "learner",
        }
    }
}

/// What the cluster would answer a client that writes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Acknowledged when a quorum has committed it.
    Accepted,
    /// Refused, whatever the reason.
    Stopped,
}

impl Writes {
    /// Every answer.
    pub const ALL: [Self; 2] = [Self::Accepted, Self::Stopped];

    /// The answer in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Stopped => "stopped",
        }
    }
}

/// Whether an operator has stopped writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fence {
    /// No operator has stopped writes, or the stop was lifted.
    Lifted,
    /// An operator has stopped writes.
    Standing,
}

impl Fence {
    /// Both states.
    pub const ALL: [Self; 2] = [Self::Lifted, Self::Standing];

    /// The state in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lifted => "lifted",
            Self::Standing => "standing",
        }
    }
}

/// One reason why a node cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An operator took it offline.
    TakenOffline,
    /// The network does not carry its messages.
    CutOff,
    /// Its store failed.
    StoreFailed,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 3] = [Self::TakenOffline, Self::CutOff, Self::StoreFailed];

    /// The cause in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::TakenOffline => "taken_offline",
            Self::CutOff => "cut_off",
            Self::StoreFailed => "store_failed",
        }
    }
}

/// That a node cannot be reached: since when, and why. Several causes can stand at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Since when. Kept by the kernel, so it is the same after a restart.
    pub since: Timestamp,
    /// Why, as a clause that names every cause.
    pub why: String,
    /// The causes.
    pub causes: Vec<Cause>,
}

impl From<&Unreachable> for Since {
    fn from(unreachable: &Unreachable) -> Self {
        Self { since: unreachable.since, why: unreachable.why.clone() }
    }
}

impl Unreachable {
    /// Whether an operator took the node offline.
    #[must_use]
    pub fn is_taken_offline(&self) -> bool {
        self.causes.contains(&Cause::TakenOffline)
    }

    /// Whether the node would stay unreachable if it were brought online.
    #[must_use]
    pub fn has_other_cause(&self) -> bool {
        self.causes.iter().any(|cause| *cause != Cause::TakenOffline)
    }
}
