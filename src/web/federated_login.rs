//! Signing in by the word of others: the way to a provider of OpenID Connect and back, and the word of a
//! proxy. Both end in a session, as a password does.
//!
//! The provider sends the browser back with a GET, and a GET changes nothing here: the page that it opens
//! holds a form, and its button ends the sign-in. So a link to that page signs nobody in, the cookie that
//! binds a sign-in to its browser is never sent by another site, and what is recorded was asked for.

use super::fields::Fields;
use super::gate::{attempt, credential};
use super::login::{DelayedRefusal, admitted, end_earlier, recorded, turned_back, with_session};
use super::query::Query;
use super::throttle::{AuthAttempt, Origin};
use super::{ReadState, WriteState, pages};
use crate::identity::openid::{
    CallbackParams, LEAVING_S, LoginRedirect, PASSED_CHARS_MAX, SignInRequest, word,
};
use crate::model::actor::AuthMethod;
use crate::model::answer::SessionAnswer;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::text::InputError;
use crate::ui::{Leaving, Page, ProviderRedirect, Returned, SignIn};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

/// Where browsers go without being told by a script. A redirection would not do: the policy of the page
/// that sent the form lets it lead to this site alone, and browsers hold redirections to that.
const REFRESH: HeaderName = HeaderName::from_static("refresh");
/// What people read in place of the name of a proxy.
const THE_PROXY: &str = "the proxy";

/// The other end of the connection, where there is one.
#[derive(Clone, Copy)]
pub(super) struct Peer(Option<IpAddr>);

impl Peer {
    /// Whether a request came through the proxy that is believed.
    pub(super) fn is_proxy(self, site: &ReadState, headers: &HeaderMap) -> bool {
        self.0.zip(site.proxy.as_ref()).is_some_and(|(peer, proxy)| proxy.sent(peer, headers))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map(|peer| peer.0.ip())))
    }
}

/// `POST /login/openid`: asks the provider where to go, and sends the browser there.
pub(super) async fn leave(
    uri: Uri,
    from: Origin,
    State(site): State<WriteState>,
    headers: HeaderMap,
    body: Result<Fields, Refusal>,
) -> Response {
    let mut page = SignIn { others: site.reading.others.clone(), ..SignIn::default() };
    let after_sign_out = site.left.only(&headers).is_some();
    let wanted = body.and_then(|fields| wanted(fields, &mut page));
    let begun = match wanted.map(|wanted| SignInRequest { after_sign_out, ..wanted }) {
        Ok(wanted) => match admitted(&site, &uri, &AuthAttempt::From(from)).await {
            Ok(()) => begin(&site, &uri, wanted).await.map_err(DelayedRefusal::not),
            Err(held) => Err(held),
        },
        Err(why) => Err(DelayedRefusal::not(recorded(&site, from, &uri, why).await)),
    };
    let LoginRedirect { address, browser } = match begun {
        Ok(begun) => begun,
        Err(held) => return turned_back(&site, page, held).await,
    };
    let mut response = sent_away(&site, address, ProviderRedirect::In).await;
    let cookie = site.leaving.lasting(&browser, LEAVING_S);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// The page that sends a browser to the provider.
pub(super) async fn sent_away(
    site: &WriteState,
    address: String,
    way: ProviderRedirect,
) -> Response {
    let refresh = HeaderValue::from_str(&format!("0; url={address}"));
    let provider = site.reading.others.provider.clone().unwrap_or_default();
    let leaving = Page::Leaving(Leaving { provider, address, way });
    let mut response = pages::draw(&site.reading, None, leaving, StatusCode::OK).await;
    if let Ok(refresh) = refresh {
        response.headers_mut().insert(REFRESH, refresh);
    }
    response
}

async fn begin(
    site: &WriteState,
    uri: &Uri,
    wanted: SignInRequest,
) -> Result<LoginRedirect, Refusal> {
    let Some(openid) = &site.openid else {
        return Err(told(site, uri, no_provider()).await);
    };
    let (entropy, now) = (&*site.reading.entropy, site.reading.clock.now());
    match openid.begin(wanted, entropy, now).await {
        Ok(begun) => Ok(begun),
        Err(unproven) => Err(told(site, uri, unproven.refusal(openid.name())).await),
    }
}

/// `GET /login/openid/callback`: the page with the form that ends the sign-in. Nothing is looked at but
/// the address; who opens it elsewhere finds nothing behind its button.
pub(super) async fn returned(State(site): State<ReadState>, query: Query) -> Response {
    // Where no provider signs people in, nothing can have come from one.
    let Some(provider) = site.others.provider.clone() else {
        return Redirect::to("/login").into_response();
    };
    match brought_back(query, provider) {
        Ok(page) => pages::draw(&site, None, Page::Returned(Box::new(page)), StatusCode::OK).await,
        Err(why) => pages::refused(&site, None, why.into()).await,
    }
}

/// What of the address is passed on. Providers add parameters of their own, which mean nothing here, and
/// of what went wrong only the code is shown: anybody can write a sentence into a link.
fn brought_back(mut query: Query, provider: String) -> Result<Returned, InputError> {
    if let Some(error) = query.optional("error") {
        return Ok(Returned { provider, error: Some(word(&error)), ..Returned::default() });
    }
    let (state, code) = (query.text("state")?, query.text("code")?);
    let issuer = query.optional("iss");
    for (name, text) in
        [("state", &state), ("code", &code), ("iss", issuer.as_ref().unwrap_or(&code))]
    {
        fits(name, text)?;
    }
    Ok(Returned { provider, state, code, issuer, error: None })
}

/// `POST /login/openid/finish`: what the provider answered becomes a session.
pub(super) async fn finish(
    uri: Uri,
    from: Origin,
    State(site): State<WriteState>,
    headers: HeaderMap,
    body: Result<Fields, Refusal>,
) -> Response {
    let browser = site.leaving.only(&headers);
    let mut page = SignIn { others: site.reading.others.clone(), ..SignIn::default() };
    let ended = match body.and_then(|fields| sent(fields, browser).map_err(Refusal::from)) {
        Ok(brought) => match admitted(&site, &uri, &AuthAttempt::From(from)).await {
            Ok(()) => end(&site, &uri, brought, &mut page).await.map_err(DelayedRefusal::not),
            Err(held) => Err(held),
        },
        Err(why) => Err(DelayedRefusal::not(recorded(&site, from, &uri, why).await)),
    };
    let (gone, left) = (site.leaving.gone(), ended.is_ok().then(|| site.left.gone()));
    let mut response = match ended {
        Ok(session) => {
            // The attempt that began it, and the one that ended it.
            site.throttle.give_back(&AuthAttempt::From(from));
            site.throttle.give_back(&AuthAttempt::From(from));
            signed_in(&site, &headers, &session, page.next.as_deref()).await
        }
        Err(held) => turned_back(&site, page, held).await,
    };
    response.headers_mut().append(header::SET_COOKIE, gone);
    if let Some(left) = left {
        response.headers_mut().append(header::SET_COOKIE, left);
    }
    response
}

fn sent(mut fields: Fields, browser: Option<String>) -> Result<CallbackParams, InputError> {
    let (state, code) = (fields.text("state")?, fields.text("code")?);
    let issuer = fields.optional_text("iss")?;
    fields.finish()?;
    for (name, text) in [("state", &state), ("code", &code)] {
        fits(name, text)?;
    }
    Ok(CallbackParams { browser, state, code, issuer })
}

fn fits(name: &str, text: &str) -> Result<(), InputError> {
    let required = format!("at most {PASSED_CHARS_MAX} characters");
    let fits = text.len() <= PASSED_CHARS_MAX;
    fits.then_some(()).ok_or_else(|| InputError::new(name, "something longer", required))
}

/// What was wanted is left in `page`, so that whoever is turned back can want it again.
async fn end(
    site: &WriteState,
    uri: &Uri,
    brought: CallbackParams,
    page: &mut SignIn,
) -> Result<SessionAnswer, Refusal> {
    let Some(openid) = &site.openid else {
        return Err(told(site, uri, no_provider()).await);
    };
    let (vouched, wanted) = openid.finish(brought, site.reading.clock.now()).await;
    (page.next, page.anew) = (wanted.next, wanted.anew);
    match vouched {
        Ok(vouched) => site.browsers.sign_in_vouched(vouched, attempt(&Method::POST, uri)).await,
        Err(unproven) => Err(told(site, uri, unproven.refusal(openid.name())).await),
    }
}

/// `POST /login/proxy`: whom the proxy names becomes a session. Only here is the word of a proxy listened
/// to; everywhere else its headers mean nothing.
pub(super) async fn by_proxy(
    uri: Uri,
    from: Origin,
    Peer(peer): Peer,
    State(site): State<WriteState>,
    headers: HeaderMap,
    body: Result<Fields, Refusal>,
) -> Response {
    let mut page = SignIn { others: site.reading.others.clone(), ..SignIn::default() };
    let ended = match body.and_then(|fields| only_next(fields, &mut page)) {
        // Everybody behind the proxy has its address, and its secret is not guessed.
        Ok(()) if Peer(peer).is_proxy(&site.reading, &headers) => {
            named(&site, &uri, peer, &headers).await.map_err(DelayedRefusal::not)
        }
        Ok(()) => match admitted(&site, &uri, &AuthAttempt::From(from)).await {
            Ok(()) => named(&site, &uri, peer, &headers).await.map_err(DelayedRefusal::not),
            Err(held) => Err(held),
        },
        Err(why) => Err(DelayedRefusal::not(recorded(&site, from, &uri, why).await)),
    };
    match ended {
        Ok(session) => signed_in(&site, &headers, &session, page.next.as_deref()).await,
        Err(held) => turned_back(&site, page, held).await,
    }
}

async fn named(
    site: &WriteState,
    uri: &Uri,
    peer: Option<IpAddr>,
    headers: &HeaderMap,
) -> Result<SessionAnswer, Refusal> {
    let Some(proxy) = &site.reading.proxy else {
        let sentence = "No proxy signs people in here. Nobody was signed in.";
        return Err(told(site, uri, Refusal::new(RefusalCode::NotFound, sentence)).await);
    };
    // A request that came from nowhere came from no proxy.
    let peer = peer.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    match proxy.named(peer, headers) {
        Ok(named) => site.browsers.sign_in_named(named, attempt(&Method::POST, uri)).await,
        Err(unproven) => Err(told(site, uri, unproven.refusal(THE_PROXY)).await),
    }
}

/// Lets a session that a proxy began be worth something only where the proxy goes on saying so: in requests
/// in which it names the same account. Whoever signs out there, or sits down after somebody else, is
/// nobody here; so is whoever carries the cookie past the proxy. Every other credential is left alone.
pub(super) async fn held_to_its_proxy(
    State(site): State<ReadState>,
    Peer(peer): Peer,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(proxy) = &site.proxy {
        let headers = request.headers();
        let held = credential(headers, &site.cookie);
        let named = peer.and_then(|peer| proxy.named(peer, headers).ok());
        let is_good = held.is_none_or(|held| match site.authority.begun_by(&held) {
            Ok(Some((name, AuthMethod::Proxy))) => named.is_some_and(|named| *named.name() == name),
            Ok(_) => true,
            // What cannot be read is not taken for good (C6.1).
            Err(_) => false,
        });
        if !is_good {
            request.headers_mut().remove(header::COOKIE);
            request.headers_mut().remove(header::AUTHORIZATION);
        }
    }
    next.run(request).await
}

/// Hands over the session, in place of the one that the browser had.
async fn signed_in(
    site: &WriteState,
    headers: &HeaderMap,
    session: &SessionAnswer,
    next: Option<&str>,
) -> Response {
    end_earlier(site, credential(headers, &site.reading.cookie)).await;
    with_session(site, session, &next.map_or("/".to_owned(), pages::local_path))
}

/// Records why nobody was signed in, and gives it back (C9.4). Nothing in it was typed by a stranger.
async fn told(site: &WriteState, uri: &Uri, why: Refusal) -> Refusal {
    match site.workflow.deny(None, attempt(&Method::POST, uri), why).await {
        Ok(why) | Err(why) => why,
    }
}

/// Where to go afterwards, and whether the person wants to prove anew who they are (C3.1).
fn wanted(mut fields: Fields, page: &mut SignIn) -> Result<SignInRequest, Refusal> {
    page.anew = match fields.optional_text("anew")?.as_deref() {
        None => false,
        Some("yes") => true,
        Some(other) => return Err(InputError::new("anew", other, "yes, or nothing").into()),
    };
    only_next(fields, page)?;
    Ok(SignInRequest { next: page.next.clone(), anew: page.anew, after_sign_out: false })
}

fn only_next(mut fields: Fields, page: &mut SignIn) -> Result<(), Refusal> {
    page.next = fields.optional_text("next")?.map(|next| pages::local_path(&next));
    Ok(fields.finish()?)
}

fn no_provider() -> Refusal {
    let sentence = "No provider signs people in here. Nobody was signed in.";
    Refusal::new(RefusalCode::NotFound, sentence)
}
