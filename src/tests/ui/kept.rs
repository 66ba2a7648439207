//! Addresses that can be shared: a record and an observation show the same for ever.

use crate::harness::{TestApp, id};
use serde_json::{Value, json};

/// The records of the log, oldest first.
async fn records(app: &TestApp) -> Vec<Value> {
    let page = app.auditor().get("/api/v1/log?limit=200").await.expect(200).json();
    page["records"].as_array().expect("records").iter().rev().cloned().collect()
}

/// The hash that the record of this kind names as its observation.
fn snapshot(records: &[Value], kind: &str) -> String {
    let record = records.iter().find(|record| record["entry"]["kind"] == kind).expect(kind);
    record["entry"]["snapshot"].as_str().expect("a hash").to_owned()
}

#[tokio::test]
async fn what_the_log_does_not_keep_is_refused_on_both_doors() {
    let app = TestApp::new().await;
    app.operator().request(1, "stop_writes", json!({})).await.expect(201);
    let explained = records(&app).await;
    let explained = explained.iter().find(|r| r["entry"]["kind"] == "explained").expect("one");
    let explanation = explained["entry"]["explanation"].as_str().expect("a hash");
    let nothing = "0".repeat(64);
    for (path, status, words) in [
        ("/log/900".to_owned(), 404, "holds no record 900"),
        ("/log/-1".to_owned(), 400, "The field seq must be"),
        ("/log/0?at=1".to_owned(), 400, "The field at must be"),
        ("/observations/7f".to_owned(), 400, "The field hash must be"),
        (format!("/observations/{nothing}"), 404, "keeps no observation"),
        // An explanation is kept under its hash too, and is no observation.
        (format!("/observations/{explanation}"), 404, "keeps no observation"),
    ] {
        let page = app.observer().get(&path).await.expect(status).body;
        assert!(page.contains(words) && page.contains("<h1>Refused</h1>"), "{path}: {page}");
        if path.starts_with("/observations") {
            let api = app.observer().get(&format!("/api/v1{path}")).await.expect(status);
            assert!(api.body.contains(words), "{path}");
        }
    }
}

#[tokio::test]
async fn a_record_shows_the_bytes_of_its_hash_and_where_it_stands() {
    let app = TestApp::new().await;
    app.operator().run(1, "switchover", json!({"to": "n2"})).await;
    let records = records(&app).await;
    for record in &records {
        let seq = record["seq"].as_u64().expect("a number");
        let page = app.observer().get(&format!("/log/{seq}")).await.expect(200).body;
        let page = page.replace("<!>", "");
        let hash = record["hash"].as_str().expect("a hash");
        assert!(page.contains(&format!("<code>{hash}</code>")), "{seq}");
        assert!(page.contains(&format!("/api/v1/log/proof/{seq}")), "{seq}");
        let (_, leaf) = page.split_once("<pre").expect("bytes");
        let (_, leaf) = leaf.split_once("<code>").expect("bytes");
        let (leaf, _) = leaf.split_once("</code>").expect("their end");
        let leaf = leaf.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
        let leaf = leaf.replace("&#x27;", "'").replace("&amp;", "&");
        let found = aerodb_control::model::canonical::Hash::of_leaf(leaf.as_bytes());
        assert_eq!(found.to_string(), hash, "{leaf}");
        let last = seq + 1 == records.len() as u64;
        assert_eq!(page.contains("It was the last one"), last, "{seq}");
        assert_eq!(page.contains(&format!("href=\"/log/{}\">Record {}<", seq + 1, seq + 1)), !last);
    }
}

#[tokio::test]
async fn an_observation_of_the_log_is_drawn_and_said_not_to_be_the_present() {
    let app = TestApp::new().await;
    app.operator().run(1, "switchover", json!({"to": "n2"})).await;
    let records = records(&app).await;
    let (before, after) = (snapshot(&records, "explained"), snapshot(&records, "executed"));
    assert_ne!(before, after);
    for (hash, primary) in [(&before, "n1"), (&after, "n2")] {
        let kept = app.observer().get(&format!("/api/v1/observations/{hash}")).await.expect(200);
        let kept = kept.json();
        assert_eq!(kept["state"]["primary"], primary);
        let blob = app.observer().get(&format!("/api/v1/log/blobs/{hash}")).await.expect(200);
        assert_eq!(kept["state"], blob.json(), "the bytes are those that were hashed");
        let page = app.observer().get(&format!("/observations/{hash}")).await.expect(200).body;
        assert!(page.contains("From the log, not the present"));
        assert!(page.contains(&format!("/actions/{}", id(1))));
        assert!(page.contains(&format!("<span><a href=\"/nodes/{primary}\">{primary}</a></span>")));
    }
    // The pages of the action and of its report lead there.
    for path in [format!("/actions/{}", id(1)), format!("/actions/{}/report", id(1))] {
        let page = app.observer().get(&path).await.expect(200).body;
        for hash in [&before, &after] {
            assert!(page.contains(&format!("href=\"/observations/{hash}\"")), "{path}");
        }
    }
}

#[tokio::test]
async fn a_link_that_was_shared_shows_the_same_after_more_happened_and_after_a_restart() {
    let app = TestApp::new().await;
    app.operator().run(1, "switchover", json!({"to": "n2"})).await;
    let all = records(&app).await;
    let paths = [
        format!("/observations/{}", snapshot(&all, "explained")),
        format!("/actions/{}/report", id(1)),
        "/log/3".to_owned(),
    ];
    let mut before = Vec::new();
    for path in &paths {
        before.push(still(&without_present(&app.observer().get(path).await.expect(200).body)));
    }
    app.operator().run(2, "take_offline", json!({"node": "n3"})).await;
    let app = app.restart().await;
    for (path, before) in paths.iter().zip(before) {
        let after = still(&without_present(&app.observer().get(path).await.expect(200).body));
        assert_eq!(after, before, "{path}");
    }
}

/// A page of the past without what stands on it of the present: the strip, and what the title says of it.
pub(crate) fn without_present(page: &str) -> String {
    let Some((before, rest)) = page.split_once("<div id=\"status\"") else {
        return page.to_owned();
    };
    let (strip, after) =
        rest.split_once("</div><p class=\"heard\">").expect("what follows the strip");
    let (_, trouble) = strip.split_once("data-trouble=\"").expect("what the title begins with");
    let (trouble, _) = trouble.split_once('"').expect("its end");
    before.replace(&format!("<title>{trouble} · "), "<title>") + after
}

/// A page without what differs between two responses by design: the nonce.
pub(crate) fn still(page: &str) -> String {
    let nonce = page.split(" nonce=\"").nth(1).and_then(|rest| rest.split('"').next());
    nonce.map_or_else(|| page.to_owned(), |nonce| page.replace(nonce, "NONCE"))
}
