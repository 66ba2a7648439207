//! The same state gives the same bytes, however often and after whatever (C5.1).

use crate::harness::{TestApp, id};
use crate::ui::kept::{still, without_present};
use aerodb_control::web::policy::READS;
use serde_json::json;
use std::collections::BTreeMap;

/// Every page that there is, with what its address needs.
async fn pages(app: &TestApp) -> Vec<String> {
    let log = app.auditor().get("/api/v1/log?kind=executed").await.expect(200).json();
    let hash = log["records"][0]["entry"]["snapshot"].as_str().expect("an observation").to_owned();
    let address = |path: &str| {
        let path = path
            .replace("/nodes/{id}", "/nodes/n2")
            .replace("{key}/{node}", "host_maintenance/n2")
            .replace("{id}", &id(1));
        let path = path.replace("{seq}", "4").replace("{hash}", &hash);
        path.replace("{kind}", "failover").replace("{token}", "x")
    };
    // The first two lead elsewhere: no provider signs people in here.
    let no_pages =
        ["/preferences", "/login/openid/callback", "/report.md", "/healthz", "/readyz", "/metrics"];
    let is_page = |path: &&str| !path.starts_with("/api/") && !no_pages.contains(path);
    let all = READS.iter().map(|(_, path, _)| *path).filter(is_page);
    let mut all: Vec<_> = all.map(address).collect();
    all.extend(
        [
            "/actions/new?kind=switchover&to=n3",
            "/timeline?limit=5",
            "/timeline?kind=refusals&node=n2",
            "/timeline?kind=observations&limit=3",
            "/log?actor=olga&limit=2",
            "/report.md?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z",
            "/report?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z",
        ]
        .map(str::to_owned),
    );
    all
}

/// A page without what differs by design: the nonce, and the ids that a form asks or freezes under.
fn resolved(page: &str) -> String {
    let mut page = still(page);
    for name in ["action_id", "freeze_id", "link_id"] {
        let field = format!("name=\"{name}\" value=\"");
        let mut parts = page.split(&field);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            out.push_str(&field);
            out.push_str(part.get(36..).unwrap_or_default());
        }
        page = out;
    }
    page
}

async fn bytes(app: &TestApp) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for path in pages(app).await {
        // What is an auditor's alone is nobody else's.
        let reader = if path == "/access/all" { app.auditor() } else { app.operator() };
        let reply = reader.get(&path).await;
        assert_eq!(reply.status.as_u16(), 200, "{path}");
        found.insert(path, resolved(&reply.body));
    }
    found
}

#[tokio::test]
async fn every_page_is_the_same_fifty_times_and_after_a_restart() {
    let app = TestApp::new().await;
    app.operator().run(1, "switchover", json!({"to": "n2"})).await;
    app.operator().request(2, "take_offline", json!({"node": "n3"})).await.expect(201);
    let first = bytes(&app).await;
    assert!(first.len() >= 18, "{} pages", first.len());
    for _ in 0..49 {
        assert_eq!(bytes(&app).await, first);
    }
    // A start is a state of its own: nobody is primary, and both logs say that it happened. What is
    // about the past is the same all the same.
    let app = app.restart().await;
    let after = bytes(&app).await;
    for (path, page) in &first {
        let is_past = ["/log/4", "/observations/", "/reference", "/help", "/login", "/setup"]
            .iter()
            .any(|past| path.starts_with(past))
            || path.contains("/report");
        if is_past && !path.contains("to=2027") {
            let [after, page] = [&after[path], page].map(|page| without_present(page));
            assert_eq!(after, page, "{path}");
        }
    }
    // Two starts in the same state differ in nothing but what they added to the log.
    let again = bytes(&app.restart().await).await;
    for path in ["/", "/actions", "/actions/new", "/actions/new?kind=switchover&to=n3"] {
        assert_eq!(again[path], after[path], "{path}");
    }
}
