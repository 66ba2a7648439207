//! Figures, health and readiness of the process: true, for those who may read them, and passive.

use crate::harness::{TestApp, id};
use serde_json::json;

async fn scrape(app: &TestApp) -> String {
    app.program().get("/metrics").await.expect(200).body
}

/// The value of a series, by its name and labels.
fn value(text: &str, series: &str) -> Option<f64> {
    let line =
        text.lines().find(|line| line.strip_prefix(series).is_some_and(|r| r.starts_with(' ')));
    line.map(|line| line.rsplit(' ').next().expect("a value").parse().expect("a number"))
}

/// C8.3: asking changes nothing and triggers nothing.
#[tokio::test]
async fn scraping_changes_neither_the_log_nor_the_kernel() {
    let app = TestApp::new().await;
    let head = app.auditor().get("/api/v1/log/head").await.expect(200).body;
    let events = app.auditor().get("/api/v1/kernel/events").await.expect(200).body;
    let before = app.cluster().await;
    for _ in 0..50 {
        for path in ["/metrics", "/healthz", "/readyz"] {
            app.program().get(path).await.expect(200);
        }
    }
    assert_eq!(app.auditor().get("/api/v1/log/head").await.expect(200).body, head);
    assert_eq!(app.auditor().get("/api/v1/kernel/events").await.expect(200).body, events);
    assert_eq!(app.cluster().await["observation"], before["observation"]);
}

/// C8.2: what was refused, and by which invariant, can be counted.
#[tokio::test]
async fn the_figures_count_steps_refusals_and_durations() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let text = scrape(&app).await;
    let writes =
        value(&text, "aerodb_control_ledger_write_duration_seconds_count").expect("writes");
    assert_eq!(value(&text, "aerodb_control_action_steps_total{stage=\"executed\"}"), None);
    olga.run(1, "take_offline", json!({"node": "n3"})).await;
    olga.request(2, "take_offline", json!({"node": "n3"})).await.expect(412);
    let explained = olga.request(3, "stop_writes", json!({})).await.expect(201).json();
    let path = format!("/api/v1/actions/{}/confirm", id(3));
    let wrong = json!({"digest": explained["digest"], "typed_target": "another"});
    for _ in 0..3 {
        olga.post(&path, &wrong).await.expect(422);
    }
    app.observer().post(&path, &wrong).await.expect(403);
    let text = scrape(&app).await;
    for (series, wanted) in [
        ("action_steps_total{stage=\"executed\"}", 1.0),
        ("action_steps_total{stage=\"rejected\"}", 1.0),
        ("action_steps_total{stage=\"explained\"}", 2.0),
        ("records_total{kind=\"declined\"}", 3.0),
        ("refusals_total{code=\"target_mistyped\",invariant=\"target_typed\"}", 3.0),
        ("refusals_total{code=\"rejected\",invariant=\"node_online\"}", 1.0),
        ("refusals_total{code=\"not_permitted\",invariant=\"operator_intent\"}", 1.0),
        ("event_streams", 0.0),
        ("recordable", 1.0),
        ("log_records_uncounted", 0.0),
    ] {
        assert_eq!(
            value(&text, &format!("aerodb_control_{series}")),
            Some(wanted),
            "{series}\n{text}"
        );
    }
    let size = app.auditor().get("/api/v1/log/head").await.expect(200).json()["size"].as_f64();
    assert_eq!(value(&text, "aerodb_control_log_records"), size);
    let now = value(&text, "aerodb_control_ledger_write_duration_seconds_count").expect("writes");
    assert!(now >= writes + 8.0, "{writes} {now}");
    let seen = value(&text, "aerodb_control_observation_duration_seconds_count").expect("count");
    assert!(seen >= 4.0, "{seen}");
    assert!(text.ends_with("# EOF\n"), "the form ends in its mark");
    assert_eq!(scrape(&app).await.matches("# TYPE").count(), text.matches("# TYPE").count());
}

/// C8.2: what a verification found stands on its node until the next one, and can be watched.
#[tokio::test]
async fn what_a_verification_found_is_kept_on_its_node() {
    let app = TestApp::new().await;
    let olga = app.operator();
    let node = "/api/v1/nodes/n2/overview";
    assert_eq!(olga.get(node).await.expect(200).json().get("verified"), None, "nobody looked");
    assert!(!scrape(&app).await.contains("node_damaged{"), "unknown is not sound (C8.4)");
    let ran = olga.run(1, "verify_node", json!({"node": "n2"})).await;
    assert_eq!(ran["outcome"]["receipt"]["verification"], json!({"verdict": "sound"}), "{ran}");
    let verified = olga.get(node).await.expect(200).json()["verified"].clone();
    assert_eq!(verified["verification"]["verdict"], "sound");
    assert_eq!(verified["action_id"], json!(id(1)));
    let text = scrape(&app).await;
    assert_eq!(value(&text, "aerodb_control_node_damaged{node=\"n2\"}"), Some(0.0), "{text}");
    assert!(!text.contains("node_damaged{node=\"n1\"}"));
    let page = olga.get("/nodes/n2").await.expect(200).body;
    assert!(page.contains("Last verification") && page.contains("sound"), "{page}");
}

/// C10.1: figures are read by people and programs that are known, and hold no name and no secret.
#[tokio::test]
async fn the_figures_are_for_those_who_may_read_and_name_nobody() {
    let app = TestApp::new().await;
    assert_eq!(app.anonymous().get("/metrics").await.expect(401).code(), "not_signed_in");
    app.operator().request(1, "switchover", json!({"to": "n2"})).await.expect(201);
    for client in [app.observer(), app.auditor(), app.operator(), app.program()] {
        let text = client.get("/metrics").await.expect(200).body;
        for secret in ["olga", "oscar", "aerodb_session", "aerodb_token", "a drill", &id(1)] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
    for path in ["/healthz", "/readyz"] {
        let text = app.anonymous().get(path).await.expect(200).body;
        assert!(!text.contains("n1") && text.ends_with('\n'), "{text}");
    }
}

/// C6.4: a control plane that cannot record is alive and not ready.
#[tokio::test]
async fn what_cannot_record_is_alive_and_not_ready() {
    let app = TestApp::new().await;
    let file = app.dir().join("control.sqlite");
    std::fs::rename(&file, app.dir().join("elsewhere")).expect("a rename");
    app.operator().request(1, "stop_writes", json!({})).await.expect(503);
    app.anonymous().get("/healthz").await.expect(200);
    let text = app.anonymous().get("/readyz").await.expect(503).body;
    assert!(text.starts_with("Not ready: records cannot be made durable"), "{text}");
    assert!(text.contains("until the control plane is restarted"), "{text}");
    let figures = app.anonymous().get("/metrics").await;
    assert_ne!(figures.status.as_u16(), 500, "{}", figures.body);
}
