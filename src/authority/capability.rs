//! The values that stand for a proven role. Their fields are private; only this room makes them.

use super::credential::CredentialHolder;
use super::{Carrier, Claim, Credential, Denied, ReauthLifetime};
use crate::model::action::ActionId;
use crate::model::actor::{
    Actor, ActorRole, AuthMethod, CredentialKind, ReauthMethod, Reauthentication,
};
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

impl Operator {
    /// An operator, if this is the session of one. A token never is, whatever its role (C3.1).
    pub(super) fn of(viewer: Viewer) -> Result<Self, Denied> {
        let actor = viewer.actor();
        if actor.via == CredentialKind::Session && actor.role == ActorRole::Operator {
            Ok(Self::new(viewer))
        } else {
            let (actor, required) = (actor.clone(), ActorRole::Operator);
            Err(Denied::NotPermitted { actor, required })
        }
    }

    /// What stands behind this, to be looked at again in the transaction that records what they do:
    /// a request takes as long as its body does, and authority ends meanwhile (C3.1, C5.2).
    pub(super) fn claim(&self, reauth_lifetime: ReauthLifetime) -> Claim {
        let Viewer { credential, proof, is_proof_recent, .. } = &self.viewer;
        // With no time at all a proof serves for the confirmation that it came with.
        let given = proof.filter(|_| *is_proof_recent && reauth_lifetime.is_for_one_confirmation());
        Claim::new(credential.clone(), reauth_lifetime, given)
    }
}

/// Whoever may look at what a link shows.
#[derive(Debug)]
pub enum Reader {
    /// Somebody with an account, or a program: sees all of it.
    Viewer(Viewer),
    /// Somebody with a link: sees what it names, with what is sensitive redacted.
    Stakeholder(Stakeholder),
}

impl Reader {
    /// Who it is, as records name them.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        match self {
            Self::Viewer(viewer) => viewer.actor(),
            Self::Stakeholder(stakeholder) => stakeholder.actor(),
        }
    }

    /// When the session or token ends at the latest.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        match self {
            Self::Viewer(viewer) => viewer.expires_at(),
            Self::Stakeholder(stakeholder) => stakeholder.expires_at,
        }
    }
}

/// Somebody who looks through a link. It is not, and has no, [`Viewer`]: no other capability can be
/// made of it, and a function that takes one cannot be called with it.
#[derive(Debug)]
pub struct Stakeholder {
    actor: Actor,
    shows: Option<ActionId>,
    expires_at: Timestamp,
}

impl Stakeholder {
    pub(super) fn new(actor: Actor, shows: Option<ActionId>, expires_at: Timestamp) -> Self {
        Self { actor, shows, expires_at }
    }

    /// The link, as records name it.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The one action that it shows beside the cluster and the timeline.
    #[must_use]
    pub fn shows(&self) -> Option<ActionId> {
        self.shows
    }
}

/// Anybody who is signed in with an account, and any program, whatever the role.
#[derive(Debug)]
pub struct Viewer {
    actor: Actor,
    expires_at: Timestamp,
    begun_by: Option<AuthMethod>,
    proof: Option<Reauthentication>,
    is_proof_recent: bool,
    credential: Credential,
}

impl Viewer {
    /// Whoever holds this credential; whether their proof is recent was judged when this is made.
    pub(super) fn new(
        holder: CredentialHolder,
        credential: Credential,
        is_proof_recent: bool,
    ) -> Self {
        let CredentialHolder { actor, expires_at, begun_by, proof, last_seen: _ } = holder;
        Self { actor, expires_at, begun_by, proof, is_proof_recent, credential }
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

    /// By what the session began: whoever vouched for the person then is asked again. A program has no
    /// session.
    #[must_use]
    pub fn begun_by(&self) -> Option<AuthMethod> {
        self.begun_by
    }

    /// When and how this person last proved who they are; a program never does.
    #[must_use]
    pub fn proof(&self) -> Option<Reauthentication> {
        self.proof
    }

    /// Whether that was recent enough for a disruptive action, by the clock of this request.
    #[must_use]
    pub fn proved_recently(&self) -> bool {
        self.proof.is_some() && self.is_proof_recent
    }

    /// The same person as an observer, whatever the role: where nothing can be done, nobody is shown
    /// what they could do.
    #[must_use]
    pub fn narrowed(self) -> Self {
        let Actor { name, role: _, via } = self.actor;
        Self { actor: Actor { name, role: ActorRole::Observer, via }, ..self }
    }
}

/// A person who proved to have this account, by whatever means. It starts a session, and is used up
/// by that: every way to sign in ends in one of these.
#[derive(Debug)]
pub struct Proven {
    name: ActorName,
    by: AuthMethod,
    proof: ProvedAt,
    carrier: Carrier,
}

/// When a person proved who they are.
#[derive(Debug)]
enum ProvedAt {
    /// As they sign in.
    Now,
    /// To a provider, then.
    There(Timestamp),
    /// Nobody says. The word of somebody else that it is the person is no proof of this moment: whoever
    /// sits down at a browser that was left open has it as well.
    Unknown,
}

impl Proven {
    fn of(name: ActorName, by: AuthMethod, proof: ProvedAt) -> Self {
        Self { name, by, proof, carrier: Carrier::Bearer }
    }

    /// The same person, whose session will be carried in this way.
    #[must_use]
    pub fn carried(self, carrier: Carrier) -> Self {
        Self { carrier, ..self }
    }

    /// How the session will be carried.
    pub(super) fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// Somebody who knew the password.
    pub(super) fn by_password(name: ActorName) -> Self {
        Self::of(name, AuthMethod::Password, ProvedAt::Now)
    }

    /// Somebody who held the set-up link.
    pub(super) fn by_setup_link(name: ActorName) -> Self {
        Self::of(name, AuthMethod::SetupLink, ProvedAt::Now)
    }

    /// Somebody whom a provider vouches for, and when they proved it there if it says so.
    pub(super) fn by_provider(name: ActorName, at: Option<Timestamp>) -> Self {
        let proof = at.map_or(ProvedAt::Unknown, ProvedAt::There);
        Self::of(name, AuthMethod::Openid, proof)
    }

    /// Somebody whom a proxy names.
    pub(super) fn by_proxy(name: ActorName) -> Self {
        Self::of(name, AuthMethod::Proxy, ProvedAt::Unknown)
    }

    /// The proof of a session that begins now; `None` where it is not known when there was one.
    pub(super) fn proof(&self, now: Timestamp) -> Option<Reauthentication> {
        match self.proof {
            ProvedAt::Now => Some(Reauthentication { at: now, by: ReauthMethod::SignIn }),
            ProvedAt::There(at) => Some(Reauthentication { at, by: ReauthMethod::Provider }),
            ProvedAt::Unknown => None,
        }
    }

    /// The authentication method that proved it.
    #[must_use]
    pub fn by(&self) -> AuthMethod {
        self.by
    }

    /// The account that was proven.
    #[must_use]
    pub fn name(&self) -> &ActorName {
        &self.name
    }
}
