//! The positions in the log of every node, drawn as bars on one common axis.

use crate::model::cluster::{ClusterState, NodeState};
use crate::model::facts::{Fact, Position};
use crate::model::spec::{FactOf, FactSpec, KernelSpec, Show};
use leptos::prelude::*;

const WIDTH: usize = 360;
const ROW: usize = 76;
const LINE: usize = 15;
/// Longest name, in characters, that leaves room for the lag on the same line.
const NAME_CHARS_BESIDE_LAG: usize = 14;
const BAR_LEFT: usize = 150;
const BAR_WIDTH: usize = WIDTH - BAR_LEFT - 8;

/// How far a node is behind the last entry of the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lag {
    /// The node is the primary.
    IsPrimary,
    /// So much is missing.
    Behind(u64),
    /// It has so much that the primary does not have.
    Ahead(u64),
    /// The two have no distance.
    OtherBranch,
    /// Nobody is primary, so there is nothing to compare with.
    NoPrimary,
    /// One of the two positions is not known.
    Unknown,
}

impl Lag {
    /// The lag in words.
    #[must_use]
    pub fn words(self, spec: &KernelSpec) -> String {
        match self {
            Self::IsPrimary => "is primary".to_owned(),
            Self::Behind(count) => format!("{} behind", spec.counted(count)),
            Self::Ahead(count) => format!("{} ahead", spec.counted(count)),
            Self::NoPrimary => "no primary to compare with".to_owned(),
            Self::OtherBranch => format!("on another {}: no distance", spec.position.branch),
            Self::Unknown => "unknown".to_owned(),
        }
    }
}

/// The lag of one node, from the one observation.
#[must_use]
pub fn lag(spec: &KernelSpec, state: &ClusterState, node: &NodeState) -> Lag {
    let primary = match state.primary() {
        Fact::Unknown { .. } => return Lag::Unknown,
        Fact::Known(None) => return Lag::NoPrimary,
        Fact::Known(Some(id)) => id,
    };
    if primary == node.id {
        return Lag::IsPrimary;
    }
    let end = |node: &NodeState| node.facts.position(spec.position.end).known().copied();
    match (state.node(&primary).and_then(end), end(node)) {
        (Some(first), Some(own)) => match KernelSpec::distance(first, own) {
            None => Lag::OtherBranch,
            Some(count) if own > first => Lag::Ahead(count),
            Some(count) => Lag::Behind(count),
        },
        _ => Lag::Unknown,
    }
}

/// The facts of a node that are drawn as bars.
fn bars_of(spec: &KernelSpec) -> Vec<&'static FactSpec> {
    spec.facts_of(FactOf::Node).filter(|fact| fact.show == Show::Bar).collect()
}

fn position(node: &NodeState, of: &FactSpec) -> Fact<Position> {
    node.facts.position(of.key)
}

/// A place in words: as its kernel says it, which names the branch where there are several.
fn words_of(node: &NodeState, of: &FactSpec) -> String {
    let silent = || "unknown".to_owned();
    node.facts.get(of.key).map_or_else(silent, |fact| fact.word(|value| of.words(value)))
}

/// The part of the log that the axis shows. It need not begin at 0, or a lag of three entries in a
/// million would be invisible; so both ends are written beneath it.
///
/// It is of one branch: that of the primary, or the newest that was read. Places on another one have no
/// distance to it, so they have no bar.
#[derive(Clone, Copy)]
struct PositionAxis {
    branch: u64,
    from: u64,
    to: u64,
    /// Whether a position lies on another branch.
    has_others: bool,
}

impl PositionAxis {
    fn of(spec: &KernelSpec, state: &ClusterState, nodes: &[&NodeState]) -> Option<Self> {
        let bars = bars_of(spec);
        let of_node = |node: &&NodeState| -> Vec<Position> {
            bars.iter().filter_map(|of| position(node, of).known().copied()).collect()
        };
        let all: Vec<Position> = nodes.iter().flat_map(of_node).collect();
        let of_primary = state.primary_node();
        let of_primary = of_primary
            .and_then(|node| node.facts.position(spec.position.end).known().map(|end| end.branch));
        let newest = all.iter().map(|at| at.branch).max()?;
        let branch = of_primary.filter(|own| all.iter().any(|at| at.branch == *own));
        let branch = branch.unwrap_or(newest);
        let on_it = all.iter().filter(|at| at.branch == branch).map(|at| at.offset);
        let (least, most) = (on_it.clone().min()?, on_it.max()?);
        // A quarter of the axis lies below the least position, so that its bar can be seen.
        let below = ((most - least) / 3).max(10);
        let has_others = all.iter().any(|at| at.branch != branch);
        Some(Self { branch, from: least.saturating_sub(below), to: most.max(1), has_others })
    }

    /// The length of a bar, in units of the drawing; `None` where it lies on another branch.
    fn length(self, position: Position) -> Option<u64> {
        let span = u128::from(self.to - self.from).max(1);
        let part = u128::from(position.offset.saturating_sub(self.from)) * (BAR_WIDTH as u128);
        let length = u64::try_from(part / span).unwrap_or(BAR_WIDTH as u64);
        (position.branch == self.branch).then_some(length)
    }

    /// What the bars run from and to.
    fn ends(self, spec: &KernelSpec) -> String {
        let Self { branch, from, to, has_others } = self;
        let [from, to] = [from, to].map(|offset| spec.place_in_log(offset));
        let name = spec.position.branch;
        let others = if has_others {
            format!(" on {name} {branch}; a place on another {name} has no bar")
        } else {
            String::new()
        };
        format!("Bars run from {from} to {to}{others}.")
    }
}

/// The bars of every node, with the numbers beside them.
#[must_use]
pub fn positions(spec: &KernelSpec, state: &ClusterState) -> AnyView {
    bars(spec, state, &state.nodes.iter().collect::<Vec<_>>(), "Log positions")
}

/// The bars of one node, below those of the primary that it is compared with.
#[must_use]
pub fn beside_primary(spec: &KernelSpec, state: &ClusterState, node: &NodeState) -> AnyView {
    let primary = state.primary_node().filter(|primary| primary.id != node.id);
    let nodes: Vec<&NodeState> = primary.into_iter().chain([node]).collect();
    bars(spec, state, &nodes, "Log positions, beside those of the primary")
}

fn bars(
    spec: &KernelSpec,
    state: &ClusterState,
    nodes: &[&NodeState],
    caption: &'static str,
) -> AnyView {
    let bars = bars_of(spec);
    let axis = PositionAxis::of(spec, state, nodes);
    let long = |node: &&NodeState| node.id.as_str().len() > NAME_CHARS_BESIDE_LAG;
    let lag_line = if nodes.iter().any(long) { LINE } else { 0 };
    // A name, its bars, and room below.
    let pitch = ROW - 3 * LINE + bars.len() * LINE + lag_line;
    let rows = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| {
            row(spec, state, node, BarPosition { top: place * pitch, lag_line }, (&bars, axis))
        })
        .collect_view();
    let height = nodes.len() * pitch;
    let ends = axis.map_or_else(|| "No position could be read.".to_owned(), |axis| axis.ends(spec));
    view! {
        <figure class="positions">
            <figcaption>{caption}<small>{ends}</small></figcaption>
            <svg viewBox=format!("0 0 {WIDTH} {height}") role="img" aria-label=summary(spec, &bars, state, nodes)>
                {rows}
            </svg>
        </figure>
    }
    .into_any()
}

#[derive(Clone, Copy)]
struct BarPosition {
    top: usize,
    /// How far below the name the lag stands.
    lag_line: usize,
}

fn row(
    spec: &KernelSpec,
    state: &ClusterState,
    node: &NodeState,
    place: BarPosition,
    (bars, axis): (&[&FactSpec], Option<PositionAxis>),
) -> AnyView {
    let BarPosition { top, lag_line } = place;
    let lag = lag(spec, state, node);
    let (lag_word, behind) = match lag {
        Lag::Unknown => ("lag unknown".to_owned(), "unknown"),
        Lag::Behind(count) if count > 0 => (lag.words(spec), "yes"),
        _ => (lag.words(spec), "no"),
    };
    let bars = bars
        .iter()
        .enumerate()
        .map(|(line, of)| bar(of, node, line, top + lag_line + 24 + line * LINE, axis))
        .collect_view();
    view! {
        <g class="log-of-node">
            <text x="0" y=(top + 14).to_string() data-line="name">
                {node.id.to_string()}
            </text>
            <text
                x=(WIDTH - 8).to_string()
                y=(top + lag_line + 14).to_string()
                text-anchor="end"
                data-behind=behind
            >
                {lag_word}
            </text>
            {bars}
        </g>
    }
    .into_any()
}

fn bar(
    of: &FactSpec,
    node: &NodeState,
    place: usize,
    top: usize,
    axis: Option<PositionAxis>,
) -> AnyView {
    let words = format!("{} {}", of.lower_label(), words_of(node, of));
    let value = position(node, of);
    let length = value.known().zip(axis).and_then(|(position, axis)| axis.length(*position));
    let known = match (value.known(), length) {
        (None, _) => "no",
        (Some(_), None) => "elsewhere",
        (Some(_), Some(_)) => "yes",
    };
    let filled = length.map(|length| {
        view! {
            <rect
                class="bar"
                data-place=place.to_string()
                x=BAR_LEFT.to_string()
                y=top.to_string()
                width=length.to_string()
                height="8"
            />
        }
    });
    view! {
        <g>
            <text x="0" y=(top + 8).to_string()>
                {words}
            </text>
            <rect
                class="track"
                data-known=known
                x=BAR_LEFT.to_string()
                y=top.to_string()
                width=BAR_WIDTH.to_string()
                height="8"
            />
            {filled}
        </g>
    }
    .into_any()
}

fn summary(
    spec: &KernelSpec,
    bars: &[&FactSpec],
    state: &ClusterState,
    nodes: &[&NodeState],
) -> String {
    let of = |node: &&NodeState| {
        let words = |of: &&FactSpec| format!("{} {}, ", of.lower_label(), words_of(node, of));
        let positions: String = bars.iter().map(words).collect();
        format!("{}: {positions}lag: {}.", node.id, lag(spec, state, node).words(spec))
    };
    nodes.iter().map(of).collect::<Vec<_>>().join(" ")
}
