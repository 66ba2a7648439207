//! The kernels whose facts this program can put in words.

use super::words;
use crate::model::pinned::ClusterIdentity;
use crate::model::spec::KernelSpec;
use crate::text::lines::TextLines;

/// An answer about a cluster in the words of its kernel, or a line that says that they are not known.
pub(super) fn in_words(
    identity: &ClusterIdentity,
    words: impl FnOnce(&'static KernelSpec) -> TextLines,
) -> TextLines {
    if let Some(spec) = words::spec(&identity.kernel) {
        return words(spec);
    }
    let mut lines = TextLines::new();
    let kernel = &identity.kernel;
    lines.line(format!("This program does not know the kernel {kernel}: ask with --json."));
    lines
}
