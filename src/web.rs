//! The router: the routes of two tables, and what every answer has in common.
//!
//! The reading half runs on a `ReadState`, which has no way to change anything; the acting half on an
//! `WriteState`, which only POST handlers get. An observer's page therefore cannot reach a mutation, not
//! even by mistake (C10.2). What is not in the tables of [`policy`] does not exist.

pub mod openapi;
pub mod policy;
pub mod refusal;
pub mod render;

mod access;
mod actions;
mod api;
mod checklists;
mod cluster_figures;
mod cookie;
mod embedded_site;
mod etag;
mod events;
mod export;
mod federated_login;
mod fields;
mod files;
mod freeze;
mod gate;
mod go;
mod guest_routes;
mod health;
mod kept;
mod links;
mod lists;
mod login;
mod nodes;
mod pages;
mod preferences;
mod presets;
mod query;
mod reauth;
mod redacted_reads;
mod reference;
mod report;
pub mod throttle;
mod timeline;
mod traces;
mod whole;

pub use embedded_site::EmbeddedSite;
pub use events::{STREAMS_IN_ALL, STREAMS_PER_SESSION};
pub use fields::BODY_BYTES_MAX;

use crate::authority::Authority;
use crate::identity::{IdentityProviders, Openid, TrustedProxy};
use crate::metrics::{CertificateExpiry, Durations};
use crate::model::ambient::{Clock, Entropy};
use crate::model::pinned::ClusterIdentity;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::observe::QueryService;
use crate::ui::{ConsoleScope, EnvironmentClass, OtherWays};
use crate::workflow::Workflow;
use crate::workflow::access::Access;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use fields::ClientFormat;
use leptos::config::LeptosOptions;
use policy::{ACTS, READS, Read};
use std::sync::{Arc, OnceLock};
use tower_http::catch_panic::CatchPanicLayer;

/// How what people send is carried on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// As it is, on this machine.
    Plain,
    /// Encrypted, by this server or by something in front of it.
    Encrypted,
}

/// What the router is made of.
pub struct Site {
    /// What can be read.
    pub read: QueryService,
    /// What can be done.
    pub workflow: Arc<Workflow>,
    /// Signs in and out, and changes accounts, tokens and links.
    pub access: Arc<Access>,
    /// The cluster, as every page names it.
    pub identity: ClusterIdentity,
    /// Whether its pages have to look unlike those of every other environment.
    pub environment: EnvironmentClass,
    /// Where the compiled front end is, and the address to listen on.
    pub leptos: LeptosOptions,
    /// The front end, where the program carries it.
    pub embedded: Option<EmbeddedSite>,
    /// The clock by which sessions end.
    pub clock: Arc<dyn Clock>,
    /// The source of the ids in forms.
    pub entropy: Arc<dyn Entropy>,
    /// What ends the streams of events.
    pub stopping: tokio::sync::watch::Receiver<()>,
    /// How long writes of the ledger took, for the figures.
    pub writes: Durations,
    /// Until when the certificate is valid, for the figures.
    pub certificate: CertificateExpiry,
    /// How what people send is carried.
    pub transport: Transport,
    /// Who may say who somebody is, besides the accounts.
    pub providers: IdentityProviders,
}

/// The state of everything that reads.
#[derive(Clone)]
struct ReadState {
    read: QueryService,
    authority: Authority,
    identity: ClusterIdentity,
    environment: EnvironmentClass,
    leptos: LeptosOptions,
    embedded: Option<EmbeddedSite>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    stopping: events::Stopping,
    streams: events::Streams,
    traces: traces::Traces,
    files: whole::DownloadSlots,
    described: Arc<OnceLock<String>>,
    writes: Durations,
    certificate: CertificateExpiry,
    cookie: cookie::SessionCookie,
    others: OtherWays,
    proxy: Option<Arc<TrustedProxy>>,
    transport: Transport,
    console: ConsoleScope,
}

/// The two routers over one state.
pub struct Routers {
    /// The console and the API.
    pub console: Router,
    /// What observers alone can reach: it reads, and nobody can sign in at it.
    pub observers: Router,
}

/// The state of everything that writes.
#[derive(Clone)]
struct WriteState {
    reading: ReadState,
    workflow: Arc<Workflow>,
    access: Arc<Access>,
    /// The same, for whoever signs in by a page.
    browsers: Arc<Access>,
    throttle: throttle::Throttle,
    openid: Option<Arc<Openid>>,
    leaving: cookie::SessionCookie,
    left: cookie::SessionCookie,
}

/// The header of every answer for programs that names the kind of kernel it is about.
pub const KERNEL_HEADER: &str = "aerodb-kernel";

/// Builds the two routers: of the console, and of what observers see.
pub fn routers(site: Site) -> Routers {
    let cookie = cookie::SessionCookie::of(&site.identity, site.transport);
    let leaving = cookie::SessionCookie::of_leaving(&site.identity, site.transport);
    let left = cookie::SessionCookie::of_left(&site.identity, site.transport);
    let IdentityProviders { openid, proxy } = site.providers;
    let others = OtherWays {
        provider: openid.as_ref().map(|openid| openid.name().to_owned()),
        by_proxy: proxy.is_some(),
    };
    let reading = ReadState {
        read: site.read,
        authority: site.access.authority(),
        identity: site.identity,
        environment: site.environment,
        leptos: site.leptos,
        embedded: site.embedded,
        clock: site.clock,
        entropy: site.entropy,
        stopping: site.stopping,
        streams: events::Streams::default(),
        traces: traces::Traces::default(),
        files: whole::DownloadSlots::default(),
        described: Arc::default(),
        writes: site.writes,
        certificate: site.certificate,
        cookie,
        others,
        proxy: proxy.map(Arc::new),
        transport: site.transport,
        console: ConsoleScope::Whole,
    };
    let observers = observers(ReadState { console: ConsoleScope::ReadOnly, ..reading.clone() });
    let acting = WriteState {
        reading: reading.clone(),
        workflow: site.workflow,
        browsers: Arc::new(site.access.for_browsers()),
        access: site.access,
        throttle: throttle::Throttle::default(),
        openid: openid.map(Arc::new),
        leaving,
        left,
    };
    let acts = ACTS
        .iter()
        .fold(Router::new(), |router, (route, path, _)| router.route(path, route.handler()));
    let console = reads(&reading, |_| true)
        .merge(acts.with_state(acting.clone()))
        .method_not_allowed_fallback(wrong_method)
        .fallback(nowhere)
        .with_state(reading.clone())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(acting.clone(), gate::same_site))
        .layer(from_fn_with_state(acting, gate::note_seen));
    Routers { console: finished(console, &reading), observers }
}

/// The router of the second listener: the table of reads and nothing else. It holds no workflow and no
/// access, so nothing that reaches it can write, not even the record of a denial; there is nothing to
/// be denied. Sessions and tokens are honoured, and everybody is an observer there.
fn observers(reading: ReadState) -> Router {
    let router = reads(&reading, policy::is_for_observers)
        .method_not_allowed_fallback(wrong_method)
        .fallback(nowhere)
        .with_state(reading.clone())
        .layer(DefaultBodyLimit::max(0));
    finished(router, &reading)
}

/// The routes that read, as far as a listener has them.
fn reads(reading: &ReadState, has: impl Fn(Read) -> bool) -> Router<ReadState> {
    let listed = READS.iter().filter(|(route, _, _)| has(*route));
    listed.fold(Router::new(), |router, (route, path, _)| {
        router.route(path, reading_at(*route, reading))
    })
}

/// What every answer of a listener has in common.
fn finished(router: Router, reading: &ReadState) -> Router {
    router
        .layer(from_fn(preferences::carried))
        .layer(from_fn_with_state(reading.clone(), federated_login::held_to_its_proxy))
        .merge(files::files(&reading.leptos, reading.embedded.as_ref()))
        .layer(CatchPanicLayer::custom(|_| {
            let sentence = "Internal error. Nothing more is known here.";
            let mut refusal = Refusal::new(RefusalCode::Internal, sentence);
            refusal.executed = crate::model::refusal::Executed::Unknown;
            refusal.into_response()
        }))
        .layer(from_fn_with_state(reading.read.spec().kind, of_kernel))
        .layer(from_fn_with_state(reading.transport, hardened))
}

/// Says with every answer for programs which kernel it is about: one that was built without that kernel
/// has to ask for its words.
async fn of_kernel(
    State(kind): State<&'static str>,
    request: Request,
    next: axum::middleware::Next,
) -> Response {
    let is_api = ClientFormat::of(request.uri().path()) == ClientFormat::Api;
    let mut response = next.run(request).await;
    if let Some(kind) = HeaderValue::from_str(kind).ok().filter(|_| is_api) {
        response.headers_mut().insert(HeaderName::from_static(KERNEL_HEADER), kind);
    }
    response
}

/// The handler of a route, with a tag on answers that follow from state alone.
fn reading_at(route: Read, reading: &ReadState) -> MethodRouter<ReadState> {
    let handler = route.handler(reading);
    if route.is_of_state() { handler.layer(from_fn(etag::tagged)) } else { handler }
}

/// What there is nothing under.
async fn nowhere(State(site): State<ReadState>, uri: Uri, headers: HeaderMap) -> Response {
    let sentence = "Page not found. Nothing was done.";
    aside(&site, &uri, &headers, Refusal::new(RefusalCode::NotFound, sentence)).await
}

/// An address that exists, with a method that it does not take.
async fn wrong_method(
    State(site): State<ReadState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let method = crate::model::text::escape_unsafe(method.as_str());
    let sentence = format!("This address does not take {method}. Nothing was done.");
    aside(&site, &uri, &headers, Refusal::new(RefusalCode::MethodNotAllowed, sentence)).await
}

/// A refusal in the form of the door that the request came to.
async fn aside(site: &ReadState, uri: &Uri, headers: &HeaderMap, refusal: Refusal) -> Response {
    match ClientFormat::of(uri.path()) {
        ClientFormat::Api => refusal.into_response(),
        ClientFormat::Page => {
            let held = gate::credential(headers, &site.cookie);
            redacted_reads::turned_away(site, held.as_ref(), refusal).await
        }
    }
}

/// Headers of every answer.
async fn hardened(
    State(transport): State<Transport>,
    request: Request,
    next: axum::middleware::Next,
) -> Response {
    let mut response = next.run(request).await;
    if transport == Transport::Encrypted {
        let for_two_years = HeaderValue::from_static("max-age=63072000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, for_two_years);
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ] {
        response
            .headers_mut()
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
