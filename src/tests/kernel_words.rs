//! The words of the kernels that the program was built with, for tests that go through all of them.

use aerodb_control::kernel::COMPILED_IN;
use aerodb_control::model::action::ActionKind;
use aerodb_control::model::spec::Catalogue;

/// What the kernels say of themselves.
pub const CATALOGUE: Catalogue = Catalogue::of(&COMPILED_IN);

/// Every kind of action, in order.
pub fn kinds() -> impl Iterator<Item = ActionKind> + Clone {
    CATALOGUE.actions().map(|action| action.kind)
}
