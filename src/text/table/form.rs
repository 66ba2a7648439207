//! The forms of a list: how a head, a row and an end are written in each. A cell is text in all of them.

use crate::model::text::escape_unsafe;
use csv::{Terminator, WriterBuilder};

/// What a list becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableForm {
    /// RFC 4180, with a head.
    Csv,
    /// One document, with a row on each line.
    Json,
    /// A table of GitHub-flavoured Markdown, under a heading.
    Markdown,
    /// A page of HTML without navigation or script, to be printed.
    Page,
}

impl TableForm {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Json, Self::Markdown, Self::Page];

    /// What the last line begins with where a list is whole: a copy that ends otherwise is not.
    #[must_use]
    pub fn complete_line(self) -> &'static str {
        match self {
            Self::Csv => "complete,",
            Self::Json => "],\"end\":{\"complete\":",
            Self::Markdown => "complete: ",
            Self::Page => "<p class=\"end\">complete: ",
        }
    }
}

/// A row of CSV, after which the line ends as RFC 4180 says.
pub(super) fn csv(cells: impl IntoIterator<Item = String>) -> String {
    let mut writer =
        WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new());
    writer.write_record(cells).expect("memory takes every byte");
    let bytes = writer.into_inner().expect("memory takes every byte");
    String::from_utf8(bytes).expect("cells are text")
}

/// A row of Markdown, of cells that were escaped.
pub(super) fn markdown(cells: impl IntoIterator<Item = String>) -> String {
    format!("| {} |\n", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

/// A row of HTML; `cell` is the name of its elements.
pub(super) fn html(cell: &str, cells: impl IntoIterator<Item = String>) -> String {
    let cells = cells.into_iter().map(|text| format!("<{cell}>{}</{cell}>", as_html(&text)));
    format!("<tr>{}</tr>\n", cells.collect::<String>())
}

/// A cell that no spreadsheet takes for a formula: an apostrophe stands before what would begin one.
pub(super) fn guarded(cell: &str) -> String {
    let cell = escape_unsafe(cell);
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    if cell.trim_start().starts_with(begins) { format!("'{cell}") } else { cell }
}

/// A cell without markup.
pub(super) fn as_markdown(cell: &str) -> String {
    let cell = escape_unsafe(cell);
    let mut text = String::with_capacity(cell.len());
    for c in cell.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '!')
        {
            text.push('\\');
        }
        text.push(c);
    }
    // An address would become a link by itself.
    text.replace("://", "\\://").replace("www.", "www\\.")
}

/// Text as it can stand in an element or between the quotes of an attribute.
pub(super) fn as_html(text: &str) -> String {
    let text = escape_unsafe(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
