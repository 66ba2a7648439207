//! Signing in by the word of a proxy: nobody else is believed, and the proxy is believed for as long as it
//! says so (C10.1, C11.1).

use crate::harness::{Client, PASSWORD, Reply, TestApp, confirmation, id};
use crate::identity::openid_place::{ProviderSetup, cookies, person};
use crate::serve::opened::refused_start;
use aerodb_control::identity::proxy::ProxyTable;
use aerodb_control::serve::provider_settings::ProviderSettings;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use serde_json::{Value, json};
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

const PROXY: &str = "192.0.2.10:40000";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const NAME: &str = "x-forwarded-user";
const PROOF: &str = "x-proxy-secret";

/// From where, with which headers, and why it is not believed.
type Forged<'a> = (&'a str, Vec<(&'a str, &'a str)>, &'static str);

fn table(dir: &TempDir, secret: &str) -> ProxyTable {
    let secret_file = dir.path().join("proxy-secret");
    std::fs::write(&secret_file, secret).expect("a file");
    std::fs::set_permissions(&secret_file, Permissions::from_mode(0o600)).expect("ours");
    ProxyTable {
        addresses: vec!["192.0.2.10".to_owned(), "2001:db8::10".to_owned()],
        name_header: NAME.to_owned(),
        secret_header: PROOF.to_owned(),
        secret_file,
    }
}

fn providers(dir: &TempDir) -> ProviderSettings {
    let proxy = table(dir, SECRET).checked().expect("settings");
    ProviderSettings { proxy, ..ProviderSettings::default() }
}

/// A request from an address, with these headers.
async fn sends(
    client: &Client,
    method: &str,
    path: &str,
    from: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).expect("a request");
    let from: SocketAddr = from.parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(from));
    client.send(request).await
}

/// Through the proxy, as somebody whom it names.
async fn through(client: &Client, method: &str, path: &str, name: &str, cookie: &str) -> Reply {
    let headers = [(NAME, name), (PROOF, SECRET), ("cookie", cookie)];
    sends(client, method, path, PROXY, &headers).await
}

async fn last(app: &TestApp) -> Value {
    let page = app.auditor().get("/api/v1/log?limit=1").await.expect(200).json();
    page["records"][0]["entry"].clone()
}

/// C10.1: the header of anybody else is not believed, whatever else is sent.
#[tokio::test]
async fn a_name_that_did_not_come_from_the_proxy_signs_nobody_in() {
    let dir = tempfile::tempdir().expect("a directory");
    let app = TestApp::vouched(providers(&dir)).await;
    let anonymous = app.anonymous();
    let (near, wrong) = ("192.0.2.11:1", "f".repeat(32));
    let (short, long) = (&SECRET[..31], format!("{SECRET}0"));
    let (olga, proof) = ((NAME, "olga"), (PROOF, SECRET));
    let sets: Vec<Forged<'_>> = vec![
        (near, vec![olga, proof], "did not come through"),
        ("127.0.0.1:1", vec![olga, proof], "did not come through"),
        ("[::1]:1", vec![olga, proof], "did not come through"),
        ("[2001:db8::11]:1", vec![olga, proof], "did not come through"),
        ("0.0.0.0:1", vec![olga, proof], "did not come through"),
        (near, vec![olga, proof, ("x-forwarded-for", "192.0.2.10")], "did not come through"),
        (near, vec![olga, proof, ("x-real-ip", "192.0.2.10")], "did not come through"),
        (near, vec![olga, proof, ("forwarded", "for=192.0.2.10")], "did not come through"),
        (near, vec![olga, proof, ("via", "1.1 192.0.2.10")], "did not come through"),
        (near, vec![], "did not come through"),
        (PROXY, vec![], "without the secret"),
        (PROXY, vec![olga], "without the secret"),
        (PROXY, vec![olga, (PROOF, "")], "without the secret"),
        (PROXY, vec![olga, (PROOF, &wrong)], "without the secret"),
        (PROXY, vec![olga, (PROOF, short)], "without the secret"),
        (PROXY, vec![olga, (PROOF, &long)], "without the secret"),
        (PROXY, vec![olga, proof, proof], "without the secret"),
        (PROXY, vec![olga, ("authorization", SECRET)], "without the secret"),
        (PROXY, vec![proof], "names nobody"),
        (PROXY, vec![proof, olga, olga], "names nobody"),
        (PROXY, vec![proof, olga, (NAME, "anna")], "names nobody"),
        (PROXY, vec![proof, ("x-forwarded-email", "olga")], "names nobody"),
        (PROXY, vec![proof, (NAME, "Olga")], "no account can have"),
        (PROXY, vec![proof, (NAME, "olga, anna")], "no account can have"),
        (PROXY, vec![proof, (NAME, "")], "no account can have"),
    ];
    let count = sets.len();
    for (from, headers, words) in sets {
        let before = app.record_kinds().await.len();
        let reply = sends(&anonymous, "POST", "/login/proxy", from, &headers).await.expect(403);
        assert!(
            cookies(&reply).is_empty() && reply.body.contains("identity_unproven"),
            "{headers:?}"
        );
        assert!(!reply.body.contains(SECRET));
        let entry = last(&app).await;
        assert_eq!(entry["kind"], "denied", "{headers:?}");
        assert!(entry["refusal"]["found"].as_str().expect("words").contains(words), "{entry}");
        assert!(!entry.to_string().contains("olga") && !entry.to_string().contains(SECRET));
        assert_eq!(app.record_kinds().await.len(), before + 1);
        // On no other address does a header mean anything, the right ones of the proxy included.
        sends(&anonymous, "GET", "/api/v1/session", from, &headers).await.expect(401);
        sends(&anonymous, "GET", "/", from, &headers).await.expect(303);
        app.clock.advance_millis(30_000);
    }
    println!("{count} forged sets of headers, nobody signed in");
    through(&anonymous, "GET", "/api/v1/session", "olga", "").await.expect(401);
    through(&anonymous, "POST", "/freeze", "olga", "").await.expect(401);
}

/// C9.4, C10.1.
#[tokio::test]
async fn the_proxy_names_accounts_of_this_table_and_no_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let provided = ProviderSetup::new().await;
    let both = ProviderSettings { proxy: providers(&dir).proxy, ..provided.provider.providers() };
    let place = ProviderSetup { app: TestApp::vouched(both).await, provider: provided.provider };
    place.app.house.access.add_account("gone", "observer", PASSWORD).await.expect("made");
    place.app.house.access.remove_account("gone").await.expect("removed");
    place.provider.says(person("24400320", "ada", &["database operators"]));
    place.sign_in().await;
    let anonymous = place.app.anonymous();
    // Nobody, a program's token, a removed account, and one that a provider vouches for.
    for name in ["nobody", "metrics", "gone", "ada"] {
        let reply = through(&anonymous, "POST", "/login/proxy", name, "").await.expect(403);
        assert!(reply.body.contains("not_admitted") && cookies(&reply).is_empty());
        let entry = last(&place.app).await;
        assert_eq!(entry["refusal"]["found"], name, "{entry}");
        place.wait(30_000);
    }
}

/// C9.1, C10.1.
#[tokio::test]
async fn whom_the_proxy_names_has_a_session_for_as_long_as_it_says_so() {
    let dir = tempfile::tempdir().expect("a directory");
    let app = TestApp::vouched(providers(&dir)).await;
    let anonymous = app.anonymous();
    for (name, role) in [("oscar", "observer"), ("anna", "auditor"), ("olga", "operator")] {
        let before = app.record_kinds().await.len();
        let reply = through(&anonymous, "POST", "/login/proxy", name, "").await.expect(303);
        assert_eq!(app.record_kinds().await[before..], ["signed_in"]);
        assert_eq!(last(&app).await["by"], "proxy");
        let (cookie, _) = cookies(&reply).remove(0);
        let session =
            through(&anonymous, "GET", "/api/v1/session", name, &cookie).await.expect(200);
        assert_eq!(
            (&session.json()["name"], &session.json()["role"]),
            (&json!(name), &json!(role))
        );
        let own =
            through(&anonymous, "GET", "/api/v1/access", name, &cookie).await.expect(200).json();
        assert!(own["sessions"].to_string().contains("\"by\":\"proxy\""));
        // Somebody else at the same browser, nobody at all, and whoever goes past the proxy with it.
        let other = if name == "olga" { "anna" } else { "olga" };
        through(&anonymous, "GET", "/api/v1/session", other, &cookie).await.expect(401);
        let at_proxy = [(PROOF, SECRET), ("cookie", &*cookie)];
        sends(&anonymous, "GET", "/api/v1/session", PROXY, &at_proxy).await.expect(401);
        let past = [(NAME, name), (PROOF, SECRET), ("cookie", &*cookie)];
        sends(&anonymous, "GET", "/api/v1/session", "192.0.2.11:1", &past).await.expect(401);
        let secret = cookie.split_once('=').expect("a pair").1;
        let bearer = Client::new(app.house.console.clone(), Some(secret.to_owned()));
        bearer.get("/api/v1/session").await.expect(401);
        app.at_observers(&bearer).get("/api/v1/session").await.expect(401);
        let freeze = through(&anonymous, "POST", "/freeze", other, &cookie).await.expect(401);
        assert!(freeze.body.contains("not_signed_in"));
        through(&anonymous, "GET", "/api/v1/session", name, &cookie).await.expect(200);
    }
    // Accounts and tokens go on working, through the proxy and past it, whoever it names.
    let olga = app.sign_in("olga").await;
    olga.get("/api/v1/session").await.expect(200);
    through(&olga, "GET", "/api/v1/session", "anna", "").await.expect(200);
    app.program().get("/api/v1/cluster").await.expect(200);
    // A change of role ends the session of the proxy like any other.
    let reply = through(&anonymous, "POST", "/login/proxy", "oscar", "").await.expect(303);
    let (cookie, _) = cookies(&reply).remove(0);
    app.house.access.change_role("oscar", "operator").await.expect("changed");
    through(&anonymous, "GET", "/api/v1/session", "oscar", &cookie).await.expect(401);
    let page = anonymous.get("/login").await.expect(200).body;
    assert!(page.contains("action=\"/login/proxy\"") && !page.contains("/login/openid"));
}

/// `proved_recently`, C3.1: who is signed in at the proxy is whoever sits at the browser.
#[tokio::test]
async fn the_word_of_a_proxy_is_no_proof_and_the_page_asks_for_the_password() {
    let dir = tempfile::tempdir().expect("a directory");
    let app = TestApp::vouched(providers(&dir)).await;
    let asked = app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    let reply = through(&app.anonymous(), "POST", "/login/proxy", "olga", "").await.expect(303);
    let (cookie, _) = cookies(&reply).remove(0);
    let path = format!("/actions/{}", id(1));
    let page = through(&app.anonymous(), "GET", &path, "olga", &cookie).await.expect(200).body;
    assert!(page.contains("confirm-password"), "it is not known when she proved it");
    let mut body = confirmation(&asked.json());
    let refused = confirms(&app, &cookie, &body).await.expect(403).json()["refusal"].clone();
    assert_eq!((&refused["code"], &refused["found"]), (&json!("proof_needed"), &json!("never")));
    body["password"] = json!(PASSWORD);
    body["after_refusal"] = json!(last_seq(&app).await);
    let done = confirms(&app, &cookie, &body).await.expect(200);
    assert_eq!(done.json()["stage"], "executed");
    // The session goes on as one of the proxy.
    let (renewed, _) = cookies(&done).remove(0);
    let session = "/api/v1/session";
    through(&app.anonymous(), "GET", session, "olga", &renewed).await.expect(200);
    through(&app.anonymous(), "GET", session, "anna", &renewed).await.expect(401);
}

/// Confirms the first action through the proxy, as Olga.
async fn confirms(app: &TestApp, cookie: &str, body: &Value) -> Reply {
    let mut request = Request::post(format!("/api/v1/actions/{}/confirm", id(1)))
        .header(header::CONTENT_TYPE, "application/json")
        .header(NAME, "olga")
        .header(PROOF, SECRET)
        .header(header::COOKIE, cookie)
        .body(Body::from(body.to_string()))
        .expect("a request");
    let from: SocketAddr = PROXY.parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(from));
    app.anonymous().send(request).await
}

/// The newest record, which is the refusal.
async fn last_seq(app: &TestApp) -> String {
    let page = app.auditor().get("/api/v1/log?limit=1").await.expect(200).json();
    page["records"][0]["seq"].as_u64().expect("a number").to_string()
}

/// C6.1.
#[tokio::test]
async fn settings_of_a_proxy_that_would_believe_too_many_stop_the_start() {
    let dir = tempfile::tempdir().expect("a directory");
    for (addresses, name, secret_header, words) in [
        (vec!["10.0.0.0/8"], NAME, PROOF, "proxy-addresses"),
        (vec!["0.0.0.0"], NAME, PROOF, "proxy-addresses"),
        (vec!["proxy.example"], NAME, PROOF, "proxy-addresses"),
        (vec!["10.0.0.1"], "cookie", PROOF, "proxy-name-header"),
        (vec!["10.0.0.1"], "", PROOF, "proxy-name-header"),
        (vec!["10.0.0.1"], NAME, "authorization", "proxy-secret-header"),
        (vec!["10.0.0.1"], NAME, NAME, "proxy-secret-header"),
    ] {
        let addresses = addresses.into_iter().map(str::to_owned).collect();
        let (name_header, secret_header) = (name.to_owned(), secret_header.to_owned());
        let secret_file = dir.path().join("x");
        let said = ProxyTable { addresses, name_header, secret_header, secret_file };
        let said = said.checked().expect_err(words);
        assert_eq!(said.field, words);
    }
    for (secret, words) in [("short", "fewer than 32"), ("", "one line"), ("a b", "one line")] {
        let proxy = table(&dir, secret).checked().expect("values");
        let said = refused_start(|config| config.providers.proxy = proxy).await;
        assert!(said.contains("proxy-secret-file") && said.contains(words), "{said}");
    }
    let providers = providers(&dir);
    let said = refused_start(|config| {
        config.providers = providers;
        config.leptos.site_addr = "192.0.2.1:7400".parse().expect("an address");
        config.reach.plain_http = aerodb_control::serve::listen_policy::PlainHttp::AnyAddress;
    });
    let said = said.await;
    assert!(said.contains("not encrypted") && said.contains("proxy-addresses"), "{said}");
}
