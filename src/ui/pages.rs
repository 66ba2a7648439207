//! One file for each page: it takes the data of its address and arranges components.

mod access;
mod action;
mod actions;
mod checklist;
mod contract;
mod go;
mod help;
mod link;
mod log;
mod new_action;
mod node;
mod observation;
mod overview;
mod record;
mod reference;
mod refused;
mod report;
mod sign_in;
mod stakeholder;
mod timeline;

use crate::model::actor::ActorRole;
use crate::ui::components::notice::{self, for_operators};
use crate::ui::{ConsoleScope, Frame, Page};
use leptos::prelude::*;

/// What stands under the heading of a page.
#[must_use]
pub fn body(frame: &Frame, page: Page) -> AnyView {
    let viewer = frame.viewer();
    match page {
        Page::Overview(data) if viewer == Some(ActorRole::Stakeholder) => {
            stakeholder::overview(frame.spec, *data)
        }
        Page::Timeline(data) if viewer == Some(ActorRole::Stakeholder) => {
            stakeholder::timeline(&data)
        }
        Page::Action(data) if viewer == Some(ActorRole::Stakeholder) => {
            stakeholder::action(frame.spec, &data)
        }
        Page::SignIn(data) => sign_in::sign_in(&data),
        Page::Leaving(data) => sign_in::leaving(&data),
        Page::Returned(data) => sign_in::returned(&data),
        Page::SetUp(data) => sign_in::set_up(&data),
        Page::OpenLink(data) => link::open(&data),
        Page::Issued(data) => link::issued(&data),
        Page::Access(data) => access::own(&data, frame),
        Page::Everybody(data) => access::everybody(&data),
        Page::Overview(data) => overview::overview(frame, *data),
        Page::Catalogue => new_action::catalogue(viewer),
        Page::NewAction(data) => new_action::new_action(frame, &data),
        Page::Actions(data) => actions::actions(&data, frame),
        Page::Action(data) => action::action(frame, &data),
        Page::Node(data) => node::node(frame, &data),
        Page::Checklist(data) => checklist::checklist(frame.spec, &data, viewer),
        Page::Timeline(data) => timeline::timeline(&data),
        Page::Log(data) => log::log(&data, frame),
        Page::Record(data) => record::record(&data),
        Page::Observation(data) => observation::observation(frame.spec, &data),
        Page::Report(data) => report::action(frame.spec, &data),
        Page::Window(data) => report::window(frame.spec, &data),
        Page::Reference(privileged) => reference::reference(&privileged),
        Page::ReferenceAction(entry) => reference::of_action(entry),
        Page::ReferenceFailures => reference::failures(),
        Page::Help => help::help(frame),
        Page::Go(typed) => go::go(frame, &typed),
        Page::Refused(data) => refused::refused(&data, frame.console),
    }
}

/// Whether all of the console exists where the page stands.
fn is_whole(frame: &Frame) -> bool {
    frame.console == ConsoleScope::Whole
}

fn refusal(refusal: Option<&crate::model::refusal::Refusal>) -> Option<AnyView> {
    refusal.map(notice::refusal)
}
