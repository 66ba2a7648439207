//! The records of a new installation, until its first operator is signed in.

use crate::harness::{Client, CountedEntropy, ManualClock, PASSWORD, open};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn a_new_installation_records_its_link_its_first_operator_and_the_session() {
    let dir = tempfile::tempdir().expect("a directory");
    let (clock, entropy) = (ManualClock::new(), Arc::new(CountedEntropy::default()));
    let house = open(dir.path(), 3, &clock, &entropy).await;
    let token = house.setup_path.as_ref().expect("a link").replace("/setup/", "");
    let client = Client::new(house.console.clone(), None);
    let fields = [("token", token.as_str()), ("name", "olga"), ("password", PASSWORD)];
    client.post_form("/setup", &fields).await.expect(303);
    client.post_form("/setup", &fields).await.expect(410);
    let body = json!({"name": "olga", "password": PASSWORD});
    let session = client.post("/api/v1/login", &body).await.expect(200).json();
    let olga = Client::new(house.console.clone(), session["token"].as_str().map(str::to_owned));
    let page = olga.get("/api/v1/log").await.expect(200).json();
    let records = page["records"].as_array().expect("records").clone();
    let kinds: Vec<_> = records.iter().rev().map(|r| r["entry"]["kind"].clone()).collect();
    let wanted = [
        "founded",
        "boot",
        "setup_link_issued",
        "account_created",
        "signed_in",
        "denied",
        "signed_in",
    ];
    assert_eq!(kinds, wanted);
    assert!(!page.to_string().contains(&token) && !page.to_string().contains(PASSWORD));
}
