//! On the server there is no window, and nobody's local time.

use crate::model::ambient::Timestamp;
use leptos::web_sys::HtmlDialogElement;

/// What stands beside a time: nothing.
#[must_use]
pub fn beside(_at: Timestamp) -> Option<String> {
    None
}

/// Does nothing.
pub(super) fn beside_all() {}

/// Does nothing.
pub(super) fn listen(_dialog: impl Fn() -> Option<HtmlDialogElement> + 'static) {}

/// Does nothing.
pub(super) fn close(_dialog: Option<HtmlDialogElement>) {}
