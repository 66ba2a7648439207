//! A page of a list as a table: CSV for spreadsheets, Markdown for tickets. What people typed stands in
//! a cell as text and is never a formula, a link or markup.

use crate::model::answer::{ActionLine, ActionPage, Interrupted, LogPage, StoredRecord};
use crate::model::spec::Catalogue;
use crate::model::text::escape_unsafe;
use csv::{Terminator, WriterBuilder};

/// A table with a head.
#[derive(Debug)]
pub struct TextTable {
    title: &'static str,
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

const LOG: &[&str] =
    &["seq", "at", "clock", "actor", "role", "via", "action_id", "kind", "what", "hash"];
const ACTIONS: &[&str] = &[
    "seq",
    "id",
    "kind",
    "params",
    "requested_by",
    "requested_at",
    "stage",
    "interrupted",
    "reason",
];

impl TextTable {
    /// The records of a page of the log.
    #[must_use]
    pub fn of_log(catalogue: Catalogue, page: &LogPage) -> Self {
        let rows = page.records.iter().map(|stored| record(catalogue, stored)).collect();
        Self { title: "Log", head: LOG, rows }
    }

    /// The actions of a page.
    #[must_use]
    pub fn of_actions(page: &ActionPage) -> Self {
        Self { title: "Actions", head: ACTIONS, rows: page.actions.iter().map(action).collect() }
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }

    /// What stands above the rows.
    #[must_use]
    pub fn head(&self, form: TableForm) -> String {
        match form {
            TableForm::Csv => csv([self.head.iter().map(|cell| (*cell).to_owned())]),
            TableForm::Markdown => {
                let mut text = format!("# {}\n\n", self.title);
                text.push_str(&line(self.head.iter().map(|cell| escaped(cell)).collect()));
                text.push_str(&line(vec!["---".to_owned(); self.head.len()]));
                text
            }
        }
    }

    /// The rows alone: a file of many pages has one head.
    #[must_use]
    pub fn body(&self, form: TableForm) -> String {
        match form {
            TableForm::Csv => csv(self
                .rows
                .iter()
                .map(|row| row.iter().map(|cell| guarded(&escape_unsafe(cell))))),
            TableForm::Markdown => {
                let escape = |cell: &String| escaped(&escape_unsafe(cell));
                self.rows.iter().map(|row| line(row.iter().map(escape).collect())).collect()
            }
        }
    }

    /// What stands below the rows: whether these are all. In CSV it is a row with as many cells as every
    /// other, whose first one is `complete`, `part` or `incomplete`; no row of the table begins so.
    #[must_use]
    pub fn end(&self, form: TableForm, end: &TableEnd) -> String {
        let (word, sentence) = end.words();
        match form {
            TableForm::Csv => {
                let mut cells = vec![String::new(); self.head.len()];
                for (cell, text) in
                    cells.iter_mut().zip([word.to_owned(), escape_unsafe(&sentence)])
                {
                    *cell = text;
                }
                csv([cells])
            }
            TableForm::Markdown => format!("\n{word}: {}\n", escaped(&escape_unsafe(&sentence))),
        }
    }
}

/// What a table becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableForm {
    /// RFC 4180, with a head.
    Csv,
    /// A table of GitHub-flavoured Markdown, under a heading.
    Markdown,
}

/// Whether a table holds everything that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableEnd {
    /// It does.
    Complete {
        /// How many rows that is.
        rows: u64,
    },
    /// It was to be a part.
    Part {
        /// How many rows it has.
        rows: u64,
        /// The key of the next part, where there are older rows.
        before: Option<u64>,
    },
    /// It was to hold everything and does not.
    Incomplete {
        /// How many rows it has.
        rows: u64,
        /// Why.
        why: String,
    },
}

impl TableEnd {
    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Complete { rows } => ("complete", format!("{rows} rows, which is everything")),
            Self::Part { rows, before: Some(before) } => {
                ("part", format!("{rows} rows; older ones come before {before}"))
            }
            Self::Part { rows, before: None } => {
                ("part", format!("{rows} rows; no older ones match"))
            }
            Self::Incomplete { rows, why } => {
                ("incomplete", format!("{rows} rows, and then: {why}"))
            }
        }
    }
}

fn csv<R: IntoIterator<Item = String>>(rows: impl IntoIterator<Item = R>) -> String {
    let mut writer =
        WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("memory takes every byte");
    }
    let bytes = writer.into_inner().expect("memory takes every byte");
    String::from_utf8(bytes).expect("cells are text")
}

fn line(cells: Vec<String>) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn record(catalogue: Catalogue, stored: &StoredRecord) -> Vec<String> {
    let record = &stored.record;
    let (name, role, via) = record.actor.as_ref().map_or_else(Default::default, |actor| {
        (actor.name.to_string(), actor.role.to_string(), actor.via.word().to_owned())
    });
    vec![
        record.seq.to_string(),
        record.at.to_string(),
        record.clock_words(),
        name,
        role,
        via,
        record.action_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        record.entry.word().to_owned(),
        record.entry.sentence(catalogue),
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
        line.reason.to_string(),
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

    impl TextTable {
        fn csv(&self) -> String {
            self.head(TableForm::Csv) + &self.body(TableForm::Csv)
        }
    }

    #[test]
    fn the_last_row_says_whether_these_are_all_and_has_the_cells_of_the_others() {
        let table = table("x");
        let why = "the disk\r\nis gone, \u{202e}".to_owned();
        for (end, word) in [
            (TableEnd::Complete { rows: 1 }, "complete"),
            (TableEnd::Part { rows: 1, before: Some(7) }, "part"),
            (TableEnd::Part { rows: 1, before: None }, "part"),
            (TableEnd::Incomplete { rows: 1, why }, "incomplete"),
        ] {
            let text = table.csv() + &table.end(TableForm::Csv, &end);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let last = reader.records().last().expect("a row").expect("as wide as the others");
            assert_eq!(&last[0], word);
            let text = table.end(TableForm::Markdown, &end);
            assert!(text.starts_with(&format!("\n{word}: 1 rows")) && text.lines().count() == 2);
        }
    }

    fn table(cell: &str) -> TextTable {
        let rows = vec![vec![cell.to_owned(), "x".to_owned()]];
        TextTable { title: "T", head: &["a", "b"], rows }
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
        let text = table("a|b [x](http://y) <b> `c` *d* ![i](j) www.k.example");
        let text = text.body(TableForm::Markdown);
        let row = text.lines().next().expect("a row");
        let wanted = "| a\\|b \\[x\\](http\\://y) \\<b\\> \\`c\\` \\*d\\* \\!\\[i\\](j) \
                      www\\.k.example | x |";
        assert_eq!(row, wanted);
    }
}
