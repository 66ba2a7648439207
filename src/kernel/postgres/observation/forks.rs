//! Where timelines forked, as a node says it over the replication protocol.

use super::assemble::HistorySource;
use crate::kernel::postgres::connection::Dialer;
use crate::kernel::postgres::reader::ReadingScope;
use crate::kernel::postgres::replication::WalPosition;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// The history that was read last. What a server holds of a timeline stays the same as long as its
/// processes do.
#[derive(Debug, Default)]
pub(super) struct ForkCache(Mutex<Option<(HistorySource, Vec<WalPosition>)>>);

impl ForkCache {
    /// The forks of a timeline that a node is on; or why they could not be read.
    pub(super) async fn read(
        &self,
        dialer: &Dialer,
        scope: &ReadingScope,
        limit: Duration,
        source: HistorySource,
    ) -> Result<Vec<WalPosition>, String> {
        let mut kept = self.0.lock().await;
        match &*kept {
            Some((of, forks)) if *of == source => return Ok(forks.clone()),
            _ => {}
        }
        let asked = timeout(limit, ask(dialer, scope, &source)).await;
        let after = limit.as_millis();
        let said = asked.unwrap_or_else(|_| Err(format!("no answer within {after} ms")));
        let forks = said.map_err(|why| {
            let HistorySource { timeline, node, .. } = &source;
            format!("the history of timeline {timeline} could not be read of {}: {why}", node.id)
        })?;
        *kept = Some((source, forks.clone()));
        Ok(forks)
    }
}

async fn ask(
    dialer: &Dialer,
    scope: &ReadingScope,
    source: &HistorySource,
) -> Result<Vec<WalPosition>, String> {
    let timeline = u32::try_from(source.timeline).map_err(|error| error.to_string())?;
    let made = dialer.replication(&source.node, &scope.application_name()).await;
    let mut session = made.map_err(|error| error.to_string())?;
    let forks = session.timeline_history(timeline).await;
    session.close().await;
    forks.map_err(|error| error.to_string())
}
