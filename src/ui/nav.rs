//! Where the pages are found: the entries that stand on every one of them.

use crate::model::actor::ActorRole;

/// The entries of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NavItem {
    /// The cluster now.
    Overview,
    /// The catalogue and the history.
    Actions,
    /// The log and the kernel side by side.
    Timeline,
    /// The ledger.
    Log,
    /// A window of the ledger, rebuilt.
    Report,
    /// Who can get in.
    Access,
    /// What every word means.
    Reference,
}

impl NavItem {
    /// Every entry, in order.
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::Actions,
        Self::Timeline,
        Self::Log,
        Self::Report,
        Self::Access,
        Self::Reference,
    ];

    /// The entries that lead somewhere for this reader.
    #[must_use]
    pub fn of(role: ActorRole) -> &'static [Self] {
        match role {
            ActorRole::Observer | ActorRole::Operator | ActorRole::Auditor => &Self::ALL,
            ActorRole::Stakeholder => &[Self::Overview, Self::Timeline],
        }
    }

    /// The entry in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Actions => "Actions",
            Self::Timeline => "Timeline",
            Self::Log => "Log",
            Self::Report => "Report",
            Self::Access => "Access",
            Self::Reference => "Reference",
        }
    }

    /// Its address.
    #[must_use]
    pub fn address(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Actions => "/actions",
            Self::Timeline => "/timeline",
            Self::Log => "/log",
            Self::Report => "/report",
            Self::Access => "/access",
            Self::Reference => "/reference",
        }
    }
}
