//! Who was vouched for proves anew who they are where they proved it first: at the provider (C3.1). That it
//! vouches for whoever sits at the browser is no proof of this moment.

use crate::harness::{Client, TestApp, confirmation, id, proved};
use crate::identity::openid_place::{
    A_WHILE_MS, BEGIN, ProviderReply, ProviderSetup, form, parameters, person,
};
use crate::identity::provider::{Lies, Provider};
use crate::serve::opened::refused_start;
use aerodb_control::authority::ReauthLifetime;
use aerodb_control::serve::config::Config;
use aerodb_control::serve::provider_settings::ProviderSettings;
use aerodb_control::workflow::SUMMED_MS;
use serde_json::{Value, json};

const FIVE_MINUTES_MS: i64 = 5 * 60 * 1000;

async fn for_five_minutes() -> ProviderSetup {
    let place = ProviderSetup::set(|config| {
        config.reauth_lifetime = ReauthLifetime::of_minutes(5).expect("a time");
    });
    place.await
}

fn page() -> String {
    format!("/actions/{}", id(1))
}

fn says_when(value: Value) -> Lies {
    Lies { claims: vec![("auth_time", value)], ..Lies::default() }
}

/// Somebody who signed in through the provider, and a switchover that was explained to them.
async fn explained(place: &ProviderSetup) -> (Client, Value) {
    let ada = place.sign_in().await;
    let explained = ada.request(1, "switchover", json!({"to": "n2"})).await.expect(201).json();
    (ada, explained)
}

/// Begins at the button of the page, goes there and comes back.
async fn anew(place: &ProviderSetup) -> ProviderReply {
    let (address, cookie) = place.begin_with(&[("next", &page()), ("anew", "yes")]).await;
    let asked = parameters(&address);
    for (name, value) in [("prompt", "login"), ("max_age", "0")] {
        assert!(asked.contains(&(name.to_owned(), value.to_owned())), "{address}");
    }
    place.there_and_back(&address, cookie).await
}

/// `proved_recently`, C3.1.
#[tokio::test]
async fn signing_in_again_without_being_asked_by_the_provider_is_no_proof() {
    let place = for_five_minutes().await;
    let (_, explained) = explained(&place).await;
    place.wait(FIVE_MINUTES_MS);
    // The provider still knows the person, as it knows whoever sits down at the browser.
    let again = place.sign_in().await;
    let refusal = again.confirm(&explained).await.expect(403).json()["refusal"].clone();
    assert_eq!(refusal["code"], "proof_needed", "{refusal}");
    assert_eq!(refusal["invariants"], json!(["proved_recently"]));
    let sentence = refusal["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("after the button on its page"), "{sentence}");
    assert_eq!(refusal["field"], Value::Null, "there is no password to type");
    // A password proves nothing of an account that has none.
    let mut body = confirmation(&explained);
    body["password"] = json!("a quiet harbour at dawn");
    let path = format!("/api/v1{}/confirm", page());
    assert_eq!(again.post(&path, &body).await.expect(403).code(), "proof_failed");
    assert_eq!(place.app.cluster().await["primary"], "n1");

    // The page sends to the provider, and has neither a field for a password nor the confirmation.
    let shown = again.get(&page()).await.expect(200).body;
    assert!(shown.contains("Re-authenticate") && shown.contains("Go to Example Works"));
    assert!(!shown.contains("confirm-password") && !shown.contains("name=\"digest\""));
    assert!(shown.contains("Withdraw"), "what proves nothing is not in the way of taking it back");

    let reply = place.finish(&anew(&place).await).await.expect(303);
    assert_eq!(reply.location.as_deref(), Some(&*page()), "back to what was explained");
    let back = place.who(&reply);
    let shown = back.get(&page()).await.expect(200).body;
    assert!(shown.contains("name=\"digest\"") && !shown.contains("Re-authenticate"));
    let now = back.get(&format!("/api/v1{}", page())).await.expect(200).json();
    assert_eq!(now["digest"], explained["digest"]);
    let done = back.confirm(&now).await.expect(200).json();
    assert_eq!(done["stage"], "executed");
    assert_eq!(proved(&done)["by"], "provider");
}

/// C3.1: what it proves is as old as the last time that the provider asked, and no younger.
#[tokio::test]
async fn what_a_provider_proves_is_as_old_as_it_says() {
    let place = for_five_minutes().await;
    place.wait(FIVE_MINUTES_MS - 2_000);
    // It asked nearly five minutes ago: that still proves it, and for two seconds more.
    let (ada, explained) = explained(&place).await;
    let next = ada.request(2, "stop_writes", json!({})).await.expect(201).json();
    place.wait(1_000);
    let done = ada.confirm(&explained).await.expect(200).json();
    let proved = proved(&done);
    assert_eq!(proved["by"], "provider", "{proved}");
    assert_ne!(proved["at"], done["requested_at"], "it was before the session began");
    place.wait(1_000);
    assert_eq!(ada.confirm(&next).await.expect(403).code(), "proof_needed");
}

/// C6.1, C9.4.
#[tokio::test]
async fn a_provider_that_does_not_say_that_it_asked_just_now_proves_nothing() {
    let place = for_five_minutes().await;
    let now = place.now_s();
    for (said, words) in [
        (Value::Null, "no time"),
        (json!("lately"), "no time"),
        (json!(1_767_225_660.5), "no time"),
        (json!(i64::MIN), "no time"),
        (json!(-1), "no time"),
        (json!(0), "no time"),
        (json!(now + 100_000), "no time"),
        (json!(now - 3600), "by its clock"),
        (json!(now - 61), "by its clock"),
    ] {
        place.provider.lies(says_when(said));
        let reply = place.finish(&anew(&place).await).await;
        assert!(reply.body.contains("a session that was open goes on as it was"), "{words}");
        // The way to try it again is the same way, and leads to the same page.
        assert!(reply.body.contains("name=\"anew\" value=\"yes\""), "{}", reply.body);
        assert!(reply.body.contains(&format!("name=\"next\" value=\"{}\"", page())));
        place.refused(reply, 403, "identity_unproven", words).await;
        place.wait(30_000);
    }
    place.wait(A_WHILE_MS);
    // Where nothing was asked the person comes in, and it is not known when they proved it.
    for (number, said) in (1..).step_by(2).zip([Value::Null, json!(1.5), json!(i64::MIN)]) {
        place.provider.lies(says_when(said));
        let ada = place.sign_in().await;
        let asked = ada.request(number, "switchover", json!({"to": "n2"})).await;
        let refusal = ada.confirm(&asked.expect(201).json()).await.expect(403).json();
        let (code, found) = (&refusal["refusal"]["code"], &refusal["refusal"]["found"]);
        assert_eq!((code, found), (&json!("proof_needed"), &json!("never")));
        let contained = ada.request(number + 1, "take_checkpoint", json!({"node": "n2"})).await;
        let done = ada.confirm(&contained.expect(201).json()).await.expect(200).json();
        assert_eq!(proved(&done), Value::Null, "what is not known is not made up");
        place.wait(A_WHILE_MS);
    }
    assert_eq!(place.app.cluster().await["primary"], "n1");
}

/// C3.1: what was asked for anew was not proved before it was asked, whatever the clock there says.
#[tokio::test]
async fn a_clock_that_is_behind_does_not_lead_in_a_circle() {
    let one = |config: &mut Config| {
        config.reauth_lifetime = ReauthLifetime::of_minutes(1).expect("a time");
    };
    let place = ProviderSetup::set(one).await;
    place.provider.lies(says_when(json!(place.now_s() - 59)));
    let ada = place.who(&place.finish(&anew(&place).await).await.expect(303));
    let explained = ada.request(1, "switchover", json!({"to": "n2"})).await.expect(201).json();
    place.wait(59_000);
    ada.confirm(&explained).await.expect(200);
}

/// C6.1: after the settings changed nobody is asked for a password that they do not have.
#[tokio::test]
async fn a_session_of_a_provider_that_is_no_more_is_told_that_it_cannot_prove_anything() {
    let place = for_five_minutes().await;
    let (ada, explained) = explained(&place).await;
    place.wait(FIVE_MINUTES_MS);
    let held = ada.into_bearer();
    let app = place.app.restart_as(|config| {
        config.reauth_lifetime = ReauthLifetime::of_minutes(5).expect("a time");
    });
    let app = app.await;
    let ada = Client::new(app.house.console.clone(), held);
    let shown = ada.get(&page()).await.expect(200).body;
    assert!(shown.contains("a provider that is no longer configured"), "{shown}");
    assert!(!shown.contains("confirm-password") && !shown.contains("name=\"digest\""));
    assert_eq!(ada.confirm(&explained).await.expect(403).code(), "proof_needed");
}

/// C3.1: a clock that is ahead by less than it may be proves nothing for longer.
#[tokio::test]
async fn a_proof_by_a_clock_that_is_ahead_is_of_now_at_the_latest() {
    let place = for_five_minutes().await;
    place.provider.lies(says_when(json!(place.now_s() + 59)));
    let (ada, explained) = explained(&place).await;
    place.wait(FIVE_MINUTES_MS);
    assert_eq!(ada.confirm(&explained).await.expect(403).code(), "proof_needed");
}

/// C10.1: whoever proves it there is signed in as who they are, and confirms nothing of anybody else.
#[tokio::test]
async fn somebody_else_who_signs_in_there_does_not_get_what_was_explained_to_another() {
    let place = for_five_minutes().await;
    let (_, explained) = explained(&place).await;
    place.wait(FIVE_MINUTES_MS);
    place.provider.says(person("31", "grace", &["database operators"]));
    let grace = place.who(&place.finish(&anew(&place).await).await.expect(303));
    assert_eq!(grace.get("/api/v1/session").await.expect(200).json()["name"], "grace");
    assert_eq!(grace.confirm(&explained).await.expect(403).code(), "not_permitted");
    assert_eq!(place.app.cluster().await["primary"], "n1");
}

/// C6.1: what could never be confirmed is refused at the start, and not in the night.
#[tokio::test]
async fn operators_of_a_provider_who_could_never_prove_it_stop_the_start() {
    let provider = Provider::new();
    let (providers, never) = (provider.providers(), ReauthLifetime::of_minutes(0).expect("a time"));
    let said =
        refused_start(|config| (config.providers, config.reauth_lifetime) = (providers, never));
    let said = said.await;
    assert!(said.contains("reauth-minutes") && said.contains("openid-roles"), "{said}");
    // Where the provider makes none, whoever operates has a password.
    let mut table = provider.table();
    table.roles.retain(|row| row.role == "observer");
    let openid = table.checked().expect("settings");
    let providers = ProviderSettings { openid, ..provider.providers() };
    let app = TestApp::set(move |config| {
        (config.providers, config.reauth_lifetime) = (providers.clone(), never);
    });
    app.await.operator().get("/api/v1/session").await.expect(200);
}

#[tokio::test]
async fn what_is_wanted_anew_is_said_in_one_way_only() {
    let place = for_five_minutes().await;
    for (fields, words) in [
        (&[("anew", "no")][..], "anew"),
        (&[("anew", "")], "anew"),
        (&[("anew", "yes"), ("max_age", "0")], "max_age"),
    ] {
        let before = place.records().await;
        let reply = form(&place.app.anonymous(), BEGIN, "", fields).await.expect(400);
        assert!(reply.body.contains(words), "{}", reply.body);
        assert_eq!(place.records().await, before + 1);
        place.wait(SUMMED_MS);
    }
    // A password account beside it is asked for the password, as ever.
    let asked = place.app.operator().request(1, "switchover", json!({"to": "n2"})).await;
    asked.expect(201);
    place.wait(FIVE_MINUTES_MS);
    let shown = place.app.operator().get(&page()).await.expect(200).body;
    assert!(shown.contains("confirm-password") && !shown.contains("Re-authenticate"));
}
