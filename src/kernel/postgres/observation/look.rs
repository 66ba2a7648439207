//! One look at one node, over the session that is kept open for it.

use super::assemble::NodeLook;
use crate::kernel::postgres::config::NodeAddress;
use crate::kernel::postgres::connection::{ConnectError, Dialer, SqlError};
use crate::kernel::postgres::reader::{ReadError, ReadingDepth, ReadingScope, ReadingSession};
use crate::kernel::postgres::reading::NodeReading;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// A node with its session. Whoever looks takes the session out, and puts it back after a whole answer:
/// a look that is given up half way ends it.
#[derive(Debug)]
pub(super) struct NodeLink {
    pub(super) node: NodeAddress,
    session: Mutex<Option<ReadingSession>>,
}

impl NodeLink {
    pub(super) fn new(node: NodeAddress) -> Self {
        Self { node, session: Mutex::new(None) }
    }

    /// Reads the node. A session that was kept and is gone is made once more: that a server ended it says
    /// nothing of the server as it is now.
    pub(super) async fn look(
        &self,
        dialer: &Dialer,
        scope: &ReadingScope,
        limit: Duration,
        depth: ReadingDepth<'_>,
    ) -> NodeLook {
        let mut slot = self.session.lock().await;
        let read = match slot.take() {
            None => self.afresh(dialer, scope, limit, depth, &mut slot).await,
            Some(mut session) => match within(limit, scope.read(&mut session, depth)).await {
                Err(LookError::Read(ReadError::Sql(SqlError::Lost { .. }))) => {
                    self.afresh(dialer, scope, limit, depth, &mut slot).await
                }
                Ok(reading) => {
                    *slot = Some(session);
                    Ok(reading)
                }
                Err(error) => Err(error),
            },
        };
        NodeLook { node: self.node.clone(), read: read.map_err(|error| error.to_string()) }
    }

    async fn afresh(
        &self,
        dialer: &Dialer,
        scope: &ReadingScope,
        limit: Duration,
        depth: ReadingDepth<'_>,
        slot: &mut Option<ReadingSession>,
    ) -> Result<NodeReading, LookError> {
        let session = dialer.observer(&self.node, &scope.application_name()).await?;
        let mut session = ReadingSession::new(session);
        let reading = within(limit, scope.read(&mut session, depth)).await?;
        *slot = Some(session);
        Ok(reading)
    }
}

async fn within(
    limit: Duration,
    read: impl Future<Output = Result<NodeReading, ReadError>>,
) -> Result<NodeReading, LookError> {
    match timeout(limit, read).await {
        Ok(read) => read.map_err(LookError::Read),
        Err(_) => Err(LookError::Read(SqlError::Deadline { after: limit }.into())),
    }
}

/// Why a node was not read, in the words of its kind.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("{}", connect_words(.0))]
    Connect(#[from] ConnectError),
    #[error("{}", read_words(.0))]
    Read(ReadError),
}

fn connect_words(error: &ConnectError) -> String {
    match error {
        ConnectError::Unreachable { why } => format!("no connection: {why}"),
        ConnectError::Untrusted { why } => format!("no connection that can be trusted: {why}"),
        ConnectError::Refused { code, message } => refused_words(code, message),
        ConnectError::Deadline { .. } | ConnectError::Password { .. } => error.to_string(),
    }
}

fn read_words(error: &ReadError) -> String {
    match error {
        ReadError::Sql(SqlError::Refused { code, message }) => refused_words(code, message),
        ReadError::Sql(SqlError::Lost { why }) => format!("the session was lost: {why}"),
        ReadError::Sql(SqlError::Deadline { .. }) | ReadError::Form { .. } => error.to_string(),
    }
}

fn refused_words(code: &str, message: &str) -> String {
    let what = match code {
        "53300" => "the server has no connection left",
        "42501" => "the observer's role lacks a right",
        "57P03" => "the server does not take connections now",
        "28P01" | "28000" => "the server does not let the observer's role in",
        _ => "the server refuses",
    };
    format!("{what} ({code}: {message})")
}
