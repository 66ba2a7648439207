//! The commands that list and show what the console shows. Each is one question, and asks nothing of
//! the cluster.

use super::Report;
use super::client::Answer;
use super::exit::Exit;
use super::failure::Failure;
use super::list_arguments::{ActionsArguments, EventsArguments, ReportArguments};
use super::remote::{Server, report};
use crate::model::answer::{ActionPage, SessionAnswer, StoredRecord};
use crate::model::cluster::ClusterState;
use crate::model::event::EventPage;
use crate::model::report::{ActionReport, WindowReport};
use crate::plain;

impl Server<'_> {
    /// Who is signed in.
    pub(super) fn whoami(&self) -> Result<Report, Failure> {
        let answer: Answer<SessionAnswer> = self.client()?.get("/session", &[])?;
        Ok(report(plain::session(&answer.value), &answer.body, Exit::Done))
    }

    /// The nodes of one observation.
    pub(super) fn nodes(&self) -> Result<Report, Failure> {
        let answer: Answer<ClusterState> = self.client()?.get("/cluster", &[])?;
        Ok(report(plain::nodes(&answer.value), &answer.body, Exit::Done))
    }

    /// One page of the actions.
    pub(super) fn actions(&self, asked: &ActionsArguments) -> Result<Report, Failure> {
        let before = asked.before.map(|before| before.to_string());
        let (query, command) = paged("actions", before, asked.limit);
        let answer: Answer<ActionPage> = self.client()?.get("/actions", &query)?;
        Ok(report(plain::actions(&answer.value, &command), &answer.body, Exit::Done))
    }

    /// One page of what happened in the kernel.
    pub(super) fn events(&self, asked: &EventsArguments) -> Result<Report, Failure> {
        let before = asked.before.map(|before| before.to_string());
        let (query, command) = paged("events", before, asked.limit);
        let answer: Answer<EventPage> = self.client()?.get("/kernel/events", &query)?;
        Ok(report(plain::events(&answer.value, &command), &answer.body, Exit::Done))
    }

    /// One record.
    pub(super) fn record(&self, seq: u64) -> Result<Report, Failure> {
        let answer: Answer<StoredRecord> = self.client()?.get(&format!("/log/{seq}"), &[])?;
        Ok(report(plain::record(&answer.value), &answer.body, Exit::Done))
    }

    /// The report of an action, or one page of that of a window, as Markdown.
    pub(super) fn report(&self, asked: &ReportArguments) -> Result<Report, Failure> {
        if let Some(id) = asked.id {
            let path = format!("/actions/{id}/report");
            let answer: Answer<ActionReport> = self.client()?.get(&path, &[])?;
            return Ok(report(plain::report(&answer.value), &answer.body, Exit::Done));
        }
        let text = |name, value: &Option<String>| value.clone().map(|value| (name, value));
        let mut query = Vec::new();
        query.extend(text("from", &asked.from));
        query.extend(text("to", &asked.to));
        query.extend(asked.after.map(|after| ("after", after.to_string())));
        query.extend(asked.limit.map(|limit| ("limit", limit.to_string())));
        let answer: Answer<WindowReport> = self.client()?.get("/report", &query)?;
        let mut text = plain::window(&answer.value, asked.after);
        if let Some(after) = answer.value.next_after {
            text.gap();
            text.line(format!("More records: --after {after}"));
        }
        Ok(report(text, &answer.body, Exit::Done))
    }
}

/// The query of a page, and the command that asks for it without its key.
fn paged(
    name: &str,
    before: Option<String>,
    limit: Option<u32>,
) -> (Vec<(&'static str, String)>, String) {
    let limit = limit.map(|limit| ("limit", limit.to_string()));
    let mut command = format!("aerodb-control {name}");
    if let Some((option, value)) = &limit {
        command.push_str(&format!(" --{option} {value}"));
    }
    (before.map(|before| ("before", before)).into_iter().chain(limit).collect(), command)
}
