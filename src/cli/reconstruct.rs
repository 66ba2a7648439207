//! `reconstruct`: what was asked, shown, decided, relied on and came of it, from the log alone.
//!
//! It opens the file of the log for reading and nothing else: no server, no cluster, no lock. So it
//! works on a copy, beside a server that runs, and after one that is gone (C9.3).

use super::arguments::ReconstructArguments;
use super::exit::Exit;
use super::failure::Failure;
use super::local::{data_dir, refused};
use super::{Report, show};
use crate::ledger::LedgerReader;
use crate::model::ambient::Timestamp;
use crate::model::answer::PAGE_ROWS_MAX;
use crate::model::refusal::Refusal;
use crate::model::text::InputError;
use crate::observe::{report, unreadable};
use crate::plain;
use crate::plain::lines::inert_json;
use crate::store::{DATABASE_FILE, Reader};
use serde::Serialize;

/// Rebuilds an action, or a window of time.
pub(super) fn reconstruct(
    options: &ReconstructArguments,
    as_json: bool,
) -> Result<Report, Failure> {
    let path = data_dir(&options.place)?.join(DATABASE_FILE);
    let reader = Reader::open_read_only(&path).map_err(|error| {
        Failure::here(Exit::Local, format!("{} was not read: {error}.", path.display()))
    })?;
    let ledger = LedgerReader::new(reader);
    match (options.id, options.from, options.to) {
        (Some(id), ..) => {
            let told = report::action(&ledger, id).map_err(refused)?;
            let json = json(&told);
            Ok(Report { text: plain::report(&told), json, exit: Exit::Done })
        }
        (None, Some(from), Some(to)) => window(&ledger, from, to, as_json),
        _ => Err(refused(InputError::new("id", "", "an id, or --from and --to").into())),
    }
}

/// Prints a window page by page, so that no window is too long: one document of Markdown, or one line
/// of JSON per page.
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
    let mut after = None;
    loop {
        let page = report::window(ledger, &found, after, PAGE_ROWS_MAX);
        let page = page.map_err(|refusal: Refusal| refused(refusal))?;
        let text = plain::window(&page, after);
        let json = json(&page);
        if page.next_after.is_none() {
            return Ok(Report { text, json, exit: Exit::Done });
        }
        show(if as_json { &json } else { text.as_str() });
        after = page.next_after;
    }
}

/// The same JSON as the API gives.
fn json(told: &impl Serialize) -> String {
    inert_json(&serde_json::to_string(told).expect("a report has text keys only"))
}
