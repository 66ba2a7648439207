//! The log of actions, told line by line on standard error while the server runs, for those who
//! collect such lines. It repeats what is on record and adds nothing: the order is the number of the
//! record, and what is not there was not recorded. Nothing is decided by it, and a reader that went
//! away holds nothing up.

use crate::ledger::{LedgerReader, LogFilter};
use crate::model::action::Stage;
use crate::model::answer::StoredRecord;
use crate::model::spec::Catalogue;
use tokio::sync::watch;
use tracing::{error, info};

/// In which form the lines are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// None at all.
    Off,
    /// For people.
    #[default]
    Text,
    /// One JSON object to a line.
    Json,
}

/// Records that are read at once.
const RECORDS_AT_ONCE: u32 = 500;

/// Begins to write lines. Where somebody else does already, it stays as it is.
pub(super) fn begin(lines: LogFormat) {
    let plain = tracing_subscriber::fmt().with_writer(std::io::stderr);
    // Only an earlier start in the same process can be in the way.
    let _ = match lines {
        LogFormat::Off => Ok(()),
        LogFormat::Text => plain.with_ansi(false).try_init(),
        LogFormat::Json => plain.json().flatten_event(true).with_ansi(false).try_init(),
    };
}

/// The new end of the log, told once.
pub(super) struct LogStream {
    log: LedgerReader,
    catalogue: Catalogue,
    next: u64,
}

impl LogStream {
    /// From the newest start on, which was just recorded.
    pub(super) fn from_last_start(log: LedgerReader, catalogue: Catalogue) -> Self {
        let boots = LogFilter { kind: Some("boot"), ..LogFilter::default() };
        let newest =
            log.page(None, 1, &boots).ok().and_then(|page| page.records.into_iter().next());
        Self { log, catalogue, next: newest.map_or(0, |boot| boot.record.seq) }
    }

    /// Tells every record that there is by now.
    pub(super) fn tell(&mut self) {
        loop {
            match self.log.from_seq(self.next, RECORDS_AT_ONCE) {
                Ok(records) if records.is_empty() => return,
                Ok(records) => {
                    for stored in &records {
                        tell(self.catalogue, stored);
                        self.next = stored.record.seq + 1;
                    }
                }
                Err(why) => {
                    error!(next = self.next, "The log cannot be read: {why}.");
                    return;
                }
            }
        }
    }

    /// Tells what is there, and then what each write adds, until it is to end: then what is there by
    /// then, the stop among it.
    pub(super) async fn follow(
        mut self,
        mut commits: watch::Receiver<u64>,
        end: impl Future<Output = ()>,
    ) {
        let mut end = std::pin::pin!(end);
        loop {
            self.tell();
            tokio::select! {
                changed = commits.changed() => if changed.is_err() { return },
                () = &mut end => return self.tell(),
            }
        }
    }
}

fn tell(catalogue: Catalogue, stored: &StoredRecord) {
    let record = &stored.record;
    let text =
        |shown: &dyn std::fmt::Display| crate::model::text::escape_unsafe(&shown.to_string());
    info!(
        seq = record.seq,
        at = text(&record.at),
        kind = record.entry.word(),
        action_id = record.action_id.map(|id| text(&id)),
        actor = record.actor.as_ref().map(|actor| text(&actor.name)),
        role = record.actor.as_ref().map(|actor| actor.role.word()),
        stage = record.entry.stage().map(Stage::word),
        hash = text(&stored.hash),
        "{}",
        text(&record.entry.sentence(catalogue)),
    );
}
