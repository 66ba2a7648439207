//! The numbers under which the database knows the stages. They are in files, so they never change.

use crate::model::action::Stage;

/// No record of the action yet.
pub(super) const NONE: i64 = 0;

pub(super) fn of(stage: Stage) -> i64 {
    match stage {
        Stage::Requested => 1,
        Stage::Explained => 2,
        Stage::FirstConfirmed => 14,
        Stage::Rejected => 3,
        Stage::Confirmed => 4,
        Stage::Withdrawn => 5,
        Stage::Stale => 6,
        Stage::Dispatched => 7,
        Stage::Executed => 8,
        Stage::Refused => 9,
        Stage::Unknown => 10,
        Stage::Voided => 11,
        Stage::FoundExecuted => 12,
        Stage::FoundNotExecuted => 13,
    }
}

pub(super) fn parse(number: i64) -> Option<Stage> {
    Stage::ALL.into_iter().find(|stage| of(*stage) == number)
}

/// Every step that exists, as the table `edge` holds them.
pub(super) fn edges() -> Vec<(i64, i64)> {
    let first = (NONE, of(Stage::Requested));
    let later = Stage::ALL
        .into_iter()
        .flat_map(|from| from.next().iter().map(move |to| (of(from), of(*to))));
    let mut edges: Vec<_> = std::iter::once(first).chain(later).collect();
    edges.sort_unstable();
    edges
}
