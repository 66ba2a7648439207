//! The log, filtered: every combination gives exactly the records that a reader of all would pick,
//! and what the index says beside the records is found out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::kernel_words::CATALOGUE;
use crate::ledger::read::paged;
use crate::records::*;
use aerodb_control::kernel::embedded::spec::EmbeddedAction as Action;
use aerodb_control::ledger::{
    Draft, ExpectedLog, LedgerReader, LogFilter, VerifyError, verify_file,
};
use aerodb_control::model::action::{self, ActionId, Stage};
use aerodb_control::model::actor::Actor;
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::answer::StoredRecord;
use aerodb_control::model::attestation::Attestations;
use aerodb_control::model::log_filter::words;
use aerodb_control::model::record::{Delivery, Entry};
use aerodb_control::model::text::NodeId;
use aerodb_control::store::{DATABASE_FILE, StoreReader};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// A closed log of actions of three kinds by two people within one hour, one minute a step.
async fn log() -> (TempDir, Vec<StoredRecord>) {
    let dir = tempdir().unwrap();
    let (store, ledger, clock) = ledger_in(dir.path());
    let mut all = Vec::new();
    for n in 1..=12u8 {
        clock.set(START_MS + i64::from(n) * 60_000);
        let node = NodeId::parse(if n % 2 == 0 { "n2" } else { "n3" }).unwrap();
        let action = match n % 3 {
            0 => Action::StopWrites {},
            1 => Action::Switchover { to: node },
            _ => Action::TakeOffline { node },
        };
        let why = if n % 4 == 0 { "Disk-swap, planned" } else { "planned work on n1" };
        let actor = Actor { name: name(if n < 5 { "bob" } else { "alice" }), ..alice() };
        let asked = Entry::Requested {
            action: action.into(),
            reason: reason(why),
            attested: Attestations::default(),
        };
        let again = Entry::Duplicate { delivery: Delivery::Request, shown: Some(Stage::Withdrawn) };
        let mut drafts = vec![Draft::new(None, Some(id(n)), asked)];
        drafts.extend(steps(id(n), &[Stage::Explained, Stage::Withdrawn]));
        drafts.push(Draft::new(None, Some(id(n)), again));
        drafts.push(Draft::new(None, None, Entry::SignInFailed { name: "mallory n2".to_owned() }));
        drafts.iter_mut().take(4).for_each(|draft| draft.actor = Some(actor.clone()));
        all.extend(ledger.append(drafts).await.unwrap());
    }
    drop((store, ledger));
    (dir, all)
}

fn reader(dir: &Path) -> LedgerReader {
    LedgerReader::new(StoreReader::open_read_only(&dir.join(DATABASE_FILE)).unwrap())
}

fn filter(fields: &[(&str, &str)]) -> LogFilter {
    let mut fields: BTreeMap<_, _> = fields.iter().copied().collect();
    LogFilter::parse(CATALOGUE, |name| fields.remove(name).map(str::to_owned)).unwrap()
}

/// What a reader of the whole log would pick, by other code than the index.
fn picks(
    filter: &LogFilter,
    stored: &StoredRecord,
    asked: &BTreeMap<ActionId, action::Action>,
) -> bool {
    let record = &stored.record;
    let action = record.action_id.and_then(|id| asked.get(&id));
    let text = serde_json::to_string(&record.entry).unwrap();
    let text: BTreeSet<String> = words(&text).collect();
    let is = |wanted: bool, found: bool| !wanted || found;
    is(filter.action.is_some(), record.action_id == filter.action)
        && filter.kind.is_none_or(|kind| record.entry.word() == kind)
        && filter.stage.is_none_or(|stage| record.entry.stage() == Some(stage))
        && filter.since.is_none_or(|since| record.at >= since)
        && filter.until.is_none_or(|until| record.at < until)
        && is(
            filter.actor.is_some(),
            record.actor.as_ref().map(|a| &a.name) == filter.actor.as_ref(),
        )
        && is(filter.action_kind.is_some(), action.map(action::Action::kind) == filter.action_kind)
        && is(filter.node.is_some(), action.and_then(action::Action::node) == filter.node)
        && filter.text.as_ref().is_none_or(|wanted| wanted.words().is_subset(&text))
}

#[tokio::test]
async fn every_combination_of_filters_gives_exactly_the_records_that_meet_it() {
    let (dir, all) = log().await;
    let reader = reader(dir.path());
    let asked: BTreeMap<ActionId, action::Action> = all
        .iter()
        .filter_map(|stored| match &stored.record.entry {
            Entry::Requested { action, .. } => Some((stored.record.action_id?, action.clone())),
            _ => None,
        })
        .collect();
    let at = |minute: i64| Timestamp::from_millis(START_MS + minute * 60_000).to_string();
    let (four, nine, id) = (at(4), at(9), id(7).to_string());
    let choices: [&[(&str, &str)]; 9] = [
        &[("action", &id)],
        &[("kind", "withdrawn"), ("kind", "sign_in_failed")],
        &[("actor", "bob"), ("actor", "alice")],
        &[("action_kind", "switchover"), ("action_kind", "stop_writes")],
        &[("node", "n2"), ("node", "n9")],
        &[("stage", "requested"), ("stage", "executed")],
        &[("since", &four)],
        &[("until", &nine)],
        &[("text", "planned"), ("text", "SWAP disk")],
    ];
    let mut combined: Vec<Vec<(&str, &str)>> = vec![vec![]];
    for field in choices {
        let more: Vec<_> = combined
            .iter()
            .flat_map(|fields| field.iter().map(|one| [fields.as_slice(), &[*one]].concat()))
            .collect();
        combined.extend(more);
    }
    let (mut tried, mut full) = (0, 0);
    for fields in combined {
        let filter = filter(&fields);
        let wanted = all.iter().rev().filter(|stored| picks(&filter, stored, &asked));
        let wanted: Vec<_> = wanted.cloned().collect();
        assert_eq!(paged(&reader, 3, &filter), wanted, "{fields:?}");
        full += usize::from(!wanted.is_empty());
        tried += 1;
    }
    println!("{tried} combinations, {full} with records");
    assert!(tried > 1_900 && full > 200, "{tried} {full}");
}

#[tokio::test]
async fn no_text_that_somebody_types_is_a_command_of_the_index() {
    let (dir, _) = log().await;
    let reader = reader(dir.path());
    let count = |text: &str| paged(&reader, 50, &filter(&[("text", text)])).len();
    assert_eq!(count("planned"), 12);
    for text in ["planned OR mallory", "NOT planned", "plan*", "planned NEAR work", "terms:planned"]
    {
        assert_eq!(count(text), 0, "{text}");
    }
    // Terms of other fields cannot be reached through the words of a text.
    assert_eq!(count("actor=bob"), 0);
    assert_eq!(count("\"planned\""), 12);
}

fn bent(dir: &Path, sql: &str) -> (Option<u64>, String) {
    let copy = tempdir().unwrap();
    let path: PathBuf = copy.path().join(DATABASE_FILE);
    std::fs::copy(dir.join(DATABASE_FILE), &path).unwrap();
    let connection: Connection = shell(&path);
    connection.execute_batch("DROP TRIGGER entry_update").unwrap();
    connection.execute_batch(sql).unwrap();
    drop(connection);
    let expected = ExpectedLog { salt: [9; 32], ..ExpectedLog::default() };
    let error = verify_file(&path, &expected, &mut |_| ()).expect_err(sql);
    let seq = if let VerifyError::Broken(broken) = &error { Some(broken.seq) } else { None };
    (seq, error.to_string())
}

#[tokio::test]
async fn a_lie_in_a_column_or_in_the_index_is_found_at_its_record() {
    let (dir, all) = log().await;
    let size = all.len() as u64;
    // Record 10 is bob's request to stop writes.
    let own = "action=03030303-0303-4303-8303-030303030303 action_kind=stop_writes actor=bob \
               kind=requested n1 on planned stage=requested work";
    let hide = |terms: &str| {
        format!(
            "INSERT INTO entry_index (entry_index, rowid, terms) VALUES ('delete', 10, '{terms}')"
        )
    };
    let cases = [
        ("UPDATE entry SET node = 'n9' WHERE seq = 6".to_owned(), 6, "node"),
        ("UPDATE entry SET node = NULL WHERE seq = 5".to_owned(), 5, "node"),
        ("UPDATE entry SET action_kind = 'failover' WHERE seq = 12".to_owned(), 12, "action_kind"),
        ("INSERT INTO entry_index (rowid, terms) VALUES (7, 'ghost')".to_owned(), 7, "ghost"),
        (
            "INSERT INTO entry_index (rowid, terms) VALUES (7, 'kind=boot')".to_owned(),
            7,
            "kind=boot",
        ),
        (
            "INSERT INTO entry_index (rowid, terms) VALUES (400, 'ghost')".to_owned(),
            size,
            "not there",
        ),
        (hide(own), 10, "not"),
        (hide("planned"), 10, "planned"),
    ];
    for (sql, seq, words) in cases {
        let (found, why) = bent(dir.path(), &sql);
        assert_eq!(found, Some(seq), "{sql}: {why}");
        assert!(why.contains(words), "{sql}: {why}");
    }
}
