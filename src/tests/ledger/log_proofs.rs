//! Heads and proofs as anybody who is signed in gets them, checked as a stranger would check them.

use crate::harness::TestApp;
use aerodb_control::ledger::head_check::{
    HeadError, TrustedHead, check_head, check_past, check_record,
};
use aerodb_control::ledger::note::{LogKey, LogSigner};
use aerodb_control::ledger::tree::{TreeHead, verify_consistency, verify_inclusion};
use aerodb_control::model::answer::{ConsistencyProof, InclusionProof, SignedHead};
use aerodb_control::model::canonical::Hash;
use serde::de::DeserializeOwned;
use serde_json::json;

async fn read<T: DeserializeOwned>(app: &TestApp, path: &str) -> T {
    let body = app.auditor().get(path).await.expect(200).body;
    serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}"))
}

async fn head(app: &TestApp) -> (LogKey, TreeHead) {
    let head: SignedHead = read(app, "/api/v1/log/head").await;
    let key = LogKey::parse(&head.key).expect("a key");
    let seen = key.open(&head.note).expect("signed");
    assert_eq!((seen.size, seen.root), (head.head.size, head.root));
    (key, seen)
}

#[tokio::test]
async fn a_proof_of_nothing_is_refused_in_words() {
    let app = TestApp::new().await;
    for (path, status, code) in [
        ("/api/v1/log/proof/x", 400, "input_invalid"),
        ("/api/v1/log/proof/-1", 400, "input_invalid"),
        ("/api/v1/log/proof/0?size=x", 400, "input_invalid"),
        ("/api/v1/log/proof/0?sise=1", 400, "input_invalid"),
        ("/api/v1/log/proof/999", 404, "not_found"),
        ("/api/v1/log/proof/18446744073709551615", 404, "not_found"),
        ("/api/v1/log/proof/3?size=3", 404, "not_found"),
        ("/api/v1/log/proof/0?size=999", 404, "not_found"),
        ("/api/v1/log/consistency", 400, "input_invalid"),
        ("/api/v1/log/consistency?from=0", 400, "input_invalid"),
        ("/api/v1/log/consistency?from=999", 404, "not_found"),
        ("/api/v1/log/consistency?from=4&to=3", 404, "not_found"),
        ("/api/v1/log/consistency?from=1&to=18446744073709551615", 404, "not_found"),
    ] {
        let reply = app.auditor().get(path).await.expect(status);
        assert_eq!(reply.code(), code, "{path}");
    }
}

#[tokio::test]
async fn every_record_and_every_earlier_head_is_proven_to_a_stranger() {
    let app = TestApp::new().await;
    let (key, before) = head(&app).await;
    app.operator().run(1, "switchover", json!({"to": "n2"})).await;
    let (same, after) = head(&app).await;
    assert_eq!(same, key);
    assert!(after.size > before.size);
    for seq in 0..after.size {
        let path = format!("/api/v1/log/proof/{seq}?size={}", after.size);
        let proof: InclusionProof = read(&app, &path).await;
        let leaf = Hash::of_leaf(&proof.record.record.leaf());
        assert_eq!(leaf, proof.record.hash);
        verify_inclusion(seq, after.size, leaf, &proof.path, after.root).expect("in the log");
    }
    let path = format!("/api/v1/log/consistency?from={}&to={}", before.size, after.size);
    let proof: ConsistencyProof = read(&app, &path).await;
    verify_consistency(before, after, &proof.path).expect("the same log");
}

#[tokio::test]
async fn the_log_names_its_key_and_keeps_it_over_a_restart() {
    let app = TestApp::new().await;
    let (key, before) = head(&app).await;
    let boot = app.auditor().get("/api/v1/log/0").await.expect(200).json();
    assert_eq!(boot["entry"]["log_key"], key.to_string());
    assert!(key.name().starts_with("aerodb/aerodb/"), "{key}");
    let app = app.restart().await;
    let (same, after) = head(&app).await;
    assert_eq!(same, key);
    let path = format!("/api/v1/log/consistency?from={}", before.size);
    let proof: ConsistencyProof = read(&app, &path).await;
    verify_consistency(before, after, &proof.path).expect("the same log");
}

/// What a browser remembers and checks, against a server that was changed behind its back.
#[tokio::test]
async fn a_browser_that_saw_a_later_head_notices_an_older_a_rewritten_and_another_log() {
    let app = TestApp::new().await;
    let first: SignedHead = read(&app, "/api/v1/log/head").await;
    let seen = check_head(&first, None).expect("a first look");
    app.operator().run(1, "switchover", json!({"to": "n2"})).await;
    let now: SignedHead = read(&app, "/api/v1/log/head").await;
    let later = check_head(&now, Some(&seen)).expect("the log grew");
    let path = format!("/api/v1/log/consistency?from={}&to={}", seen.size, later.size);
    let proof: ConsistencyProof = read(&app, &path).await;
    check_past(&seen, &later, Some(&proof)).expect("the same log");
    check_past(&later, &later, None).expect("nothing new");

    let shrunk = HeadError::Shrunk { before: later.size, now: seen.size };
    assert_eq!(check_head(&first, Some(&later)), Err(shrunk), "an older copy was put in place");
    let forked = TrustedHead { root: later.root, ..seen.clone() };
    let rewritten = check_past(&forked, &later, Some(&proof));
    assert!(matches!(rewritten, Err(HeadError::Rewritten { .. })), "{rewritten:?}");
    assert!(check_past(&seen, &later, None).is_err(), "no proof");
    let mut long = proof.clone();
    long.path = vec![later.root; 65];
    assert!(check_past(&seen, &later, Some(&long)).is_err(), "a proof without end");

    let other = LogSigner::new(LogKey::parse(&now.key).expect("a key").name(), &[9; 32]);
    let other = other.expect("a name");
    let resigned = SignedHead {
        note: other.sign(TreeHead { size: later.size, root: later.root }),
        key: other.public().to_string(),
        ..now.clone()
    };
    check_head(&resigned, None).expect("who remembers nothing notices nothing");
    assert!(matches!(check_head(&resigned, Some(&seen)), Err(HeadError::OtherKey { .. })));
    let kept = SignedHead { key: now.key.clone(), ..resigned };
    assert!(matches!(check_head(&kept, Some(&seen)), Err(HeadError::Head(_))));
    let lying = SignedHead { root: first.root, ..now.clone() };
    assert_eq!(check_head(&lying, Some(&seen)), Err(HeadError::HeadDiffers));
}

#[tokio::test]
async fn a_browser_notices_a_record_that_is_shown_otherwise_than_it_is() {
    let app = TestApp::new().await;
    let head: SignedHead = read(&app, "/api/v1/log/head").await;
    let now = check_head(&head, None).expect("a first look");
    let proof: InclusionProof = read(&app, "/api/v1/log/proof/2").await;
    let shown = proof.record.hash;
    check_record(2, shown, &now, &proof).expect("as it is");
    assert!(check_record(3, shown, &now, &proof).is_err(), "another place");
    assert!(check_record(2, now.root, &now, &proof).is_err(), "another hash was shown");
    let mut other = proof.clone();
    other.record.record.clock = "a clock of mine".to_owned();
    assert!(check_record(2, shown, &now, &other).is_err(), "other bytes");
    // A record that fits the hash that is shown with it, and is in no signed log.
    let invented = other.record.record.hash();
    assert!(check_record(2, invented, &now, &other).is_err(), "an invented record");
}
