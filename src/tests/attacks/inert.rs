//! Judges of what came out: a page, JSON, a table or lines in which hostile text is only text.

use crate::attacks::payloads::MARK;
use aerodb_control::model::text::is_unsafe_char;
use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

/// Elements that no page of the console has.
const NEVER: &[&str] =
    &["iframe", "object", "embed", "base", "template", "math", "frame", "applet", "style"];
/// Attributes in which a text of somebody may stand. The last is the JSON that a live part begins with:
/// the reason of a freeze, for one.
const QUOTED: &[&str] = &["value", "title", "aria-label", "content", "datetime", "data-props"];

/// What is live in a page, read as a browser reads it: the tokens of the HTML standard.
pub fn live(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut inside = String::new();
    for token in Tokenizer::new_with_emitter(html, emitter).flatten() {
        match token {
            Token::StartTag(tag) => {
                inside = lossy(&tag.name);
                judge(&tag, &mut found);
            }
            Token::EndTag(_) => inside.clear(),
            Token::Comment(comment)
                if has_mark(&lossy(&comment.value))
                    || !hidden(&lossy(&comment.value)).is_empty() =>
            {
                found.push(format!("a comment: {}", lossy(&comment.value)));
            }
            // The script of the page's own is indented; nothing of anybody stands in it.
            Token::String(text) if inside == "script" => {
                let text = lossy(&text.value);
                found.extend(has_mark(&text).then(|| format!("a script: {text}")));
            }
            Token::String(text) => found.extend(hidden(&lossy(&text.value))),
            _ => {}
        }
    }
    found
}

fn judge(tag: &StartTag<()>, found: &mut Vec<String>) {
    let name = lossy(&tag.name);
    if has_mark(&name) || NEVER.contains(&name.as_str()) {
        found.push(format!("an element {name}"));
    }
    for (attribute, value) in &tag.attributes {
        let (attribute, value) = (lossy(attribute), lossy(&value.value));
        found.extend(hidden(&value));
        let low = value.trim().to_ascii_lowercase();
        let is_address =
            matches!(attribute.as_str(), "href" | "src" | "action" | "formaction" | "data");
        let leaves = is_address && (!low.starts_with(['/', '#', '?']) || low.starts_with("//"));
        let runs = attribute.starts_with("on") || matches!(attribute.as_str(), "style" | "srcdoc");
        let is_quoted = QUOTED.contains(&attribute.as_str()) || (is_address && !leaves);
        let is_known_link = name == "link" || low.starts_with("http://127.0.0.1");
        if has_mark(&attribute)
            || runs
            || (leaves && !is_known_link)
            || (has_mark(&value) && !is_quoted)
        {
            found.push(format!("<{name} {attribute}={value:.120}>"));
        }
    }
}

/// Characters that hide, reorder or move, as they stand in a text: none but a line break.
pub fn hidden(text: &str) -> Vec<String> {
    let is_hidden = |c: &char| is_unsafe_char(*c) && *c != '\n';
    let found = text.chars().filter(is_hidden).map(|c| format!("U+{:04X}", u32::from(c)));
    found.take(5).collect()
}

/// What a spreadsheet would compute, and rows that lost their form.
pub fn computed(csv: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut found = hidden(&csv.replace("\r\n", "\n"));
    for row in reader.records() {
        match row {
            Ok(row) => found.extend(
                row.iter()
                    .filter(|cell| {
                        let cell = cell.trim_start_matches(char::is_whitespace);
                        cell.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}'])
                    })
                    .map(str::to_owned),
            ),
            Err(error) => found.push(error.to_string()),
        }
    }
    found
}

/// What Markdown would make of a table: cells more or fewer, links, pictures, markup.
pub fn marked_up(markdown: &str) -> Vec<String> {
    let mut found = hidden(markdown);
    // What is indented is a block of code, in which nothing is markup.
    let is_marked = |line: &&str| !line.starts_with("    ");
    let markdown = markdown.lines().filter(is_marked).collect::<Vec<_>>().join("\n");
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    let cells = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
    let wanted = rows.first().map_or(0, |head| cells(head));
    found.extend(rows.iter().filter(|row| cells(row) != wanted).map(ToString::to_string));
    for (at, _) in markdown.match_indices(MARK) {
        let before = markdown.get(..at).unwrap_or_default();
        if before.ends_with("](") || before.ends_with("://") && !before.ends_with("\\://") {
            found.push(format!("a link at {at}"));
        }
    }
    found
}

fn has_mark(text: &str) -> bool {
    text.to_ascii_lowercase().contains(MARK)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_judges_find_what_is_live() {
    for bad in [
        "<p><zq7xkv3w></zq7xkv3w>",
        "<p><img src=x onerror=zq7xkv3w()>",
        "<a href=\"javascript:zq7xkv3w()\">x</a>",
        "<input value=\"a\" autofocus onfocus=zq7xkv3w()>",
        "<script>zq7xkv3w()</script>",
        "<!--zq7xkv3w-->",
        "<p>a\u{202e}b",
        "<iframe>",
        "<a href=//zq7xkv3w.example>x</a>",
    ] {
        assert!(!live(bad).is_empty(), "{bad}");
    }
    for good in [
        "<p>&lt;script&gt;zq7xkv3w()&lt;/script&gt;\n",
        "<input value=\"&quot; onfocus=zq7xkv3w()\">",
        "<a href=\"/log?actor=zq7xkv3w\">x</a>",
        "<title>&lt;zq7xkv3w&gt;</title>",
    ] {
        assert_eq!(live(good), Vec::<String>::new(), "{good}");
    }
    for bad in ["a\n=zq7xkv3w\n", "a\n +1\n", "a,b\n1\n", "a\n\u{1b}[2J\n"] {
        assert!(!computed(bad).is_empty(), "{bad:?}");
    }
    assert_eq!(computed("a\r\n'=zq7xkv3w\r\n"), Vec::<String>::new());
    for bad in ["| a |\n| b | c |\n", "| [x](zq7xkv3w) |\n", "| http://zq7xkv3w |\n"] {
        assert!(!marked_up(bad).is_empty(), "{bad}");
    }
    assert_eq!(marked_up("| a |\n| b\\|c http\\://zq7xkv3w |\n"), Vec::<String>::new());
}
