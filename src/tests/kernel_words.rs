//! The words of the embedded kernel, which every server has that tests put together.

use aerodb_control::kernel::embedded::spec::SPEC;
use aerodb_control::model::action::ActionKind;
use aerodb_control::model::spec::Catalogue;

/// What the embedded kernel says of itself: that of every server that tests put together.
pub const CATALOGUE: Catalogue = Catalogue::of(std::slice::from_ref(&SPEC));

/// Every kind of action of the embedded kernel, in order.
pub fn kinds() -> impl Iterator<Item = ActionKind> + Clone {
    CATALOGUE.actions().map(|action| action.kind)
}
