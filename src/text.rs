//! Answers as plain text: for a terminal and for files that people keep. Pure.
//!
//! The same words as the pages, in a stable order. Every line is made inert as it is added. This room
//! reads nothing and decides nothing.

mod access;
mod action;
mod catalogue;
mod checklist;
mod contract;
mod documents;
mod explanation;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod lines;
mod lists;
mod overview;
mod records;
mod refusal;
mod report;
pub mod table;
mod timeline;
mod window;

pub use access::{access, everybody, link_issued, link_revoked, links, links_of, token_revoked};
pub use action::{action, outcome, requested};
pub use catalogue::catalogue;
pub use checklist::checklist;
pub use contract::{contract, contract_page};
pub use documents::{action_pages, refusals};
pub use explanation::explanation;
pub use lists::{actions, events, invariants, nodes, record};
pub use overview::{mismatch, node, overview};
pub use records::{command, log, log_lines};
pub use refusal::refusal;
pub use report::{report, window};
pub use timeline::timeline;
pub use window::{DocumentFormat, Half, window_parts};

use crate::model::answer::{FreezeAnswer, SessionAnswer};
use crate::model::spec::Catalogue;
use lines::TextLines;

/// Who is signed in.
#[must_use]
pub fn session(session: &SessionAnswer) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(format!(
        "Signed in as {} ({}) until {} at the latest.",
        session.name, session.role, session.expires_at
    ));
    lines
}

/// What declaring or lifting a freeze came to.
#[must_use]
pub fn freeze(catalogue: Catalogue, answer: &FreezeAnswer) -> TextLines {
    let mut lines = TextLines::new();
    lines.line(match &answer.freeze {
        Some(freeze) => format!("Frozen {freeze}"),
        None => "No freeze stands.".to_owned(),
    });
    records::add(&mut lines, catalogue, "", &answer.record);
    lines
}
