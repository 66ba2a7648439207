//! Rules with their verdicts and evidence: the checks of one request, or why a node is none.

use crate::model::answer::WhyNot;
use crate::model::explanation::{Candidate, Check, Evidence, Verdict};
use crate::ui::components::badge;
use crate::ui::components::words::{capital, escaped, node, time};
use leptos::prelude::*;

/// A region that scrolls sideways by itself, so that a wide table never widens the page. It takes
/// the focus, so that it can be scrolled with the keyboard. A group and no region: a page has too many for landmarks.
#[must_use]
pub fn scrolling(name: &str, table: AnyView) -> AnyView {
    view! {
        <div class="scrolling" role="group" aria-label=name.to_owned() tabindex="0">
            {table}
        </div>
    }
    .into_any()
}

/// What was found stands before the rule: a rule alone reads as the opposite of what is so.
pub(super) const COLUMNS: [&str; 6] = ["Verdict", "Found", "Required", "Rule", "Source", "Since"];

pub(super) fn headings() -> AnyView {
    COLUMNS.map(|name| view! { <th scope="col">{name}</th> }).into_iter().collect_view().into_any()
}

/// Checks of one request, in order.
#[must_use]
pub fn checks(caption: &'static str, checks: &[&Check]) -> AnyView {
    let rows = checks.iter().flat_map(|check| rows_of(check, None)).collect_view();
    scrolling(
        caption,
        view! {
            <table class="rules">
                <caption>{caption}</caption>
                <thead>
                    <tr>{headings()}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

/// Every node as the object of one kind of action, with every rule that speaks against it.
#[must_use]
pub fn why_not(table: &WhyNot) -> AnyView {
    let id = format!("why-not-{}", table.kind);
    view! { <div id=id>{candidates(table.kind.word(), &table.candidates)}</div> }.into_any()
}

/// Every node as the object of an action, with every rule that speaks against it.
#[must_use]
pub fn candidates(kind: &str, candidates: &[Candidate]) -> AnyView {
    let rows = candidates.iter().flat_map(candidate).collect();
    let caption = format!("{}: every node as its target, with its blockers", capital(kind));
    table(&caption, "Node", rows)
}

/// What the rules are about, and the rules.
pub(super) fn table(caption: &str, about: &'static str, rows: Vec<AnyView>) -> AnyView {
    scrolling(
        caption,
        view! {
            <table class="rules">
                <caption>{caption.to_owned()}</caption>
                <thead>
                    <tr>
                        <th scope="col">{about}</th>
                        {headings()}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn candidate(candidate: &Candidate) -> Vec<AnyView> {
    let name = node(&candidate.node);
    if candidate.against.is_empty() {
        let row = view! {
            <tr>
                <th scope="row">{name}</th>
                <td colspan=COLUMNS.len().to_string()>"All pre-conditions pass."</td>
            </tr>
        };
        return vec![row.into_any()];
    }
    let height = height_of(&candidate.against);
    let mut node = Some(view! {
        <th scope="rowgroup" rowspan=height.to_string()>
            {name}
        </th>
    });
    let rows = |check| rows_of(check, node.take().map(IntoAny::into_any));
    candidate.against.iter().flat_map(rows).collect()
}

/// How many table rows these checks take.
pub(super) fn height_of(checks: &[Check]) -> usize {
    checks.iter().map(|check| check.evidence.len().max(1)).sum()
}

/// One table row for each piece of evidence; the first carries the rule and its verdict.
pub(super) fn rows_of(check: &Check, mut before: Option<AnyView>) -> Vec<AnyView> {
    let height = check.evidence.len().max(1).to_string();
    let verdict = check.verdict.word();
    let mut judged =
        Some(view! { <td rowspan=height.clone()>{badge::verdict(check.verdict)}</td> });
    let mut rule = Some(view! {
        <td rowspan=height>
            <span>{escaped(&check.statement)}</span>
            <code>{check.invariant.to_string()}</code>
        </td>
    });
    if check.evidence.is_empty() {
        let row = view! {
            <tr data-verdict=verdict>
                {before} {judged} <td colspan="2">"No evidence was given."</td> {rule}
                <td></td> <td></td>
            </tr>
        };
        return vec![row.into_any()];
    }
    let row = |Evidence { observed, required, source, since }: &Evidence| {
        let since = since.map_or_else(|| view! { <span>"-"</span> }.into_any(), time);
        view! {
            <tr data-verdict=verdict>
                {before.take()} {judged.take()}
                <td>{escaped(observed)}</td>
                <td>{escaped(required)}</td>
                {rule.take()}
                <td>{escaped(source)}</td>
                <td>{since}</td>
            </tr>
        }
        .into_any()
    };
    check.evidence.iter().map(row).collect()
}

/// What speaks against a request, each with what was found first, then what the rule asks for.
#[must_use]
pub fn against(checks: &[Check]) -> AnyView {
    let found = |check: &Check| {
        let evidence = check.evidence.iter().map(|evidence| {
            let required = format!(" Required: {}.", escaped(&evidence.required));
            view! {
                <strong>{format!("Found: {}.", escaped(&evidence.observed))}</strong>
                {required}
                " "
            }
        });
        view! {
            <li>
                {evidence.collect_view()}
                <small>
                    {format!("Rule, {}: {} ", check.verdict.word(), escaped(&check.statement))}
                    <code>{check.invariant.to_string()}</code>
                </small>
            </li>
        }
    };
    let items = checks.iter().filter(|check| check.verdict != Verdict::Pass).map(found);
    view! { <ul class="invariants">{items.collect_view()}</ul> }.into_any()
}
