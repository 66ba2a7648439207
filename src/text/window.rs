//! A whole window as one document, written part by part: first every record, then every action that has
//! one there. Nothing but one page is held at a time, so no window is too long; what was written last
//! says that it is whole, or why it is not.

use super::report::{add_action, add_records, head};
use crate::model::ambient::Timestamp;
use crate::model::report::{WindowCounts, WindowReport};
use crate::model::spec::Catalogue;
use crate::text::lines::{TextLines, inert_json};
use serde::Serialize;
use std::fmt::Display;

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentFormat {
    /// Markdown, for people.
    Markdown,
    /// One JSON document: a [`WindowReport`] with its extent.
    Json,
}

/// Which half of a page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The records; the actions may be missing.
    Records,
    /// The actions.
    Actions,
}

/// As every page has it: after all of a window there is no next one.
const NO_NEXT: &str = "\"next_after\":null";

/// Where the writing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WindowSpan {
    Head,
    Page(Half, Option<u64>),
    End,
}

/// The parts of the document of a window, in order. `page` reads the half of a page after a record;
/// where it fails the document says so and ends, and the error follows as the last item.
pub fn window_parts<E: Display>(
    catalogue: Catalogue,
    form: DocumentFormat,
    from: Timestamp,
    to: Timestamp,
    mut page: impl FnMut(Half, Option<u64>) -> Result<WindowReport, E>,
) -> impl Iterator<Item = Result<String, E>> {
    let (mut at, mut extent, mut failed) = (WindowSpan::Head, WindowCounts::default(), None);
    std::iter::from_fn(move || match at {
        WindowSpan::Head => {
            at = WindowSpan::Page(Half::Records, None);
            Some(Ok(begin(form, from, to)))
        }
        WindowSpan::Page(half, after) => match page(half, after) {
            Ok(told) => {
                let text = match half {
                    Half::Records => records(catalogue, form, &told, extent.records == 0),
                    Half::Actions => actions(catalogue, form, &told, extent.actions == 0),
                };
                extent.count(half == Half::Records, &told);
                let mut text = text;
                at = match (told.next_after, half) {
                    (Some(next), half) => WindowSpan::Page(half, Some(next)),
                    (None, Half::Records) => {
                        text.push_str(between(form, extent.records));
                        WindowSpan::Page(Half::Actions, None)
                    }
                    (None, Half::Actions) => {
                        text.push_str(&whole(form, extent));
                        WindowSpan::End
                    }
                };
                Some(Ok(text))
            }
            Err(error) => {
                at = WindowSpan::End;
                let text = broken(form, half, &error.to_string(), extent);
                failed = Some(error);
                Some(Ok(text))
            }
        },
        WindowSpan::End => failed.take().map(Err),
    })
}

fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("a report has text keys only");
    inert_json(&text).trim_end().to_owned()
}

/// The items of a list that goes on, each after a comma but the very first.
fn items<T: Serialize>(list: &[T], is_first: bool) -> String {
    let joined = list.iter().map(json).collect::<Vec<_>>().join(",");
    if is_first || joined.is_empty() { joined } else { format!(",{joined}") }
}

fn begin(form: DocumentFormat, from: Timestamp, to: Timestamp) -> String {
    match form {
        DocumentFormat::Markdown => head(from, to).as_str().to_owned(),
        DocumentFormat::Json => {
            format!("{{\"from\":{},\"to\":{},\"records\":[", json(&from), json(&to))
        }
    }
}

fn records(
    catalogue: Catalogue,
    form: DocumentFormat,
    told: &WindowReport,
    is_first: bool,
) -> String {
    match form {
        DocumentFormat::Markdown => add_records(catalogue, &told.records).as_str().to_owned(),
        DocumentFormat::Json => items(&told.records, is_first),
    }
}

fn actions(
    catalogue: Catalogue,
    form: DocumentFormat,
    told: &WindowReport,
    is_first: bool,
) -> String {
    match form {
        DocumentFormat::Markdown => {
            let mut lines = TextLines::new();
            for action in &told.actions {
                add_action(&mut lines, catalogue, action);
            }
            lines.as_str().to_owned()
        }
        DocumentFormat::Json => items(&told.actions, is_first),
    }
}

fn between(form: DocumentFormat, records: u64) -> &'static str {
    match (form, records) {
        (DocumentFormat::Json, _) => "],\"actions\":[",
        (DocumentFormat::Markdown, 0) => "    The log holds no record of this window.\n",
        (DocumentFormat::Markdown, _) => "",
    }
}

fn whole(form: DocumentFormat, extent: WindowCounts) -> String {
    match form {
        DocumentFormat::Markdown => format!("\nComplete: {extent}.\n"),
        DocumentFormat::Json => format!("],{NO_NEXT},\"complete\":{}}}\n", json(&extent)),
    }
}

fn broken(form: DocumentFormat, half: Half, why: &str, extent: WindowCounts) -> String {
    match (form, half) {
        (DocumentFormat::Markdown, _) => {
            let mut lines = TextLines::new();
            lines.line(format!("INCOMPLETE, after {extent}: {why}"));
            format!("\n{}", lines.as_str())
        }
        (DocumentFormat::Json, Half::Records) => {
            format!("],\"actions\":[],{NO_NEXT},\"incomplete\":{}}}\n", json(&why))
        }
        (DocumentFormat::Json, Half::Actions) => {
            format!("],{NO_NEXT},\"incomplete\":{}}}\n", json(&why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::Entry;
    use crate::model::spec::tried::catalogue;
    use crate::text::fixtures::stored;
    use serde_json::Value;

    fn page(seqs: std::ops::Range<u64>, next_after: Option<u64>) -> WindowReport {
        let at = Timestamp::from_millis(0);
        let record = |seq| stored(seq, Entry::SetupLinkIssued {});
        let records = seqs.map(record).collect();
        let total = Some(5);
        WindowReport {
            from: at,
            to: at,
            records,
            actions: Vec::new(),
            next_after,
            total,
            complete: None,
            incomplete: None,
        }
    }

    fn document(form: DocumentFormat, fails_after: Option<u64>) -> (String, Vec<String>) {
        let at = Timestamp::from_millis(0);
        let read = |_, after: Option<u64>| match after {
            after if after == fails_after && after.is_some() => Err("the disk is gone".to_owned()),
            None => Ok(page(0..3, Some(2))),
            Some(_) => Ok(page(3..5, None)),
        };
        let (parts, errors): (Vec<_>, Vec<_>) =
            window_parts(catalogue(), form, at, at, read).partition(Result::is_ok);
        let errors = errors.into_iter().filter_map(Result::err).collect();
        (parts.into_iter().flatten().collect(), errors)
    }

    #[test]
    fn a_window_of_many_pages_is_one_document_that_says_it_is_complete() {
        let (text, errors) = document(DocumentFormat::Json, None);
        assert!(errors.is_empty());
        let told: WindowReport = serde_json::from_str(&text).expect("one document");
        assert_eq!(told.records.iter().map(|r| r.record.seq).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(told.complete, Some(WindowCounts { records: 5, actions: 0 }));
        let (text, _) = document(DocumentFormat::Markdown, None);
        assert_eq!(text.matches("setup_link_issued").count(), 5);
        assert!(text.ends_with("\nComplete: 5 records and 0 actions.\n"), "{text}");
    }

    #[test]
    fn a_window_that_could_not_be_read_to_its_end_says_so_at_its_end() {
        let (text, errors) = document(DocumentFormat::Json, Some(2));
        let told: Value = serde_json::from_str(&text).expect("one document");
        assert_eq!(told["incomplete"], "the disk is gone");
        assert_eq!((told.get("complete"), errors.len()), (None, 1));
        let (text, _) = document(DocumentFormat::Markdown, Some(2));
        let last = text.lines().last().expect("a line");
        assert_eq!(last, "INCOMPLETE, after 3 records and 0 actions: the disk is gone");
    }
}
