//! The commands about who can get in: links for stakeholders, sessions, and for an auditor everybody.

use super::Report;
use super::access_arguments::LinkArguments;
use super::client::Answer;
use super::exit::Exit;
use super::failure::{Asked, Failure};
use super::remote::{Server, fresh_id, report, under};
use crate::model::action::ActionId;
use crate::model::body::{LinkBody, NothingBody};
use crate::model::link::{AccessAnswer, EverybodyAnswer, LinkAnswer};
use crate::plain;

impl Server<'_> {
    /// Issues a link. Its secret is in this answer and nowhere else.
    pub(super) fn link_issue(&self, options: &LinkArguments) -> Result<Report, Failure> {
        let link_id = options.link_id.map_or_else(fresh_id, Ok)?;
        let body = LinkBody {
            link_id: link_id.to_string(),
            name: options.name.clone(),
            scope: options.scope.clone(),
            expires: options.expires.clone(),
        };
        let posted = self.client()?.post::<LinkAnswer>("/links", &body, Asked::Record);
        let answer = posted.map_err(|failure| under(failure, "--link-id", link_id))?;
        let text = plain::link_issued(&answer.value, self.url.as_str());
        Ok(report(text, &answer.body, Exit::Done))
    }

    /// Withdraws a link.
    pub(super) fn link_revoke(&self, id: ActionId) -> Result<Report, Failure> {
        let path = format!("/links/{id}/revoke");
        let answer: Answer<LinkAnswer> =
            self.client()?.post(&path, &NothingBody {}, Asked::Record)?;
        Ok(report(plain::link_revoked(&answer.value), &answer.body, Exit::Done))
    }

    /// The links.
    pub(super) fn links(&self) -> Result<Report, Failure> {
        let answer: Answer<AccessAnswer> = self.client()?.get("/access", &[])?;
        Ok(report(plain::links(&answer.value.links), &answer.body, Exit::Done))
    }

    /// The reader's own sessions, and the links.
    pub(super) fn access(&self) -> Result<Report, Failure> {
        let answer: Answer<AccessAnswer> = self.client()?.get("/access", &[])?;
        Ok(report(plain::access(&answer.value), &answer.body, Exit::Done))
    }

    /// Everybody who can get in.
    pub(super) fn everybody(&self) -> Result<Report, Failure> {
        let answer: Answer<EverybodyAnswer> = self.client()?.get("/access/everybody", &[])?;
        Ok(report(plain::everybody(&answer.value), &answer.body, Exit::Done))
    }
}
