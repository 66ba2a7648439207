//! What whoever may look is shown, and the only way to it for a stakeholder (C10.2).
//!
//! [`RedactedReads`] gives out values for one [`RequestReader`] at a time: whole for somebody with an account,
//! redacted for a stakeholder. The read side behind it is private to this file, so a handler on a
//! `RedactedReads` cannot reach a value that did not go through it; and the handlers on a `ReadState` take a
//! `SignedIn`, which a stakeholder never is. Frames and refusals go through it as values do.

use super::gate::{self, credential};
use super::timeline::TimelineQuery;
use super::traces::HeldCredential;
use super::{ReadState, events, pages, reauth, refusal, render};
use crate::authority::{Denied, Reader, Stakeholder};
use crate::model::action::ActionId;
use crate::model::actor::ActorRole;
use crate::model::answer::{ActionAnswer, Overview, SessionAnswer};
use crate::model::compared::Compared;
use crate::model::redact::Redact;
use crate::model::refusal::Refusal;
use crate::model::spec::{Catalogue, KernelSpec};
use crate::model::status::{Blocking, ClusterStatus};
use crate::model::text::ActorName;
use crate::ui::{ConsoleScope, Frame, OverviewView, Page, ProofShown, TimelineView};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

/// The state of the routes that stakeholders see too.
#[derive(Clone)]
pub(super) struct RedactedReads {
    reading: ReadState,
}

/// Somebody who looks, with the credential that was held out.
pub(super) struct RequestReader {
    onlooker: Reader,
    held: HeldCredential,
}

impl FromRequestParts<RedactedReads> for RequestReader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &RedactedReads) -> Result<Self, Response> {
        let reading = &site.reading;
        let held = credential(&parts.headers, &reading.cookie);
        match held.ok_or_else(Denied::without_credential).and_then(|held| look(reading, held)) {
            Ok(onlooking) => Ok(onlooking),
            Err(denied) => Err(gate::unseen(reading, parts, denied).await),
        }
    }
}

fn look(reading: &ReadState, held: crate::authority::Credential) -> Result<RequestReader, Denied> {
    let onlooker = match reading.authority.onlooker(&held, reading.clock.now())? {
        Reader::Viewer(viewer) => Reader::Viewer(reading.narrowed(viewer)),
        stakeholder @ Reader::Stakeholder(_) => stakeholder,
    };
    Ok(RequestReader { onlooker, held: HeldCredential(held) })
}

impl RequestReader {
    /// A value as this onlooker may see it, and a refusal just so.
    fn sees<T: Redact>(&self, spec: &KernelSpec, found: Result<T, Refusal>) -> Result<T, Refusal> {
        match &self.onlooker {
            Reader::Viewer(_) => found,
            Reader::Stakeholder(_) => found.redacted(spec),
        }
    }

    /// A value as this onlooker may see it.
    fn sees_of<T: Redact>(&self, spec: &KernelSpec, value: T) -> T {
        match &self.onlooker {
            Reader::Viewer(_) => value,
            Reader::Stakeholder(_) => value.redacted(spec),
        }
    }

    /// Who looks, where that is somebody with an account.
    pub(super) fn name(&self) -> Option<ActorName> {
        match &self.onlooker {
            Reader::Viewer(viewer) => Some(viewer.actor().name.clone()),
            Reader::Stakeholder(_) => None,
        }
    }

    /// What was asked for, where asking it tells nothing that the answer hides: which records are of an
    /// account would say its name.
    fn may_ask(&self, asked: TimelineQuery) -> Result<TimelineQuery, Refusal> {
        match &self.onlooker {
            Reader::Stakeholder(link) if asked.filter.actor.is_some() => Err(hidden_from(link)),
            Reader::Stakeholder(_) | Reader::Viewer(_) => Ok(asked),
        }
    }

    /// The action of this id, where this onlooker may see it.
    fn names(&self, id: &str) -> Result<ActionId, Refusal> {
        let id = ActionId::parse(id)?;
        self.may_see(id).map(|()| id)
    }

    /// The role in which somebody looks.
    pub(super) fn role(&self) -> ActorRole {
        self.onlooker.actor().role
    }

    /// Whether an action is among what this onlooker may see.
    fn may_see(&self, id: ActionId) -> Result<(), Refusal> {
        match &self.onlooker {
            Reader::Stakeholder(link) if link.shows() != Some(id) => Err(hidden_from(link)),
            Reader::Stakeholder(_) | Reader::Viewer(_) => Ok(()),
        }
    }
}

/// The answer to a look at what a link does not show.
fn hidden_from(link: &Stakeholder) -> Refusal {
    let (actor, required) = (link.actor().clone(), ActorRole::Observer);
    Denied::NotPermitted { actor, required }.refusal()
}

impl RedactedReads {
    pub(super) fn new(reading: &ReadState) -> Self {
        Self { reading: reading.clone() }
    }

    /// What the kernel says of itself.
    pub(super) fn spec(&self) -> &'static KernelSpec {
        self.reading.read.spec()
    }

    /// The same, to look words up in.
    pub(super) fn catalogue(&self) -> Catalogue {
        self.reading.read.catalogue()
    }

    /// Everything that the overview shows.
    pub(super) async fn overview(&self, by: &RequestReader) -> Result<Overview, Refusal> {
        let overview = by.sees(self.reading.read.spec(), self.reading.read.overview().await)?;
        self.reading.shown(&by.held, by.onlooker.expires_at(), &overview.state);
        Ok(overview)
    }

    /// What stands on every page.
    pub(super) async fn status(&self, by: &RequestReader) -> ClusterStatus {
        by.sees_of(self.spec(), self.reading.read.status().await)
    }

    /// The same, beside an overview that was made.
    pub(super) fn status_beside(&self, by: &RequestReader, shown: &Overview) -> ClusterStatus {
        let Overview { state, in_doubt, freeze, .. } = shown.clone();
        let status = self.reading.read.status_over(state, Blocking { in_doubt, freeze });
        by.sees_of(self.spec(), status)
    }

    /// The same, with what this session was shown before.
    pub(super) async fn traced(&self, by: &RequestReader) -> Result<OverviewView, Refusal> {
        let overview = by.sees(self.reading.read.spec(), self.reading.read.overview().await)?;
        let trace = self.reading.shown(&by.held, by.onlooker.expires_at(), &overview.state);
        Ok(OverviewView { overview, trace })
    }

    /// What a form would ask whoever looks for; nothing is ever asked of somebody with a link.
    pub(super) fn proof(&self, by: &RequestReader) -> ProofShown {
        match &by.onlooker {
            Reader::Viewer(viewer) => reauth::shown_to(viewer, &self.reading.others),
            Reader::Stakeholder(_) => ProofShown::Recent,
        }
    }

    /// A page of what happened.
    pub(super) async fn timeline(
        &self,
        by: &RequestReader,
        asked: Result<TimelineQuery, Refusal>,
    ) -> Result<TimelineView, Refusal> {
        let asked = asked.and_then(|asked| by.may_ask(asked))?;
        let told = self.reading.read.timeline(&asked.filter, asked.before, asked.limit).await;
        Ok(asked.view(by.sees(self.reading.read.spec(), told)?))
    }

    /// One action.
    pub(super) async fn action(
        &self,
        by: &RequestReader,
        id: &str,
    ) -> Result<ActionAnswer, Refusal> {
        let found = match by.names(id) {
            Ok(id) => self.reading.read.action(id).await,
            Err(why) => Err(why),
        };
        by.sees(self.reading.read.spec(), found)
    }

    /// What one action is bound to, then and now.
    pub(super) async fn compared(&self, by: &RequestReader, id: &str) -> Result<Compared, Refusal> {
        let found = match by.names(id) {
            Ok(id) => self.reading.read.compared(id).await,
            Err(why) => Err(why),
        };
        by.sees(self.reading.read.spec(), found)
    }

    /// That something changed: two numbers, which are the same for everybody.
    pub(super) fn events(&self, by: RequestReader) -> Result<Response, Refusal> {
        events::stream(&self.reading, by.held.0)
    }

    /// Draws a page that says with its status what it could not show.
    pub(super) async fn draw(
        &self,
        by: &RequestReader,
        page: Page,
        status: StatusCode,
    ) -> Response {
        framed(&self.reading, &by.onlooker, page, status).await
    }

    /// Draws a page, or the refusal that came instead of it.
    pub(super) async fn answer(&self, by: &RequestReader, page: Result<Page, Refusal>) -> Response {
        drawn(&self.reading, &by.onlooker, page).await
    }
}

/// Draws the refusal of somebody who is known and may not, as a page for exactly that reader.
pub(super) async fn turned_away(
    reading: &ReadState,
    held: Option<&crate::authority::Credential>,
    why: Refusal,
) -> Response {
    let onlooker = held.and_then(|h| reading.authority.onlooker(h, reading.clock.now()).ok());
    match onlooker {
        Some(Reader::Viewer(viewer)) => {
            let viewer = Reader::Viewer(reading.narrowed(viewer));
            drawn(reading, &viewer, Err(why)).await
        }
        Some(stakeholder) => drawn(reading, &stakeholder, Err(why)).await,
        None => pages::refused(reading, None, why).await,
    }
}

async fn drawn(reading: &ReadState, by: &Reader, page: Result<Page, Refusal>) -> Response {
    let (page, status) = match page {
        Ok(page) => (page, StatusCode::OK),
        Err(why) => {
            let status = refusal::status(why.code);
            let why = match by {
                Reader::Viewer(_) => why,
                Reader::Stakeholder(_) => why.redacted(reading.read.spec()),
            };
            (Page::Refused(Box::new(why)), status)
        }
    };
    framed(reading, by, page, status).await
}

async fn framed(reading: &ReadState, by: &Reader, page: Page, status: StatusCode) -> Response {
    let actor = by.actor();
    let session = SessionAnswer {
        name: actor.name.clone(),
        role: actor.role,
        token: None,
        expires_at: by.expires_at(),
    };
    let frame = pages::frame(reading, Some(session), &page).await;
    let frame = match by {
        Reader::Viewer(_) => frame,
        Reader::Stakeholder(link) => {
            Frame { shows: link.shows(), ..frame.redacted(reading.read.spec()) }
        }
    };
    render::page(&reading.leptos, frame, page, status).await
}

impl Redact for Frame {
    fn redacted(self, of: &KernelSpec) -> Self {
        let Self {
            identity,
            environment,
            status,
            spec,
            session,
            unrecordable,
            mismatch,
            preferences,
            freeze_id,
            console: _,
            can_sign_out,
            shows,
        } = self;
        Self {
            identity,
            environment,
            status: status.redacted(of),
            spec,
            // Its own name, which stands in the link's record.
            session,
            unrecordable: unrecordable.redacted(of),
            mismatch: mismatch.redacted(of),
            preferences,
            freeze_id,
            // Nothing on a page of a stakeholder leads to a route that writes.
            console: ConsoleScope::ReadOnly,
            // But one: whoever looks may stop looking.
            can_sign_out,
            shows,
        }
    }
}
