//! `status --watch` and `log --follow`: what the control plane shows, printed again whenever it says that
//! something changed. They read only, and end when it is not heard any more: a terminal that looks alive
//! over a server that is gone would mislead.

use super::Report;
use super::client::{ApiClient, ClientResponse};
use super::exit::Exit;
use super::failure::Failure;
use super::log_arguments::LogArguments;
use super::output::{OutputReader, show};
use super::remote::RemoteServer;
use super::specs::in_words;
use super::words;
use crate::model::answer::{LogPage, Overview, PAGE_ROWS_MAX, StateVersion, StoredRecord};
use crate::text;
use crate::text::lines::{TextLines, inert_json};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// After this time without a word the server is not heard any more: it says that it is there every four
/// seconds.
const SILENCE: Duration = Duration::from_secs(15);
/// Records that are shown of what is there already, where the command does not say.
const RECORDS_BEFORE: u32 = 10;

impl RemoteServer<'_> {
    /// Prints the overview now and after every change, until nobody reads it.
    pub(super) fn watch_status(&self, as_json: bool) -> Result<Report, Failure> {
        let client = self.client()?;
        self.on_each_change(&client, |_| {
            let answer: ClientResponse<Overview> = client.get("/overview", &[])?;
            let seen = &answer.value;
            let mut text = in_words(&seen.state.identity, |spec| text::overview(spec, seen));
            text.gap();
            printed(if as_json { inert_json(&answer.body) } else { text.as_str().to_owned() })
        })
    }

    /// Prints the newest records that match and then each later one, oldest first, until nobody reads them.
    pub(super) fn follow_log(
        &self,
        asked: &LogArguments,
        as_json: bool,
    ) -> Result<Report, Failure> {
        let client = self.client()?;
        let filter = asked.filter();
        let mut shown_to = None;
        self.on_each_change(&client, |present| {
            let limit = asked.limit.unwrap_or(RECORDS_BEFORE);
            let records = match shown_to.replace(present.log) {
                None => page(&client, &filter, present.log, limit)?.records,
                Some(from) => since(&client, &filter, from, present.log)?,
            };
            let mut reader = OutputReader::Present;
            for stored in records.iter().rev() {
                reader = printed(if as_json { json(stored) } else { line(stored) })?;
            }
            Ok(reader)
        })
    }

    /// Runs `tell` for the present state and for each later one, until nobody reads what it prints.
    fn on_each_change(
        &self,
        client: &ApiClient<'_>,
        mut tell: impl FnMut(StateVersion) -> Result<OutputReader, Failure>,
    ) -> Result<Report, Failure> {
        let heard = listen(self, client.token());
        let mut told = None;
        while let Ok(line) = heard.recv_timeout(SILENCE) {
            let Some(present) =
                line.strip_prefix("data:").and_then(|v| StateVersion::parse(v.trim()))
            else {
                continue;
            };
            if told.replace(present) == Some(present) {
                continue;
            }
            if tell(present)? == OutputReader::Gone {
                return Ok(Report {
                    text: TextLines::new(),
                    json: String::new(),
                    exit: Exit::Done,
                });
            }
        }
        // Where it was a refusal that ended it, a plain question is answered with the same one.
        client.get::<serde_json::Value>("/session", &[])?;
        let sentence = format!(
            "{} says nothing of changes any more. What stands above is from before; nothing was asked for.",
            self.url
        );
        let lost = Failure::here(Exit::Unreachable, sentence);
        Err(if told.is_some() { Failure::Begun(Box::new(lost)) } else { lost })
    }
}

/// The lines of the stream of events. The thread ends with the stream, or with the process.
fn listen(server: &RemoteServer<'_>, token: Option<String>) -> Receiver<String> {
    let (send, heard) = mpsc::channel();
    let url = server.url.clone();
    std::thread::spawn(move || {
        ApiClient::new(&url, token).listen("/events", |line| send.send(line.to_owned()).is_ok());
    });
    heard
}

fn page(
    client: &ApiClient<'_>,
    filter: &[(&'static str, String)],
    before: u64,
    limit: u32,
) -> Result<LogPage, Failure> {
    let mut query = filter.to_vec();
    query.extend([("before", before.to_string()), ("limit", limit.to_string())]);
    Ok(client.get("/log", &query)?.value)
}

/// The records from one sequence number on and before another, newest first.
fn since(
    client: &ApiClient<'_>,
    filter: &[(&'static str, String)],
    from: u64,
    before: u64,
) -> Result<Vec<StoredRecord>, Failure> {
    let (mut found, mut next) = (Vec::new(), Some(before));
    while let Some(before) = next.filter(|before| *before > from) {
        let page = page(client, filter, before, PAGE_ROWS_MAX)?;
        next = page.next_before;
        found.extend(page.records.into_iter().filter(|stored| stored.record.seq >= from));
    }
    Ok(found)
}

fn line(stored: &StoredRecord) -> String {
    text::log_lines(words::catalogue(), std::slice::from_ref(stored)).as_str().to_owned()
}

/// A record on one line, as the pages of JSON hold it.
fn json(stored: &StoredRecord) -> String {
    inert_json(&serde_json::to_string(stored).expect("a record has text keys only"))
}

fn printed(text: String) -> Result<OutputReader, Failure> {
    let sentence = |error| format!("Standard output was not written whole: {error}.");
    show(&text).map_err(|error| Failure::here(Exit::Local, sentence(error)))
}
