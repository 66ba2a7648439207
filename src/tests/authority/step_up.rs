//! Who confirms what is disruptive proved lately who they are: by signing in, or with the password on
//! the spot. An open session alone is not enough, and a copy of what was refused never is (C3.1).

use crate::harness::{Client, PASSWORD, Reply, TestApp, confirmation, id, proved};
use aerodb_control::authority::ReauthLifetime;
use aerodb_control::web::throttle::ATTEMPTS_AT_ONCE;
use axum::http::header;
use serde_json::{Value, json};

const FIVE_MINUTES_MS: i64 = 5 * 60 * 1000;

async fn for_five_minutes() -> TestApp {
    TestApp::set(|config| config.reauth_lifetime = ReauthLifetime::of_minutes(5).expect("a time"))
        .await
}

fn confirm_path() -> String {
    format!("/api/v1/actions/{}/confirm", id(1))
}

async fn explained(app: &TestApp) -> Value {
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201).json()
}

/// The action as it stands, to be confirmed as it is now.
async fn shown(client: &Client) -> Value {
    client.get(&format!("/api/v1/actions/{}", id(1))).await.expect(200).json()
}

fn proving(explained: &Value, password: &str) -> Value {
    let mut body = confirmation(explained);
    body["password"] = json!(password);
    body
}

/// The same person, with the secret that an answer gave the session.
fn renewed(app: &TestApp, reply: &Reply) -> Client {
    let cookie = reply.headers[header::SET_COOKIE].to_str().expect("text");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let value = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie").1;
    Client::new(app.house.console.clone(), Some(value.to_owned()))
}

/// `proved_recently`.
#[tokio::test]
async fn with_an_old_proof_nothing_disruptive_runs_until_the_password_comes_with_it() {
    let app = for_five_minutes().await;
    let explained = explained(&app).await;
    app.clock.advance_millis(FIVE_MINUTES_MS);
    let olga = app.operator();
    let before = app.record_kinds().await.len();
    let refusal = olga.confirm(&explained).await.expect(403).json()["refusal"].clone();
    assert_eq!(refusal["code"], "proof_needed", "{refusal}");
    assert_eq!(refusal["invariants"], json!(["proved_recently"]), "{refusal}");
    assert_eq!((&refusal["field"], &refusal["executed"]), (&json!("password"), &json!("no")));
    assert_eq!(app.record_kinds().await[before..], ["declined"]);
    assert_eq!(app.cluster().await["primary"], "n1");

    let now = shown(&olga).await;
    assert_eq!((&now["stage"], &now["digest"]), (&json!("explained"), &explained["digest"]));
    let reply = olga.post(&confirm_path(), &proving(&now, PASSWORD)).await.expect(200);
    assert_eq!(reply.json()["stage"], "executed");
    assert_eq!(app.cluster().await["primary"], "n2");
    let records = ["declined", "proved_again", "confirmed", "dispatched", "executed"];
    assert_eq!(app.record_kinds().await[before..], records);
    let kept = reply.json()["records"].as_array().expect("records").clone();
    let confirmed = kept.iter().find(|r| r["entry"]["kind"] == "confirmed").expect("a record");
    assert_eq!(confirmed["entry"]["proved"], json!({"at": confirmed["at"], "by": "password"}));

    // The session goes on under another secret, and the one until now opens nothing.
    assert_eq!(olga.get("/api/v1/session").await.expect(401).code(), "not_signed_in");
    let session = renewed(&app, &reply).get("/api/v1/session").await.expect(200).json();
    assert_eq!((&session["name"], &session["role"]), (&json!("olga"), &json!("operator")));
}

#[tokio::test]
async fn a_wrong_password_runs_nothing_counts_as_an_attempt_and_is_not_written_down() {
    let app = for_five_minutes().await;
    let explained = explained(&app).await;
    app.house
        .access
        .add_account("otto", "operator", "the other harbour")
        .await
        .expect("an account");
    let olga = app.operator();
    let before = app.record_kinds().await.len();
    // The password of somebody else proves nothing about who sits here.
    let wrong = proving(&explained, "the other harbour");
    for _ in 0..ATTEMPTS_AT_ONCE {
        let refusal =
            olga.post(&confirm_path(), &wrong).await.expect(403).json()["refusal"].clone();
        assert_eq!(refusal["code"], "proof_failed", "{refusal}");
        assert_eq!((&refusal["field"], &refusal["executed"]), (&json!("password"), &json!("no")));
    }
    let later = olga.post(&confirm_path(), &wrong).await.expect(429);
    assert!(later.headers.contains_key(header::RETRY_AFTER) && later.code() == "too_many_attempts");
    let right = olga.post(&confirm_path(), &proving(&explained, PASSWORD)).await.expect(429);
    assert!(!right.headers.contains_key(header::SET_COOKIE), "the session is as it was");

    let kinds = app.record_kinds().await[before..].to_vec();
    assert_eq!(kinds, vec!["denied"; kinds.len()], "{kinds:?}");
    let log = app.auditor().get("/api/v1/log?limit=200").await.expect(200);
    assert!(!log.body.contains("other harbour") && !log.body.contains(PASSWORD));
    let denied = log.json()["records"].as_array().expect("records").iter().find_map(|record| {
        let is_it = record["entry"]["refusal"]["code"] == "proof_failed";
        is_it.then(|| (record["actor"]["name"].clone(), record["action_id"].clone()))
    });
    assert_eq!(denied, Some((json!("olga"), json!(id(1)))));
    assert_eq!(app.cluster().await["primary"], "n1");
    assert_eq!(shown(&olga).await["stage"], "explained");
    // The limit is the one of this session: whoever signs in, there or elsewhere, has another.
    let sign_in = json!({"name": "olga", "password": PASSWORD});
    app.anonymous().post("/api/v1/login", &sign_in).await.expect(200);
    // It was recent all the time: what is wrong is refused where it is sent, not where it is needed.
    olga.confirm(&explained).await.expect(200);
}

/// C7.2.
#[tokio::test]
async fn a_copy_of_what_was_refused_does_not_run_once_somebody_proved_who_they_are() {
    let app = for_five_minutes().await;
    let explained = explained(&app).await;
    app.clock.advance_millis(FIVE_MINUTES_MS);
    let refused = app.operator().confirm(&explained).await.expect(403);
    assert_eq!(refused.code(), "proof_needed");
    // The hand slips, and the proof holds.
    let mut slipped = proving(&shown(&app.operator()).await, PASSWORD);
    slipped["typed_target"] = json!("n3");
    let reply = app.operator().post(&confirm_path(), &slipped).await.expect(422);
    assert_eq!(reply.code(), "target_mistyped");
    let olga = renewed(&app, &reply);
    assert_eq!(olga.confirm(&explained).await.expect(403).code(), "proof_needed", "a copy");
    assert_eq!(app.cluster().await["primary"], "n1");
    let done = olga.confirm(&shown(&olga).await).await.expect(200).json();
    assert_eq!(done["stage"], "executed");
    // What has run needs no proof to be told.
    app.clock.advance_millis(FIVE_MINUTES_MS);
    let again = olga.confirm(&explained).await.expect(200).json();
    assert_eq!((&again["stage"], &again["duplicate"]), (&json!("executed"), &json!(true)));
}

#[tokio::test]
async fn a_proof_is_asked_for_where_it_is_disruptive_and_never_of_a_time_to_come() {
    let app = for_five_minutes().await;
    let olga = app.operator();
    let explained = explained(&app).await;
    // A clock that goes back by more than a little ends the session with it.
    app.clock.advance_millis(-1);
    assert_eq!(olga.confirm(&explained).await.expect(403).code(), "proof_needed");
    app.clock.advance_millis(1);
    olga.confirm(&shown(&olga).await).await.expect(200);
    app.clock.advance_millis(FIVE_MINUTES_MS);
    let contained = olga.request(2, "take_checkpoint", json!({"node": "n1"})).await.expect(201);
    let done = olga.confirm(&contained.json()).await.expect(200).json();
    assert_eq!(proved(&done)["by"], "sign_in", "what was known is in the record");
}

#[tokio::test]
async fn where_a_proof_lasts_no_time_each_confirmation_comes_with_its_own() {
    let app =
        TestApp::set(|c| c.reauth_lifetime = ReauthLifetime::of_minutes(0).expect("a time")).await;
    let explained = explained(&app).await;
    assert_eq!(app.operator().confirm(&explained).await.expect(403).code(), "proof_needed");
    let body = proving(&shown(&app.operator()).await, PASSWORD);
    let reply = app.operator().post(&confirm_path(), &body).await.expect(200);
    let olga = renewed(&app, &reply);
    let next = olga.request(2, "switchover", json!({"to": "n1"})).await.expect(201).json();
    assert_eq!(olga.confirm(&next).await.expect(403).code(), "proof_needed");
    assert_eq!(app.cluster().await["primary"], "n2");
}

/// C10.1.
#[tokio::test]
async fn a_password_makes_nobody_an_operator() {
    let app = for_five_minutes().await;
    let body = proving(&explained(&app).await, PASSWORD);
    for client in [app.observer(), app.auditor(), app.program()] {
        let before = app.record_kinds().await.len();
        let reply = client.post(&confirm_path(), &body).await.expect(403);
        assert_eq!(reply.code(), "not_permitted");
        assert!(!reply.headers.contains_key(header::SET_COOKIE));
        assert_eq!(app.record_kinds().await[before..], ["denied"], "and nothing was checked");
    }
    assert_eq!(
        app.anonymous().post(&confirm_path(), &body).await.expect(401).code(),
        "not_signed_in"
    );
    assert_eq!(app.cluster().await["primary"], "n1");
}

#[tokio::test]
async fn the_page_asks_on_the_spot_and_loses_neither_the_digest_nor_what_was_typed() {
    let app = for_five_minutes().await;
    let explained = explained(&app).await;
    let olga = app.operator();
    let page = format!("/actions/{}", id(1));
    let asks = "type=\"password\" id=\"confirm-password\"";
    assert!(!olga.get(&page).await.expect(200).body.contains(asks), "it is recent");
    app.clock.advance_millis(FIVE_MINUTES_MS);
    assert!(olga.get(&page).await.expect(200).body.contains(asks), "it is asked before");
    for other in [app.observer(), app.auditor()] {
        assert!(!other.get(&page).await.expect(200).body.contains(asks));
    }

    let digest = explained["digest"].as_str().expect("a digest");
    let path = format!("{page}/confirm");
    let typed = [("digest", digest), ("typed_target", "n2")];
    let refused = olga.post_form(&path, &typed).await.expect(403);
    assert!(refused.body.contains(asks) && refused.body.contains("proved_recently"));
    assert!(refused.body.contains(&format!("name=\"digest\" value=\"{digest}\"")));
    let field = refused.body.split("name=\"typed_target\"").nth(1).expect("the field");
    assert!(field.split('>').next().is_some_and(|f| f.contains("value=\"n2\"")), "{field}");
    let seq = shown(&olga).await["after_refusal"].as_u64().expect("it was refused").to_string();
    assert!(refused.body.contains(&format!("name=\"after_refusal\" value=\"{seq}\"")));

    let with =
        |password| [&typed[..], &[("after_refusal", &*seq), ("password", password)]].concat();
    let wrong = olga.post_form(&path, &with("not the password")).await.expect(403);
    assert!(wrong.body.contains(asks) && wrong.body.contains("value=\"n2\""));
    assert!(!wrong.body.contains("not the password"), "no page repeats it");
    let empty = olga.post_form(&path, &with("")).await.expect(403);
    assert!(empty.body.contains("proved_recently"), "an empty field is no password");
    let seq = shown(&olga).await["after_refusal"].as_u64().expect("again").to_string();
    let with = [&typed[..], &[("after_refusal", &*seq), ("password", PASSWORD)]].concat();
    let done = olga.post_form(&path, &with).await.expect(303);
    assert_eq!(done.location.as_deref(), Some(&*page));
    let done = renewed(&app, &done).get(&page).await.expect(200).body;
    assert!(done.contains("Executed") && !done.contains(asks));
}
