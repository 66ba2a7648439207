//! A list as a file: CSV for spreadsheets, JSON for programs, Markdown for tickets, a page for paper. What
//! people typed stands in a cell as text and is never a formula, a link or markup.
//!
//! A file is written page by page, so its head says what it is of, and its last line how far it goes.

mod form;

use crate::model::answer::{ActionLine, ActionPage, Interrupted, LogPage, StoredRecord};
use crate::model::export::{ExportEnd, ExportScope};
use crate::model::spec::Catalogue;
use crate::text::lines::inert_json;
pub use form::TableForm;
use form::{as_html, as_markdown, csv, guarded, html, markdown};
use serde::Serialize;

/// Which list a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// The records of the log.
    Log,
    /// The actions, each with its request.
    Actions,
}

impl ListKind {
    /// Its name, as it stands in an address and in the name of a file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Actions => "actions",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Log => "Audit log",
            Self::Actions => "Actions",
        }
    }

    /// The member of a document that holds its rows.
    fn member(self) -> &'static str {
        match self {
            Self::Log => "records",
            Self::Actions => "actions",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Log => LOG,
            Self::Actions => ACTIONS,
        }
    }
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

/// A list that is being written: its head, then pages of rows, then its end.
#[derive(Debug)]
pub struct ListFile {
    kind: ListKind,
    form: TableForm,
    scope: ExportScope,
    /// The address of the style sheet, for a page.
    stylesheet: String,
    rows: u64,
}

impl ListFile {
    /// A file of which nothing was written. `stylesheet` is the address of what a page is drawn with.
    #[must_use]
    pub fn new(kind: ListKind, form: TableForm, scope: ExportScope, stylesheet: String) -> Self {
        Self { kind, form, scope, stylesheet, rows: 0 }
    }

    /// How many rows were written.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What stands above the rows.
    #[must_use]
    pub fn head(&self) -> String {
        let columns = || self.kind.columns().iter().map(|name| (*name).to_owned());
        let about = self.about();
        match self.form {
            TableForm::Csv => csv(columns()),
            TableForm::Json => {
                let scope = json(&self.scope);
                let members = scope.strip_suffix('}').unwrap_or(&scope);
                format!("{members},\"{}\":[\n", self.kind.member())
            }
            TableForm::Markdown => {
                let about = about.iter().map(|line| as_markdown(line)).collect::<Vec<_>>();
                let head = markdown(columns().map(|name| as_markdown(&name)));
                let rule = markdown(columns().map(|_| "---".to_owned()));
                format!("# {}\n\n{}\n\n{head}{rule}", self.kind.title(), about.join("; "))
            }
            TableForm::Page => self.page_head(&about),
        }
    }

    /// Of which cluster it is, of what time, and under which conditions.
    fn about(&self) -> [String; 3] {
        [self.scope.place(), self.scope.window(), self.scope.conditions()]
    }

    fn page_head(&self, [place, window, conditions]: &[String; 3]) -> String {
        let title = self.kind.title();
        let (place, window) = (as_html(place), as_html(window));
        let head = html("th", self.kind.columns().iter().map(|name| name.replace('_', " ")));
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n\
             <title>{title}, {place}, {window}</title>\n\
             <link rel=\"stylesheet\" href=\"{}\"></head>\n\
             <body data-form=\"paper\"><header><p><strong>{place}</strong></p></header>\n\
             <main><h1>{title}</h1>\n<p>{window}; {}. Times are UTC.</p>\n\
             <div class=\"scrolling\" role=\"region\" aria-label=\"{title}\" tabindex=\"0\">\n\
             <table><thead>{head}</thead>\n<tbody>\n",
            as_html(&self.stylesheet),
            as_html(conditions),
        )
    }

    /// The records of a page of the log: a file of many pages has one head.
    pub fn records(&mut self, catalogue: Catalogue, page: &LogPage) -> String {
        page.records.iter().map(|stored| self.row(|| record(catalogue, stored), stored)).collect()
    }

    /// The actions of a page.
    pub fn actions(&mut self, page: &ActionPage) -> String {
        page.actions.iter().map(|line| self.row(|| action(line), line)).collect()
    }

    fn row(&mut self, cells: impl FnOnce() -> Vec<String>, value: &impl Serialize) -> String {
        let is_first = self.rows == 0;
        self.rows += 1;
        match self.form {
            TableForm::Csv => csv(cells().iter().map(|cell| guarded(cell))),
            TableForm::Json if is_first => json(value) + "\n",
            TableForm::Json => format!(",{}\n", json(value)),
            TableForm::Markdown => markdown(cells().iter().map(|cell| as_markdown(cell))),
            TableForm::Page => html("td", cells()),
        }
    }

    /// The last line: how far the file goes, of which cluster, and of what time. In CSV it is a row with as
    /// many cells as every other, whose first one is `complete`, `part` or `incomplete`; no row of a list
    /// begins so.
    #[must_use]
    pub fn end(&self, end: &ExportEnd) -> String {
        let (word, sentence) = (end.word(), end.sentence());
        let about = self.about();
        match self.form {
            TableForm::Csv => {
                let said = [word.to_owned(), sentence].into_iter().chain(about);
                let rest = std::iter::repeat(String::new());
                let cells = said.chain(rest).take(self.kind.columns().len());
                csv(cells.map(|cell| guarded(&cell)))
            }
            TableForm::Json => format!("],\"end\":{}}}\n", json(end)),
            TableForm::Markdown => {
                format!("\n{word}: {}\n", as_markdown(&format!("{sentence}; {}", about.join("; "))))
            }
            TableForm::Page => format!(
                "</tbody></table></div>\n<p class=\"end\">{word}: {}.</p></main></body></html>\n",
                as_html(&format!("{sentence}; {}", about.join("; ")))
            ),
        }
    }
}

/// One line of JSON, inert.
fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("a list has text keys only");
    inert_json(&text).trim_end().to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ambient::Timestamp;
    use crate::model::record::Entry;
    use crate::model::spec::tried::catalogue;
    use crate::text::fixtures::stored;
    use serde_json::Value;

    const HOSTILE: &str = "=1|[x](http://y) <b> & \"q\" \u{202e}\r\nz";

    fn scope() -> ExportScope {
        ExportScope {
            environment: "test".to_owned(),
            cluster: "aerodb".to_owned(),
            since: Some(Timestamp::from_millis(0)),
            until: None,
            filter: [("text".to_owned(), HOSTILE.to_owned())].into(),
        }
    }

    fn file(form: TableForm) -> ListFile {
        ListFile::new(ListKind::Log, form, scope(), "/pkg/x.css".to_owned())
    }

    /// A file of two pages, the second of which holds what somebody typed.
    fn whole(form: TableForm, end: impl Fn(u64) -> ExportEnd) -> String {
        let mut file = file(form);
        let failed = Entry::SignInFailed { name: HOSTILE.to_owned() };
        let mut text = file.head();
        for (seq, entry) in [(1, Entry::SetupLinkIssued {}), (0, failed)] {
            let page = LogPage { records: vec![stored(seq, entry)], next_before: None };
            text.push_str(&file.records(catalogue(), &page));
        }
        text + &file.end(&end(file.rows()))
    }

    fn ends() -> [ExportEnd; 4] {
        let why = "the disk\r\nis gone, \u{202e}".to_owned();
        [
            ExportEnd::Complete { rows: 2 },
            ExportEnd::Part { rows: 2, before: Some(7) },
            ExportEnd::Part { rows: 2, before: None },
            ExportEnd::Incomplete { rows: 2, why },
        ]
    }

    #[test]
    fn the_last_line_says_how_far_it_goes_and_of_which_cluster_and_time() {
        for (form, end) in TableForm::ALL.into_iter().flat_map(|form| ends().map(|end| (form, end)))
        {
            let text = whole(form, |_| end.clone());
            let last = text.lines().last().expect("a line");
            let is_complete = matches!(end, ExportEnd::Complete { .. });
            assert_eq!(last.starts_with(form.complete_line()), is_complete, "{form:?}: {last}");
            assert!(last.contains(end.word()), "{form:?}: {last}");
            let place =
                if form == TableForm::Json { text.lines().next().expect("one") } else { last };
            for word in ["test", "aerodb", "1970-01-01T00:00:00"] {
                assert!(place.contains(word), "{form:?}: {word}: {place}");
            }
        }
    }

    #[test]
    fn a_list_of_many_pages_is_one_document_with_a_row_on_each_line() {
        for end in ends() {
            let text = whole(TableForm::Json, |_| end.clone());
            assert_eq!(text.lines().count(), 4, "{text}");
            let read: Value = serde_json::from_str(&text).expect("one document");
            let seqs: Vec<_> = read["records"].as_array().expect("rows").iter().collect();
            assert_eq!((seqs.len(), &seqs[0]["seq"], &seqs[1]["seq"]), (2, &1.into(), &0.into()));
            assert_eq!(read["filter"]["text"], HOSTILE);
            assert_eq!(read["end"], serde_json::to_value(&end).expect("text keys"));
            assert!(!text.contains('\u{202e}'), "{text}");
        }
        let empty = file(TableForm::Json);
        let text = empty.head() + &empty.end(&ExportEnd::Complete { rows: 0 });
        let read: Value = serde_json::from_str(&text).expect("one document");
        assert_eq!(read["records"], Value::Array(Vec::new()));
    }

    #[test]
    fn the_last_row_has_the_cells_of_the_others_and_is_no_formula() {
        for end in ends() {
            let text = whole(TableForm::Csv, |_| end.clone());
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let rows: Vec<_> =
                reader.records().map(|row| row.expect("as wide as the others")).collect();
            assert_eq!(rows.len(), 3);
            let cells = rows.iter().flat_map(csv::StringRecord::iter);
            assert!(
                cells.into_iter().all(|cell| !cell.trim_start().starts_with(['=', '+', '-', '@']))
            );
        }
    }

    #[test]
    fn what_somebody_typed_is_never_a_formula() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1", "=HYPERLINK(\"http://x\",\"y\")"]
        {
            assert!(guarded(bad).starts_with('\''), "{bad}");
        }
        assert_eq!(csv([guarded("plain = text"), guarded("x")]), "plain = text,x\r\n");
    }

    #[test]
    fn a_cell_stays_one_cell_and_reads_back() {
        for text in ["a,b", "a \"quoted\" b", "a;b", "ü ✓", ""] {
            let line = csv([guarded(text), "x".to_owned()]);
            let mut reader = csv::ReaderBuilder::new();
            let mut reader = reader.has_headers(false).from_reader(line.as_bytes());
            let row = reader.records().next().expect("a row").expect("CSV");
            assert_eq!((&row[0], &row[1], row.len()), (text, "x", 2), "{line}");
        }
        // A line break would be a row of its own for whoever reads line by line.
        assert_eq!(csv([guarded("a\r\nb")]).lines().count(), 1);
    }

    #[test]
    fn markdown_in_a_cell_is_text() {
        let text = "a|b [x](http://y) <b> `c` *d* ![i](j) www.k.example";
        let wanted =
            "a\\|b \\[x\\](http\\://y) \\<b\\> \\`c\\` \\*d\\* \\!\\[i\\](j) www\\.k.example";
        assert_eq!(as_markdown(text), wanted);
        let text = whole(TableForm::Markdown, |rows| ExportEnd::Complete { rows });
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
        assert_eq!(rows.len(), 4, "{text}");
        // A bracket that is escaped ends nothing.
        let unescaped = text.replace("\\]", "");
        assert!(!unescaped.contains("](") && !text.contains("<b>"), "{text}");
    }

    #[test]
    fn markup_in_a_cell_of_a_page_is_text() {
        assert_eq!(as_html("<b a='x' c=\"y\">&"), "&lt;b a=&#39;x&#39; c=&quot;y&quot;&gt;&amp;");
        let text = whole(TableForm::Page, |rows| ExportEnd::Complete { rows });
        assert_eq!(text.matches("<tr>").count(), 3, "{text}");
        assert!(!text.contains("<b>") && !text.contains("<script") && text.ends_with("</html>\n"));
    }
}
