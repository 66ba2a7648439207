//! Signing in through a provider of OpenID Connect, against one that answers over real HTTP: every way in
//! which nobody may be let in (C10.1, C11.1).

use crate::harness::{PASSWORD, TestApp};
use crate::identity::openid_place::{
    A_WHILE_MS, BEGIN, FINISH, ProviderReply, ProviderSetup, form, parameter, parameters,
};
use crate::identity::provider::{CLIENT, Lies, Provider, SITE, Signed};
use crate::serve::certified::TestCertificate;
use crate::serve::opened::refused_start;
use aerodb_control::identity::OpenidTable;
use aerodb_control::serve::provider_settings::ProviderSettings;
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

/// C9.4, C10.1.
#[tokio::test]
async fn an_answer_to_no_question_of_this_browser_signs_nobody_in() {
    let place = ProviderSetup::new().await;
    // Another state.
    let mut back = place.go().await;
    let right = std::mem::replace(&mut back.state, "x".repeat(43));
    place.refused(place.finish(&back).await, 410, "sign_in_spent", "begin again").await;
    // That used the sign-in up, so the right one comes too late.
    back.state = right;
    place.refused(place.finish(&back).await, 410, "sign_in_spent", "begin again").await;
    place.wait(A_WHILE_MS);
    // Another browser: no cookie, one of another sign-in, one that was made up, two at once.
    let back = place.go().await;
    let (_, other) = place.begin().await;
    let name = back.cookie.split_once('=').expect("a pair").0.to_owned();
    let both = format!("{other}; {}", back.cookie);
    for cookie in [String::new(), other, format!("{name}=x"), both] {
        let elsewhere = ProviderReply { cookie, ..back.clone() };
        let reply = place.finish(&elsewhere).await;
        place.refused(reply, 410, "sign_in_spent", "begin again").await;
        place.wait(A_WHILE_MS / 4);
    }
    // Its own browser can still end it, once.
    place.finish(&back).await.expect(303);
    place.refused(place.finish(&back).await, 410, "sign_in_spent", "begin again").await;
    place.wait(A_WHILE_MS);
    // Too late.
    let back = place.go().await;
    place.wait(10 * 60 * 1000);
    place.refused(place.finish(&back).await, 410, "sign_in_spent", "begin again").await;
}

/// C9.4, C10.1.
#[tokio::test]
async fn a_code_that_is_not_good_signs_nobody_in_and_is_given_to_the_provider_once() {
    let place = ProviderSetup::new().await;
    let first = place.go().await;
    place.provider.asked();
    place.finish(&first).await.expect(303);
    assert_eq!(place.provider.asked(), ["token", "keys"]);
    // The code of another sign-in, which was used: the provider refuses it.
    let second = ProviderReply { code: first.code, ..place.go().await };
    let words = "a code that the provider refuses: invalid_grant";
    place.refused(place.finish(&second).await, 403, "identity_unproven", words).await;
    // One that was not used, of a sign-in that another browser began: PKCE.
    place.wait(A_WHILE_MS);
    let (stolen, mine) = (place.go().await, place.go().await);
    let mixed = ProviderReply { code: stolen.code, ..mine };
    place.refused(place.finish(&mixed).await, 403, "identity_unproven", words).await;
    assert_eq!(
        place.provider.asked().iter().filter(|what| *what == "token").count(),
        2,
        "once each"
    );
}

/// C9.4, C10.1.
#[tokio::test]
async fn a_token_that_does_not_prove_it_signs_nobody_in() {
    let place = ProviderSetup::new().await;
    let now = place.now_s();
    let signed = |signed| Lies { signed, ..Lies::default() };
    let claim = |key, value| Lies { claims: vec![(key, value)], ..Lies::default() };
    let cases = [
        (signed(Signed::No), "cannot be read"),
        (signed(Signed::ByPublicKey), "not signed in a way"),
        (signed(Signed::ByUnknownKey), "a key that the provider does not show"),
        (signed(Signed::ByAnotherKey), "signature or form is wrong"),
        (signed(Signed::Changed), "signature or form is wrong"),
        (signed(Signed::WithCondition), "a condition that is not known here"),
        (claim("nonce", json!("another")), "made for another sign-in"),
        (claim("nonce", Value::Null), "made for another sign-in"),
        (claim("iss", json!("https://elsewhere.example")), "of another provider"),
        (claim("iss", json!([place.provider.issuer()])), "signature or form is wrong"),
        (claim("aud", json!("another-client")), "for somebody else"),
        (claim("aud", json!([CLIENT, "another-client"])), "for somebody else"),
        (claim("aud", json!([])), "for somebody else"),
        (claim("azp", json!("another-client")), "for somebody else"),
        (claim("exp", json!(now - 60)), "that has expired"),
        (claim("exp", json!("never")), "signature or form is wrong"),
        (claim("exp", Value::Null), "signature or form is wrong"),
        (claim("iat", json!(now + 100_000)), "from the future"),
        (claim("nbf", json!(now + 100_000)), "from the future"),
        (claim("sub", json!("")), "about nobody"),
        (claim("sub", json!("a\u{202e}b")), "about nobody"),
        (claim("sub", Value::Null), "signature or form is wrong"),
    ];
    let accounts = place.accounts().await;
    for (lies, words) in cases {
        place.provider.lies(lies);
        let (back, before) = (place.go().await, place.records().await);
        place.refused(place.finish(&back).await, 403, "identity_unproven", words).await;
        assert_eq!(place.records().await, before + 1, "{words}");
        place.wait(A_WHILE_MS / 8);
    }
    assert_eq!(place.accounts().await, accounts, "nobody got an account");
}

/// C6.1, C9.4.
#[tokio::test]
async fn a_provider_that_is_gone_or_lies_about_itself_is_told_and_accounts_go_on_working() {
    let place = ProviderSetup::new().await;
    let says = |key, value| Lies { discovery: vec![(key, value)], ..Lies::default() };
    let gone = || Lies { gone: true, ..Lies::default() };
    for (lies, words) in [
        (gone(), "it answered 503"),
        (says("issuer", json!("https://elsewhere.example")), "by another address"),
        (says("issuer", json!(format!("{}/", place.provider.issuer()))), "by another address"),
        (says("token_endpoint", json!("http://idp.example/token")), "not encrypted"),
        (says("authorization_endpoint", json!("javascript:alert(1)")), "not encrypted"),
        (says("jwks_uri", Value::Null), "something else than was asked"),
        (says("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])), "in no way"),
    ] {
        place.provider.lies(lies);
        let before = place.records().await;
        let reply = form(&place.app.anonymous(), BEGIN, "", &[]).await;
        assert!(!reply.headers.contains_key("refresh"));
        assert!(reply.body.contains("Accounts of this control plane work without it."));
        place.refused(reply, 502, "provider_unreachable", words).await;
        assert_eq!(place.records().await, before + 1);
        place.wait(A_WHILE_MS / 8);
    }
    // It goes while somebody is there, or sends the question elsewhere.
    let redirected = Lies { token_status: Some(307), ..Lies::default() };
    for (lies, words) in [(gone(), "it answered 503"), (redirected, "it answered 307")] {
        place.provider.lies(Lies::default());
        let back = place.go().await;
        place.provider.lies(lies);
        place.refused(place.finish(&back).await, 502, "provider_unreachable", words).await;
        place.refused(place.finish(&back).await, 410, "sign_in_spent", "begin again").await;
        place.wait(A_WHILE_MS);
    }
    let body = json!({"name": "olga", "password": PASSWORD});
    place.app.anonymous().post("/api/v1/login", &body).await.expect(200);
    // Nothing listens any more.
    let ProviderSetup { app, mut provider } = place;
    provider.stop().await;
    app.clock.advance_millis(A_WHILE_MS);
    let reply = form(&app.anonymous(), BEGIN, "", &[]).await.expect(502);
    assert!(reply.body.contains("connection refused"), "{}", reply.body);
    app.anonymous().post("/api/v1/login", &body).await.expect(200);
}

/// C10.2.
#[tokio::test]
async fn a_link_to_the_page_behind_a_provider_does_nothing_and_says_nothing_of_its_own() {
    let place = ProviderSetup::new().await;
    let before = place.records().await;
    let anonymous = place.app.anonymous();
    let page = "/login/openid/callback";
    for (query, status, says) in [
        ("", 400, "state"),
        ("?state=a", 400, "code"),
        ("?state=a&code=b&iss=c&foo=Call+5550100", 200, "Finish signing in"),
        ("?error=access_denied&error_description=Call+5550100&state=a", 200, "access_denied"),
        ("?error=Call+5550100", 200, "no reason that is known"),
    ] {
        let reply = anonymous.get(&format!("{page}{query}")).await.expect(status);
        assert!(
            reply.body.contains(says) && !reply.body.contains("5550100"),
            "{query}: {}",
            reply.body
        );
        assert!(!reply.headers.contains_key(header::SET_COOKIE));
    }
    let long = format!("{page}?state=a&code={}", "b".repeat(9000));
    anonymous.get(&long).await.expect(400);
    assert_eq!(place.records().await, before, "a GET leaves no record");
    // Who finds a form of it elsewhere is refused before anything is asked.
    place.provider.asked();
    let body = Body::from("state=a&code=b");
    let request = Request::post(FINISH)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site");
    anonymous.send(request.body(body).expect("a request")).await.expect(403);
    // The answer of another provider is not taken to this one (RFC 9207).
    let back = place.go().await;
    place.provider.asked();
    let fields =
        [("state", &*back.state), ("code", &*back.code), ("iss", "https://elsewhere.example")];
    let reply = form(&anonymous, FINISH, &back.cookie, &fields).await;
    place.refused(reply, 403, "identity_unproven", "an answer of another provider").await;
    assert!(place.provider.asked().is_empty(), "and the code is not given away");
    // The page says who signs people in, and the form needs no script.
    let login = anonymous.get("/login?next=/log").await.expect(200).body;
    assert!(
        login.contains("action=\"/login/openid\"") && login.contains("Sign in with Example Works")
    );
    let plain = TestApp::new().await.anonymous().get("/login").await.expect(200).body;
    assert!(!plain.contains("/login/openid") && !plain.contains("/login/proxy"));
}

/// C10.1.
#[tokio::test]
async fn beginning_costs_the_address_that_begins_and_the_secret_goes_where_it_is_read() {
    let place = ProviderSetup::new().await;
    let methods = json!(["client_secret_post"]);
    let in_body = vec![("token_endpoint_auth_methods_supported", methods)];
    place.provider.lies(Lies { discovery: in_body, ..Lies::default() });
    place.sign_in().await;
    place.wait(A_WHILE_MS);
    let anonymous = place.app.anonymous();
    for _ in 0..10 {
        form(&anonymous, BEGIN, "", &[]).await.expect(200);
    }
    place.provider.asked();
    let before = place.records().await;
    for _ in 0..5 {
        form(&anonymous, BEGIN, "", &[]).await.expect(429);
    }
    assert!(place.provider.asked().is_empty(), "the provider is not asked for a guesser");
    assert_eq!(place.records().await, before + 1, "told once, not once for each");
    // What begins is bound to one address of this site, whatever the request says.
    place.wait(A_WHILE_MS);
    let (address, _) = place.begin().await;
    assert_eq!(parameter(&address, "redirect_uri"), format!("{SITE}/login/openid/callback"));
    let secrets = parameters(&address).into_iter().filter(|(key, _)| key.contains("secret"));
    assert_eq!(secrets.count(), 0);
}

/// C10.1, C11.1: a certificate is believed by the word of the authority in `openid-ca` and of no other.
#[tokio::test]
async fn a_provider_is_who_the_authority_of_the_settings_says_it_is() {
    let place = ProviderSetup::of(Provider::encrypted(), |_| {}).await;
    assert!(place.provider.issuer().starts_with("https://"));
    let session = place.sign_in().await.get("/api/v1/session").await.expect(200).json();
    assert_eq!(session["name"], "ada");
    // Those that browsers trust know nothing of it; nor does an authority of somebody else.
    let other = place.app.dir().join("other.pem");
    std::fs::write(&other, TestCertificate::new().ca).expect("a file");
    for ca in [std::path::PathBuf::new(), other] {
        let table = OpenidTable { ca, ..place.provider.table() };
        let openid = table.checked().expect("settings");
        let app = TestApp::vouched(ProviderSettings { openid, ..place.provider.providers() }).await;
        place.provider.asked();
        let reply = form(&app.anonymous(), BEGIN, "", &[]).await.expect(502);
        assert!(reply.body.contains("no authority that is believed vouches"), "{}", reply.body);
        assert!(place.provider.asked().is_empty(), "and nothing was said to it");
    }
}

/// C6.1: a setting that would let nobody in, or somebody too many, stops the start.
#[tokio::test]
async fn settings_of_a_provider_that_cannot_work_stop_the_start_before_anything_is_opened() {
    let provider = Provider::new();
    let good = provider.providers();
    for (site, says) in [
        ("http://console.example", "public-url"),
        ("https://console.example", "public-url"),
        ("http://127.0.0.1:7400/console", "public-url"),
    ] {
        let providers = ProviderSettings { public_url: Some(site.to_owned()), ..good.clone() };
        let refused = refused_start(|config| config.providers = providers).await;
        assert!(refused.contains(says) && refused.contains(site), "{refused}");
    }
    let mut table = provider.table();
    table.secret_file = "/nonexistent/secret".into();
    let providers = ProviderSettings { openid: table.checked().expect("values"), ..good.clone() };
    let refused = refused_start(|config| config.providers = providers).await;
    assert!(refused.contains("openid-client-secret-file"), "{refused}");
    let mut table = provider.table();
    table.ca = "/nonexistent/ca".into();
    let providers = ProviderSettings { openid: table.checked().expect("values"), ..good };
    assert!(refused_start(|config| config.providers = providers).await.contains("openid-ca"));
}
