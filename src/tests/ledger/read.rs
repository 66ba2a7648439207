//! The ledger, read: pages, actions, trails, and the JSON of a record.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::records::*;
use aerodb_control::ledger::{Draft, Ledger, LedgerReader, LogFilter, TRAIL_OTHERS_MAX};
use aerodb_control::model::action::Stage;
use aerodb_control::model::answer::StoredRecord;
use aerodb_control::model::record::{Delivery, Entry};
use std::collections::BTreeSet;
use tempfile::tempdir;

async fn many(ledger: &Ledger) -> Vec<StoredRecord> {
    let mut all = Vec::new();
    for n in 1..=7 {
        let mut drafts = steps(id(n), &[Stage::Requested, Stage::Explained, Stage::Withdrawn]);
        let entry = Entry::Duplicate { delivery: Delivery::Request, shown: Some(Stage::Withdrawn) };
        let mut again = Draft::new(Some(alice()), Some(id(n)), entry);
        again.actor = again.actor.map(|actor| {
            let name = name(if n % 2 == 0 { "bob" } else { "alice" });
            aerodb_control::model::actor::Actor { name, ..actor }
        });
        drafts.push(again);
        all.extend(ledger.append(drafts).await.unwrap());
    }
    all
}

/// The records of every page, one after the other.
pub(crate) fn paged(reader: &LedgerReader, limit: u32, filter: &LogFilter) -> Vec<StoredRecord> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = reader.page(before, limit, filter).unwrap();
        assert!(page.records.len() <= limit as usize);
        all.extend(page.records);
        before = page.next_before;
        if before.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn pages_hold_every_record_once_newest_first_whatever_is_filtered() {
    let dir = tempdir().unwrap();
    let (_store, ledger, _) = ledger_in(dir.path());
    let reader = ledger.reader();
    assert_eq!(reader.page(None, 50, &LogFilter::default()).unwrap().records, []);
    let all = many(&ledger).await;
    let filter = |action, kind: Option<&'static str>, actor: Option<&str>| LogFilter {
        action,
        kind,
        actor: actor.map(name),
        ..LogFilter::default()
    };
    let cases = [
        filter(None, None, None),
        filter(Some(id(3)), None, None),
        filter(None, Some("duplicate"), None),
        filter(None, None, Some("bob")),
        filter(None, Some("duplicate"), Some("alice")),
        filter(Some(id(4)), Some("duplicate"), Some("bob")),
        filter(None, Some("boot"), None),
    ];
    for case in cases {
        let mut expected: Vec<_> = all
            .iter()
            .filter(|r| {
                let actor = r.record.actor.as_ref().map(|a| &a.name);
                case.action.is_none_or(|a| r.record.action_id == Some(a))
                    && case.kind.is_none_or(|k| r.record.entry.word() == k)
                    && case.actor.as_ref().is_none_or(|a| actor == Some(a))
            })
            .cloned()
            .collect();
        expected.reverse();
        for limit in [1, 2, 3, 7, 28, 200] {
            assert_eq!(paged(&reader, limit, &case), expected, "{case:?} by {limit}");
        }
    }
    assert_eq!(reader.page(None, 0, &LogFilter::default()).unwrap().records.len(), 1);
    assert_eq!(reader.page(Some(u64::MAX), 200, &LogFilter::default()).unwrap().records.len(), 28);
    assert_eq!(reader.record(5).unwrap().as_ref(), all.get(5));
    assert_eq!(reader.record(28).unwrap(), None);
    assert_eq!(reader.record(u64::MAX).unwrap(), None);
}

#[tokio::test]
async fn actions_are_listed_once_with_where_they_stand_and_a_trail_is_oldest_first() {
    let dir = tempdir().unwrap();
    let (_store, ledger, _) = ledger_in(dir.path());
    let reader = ledger.reader();
    let all = many(&ledger).await;
    ledger.append(vec![step(id(9), Stage::Requested), step(id(9), Stage::Rejected)]).await.unwrap();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = reader.actions(before, 3).unwrap();
        seen.extend(page.rows.iter().map(|r| (r.requested.record.action_id.unwrap(), r.stage)));
        before = page.next_before;
        if before.is_none() {
            break;
        }
    }
    let withdrawn = (1..=7).rev().map(|n| (id(n), Stage::Withdrawn));
    let expected: Vec<_> = std::iter::once((id(9), Stage::Rejected)).chain(withdrawn).collect();
    assert_eq!(seen, expected);
    assert_eq!(reader.trail(id(2)).unwrap(), all[4..8]);
    assert_eq!(reader.trail(id(77)).unwrap(), []);
    assert_eq!(reader.stage(id(77)).unwrap(), None);
}

#[tokio::test]
async fn a_flood_of_repeated_deliveries_never_hides_the_outcome() {
    let dir = tempdir().unwrap();
    let (_store, ledger, _) = ledger_in(dir.path());
    ledger.append(steps(id(1), &TO_UNKNOWN)).await.unwrap();
    let entry = Entry::Duplicate { delivery: Delivery::Confirmation, shown: Some(Stage::Unknown) };
    let flood = vec![Draft::new(Some(alice()), Some(id(1)), entry); 300];
    ledger.append(flood).await.unwrap();
    ledger.append(vec![step(id(1), Stage::Executed)]).await.unwrap();
    let trail = ledger.reader().trail(id(1)).unwrap();
    assert_eq!(trail.len(), 6 + usize::try_from(TRAIL_OTHERS_MAX).unwrap());
    assert_eq!(trail.last().unwrap().record.entry.stage(), Some(Stage::Executed));
    let numbers: BTreeSet<_> = trail.iter().map(|r| r.record.seq).collect();
    assert!(numbers.iter().eq(trail.iter().map(|r| &r.record.seq)), "in order, each once");
}

#[tokio::test]
async fn a_stored_record_reads_back_from_the_json_of_the_api() {
    let dir = tempdir().unwrap();
    let (_store, ledger, _) = ledger_in(dir.path());
    let all = ledger.append(steps(id(1), &TO_UNKNOWN)).await.unwrap();
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<Vec<StoredRecord>>(&json).unwrap(), all);
}
