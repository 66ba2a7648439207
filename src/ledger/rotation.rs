//! How a log changes its key: a note that the old key and the new one have both signed. Pure.
//!
//! The old key's signature says that whoever may sign the log wants the new one; without it anybody
//! with the disk could name a key of their own. The new key's says that somebody holds it, so no log
//! can be made to lead to a key of somebody else.

use crate::ledger::note::{LogKey, LogSigner, NoteError, root_of, root_text};
use crate::ledger::tree::TreeHead;

/// The first line of the note. It is no head: a head has three lines.
const TITLE: &str = "aerodb log key rotation v1";

/// The note that takes a log of these records from one key to the next.
#[must_use]
pub fn rotate(old: &LogSigner, new: &LogSigner, before: TreeHead) -> String {
    let text = text(&old.public(), &new.public(), before);
    format!("{text}\n{}{}", old.signature_line(&text), new.signature_line(&text))
}

/// Checks that a note takes a log from one key to the next, and answers of which records that log
/// was.
///
/// # Errors
/// When it says something else, or one of the two has not signed it.
pub fn check_rotation(old: &LogKey, new: &LogKey, note: &str) -> Result<TreeHead, NoteError> {
    let said = old.signed_text(note)?;
    new.signed_text(note)?;
    let wrong = |why| NoteError::Form { what: "the note of a rotation", why };
    let lines: Vec<&str> = said.split('\n').collect();
    let [TITLE, _, _, size, root, ""] = lines.as_slice() else {
        return Err(wrong("it has a title and four lines"));
    };
    let size = size.parse().map_err(|_| wrong("its size is no whole number"))?;
    let root = root_of(root).ok_or_else(|| wrong("its root is not 32 bytes in base64"))?;
    let before = TreeHead { size, root };
    if old.name() != new.name() || said != text(old, new, before) {
        return Err(wrong("it is about other keys"));
    }
    Ok(before)
}

fn text(old: &LogKey, new: &LogKey, before: TreeHead) -> String {
    format!("{TITLE}\n{old}\n{new}\n{}\n{}\n", before.size, root_text(before.root))
}
