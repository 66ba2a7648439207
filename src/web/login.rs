//! Signing in and out, and creating the first operator. These write records and sessions, and
//! never touch the cluster.

use super::fields::{Door, Fields};
use super::gate::{attempt, cookie_name, credential, turn_away};
use super::{Acting, pages, refusal};
use crate::authority::Denied;
use crate::model::answer::SessionAnswer;
use crate::model::refusal::Refusal;
use crate::model::text::InputError;
use crate::ui::{Page, SetUp, SignIn};
use axum::Json;
use axum::extract::State;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Redirect, Response};

/// `POST /login`: a name and a password become a session.
pub(super) async fn sign_in(
    door: Door,
    uri: Uri,
    State(site): State<Acting>,
    body: Result<Fields, Refusal>,
) -> Response {
    let mut page = SignIn::default();
    let outcome = match body.and_then(|fields| sent(fields, &mut page).map_err(Refusal::from)) {
        Ok((name, password)) => site.access.sign_in(&name, &password).await,
        Err(why) => Err(recorded(&site, &uri, why).await),
    };
    match (door, outcome) {
        (Door::Api, Ok(session)) => Json(session).into_response(),
        (Door::Api, Err(why)) => why.into_response(),
        (Door::Page, Ok(session)) => {
            let next = page.next.as_deref().map_or("/".to_owned(), pages::local_path);
            with_session(&site, &session, &next)
        }
        (Door::Page, Err(why)) => {
            let status = refusal::status(why.code);
            page.refusal = Some(why);
            pages::draw(&site.reading, None, Page::SignIn(page), status).await
        }
    }
}

/// Records an attempt by somebody who is not known, and gives its refusal back (C9.4). What was typed
/// is not part of the record: a password can stand in the wrong field.
pub(super) async fn recorded(site: &Acting, uri: &Uri, why: Refusal) -> Refusal {
    match site.workflow.deny(None, attempt(&Method::POST, uri), why.without_input()).await {
        Ok(_) => why,
        Err(unrecorded) => unrecorded,
    }
}

/// Reads the fields of the sign-in form; what could be read is left in `page`.
fn sent(mut fields: Fields, page: &mut SignIn) -> Result<(String, String), InputError> {
    page.next = fields.optional_text("next")?.map(|next| pages::local_path(&next));
    let name = fields.text("name")?;
    page.name = Some(name.chars().take(100).collect());
    let password = fields.text("password")?;
    fields.finish()?;
    Ok((name, password))
}

/// `POST /logout`: ends the session.
pub(super) async fn sign_out(
    door: Door,
    uri: Uri,
    State(site): State<Acting>,
    headers: HeaderMap,
) -> Response {
    let identity = &site.reading.identity;
    let held = credential(&headers, identity);
    // The session of a link is no session of an account: an operator withdraws it, or its time does.
    if let Err(denied @ Denied::NotPermitted { .. }) = site.access.viewer(held.as_ref()) {
        let attempt = attempt(&Method::POST, &uri);
        return turn_away(&site, held.as_ref(), denied, attempt, door).await;
    }
    let held = held.ok_or_else(|| Denied::without_credential().refusal());
    let ended = match held {
        Ok(held) => {
            site.reading.traces.forget(&held);
            site.access.sign_out(held).await
        }
        Err(why) => Err(why),
    };
    let ended = match ended {
        Ok(()) => Ok(()),
        Err(why) => Err(recorded(&site, &uri, why).await),
    };
    match (door, ended) {
        (Door::Api, Ok(())) => axum::http::StatusCode::NO_CONTENT.into_response(),
        (Door::Api, Err(why)) => why.into_response(),
        // A session that is gone already is signed out all the same; a record that cannot be
        // written is not.
        (Door::Page, Err(why)) if refusal::status(why.code).is_server_error() => {
            pages::refused(&site.reading, None, why).await
        }
        (Door::Page, _) => {
            let mut response = Redirect::to("/login").into_response();
            let gone =
                format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", cookie_name(identity));
            let gone = HeaderValue::from_str(&gone).expect("the cookie is plain text");
            response.headers_mut().insert(header::SET_COOKIE, gone);
            response
        }
    }
}

/// `POST /setup`: creates the first operator through the one-time link.
pub(super) async fn set_up(
    uri: Uri,
    State(site): State<Acting>,
    body: Result<Fields, Refusal>,
) -> Response {
    let mut page = SetUp { token: String::new(), name: None, refusal: None };
    let outcome = match body.and_then(|fields| first(fields, &mut page).map_err(Refusal::from)) {
        Ok((name, password)) => site.access.redeem_setup_link(&page.token, &name, &password).await,
        Err(why) => Err(recorded(&site, &uri, why).await),
    };
    match outcome {
        Ok(session) => with_session(&site, &session, "/"),
        Err(why) => {
            let status = refusal::status(why.code);
            page.refusal = Some(why);
            pages::draw(&site.reading, None, Page::SetUp(page), status).await
        }
    }
}

fn first(mut fields: Fields, page: &mut SetUp) -> Result<(String, String), InputError> {
    page.token = fields.text("token")?;
    let name = fields.text("name")?;
    page.name = Some(name.chars().take(100).collect());
    let password = fields.text("password")?;
    fields.finish()?;
    Ok((name, password))
}

/// Goes on to `next` with the session in a cookie that scripts cannot read and other sites cannot
/// send. It ends with the browser; the server ends it earlier where it is idle.
pub(super) fn with_session(site: &Acting, session: &SessionAnswer, next: &str) -> Response {
    let token = session.token.as_deref().unwrap_or_default();
    let cookie = {
        let name = cookie_name(&site.reading.identity);
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict")
    };
    let mut response = Redirect::to(next).into_response();
    let cookie = HeaderValue::from_str(&cookie).expect("a session is letters and digits");
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}
