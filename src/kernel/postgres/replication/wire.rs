//! Messages of the protocol of PostgreSQL over one connection: framed, bounded in length, and each awaited
//! under a deadline.

use super::ReplicationError;
use crate::kernel::postgres::connection::ServerNotice;
use bytes::{Bytes, BytesMut};
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{DataRowBody, ErrorFields, Header, Message};
use postgres_protocol::message::frontend;
use std::fmt;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// The longest message that is read, in bytes. The server sends an archive in parts of 32 KiB; the longest
/// message of any other kind is a file of a timeline's history, a line for each promotion.
pub(super) const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Most rows of one result. The longest is the list of tablespaces.
const ROWS_MAX: usize = 4_096;
/// Most notices that are kept with their words; of the others only the number is. A node whose every file
/// is rotten has several for each of them.
pub(super) const NOTICES_MAX: usize = 256;

/// What a connection is to this program: bytes both ways, encrypted or not.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// One row of a result, as text; `None` is NULL.
pub(super) type TextRow = Vec<Option<Bytes>>;

/// What the server said beside its answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeLog {
    /// The first of them.
    pub kept: Vec<ServerNotice>,
    /// How many more there were.
    pub left_off: u64,
}

impl NoticeLog {
    /// What it warned of, in its words. What was not kept counts as a warning.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let is_warning = |notice: &&ServerNotice| notice.severity == "WARNING";
        let mut warnings: Vec<String> =
            self.kept.iter().filter(is_warning).map(|notice| notice.message.clone()).collect();
        if self.left_off > 0 {
            warnings.push(format!("and {} more notices", self.left_off));
        }
        warnings
    }
}

/// One connection.
pub(super) struct MessageStream {
    stream: Box<dyn ByteStream>,
    buffer: BytesMut,
    notices: NoticeLog,
    /// Why nothing that it says can be understood any more.
    broken: Option<ReplicationError>,
    /// The longest wait for one message, and for one write.
    silence: Duration,
}

impl fmt::Debug for MessageStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageStream").field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl MessageStream {
    /// A connection on which nothing was said yet.
    pub(super) fn new(stream: Box<dyn ByteStream>, silence: Duration) -> Self {
        let (buffer, notices) = (BytesMut::new(), NoticeLog::default());
        Self { stream, buffer, notices, broken: None, silence }
    }

    /// From now on no message is awaited for longer than this.
    pub(super) fn set_silence(&mut self, silence: Duration) {
        self.silence = silence;
    }

    /// What the server said beside its answers since this was last asked.
    pub(super) fn take_notices(&mut self) -> NoticeLog {
        std::mem::take(&mut self.notices)
    }

    /// Sends what `write` puts into a buffer.
    pub(super) async fn send(
        &mut self,
        doing: &'static str,
        write: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<(), ReplicationError> {
        self.usable()?;
        let mut message = BytesMut::new();
        write(&mut message).map_err(|error| ReplicationError::lost(&error))?;
        let stream = &mut self.stream;
        let sent = timeout(self.silence, async {
            stream.write_all(&message).await?;
            stream.flush().await
        });
        let sent = match sent.await {
            Ok(sent) => sent.map_err(|error| ReplicationError::lost(&error)),
            Err(_) => Err(ReplicationError::Deadline { doing, after: self.silence }),
        };
        self.judged(sent)
    }

    /// Sends a command.
    pub(super) async fn command(
        &mut self,
        doing: &'static str,
        text: &str,
    ) -> Result<(), ReplicationError> {
        self.send(doing, |buffer| frontend::query(text, buffer)).await
    }

    /// The next message that is no notice. An error of the server is the error here: where it leaves the
    /// connection usable, what follows it is read first.
    pub(super) async fn next(&mut self, doing: &'static str) -> Result<Message, ReplicationError> {
        match self.next_raw(doing).await? {
            Message::ErrorResponse(body) => {
                let refused = refusal(body.fields());
                // After a fatal error the server closes the connection.
                let after = self.until_ready(doing).await;
                self.broken = after.err().map(|_| refused.clone());
                Err(refused)
            }
            message => Ok(message),
        }
    }

    /// Reads on after an error until the server takes commands again.
    async fn until_ready(&mut self, doing: &'static str) -> Result<(), ReplicationError> {
        loop {
            if let Message::ReadyForQuery(_) = self.next_raw(doing).await? {
                return Ok(());
            }
        }
    }

    /// The next message that is no notice and no report of a setting.
    async fn next_raw(&mut self, doing: &'static str) -> Result<Message, ReplicationError> {
        loop {
            self.usable()?;
            let read = timeout(self.silence, read_message(&mut self.stream, &mut self.buffer));
            let message = match read.await {
                Ok(message) => message,
                Err(_) => Err(ReplicationError::Deadline { doing, after: self.silence }),
            };
            match self.judged(message)? {
                Message::NoticeResponse(body) => self.note(body.fields()),
                Message::ParameterStatus(_) | Message::NotificationResponse(_) => {}
                message => return Ok(message),
            }
        }
    }

    /// One result: its description, its rows, and that it is complete.
    pub(super) async fn result(
        &mut self,
        doing: &'static str,
    ) -> Result<Vec<TextRow>, ReplicationError> {
        let Message::RowDescription(_) = self.next(doing).await? else {
            return Err(self.out_of_place(doing));
        };
        let mut rows = Vec::new();
        loop {
            match self.next(doing).await? {
                Message::DataRow(row) if rows.len() < ROWS_MAX => {
                    let row = text_row(&row);
                    rows.push(self.judged(row)?);
                }
                Message::CommandComplete(_) => return Ok(rows),
                _ => return Err(self.out_of_place(doing)),
            }
        }
    }

    /// That the server takes commands again.
    pub(super) async fn ready(&mut self, doing: &'static str) -> Result<(), ReplicationError> {
        match self.next(doing).await? {
            Message::ReadyForQuery(_) => Ok(()),
            _ => Err(self.out_of_place(doing)),
        }
    }

    /// The server sent what does not belong here. Nothing after it can be understood.
    pub(super) fn out_of_place(&mut self, doing: &'static str) -> ReplicationError {
        let error = ReplicationError::Unexpected {
            what: format!("a message that does not belong there, while {doing}"),
        };
        self.broken = Some(error.clone());
        error
    }

    /// Nothing more is read or sent, for this reason, unless there was one before it.
    pub(super) fn give_up(&mut self, why: &str) {
        self.broken.get_or_insert_with(|| ReplicationError::Lost { why: why.to_owned() });
    }

    /// Takes leave of the server. Whether it hears that changes nothing.
    pub(super) async fn close(mut self) {
        let leave = |buffer: &mut BytesMut| {
            frontend::terminate(buffer);
            Ok(())
        };
        if self.send("taking leave", leave).await.is_ok() {
            let _ = timeout(self.silence, self.stream.shutdown()).await;
        }
    }

    fn usable(&self) -> Result<(), ReplicationError> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// After an error that leaves open what the other side said, nothing more is read.
    pub(super) fn judged<T>(
        &mut self,
        result: Result<T, ReplicationError>,
    ) -> Result<T, ReplicationError> {
        if let Err(error) = &result {
            self.broken = Some(error.clone());
        }
        result
    }

    fn note(&mut self, fields: ErrorFields<'_>) {
        if self.notices.kept.len() < NOTICES_MAX {
            self.notices.kept.push(words(fields));
        } else {
            self.notices.left_off = self.notices.left_off.saturating_add(1);
        }
    }
}

async fn read_message(
    stream: &mut Box<dyn ByteStream>,
    buffer: &mut BytesMut,
) -> Result<Message, ReplicationError> {
    loop {
        check_length(buffer)?;
        let parsed = Message::parse(buffer);
        if let Some(message) = parsed.map_err(|error| unreadable(&error))? {
            return Ok(message);
        }
        let read = stream.read_buf(buffer).await;
        if read.map_err(|error| ReplicationError::lost(&error))? == 0 {
            return Err(ReplicationError::Lost { why: "the server closed it".to_owned() });
        }
    }
}

/// Looks at the length that a message claims before room is made for it.
fn check_length(buffer: &BytesMut) -> Result<(), ReplicationError> {
    let header = Header::parse(buffer).map_err(|error| unreadable(&error))?;
    let Some(header) = header else { return Ok(()) };
    match usize::try_from(header.len()) {
        Ok(length) if length <= MESSAGE_BYTES_MAX => Ok(()),
        _ => Err(ReplicationError::Unexpected {
            what: format!(
                "a message of {} bytes, and {MESSAGE_BYTES_MAX} are the most",
                header.len()
            ),
        }),
    }
}

fn unreadable(error: &io::Error) -> ReplicationError {
    ReplicationError::Unexpected { what: format!("a message that cannot be read: {error}") }
}

fn text_row(row: &DataRowBody) -> Result<TextRow, ReplicationError> {
    let buffer = row.buffer_bytes();
    let value = |range: Option<std::ops::Range<usize>>| Ok(range.map(|range| buffer.slice(range)));
    row.ranges().map(value).collect().map_err(|error| unreadable(&error))
}

fn refusal(fields: ErrorFields<'_>) -> ReplicationError {
    let ServerNotice { code, message, .. } = words(fields);
    ReplicationError::Refused { code, message }
}

/// What the server says in an error or a notice. A field that it does not send is empty.
fn words(mut fields: ErrorFields<'_>) -> ServerNotice {
    let (mut severity, mut code, mut message) = (String::new(), String::new(), String::new());
    let mut added = Vec::new();
    while let Ok(Some(field)) = fields.next() {
        let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            // The severity in English, whatever language the server speaks.
            b'V' => severity = text,
            b'C' => code = text,
            b'M' => message = text,
            b'D' => added.push(format!(" DETAIL: {text}")),
            b'H' => added.push(format!(" HINT: {text}")),
            _ => {}
        }
    }
    message.extend(added);
    ServerNotice { severity, code, message }
}
