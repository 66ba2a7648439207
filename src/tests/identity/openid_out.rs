//! Signing out where a provider signs people in: the next person at that browser is not the one before.

use crate::harness::Reply;
use crate::identity::openid_place::{ProviderSetup, cookies, form, parameters};
use crate::identity::provider::Lies;
use serde_json::json;

/// Who signed in through the provider, and signs out by the page.
async fn signs_out(place: &ProviderSetup) -> (String, Reply) {
    let reply = place.finish(&place.go().await).await.expect(303);
    let set = cookies(&reply);
    let session =
        set.iter().find(|(pair, _)| pair.contains("aerodb_session_")).expect("one").0.clone();
    let gone = set.iter().any(|(pair, _)| pair.contains("aerodb_left_") && pair.ends_with('='));
    assert!(gone, "whoever signs in was asked: {set:?}");
    let reply = form(&place.app.anonymous(), "/logout", &session, &[]).await;
    (session, reply)
}

/// What the next sign-in in that browser asks the provider for.
async fn next_asks(place: &ProviderSetup, reply: &Reply) -> Vec<(String, String)> {
    let left = cookies(reply).into_iter().find(|(pair, _)| pair.contains("aerodb_left_"));
    let (left, rules) = left.expect("the browser remembers that somebody signed out");
    assert!(rules.contains("HttpOnly") && rules.contains("SameSite=Strict"), "{rules}");
    let begun = form(&place.app.anonymous(), "/login/openid", &left, &[]).await.expect(200);
    let refresh = begun.headers["refresh"].to_str().expect("text").to_owned();
    parameters(refresh.strip_prefix("0; url=").expect("an address"))
}

fn has(asked: &[(String, String)], name: &str, value: &str) -> bool {
    asked.iter().any(|(key, found)| key == name && found == value)
}

/// C3.1.
#[tokio::test]
async fn after_a_sign_out_the_provider_is_told_to_ask_who_is_there() {
    let place = ProviderSetup::new().await;
    let (_, reply) = signs_out(&place).await;
    assert_eq!((reply.status.as_u16(), reply.location.as_deref()), (303, Some("/login")));
    let asked = next_asks(&place, &reply).await;
    assert!(has(&asked, "prompt", "login"), "{asked:?}");
    assert!(!asked.iter().any(|(key, _)| key == "max_age"), "no proof is wanted: {asked:?}");
    // A browser in which nobody signed out is not asked.
    let (address, _) = place.begin().await;
    assert!(!address.contains("prompt="), "{address}");
}

/// OpenID Connect RP-Initiated Logout 1.0.
#[tokio::test]
async fn whoever_signs_out_is_led_to_where_the_provider_forgets_them() {
    let place = ProviderSetup::new().await;
    let end = format!("{}/end?a=b", place.provider.issuer());
    let discovery = vec![("end_session_endpoint", json!(end))];
    place.provider.lies(Lies { discovery, ..Lies::default() });
    let (session, reply) = signs_out(&place).await;
    let refresh = reply.headers["refresh"].to_str().expect("text").to_owned();
    let address = refresh.strip_prefix("0; url=").expect("an address");
    assert!(address.starts_with(&end), "{address}");
    assert!(has(&parameters(address), "client_id", crate::identity::provider::CLIENT), "{address}");
    assert!(reply.body.contains("You are signed out here."), "{}", reply.body);
    // Also where the person does not go through with it there.
    assert!(has(&next_asks(&place, &reply).await, "prompt", "login"));
    let again = form(&place.app.anonymous(), "/logout", &session, &[]).await;
    assert!(again.status.is_redirection() || again.status.is_success());
}

/// C10.1: a provider does not lead anybody to an address that is weaker than its own.
#[tokio::test]
async fn a_place_to_sign_out_that_is_not_encrypted_or_no_address_is_none() {
    for end in ["http://idp.example/end", "javascript:alert(1)", ""] {
        let place = ProviderSetup::new().await;
        let discovery = vec![("end_session_endpoint", json!(end))];
        place.provider.lies(Lies { discovery, ..Lies::default() });
        let (_, reply) = signs_out(&place).await;
        assert_eq!(reply.location.as_deref(), Some("/login"), "{end}");
    }
}
