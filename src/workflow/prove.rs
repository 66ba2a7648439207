//! The proof of identity that an operator gives on the spot, with its record in one transaction.

use super::access::{Access, Failed};
use super::record::came_or_went;
use crate::authority::stored::session_mark;
use crate::authority::{Credential, Denied, Operator, ReauthSession, reauth};
use crate::model::invariant::Invariant;
use crate::model::record::Entry;
use crate::model::refusal::{Refusal, RefusalCode};

impl Access {
    /// Checks the password of an operator who is signed in, and gives the session another secret. Only
    /// the account of the session is asked about.
    ///
    /// # Errors
    /// `proof_failed`; `too_many_attempts`; `not_signed_in` where the session ended meanwhile;
    /// `audit_unavailable`. Nothing was changed then.
    pub async fn prove(
        &self,
        operator: &Operator,
        credential: &Credential,
        password: &str,
    ) -> Result<ReauthSession, Refusal> {
        let name = operator.actor().name.as_str();
        let proven = match self.authority.sign_in(name, password).await {
            Ok(proven) => proven,
            Err(Denied::SignInFailed) => return Err(not_the_password()),
            Err(denied) => return Err(denied.refusal()),
        };
        let (ledger, entropy, now) = self.parts();
        let credential = credential.clone();
        let renewed = self.store.write(move |tx| -> Result<ReauthSession, Failed> {
            let before = session_mark(tx, &credential)?;
            let renewed = reauth::renew(tx, &credential, proven, &*entropy, now)?;
            let marks = [session_mark(tx, &renewed.credential())?, before];
            came_or_went(tx, &ledger, renewed.actor().clone(), Entry::ProvedAgain {}, marks)?;
            Ok(renewed)
        });
        Ok(renewed.await?)
    }
}

fn not_the_password() -> Refusal {
    let mut refusal = Refusal::new(
        RefusalCode::ProofFailed,
        "The password is not the one of the account that is signed in. Nothing was done.",
    )
    .citing([Invariant::ProvedRecently]);
    refusal.field = Some("password".to_owned());
    refusal
}
