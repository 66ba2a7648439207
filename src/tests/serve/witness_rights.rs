//! Who may act is part of what is verified: rows of accounts, sessions, tokens and links that no record
//! made are found at the start and by a verification, and hold everything until they are accepted.

use crate::harness::{TestApp, id};
use crate::serve::witness_kept::{Side, accept, keep, put_back};
use aerodb_control::cross_check::explained;
use aerodb_control::ledger::{LedgerReader, RecordedExplanation};
use aerodb_control::model::finding::{FindingKind, Mismatch};
use aerodb_control::model::record::Entry;
use aerodb_control::model::text::{ActorName, Reason};
use aerodb_control::serve::witness;
use aerodb_control::store::StoreReader;
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;

/// Changes the file as somebody does who can write it: the rules of the schema are put back after.
fn edit(dir: &Path, sql: &str) {
    let db = Connection::open(dir.join("control.sqlite")).expect("the file");
    let triggers = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'";
    let mut statement = db.prepare(triggers).expect("sql");
    let rules: Vec<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("rules")
        .collect::<Result<_, _>>()
        .expect("rules");
    for (name, _) in &rules {
        db.execute_batch(&format!("DROP TRIGGER {name}")).expect("it is dropped");
    }
    assert!(db.execute(sql, []).expect(sql) > 0, "{sql}");
    for (_, rule) in &rules {
        db.execute_batch(rule).expect("it is put back");
    }
}

/// What the start finds after an edit.
async fn found_after(app: TestApp, sql: &str) -> (TestApp, Mismatch) {
    let app = app
        .restart_after(async |dir| {
            edit(dir, sql);
            let verified = witness(dir).await.expect("both sides");
            assert_eq!(verified.unread, None);
            assert_eq!(verified.mismatch.kinds.len(), 1, "{sql}: {:#?}", verified.mismatch);
        })
        .await;
    let found = app.house.mismatch.clone().unwrap_or_else(|| panic!("{sql} is not found"));
    let kinds: Vec<_> = found.kinds.iter().copied().collect();
    assert_eq!(kinds, [FindingKind::RightsDiffer], "{sql}: {found:#?}");
    (app, found)
}

/// C9.5, C10.1: `witnesses_agree`.
#[tokio::test]
async fn rows_that_no_record_made_hold_everything() {
    let app = TestApp::new().await;
    app.link(1, "visitors", "cluster").await;
    app.house.access.remove_account("anna").await.expect("she is removed");
    let app = app.restart().await;
    assert_eq!(app.house.mismatch, None, "records and tables say the same");
    let session =
        "INSERT INTO session (sha256, account, means, created_ms, last_seen_ms, expires_ms)
        SELECT randomblob(32), account, means, created_ms, last_seen_ms, expires_ms
        FROM session WHERE account = 'olga' LIMIT 1";
    let mut app = app;
    for (sql, told) in [
        (
            "UPDATE account SET role = 'operator' WHERE name = 'oscar'",
            "found account oscar: operator with a password",
        ),
        (
            "UPDATE account SET removed_ms = NULL WHERE name = 'anna'",
            "expected account anna: auditor with a password, removed",
        ),
        (
            "UPDATE account SET password = password || 'x' WHERE name = 'oscar'",
            "a password, password ",
        ),
        (
            "INSERT INTO account (name, role, password, created_ms) VALUES ('eve', 'operator', 'x', 1)",
            "found account eve: operator with a password; expected no account eve",
        ),
        (
            "INSERT INTO identity (issuer, subject, account) VALUES ('https://i', 's', 'olga')",
            "found identity olga: s of https://i; expected no identity olga",
        ),
        ("UPDATE token SET expires_ms = expires_ms + 1", "found token metrics: ends "),
        ("UPDATE token SET sha256 = randomblob(32)", "found token metrics: ends "),
        ("UPDATE link SET revoked_ms = 1", ", revoked, secret "),
        ("UPDATE link SET sha256 = randomblob(32)", "for visitors, issued by olga"),
        ("UPDATE link SET session = randomblob(32), used_ms = 1", ", used, secret "),
        (session, "a session of olga by setup_link"),
        (
            "UPDATE session SET revoked_ms = NULL WHERE account = 'anna'",
            "a session of anna by password",
        ),
        (
            "UPDATE session SET expires_ms = expires_ms + 1 WHERE account = 'oscar'",
            "a session of oscar by password",
        ),
        (
            "UPDATE session SET proved_ms = proved_ms + 1 WHERE account = 'olga'",
            "a session of olga by setup_link",
        ),
    ] {
        let mut kept = None;
        let sound = app.restart_after(async |dir| kept = Some(keep(dir, Side::Log))).await;
        let kept = kept.expect("a copy");
        let (held, found) = found_after(sound, sql).await;
        let text: String = found.findings.iter().map(ToString::to_string).collect();
        assert!(text.contains(told), "{sql}: {text}");
        held.operator().request(9, "stop_writes", json!({})).await.expect(503);
        app = held.restart_after(async |dir| put_back(kept.path(), dir, Side::Log)).await;
        assert_eq!(app.house.mismatch, None, "{sql}");
    }
    app.operator().run(2, "failover", json!({"to": "n1"})).await;
}

/// C9.5. An acceptance covers what it names, and nothing else.
#[tokio::test]
async fn an_accepted_row_holds_nothing_and_another_change_of_it_does() {
    let app = TestApp::new().await;
    let (app, _) =
        found_after(app, "UPDATE account SET role = 'auditor' WHERE name = 'oscar'").await;
    let app = app.restart_after(async |dir| assert!(accept(dir, "aerodb").await.is_ok())).await;
    assert_eq!(app.house.mismatch, None);
    let (_app, found) =
        found_after(app, "UPDATE account SET role = 'operator' WHERE name = 'oscar'").await;
    assert_eq!(found.total, 1, "{found:#?}");
}

/// C9.2, C9.5: `witnesses_agree`. Records that name somebody else than the explanation that was read.
#[tokio::test]
async fn a_record_that_is_given_to_another_operator_contradicts_the_explanation() {
    let app = TestApp::new().await;
    app.operator().run(1, "stop_writes", json!({})).await;
    app.operator().request(2, "failover", json!({"to": "n2"})).await.expect(412);
    let path = app.dir().join("control.sqlite");
    let log = LedgerReader::new(StoreReader::open_read_only(&path).expect("the file"));
    let mut told: Vec<RecordedExplanation> = Vec::new();
    log.told(None, &mut |one| told.push(one)).expect("the explanations");
    assert_eq!(told.len(), 2, "one was possible and one was not: {}", id(2));
    for one in &told {
        assert_eq!(explained::compare(one), []);
        let says = |change: &dyn Fn(&mut RecordedExplanation), expected: &str| {
            let mut other = one.clone();
            change(&mut other);
            let found = explained::compare(&other);
            assert!(!found.is_empty(), "{expected}");
            assert!(found.iter().all(|f| f.kind == FindingKind::Contradiction));
            let text: String = found.iter().map(ToString::to_string).collect();
            assert!(text.contains(expected), "{text}");
        };
        says(
            &|other| {
                let actor = other.requested.actor.as_mut().expect("somebody asked");
                actor.name = ActorName::parse("eve").expect("a name");
            },
            "found the operator \"olga\" in the explanation",
        );
        says(
            &|other| {
                if let Entry::Requested { reason, .. } = &mut other.requested.entry {
                    *reason = Reason::parse("another one").expect("a reason");
                }
            },
            "expected \"another one\", as record",
        );
        says(
            &|other| {
                if let Entry::Requested { attested, .. } = &mut other.requested.entry {
                    *attested = crate::ui::made::attested("another");
                }
            },
            "found the attested nothing in the explanation",
        );
        says(&|other| other.digest = one.place.hash, "found the digest");
        says(
            &|other| other.confirmed.push((one.place.clone(), one.place.hash)),
            "a confirmation of",
        );
        says(&|other| other.explanation.truncate(9), "that cannot be read");
    }
}
