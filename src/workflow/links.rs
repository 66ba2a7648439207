//! An operator issues and revokes links for stakeholders, and a link is exchanged for its session; an
//! operator revokes tokens of programs. Each
//! change has its record in the same transaction. Nothing ends a link but its time and an operator.

use super::access::{Access, Failed};
use super::record::{act_in, came_or_went};
use crate::authority::links::{self, IssuedLink, LinkRequest, LinkRevocation};
use crate::authority::stored::secret_mark;
use crate::authority::{Operator, Secret, tokens};
use crate::model::action::ActionId;
use crate::model::actor::ActorRole;
use crate::model::answer::SessionAnswer;
use crate::model::link::{LinkAnswer, TokenAnswer};
use crate::model::record::{Delivery, Entry};
use crate::model::refusal::Refusal;
use crate::model::text::ActorName;
use crate::observe::{no_such_action, unreadable};

impl Access {
    /// Issues a link. The same link again issues nothing, however late it arrives: it is answered
    /// without the secret, which nobody knows any more (C7.2).
    ///
    /// # Errors
    /// `input_invalid`, also when the name is taken or the time too long; `not_found` where the action
    /// that it shows does not exist; `action_id_reused`; `audit_unavailable`. The caller records it.
    pub async fn issue_link(
        &self,
        operator: &Operator,
        wanted: LinkRequest,
    ) -> Result<LinkAnswer, Refusal> {
        if let Some(id) = wanted.shows {
            let steps = self.ledger.reader().steps(id).map_err(unreadable)?;
            if steps.is_empty() {
                return Err(no_such_action(id));
            }
        }
        let claim = self.authority.claim(operator);
        let (ledger, entropy, now) = self.parts();
        let issued = self.store.write(move |tx| -> Result<LinkAnswer, Failed> {
            let who = claim.authorize(tx, ledger.now())?;
            let issued = links::issue(tx, &who.actor().name, wanted, &*entropy, now)?;
            let (entry, mark, answer) = match issued {
                IssuedLink::New(link, secret) => {
                    let entry = Entry::LinkIssued {
                        link_id: link.id,
                        name: link.name.clone(),
                        shows: link.shows,
                        expires_at: link.expires_at,
                    };
                    let mark = Some(secret_mark(&secret));
                    (entry, mark, LinkAnswer { link, path: Some(path(&secret)), duplicate: false })
                }
                IssuedLink::Before(link) => {
                    let entry = Entry::Duplicate { delivery: Delivery::Link, shown: None };
                    (entry, None, LinkAnswer { link, path: None, duplicate: true })
                }
            };
            act_in(tx, &ledger, &who, (entry, mark))?;
            Ok(answer)
        });
        Ok(issued.await?)
    }

    /// Revokes a link: from the next request on neither it nor its session is worth anything.
    ///
    /// # Errors
    /// `not_found`; `audit_unavailable`. The caller records it.
    pub async fn revoke_link(
        &self,
        operator: &Operator,
        link_id: ActionId,
    ) -> Result<LinkAnswer, Refusal> {
        let claim = self.authority.claim(operator);
        let (ledger, _, now) = self.parts();
        let revoked = self.store.write(move |tx| -> Result<LinkAnswer, Failed> {
            let who = claim.authorize(tx, ledger.now())?;
            let (entry, link, duplicate) = match links::revoke(tx, link_id, now)? {
                LinkRevocation::Now(link) => (Entry::LinkRevoked { link_id }, link, false),
                LinkRevocation::Before(link) => {
                    let delivery = Delivery::LinkRevocation;
                    (Entry::Duplicate { delivery, shown: None }, link, true)
                }
            };
            act_in(tx, &ledger, &who, (entry, None))?;
            Ok(LinkAnswer { link, path: None, duplicate })
        });
        Ok(revoked.await?)
    }

    /// Revokes a token of a program: from the next request on it is worth nothing.
    ///
    /// # Errors
    /// `not_found`; `audit_unavailable`. The caller records it.
    pub async fn revoke_token(
        &self,
        operator: &Operator,
        name: ActorName,
    ) -> Result<TokenAnswer, Refusal> {
        let claim = self.authority.claim(operator);
        let (ledger, _, now) = self.parts();
        let revoked = self.store.write(move |tx| -> Result<TokenAnswer, Failed> {
            let who = claim.authorize(tx, ledger.now())?;
            let (entry, token, duplicate) = match tokens::revoke(tx, &name, now)? {
                tokens::TokenRevocation::Now(token) => (Entry::TokenRevoked { name }, token, false),
                tokens::TokenRevocation::Before(token) => {
                    let delivery = Delivery::TokenRevocation;
                    (Entry::Duplicate { delivery, shown: None }, token, true)
                }
            };
            act_in(tx, &ledger, &who, (entry, None))?;
            Ok(TokenAnswer { token, duplicate })
        });
        Ok(revoked.await?)
    }

    /// Exchanges a link for its session. The link opens nothing any more.
    ///
    /// # Errors
    /// `link_spent`, whatever is wrong with it; `audit_unavailable`. The caller records it.
    pub async fn redeem_link(&self, link: &str) -> Result<SessionAnswer, Refusal> {
        let (ledger, entropy, now) = self.parts();
        let (link, carrier) = (link.to_owned(), self.carrier);
        let opened = self.store.write(move |tx| -> Result<SessionAnswer, Failed> {
            let opened = links::redeem(tx, &link, carrier, &*entropy, now)?;
            let name = opened.actor.name.clone();
            let used = Entry::LinkUsed { link_id: opened.id };
            let marks = [Some(secret_mark(&opened.secret)), None];
            came_or_went(tx, &ledger, opened.actor, used, marks)?;
            let token = Some(opened.secret.reveal().to_owned());
            let (role, expires_at) = (ActorRole::Stakeholder, opened.expires_at);
            Ok(SessionAnswer { name, role, token, expires_at })
        });
        Ok(opened.await?)
    }
}

/// Where the page is that opens a link.
fn path(secret: &Secret) -> String {
    format!("/link/{}", secret.reveal())
}
