//! Positions over the observations of one session: passive, in memory, and nobody else's.

use crate::harness::{Client, TestApp};
use aerodb_control::model::text::NodeId;

async fn put(app: &TestApp, key: &str) {
    app.data().put(&format!("/kv/{key}"), "v").await.expect(200);
}

/// The part of the overview that is about this session, without the marks between its texts.
async fn trace(client: &Client) -> String {
    let page = client.get("/").await.expect(200).body.replace("<!>", "");
    let (_, part) = page.split_once("Positions over this session</h2>").expect("the part");
    part.split_once("</section>").expect("its end").0.to_owned()
}

#[tokio::test]
async fn each_observation_that_differs_is_one_step_and_what_was_not_known_is_a_gap() {
    let app = TestApp::new().await;
    let oscar = app.observer();
    assert!(trace(&oscar).await.contains("1 observation shown to this session"));
    let same = trace(&oscar).await;
    assert!(same.contains("1 observation shown"), "looking again adds nothing: {same}");
    assert!(!same.contains("data-of=\"unknown\" d=\"M"), "{same}");
    put(&app, "a").await;
    // The browser's half reads this when it is told that something changed; it counts as shown.
    oscar.get("/api/v1/overview").await.expect(200);
    app.kernel().partition(&NodeId::parse("n3").expect("a name")).await;
    put(&app, "b").await;
    let cut = trace(&oscar).await;
    assert!(cut.contains("3 observations shown to this session"), "{cut}");
    assert!(cut.contains("n3 unknown"), "{cut}");
    let label = cut.split("aria-label=\"").nth(1).and_then(|rest| rest.split('"').next());
    let label = label.expect("the picture in words");
    assert!(label.contains("n3: from entry") && label.contains("unknown in 1."), "{label}");
    // The line of n3 ends where it is not known: one mark says so.
    let n3 = cut.rsplit("class=\"log-of-node\"").next().expect("its row");
    assert_eq!(n3.matches("<circle").count(), 2, "{n3}");
    assert!(n3.contains('M') && n3.contains("unknown</text>"), "{n3}");
}

#[tokio::test]
async fn a_session_sees_its_own_and_the_next_one_begins_anew() {
    let app = TestApp::new().await;
    let first = app.sign_in("oscar").await;
    trace(&first).await;
    put(&app, "a").await;
    assert!(trace(&first).await.contains("2 observations"));
    assert!(trace(&app.operator()).await.contains("1 observation shown"), "not that of another");
    first.post_form("/logout", &[]).await.expect(303);
    first.get("/").await.expect(303);
    assert!(trace(&app.sign_in("oscar").await).await.contains("1 observation shown"));
}

#[tokio::test]
async fn looking_leaves_no_record_and_changes_nothing_in_the_kernel() {
    let app = TestApp::new().await;
    let (records, cluster) = (app.record_kinds().await, app.cluster().await);
    for _ in 0..10 {
        trace(&app.observer()).await;
    }
    assert_eq!(app.record_kinds().await, records);
    assert_eq!(app.cluster().await, cluster);
}
