//! Words that a kernel's spec defines: a browser and a verifier read records with the words of kernels
//! that they were not built with, so what they check is the form.

/// Longest word, in bytes: the longest in use has 24.
pub const WORD_BYTES_MAX: usize = 47;

/// Whether a text is a word: a lower-case letter, then lower-case letters, digits and underscores, at
/// most [`WORD_BYTES_MAX`] of them.
#[must_use]
pub const fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some((byte, is_first)) = byte_at(bytes, at) {
        let fits =
            byte.is_ascii_lowercase() || (!is_first && (byte.is_ascii_digit() || byte == b'_'));
        if !fits {
            return false;
        }
        at += 1;
    }
    at > 0 && at <= WORD_BYTES_MAX
}

/// The byte at a place, and whether it is the first.
const fn byte_at(bytes: &[u8], at: usize) -> Option<(u8, bool)> {
    match bytes.split_at_checked(at) {
        Some((_, [byte, ..])) => Some((*byte, at == 0)),
        Some((_, [])) | None => None,
    }
}

/// The bytes of a word, with zeros after them, so that words compare as their texts do.
pub(super) const fn packed(word: &str) -> [u8; WORD_BYTES_MAX] {
    assert!(is_word(word), "a word of lower-case letters, digits and underscores");
    let mut bytes = [0; WORD_BYTES_MAX];
    let (to, _) = bytes.split_at_mut(word.len());
    to.copy_from_slice(word.as_bytes());
    bytes
}

/// The text of [`packed`] bytes.
pub(super) fn unpacked(bytes: &[u8; WORD_BYTES_MAX]) -> &str {
    let text = std::str::from_utf8(bytes).expect("a word is ASCII");
    text.trim_end_matches('\0')
}

/// A type whose values are words of one kind. They are kept in place, so they are copied.
macro_rules! word_type {
    ($(#[$doc:meta])* $name:ident $field:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $crate::model::word::WORD_BYTES_MAX]);

        impl $name {
            /// The word of a spec, checked where it is compiled.
            ///
            /// # Panics
            /// When the text is no word. In a constant that is an error of the build.
            #[must_use]
            pub const fn of(word: &'static str) -> Self {
                Self($crate::model::word::packed(word))
            }

            /// Parses a word of any kernel: its form is checked, and no list of words.
            ///
            /// # Errors
            /// When it is no lower-case word.
            pub fn parse_form(text: &str) -> Result<Self, $crate::model::text::InputError> {
                if $crate::model::word::is_word(text) {
                    return Ok(Self($crate::model::word::packed(text)));
                }
                let required = "a word of lower-case letters, digits and underscores";
                Err($crate::model::text::InputError::new($field, text, required))
            }

            /// The word in URLs, JSON and the command line.
            #[must_use]
            pub fn word(&self) -> &str {
                $crate::model::word::unpacked(&self.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.word())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                Self::parse_form(&String::deserialize(d)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use word_type;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::model::action::ActionKind as Tried;

    #[test]
    fn a_word_is_short_and_lower_case_and_reads_back() {
        let longest = "a".repeat(WORD_BYTES_MAX);
        for good in ["a", "switchover", "take_offline", "v2", &longest] {
            let word = Tried::parse_form(good).expect(good);
            assert_eq!(word.word(), good);
            let json = serde_json::to_string(&word).expect("text");
            assert_eq!(json, format!("\"{good}\""));
            assert_eq!(serde_json::from_str::<Tried>(&json).expect("own form"), word);
        }
        let long = "a".repeat(WORD_BYTES_MAX + 1);
        for bad in ["", "_a", "2v", "A", "a b", "a-b", "a\0", "\u{e4}", "<b>", &long] {
            assert_eq!(Tried::parse_form(bad).expect_err(bad).field, "kind", "{bad:?}");
        }
    }

    #[test]
    fn words_are_in_the_order_of_their_texts() {
        let mut texts = ["b", "a_b", "a", "ab", "a1", "aa_"];
        let mut words = texts.map(|text| Tried::parse_form(text).expect(text));
        texts.sort_unstable();
        words.sort_unstable();
        assert_eq!(words.map(|word| word.word().to_owned()), texts.map(str::to_owned));
    }
}
