//! Text from people and from the cluster: parsed once, at the edge, into types that cannot be wrong.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Longest node name, in characters; it has to fit a table cell and a prompt.
pub const NODE_NAME_CHARS_MAX: usize = 32;
/// Longest account name, in characters.
pub const ACTOR_NAME_CHARS_MAX: usize = 64;
/// Longest reason, in characters; a reason is a sentence, not a document.
pub const REASON_CHARS_MAX: usize = 500;
/// Longest cluster or environment name, in characters.
pub const PLACE_NAME_CHARS_MAX: usize = 48;

/// One field of a request that cannot be what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {required}; found {found}")]
pub struct InputError {
    /// The field, as the form and the API spell it.
    pub field: String,
    /// What was sent, made safe to print and cut to a line.
    pub found: String,
    /// What the field must be.
    pub required: String,
}

impl InputError {
    /// Builds the error; `found` is quoted and made printable here, so no caller can forget to.
    #[must_use]
    pub fn new(field: &str, found: &str, required: impl Into<String>) -> Self {
        Self { field: escape_unsafe(field), found: quoted(found), required: required.into() }
    }
}

const FOUND_CHARS_MAX: usize = 60;

fn quoted(found: &str) -> String {
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let count = found.chars().count();
    let head: String = found.chars().take(FOUND_CHARS_MAX).collect();
    let cut = (count > FOUND_CHARS_MAX).then(|| format!("… ({count} characters)"));
    format!("\"{}\"{}", escape_unsafe(&head), cut.unwrap_or_default())
}

/// Whether a character can move a cursor, hide text or reorder a line.
#[must_use]
pub fn is_unsafe_char(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A place in a log of bytes as its two halves of 32 bits, in hexadecimal digits: `0/3000148`.
#[must_use]
pub fn in_halves(offset: u64) -> String {
    format!("{:X}/{:X}", offset >> 32, offset & 0xffff_ffff)
}

/// A number of bytes in the largest binary unit that leaves a whole number before the point, with one
/// decimal that is cut and not rounded: what is said to be there is there.
#[must_use]
pub fn in_binary_units(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = UNITS.iter().find(|(_, power)| bytes >> power > 0);
    match unit {
        None => format!("{bytes} bytes"),
        Some((name, power)) => {
            let rest = bytes - ((bytes >> power) << power);
            format!("{}.{} {name}", bytes >> power, (rest * 10) >> power)
        }
    }
}

/// Spells every treacherous character out as `⟨U+001B⟩`, so that text is inert in a page, a log
/// line and a terminal.
#[must_use]
pub fn escape_unsafe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe_char(c) {
            out.push_str(&format!("⟨U+{:04X}⟩", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}

fn slug(field: &str, text: &str, chars_max: usize, extra: &str) -> Result<String, InputError> {
    let required = || {
        let also = if extra.is_empty() { String::new() } else { format!(" or one of {extra}") };
        format!(
            "1 to {chars_max} characters, each a lower-case letter, a digit or a hyphen{also}, beginning with a letter or digit"
        )
    };
    let ok = !text.is_empty()
        && text.chars().count() <= chars_max
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || extra.contains(c));
    if ok { Ok(text.to_owned()) } else { Err(InputError::new(field, text, required())) }
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_type! {
    /// The name of one node of the cluster, such as `n1`.
    NodeId
}

impl NodeId {
    /// Parses a node name.
    ///
    /// # Errors
    /// When the text is empty, too long, or holds anything but lower-case letters, digits, hyphens.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        Self::parse_field("node", text)
    }

    /// Parses a node name that arrived in the parameter `field`.
    ///
    /// # Errors
    /// As [`NodeId::parse`]; the error names `field`.
    pub fn parse_field(field: &str, text: &str) -> Result<Self, InputError> {
        slug(field, text, NODE_NAME_CHARS_MAX, "").map(Self)
    }

    /// The number of a node that is named like [`NodeId::numbered`].
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let number = self.0.strip_prefix('n')?.parse().ok()?;
        (Self::numbered(number) == *self).then_some(number)
    }

    /// The name of the node with this number: `n1`, `n2` and so on.
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        Self(format!("n{number}"))
    }
}

text_type! {
    /// The name of a person or a program that has an account.
    ActorName
}

impl ActorName {
    /// Parses an account name.
    ///
    /// # Errors
    /// When the text is empty, too long, or holds characters other than `a-z 0-9 - . _ @`.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        slug("name", text, ACTOR_NAME_CHARS_MAX, "._@").map(Self)
    }
}

text_type! {
    /// The name of a cluster or of an environment, such as `aerodb` or `staging`.
    PlaceName
}

impl PlaceName {
    /// Parses a cluster or environment name that stands in the setting `field`.
    ///
    /// # Errors
    /// When the text is empty, too long, or holds characters other than `a-z 0-9 - . _`.
    pub fn parse_field(field: &str, text: &str) -> Result<Self, InputError> {
        slug(field, text, PLACE_NAME_CHARS_MAX, "._").map(Self)
    }

    /// Parses a name where no field is known.
    ///
    /// # Errors
    /// As [`PlaceName::parse_field`].
    pub fn parse(text: &str) -> Result<Self, InputError> {
        Self::parse_field("name", text)
    }
}

text_type! {
    /// Why an operator asks for something: one line of plain text (C3.1).
    Reason
}

impl Reason {
    /// Parses a reason; white space around it is dropped.
    ///
    /// # Errors
    /// When it is empty, too long, holds control or direction characters, or holds markup: a reason
    /// is read aloud and quoted into tickets, so nothing in it may look like an instruction.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        Self::parse_field("reason", text)
    }

    /// Parses a line of plain text that arrived in the field `field`.
    ///
    /// # Errors
    /// As [`Reason::parse`]; the error names `field`.
    pub fn parse_field(field: &str, text: &str) -> Result<Self, InputError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InputError::new(field, text, "a line of text that says why"));
        }
        if text.chars().count() > REASON_CHARS_MAX {
            return Err(InputError::new(
                field,
                text,
                format!("at most {REASON_CHARS_MAX} characters"),
            ));
        }
        if text.chars().any(is_unsafe_char) {
            return Err(InputError::new(
                field,
                text,
                "plain text on one line, without control or direction characters",
            ));
        }
        if has_markup(text) {
            return Err(InputError::new(field, text, "plain text without markup such as <tag>"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Markup begins where `<` meets a letter or one of `/ ! ?`; "lag < 5" is plain text.
fn has_markup(text: &str) -> bool {
    let after = text.chars().skip(1);
    text.chars()
        .zip(after)
        .any(|(a, b)| a == '<' && (b.is_ascii_alphabetic() || matches!(b, '/' | '!' | '?')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_name_is_a_short_lower_case_slug() {
        for bad in ["", "N1", "n 1", "-n", "n/1", "n\u{202e}1", &"n".repeat(33)] {
            let error = NodeId::parse_field("to", bad).expect_err(bad);
            assert_eq!(error.field, "to", "{bad:?}");
        }
        assert_eq!(NodeId::parse("n1").expect("a plain name").as_str(), "n1");
    }

    #[test]
    fn a_reason_refuses_markup_and_hidden_characters_but_not_a_plain_comparison() {
        let long = "x".repeat(REASON_CHARS_MAX + 1);
        for bad in [
            "",
            "  ",
            "<script>alert(1)</script>",
            "</b>",
            "a\u{1b}[2J",
            "a\nb",
            "a\u{202e}b",
            &long,
        ] {
            assert_eq!(Reason::parse(bad).expect_err(bad).field, "reason");
        }
        assert_eq!(
            Reason::parse(" lag < 5 & rising ").expect("plain").as_str(),
            "lag < 5 & rising"
        );
    }

    #[test]
    fn an_error_never_carries_a_character_that_could_move_a_cursor() {
        let error = NodeId::parse("a\u{1b}]52;c\u{7}").expect_err("control characters");
        assert_eq!(error.found, "\"a⟨U+001B⟩]52;c⟨U+0007⟩\"");
    }

    #[test]
    fn bytes_are_said_in_the_largest_unit_and_never_as_more_than_they_are() {
        for (bytes, said) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1024 * 1024 - 1, "1023.9 KiB"),
            (64 << 30, "64.0 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(in_binary_units(bytes), said);
        }
    }
}
