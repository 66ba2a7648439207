//! One direct connection to one node, for one purpose.
//!
//! It is never made again by itself, it sends no statement twice, and it cancels nothing: a statement whose
//! deadline has passed may still run. What drives it is whoever waits for an answer, so nothing happens on
//! it in between, and every notice of the server is there before the result that it came before.

mod errors;

pub use errors::{ConnectError, ServerNotice, SqlError};

use super::config::{DatabaseCredential, Deadlines, NodeAddress, PostgresConfig};
use super::replication::ReplicationClient;
use super::tls::{self, AuthorityFileError, EncryptedStream, Encryptor};
use crate::model::text::InputError;
use errors::{chain, judged, not_connected, notice};
use rustls::ClientConfig;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage};

pub use tokio_postgres::Row;

/// A value for a statement, with the type that it is sent as.
pub type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// The longest name of a session, in bytes: the server cuts what is longer.
pub const APPLICATION_NAME_BYTES_MAX: usize = 63;

/// Why a [`Dialer`] cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DialerError {
    /// The settings do not go together.
    #[error(transparent)]
    Settings(#[from] InputError),
    /// The file of the authorities cannot be used.
    #[error(transparent)]
    Authorities(#[from] AuthorityFileError),
}

/// Makes connections.
#[derive(Clone, Debug)]
pub struct Dialer {
    database: String,
    observer: DatabaseCredential,
    operator: DatabaseCredential,
    encryption: Option<Arc<ClientConfig>>,
    deadlines: Deadlines,
}

impl Dialer {
    /// For these settings. Nothing is sent.
    ///
    /// # Errors
    /// When they do not go together, or the file of the authorities cannot be used.
    pub fn new(config: &PostgresConfig) -> Result<Self, DialerError> {
        config.check()?;
        Ok(Self {
            database: config.database.clone(),
            observer: config.observer.clone(),
            operator: config.operator.clone(),
            encryption: tls::client_config(&config.encryption)?,
            deadlines: config.deadlines,
        })
    }

    /// A session that reads. The server refuses it every write, and ends what takes too long.
    ///
    /// # Errors
    /// When there is no session.
    pub async fn observer(
        &self,
        node: &NodeAddress,
        application_name: &str,
    ) -> Result<Connection, ConnectError> {
        let allowed = self.deadlines.observe;
        let options = format!(
            "-c search_path=pg_catalog -c statement_timeout={} -c lock_timeout={} \
             -c idle_session_timeout=0 -c default_transaction_read_only=on \
             -c default_transaction_isolation=repeatable\\ read -c jit=off {COMMON_OPTIONS}",
            millis(allowed),
            millis(allowed / 2),
        );
        self.dial(node, &self.observer, application_name, &options, allowed).await
    }

    /// A session for one order. It commits without waiting for a standby, gives a lock up before its own
    /// deadline, and the server ends nothing of it by itself.
    ///
    /// # Errors
    /// When there is no session.
    pub async fn operator(
        &self,
        node: &NodeAddress,
        application_name: &str,
    ) -> Result<Connection, ConnectError> {
        let allowed = self.deadlines.order;
        let options = format!(
            "-c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout={} \
             -c idle_session_timeout=0 -c default_transaction_read_only=off \
             -c default_transaction_isolation=read\\ committed -c synchronous_commit=local \
             {COMMON_OPTIONS}",
            millis(allowed / 2),
        );
        self.dial(node, &self.operator, application_name, &options, allowed).await
    }

    /// A session of the replication protocol, of the role that carries out orders.
    ///
    /// # Errors
    /// When there is no session.
    pub async fn replication(
        &self,
        node: &NodeAddress,
        application_name: &str,
    ) -> Result<ReplicationClient, ConnectError> {
        let (encryption, deadlines) = (self.encryption.clone(), self.deadlines);
        let name = cut(application_name);
        ReplicationClient::connect(node, &self.operator, encryption, deadlines, name).await
    }

    async fn dial(
        &self,
        node: &NodeAddress,
        credential: &DatabaseCredential,
        application_name: &str,
        options: &str,
        each: Duration,
    ) -> Result<Connection, ConnectError> {
        let mut config = tokio_postgres::Config::new();
        config
            .user(&credential.role)
            .dbname(&self.database)
            .application_name(cut(application_name))
            .options(options);
        if let Some(password) = credential.password()? {
            config.password(password.as_bytes());
        }
        if self.encryption.is_some() {
            config.ssl_mode(SslMode::Require).channel_binding(ChannelBinding::Require);
        } else {
            config.ssl_mode(SslMode::Disable).channel_binding(ChannelBinding::Disable);
        }
        let after = self.deadlines.connect;
        let made = timeout(after, self.session(node, &config)).await;
        let (client, line) = made.map_err(|_| ConnectError::Deadline { after })??;
        Ok(Connection { client, line, notices: Vec::new(), each, ended: None })
    }

    async fn session(
        &self,
        node: &NodeAddress,
        config: &tokio_postgres::Config,
    ) -> Result<(Client, Line), ConnectError> {
        let unreachable =
            |error: std::io::Error| ConnectError::Unreachable { why: error.to_string() };
        let stream = TcpStream::connect((node.host.as_str(), node.port)).await;
        let stream = stream.map_err(unreachable)?;
        let peer = stream.peer_addr().map_err(unreachable)?;
        if self.encryption.is_none() && !peer.ip().is_loopback() {
            let why = format!("{node} is {peer}, and nothing is encrypted: no password was sent");
            return Err(ConnectError::Untrusted { why });
        }
        stream.set_nodelay(true).map_err(unreachable)?;
        let encryptor = Encryptor::new(self.encryption.clone(), &node.host);
        let made = config.connect_raw(stream, encryptor).await;
        made.map_err(|error| not_connected(&error))
    }
}

/// What every session is told, so that its answers do not depend on the settings of a server.
const COMMON_OPTIONS: &str = "-c client_min_messages=notice -c TimeZone=UTC -c DateStyle=ISO \
     -c IntervalStyle=postgres -c bytea_output=hex -c extra_float_digits=1";

type Line = tokio_postgres::Connection<TcpStream, EncryptedStream>;

/// A session on one node.
pub struct Connection {
    client: Client,
    line: Line,
    notices: Vec<ServerNotice>,
    each: Duration,
    ended: Option<String>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("notices", &self.notices)
            .field("each", &self.each)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Asks for rows, in one round trip.
    ///
    /// # Errors
    /// When there is no result.
    pub async fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, SqlError> {
        self.ask(async |client| client.query_typed(sql, params).await).await
    }

    /// Asks for the one row of an answer.
    ///
    /// # Errors
    /// When there is no result, or it has another number of rows, which proves nothing either.
    pub async fn query_one(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Row, SqlError> {
        let rows = self.query(sql, params).await?;
        let count = rows.len();
        match <[Row; 1]>::try_from(rows) {
            Ok([row]) => Ok(row),
            Err(_) => Err(SqlError::Lost { why: format!("the answer has {count} rows, not one") }),
        }
    }

    /// Runs a statement, and says how many rows it changed.
    ///
    /// # Errors
    /// When there is no result.
    pub async fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, SqlError> {
        self.ask(async |client| client.execute_typed(sql, params).await).await
    }

    /// Sends statements as one text, for what no parameter can stand in, or what has to be more than one.
    ///
    /// # Errors
    /// When there is no result. Those before the one that failed may have run.
    pub async fn batch(&mut self, sql: &str) -> Result<Vec<SimpleQueryMessage>, SqlError> {
        self.ask(async |client| client.simple_query(sql).await).await
    }

    /// What the server said since this was last asked, the oldest first.
    pub fn take_notices(&mut self) -> Vec<ServerNotice> {
        std::mem::take(&mut self.notices)
    }

    /// Whether another statement can be sent, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Ends the session in an orderly way; where it is broken already, by closing it.
    pub async fn close(self) {
        let Self { client, mut line, each, ended, .. } = self;
        drop(client);
        if ended.is_none() {
            let over = poll_fn(move |cx| {
                loop {
                    match line.poll_message(cx) {
                        Poll::Ready(Some(Ok(_))) => {}
                        Poll::Ready(_) => return Poll::Ready(()),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            });
            // Past it the socket is closed all the same.
            let _ = timeout(each, over).await;
        }
    }

    async fn ask<T>(
        &mut self,
        statement: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, SqlError> {
        if let Some(why) = &self.ended {
            return Err(SqlError::Lost { why: format!("nothing was sent: {why}") });
        }
        let Self { client, line, notices, each, ended } = self;
        let after = *each;
        let answered = timeout(after, drive(line, notices, ended, statement(client))).await;
        let result = match answered {
            Ok(result) => result.map_err(judged),
            Err(_) => Err(SqlError::Deadline { after }),
        };
        if let Err(error @ (SqlError::Lost { .. } | SqlError::Deadline { .. })) = &result {
            self.ended.get_or_insert(format!("the session ended before: {error}"));
        }
        result
    }
}

/// Moves the bytes of a session until the future has its answer. Where the session ends meanwhile, `ended`
/// says so: a line that broke is not asked again.
async fn drive<T>(
    line: &mut Line,
    notices: &mut Vec<ServerNotice>,
    ended: &mut Option<String>,
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, tokio_postgres::Error> {
    let mut answer = pin!(answer);
    let mut broken = None;
    poll_fn(|cx| {
        while broken.is_none() {
            match line.poll_message(cx) {
                Poll::Ready(Some(Ok(AsyncMessage::Notice(said)))) => notices.push(notice(&said)),
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(error))) => {
                    *ended = Some(format!("the session ended before: {}", chain(&error)));
                    broken = Some(Some(error));
                }
                Poll::Ready(None) => {
                    *ended = Some("the session ended before".to_owned());
                    broken = Some(None);
                }
                Poll::Pending => break,
            }
        }
        // What was read before it broke is an answer all the same.
        match (answer.as_mut().poll(cx), broken.take()) {
            (Poll::Ready(Err(error)), Some(Some(why))) if error.is_closed() => {
                Poll::Ready(Err(why))
            }
            (Poll::Ready(result), _) => Poll::Ready(result),
            (Poll::Pending, Some(Some(why))) => Poll::Ready(Err(why)),
            (Poll::Pending, other) => {
                broken = other;
                Poll::Pending
            }
        }
    })
    .await
}

fn millis(duration: Duration) -> u128 {
    // 0 would mean no limit at all.
    duration.as_millis().max(1)
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(APPLICATION_NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}
