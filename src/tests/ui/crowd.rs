//! One node and a hundred and one, with the longest names that there can be.

use crate::ui::all::{OPERATOR, draw};
use crate::ui::fixtures as made;
use crate::ui::made as more;
use aerodb_control::kernel::embedded::spec::facts::LAST;
use aerodb_control::kernel::embedded::view::Role;
use aerodb_control::model::cluster::ClusterState;
use aerodb_control::model::text::NODE_NAME_CHARS_MAX;
use aerodb_control::model::trace::{SAMPLES_MAX, Trace};
use aerodb_control::ui::{OverviewView, Page};

fn name(number: usize) -> String {
    let name = format!("replica-in-frankfurt-rack-00-{number:03}");
    assert_eq!(name.chars().count(), NODE_NAME_CHARS_MAX);
    name
}

/// A cluster of this many nodes, every ninth of which cannot be reached.
fn crowd(count: usize, last: u64) -> ClusterState {
    let node = |number: usize| {
        let name = name(number);
        if number % 9 == 8 {
            return made::lost(&name, "the node does not answer");
        }
        let role = if number == 0 { Role::Primary } else { Role::Standby };
        made::node(&name, role, last + number as u64)
    };
    made::state_of(Some(&name(0)), (0..count).map(node).collect())
}

/// Every text of a picture lies inside it, and no two rows lie on each other.
fn assert_rows_apart(html: &str, class: &str, count: usize) {
    let (_, figure) = html.split_once(&format!("<figure class=\"{class}\"")).expect(class);
    let (figure, _) = figure.split_once("</figure>").expect("its end");
    let size = figure.split("viewBox=\"").nth(1).and_then(|rest| rest.split('"').next());
    let size: Vec<u64> = size.expect("a size").split(' ').map(|n| n.parse().unwrap()).collect();
    let [0, 0, width, height] = size[..] else { panic!("{size:?}") };
    let names: Vec<&str> = figure.split("data-line=\"name\"").collect();
    assert_eq!(names.len(), count + 1, "{class}: a row for each node");
    let mut tops = Vec::new();
    for tag in figure.split("<text").skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag");
        let number = |what: &str| -> u64 {
            let value = tag.split(what).nth(1).and_then(|rest| rest.split('"').next());
            value.expect("a number").parse().expect("a number")
        };
        let (x, y) = (number(" x=\""), number(" y=\""));
        assert!(x <= width && y <= height, "{class}: {tag}");
        if tag.contains("data-line=\"name\"") {
            tops.push(y);
        }
    }
    assert!(tops.windows(2).all(|pair| pair[1] >= pair[0] + 40), "{class}: {tops:?}");
}

#[tokio::test]
async fn one_node_and_a_hundred_and_one_are_drawn_whole_without_lying_on_each_other() {
    for count in [1, 3, 101] {
        let state = crowd(count, 1_000_000);
        let overview = made::overview(state.clone(), "the node is primary");
        let mut trace = Trace::default();
        for step in 0..200 {
            trace.show(LAST, &crowd(count, 1_000_000 + step));
        }
        assert_eq!(trace.samples().len(), SAMPLES_MAX);
        let view = OverviewView { overview, trace };
        let html = draw(OPERATOR, Page::Overview(Box::new(view))).await;
        for class in ["topology", "positions", "trace"] {
            assert_rows_apart(&html, class, count);
        }
        for number in 0..count {
            assert!(html.contains(&format!("href=\"/nodes/{}\"", name(number))), "{number}");
        }
        println!("{count} nodes: {} KiB", html.len() / 1024);
        let last = name(count - 1);
        let node = Page::Node(Box::new(more::node_answer(&last, state, "plain")));
        let html = draw(OPERATOR, node).await;
        // Itself, and the primary beside it where that is another one.
        assert_rows_apart(&html, "positions", count.min(2));
    }
}
