//! Signing in and out, and creating the first operator. These write records and sessions, and
//! never touch the cluster. How often one address may fail is limited; no account is ever locked.

use super::federated_login::{self, Peer};
use super::fields::{ClientFormat, Fields};
use super::gate::{self, attempt, credential};
use super::throttle::{AuthAttempt, Later, Origin};
use super::{WriteState, pages, refusal};
use crate::authority::{Credential, Denied};
use crate::model::answer::SessionAnswer;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::InputError;
use crate::ui::{Page, ProviderRedirect, SetUp, SignIn};
use crate::workflow::access::Access;
use axum::Json;
use axum::extract::State;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Redirect, Response};

/// How long a browser remembers that somebody signed out in it, in seconds: longer than a provider is
/// likely to.
const LEFT_S: i64 = 30 * 24 * 60 * 60;

/// `POST /login`: a name and a password become a session.
pub(super) async fn sign_in(
    door: ClientFormat,
    uri: Uri,
    (from, peer): (Origin, Peer),
    State(site): State<WriteState>,
    headers: HeaderMap,
    body: Result<Fields, Refusal>,
) -> Response {
    let mut page = SignIn { others: site.reading.others.clone(), ..SignIn::default() };
    let outcome = match body.and_then(|fields| sent(fields, &mut page).map_err(Refusal::from)) {
        Ok((name, password)) => {
            let attempt = AuthAttempt::at_name(from, &name);
            let by_proxy = peer.is_proxy(&site.reading, &headers);
            let attempt = if by_proxy { attempt.behind_proxy() } else { attempt };
            let access = match door {
                ClientFormat::Page => &site.browsers,
                ClientFormat::Api => &site.access,
            };
            by_password((&site, access), &uri, &attempt, &name, &password).await
        }
        Err(why) => Err(DelayedRefusal::not(recorded(&site, from, &uri, why).await)),
    };
    if outcome.is_ok() {
        let earlier = credential(&headers, &site.reading.cookie);
        end_earlier(&site, earlier).await;
    }
    match (door, outcome) {
        (ClientFormat::Api, Ok(session)) => Json(session).into_response(),
        (ClientFormat::Api, Err(DelayedRefusal { why, wait_s })) => {
            let mut response = why.into_response();
            told_to_wait(&mut response, wait_s);
            response
        }
        (ClientFormat::Page, Ok(session)) => {
            let next = page.next.as_deref().map_or("/".to_owned(), pages::local_path);
            with_session(&site, &session, &next)
        }
        (ClientFormat::Page, Err(held)) => turned_back(&site, page, held).await,
    }
}

async fn by_password(
    (site, access): (&WriteState, &Access),
    uri: &Uri,
    attempt: &AuthAttempt,
    name: &str,
    password: &str,
) -> Result<SessionAnswer, DelayedRefusal> {
    admitted(site, uri, attempt).await?;
    let session = access.sign_in(name, password).await.map_err(DelayedRefusal::for_a_second)?;
    site.throttle.give_back(attempt);
    Ok(session)
}

/// The sign-in page, with why it was refused.
pub(super) async fn turned_back(
    site: &WriteState,
    mut page: SignIn,
    held: DelayedRefusal,
) -> Response {
    let DelayedRefusal { why, wait_s } = held;
    let status = refusal::status(why.code);
    page.refusal = Some(why);
    let mut response = pages::draw(&site.reading, None, Page::SignIn(page), status).await;
    told_to_wait(&mut response, wait_s);
    response
}

/// A refusal, and how long it stands where that is known.
pub(super) struct DelayedRefusal {
    pub(super) why: Refusal,
    /// Seconds until another attempt is checked, for `Retry-After`.
    pub(super) wait_s: Option<i64>,
}

impl DelayedRefusal {
    pub(super) fn not(why: Refusal) -> Self {
        Self { why, wait_s: None }
    }

    /// The places for checking passwords are taken: for less than a second, whoever took them.
    pub(super) fn for_a_second(why: Refusal) -> Self {
        let is_full = why.code == RefusalCode::TooManyAttempts;
        Self { why, wait_s: is_full.then_some(1) }
    }
}

pub(super) fn told_to_wait(response: &mut Response, wait_s: Option<i64>) {
    if let Some(seconds) = wait_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Takes one attempt of whoever asks. The first that is turned away is recorded, and later ones by
/// number, at most once a minute: they are records too, and must not fill the disk (C9.4).
pub(super) async fn admitted(
    site: &WriteState,
    uri: &Uri,
    attempt: &AuthAttempt,
) -> Result<(), DelayedRefusal> {
    let taken = site.throttle.take(attempt, site.reading.clock.now());
    let Err(Later { wait_ms, to_tell }) = taken else { return Ok(()) };
    let wait_s = wait_ms.saturating_add(999) / 1000;
    let sentence = format!(
        "Too many attempts {} were wrong. Nothing was checked; the next attempt is checked in \
         {wait_s} s. No account is locked.",
        attempt.whose()
    );
    let mut why = Refusal::new(RefusalCode::TooManyAttempts, sentence);
    if let Some(count) = to_tell {
        let record = why.clone().with_evidence(
            format!("{count} turned away from {attempt} since the log was last told"),
            "attempts within the limit",
        );
        let tried = gate::attempt(&Method::POST, uri);
        if let Err(unrecorded) = site.workflow.deny(None, tried, record).await {
            why = unrecorded;
        }
    }
    Err(DelayedRefusal { why, wait_s: Some(wait_s) })
}

/// Ends the session that a browser held before it signed in: what was handed out earlier must not go on
/// beside the new one. One that ended by itself is over already, and leaves no record here.
pub(super) async fn end_earlier(site: &WriteState, earlier: Option<Credential>) {
    if let Some(earlier) = earlier {
        site.reading.traces.forget(&earlier);
        let _ = site.access.sign_out(earlier).await;
    }
}

/// Records an attempt by somebody who is not known, and gives its refusal back (C9.4). What was typed
/// is not part of the record: a password can stand in the wrong field.
pub(super) async fn recorded(site: &WriteState, from: Origin, uri: &Uri, why: Refusal) -> Refusal {
    let (attempt, told) = (attempt(&Method::POST, uri), why.without_input());
    match site.workflow.deny_stranger(from.to_string(), attempt, told).await {
        Ok(_) => why,
        Err(unrecorded) => unrecorded,
    }
}

/// Reads the fields of the sign-in form; what could be read is left in `page`.
fn sent(mut fields: Fields, page: &mut SignIn) -> Result<(String, String), InputError> {
    page.next = fields.optional_text("next")?.map(|next| pages::local_path(&next));
    name_and_password(fields, &mut page.name)
}

/// Reads who somebody is and the password, the last of a form; the name is left in `shown`.
fn name_and_password(
    mut fields: Fields,
    shown: &mut Option<String>,
) -> Result<(String, String), InputError> {
    let name = fields.text("name")?;
    *shown = Some(name.chars().take(100).collect());
    let password = fields.text("password")?;
    fields.finish()?;
    Ok((name, password))
}

/// `POST /logout`: ends the session.
pub(super) async fn sign_out(
    door: ClientFormat,
    uri: Uri,
    from: Origin,
    State(site): State<WriteState>,
    headers: HeaderMap,
) -> Response {
    let cookie = &site.reading.cookie;
    let held = credential(&headers, cookie);
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
        Err(why) => Err(recorded(&site, from, &uri, why).await),
    };
    match (door, ended) {
        (ClientFormat::Api, Ok(())) => axum::http::StatusCode::NO_CONTENT.into_response(),
        (ClientFormat::Api, Err(why)) => why.into_response(),
        // A session that is gone already is signed out all the same; a record that cannot be
        // written is not.
        (ClientFormat::Page, Err(why)) if refusal::status(why.code).is_server_error() => {
            pages::refused(&site.reading, None, why).await
        }
        (ClientFormat::Page, _) => {
            let mut response = signed_out(&site).await;
            response.headers_mut().append(header::SET_COOKIE, cookie.gone());
            response
        }
    }
}

/// Where a browser goes after it signed out: to the provider that may know its person still, if it has a
/// place for that. Whether or not the person goes through with it there, the next sign-in through it asks
/// who is there: a browser that somebody left must not make the next person an operator.
async fn signed_out(site: &WriteState) -> Response {
    let Some(openid) = &site.openid else { return Redirect::to("/login").into_response() };
    let mut response = match openid.sign_out_address().await {
        Some(address) => federated_login::sent_away(site, address, ProviderRedirect::Out).await,
        None => Redirect::to("/login").into_response(),
    };
    let left = site.left.lasting("yes", LEFT_S);
    response.headers_mut().append(header::SET_COOKIE, left);
    response
}

/// `POST /setup`: creates the first operator through the one-time link.
pub(super) async fn set_up(
    uri: Uri,
    from: Origin,
    State(site): State<WriteState>,
    body: Result<Fields, Refusal>,
) -> Response {
    let mut page = SetUp { token: String::new(), name: None, refusal: None };
    let outcome = match body.and_then(|fields| first(fields, &mut page).map_err(Refusal::from)) {
        Ok((name, password)) => match admitted(&site, &uri, &AuthAttempt::From(from)).await {
            Ok(()) => site
                .browsers
                .redeem_setup_link(&page.token, &name, &password)
                .await
                .map_err(DelayedRefusal::for_a_second),
            Err(held) => Err(held),
        },
        Err(why) => Err(DelayedRefusal::not(recorded(&site, from, &uri, why).await)),
    };
    match outcome {
        Ok(session) => {
            site.throttle.give_back(&AuthAttempt::From(from));
            with_session(&site, &session, "/")
        }
        Err(DelayedRefusal { why, wait_s }) => {
            let status = refusal::status(why.code);
            page.refusal = Some(why);
            let mut response = pages::draw(&site.reading, None, Page::SetUp(page), status).await;
            told_to_wait(&mut response, wait_s);
            response
        }
    }
}

fn first(mut fields: Fields, page: &mut SetUp) -> Result<(String, String), InputError> {
    page.token = fields.text("token")?;
    name_and_password(fields, &mut page.name)
}

/// Goes on to `next` with the session in a cookie. It ends with the browser; the server ends it
/// earlier where it is idle.
pub(super) fn with_session(site: &WriteState, session: &SessionAnswer, next: &str) -> Response {
    let token = session.token.as_deref().unwrap_or_default();
    let mut response = Redirect::to(next).into_response();
    let cookie = site.reading.cookie.holding(token);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}
