//! Log and kernel are compared before a start changes anything in the kernel. Where they do not say the
//! same, it serves for reading, and holds everything else (C9.5).

use super::config::Config;
use super::kernels::{StartedCore, StoppedCore};
use super::{ServeError, SystemDeps, runs};
use crate::cross_check::Depth;
use crate::kernel::embedded::ServiceHistory;
use crate::ledger::Ledger;
use crate::model::ambient::Clock;
use crate::model::facts::Since;
use crate::model::finding::{Finding, FindingKind, FindingSubject, Mismatch};
use crate::model::record::Entry;
use crate::store;
use std::sync::Arc;

/// Both sides of a data directory, compared before anything in them was changed.
pub(super) struct StartComparison {
    pub(super) kernel: StoppedCore,
    pub(super) mismatch: Mismatch,
}

/// Reads the kernel that the log belongs to, and compares the two. Nothing in the files of the kernel
/// changes, whatever is found.
pub(super) async fn compared(
    config: &Config,
    ledger: &Ledger,
    ambient: &SystemDeps,
) -> Result<StartComparison, ServeError> {
    let dir = config.data.join("kernel");
    let (cluster, served) = known_cluster(ledger)?;
    if let (Some(cluster), false) = (&cluster, dir.exists()) {
        return Err(ServeError::KernelLost { cluster: cluster.clone(), dir });
    }
    let kernel = StoppedCore::open(config, served, ambient)?;
    let found = kernel.described();
    if let Some(known) = cluster.filter(|cluster| *cluster != found) {
        return Err(ServeError::OtherCluster { served: known, found });
    }
    let (kernel, mismatch) = found_in(kernel, ledger).await?;
    Ok(StartComparison { kernel, mismatch })
}

impl StartComparison {
    /// Starts the kernel, or holds ledger and kernel where something was found that no record accepts.
    pub(super) fn start_or_hold(
        self,
        ledger: &Ledger,
        clock: &Arc<dyn Clock>,
    ) -> Result<(StartedCore, Mismatch), ServeError> {
        let Self { kernel, mismatch } = self;
        let held = (!mismatch.is_empty()).then(|| {
            ledger.store().hold(mismatch.to_string());
            Since { since: clock.now(), why: mismatch.to_string() }
        });
        Ok((kernel.start_or_hold(held, clock)?, mismatch))
    }
}

/// The cluster that the ledger belongs to, by its founding or the last start, and whether there was one.
fn known_cluster(ledger: &Ledger) -> Result<(Option<String>, ServiceHistory), ServeError> {
    Ok(match runs::newest(ledger, &["boot", "founded"])?.map(|record| record.entry) {
        Some(Entry::Boot { cluster, .. }) => (Some(cluster), ServiceHistory::Before),
        Some(Entry::Founded { cluster, .. }) => (Some(cluster), ServiceHistory::Never),
        _ => (None, ServiceHistory::Never),
    })
}

async fn found_in(
    kernel: StoppedCore,
    ledger: &Ledger,
) -> Result<(StoppedCore, Mismatch), ServeError> {
    let (log, tables) = (ledger.reader(), ledger.store().reader());
    let (kernel, mut mismatch) = kernel.compare(&log, &tables, Depth::Start).await?;
    if let Some(finding) = ledger.store().finding() {
        let (held, made) = match finding {
            store::StoreDefect::Older { held, made } => (*held, *made),
            _ => (0, 0),
        };
        let subject = FindingSubject::Commits { held, made };
        let expected = "a log with all its commits, as its seal names them";
        mismatch.add(Finding::new(FindingKind::LogOlder, subject, finding.to_string(), expected));
    }
    Ok((kernel, mismatch))
}
