//! The positions in the log of every node, drawn as bars on one common axis.

use crate::model::cluster::{ClusterState, NodeState};
use crate::model::pinned::Fact;
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
    /// This many entries.
    Entries(u64),
    /// It has this many entries that the primary does not have.
    Ahead(u64),
    /// Nobody is primary, so there is nothing to compare with.
    NoPrimary,
    /// One of the two positions is not known.
    Unknown,
}

impl Lag {
    /// The lag in words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::IsPrimary => "is primary".to_owned(),
            Self::Entries(0) => "0 entries behind".to_owned(),
            Self::Entries(1) => "1 entry behind".to_owned(),
            Self::Entries(count) => format!("{count} entries behind"),
            Self::Ahead(1) => "1 entry ahead".to_owned(),
            Self::Ahead(count) => format!("{count} entries ahead"),
            Self::NoPrimary => "no primary to compare with".to_owned(),
            Self::Unknown => "unknown".to_owned(),
        }
    }
}

/// The lag of one node, from the one observation.
#[must_use]
pub fn lag(state: &ClusterState, node: &NodeState) -> Lag {
    let primary = match &state.cluster.primary {
        Fact::Unknown { .. } => return Lag::Unknown,
        Fact::Known(None) => return Lag::NoPrimary,
        Fact::Known(Some(id)) => id,
    };
    if primary == &node.pinned.id {
        return Lag::IsPrimary;
    }
    let last = |node: &NodeState| node.positions.last.known().copied();
    match (state.node(primary).and_then(last), last(node)) {
        (Some(first), Some(own)) if own > first => Lag::Ahead(own - first),
        (Some(first), Some(own)) => Lag::Entries(first - own),
        _ => Lag::Unknown,
    }
}

/// The part of the log that the axis shows. It need not begin at 0, or a lag of three entries in a
/// million would be invisible; so both ends are written beneath it.
#[derive(Clone, Copy)]
struct Axis {
    from: u64,
    to: u64,
}

impl Axis {
    fn of(nodes: &[&NodeState]) -> Option<Self> {
        let all = nodes.iter().flat_map(|node| {
            let p = &node.positions;
            [p.last.known(), p.committed.known(), p.applied.known()].into_iter().flatten().copied()
        });
        let (least, most) = (all.clone().min()?, all.max()?);
        // A quarter of the axis lies below the least position, so that its bar can be seen.
        let below = ((most - least) / 3).max(10);
        Some(Self { from: least.saturating_sub(below), to: most.max(1) })
    }

    /// The length of a bar, in units of the drawing.
    fn length(self, position: u64) -> u64 {
        let span = u128::from(self.to - self.from).max(1);
        let part = u128::from(position.saturating_sub(self.from)) * (BAR_WIDTH as u128);
        u64::try_from(part / span).unwrap_or(BAR_WIDTH as u64)
    }
}

/// The bars of every node, with the numbers beside them.
#[must_use]
pub fn positions(state: &ClusterState) -> AnyView {
    bars(state, &state.nodes.iter().collect::<Vec<_>>(), "Log positions")
}

/// The bars of one node, below those of the primary that it is compared with.
#[must_use]
pub fn beside_primary(state: &ClusterState, node: &NodeState) -> AnyView {
    let primary = state.cluster.primary.known().and_then(Option::as_ref);
    let primary = primary.and_then(|id| state.node(id)).filter(|p| p.pinned.id != node.pinned.id);
    let nodes: Vec<&NodeState> = primary.into_iter().chain([node]).collect();
    bars(state, &nodes, "Log positions, beside those of the primary")
}

fn bars(state: &ClusterState, nodes: &[&NodeState], caption: &'static str) -> AnyView {
    let axis = Axis::of(nodes);
    let long = |node: &&NodeState| node.pinned.id.as_str().len() > NAME_CHARS_BESIDE_LAG;
    let lag_line = if nodes.iter().any(long) { LINE } else { 0 };
    let pitch = ROW + lag_line;
    let rows = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| row(state, node, Place { top: place * pitch, lag_line }, axis))
        .collect_view();
    let height = nodes.len() * pitch;
    let ends = axis.map_or_else(
        || "No position could be read.".to_owned(),
        |axis| format!("Bars run from entry {} to entry {}.", axis.from, axis.to),
    );
    view! {
        <figure class="positions">
            <figcaption>{caption}<small>{ends}</small></figcaption>
            <svg viewBox=format!("0 0 {WIDTH} {height}") role="img" aria-label=summary(state, nodes)>
                {rows}
            </svg>
        </figure>
    }
    .into_any()
}

#[derive(Clone, Copy)]
struct Place {
    top: usize,
    /// How far below the name the lag stands.
    lag_line: usize,
}

fn row(state: &ClusterState, node: &NodeState, place: Place, axis: Option<Axis>) -> AnyView {
    let Place { top, lag_line } = place;
    let p = &node.positions;
    let lag = lag(state, node);
    let (lag_word, behind) = match lag {
        Lag::Unknown => ("lag unknown".to_owned(), "unknown"),
        Lag::Entries(count) if count > 0 => (lag.words(), "yes"),
        _ => (lag.words(), "no"),
    };
    let bars = [("last", &p.last), ("committed", &p.committed), ("applied", &p.applied)]
        .into_iter()
        .enumerate()
        .map(|(line, (what, value))| bar(what, value, top + lag_line + 24 + line * LINE, axis))
        .collect_view();
    view! {
        <g class="log-of-node">
            <text x="0" y=(top + 14).to_string() data-line="name">
                {node.pinned.id.to_string()}
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

fn bar(what: &'static str, value: &Fact<u64>, top: usize, axis: Option<Axis>) -> AnyView {
    let words = format!("{what} {}", value.word(u64::to_string));
    let length = value.known().zip(axis).map(|(position, axis)| axis.length(*position));
    let known = if length.is_some() { "yes" } else { "no" };
    let filled = length.map(|length| {
        view! {
            <rect
                class="bar"
                data-of=what
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

fn summary(state: &ClusterState, nodes: &[&NodeState]) -> String {
    let of = |node: &&NodeState| {
        let p = &node.positions;
        let word = |fact: &Fact<u64>| fact.word(u64::to_string);
        let (last, committed, applied) = (word(&p.last), word(&p.committed), word(&p.applied));
        let lag = lag(state, node).words();
        format!(
            "{}: last {last}, committed {committed}, applied {applied}, lag: {lag}.",
            node.pinned.id
        )
    };
    nodes.iter().map(of).collect::<Vec<_>>().join(" ")
}
