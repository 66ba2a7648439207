//! `log --export` and `actions --export`: everything that matches, as a file on standard output.
//!
//! It is printed as it arrives and never held. A file that ends before its last line says so in the exit
//! code, also where something between here and the server made its end look like a whole one.

use super::Report;
use super::exit::Exit;
use super::failure::{Failure, RequestEffect};
use super::output::{OutputReader, show};
use super::remote::RemoteServer;
use crate::text::lines::TextLines;
use crate::text::table::{ListKind, TableForm};
use clap::ValueEnum;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportForm {
    /// Rows for spreadsheets.
    Csv,
    /// One document, with a row on each line.
    Json,
    /// A table for tickets.
    Markdown,
}

impl ExportForm {
    fn of_table(self) -> (TableForm, &'static str) {
        match self {
            Self::Csv => (TableForm::Csv, "csv"),
            Self::Json => (TableForm::Json, "json"),
            Self::Markdown => (TableForm::Markdown, "md"),
        }
    }
}

impl RemoteServer<'_> {
    /// Prints everything of a list that the filter leaves, whose last line says how far it goes.
    pub(super) fn export(
        &self,
        list: ListKind,
        form: ExportForm,
        filter: &[(&'static str, String)],
    ) -> Result<Report, Failure> {
        let (form, ending) = form.of_table();
        let mut end = FileEnd::of(form);
        let mut reader = OutputReader::Present;
        self.client()?.download(&format!("/{}.{ending}", list.word()), filter, |line| {
            end.note(line);
            let sentence = |error| format!("Standard output was not written whole: {error}.");
            let shown = show(&inert(line));
            reader = shown.map_err(|error| Failure::here(Exit::Local, sentence(error)))?;
            Ok(reader == OutputReader::Present)
        })?;
        if reader == OutputReader::Present && !end.is_complete() {
            let why = "the file ends before the line that says that it is complete".to_owned();
            let asked = RequestEffect::Read;
            let cut_off = Failure::Unanswered { url: self.url.clone(), why, asked };
            return Err(Failure::Begun(Box::new(cut_off)));
        }
        Ok(Report { text: TextLines::new(), json: String::new(), exit: Exit::Done })
    }
}

/// A line with its own end, in which nothing moves a cursor. A line of an honest server is not changed.
fn inert(line: &str) -> String {
    let body = line.trim_end_matches(['\r', '\n']);
    let mut text = TextLines::new();
    text.verbatim(body);
    let end = line.strip_prefix(body).unwrap_or_default();
    text.as_str().trim_end_matches('\n').to_owned() + end
}

/// Whether the last line that arrived says that a file is complete.
struct FileEnd {
    form: TableForm,
    is_last_complete: bool,
}

impl FileEnd {
    fn of(form: TableForm) -> Self {
        Self { form, is_last_complete: false }
    }

    fn note(&mut self, line: &str) {
        self.is_last_complete = line.starts_with(self.form.complete_line()) && line.ends_with('\n');
    }

    fn is_complete(&self) -> bool {
        self.is_last_complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_last_line_is_not_complete() {
        for (form, last) in [
            (TableForm::Csv, "complete,\"2 rows, which is everything\",test aerodb\r\n"),
            (TableForm::Json, "],\"end\":{\"complete\":{\"rows\":2}}}\n"),
            (TableForm::Markdown, "complete: 2 rows, which is everything\n"),
        ] {
            let mut end = FileEnd::of(form);
            assert!(!end.is_complete(), "nothing arrived");
            end.note(last.trim_end());
            assert!(!end.is_complete(), "half of the last line arrived: {last}");
            end.note(last);
            assert!(end.is_complete(), "{last}");
            for other in ["incomplete,", "part,", "0,2026,\r\n", "| complete: |\n"] {
                end.note(other);
                assert!(!end.is_complete(), "{other}");
            }
        }
    }

    #[test]
    fn a_line_moves_no_cursor_and_an_honest_one_is_as_it_came() {
        assert_eq!(inert("a\u{1b}[2Jb\r\n"), "a⟨U+001B⟩[2Jb\r\n");
        for line in ["1,2026-01-31,\"x, y\" \r\n", "| a |  \n", "", "\n", "{\"a\":\"\\u202e\"}\n"] {
            assert_eq!(inert(line), line);
        }
    }
}
