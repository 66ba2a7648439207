//! `--version`: which program this is, and which forms of files it writes.

use crate::serve::stored_forms;
use std::sync::OnceLock;

/// Letters of the hash of a commit, in either of the forms that there are.
const COMMIT_CHARS: [usize; 2] = [40, 64];
/// What a build adds that was not made of a commit alone.
const MODIFIED: &str = "-modified";

/// The text, of a build that was told this commit.
pub(super) fn text(commit: Option<&str>) -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| made_of(commit))
}

fn made_of(commit: Option<&str>) -> String {
    let forms = stored_forms().map(|(name, version)| format!("{name} {version}"));
    let commit = commit.filter(|commit| is_commit(commit));
    let commit = commit.unwrap_or("unknown: it was not built from a repository");
    let version = env!("CARGO_PKG_VERSION");
    format!("{version}\ncommit: {commit}\nstored forms: {}", forms.join(", "))
}

/// A build can be told anything.
fn is_commit(text: &str) -> bool {
    let hash = text.strip_suffix(MODIFIED).unwrap_or(text);
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    COMMIT_CHARS.contains(&hash.len()) && hash.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_a_commit_says_so_in_words_and_never_a_guess() {
        let sha256 = "0".repeat(64);
        let of =
            |commit: Option<&str>| made_of(commit).lines().nth(1).unwrap_or_default().to_owned();
        let sha1 = "0e0d48a1f4b4f2f4f0c4e9d5a1b2c3d4e5f60718";
        for good in [sha1, &format!("{sha1}-modified"), &sha256] {
            assert_eq!(of(Some(good)), format!("commit: {good}"));
        }
        for none in [
            None,
            Some(""),
            Some("main"),
            Some("0e0d48a"),
            Some(&sha1.to_uppercase()),
            Some("-modified"),
        ] {
            assert!(of(none).starts_with("commit: unknown"), "{none:?}");
        }
        let forged = format!("{sha1}\nstored forms: none");
        assert!(of(Some(&forged)).starts_with("commit: unknown"));
    }
}
