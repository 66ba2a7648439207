//! A clock that goes back: what it read stays in the record, and a window of time still holds what it
//! should.

use crate::records::*;
use aerodb_control::ledger::{Draft, ExpectedLog, LogFilter, verify_file};
use aerodb_control::model::actor::AuthMethod;
use aerodb_control::model::ambient::Timestamp;
use aerodb_control::model::record::Entry;
use aerodb_control::store::DATABASE_FILE;
use tempfile::tempdir;

/// A window shows what falls in it by its own reading, wherever the clock went back.
#[tokio::test]
async fn a_window_holds_every_record_whose_clock_read_a_time_in_it() {
    let dir = tempdir().unwrap();
    let (_store, ledger, clock) = ledger_in(dir.path());
    let readings = [0, 10, 20, 90, 95, 5, 15, 25, 50, 12, 12, 60, 100];
    for reading in readings {
        clock.set(START_MS + reading);
        let signed_in = Entry::SignedIn { by: AuthMethod::Password };
        ledger.append(vec![Draft::new(Some(alice()), None, signed_in)]).await.unwrap();
    }
    let reader = ledger.reader();
    let at = |millis: i64| Timestamp::from_millis(START_MS + millis);
    for from in -2..=102 {
        for to in from..=102 {
            let wanted: Vec<u64> = (0u64..)
                .zip(readings)
                .filter(|(_, reading)| (from..=to).contains(reading))
                .map(|(seq, _)| seq)
                .collect();
            let window = reader.window(at(from), at(to)).unwrap();
            let (page, next) = reader.window_page(&window, None, 50).unwrap();
            let seqs: Vec<u64> = page.iter().map(|stored| stored.record.seq).collect();
            assert_eq!((&seqs, next), (&wanted, None), "{from} {to}");
            for kind in [None, Some("signed_in")] {
                let filter = LogFilter {
                    since: Some(at(from)),
                    until: Some(at(to + 1)),
                    kind,
                    ..LogFilter::default()
                };
                let page = reader.page(None, 50, &filter).unwrap().records;
                let seqs: Vec<u64> = page.iter().rev().map(|stored| stored.record.seq).collect();
                assert_eq!(seqs, wanted, "{from} {to} {kind:?}");
            }
        }
    }
    assert_eq!(reader.window(at(0), at(100)).unwrap().clock_went_back(), 2);
    let path = dir.path().join(DATABASE_FILE);
    let verified = verify_file(&path, &ExpectedLog::default(), &mut |_| ()).unwrap();
    assert_eq!(verified.clock_back, 2);
}
