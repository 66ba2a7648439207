//! The commands that list and show what the console shows. Each is one question, and asks nothing of
//! the cluster.

use super::Report;
use super::client::{ClientResponse, SPEC_PATH};
use super::exit::Exit;
use super::failure::Failure;
use super::list_arguments::{ActionsArguments, EventsArguments, ReportArguments};
use super::local;
use super::log_arguments::LogArguments;
use super::offline_report::print_parts;
use super::remote::{RemoteServer, report};
use super::specs::in_words;
use super::words;
use crate::model::answer::{ActionPage, LogPage, SessionAnswer, StoredRecord};
use crate::model::checklist::ChecklistAnswer;
use crate::model::cluster::ClusterState;
use crate::model::event::EventPage;
use crate::model::facts::FactKey;
use crate::model::report::{ActionReport, WindowReport};
use crate::model::spec::{Catalogue, KernelSpec};
use crate::model::text::NodeId;
use crate::text::table::ListKind;
use crate::text::{self, DocumentFormat, Half};
use serde_json::Value;

impl RemoteServer<'_> {
    /// The catalogue of the kernel of the control plane, or one action of it.
    pub(super) fn catalogue(&self, kind: Option<&str>) -> Result<Report, Failure> {
        local::catalogue(self.told()?, kind)
    }

    /// Every invariant of that kernel and of the control plane.
    pub(super) fn invariants(&self) -> Result<Report, Failure> {
        Ok(local::invariants(self.told()?))
    }

    /// What the control plane says of its kernel, whether or not this program was built with it.
    fn told(&self) -> Result<Catalogue, Failure> {
        let answer: ClientResponse<Value> = self.client()?.get(SPEC_PATH, &[])?;
        let unread = |why| {
            let sentence = format!("What {} says of its kernel cannot be read: {why}.", self.url);
            Failure::here(Exit::Local, sentence)
        };
        KernelSpec::read(&answer.value).map(Catalogue::from).map_err(unread)
    }

    /// Who is signed in.
    pub(super) fn whoami(&self) -> Result<Report, Failure> {
        let answer: ClientResponse<SessionAnswer> = self.client()?.get("/session", &[])?;
        Ok(report(text::session(&answer.value), &answer.body, Exit::Done))
    }

    /// One checklist.
    pub(super) fn checklist(&self, key: &FactKey, node: &NodeId) -> Result<Report, Failure> {
        let answer: ClientResponse<ChecklistAnswer> =
            self.client()?.get(&format!("/checklists/{key}/{node}"), &[])?;
        let (seen, option) = (&answer.value, self.url.option());
        let text = in_words(&seen.state.identity, |spec| text::checklist(spec, seen, &option));
        Ok(report(text, &answer.body, Exit::Done))
    }

    /// The nodes of one observation.
    pub(super) fn nodes(&self) -> Result<Report, Failure> {
        let answer: ClientResponse<ClusterState> = self.client()?.get("/cluster", &[])?;
        let state = &answer.value;
        let text = in_words(&state.identity, |spec| text::nodes(spec, state));
        Ok(report(text, &answer.body, Exit::Done))
    }

    /// One page of the actions.
    pub(super) fn actions(&self, asked: &ActionsArguments) -> Result<Report, Failure> {
        let filter = asked.filter();
        if let Some(form) = asked.export {
            return self.export(ListKind::Actions, form, &filter);
        }
        let before = asked.before.map(|before| before.to_string());
        let command = self.command("actions", &filter, asked.limit);
        let query = [filter, paged(before, asked.limit)].concat();
        let answer: ClientResponse<ActionPage> = self.client()?.get("/actions", &query)?;
        Ok(report(
            text::actions(words::catalogue(), &answer.value, &command),
            &answer.body,
            Exit::Done,
        ))
    }

    /// One page of what happened in the kernel.
    pub(super) fn events(&self, asked: &EventsArguments) -> Result<Report, Failure> {
        let before = asked.before.map(|before| before.to_string());
        let command = self.command("events", &[], asked.limit);
        let query = paged(before, asked.limit);
        let answer: ClientResponse<EventPage> = self.client()?.get("/kernel/events", &query)?;
        Ok(report(text::events(&answer.value, &command), &answer.body, Exit::Done))
    }

    /// One page of the log.
    pub(super) fn log(&self, filter: &LogArguments) -> Result<Report, Failure> {
        let mut query = filter.filter();
        if let Some(form) = filter.export {
            return self.export(ListKind::Log, form, &query);
        }
        let further = self.command("log", &query, filter.limit);
        query.extend(filter.before.map(|before| ("before", before.to_string())));
        query.extend(filter.limit.map(|limit| ("limit", limit.to_string())));
        let answer: ClientResponse<LogPage> = self.client()?.get("/log", &query)?;
        let text = text::log(words::catalogue(), &answer.value, &further);
        Ok(report(text, &answer.body, Exit::Done))
    }

    /// One record.
    pub(super) fn record(&self, seq: u64) -> Result<Report, Failure> {
        let answer: ClientResponse<StoredRecord> =
            self.client()?.get(&format!("/log/{seq}"), &[])?;
        Ok(report(text::record(words::catalogue(), &answer.value), &answer.body, Exit::Done))
    }

    /// The report of an action, or of a window: all of it as one document, or the page that `--after` or
    /// `--limit` asks for.
    pub(super) fn report(&self, asked: &ReportArguments, as_json: bool) -> Result<Report, Failure> {
        if let Some(id) = asked.id {
            let path = format!("/actions/{id}/report");
            let answer: ClientResponse<ActionReport> = self.client()?.get(&path, &[])?;
            return Ok(report(
                text::report(words::catalogue(), &answer.value),
                &answer.body,
                Exit::Done,
            ));
        }
        let client = self.client()?;
        let read = |after: Option<u64>, limit: u32| {
            let text = |name, value: &Option<String>| value.clone().map(|value| (name, value));
            let mut query = Vec::new();
            query.extend(text("from", &asked.from));
            query.extend(text("to", &asked.to));
            query.extend(after.map(|after| ("after", after.to_string())));
            query.push(("limit", limit.to_string()));
            client.get::<WindowReport>("/report", &query)
        };
        if asked.after.is_some() || asked.limit.is_some() {
            let answer = read(asked.after, asked.limit.unwrap_or(WINDOW_ROWS))?;
            let mut text = text::window(words::catalogue(), &answer.value);
            if let Some(after) = answer.value.next_after {
                text.gap();
                text.line(format!("More records: --after {after}"));
            }
            return Ok(report(text, &answer.body, Exit::Done));
        }
        // The first page is read before anything is printed, so that a refusal stands alone.
        let mut first = Some(read(None, WINDOW_ROWS)?.value);
        let (from, to) = first.as_ref().map(|page| (page.from, page.to)).expect("it was just read");
        let page = |_: Half, after: Option<u64>| match (after, first.take()) {
            (None, Some(page)) => Ok(page),
            (after, _) => read(after, WINDOW_ROWS).map(|answer| answer.value),
        };
        let form = if as_json { DocumentFormat::Json } else { DocumentFormat::Markdown };
        print_parts(text::window_parts(words::catalogue(), form, from, to, page), |failure| failure)
    }
}

/// Records that are read at once of a window: as many as a server gives.
const WINDOW_ROWS: u32 = 50;

/// The query of a page.
fn paged(before: Option<String>, limit: Option<u32>) -> Vec<(&'static str, String)> {
    let limit = limit.map(|limit| ("limit", limit.to_string()));
    before.map(|before| ("before", before)).into_iter().chain(limit).collect()
}
