//! What the pages of access show.

use crate::model::action::ActionId;
use crate::model::link::{AccessAnswer, LinkAnswer};
use crate::model::refusal::Refusal;

/// Which console a page stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleScope {
    /// Where people sign in, ask and confirm.
    Whole,
    /// Where everything is read and nothing else exists.
    ReadOnly,
}

/// The links and the reader's own sessions, with the form that issues a link.
#[derive(Clone, Debug)]
pub struct AccessView {
    /// What there is.
    pub answer: AccessAnswer,
    /// The id under which the form issues a link: sending it twice is one link (C7.2).
    pub link_id: ActionId,
}

/// A link that was just issued.
#[derive(Clone, Debug)]
pub struct IssuedView {
    /// The link.
    pub answer: LinkAnswer,
    /// The whole address that opens it; absent where the link was issued before.
    pub address: Option<String>,
}

/// The page behind a link.
#[derive(Clone, Debug, Default)]
pub struct OpenLink {
    /// The secret of the link.
    pub token: String,
    /// Why the attempt before was refused.
    pub refusal: Option<Refusal>,
}
