//! A page of a list as a table: CSV for spreadsheets, Markdown for tickets. What people typed stands in
//! a cell as text and is never a formula, a link or markup.

use crate::model::answer::{ActionLine, ActionPage, Interrupted, LogPage, StoredRecord};
use crate::model::text::visible;
use csv::{Terminator, WriterBuilder};

/// A table with a head.
#[derive(Debug)]
pub struct Table {
    title: &'static str,
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

const LOG: &[&str] =
    &["seq", "at", "clock", "actor", "role", "via", "action_id", "kind", "what", "hash"];
const ACTIONS: &[&str] =
    &["seq", "id", "kind", "params", "requested_by", "requested_at", "stage", "interrupted"];

impl Table {
    /// The records of a page of the log.
    #[must_use]
    pub fn of_log(page: &LogPage) -> Self {
        Self { title: "Log", head: LOG, rows: page.records.iter().map(record).collect() }
    }

    /// The actions of a page.
    #[must_use]
    pub fn of_actions(page: &ActionPage) -> Self {
        Self { title: "Actions", head: ACTIONS, rows: page.actions.iter().map(action).collect() }
    }

    /// RFC 4180, with a head.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(self.head).expect("memory takes every byte");
        for row in &self.rows {
            let cells = row.iter().map(|cell| guarded(&visible(cell)));
            writer.write_record(cells).expect("every row has the cells of the head");
        }
        let bytes = writer.into_inner().expect("memory takes every byte");
        String::from_utf8(bytes).expect("cells are text")
    }

    /// A table of GitHub-flavoured Markdown, under a heading.
    #[must_use]
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut text = format!("# {}\n\n", self.title);
        text.push_str(&line(self.head.iter().map(|cell| escaped(cell)).collect()));
        text.push_str(&line(vec!["---".to_owned(); self.head.len()]));
        for row in &self.rows {
            text.push_str(&line(row.iter().map(|cell| escaped(&visible(cell))).collect()));
        }
        text
    }
}

fn record(stored: &StoredRecord) -> Vec<String> {
    let record = &stored.record;
    let (name, role, via) = record.actor.as_ref().map_or_else(Default::default, |actor| {
        (actor.name.to_string(), actor.role.to_string(), actor.via.word().to_owned())
    });
    vec![
        record.seq.to_string(),
        record.at.to_string(),
        record.clock.clone(),
        name,
        role,
        via,
        record.action_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        record.entry.word().to_owned(),
        record.entry.sentence(),
        stored.hash.to_string(),
    ]
}

fn action(line: &ActionLine) -> Vec<String> {
    let params = line.action.params();
    let params: Vec<String> = params.iter().map(|(name, v)| format!("{name} {v}")).collect();
    let interrupted = match line.interrupted {
        Some(Interrupted::NeverSent) => "never_sent",
        Some(Interrupted::OutcomeUnknown) => "outcome_unknown",
        None => "",
    };
    vec![
        line.seq.to_string(),
        line.id.to_string(),
        line.action.kind().to_string(),
        params.join(", "),
        line.requested_by.to_string(),
        line.requested_at.to_string(),
        line.stage.to_string(),
        interrupted.to_owned(),
    ]
}

/// A cell that no spreadsheet takes for a formula: an apostrophe stands before what would begin one.
fn guarded(cell: &str) -> String {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    if cell.trim_start().starts_with(begins) { format!("'{cell}") } else { cell.to_owned() }
}

/// A cell without markup.
fn escaped(cell: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn table(cell: &str) -> Table {
        let rows = vec![vec![cell.to_owned(), "x".to_owned()]];
        Table { title: "T", head: &["a", "b"], rows }
    }

    #[test]
    fn what_somebody_typed_is_never_a_formula() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1", "=HYPERLINK(\"http://x\",\"y\")"]
        {
            let csv = table(bad).csv();
            let line = csv.lines().nth(1).expect("a row");
            let cell = line.trim_start_matches('"');
            assert!(cell.starts_with('\''), "{bad}: {csv}");
        }
        assert_eq!(table("plain = text").csv(), "a,b\r\nplain = text,x\r\n");
    }

    #[test]
    fn a_cell_stays_one_cell_and_reads_back() {
        for text in ["a,b", "a \"quoted\" b", "a;b", "ü ✓", ""] {
            let csv = table(text).csv();
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            let row = reader.records().next().expect("a row").expect("CSV");
            assert_eq!((&row[0], &row[1], row.len()), (text, "x", 2), "{csv}");
        }
        // A line break would be a row of its own for whoever reads line by line.
        assert_eq!(table("a\r\nb").csv().lines().count(), 2);
    }

    #[test]
    fn markdown_in_a_cell_is_text() {
        let text = table("a|b [x](http://y) <b> `c` *d* ![i](j) www.k.example").markdown();
        let row = text.lines().nth(4).expect("a row");
        let wanted = "| a\\|b \\[x\\](http\\://y) \\<b\\> \\`c\\` \\*d\\* \\!\\[i\\](j) \
                      www\\.k.example | x |";
        assert_eq!(row, wanted);
    }
}
