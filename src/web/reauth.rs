//! Whether somebody is asked to prove who they are; and a password that came with a confirmation, checked
//! on the spot, in the session that sent it.
//!
//! Wrong ones have a limit in each session, and a wrong one is on record without what was typed. A right
//! one gives the session another secret, which the answer carries as the cookie.

use super::WriteState;
use super::gate::{attempt, credential};
use super::login::{DelayedRefusal, admitted};
use super::throttle::AuthAttempt;
use crate::authority::{Credential, Denied, Operator, Viewer};
use crate::model::action::ActionId;
use crate::model::actor::AuthMethod;
use crate::ui::{OtherWays, ProofShown};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Uri};
use std::convert::Infallible;

/// What a form asks this person for: whom a provider vouches for has no password, and goes back there.
pub(super) fn shown_to(viewer: &Viewer, others: &OtherWays) -> ProofShown {
    match (viewer.proved_recently(), viewer.begun_by(), &others.provider) {
        (true, _, _) => ProofShown::Recent,
        (false, Some(AuthMethod::Openid), Some(provider)) => {
            ProofShown::AskedThere(provider.clone())
        }
        (false, Some(AuthMethod::Openid), None) => ProofShown::Nowhere,
        (false, _, _) => ProofShown::Asked,
    }
}

/// Where a request came from, and what it carried.
pub(super) struct ReauthForm {
    uri: Uri,
    held: Option<Credential>,
}

impl FromRequestParts<WriteState> for ReauthForm {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &WriteState) -> Result<Self, Infallible> {
        let held = credential(&parts.headers, &site.reading.cookie);
        Ok(Self { uri: parts.uri.clone(), held })
    }
}

impl ReauthForm {
    /// Whoever asks, proved just now, and the cookie with the new secret of the session.
    ///
    /// # Errors
    /// Gives the operator back, as they were, with the refusal; it is on record. Nothing was done.
    pub(super) async fn prove(
        self,
        site: &WriteState,
        operator: Operator,
        id: Option<ActionId>,
        password: &str,
    ) -> Result<(Operator, HeaderValue), (Operator, DelayedRefusal)> {
        let Some(held) = &self.held else {
            return Err((operator, DelayedRefusal::not(Denied::without_credential().refusal())));
        };
        // A limit of its own: who guesses elsewhere takes nothing from somebody who is signed in.
        let tried = AuthAttempt::InSession(held.clone());
        if let Err(held) = admitted(site, &self.uri, &tried).await {
            return Err((operator, held));
        }
        let proved = site.access.prove(&operator, held, password).await;
        let renewed = match proved {
            Ok(renewed) => renewed,
            Err(why) => {
                let why = match id {
                    Some(id) => why.about(id),
                    None => why,
                };
                let attempt = attempt(&Method::POST, &self.uri);
                let actor = Some(operator.actor().clone());
                // Whether or not it could be recorded, nothing was done; the answer says which.
                let (Ok(why) | Err(why)) = site.workflow.deny(actor, attempt, why).await;
                return Err((operator, DelayedRefusal::for_a_second(why)));
            }
        };
        site.throttle.give_back(&tried);
        let (operator, secret) = renewed.into_parts();
        let cookie = site.reading.cookie.holding(secret.reveal());
        if let Some(new) = Credential::parse(secret.reveal()) {
            site.reading.traces.follow(held, new);
        }
        Ok((operator, cookie))
    }
}
