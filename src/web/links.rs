//! The handlers of links for stakeholders: opening one, exchanging it, issuing and revoking one; and of
//! tokens of programs: revoking one.
//!
//! Opening is a GET and uses nothing up; the form on the page it shows exchanges the link. What follows
//! links by itself, such as the scanner of a mail server, sends no form.

use super::fields::{ClientFormat, Fields};
use super::login::{recorded, with_session};
use super::query::Segment;
use super::throttle::Origin;
use super::{ReadState, Transport, WriteState, pages, refusal};
use crate::authority::Operator;
use crate::authority::links::LinkRequest;
use crate::model::action::ActionId;
use crate::model::link::{LinkAnswer, parse_lasts_ms, parse_scope};
use crate::model::refusal::Refusal;
use crate::model::text::{ActorName, InputError};
use crate::ui::{IssuedView, OpenLink, Page};
use axum::Json;
use axum::extract::State;
use axum::http::header::{self, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Serialize;

/// `GET /link/{token}`: the page with the form that exchanges the link. Whether the link is good is
/// found when it is used.
pub(super) async fn open(State(site): State<ReadState>, Segment(token): Segment) -> Response {
    let page = OpenLink { token, refusal: None };
    pages::draw(&site, None, Page::OpenLink(page), StatusCode::OK).await
}

/// `POST /link`: the link becomes a session, in a cookie of this browser.
pub(super) async fn exchange(
    uri: Uri,
    from: Origin,
    State(site): State<WriteState>,
    body: Result<Fields, Refusal>,
) -> Response {
    let mut page = OpenLink::default();
    let outcome = match body.and_then(|fields| sent(fields, &mut page).map_err(Refusal::from)) {
        Ok(()) => site.browsers.redeem_link(&page.token).await,
        Err(why) => Err(why),
    };
    let why = match outcome {
        Ok(session) => return with_session(&site, &session, "/"),
        Err(why) => recorded(&site, from, &uri, why).await,
    };
    let status = refusal::status(why.code);
    page.refusal = Some(why);
    pages::draw(&site.reading, None, Page::OpenLink(page), status).await
}

fn sent(mut fields: Fields, page: &mut OpenLink) -> Result<(), InputError> {
    page.token = fields.text("token")?;
    fields.finish()
}

/// `POST /links`: issues a link. The answer is the one place that ever shows its secret, so it is no
/// redirection.
pub(super) async fn issue(
    door: ClientFormat,
    operator: Operator,
    headers: HeaderMap,
    State(site): State<WriteState>,
    body: Result<Fields, Refusal>,
) -> Response {
    let issued = match body.and_then(|fields| wanted(fields).map_err(Refusal::from)) {
        Ok(wanted) => site.access.issue_link(&operator, wanted).await,
        Err(why) => Err(why),
    };
    match (door, issued) {
        (_, Err(why)) => declined(&site, &operator, door, "issue a link", why).await,
        (ClientFormat::Api, Ok(answer)) => (created(&answer), Json(answer)).into_response(),
        (ClientFormat::Page, Ok(answer)) => {
            let status = created(&answer);
            let address = answer
                .path
                .as_ref()
                .map(|path| format!("{}{path}", here(&headers, site.reading.transport)));
            let page = Page::Issued(Box::new(IssuedView { answer, address }));
            pages::draw(&site.reading, Some(operator.viewer()), page, status).await
        }
    }
}

fn created(answer: &LinkAnswer) -> StatusCode {
    if answer.duplicate { StatusCode::OK } else { StatusCode::CREATED }
}

fn wanted(mut fields: Fields) -> Result<LinkRequest, InputError> {
    let typed = fields.text("link_id")?;
    let id = ActionId::parse(&typed)
        .map_err(|error| InputError::new("link_id", &typed, error.required))?;
    let name = ActorName::parse(&fields.text("name")?)?;
    let shows = parse_scope(fields.text("scope")?.trim())?;
    let lasts_ms = parse_lasts_ms("expires", &fields.text("expires")?)?;
    fields.finish()?;
    Ok(LinkRequest { id, name, shows, lasts_ms })
}

/// `POST /links/{id}/revoke`: the link and its session end.
pub(super) async fn revoke(
    door: ClientFormat,
    operator: Operator,
    State(site): State<WriteState>,
    Segment(id): Segment,
    body: Result<Fields, Refusal>,
) -> Response {
    let named = body.and_then(|fields| Ok(fields.finish()?)).and_then(|()| {
        let wrong = |error: InputError| InputError::new("id", &id, error.required).into();
        ActionId::parse(&id).map_err(wrong)
    });
    let revoked = match named {
        Ok(id) => site.access.revoke_link(&operator, id).await,
        Err(why) => Err(why),
    };
    ended(&site, &operator, door, "revoke a link", revoked).await
}

/// `POST /tokens/{name}/revoke`: the token of a program ends.
pub(super) async fn revoke_token(
    door: ClientFormat,
    operator: Operator,
    State(site): State<WriteState>,
    Segment(name): Segment,
    body: Result<Fields, Refusal>,
) -> Response {
    let named = body.and_then(|fields| Ok(fields.finish()?));
    let named = named.and_then(|()| ActorName::parse(&name).map_err(Refusal::from));
    let revoked = match named {
        Ok(name) => site.access.revoke_token(&operator, name).await,
        Err(why) => Err(why),
    };
    ended(&site, &operator, door, "revoke a token", revoked).await
}

/// What a revocation answers at each door.
async fn ended<T: Serialize>(
    site: &WriteState,
    operator: &Operator,
    door: ClientFormat,
    attempt: &str,
    revoked: Result<T, Refusal>,
) -> Response {
    match (door, revoked) {
        (_, Err(why)) => declined(site, operator, door, attempt, why).await,
        (ClientFormat::Api, Ok(answer)) => Json(answer).into_response(),
        (ClientFormat::Page, Ok(_)) => Redirect::to("/access").into_response(),
    }
}

/// Records an attempt that was refused (C9.4), and says so.
async fn declined(
    site: &WriteState,
    operator: &Operator,
    door: ClientFormat,
    attempt: &str,
    why: Refusal,
) -> Response {
    let why = site.workflow.decline(operator, None, attempt, why).await;
    match door {
        ClientFormat::Api => why.into_response(),
        ClientFormat::Page => pages::refused(&site.reading, Some(operator.viewer()), why).await,
    }
}

/// The site as the browser that sent the form calls it. `same_site` has compared both headers.
fn here(headers: &HeaderMap, transport: Transport) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin =
        text(header::ORIGIN).filter(|origin| origin.starts_with("http")).map(str::to_owned);
    let scheme = match transport {
        Transport::Plain => "http",
        Transport::Encrypted => "https",
    };
    let host = text(header::HOST).unwrap_or("localhost");
    origin.unwrap_or_else(|| format!("{scheme}://{host}"))
}
