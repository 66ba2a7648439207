//! Text for a terminal. Every line is made inert as it is added, so no renderer can forget to.

use crate::model::text::{escape_unsafe, is_unsafe_char};

/// Lines of plain text. A line that holds a control or direction character has it spelled out, a
/// line break within included: nothing from a server can move a cursor or forge a line.
#[derive(Debug, Default)]
pub struct TextLines(String);

impl TextLines {
    /// No lines.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one line.
    pub fn line(&mut self, text: impl AsRef<str>) {
        self.0.push_str(escape_unsafe(text.as_ref()).trim_end());
        self.0.push('\n');
    }

    /// Adds one line that this program made for another one, with the tabs and spaces that it has.
    pub fn verbatim(&mut self, text: &str) {
        let inert = |part: &str| escape_unsafe(part);
        self.0.push_str(&text.split('\t').map(inert).collect::<Vec<_>>().join("\t"));
        self.0.push('\n');
    }

    /// Adds an empty line, unless nothing stands above it.
    pub fn gap(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }

    /// Adds a heading after a gap.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        self.line(text);
    }

    /// Adds lines made elsewhere.
    pub fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// Adds lines made elsewhere as an indented block, in which Markdown has no markup.
    pub fn indented(&mut self, other: &Self) {
        for line in other.0.lines() {
            if !line.is_empty() {
                self.0.push_str("    ");
                self.0.push_str(line);
            }
            self.0.push('\n');
        }
    }

    /// Adds rows, each cell padded to the widest of its column.
    pub fn table(&mut self, indent: &str, rows: &[Vec<String>]) {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| escape_unsafe(cell)).collect()).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &rows {
            let padded: Vec<String> =
                row.iter().zip(&widths).map(|(cell, w)| format!("{cell:<w$}")).collect();
            self.line(format!("{indent}{}", padded.join("  ")));
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// JSON as it came, with every treacherous character in its escaped form: the same value, inert.
#[must_use]
pub fn inert_json(body: &str) -> String {
    let mut out = String::with_capacity(body.len() + 1);
    let mut units = [0u16; 2];
    for c in body.trim_end().chars() {
        if is_unsafe_char(c) && !matches!(c, '\n' | '\r' | '\t') {
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}]52;c;ZXZpbA==\u{7}b\u{1b}[2J\r\nforged: line\u{202e}c\u{9b}31m";

    #[test]
    fn nothing_in_a_line_moves_a_cursor_or_forges_a_line() {
        let mut lines = TextLines::new();
        lines.line(HOSTILE);
        lines.table("  ", &[vec![HOSTILE.to_owned(), "x".to_owned()]]);
        assert_eq!(lines.as_str().lines().count(), 2);
        assert!(!lines.as_str().chars().any(|c| is_unsafe_char(c) && c != '\n'));
        assert!(lines.as_str().contains("⟨U+001B⟩]52"));
    }

    #[test]
    fn json_for_a_terminal_is_inert_and_the_same_value() {
        let value = serde_json::json!({ "reason": HOSTILE, "flag": "\u{e0041}" });
        let body = value.to_string();
        let shown = inert_json(&body);
        assert!(!shown.trim_end().chars().any(is_unsafe_char));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
    }

    #[test]
    fn json_without_such_characters_keeps_its_bytes() {
        let body = "{\"a\":[1,2],\"b\":\"n2 → n3\"}";
        assert_eq!(inert_json(body), format!("{body}\n"));
    }

    #[test]
    fn columns_line_up_without_trailing_space() {
        let mut lines = TextLines::new();
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        lines.table("", &[row("NODE", "ROLE"), row("n10", "primary")]);
        assert_eq!(lines.as_str(), "NODE  ROLE\nn10   primary\n");
    }
}
