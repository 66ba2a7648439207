//! The nodes and the links from the primary, drawn.

use crate::model::cluster::{ClusterState, NodeState};
use crate::model::pinned::{Fact, Role};
use crate::model::text::NodeId;
use crate::ui::components::badge::{QUESTION, VOID, role_shape};
use leptos::prelude::*;

// Units of the drawing. One column, so that it is as legible on a narrow screen as on a wide one,
// and wide enough for a name of 32 characters.
const WIDTH: usize = 360;
const ROW: usize = 76;
const CARD_LEFT: usize = 36;
const CARD_HEIGHT: usize = 64;
const SPINE: usize = 14;

/// The topology: the primary above, every other node below it, each link with its state in words.
#[must_use]
pub fn topology(state: &ClusterState) -> AnyView {
    let primary = state.cluster.primary.known().and_then(Option::as_ref);
    let mut order: Vec<&NodeState> =
        state.nodes.iter().filter(|node| Some(&node.pinned.id) == primary).collect();
    let absent = order.is_empty();
    order.extend(state.nodes.iter().filter(|node| Some(&node.pinned.id) != primary));
    let head = absent.then(|| head_without_primary(state));
    let below = usize::from(absent);
    let nobody = state.cluster.primary == Fact::Known(None);
    let height = (order.len() + below) * ROW;
    // Links that are lost are drawn first, so that a living one covers the part they share.
    let mut links: Vec<(LinkState, usize)> = order
        .iter()
        .enumerate()
        .filter(|(place, _)| place + below > 0 && !nobody)
        .map(|(place, node)| (link_state(state, node), place + below))
        .collect();
    links.sort_by_key(|(link, _)| *link == LinkState::Follows);
    let links = links.into_iter().map(|(link, row)| draw_link(link, row)).collect_view();
    let cards = order
        .iter()
        .enumerate()
        .map(|(place, node)| card(state, node, (place + below) * ROW))
        .collect_view();
    let summary = summary(state);
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

fn link_state(state: &ClusterState, node: &NodeState) -> LinkState {
    match (&node.pinned.reachable, &state.cluster.primary) {
        (Fact::Known(false), _) | (_, Fact::Known(None)) => LinkState::Lost,
        (Fact::Unknown { .. }, _) | (_, Fact::Unknown { .. }) => LinkState::Unknown,
        (Fact::Known(true), Fact::Known(Some(_))) => {
            if node.pinned.epoch.known().is_none() || state.cluster.epoch.known().is_none() {
                LinkState::Unknown
            } else if node.pinned.epoch == state.cluster.epoch {
                LinkState::Follows
            } else {
                LinkState::Lost
            }
        }
    }
}

fn draw_link(link: LinkState, row: usize) -> AnyView {
    let (from, to) = (CARD_HEIGHT / 2, row * ROW + CARD_HEIGHT / 2);
    let path = format!("M{CARD_LEFT} {from}H{SPINE}V{to}H{CARD_LEFT}");
    let (tip, back) = (CARD_LEFT, CARD_LEFT - 7);
    let head = format!("M{back} {}L{tip} {to}L{back} {}", to - 4, to + 4);
    let word = match link {
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
fn words(state: &ClusterState, node: &NodeState) -> (String, String) {
    let role = node.pinned.role.word(|role| role.word().to_owned());
    let role = if role == "unknown" { "role unknown".to_owned() } else { role };
    let reach = match node.pinned.reachable {
        Fact::Known(true) => "reachable",
        Fact::Known(false) => "unreachable",
        Fact::Unknown { .. } => "reachability unknown",
    };
    let first = format!("{role} · {reach}");
    if let Some(since) = &node.pinned.unreachable {
        return (first, format!("since {}", since.since));
    }
    let second = match (node.pinned.epoch.known(), state.cluster.epoch.known()) {
        (None, _) => "epoch unknown".to_owned(),
        (Some(own), _) if node.pinned.role == Fact::Known(Role::Primary) => {
            format!("primary of epoch {own}")
        }
        (Some(own), Some(all)) if own == all && has_primary(state) => {
            format!("link: follows epoch {own}")
        }
        (Some(own), Some(all)) if own == all => format!("in epoch {own}, follows nobody"),
        (Some(own), Some(all)) => format!("in epoch {own}; the cluster is in {all}"),
        (Some(own), None) => format!("in epoch {own}; that of the cluster is unknown"),
    };
    (first, second)
}

fn has_primary(state: &ClusterState) -> bool {
    matches!(&state.cluster.primary, Fact::Known(Some(_)))
}

fn card(state: &ClusterState, node: &NodeState, top: usize) -> AnyView {
    let reach = match node.pinned.reachable {
        Fact::Known(true) => "yes",
        Fact::Known(false) => "no",
        Fact::Unknown { .. } => "unknown",
    };
    let role = node.pinned.role.word(|role| role.word().to_owned());
    let (first, second) = words(state, node);
    let shape = role_shape(&node.pinned.role);
    drawn(&Card { top, role, reach, shape, name: node.pinned.id.as_str(), first, second })
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

fn head_without_primary(state: &ClusterState) -> AnyView {
    let (reach, shape, name, first, second) = match &state.cluster.primary {
        Fact::Unknown { unknown } => {
            let since = format!("since {}", unknown.since);
            ("unknown", QUESTION, "unknown", "which node is primary".to_owned(), since)
        }
        Fact::Known(Some(id)) => {
            let words = "primary, not observed".to_owned();
            ("unknown", QUESTION, id.as_str(), words, String::new())
        }
        Fact::Known(None) => {
            let since = state.cluster.without_primary.as_ref();
            let since = since.map_or_else(String::new, |since| format!("since {}", since.since));
            ("no", VOID, "nobody", "is primary".to_owned(), since)
        }
    };
    let role = "none".to_owned();
    drawn(&Card { top: 0, role, reach, shape, name, first, second })
}

/// The drawing in words, for those who do not see it.
fn summary(state: &ClusterState) -> String {
    let primary = state
        .cluster
        .primary
        .word(|id| id.as_ref().map_or_else(|| "nobody".to_owned(), NodeId::to_string));
    let mut text = format!("Primary: {primary}.");
    for node in &state.nodes {
        let (first, second) = words(state, node);
        text.push_str(&format!(" {}: {}; {second}.", node.pinned.id, first.replace(" · ", ", ")));
    }
    text
}
