//! Log and kernel witness each other: an older log, an older kernel, two histories. Everything can be
//! read, nothing can be changed, and only an acceptance on record leads on (C9.5).

use crate::harness::{PASSWORD, TestApp, id};
use crate::serve::witness_kept::{Side, accept, examined, keep, put_back};
use aerodb_control::model::finding::{FindingKind, FindingSubject};
use serde_json::{Value, json};

/// What a held control plane does: it shows everything, and refuses everything else by name.
async fn is_held(app: &TestApp, kinds: &[FindingKind]) {
    let mismatch = app.house.mismatch.as_ref().expect("something is found");
    assert_eq!(mismatch.kinds.iter().copied().collect::<Vec<_>>(), kinds, "{mismatch:#?}");
    assert_eq!(app.house.setup_path, None, "nobody is made an operator");
    let size = app.record_kinds().await.len();
    let word = kinds.first().expect("a kind").title();

    // Nothing is changed.
    let refused = [
        app.operator().request(9, "stop_writes", json!({})).await,
        app.operator().post("/api/v1/freeze", &json!({"freeze_id": id(8), "reason": "r"})).await,
        app.operator()
            .post(
                "/api/v1/links",
                &json!({"link_id": id(7), "name": "x", "scope": "cluster", "expires": "1d"}),
            )
            .await,
        app.anonymous().post("/api/v1/login", &json!({"name": "olga", "password": PASSWORD})).await,
    ];
    for reply in refused {
        let refusal = reply.expect(503).json()["refusal"].clone();
        assert_eq!(refusal["code"], "mismatch", "{refusal}");
        assert_eq!(refusal["invariants"], json!(["witnesses_agree"]), "{refusal}");
        assert!(refusal["sentence"].to_string().contains(word), "{refusal}");
        assert_eq!(refusal["executed"], "no", "{refusal}");
    }
    let put = app.data().put("/kv/k", "v").await.expect(503).json();
    assert_eq!(put["error"], "held", "{put}");

    // Everything is read, and says so.
    let overview = app.operator().get("/api/v1/overview").await.expect(200).json();
    assert_eq!(overview["mismatch"]["total"], mismatch.total, "{overview}");
    let ready = app.anonymous().get("/readyz").await.expect(503).body;
    assert!(ready.contains(word) && !ready.contains(&id(2)), "{ready}");
    let figures = app.observer().get("/metrics").await.expect(200).body;
    assert!(
        figures.contains(&format!("aerodb_control_mismatch_findings {}\n", mismatch.total)),
        "{figures}"
    );
    for path in ["/", "/log", "/timeline", "/actions", "/reference"] {
        let page = app.auditor().get(path).await;
        assert!(page.body.contains("data-notice=\"mismatch\"") || page.status != 200, "{path}");
        assert!(page.status != 200 || page.body.contains(word), "{path}");
    }
    let outside = app.anonymous().get("/login").await.body;
    assert!(outside.contains("data-notice=\"mismatch\"") && !outside.contains(&id(2)), "{outside}");
    let ways = ["data-notice=\"reading\"", "status", "verify-log --data", "report --data"];
    assert!(
        ways.iter().all(|way| outside.contains(way)),
        "how to read without a session: {outside}"
    );
    let inside = app.operator().get("/").await.expect(200).body;
    assert!(!inside.contains("data-notice=\"reading\""), "whoever is signed in reads here");
    app.program().get("/metrics").await.expect(200);
    assert_eq!(app.record_kinds().await.len(), size, "not even a start is recorded");
}

/// The control plane goes on as ever.
async fn goes_on(app: &TestApp, number: u8) {
    assert_eq!(app.house.mismatch, None);
    app.data().put("/kv/k", "v").await.expect(200);
    let kind =
        if app.cluster().await["writes"] == "accepted" { "stop_writes" } else { "resume_writes" };
    app.operator().run(number, kind, json!({})).await;
}

async fn with_a_primary(app: &TestApp, number: u8) {
    app.operator().run(number, "failover", json!({"to": "n1"})).await;
}

/// C9.5, C6.1: `witnesses_agree`. An older log beside a newer kernel.
#[tokio::test]
async fn an_older_log_is_read_and_changes_nothing_until_it_is_accepted_by_name() {
    let app = TestApp::new().await;
    app.operator().run(1, "take_checkpoint", json!({"node": "n2"})).await;
    let mut kept = None;
    let app = app.restart_after(async |dir| kept = Some(keep(dir, Side::Log))).await;
    let kept = kept.expect("a copy");
    with_a_primary(&app, 2).await;
    app.operator().run(3, "take_checkpoint", json!({"node": "n3"})).await;
    let app = app.restart_after(async |dir| put_back(kept.path(), dir, Side::Log)).await;
    is_held(&app, &[FindingKind::LogOlder]).await;
    let found = app.house.mismatch.clone().expect("found");
    assert_eq!(found.total, 2, "{found:#?}");
    let told = found.findings[0].to_string();
    assert!(told.contains("no record") && told.contains(&id(2)), "{told}");
    let page = app.operator().get("/").await.expect(200).body;
    assert!(page.contains(&id(2)), "whoever is signed in reads what it is about");

    let app = app
        .restart_after(async |dir| {
            let refused = accept(dir, "another").await.expect_err("another name");
            assert!(refused.contains("not that of the cluster"), "{refused}");
            accept(dir, "aerodb").await.expect("it is accepted");
            let again = accept(dir, "aerodb").await.expect_err("nothing is left");
            assert!(again.contains("say the same"), "{again}");
        })
        .await;
    assert_eq!(app.house.mismatch, None);
    let page = app.auditor().get("/api/v1/log?kind=mismatch_accepted").await.expect(200).json();
    let entry = &page["records"][0]["entry"];
    assert_eq!(
        (&entry["count"], &entry["kinds"], &entry["os_user"]),
        (&json!(2), &json!(["log_older"]), &json!("root (uid 0)")),
        "{entry}"
    );
    with_a_primary(&app, 4).await;
    goes_on(&app, 5).await;
    // What was accepted stays accepted, although other records stand in its place now.
    let app = app.restart().await;
    assert_eq!(app.house.mismatch, None);
}

/// C9.5, C7.3: `witnesses_agree`. An older kernel, all nodes, beside a newer log.
#[tokio::test]
async fn an_older_kernel_is_read_and_changes_nothing_until_it_is_accepted() {
    let app = TestApp::new().await;
    app.operator().run(1, "take_checkpoint", json!({"node": "n2"})).await;
    let mut kept = None;
    let app = app.restart_after(async |dir| kept = Some(keep(dir, Side::Kernel))).await;
    let kept = kept.expect("a copy");
    with_a_primary(&app, 2).await;
    let app = app.restart_after(async |dir| put_back(kept.path(), dir, Side::Kernel)).await;
    is_held(&app, &[FindingKind::KernelOlder]).await;
    let subjects: Vec<_> =
        app.house.mismatch.iter().flat_map(|m| &m.findings).map(|f| f.subject.clone()).collect();
    let any = |is: fn(&FindingSubject) -> bool| subjects.iter().any(is);
    assert!(any(|s| matches!(s, FindingSubject::Outcome { .. })), "{subjects:?}");
    assert!(any(|s| matches!(s, FindingSubject::Generation { .. })), "{subjects:?}");
    assert!(any(|s| matches!(s, FindingSubject::Position { .. })), "{subjects:?}");

    let app = app.restart_after(async |dir| assert!(accept(dir, "aerodb").await.is_ok())).await;
    assert_eq!(app.house.mismatch, None);
    // The order of action 2 was lost with the kernel; its id is spent all the same, by the log.
    let shown = app.operator().get(&format!("/api/v1/actions/{}", id(2))).await.expect(200).json();
    assert_eq!(shown["stage"], "executed", "{shown}");
    with_a_primary(&app, 3).await;
    goes_on(&app, 4).await;
    let app = app.restart().await;
    assert_eq!(app.house.mismatch, None);
}

/// C9.5: `witnesses_agree`. Two histories are never accepted in place.
#[tokio::test]
async fn two_histories_are_never_accepted_in_place() {
    let app = TestApp::new().await;
    app.operator().run(1, "take_checkpoint", json!({"node": "n2"})).await;
    let mut kept = None;
    let app = app
        .restart_after(async |dir| kept = Some((keep(dir, Side::Log), keep(dir, Side::Kernel))))
        .await;
    let (log, kernel) = kept.expect("copies");
    with_a_primary(&app, 2).await;
    // The other history, from the same moment on.
    let mut other = None;
    let app = app
        .restart_after(async |dir| {
            other = Some(keep(dir, Side::Log));
            put_back(log.path(), dir, Side::Log);
            put_back(kernel.path(), dir, Side::Kernel);
        })
        .await;
    assert_eq!(app.house.mismatch, None, "both are of one moment");
    with_a_primary(&app, 3).await;
    let other = other.expect("a copy");
    let app = app.restart_after(async |dir| put_back(other.path(), dir, Side::Log)).await;
    is_held(&app, &[FindingKind::Contradiction, FindingKind::KernelOlder]).await;
    let app = app
        .restart_after(async |dir| {
            let refused = accept(dir, "aerodb").await.expect_err("two histories");
            assert!(refused.contains("restore the side that is wrong"), "{refused}");
            assert!(!examined(dir).await.mismatch().is_empty());
        })
        .await;
    is_held(&app, &[FindingKind::Contradiction, FindingKind::KernelOlder]).await;
}

/// C6.1, C9.5. What cannot be read is unknown, and no finding.
#[tokio::test]
async fn nodes_that_cannot_be_read_are_no_finding() {
    let app = TestApp::new().await;
    app.operator().run(1, "take_checkpoint", json!({"node": "n2"})).await;
    let app = app
        .restart_after(async |dir| {
            for node in ["n2", "n3"] {
                std::fs::remove_dir_all(dir.join("kernel").join(node)).expect("it was there");
            }
        })
        .await;
    assert_eq!(app.house.mismatch, None);
    let shown: Value = app.cluster().await;
    assert_eq!(shown["nodes"][1]["reachable"], false, "{shown}");
}
