//! A control plane that believes a provider, and a browser that goes there and comes back.

use crate::harness::{Client, Reply, TestApp};
use crate::identity::provider::Provider;
use aerodb_control::identity::OpenidTable;
use aerodb_control::model::ambient::Clock as _;
use aerodb_control::serve::config::Config;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

/// More than the limit of one address takes back.
pub const A_WHILE_MS: i64 = 200_000;
pub const BEGIN: &str = "/login/openid";
pub const FINISH: &str = "/login/openid/finish";

/// A control plane that believes a provider, and a browser of somebody who is signed in nowhere.
pub struct ProviderSetup {
    pub app: TestApp,
    pub provider: Provider,
}

/// A browser that was sent to the provider and back.
#[derive(Clone)]
pub struct ProviderReply {
    pub cookie: String,
    pub state: String,
    pub code: String,
}

pub fn person(subject: &str, name: &str, groups: &[&str]) -> Value {
    json!({"sub": subject, "preferred_username": name, "groups": groups})
}

pub async fn form(client: &Client, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Reply {
    let body = serde_urlencoded::to_string(fields).expect("fields");
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header(header::COOKIE, cookie);
    client.send(request.body(Body::from(body)).expect("a request")).await
}

/// The cookies that an answer sets, as a browser sends them back.
pub fn cookies(reply: &Reply) -> Vec<(String, String)> {
    let set = reply.headers.get_all(header::SET_COOKIE).iter();
    set.map(|line| {
        let line = line.to_str().expect("text");
        let (pair, rules) = line.split_once(';').expect("rules");
        (pair.to_owned(), rules.to_owned())
    })
    .collect()
}

/// The parameters of an address.
pub fn parameters(address: &str) -> Vec<(String, String)> {
    let (_, query) = address.split_once('?').expect("a query");
    serde_urlencoded::from_str(query).expect("parameters")
}

pub fn parameter(address: &str, name: &str) -> String {
    let found = parameters(address).into_iter().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("{address} has no {name}")).1
}

impl ProviderSetup {
    pub async fn new() -> Self {
        Self::set(|_| {}).await
    }

    /// The same, with other settings.
    pub async fn set(change: fn(&mut Config)) -> Self {
        Self::of(Provider::new(), change).await
    }

    /// A control plane that believes this provider.
    pub async fn of(provider: Provider, change: fn(&mut Config)) -> Self {
        let providers = provider.providers();
        let vouched = move |config: &mut Config| {
            config.providers = providers.clone();
            change(config);
        };
        let app = TestApp::set(vouched).await;
        provider.says(person("24400320", "Ada", &["database operators", "staff"]));
        Self { app, provider }
    }

    /// A control plane that believes this provider by these settings.
    pub async fn believing(provider: Provider, table: OpenidTable) -> Self {
        let providers = Provider::vouching_of(table);
        let app =
            TestApp::set(move |config: &mut Config| config.providers = providers.clone()).await;
        Self { app, provider }
    }

    /// Time passes for both.
    pub fn wait(&self, millis: i64) {
        self.app.clock.advance_millis(millis);
        self.provider.clock.advance_millis(millis);
    }

    /// Begins a sign-in; the address of the provider, and the cookie.
    pub async fn begin(&self) -> (String, String) {
        self.begin_with(&[("next", "/log?limit=3")]).await
    }

    /// The same, with these fields.
    pub async fn begin_with(&self, fields: &[(&str, &str)]) -> (String, String) {
        let reply = form(&self.app.anonymous(), BEGIN, "", fields).await.expect(200);
        let refresh = reply.headers["refresh"].to_str().expect("text").to_owned();
        let address = refresh.strip_prefix("0; url=").expect("an address").to_owned();
        let (cookie, rules) = cookies(&reply).remove(0);
        assert_eq!(rules, " Path=/; HttpOnly; SameSite=Strict; Max-Age=600");
        (address, cookie)
    }

    /// Goes to the provider and comes back, up to the page with the button.
    pub async fn go(&self) -> ProviderReply {
        let (address, cookie) = self.begin().await;
        self.there_and_back(&address, cookie).await
    }

    /// The same, from the address of a sign-in that was begun.
    pub async fn there_and_back(&self, address: &str, cookie: String) -> ProviderReply {
        let callback = self.provider.visit(address).await;
        let page = self.app.anonymous().get(&callback).await.expect(200);
        assert!(page.body.contains("action=\"/login/openid/finish\""), "{}", page.body);
        assert!(!page.headers.contains_key(header::SET_COOKIE), "a GET signs nobody in");
        let (state, code) = (parameter(&callback, "state"), parameter(&callback, "code"));
        ProviderReply { cookie, state, code }
    }

    pub async fn finish(&self, back: &ProviderReply) -> Reply {
        let fields = [("state", &*back.state), ("code", &*back.code)];
        form(&self.app.anonymous(), FINISH, &back.cookie, &fields).await
    }

    /// The whole way; who signed in, as a client.
    pub async fn sign_in(&self) -> Client {
        let reply = self.finish(&self.go().await).await.expect(303);
        let wanted = reply.location.as_deref();
        assert_eq!(wanted, Some("/log?limit=3"), "where the person wanted to go");
        self.who(&reply)
    }

    /// Who signed in, as a client.
    pub fn who(&self, reply: &Reply) -> Client {
        let set = cookies(reply);
        let (session, _) = set.iter().find(|(pair, _)| pair.contains("_session_")).expect("one");
        assert!(set.iter().any(|(pair, rules)| pair.ends_with('=') && rules.contains("Max-Age=0")));
        Client::new(self.app.house.console.clone(), Some(session.clone()))
    }

    /// Nobody is let in: the status and the code, no session, and one record of it with the words.
    pub async fn refused(&self, reply: Reply, status: u16, code: &str, words: &str) {
        assert_eq!(reply.status.as_u16(), status, "{words}: {}", reply.body);
        assert!(reply.body.contains(code), "{words}: {}", reply.body);
        let held = cookies(&reply).into_iter().any(|(pair, _)| pair.contains("aerodb_session_"));
        assert!(!held, "{words}");
        let entry = self.last().await["entry"].clone();
        assert_eq!(entry["kind"], "denied", "{words}: {entry}");
        assert_eq!(entry["refusal"]["code"], code, "{words}");
        assert!(entry["refusal"].to_string().contains(words), "{words}: {entry}");
        assert!(!entry.to_string().contains("555-0100"), "what a stranger wrote is not repeated");
    }

    pub async fn last(&self) -> Value {
        let page = self.app.auditor().get("/api/v1/log?limit=1").await.expect(200).json();
        page["records"][0].clone()
    }

    pub async fn records(&self) -> usize {
        self.app.record_kinds().await.len()
    }
}

impl ProviderSetup {
    pub fn now_s(&self) -> i64 {
        self.app.clock.now().millis() / 1000
    }

    pub async fn accounts(&self) -> Value {
        let all = self.app.auditor().get("/api/v1/access/all").await.expect(200).json();
        all["accounts"].clone()
    }
}
