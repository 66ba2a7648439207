//! Answers as text for people: the same words as the pages, in a stable order. Pure.

mod action;
mod catalogue;
mod explanation;
#[cfg(test)]
pub(super) mod fixtures;
mod overview;
mod records;
mod refusal;

pub(super) use action::{action, outcome, requested};
pub(super) use catalogue::catalogue;
pub(super) use explanation::explanation;
pub(super) use overview::overview;
pub(super) use records::log;
pub(super) use refusal::refusal;

use super::lines::Lines;
use crate::model::answer::{FreezeAnswer, SessionAnswer};

/// Who is signed in.
pub(super) fn session(session: &SessionAnswer) -> Lines {
    let mut lines = Lines::new();
    lines.line(format!(
        "Signed in as {} ({}) until {} at the latest.",
        session.name, session.role, session.expires_at
    ));
    lines
}

/// What declaring or lifting a freeze came to.
pub(super) fn freeze(answer: &FreezeAnswer) -> Lines {
    let mut lines = Lines::new();
    lines.line(match &answer.freeze {
        Some(freeze) => format!("Frozen {freeze}"),
        None => "No freeze stands.".to_owned(),
    });
    records::add(&mut lines, "", &answer.record);
    lines
}
