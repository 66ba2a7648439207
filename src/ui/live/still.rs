//! On the server nothing is live.

use crate::model::answer::Overview;
use crate::ui::live::Event;

/// Does nothing.
pub(super) fn listen(_on: impl Fn(Event) + 'static) {}

/// Does nothing.
pub(super) fn overviews(_read: impl Fn(Option<Overview>) + 'static, _lost: impl Fn() + 'static) {}
