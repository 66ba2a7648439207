//! A network that loses messages of one kind.

use crate::kernel::embedded::probe::{MessageCarrier, Transit};
use raft::eraftpb::{Message, MessageType};
use std::collections::VecDeque;

/// Messages arrive in the order in which they were sent, but for those of one kind.
pub(super) enum Network {
    /// All arrive.
    Calm,
    /// These never arrive, and nobody is told.
    Swallows(MessageType),
    /// These never arrive, and the sender is told.
    Returns(MessageType),
}

impl MessageCarrier for Network {
    fn take(&mut self, wire: &mut VecDeque<Message>) -> Option<Transit> {
        let message = wire.pop_front()?;
        Some(match self {
            Self::Swallows(kind) if message.msg_type == *kind => Transit::Vanished,
            Self::Returns(kind) if message.msg_type == *kind => Transit::Lost(message),
            _ => Transit::Arrives(message),
        })
    }
}
