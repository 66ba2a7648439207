//! The values that stand for a proven role. Their fields are private; only this room makes them.

use crate::model::actor::Actor;
use crate::model::ambient::Timestamp;
use crate::model::text::ActorName;

macro_rules! capability {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// It is made for one request and is not `Clone`: what needs it later asks again.
        #[derive(Debug)]
        pub struct $name {
            viewer: Viewer,
        }

        impl $name {
            pub(super) fn new(viewer: Viewer) -> Self {
                Self { viewer }
            }

            /// Who it is, as records name them.
            #[must_use]
            pub fn actor(&self) -> &Actor {
                self.viewer.actor()
            }

            /// The same person, as somebody who only looks.
            #[must_use]
            pub fn viewer(&self) -> &Viewer {
                &self.viewer
            }
        }
    };
}

capability! {
    /// May see, with what is sensitive redacted.
    Observer
}
capability! {
    /// May ask and confirm: a person, signed in as an operator when this was made (C3.1).
    Operator
}
capability! {
    /// May see, and verify the whole log.
    Auditor
}

/// Anybody who is signed in, whatever the role.
#[derive(Debug)]
pub struct Viewer {
    actor: Actor,
    expires_at: Timestamp,
}

impl Viewer {
    pub(super) fn new(actor: Actor, expires_at: Timestamp) -> Self {
        Self { actor, expires_at }
    }

    /// Who it is, as records name them.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// When the session or token ends at the latest.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// A name whose password was checked, or whose account a set-up link just made. It starts a
/// session, and is used up by that.
#[derive(Debug)]
pub struct Proven {
    name: ActorName,
}

impl Proven {
    pub(super) fn new(name: ActorName) -> Self {
        Self { name }
    }

    /// The account.
    #[must_use]
    pub fn name(&self) -> &ActorName {
        &self.name
    }
}
