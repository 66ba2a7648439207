//! On the server nothing is live.

use crate::ui::live::{Following, StreamEvent};

/// Does nothing.
pub(super) fn listen(_on: impl Fn(StreamEvent) + 'static) {}

/// Does nothing.
pub(super) fn follow(_part: String, _at: String, _says: impl Fn(Following) + 'static) {}
