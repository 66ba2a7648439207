//! The nodes and the links from the primary, drawn.

use crate::model::cluster::{ClusterState, NodeState};
use crate::model::facts::{Fact, Facts};
use crate::model::spec::{FactOf, FactSpec, KernelSpec, PRIMARY, PRIMARY_ROLE, REACHABLE};
use crate::model::text::NodeId;
use crate::ui::components::badge::{QUESTION, VOID, role_shape};
use crate::ui::components::words::{escaped, since_of};
use leptos::prelude::*;
use std::collections::BTreeMap;

// Units of the drawing. One column, so that it is as legible on a narrow screen as on a wide one,
// and wide enough for a name of 32 characters.
const WIDTH: usize = 360;
const ROW: usize = 76;
const CARD_LEFT: usize = 36;
const CARD_HEIGHT: usize = 64;
const SPINE: usize = 14;
/// How far the spine of another node stands from that of the primary; at most [`SPINES_MAX`] differ.
const SPINE_STEP: usize = 5;
const SPINES_MAX: usize = 3;

/// The topology: the primary above, every other node below it, each link with its state in words.
#[must_use]
pub fn topology(spec: &KernelSpec, state: &ClusterState) -> AnyView {
    let primary = state.primary();
    let primary = primary.known().and_then(Option::as_ref);
    let mut order: Vec<&NodeState> =
        state.nodes.iter().filter(|node| Some(&node.id) == primary).collect();
    let absent = order.is_empty();
    order.extend(state.nodes.iter().filter(|node| Some(&node.id) != primary));
    let head = absent.then(|| head_without_primary(spec, state));
    let below = usize::from(absent);
    let nobody = state.primary() == Fact::Known(None);
    let height = (order.len() + below) * ROW;
    // Links that are lost are drawn first, so that a living one covers the part they share.
    let rows: BTreeMap<&NodeId, usize> =
        order.iter().enumerate().map(|(place, node)| (&node.id, place + below)).collect();
    let mut spines: Vec<usize> = vec![0];
    let mut links: Vec<Link> = Vec::new();
    for (place, node) in order.iter().enumerate() {
        let to = place + below;
        let from = match spec.follows {
            // From the primary, which stands above.
            None if to > 0 && !nobody => 0,
            Some(key) => match node.facts.node_or_none(key) {
                Fact::Known(Some(upstream)) => match rows.get(&upstream) {
                    Some(from) => *from,
                    None => continue,
                },
                // The primary follows nobody; whom another follows may be unknown.
                Fact::Unknown { .. } if to > 0 => 0,
                Fact::Known(None) | Fact::Unknown { .. } => continue,
            },
            None => continue,
        };
        if !spines.contains(&from) {
            spines.push(from);
        }
        let spine = spines.iter().position(|known| *known == from).unwrap_or_default();
        links.push(Link { state: link_state(spec, state, node), from, to, spine });
    }
    links.sort_by_key(|link| link.state == LinkState::Follows);
    let links = links.into_iter().map(draw_link).collect_view();
    let cards = order
        .iter()
        .enumerate()
        .map(|(place, node)| card(spec, state, node, (place + below) * ROW))
        .collect_view();
    let summary = summary(spec, state);
    view! {
        <figure class="topology">
            <figcaption>"Topology"</figcaption>
            <svg viewBox=format!("0 0 {WIDTH} {height}") role="img" aria-label=summary>
                {links}
                {head}
                {cards}
            </svg>
        </figure>
    }
    .into_any()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LinkState {
    Follows,
    Lost,
    Unknown,
}

/// The generation that a node follows, and that of the cluster.
fn generations(spec: &KernelSpec, state: &ClusterState, node: &NodeState) -> [Option<u64>; 2] {
    let of = |facts: &Facts| facts.number(spec.position.generation).known().copied();
    [of(&node.facts), of(&state.facts)]
}

/// From which row to which, and along which of the spines.
#[derive(Clone, Copy)]
struct Link {
    state: LinkState,
    from: usize,
    to: usize,
    spine: usize,
}

/// The node that a node takes the log from, where its kernel says so of every node.
fn upstream(spec: &KernelSpec, node: &NodeState) -> Option<Fact<Option<NodeId>>> {
    spec.follows.map(|key| node.facts.node_or_none(key))
}

fn link_state(spec: &KernelSpec, state: &ClusterState, node: &NodeState) -> LinkState {
    if let Some(upstream) = upstream(spec, node) {
        return match (node.reachable(), upstream) {
            (Fact::Known(false), _) | (_, Fact::Known(None)) => LinkState::Lost,
            (Fact::Unknown { .. }, _) | (_, Fact::Unknown { .. }) => LinkState::Unknown,
            (Fact::Known(true), Fact::Known(Some(_))) => LinkState::Follows,
        };
    }
    match (node.reachable(), state.primary()) {
        (Fact::Known(false), _) | (_, Fact::Known(None)) => LinkState::Lost,
        (Fact::Unknown { .. }, _) | (_, Fact::Unknown { .. }) => LinkState::Unknown,
        (Fact::Known(true), Fact::Known(Some(_))) => match generations(spec, state, node) {
            [Some(own), Some(all)] if own == all => LinkState::Follows,
            [Some(_), Some(_)] => LinkState::Lost,
            _ => LinkState::Unknown,
        },
    }
}

fn draw_link(link: Link) -> AnyView {
    let middle = |row: usize| row * ROW + CARD_HEIGHT / 2;
    let (from, to) = (middle(link.from), middle(link.to));
    let spine = SPINE - link.spine.min(SPINES_MAX - 1) * SPINE_STEP;
    let path = format!("M{CARD_LEFT} {from}H{spine}V{to}H{CARD_LEFT}");
    let (tip, back) = (CARD_LEFT, CARD_LEFT - 7);
    let head = format!("M{back} {}L{tip} {to}L{back} {}", to - 4, to + 4);
    let word = match link.state {
        LinkState::Follows => "follows",
        LinkState::Lost => "lost",
        LinkState::Unknown => "unknown",
    };
    view! {
        <g class="link" data-state=word>
            <path d=path/>
            <path d=head/>
        </g>
    }
    .into_any()
}

/// The words under a node: what it is, whether it is reachable, and the state of its link.
fn words(spec: &KernelSpec, state: &ClusterState, node: &NodeState) -> (String, String) {
    let role = node.role();
    let word = role.known().cloned().unwrap_or_else(|| "role unknown".to_owned());
    let reach = match node.reachable() {
        Fact::Known(true) => "reachable",
        Fact::Known(false) => "unreachable",
        Fact::Unknown { .. } => "reachability unknown",
    };
    let first = format!("{} · {reach}", escaped(&word));
    let reachable = spec.fact(FactOf::Node, REACHABLE);
    if let Some(since) = reachable.and_then(|of| since_of(of, &node.facts)) {
        return (first, format!("since {}", since.since));
    }
    let generation = spec.fact(FactOf::Node, spec.position.generation);
    let name = generation.map_or_else(String::new, FactSpec::lower_label);
    let [own, _] = generations(spec, state, node);
    if let Some(upstream) = upstream(spec, node) {
        let within = own.map_or_else(|| format!("{name} unknown"), |own| format!("{name} {own}"));
        let link = match upstream {
            Fact::Known(Some(upstream)) => format!("link: follows {upstream}, {within}"),
            Fact::Known(None) if word == PRIMARY_ROLE => format!("primary of {within}"),
            Fact::Known(None) => format!("follows nobody, {within}"),
            Fact::Unknown { .. } => format!("whom it follows is unknown, {within}"),
        };
        return (first, link);
    }
    let second = match generations(spec, state, node) {
        [None, _] => format!("{name} unknown"),
        [Some(own), _] if word == PRIMARY_ROLE => format!("primary of {name} {own}"),
        [Some(own), Some(all)] if own == all && has_primary(state) => {
            format!("link: follows {name} {own}")
        }
        [Some(own), Some(all)] if own == all => format!("in {name} {own}, follows nobody"),
        [Some(own), Some(all)] => format!("in {name} {own}; the cluster is in {all}"),
        [Some(own), None] => format!("in {name} {own}; that of the cluster is unknown"),
    };
    (first, second)
}

fn has_primary(state: &ClusterState) -> bool {
    matches!(state.primary(), Fact::Known(Some(_)))
}

fn card(spec: &KernelSpec, state: &ClusterState, node: &NodeState, top: usize) -> AnyView {
    let reach = match node.reachable() {
        Fact::Known(true) => "yes",
        Fact::Known(false) => "no",
        Fact::Unknown { .. } => "unknown",
    };
    let role = node.role();
    let shape = role_shape(spec, &role);
    let role = role.word(String::clone);
    let (first, second) = words(spec, state, node);
    drawn(&Card { top, role, reach, shape, name: node.id.as_str(), first, second })
}

struct Card<'a> {
    top: usize,
    role: String,
    reach: &'static str,
    shape: &'static str,
    name: &'a str,
    first: String,
    second: String,
}

fn drawn(card: &Card) -> AnyView {
    let middle = card.top + CARD_HEIGHT / 2;
    let place = format!("translate({} {}) scale(1.9)", CARD_LEFT + 9, middle - 11);
    let text = CARD_LEFT + 42;
    view! {
        <g class="node" data-role=card.role.clone() data-reachable=card.reach>
            <rect
                x=CARD_LEFT.to_string()
                y=(card.top + 1).to_string()
                width=(WIDTH - CARD_LEFT - 2).to_string()
                height=(CARD_HEIGHT - 2).to_string()
                rx="6"
            />
            <path transform=place d=card.shape/>
            <text x=text.to_string() y=(card.top + 22).to_string() data-line="name">
                {card.name.to_owned()}
            </text>
            <text x=text.to_string() y=(card.top + 39).to_string()>
                {card.first.clone()}
            </text>
            <text x=text.to_string() y=(card.top + 54).to_string()>
                {card.second.clone()}
            </text>
        </g>
    }
    .into_any()
}

fn head_without_primary(spec: &KernelSpec, state: &ClusterState) -> AnyView {
    let primary = state.primary();
    let (reach, shape, name, first, second) = match &primary {
        Fact::Unknown { unknown, .. } => {
            let since = format!("since {}", unknown.since);
            ("unknown", QUESTION, "unknown", "which node is primary".to_owned(), since)
        }
        Fact::Known(Some(id)) => {
            let words = "primary, not observed".to_owned();
            ("unknown", QUESTION, id.as_str(), words, String::new())
        }
        Fact::Known(None) => {
            let of = spec.fact(FactOf::Cluster, PRIMARY);
            let since = of.and_then(|of| since_of(of, &state.facts));
            let since = since.map_or_else(String::new, |since| format!("since {}", since.since));
            ("no", VOID, "nobody", "is primary".to_owned(), since)
        }
    };
    let role = "none".to_owned();
    drawn(&Card { top: 0, role, reach, shape, name, first, second })
}

/// The drawing in words, for those who do not see it.
fn summary(spec: &KernelSpec, state: &ClusterState) -> String {
    let primary = state
        .primary()
        .word(|id| id.as_ref().map_or_else(|| "nobody".to_owned(), NodeId::to_string));
    let mut text = format!("Primary: {primary}.");
    for node in &state.nodes {
        let (first, second) = words(spec, state, node);
        text.push_str(&format!(" {}: {}; {second}.", node.id, first.replace(" · ", ", ")));
    }
    text
}
