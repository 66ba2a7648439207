//! On the server there is no window, and nobody's local time.

use leptos::web_sys::HtmlDialogElement;

/// Does nothing.
pub(super) fn label_all_times() {}

/// Does nothing.
pub(super) fn listen(_dialog: impl Fn() -> Option<HtmlDialogElement> + 'static) {}

/// Does nothing.
pub(super) fn close(_dialog: Option<HtmlDialogElement>) {}
