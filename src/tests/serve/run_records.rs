//! What a start and a stop say of themselves: settings that differ, and how the run before ended.

use crate::kernel_words::CATALOGUE;
use crate::serve::opened::{ConfigChange, open_as};
use crate::still_time::{CountedEntropy, ManualClock};
use aerodb_control::authority::ReauthLifetime;
use aerodb_control::ledger::{LedgerReader, LogFilter};
use aerodb_control::model::record::{Entry, LastRun, Record, RunEnd, Settings};
use aerodb_control::store::{DATABASE_FILE, StoreReader};
use std::path::Path;
use std::sync::Arc;
use tempfile::tempdir;

fn newest(dir: &Path, kind: &'static str) -> Record {
    let reader = StoreReader::open_read_only(&dir.join(DATABASE_FILE)).expect("the log");
    let filter = LogFilter { kind: Some(kind), ..LogFilter::default() };
    let page = LedgerReader::new(reader).page(None, 1, &filter).expect("readable");
    page.records.into_iter().next().expect("a record").record
}

fn boot(dir: &Path) -> (u64, Settings, Option<LastRun>) {
    let record = newest(dir, "boot");
    let Entry::Boot { settings, last_run, .. } = record.entry else { panic!("a start") };
    (record.seq, settings.expect("settings"), last_run)
}

#[tokio::test]
async fn a_start_says_what_differs_from_the_one_before_and_how_that_one_ended() {
    let dir = tempdir().expect("a directory");
    let (clock, entropy) = (ManualClock::new(), Arc::new(CountedEntropy::default()));
    let as_it_is: ConfigChange = Arc::new(|_| {});
    let changed: ConfigChange =
        Arc::new(|config| config.reauth_lifetime = ReauthLifetime::of_minutes(7).expect("minutes"));
    let start =
        async |change: &ConfigChange| open_as(dir.path(), 3, &clock, &entropy, change).await;

    // As after a kill: nothing says that it stopped.
    drop(start(&as_it_is).await);
    let (first, settings, last_run) = boot(dir.path());
    assert!(settings.changed.is_empty() && last_run.is_none(), "the first start");
    assert_eq!(settings.values["reauth-minutes"], "720");

    let house = start(&changed).await;
    let (second, with, last_run) = boot(dir.path());
    assert_eq!(last_run, Some(LastRun { ended: RunEnd::NotRecorded, record: first }));
    let said: Vec<String> = with.changed.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["reauth-minutes was \"720\" and is \"7\""]);
    assert_ne!(with.digest, settings.digest);
    let sentence = newest(dir.path(), "boot").entry.sentence(CATALOGUE);
    assert!(sentence.contains("left no record of its stop"), "{sentence}");
    assert!(sentence.contains("reauth-minutes was"), "{sentence}");

    house.close().await;
    house.record_stop().await.expect("recorded");
    drop(house);
    let stopped = newest(dir.path(), "stopped");
    assert!(stopped.seq > second);
    let Entry::Stopped { generation, position, snapshot } = stopped.entry else { panic!("a stop") };
    assert!(generation.is_some() && position.is_some_and(|at| at > 0) && snapshot.is_some());
    drop(start(&changed).await);
    let (_, same, last_run) = boot(dir.path());
    assert_eq!(last_run, Some(LastRun { ended: RunEnd::Stopped, record: stopped.seq }));
    assert!(same.changed.is_empty() && same.digest == with.digest);
}
