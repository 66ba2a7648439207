//! The journal on a real disk: refusals first.

use super::*;
use crate::kernel::postgres::journal::events::NewEvent;
use crate::model::action::{Action, ActionId};
use crate::model::canonical::Hash;
use crate::model::event::{EventKind, EventPlace};
use crate::model::facts::{Position, Since};
use crate::model::receipt::{KernelRefusal, LedgerRef, Receipt, Tombstone};
use crate::model::session::{Session, SessionValue};
use crate::model::text::NodeId;
use std::collections::BTreeMap;
use tempfile::TempDir;

struct OneByte;

impl Entropy for OneByte {
    fn bytes(&self) -> [u8; 32] {
        [0xab; 32]
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn id(number: u8) -> ActionId {
    ActionId::from_random([number; 16])
}

fn action() -> Action {
    serde_json::from_str(r#"{"kind":"checkpoint","params":{"node":"n1"}}"#).unwrap()
}

fn sent() -> SentOrder {
    let node = ("node", SessionValue::Text("n1".to_owned()));
    SentOrder {
        action: action(),
        witness: LedgerRef { seq: 7, hash: Hash::of(b"dispatched") },
        session: Session::new([node, ("pid", SessionValue::Number(42))]).unwrap(),
        before: BTreeMap::from([("segment".to_owned(), None)]),
    }
}

fn receipt(number: u8) -> Receipt {
    Receipt {
        action_id: id(number),
        action: action(),
        generation: Some(1),
        position: None,
        executed_at: at(5),
        witness: sent().witness,
        result: "A checkpoint was made.".to_owned(),
        verification: None,
        duplicate: false,
    }
}

fn tombstone(number: u8) -> Tombstone {
    let result = "It never ran.".to_owned();
    Tombstone { action_id: id(number), voided_at: at(9), result }
}

fn refusal() -> KernelRefusal {
    let rule = "not_restarted".to_owned();
    KernelRefusal { rule, sentence: "It was restarted.".to_owned(), invariants: Vec::new() }
}

fn made() -> (TempDir, Journal) {
    let dir = tempfile::tempdir().unwrap();
    let kernel = dir.path().join("kernel");
    Journal::create(&kernel, "7711", at(1), &OneByte).unwrap();
    let journal = Journal::read(&kernel).unwrap();
    journal.begin().unwrap();
    (dir, journal)
}

fn again(dir: &TempDir, journal: Journal) -> Journal {
    drop(journal);
    let journal = Journal::read(&dir.path().join("kernel")).unwrap();
    journal.begin().unwrap();
    journal
}

#[tokio::test]
async fn an_id_is_accepted_once_and_for_ever_whatever_came_of_it() {
    let (dir, journal) = made();
    assert_eq!(journal.accept(id(1), sent(), at(2)).await.unwrap(), Acceptance::First);
    let journal = again(&dir, journal);
    let spent = journal.accept(id(1), sent(), at(3)).await.unwrap();
    let Acceptance::Spent(entry) = spent else { panic!("sent twice") };
    assert_eq!(*entry, JournalEntry { sent: Some(sent()), at: at(2), end: None });
    journal.end(id(1), OrderEnd::Executed(receipt(1)), Vec::new()).await.unwrap();
    let journal = again(&dir, journal);
    let Acceptance::Spent(entry) = journal.accept(id(1), sent(), at(4)).await.unwrap() else {
        panic!("sent twice")
    };
    assert_eq!(entry.end, Some(OrderEnd::Executed(receipt(1))));
}

#[tokio::test]
async fn an_order_that_came_meanwhile_is_not_voided_as_one_that_never_came() {
    let (_dir, journal) = made();
    journal.accept(id(1), sent(), at(2)).await.unwrap();
    let held = journal.void(tombstone(1), VoidReason::NothingSent, Vec::new()).await.unwrap();
    assert_eq!(held.end, None);
    let held = journal.void(tombstone(1), VoidReason::ProvenUnrun, Vec::new()).await.unwrap();
    assert_eq!(held.end, Some(OrderEnd::Voided(tombstone(1))));
    // One that never came is void too, and comes too late then.
    journal.void(tombstone(2), VoidReason::NothingSent, Vec::new()).await.unwrap();
    let late = journal.accept(id(2), sent(), at(2)).await.unwrap();
    let Acceptance::Spent(entry) = late else { panic!("a void id was accepted") };
    assert_eq!(entry.end, Some(OrderEnd::Voided(tombstone(2))));
}

#[tokio::test]
async fn what_ran_is_never_voided_and_what_was_refused_can_be() {
    let (_dir, journal) = made();
    journal.accept(id(1), sent(), at(2)).await.unwrap();
    journal.end(id(1), OrderEnd::Executed(receipt(1)), Vec::new()).await.unwrap();
    let held = journal.void(tombstone(1), VoidReason::ProvenUnrun, Vec::new()).await.unwrap();
    assert_eq!(held.end, Some(OrderEnd::Executed(receipt(1))));
    journal.accept(id(2), sent(), at(2)).await.unwrap();
    journal.end(id(2), OrderEnd::Refused(refusal()), Vec::new()).await.unwrap();
    let held = journal.void(tombstone(2), VoidReason::NothingSent, Vec::new()).await.unwrap();
    assert_eq!(held.end, Some(OrderEnd::Voided(tombstone(2))));
    let ids: Vec<_> = journal.entries(None, 10).await.unwrap();
    assert_eq!(ids.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!(journal.entries(Some(id(1)), 10).await.unwrap(), ids[1..]);
    assert_eq!(journal.strangers(vec![id(1), id(3)]).await.unwrap(), [id(3)]);
}

#[tokio::test]
async fn a_second_end_is_an_error_after_which_nothing_is_written() {
    let (_dir, journal) = made();
    journal.accept(id(1), sent(), at(2)).await.unwrap();
    journal.end(id(1), OrderEnd::Executed(receipt(1)), Vec::new()).await.unwrap();
    let second = journal.end(id(1), OrderEnd::Refused(refusal()), Vec::new()).await;
    assert!(second.unwrap_err().to_string().contains("an order ends once"));
    journal.accept(id(2), sent(), at(2)).await.unwrap_err();
    let held = journal.find(id(1)).await.unwrap().unwrap();
    assert_eq!(held.end, Some(OrderEnd::Executed(receipt(1))));
}

#[tokio::test]
async fn a_node_that_does_not_answer_keeps_its_first_instant_over_a_restart() {
    let (dir, journal) = made();
    let n1 = NodeId::numbered(1);
    let failed = |why: &str| vec![(n1.clone(), Err(why.to_owned()))];
    let first = Since { since: at(10), why: "refused".to_owned() };
    let told = journal.note_answers(failed("refused"), at(10)).await.unwrap();
    assert_eq!(told[&n1], first);
    let journal = again(&dir, journal);
    let told = journal.note_answers(failed("no answer in 2 s"), at(20)).await.unwrap();
    assert_eq!(told[&n1], Since { why: "no answer in 2 s".to_owned(), ..first });
    journal.note_answers(vec![(n1.clone(), Ok(()))], at(30)).await.unwrap();
    let told = journal.note_answers(failed("refused"), at(40)).await.unwrap();
    assert_eq!(told[&n1].since, at(40));
}

#[tokio::test]
async fn an_event_is_never_put_before_one_that_was_kept() {
    let (dir, journal) = made();
    let event = |position: Option<(u64, u64)>| NewEvent {
        position: position.map(|(branch, offset)| Position { branch, offset }),
        at: at(1),
        kind: EventKind::STARTED,
        node: None,
        action_id: None,
        sentence: "It was started.".to_owned(),
    };
    let early = vec![event(Some((1, 500))), event(None), event(Some((1, 400)))];
    journal.keep_events(early).await.unwrap();
    let journal = again(&dir, journal);
    journal.keep_events(vec![event(Some((2, 100)))]).await.unwrap();
    let place = |branch, position, number| EventPlace { branch, position, number };
    let kept = journal.events(None, 10).await.unwrap();
    let places: Vec<_> = kept.iter().map(|event| event.place).collect();
    let wanted = [place(2, 100, 1), place(1, 500, 3), place(1, 500, 2), place(1, 500, 1)];
    assert_eq!(places, wanted);
    let page = journal.events(Some(wanted[1]), 1).await.unwrap();
    assert_eq!(page.iter().map(|event| event.place).collect::<Vec<_>>(), [wanted[2]]);
}

#[tokio::test]
async fn a_journal_that_is_held_is_read_and_not_written() {
    let (dir, journal) = made();
    journal.accept(id(1), sent(), at(2)).await.unwrap();
    drop(journal);
    let held = Journal::read(&dir.path().join("kernel")).unwrap();
    assert_eq!(held.head().instance, "abababab");
    assert!(held.find(id(1)).await.unwrap().is_some());
    let n1 = NodeId::numbered(1);
    let looks = vec![(n1.clone(), Err("refused".to_owned()))];
    assert_eq!(held.note_answers(looks, at(7)).await.unwrap()[&n1].since, at(7));
    held.accept(id(2), sent(), at(2)).await.unwrap_err();
    drop(held);
    let journal = Journal::read(&dir.path().join("kernel")).unwrap();
    journal.begin().unwrap();
    let looks = vec![(n1.clone(), Err("refused".to_owned()))];
    assert_eq!(journal.note_answers(looks, at(8)).await.unwrap()[&n1].since, at(8));
    assert_eq!(journal.accept(id(2), sent(), at(2)).await.unwrap(), Acceptance::First);
}

#[test]
fn a_journal_is_made_once_and_one_that_is_older_than_its_seal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let kernel = dir.path().join("kernel");
    Journal::create(&kernel, "7711", at(1), &OneByte).unwrap();
    Journal::create(&kernel, "7712", at(1), &OneByte).unwrap_err();
    let path = Journal::path(&kernel);
    let older = std::fs::read(&path).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let journal = Journal::read(&kernel).unwrap();
    journal.begin().unwrap();
    runtime.block_on(journal.accept(id(1), sent(), at(2))).unwrap();
    drop(journal);
    std::fs::write(&path, older).unwrap();
    let refused = Journal::read(&kernel).unwrap_err().to_string();
    assert!(refused.contains("older"), "{refused}");
}

#[tokio::test]
async fn how_far_the_cluster_was_never_shrinks_and_outlasts_a_restart() {
    let (dir, journal) = made();
    let far = HighestKnown { timeline: 3, contract_ended: 0 };
    assert_eq!(journal.raise(far).await.unwrap(), far);
    let ended = HighestKnown { timeline: 1, contract_ended: 4 };
    let both = HighestKnown { timeline: 3, contract_ended: 4 };
    assert_eq!(journal.raise(ended).await.unwrap(), both);
    // The receipt of a promotion says the timeline that it led to, in the same save.
    let promoted = Receipt { generation: Some(4), ..receipt(1) };
    journal.accept(id(1), sent(), at(2)).await.unwrap();
    journal.end(id(1), OrderEnd::Executed(promoted), Vec::new()).await.unwrap();
    let journal = again(&dir, journal);
    let kept = HighestKnown { timeline: 4, contract_ended: 4 };
    assert_eq!(journal.raise(HighestKnown::default()).await.unwrap(), kept);
    let forgotten =
        journal.lock().save(|db| db.execute("UPDATE highest SET timeline = 2", []).doing("forget"));
    assert!(forgotten.is_err());
}
