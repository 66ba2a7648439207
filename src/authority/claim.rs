//! The second look at who acts: in the transaction that records what they do.
//!
//! A capability is made when the head of a request is read. Until its body has come, and until its
//! turn has, a role can be taken, an account removed, a session ended. So whatever an operator does
//! is recorded in a transaction that first asks again, and nothing else can make an [`Authorized`]:
//!
//! ```compile_fail,E0451
//! use aerodb_control::authority::{Authorized, Operator};
//! fn forge(operator: Operator, tx: &rusqlite::Transaction<'_>) -> Authorized<'_> {
//!     Authorized { operator, connection: tx }
//! }
//! ```

use super::{Credential, Denied, Operator, ReauthLifetime, Viewer, accounts};
use crate::model::actor::{Actor, ActorRole, Reauthentication};
use crate::model::ambient::Timestamp;
use crate::model::text::ActorName;
use rusqlite::{Connection, Transaction};

/// What stands behind an [`Operator`]: the credential that the request came with. It is worth nothing by
/// itself.
#[derive(Clone, Debug)]
pub struct Claim {
    credential: Credential,
    reauth_lifetime: ReauthLifetime,
    /// The proof that came with this very request, where a proof serves for one confirmation only.
    given: Option<Reauthentication>,
}

/// An operator, as this transaction sees them. It cannot outlive the transaction, so what it permits is
/// recorded there or not at all.
#[derive(Debug)]
pub struct Authorized<'t> {
    operator: Operator,
    connection: &'t Connection,
}

impl Claim {
    pub(super) fn new(
        credential: Credential,
        reauth_lifetime: ReauthLifetime,
        given: Option<Reauthentication>,
    ) -> Self {
        Self { credential, reauth_lifetime, given }
    }

    /// Looks again: the session has neither ended nor expired nor idled, its account is there, and the
    /// role is operator. Whether the proof of identity is recent is judged anew, and is for the caller.
    ///
    /// # Errors
    /// When one of these is not so any more, or cannot be read (C6.1).
    pub fn authorize<'t>(
        &self,
        transaction: &'t Transaction<'_>,
        now: Timestamp,
    ) -> Result<Authorized<'t>, Denied> {
        let holder = self.credential.holder(transaction, now)?;
        let is_recent = holder.proof.is_some_and(|proof| {
            self.given == Some(proof) || self.reauth_lifetime.holds(&proof, now)
        });
        let viewer = Viewer::new(holder, self.credential.clone(), is_recent);
        Ok(Authorized { operator: Operator::of(viewer)?, connection: transaction })
    }
}

impl Authorized<'_> {
    /// Who it is, as the record names them.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        self.operator.actor()
    }

    /// The operator, as they are in this transaction.
    #[must_use]
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// Whether this account is one of an operator, in this transaction.
    ///
    /// # Errors
    /// When the accounts cannot be read.
    pub fn is_operator(&self, name: &ActorName) -> Result<bool, Denied> {
        Ok(accounts::role_of(self.connection, name)? == Some(ActorRole::Operator))
    }
}
