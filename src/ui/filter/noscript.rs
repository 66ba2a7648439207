//! On the server a form is answered with a page.

/// Does nothing.
pub(super) fn listen(_say: impl Fn(String) + Clone + 'static) {}
