//! A record names its actor by a name and nothing else: nobody gets one that reads as something else.

use crate::harness::{PASSWORD, TestApp};
use serde_json::json;

#[tokio::test]
async fn no_account_token_or_link_is_named_like_a_role_a_node_or_the_program() {
    let app = TestApp::new().await;
    let (access, before) = (&app.house.access, app.record_kinds().await);
    let reserved = ["console", "redacted", "auditor", "n2", "n-2", "root", "control.plane"];
    for name in reserved {
        let account = access.add_account(name, "operator", PASSWORD).await.map(|()| None);
        let token = access.issue_token(name, 60_000).await.map(|made| made.token);
        for refused in [account, token] {
            let refused = refused.expect_err(name);
            assert_eq!(refused.field.as_deref(), Some("name"), "{name}: {refused:?}");
            let required = refused.required.unwrap_or_default();
            assert!(required.contains("no role, no node"), "{name}: {required}");
        }
    }
    assert_eq!(app.record_kinds().await, before, "nothing was made");
    for (number, name) in reserved.into_iter().enumerate() {
        let body = json!({
            "link_id": format!("00000000-0000-4000-8000-{number:012x}"),
            "name": name, "scope": "cluster", "expires": "1h",
        });
        let answer = app.operator().post("/api/v1/links", &body).await.expect(400).json();
        assert_eq!(answer["refusal"]["field"], "name", "{name}: {answer}");
    }
    access.add_account("nora", "operator", PASSWORD).await.expect("a name of a person");
}
