//! Positions over the observations that a session was shown: one line for each node, on one axis.

use crate::model::facts::Position;
use crate::model::spec::KernelSpec;
use crate::model::text::NodeId;
use crate::model::trace::{Sample, Trace};
use crate::ui::components::rules::scrolling;
use crate::ui::components::words::{counted, escaped, time};
use leptos::prelude::*;

const WIDTH: u64 = 360;
const ROW: u64 = 52;
const LEFT: u64 = 6;
const ACROSS: u64 = WIDTH - 2 * LEFT;
const TOP: u64 = 22;
const HEIGHT: u64 = 20;
/// A mark at each observation is drawn as long as marks do not touch.
const MARKS_MAX: usize = 30;

/// The picture, with a table of the same for those who would rather read. One step to the right is one
/// observation that differs from the one before: time between them is not drawn, it is in the table.
#[must_use]
pub fn trace(spec: &KernelSpec, trace: &Trace) -> AnyView {
    let samples: Vec<&Sample> = trace.samples().collect();
    let Some(last) = samples.last() else { return ().into_any() };
    let nodes: Vec<NodeId> = last.positions.iter().map(|(id, _)| id.clone()).collect();
    let axis = TimeAxis::of(&samples);
    let rows = nodes.iter().enumerate().map(|(place, node)| row(spec, node, place, &samples, axis));
    let rows = rows.collect_view();
    let height = nodes.len() as u64 * ROW;
    let ends = axis.map_or_else(|| "No position was known.".to_owned(), |axis| axis.ends(spec));
    let dropped = trace.dropped();
    let dropped = (dropped > 0).then(|| format!(" {dropped} earlier ones were dropped."));
    let count = counted(samples.len(), "observation");
    let words = format!(
        "{count} shown to this session that differ, oldest on the left, as they were shown: nobody \
         looked in between.{} Kept in memory until the session ends.",
        dropped.unwrap_or_default()
    );
    let summary: Vec<_> = nodes.iter().map(|node| summary(spec, node, &samples)).collect();
    view! {
        <section>
            <h2>"Positions over this session"</h2>
            <p>{words}</p>
            <figure class="trace">
                <figcaption>"End of each log"<small>{ends}</small></figcaption>
                <svg viewBox=format!("0 0 {WIDTH} {height}") role="img" aria-label=summary.join(" ")>
                    {rows}
                </svg>
            </figure>
            {table(spec, &samples)}
        </section>
    }
    .into_any()
}

/// The part of one branch that the picture shows: the newest one. What lies on another branch has no
/// height beside it.
#[derive(Clone, Copy)]
struct TimeAxis {
    branch: u64,
    from: u64,
    to: u64,
    has_others: bool,
}

impl TimeAxis {
    fn of(samples: &[&Sample]) -> Option<Self> {
        let known = samples.iter().flat_map(|s| s.positions.iter().filter_map(|(_, p)| *p));
        let branch = known.clone().map(|at| at.branch).max()?;
        let has_others = known.clone().any(|at| at.branch != branch);
        let on_it = known.filter(|at| at.branch == branch).map(|at| at.offset);
        Some(Self { branch, from: on_it.clone().min()?, to: on_it.max()?, has_others })
    }

    fn ends(self, spec: &KernelSpec) -> String {
        let [from, to] = [self.from, self.to].map(|offset| spec.place_in_log(offset));
        let name = spec.position.branch;
        let others = if self.has_others {
            format!(" on {name} {}; what lies on another {name} is not drawn", self.branch)
        } else {
            String::new()
        };
        format!("Heights run from {from} to {to}{others}.")
    }

    /// How far below the top of its row a position is drawn.
    fn depth(self, position: u64) -> u64 {
        let span = u128::from(self.to - self.from);
        let below = u128::from(self.to - position) * u128::from(HEIGHT);
        // One position only is drawn in the middle.
        below.checked_div(span).and_then(|below| u64::try_from(below).ok()).unwrap_or(HEIGHT / 2)
    }
}

/// Where the sample of this number stands, from left to right.
fn across(number: usize, count: usize) -> u64 {
    let steps = (count.max(2) - 1) as u64;
    LEFT + number as u64 * ACROSS / steps
}

/// What is drawn of one node.
#[derive(Default)]
struct Drawn {
    /// The line through known positions; it breaks where one was not known.
    line: String,
    /// A cross wherever a position was not known.
    gaps: String,
    /// A dot at known positions.
    marks: Vec<(u64, u64)>,
}

impl Drawn {
    fn of(node: &NodeId, top: u64, samples: &[&Sample], axis: Option<TimeAxis>) -> Self {
        let mut drawn = Self::default();
        let count = samples.len();
        let known = |number: usize| samples.get(number).and_then(|s| s.position(node));
        let drawn_at = |number: usize| {
            let (at, axis) = known(number).zip(axis)?;
            (at.branch == axis.branch).then(|| axis.depth(at.offset))
        };
        let mut joined = false;
        for number in 0..count {
            let x = across(number, count);
            if let Some(depth) = drawn_at(number) {
                let y = top + TOP + depth;
                let step = if joined { "L" } else { "M" };
                drawn.line.push_str(&format!("{step}{x} {y}"));
                // A known position between two that are not has no line, only its mark.
                let alone = !joined && drawn_at(number + 1).is_none();
                if alone || count <= MARKS_MAX {
                    drawn.marks.push((x, y));
                }
                joined = true;
            } else {
                if known(number).is_none() {
                    drawn.cross(x, top + TOP + HEIGHT / 2);
                }
                joined = false;
            }
        }
        drawn
    }

    fn cross(&mut self, x: u64, y: u64) {
        let (left, right, up, down) = (x - 3, x + 3, y - 3, y + 3);
        let cross = format!("M{left} {up}L{right} {down}M{right} {up}L{left} {down}");
        self.gaps.push_str(&cross);
    }
}

fn row(
    spec: &KernelSpec,
    node: &NodeId,
    place: usize,
    samples: &[&Sample],
    axis: Option<TimeAxis>,
) -> AnyView {
    let top = place as u64 * ROW;
    let Drawn { line, gaps, marks } = Drawn::of(node, top, samples, axis);
    let now = samples.last().and_then(|last| last.position(node));
    let now = now.map_or_else(|| "unknown".to_owned(), |at| spec.place_on_branch(at));
    let mark = |(x, y): (u64, u64)| {
        view! { <circle cx=x.to_string() cy=y.to_string() r="2.2"/> }
    };
    let marks = marks.into_iter().map(mark).collect_view();
    view! {
        <g class="log-of-node">
            <text x="0" y=(top + 14).to_string() data-line="name">
                {node.to_string()}
            </text>
            <text x=(WIDTH - 8).to_string() y=(top + 14).to_string() text-anchor="end">
                {now}
            </text>
            <path d=line/>
            <path d=gaps data-of="unknown"/>
            {marks}
        </g>
    }
    .into_any()
}

/// The line of one node in words.
fn summary(spec: &KernelSpec, node: &NodeId, samples: &[&Sample]) -> String {
    let known: Vec<Position> = samples.iter().filter_map(|sample| sample.position(node)).collect();
    let unknown = samples.len() - known.len();
    match (known.first(), known.last()) {
        (Some(first), Some(last)) => {
            let [first, last] = [first, last].map(|at| spec.place_on_branch(*at));
            format!("{node}: from {first} to {last}, unknown in {unknown}.")
        }
        _ => format!("{node}: unknown in all."),
    }
}

fn table(spec: &KernelSpec, samples: &[&Sample]) -> AnyView {
    let rows = samples.iter().rev().map(|sample| {
        let positions = sample.positions.iter().map(|(node, position)| {
            let position =
                position.map_or_else(|| "unknown".to_owned(), |at| spec.place_on_branch(at));
            format!("{node} {position}")
        });
        let positions = positions.collect::<Vec<_>>().join(", ");
        view! {
            <tr>
                <th scope="row">{time(sample.from)}</th>
                <td>{time(sample.until)}</td>
                <td>{escaped(&positions)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let list = scrolling(
        "Positions over this session",
        view! {
            <table class="reference">
                <caption>"End of each log, newest observation first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"First shown as of"</th>
                        <th scope="col">"Still so as of"</th>
                        <th scope="col">"Positions"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    );
    view! {
        <details class="pinned">
            <summary>"The same as a table"</summary>
            {list}
        </details>
    }
    .into_any()
}
