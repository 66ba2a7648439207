//! Another password, and sessions that are ended for somebody: at once, on record, and for good.

use crate::harness::{Client, PASSWORD, TestApp};
use aerodb_control::model::refusal::RefusalCode;
use serde_json::json;

const ANOTHER: &str = "another harbour at dusk";

async fn signs_in(app: &TestApp, name: &str, password: &str) -> u16 {
    let body = json!({ "name": name, "password": password });
    app.anonymous().post("/api/v1/login", &body).await.status.as_u16()
}

/// The open sessions of olga, one of which was never used.
async fn open(app: &TestApp) -> [Client; 2] {
    [app.sign_in("olga").await, app.sign_in("olga").await]
}

#[tokio::test]
async fn a_password_that_is_common_or_made_of_the_names_here_is_refused_and_changes_nothing() {
    let app = TestApp::new().await;
    let [olga, _] = open(&app).await;
    let before = app.record_kinds().await;
    for bad in ["too short", "Password1234", "olga-2025-aerodb", "Aerodb12345678", "welcome olga 1"]
    {
        let refused = app.house.access.change_password("olga", bad).await.expect_err(bad);
        assert_eq!(refused.code, RefusalCode::InputInvalid, "{bad}");
        assert!(!format!("{refused:?}").contains(bad), "it is never repeated");
    }
    let nobody = app.house.access.change_password("nobody", ANOTHER).await.expect_err("no account");
    assert!(nobody.sentence.contains("name"), "{}", nobody.sentence);
    app.house.access.end_sessions("nobody").await.expect_err("no account");
    olga.get("/api/v1/session").await.expect(200);
    assert_eq!(signs_in(&app, "olga", PASSWORD).await, 200);
    let after = app.record_kinds().await;
    assert_eq!(after.get(before.len()..), Some(&["signed_in".to_owned()][..]), "{after:?}");
}

#[tokio::test]
async fn another_password_ends_every_session_and_the_old_one_opens_nothing() {
    let app = TestApp::new().await;
    let sessions = open(&app).await;
    let oscar = app.sign_in("oscar").await;
    let ended = app.house.access.change_password("olga", ANOTHER).await.expect("changed");
    assert!(ended >= 2, "{ended}");
    for session in &sessions {
        session.get("/api/v1/session").await.expect(401);
        session.request(1, "stop_writes", json!({})).await.expect(401);
    }
    oscar.get("/api/v1/session").await.expect(200);
    assert_eq!(signs_in(&app, "olga", PASSWORD).await, 401);
    assert_eq!(signs_in(&app, "olga", ANOTHER).await, 200);
    let page = app.auditor().get("/api/v1/log?kind=password_changed").await.expect(200).json();
    let record = &page["records"][0];
    assert_eq!(
        (&record["entry"]["name"], &record["entry"]["sessions_ended"]),
        (&json!("olga"), &json!(ended))
    );
    assert_eq!(record["actor"]["name"], "console", "{record}");
    assert!(!page.to_string().contains(ANOTHER) && !page.to_string().contains("argon2"), "{page}");
}

#[tokio::test]
async fn sessions_that_were_ended_stay_so_and_the_account_signs_in_as_before() {
    let app = TestApp::new().await;
    let sessions = open(&app).await;
    let ended = app.house.access.end_sessions("olga").await.expect("ended");
    assert_eq!(app.house.access.end_sessions("olga").await.expect("none are left"), 0);
    for session in &sessions {
        session.get("/api/v1/session").await.expect(401);
    }
    assert_eq!(signs_in(&app, "olga", PASSWORD).await, 200);
    let page = app.auditor().get("/api/v1/log?kind=sessions_ended").await.expect(200).json();
    assert_eq!(page["records"][1]["entry"]["sessions_ended"], ended, "{page}");
}

/// C9.5: the log says which password there is and which sessions are open, and a start believes no other.
#[tokio::test]
async fn a_start_finds_the_new_password_as_recorded_and_an_old_one_put_back_as_none() {
    let app = TestApp::new().await;
    let file = app.dir().join("control.sqlite");
    let read = |sql: &str| -> String {
        let connection = rusqlite::Connection::open(&file).expect("the file");
        connection.query_row(sql, [], |row| row.get(0)).expect(sql)
    };
    let old = read("SELECT password FROM account WHERE name = 'olga'");
    let olga = app.sign_in("olga").await;
    app.house.access.change_password("olga", ANOTHER).await.expect("changed");
    app.house.access.end_sessions("anna").await.expect("ended");
    let olga = olga.into_bearer();
    let app = app.restart().await;
    assert!(app.house.mismatch.is_none(), "{:?}", app.house.mismatch);
    let olga = Client::new(app.house.console.clone(), olga);
    olga.get("/api/v1/session").await.expect(401);
    assert_eq!(signs_in(&app, "olga", ANOTHER).await, 200);
    drop(olga);
    let app = app
        .restart_after(async |dir| {
            let connection =
                rusqlite::Connection::open(dir.join("control.sqlite")).expect("the file");
            let sql = "UPDATE account SET password = ?1 WHERE name = 'olga'";
            assert_eq!(connection.execute(sql, [&old]).expect("a row"), 1);
        })
        .await;
    assert!(app.house.mismatch.is_some(), "the password of before is not the one on record");
}
