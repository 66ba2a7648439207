//! What a reader had done to a part before it was replaced: where the focus stood, what was open, how
//! far something was scrolled, which text was selected. It is done again to the new part.
//!
//! An element is found again by its id, else by what it says: a link by its address, a group by its
//! label. What is not there any more is not replaced by something like it, but for the focus, which
//! goes to what surrounded it.

use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlDetailsElement, HtmlElement, Node, Selection, window};

/// Everything of one part.
pub(super) struct Carried {
    /// The element that had the focus, and what surrounded it within the part, from the inside out.
    focus: Vec<Mark>,
    open: Vec<(Mark, bool)>,
    scrolled: Vec<(Mark, (i32, i32))>,
    selected: Option<Selected>,
    page: (f64, f64),
}

/// How an element is found again.
struct Mark {
    tag: String,
    id: String,
    label: String,
    /// Which one it is of those that say the same.
    number: usize,
}

/// A selection of text: both ends as places in the tree.
struct Selected {
    ends: [(Vec<u32>, u32); 2],
    text: String,
}

impl Carried {
    /// Looks at a part before it is replaced.
    pub(super) fn of(part: &Element) -> Self {
        let page = window().map_or((0.0, 0.0), |window| {
            (window.scroll_x().unwrap_or_default(), window.scroll_y().unwrap_or_default())
        });
        let open = all(part, "details")
            .into_iter()
            .filter_map(|element| {
                let is_open = element.dyn_ref::<HtmlDetailsElement>()?.open();
                Some((Mark::of(part, &element), is_open))
            })
            .collect();
        let scrolled = all(part, "[tabindex]")
            .into_iter()
            .map(|element| {
                let at = (element.scroll_left(), element.scroll_top());
                (element, at)
            })
            .filter(|(_, at)| *at != (0, 0))
            .map(|(element, at)| (Mark::of(part, &element), at))
            .collect();
        Self { focus: focus(part), open, scrolled, selected: Selected::of(part), page }
    }

    /// Does the same to the part that took its place.
    pub(super) fn onto(&self, part: &Element) {
        for (mark, is_open) in &self.open {
            let found = mark.find(part);
            if let Some(details) = found.as_ref().and_then(JsCast::dyn_ref::<HtmlDetailsElement>) {
                details.set_open(*is_open);
            }
        }
        for (mark, (left, top)) in &self.scrolled {
            if let Some(element) = mark.find(part) {
                element.set_scroll_left(*left);
                element.set_scroll_top(*top);
            }
        }
        let quietly = FocusOptions::new();
        quietly.set_prevent_scroll(true);
        for found in self.focus.iter().filter_map(|mark| mark.find(part)) {
            if let Some(element) = found.dyn_ref::<HtmlElement>() {
                let _ = element.focus_with_options(&quietly);
            }
            if focused().is_some_and(|focused| focused == found) {
                break;
            }
        }
        if let Some(selected) = &self.selected {
            selected.onto(part);
        }
        if let Some(window) = window() {
            window.scroll_to_with_x_and_y(self.page.0, self.page.1);
        }
    }
}

impl Mark {
    fn of(part: &Element, element: &Element) -> Self {
        let (tag, label) = (element.tag_name(), label(element));
        let number = alike(part, &tag, &label).take_while(|other| other != element).count();
        Self { tag, id: element.id(), label, number }
    }

    fn find(&self, part: &Element) -> Option<Element> {
        let by_id = || all(part, "[id]").into_iter().find(|element| element.id() == self.id);
        match self.id.as_str() {
            "" => alike(part, &self.tag, &self.label).nth(self.number),
            _ => by_id(),
        }
    }
}

/// What an element says of itself: its label, where it leads, or what stands in it.
fn label(element: &Element) -> String {
    let summary = || element.query_selector("summary").ok().flatten()?.text_content();
    element
        .get_attribute("aria-label")
        .or_else(|| element.get_attribute("href"))
        .or_else(summary)
        .or_else(|| element.text_content())
        .unwrap_or_default()
}

fn alike(part: &Element, tag: &str, label: &str) -> impl Iterator<Item = Element> {
    let found = all(part, tag);
    found.into_iter().filter(move |element| self::label(element) == label)
}

fn all(part: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = part.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|number| found.item(number)?.dyn_into().ok()).collect()
}

fn focused() -> Option<Element> {
    window()?.document()?.active_element()
}

fn focus(part: &Element) -> Vec<Mark> {
    let is_within = |element: &Element| part.contains(Some(element.as_ref())) && element != part;
    let inner = focused().filter(is_within);
    let around = |element: &Element| element.parent_element().filter(|parent| parent != part);
    std::iter::successors(inner, around)
        .enumerate()
        .filter(|(number, element)| *number == 0 || element.has_attribute("tabindex"))
        .map(|(_, element)| Mark::of(part, &element))
        .collect()
}

impl Selected {
    fn of(part: &Element) -> Option<Self> {
        let selection = selection()?;
        let text = String::from(selection.to_string());
        if selection.is_collapsed() || text.is_empty() {
            return None;
        }
        let anchor = (path(part, selection.anchor_node()?)?, selection.anchor_offset());
        let focus = (path(part, selection.focus_node()?)?, selection.focus_offset());
        Some(Self { ends: [anchor, focus], text })
    }

    /// Selects the same text again; where another text stands there now, nothing is selected.
    fn onto(&self, part: &Element) {
        let Some(selection) = selection() else { return };
        let [(anchor, from), (focus, to)] = &self.ends;
        let ends = walk(part, anchor).zip(walk(part, focus));
        let is_done = ends.is_some_and(|(anchor, focus)| {
            selection.set_base_and_extent(&anchor, *from, &focus, *to).is_ok()
        });
        if !is_done || selection.to_string() != self.text.as_str() {
            let _ = selection.remove_all_ranges();
        }
    }
}

fn selection() -> Option<Selection> {
    window()?.get_selection().ok().flatten()
}

/// The way from the part to a node in it, as the number of each child.
fn path(part: &Element, node: Node) -> Option<Vec<u32>> {
    let mut way = Vec::new();
    let mut now = node;
    while !now.is_same_node(Some(part.as_ref())) {
        let before = std::iter::successors(now.previous_sibling(), Node::previous_sibling);
        way.push(u32::try_from(before.count()).ok()?);
        now = now.parent_node()?;
    }
    way.reverse();
    Some(way)
}

fn walk(part: &Element, way: &[u32]) -> Option<Node> {
    let part: Node = part.clone().into();
    way.iter().try_fold(part, |node, number| node.child_nodes().item(*number))
}
