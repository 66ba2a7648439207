//! On the server nothing is live.

use crate::ui::live::{Event, Following};

/// Does nothing.
pub(super) fn listen(_on: impl Fn(Event) + 'static) {}

/// Does nothing.
pub(super) fn follow(_part: String, _at: String, _says: impl Fn(Following) + 'static) {}
