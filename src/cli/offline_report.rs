//! `report --data DIR`: request, explanation, decision and outcome, from the audit log alone.
//!
//! It opens the file of the log for reading and nothing else: no server, no cluster, no lock. So it
//! works on a copy, beside a server that runs, and after one that is gone (C9.3).

use super::Report;
use super::exit::Exit;
use super::failure::Failure;
use super::list_arguments::ReportArguments;
use super::local::refused;
use super::output::{OutputReader, show};
use super::words;
use crate::ledger::LedgerReader;
use crate::model::ambient::Timestamp;
use crate::model::answer::PAGE_ROWS_MAX;
use crate::model::spec::Catalogue;
use crate::model::text::InputError;
use crate::observe::{report, unreadable};
use crate::store;
use crate::store::DATABASE_FILE;
use crate::text;
use crate::text::lines::{TextLines, inert_json};
use crate::text::{DocumentFormat, Half};
use serde::Serialize;
use std::path::Path;

/// Rebuilds an action, or a window of time.
pub(super) fn run(dir: &Path, asked: &ReportArguments, as_json: bool) -> Result<Report, Failure> {
    let path = dir.join(DATABASE_FILE);
    let reader = store::StoreReader::open_read_only(&path).map_err(|error| {
        Failure::here(Exit::Local, format!("{} was not read: {error}.", path.display()))
    })?;
    let ledger = LedgerReader::new(reader);
    match (asked.id, &asked.from, &asked.to) {
        (Some(id), ..) => {
            let told = report::action(&ledger, id).map_err(refused)?;
            let json = json(&told);
            Ok(Report { text: text::report(words_of(&ledger), &told), json, exit: Exit::Done })
        }
        (None, Some(from), Some(to)) => {
            let at = |text: &str| Timestamp::parse(text).map_err(|error| refused(error.into()));
            window(&ledger, at(from)?, at(to)?, as_json)
        }
        _ => Err(refused(InputError::new("id", "", "an id, or --from and --to").into())),
    }
}

/// The words of the kernel that the log is about, where this program has them. What cannot be read is said
/// where it is told; here it only means that a word is said as it is.
fn words_of(ledger: &LedgerReader) -> Catalogue {
    words::of_kernel(ledger.kernel().ok().flatten().as_deref())
}

/// Prints a window part by part, so that no window is too long: one document, whose end says that it is
/// complete, or why it is not.
fn window(
    ledger: &LedgerReader,
    from: Timestamp,
    to: Timestamp,
    as_json: bool,
) -> Result<Report, Failure> {
    if to < from {
        let required = format!("not before {from}");
        return Err(refused(InputError::new("to", &to.to_string(), required).into()));
    }
    let found = ledger.window(from, to).map_err(|error| refused(unreadable(error)))?;
    let page = |half, after| match half {
        Half::Records => report::window_records(ledger, &found, after, PAGE_ROWS_MAX),
        Half::Actions => report::window(ledger, &found, after, PAGE_ROWS_MAX),
    };
    let form = if as_json { DocumentFormat::Json } else { DocumentFormat::Markdown };
    print_parts(text::window_parts(words_of(ledger), form, from, to, page), refused)
}

/// Prints parts as they are read, until one cannot be read or written.
pub(super) fn print_parts<E>(
    parts: impl Iterator<Item = Result<String, E>>,
    failed: impl Fn(E) -> Failure,
) -> Result<Report, Failure> {
    for part in parts {
        match part {
            Ok(text) => match show(&text) {
                Ok(OutputReader::Present) => {}
                Ok(OutputReader::Gone) => break,
                Err(error) => {
                    let sentence = format!("Standard output was not written whole: {error}.");
                    return Err(Failure::here(Exit::Local, sentence));
                }
            },
            Err(error) => return Err(Failure::Begun(Box::new(failed(error)))),
        }
    }
    Ok(Report { text: TextLines::new(), json: String::new(), exit: Exit::Done })
}

/// The same JSON as the API gives.
fn json(told: &impl Serialize) -> String {
    inert_json(&serde_json::to_string(told).expect("a report has text keys only"))
}
