//! The contract on the Reference page: every clause, with the invariants and tests behind it.

use crate::model::contract::{Clause, ClauseEvidence, evidence};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// The table of clauses.
pub(super) fn contract() -> AnyView {
    let evidence = evidence();
    let missing = evidence.iter().filter(|clause| clause.is_missing()).count();
    let summary = format!("{} clauses, {missing} without evidence.", evidence.len());
    let rows = evidence.iter().map(row).collect_view();
    let columns = ["Clause", "Promise", "Invariants", "Tests"];
    let columns = columns.map(|name| view! { <th scope="col">{name}</th> }).collect_view();
    let table = view! {
        <table class="reference">
            <caption>"Contract"</caption>
            <thead>
                <tr>{columns}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    };
    view! {
        <p>
            {summary}
            " The tests run whenever the program is checked; "
            <code>"aerodb-control contract"</code>
            " names each of them with its file."
        </p>
        {scrolling("Contract", table.into_any())}
    }
    .into_any()
}

fn row(clause: &ClauseEvidence) -> AnyView {
    // Those of the kernel of this page: the evidence is of every kernel that is compiled in.
    let own = Clause::parse(&clause.clause);
    let ids = own.into_iter().flat_map(|own| own.invariants(words::catalogue()));
    let invariants = ids.map(|found| found.id.to_string()).collect::<Vec<_>>().join(", ");
    let tests = if clause.is_missing() {
        view! { <strong>"missing"</strong> }.into_any()
    } else {
        let mut files: BTreeMap<&str, usize> = BTreeMap::new();
        clause.tests.iter().for_each(|test| *files.entry(&test.path).or_default() += 1);
        let line = |(file, count): (&str, usize)| view! { <li>{format!("{count} in {file}")}</li> };
        let files = files.into_iter().map(line).collect_view();
        view! { <ul class="sentences">{files}</ul> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">{clause.clause.clone()}</th>
            <td>{clause.promise.clone()}</td>
            <td>{invariants}</td>
            <td>{tests}</td>
        </tr>
    }
    .into_any()
}
