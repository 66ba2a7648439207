//! Signing in by the word of others: of a provider of OpenID Connect, or of a proxy. Whatever the word
//! changes has its record in the same transaction, and so has every word that lets nobody in (C9.4).

use super::access::{Access, Failed, begin};
use super::record::came_or_went;
use crate::authority::providers::{self, News, ProviderSignIn};
use crate::authority::{Denied, Proven};
use crate::identity::{ProxyName, VerifiedIdentity};
use crate::ledger::{Draft, Ledger};
use crate::model::actor::{Actor, ActorRole, CredentialKind, ProviderIdentity};
use crate::model::answer::SessionAnswer;
use crate::model::record::Entry;
use crate::model::refusal::Refusal;
use rusqlite::Transaction;

impl Access {
    /// Signs in whom a provider vouched for. Who comes for the first time gets an account; who has
    /// another role than before loses the sessions of that role; who has none any more loses all.
    /// `attempt` is what a record of a denial names.
    ///
    /// # Errors
    /// `not_admitted`, recorded; `audit_unavailable`.
    pub async fn sign_in_vouched(
        &self,
        vouched: VerifiedIdentity,
        attempt: String,
    ) -> Result<SessionAnswer, Refusal> {
        let (ledger, entropy, now) = self.parts();
        let carrier = self.carrier;
        let begun = self.store.write(move |tx| -> Result<_, Failed> {
            match providers::admit(tx, &vouched, now)? {
                ProviderSignIn::In { proven, role, news } => {
                    tell(tx, &ledger, &vouched, &proven, role, news)?;
                    begin(tx, &ledger, proven.carried(carrier), &*entropy, now).map(Ok)
                }
                ProviderSignIn::Out { name, sessions_ended, denied } => {
                    let mut refusal = about(denied.refusal(), vouched.identity());
                    if let Some(name) = name.filter(|_| sessions_ended > 0) {
                        refusal.sentence.push_str(&format!(
                            " What {name} had open was ended: {sessions_ended}."
                        ));
                    }
                    deny(tx, &ledger, attempt, &refusal)?;
                    Ok(Err(refusal))
                }
            }
        });
        begun.await?
    }

    /// Signs in whom a proxy named.
    ///
    /// # Errors
    /// `not_admitted`, recorded; `audit_unavailable`.
    pub async fn sign_in_named(
        &self,
        named: ProxyName,
        attempt: String,
    ) -> Result<SessionAnswer, Refusal> {
        let (ledger, entropy, now) = self.parts();
        let carrier = self.carrier;
        let begun = self.store.write(move |tx| -> Result<_, Failed> {
            match providers::of_proxy(tx, &named) {
                Ok(proven) => begin(tx, &ledger, proven.carried(carrier), &*entropy, now).map(Ok),
                Err(denied @ Denied::NotOfProxy(_)) => {
                    let refusal = denied.refusal();
                    deny(tx, &ledger, attempt, &refusal)?;
                    Ok(Err(refusal))
                }
                Err(other) => Err(other.into()),
            }
        });
        begun.await?
    }
}

/// Records what the word of a provider changed, by the person whom it is about.
fn tell(
    tx: &Transaction<'_>,
    ledger: &Ledger,
    vouched: &VerifiedIdentity,
    proven: &Proven,
    role: ActorRole,
    news: News,
) -> Result<(), Failed> {
    let name = proven.name().clone();
    let entry = match news {
        News::Nothing => return Ok(()),
        News::Created => {
            let identity = Some(vouched.identity().clone());
            Entry::AccountCreated { name: name.clone(), role, identity }
        }
        News::Role(change) => Entry::RoleChanged {
            name: name.clone(),
            from: change.from,
            to: role,
            sessions_ended: change.sessions_ended,
        },
    };
    let actor = Actor { name, role, via: CredentialKind::Openid };
    came_or_went(tx, ledger, actor, entry, [None, None])
}

fn deny(
    tx: &Transaction<'_>,
    ledger: &Ledger,
    attempt: String,
    refusal: &Refusal,
) -> Result<(), Failed> {
    let entry = Entry::Denied { attempt, refusal: refusal.clone(), times: None };
    ledger.append_in(tx, vec![Draft::new(None, None, entry)])?;
    Ok(())
}

/// The refusal, saying of whom the provider spoke: an account may not exist to name.
fn about(mut refusal: Refusal, who: &ProviderIdentity) -> Refusal {
    let ProviderIdentity { issuer, subject } = who;
    let found = refusal.found.unwrap_or_default();
    refusal.found = Some(format!("{subject} of {issuer}: {found}"));
    refusal
}
