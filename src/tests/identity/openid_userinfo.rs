//! Claims that are not in the token as a flat list of texts: inside others, at the userinfo endpoint, or
//! too many (C10.1, C11.1).

use crate::identity::openid_place::{A_WHILE_MS, ProviderSetup};
use crate::identity::provider::{Lies, Provider};
use serde_json::{Value, json};

/// A provider that puts nothing but who it is into the token, and this at its userinfo endpoint.
fn provider(said: Value) -> Provider {
    let provider = Provider::new();
    let endpoint = json!(format!("{}/userinfo", provider.issuer()));
    let discovery = vec![("userinfo_endpoint", endpoint)];
    provider.lies(Lies { discovery, userinfo: Some(said), ..Lies::default() });
    provider
}

/// A control plane that asks there, and reads a role inside another claim.
async fn place(said: Value) -> ProviderSetup {
    let provider = provider(said);
    let mut table = provider.table();
    table.userinfo = true;
    for row in &mut table.roles {
        "realm_access.roles".clone_into(&mut row.claim);
    }
    let place = ProviderSetup::believing(provider, table).await;
    place.provider.says(json!({"sub": "24400320"}));
    place
}

#[tokio::test]
async fn userinfo_about_somebody_else_or_none_signs_nobody_in() {
    let operator = json!({"roles": ["database operators"]});
    let other = json!({"sub": "1", "preferred_username": "ada", "realm_access": operator});
    let place_of_other = place(other).await;
    let reply = place_of_other.finish(&place_of_other.go().await).await;
    let words = "claims about somebody else than the token";
    place_of_other.refused(reply, 403, "identity_unproven", words).await;

    let silent = place(json!({"sub": "24400320"})).await;
    let endpoint = json!(format!("{}/userinfo", silent.provider.issuer()));
    let discovery = vec![("userinfo_endpoint", endpoint)];
    silent.provider.lies(Lies { discovery, ..Lies::default() });
    let reply = silent.finish(&silent.go().await).await;
    silent.refused(reply, 502, "provider_unreachable", "it answered 403").await;
    silent.wait(A_WHILE_MS);

    // Where the settings do not say so nobody is asked, whatever the provider names.
    let provider = provider(json!({"sub": "24400320", "groups": ["database operators"]}));
    let table = provider.table();
    let unasked = ProviderSetup::believing(provider, table).await;
    unasked.provider.says(json!({"sub": "24400320", "preferred_username": "ada"}));
    unasked.provider.asked();
    let reply = unasked.finish(&unasked.go().await).await;
    unasked.refused(reply, 403, "not_admitted", "nothing that gives a role").await;
    assert!(!unasked.provider.asked().contains(&"userinfo".to_owned()));
}

#[tokio::test]
async fn a_role_inside_another_claim_of_userinfo_is_given_and_that_of_the_token_stands() {
    let claims = |role: &str| json!({"sub": "24400320", "preferred_username": "ada", "realm_access": {"roles": [role]}});
    let place = place(claims("database operators")).await;
    let session = place.sign_in().await.get("/api/v1/session").await.expect(200).json();
    assert_eq!((&session["name"], &session["role"]), (&json!("ada"), &json!("operator")));
    place.wait(A_WHILE_MS);
    place.provider.says(claims("revision"));
    let session = place.sign_in().await.get("/api/v1/session").await.expect(200).json();
    assert_eq!(session["role"], "auditor", "the token is signed for this sign-in");
}

#[tokio::test]
async fn a_person_in_very_many_groups_is_told_about_the_size_and_not_about_who_they_are() {
    let place = ProviderSetup::new().await;
    let groups = |count: usize| {
        let many = (0..count).map(|number| format!("a-group-with-a-long-name-{number:06}"));
        json!(many.chain(["database operators".to_owned()]).collect::<Vec<_>>())
    };
    let person =
        |groups: Value| json!({"sub": "24400320", "preferred_username": "ada", "groups": groups});
    place.provider.says(person(groups(4_500)));
    let reply = place.finish(&place.go().await).await;
    assert!(reply.body.contains("very many groups"), "{}", reply.body);
    assert!(!reply.body.contains("does not prove"), "{}", reply.body);
    place.refused(reply, 413, "body_too_large", "a token of more than 131072 bytes").await;
    place.wait(A_WHILE_MS);
    place.provider.says(person(groups(2_000)));
    place.sign_in().await;
}
