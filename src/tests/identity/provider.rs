//! A provider of OpenID Connect on loopback: discovery, keys, authorization and token endpoints over real
//! HTTP, with real signatures. It checks what a provider checks (client, redirection, PKCE, codes used
//! once), and lies where a test tells it to.

use crate::harness::ManualClock;
pub use crate::identity::provider_keys::Signed;
use crate::identity::provider_keys::{ProviderKeys, b64};
use crate::serve::certified::TestCertificate;
use aerodb_control::http_client::files::certificates;
use aerodb_control::http_client::{agent, roots};
use aerodb_control::identity::{ClaimRole, OpenidTable};
use aerodb_control::model::ambient::Clock as _;
use aerodb_control::serve::provider_settings::ProviderSettings;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_server::tls_rustls::RustlsConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// What the provider calls the control plane, and the secret between them; both need encoding.
pub const CLIENT: &str = "aerodb:console%1";
const SECRET: &str = "s3cret:+/=%with&marks";
/// Where a control plane of the harness is.
pub const SITE: &str = "http://127.0.0.1:7400";
/// How long a browser waits here.
const PATIENCE: Duration = Duration::from_secs(10);

type FormFields = BTreeMap<String, String>;

/// What the provider does besides what it should.
#[derive(Clone, Debug, Default)]
pub struct Lies {
    pub signed: Signed,
    /// Claims in place of the right ones; `null` takes one away.
    pub claims: Vec<(&'static str, Value)>,
    /// Keys of the discovery document in place of the right ones.
    pub discovery: Vec<(&'static str, Value)>,
    /// What the userinfo endpoint says of the person; it answers 403 where this is absent.
    pub userinfo: Option<Value>,
    /// The status that the token endpoint answers in place of a token.
    pub token_status: Option<u16>,
    /// Whether nothing is answered at all.
    pub gone: bool,
}

struct ProviderShared {
    url: String,
    clock: Arc<ManualClock>,
    keys: ProviderKeys,
    state: Mutex<ProviderState>,
}

#[derive(Default)]
struct ProviderState {
    /// What it says of whoever is signed in there.
    person: Value,
    /// Since when, in seconds.
    since_s: i64,
    lies: Lies,
    codes: BTreeMap<String, FormFields>,
    issued: u32,
    asked: Vec<String>,
}

/// The provider, until it is dropped.
pub struct Provider {
    /// The time there; a test moves it with that of the control plane.
    pub clock: Arc<ManualClock>,
    shared: Arc<ProviderShared>,
    task: tokio::task::JoinHandle<()>,
    /// Who vouches for it, where it is encrypted.
    ca: Option<PathBuf>,
    dir: TempDir,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// A provider, at the time at which every control plane of the harness begins.
    pub fn new() -> Self {
        Self::with(None)
    }

    /// One that speaks over encrypted connections only.
    pub fn encrypted() -> Self {
        Self::with(Some(TestCertificate::new()))
    }

    fn with(certified: Option<TestCertificate>) -> Self {
        let clock = ManualClock::new();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a runtime waits for it");
        let scheme = if certified.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let keys = ProviderKeys::new();
        let state = Mutex::default();
        let shared = Arc::new(ProviderShared { url, clock: Arc::clone(&clock), keys, state });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(shown_keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(Arc::clone(&shared));
        let service = router.into_make_service();
        let keys = certified.as_ref().map(TestCertificate::server);
        let task = tokio::spawn(async move {
            let served = match keys {
                Some(keys) => {
                    let keys = RustlsConfig::from_config(Arc::new(keys));
                    let server = axum_server::from_tcp_rustls(listener, keys).expect("a listener");
                    server.serve(service).await
                }
                None => axum_server::from_tcp(listener).expect("a listener").serve(service).await,
            };
            served.expect("serves");
        });
        let dir = tempfile::tempdir().expect("a directory");
        let ca = certified.map(|certified| {
            let path = dir.path().join("ca.pem");
            std::fs::write(&path, certified.ca).expect("a file");
            path
        });
        let provider = Self { clock, shared, task, ca, dir };
        provider.says(json!({"sub": "24400320"}));
        provider.asks_the_person();
        provider
    }

    /// Stops it: nothing listens there any more.
    pub async fn stop(&mut self) {
        self.task.abort();
        let stopped = (&mut self.task).await;
        assert!(stopped.is_err_and(|error| error.is_cancelled()));
    }

    /// What it calls itself.
    pub fn issuer(&self) -> &str {
        &self.shared.url
    }

    /// Who is signed in there: its subject, and what it says besides.
    pub fn says(&self, person: Value) {
        self.shared.state.lock().expect("open").person = person;
    }

    /// The person signs in there, now.
    pub fn asks_the_person(&self) {
        let now_s = self.clock.now().millis() / 1000;
        self.shared.state.lock().expect("open").since_s = now_s;
    }

    pub fn lies(&self, lies: Lies) {
        self.shared.state.lock().expect("open").lies = lies;
    }

    /// Which of its endpoints were asked since this was called last.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state.lock().expect("open").asked)
    }

    /// The settings of a control plane that believes it.
    pub fn table(&self) -> OpenidTable {
        let row = |value: &str, role: &str| {
            let (claim, value, role) = ("groups".to_owned(), value.to_owned(), role.to_owned());
            ClaimRole { claim, value, role }
        };
        OpenidTable {
            issuer: self.issuer().to_owned(),
            name: "Example Works".to_owned(),
            client_id: CLIENT.to_owned(),
            secret_file: self.secret_file(),
            scopes: vec!["profile".to_owned()],
            name_claim: "preferred_username".to_owned(),
            roles: vec![
                row("watchers", "observer"),
                row("database operators", "operator"),
                row("revision", "auditor"),
            ],
            userinfo: false,
            ca: self.ca.clone().unwrap_or_default(),
        }
    }

    fn secret_file(&self) -> PathBuf {
        let path = self.dir.path().join("secret");
        std::fs::write(&path, format!("{SECRET}\n")).expect("a file");
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("ours");
        path
    }

    pub fn providers(&self) -> ProviderSettings {
        Self::vouching_of(self.table())
    }

    /// By these settings.
    pub fn vouching_of(table: OpenidTable) -> ProviderSettings {
        let openid = table.checked().expect("settings");
        ProviderSettings { openid, proxy: None, public_url: Some(SITE.to_owned()) }
    }

    /// What a browser is sent back with after its person signed in there.
    pub async fn visit(&self, address: &str) -> String {
        let address = address.to_owned();
        let believed = self.ca.as_ref().map(|ca| certificates(ca).expect("an authority"));
        let browser = agent(roots(believed.as_deref()), PATIENCE, PATIENCE);
        let went = tokio::task::spawn_blocking(move || {
            let answer = browser.get(&address).call().expect("an answer");
            let location =
                answer.headers().get("location").map(|l| l.to_str().expect("text").to_owned());
            (answer.status().as_u16(), location)
        });
        let (status, location) = went.await.expect("a visit");
        assert_eq!(status, 303, "the provider sends the browser back");
        let back = location.expect("a location");
        back.strip_prefix(SITE).unwrap_or_else(|| panic!("{back} is elsewhere")).to_owned()
    }
}

/// Notes the question; the answer where nothing is to be answered.
fn silent(shared: &ProviderShared, what: &str) -> Option<Response> {
    let mut state = shared.state.lock().expect("open");
    state.asked.push(what.to_owned());
    state.lies.gone.then(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

async fn discovery(State(shared): State<Arc<ProviderShared>>) -> Response {
    if let Some(silent) = silent(&shared, "discovery") {
        return silent;
    }
    let url = &shared.url;
    let mut document = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
    });
    for (key, value) in &shared.state.lock().expect("open").lies.discovery {
        document[*key] = value.clone();
    }
    Json(document).into_response()
}

async fn shown_keys(State(shared): State<Arc<ProviderShared>>) -> Response {
    if let Some(silent) = silent(&shared, "keys") {
        return silent;
    }
    Json(shared.keys.shown()).into_response()
}

/// Signs its person in, without a question where none is asked for, and sends the browser back with a
/// code.
async fn authorize(
    State(shared): State<Arc<ProviderShared>>,
    Query(asked): Query<FormFields>,
) -> Response {
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], CLIENT);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["scope"], "openid profile");
    let mut state = shared.state.lock().expect("open");
    if asked.get("prompt").is_some_and(|prompt| prompt == "login") {
        assert_eq!(asked["max_age"], "0", "so that the token has to say when it was");
        state.since_s = shared.clock.now().millis() / 1000;
    }
    state.issued += 1;
    let code = format!("code-{}", state.issued);
    let back = [("code", &*code), ("state", &*asked["state"]), ("session_state", "x.y")];
    let back = serde_urlencoded::to_string(back).expect("fields");
    let location = format!("{}?{back}", asked["redirect_uri"]);
    state.codes.insert(code, asked);
    Redirect::to(&location).into_response()
}

async fn token(
    State(shared): State<Arc<ProviderShared>>,
    headers: HeaderMap,
    Form(asked): Form<FormFields>,
) -> Response {
    if let Some(silent) = silent(&shared, "token") {
        return silent;
    }
    let refused = |status: StatusCode, why: &str| {
        (status, Json(json!({"error": why, "error_description": "Call +1-555-0100"})))
            .into_response()
    };
    if !is_client(&headers, &asked) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let mut state = shared.state.lock().expect("open");
    // A code is good once, whatever comes of it.
    let Some(began) = state.codes.remove(&asked["code"]) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let challenge = b64(Sha256::digest(asked["code_verifier"].as_bytes()));
    let same = asked["redirect_uri"] == began["redirect_uri"];
    if asked["grant_type"] != "authorization_code" || !same || challenge != began["code_challenge"]
    {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    if let Some(status) = state.lies.token_status {
        let status = StatusCode::from_u16(status).expect("a status");
        let elsewhere = [(header::LOCATION, format!("{}/token", shared.url))];
        return (status, elsewhere, "no token").into_response();
    }
    let token = shared.keys.signed(state.lies.signed, &claims(&shared, &state, &began["nonce"]));
    Json(json!({"access_token": "unused", "token_type": "Bearer", "id_token": token}))
        .into_response()
}

/// Claims about the person, for whoever has the token that came with the other.
async fn userinfo(State(shared): State<Arc<ProviderShared>>, headers: HeaderMap) -> Response {
    if let Some(silent) = silent(&shared, "userinfo") {
        return silent;
    }
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let state = shared.state.lock().expect("open");
    match &state.lies.userinfo {
        Some(said) if bearer == Some("Bearer unused") => Json(said).into_response(),
        _ => StatusCode::FORBIDDEN.into_response(),
    }
}

/// RFC 6749, 2.3.1: in the header, each half written as a form writes it, or in the body.
fn is_client(headers: &HeaderMap, asked: &FormFields) -> bool {
    if asked.get("client_secret").is_some_and(|secret| secret == SECRET) {
        return asked["client_id"] == CLIENT;
    }
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let pair = header.and_then(|value| STANDARD.decode(value.strip_prefix("Basic ")?).ok());
    let pair = pair.and_then(|pair| String::from_utf8(pair).ok()).unwrap_or_default();
    let (client, secret) = pair.split_once(':').unwrap_or_default();
    let written =
        serde_urlencoded::from_str::<Vec<(String, String)>>(&format!("{client}={secret}"));
    written.is_ok_and(|pairs| pairs == [(CLIENT.to_owned(), SECRET.to_owned())])
}

fn claims(shared: &ProviderShared, state: &ProviderState, nonce: &str) -> Value {
    let now = shared.clock.now().millis() / 1000;
    let mut claims = json!({
        "iss": shared.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce,
        "auth_time": state.since_s,
    });
    let said = state.person.as_object().expect("claims").iter();
    let said = said.map(|(key, value)| (&**key, value.clone()));
    for (key, value) in said.chain(state.lies.claims.iter().cloned()) {
        claims[key] = value;
    }
    claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
    claims
}
