//! The replay of a ledger finds what is not a step of the workflow.

use crate::legal_steps::{illegal, illegal_steps};
use crate::serve::fixture_dd35be5::unpacked;
use aerodb_control::model::action::Stage;
use aerodb_control::model::record::{Entry, Record};
use rusqlite::Connection;

#[test]
fn a_ledger_of_every_kind_of_record_has_legal_steps_only_and_each_loss_is_found() {
    let dir = unpacked("stopped");
    let ledger = dir.path().join("data/control.sqlite");
    assert_eq!(illegal_steps(&ledger), Vec::<String>::new());
    let records = || {
        let db = Connection::open(&ledger).expect("a ledger");
        let mut statement = db.prepare("SELECT bytes FROM leaf ORDER BY seq").expect("a statement");
        let bytes = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("records");
        let parse = |bytes: Vec<u8>| serde_json::from_slice::<Record>(&bytes).expect("a record");
        bytes.map(|bytes| parse(bytes.expect("bytes"))).collect::<Vec<_>>()
    };
    // Renumbered, so that nothing but the step that is missing can be found.
    let without = |which: &dyn Fn(&Record) -> bool| {
        let mut left: Vec<_> = records().into_iter().filter(|record| !which(record)).collect();
        for (seq, record) in left.iter_mut().enumerate() {
            record.seq = seq as u64;
        }
        illegal(left)
    };
    for stage in [Stage::Requested, Stage::Explained, Stage::Confirmed, Stage::Dispatched] {
        let found = without(&|record| record.entry.stage() == Some(stage));
        assert!(!found.is_empty(), "{stage}");
    }
    let ended = |record: &Record| record.entry.stage() == Some(Stage::Executed);
    let found = without(&ended);
    assert!(found.iter().any(|what| what.contains("beside another open action")), "{found:?}");
    let found = without(&|record| matches!(record.entry, Entry::Unfrozen { .. }));
    assert!(found.iter().any(|what| what.contains("while changes are frozen")), "{found:?}");
    assert!(!illegal(records().into_iter().skip(1)).is_empty(), "the first record is missing");
}
