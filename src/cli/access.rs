//! The commands about who can get in: links for stakeholders, sessions, and for an auditor everybody.

use super::Report;
use super::access_arguments::{AccessArguments, LinkArguments};
use super::client::ClientResponse;
use super::exit::Exit;
use super::failure::{Failure, RequestEffect};
use super::output::complain;
use super::remote::{RemoteServer, fresh_id, report, under};
use crate::model::action::ActionId;
use crate::model::body::{LinkBody, NothingBody};
use crate::model::link::{AccessAnswer, EverybodyAnswer, LinkAnswer, TokenAnswer};
use crate::model::text::ActorName;
use crate::text;

impl RemoteServer<'_> {
    /// Issues a link. Its secret is in this answer and nowhere else; on standard output its address
    /// stands alone, so that a script can take it.
    pub(super) fn link_issue(
        &self,
        options: &LinkArguments,
        as_json: bool,
    ) -> Result<Report, Failure> {
        let link_id = options.link_id.map_or_else(fresh_id, Ok)?;
        let body = LinkBody {
            link_id: link_id.to_string(),
            name: options.name.clone(),
            scope: options.scope.clone(),
            expires: options.expires.clone(),
        };
        let posted = self.client()?.post::<LinkAnswer>("/links", &body, RequestEffect::Record);
        let answer = posted.map_err(|failure| under(failure, "--link-id", link_id))?;
        let (address, about) = text::link_issued(&answer.value, self.url.as_str());
        if !as_json {
            complain(about.as_str());
        }
        Ok(report(address, &answer.body, Exit::Done))
    }

    /// Withdraws a link.
    pub(super) fn link_revoke(&self, id: ActionId) -> Result<Report, Failure> {
        let path = format!("/links/{id}/revoke");
        let answer: ClientResponse<LinkAnswer> =
            self.client()?.post(&path, &NothingBody {}, RequestEffect::Record)?;
        Ok(report(text::link_revoked(&answer.value), &answer.body, Exit::Done))
    }

    /// Withdraws a token.
    pub(super) fn token_revoke(&self, name: &ActorName) -> Result<Report, Failure> {
        let path = format!("/tokens/{name}/revoke");
        let answer: ClientResponse<TokenAnswer> =
            self.client()?.post(&path, &NothingBody {}, RequestEffect::Record)?;
        Ok(report(text::token_revoked(&answer.value), &answer.body, Exit::Done))
    }

    /// The links.
    pub(super) fn links(&self) -> Result<Report, Failure> {
        let answer: ClientResponse<AccessAnswer> = self.client()?.get("/access", &[])?;
        Ok(report(text::links_of(&answer.value, &self.url.option()), &answer.body, Exit::Done))
    }

    /// The reader's own sessions, the links and the tokens; or for an auditor everybody who can get in.
    pub(super) fn access(&self, asked: &AccessArguments) -> Result<Report, Failure> {
        let list = asked.list.map(|list| ("list", list.word().to_owned()));
        let after = asked.after.clone().map(|after| ("after", after));
        let query: Vec<_> = list.into_iter().chain(after).collect();
        if asked.everybody {
            let answer: ClientResponse<EverybodyAnswer> =
                self.client()?.get("/access/all", &query)?;
            return Ok(report(
                text::everybody(&answer.value, &self.url.option()),
                &answer.body,
                Exit::Done,
            ));
        }
        let answer: ClientResponse<AccessAnswer> = self.client()?.get("/access", &query)?;
        Ok(report(text::access(&answer.value, &self.url.option()), &answer.body, Exit::Done))
    }
}
