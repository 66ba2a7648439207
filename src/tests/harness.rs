//! A whole control plane in a temporary directory: the public router, a real kernel, real files.
//!
//! A test speaks as somebody: `app.operator()`, `app.observer()`, `app.anonymous()`. Time stands
//! still until the test moves it, and ids come from a counter, so a failure repeats.

pub use crate::serve::opened::open;
use crate::serve::opened::{ConfigChange, open_as};
pub use crate::still_time::{CountedEntropy, ManualClock};
use crate::web::described::Description;
use aerodb_control::kernel::embedded::EmbeddedKernel;
use aerodb_control::serve::ControlPlane;
use aerodb_control::serve::config::Config;
use aerodb_control::serve::provider_settings::ProviderSettings;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt;

/// The password of every account of a test.
pub const PASSWORD: &str = "a quiet harbour at dawn";

/// What was answered.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub location: Option<String>,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The id of the refusal, where it is one.
    pub fn code(&self) -> String {
        let code = &self.json()["refusal"]["code"];
        code.as_str().unwrap_or_else(|| panic!("no refusal: {}", self.body)).to_owned()
    }

    /// The body, if the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }
}

/// Somebody who sends requests through the public router.
#[derive(Clone)]
pub struct Client {
    router: Router,
    bearer: Option<String>,
    /// The description that every answer of the API is held against.
    described: &'static Description,
    /// Whether it asks at the listener of observers, which has not all that is described.
    observes: bool,
}

impl Client {
    /// Somebody with this credential, or with none.
    pub fn new(router: Router, bearer: Option<String>) -> Self {
        Self::described_by(Description::of_the_program(), router, bearer)
    }

    /// The same, at a control plane over another kernel.
    pub fn described_by(
        described: &'static Description,
        router: Router,
        bearer: Option<String>,
    ) -> Self {
        Self { router, bearer, described, observes: false }
    }

    /// What they hold, for a server that is started again: the old one ends with its last client.
    pub fn into_bearer(self) -> Option<String> {
        self.bearer
    }

    /// Puts into a head what they hold: a cookie, as `name=value`, or a bearer.
    fn held_out(&self, headers: &mut HeaderMap) {
        let Some(held) = &self.bearer else { return };
        let (name, text) = if held.contains('=') {
            (header::COOKIE, held.clone())
        } else {
            (header::AUTHORIZATION, format!("Bearer {held}"))
        };
        headers.insert(name, text.parse().expect("a header value"));
    }

    /// Sends a request.
    pub async fn send(&self, mut request: Request<Body>) -> Reply {
        self.held_out(request.headers_mut());
        let host = "127.0.0.1:7400".parse().expect("a header value");
        request.headers_mut().entry(header::HOST).or_insert(host);
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let status = response.status();
        let headers = response.headers().clone();
        let location = response.headers().get(header::LOCATION);
        let location = location.map(|value| value.to_str().expect("text").to_owned());
        let body = response.into_body().collect().await.expect("a whole body").to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        let is_absent = self.observes && matches!(status.as_u16(), 404 | 405);
        if uri.path().starts_with("/api/") && !is_absent {
            let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
            let media = media.unwrap_or_default();
            let (method, status) = (method.as_str(), status.as_u16());
            let faults = self.described.faults(method, uri.path(), status, media, &body);
            assert!(faults.is_empty(), "{method} {uri} {status}: {faults:#?}\n{body}");
        }
        Reply { status, location, headers, body }
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// The status of a `GET`, without reading a body that may never end.
    pub async fn head_status(&self, path: &str) -> u16 {
        self.response(path).await.status().as_u16()
    }

    /// The answer to a `GET`, with its body still to be read.
    pub async fn response(&self, path: &str) -> Response {
        let request = Request::get(path).header(header::HOST, "127.0.0.1:7400");
        let mut request = request.body(Body::empty()).expect("a request");
        self.held_out(request.headers_mut());
        self.router.clone().oneshot(request).await.expect("the router answers")
    }

    /// `PUT` with a plain body, as the data API takes it.
    pub async fn put(&self, path: &str, body: &str) -> Reply {
        let request = Request::builder().method(Method::PUT).uri(path);
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// `POST` with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// `POST` with the fields of a form.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = serde_urlencoded::to_string(fields).expect("fields");
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    /// Asks for an action under an id made from `number`.
    pub async fn request(&self, number: u8, kind: &str, params: Value) -> Reply {
        let body = json!({
            "action_id": id(number), "kind": kind, "params": params, "reason": "a drill",
        });
        self.post("/api/v1/actions", &body).await
    }

    /// Confirms what an answer explained, typing what it asks for.
    pub async fn confirm(&self, explained: &Value) -> Reply {
        let path = format!("/api/v1/actions/{}/confirm", explained["id"].as_str().expect("an id"));
        self.post(&path, &confirmation(explained)).await
    }

    /// Asks for an action and confirms it; it has to be executed.
    pub async fn run(&self, number: u8, kind: &str, params: Value) -> Value {
        let explained = self.request(number, kind, params).await.expect(201).json();
        let done = self.confirm(&explained).await.expect(200).json();
        assert_eq!(done["stage"], "executed", "{done}");
        done
    }
}

/// What the record of a confirmation says of the proof of identity behind it.
pub fn proved(done: &Value) -> Value {
    let records = done["records"].as_array().expect("records");
    let confirmed = records.iter().find(|r| r["entry"]["kind"] == "confirmed").expect("a record");
    confirmed["entry"]["proved"].clone()
}

/// The body that confirms what was explained.
pub fn confirmation(explained: &Value) -> Value {
    let after_refusal = explained["after_refusal"].as_u64().map(|seq| seq.to_string());
    json!({
        "digest": explained["digest"],
        "typed_target": explained["explanation"]["typed_target"],
        "after_refusal": after_refusal,
    })
}

/// An action id made from a small number.
pub fn id(number: u8) -> String {
    format!("00000000-0000-4000-8000-0000000000{number:02x}")
}

/// A control plane with an operator, an observer, an auditor and a program's token.
pub struct TestApp {
    pub clock: Arc<ManualClock>,
    pub house: ControlPlane,
    dir: Arc<TempDir>,
    entropy: Arc<CountedEntropy>,
    nodes: u64,
    change: ConfigChange,
    operator: String,
    observer: String,
    auditor: String,
    token: String,
}

impl TestApp {
    /// A new cluster of three nodes.
    pub async fn new() -> Self {
        Self::with_nodes(3).await
    }

    /// A new cluster of three nodes, with other settings.
    pub async fn set(change: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        Self::found(3, Arc::new(change)).await
    }

    /// A new cluster.
    pub async fn with_nodes(nodes: u64) -> Self {
        Self::found(nodes, Arc::new(|_| {})).await
    }

    /// A new cluster of three nodes, where others may say who somebody is.
    pub async fn vouched(providers: ProviderSettings) -> Self {
        Self::set(move |config| config.providers = providers.clone()).await
    }

    async fn found(nodes: u64, change: ConfigChange) -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a directory"));
        let (clock, entropy) = (ManualClock::new(), Arc::new(CountedEntropy::default()));
        let house = open_as(dir.path(), nodes, &clock, &entropy, &change).await;
        let access = &house.access;
        let token = house.setup_path.as_ref().expect("a new installation").replace("/setup/", "");
        let first = access.redeem_setup_link(&token, "olga", PASSWORD).await.expect("the link");
        let operator = first.token.expect("a session");
        for (name, role) in [("oscar", "observer"), ("anna", "auditor")] {
            access.add_account(name, role, PASSWORD).await.expect(name);
        }
        let session = async |name: &str| {
            let answer = access.sign_in(name, PASSWORD).await.expect(name);
            answer.token.expect("a session")
        };
        let (observer, auditor) = (session("oscar").await, session("anna").await);
        let token = access.issue_token("metrics", 60_000_000).await.expect("a token");
        let token = token.token.expect("a secret");
        Self { clock, house, dir, entropy, nodes, change, operator, observer, auditor, token }
    }

    /// Stops the process's parts and opens the same files again.
    pub async fn restart(self) -> Self {
        let change = Arc::clone(&self.change);
        self.restarted(change).await
    }

    /// The same, with other settings.
    pub async fn restart_as(self, change: fn(&mut Config)) -> Self {
        self.restarted(Arc::new(change)).await
    }

    async fn restarted(self, change: ConfigChange) -> Self {
        drop(self.house);
        let (dir, nodes) = (self.dir.path(), self.nodes);
        let house = open_as(dir, nodes, &self.clock, &self.entropy, &change).await;
        Self { house, change, ..self }
    }

    /// The same, after something was done to the files meanwhile.
    pub async fn restart_after(self, meanwhile: impl AsyncFnOnce(&Path)) -> Self {
        let change = Arc::clone(&self.change);
        let Self { house, dir, .. } = self;
        drop(house);
        meanwhile(dir.path()).await;
        let house = open_as(dir.path(), self.nodes, &self.clock, &self.entropy, &change).await;
        Self { house, dir, change, ..self }
    }

    /// The directory of everything that lasts.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The kernel, to cut its network.
    pub fn kernel(&self) -> &EmbeddedKernel {
        self.house.embedded.as_deref().expect("the embedded kernel")
    }

    /// Olga, who signed in as an operator.
    pub fn operator(&self) -> Client {
        self.client(Some(&self.operator))
    }

    /// Oscar, who signed in as an observer.
    pub fn observer(&self) -> Client {
        self.client(Some(&self.observer))
    }

    /// Anna, who signed in as an auditor.
    pub fn auditor(&self) -> Client {
        self.client(Some(&self.auditor))
    }

    /// A program with a token.
    pub fn program(&self) -> Client {
        self.client(Some(&self.token))
    }

    /// Somebody who signs in now.
    pub async fn sign_in(&self, name: &str) -> Client {
        let answer = self.house.access.sign_in(name, PASSWORD).await.expect(name);
        self.client(answer.token.as_ref())
    }

    /// Issues a link that lasts a day; its scope is `cluster` or an action.
    pub async fn link(&self, number: u8, name: &str, scope: &str) -> Value {
        let body = json!({"link_id": id(number), "name": name, "scope": scope, "expires": "1d"});
        self.operator().post("/api/v1/links", &body).await.expect(201).json()
    }

    /// Somebody who opened such a link.
    pub async fn stakeholder(&self, number: u8, name: &str, scope: &str) -> Client {
        let link = self.link(number, name, scope).await;
        let secret = link["path"].as_str().expect("a path").replace("/link/", "");
        let session = self.house.access.redeem_link(&secret).await.expect("a good link");
        self.client(session.token.as_ref())
    }

    /// The same person or program at the listener of observers.
    pub fn at_observers(&self, client: &Client) -> Client {
        let (router, bearer) = (self.house.observers.clone(), client.bearer.clone());
        Client { router, bearer, observes: true, ..client.clone() }
    }

    /// Nobody.
    pub fn anonymous(&self) -> Client {
        self.client(None)
    }

    /// A client of the data API.
    pub fn data(&self) -> Client {
        Client::new(self.house.data.clone().expect("a data API"), None)
    }

    /// The cluster as the API shows it.
    pub async fn cluster(&self) -> Value {
        self.observer().get("/api/v1/cluster").await.expect(200).json()
    }

    /// The kinds of all records, oldest first.
    pub async fn record_kinds(&self) -> Vec<String> {
        let page = self.auditor().get("/api/v1/log?limit=200").await.expect(200).json();
        let records = page["records"].as_array().expect("records");
        let kind = |record: &Value| record["entry"]["kind"].as_str().expect("a kind").to_owned();
        records.iter().rev().map(kind).collect()
    }

    fn client(&self, bearer: Option<&String>) -> Client {
        Client::new(self.house.console.clone(), bearer.cloned())
    }
}
