//! Which role a provider's word gives, and to which account (C10.1).

use crate::harness::PASSWORD;
use crate::identity::openid_place::{A_WHILE_MS, ProviderSetup, person};
use crate::identity::provider::{Lies, Signed};
use serde_json::json;

/// C9.1, C9.4, C10.1.
#[tokio::test]
async fn who_has_no_role_or_two_that_exclude_one_another_is_not_let_in() {
    let place = ProviderSetup::new().await;
    let accounts = place.accounts().await;
    for (groups, words) in [
        (&["staff", "Database Operators"][..], "nothing that gives a role"),
        (&[], "nothing that gives a role"),
        (&["database operators", "revision"], "nobody acts and audits"),
        (&["watchers", "revision", "database operators"], "nobody acts and audits"),
    ] {
        place.provider.says(person("24400320", "ada", groups));
        let before = place.records().await;
        let reply = place.finish(&place.go().await).await;
        assert!(reply.body.contains("24400320 of http://127.0.0.1:"), "{}", reply.body);
        place.refused(reply, 403, "not_admitted", words).await;
        assert_eq!(place.records().await, before + 1);
        place.wait(A_WHILE_MS);
    }
    // A claim of another form, and a group in a claim that the settings do not name.
    for claims in [
        json!({"sub": "1", "groups": {"database operators": true}}),
        json!({"sub": "1", "roles": ["database operators"]}),
    ] {
        place.provider.says(claims);
        let reply = place.finish(&place.go().await).await;
        place.refused(reply, 403, "not_admitted", "nothing that gives a role").await;
        place.wait(A_WHILE_MS);
    }
    assert_eq!(place.accounts().await, accounts);
}

/// C10.1: a name is one person for ever.
#[tokio::test]
async fn a_name_of_the_provider_never_leads_into_the_account_of_somebody_else() {
    let place = ProviderSetup::new().await;
    // Names that are taken by an account, a token and nobody, and names that are none.
    for name in ["olga", "OLGA", "metrics", "", "ada lovelace", "ada\u{202e}", "Ädä"] {
        place.provider.says(person("31", name, &["database operators"]));
        let reply = place.finish(&place.go().await).await;
        place.refused(reply, 403, "not_admitted", "no name under which an account").await;
        place.wait(A_WHILE_MS);
    }
    place.provider.says(person("24400320", "Ada", &["database operators"]));
    place.sign_in().await;
    // Somebody else comes under her name; she comes under another one.
    place.provider.says(person("31", "ada", &["database operators"]));
    let reply = place.finish(&place.go().await).await;
    place.refused(reply, 403, "not_admitted", "no name under which an account").await;
    place.wait(A_WHILE_MS);
    place.provider.says(person("24400320", "Countess", &["database operators"]));
    let session = place.sign_in().await.get("/api/v1/session").await.expect(200).json();
    assert_eq!(session["name"], "ada");
    // Her account has no password.
    for password in ["", "NULL", PASSWORD] {
        let body = json!({"name": "ada", "password": password});
        place.app.anonymous().post("/api/v1/login", &body).await.expect(401);
        assert_eq!(place.last().await["entry"]["name"], "ada", "known to the log as an account");
    }
}

/// C9.1, C10.1.
#[tokio::test]
async fn each_role_is_given_by_its_claim_and_the_session_is_like_any_other() {
    for (signed, group, role) in [
        (Signed::Es256, "watchers", "observer"),
        (Signed::Rs256, "database operators", "operator"),
        (Signed::EdDsa, "revision", "auditor"),
    ] {
        let place = ProviderSetup::new().await;
        place.provider.lies(Lies { signed, ..Lies::default() });
        place.provider.says(person("24400320", "ada", &[group, "staff"]));
        let before = place.records().await;
        let ada = place.sign_in().await;
        let session = ada.get("/api/v1/session").await.expect(200).json();
        assert_eq!((&session["name"], &session["role"]), (&json!("ada"), &json!(role)));
        let page = place.app.auditor().get("/api/v1/log?limit=2").await.expect(200).json();
        let (created, signed_in) = (&page["records"][1], &page["records"][0]);
        let issuer = place.provider.issuer();
        assert_eq!(
            created["entry"],
            json!({"kind": "account_created", "name": "ada", "role": role,
                   "identity": {"issuer": issuer, "subject": "24400320"}})
        );
        assert_eq!(created["actor"], json!({"name": "ada", "role": role, "via": "openid"}));
        assert_eq!(signed_in["entry"], json!({"kind": "signed_in", "by": "openid"}));
        assert_eq!(signed_in["actor"], json!({"name": "ada", "role": role, "via": "session"}));
        assert_eq!(place.records().await, before + 2);
        let request = ada.request(1, "switchover", json!({"to": "n2"})).await;
        request.expect(if role == "operator" { 201 } else { 403 });
        let everybody = ada.get("/api/v1/access/all").await;
        everybody.expect(if role == "auditor" { 200 } else { 403 });
        let own = ada.get("/api/v1/access").await.expect(200).json();
        assert_eq!(own["sessions"][0]["by"], "openid");
        // A second time there is nothing new but the session.
        place.wait(A_WHILE_MS);
        let before = place.records().await;
        place.sign_in().await;
        assert_eq!(place.app.record_kinds().await[before..], ["signed_in"]);
        ada.post("/api/v1/logout", &json!({})).await.expect(204);
        ada.get("/api/v1/session").await.expect(401);
    }
}

/// C10.1.
#[tokio::test]
async fn another_claim_is_another_role_and_ends_the_sessions_of_the_old_one() {
    let place = ProviderSetup::new().await;
    let operator = place.sign_in().await;
    operator.request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    place.wait(A_WHILE_MS);
    place.provider.says(person("24400320", "ada", &["revision"]));
    let before = place.records().await;
    let auditor = place.sign_in().await;
    assert_eq!(place.app.record_kinds().await[before..], ["role_changed", "signed_in"]);
    operator.get("/api/v1/session").await.expect(401);
    assert_eq!(auditor.get("/api/v1/session").await.expect(200).json()["role"], "auditor");
    let page = place.app.auditor().get("/api/v1/log?limit=2").await.expect(200).json();
    let changed = &page["records"][1]["entry"];
    assert_eq!((&changed["from"], &changed["to"]), (&json!("operator"), &json!("auditor")));
    assert_eq!(changed["sessions_ended"], 1);
    // Neither here nor by the name on the command line: the provider says it at each sign-in.
    let refused = place.app.house.access.change_role("ada", "observer").await.expect_err("given");
    assert!(refused.sentence.contains("no provider says"), "{}", refused.sentence);
    // Without any role what is open ends, and nobody is let in.
    place.wait(A_WHILE_MS);
    place.provider.says(person("24400320", "ada", &["staff"]));
    let reply = place.finish(&place.go().await).await;
    place.refused(reply, 403, "not_admitted", "What ada had open was ended: 1.").await;
    auditor.get("/api/v1/session").await.expect(401);
    // Removed here, she does not come back, whatever the provider says.
    place.wait(A_WHILE_MS);
    place.provider.says(person("24400320", "ada", &["database operators"]));
    let again = place.sign_in().await;
    place.app.house.access.remove_account("ada").await.expect("removed");
    again.get("/api/v1/session").await.expect(401);
    place.wait(A_WHILE_MS);
    let reply = place.finish(&place.go().await).await;
    place.refused(reply, 403, "not_admitted", "was removed here").await;
}
