//! The words of the kernel that a server has: those that are compiled in, or what the server itself says.
//!
//! Every answer names its kernel. Where this program was built without that one, it asks the server for
//! its words once, and until they came a word is said as it is: nothing is guessed.

use super::CATALOGUE;
use crate::kernel::COMPILED_IN;
use crate::model::spec::{Catalogue, KernelSpec};
use std::sync::OnceLock;

/// A command talks to one server, which has one kernel.
static LEARNT: OnceLock<Option<&'static KernelSpec>> = OnceLock::new();

/// The words to put an answer in.
pub(super) fn catalogue() -> Catalogue {
    match LEARNT.get() {
        None => CATALOGUE,
        Some(learnt) => learnt.map_or_else(Catalogue::default, Catalogue::from),
    }
}

/// What is known of a kind of kernel.
pub(super) fn spec(kind: &str) -> Option<&'static KernelSpec> {
    let learnt = LEARNT.get().copied().flatten();
    COMPILED_IN.iter().chain(learnt).find(|spec| spec.kind == kind)
}

/// Whether the server was asked for its words, whatever it answered.
pub(super) fn has_asked() -> bool {
    LEARNT.get().is_some()
}

/// Keeps what a server says of its kernel. Where it says nothing that can be read, a word is said as it
/// is: those of another kernel would be the wrong ones.
pub(super) fn learn(json: Option<&serde_json::Value>) {
    // Another thread of this command may have asked the same server.
    let _ = LEARNT.set(json.and_then(|json| KernelSpec::read(json).ok()));
}

/// The words for what was written over this kind of kernel, without a server that could be asked.
pub(super) fn of_kernel(kind: Option<&str>) -> Catalogue {
    kind.and_then(spec).map_or_else(Catalogue::default, Catalogue::from)
}
